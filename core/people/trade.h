/*
 * People: bringing in what customers did - purchases, subscriptions, referrals, complaints, answers
 * given elsewhere.
 *
 * FOR    `import transactions|subscriptions|referrals|events` and the sample company.
 * FORMS  CSV with a header (one kind a file); JSON, one object a line; XML, one element a fact
 * under <events>, held to etc/schema/events.rng.  The same fields, checks and faults in all three.
 * FIELDS transaction   id customer date kind amount margin quantity reference_price discount points
 *                      gift fee shipping currency product
 *        subscription  id customer start end period price margin currency product
 *        referral      referrer referred date
 *        complaint     id customer opened settled text
 *        answer        id customer question value low high at
 *        In CSV `transaction` and `subscription` are other names of id; in JSON and XML the kind of
 * a fact is its member "type", or the element's name.  Customers are external ids. RULES everything
 * is checked, every fault listed with line, field, value and reason; with a fault nothing is
 * written, else all in one transaction.  Idempotent by id: the same again changes nothing, the same
 * id with other content is a fault.  A CSV of transactions without ids gets them from its content,
 * so that reading it twice is harmless as well. Money is decimal text with at most `minor_digits`
 * decimals and never negative: money that went back is kind = refund.  `margin` may be negative.
 * Days are the organisation's.
 */
#ifndef FL_PEOPLE_TRADE_H
#define FL_PEOPLE_TRADE_H

#include "base/arena.h"
#include "base/faults.h"
#include "store/store.h"

enum fl_fact {
    FL_FACT_TRANSACTION = 0,
    FL_FACT_SUBSCRIPTION,
    FL_FACT_REFERRAL,
    FL_FACT_COMPLAINT,
    FL_FACT_ANSWER
};
enum { FL_FACTS = FL_FACT_ANSWER + 1 };

enum fl_fact_form { FL_FACT_CSV = 0, FL_FACT_JSON, FL_FACT_XML };

enum {
    FL_FACT_ID_MAX = 200,    /* bytes */
    FL_FACT_TEXT_MAX = 4000, /* bytes of a complaint */
    FL_FACT_LINE_MAX = 64 << 10,
    FL_FACT_PERIOD_DAYS_MAX = 3660,
    FL_FACT_QUANTITY_MAX = 1000000
};
#define FL_FACT_MINOR_MAX INT64_C(1000000000000000) /* 1e15: sums of a thousand stay exact */

struct fl_fact_options {
    const char *name; /* of the file, for messages */
    enum fl_fact_form form;
    enum fl_fact fact;    /* CSV: what its rows are */
    const char *map;      /* CSV: "COLUMN=FIELD,..." */
    const char *charset;  /* CSV: NULL: detect */
    const char *currency; /* "": what the file or the store says */
    int minor_digits;
    double margin_rate; /* of what was paid, where no margin is given */
    int64_t now_us;
    bool is_dry_run;
    /* Wall-clock time of the organisation, as if it were UTC, to the instant and back. */
    int64_t (*of_local)(void *ctx, int64_t local_us);
    int64_t (*to_local)(void *ctx, int64_t us);
    void (*progress)(void *ctx, int64_t done, int64_t total); /* bytes; may be NULL */
    void *ctx;
};

struct fl_fact_result {
    const char *charset;
    int64_t n_rows, n_inserted, n_updated, n_unchanged;
    int64_t by_fact[FL_FACTS];
};

/* FL_INVALID: faults has them all and nothing was written. */
FL_CHECK_RESULT enum fl_status fl_people_import_facts(struct fl_store *store, int fd,
                                                      const struct fl_fact_options *options,
                                                      struct fl_faults *faults,
                                                      struct fl_fact_result *out,
                                                      struct fl_error *err);

/* "12.5" with 2 digits is 1250.  False: no decimal number, too many decimals, too large. */
bool fl_people_money_parse(const char *text, int minor_digits, int64_t *out_minor);
/* "7d" "4w" "1M" (30 days) "1y" (365) or a number of days. */
bool fl_people_period_parse(const char *text, int32_t *out_days);

const char *fl_fact_name(enum fl_fact fact); /* "transaction" ... */

#endif
