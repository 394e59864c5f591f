/* Bytes of unknown honesty to UTF-8. */
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uchardet.h>

#include "base/file.h"
#include "feedback/feedback_private.h"

enum { CHARSET_NAME_MAX = 40, DETECT_BYTES_MAX = 64 << 10 };

/* What mail programs write and what they mean by it. */
static const struct {
    const char *name, *meant;
} aliases[] = {
    {"euc-kr", "CP949"},
    {"euckr", "CP949"},
    {"ks_c_5601-1987", "CP949"},
    {"ks_c_5601-1989", "CP949"},
    {"ks_c_5601", "CP949"},
    {"ksc5601", "CP949"},
    {"ksc_5601", "CP949"},
    {"korean", "CP949"},
    {"cp949", "CP949"},
    {"ms949", "CP949"},
    {"uhc", "CP949"},
    {"windows-949", "CP949"},
    {"x-windows-949", "CP949"},
    {"iso-2022-kr", "ISO-2022-KR"},
    {"csiso2022kr", "ISO-2022-KR"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"x-sjis", "CP932"},
    {"sjis", "CP932"},
    {"windows-31j", "CP932"},
    {"euc-jp", "EUC-JP-MS"},
    {"iso-2022-jp", "ISO-2022-JP-2"},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"x-gbk", "GB18030"},
    {"gb18030", "GB18030"},
    {"hz-gb-2312", "HZ"},
    {"big5", "CP950"},
    {"big5-hkscs", "BIG5-HKSCS"},
    {"utf-8", "UTF-8"},
    {"utf8", "UTF-8"},
    {"unicode-1-1-utf-8", "UTF-8"},
    {"utf-7", "UTF-7"},
    {"unicode-1-1-utf-7", "UTF-7"},
    {"utf-16", "UTF-16"},
    {"utf-16le", "UTF-16LE"},
    {"utf-16be", "UTF-16BE"},
    {"us-ascii", "CP1252"},
    {"ascii", "CP1252"},
    {"iso-8859-1", "CP1252"},
    {"latin1", "CP1252"},
    {"iso-8859-9", "CP1254"},
    {"iso-8859-11", "CP874"},
    {"tis-620", "CP874"},
};

/* In these, bytes below 0x80 are not ASCII by themselves. */
static bool is_stateful(const char *name)
{
    return strncmp(name, "ISO-2022", 8) == 0 || strcmp(name, "UTF-7") == 0 ||
           strcmp(name, "HZ") == 0 || strncmp(name, "UTF-16", 6) == 0;
}

/* Charsets in which random bytes are seldom well formed, so that success proves something. */
static bool is_telling(const char *name)
{
    static const char *const telling[] = {"CP949",    "CP932",      "EUC-JP-MS", "GB18030",
                                          "CP950",    "BIG5-HKSCS", "UTF-8",     "UTF-16",
                                          "UTF-16LE", "UTF-16BE"};

    for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++)
        if (strcmp(name, telling[i]) == 0)
            return true;
    return is_stateful(name);
}

/* The name iconv knows; "" for none or one that is no name at all. */
static void charset_name(const char *charset, char out[CHARSET_NAME_MAX])
{
    size_t len = charset ? strlen(charset) : 0;

    out[0] = '\0';
    if (!len || len >= CHARSET_NAME_MAX)
        return;
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strcasecmp(charset, aliases[i].name) == 0) {
            memcpy(out, aliases[i].meant, strlen(aliases[i].meant) + 1);
            return;
        }
    /* iconv reads '/' as an option and looks names up as files. */
    for (size_t i = 0; i < len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
                    charset[i]))
            return;
    memcpy(out, charset, len + 1);
}

/* Converts; malformed bytes become U+FFFD and are counted.  -1: no such charset. */
static long convert(const char *name, const char *data, size_t len, struct fl_buf *out)
{
    iconv_t cd = iconv_open("UTF-8", name);
    char *in = (char *)(uintptr_t)data, chunk[4096];
    long n_bad = 0;

    if (cd == (iconv_t)-1)
        return -1;
    while (len) {
        char *to = chunk;
        size_t room = sizeof chunk;
        size_t st = iconv(cd, &in, &len, &to, &room);
        int reason = errno;

        fl_buf_add(out, chunk, sizeof chunk - room);
        if (st != (size_t)-1 || fl_buf_failed(out))
            break;
        if (reason == E2BIG)
            continue;
        fl_buf_puts(out, "\xef\xbf\xbd");
        n_bad++;
        in++;
        len--;
    }
    iconv_close(cd);
    return n_bad;
}

/* UTF-8 as it is, with what is malformed replaced. */
static void sanitise(const char *data, size_t len, struct fl_buf *out)
{
    size_t i = 0;

    while (i < len) {
        size_t n = 1;

        if ((unsigned char)data[i] >= 0x80) {
            for (n = 2; n <= 4 && i + n <= len; n++)
                if (fl_utf8_is_valid(data + i, n))
                    break;
            if (n > 4 || i + n > len)
                n = 0;
        }
        if (n)
            fl_buf_add(out, data + i, n);
        else
            fl_buf_puts(out, "\xef\xbf\xbd");
        i += n ? n : 1;
    }
}

/* Korean in two bytes: nearly everything above ASCII is a common syllable. */
static bool looks_like_cp949(const char *data, size_t len)
{
    size_t n_hangul = 0, n_pairs = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char lead = (unsigned char)data[i], trail;

        if (lead < 0x80)
            continue;
        if (++i == len)
            break; /* cut in the middle of a pair */
        trail = (unsigned char)data[i];
        if (lead == 0x80 || lead == 0xff || trail < 0x41 || trail == 0xff)
            return false;
        n_pairs++;
        n_hangul += lead >= 0xb0 && lead <= 0xc8 && trail >= 0xa1;
    }
    return n_pairs && n_hangul * 10 >= n_pairs * 6;
}

static bool is_plain_ascii(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)data[i] >= 0x80 || data[i] == '\0' || data[i] == 0x1b || data[i] == 0x0e)
            return false;
    return true;
}

static void detect(const char *data, size_t len, char out[CHARSET_NAME_MAX])
{
    uchardet_t detector = uchardet_new();

    out[0] = '\0';
    if (!detector)
        return;
    if (uchardet_handle_data(detector, data, len < DETECT_BYTES_MAX ? len : DETECT_BYTES_MAX) ==
        0) {
        uchardet_data_end(detector);
        charset_name(uchardet_get_charset(detector), out);
    }
    uchardet_delete(detector);
}

static bool convert_whole(const char *name, const char *data, size_t len, struct fl_buf *out)
{
    if (convert(name, data, len, out) == 0 && !fl_buf_failed(out))
        return true;
    fl_buf_reset(out);
    return false;
}

static void guess(const char *name, const char *data, size_t len, struct fl_buf *out)
{
    char detected[CHARSET_NAME_MAX];

    if (name[0] && is_telling(name) && convert_whole(name, data, len, out))
        return;
    if (fl_utf8_is_valid(data, len) && !memchr(data, 0x1b, len)) {
        fl_buf_add(out, data, len);
        return;
    }
    if (len > 4 && memmem(data, len, "\x1b$)C", 4) && convert_whole("ISO-2022-KR", data, len, out))
        return;
    if (len > 3 && memmem(data, len, "\x1b$B", 3) && convert_whole("ISO-2022-JP-2", data, len, out))
        return;
    if (looks_like_cp949(data, len)) {
        convert("CP949", data, len, out);
        return;
    }
    if (strcmp(name, "UTF-8") == 0) {
        sanitise(data, len, out);
        return;
    }
    if (!name[0]) {
        detect(data, len, detected);
        name = detected[0] ? detected : "CP1252";
    }
    if (convert(name, data, len, out) < 0)
        sanitise(data, len, out);
}

/* --- syllables of KS X 1001 annex 3: a filler and three letters --------------------------------*/

static bool letter(const char *s, uint32_t *cp)
{
    const unsigned char *u = (const unsigned char *)s;

    if (u[0] != 0xe3 || (u[1] != 0x84 && u[1] != 0x85))
        return false;
    *cp = 0x3000 | (u[1] & 63u) << 6 | (u[2] & 63u);
    return *cp >= 0x3131 && *cp <= 0x3164;
}

static int index_of(uint32_t cp, const char *order)
{
    const char *at = cp - 0x3131 < 30 ? strchr(order, (int)('A' + (cp - 0x3131))) : NULL;

    return at ? (int)(at - order) : -1;
}

/* The syllable that filler, initial, vowel and final (or filler) at `s` stand for; 0: none. */
static uint32_t composed(const char *s)
{
    /* Initials and finals as places in the row of letters from U+3131 ('A') on. */
    static const char initials[] = "ABDGHIQRSUVWXYZ[\\]^";
    static const char finals[] = "ABCDEFGIJKLMNOPQRTUVWXZ[\\]^";
    uint32_t filler, initial, vowel, final;
    int i, f;

    if (!letter(s, &filler) || filler != 0x3164 || !letter(s + 3, &initial) ||
        !letter(s + 6, &vowel) || !letter(s + 9, &final) || vowel < 0x314f || vowel > 0x3163)
        return 0;
    i = index_of(initial, initials);
    f = final == 0x3164 ? 0 : index_of(final, finals) + 1;
    if (i < 0 || (final != 0x3164 && f == 0))
        return 0;
    return 0xac00 + ((uint32_t)i * 21 + vowel - 0x314f) * 28 + (uint32_t)f;
}

static void compose_syllables(char *s)
{
    char *to = s, *end = s + strlen(s);

    while (s < end) {
        uint32_t cp = end - s >= 12 ? composed(s) : 0;

        if (!cp) {
            *to++ = *s++;
            continue;
        }
        *to++ = (char)(0xe0 | cp >> 12);
        *to++ = (char)(0x80 | (cp >> 6 & 63));
        *to++ = (char)(0x80 | (cp & 63));
        s += 12;
    }
    *to = '\0';
}

const char *fl_feedback_to_utf8(struct fl_arena *arena, const char *charset, const char *data,
                                size_t len)
{
    FL_AUTO_BUF struct fl_buf buf = FL_BUF(len * 4 + 64);
    char name[CHARSET_NAME_MAX];
    char *out;
    size_t n = 0;

    charset_name(charset, name);
    if (!len || (is_plain_ascii(data, len) && !is_stateful(name)))
        return fl_arena_strndup(arena, data, len);
    guess(name, data, len, &buf);
    if (fl_buf_failed(&buf) || !fl_utf8_is_valid(buf.data, buf.len)) {
        /* A converter that gives more than four bytes for one, or not UTF-8: take it literally. */
        fl_buf_reset(&buf);
        sanitise(data, len, &buf);
    }
    out = fl_arena_alloc(arena, buf.len + 1);
    if (!out)
        return NULL;
    for (size_t i = 0; i < buf.len; i++)
        if (buf.data[i])
            out[n++] = buf.data[i];
    out[n] = '\0';
    compose_syllables(out);
    return out;
}

void fl_feedback_unify_newlines(char *s)
{
    char *to = s;

    for (; *s; s++) {
        if (*s == '\r') {
            if (s[1] == '\n')
                continue;
            *to++ = '\n';
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

size_t fl_feedback_utf8_cut(const char *s, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max && ((unsigned char)s[max] & 0xc0) == 0x80)
        max--;
    return max;
}
