/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Markdown to a flat list of blocks, each with its place across the page. */
#include "paper/paper_private.h"

#include <cmark-gfm-core-extensions.h>
#include <stdio.h>
#include <string.h>

static const double INDENT = 1.8;     /* of a list, in sizes of the body text */
static const double QUOTE = 1.2;      /* of a quote */
static const double GAP = 0.85;       /* between paragraphs */
static const double TIGHT_GAP = 0.35; /* between the items of a tight list */
static const double CELL_PAD = 0.5;   /* left and right in a table */

struct parsing {
    struct paper *paper;
    double x;       /* left edge now */
    unsigned depth; /* quotes and lists around */
    unsigned n_quotes;
    double quote_x[PAPER_INDENTS_MAX];
    struct paper_words marker; /* waits for the first block of its item */
    double marker_x;
    double height;      /* of all blocks so far, without white space */
    const char *excess; /* what there is too much of; NULL: nothing */
};

/* cmark fills the rows of a table up to the width of its head: a small text could become millions
 * of cells. */
static bool is_within_bounds(const char *markdown, size_t len, char *why, size_t why_size)
{
    size_t lines = 0, bars = 0;

    for (size_t i = 0; i < len; i++) {
        bars = markdown[i] == '\n' ? 0 : bars + (markdown[i] == '|');
        lines += markdown[i] == '\n';
        if (bars > PAPER_BARS_MAX) {
            snprintf(why, why_size, "line %zu has more than %d bars, expected a narrower table",
                     lines + 1, PAPER_BARS_MAX);
            return false;
        }
    }
    if (lines > PAPER_LINES_MAX)
        snprintf(why, why_size, "the text has %zu lines, more than %d", lines, PAPER_LINES_MAX);
    return lines <= PAPER_LINES_MAX;
}

static double body_width(const struct parsing *in)
{
    const struct paper_style *style = &in->paper->style;

    return style->width - style->right - in->x;
}

static struct paper_block *add_block(struct parsing *in, enum paper_block_kind kind)
{
    double size = in->paper->style.size;
    struct paper_block block = {.kind = kind,
                                .x = in->x,
                                .width = body_width(in),
                                .before = GAP * size,
                                .after = GAP * size,
                                .quote_depth = in->n_quotes,
                                .marker = in->marker,
                                .marker_x = in->marker_x};

    memcpy(block.quote_x, in->quote_x, sizeof block.quote_x);
    in->marker = (struct paper_words){0};
    if (in->paper->blocks->len >= PAPER_BLOCKS_MAX)
        in->excess = "too many paragraphs";
    g_array_append_val(in->paper->blocks, block);
    return &g_array_index(in->paper->blocks, struct paper_block, in->paper->blocks->len - 1);
}

/* Lays out words, unless more of them were too much. */
static void lay_out(struct parsing *in, cmark_node *node, double size, bool is_bold, double width,
                    struct paper_words *out)
{
    if (in->excess)
        return;
    if (!paper_inline(in->paper, node, size, is_bold, width, out))
        in->excess = "a paragraph that is too long";
    in->height += paper_words_height(out);
    if (in->height > in->paper->style.height * PAPER_PAGES_MAX)
        in->excess = "too many pages";
}

static bool is_in_tight_list(cmark_node *node)
{
    cmark_node *item = cmark_node_parent(node);
    cmark_node *list = item ? cmark_node_parent(item) : NULL;

    return item && cmark_node_get_type(item) == CMARK_NODE_ITEM && list &&
           cmark_node_get_list_tight(list);
}

static void add_words(struct parsing *in, cmark_node *node)
{
    struct paper_block *block = add_block(in, PAPER_WORDS);

    if (is_in_tight_list(node)) {
        block->before = TIGHT_GAP * in->paper->style.size;
        if (cmark_node_next(cmark_node_parent(node)) || cmark_node_next(node))
            block->after = block->before;
    }
    lay_out(in, node, in->paper->style.size, false, block->width, &block->words);
}

static void add_heading(struct parsing *in, cmark_node *node)
{
    static const double scales[] = {1.6, 1.3, 1.12, 1.0, 1.0, 1.0};
    static const double befores[] = {1.6, 1.5, 1.2, 1.0, 1.0, 1.0};
    int level = cmark_node_get_heading_level(node);
    struct paper_block *block = add_block(in, PAPER_WORDS);
    double size = in->paper->style.size;

    level = level < 1 ? 1 : level > 6 ? 6 : level;
    block->before = befores[level - 1] * size;
    block->after = 0.5 * size;
    block->is_kept_with_next = true;
    block->is_heading = true;
    lay_out(in, node, scales[level - 1] * size, true, block->width, &block->words);
}

static void add_code(struct parsing *in, cmark_node *node)
{
    struct paper_block *block = add_block(in, PAPER_WORDS);

    block->x += in->paper->style.size;
    block->width -= in->paper->style.size;
    lay_out(in, node, 0.9 * in->paper->style.size, false, block->width, &block->words);
}

/* --- tables -----------------------------------------------------------------------------------*/

struct columns {
    size_t n;
    double wish[PAPER_COLUMNS_MAX]; /* without a line break */
    double least[PAPER_COLUMNS_MAX];
    double width[PAPER_COLUMNS_MAX];
    PangoAlignment align[PAPER_COLUMNS_MAX];
};

static void columns_look(struct parsing *in, cmark_node *row, struct columns *columns)
{
    size_t i = 0;
    bool is_head = cmark_gfm_extensions_get_table_row_is_header(row);

    for (cmark_node *cell = cmark_node_first_child(row); cell && i < columns->n;
         cell = cmark_node_next(cell), i++) {
        struct paper_words words = {0};
        int width;

        lay_out(in, cell, in->paper->style.size, is_head, -1, &words);
        if (!words.layout)
            return;
        pango_layout_get_size(words.layout, &width, NULL);
        columns->wish[i] = MAX(columns->wish[i], (double)width / PANGO_SCALE);
        paper_words_clear(&words);
    }
}

/* Everybody gets what it wishes where there is room; else the room is shared by wish, and a narrow
 * column keeps its wish. */
static void columns_share(struct columns *columns, double room)
{
    double total = 0, left = room, wish_left = 0;
    double fair = room / (double)columns->n;

    for (size_t i = 0; i < columns->n; i++)
        total += columns->wish[i];
    for (size_t i = 0; i < columns->n; i++) {
        columns->width[i] = columns->wish[i];
        if (total <= room)
            continue;
        if (columns->wish[i] <= fair)
            left -= columns->wish[i];
        else
            wish_left += columns->wish[i] - fair, left -= fair;
    }
    for (size_t i = 0; total > room && i < columns->n; i++) {
        if (columns->wish[i] > fair)
            columns->width[i] = fair + left * (columns->wish[i] - fair) / wish_left;
    }
}

static void columns_align(cmark_node *table, struct columns *columns)
{
    const uint8_t *alignments = cmark_gfm_extensions_get_table_alignments(table);

    for (size_t i = 0; i < columns->n; i++) {
        uint8_t a = alignments ? alignments[i] : 0;

        columns->align[i] = a == 'c'   ? PANGO_ALIGN_CENTER
                            : a == 'r' ? PANGO_ALIGN_RIGHT
                                       : PANGO_ALIGN_LEFT;
    }
}

static void add_row(struct parsing *in, cmark_node *row, const struct columns *columns)
{
    double size = in->paper->style.size, pad = CELL_PAD * size;
    struct paper_block *block = add_block(in, PAPER_ROW);
    size_t i = 0;

    block->is_head = cmark_gfm_extensions_get_table_row_is_header(row);
    block->is_kept_with_next = block->is_head;
    block->before = block->after = 0;
    block->n_cells = columns->n;
    block->cells = g_new0(struct paper_words, columns->n);
    block->cell_x[0] = block->x;
    for (size_t c = 0; c < columns->n; c++)
        block->cell_x[c + 1] = block->cell_x[c] + columns->width[c] + 2 * pad;
    for (cmark_node *cell = cmark_node_first_child(row); cell && i < columns->n;
         cell = cmark_node_next(cell), i++) {
        /* A hair more than was measured, or rounding breaks the widest cell. */
        lay_out(in, cell, size, block->is_head, columns->width[i] + 0.1, &block->cells[i]);
        if (block->cells[i].layout)
            pango_layout_set_alignment(block->cells[i].layout, columns->align[i]);
        block->height = MAX(block->height, paper_words_height(&block->cells[i]));
    }
    block->height += 0.8 * pad;
}

/* A row higher than a page cannot be a row: its cells follow one another. */
static void add_row_as_words(struct parsing *in, cmark_node *row)
{
    for (cmark_node *cell = cmark_node_first_child(row); cell && !in->excess;
         cell = cmark_node_next(cell))
        add_words(in, cell);
}

static void drop_last(struct parsing *in)
{
    GArray *blocks = in->paper->blocks;
    struct paper_block *block = &g_array_index(blocks, struct paper_block, blocks->len - 1);

    for (size_t i = 0; i < block->n_cells; i++)
        paper_words_clear(&block->cells[i]);
    g_free(block->cells);
    in->marker = block->marker;
    g_array_set_size(blocks, blocks->len - 1);
}

static void add_table(struct parsing *in, cmark_node *table)
{
    const struct paper_style *style = &in->paper->style;
    size_t head = in->paper->blocks->len;
    double room_high = style->height - style->first_top - style->first_bottom;
    struct columns columns = {.n = cmark_gfm_extensions_get_table_columns(table)};
    struct paper_block *block;

    columns.n = MIN(columns.n, (size_t)PAPER_COLUMNS_MAX);
    if (!columns.n)
        return;
    for (cmark_node *row = cmark_node_first_child(table); row; row = cmark_node_next(row))
        columns_look(in, row, &columns);
    columns_share(&columns, body_width(in) - 2 * CELL_PAD * style->size * (double)columns.n);
    columns_align(table, &columns);
    for (cmark_node *row = cmark_node_first_child(table); row && !in->excess;
         row = cmark_node_next(row)) {
        add_row(in, row, &columns);
        block = &g_array_index(in->paper->blocks, struct paper_block, in->paper->blocks->len - 1);
        block->head = head;
        if (block->height * 2 > room_high) {
            drop_last(in);
            add_row_as_words(in, row);
        }
    }
    if (in->paper->blocks->len > head) {
        g_array_index(in->paper->blocks, struct paper_block, head).before = GAP * style->size;
        g_array_index(in->paper->blocks, struct paper_block, in->paper->blocks->len - 1).after =
            1.2 * style->size;
    }
}

/* --- the walk ---------------------------------------------------------------------------------*/

static void marker_set(struct parsing *in, cmark_node *item)
{
    cmark_node *list = cmark_node_parent(item), *before = item;
    char text[24] = "•";
    int number;

    if (in->marker.layout)
        paper_words_clear(&in->marker);
    if (cmark_node_get_list_type(list) == CMARK_ORDERED_LIST) {
        number = GPOINTER_TO_INT(cmark_node_get_user_data(list));
        if (!cmark_node_previous(before))
            number = cmark_node_get_list_start(list);
        snprintf(text, sizeof text, "%d%c", number,
                 cmark_node_get_list_delim(list) == CMARK_PAREN_DELIM ? ')' : '.');
        cmark_node_set_user_data(list, GINT_TO_POINTER(number == G_MAXINT ? number : number + 1));
    }
    in->marker.layout =
        paper_layout(in->paper->context, &in->paper->style, in->paper->style.size, false);
    pango_layout_set_text(in->marker.layout, text, -1);
    paper_words_measure(&in->marker);
    in->marker_x = in->x;
}

static void enter(struct parsing *in, cmark_node *node)
{
    double size = in->paper->style.size;

    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_BLOCK_QUOTE:
        if (in->depth++ < PAPER_INDENTS_MAX) {
            in->quote_x[in->n_quotes++] = in->x;
            in->x += QUOTE * size;
        }
        break;
    case CMARK_NODE_LIST:
        if (in->depth++ < PAPER_INDENTS_MAX)
            in->x += INDENT * size;
        break;
    case CMARK_NODE_ITEM:
        marker_set(in, node);
        break;
    case CMARK_NODE_HEADING:
        add_heading(in, node);
        break;
    case CMARK_NODE_PARAGRAPH:
    case CMARK_NODE_HTML_BLOCK:
        add_words(in, node);
        break;
    case CMARK_NODE_CODE_BLOCK:
        add_code(in, node);
        break;
    case CMARK_NODE_THEMATIC_BREAK:
        add_block(in, PAPER_RULE);
        break;
    default:
        if (strcmp(cmark_node_get_type_string(node), "table") == 0)
            add_table(in, node);
        break;
    }
}

static void leave(struct parsing *in, cmark_node *node)
{
    cmark_node_type type = cmark_node_get_type(node);
    double size = in->paper->style.size;

    if (type != CMARK_NODE_BLOCK_QUOTE && type != CMARK_NODE_LIST)
        return;
    if (--in->depth >= PAPER_INDENTS_MAX)
        return;
    in->x -= (type == CMARK_NODE_LIST ? INDENT : QUOTE) * size;
    if (type == CMARK_NODE_BLOCK_QUOTE)
        in->n_quotes--;
}

/* Inline nodes belong to their paragraph, rows to their table. */
static bool is_block(cmark_node *node)
{
    cmark_node_type type = cmark_node_get_type(node);

    return (type & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_BLOCK &&
           strcmp(cmark_node_get_type_string(node), "table_row") &&
           strcmp(cmark_node_get_type_string(node), "table_cell");
}

static cmark_node *parse(const char *markdown, size_t len, cmark_parser **out_parser)
{
    static const char *const extensions[] = {"table", "strikethrough"};
    cmark_parser *parser;

    cmark_gfm_core_extensions_ensure_registered();
    parser = cmark_parser_new(CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8);
    for (size_t i = 0; i < G_N_ELEMENTS(extensions); i++)
        cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(extensions[i]));
    cmark_parser_feed(parser, markdown, len);
    *out_parser = parser;
    return cmark_parser_finish(parser);
}

bool paper_parse(struct paper *paper, const char *markdown, size_t len, char *why, size_t why_size)
{
    struct parsing in = {.paper = paper, .x = paper->style.left};
    cmark_parser *parser;
    cmark_node *document;
    cmark_iter *iter;
    cmark_event_type event;

    if (!is_within_bounds(markdown, len, why, why_size))
        return false;
    document = parse(markdown, len, &parser);
    iter = cmark_iter_new(document);
    while (!in.excess && (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iter);

        if (!is_block(node))
            continue;
        if (event == CMARK_EVENT_ENTER)
            enter(&in, node);
        else
            leave(&in, node);
    }
    if (in.excess)
        snprintf(why, why_size, "the text has %s", in.excess);
    paper_words_clear(&in.marker);
    cmark_iter_free(iter);
    cmark_node_free(document);
    cmark_parser_free(parser);
    return !in.excess;
}
