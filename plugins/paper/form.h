/*
 * Form: a page with questions and boxes to tick, drawn, and read again from a scan.
 *
 * FOR    fax (fax-back form), letter (reply card).
 * HOW    The page carries four corner marks and a QR code whose text is TOKEN (40 characters) plus
 *        the layout: ".s5.a3.m4.t", one word a question in order: `s`N a scale of N boxes, `a`N
 *        one of N, `m`N several of N, `t` words.  So that a reader needs nothing but the picture:
 *        boxes stand on a grid that follows from the layout.  The last box of every form is "no
 *        more of this".
 * READS  also turned by 90 or 180 degrees, askew by a few degrees, shrunk by a few per cent, noisy.
 *        Ticks, crosses and filled boxes count; a box that is neither clearly empty nor clearly
 *        marked is reported as doubtful and does not count.
 */
#ifndef PLUGINS_PAPER_FORM_H
#define PLUGINS_PAPER_FORM_H

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "paper/paper.h"

enum { FORM_QUESTIONS_MAX = 20, FORM_BOXES_MAX = 12, FORM_CODE_MAX = 160, FORM_CODES_MAX = 16 };

struct form_option {
    const char *label; /* of a scale: the number, and behind a blank the words for it */
};
struct form_question {
    char type; /* 's', 'a', 'm', 't' as above */
    const char *text;
    const struct form_option *options;
    size_t n_options; /* boxes */
};
struct form {
    const char *token;
    const char *title;
    const char *opt_out_label;
    const struct form_question *questions;
    size_t n_questions;
};

/* From an item's `survey` (include/fairline/channel.h): one box a number of a scale.  Strings live
 * as long as `*out_owner`, which form_release() frees.  `survey` may be "": a form with the box to
 * opt out and a field for words. */
bool form_of_survey(const char *survey, const char *token, const char *language, struct form *out,
                    void **out_owner, char *why, size_t why_size);
void form_release(void **owner);

/* Draws the form into a rectangle, whole; false: too many questions for it.  `code` gets the text
 * of its QR code. */
bool form_draw(cairo_t *cairo, const struct paper_style *style, const struct form *form, double x,
               double y, double width, double height, char code[FORM_CODE_MAX]);

/* 8-bit grey, 0 black, one byte a pixel; pixels may be oblong (fax: 204 x 98 or 196). */
struct form_image {
    int width, height;
    double x_dpi, y_dpi;
    const uint8_t *pixels;
};

struct form_reading {
    char token[41];
    bool has_layout; /* false: a code with a token but no form; nothing below is set */
    bool has_marks;  /* corner marks were found, boxes were read */
    int turned;      /* degrees clockwise the picture was turned by: 0 90 180 270 */
    bool is_opted_out;
    bool is_opt_out_doubtful;
    size_t n_questions;
    char types[FORM_QUESTIONS_MAX];
    uint16_t marked[FORM_QUESTIONS_MAX]; /* bit i: box i (from 0) is marked */
    uint16_t doubtful[FORM_QUESTIONS_MAX];
    bool has_words[FORM_QUESTIONS_MAX]; /* ink in a field for words */
};

/* All codes of a picture that have the shape of ours, each with what was read; n may be 0. */
size_t form_read(const struct form_image *image, struct form_reading *out, size_t max);

/* As members of a form (FL_INBOUND_FORM): {"token","boxes":{"1":[4],"2":[1,3]},"is_opt_out",
 * "details":{"doubtful":{"2":[5]},"words":[4],"opt_out_doubtful","unread"}}, of which
 * "is_opt_out" and what stands in "details" are there when they are true or not empty; malloc'd,
 * NULL without memory.  Several boxes where one may be marked are all doubtful. */
char *form_reading_json(const struct form_reading *reading);

#endif
