/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Returned-letter files: columns code, reason, date; with or without a head; any delimiter. */
#include "letter/letter_private.h"

#include <csv.h>
#include <string.h>

enum { FIELDS_MAX = 16, FIELD_MAX = 400, RAW_MAX = 300, COLUMNS = 3 };
enum column { CODE, REASON, DATE };

/* The words post offices and print houses use, in the languages of the layouts.  The first word
 * that is found decides. */
static const struct {
    const char *word;
    enum fl_fault_class fault;
} reasons[] = {
    {"refus", FL_FAULT_POLICY},
    {"수취거부", FL_FAULT_POLICY},
    {"수취거절", FL_FAULT_POLICY},
    {"거부", FL_FAULT_POLICY},
    {"거절", FL_FAULT_POLICY},
    {"verweiger", FL_FAULT_POLICY},
    {"annahme", FL_FAULT_POLICY},
    {"unclaimed", FL_FAULT_MAILBOX},
    {"보관", FL_FAULT_MAILBOX},
    {"미수령", FL_FAULT_MAILBOX},
    {"폐문", FL_FAULT_MAILBOX},
    {"nicht abgeholt", FL_FAULT_MAILBOX},
    {"vacant", FL_FAULT_ADDRESS},
    {"temporar", FL_FAULT_MAILBOX},
    {"damage", FL_FAULT_TRANSIENT},
    {"unknown", FL_FAULT_ADDRESS},
    {"undeliver", FL_FAULT_ADDRESS},
    {"insufficient", FL_FAULT_ADDRESS},
    {"no such", FL_FAULT_ADDRESS},
    {"moved", FL_FAULT_ADDRESS},
    {"forward", FL_FAULT_ADDRESS},
    {"deceased", FL_FAULT_ADDRESS},
    {"dead", FL_FAULT_ADDRESS},
    {"address", FL_FAULT_ADDRESS},
    {"이사", FL_FAULT_ADDRESS},
    {"불명", FL_FAULT_ADDRESS},
    {"불완전", FL_FAULT_ADDRESS},
    {"사망", FL_FAULT_ADDRESS},
    {"수취인", FL_FAULT_ADDRESS},
    {"주소", FL_FAULT_ADDRESS},
    {"unbekannt", FL_FAULT_ADDRESS},
    {"unzustellbar", FL_FAULT_ADDRESS},
    {"verzogen", FL_FAULT_ADDRESS},
    {"verstorben", FL_FAULT_ADDRESS},
    {"nicht zu ermitteln", FL_FAULT_ADDRESS},
};

enum fl_fault_class letter_reason_class(const char *reason)
{
    char *folded = g_utf8_strdown(reason, -1);
    enum fl_fault_class fault = FL_FAULT_UNKNOWN;

    /* A file of codes alone is a list of letters that came back. */
    if (!folded[strspn(folded, " ")])
        fault = FL_FAULT_ADDRESS;
    for (size_t i = 0; fault == FL_FAULT_UNKNOWN && i < G_N_ELEMENTS(reasons); i++) {
        if (strstr(folded, reasons[i].word))
            fault = reasons[i].fault;
    }
    g_free(folded);
    return fault;
}

/* --- fields -----------------------------------------------------------------------------------*/

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
}

/* Finds a run of exactly forty characters of base32: the code as scanned may have an address around
 * it. */
static bool token_find(const char *text, char out[LETTER_TOKEN_LEN + 1])
{
    size_t n = 0;

    for (const char *p = text;; p++) {
        char c = g_ascii_tolower(*p);

        if (is_token_char(c)) {
            if (n < LETTER_TOKEN_LEN)
                out[n] = c;
            n++;
            continue;
        }
        if (n == LETTER_TOKEN_LEN) {
            out[n] = '\0';
            return true;
        }
        if (!*p)
            return false;
        n = 0;
    }
}

static int digits(const char *s, size_t n)
{
    int value = 0;

    for (size_t i = 0; i < n; i++) {
        if (!g_ascii_isdigit(s[i]))
            return -1;
        value = value * 10 + (s[i] - '0');
    }
    return value;
}

/* 2026-11-22, 20261122, 2026.11.22, 2026/11/22, 22.11.2026; 0 for anything else. */
static int64_t date_read(const char *text)
{
    int year = -1, month = -1, day = -1;
    GDateTime *date;
    int64_t result;

    while (*text == ' ')
        text++;
    if (strlen(text) >= 10 && strchr("-./", text[4]) && text[7] == text[4]) {
        year = digits(text, 4);
        month = digits(text + 5, 2);
        day = digits(text + 8, 2);
    } else if (strlen(text) >= 10 && text[2] == '.' && text[5] == '.') {
        day = digits(text, 2);
        month = digits(text + 3, 2);
        year = digits(text + 6, 4);
    } else if (strlen(text) == 8) {
        year = digits(text, 4);
        month = digits(text + 4, 2);
        day = digits(text + 6, 2);
    }
    if (year < 2000 || month < 1 || day < 1)
        return 0;
    date = g_date_time_new_utc(year, month, day, 12, 0, 0);
    if (!date)
        return 0;
    result = g_date_time_to_unix(date) * G_USEC_PER_SEC;
    g_date_time_unref(date);
    return result;
}

/* As UTF-8: what is none is taken for CP949, the charset of older Korean systems. */
static char *utf8_of(const char *data, size_t len)
{
    char *converted = NULL;

    if (!g_utf8_validate(data, (gssize)len, NULL))
        converted = g_convert(data, (gssize)len, "UTF-8", "CP949", NULL, NULL, NULL);
    return converted ? converted : g_utf8_make_valid(data, (gssize)len);
}

/* --- rows -------------------------------------------------------------------------------------*/

struct parsing {
    const struct letter_returns_sink *sink;
    size_t line;
    size_t places[COLUMNS]; /* of each column; FIELDS_MAX: not there */
    bool is_first, is_stopped;
    char *fields[FIELDS_MAX];
    size_t n_fields;
    GString *raw;
};

static void on_field(void *data, size_t len, void *arg)
{
    struct parsing *in = arg;

    if (in->n_fields < FIELDS_MAX)
        in->fields[in->n_fields++] = utf8_of(data, MIN(len, (size_t)FIELD_MAX));
}

static const char *field(const struct parsing *in, enum column column)
{
    return in->places[column] < in->n_fields ? in->fields[in->places[column]] : "";
}

/* A first row without a token is a head when it has a name that is known. */
static bool take_head(struct parsing *in)
{
    static const char *const names[COLUMNS][6] = {
        [CODE] = {"code", "barcode", "token", "코드", "바코드", "kennung"},
        [REASON] = {"reason", "grund", "사유", "반송사유", "status", "return reason"},
        [DATE] = {"date", "datum", "일자", "날짜", "반송일", "returned"}};
    size_t places[COLUMNS] = {FIELDS_MAX, FIELDS_MAX, FIELDS_MAX};

    for (size_t i = 0; i < in->n_fields; i++) {
        char *folded = g_utf8_strdown(g_strstrip(in->fields[i]), -1);

        for (size_t c = 0; c < COLUMNS; c++) {
            for (size_t n = 0; n < G_N_ELEMENTS(names[c]); n++) {
                if (strcmp(folded, names[c][n]) == 0)
                    places[c] = i;
            }
        }
        g_free(folded);
    }
    if (places[CODE] == FIELDS_MAX)
        return false;
    memcpy(in->places, places, sizeof places);
    return true;
}

static void take_row(struct parsing *in)
{
    struct letter_return row = {.line = in->line, .reason = field(in, REASON)};
    const char *date = field(in, DATE);

    if (in->n_fields == 0 || (in->n_fields == 1 && !*g_strstrip(in->fields[0])))
        return;
    if (!token_find(field(in, CODE), row.token)) {
        if (!in->is_first || !take_head(in))
            in->sink->bad(in->sink->ctx, in->line, in->raw->str, "there is no code of ours");
        return;
    }
    row.at_us = date_read(date);
    if (!row.at_us && date[strspn(date, " ")])
        in->sink->bad(in->sink->ctx, in->line, in->raw->str,
                      "the date is none that is known; the letter counts as returned today");
    row.fault = letter_reason_class(row.reason);
    in->is_stopped = !in->sink->row(in->sink->ctx, &row);
}

static void fields_clear(struct parsing *in)
{
    for (size_t i = 0; i < in->n_fields; i++)
        g_free(in->fields[i]);
    in->n_fields = 0;
}

static void on_row(int end, void *arg)
{
    struct parsing *in = arg;

    (void)end;
    if (!in->is_stopped)
        take_row(in);
    in->is_first = false;
    fields_clear(in);
}

/* The one that stands most often in the first line. */
static unsigned char delimiter_of(const char *data, size_t len)
{
    static const char candidates[] = ",;\t";
    size_t counts[3] = {0}, best = 0;

    for (size_t i = 0; i < len && data[i] != '\n' && data[i] != '\r'; i++) {
        const char *at = data[i] ? strchr(candidates, data[i]) : NULL;

        if (at)
            counts[at - candidates]++;
    }
    for (size_t i = 1; i < 3; i++)
        best = counts[i] > counts[best] ? i : best;
    return (unsigned char)candidates[best];
}

/* Fed line by line, so that a quotation mark that is never closed costs its line and no more. */
static void parse_line(struct parsing *in, const char *data, size_t len, unsigned char delimiter)
{
    struct csv_parser parser;

    g_string_truncate(in->raw, 0);
    g_string_append_len(in->raw, data, (gssize)MIN(len, (size_t)RAW_MAX));
    if (csv_init(&parser, CSV_APPEND_NULL | CSV_STRICT | CSV_STRICT_FINI) != 0)
        return;
    csv_set_delim(&parser, delimiter);
    if (csv_parse(&parser, data, len, on_field, on_row, in) != len ||
        csv_fini(&parser, on_field, on_row, in) != 0) {
        in->sink->bad(in->sink->ctx, in->line, in->raw->str,
                      "its quotation marks are not as in RFC 4180");
        fields_clear(in);
    }
    csv_free(&parser);
}

bool letter_returns_parse(const char *data, size_t len, const struct letter_returns_sink *sink)
{
    struct parsing in = {.sink = sink, .is_first = true, .places = {0, 1, 2}};
    unsigned char delimiter;
    const char *end;

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        len -= 3;
    }
    delimiter = delimiter_of(data, len);
    in.raw = g_string_new(NULL);
    for (end = data + len; data < end && !in.is_stopped;) {
        const char *eol = memchr(data, '\n', (size_t)(end - data));
        size_t n = (size_t)((eol ? eol : end) - data);

        if (++in.line > LETTER_ROWS_MAX) {
            sink->bad(sink->ctx, in.line, "", "this line and what follows is too much for a file");
            break;
        }
        if (n && data[n - 1] == '\r')
            n--;
        parse_line(&in, data, n, delimiter);
        data = eol ? eol + 1 : end;
    }
    g_string_free(in.raw, TRUE);
    return !in.is_stopped;
}
