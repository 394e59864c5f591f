/*
 * Configuration files as sections of text settings that know where they stand.
 *
 * FOR    conf (fairline.conf) and campaign (campaign files): one syntax, one reader.
 * SYNTAX  key = value    value: a word or a "string" (escapes \\ \" \' \n \t)
 *         kind { ... }   kind "title" { ... }   comments: # // and C's
 *        One value a key; no lists, no include, no environment variables.
 * OWNS   nothing; the tree lives in the caller's arena.
 * FAULTS unknown sections, sections and settings given twice, missing titles and syntax, with file
 *        and line.  Unknown keys are for the caller, who knows the tables.
 * CALLS  libConfuse, whose lexer is process-wide: one thread at a time.
 *
 *     st = fl_conf_file_parse(arena, path, text, kinds, faults, &root, err);
 */
#ifndef FL_CONF_CONF_FILE_H
#define FL_CONF_CONF_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/faults.h"
#include "base/str.h"
#include "conf/conf.h"

enum {
    FL_CONF_KEYS_MAX = 256,      /* different keys in one file */
    FL_CONF_SETTINGS_MAX = 8192, /* in one file */
    FL_CONF_SECTIONS_MAX = 2048, /* in one file */
    FL_CONF_WORD_MAX = 64        /* bytes of a key, of a kind of section */
};

/* Which sections may stand where.  A table ends with a row without name. */
struct fl_conf_kind {
    const char *name;
    bool has_title; /* then it may be given many times, with different titles */
    const struct fl_conf_kind *children; /* NULL: none */
};

struct fl_conf_section {
    const char *kind;  /* "" for the file itself */
    const char *title; /* NULL without */
    const char *file;
    long line;
    const struct fl_conf_setting *settings;
    size_t n_settings;
    const struct fl_conf_section *sections;
    size_t n_sections;
};

/* FL_INVALID when the text cannot be understood: then nothing is handed out.  Other faults leave
 * the tree without the faulty piece and FL_OK, so that the caller can list his own as well. */
FL_CHECK_RESULT enum fl_status fl_conf_file_parse(
    struct fl_arena *arena, const char *name, const char *text, const struct fl_conf_kind *kinds,
    struct fl_faults *faults, const struct fl_conf_section **out, struct fl_error *err);

/* NULL when not there. */
const struct fl_conf_setting *fl_conf_section_setting(const struct fl_conf_section *section,
                                                      const char *key);

/* The settings of a section against an option table: typed options in the order of the table;
 * every fault is added.  `section` may be NULL: then all is default and nothing is required.
 * FL_INVALID when there was a fault, `out` is then untouched. */
FL_CHECK_RESULT enum fl_status fl_conf_section_options(struct fl_arena *arena,
                                                       const struct fl_option_spec *specs,
                                                       const struct fl_conf_section *section,
                                                       struct fl_faults *faults,
                                                       const struct fl_option **out,
                                                       struct fl_error *err);

/* " (did you mean "x"?)" for the nearest of `n` candidates, or "". */
const char *fl_conf_suggestion(struct fl_arena *arena, const char *word,
                               const char *const *candidates, size_t n);

/* Text as a string of the syntax, quotes included. */
void fl_conf_put_quoted(struct fl_buf *out, const char *text);

/* True for `[a-z][a-z0-9_-]*` of at most `max` bytes: names of channels, campaigns, stages. */
bool fl_conf_is_name(const char *s, size_t max);

#endif
