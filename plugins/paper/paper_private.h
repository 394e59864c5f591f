/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Paper: what its files share.
 *
 *   paper_inline.c  the words of one paragraph: Pango layout with attributes
 *   paper_parse.c   Markdown to a flat list of blocks
 *   paper_pages.c   blocks to pages
 *   paper.c         create, draw, destroy
 *   paper_code.c    QR codes
 */
#ifndef PLUGINS_PAPER_PRIVATE_H
#define PLUGINS_PAPER_PRIVATE_H

#include "paper/paper.h"

#include <cmark-gfm.h>
#include <pango/pangocairo.h>
#include <stdint.h>

enum {
    PAPER_COLUMNS_MAX = 12,   /* of a table; further ones are joined to the last */
    PAPER_INDENTS_MAX = 8,    /* lists and quotes inside one another that still move inward */
    PAPER_ATTRS_MAX = 1000,   /* pieces of emphasis in a paragraph; further ones are plain */
    PAPER_KEPT_WORD_MAX = 16, /* characters of a Korean word that is not broken */
    PAPER_LINES_MAX = 10000,  /* of Markdown */
    PAPER_WORDS_MAX = 20000,  /* bytes of a paragraph; more take Pango seconds */
    PAPER_BARS_MAX = 64       /* '|' in a line */
};

struct paper_line {
    double top, bottom, baseline; /* from the top of the layout */
};

/* A layout and where its lines are. */
struct paper_words {
    PangoLayout *layout;
    struct paper_line *lines;
    size_t n_lines;
};

enum paper_block_kind { PAPER_WORDS, PAPER_RULE, PAPER_ROW };

struct paper_block {
    enum paper_block_kind kind;
    double x, width;
    double before, after; /* white space; between two blocks the larger counts */
    bool is_kept_with_next;
    bool is_heading;
    unsigned quote_depth;
    double quote_x[PAPER_INDENTS_MAX];
    struct paper_words words;  /* PAPER_WORDS */
    struct paper_words marker; /* of a list item, drawn right of marker_x; layout may be NULL */
    double marker_x;
    /* PAPER_ROW */
    struct paper_words *cells;
    size_t n_cells;
    double cell_x[PAPER_COLUMNS_MAX + 1];
    double height;
    bool is_head;
    size_t head; /* index of the head row of its table */
};

/* Some lines of a block on a page. */
struct paper_piece {
    size_t block, first, n;
    double y;
};

struct paper_page {
    size_t first, n; /* of the pieces */
};

struct paper {
    struct paper_style style;
    char *font, *language;
    PangoContext *context;
    GArray *blocks; /* struct paper_block */
    GArray *pieces;
    GArray *pages;
    double end;
};

/* A context whose metrics are those of no surface: 72 dpi, no hinting. */
PangoContext *paper_context(const struct paper_style *style);
PangoLayout *paper_layout(PangoContext *context, const struct paper_style *style, double size,
                          bool is_bold);

/* What stands inside `node`.  Ends at the width given (points), < 0: none.  False: too long; `out`
 * is then empty. */
bool paper_inline(const struct paper *paper, cmark_node *node, double size, bool is_bold,
                  double width, struct paper_words *out);
void paper_words_measure(struct paper_words *words);
void paper_words_clear(struct paper_words *words);
double paper_words_height(const struct paper_words *words);

/* False: too much of something, said in `why`. */
bool paper_parse(struct paper *paper, const char *markdown, size_t len, char *why, size_t why_size);
bool paper_paginate(struct paper *paper, char *why, size_t why_size);

#endif
