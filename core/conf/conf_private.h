/* Inside the room: the scan before libConfuse, and how the tables fill struct fl_conf. */
#ifndef FL_CONF_CONF_PRIVATE_H
#define FL_CONF_CONF_PRIVATE_H

#include "conf/conf_file.h"

/* What the scan found out, and the text libConfuse is to read: comments and refused sections are
 * blanked out, lines stay where they were. */
struct fl_conf_place {
    size_t parent; /* index of the section around it; 0 is the file itself */
    const char *kind;
    long line;
};

struct fl_conf_scan {
    char *text;
    struct fl_conf_place *places; /* sections in the order of the file, the file itself first */
    size_t n_places;
    const char **keys; /* every word that is given a value somewhere, once */
    size_t n_keys;
};

/* How many settings or sections a text can hold, at most `max`: for arrays made before it is read.
 */
size_t fl_conf_at_most(const char *text, size_t max);

FL_CHECK_RESULT enum fl_status fl_conf_scan(struct fl_arena *arena, const char *name,
                                            const char *text, const struct fl_conf_kind *kinds,
                                            struct fl_faults *faults, struct fl_conf_scan *out,
                                            struct fl_error *err);

/* One setting against its row; false and a fault when it does not fit. */
bool fl_conf_value_parse(struct fl_arena *arena, const struct fl_option_spec *spec,
                         const struct fl_conf_setting *setting, const char *text,
                         struct fl_faults *faults, struct fl_option *out);

/* Where the value of a row of a table goes in struct fl_conf or fl_conf_channel. */
enum fl_conf_slot_type {
    FL_CONF_SLOT_TEXT,
    FL_CONF_SLOT_NUMBER,
    FL_CONF_SLOT_BOOL,
    FL_CONF_SLOT_REAL /* a text that is a number */
};

struct fl_conf_slot {
    enum fl_conf_slot_type type;
    size_t offset;
};

/* In the order of fl_conf_global_specs() and its siblings. */
const struct fl_conf_slot *fl_conf_global_slots(void);
const struct fl_conf_slot *fl_conf_organisation_slots(void);
const struct fl_conf_slot *fl_conf_front_slots(void);
const struct fl_conf_slot *fl_conf_worth_slots(void);
const struct fl_conf_slot *fl_conf_channel_slots(void);

/* --- front { } (conf_front.c) ---*/
bool fl_conf_is_listen(const char *text);
bool fl_conf_is_address(const char *text);
bool fl_conf_is_path_or_empty(const char *text);
void fl_conf_front_check(const struct fl_conf *conf, const struct fl_conf_section *section,
                         struct fl_faults *faults);

/* --- value { } (conf_worth.c) ---*/
/* What a row of value { } wants beyond its type; NULL: nothing, or a row of another table. */
const char *fl_conf_worth_expected(const struct fl_option_spec *spec);
void fl_conf_worth_check(const struct fl_conf_section *section, struct fl_faults *faults);

/* The default of `store` and `control_socket`, which depends on data_dir; NULL for other keys. */
const char *fl_conf_derived(struct fl_arena *arena, const char *data_dir, const char *key);

/* Rows of log_level's choices are not the numbers of enum fl_log_level. */
int64_t fl_conf_log_level_of_index(int64_t index);
int64_t fl_conf_log_level_to_index(int64_t level);

/* What the type of a row cannot say: time zones, languages, names, URIs.  NULL when it is fine,
 * else what was expected. */
const char *fl_conf_key_check(const char *key, const char *text);

#endif
