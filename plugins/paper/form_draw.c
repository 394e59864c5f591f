/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A form onto a cairo surface. */
#include "paper/form_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Points a unit: a box is a unit wide, and a code must survive a fax machine. */
#define UNIT_MAX         16.0
#define UNIT_MIN         9.5
#define UNIT_MIN_BILEVEL 12.0

#define TITLE_SIZE    1.3 /* in units, as everything below */
#define HINT_SIZE     0.72
#define QUESTION_SIZE 0.8
#define LABEL_SIZE    0.7
#define SMALL_SIZE    0.6
#define TEXT_SHRINK   0.9
#define TEXT_SIZE_MIN 0.5 /* below this a text is cut */

enum { FITTED_MAX = 2048 };

struct pen {
    cairo_t *cairo;
    const struct paper_style *style;
    double x, y, unit;
};

static bool is_korean(const struct paper_style *style)
{
    return style->language && strncmp(style->language, "ko", 2) == 0;
}

/* Cuts `text` to `len` bytes, between characters, and says so with an ellipsis. */
static void cut(char *out, size_t out_size, const char *text, size_t len)
{
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    snprintf(out, out_size, "%.*s…", (int)len, text);
}

/* Text within a box: made smaller and, where that does not do, cut.  Returns its height. */
static double text_fit(const struct pen *pen, const char *text, double size, bool is_bold,
                       struct form_rect box)
{
    char fitted[FITTED_MAX];
    double width = box.width * pen->unit, height = box.height * pen->unit;
    size_t len = strlen(text);

    if (len > FITTED_MAX - 8)
        cut(fitted, sizeof fitted, text, FITTED_MAX - 8);
    else
        memcpy(fitted, text, len + 1);
    while (size > TEXT_SIZE_MIN &&
           paper_text(NULL, pen->style, fitted, size * pen->unit, is_bold, 0, 0, width) > height)
        size *= TEXT_SHRINK;
    for (len = strlen(fitted); len > 8; len = len * 9 / 10) {
        if (paper_text(NULL, pen->style, fitted, size * pen->unit, is_bold, 0, 0, width) <= height)
            break;
        cut(fitted, sizeof fitted, text, len * 9 / 10);
    }
    return paper_text(pen->cairo, pen->style, fitted, size * pen->unit, is_bold,
                      pen->x + box.x * pen->unit, pen->y + box.y * pen->unit, width) /
           pen->unit;
}

/* Words beside a box, on the height of its middle. */
static void text_beside(const struct pen *pen, const char *text, struct form_point box,
                        double width)
{
    struct form_rect place = {box.x + FORM_BOX + 0.3, 0, width - FORM_BOX - 0.6, 1.5};
    double height = paper_text(NULL, pen->style, text, LABEL_SIZE * pen->unit, false, 0, 0,
                               place.width * pen->unit) /
                    pen->unit;

    place.y = box.y + FORM_BOX / 2 - fmin(height, place.height) / 2;
    text_fit(pen, text, LABEL_SIZE, false, place);
}

static void fill(const struct pen *pen, double x, double y, double width, double height)
{
    cairo_rectangle(pen->cairo, pen->x + x * pen->unit, pen->y + y * pen->unit, width * pen->unit,
                    height * pen->unit);
    cairo_fill(pen->cairo);
}

static void frame(const struct pen *pen, struct form_rect box, double line)
{
    line = pen->style->is_bilevel ? line * 1.25 : line;
    cairo_set_line_width(pen->cairo, line * pen->unit);
    cairo_rectangle(pen->cairo, pen->x + (box.x + line / 2) * pen->unit,
                    pen->y + (box.y + line / 2) * pen->unit, (box.width - line) * pen->unit,
                    (box.height - line) * pen->unit);
    cairo_stroke(pen->cairo);
}

static void draw_box(const struct pen *pen, struct form_point at)
{
    frame(pen, (struct form_rect){at.x, at.y, FORM_BOX, FORM_BOX}, FORM_FRAME);
}

static void draw_marks(const struct pen *pen, double height)
{
    for (int i = 0; i < 4; i++)
        fill(pen, i & 1 ? FORM_WIDTH - FORM_MARK : 0, i & 2 ? height - FORM_MARK : 0, FORM_MARK,
             FORM_MARK);
}

static void draw_line(const struct pen *pen, double y)
{
    fill(pen, FORM_INSET, y, FORM_RIGHT - FORM_INSET, pen->style->is_bilevel ? 0.06 : 0.035);
}

/* "Like this:" and a box with a cross, which is the best mark a reader can get. */
static void draw_hint(const struct pen *pen, double y)
{
    const char *hint = is_korean(pen->style) ? "진한 펜으로 해당하는 칸에 이렇게 표시해 주세요."
                                             : "Please mark boxes like this, with a dark pen.";
    struct form_point at = {FORM_INSET, y};
    double a = 0.22, b = FORM_BOX - 0.22;

    draw_box(pen, at);
    cairo_set_line_width(pen->cairo, 0.13 * pen->unit);
    for (int i = 0; i < 2; i++) {
        cairo_move_to(pen->cairo, pen->x + (at.x + a) * pen->unit,
                      pen->y + (at.y + (i ? b : a)) * pen->unit);
        cairo_line_to(pen->cairo, pen->x + (at.x + b) * pen->unit,
                      pen->y + (at.y + (i ? a : b)) * pen->unit);
        cairo_stroke(pen->cairo);
    }
    text_fit(pen, hint, HINT_SIZE, false,
             (struct form_rect){at.x + FORM_BOX + 0.5, y - 0.05, FORM_CODE_X - at.x - 3, 2.2});
}

static bool draw_head(const struct pen *pen, const struct form *form, const char *code)
{
    double y = FORM_CODE_Y + 0.6, width = FORM_CODE_X - FORM_INSET - 1;

    y +=
        text_fit(pen, form->title, TITLE_SIZE, true, (struct form_rect){FORM_INSET, y, width, 3.6});
    draw_hint(pen, y + 0.6);
    return paper_qr(pen->cairo, code, pen->x + FORM_CODE_X * pen->unit,
                    pen->y + FORM_CODE_Y * pen->unit, FORM_CODE_SIDE * pen->unit);
}

/* Below the boxes of a scale stand the words of some of its numbers; those of the last one end at
 * the last box's number where they would not fit beside it. */
static void draw_scale(const struct pen *pen, const struct form_layout *layout, size_t question,
                       const struct form_question *q)
{
    double pitch = form_layout_pitch(layout, question);

    for (size_t i = 0; i < q->n_options; i++) {
        struct form_point at = form_layout_box(layout, question, (int)i);
        const char *label = q->options[i].label, *words = strchr(label, ' ');
        char number[16];
        size_t until = i + 1;

        draw_box(pen, at);
        snprintf(number, sizeof number, "%.*s", words ? (int)(words - label) : 15, label);
        text_beside(pen, number, at, pitch);
        if (!words)
            continue;
        while (until < q->n_options && !strchr(q->options[until].label, ' '))
            until++;
        text_fit(pen, words + 1, SMALL_SIZE, false,
                 (struct form_rect){
                     at.x, at.y + FORM_BOX + 0.2,
                     fmin((double)(until - i) * pitch - 0.4, fmax(FORM_RIGHT - at.x, pitch)),
                     0.95});
    }
}

static void draw_question(const struct pen *pen, const struct form_layout *layout, size_t question,
                          const struct form_question *q)
{
    double y = form_layout_top(layout, question);
    char number[24];

    snprintf(number, sizeof number, "%zu", question + 1);
    text_fit(pen, number, QUESTION_SIZE, true,
             (struct form_rect){FORM_INSET, y, FORM_INDENT - FORM_INSET, FORM_TEXT_HEIGHT - 0.3});
    text_fit(pen, q->text, QUESTION_SIZE, true,
             (struct form_rect){FORM_INDENT, y, FORM_RIGHT - FORM_INDENT, FORM_TEXT_HEIGHT - 0.3});
    if (q->type == 't') {
        frame(pen, form_layout_field(layout, question), 0.05);
    } else if (q->type == 's') {
        draw_scale(pen, layout, question, q);
    } else {
        for (size_t i = 0; i < q->n_options; i++) {
            struct form_point at = form_layout_box(layout, question, (int)i);

            draw_box(pen, at);
            text_beside(pen, q->options[i].label, at, form_layout_pitch(layout, question));
        }
    }
}

static void draw_opt_out(const struct pen *pen, const struct form_layout *layout, const char *label)
{
    struct form_point at = form_layout_opt_out(layout);

    draw_line(pen, at.y - 0.75);
    draw_box(pen, at);
    text_beside(pen, label, at, FORM_RIGHT - at.x);
}

bool form_draw(cairo_t *cairo, const struct paper_style *style, const struct form *form, double x,
               double y, double width, double height, char code[FORM_CODE_MAX])
{
    struct form_layout layout;
    struct pen pen = {.cairo = cairo, .style = style, .x = x, .y = y};
    double rows;
    bool is_drawn;

    if (form->n_questions > FORM_QUESTIONS_MAX)
        return false;
    form_layout_of(form, &layout);
    if (!form_layout_write(form->token, &layout, code))
        return false;
    rows = form_layout_height(&layout);
    pen.unit = fmin(UNIT_MAX, fmin(width / FORM_WIDTH, height / rows));
    if (pen.unit < (style->is_bilevel ? UNIT_MIN_BILEVEL : UNIT_MIN))
        return false;
    pen.x += (width - FORM_WIDTH * pen.unit) / 2;
    cairo_save(cairo);
    cairo_new_path(cairo);
    cairo_set_source_rgb(cairo, 0, 0, 0);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_MITER);
    draw_marks(&pen, rows);
    is_drawn = draw_head(&pen, form, code);
    draw_line(&pen, FORM_FIRST - 0.45);
    for (size_t i = 0; i < layout.n; i++)
        draw_question(&pen, &layout, i, &form->questions[i]);
    draw_opt_out(&pen, &layout, form->opt_out_label);
    cairo_restore(cairo);
    return is_drawn;
}
