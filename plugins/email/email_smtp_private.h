/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One SMTP session and the messages in it: shared by email_smtp.c and email_slot.c. */
#ifndef FL_PLUGIN_EMAIL_SMTP_PRIVATE_H
#define FL_PLUGIN_EMAIL_SMTP_PRIVATE_H

#include "email_private.h"

#include <auth-client.h>
#include <libesmtp.h>

struct smtp_run;

struct smtp_slot {
    struct smtp_run *run;
    uint32_t item;
    GString *body;
    bool is_begun;  /* MAIL was sent for it */
    bool is_handed; /* the body was given to libesmtp */
    bool is_ended;  /* ... and asked for to its end: from here on it may have arrived */
    bool is_reported;
};

struct smtp_run {
    struct email *self;
    const struct fl_item *const *items;
    uint32_t n_items;
    uint32_t next; /* the next item to add */
    struct smtp_slot *slots;
    struct smtp_slot *current;
    smtp_session_t session;
    auth_context_t auth;
    struct email_bridge *bridge;
    SSL *starttls; /* libesmtp's, from the handshake on */
    struct email_wire wire;
    uint32_t n_added;
    int64_t begun_ms;
    bool is_stopping; /* the host wants to stop: the rest goes back untried */
    bool is_health, is_healthy;
    bool is_ending;     /* add no more */
    bool is_deaf;       /* the host listens no longer */
    struct fl_why stop; /* why the session must not go on; text "" when it may */
};

void email_smtp_reply_read(const smtp_status_t *status, struct email_reply *out);
/* Reports once; what comes later for the same message is dropped. */
void email_smtp_slot_report(struct smtp_slot *slot, enum fl_outcome outcome,
                            enum fl_fault_class fault, const struct email_reply *reply,
                            const char *detail);
void email_smtp_slot_refused(struct smtp_slot *slot, enum email_stage stage,
                             const struct email_reply *reply);
void email_smtp_slot_drop_body(struct smtp_slot *slot);
/* Says why the session comes to its end; the first reason counts. */
void email_smtp_run_note(struct smtp_run *run, enum fl_fault_class fault, const char *fmt, ...)
    EMAIL_PRINTF(3, 4);
/* Reports what got no report during the session; returns how many were not tried. */
uint32_t email_smtp_run_settle(struct smtp_run *run);

#endif
