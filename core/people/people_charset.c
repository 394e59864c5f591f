#include <string.h>
#include <uchardet.h>

#include "base/str.h"
#include "people/people_private.h"

/* Share of characters, in percent, that must be common Hangul to call a text Korean. */
enum { HANGUL_SHARE_MIN = 90 };

const char *people_charset_meant(const char *name)
{
    /* CP949 is EUC-KR with 8,822 more syllables; what writes "EUC-KR" writes these too. */
    static const struct {
        const char *name, *meant;
    } table[] = {
        {"EUC-KR", "CP949"},
        {"EUCKR", "CP949"},
        {"UHC", "CP949"},
        {"KS_C_5601-1987", "CP949"},
        {"KSC5601", "CP949"},
        {"MS949", "CP949"},
        {"WINDOWS-949", "CP949"},
        {"GB2312", "GB18030"},
        {"GBK", "GB18030"},
        {"SHIFT_JIS", "CP932"},
        {"ISO-8859-1", "WINDOWS-1252"},
        {"ASCII", "UTF-8"},
        {"US-ASCII", "UTF-8"},
        {"UTF8", "UTF-8"},
        {"UTF-8", "UTF-8"},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (fl_str_equal_nocase(name, table[i].name))
            return table[i].meant;
    return name;
}

/* A list of names is too short for statistics over frequencies; that nearly every character lies in
 * the 2,350 syllables of KS X 1001 is proof enough, and happens to no other charset's text. */
static bool is_korean(const unsigned char *p, size_t len)
{
    size_t n = 0, n_hangul = 0;

    for (size_t i = 0; i < len; i++) {
        if (p[i] < 0x80)
            continue;
        n++;
        if (i + 1 == len)
            break; /* the sample may end within a character */
        if (p[i] >= 0xb0 && p[i] <= 0xc8 && p[i + 1] >= 0xa1 && p[i + 1] != 0xff)
            n_hangul++;
        else if (p[i] < 0x81 || p[i] > 0xfd || p[i + 1] < 0x41)
            return false;
        i++;
    }
    return n && n_hangul * 100 >= n * HANGUL_SHARE_MIN;
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
