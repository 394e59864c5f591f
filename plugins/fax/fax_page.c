/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An item to pages: a head with who writes to whom, the text, the notice how to have no more of
 * this at the foot of the first page, and at the end the form to fax back.
 *
 * Units are points; the picture is 204 x 196 dots an inch.  Everything follows from the item and
 * the settings, so the same item gives the same file.
 */
#include "fax/fax_private.h"

#include "paper/form.h"
#include "paper/paper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A fax machine loses a few millimetres at every edge. */
#define MARGIN       48.0
#define RUNNING_TOP  24.0 /* the line on top of each page */
#define RUNNING_SIZE 9.0
#define TOP          58.0
#define BOTTOM       44.0
#define NAME_SIZE    21.0
#define WORD_SIZE    27.0 /* "FAX" */
#define ROW_SIZE     11.0
#define ROW_LABEL    64.0
#define ROW_GAP      5.0
#define NOTICE_SIZE  10.0
#define NOTICE_PAD   8.0
#define RETURN_SIZE  17.0
#define GAP          14.0
#define LINE         1.0
#define LINE_BOLD    2.4

enum { TEXT_MAX = 600, ROWS_MAX = 4 };

struct words {
    const char *from, *to, *subject, *pages, *page_of, *notice, *notice_form, *fax_back;
};

static const struct words english = {
    .from = "From",
    .to = "To",
    .subject = "Subject",
    .pages = "Pages",
    .page_of = "page %zu of %zu",
    .notice = "If you do not wish to receive faxes like this one, tell us free of charge: %s.",
    .notice_form = "If you do not wish to receive faxes like this one, tell us free of charge: %s, "
                   "or mark the last box of the form on page %zu and fax it back.",
    .fax_back = "Please fax this page back to  %s",
};

static const struct words korean = {
    .from = "보내는 곳",
    .to = "받는 곳",
    .subject = "제목",
    .pages = "쪽수",
    .page_of = "%zu / %zu 쪽",
    .notice = "이런 팩스를 더 이상 받지 않으시려면 무료 수신거부 전화 %s 로 알려 주십시오.",
    .notice_form = "이런 팩스를 더 이상 받지 않으시려면 무료 수신거부 전화 %s 로 알려 주시거나, "
                   "%zu쪽 양식의 마지막 칸에 표시하여 팩스로 보내 주십시오.",
    .fax_back = "이 쪽을 팩스로 보내 주세요  %s",
};

struct drawing {
    const struct fax_settings *set;
    const struct fl_item *item;
    const struct words *words;
    struct paper_style style;
    char notice[TEXT_MAX];
    char from[FAX_NUMBER_MAX + 8], to[FAX_NUMBER_MAX + 8], back[FAX_NUMBER_MAX + 8];
    bool has_form;
    struct form form;
    void *form_owner;
    struct paper *paper;
    size_t n_pages;
};

static const char *language_of(const struct fax_settings *set, const struct fl_item *item)
{
    return item->language && *item->language ? item->language : set->language;
}

static const char *sender_of(const struct drawing *d)
{
    return d->item->sender_name && *d->item->sender_name ? d->item->sender_name : d->set->name;
}

static double width_of(const struct drawing *d)
{
    return d->style.width - 2 * MARGIN;
}

static void line(cairo_t *cairo, double x, double y, double width, double thick)
{
    cairo_rectangle(cairo, x, y, width, thick);
    cairo_fill(cairo);
}

/* Text that ends at `right`. */
static void text_right(const struct drawing *d, cairo_t *cairo, const char *text, double size,
                       bool is_bold, double right, double y)
{
    double low = 1, high = right;
    double one = paper_text(NULL, &d->style, text, size, is_bold, 0, 0, high);

    /* paper_text() tells heights alone: the least width at which the text still is one line. */
    while (high - low > 0.5) {
        double middle = (low + high) / 2;

        if (paper_text(NULL, &d->style, text, size, is_bold, 0, 0, middle) > one + 0.1)
            low = middle;
        else
            high = middle;
    }
    paper_text(cairo, &d->style, text, size, is_bold, right - high, y, high + 1);
}

/* --- the first page ----------------------------------------------------------------------------*/

struct row {
    const char *label;
    char value[TEXT_MAX];
};

static size_t rows_of(const struct drawing *d, struct row rows[ROWS_MAX])
{
    const struct fl_item *item = d->item;
    size_t n = 0;

    rows[n].label = d->words->to;
    g_snprintf(rows[n++].value, TEXT_MAX, "%s%s%s", item->to_name ? item->to_name : "",
               item->to_name && *item->to_name ? "   " : "", d->to);
    rows[n].label = d->words->from;
    g_snprintf(rows[n++].value, TEXT_MAX, "%s   %s", sender_of(d), d->from);
    if (item->subject && *item->subject) {
        rows[n].label = d->words->subject;
        g_strlcpy(rows[n++].value, item->subject, TEXT_MAX);
    }
    rows[n].label = d->words->pages;
    g_snprintf(rows[n++].value, TEXT_MAX, "%zu", d->n_pages);
    return n;
}

/* Returns where it ends; without a cairo it is only measured. */
static double head_draw(const struct drawing *d, cairo_t *cairo)
{
    double y = TOP, width = width_of(d), right = d->style.width - MARGIN;
    struct row rows[ROWS_MAX];
    size_t n = rows_of(d, rows);

    if (cairo)
        text_right(d, cairo, "FAX", WORD_SIZE, true, right, y - 4);
    y += fmax(WORD_SIZE, paper_text(cairo, &d->style, sender_of(d), NAME_SIZE, true, MARGIN, y,
                                    width - 4 * WORD_SIZE)) +
         8;
    if (cairo)
        line(cairo, MARGIN, y, width, LINE_BOLD);
    y += LINE_BOLD + 9;
    for (size_t i = 0; i < n; i++) {
        paper_text(cairo, &d->style, rows[i].label, ROW_SIZE, true, MARGIN, y, ROW_LABEL);
        y += paper_text(cairo, &d->style, rows[i].value, ROW_SIZE, false, MARGIN + ROW_LABEL, y,
                        width - ROW_LABEL) +
             ROW_GAP;
    }
    y += 4;
    if (cairo)
        line(cairo, MARGIN, y, width, LINE);
    return y + LINE + GAP + 4;
}

/* In a frame, so that it is seen: the law wants it to be. */
static double notice_height(const struct drawing *d)
{
    return paper_text(NULL, &d->style, d->notice, NOTICE_SIZE, false, 0, 0,
                      width_of(d) - 2 * NOTICE_PAD) +
           2 * NOTICE_PAD;
}

static void notice_draw(const struct drawing *d, cairo_t *cairo)
{
    double height = notice_height(d), y = d->style.height - BOTTOM - height;

    cairo_set_line_width(cairo, LINE);
    cairo_rectangle(cairo, MARGIN, y, width_of(d), height);
    cairo_stroke(cairo);
    paper_text(cairo, &d->style, d->notice, NOTICE_SIZE, false, MARGIN + NOTICE_PAD, y + NOTICE_PAD,
               width_of(d) - 2 * NOTICE_PAD);
}

/* --- every page --------------------------------------------------------------------------------*/

static void running_draw(const struct drawing *d, cairo_t *cairo, size_t index)
{
    char text[TEXT_MAX];

    g_snprintf(text, sizeof text, "%s  %s  →  %s", sender_of(d), d->from, d->to);
    paper_text(cairo, &d->style, text, RUNNING_SIZE, false, MARGIN, RUNNING_TOP,
               width_of(d) * 3 / 4);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    g_snprintf(text, sizeof text, d->words->page_of, index + 1, d->n_pages);
#pragma GCC diagnostic pop
    text_right(d, cairo, text, RUNNING_SIZE, false, d->style.width - MARGIN, RUNNING_TOP);
    line(cairo, MARGIN, RUNNING_TOP + RUNNING_SIZE * 1.6, width_of(d), LINE);
}

static bool form_page_draw(const struct drawing *d, cairo_t *cairo)
{
    char text[TEXT_MAX], code[FORM_CODE_MAX];
    double y = TOP + 4;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    g_snprintf(text, sizeof text, d->words->fax_back, d->back);
#pragma GCC diagnostic pop
    y += paper_text(cairo, &d->style, text, RETURN_SIZE, true, MARGIN, y, width_of(d)) + GAP;
    return form_draw(cairo, &d->style, &d->form, MARGIN, y, width_of(d),
                     d->style.height - BOTTOM - y, code);
}

static bool page_draw(const struct drawing *d, cairo_t *cairo, size_t index)
{
    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    cairo_set_source_rgb(cairo, 0, 0, 0);
    running_draw(d, cairo, index);
    if (d->has_form && index + 1 == d->n_pages)
        return form_page_draw(d, cairo);
    if (index == 0) {
        head_draw(d, cairo);
        notice_draw(d, cairo);
    }
    paper_draw(d->paper, index, cairo);
    return true;
}

/* --- setting up --------------------------------------------------------------------------------*/

static const struct fl_part *markdown_of(const struct fl_item *item)
{
    const struct fl_part *plain = NULL;

    for (size_t i = 0; i < item->n_parts; i++) {
        const struct fl_part *part = item->parts[i];

        if (part->name)
            continue;
        if (g_str_has_prefix(part->type, "text/markdown"))
            return part;
        if (!plain && g_str_has_prefix(part->type, "text/plain"))
            plain = part;
    }
    return plain;
}

static bool form_set_up(struct drawing *d, const char *language, char *why, size_t why_size)
{
    const struct fl_item *item = d->item;
    const char *survey = FL_HAS(item, survey) && item->survey ? item->survey : "";
    const char *token = FL_HAS(item, token_card) && item->token_card ? item->token_card : "";

    d->has_form = d->set->form == FAX_FORM_ALWAYS || (d->set->form == FAX_FORM_SURVEY && *survey);
    return !d->has_form ||
           form_of_survey(survey, token, language, &d->form, &d->form_owner, why, why_size);
}

static void notice_write(struct drawing *d)
{
    const struct fax_settings *set = d->set;
    char number[FAX_NUMBER_MAX + 8];

    fax_number_show(set, set->opt_out_number, number, sizeof number);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (set->opt_out_notice)
        g_strlcpy(d->notice, set->opt_out_notice, sizeof d->notice);
    else if (d->has_form)
        g_snprintf(d->notice, sizeof d->notice, d->words->notice_form, number, d->n_pages);
    else
        g_snprintf(d->notice, sizeof d->notice, d->words->notice, number);
#pragma GCC diagnostic pop
}

/* Text is laid out below the head and above the notice, which say how many pages there are: once
 * with a guess, and again when the guess was wrong. */
static bool paper_set_up(struct drawing *d, char *why, size_t why_size)
{
    const struct fl_part *part = markdown_of(d->item);

    if (!part) {
        g_strlcpy(why, "the message has no text", why_size);
        return false;
    }
    d->n_pages = 1 + d->has_form;
    for (int round = 0; round < 3; round++) {
        size_t n;

        notice_write(d);
        d->style.first_top = head_draw(d, NULL);
        d->style.first_bottom = BOTTOM + notice_height(d) + GAP;
        paper_destroy(&d->paper);
        if (!paper_create(&d->style, part->data, part->data_len, &d->paper, why, why_size))
            return false;
        n = paper_n_pages(d->paper) + d->has_form;
        if (n == d->n_pages)
            return true;
        d->n_pages = n;
    }
    notice_write(d);
    return true;
}

static bool pages_draw(const struct drawing *d, fax_page_fn *fn, void *ctx, char *why,
                       size_t why_size)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, FAX_WIDTH, d->set->page_height);
    bool is_drawn = true;

    for (size_t i = 0; is_drawn && i < d->n_pages; i++) {
        cairo_t *cairo = cairo_create(surface);

        cairo_scale(cairo, FAX_X_DPI / 72.0, FAX_Y_DPI / 72.0);
        is_drawn = page_draw(d, cairo, i);
        if (!is_drawn)
            g_strlcpy(why, "the survey does not fit on a fax page: it has too many questions",
                      why_size);
        if (is_drawn && cairo_status(cairo) != CAIRO_STATUS_SUCCESS) {
            g_snprintf(why, (gulong)why_size, "page %zu could not be drawn: %s", i + 1,
                       cairo_status_to_string(cairo_status(cairo)));
            is_drawn = false;
        }
        cairo_destroy(cairo);
        cairo_surface_flush(surface);
        if (is_drawn && !fn(ctx, surface, i, d->n_pages)) {
            g_snprintf(why, (gulong)why_size, "page %zu could not be written", i + 1);
            is_drawn = false;
        }
    }
    cairo_surface_destroy(surface);
    return is_drawn;
}

bool fax_pages_draw(const struct fax_settings *set, const struct fl_item *item, fax_page_fn *fn,
                    void *ctx, char *why, size_t why_size)
{
    const char *language = language_of(set, item);
    struct drawing d = {
        .set = set,
        .item = item,
        .words = strncmp(language, "ko", 2) == 0 ? &korean : &english,
        .style = {.width = FAX_WIDTH * 72.0 / FAX_X_DPI,
                  .height = set->page_height * 72.0 / FAX_Y_DPI,
                  .left = MARGIN,
                  .right = MARGIN,
                  .top = TOP,
                  .bottom = BOTTOM,
                  .font = set->font,
                  .size = set->size,
                  .language = language,
                  .is_bilevel = true},
    };
    bool is_drawn;

    fax_number_show(set, set->number, d.from, sizeof d.from);
    fax_number_show(set, item->to_address, d.to, sizeof d.to);
    fax_number_show(set, set->return_number, d.back, sizeof d.back);
    is_drawn = form_set_up(&d, language, why, why_size) && paper_set_up(&d, why, why_size);
    if (is_drawn && d.n_pages > FAX_PAGES_MAX) {
        g_snprintf(why, (gulong)why_size, "the fax has %zu pages, expected at most %d", d.n_pages,
                   FAX_PAGES_MAX);
        is_drawn = false;
    }
    is_drawn = is_drawn && pages_draw(&d, fn, ctx, why, why_size);
    paper_destroy(&d.paper);
    form_release(&d.form_owner);
    return is_drawn;
}
