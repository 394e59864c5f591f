/* The trade of the sample company: figures are those of a Korean dairy, in won. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "people/people_private.h"
#include "people/people_sample_private.h"
#include "value/simulate.h"

enum { TRADE_TEXT_MAX = 1 << 30, VISITS_MAX = 512, MOTHERS_BEFORE = 4096 };
#define HOUR_US (3600 * FL_US_PER_S)
enum { ANSWERS = 7, WEEK_DAYS = 7, NOON_IN_SEOUL_H = 3 };

/* MBG/NBD in weeks: about one visit in three weeks, and one in thirteen stays away after a
 * visit. */
static const double visits[] = {1.4, 4.2, 0.6, 7.4};
/* Gamma-Gamma: how alike the margins of one customer are, and those of all. */
static const double spend_shape = 6, spend_spread = 6;

/* What is typical of a segment. */
static const struct habits {
    int buys_percent;     /* of the segment visit the shop at all */
    double margin;        /* won a visit, on the mean */
    double margin_share;  /* of what is paid */
    int coupon_percent;   /* of the visits are with a coupon */
    int answers_percent;  /* of the segment answered a survey */
    int complain_percent; /* ... complained within the last year */
    double says[ANSWERS]; /* mean answer, 1 to 5 */
} segments[] = {
    [SAMPLE_MOTHERS_CLASS] = {97, 1900, 0.16, 55, 60, 3, {4.3, 4.5, 4.3, 4.5, 4.4, 3.9, 4.3}},
    [SAMPLE_HOME_DELIVERY] = {12, 4500, 0.30, 0, 45, 15, {3.1, 3.3, 2.8, 2.0, 2.4, 2.6, 2.5}},
    [SAMPLE_SHOP] = {98, 9000, 0.32, 12, 40, 5, {3.4, 3.6, 3.4, 3.1, 3.4, 3.3, 3.4}},
};
static const char *const questions[ANSWERS] = {"convenience",    "safety",       "brand",
                                               "usefulness",     "satisfaction", "commitment",
                                               "value_for_money"};

/* Packs that are delivered, by the month. */
static const struct {
    const char *product;
    int price;
} packs[] = {
    {"저온살균 우유 900 ml, 주 3회", 46800}, {"유기농 우유 750 ml, 주 3회", 70200},
    {"락토프리 우유 900 ml, 주 2회", 39000}, {"우유와 플레인 요거트, 주 3회", 62400},
    {"어린이 치즈와 우유, 주 5회", 85800},
};
enum { PACKS = sizeof packs / sizeof packs[0], PACK_MARGIN_PERCENT = 34, DELIVERY_FEE = 2500 };

/* What the class gives, in days from the birth. */
static const struct {
    int day, cost;
    const char *product;
} gifts[] = {
    {-90, 15000, "임산부 꾸러미"},
    {0, 32000, "출산 축하 선물"},
    {120, 12000, "이유식 샘플"},
    {365, 18000, "첫돌 선물"},
};
enum { GIFTS = sizeof gifts / sizeof gifts[0] };

struct mother {
    int number;
    int32_t joined;
};

struct trade {
    uint64_t seed;
    int32_t today;
    struct fl_value_random random; /* of the customer at hand */
    struct fl_buf transactions, subscriptions, referrals, events;
    /* Those who may have brought others; the oldest are forgotten. */
    struct mother mothers[MOTHERS_BEFORE];
    size_t n_mothers, n_rows;
};

static bool is_chance(struct trade *trade, double percent)
{
    return fl_value_random_uniform(&trade->random) * 100 < percent;
}

static int below(struct trade *trade, int n)
{
    return (int)(fl_value_random_uniform(&trade->random) * n);
}

/* ---- transactions ----------------------------------------------------------------------------*/

struct sale {
    int32_t date;
    const char *kind;
    long amount, margin, quantity, reference, discount, points, gift, fee;
    const char *product;
};

static void put_number(struct fl_buf *csv, long value)
{
    if (value)
        fl_buf_printf(csv, "%ld", value);
    fl_buf_putc(csv, ',');
}

static void put_sale(struct trade *trade, const struct sample_person *person,
                     const struct sale *sale)
{
    struct fl_buf *csv = &trade->transactions;
    bool is_paid = strcmp(sale->kind, "purchase") == 0 || strcmp(sale->kind, "refund") == 0;
    char date[FL_TIME_TEXT_SIZE];

    fl_date_format(sale->date, date);
    fl_buf_printf(csv, "T%zu," SAMPLE_CUSTOMER_ID ",%s,%s,", ++trade->n_rows, person->number, date,
                  sale->kind);
    if (is_paid)
        fl_buf_printf(csv, "%ld,%ld,", sale->amount, sale->margin);
    else
        fl_buf_puts(csv, ",,");
    put_number(csv, sale->quantity);
    put_number(csv, sale->reference);
    put_number(csv, sale->discount);
    put_number(csv, sale->points);
    put_number(csv, sale->gift);
    put_number(csv, sale->fee);
    fl_buf_printf(csv, "KRW,\"%s\"\r\n", sale->product);
}

static void put_visit(struct trade *trade, const struct sample_person *person, int32_t date,
                      double rate)
{
    enum { TEN = 10, POINTS_PERCENT = 1, UNIT_PRICE = 3600, REFUND_PERCENT = 1, BACK_DAYS = 3 };
    const struct habits *of = &segments[person->segment];
    double margin = fl_value_random_gamma(&trade->random, spend_shape, rate);
    long amount = lround(fmax(1, margin / of->margin_share / TEN)) * TEN;
    struct sale sale = {
        .date = date,
        .kind = "purchase",
        .amount = amount,
        .margin = lround((double)amount * of->margin_share),
        .points = amount * POINTS_PERCENT / 100,
        .product = person->segment == SAMPLE_MOTHERS_CLASS ? "아기 우유와 치즈" : "유제품",
    };

    /* A coupon takes a quarter off; shoppers know what the super market takes. */
    if (is_chance(trade, of->coupon_percent))
        sale.discount = amount / 3 / TEN * TEN;
    if (person->segment == SAMPLE_SHOP) {
        sale.quantity = 1 + amount / UNIT_PRICE;
        sale.reference = (amount + sale.discount) * 104 / 100 / sale.quantity;
    }
    put_sale(trade, person, &sale);
    if (is_chance(trade, REFUND_PERCENT) && date + BACK_DAYS < trade->today)
        put_sale(trade, person,
                 &(struct sale){.date = date + BACK_DAYS,
                                .kind = "refund",
                                .amount = sale.amount,
                                .margin = sale.margin,
                                .product = sale.product});
}

static void put_visits(struct trade *trade, const struct sample_person *person)
{
    enum { FIRST_WITHIN_DAYS = 10 };
    const struct habits *of = &segments[person->segment];
    int32_t first = person->joined + below(trade, FIRST_WITHIN_DAYS);
    /* Gamma-Gamma's v, so that the segment's mean is p v / (q - 1). */
    double v = of->margin * (spend_spread - 1) / spend_shape, rate, times[VISITS_MAX];
    size_t n;

    if (!is_chance(trade, of->buys_percent) || first >= trade->today)
        return;
    rate = fl_value_random_gamma(&trade->random, spend_spread, v);
    put_visit(trade, person, first, rate);
    n = fl_value_simulate_times(FL_VALUE_MBGNBD, visits,
                                (double)(trade->today - 1 - first) / WEEK_DAYS, &trade->random,
                                times, VISITS_MAX);
    for (size_t i = 0; i < n; i++)
        put_visit(trade, person, first + (int32_t)(times[i] * WEEK_DAYS), rate);
}

static void put_gifts(struct trade *trade, const struct sample_person *person)
{
    for (int i = 0; i < GIFTS; i++) {
        int32_t date = person->birth + gifts[i].day;

        if (date >= person->joined && date < trade->today)
            put_sale(trade, person,
                     &(struct sale){.date = date,
                                    .kind = "gift",
                                    .gift = gifts[i].cost,
                                    .product = gifts[i].product});
    }
}

/* ---- deliveries ------------------------------------------------------------------------------*/

static void put_delivery(struct trade *trade, const struct sample_person *person)
{
    int pack = below(trade, PACKS);
    int32_t last = person->has_left ? person->contract_end : trade->today;
    char start[FL_TIME_TEXT_SIZE], end[FL_TIME_TEXT_SIZE] = "";

    fl_date_format(person->contract_start, start);
    if (person->has_left)
        fl_date_format(person->contract_end, end);
    fl_buf_printf(&trade->subscriptions,
                  "S%06d," SAMPLE_CUSTOMER_ID ",%s,%s,%d,%d,%d,KRW,\"%s\"\r\n", person->number,
                  person->number, start, end, SAMPLE_MONTH_DAYS, packs[pack].price,
                  packs[pack].price * PACK_MARGIN_PERCENT / 100, packs[pack].product);
    for (int32_t date = person->contract_start; date < last; date += SAMPLE_MONTH_DAYS)
        put_sale(
            trade, person,
            &(struct sale){.date = date, .kind = "fee", .fee = DELIVERY_FEE, .product = "배달료"});
}

/* ---- referrals -------------------------------------------------------------------------------*/

/* One mother in six was brought by another; who has brought somebody is asked again more often. */
static void put_referral(struct trade *trade, const struct sample_person *person)
{
    enum { BROUGHT_PERCENT = 16, LEADERS_PERCENT = 60, LEADERS_AMONG = 12 };
    char date[FL_TIME_TEXT_SIZE];
    size_t n = trade->n_mothers < MOTHERS_BEFORE ? trade->n_mothers : MOTHERS_BEFORE;

    if (n && is_chance(trade, BROUGHT_PERCENT)) {
        bool is_leader = is_chance(trade, LEADERS_PERCENT);
        size_t at = (size_t)below(trade, (int)(is_leader && n > LEADERS_AMONG ? LEADERS_AMONG : n));

        if (trade->mothers[at].joined < person->joined) {
            fl_date_format(person->joined, date);
            fl_buf_printf(&trade->referrals, SAMPLE_CUSTOMER_ID "," SAMPLE_CUSTOMER_ID ",%s\r\n",
                          trade->mothers[at].number, person->number, date);
        }
    }
    trade->mothers[trade->n_mothers++ % MOTHERS_BEFORE] =
        (struct mother){person->number, person->joined};
}

/* ---- what was said ---------------------------------------------------------------------------*/

/* A day since they are customers and within the last `days`; FL_DATE_NONE: there is none. */
static int32_t draw_day(struct trade *trade, const struct sample_person *person, int days)
{
    int32_t from = trade->today - days > person->joined ? trade->today - days : person->joined + 1;

    return from < trade->today ? from + below(trade, trade->today - from) : FL_DATE_NONE;
}

static void put_answer(struct trade *trade, const struct sample_person *person,
                       const char *question, const char *at, long value, int low, int high)
{
    fl_buf_printf(&trade->events,
                  "{\"type\":\"answer\",\"id\":\"A%06d-%s\",\"customer\":\"" SAMPLE_CUSTOMER_ID
                  "\",\"question\":\"%s\",\"value\":%ld,\"low\":%d,\"high\":%d,\"at\":\"%s\"}\n",
                  person->number, question, person->number, question, value, low, high, at);
}

static long on_scale(double value, int low, int high)
{
    return lround(fmin(fmax(value, low), high));
}

/* A customer's answers have a mood in common; who is satisfied recommends. */
static void put_answers(struct trade *trade, const struct sample_person *person)
{
    enum { WITHIN_DAYS = 240, SCALE_LOW = 1, SCALE_HIGH = 5, NPS_HIGH = 10 };
    static const double mood_spread = 0.45, answer_spread = 0.6;
    const struct habits *of = &segments[person->segment];
    int32_t day = draw_day(trade, person, WITHIN_DAYS);
    double mood = mood_spread * fl_value_random_normal(&trade->random), sum = 0;
    char at[FL_TIME_TEXT_SIZE];

    if (!is_chance(trade, of->answers_percent) || day == FL_DATE_NONE)
        return;
    fl_time_format(day * FL_US_PER_DAY + NOON_IN_SEOUL_H * HOUR_US, at);
    for (int i = 0; i < ANSWERS; i++) {
        double says = of->says[i] + mood + answer_spread * fl_value_random_normal(&trade->random);

        sum += says;
        put_answer(trade, person, questions[i], at, on_scale(says, SCALE_LOW, SCALE_HIGH),
                   SCALE_LOW, SCALE_HIGH);
    }
    put_answer(
        trade, person, "recommend", at,
        on_scale((sum / ANSWERS - SCALE_LOW) / (SCALE_HIGH - SCALE_LOW) * NPS_HIGH, 0, NPS_HIGH), 0,
        NPS_HIGH);
}

/* Two in three are settled within two days; what is open was opened of late. */
static void put_complaint(struct trade *trade, const struct sample_person *person)
{
    enum { WITHIN_DAYS = 330, QUICK_PERCENT = 65, QUICK_H = 46, SLOW_H = 12 * 24 };
    static const char *const korean[] = {"우유가 새벽 시간에 오지 않았습니다.",
                                         "유통기한이 하루 남은 제품이 왔습니다.",
                                         "두 번이나 다른 제품이 배달되었습니다."};
    static const char *const english[] = {"The milk did not come in the morning.",
                                          "A pack came with one day to its date.",
                                          "The wrong product was delivered twice."};
    int32_t day = draw_day(trade, person, WITHIN_DAYS);
    int text = below(trade, (int)(sizeof korean / sizeof korean[0]));
    char opened[FL_TIME_TEXT_SIZE], settled[FL_TIME_TEXT_SIZE];
    int64_t opened_us, settled_us;

    if (!is_chance(trade, segments[person->segment].complain_percent) || day == FL_DATE_NONE)
        return;
    opened_us = day * FL_US_PER_DAY + NOON_IN_SEOUL_H * HOUR_US;
    settled_us = opened_us +
                 (1 + below(trade, is_chance(trade, QUICK_PERCENT) ? QUICK_H : SLOW_H)) * HOUR_US;
    fl_time_format(opened_us, opened);
    fl_buf_printf(&trade->events,
                  "{\"type\":\"complaint\",\"id\":\"K%06d\",\"customer\":\"" SAMPLE_CUSTOMER_ID
                  "\",\"opened\":\"%s\",",
                  person->number, person->number, opened);
    if (settled_us < trade->today * FL_US_PER_DAY) {
        fl_time_format(settled_us, settled);
        fl_buf_printf(&trade->events, "\"settled\":\"%s\",", settled);
    }
    fl_buf_printf(&trade->events, "\"text\":\"%s\"}\n",
                  person->is_korean ? korean[text] : english[text]);
}

/* ---- all of it -------------------------------------------------------------------------------*/

/* Each customer has numbers of his own: one more customer does not change the others. */
static void put_customer(void *ctx, const struct sample_person *person, const char *row)
{
    struct trade *trade = ctx;
    struct people_random own = {trade->seed ^ (uint64_t)person->number};

    (void)row;
    fl_value_random_init(&trade->random, people_random_u64(&own));
    put_visits(trade, person);
    if (person->segment == SAMPLE_MOTHERS_CLASS) {
        put_gifts(trade, person);
        put_referral(trade, person);
    }
    if (person->segment == SAMPLE_HOME_DELIVERY)
        put_delivery(trade, person);
    put_answers(trade, person);
    put_complaint(trade, person);
}

static enum fl_status take(struct fl_arena *arena, const struct fl_buf *from, const char **out,
                           struct fl_error *err)
{
    *out = fl_buf_failed(from) ? NULL : fl_arena_strndup(arena, from->data, from->len);
    return *out ? FL_OK : fl_error_set(err, FL_LIMIT, "the sample is too large");
}

enum fl_status fl_people_sample_trade(struct fl_arena *arena, uint64_t seed, int n, int32_t today,
                                      struct fl_sample_trade *out, struct fl_error *err)
{
    struct trade *trade = calloc(1, sizeof *trade);
    struct fl_sample_trade made = {0};
    enum fl_status st;

    if (!trade)
        return fl_error_set(err, FL_IO, "no memory for the sample");
    trade->seed = seed;
    trade->today = today;
    fl_buf_init(&trade->transactions, TRADE_TEXT_MAX);
    fl_buf_init(&trade->subscriptions, TRADE_TEXT_MAX);
    fl_buf_init(&trade->referrals, TRADE_TEXT_MAX);
    fl_buf_init(&trade->events, TRADE_TEXT_MAX);
    fl_buf_puts(&trade->transactions,
                "transaction,customer,date,kind,amount,margin,quantity,reference_price,discount,"
                "points,gift,fee,currency,product\r\n");
    fl_buf_puts(&trade->subscriptions,
                "subscription,customer,start,end,period,price,margin,currency,product\r\n");
    fl_buf_puts(&trade->referrals, "referrer,referred,date\r\n");
    st = people_sample_each(seed, n, today, put_customer, trade, err);
    if (!st)
        st = take(arena, &trade->transactions, &made.transactions, err);
    if (!st)
        st = take(arena, &trade->subscriptions, &made.subscriptions, err);
    if (!st)
        st = take(arena, &trade->referrals, &made.referrals, err);
    if (!st)
        st = take(arena, &trade->events, &made.events, err);
    if (!st)
        *out = made;
    fl_buf_finish(&trade->transactions);
    fl_buf_finish(&trade->subscriptions);
    fl_buf_finish(&trade->referrals);
    fl_buf_finish(&trade->events);
    free(trade);
    return st;
}
