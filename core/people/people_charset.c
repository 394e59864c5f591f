#include <ctype.h>
#include <string.h>
#include <uchardet.h>

#include "base/str.h"
#include "people/people_private.h"

/* Shares of characters, in percent, that must be Hangul, and common Hangul, in a Korean text. */
enum { HANGUL_SHARE_MIN = 90, COMMON_SHARE_MIN = 60 };

/* Letters and digits alone count: "EUC-KR", "euc_kr", "euckr". */
static bool is_same_name(const char *name, const char *plain)
{
    for (; *name; name++)
        if (isalnum((unsigned char)*name) && tolower((unsigned char)*name) != *plain++)
            return false;
    return !*plain;
}

const char *people_charset_meant(const char *name)
{
    /* CP949 is EUC-KR with 8,822 more syllables; what writes "EUC-KR" writes these too. */
    static const struct {
        const char *name, *meant;
    } table[] = {
        {"euckr", "CP949"},    {"uhc", "CP949"},      {"ksc56011987", "CP949"},
        {"ksc5601", "CP949"},  {"ms949", "CP949"},    {"windows949", "CP949"},
        {"cp949", "CP949"},    {"gb2312", "GB18030"}, {"gbk", "GB18030"},
        {"shiftjis", "CP932"}, {"sjis", "CP932"},     {"iso88591", "WINDOWS-1252"},
        {"ascii", "UTF-8"},    {"usascii", "UTF-8"},  {"utf8", "UTF-8"},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (is_same_name(name, table[i].name))
            return table[i].meant;
    return name;
}

/* A list of names is too short for statistics over frequencies.  But that nearly every character is
 * a syllable, and most are of the 2,350 of KS X 1001, happens to no text of another charset: half
 * of the Chinese characters would be hanja or symbols, and Japanese kana would be other scripts. */
static bool is_korean(const unsigned char *p, size_t len)
{
    size_t n = 0, n_common = 0, n_rare = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char trail;

        if (p[i] < 0x80)
            continue;
        if (i + 1 == len)
            break; /* the sample may end within a character */
        n++;
        trail = p[i + 1];
        if (p[i] >= 0xb0 && p[i] <= 0xc8 && trail >= 0xa1 && trail != 0xff)
            n_common++;
        else if (p[i] >= 0x81 && p[i] <= 0xc6 && trail >= 0x41 && (p[i] <= 0xa0 || trail <= 0xa0))
            n_rare++;
        else if (p[i] < 0x81 || p[i] > 0xfd || trail < 0x41)
            return false;
        i++;
    }
    return n && n_common * 100 >= n * COMMON_SHARE_MIN &&
           (n_common + n_rare) * 100 >= n * HANGUL_SHARE_MIN;
}

const char *people_charset_guess(struct fl_arena *arena, const char *sample, size_t len)
{
    uchardet_t detector;
    const char *name = "";

    if (is_korean((const unsigned char *)sample, len))
        return "CP949";
    detector = uchardet_new();
    if (!detector)
        return "";
    if (!uchardet_handle_data(detector, sample, len)) {
        uchardet_data_end(detector);
        name = fl_arena_strdup(arena, people_charset_meant(uchardet_get_charset(detector)));
    }
    uchardet_delete(detector);
    return name ? name : "";
}
