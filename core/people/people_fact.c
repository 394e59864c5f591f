/* Facts: from texts to what the store takes. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "people/people_fact_private.h"

enum { PRODUCT_MAX = 200, QUESTION_MAX = 64 };

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
    struct people_text f = people_field_of(facts, fact, field);

    if (!st)
        count(facts, fact, put);
    else if (st == FL_CONFLICT || st == FL_REJECTED || st == FL_INVALID) {
        PEOPLE_FIELD_FAULT(&f, "%s", err ? err->text : fl_status_name(st));
        return FL_OK;
    }
    return st;
}

/* ---- transactions ----------------------------------------------------------------------------*/

static bool read_kind(struct people_text f, enum fl_transaction_kind *out)
{
    const char *text = people_text_of(&f);

    *out = FL_TRANSACTION_PURCHASE;
    if (!text || fl_transaction_kind_parse(text, out))
        return true;
    PEOPLE_FIELD_FAULT(&f, "purchase, refund, gift, points or fee is expected");
    return false;
}

/* What was saved against the reference price, beyond the discount that is counted by itself. */
static bool read_saved(struct people_facts *facts, const struct people_fact *fact,
                       struct fl_transaction *out)
{
    int64_t reference = -1;
    double quantity = 1, saved;

    if (!people_field_number(people_field_of(facts, fact, FACT_QUANTITY), false, 0,
                             FL_FACT_QUANTITY_MAX, &quantity) ||
        !people_field_money(people_field_of(facts, fact, FACT_REFERENCE_PRICE), false, false,
                            &reference))
        return false;
    if (reference < 0 || out->kind != FL_TRANSACTION_PURCHASE)
        return true;
    saved = (double)reference * quantity - (double)(out->amount_minor + out->discount_minor);
    if (fabs(saved) > (double)FL_FACT_MINOR_MAX) {
        struct people_text f = people_field_of(facts, fact, FACT_REFERENCE_PRICE);

        PEOPLE_FIELD_FAULT(&f, "times the quantity is too large");
        return false;
    }
    out->saved_minor = llround(saved);
    return true;
}

static bool read_amounts(struct people_facts *facts, const struct people_fact *fact,
                         struct fl_transaction *out)
{
    bool has_amount = out->kind == FL_TRANSACTION_PURCHASE || out->kind == FL_TRANSACTION_REFUND;
    bool is_good = people_field_money(people_field_of(facts, fact, FACT_AMOUNT), has_amount, false,
                                      &out->amount_minor);

    is_good &= people_field_money(people_field_of(facts, fact, FACT_DISCOUNT), false, false,
                                  &out->discount_minor);
    is_good &= people_field_money(people_field_of(facts, fact, FACT_GIFT),
                                  out->kind == FL_TRANSACTION_GIFT, false, &out->gift_minor);
    is_good &= people_field_money(people_field_of(facts, fact, FACT_FEE),
                                  out->kind == FL_TRANSACTION_FEE, false, &out->fee_minor);
    is_good &= people_field_money(people_field_of(facts, fact, FACT_SHIPPING), false, false,
                                  &out->shipping_minor);
    is_good &= people_field_points(people_field_of(facts, fact, FACT_POINTS), &out->points);
    out->margin_minor = llround((double)out->amount_minor * facts->options->margin_rate);
    is_good &= people_field_money(people_field_of(facts, fact, FACT_MARGIN), false,
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
    bool is_good = people_fact_id(facts, fact, &transaction.external_id, &st, err);

    is_good &= people_field_customer(people_field_of(facts, fact, FACT_CUSTOMER),
                                     &transaction.customer, &st, err);
    is_good &= read_kind(people_field_of(facts, fact, FACT_KIND), &transaction.kind);
    is_good &= people_field_time(people_field_of(facts, fact, FACT_DATE), true, false,
                                 &transaction.at_us, &transaction.date);
    is_good &= read_amounts(facts, fact, &transaction);
    is_good &=
        people_field_currency(people_field_of(facts, fact, FACT_CURRENCY), &transaction.currency);
    is_good &= people_field_text(people_field_of(facts, fact, FACT_PRODUCT), false, PRODUCT_MAX,
                                 &transaction.product);
    if (st || !is_good || people_facts_have_faults(facts))
        return st;
    st = fl_store_transaction_put(facts->store, &transaction, &put, &id, err);
    return settle(facts, fact, st == FL_REJECTED ? FACT_CURRENCY : FACT_ID, st, put, err);
}

/* ---- the others ------------------------------------------------------------------------------*/

static enum fl_status take_subscription(struct people_facts *facts, const struct people_fact *fact,
                                        struct fl_error *err)
{
    struct fl_subscription subscription = {.product = "", .end = FL_DATE_NONE};
    struct people_text end = people_field_of(facts, fact, FACT_END);
    enum fl_status st = FL_OK;
    int64_t at_us, id;
    enum fl_put put;
    bool is_good = people_fact_id(facts, fact, &subscription.external_id, &st, err);

    is_good &= people_field_customer(people_field_of(facts, fact, FACT_CUSTOMER),
                                     &subscription.customer, &st, err);
    is_good &= people_field_time(people_field_of(facts, fact, FACT_START), true, false, &at_us,
                                 &subscription.start);
    is_good &= people_field_time(end, false, true, &at_us, &subscription.end);
    is_good &=
        people_field_period(people_field_of(facts, fact, FACT_PERIOD), &subscription.period_days);
    is_good &= people_field_money(people_field_of(facts, fact, FACT_PRICE), true, false,
                                  &subscription.price_minor);
    subscription.margin_minor =
        llround((double)subscription.price_minor * facts->options->margin_rate);
    is_good &= people_field_money(people_field_of(facts, fact, FACT_MARGIN), false, true,
                                  &subscription.margin_minor);
    is_good &=
        people_field_currency(people_field_of(facts, fact, FACT_CURRENCY), &subscription.currency);
    is_good &= people_field_text(people_field_of(facts, fact, FACT_PRODUCT), false, PRODUCT_MAX,
                                 &subscription.product);
    if (is_good && subscription.end != FL_DATE_NONE && subscription.end < subscription.start) {
        PEOPLE_FIELD_FAULT(&end, "lies before the start");
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
    struct people_text referred = people_field_of(facts, fact, FACT_REFERRED);
    enum fl_status st = FL_OK;
    int64_t from = 0, to = 0, at_us = 0;
    enum fl_put put;
    int32_t date;
    bool is_good =
        people_field_customer(people_field_of(facts, fact, FACT_REFERRER), &from, &st, err);

    is_good &= people_field_customer(referred, &to, &st, err);
    is_good &=
        people_field_time(people_field_of(facts, fact, FACT_DATE), true, false, &at_us, &date);
    if (is_good && from == to) {
        PEOPLE_FIELD_FAULT(&referred, "is the referrer as well");
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
    struct people_text settled = people_field_of(facts, fact, FACT_SETTLED);
    enum fl_status st = FL_OK;
    enum fl_put put;
    int32_t date;
    int64_t id;
    bool is_good = people_fact_id(facts, fact, &complaint.external_id, &st, err);

    is_good &= people_field_customer(people_field_of(facts, fact, FACT_CUSTOMER),
                                     &complaint.customer, &st, err);
    is_good &= people_field_time(people_field_of(facts, fact, FACT_OPENED), true, false,
                                 &complaint.opened_us, &date);
    is_good &= people_field_time(settled, false, false, &complaint.settled_us, &date);
    is_good &= people_field_text(people_field_of(facts, fact, FACT_TEXT), false, FL_FACT_TEXT_MAX,
                                 &complaint.text);
    if (is_good && complaint.settled_us != FL_TIME_NONE &&
        complaint.settled_us < complaint.opened_us) {
        PEOPLE_FIELD_FAULT(&settled, "lies before it was opened");
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
    struct people_text value = people_field_of(facts, fact, FACT_VALUE);
    double low = 0, high = 0, limit = (double)FL_FACT_QUANTITY_MAX;
    enum fl_status st = FL_OK;
    const char *id = NULL;
    int32_t date;
    bool is_good = people_fact_id(facts, fact, &id, &st, err);

    is_good &= people_field_customer(people_field_of(facts, fact, FACT_CUSTOMER), &answer.customer,
                                     &st, err);
    is_good &= people_field_text(people_field_of(facts, fact, FACT_QUESTION), true, QUESTION_MAX,
                                 &answer.question);
    is_good &=
        people_field_number(people_field_of(facts, fact, FACT_LOW), true, -limit, limit, &low);
    is_good &=
        people_field_number(people_field_of(facts, fact, FACT_HIGH), true, -limit, limit, &high);
    is_good &= people_field_number(value, true, -limit, limit, &answer.number);
    is_good &=
        people_field_time(people_field_of(facts, fact, FACT_AT), true, false, &answer.at_us, &date);
    if (is_good && (low >= high || answer.number < low || answer.number > high)) {
        PEOPLE_FIELD_FAULT(&value, "does not lie on a scale from %g to %g", low, high);
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
