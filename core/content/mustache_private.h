/* The program a template is compiled to, and the scanner that finds tags. */
#ifndef FL_CONTENT_MUSTACHE_PRIVATE_H
#define FL_CONTENT_MUSTACHE_PRIVATE_H

#include <stdint.h>

#include "base/arena.h"
#include "content/mustache.h"

/* ---- the scanner -----------------------------------------------------------------------------*/

enum fl_tag_kind {
    FL_TAG_VARIABLE,
    FL_TAG_RAW,
    FL_TAG_SECTION,
    FL_TAG_INVERTED,
    FL_TAG_CLOSE,
    FL_TAG_PARTIAL,
    FL_TAG_COMMENT,
    FL_TAG_DELIMITERS
};

struct fl_tag {
    enum fl_tag_kind kind;
    size_t start; /* of the opening delimiter */
    size_t end;   /* behind the closing delimiter */
    const char *name;
    size_t name_len;
};

struct fl_tag_scan {
    const char *text;
    size_t len;
    size_t pos;
    char open[FL_MUSTACHE_DELIMITER_MAX + 1];
    char close[FL_MUSTACHE_DELIMITER_MAX + 1];
};

enum fl_tag_found { FL_TAG_NONE, FL_TAG_FOUND, FL_TAG_FAULT };

/* NULL delimiters are {{ and }}. */
void fl_tag_scan_init(struct fl_tag_scan *scan, const char *text, size_t len, const char *open,
                      const char *close);
/* The next tag; on a fault `tag->start` says where and *out_reason why, and scanning may go on. */
enum fl_tag_found fl_tag_scan_next(struct fl_tag_scan *scan, struct fl_tag *tag,
                                   const char **out_reason);
/* True for kinds that vanish with their line when nothing but blanks stands beside them; then
 * the line goes from *out_start up to *out_end. */
bool fl_tag_is_standalone(const struct fl_tag_scan *scan, const struct fl_tag *tag,
                          size_t *out_start, size_t *out_end);

/* ---- the program -----------------------------------------------------------------------------*/

struct fl_mustache_part {
    const char *name;
    uint32_t len;
    uint32_t hash;
};

struct fl_mustache_name {
    uint32_t first_part;
    uint32_t n_parts; /* 0: "." */
};

struct fl_mustache_partial {
    const char *name;
    const struct fl_mustache *template;
};

enum fl_mustache_code {
    FL_OP_HALT,
    FL_OP_TEXT, /* prints its text and nothing more */
    FL_OP_VARIABLE,
    FL_OP_RAW,
    FL_OP_SECTION,
    FL_OP_INVERTED,
    FL_OP_END,
    FL_OP_PARTIAL
};

/* Each instruction prints the text in front of it first: half as many instructions. */
struct fl_mustache_op {
    uint32_t text; /* offset into the pool */
    uint32_t text_len;
    uint32_t arg;  /* name, partial, or the section an END belongs to */
    uint32_t jump; /* section: the instruction behind its END; partial: length of its indentation */
    uint32_t indent; /* partial on a line of its own: offset of its blanks */
    uint8_t code;
    bool is_text_fresh; /* the text begins a line */
    bool is_fresh;      /* what the instruction prints begins a line */
    bool is_standalone; /* partial on a line of its own */
};

struct fl_mustache {
    struct fl_arena *arena;
    enum fl_mustache_escape escape;
    char *pool;
    size_t pool_len;
    struct fl_mustache_op *ops;
    size_t n_ops, ops_cap;
    struct fl_mustache_name *names;
    size_t n_names, names_cap;
    struct fl_mustache_part *parts;
    size_t n_parts, parts_cap;
    struct fl_mustache_partial *partials;
    size_t n_partials, partials_cap;
};

#endif
