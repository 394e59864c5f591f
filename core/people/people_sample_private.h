/* Inside the room: how a sample answer is put together before it becomes a mail. */
#ifndef FL_PEOPLE_SAMPLE_PRIVATE_H
#define FL_PEOPLE_SAMPLE_PRIVATE_H

#include "base/clock.h"
#include "base/str.h"
#include "people/people_random.h"
#include "people/sample.h"

/* ---- who they are and what they buy ----------------------------------------------------------*/

enum sample_segment { SAMPLE_MOTHERS_CLASS, SAMPLE_HOME_DELIVERY, SAMPLE_SHOP };

enum { SAMPLE_MONTH_DAYS = 30 /* of a delivery that is paid by the month */ };
#define SAMPLE_CUSTOMER_ID "C%06d"

/* FL_DATE_NONE where there is none. */
struct sample_person {
    int number;
    bool is_korean;
    enum sample_segment segment;
    int32_t joined, birth;
    int32_t contract_start, contract_end; /* the end to come, where has_left is not set */
    bool has_left;
};

typedef void people_sample_fn(void *ctx, const struct sample_person *person, const char *row);
/* All customers of a sample with their rows of the file; the same for the same seed. */
FL_CHECK_RESULT enum fl_status people_sample_each(uint64_t seed, int n, int32_t today,
                                                  people_sample_fn *fn, void *ctx,
                                                  struct fl_error *err);

/* ---- what they answer ------------------------------------------------------------------------*/

/* The programs whose habits are followed. */
enum sample_program { SAMPLE_GMAIL, SAMPLE_OUTLOOK, SAMPLE_NAVER, SAMPLE_IPHONE };
enum { SAMPLE_PROGRAMS = SAMPLE_IPHONE + 1 };

enum { SAMPLE_TEXT_MAX = 256 << 10 };

struct sample_answer {
    struct fl_arena *arena;
    const struct fl_sample_original *original;
    struct people_random random;
    enum fl_sample_kind kind;
    enum sample_program program;
    bool is_korean;
    const char *words;     /* the customer's own */
    const char *closing;   /* "Kind regards"; "" for none */
    const char *signature; /* "" for none */
    const char *plain;     /* the whole body as text */
    const char *html;      /* NULL: text only */
    const char *subject;
};

/* people_sample_words.c: what customers say; never NULL. */
const char *people_sample_words(struct people_random *random, enum fl_sample_kind kind,
                                bool is_korean);
const char *people_sample_greeting(struct people_random *random, bool is_korean);
const char *people_sample_closing(struct people_random *random, bool is_korean);

/* people_sample_text.c: fills plain, html and subject; false: out of memory. */
bool people_sample_compose(struct sample_answer *answer);

/* people_sample_mail.c: the answer as a mail. */
FL_CHECK_RESULT enum fl_status people_sample_mail(struct sample_answer *answer,
                                                  struct fl_sample_mail *out, struct fl_error *err);

#endif
