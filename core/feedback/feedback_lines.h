/* Lines on their way through the cutter; shared by its two halves. */
#ifndef FL_FEEDBACK_FEEDBACK_LINES_H
#define FL_FEEDBACK_FEEDBACK_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum fl_feedback_part { FL_PART_TEXT = 0, FL_PART_QUOTED, FL_PART_SIGNATURE };

struct fl_feedback_line {
    const char *s; /* into the body, without white space at the end */
    size_t len;
    enum fl_feedback_part part;
};

struct fl_feedback_lines {
    struct fl_feedback_line *items; /* with room for one more */
    size_t n_items;
};

/* Marks what is quoted; a line in which a quotation begins is split in two. */
void fl_feedback_mark_quotation(struct fl_feedback_lines *lines);
/* Marks signatures at the end of each run of own lines. */
void fl_feedback_mark_signatures(struct fl_feedback_lines *lines);

typedef bool fl_feedback_test_fn(const char *s, size_t len, const char *word);
bool fl_feedback_begins(const char *s, size_t len, const char *word);
bool fl_feedback_ends(const char *s, size_t len, const char *word);
bool fl_feedback_contains(const char *s, size_t len, const char *word);
bool fl_feedback_equals(const char *s, size_t len, const char *word);
bool fl_feedback_any_of(const char *const *words, fl_feedback_test_fn *test, const char *s,
                        size_t len);
/* Past blanks, the non-breaking ones too. */
const char *fl_feedback_skip_blanks(const char *p, const char *end);
bool fl_feedback_is_rule(const struct fl_feedback_line *line, char c, size_t min);
size_t fl_feedback_next_full(const struct fl_feedback_lines *lines, size_t at);
void fl_feedback_set_part(struct fl_feedback_lines *lines, size_t from, size_t to,
                          enum fl_feedback_part part);
static inline bool fl_feedback_is_empty(const struct fl_feedback_line *line)
{
    return line->len == 0;
}

#endif
