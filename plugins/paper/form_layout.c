/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of a form's code, and where everything on the form stands because of it. */
#include "paper/form_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Heights of what a question is made of. */
#define SCALE_HEIGHT  2.4 /* boxes with their numbers, and words below them */
#define CHOICE_HEIGHT 1.6 /* one row of boxes */
#define GAP           0.6 /* between two questions */
#define OPT_OUT       2.4
#define BOTTOM        1.3

void form_layout_of(const struct form *form, struct form_layout *out)
{
    out->n = form->n_questions;
    for (size_t i = 0; i < out->n && i < FORM_QUESTIONS_MAX; i++) {
        out->types[i] = form->questions[i].type;
        out->boxes[i] = out->types[i] == 't' ? 0 : (int)form->questions[i].n_options;
    }
}

static bool question_is_sound(char type, int boxes)
{
    return type == 't' ? boxes == 0
                       : type && strchr("sam", type) && boxes >= 1 && boxes <= FORM_BOXES_MAX;
}

bool form_layout_write(const char *token, const struct form_layout *layout,
                       char code[FORM_CODE_MAX])
{
    int len;

    if (strlen(token) != FORM_TOKEN_LEN || layout->n > FORM_QUESTIONS_MAX)
        return false;
    len = snprintf(code, FORM_CODE_MAX, "%s.", token);
    for (size_t i = 0; i < layout->n && len < FORM_CODE_MAX; i++) {
        size_t room = (size_t)(FORM_CODE_MAX - len);

        if (!layout->types[i] || !question_is_sound(layout->types[i], layout->boxes[i]))
            return false;
        len += layout->types[i] == 't' ? snprintf(code + len, room, "%st", i ? "." : "")
                                       : snprintf(code + len, room, "%s%c%d", i ? "." : "",
                                                  layout->types[i], layout->boxes[i]);
    }
    return len < FORM_CODE_MAX;
}

static bool is_token(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= 'A' && s[i] <= 'Z') &&
            !(s[i] >= '2' && s[i] <= '7'))
            return false;
    }
    return true;
}

/* One word of a layout: a letter and, unless it is `t`, a number without leading zero. */
static bool word_read(const char *word, size_t len, char *out_type, int *out_boxes)
{
    int boxes = 0;

    if (len < 1 || len > 3 || (len > 1 && (word[1] < '1' || word[1] > '9')))
        return false;
    for (size_t i = 1; i < len; i++) {
        if (word[i] < '0' || word[i] > '9')
            return false;
        boxes = boxes * 10 + (word[i] - '0');
    }
    *out_type = word[0];
    *out_boxes = boxes;
    return word[0] && question_is_sound(word[0], boxes);
}

bool form_layout_read(const char *code, size_t len, char token[FORM_TOKEN_LEN + 1],
                      struct form_layout *out, bool *out_has)
{
    struct form_layout layout = {0};
    bool has;
    const char *p = code + FORM_TOKEN_LEN, *end = code + len;

    if (len < FORM_TOKEN_LEN || len >= FORM_CODE_MAX || !is_token(code, FORM_TOKEN_LEN) ||
        (p < end && *p != '.'))
        return false;
    has = p < end;
    for (p++; p < end; p++) {
        const char *dot = memchr(p, '.', (size_t)(end - p));
        size_t n = (size_t)((dot ? dot : end) - p);

        if (layout.n == FORM_QUESTIONS_MAX ||
            !word_read(p, n, &layout.types[layout.n], &layout.boxes[layout.n]))
            return false;
        layout.n++;
        p += n;
    }
    memcpy(token, code, FORM_TOKEN_LEN);
    token[FORM_TOKEN_LEN] = '\0';
    *out = layout;
    *out_has = has;
    return true;
}

static double question_height(char type, int boxes)
{
    switch (type) {
    case 's':
        return FORM_TEXT_HEIGHT + SCALE_HEIGHT + GAP;
    case 't':
        return FORM_TEXT_HEIGHT + FORM_FIELD + GAP;
    default:
        return FORM_TEXT_HEIGHT + ((boxes + FORM_COLUMNS - 1) / FORM_COLUMNS) * CHOICE_HEIGHT + GAP;
    }
}

double form_layout_top(const struct form_layout *layout, size_t question)
{
    double y = FORM_FIRST;

    for (size_t i = 0; i < question && i < layout->n; i++)
        y += question_height(layout->types[i], layout->boxes[i]);
    return y;
}

double form_layout_height(const struct form_layout *layout)
{
    return form_layout_top(layout, layout->n) + OPT_OUT + BOTTOM;
}

/* A short scale does not run to the other edge: its numbers belong together. */
double form_layout_pitch(const struct form_layout *layout, size_t question)
{
    double width = FORM_RIGHT - FORM_INDENT;

    if (layout->types[question] != 's')
        return width / FORM_COLUMNS;
    return width / fmax(FORM_SCALE_PITCHES, layout->boxes[question]);
}

struct form_point form_layout_box(const struct form_layout *layout, size_t question, int box)
{
    bool is_scale = layout->types[question] == 's';
    int column = is_scale ? box : box % FORM_COLUMNS, row = is_scale ? 0 : box / FORM_COLUMNS;

    return (struct form_point){FORM_INDENT + column * form_layout_pitch(layout, question),
                               form_layout_top(layout, question) + FORM_TEXT_HEIGHT +
                                   row * CHOICE_HEIGHT};
}

struct form_rect form_layout_field(const struct form_layout *layout, size_t question)
{
    return (struct form_rect){FORM_INDENT, form_layout_top(layout, question) + FORM_TEXT_HEIGHT,
                              FORM_RIGHT - FORM_INDENT, FORM_FIELD};
}

struct form_point form_layout_opt_out(const struct form_layout *layout)
{
    return (struct form_point){FORM_INDENT, form_layout_top(layout, layout->n) + 0.7};
}
