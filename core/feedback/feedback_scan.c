/*
 * A cheap look at the outer shape of a mail before a library builds a tree of it: every object the
 * parser would make is counted here first, so that no mail can cost more than its size warrants.
 */
#include <string.h>
#include <strings.h>

#include "feedback/feedback_private.h"

enum {
    BOUNDARIES_MAX = 200,
    BOUNDARY_LEN_MAX = 250,
    /* Comparisons of delimiter lines with boundaries: about a second at the very worst. */
    COMPARISONS_MAX = 20 << 20
};

struct scan {
    struct {
        const char *text;
        size_t len;
    } boundaries[BOUNDARIES_MAX];
    size_t n_boundaries;
    size_t n_comparisons;
    size_t n_parts;
    size_t n_fields; /* of this header */
    size_t n_fields_total;
    size_t field_bytes;
    size_t n_nested; /* headers that hold a message or several parts */
    bool is_header;
    bool header_nests;       /* "message/": another header follows the empty line */
    bool is_part_header;     /* follows a delimiter */
    bool has_digest;         /* parts of a digest are messages without saying so */
    bool any_dash_is_a_part; /* a boundary is written in a way only the library reads */
};

/* `word` in lower case. */
static const char *find_nocase(const char *s, size_t len, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= len; i++)
        if ((s[i] | 32) == word[0] && strncasecmp(s + i, word, n) == 0)
            return s + i;
    return NULL;
}

static enum fl_status keep_boundary(struct scan *scan, const char *line, size_t len,
                                    struct fl_error *err)
{
    const char *p = find_nocase(line, len, "boundary"), *end = line + len, *start;

    if (!p)
        return FL_OK;
    if (scan->n_boundaries == BOUNDARIES_MAX)
        return fl_error_set(err, FL_LIMIT, "mail announces more than %d multiparts",
                            BOUNDARIES_MAX);
    p += sizeof "boundary" - 1;
    if (find_nocase(p, (size_t)(end - p), "boundary"))
        scan->any_dash_is_a_part = true;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    if (p < end && *p == '=')
        p++;
    else
        scan->any_dash_is_a_part = true;
    while (p < end && (*p == ' ' || *p == '\t' || *p == '"'))
        p++;
    start = p;
    while (p < end && !strchr("\";\r\n\\(%?", *p))
        p++;
    if (p == start || (size_t)(p - start) > BOUNDARY_LEN_MAX || (p < end && strchr("\\(%?", *p)))
        scan->any_dash_is_a_part = true;
    while (p > start && (p[-1] == ' ' || p[-1] == '\t'))
        p--;
    scan->boundaries[scan->n_boundaries].text = start;
    scan->boundaries[scan->n_boundaries++].len = (size_t)(p - start);
    return FL_OK;
}

static enum fl_status header_line(struct scan *scan, const char *line, size_t len,
                                  struct fl_error *err)
{
    if (line[0] != ' ' && line[0] != '\t') {
        scan->field_bytes = 0;
        scan->n_fields++;
        scan->n_fields_total++;
    }
    scan->field_bytes += len;
    if (scan->n_fields > FL_FEEDBACK_FIELDS_MAX ||
        scan->n_fields_total > FL_FEEDBACK_FIELDS_TOTAL_MAX)
        return fl_error_set(err, FL_LIMIT, "mail has more than %d header fields in one part or %d",
                            FL_FEEDBACK_FIELDS_MAX, FL_FEEDBACK_FIELDS_TOTAL_MAX);
    if (scan->field_bytes > FL_FEEDBACK_FIELD_MAX)
        return fl_error_set(err, FL_LIMIT, "mail has a header field of more than %d bytes",
                            FL_FEEDBACK_FIELD_MAX);
    if (find_nocase(line, len, "message/")) {
        scan->header_nests = true;
        scan->n_nested++;
    }
    if (find_nocase(line, len, "multipart/"))
        scan->n_nested++;
    scan->has_digest = scan->has_digest || find_nocase(line, len, "digest");
    if (scan->n_nested > FL_FEEDBACK_PARTS_MAX)
        return fl_error_set(err, FL_LIMIT, "mail has more than %d parts", FL_FEEDBACK_PARTS_MAX);
    return keep_boundary(scan, line, len, err);
}

static enum fl_status dash_line(struct scan *scan, const char *line, size_t len,
                                struct fl_error *err)
{
    bool is_part = scan->any_dash_is_a_part;

    scan->n_comparisons += scan->n_boundaries + 1;
    if (scan->n_comparisons > COMPARISONS_MAX)
        return fl_error_set(err, FL_LIMIT,
                            "mail has too many lines that look like part delimiters");
    for (size_t i = 0; !is_part && i < scan->n_boundaries; i++)
        is_part = len - 2 >= scan->boundaries[i].len &&
                  memcmp(line + 2, scan->boundaries[i].text, scan->boundaries[i].len) == 0;
    if (!is_part)
        return FL_OK;
    if (++scan->n_parts > 2 * FL_FEEDBACK_PARTS_MAX)
        return fl_error_set(err, FL_LIMIT, "mail has more than %d parts", FL_FEEDBACK_PARTS_MAX);
    scan->is_header = true;
    scan->is_part_header = true;
    scan->header_nests = false;
    scan->n_fields = 0;
    return FL_OK;
}

static enum fl_status scan_line(struct scan *scan, const char *line, size_t len,
                                struct fl_error *err)
{
    bool is_empty = len == 0 || (len == 1 && line[0] == '\r');

    if (len > 2 && line[0] == '-' && line[1] == '-') {
        enum fl_status st = dash_line(scan, line, len, err);

        if (st || scan->is_header)
            return st;
    }
    if (!scan->is_header)
        return FL_OK;
    if (is_empty) {
        scan->is_header = scan->header_nests || (scan->has_digest && scan->is_part_header);
        scan->is_part_header = false;
        scan->header_nests = false;
        scan->n_fields = 0;
        return FL_OK;
    }
    return header_line(scan, line, len, err);
}

enum fl_status fl_feedback_scan(const char *data, size_t len, struct fl_error *err)
{
    struct scan scan = {.is_header = true};
    const char *end = data + len;

    if (len > FL_FEEDBACK_RAW_MAX)
        return fl_error_set(err, FL_LIMIT, "mail has %zu bytes, at most %d are read", len,
                            FL_FEEDBACK_RAW_MAX);
    while (data < end) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        const char *stop = newline ? newline : end;
        enum fl_status st = scan_line(&scan, data, (size_t)(stop - data), err);

        if (st)
            return st;
        data = newline ? newline + 1 : end;
    }
    return FL_OK;
}
