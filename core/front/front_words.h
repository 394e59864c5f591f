/* What the public pages say, in the languages they speak. */
#ifndef FL_FRONT_WORDS_H
#define FL_FRONT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum fl_front_language { FL_FRONT_EN, FL_FRONT_KO };
enum { FL_FRONT_LANGUAGES = FL_FRONT_KO + 1 };

struct fl_front_word {
    const char *key;
    const char *text[FL_FRONT_LANGUAGES];
};

const struct fl_front_word *fl_front_words(void); /* ends with a row without key */
const char *fl_front_language_tag(enum fl_front_language language);  /* "en" */
const char *fl_front_language_name(enum fl_front_language language); /* "English" */
/* "ko", "ko-KR", "KO_kr": by the primary tag; false for a language we do not speak. */
bool fl_front_language_of(const char *tag, enum fl_front_language *out);
/* The best of an Accept-Language header. */
bool fl_front_language_accepted(const char *header, enum fl_front_language *out);
const char *fl_front_word_of(enum fl_front_language language, const char *key); /* NULL: none */

#endif
