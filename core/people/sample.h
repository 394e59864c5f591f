/*
 * The sample company's customers buy and answer: trade, and mails as their programs would write
 * them.
 *
 * FOR    the demo and tests of collecting and valuing.  The same seed and original give the same
 *        mail, byte for byte (Message-ID and boundaries come from the seed too).
 * RULES  the mails are shaped like those of Gmail, Outlook and Naver in Korean and English, with
 *        quotation, signature and the charsets these use; some are vacation notices and bounces.
 */
#ifndef FL_PEOPLE_SAMPLE_H
#define FL_PEOPLE_SAMPLE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum fl_sample_kind {
    FL_SAMPLE_COMPLAINT = 0,
    FL_SAMPLE_QUESTION,
    FL_SAMPLE_PRAISE,
    FL_SAMPLE_ORDER,
    FL_SAMPLE_SUGGESTION,
    FL_SAMPLE_OPT_OUT,
    FL_SAMPLE_VACATION,
    FL_SAMPLE_BOUNCE
};
enum { FL_SAMPLE_KINDS = FL_SAMPLE_BOUNCE + 1 };

struct fl_sample_original {
    const char *language;      /* of the customer: "ko..." answers in Korean, else in English */
    const char *customer;      /* e-mail address of the customer */
    const char *customer_name; /* may be "" */
    const char *from;          /* From of the original, address only */
    const char *from_name;     /* may be "" */
    const char *reply_to;      /* where the answer goes: with the token */
    const char *return_path;   /* where a bounce goes; NULL: as reply_to */
    const char *subject;
    const char *message_id; /* without brackets */
    const char *text;       /* plain text of the original */
    int64_t now_us;         /* when the customer writes */
};

struct fl_sample_mail {
    char *data; /* RFC 5322, lines end with CRLF */
    size_t len;
    enum fl_sample_kind kind;
    const char *words; /* what the customer says, without closing and signature; "" of bounces */
    const char *to;    /* envelope recipient */
};

/* One answer to one mail; which kind, words and program is drawn from the seed. */
FL_CHECK_RESULT enum fl_status fl_people_sample_reply(struct fl_arena *arena, uint64_t seed,
                                                      const struct fl_sample_original *original,
                                                      struct fl_sample_mail *out,
                                                      struct fl_error *err);

const char *fl_sample_kind_name(enum fl_sample_kind kind); /* "complaint", ... */

/* What the customers of fl_people_sample(seed, n, today) did until the day before: files as
 * `import` takes them (people/trade.h), money in won.  The case of Park & Kim 2002, figure 5: the
 * mothers' class gets much (samples, gifts, coupons) and earns the firm little; home delivery
 * earns it much and gets little; the shop is in between.  Drawn from the models of value/, so that
 * these fit. */
struct fl_sample_trade {
    const char *transactions, *subscriptions, *referrals; /* CSV */
    const char *events;                                   /* JSON Lines: complaints, answers */
};
FL_CHECK_RESULT enum fl_status fl_people_sample_trade(struct fl_arena *arena, uint64_t seed, int n,
                                                      int32_t today, struct fl_sample_trade *out,
                                                      struct fl_error *err);

#endif
