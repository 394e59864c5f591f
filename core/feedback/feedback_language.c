/* Which language a text is in: by its script, then by the frequent words of the tables. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "feedback/feedback_private.h"

enum { LOOKED_AT_MAX = 2000, WORD_MAX = 24, LANGUAGES_MAX = 32 };

struct scripts {
    size_t hangul, kana, han, cyrillic, latin;
};

static void count_scripts(const char *text, size_t len, struct scripts *out)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + len;

    while (p < end) {
        uint32_t cp = p[0];

        if (cp >= 0xe0 && cp < 0xf0 && end - p >= 3) {
            cp = (cp & 15u) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
            p += 3;
        } else if (cp >= 0xc0 && cp < 0xe0 && end - p >= 2) {
            cp = (cp & 31u) << 6 | (p[1] & 63u);
            p += 2;
        } else {
            p++;
        }
        if ((cp >= 0xac00 && cp <= 0xd7a3) || (cp >= 0x3131 && cp <= 0x318e))
            out->hangul++;
        else if (cp >= 0x3041 && cp <= 0x30ff)
            out->kana++;
        else if (cp >= 0x4e00 && cp <= 0x9fff)
            out->han++;
        else if (cp >= 0x400 && cp <= 0x4ff)
            out->cyrillic++;
        else if ((cp < 0x80 && isalpha((int)cp)) || (cp >= 0xc0 && cp <= 0x24f))
            out->latin++;
    }
}

static const char *by_words(const char *text, size_t len)
{
    size_t hits[LANGUAGES_MAX] = {0}, best = 0;
    const char *end = text + len;

    while (text < end) {
        size_t n = 0;

        while (text + n < end &&
               (isalpha((unsigned char)text[n]) || (unsigned char)text[n] >= 0x80))
            n++;
        for (size_t i = 0; n && n < WORD_MAX && fl_feedback_languages[i] && i < LANGUAGES_MAX;
             i++) {
            const char *const *words = fl_feedback_languages[i]->stop_words;

            for (; words && *words; words++)
                hits[i] += !(((*words)[0] ^ text[0]) & ~32) && strlen(*words) == n &&
                           strncasecmp(text, *words, n) == 0;
        }
        text += n ? n : 1;
    }
    for (size_t i = 1; fl_feedback_languages[i] && i < LANGUAGES_MAX; i++)
        if (hits[i] > hits[best])
            best = i;
    return hits[best] ? fl_feedback_languages[best]->language : "";
}

const char *fl_feedback_language(const char *text)
{
    size_t len = fl_feedback_utf8_cut(text, strlen(text), LOOKED_AT_MAX);
    struct scripts n = {0, 0, 0, 0, 0};
    size_t cjk;

    count_scripts(text, len, &n);
    cjk = n.hangul + n.kana + n.han;
    /* A syllable or ideograph says about as much as three letters. */
    if (cjk && 3 * cjk >= n.latin + n.cyrillic) {
        if (n.hangul >= n.kana + n.han || 3 * n.hangul >= cjk)
            return "ko";
        return n.kana * 5 >= n.han ? "ja" : "zh";
    }
    if (n.cyrillic > n.latin)
        return "ru";
    return n.latin ? by_words(text, len) : "";
}
