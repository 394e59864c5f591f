/* Argument checks of what a relationship is made of and what it is worth. */
#include "store_private.h"

#include <string.h>

enum {
    EXTERNAL_ID_MAX = 200, /* bytes */
    PRODUCT_MAX = 200,
    COMPLAINT_MAX = 64 << 10,
    PERIOD_DAYS_MAX = 3660, /* ten years */
    DATE_FIRST = -25567,    /* 1900-01-01 */
    DATE_LAST = 84006       /* 2200-01-01 */
};
/* Of one amount: some thousand of them add up without an overflow. */
#define MINOR_MAX INT64_C(1000000000000000)

static enum fl_status check_text(const char *what, const char *text, bool is_needed, size_t max,
                                 struct fl_error *err)
{
    if (is_needed && (!text || !*text))
        return fl_error_set(err, FL_INVALID, "%s is missing", what);
    if (text && strlen(text) > max)
        return fl_error_set(err, FL_INVALID, "%s is longer than %zu bytes", what, max);
    return FL_OK;
}

static enum fl_status check_minor(const char *external_id, const char *what, int64_t value,
                                  int64_t min, struct fl_error *err)
{
    if (value < min || value > MINOR_MAX)
        return fl_error_set(err, FL_INVALID, "%s %lld of \"%s\", expected %lld to %lld", what,
                            (long long)value, external_id, (long long)min, (long long)MINOR_MAX);
    return FL_OK;
}

static enum fl_status check_currency(const char *currency, const char *external_id,
                                     struct fl_error *err)
{
    bool is_code = currency && strlen(currency) == 3;

    for (int i = 0; is_code && i < 3; i++)
        is_code = currency[i] >= 'A' && currency[i] <= 'Z';
    if (!is_code)
        return fl_error_set(err, FL_INVALID,
                            "currency \"%s\" of \"%s\", expected three capitals as in ISO 4217",
                            currency ? currency : "", external_id);
    return FL_OK;
}

static enum fl_status check_date(const char *external_id, int32_t date, struct fl_error *err)
{
    if (date < DATE_FIRST || date > DATE_LAST)
        return fl_error_set(err, FL_INVALID, "\"%s\" is of day %d, expected %d to %d", external_id,
                            (int)date, DATE_FIRST, DATE_LAST);
    return FL_OK;
}

/* ---- transactions -----------------------------------------------------------------------------*/

static enum fl_status check_amounts(const struct fl_transaction *t, struct fl_error *err)
{
    bool has_amount = t->kind == FL_TRANSACTION_PURCHASE || t->kind == FL_TRANSACTION_REFUND;
    const struct {
        const char *what;
        int64_t value, min;
    } all[] = {
        {"amount", t->amount_minor, 0},
        {"margin", t->margin_minor, t->kind == FL_TRANSACTION_PURCHASE ? -MINOR_MAX : 0},
        {"amount saved", t->saved_minor, -MINOR_MAX},
        {"discount", t->discount_minor, 0},
        {"gift", t->gift_minor, 0},
        {"fee", t->fee_minor, 0},
        {"shipping", t->shipping_minor, 0},
        {"points", t->points, -MINOR_MAX},
    };
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < sizeof all / sizeof all[0]; i++)
        st = check_minor(t->external_id, all[i].what, all[i].value, all[i].min, err);
    if (!st && !has_amount && (t->amount_minor || t->margin_minor))
        return fl_error_set(err, FL_INVALID, "\"%s\" is a %s and has an amount or a margin",
                            t->external_id, fl_transaction_kind_name(t->kind));
    return st;
}

static enum fl_status check_transaction(const struct fl_transaction *t, struct fl_error *err)
{
    enum fl_status st =
        check_text("the external id of a transaction", t->external_id, true, EXTERNAL_ID_MAX, err);

    if (st)
        return st;
    if (t->customer <= 0)
        return fl_error_set(err, FL_INVALID, "transaction \"%s\" is of no customer",
                            t->external_id);
    if ((int)t->kind < FL_TRANSACTION_PURCHASE || (int)t->kind >= FL_TRANSACTION_KINDS)
        return fl_error_set(err, FL_INVALID, "kind %d of \"%s\", expected %d to %d", (int)t->kind,
                            t->external_id, FL_TRANSACTION_PURCHASE, FL_TRANSACTION_KINDS - 1);
    st = check_date(t->external_id, t->date, err);
    if (!st)
        st = check_currency(t->currency, t->external_id, err);
    if (!st)
        st = check_text("the product", t->product, false, PRODUCT_MAX, err);
    return st ? st : check_amounts(t, err);
}

enum fl_status fl_store_transaction_put(struct fl_store *store,
                                        const struct fl_transaction *transaction,
                                        enum fl_put *out_put, int64_t *out_id, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_transaction(transaction, err);
    if (st)
        return st;
    return fl_store_wrote(store,
                          store->driver->transaction_put(store, transaction, out_put, out_id, err));
}

enum fl_status fl_store_transactions_begin(struct fl_store *store, struct fl_error *err)
{
    if (store->is_read_only)
        return fl_error_set(err, FL_REJECTED, "the store is open for reading only");
    return store->driver->transactions_begin(store, err);
}

enum fl_status fl_store_transactions_end(struct fl_store *store, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    return st ? st : fl_store_wrote(store, store->driver->transactions_end(store, err));
}

enum fl_status fl_store_transaction_each(struct fl_store *store, int64_t customer, int32_t from,
                                         int32_t to, fl_store_transaction_fn *fn, void *ctx,
                                         struct fl_error *err)
{
    return store->driver->transaction_each(store, customer, from, to, fn, ctx, err);
}

enum fl_status fl_store_currency(struct fl_store *store, char out[4], struct fl_error *err)
{
    return store->driver->currency(store, out, err);
}

enum fl_status fl_store_trade_each(struct fl_store *store, int64_t first, int64_t last,
                                   const char *segment_attribute, fl_store_trade_fn *fn, void *ctx,
                                   struct fl_error *err)
{
    /* It becomes part of a JSON path. */
    if (segment_attribute && (!*segment_attribute || strpbrk(segment_attribute, "\"\\")))
        return fl_error_set(err, FL_INVALID, "\"%s\" cannot be the name of an attribute",
                            segment_attribute);
    return store->driver->trade_each(store, first, last, segment_attribute, fn, ctx, err);
}

enum fl_status fl_store_customer_cuts(struct fl_store *store, size_t parts, int64_t *out,
                                      struct fl_error *err)
{
    if (!parts || parts > FL_STORE_PARTS_MAX)
        return fl_error_set(err, FL_INVALID, "customers in %zu parts, expected 1 to %d", parts,
                            FL_STORE_PARTS_MAX);
    return store->driver->customer_cuts(store, parts, out, err);
}

/* ---- subscriptions ----------------------------------------------------------------------------*/

static enum fl_status check_subscription(const struct fl_subscription *s, struct fl_error *err)
{
    enum fl_status st =
        check_text("the external id of a subscription", s->external_id, true, EXTERNAL_ID_MAX, err);

    if (st)
        return st;
    if (s->customer <= 0)
        return fl_error_set(err, FL_INVALID, "subscription \"%s\" is of no customer",
                            s->external_id);
    st = check_date(s->external_id, s->start, err);
    if (!st && s->end != FL_DATE_NONE)
        st = check_date(s->external_id, s->end, err);
    if (!st && s->end != FL_DATE_NONE && s->end < s->start)
        st = fl_error_set(err, FL_INVALID, "subscription \"%s\" ends before it starts",
                          s->external_id);
    if (!st && (s->period_days < 1 || s->period_days > PERIOD_DAYS_MAX))
        st = fl_error_set(err, FL_INVALID, "a period of %d days of \"%s\", expected 1 to %d",
                          (int)s->period_days, s->external_id, PERIOD_DAYS_MAX);
    if (!st)
        st = check_minor(s->external_id, "price", s->price_minor, 0, err);
    if (!st)
        st = check_minor(s->external_id, "margin", s->margin_minor, -MINOR_MAX, err);
    if (!st)
        st = check_currency(s->currency, s->external_id, err);
    return st ? st : check_text("the product", s->product, false, PRODUCT_MAX, err);
}

enum fl_status fl_store_subscription_put(struct fl_store *store,
                                         const struct fl_subscription *subscription,
                                         enum fl_put *out_put, int64_t *out_id,
                                         struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_subscription(subscription, err);
    if (st)
        return st;
    return fl_store_wrote(
        store, store->driver->subscription_put(store, subscription, out_put, out_id, err));
}

enum fl_status fl_store_subscription_each(struct fl_store *store, int64_t first, int64_t last,
                                          fl_store_subscription_fn *fn, void *ctx,
                                          struct fl_error *err)
{
    return store->driver->subscription_each(store, first, last, fn, ctx, err);
}

/* ---- referrals and complaints -----------------------------------------------------------------*/

enum fl_status fl_store_referral_put(struct fl_store *store, int64_t referrer, int64_t referred,
                                     int64_t at_us, enum fl_put *out_put, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (st)
        return st;
    if (referrer <= 0 || referred <= 0)
        return fl_error_set(err, FL_INVALID, "a referral needs two customers");
    if (referrer == referred)
        return fl_error_set(err, FL_INVALID, "customer %lld cannot refer himself",
                            (long long)referrer);
    return fl_store_wrote(
        store, store->driver->referral_put(store, referrer, referred, at_us, out_put, err));
}

enum fl_status fl_store_referral_each(struct fl_store *store, fl_store_referral_fn *fn, void *ctx,
                                      struct fl_error *err)
{
    return store->driver->referral_each(store, 0, fn, ctx, err);
}

enum fl_status fl_store_referral_of(struct fl_store *store, int64_t referrer,
                                    fl_store_referral_fn *fn, void *ctx, struct fl_error *err)
{
    if (referrer <= 0)
        return fl_error_set(err, FL_INVALID, "referrals of no customer");
    return store->driver->referral_each(store, referrer, fn, ctx, err);
}

static enum fl_status check_complaint(const struct fl_complaint *c, struct fl_error *err)
{
    enum fl_status st =
        check_text("the external id of a complaint", c->external_id, true, EXTERNAL_ID_MAX, err);

    if (st)
        return st;
    if (c->customer <= 0 || c->feedback < 0)
        return fl_error_set(err, FL_INVALID, "complaint \"%s\" is of no customer", c->external_id);
    if (c->settled_us != FL_TIME_NONE && c->settled_us < c->opened_us)
        return fl_error_set(err, FL_INVALID, "complaint \"%s\" is settled before it was made",
                            c->external_id);
    return check_text("the text of a complaint", c->text, false, COMPLAINT_MAX, err);
}

enum fl_status fl_store_complaint_put(struct fl_store *store, const struct fl_complaint *complaint,
                                      enum fl_put *out_put, int64_t *out_id, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_complaint(complaint, err);
    if (st)
        return st;
    return fl_store_wrote(store,
                          store->driver->complaint_put(store, complaint, out_put, out_id, err));
}

enum fl_status fl_store_complaint_each(struct fl_store *store, int64_t first, int64_t last,
                                       fl_store_complaint_fn *fn, void *ctx, struct fl_error *err)
{
    return store->driver->complaint_each(store, first, last, fn, ctx, err);
}

enum fl_status fl_store_sign_each(struct fl_store *store, int64_t first, int64_t last,
                                  int64_t from_us, int64_t until_us, fl_store_sign_fn *fn,
                                  void *ctx, struct fl_error *err)
{
    return store->driver->sign_each(store, first, last, from_us, until_us, fn, ctx, err);
}
