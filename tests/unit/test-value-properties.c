/* Value: what has to hold for every model whatever the data are. */
#include "unit.h"

#include "value-cases.h"

enum { CUSTOMERS = 600, HOLD_OUT_CUSTOMERS = 20000, TIMES_MAX = 2000, DAYS_PER_WEEK = 7 };

static bool is_in_real_time(enum fl_value_model model)
{
    return model == FL_VALUE_BGNBD || model == FL_VALUE_MBGNBD || model == FL_VALUE_PARETONBD ||
           model == FL_VALUE_NBD;
}

static bool is_contract(enum fl_value_model model)
{
    return model == FL_VALUE_SBG || model == FL_VALUE_BDW;
}

static struct value_case case_at(int i, size_t customers)
{
    struct value_case c = value_cases[i];

    c.customers = customers;
    return c;
}

static struct fl_value_fit fit_of(const struct value_case *c, const struct fl_value_obs *obs,
                                  size_t n)
{
    struct fl_value_fit fit;
    struct fl_error err = {0};

    assert_ok(fl_value_fit(c->model, obs, n, NULL, &fit, &err));
    assert_int_equal(fit.state, FL_VALUE_FITTED);
    return fit;
}

/* The same customers in another order and in halves give the same fit to the last bit. */
static void test_order(void **state)
{
    (void)state;
    for (int i = 0; i < VALUE_CASES; i++) {
        struct value_case c = case_at(i, CUSTOMERS);
        struct fl_value_obs *obs = value_simulated(&c, 1, CUSTOMERS);
        struct fl_value_obs *other = calloc(2 * CUSTOMERS, sizeof *other);
        struct fl_value_fit fit, again;
        size_t n;

        for (size_t k = 0; k < CUSTOMERS; k++) {
            size_t to = k * 7 % CUSTOMERS; /* 7 is prime to the number of customers */

            other[2 * to] = other[2 * to + 1] = obs[k];
            other[2 * to].n = 0.25;
            other[2 * to + 1].n = 0.75;
        }
        n = fl_value_group(obs, CUSTOMERS);
        fit = fit_of(&c, obs, n);
        assert_int_equal(fl_value_group(other, (size_t)2 * CUSTOMERS), n);
        assert_memory_equal(obs, other, n * sizeof *obs);
        again = fit_of(&c, other, n);
        assert_memory_equal(fit.p, again.p, sizeof fit.p);
        assert_memory_equal(&fit.log_likelihood, &again.log_likelihood, sizeof(double));
        free(obs);
        free(other);
    }
}

/* Grouped or not, and everybody twice: the same parameters, twice the log-likelihood. */
static void test_duplicates(void **state)
{
    (void)state;
    for (int i = 0; i < VALUE_CASES; i++) {
        struct value_case c = case_at(i, CUSTOMERS);
        struct fl_value_obs *obs = value_simulated(&c, 2, CUSTOMERS);
        double plain = fl_value_log_likelihood(c.model, c.p, obs, CUSTOMERS, NULL), grouped;
        struct fl_value_fit one, two;
        size_t n = fl_value_group(obs, CUSTOMERS);

        grouped = fl_value_log_likelihood(c.model, c.p, obs, n, NULL);
        assert_near(grouped, plain, 1e-10 * fabs(plain));
        one = fit_of(&c, obs, n);
        for (size_t k = 0; k < n; k++)
            obs[k].n *= 2;
        two = fit_of(&c, obs, n);
        assert_near(two.log_likelihood, 2 * one.log_likelihood, 1e-9 * fabs(one.log_likelihood));
        for (size_t j = 0; j < fl_value_params(c.model); j++) {
            assert_near(two.p[j], one.p[j], 1e-4 * one.p[j]);
            assert_near(two.se[j], one.se[j] / sqrt(2), 1e-3 * one.se[j]);
        }
        free(obs);
    }
}

/* Weeks to days: scales of rates follow, densities of purchase times change by their known factor,
 * and nothing that is concluded. */
static void test_time_unit(void **state)
{
    (void)state;
    for (int i = 0; i < VALUE_CASES; i++) {
        struct value_case c = case_at(i, CUSTOMERS);
        struct fl_value_obs *weeks = value_simulated(&c, 3, CUSTOMERS), days[CUSTOMERS];
        struct fl_value_fit by_week, by_day;
        double shift = 0;

        if (!is_in_real_time(c.model)) {
            free(weeks);
            continue;
        }
        for (size_t k = 0; k < CUSTOMERS; k++) {
            days[k] = weeks[k];
            days[k].tx *= DAYS_PER_WEEK;
            days[k].T *= DAYS_PER_WEEK;
            shift -= weeks[k].x * log(DAYS_PER_WEEK);
        }
        by_week = fit_of(&c, weeks, CUSTOMERS);
        by_day = fit_of(&c, days, CUSTOMERS);
        assert_near(by_day.log_likelihood, by_week.log_likelihood + shift,
                    1e-6 + 1e-10 * fabs(shift));
        assert_near(by_day.p[1], DAYS_PER_WEEK * by_week.p[1], 1e-4 * by_day.p[1]);
        for (size_t k = 0; k < CUSTOMERS; k++) {
            const double *d = by_day.p, *w = by_week.p;
            double year = fl_value_conditional(c.model, w, &weeks[k], 52, false);

            assert_near(fl_value_p_alive(c.model, d, &days[k]),
                        fl_value_p_alive(c.model, w, &weeks[k]), 1e-5);
            assert_near(fl_value_p_active(c.model, d, &days[k], 26 * DAYS_PER_WEEK),
                        fl_value_p_active(c.model, w, &weeks[k], 26), 1e-5);
            assert_near(fl_value_conditional(c.model, d, &days[k], 52 * DAYS_PER_WEEK, false), year,
                        1e-4 * (1 + year));
        }
        free(weeks);
    }
}

/* Won or dollars: v follows, and what a customer is expected to spend. */
static void test_money(void **state)
{
    static const double rate = 1350;
    struct value_case c = *value_case_of(FL_VALUE_GAMMAGAMMA);
    struct fl_value_obs *dollars = value_simulated(&c, 4, CUSTOMERS), won[CUSTOMERS];
    struct fl_value_fit in_dollars, in_won;

    (void)state;
    for (size_t k = 0; k < CUSTOMERS; k++) {
        won[k] = dollars[k];
        won[k].z *= rate;
    }
    in_dollars = fit_of(&c, dollars, CUSTOMERS);
    in_won = fit_of(&c, won, CUSTOMERS);
    assert_near(in_won.log_likelihood, in_dollars.log_likelihood - CUSTOMERS * log(rate), 1e-5);
    for (size_t j = 0; j < 3; j++)
        assert_near(in_won.p[j], (j < 2 ? 1 : rate) * in_dollars.p[j], 1e-4 * in_won.p[j]);
    for (size_t k = 0; k < CUSTOMERS; k++) {
        double spend = rate * fl_value_spend(in_dollars.p, dollars[k].x, dollars[k].z);

        assert_near(fl_value_spend(in_won.p, won[k].x, won[k].z), spend, 1e-4 * spend);
    }
    free(dollars);
}

static void assert_probability(double p)
{
    assert_true(p >= 0 && p <= 1);
}

static void assert_conclusions(enum fl_value_model model, const double *p,
                               const struct fl_value_obs *obs)
{
    double alive = fl_value_p_alive(model, p, obs), before = 0, active = 0;

    assert_probability(alive);
    for (double t = 1; t < 2000; t *= 3) {
        double with = fl_value_conditional(model, p, obs, t, true);
        double expected = fl_value_conditional(model, p, obs, t, false);
        double some = fl_value_p_active(model, p, obs, t);

        assert_true(isfinite(with) && with >= before - 1e-9 * before);
        assert_near(expected, alive * with, 1e-12 + 1e-12 * with);
        assert_probability(some);
        if (!is_contract(model)) {
            /* Somebody who buys at all was there, and buys once or more. */
            assert_true(some >= active - 1e-9 && some <= alive + 1e-7);
            assert_true(some <= expected + 1e-7 * (1 + expected));
        } else if (obs->x < 1)
            assert_near(
                some, fl_value_survival(model, p, obs->T + t) / fl_value_survival(model, p, obs->T),
                1e-9);
        before = with;
        active = some;
    }
}

static void test_probabilities(void **state)
{
    (void)state;
    for (int i = 0; i < VALUE_CASES; i++) {
        struct value_case c = case_at(i, CUSTOMERS);
        struct fl_value_obs *obs = value_simulated(&c, 5, CUSTOMERS);
        double before = 1;

        for (size_t k = 0; k < CUSTOMERS && c.model != FL_VALUE_GAMMAGAMMA; k += 3)
            assert_conclusions(c.model, c.p, &obs[k]);
        for (double t = 0; t < 5000 && isfinite(fl_value_survival(c.model, c.p, 1));
             t = 2 * t + 1) {
            double s = fl_value_survival(c.model, c.p, t);

            assert_probability(s);
            assert_true(s <= before);
            before = s;
        }
        free(obs);
    }
}

/* The pmf is one, and its mean is what is expected of a new customer. */
static void test_pmf(void **state)
{
    enum { X_FAR = 120 };

    (void)state;
    for (int i = 0; i < VALUE_CASES; i++) {
        const struct value_case *c = &value_cases[i];
        double sum = 0, mean = 0, t = 8;

        if (is_contract(c->model) || c->model == FL_VALUE_GAMMAGAMMA)
            continue;
        for (int x = 0; x <= X_FAR; x++) {
            double p = fl_value_pmf(c->model, c->p, x, t);

            assert_probability(p);
            sum += p;
            mean += x * p;
        }
        assert_near(sum, 1, 1e-8);
        assert_near(mean, fl_value_expected(c->model, c->p, t), 1e-6);
    }
}

static void test_gradients(void **state)
{
    static const double step = 1e-5;

    (void)state;
    for (int i = 0; i < VALUE_CASES; i++) {
        struct value_case c = case_at(i, CUSTOMERS);
        struct fl_value_obs *obs = value_simulated(&c, 6, CUSTOMERS);
        double gradient[FL_VALUE_PARAMS_MAX], scale;

        scale = fabs(fl_value_log_likelihood(c.model, c.p, obs, CUSTOMERS, gradient));
        for (size_t j = 0; j < fl_value_params(c.model); j++) {
            double at[FL_VALUE_PARAMS_MAX], up, down;

            memcpy(at, c.p, sizeof at);
            at[j] = c.p[j] * exp(step);
            up = fl_value_log_likelihood(c.model, at, obs, CUSTOMERS, NULL);
            at[j] = c.p[j] * exp(-step);
            down = fl_value_log_likelihood(c.model, at, obs, CUSTOMERS, NULL);
            assert_near(gradient[j], (up - down) / (2 * step), 1e-6 * (scale + fabs(gradient[j])));
        }
        free(obs);
    }
}

/* Ten thousand purchases, twenty years of weeks: finite. */
static void test_far(void **state)
{
    enum { YEARS_20 = 1040 };
    static const struct fl_value_obs rows[] = {
        {.x = FL_VALUE_X_MAX, .tx = YEARS_20, .T = YEARS_20, .n = 1},
        {.x = FL_VALUE_X_MAX, .tx = 1, .T = YEARS_20, .n = 1},
        {.x = 1, .tx = 1, .T = YEARS_20, .n = 1},
        {.x = 0, .tx = 0, .T = YEARS_20, .n = 1},
    };

    (void)state;
    for (int i = 0; i < VALUE_CASES; i++) {
        const struct value_case *c = &value_cases[i];

        for (size_t k = 0; k < 4 && is_in_real_time(c->model); k++) {
            double gradient[FL_VALUE_PARAMS_MAX];

            assert_true(isfinite(fl_value_log_likelihood(c->model, c->p, &rows[k], 1, gradient)));
            for (size_t j = 0; j < fl_value_params(c->model); j++)
                assert_true(isfinite(gradient[j]));
            assert_conclusions(c->model, c->p, &rows[k]);
        }
    }
}

/* ---- what is said of the time after is right on the mean --------------------------------------*/

struct hold_out {
    double sum, squares, n;
};

/* Within four standard errors of nothing. */
static void assert_unbiased(const struct hold_out *h, const char *what)
{
    double mean = h->sum / h->n, error = sqrt((h->squares / h->n - mean * mean) / h->n);

    if (!(fabs(mean) <= 4 * error))
        print_message("%s: off by %g, standard error %g\n", what, mean, error);
    assert_true(fabs(mean) <= 4 * error);
}

static void add_difference(struct hold_out *h, double difference)
{
    h->n++;
    h->sum += difference;
    h->squares += difference * difference;
}

/* Actual less expected purchases in the time after, of everybody and of those with few and many
 * before; and whether there was one at all. */
static void check_purchases(const struct value_case *c, double ahead)
{
    struct hold_out all = {0}, few = {0}, many = {0}, some = {0};
    struct fl_value_random random;
    double *times = calloc(TIMES_MAX, sizeof *times);

    fl_value_random_init(&random, 8);
    for (int i = 0; i < HOLD_OUT_CUSTOMERS; i++) {
        size_t n =
            fl_value_simulate_times(c->model, c->p, c->horizon + ahead, &random, times, TIMES_MAX);
        struct fl_value_obs obs = {.T = c->horizon, .n = 1};
        double after, expected;

        for (size_t k = 0; k < n && times[k] <= c->horizon; k++) {
            obs.x++;
            obs.tx = times[k];
        }
        after = (double)n - obs.x;
        expected = fl_value_conditional(c->model, c->p, &obs, ahead, false);
        add_difference(&all, after - expected);
        add_difference(obs.x > 1 ? &many : &few, after - expected);
        add_difference(&some, (after > 0 ? 1 : 0) - fl_value_p_active(c->model, c->p, &obs, ahead));
    }
    assert_unbiased(&all, fl_value_model_title(c->model));
    assert_unbiased(&few, "few before");
    assert_unbiased(&many, "many before");
    assert_unbiased(&some, "any");
    free(times);
}

/* Renewals after `horizon` of those who are there then. */
static void check_renewals(const struct value_case *c, double ahead)
{
    struct fl_value_obs *obs = calloc(HOLD_OUT_CUSTOMERS, sizeof *obs);
    struct fl_value_random random;
    struct hold_out all = {0};

    fl_value_random_init(&random, 9);
    fl_value_simulate(c->model, c->p, c->horizon + ahead, false, &random, obs, HOLD_OUT_CUSTOMERS);
    for (int i = 0; i < HOLD_OUT_CUSTOMERS; i++) {
        bool has_left = obs[i].x > 0 && obs[i].T <= c->horizon;
        double renewed = obs[i].T - c->horizon - obs[i].x;
        struct fl_value_obs then = {.x = has_left, .T = has_left ? obs[i].T : c->horizon, .n = 1};
        double expected = fl_value_conditional(c->model, c->p, &then, ahead, false);

        add_difference(&all, (has_left ? 0 : renewed) - expected);
    }
    assert_unbiased(&all, fl_value_model_title(c->model));
    free(obs);
}

static void check_spend(const struct value_case *c)
{
    struct fl_value_random random;
    struct hold_out all = {0};

    fl_value_random_init(&random, 10);
    for (int i = 0; i < HOLD_OUT_CUSTOMERS; i++) {
        double rate = fl_value_random_gamma(&random, c->p[1], c->p[2]);
        double x = 1 + i % 6, z = fl_value_random_gamma(&random, c->p[0] * x, rate * x);
        double next = fl_value_random_gamma(&random, c->p[0], rate);

        add_difference(&all, next - fl_value_spend(c->p, x, z));
    }
    assert_unbiased(&all, fl_value_model_title(c->model));
}

static void test_hold_out(void **state)
{
    (void)state;
    for (int i = 0; i < VALUE_CASES; i++) {
        const struct value_case *c = &value_cases[i];
        double ahead = floor(c->horizon / 2);

        if (c->model == FL_VALUE_GAMMAGAMMA)
            check_spend(c);
        else if (is_contract(c->model))
            check_renewals(c, ahead);
        else
            check_purchases(c, ahead);
    }
}

/* ---- which contract ---------------------------------------------------------------------------*/

static enum fl_value_model chosen(enum fl_value_model simulated, uint64_t seed)
{
    struct value_case c = *value_case_of(simulated);
    struct fl_value_obs *obs;
    struct fl_value_fit fit;
    struct fl_error err = {0};
    char why[FL_VALUE_WHY_SIZE] = "";
    size_t n;

    if (simulated == FL_VALUE_BDW)
        c.p[2] = 1.8;
    obs = value_simulated(&c, seed, c.customers);
    n = fl_value_group(obs, c.customers);
    assert_ok(fl_value_choose_contract(obs, n, NULL, &fit, why, &err));
    assert_int_equal(fit.state, FL_VALUE_FITTED);
    assert_true(why[0] != '\0');
    free(obs);
    return fit.model;
}

/* A test at 5 % takes the simple model for the other once in twenty times; 9 of 40 and more are
 * past the 99.9th percentile of that. */
static void test_contract_choice(void **state)
{
    enum { TRIES = 40, WRONG_MAX = 8 };
    static const struct fl_value_obs few = {.T = 3, .n = 2};
    struct fl_value_fit fit;
    struct fl_error err = {0};
    char why[FL_VALUE_WHY_SIZE] = "";
    int wrong = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= TRIES; seed++) {
        wrong += chosen(FL_VALUE_SBG, seed) != FL_VALUE_SBG;
        assert_int_equal(chosen(FL_VALUE_BDW, seed), FL_VALUE_BDW);
    }
    assert_true(wrong <= WRONG_MAX);
    assert_ok(fl_value_choose_contract(&few, 1, NULL, &fit, why, &err));
    assert_int_equal(fit.state, FL_VALUE_NOT_ENOUGH);
    assert_true(why[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),         cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_time_unit),     cmocka_unit_test(test_money),
        cmocka_unit_test(test_probabilities), cmocka_unit_test(test_pmf),
        cmocka_unit_test(test_gradients),     cmocka_unit_test(test_far),
        cmocka_unit_test(test_hold_out),      cmocka_unit_test(test_contract_choice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
