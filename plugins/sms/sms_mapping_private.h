/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two files that read a mapping share: members by tables, complaints with their place. */
#ifndef FL_PLUGIN_SMS_MAPPING_PRIVATE_H
#define FL_PLUGIN_SMS_MAPPING_PRIVATE_H

#include "sms_private.h"

enum sms_member_kind {
    SMS_M_TEXT,
    SMS_M_TEMPLATE,
    SMS_M_PATHS,
    SMS_M_CHOICE,
    SMS_M_NUMBER,
    SMS_M_OTHER /* known, and read elsewhere */
};

struct sms_member {
    const char *name;
    enum sms_member_kind kind;
    size_t offset;
    const char *choices; /* separated by '|'; the index is what is stored */
    int64_t min, max;
    bool is_required;
};

struct sms_reader {
    const char *file, *text;
    struct fl_why *why;
    GString *where;   /* "send.response" */
    uint64_t allowed; /* fields a template may name */
};

/* Says why `member` of the place in hand is refused; false, always. */
bool sms_read_refuse(struct sms_reader *in, const char *member, const char *fmt, ...)
    SMS_PRINTF(3, 4);
/* Goes into a member; leave() with what enter() returned goes back. */
size_t sms_read_enter(struct sms_reader *in, const char *member);
void sms_read_leave(struct sms_reader *in, size_t len);
bool sms_read_template(struct sms_reader *in, const char *member, const char *text);
bool sms_read_templates(struct sms_reader *in, const char *member, json_t *tree);
bool sms_paths_are_fine(json_t *value);
/* Fills `out` by the table; members it does not have are refused. */
bool sms_read_members(struct sms_reader *in, json_t *object, const struct sms_member *members,
                      size_t n, void *out);
bool sms_read_rules(struct sms_reader *in, const char *member, json_t *list, struct sms_rules *out);

#endif
