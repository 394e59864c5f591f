/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paper: create, draw, destroy. */
#include "paper/paper_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double GREY = 0.62;       /* rules and the bars of quotes */
static const double HAIR = 0.6;        /* points */
static const double HAIR_BILEVEL = 1.; /* survives a fax at 98 lines an inch */

static bool style_is_sound(const struct paper_style *style)
{
    double across = style->width - style->left - style->right;
    double first = style->height - style->first_top - style->first_bottom;
    double rest = style->height - style->top - style->bottom;

    return isfinite(across + first + rest + style->size) && style->size >= 4 && style->size <= 72 &&
           across >= 10 * style->size && first >= 4 * style->size && rest >= 10 * style->size &&
           style->width <= 5000 && style->height <= 5000;
}

bool paper_create(const struct paper_style *style, const char *markdown, size_t len,
                  struct paper **out, char *why, size_t why_size)
{
    struct paper *paper;

    if (!style_is_sound(style)) {
        snprintf(why, why_size, "the margins leave no room for text of %.1f points", style->size);
        return false;
    }
    if (len > PAPER_TEXT_MAX) {
        snprintf(why, why_size, "the text has %zu bytes, more than %d", len, PAPER_TEXT_MAX);
        return false;
    }
    paper = g_new0(struct paper, 1);
    paper->style = *style;
    paper->style.font = paper->font = g_strdup(style->font);
    paper->style.language = paper->language = g_strdup(style->language);
    paper->context = paper_context(style);
    paper->blocks = g_array_new(FALSE, FALSE, sizeof(struct paper_block));
    paper->pieces = g_array_new(FALSE, FALSE, sizeof(struct paper_piece));
    paper->pages = g_array_new(FALSE, FALSE, sizeof(struct paper_page));
    if (!paper_parse(paper, markdown, len, why, why_size) ||
        !paper_paginate(paper, why, why_size)) {
        paper_destroy(&paper);
        return false;
    }
    *out = paper;
    return true;
}

static void block_clear(struct paper_block *block)
{
    paper_words_clear(&block->words);
    paper_words_clear(&block->marker);
    for (size_t i = 0; i < block->n_cells; i++)
        paper_words_clear(&block->cells[i]);
    g_free(block->cells);
}

void paper_destroy(struct paper **paper)
{
    struct paper *self = *paper;

    if (!self)
        return;
    for (guint i = 0; i < self->blocks->len; i++)
        block_clear(&g_array_index(self->blocks, struct paper_block, i));
    g_array_free(self->blocks, TRUE);
    g_array_free(self->pieces, TRUE);
    g_array_free(self->pages, TRUE);
    g_object_unref(self->context);
    g_free(self->font);
    g_free(self->language);
    g_free(self);
    *paper = NULL;
}

size_t paper_n_pages(const struct paper *paper)
{
    return paper->pages->len;
}

double paper_end(const struct paper *paper)
{
    return paper->end;
}

static void draw_words(cairo_t *cairo, const struct paper_words *words, size_t first, size_t n,
                       double x, double y)
{
    PangoLayoutIter *iter;

    if (!words->layout || !n)
        return;
    iter = pango_layout_get_iter(words->layout);
    for (size_t i = 0; i < first + n && i < words->n_lines; i++) {
        PangoRectangle rect;

        if (i >= first) {
            pango_layout_iter_get_line_extents(iter, NULL, &rect);
            cairo_move_to(cairo, x + (double)rect.x / PANGO_SCALE,
                          y + words->lines[i].baseline - words->lines[first].top);
            pango_cairo_show_layout_line(cairo, pango_layout_iter_get_line_readonly(iter));
        }
        pango_layout_iter_next_line(iter);
    }
    pango_layout_iter_free(iter);
}

static void draw_line(const struct paper *paper, cairo_t *cairo, double x0, double y0, double x1,
                      double y1, double weight)
{
    double grey = paper->style.is_bilevel ? 0 : GREY;

    cairo_save(cairo);
    cairo_set_source_rgb(cairo, grey, grey, grey);
    cairo_set_line_width(cairo, weight * (paper->style.is_bilevel ? HAIR_BILEVEL : HAIR));
    cairo_move_to(cairo, x0, y0);
    cairo_line_to(cairo, x1, y1);
    cairo_stroke(cairo);
    cairo_restore(cairo);
}

static void draw_row(const struct paper *paper, cairo_t *cairo, const struct paper_block *block,
                     double y)
{
    double pad = (block->cell_x[1] - block->cell_x[0]) / 2;
    double right = block->cell_x[block->n_cells];

    for (size_t i = 0; i < block->n_cells; i++) {
        const struct paper_words *cell = &block->cells[i];

        if (!cell->layout)
            continue;
        pad = (block->cell_x[i + 1] - block->cell_x[i] -
               (double)pango_layout_get_width(cell->layout) / PANGO_SCALE) /
              2;
        draw_words(cairo, cell, 0, cell->n_lines, block->cell_x[i] + pad,
                   y + 0.2 * paper->style.size);
    }
    draw_line(paper, cairo, block->x, y + block->height, right, y + block->height,
              block->is_head ? 2 : 1);
}

static double piece_height(const struct paper_block *block, const struct paper_piece *piece)
{
    if (block->kind == PAPER_ROW)
        return block->height;
    if (block->kind == PAPER_RULE || !piece->n)
        return 0;
    return block->words.lines[piece->first + piece->n - 1].bottom -
           block->words.lines[piece->first].top;
}

/* A bar runs on through the white space between two blocks of one quote. */
static void draw_quotes(const struct paper *paper, cairo_t *cairo, const struct paper_piece *piece,
                        const struct paper_piece *next)
{
    const struct paper_block *blocks =
        (const struct paper_block *)(const void *)paper->blocks->data;
    const struct paper_block *block = &blocks[piece->block];
    double bottom = piece->y + piece_height(block, piece);

    for (unsigned i = 0; i < block->quote_depth; i++) {
        bool goes_on = next && blocks[next->block].quote_depth > i;
        double x = block->quote_x[i] + 0.3 * paper->style.size;

        draw_line(paper, cairo, x, piece->y, x, goes_on ? next->y : bottom, 3);
    }
}

static void draw_piece(const struct paper *paper, cairo_t *cairo, const struct paper_piece *piece)
{
    const struct paper_block *block =
        &g_array_index(paper->blocks, struct paper_block, piece->block);

    if (block->marker.layout && !piece->first) {
        int width;

        pango_layout_get_size(block->marker.layout, &width, NULL);
        draw_words(cairo, &block->marker, 0, 1,
                   block->x - 0.5 * paper->style.size - (double)width / PANGO_SCALE,
                   block->kind == PAPER_ROW ? piece->y + 0.2 * paper->style.size : piece->y);
    }
    if (block->kind == PAPER_WORDS)
        draw_words(cairo, &block->words, piece->first, piece->n, block->x, piece->y);
    else if (block->kind == PAPER_ROW)
        draw_row(paper, cairo, block, piece->y);
    else
        draw_line(paper, cairo, block->x, piece->y, block->x + block->width, piece->y, 1);
}

void paper_draw(const struct paper *paper, size_t page, cairo_t *cairo)
{
    const struct paper_page *p;
    const struct paper_piece *pieces =
        (const struct paper_piece *)(const void *)paper->pieces->data;

    if (page >= paper->pages->len)
        return;
    p = &g_array_index(paper->pages, struct paper_page, page);
    cairo_save(cairo);
    cairo_set_source_rgb(cairo, 0, 0, 0);
    for (size_t i = p->first; i < p->first + p->n; i++) {
        draw_quotes(paper, cairo, &pieces[i], i + 1 < p->first + p->n ? &pieces[i + 1] : NULL);
        draw_piece(paper, cairo, &pieces[i]);
    }
    cairo_restore(cairo);
}

double paper_text(cairo_t *cairo, const struct paper_style *style, const char *text, double size,
                  bool is_bold, double x, double y, double width)
{
    PangoContext *context = paper_context(style);
    struct paper_words words = {.layout = paper_layout(context, style, size, is_bold)};
    double height;

    pango_layout_set_width(words.layout, width > 0 ? (int)(width * PANGO_SCALE) : -1);
    pango_layout_set_text(words.layout, text, -1);
    paper_words_measure(&words);
    height = paper_words_height(&words);
    if (cairo)
        draw_words(cairo, &words, 0, words.n_lines, x, y);
    paper_words_clear(&words);
    g_object_unref(context);
    return height;
}
