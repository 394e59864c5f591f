/* A sheet of `explain`: facts, lines and the total that the lines add up to. */
#ifndef FL_APPRAISE_SHEET_H
#define FL_APPRAISE_SHEET_H

#include <jansson.h>

#include "value/customer_value.h"

struct appraise_sheet {
    struct fl_value_line *lines;
    json_t **line_rows; /* of each line; borrowed from rows */
    size_t n, cap;
    json_t *rows;
    bool has_no_memory;
};
void appraise_sheet_init(struct appraise_sheet *sheet);
void appraise_sheet_finish(struct appraise_sheet *sheet);
/* What does not add up by itself: a parameter, a statistic; returns the row, borrowed. */
json_t *appraise_sheet_fact(struct appraise_sheet *sheet, const char *label, double quantity);
json_t *appraise_sheet_text(struct appraise_sheet *sheet, const char *label, const char *text);
/* `quantity` times `unit` minor units. */
json_t *appraise_sheet_line(struct appraise_sheet *sheet, const char *label, double quantity,
                            double unit_minor);
/* The same where it is no money: log-odds. */
json_t *appraise_sheet_term(struct appraise_sheet *sheet, const char *label, double quantity,
                            double unit, double amount);
/* What a row comes from: "transaction", "feedback", ... with id and, unless NULL, name and time. */
void appraise_sheet_event(json_t *row, const char *of, int64_t id, const char *name, int64_t at_us);
void appraise_sheet_date(json_t *row, int32_t date);
/* Rounds the lines to their sum llround(total) and adds the row of it. */
void appraise_sheet_total(struct appraise_sheet *sheet, const char *label, double total);
/* Hands over the rows as one section of `out`. */
void appraise_sheet_put(struct appraise_sheet *sheet, json_t *out, const char *section);

#endif
