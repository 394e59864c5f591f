/* Facts: from texts to what the store takes. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include "people/people_fact_private.h"

enum {
    MADE_ID_SIZE = 96,
    PRODUCT_MAX = 200,
    QUESTION_MAX = 64,
    CURRENCY_LENGTH = 3,
    DAYS_PER_MONTH = 30
};

/* A field being read. */
struct field {
    struct people_facts *facts;
    const struct people_fact *fact;
    int field;
};

#define FIELD_FAULT(f, ...)                                                                        \
    fl_faults_add((f)->facts->faults, (f)->facts->options->name, (f)->fact->line,                  \
                  people_fact_field_name((f)->field), (f)->fact->value[(f)->field], __VA_ARGS__)

static struct field field_of(struct people_facts *facts, const struct people_fact *fact, int field)
{
    return (struct field){facts, fact, field};
}

static const char *text_of(const struct field *f)
{
    return f->fact->value[f->field];
}

static bool is_printable(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t')
            return false;
    return true;
}

/* False and a fault when it is needed and missing, or unfit; *out stays where it is not given. */
static bool read_text(struct field f, bool is_needed, size_t max, const char **out)
{
    const char *text = text_of(&f);

    if (!text) {
        if (is_needed)
            FIELD_FAULT(&f, "is missing");
        return !is_needed;
    }
    if (strlen(text) > max)
        FIELD_FAULT(&f, "%zu bytes, at most %zu", strlen(text), max);
    else if (!is_printable(text))
        FIELD_FAULT(&f, "a control character within");
    else {
        *out = text;
        return true;
    }
    return false;
}

static bool read_money(struct field f, bool is_needed, bool may_be_negative, int64_t *out)
{
    const char *text = text_of(&f);
    int64_t minor;

    if (!text) {
        if (is_needed)
            FIELD_FAULT(&f, "is missing");
        return !is_needed;
    }
    if (!fl_people_money_parse(text, f.facts->options->minor_digits, &minor))
        FIELD_FAULT(&f,
                    "an amount of money with at most %d decimals is expected, without "
                    "separators for thousands",
                    f.facts->options->minor_digits);
    else if (minor < 0 && !may_be_negative)
        FIELD_FAULT(&f, "is negative%s",
                    f.field == FACT_AMOUNT ? "; what went back is kind refund with its amount"
                                           : "");
    else {
        *out = minor;
        return true;
    }
    return false;
}

static bool number_parse(const char *text, double *out)
{
    char *end;
    double value;

    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
        return false;
    errno = 0;
    value = strtod(text, &end);
    if (*end || errno || !isfinite(value))
        return false;
    *out = value;
    return true;
}

static bool read_number(struct field f, bool is_needed, double min, double max, double *out)
{
    const char *text = text_of(&f);
    double value;

    if (!text) {
        if (is_needed)
            FIELD_FAULT(&f, "is missing");
        return !is_needed;
    }
    if (number_parse(text, &value) && value >= min && value <= max) {
        *out = value;
        return true;
    }
    FIELD_FAULT(&f, "a number within %g..%g is expected", min, max);
    return false;
}

/* An instant: a date is the beginning of that day, a time without zone the organisation's.  What
 * lies in the future is a fault unless `may_be_ahead`. */
static bool read_time(struct field f, bool is_needed, bool may_be_ahead, int64_t *out_us,
                      int32_t *out_date)
{
    const struct fl_fact_options *options = f.facts->options;
    const char *text = text_of(&f);
    const char *clock;
    int64_t at_us;
    int32_t date;

    if (!text) {
        if (is_needed)
            FIELD_FAULT(&f, "is missing");
        return !is_needed;
    }
    clock = strpbrk(text, "Tt ");
    if (fl_date_parse(text, &date)) {
        at_us = options->of_local(options->ctx, (int64_t)date * FL_US_PER_DAY);
    } else if (clock && fl_time_parse(text, &at_us)) {
        if (!strpbrk(clock, "Zz+-")) /* read as UTC, meant as local */
            at_us = options->of_local(options->ctx, at_us);
        date = fl_date_of_time(options->to_local(options->ctx, at_us));
    } else {
        FIELD_FAULT(&f,
                    "a date as \"2026-11-22\" or a time as \"2026-11-22T10:00:00\" is expected");
        return false;
    }
    if (!may_be_ahead && date > fl_date_of_time(options->to_local(options->ctx, options->now_us))) {
        FIELD_FAULT(&f, "lies in the future");
        return false;
    }
    *out_us = at_us;
    *out_date = date;
    return true;
}

static bool read_customer(struct field f, int64_t *out, enum fl_status *out_st,
                          struct fl_error *err)
{
    const char *id = NULL;
    enum fl_status st;

    if (!read_text(f, true, PEOPLE_EXTERNAL_ID_MAX, &id))
        return false;
    st = fl_store_customer_find(f.facts->store, id, out, err);
    if (st == FL_NOT_FOUND)
        FIELD_FAULT(&f, "no such customer; import customers first");
    else if (st)
        *out_st = st;
    return st == FL_OK;
}

/* The currency of a fact: its own, the configured one, the store's, or that of the first fact. */
static bool read_currency(struct field f, const char **out)
{
    struct people_facts *facts = f.facts;
    const char *given = NULL;

    if (!read_text(f, false, CURRENCY_LENGTH, &given))
        return false;
    if (!given && !*facts->currency) {
        FIELD_FAULT(&f, "is missing; give it, or set currency in value { }");
        return false;
    }
    if (given && (strlen(given) != CURRENCY_LENGTH ||
                  strspn(given, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != CURRENCY_LENGTH)) {
        FIELD_FAULT(&f, "three capital letters such as KRW are expected");
        return false;
    }
    if (given && !*facts->currency)
        memcpy(facts->currency, given, CURRENCY_LENGTH + 1);
    if (given && strcmp(given, facts->currency) != 0) {
        FIELD_FAULT(&f, "values are in %s; amounts of another currency cannot be added to them",
                    facts->currency);
        return false;
    }
    *out = facts->currency;
    return true;
}

/* A fact without an id gets one from its content; the n-th of equal ones in a file is another. */
static const char *made_id(struct people_facts *facts, const struct people_fact *fact)
{
    struct fl_buf text = FL_BUF(FL_FACT_LINE_MAX);
    char hash[FL_SHA256_HEX_SIZE];
    char *id = fl_arena_alloc(facts->arena, MADE_ID_SIZE);
    long known = 1;

    for (int i = 0; i < FACT_FIELDS; i++)
        fl_buf_printf(&text, "%s\x1f", fact->value[i] ? fact->value[i] : "");
    if (!id || fl_buf_failed(&text)) {
        fl_buf_finish(&text);
        return NULL;
    }
    fl_sha256_hex(text.data, text.len, hash);
    fl_buf_finish(&text);
    for (int n = 1; known > 0; n++) {
        snprintf(id, MADE_ID_SIZE, "content-%.32s-%d", hash, n);
        known = people_keys_add(&facts->keys, id, fact->line);
    }
    return known < 0 ? NULL : id;
}

static bool read_id(struct people_facts *facts, const struct people_fact *fact, const char **out,
                    enum fl_status *out_st, struct fl_error *err)
{
    if (fact->value[FACT_ID] || facts->options->form != FL_FACT_CSV ||
        fact->fact != FL_FACT_TRANSACTION)
        return read_text(field_of(facts, fact, FACT_ID), true, FL_FACT_ID_MAX, out);
    *out = made_id(facts, fact);
    if (!*out)
        *out_st = fl_error_set(err, FL_IO, "out of memory");
    return *out != NULL;
}

static void count(struct people_facts *facts, const struct people_fact *fact, enum fl_put put)
{
    facts->result.n_inserted += put == FL_PUT_INSERTED;
    facts->result.n_updated += put == FL_PUT_UPDATED;
    facts->result.n_unchanged += put == FL_PUT_UNCHANGED;
    facts->result.by_fact[fact->fact]++;
}

/* What the store says of a fact: counted, a fault of the file, or a failure. */
static enum fl_status settle(struct people_facts *facts, const struct people_fact *fact, int field,
                             enum fl_status st, enum fl_put put, struct fl_error *err)
{
    struct field f = field_of(facts, fact, field);

    if (!st)
        count(facts, fact, put);
    else if (st == FL_CONFLICT || st == FL_REJECTED || st == FL_INVALID) {
        FIELD_FAULT(&f, "%s", err ? err->text : fl_status_name(st));
        return FL_OK;
    }
    return st;
}

/* ---- transactions ----------------------------------------------------------------------------*/

static bool read_kind(struct field f, enum fl_transaction_kind *out)
{
    const char *text = text_of(&f);

    *out = FL_TRANSACTION_PURCHASE;
    if (!text || fl_transaction_kind_parse(text, out))
        return true;
    FIELD_FAULT(&f, "purchase, refund, gift, points or fee is expected");
    return false;
}

/* What was saved against the reference price, beyond the discount that is counted by itself. */
static bool read_saved(struct people_facts *facts, const struct people_fact *fact,
                       struct fl_transaction *out)
{
    int64_t reference = -1;
    double quantity = 1, saved;

    if (!read_number(field_of(facts, fact, FACT_QUANTITY), false, 0, FL_FACT_QUANTITY_MAX,
                     &quantity) ||
        !read_money(field_of(facts, fact, FACT_REFERENCE_PRICE), false, false, &reference))
        return false;
    if (reference < 0 || out->kind != FL_TRANSACTION_PURCHASE)
        return true;
    saved = (double)reference * quantity - (double)(out->amount_minor + out->discount_minor);
    if (fabs(saved) > (double)FL_FACT_MINOR_MAX) {
        struct field f = field_of(facts, fact, FACT_REFERENCE_PRICE);

        FIELD_FAULT(&f, "times the quantity is too large");
        return false;
    }
    out->saved_minor = llround(saved);
    return true;
}

static bool read_points(struct field f, int64_t *out)
{
    const char *text = text_of(&f);

    if (!text || fl_str_parse_i64(text, -FL_FACT_MINOR_MAX, FL_FACT_MINOR_MAX, out))
        return true;
    FIELD_FAULT(&f, "a whole number is expected");
    return false;
}

static bool read_amounts(struct people_facts *facts, const struct people_fact *fact,
                         struct fl_transaction *out)
{
    bool has_amount = out->kind == FL_TRANSACTION_PURCHASE || out->kind == FL_TRANSACTION_REFUND;
    bool is_good =
        read_money(field_of(facts, fact, FACT_AMOUNT), has_amount, false, &out->amount_minor);

    is_good &= read_money(field_of(facts, fact, FACT_DISCOUNT), false, false, &out->discount_minor);
    is_good &= read_money(field_of(facts, fact, FACT_GIFT), out->kind == FL_TRANSACTION_GIFT, false,
                          &out->gift_minor);
    is_good &= read_money(field_of(facts, fact, FACT_FEE), out->kind == FL_TRANSACTION_FEE, false,
                          &out->fee_minor);
    is_good &= read_money(field_of(facts, fact, FACT_SHIPPING), false, false, &out->shipping_minor);
    is_good &= read_points(field_of(facts, fact, FACT_POINTS), &out->points);
    out->margin_minor = llround((double)out->amount_minor * facts->options->margin_rate);
    is_good &= read_money(field_of(facts, fact, FACT_MARGIN), false,
                          out->kind != FL_TRANSACTION_REFUND, &out->margin_minor);
    return is_good && read_saved(facts, fact, out);
}

static enum fl_status take_transaction(struct people_facts *facts, const struct people_fact *fact,
                                       struct fl_error *err)
{
    struct fl_transaction transaction = {.product = ""};
    enum fl_status st = FL_OK;
    enum fl_put put;
    int64_t id;
    bool is_good = read_id(facts, fact, &transaction.external_id, &st, err);

    is_good &= read_customer(field_of(facts, fact, FACT_CUSTOMER), &transaction.customer, &st, err);
    is_good &= read_kind(field_of(facts, fact, FACT_KIND), &transaction.kind);
    is_good &= read_time(field_of(facts, fact, FACT_DATE), true, false, &transaction.at_us,
                         &transaction.date);
    is_good &= read_amounts(facts, fact, &transaction);
    is_good &= read_currency(field_of(facts, fact, FACT_CURRENCY), &transaction.currency);
    is_good &=
        read_text(field_of(facts, fact, FACT_PRODUCT), false, PRODUCT_MAX, &transaction.product);
    if (st || !is_good || people_facts_have_faults(facts))
        return st;
    st = fl_store_transaction_put(facts->store, &transaction, &put, &id, err);
    return settle(facts, fact, st == FL_REJECTED ? FACT_CURRENCY : FACT_ID, st, put, err);
}

/* ---- the others ------------------------------------------------------------------------------*/

static bool read_period(struct field f, int32_t *out)
{
    const char *text = NULL;

    if (!read_text(f, true, QUESTION_MAX, &text))
        return false;
    if (fl_people_period_parse(text, out))
        return true;
    FIELD_FAULT(&f, "7d, 4w, 1M, 1y or a number of days is expected, at most %d days",
                FL_FACT_PERIOD_DAYS_MAX);
    return false;
}

static enum fl_status take_subscription(struct people_facts *facts, const struct people_fact *fact,
                                        struct fl_error *err)
{
    struct fl_subscription subscription = {.product = "", .end = FL_DATE_NONE};
    struct field end = field_of(facts, fact, FACT_END);
    enum fl_status st = FL_OK;
    int64_t at_us, id;
    enum fl_put put;
    bool is_good = read_id(facts, fact, &subscription.external_id, &st, err);

    is_good &=
        read_customer(field_of(facts, fact, FACT_CUSTOMER), &subscription.customer, &st, err);
    is_good &=
        read_time(field_of(facts, fact, FACT_START), true, false, &at_us, &subscription.start);
    is_good &= read_time(end, false, true, &at_us, &subscription.end);
    is_good &= read_period(field_of(facts, fact, FACT_PERIOD), &subscription.period_days);
    is_good &=
        read_money(field_of(facts, fact, FACT_PRICE), true, false, &subscription.price_minor);
    subscription.margin_minor =
        llround((double)subscription.price_minor * facts->options->margin_rate);
    is_good &=
        read_money(field_of(facts, fact, FACT_MARGIN), false, true, &subscription.margin_minor);
    is_good &= read_currency(field_of(facts, fact, FACT_CURRENCY), &subscription.currency);
    is_good &=
        read_text(field_of(facts, fact, FACT_PRODUCT), false, PRODUCT_MAX, &subscription.product);
    if (is_good && subscription.end != FL_DATE_NONE && subscription.end < subscription.start) {
        FIELD_FAULT(&end, "lies before the start");
        is_good = false;
    }
    if (st || !is_good || people_facts_have_faults(facts))
        return st;
    st = fl_store_subscription_put(facts->store, &subscription, &put, &id, err);
    return settle(facts, fact, st == FL_REJECTED ? FACT_CURRENCY : FACT_ID, st, put, err);
}

static enum fl_status take_referral(struct people_facts *facts, const struct people_fact *fact,
                                    struct fl_error *err)
{
    struct field referred = field_of(facts, fact, FACT_REFERRED);
    enum fl_status st = FL_OK;
    int64_t from = 0, to = 0, at_us = 0;
    enum fl_put put;
    int32_t date;
    bool is_good = read_customer(field_of(facts, fact, FACT_REFERRER), &from, &st, err);

    is_good &= read_customer(referred, &to, &st, err);
    is_good &= read_time(field_of(facts, fact, FACT_DATE), true, false, &at_us, &date);
    if (is_good && from == to) {
        FIELD_FAULT(&referred, "is the referrer as well");
        is_good = false;
    }
    if (st || !is_good || people_facts_have_faults(facts))
        return st;
    st = fl_store_referral_put(facts->store, from, to, at_us, &put, err);
    return settle(facts, fact, FACT_REFERRED, st, put, err);
}

static enum fl_status take_complaint(struct people_facts *facts, const struct people_fact *fact,
                                     struct fl_error *err)
{
    struct fl_complaint complaint = {.settled_us = FL_TIME_NONE, .text = ""};
    struct field settled = field_of(facts, fact, FACT_SETTLED);
    enum fl_status st = FL_OK;
    enum fl_put put;
    int32_t date;
    int64_t id;
    bool is_good = read_id(facts, fact, &complaint.external_id, &st, err);

    is_good &= read_customer(field_of(facts, fact, FACT_CUSTOMER), &complaint.customer, &st, err);
    is_good &=
        read_time(field_of(facts, fact, FACT_OPENED), true, false, &complaint.opened_us, &date);
    is_good &= read_time(settled, false, false, &complaint.settled_us, &date);
    is_good &=
        read_text(field_of(facts, fact, FACT_TEXT), false, FL_FACT_TEXT_MAX, &complaint.text);
    if (is_good && complaint.settled_us != FL_TIME_NONE &&
        complaint.settled_us < complaint.opened_us) {
        FIELD_FAULT(&settled, "lies before it was opened");
        is_good = false;
    }
    if (st || !is_good || people_facts_have_faults(facts))
        return st;
    st = fl_store_complaint_put(facts->store, &complaint, &put, &id, err);
    return settle(facts, fact, FACT_ID, st, put, err);
}

/* An answer given elsewhere - to a call centre, on paper - is feedback as well, and is the answer
 * to itself: no message of ours asked. */
static enum fl_status put_answer(struct people_facts *facts, const struct people_fact *fact,
                                 struct fl_answer *answer, const char *id, struct fl_error *err)
{
    struct fl_feedback feedback = {
        .customer = answer->customer,
        .kind = FL_FEEDBACK_SURVEY,
        .state = FL_FEEDBACK_SYSTEM,
        .matched_by = FL_MATCH_STAFF,
        .confidence = 1,
        .from_address = "",
        .subject = "",
        .text = fl_arena_printf(facts->arena, "%s: %s", answer->question, fact->value[FACT_VALUE]),
        .quoted = "",
        .signature = "",
        .language = "",
        .evidence = "",
        .dedupe_key = fl_arena_printf(facts->arena, "answer:%s", id),
        .received_us = answer->at_us,
    };
    enum fl_status st;

    if (!feedback.text || !feedback.dedupe_key)
        return fl_error_set(err, FL_IO, "out of memory");
    st = fl_store_feedback_put(facts->store, &feedback, &answer->feedback, err);
    if (st == FL_CONFLICT) {
        count(facts, fact, FL_PUT_UNCHANGED);
        return FL_OK;
    }
    answer->message = answer->feedback;
    if (!st)
        st = fl_store_answer_put(facts->store, answer, err);
    return settle(facts, fact, FACT_ID, st, FL_PUT_INSERTED, err);
}

static enum fl_status take_answer(struct people_facts *facts, const struct people_fact *fact,
                                  struct fl_error *err)
{
    struct fl_answer answer = {.has_number = true, .text = ""};
    struct field value = field_of(facts, fact, FACT_VALUE);
    double low = 0, high = 0, limit = (double)FL_FACT_QUANTITY_MAX;
    enum fl_status st = FL_OK;
    const char *id = NULL;
    int32_t date;
    bool is_good = read_id(facts, fact, &id, &st, err);

    is_good &= read_customer(field_of(facts, fact, FACT_CUSTOMER), &answer.customer, &st, err);
    is_good &=
        read_text(field_of(facts, fact, FACT_QUESTION), true, QUESTION_MAX, &answer.question);
    is_good &= read_number(field_of(facts, fact, FACT_LOW), true, -limit, limit, &low);
    is_good &= read_number(field_of(facts, fact, FACT_HIGH), true, -limit, limit, &high);
    is_good &= read_number(value, true, -limit, limit, &answer.number);
    is_good &= read_time(field_of(facts, fact, FACT_AT), true, false, &answer.at_us, &date);
    if (is_good && (low >= high || answer.number < low || answer.number > high)) {
        FIELD_FAULT(&value, "does not lie on a scale from %g to %g", low, high);
        is_good = false;
    }
    if (st || !is_good || people_facts_have_faults(facts))
        return st;
    answer.low = low;
    answer.high = high;
    return put_answer(facts, fact, &answer, id, err);
}

enum fl_status people_fact_take(struct people_facts *facts, const struct people_fact *fact,
                                struct fl_error *err)
{
    static enum fl_status (*const take[])(struct people_facts *, const struct people_fact *,
                                          struct fl_error *) = {
        [FL_FACT_TRANSACTION] = take_transaction, [FL_FACT_SUBSCRIPTION] = take_subscription,
        [FL_FACT_REFERRAL] = take_referral,       [FL_FACT_COMPLAINT] = take_complaint,
        [FL_FACT_ANSWER] = take_answer,
    };

    if (++facts->result.n_rows > PEOPLE_ROWS_MAX)
        return fl_error_set(err, FL_LIMIT, "more than %d rows", PEOPLE_ROWS_MAX);
    return take[fact->fact](facts, fact, err);
}

/* ---- values ----------------------------------------------------------------------------------*/

bool fl_people_money_parse(const char *text, int minor_digits, int64_t *out_minor)
{
    bool is_negative = *text == '-';
    int64_t minor = 0;
    int decimals = -1; /* no point yet */

    text += *text == '-' || *text == '+';
    if (*text < '0' || *text > '9')
        return false;
    for (; *text; text++) {
        if (*text == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (*text < '0' || *text > '9')
            return false;
        if (decimals >= minor_digits) { /* zeros behind the last decimal say nothing */
            if (*text != '0')
                return false;
            continue;
        }
        decimals += decimals >= 0;
        minor = minor * 10 + (*text - '0');
        if (minor > FL_FACT_MINOR_MAX)
            return false;
    }
    if (text[-1] == '.')
        return false;
    for (int i = decimals < 0 ? 0 : decimals; i < minor_digits; i++) {
        minor *= 10;
        if (minor > FL_FACT_MINOR_MAX)
            return false;
    }
    *out_minor = is_negative ? -minor : minor;
    return true;
}

bool fl_people_period_parse(const char *text, int32_t *out_days)
{
    static const struct {
        char unit;
        int days;
    } units[] = {{'d', 1}, {'w', 7}, {'M', DAYS_PER_MONTH}, {'y', 365}, {'\0', 1}};
    size_t len = strspn(text, "0123456789");
    char number[8];
    int64_t n;

    if (!len || len >= sizeof number || (text[len] && text[len + 1]))
        return false;
    memcpy(number, text, len);
    number[len] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (units[i].unit == text[len] &&
            fl_str_parse_i64(number, 1, FL_FACT_PERIOD_DAYS_MAX / units[i].days, &n)) {
            *out_days = (int32_t)(n * units[i].days);
            return true;
        }
    return false;
}
