/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alphabets, lengths, parts. */
#include "sms_private.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

/* 3GPP TS 23.038, 6.2.1: the basic character set, without the escape. */
static const gunichar gsm_basic[] = {
    '@',    0x00a3, '$',    0x00a5, 0x00e8, 0x00e9, 0x00f9, 0x00ec, 0x00f2, 0x00c7, '\n',
    0x00d8, 0x00f8, '\r',   0x00c5, 0x00e5, 0x0394, '_',    0x03a6, 0x0393, 0x039b, 0x03a9,
    0x03a0, 0x03a8, 0x03a3, 0x0398, 0x039e, 0x00c6, 0x00e6, 0x00df, 0x00c9, ' ',    '!',
    '"',    '#',    0x00a4, '%',    '&',    '\'',   '(',    ')',    '*',    '+',    ',',
    '-',    '.',    '/',    ':',    ';',    '<',    '=',    '>',    '?',    0x00a1, 0x00c4,
    0x00d6, 0x00d1, 0x00dc, 0x00a7, 0x00bf, 0x00e4, 0x00f6, 0x00f1, 0x00fc, 0x00e0};
/* 6.2.1.1: its extension; each takes an escape besides. */
static const gunichar gsm_extension[] = {0x0c, '^', '{', '}', '\\', '[', '~', ']', '|', 0x20ac};

static bool is_among(const gunichar *set, size_t n, gunichar c)
{
    for (size_t i = 0; i < n; i++) {
        if (set[i] == c)
            return true;
    }
    return false;
}

static size_t gsm_cost(gunichar c)
{
    if (c < 0x80 && g_ascii_isalnum((char)c))
        return 1;
    if (is_among(gsm_basic, G_N_ELEMENTS(gsm_basic), c))
        return 1;
    return is_among(gsm_extension, G_N_ELEMENTS(gsm_extension), c) ? 2 : 0;
}

/* The networks take the Unified Hangul Code, which is EUC-KR with all syllables; every character
 * beyond ASCII takes two bytes. */
static size_t euckr_cost(iconv_t cd, gunichar c)
{
    char in[6], out[8];
    char *from = in, *to = out;
    size_t in_left, out_left = sizeof out;

    if (c < 0x80)
        return 1;
    in_left = (size_t)g_unichar_to_utf8(c, in);
    if (cd == (iconv_t)-1 || iconv(cd, &from, &in_left, &to, &out_left) == (size_t)-1)
        return 0;
    return sizeof out - out_left;
}

struct ruler {
    enum sms_alphabet alphabet;
    iconv_t cd;
};

static struct ruler ruler_open(enum sms_alphabet alphabet)
{
    struct ruler ruler = {alphabet, (iconv_t)-1};

    if (alphabet == SMS_EUCKR)
        ruler.cd = iconv_open("CP949", "UTF-8");
    return ruler;
}

static void ruler_close(struct ruler *ruler)
{
    if (ruler->cd != (iconv_t)-1)
        iconv_close(ruler->cd);
}

/* Units one character takes; 0: the alphabet does not have it. */
static size_t cost_of(const struct ruler *ruler, gunichar c)
{
    switch (ruler->alphabet) {
    case SMS_GSM:
        return gsm_cost(c);
    case SMS_EUCKR:
        return euckr_cost(ruler->cd, c);
    case SMS_UCS2:
        break;
    }
    return c > 0xffff ? 2 : 1;
}

static bool is_regional(gunichar c)
{
    return c >= 0x1f1e6 && c <= 0x1f1ff;
}

/* True when `c` belongs to what stands before it: marks, joiners, skin tones, the later letters of
 * a syllable written in single Jamo. */
static bool is_attached(gunichar before, gunichar c)
{
    return g_unichar_ismark(c) || c == 0x200d || before == 0x200d ||
           (c >= 0x1f3fb && c <= 0x1f3ff) || (c >= 0x1160 && c <= 0x11ff) ||
           (c >= 0xd7b0 && c <= 0xd7ff);
}

/* The end of what a reader takes for one character. */
static const char *cluster_end(const char *p)
{
    gunichar before = g_utf8_get_char(p);
    bool may_pair = is_regional(before);

    for (p = g_utf8_next_char(p); *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (!(may_pair && is_regional(c)) && !is_attached(before, c))
            break;
        may_pair = false;
        before = c;
    }
    return p;
}

static size_t units_of(const struct ruler *ruler, const char *from, const char *end)
{
    size_t units = 0;

    for (; from < end; from = g_utf8_next_char(from))
        units += cost_of(ruler, g_utf8_get_char(from));
    return units;
}

/* Where the part that begins at `p` ends: whole clusters, and whole characters of a cluster that
 * is larger than a part. */
static const char *part_end(const struct ruler *ruler, const char *p, size_t capacity)
{
    const char *begin = p;
    size_t used = 0;

    while (*p) {
        const char *end = cluster_end(p);
        size_t units = units_of(ruler, p, end);

        if (used + units > capacity) {
            if (p > begin)
                return p;
            while (used + cost_of(ruler, g_utf8_get_char(p)) <= capacity) {
                used += cost_of(ruler, g_utf8_get_char(p));
                p = g_utf8_next_char(p);
            }
            return p;
        }
        used += units;
        p = end;
    }
    return p;
}

static size_t capacity_of(enum sms_alphabet alphabet)
{
    static const size_t capacities[] = {SMS_GSM_PART, SMS_UCS2_PART, SMS_EUCKR_ONE};

    return capacities[alphabet];
}

static size_t count_parts(const struct ruler *ruler, const char *text)
{
    size_t n = 0;

    for (const char *p = text; *p; n++)
        p = part_end(ruler, p, capacity_of(ruler->alphabet));
    return n;
}

static gunichar find_unfit(const struct ruler *ruler, const char *text)
{
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        if (!cost_of(ruler, g_utf8_get_char(p)))
            return g_utf8_get_char(p);
    }
    return 0;
}

void sms_text_measure(const char *text, enum sms_charset charset, bool is_split,
                      struct sms_measure *out)
{
    static const enum sms_alphabet alphabets[] = {SMS_GSM, SMS_GSM, SMS_UCS2, SMS_EUCKR};
    static const size_t singles[] = {SMS_GSM_ONE, SMS_UCS2_ONE, SMS_EUCKR_ONE};
    struct ruler ruler = ruler_open(alphabets[charset]);

    *out = (struct sms_measure){.alphabet = ruler.alphabet, .parts = 1};
    out->unfit = find_unfit(&ruler, text);
    if (out->unfit && charset == SMS_CHARSET_AUTO) {
        ruler.alphabet = out->alphabet = SMS_UCS2;
        out->unfit = 0;
    }
    out->units = units_of(&ruler, text, text + strlen(text));
    if (out->units > singles[out->alphabet]) {
        out->is_long = out->alphabet == SMS_EUCKR && !is_split;
        if (!out->is_long && !out->unfit)
            out->parts = count_parts(&ruler, text);
    }
    ruler_close(&ruler);
}

GPtrArray *sms_text_split(const char *text, const struct sms_measure *measure)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
    struct ruler ruler = ruler_open(measure->alphabet);

    if (measure->parts <= 1)
        g_ptr_array_add(parts, g_strdup(text));
    for (const char *p = text; measure->parts > 1 && *p;) {
        const char *end = part_end(&ruler, p, capacity_of(measure->alphabet));

        g_ptr_array_add(parts, g_strndup(p, (gsize)(end - p)));
        p = end;
    }
    ruler_close(&ruler);
    return parts;
}

const char *sms_alphabet_name(enum sms_alphabet alphabet)
{
    static const char *const names[] = {"gsm", "ucs2", "euc-kr"};

    return names[alphabet];
}

char *sms_text_clean(const void *data, size_t len)
{
    char *valid = g_utf8_make_valid(data, (gssize)len);
    GString *out = g_string_sized_new(len);

    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (c == '\r' && p[1] == '\n')
            continue;
        if (c == '\r')
            c = '\n';
        if (c == '\t')
            c = ' ';
        if (c == '\n' || !g_unichar_iscntrl(c))
            g_string_append_unichar(out, c);
    }
    g_free(valid);
    return g_string_free(out, FALSE);
}

char *sms_text_decode(const char *data, size_t len, const char *charset)
{
    gsize written = 0;
    char *text, *clean;

    if (!charset || !*charset || g_ascii_strcasecmp(charset, "utf-8") == 0)
        return sms_text_clean(data, len);
    text = g_convert_with_fallback(data, (gssize)len, "UTF-8", charset, "\xef\xbf\xbd", NULL,
                                   &written, NULL);
    if (!text)
        return sms_text_clean(data, len);
    clean = sms_text_clean(text, written);
    g_free(text);
    return clean;
}

GString *sms_text_encode(const char *text, const char *charset)
{
    gsize written = 0;
    const char *name = g_ascii_strcasecmp(charset, "euc-kr") == 0 ? "CP949" : charset;
    char *bytes = g_convert(text, -1, name, "UTF-8", NULL, &written, NULL);
    GString *out = bytes ? g_string_new_len(bytes, (gssize)written) : NULL;

    g_free(bytes);
    return out;
}
