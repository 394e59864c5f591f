/* Importing what customers did: the same facts in three forms, what is refused, what stays. */
#include "unit.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "people/people.h"
#include "people/trade.h"

#define NOW   INT64_C(1795316645000000) /* 2026-11-22T03:04:05Z, noon in Seoul */
#define SEOUL (9 * 3600 * FL_US_PER_S)
#define LAST  INT32_MAX

struct world {
    char dir[64], path[128];
    struct fl_store *store;
    struct fl_clock_manual manual;
    struct fl_arena *arena;
    struct fl_faults faults;
    struct fl_fact_options options;
    struct fl_fact_result result;
    struct fl_error err;
};

static int64_t of_local(void *ctx, int64_t us)
{
    (void)ctx;
    return us - SEOUL;
}

static int64_t to_local(void *ctx, int64_t us)
{
    (void)ctx;
    return us + SEOUL;
}

static void put_customers(struct world *w)
{
    struct fl_error err;
    static const char *const ids[] = {"A", "B", "C"};

    assert_ok(fl_store_begin(w->store, &err));
    for (size_t i = 0; i < 3; i++) {
        struct fl_customer customer = {.external_id = ids[i], .name = ids[i]};
        enum fl_put put;
        int64_t id;

        assert_ok(fl_store_customer_put(w->store, &customer, &put, &id, &err));
    }
    assert_ok(fl_store_commit(w->store, &err));
}

static int set_up(void **state)
{
    struct fl_error err;
    struct world *w = calloc(1, sizeof *w);
    struct fl_store_options options = {.create_if_missing = true, .busy_timeout_us = FL_US_PER_S};
    char uri[160];

    strcpy(w->dir, "/tmp/test-facts-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%s/t.db", w->dir);
    snprintf(uri, sizeof uri, "sqlite:%s", w->path);
    w->manual.now_us = NOW;
    options.clock = fl_clock_of_manual(&w->manual);
    assert_ok(fl_store_open(uri, &options, &w->store, &err));
    w->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    w->options = (struct fl_fact_options){.name = "f",
                                          .currency = "",
                                          .minor_digits = 2,
                                          .margin_rate = 0.5,
                                          .now_us = NOW,
                                          .of_local = of_local,
                                          .to_local = to_local};
    put_customers(w);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    struct world *w = *state;
    char path[200];

    fl_store_close(&w->store);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(path, sizeof path, "%s%s", w->path, suffixes[i]);
        unlink(path);
    }
    rmdir(w->dir);
    fl_arena_destroy(&w->arena);
    free(w);
    return 0;
}

static enum fl_status import(struct world *w, enum fl_fact_form form, enum fl_fact fact,
                             const char *text)
{
    enum fl_status st;
    struct fl_error err;
    int fd;

    assert_ok(fl_memfd_sealed("facts", text, strlen(text), &fd, &err));
    fl_faults_init(&w->faults, w->arena);
    w->options.form = form;
    w->options.fact = fact;
    st = fl_people_import_facts(w->store, fd, &w->options, &w->faults, &w->result, &w->err);
    close(fd);
    return st;
}

static void import_ok(struct world *w, enum fl_fact_form form, enum fl_fact fact, const char *text)
{
    enum fl_status st = import(w, form, fact, text);

    if (w->faults.n_total)
        fail_msg("%s", fl_fault_text(w->arena, &w->faults.items[0]));
    if (st)
        fail_msg("%s", w->err.text);
}

/* Refused, with these faults in this order; `expected` ends with NULL. */
static void import_faults(struct world *w, enum fl_fact_form form, enum fl_fact fact,
                          const char *text, const char *const *expected)
{
    size_t n = 0;

    if (import(w, form, fact, text) != FL_INVALID)
        fail_msg("%s, expected faults", w->err.text);
    for (; expected[n]; n++) {
        const char *fault;

        if (n == w->faults.n_items)
            fail_msg("missing fault: %s", expected[n]);
        fault = fl_fault_text(w->arena, &w->faults.items[n]);
        if (!strstr(fault, expected[n]))
            fail_msg("fault \"%s\", expected \"%s\"", fault, expected[n]);
    }
    if (n != w->faults.n_items)
        fail_msg("one too many: %s", fl_fault_text(w->arena, &w->faults.items[n]));
}

/* ---- what is in the store after it ------------------------------------------------------------*/

struct seen {
    struct world *w;
    size_t n;
    struct fl_transaction last[8];
};

static bool note(void *ctx, const struct fl_transaction *transaction)
{
    struct seen *seen = ctx;

    if (seen->n < 8) {
        struct fl_transaction *copy = &seen->last[seen->n];

        *copy = *transaction;
        copy->external_id = fl_arena_strdup(seen->w->arena, transaction->external_id);
        copy->product = fl_arena_strdup(seen->w->arena, transaction->product);
        copy->currency = fl_arena_strdup(seen->w->arena, transaction->currency);
    }
    seen->n++;
    return true;
}

static struct seen transactions(struct world *w)
{
    struct fl_error err;
    struct seen seen = {.w = w};

    assert_ok(fl_store_transaction_each(w->store, 0, 0, LAST, note, &seen, &err));
    return seen;
}

static void test_transactions(void **state)
{
    struct world *w = *state;
    struct seen seen;

    import_ok(w, FL_FACT_CSV, FL_FACT_TRANSACTION,
              "Transaction,Customer,Date,Kind,Amount,Margin,Quantity,Reference_Price,Discount,"
              "Points,Fee,Shipping,Currency,Product\n"
              "t1,A,2026-11-01,,12.5,,2,8.00,1,7,,2.5,EUR,milk\n"
              "t2,A,2026-11-20T01:30:00+00:00,refund,3,0.5,,,,,,,EUR,\n"
              "t3,B,2026-11-21T23:30:00,purchase,7.00,,,,,,,,EUR,\n"
              "t4,B,2026-11-22,fee,,,,,,,1.25,,,\n");
    assert_int_equal(w->result.n_rows, 4);
    assert_int_equal(w->result.n_inserted, 4);
    seen = transactions(w);
    assert_int_equal(seen.n, 4);
    assert_string_equal(seen.last[0].external_id, "t1");
    assert_int_equal(seen.last[0].amount_minor, 1250);
    assert_int_equal(seen.last[0].margin_minor, 625); /* the rate, as none is given */
    assert_int_equal(seen.last[0].saved_minor, 250);  /* 2 x 8 less 12.5 paid and 1 discount */
    assert_int_equal(seen.last[0].discount_minor, 100);
    assert_int_equal(seen.last[0].points, 7);
    assert_int_equal(seen.last[0].shipping_minor, 250);
    assert_string_equal(seen.last[0].product, "milk");
    assert_int_equal(seen.last[1].kind, FL_TRANSACTION_REFUND);
    assert_int_equal(seen.last[1].margin_minor, 50);
    /* Days are Seoul's: 01:30 UTC is 10:30 there, and 23:30 without a zone is meant there. */
    assert_int_equal(seen.last[1].date, fl_date_of_civil(2026, 11, 20));
    assert_int_equal(seen.last[2].date, fl_date_of_civil(2026, 11, 21));
    assert_int_equal(seen.last[2].at_us % FL_US_PER_DAY, (14 * 3600 + 1800) * FL_US_PER_S);
    assert_string_equal(seen.last[3].currency, "EUR"); /* the store's */
}

static void test_again(void **state)
{
    struct world *w = *state;
    static const char file[] = "customer,date,amount,currency\nA,20261101,5,USD\n"
                               "A,20261101,5,USD\nB,20261102,6,USD\n";

    import_ok(w, FL_FACT_CSV, FL_FACT_TRANSACTION, file);
    assert_int_equal(w->result.n_inserted, 3); /* two equal lines are two purchases */
    import_ok(w, FL_FACT_CSV, FL_FACT_TRANSACTION, file);
    assert_int_equal(w->result.n_unchanged, 3);
    assert_int_equal(transactions(w).n, 3);

    import_ok(w, FL_FACT_CSV, FL_FACT_TRANSACTION, "id,customer,date,amount\nx,C,20261101,5\n");
    import_faults(w, FL_FACT_CSV, FL_FACT_TRANSACTION, "id,customer,date,amount\nx,C,20261101,6\n",
                  (const char *const[]){"f:2: id \"x\"", NULL});
    assert_int_equal(transactions(w).n, 4);
}

static void test_transaction_faults(void **state)
{
    struct world *w = *state;

    import_faults(w, FL_FACT_CSV, FL_FACT_TRANSACTION,
                  "id,customer,date,kind,amount,currency,quantity,points\n"
                  "1,A,2026-11-01,,-5,USD,,\n"
                  "2,Z,2026-11-01,,5,USD,,\n"
                  "3,A,2026-11-23,,5,USD,,\n"
                  "4,A,2026-13-01,,5,USD,,\n"
                  "5,A,2026-11-01,sale,5,USD,,\n"
                  "6,A,2026-11-01,,5.001,USD,,\n"
                  "7,A,2026-11-01,,NaN,USD,,\n"
                  "8,A,2026-11-01,,1e300,USD,,\n"
                  "9,A,2026-11-01,,\"1,000\",USD,,\n"
                  "10,A,2026-11-01,,99999999999999999999,USD,,\n"
                  "11,A,2026-11-01,,5,EUR,,\n"
                  "12,A,2026-11-01,,5,usd,,\n"
                  "13,A,2026-11-01,,5,USD,inf,\n"
                  "14,A,2026-11-01,,5,USD,,1.5\n"
                  "15,A,2026-11-01,,,USD,,\n"
                  ",A,2026-11-01,refund,,USD,,\n"
                  "17,,2026-11-01,,5,USD,,\n",
                  (const char *const[]){
                      "f:2: amount \"-5\": is negative; what went back is kind refund",
                      "f:3: customer \"Z\": no such customer",
                      "f:4: date \"2026-11-23\": lies in the future",
                      "f:5: date \"2026-13-01\": a date as",
                      "f:6: kind \"sale\": purchase, refund, gift, points or fee is expected",
                      "f:7: amount \"5.001\": an amount of money with at most 2 decimals",
                      "f:8: amount \"NaN\"",
                      "f:9: amount \"1e300\"",
                      "f:10: amount \"1,000\"",
                      "f:11: amount \"99999999999999999999\"",
                      "f:12: currency \"EUR\": values are in USD",
                      "f:13: currency \"usd\": three capital letters",
                      "f:14: quantity \"inf\": a number within 0..1e+06 is expected",
                      "f:15: points \"1.5\": a whole number is expected",
                      "f:16: amount: is missing",
                      "f:17: amount: is missing",
                      "f:18: customer: is missing",
                      NULL,
                  });
    assert_int_equal(transactions(w).n, 0);
    import_faults(w, FL_FACT_CSV, FL_FACT_TRANSACTION, "customer,date,amount\nA,2026-11-01,5\n",
                  (const char *const[]){"currency: is missing; give it, or set currency", NULL});
    import_faults(w, FL_FACT_CSV, FL_FACT_TRANSACTION, "customer,day,amount,Amount\nA,1,5,5\n",
                  (const char *const[]){"f:1: day: a transaction has no such field",
                                        "f:1: Amount: goes into the same field", NULL});
    import_faults(w, FL_FACT_CSV, FL_FACT_TRANSACTION, "",
                  (const char *const[]){"the file is empty", NULL});
}

static void test_currency(void **state)
{
    struct world *w = *state;

    w->options.currency = "KRW";
    w->options.minor_digits = 0;
    import_ok(w, FL_FACT_CSV, FL_FACT_TRANSACTION, "customer,date,amount\nA,2026-11-01,12000\n");
    assert_int_equal(transactions(w).last[0].amount_minor, 12000);
    assert_string_equal(transactions(w).last[0].currency, "KRW");
    w->options.currency = "USD";
    assert_int_equal(
        import(w, FL_FACT_CSV, FL_FACT_TRANSACTION, "customer,date,amount\nA,2026-11-02,12\n"),
        FL_REJECTED);
    assert_non_null(strstr(w->err.text, "KRW"));
}

static void test_map(void **state)
{
    struct world *w = *state;

    w->options.map = "Kunde=customer,Datum=date,Betrag=amount,Bemerkung=ignore";
    w->options.currency = "EUR";
    import_ok(w, FL_FACT_CSV, FL_FACT_TRANSACTION,
              "Kunde;Datum;Betrag;Bemerkung\nA;2026.11.01;3.20;x\n");
    assert_int_equal(transactions(w).last[0].amount_minor, 320);
    w->options.map = "Kunde=buyer,Wer=customer";
    import_faults(w, FL_FACT_CSV, FL_FACT_TRANSACTION, "Kunde;date;amount\nA;2026.11.01;3.20\n",
                  (const char *const[]){"Kunde \"buyer\": no such field",
                                        "Wer: the map names a column the file has not", NULL});
}

static bool note_subscription(void *ctx, const struct fl_subscription *subscription)
{
    struct fl_subscription *last = ctx;

    *last = *subscription;
    return true;
}

static void test_subscriptions(void **state)
{
    struct fl_error err;
    struct world *w = *state;
    struct fl_subscription last = {0};

    import_ok(w, FL_FACT_CSV, FL_FACT_SUBSCRIPTION,
              "subscription,customer,start,end,period,price,margin,currency,product\n"
              "s1,A,2026-01-15,,1M,30,12,EUR,milk\n");
    assert_ok(fl_store_subscription_each(w->store, 0, INT64_MAX, note_subscription, &last, &err));
    assert_int_equal(last.period_days, 30);
    assert_int_equal(last.end, FL_DATE_NONE);
    assert_int_equal(last.margin_minor, 1200);
    /* A contract that is known changes: it ended. */
    import_ok(w, FL_FACT_CSV, FL_FACT_SUBSCRIPTION,
              "subscription,customer,start,end,period,price,margin,currency,product\n"
              "s1,A,2026-01-15,2026-10-15,1M,30,12,EUR,milk\n");
    assert_int_equal(w->result.n_updated, 1);
    import_faults(w, FL_FACT_CSV, FL_FACT_SUBSCRIPTION,
                  "id,customer,start,end,period,price,currency\n"
                  ",A,2026-01-15,,1M,30,EUR\n"
                  "s2,A,2026-01-15,2026-01-14,1M,30,EUR\n"
                  "s3,A,2026-12-15,,1M,30,EUR\n"
                  "s4,A,2026-01-15,,0d,30,EUR\n"
                  "s5,A,2026-01-15,,11y,30,EUR\n"
                  "s6,A,2026-01-15,,1M,-30,EUR\n",
                  (const char *const[]){"f:2: id: is missing",
                                        "f:3: end \"2026-01-14\": lies before the start",
                                        "f:4: start \"2026-12-15\": lies in the future",
                                        "f:5: period \"0d\": 7d, 4w, 1M, 1y", "f:6: period \"11y\"",
                                        "f:7: price \"-30\": is negative", NULL});
}

static void test_referrals(void **state)
{
    struct world *w = *state;

    import_ok(w, FL_FACT_CSV, FL_FACT_REFERRAL, "referrer,referred,date\nA,B,2026-01-01\n");
    import_ok(w, FL_FACT_CSV, FL_FACT_REFERRAL, "referrer,referred,date\nA,B,2026-01-01\n");
    assert_int_equal(w->result.n_unchanged, 1);
    import_faults(w, FL_FACT_CSV, FL_FACT_REFERRAL,
                  "referrer,referred,date\nA,A,2026-01-01\nC,B,2026-01-01\n",
                  (const char *const[]){"f:2: referred \"A\": is the referrer as well", NULL});
    import_faults(w, FL_FACT_CSV, FL_FACT_REFERRAL, "referrer,referred,date\nC,B,2026-01-01\n",
                  (const char *const[]){"f:2: referred \"B\"", NULL});
}

/* ---- events -----------------------------------------------------------------------------------*/

static const char json_events[] =
    "{\"type\":\"transaction\",\"id\":\"t1\",\"customer\":\"A\",\"date\":\"2026-11-01\","
    "\"amount\":12.5,\"currency\":\"EUR\"}\n"
    "\n"
    "{\"type\":\"answer\",\"id\":\"a1\",\"customer\":\"A\",\"question\":\"satisfaction\","
    "\"value\":4,\"low\":1,\"high\":5,\"at\":\"2026-11-02\"}\n"
    "{\"type\":\"complaint\",\"id\":\"c1\",\"customer\":\"B\",\"opened\":\"2026-11-03T09:00:00\","
    "\"text\":\"sour\",\"settled\":null}\n"
    "{\"type\":\"referral\",\"referrer\":\"A\",\"referred\":\"C\",\"date\":\"2026-11-04\"}\n";
static const char xml_events[] =
    "<?xml version=\"1.0\"?>\n<events>\n"
    "<transaction id=\"t1\" customer=\"A\" date=\"2026-11-01\" amount=\"12.5\" currency=\"EUR\"/>\n"
    "<answer id=\"a1\" customer=\"A\" question=\"satisfaction\" value=\"4\" low=\"1\" high=\"5\""
    " at=\"2026-11-02\"/>\n"
    "<complaint id=\"c1\" customer=\"B\" opened=\"2026-11-03T09:00:00\" text=\"sour\"/>\n"
    "<referral referrer=\"A\" referred=\"C\" date=\"2026-11-04\"/>\n"
    "</events>\n";

static bool note_sign(void *ctx, const struct fl_sign *sign)
{
    struct fl_sign *last = ctx;

    if (sign->kind == FL_SIGN_ANSWER)
        *last = *sign;
    return true;
}

/* The same facts in both forms: whichever comes second finds all of them there. */
static void test_events(void **state)
{
    struct fl_error err;
    struct world *w = *state;
    struct fl_sign sign = {0};

    import_ok(w, FL_FACT_JSON, FL_FACT_TRANSACTION, json_events);
    assert_int_equal(w->result.n_inserted, 4);
    import_ok(w, FL_FACT_XML, FL_FACT_TRANSACTION, xml_events);
    assert_int_equal(w->result.n_unchanged, 4);
    assert_int_equal(w->result.by_fact[FL_FACT_ANSWER], 1);
    assert_ok(fl_store_sign_each(w->store, 0, INT64_MAX, 0, NOW, note_sign, &sign, &err));
    assert_true(sign.value == 4 && sign.low == 1 && sign.high == 5);
    assert_int_equal(transactions(w).n, 1);
}

static void test_json_faults(void **state)
{
    struct world *w = *state;

    import_faults(w, FL_FACT_JSON, FL_FACT_TRANSACTION,
                  "[1]\n{\"type\":\"sale\"}\n{\"id\":\"x\"}\n{broken\n"
                  "{\"type\":\"referral\",\"referrer\":\"A\",\"referred\":\"B\",\"day\":1}\n"
                  "{\"type\":\"referral\",\"referrer\":\"A\",\"referrer\":\"B\"}\n"
                  "{\"type\":\"answer\",\"id\":\"a\",\"customer\":\"A\",\"question\":\"q\","
                  "\"value\":6,\"low\":1,\"high\":5,\"at\":\"2026-11-02\"}\n"
                  "{\"type\":\"complaint\",\"id\":\"c\",\"customer\":\"A\","
                  "\"opened\":\"2026-11-03\",\"settled\":\"2026-11-02\"}\n"
                  "{\"type\":\"complaint\",\"id\":[],\"customer\":\"A\"}\n",
                  (const char *const[]){"f:1: an object is expected",
                                        "f:2: type \"sale\": transaction, subscription",
                                        "f:3: type: is missing", "f:4: no JSON",
                                        "f:5: day: a referral has no such member", "f:6: no JSON",
                                        "f:7: value \"6\": does not lie on a scale from 1 to 5",
                                        "f:8: settled \"2026-11-02\": lies before it was opened",
                                        "f:9: id: text or a number is expected", NULL});
}

static void test_xml_faults(void **state)
{
    struct world *w = *state;

    import_faults(w, FL_FACT_XML, FL_FACT_TRANSACTION, "<events><sale id='1'/></events>",
                  (const char *const[]){"f:1: ", NULL});
    assert_int_equal(import(w, FL_FACT_XML, FL_FACT_TRANSACTION,
                            "<events>\n<referral referrer='A' referred='B'/>\n</events>"),
                     FL_INVALID);
    assert_non_null(strstr(fl_fault_text(w->arena, &w->faults.items[0]), "f:2"));
    assert_int_equal(import(w, FL_FACT_XML, FL_FACT_TRANSACTION, "<events><referral"), FL_INVALID);
    assert_int_equal(import(w, FL_FACT_XML, FL_FACT_TRANSACTION, ""), FL_INVALID);
    /* No entity is taken in from anywhere. */
    assert_int_equal(import(w, FL_FACT_XML, FL_FACT_TRANSACTION,
                            "<!DOCTYPE e [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"
                            "<events><complaint id='1' customer='A' opened='2026-11-01' "
                            "text='&x;'/></events>"),
                     FL_INVALID);
    import_faults(w, FL_FACT_XML, FL_FACT_TRANSACTION,
                  "<events>\n<complaint id='1' customer='Z' opened='2026-11-01'/>\n</events>",
                  (const char *const[]){"f:2: customer \"Z\": no such customer", NULL});
}

static void test_dry_run(void **state)
{
    struct world *w = *state;

    w->options.is_dry_run = true;
    import_ok(w, FL_FACT_JSON, FL_FACT_TRANSACTION, json_events);
    assert_int_equal(w->result.n_inserted, 4);
    assert_int_equal(transactions(w).n, 0);
}

static void test_values(void **state)
{
    int64_t minor;
    int32_t days;

    (void)state;
    assert_true(fl_people_money_parse("0", 0, &minor) && minor == 0);
    assert_true(fl_people_money_parse("-1.5", 2, &minor) && minor == -150);
    assert_true(fl_people_money_parse("12.00", 0, &minor) && minor == 12);
    assert_true(fl_people_money_parse("10000000000000.00", 2, &minor) &&
                minor == FL_FACT_MINOR_MAX);
    assert_false(fl_people_money_parse("10000000000000.01", 2, &minor));
    assert_false(fl_people_money_parse("", 2, &minor));
    assert_false(fl_people_money_parse(".5", 2, &minor));
    assert_false(fl_people_money_parse("5.", 2, &minor));
    assert_false(fl_people_money_parse("1.2.3", 2, &minor));
    assert_false(fl_people_money_parse("--1", 2, &minor));
    assert_false(fl_people_money_parse("0x10", 2, &minor));
    assert_true(fl_people_period_parse("28", &days) && days == 28);
    assert_true(fl_people_period_parse("4w", &days) && days == 28);
    assert_true(fl_people_period_parse("1y", &days) && days == 365);
    assert_false(fl_people_period_parse("", &days));
    assert_false(fl_people_period_parse("w", &days));
    assert_false(fl_people_period_parse("4ww", &days));
    assert_false(fl_people_period_parse("99999999d", &days));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_transactions), TEST(test_again),   TEST(test_transaction_faults),
        TEST(test_currency),     TEST(test_map),     TEST(test_subscriptions),
        TEST(test_referrals),    TEST(test_events),  TEST(test_json_faults),
        TEST(test_xml_faults),   TEST(test_dry_run), cmocka_unit_test(test_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
