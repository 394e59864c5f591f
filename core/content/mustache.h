/*
 * Mustache: templates compiled once to a flat program and rendered many times.
 *
 * FOR    the content room and its tests.  The whole core specification: comments, delimiters,
 *        interpolation, inverted sections, partials, sections.
 * OWNS   a compiled template owns its program; the source may go.  Partials are linked by
 *        fl_mustache_link() and must outlive every rendering.
 * TRUE   is everything but null, false, the empty string, the number 0 and the empty list.
 * SAFE   values are never read as template.  A rendering is bounded in steps, bytes and depth.
 *
 *     struct fl_mustache_source source = {.file = "a", .text = "Hi {{name}}", .len = 11,
 *                                         .escape = FL_MUSTACHE_HTML};
 *     fl_mustache_compile(&source, &faults, &template, err);
 *     fl_mustache_render(template, data, &bounds, &out, err);
 *     fl_mustache_destroy(&template);
 */
#ifndef FL_CONTENT_MUSTACHE_H
#define FL_CONTENT_MUSTACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/faults.h"
#include "base/str.h"
#include "content/data.h"

enum {
    FL_MUSTACHE_SOURCE_MAX = 4 << 20,
    FL_MUSTACHE_DEPTH_MAX = 64, /* open sections and running partials */
    FL_MUSTACHE_PARTIALS_MAX = 256,
    FL_MUSTACHE_DELIMITER_MAX = 8, /* bytes */
    FL_MUSTACHE_INDENT_MAX = 1024  /* blanks before a line inside nested partials */
};

enum fl_mustache_escape {
    FL_MUSTACHE_NONE,    /* values as they are */
    FL_MUSTACHE_TEXT,    /* values without control characters, line ends as LF */
    FL_MUSTACHE_HTML,    /* the same, and the five characters HTML reserves as entities */
    FL_MUSTACHE_MARKDOWN /* on one line, and nothing in it is markup of Markdown or HTML */
};

struct fl_mustache_source {
    const char *file; /* for faults */
    long first_line;  /* line of the file the text begins at; 0 counts as 1 */
    const char *text;
    size_t len;
    enum fl_mustache_escape escape;
    const char *open; /* first delimiters; NULL: {{ and }} */
    const char *close;
};

struct fl_mustache;

/* FL_INVALID: the template has faults, all of them are in `faults`. */
FL_CHECK_RESULT enum fl_status fl_mustache_compile(const struct fl_mustache_source *source,
                                                   struct fl_faults *faults,
                                                   struct fl_mustache **out, struct fl_error *err);
void fl_mustache_destroy(struct fl_mustache **template);

/* Asked once for every partial named; NULL: there is none, it renders as nothing. */
typedef const struct fl_mustache *fl_mustache_partial_fn(void *ctx, const char *name);
void fl_mustache_link(struct fl_mustache *template, fl_mustache_partial_fn *fn, void *ctx);

/* Called for the first part of every name, as often as it stands in the template. */
typedef void fl_mustache_name_fn(void *ctx, const char *name, size_t len);
void fl_mustache_each_name(const struct fl_mustache *template, fl_mustache_name_fn *fn, void *ctx);

struct fl_mustache_bounds {
    size_t steps; /* instructions */
    size_t bytes;
    size_t depth; /* at most FL_MUSTACHE_DEPTH_MAX */
};

/* Appends to `out`, whose own maximum does not count.  FL_LIMIT names the bound that was hit. */
FL_CHECK_RESULT enum fl_status fl_mustache_render(const struct fl_mustache *template,
                                                  const struct fl_data *data,
                                                  const struct fl_mustache_bounds *bounds,
                                                  struct fl_buf *out, struct fl_error *err);

#endif
