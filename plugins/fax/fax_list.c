/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of a listing: ours to ask for by a format, the server's and the callers' to fill. */
#include "fax/fax_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FIELDS_MAX = 10, LINE_MAX_BYTES = 2000 };

/* Cuts at '|'; the last field takes the rest, because its words may hold a '|'. */
static size_t fields_cut(char *line, char *fields[], size_t n)
{
    size_t count = 0;

    while (count < n) {
        char *bar = count + 1 < n ? strchr(line, '|') : NULL;

        fields[count++] = line;
        if (!bar)
            break;
        *bar = '\0';
        line = bar + 1;
    }
    return count;
}

static bool line_copy(const char *line, size_t len, char out[LINE_MAX_BYTES])
{
    while (len && (line[len - 1] == '\r' || line[len - 1] == '\n'))
        len--;
    if (!len || len >= LINE_MAX_BYTES || memchr(line, '\0', len))
        return false;
    memcpy(out, line, len);
    out[len] = '\0';
    return true;
}

/* Printable UTF-8 of any bytes: a sender's identity is what the sender says. */
static void words_copy(char *out, size_t size, const char *text)
{
    g_autofree char *valid = NULL;
    size_t n;

    while (*text == ' ')
        text++;
    g_strlcpy(out, text, size);
    valid = g_utf8_make_valid(out, -1);
    for (char *p = valid; *p; p++) {
        if (g_ascii_iscntrl(*p))
            *p = ' ';
    }
    g_strlcpy(out, valid, size);
    while (!g_utf8_validate(out, -1, NULL))
        out[strlen(out) - 1] = '\0';
    for (n = strlen(out); n && out[n - 1] == ' ';)
        out[--n] = '\0';
}

bool fax_int_read(const char *text, int max, int *out)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || value < 0 || value > max)
        return false;
    *out = (int)value;
    return true;
}

/* " 1:2" */
static void pair_read(const char *text, int *first, int *second)
{
    const char *colon = strchr(text, ':');

    fax_int_read(text, 1000000, first);
    if (colon)
        fax_int_read(colon + 1, 1000000, second);
}

bool fax_job_read(const char *line, size_t len, struct fax_job *out)
{
    struct fax_job job = {0};
    char copy[LINE_MAX_BYTES], *fields[FIELDS_MAX];
    int most = 0;

    if (!line_copy(line, len, copy) || fields_cut(copy, fields, 9) != 9 ||
        !fax_int_read(fields[0], INT32_MAX, &job.id) || strlen(fields[1]) != 1 ||
        !strchr("?TPSBWRDF", fields[1][0]))
        return false;
    job.state = fields[1][0];
    words_copy(job.tag, sizeof job.tag, fields[2]);
    pair_read(fields[3], &job.pages_sent, &job.pages);
    pair_read(fields[4], &job.dials, &most);
    pair_read(fields[5], &job.tries, &most);
    words_copy(job.communication, sizeof job.communication, fields[6]);
    words_copy(job.words, sizeof job.words, fields[8]);
    *out = job;
    return true;
}

/* "2026/11/22 19.58.25", in GMT */
static int64_t time_read(const char *text)
{
    struct tm tm = {0};
    time_t t;

    if (sscanf(text, "%4d/%2d/%2d %2d.%2d.%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
               &tm.tm_min, &tm.tm_sec) != 6 ||
        tm.tm_year < 1990 || tm.tm_year > 2200)
        return 0;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    t = timegm(&tm);
    return t > 0 ? (int64_t)t * 1000000 : 0;
}

static int duration_read(const char *text)
{
    int h = 0, m = 0, s = 0;

    if (sscanf(text, "%4d:%2d:%2d", &h, &m, &s) == 3)
        return h * 3600 + m * 60 + s;
    return sscanf(text, "%4d:%2d", &m, &s) == 2 ? m * 60 + s : 0;
}

bool fax_file_is_safe(const char *name)
{
    size_t n = strlen(name);

    return n >= 5 && n < 60 && g_ascii_isalnum(name[0]) &&
           (g_str_has_suffix(name, ".tif") || g_str_has_suffix(name, ".tiff")) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

bool fax_received_read(const char *line, size_t len, struct fax_received *out)
{
    struct fax_received received = {0};
    char copy[LINE_MAX_BYTES], *fields[FIELDS_MAX];
    int size = 0;

    if (!line_copy(line, len, copy) || fields_cut(copy, fields, 9) != 9)
        return false;
    words_copy(received.file, sizeof received.file, fields[1]);
    if (!fax_file_is_safe(received.file) || !fax_int_read(fields[2], INT32_MAX, &size))
        return false;
    received.is_under_way = fields[0][0] == '*';
    received.size = (size_t)size;
    fax_int_read(fields[3], 100000, &received.pages);
    received.at_us = time_read(fields[4]);
    words_copy(received.caller, sizeof received.caller, fields[5]);
    words_copy(received.sender, sizeof received.sender, fields[6]);
    received.seconds = duration_read(fields[7]);
    words_copy(received.error, sizeof received.error, fields[8]);
    *out = received;
    return true;
}
