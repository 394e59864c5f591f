/* Conformance: what a relationship is made of - transactions, subscriptions, referrals. */
#include "drivers.h"

enum { DAY = 20000, LIST_MAX = 64 };

static struct fl_transaction purchase(int64_t customer, const char *external_id, int32_t date,
                                      int64_t amount)
{
    return (struct fl_transaction){.customer = customer,
                                   .external_id = external_id,
                                   .kind = FL_TRANSACTION_PURCHASE,
                                   .at_us = date * FL_US_PER_DAY,
                                   .date = date,
                                   .amount_minor = amount,
                                   .margin_minor = amount / 4,
                                   .currency = "KRW",
                                   .product = "milk"};
}

static enum fl_put put_ok(struct world *w, const struct fl_transaction *t)
{
    enum fl_put put = FL_PUT_UNCHANGED;
    struct fl_error err;
    int64_t id = 0;

    assert_ok(fl_store_transaction_put(w->store, t, &put, &id, &err));
    assert_true(id > 0);
    return put;
}

struct trade {
    int n_rows;
    int64_t customer[LIST_MAX];
    enum fl_customer_state state[LIST_MAX];
    char segment[LIST_MAX][32];
    size_t n_days[LIST_MAX];
    struct fl_trade_day days[LIST_MAX][8];
};

static bool keep_trade(void *ctx, const struct fl_trade_row *row)
{
    struct trade *t = ctx;
    int i = t->n_rows++;

    assert_true(i < LIST_MAX && row->n_days <= 8);
    t->customer[i] = row->customer;
    t->state[i] = row->state;
    snprintf(t->segment[i], sizeof t->segment[i], "%s", row->segment);
    t->n_days[i] = row->n_days;
    if (row->n_days)
        memcpy(t->days[i], row->days, row->n_days * sizeof row->days[0]);
    return true;
}

static void read_trade(struct world *w, struct trade *out)
{
    struct fl_error err;

    memset(out, 0, sizeof *out);
    assert_ok(fl_store_trade_each(w->store, 1, INT64_MAX, "segment", keep_trade, out, &err));
}

static void test_transactions(void **state)
{
    struct world *w = *state;
    struct fl_transaction t;
    struct trade trade;
    struct fl_error err;
    enum fl_put put;
    int64_t kim, id;
    char currency[4];

    assert_status(FL_NOT_FOUND, fl_store_currency(w->store, currency, &err));
    world_begin(w);
    kim = world_customer(w, "kim", NULL, FL_CONSENT_NONE);
    t = purchase(kim, "t2", DAY + 3, 4000);
    assert_int_equal(put_ok(w, &t), FL_PUT_INSERTED);
    t = purchase(kim, "t1", DAY, 1000);
    assert_int_equal(put_ok(w, &t), FL_PUT_INSERTED);
    t = purchase(kim, "t3", DAY + 3, 100);
    t.discount_minor = 7;
    t.saved_minor = -8;
    t.gift_minor = 9;
    t.fee_minor = 10;
    t.shipping_minor = 11;
    t.points = 12;
    assert_int_equal(put_ok(w, &t), FL_PUT_INSERTED);
    t = purchase(kim, "r1", DAY + 4, 500);
    t.kind = FL_TRANSACTION_REFUND;
    assert_int_equal(put_ok(w, &t), FL_PUT_INSERTED);
    if (!fl_store_remembers(w->store)) {
        world_commit(w);
        read_trade(w, &trade);
        assert_int_equal(trade.n_rows, 0);
        return;
    }
    assert_int_equal(put_ok(w, &t), FL_PUT_UNCHANGED);
    t.amount_minor++;
    assert_status(FL_CONFLICT, fl_store_transaction_put(w->store, &t, &put, &id, &err));
    t = purchase(kim, "t4", DAY, 1);
    t.currency = "EUR";
    assert_status(FL_REJECTED, fl_store_transaction_put(w->store, &t, &put, &id, &err));
    assert_non_null(strstr(err.text, "EUR"));
    assert_non_null(strstr(err.text, "KRW"));
    t = purchase(kim + 1, "t5", DAY, 1);
    assert_status(FL_NOT_FOUND, fl_store_transaction_put(w->store, &t, &put, &id, &err));
    world_commit(w);

    assert_ok(fl_store_currency(w->store, currency, &err));
    assert_string_equal(currency, "KRW");
    read_trade(w, &trade);
    assert_int_equal(trade.n_rows, 1);
    assert_int_equal(trade.customer[0], kim);
    assert_string_equal(trade.segment[0], "mothers");
    assert_int_equal(trade.n_days[0], 3);
    assert_int_equal(trade.days[0][0].date, DAY);
    assert_int_equal(trade.days[0][0].spend_minor, 1000);
    assert_int_equal(trade.days[0][1].date, DAY + 3);
    assert_int_equal(trade.days[0][1].purchases, 2);
    assert_int_equal(trade.days[0][1].spend_minor, 4100);
    assert_int_equal(trade.days[0][1].margin_minor, 1025);
    assert_int_equal(trade.days[0][1].discount_minor, 7);
    assert_int_equal(trade.days[0][1].saved_minor, -8);
    assert_int_equal(trade.days[0][1].gift_minor, 9);
    assert_int_equal(trade.days[0][1].fee_minor, 21);
    assert_int_equal(trade.days[0][1].points, 12);
    assert_int_equal(trade.days[0][2].purchases, 0);
    assert_int_equal(trade.days[0][2].spend_minor, -500);
    assert_int_equal(trade.days[0][2].margin_minor, -125);
}

static void test_refused_transactions(void **state)
{
    struct world *w = *state;
    struct fl_transaction good = purchase(1, "t", DAY, 100), bad[16];
    struct fl_error err;
    enum fl_put put;
    int64_t id;
    size_t n = 0;

    assert_status(FL_INTERNAL, fl_store_transaction_put(w->store, &good, &put, &id, &err));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        bad[i] = good;
    bad[n++].external_id = "";
    bad[n++].external_id = NULL;
    bad[n++].customer = 0;
    bad[n++].kind = 0;
    bad[n++].kind = (enum fl_transaction_kind)FL_TRANSACTION_KINDS;
    bad[n++].date = FL_DATE_NONE;
    bad[n++].date = 200000;
    bad[n++].amount_minor = -1;
    bad[n++].margin_minor = INT64_MIN;
    bad[n++].points = INT64_MAX;
    bad[n++].currency = NULL;
    bad[n++].currency = "krw";
    bad[n++].currency = "EURO";
    bad[n++].shipping_minor = -1;
    bad[n++].kind = FL_TRANSACTION_GIFT;
    bad[n].kind = FL_TRANSACTION_REFUND;
    bad[n++].margin_minor = -1;
    assert_int_equal(n, sizeof bad / sizeof bad[0]);
    world_begin(w);
    for (size_t i = 0; i < n; i++)
        assert_status(FL_INVALID, fl_store_transaction_put(w->store, &bad[i], &put, &id, &err));
    world_commit(w);
}

struct lines {
    int n;
    int32_t dates[LIST_MAX];
    int64_t customers[LIST_MAX];
};

static bool keep_line(void *ctx, const struct fl_transaction *t)
{
    struct lines *lines = ctx;

    assert_true(lines->n < LIST_MAX);
    assert_string_equal(t->currency, "KRW");
    assert_string_equal(t->product, "milk");
    lines->customers[lines->n] = t->customer;
    lines->dates[lines->n++] = t->date;
    return true;
}

static void assert_doubled(const struct trade *a, const struct trade *b)
{
    assert_int_equal(a->n_rows, b->n_rows);
    for (int i = 0; i < a->n_rows; i++) {
        assert_int_equal(a->customer[i], b->customer[i]);
        assert_int_equal(a->n_days[i], b->n_days[i]);
        for (size_t k = 0; k < a->n_days[i]; k++) {
            assert_int_equal(a->days[i][k].date, b->days[i][k].date);
            assert_int_equal(2 * a->days[i][k].purchases, b->days[i][k].purchases);
            assert_int_equal(2 * a->days[i][k].spend_minor, b->days[i][k].spend_minor);
            assert_int_equal(2 * a->days[i][k].margin_minor, b->days[i][k].margin_minor);
        }
    }
}

/* Whatever the order and however they come, the days are the same. */
static void test_bulk(void **state)
{
    struct world *w = *state;
    struct trade at_once, in_bulk;
    struct lines lines = {0};
    struct fl_error err;
    enum fl_put put;
    int64_t customers[3], id;
    int64_t cuts[4];

    world_begin(w);
    for (int i = 0; i < 3; i++)
        customers[i] = world_customer(w, (const char *[]){"a", "b", "c"}[i], NULL, 0);
    world_commit(w);
    assert_ok(fl_store_transactions_begin(w->store, &err));
    if (!fl_store_remembers(w->store))
        return;
    assert_status(FL_INTERNAL, fl_store_transactions_begin(w->store, &err));
    for (int i = 0; i < 12; i++) {
        char external_id[24];
        struct fl_transaction t = purchase(customers[i % 2], external_id, DAY + i * 5 % 4, i);

        snprintf(external_id, sizeof external_id, "t%d", i);
        world_begin(w);
        put_ok(w, &t);
        if (i == 5) {
            fl_store_rollback(w->store);
            world_begin(w);
            assert_int_equal(put_ok(w, &t), FL_PUT_INSERTED);
        }
        assert_int_equal(put_ok(w, &t), FL_PUT_UNCHANGED);
        t.amount_minor++;
        assert_status(FL_CONFLICT, fl_store_transaction_put(w->store, &t, &put, &id, &err));
        world_commit(w);
    }
    read_trade(w, &at_once);
    assert_int_equal(at_once.n_days[0] + at_once.n_days[1], 0);
    assert_status(FL_INTERNAL, fl_store_transactions_end(w->store, &err));
    world_begin(w);
    assert_ok(fl_store_transactions_end(w->store, &err));
    world_commit(w);
    read_trade(w, &in_bulk);
    /* The same one by one. */
    world_begin(w);
    for (int i = 0; i < 12; i++) {
        char external_id[24];
        struct fl_transaction t = purchase(customers[i % 2], external_id, DAY + i * 5 % 4, i);

        snprintf(external_id, sizeof external_id, "t%d", i);
        assert_int_equal(put_ok(w, &t), FL_PUT_UNCHANGED);
        snprintf(external_id, sizeof external_id, "u%d", i);
        assert_int_equal(put_ok(w, &t), FL_PUT_INSERTED);
    }
    world_commit(w);
    read_trade(w, &at_once);
    assert_doubled(&in_bulk, &at_once);
    assert_int_equal(in_bulk.n_rows, 3);
    assert_int_equal(in_bulk.n_days[0], 2);
    assert_int_equal(in_bulk.n_days[1], 2);
    assert_int_equal(in_bulk.n_days[2], 0);
    assert_ok(fl_store_transaction_each(w->store, 0, DAY, DAY + 1, keep_line, &lines, &err));
    assert_int_equal(lines.n, 12);
    for (int i = 1; i < lines.n; i++)
        assert_true(lines.customers[i - 1] <= lines.customers[i]);
    lines.n = 0;
    assert_ok(
        fl_store_transaction_each(w->store, customers[1], 0, DAY + 9, keep_line, &lines, &err));
    assert_int_equal(lines.n, 12);
    assert_ok(fl_store_customer_cuts(w->store, 3, cuts, &err));
    for (int i = 0; i < 3; i++)
        assert_int_equal(cuts[i], customers[i]);
    assert_true(cuts[3] == INT64_MAX);
    assert_status(FL_INVALID, fl_store_customer_cuts(w->store, 0, cuts, &err));
}

static bool stop_at_once(void *ctx, const struct fl_trade_row *row)
{
    (void)row;
    ++*(int *)ctx;
    return false;
}

static void test_trade_of_whom(void **state)
{
    struct world *w = *state;
    struct fl_customer gone = {.external_id = "b", .state = FL_CUSTOMER_ERASED};
    struct fl_customer against = {.external_id = "c", .state = FL_CUSTOMER_OBJECTED};
    struct fl_error err;
    struct trade trade;
    enum fl_put put;
    int64_t id, cuts[3];
    int n = 0;

    assert_ok(fl_store_customer_cuts(w->store, 2, cuts, &err));
    assert_true(cuts[0] == INT64_MAX && cuts[2] == INT64_MAX);
    world_begin(w);
    for (int i = 0; i < 4; i++)
        world_customer(w, (const char *[]){"a", "b", "c", "d"}[i], NULL, 0);
    if (fl_store_remembers(w->store)) {
        assert_ok(fl_store_customer_put(w->store, &gone, &put, &id, &err));
        assert_ok(fl_store_customer_put(w->store, &against, &put, &id, &err));
    }
    world_commit(w);
    assert_status(FL_INVALID,
                  fl_store_trade_each(w->store, 1, INT64_MAX, "a\"b", keep_trade, &trade, &err));
    read_trade(w, &trade);
    if (!fl_store_remembers(w->store))
        return;
    assert_int_equal(trade.n_rows, 3);
    assert_int_equal(trade.state[0], FL_CUSTOMER_ACTIVE);
    assert_int_equal(trade.state[1], FL_CUSTOMER_OBJECTED);
    assert_ok(fl_store_trade_each(w->store, trade.customer[1], trade.customer[2], NULL,
                                  stop_at_once, &n, &err));
    assert_int_equal(n, 1);
    memset(&trade, 0, sizeof trade);
    assert_ok(fl_store_trade_each(w->store, 1, INT64_MAX, "no such", keep_trade, &trade, &err));
    assert_int_equal(trade.n_rows, 3);
    assert_string_equal(trade.segment[0], "");
}

/* ---- subscriptions, referrals, complaints -----------------------------------------------------*/

static bool keep_subscription(void *ctx, const struct fl_subscription *s)
{
    struct fl_subscription *out = ctx;

    assert_string_equal(s->currency, "KRW");
    *out = *s;
    out->external_id = out->product = NULL;
    return true;
}

static void test_subscriptions(void **state)
{
    struct world *w = *state;
    struct fl_subscription s = {.external_id = "s1",
                                .start = DAY,
                                .end = FL_DATE_NONE,
                                .period_days = 30,
                                .price_minor = 9900,
                                .margin_minor = 3000,
                                .currency = "KRW"};
    struct fl_subscription bad, got = {0};
    struct fl_error err;
    enum fl_put put;
    int64_t id;

    world_begin(w);
    s.customer = world_customer(w, "kim", NULL, 0);
    assert_ok(fl_store_subscription_put(w->store, &s, &put, &id, &err));
    assert_int_equal(put, FL_PUT_INSERTED);
    bad = s;
    bad.period_days = 0;
    assert_status(FL_INVALID, fl_store_subscription_put(w->store, &bad, &put, &id, &err));
    bad = s;
    bad.end = DAY - 1;
    assert_status(FL_INVALID, fl_store_subscription_put(w->store, &bad, &put, &id, &err));
    bad = s;
    bad.currency = "won";
    assert_status(FL_INVALID, fl_store_subscription_put(w->store, &bad, &put, &id, &err));
    if (!fl_store_remembers(w->store)) {
        world_commit(w);
        return;
    }
    assert_ok(fl_store_subscription_put(w->store, &s, &put, &id, &err));
    assert_int_equal(put, FL_PUT_UNCHANGED);
    s.end = DAY + 90;
    assert_ok(fl_store_subscription_put(w->store, &s, &put, &id, &err));
    assert_int_equal(put, FL_PUT_UPDATED);
    bad = s;
    bad.customer = world_customer(w, "lee", NULL, 0);
    assert_status(FL_CONFLICT, fl_store_subscription_put(w->store, &bad, &put, &id, &err));
    bad.external_id = "s2";
    bad.currency = "EUR";
    assert_status(FL_REJECTED, fl_store_subscription_put(w->store, &bad, &put, &id, &err));
    world_commit(w);
    assert_ok(fl_store_subscription_each(w->store, 1, INT64_MAX, keep_subscription, &got, &err));
    assert_int_equal(got.id, id);
    assert_int_equal(got.customer, s.customer);
    assert_int_equal(got.start, DAY);
    assert_int_equal(got.end, DAY + 90);
    assert_int_equal(got.price_minor, 9900);
    got.id = 0;
    assert_ok(
        fl_store_subscription_each(w->store, 1, s.customer - 1, keep_subscription, &got, &err));
    assert_int_equal(got.id, 0);
}

static bool count_referral(void *ctx, int64_t referrer, int64_t referred, int64_t at_us)
{
    assert_true(referrer != referred && at_us > 0);
    ++*(int *)ctx;
    return true;
}

static void test_referrals(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    enum fl_put put;
    int64_t a, b, c;
    int n = 0;

    world_begin(w);
    a = world_customer(w, "a", NULL, 0);
    b = world_customer(w, "b", NULL, 0);
    c = world_customer(w, "c", NULL, 0);
    assert_ok(fl_store_referral_put(w->store, a, b, WORLD_NOW, &put, &err));
    assert_int_equal(put, FL_PUT_INSERTED);
    assert_status(FL_INVALID, fl_store_referral_put(w->store, a, a, WORLD_NOW, &put, &err));
    assert_status(FL_INVALID, fl_store_referral_put(w->store, 0, a, WORLD_NOW, &put, &err));
    if (fl_store_remembers(w->store)) {
        assert_ok(fl_store_referral_put(w->store, a, b, WORLD_NOW + 1, &put, &err));
        assert_int_equal(put, FL_PUT_UNCHANGED);
        assert_status(FL_CONFLICT, fl_store_referral_put(w->store, c, b, 0, &put, &err));
        assert_status(FL_NOT_FOUND, fl_store_referral_put(w->store, a, c + 999, 0, &put, &err));
        assert_ok(fl_store_referral_put(w->store, b, c, 0, &put, &err));
    }
    world_commit(w);
    assert_ok(fl_store_referral_each(w->store, count_referral, &n, &err));
    assert_int_equal(n, fl_store_remembers(w->store) ? 2 : 0);
    n = 0;
    assert_ok(fl_store_referral_of(w->store, b, count_referral, &n, &err));
    assert_int_equal(n, fl_store_remembers(w->store) ? 1 : 0);
}

static bool keep_complaint(void *ctx, const struct fl_complaint *complaint)
{
    struct fl_complaint *out = ctx;

    assert_string_equal(complaint->text, "sour");
    *out = *complaint;
    return true;
}

static void test_complaints(void **state)
{
    struct world *w = *state;
    struct fl_complaint c = {
        .external_id = "c1", .opened_us = WORLD_NOW, .settled_us = FL_TIME_NONE, .text = "sour"};
    struct fl_complaint settled, got = {0};
    struct fl_error err;
    enum fl_put put;
    int64_t id;

    world_begin(w);
    c.customer = world_customer(w, "kim", NULL, 0);
    assert_ok(fl_store_complaint_put(w->store, &c, &put, &id, &err));
    assert_int_equal(put, FL_PUT_INSERTED);
    settled = c;
    settled.settled_us = WORLD_NOW - 1;
    assert_status(FL_INVALID, fl_store_complaint_put(w->store, &settled, &put, &id, &err));
    settled.settled_us = WORLD_NOW + 5;
    if (!fl_store_remembers(w->store)) {
        world_commit(w);
        return;
    }
    assert_ok(fl_store_complaint_put(w->store, &settled, &put, &id, &err));
    assert_int_equal(put, FL_PUT_UPDATED);
    assert_ok(fl_store_complaint_put(w->store, &c, &put, &id, &err));
    assert_int_equal(put, FL_PUT_UNCHANGED);
    settled.settled_us++;
    assert_status(FL_CONFLICT, fl_store_complaint_put(w->store, &settled, &put, &id, &err));
    settled.opened_us--;
    assert_status(FL_CONFLICT, fl_store_complaint_put(w->store, &settled, &put, &id, &err));
    world_commit(w);
    assert_ok(fl_store_complaint_each(w->store, 1, INT64_MAX, keep_complaint, &got, &err));
    assert_int_equal(got.id, id);
    assert_true(got.settled_us == WORLD_NOW + 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_transactions),  BOTH(test_refused_transactions), BOTH(test_bulk),
        BOTH(test_trade_of_whom), BOTH(test_subscriptions),        BOTH(test_referrals),
        BOTH(test_complaints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
