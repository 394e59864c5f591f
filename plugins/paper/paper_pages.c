/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks to pages: nothing alone at the foot or the head, headings with what they head. */
#include "paper/paper_private.h"

#include <stdio.h>

enum { LONE_LINES = 2, KEEP_MAX = 8 };

struct paging {
    struct paper *paper;
    const struct paper_block *blocks;
    size_t n;
    double y, gap; /* where the next block may begin, and the white space it owes above */
    bool is_page_empty;
    bool is_full;
};

static double page_top(const struct paper *paper)
{
    return paper->pages->len == 1 ? paper->style.first_top : paper->style.top;
}

static double page_bottom(const struct paper *paper)
{
    const struct paper_style *style = &paper->style;

    return style->height - (paper->pages->len == 1 ? style->first_bottom : style->bottom);
}

static void page_begin(struct paging *in)
{
    struct paper_page page = {.first = in->paper->pieces->len};

    if (in->paper->pages->len >= PAPER_PAGES_MAX) {
        in->is_full = true;
        return;
    }
    g_array_append_val(in->paper->pages, page);
    in->y = page_top(in->paper);
    in->gap = 0;
    in->is_page_empty = true;
}

static void put(struct paging *in, size_t block, size_t first, size_t n, double y, double height)
{
    struct paper_piece piece = {block, first, n, y};
    struct paper_page *page =
        &g_array_index(in->paper->pages, struct paper_page, in->paper->pages->len - 1);

    g_array_append_val(in->paper->pieces, piece);
    page->n++;
    in->y = y + height;
    in->is_page_empty = false;
}

static double lines_height(const struct paper_block *block, size_t first, size_t n)
{
    return n ? block->words.lines[first + n - 1].bottom - block->words.lines[first].top : 0;
}

static double block_height(const struct paper_block *block)
{
    switch (block->kind) {
    case PAPER_WORDS:
        return paper_words_height(&block->words);
    case PAPER_ROW:
        return block->height;
    case PAPER_RULE:
        break;
    }
    return 0;
}

/* The least that must fit where a block begins. */
static double block_start(const struct paper_block *block)
{
    size_t n = block->words.n_lines;

    if (block->kind != PAPER_WORDS || block->is_heading || n < 2 * LONE_LINES)
        return block_height(block);
    return lines_height(block, 0, LONE_LINES);
}

/* With the blocks it is kept together with. */
static double group_start(const struct paging *in, size_t i)
{
    double need = 0;

    for (size_t kept = 0; in->blocks[i].is_kept_with_next && i + 1 < in->n && kept < KEEP_MAX;
         i++, kept++)
        need += block_height(&in->blocks[i]) + MAX(in->blocks[i].after, in->blocks[i + 1].before);
    return need + block_start(&in->blocks[i]);
}

/* How many lines from `first` on fit on this page, leaving no line alone on either. */
static size_t lines_that_fit(const struct paging *in, const struct paper_block *block, size_t first)
{
    size_t left = block->words.n_lines - first, n = 0;
    double room = page_bottom(in->paper) - in->y;

    while (n < left && lines_height(block, first, n + 1) <= room + 0.01)
        n++;
    if (n == left)
        return n;
    if (left - n < LONE_LINES && n > LONE_LINES)
        n = left - LONE_LINES;
    if (n < LONE_LINES && !in->is_page_empty)
        n = 0;
    return n || !in->is_page_empty ? n : 1;
}

static void put_words(struct paging *in, size_t i)
{
    const struct paper_block *block = &in->blocks[i];

    for (size_t done = 0; done < block->words.n_lines && !in->is_full;) {
        size_t n = lines_that_fit(in, block, done);

        if (n)
            put(in, i, done, n, in->y, lines_height(block, done, n));
        done += n;
        if (done < block->words.n_lines)
            page_begin(in);
    }
}

static void put_row(struct paging *in, size_t i)
{
    const struct paper_block *block = &in->blocks[i];

    if (in->is_page_empty && in->paper->pages->len > 1 && block->head != i &&
        in->blocks[block->head].is_head)
        put(in, block->head, 0, 0, in->y, in->blocks[block->head].height);
    put(in, i, 0, 0, in->y, block->height);
}

static void put_block(struct paging *in, size_t i)
{
    const struct paper_block *block = &in->blocks[i];
    double gap = in->is_page_empty ? 0 : MAX(in->gap, block->before);

    if (!in->is_page_empty && in->y + gap + group_start(in, i) > page_bottom(in->paper) + 0.01) {
        page_begin(in);
        gap = 0;
    }
    if (in->is_full)
        return;
    in->y += gap;
    if (block->kind == PAPER_WORDS)
        put_words(in, i);
    else if (block->kind == PAPER_ROW)
        put_row(in, i);
    else
        put(in, i, 0, 0, in->y, 0);
    in->gap = block->after;
}

bool paper_paginate(struct paper *paper, char *why, size_t why_size)
{
    struct paging in = {.paper = paper,
                        .blocks = (const struct paper_block *)(const void *)paper->blocks->data,
                        .n = paper->blocks->len};

    page_begin(&in);
    for (size_t i = 0; i < in.n && !in.is_full; i++)
        put_block(&in, i);
    if (in.is_full)
        snprintf(why, why_size, "the text is longer than %d pages", PAPER_PAGES_MAX);
    paper->end = in.y;
    return !in.is_full;
}
