/* Value: BG/BB, sBG and BdW against what was published, brute force and each other. */
#include "unit.h"

#include <math.h>

#include "value/value.h"

enum { ROWS_MAX = 64, TABLE_YEARS = 7 };

static const double donors[] = {1.204, 0.750, 0.657, 2.783};

/* The lines of a file of the shared data without the first; skips the test where it is absent. */
static FILE *open_data(const char *name)
{
    const char *folder = getenv("FL_SHARED_DATA");
    char path[512], line[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/clv/%s", folder ? folder : "", name);
    file = folder ? fopen(path, "r") : NULL;
    if (!file) {
        print_message("no %s in the shared data: skipped\n", name);
        skip();
    }
    assert_non_null(fgets(line, sizeof line, file));
    return file;
}

static size_t read_donations(struct fl_value_obs *out)
{
    FILE *file = open_data("donations.csv");
    size_t n = 0;

    while (n < ROWS_MAX &&
           fscanf(file, "%lf,%lf,%lf,%lf", &out[n].x, &out[n].tx, &out[n].T, &out[n].n) == 4)
        n++;
    fclose(file);
    return n;
}

/* Percent who are still there by year, as rows: of 1000, who left in each year, and who stayed. */
static size_t read_table(bool is_high_end, struct fl_value_obs *out)
{
    FILE *file = open_data("sbg_tables.tsv");
    double year, regular, high_end, before = 100;
    size_t n = 0;

    while (n < TABLE_YEARS && fscanf(file, "%lf %lf %lf", &year, &regular, &high_end) == 3) {
        double now = is_high_end ? high_end : regular;

        if (year > 0)
            out[n++] = (struct fl_value_obs){.x = 1, .T = year, .n = 10 * (before - now)};
        before = now;
    }
    fclose(file);
    out[n++] = (struct fl_value_obs){.T = TABLE_YEARS, .n = 10 * before};
    return n;
}

static void assert_fit(enum fl_value_model model, struct fl_value_obs *obs, size_t n,
                       const double *published, double log_likelihood)
{
    struct fl_value_fit fit;
    struct fl_error err = {0};

    n = fl_value_group(obs, n);
    assert_ok(fl_value_fit(model, obs, n, NULL, &fit, &err));
    assert_int_equal(fit.state, FL_VALUE_FITTED);
    assert_near(fit.log_likelihood, log_likelihood, 0.05);
    for (size_t j = 0; j < fl_value_params(model); j++)
        assert_near(fit.p[j], published[j], 0.01 * published[j]);
}

static void test_donations(void **state)
{
    struct fl_value_obs obs[ROWS_MAX] = {0};
    size_t n = read_donations(obs);

    (void)state;
    assert_int_equal(n, 22);
    assert_near(fl_value_log_likelihood(FL_VALUE_BGBB, donors, obs, n, NULL), -33225.6, 0.05);
    assert_fit(FL_VALUE_BGBB, obs, n, donors, -33225.6);
}

/* Fader, Hardie & Shang 2010, table 6. */
static void test_donors(void **state)
{
    static const struct fl_value_obs never = {.T = 6, .n = 1},
                                     early = {.x = 2, .tx = 4, .T = 6, .n = 1},
                                     always = {.x = 6, .tx = 6, .T = 6, .n = 1};

    (void)state;
    assert_near(fl_value_p_alive(FL_VALUE_BGBB, donors, &never), 0.11, 0.005);
    assert_near(fl_value_p_alive(FL_VALUE_BGBB, donors, &early), 0.59, 0.005);
    assert_near(fl_value_p_alive(FL_VALUE_BGBB, donors, &always), 0.93, 0.005);
}

static void test_tables(void **state)
{
    static const double regular[] = {0.704, 1.182}, high_end[] = {0.668, 3.806};
    struct fl_value_obs obs[ROWS_MAX] = {0};
    size_t n = read_table(false, obs);

    (void)state;
    assert_int_equal(n, TABLE_YEARS + 1);
    assert_fit(FL_VALUE_SBG, obs, n, regular, -1680.27);
    n = read_table(true, obs);
    assert_fit(FL_VALUE_SBG, obs, n, high_end, -1611.16);
}

/* ---- against brute force ----------------------------------------------------------------------*/

/* P(y_1..y_T) of one way of buying, by the integral over both propensities (midpoints): the
 * likelihood of BG/BB before anything is summed in closed form. */
static double by_integral(const double *p, int x, int tx, int T)
{
    enum { CELLS = 4000 };
    double sum = 0;

    /* Given theta and how long he was there, buying is a beta function. */
    for (int i = 0; i < CELLS; i++) {
        double theta = (i + 0.5) / CELLS, inner = 0;
        double weight = exp((p[2] - 1) * log(theta) + (p[3] - 1) * log1p(-theta) - lgamma(p[2]) -
                            lgamma(p[3]) + lgamma(p[2] + p[3])) /
                        CELLS;

        for (int there = tx; there <= T; there++) {
            double ends = (there < T ? theta : 1) * pow(1 - theta, there);

            inner += ends *
                     exp(lgamma(p[0] + x) + lgamma(p[1] + there - x) - lgamma(p[0] + p[1] + there) -
                         lgamma(p[0]) - lgamma(p[1]) + lgamma(p[0] + p[1]));
        }
        sum += weight * inner;
    }
    return sum;
}

static void test_bgbb_integral(void **state)
{
    static const double p[] = {1.4, 0.9, 1.7, 4.2}; /* smooth at the ends of the integral */

    (void)state;
    for (int T = 1; T <= 6; T++)
        for (int tx = 0; tx <= T; tx++)
            for (int x = tx > 0; x <= tx; x++) {
                struct fl_value_obs obs = {.x = x, .tx = tx, .T = T, .n = 1};

                assert_near(fl_value_log_likelihood(FL_VALUE_BGBB, p, &obs, 1, NULL),
                            log(by_integral(p, x, tx, T)), 2e-4);
            }
}

static double choose(int n, int k)
{
    return round(exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0)));
}

/* All ways of buying together are certain; those with x purchases are the pmf; what is expected is
 * its mean; and what is expected after T is the mean over what was seen. */
static void test_bgbb_sums(void **state)
{
    enum { T = 7, AHEAD = 4 };
    double total = 0, mean = 0, later = 0;

    (void)state;
    for (int x = 0; x <= T; x++) {
        double of_x = 0;

        for (int tx = x; tx <= (x ? T : 0); tx++) {
            struct fl_value_obs obs = {.x = x, .tx = tx, .T = T, .n = 1};
            double ways = x ? choose(tx - 1, x - 1) : 1;
            double one = ways * exp(fl_value_log_likelihood(FL_VALUE_BGBB, donors, &obs, 1, NULL));

            of_x += one;
            later += one * fl_value_conditional(FL_VALUE_BGBB, donors, &obs, AHEAD, false);
        }
        assert_near(of_x, fl_value_pmf(FL_VALUE_BGBB, donors, x, T), 1e-12);
        total += of_x;
        mean += x * of_x;
    }
    assert_near(total, 1, 1e-12);
    assert_near(mean, fl_value_expected(FL_VALUE_BGBB, donors, T), 1e-12);
    assert_near(later,
                fl_value_expected(FL_VALUE_BGBB, donors, T + AHEAD) -
                    fl_value_expected(FL_VALUE_BGBB, donors, T),
                1e-12);
    assert_near(fl_value_pmf(FL_VALUE_BGBB, donors, T + 1, T), 0, 0);
}

/* ---- contracts --------------------------------------------------------------------------------*/

/* sBG's own forms: P(T = 1) = gamma / (gamma + delta), r(t) = (delta + t - 1) / (gamma + delta +
 * t - 1); BdW with c = 1 is sBG. */
static void test_contract_forms(void **state)
{
    static const double sbg[] = {0.668, 3.806}, bdw[] = {0.668, 3.806, 1};
    double survival = 1;

    (void)state;
    for (int t = 1; t <= 60; t++) {
        double r = (sbg[1] + t - 1) / (sbg[0] + sbg[1] + t - 1);
        struct fl_value_obs left = {.x = 1, .T = t, .n = 1}, stayed = {.T = t, .n = 1};

        assert_near(fl_value_retention(FL_VALUE_SBG, sbg, t), r, 1e-12);
        assert_near(fl_value_log_likelihood(FL_VALUE_SBG, sbg, &left, 1, NULL),
                    log(survival * (1 - r)), 1e-10);
        survival *= r;
        assert_near(fl_value_survival(FL_VALUE_SBG, sbg, t), survival, 1e-12);
        assert_near(fl_value_survival(FL_VALUE_BDW, bdw, t), survival, 1e-12);
        assert_near(fl_value_log_likelihood(FL_VALUE_BDW, bdw, &stayed, 1, NULL), log(survival),
                    1e-10);
        assert_near(fl_value_p_alive(FL_VALUE_SBG, sbg, &left), 0, 0);
        assert_near(fl_value_p_alive(FL_VALUE_BDW, bdw, &stayed), 1, 0);
    }
}

/* Leaving in one of the periods or staying is certain, for any duration dependence. */
static void test_contract_sums(void **state)
{
    (void)state;
    for (double c = 0.3; c < 3; c += 0.4) {
        const double p[] = {0.8, 2.5, c};
        struct fl_value_obs stayed = {.T = 40, .n = 1};
        double total = exp(fl_value_log_likelihood(FL_VALUE_BDW, p, &stayed, 1, NULL));

        for (int t = 1; t <= 40; t++) {
            struct fl_value_obs left = {.x = 1, .T = t, .n = 1};

            total += exp(fl_value_log_likelihood(FL_VALUE_BDW, p, &left, 1, NULL));
        }
        assert_near(total, 1, 1e-12);
    }
}

static void test_renewals(void **state)
{
    static const double p[] = {0.8, 2.5, 1.3};
    static const struct fl_value_obs obs = {.T = 5, .n = 1};
    double sum = 0, whole;

    (void)state;
    for (int k = 1; k <= 12; k++) {
        double s =
            fl_value_survival(FL_VALUE_BDW, p, 5 + k) / fl_value_survival(FL_VALUE_BDW, p, 5);

        whole = sum;
        sum += s;
        assert_near(fl_value_conditional(FL_VALUE_BDW, p, &obs, k, true), sum, 1e-12);
        assert_near(fl_value_conditional(FL_VALUE_BDW, p, &obs, k - 0.25, false),
                    whole + 0.75 * (sum - whole), 1e-12);
        assert_near(fl_value_p_active(FL_VALUE_BDW, p, &obs, k), s, 1e-12);
    }
}

/* The discounted sum over the horizon, far and near, against S(T + k) / S(T) one by one; BG/BB's
 * by nodes against its plain sum. */
static void test_residual(void **state)
{
    static const double sbg[] = {0.704, 1.182}, bdw[] = {0.8, 2.5, 1.3};
    static const int periods[] = {1, 36, 156, 1040, FL_VALUE_HORIZON_MAX};
    struct fl_value_residual residual;
    struct fl_error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
        const struct fl_value_horizon horizon = {periods[i], 0.1, 30};
        const struct fl_value_obs stayed = {.T = 6, .n = 1},
                                  donor = {.x = 2, .tx = 4, .T = 6, .n = 1};
        double by_sbg = 0, by_bdw = 0, plain;

        assert_ok(fl_value_residual_init(&residual, &horizon, &err));
        for (int k = 1; k <= horizon.periods; k++) {
            double discount = pow(1.1, -k * 30 / 365.0);

            by_sbg += discount * fl_value_survival(FL_VALUE_SBG, sbg, 6 + k) /
                      fl_value_survival(FL_VALUE_SBG, sbg, 6);
            by_bdw += discount * fl_value_survival(FL_VALUE_BDW, bdw, 6 + k) /
                      fl_value_survival(FL_VALUE_BDW, bdw, 6);
        }
        assert_near(fl_value_residual_of(&residual, FL_VALUE_SBG, sbg, &stayed), by_sbg,
                    1e-10 * by_sbg);
        assert_near(fl_value_residual_plain(&horizon, FL_VALUE_BDW, bdw, &stayed), by_bdw,
                    1e-10 * by_bdw);
        plain = fl_value_residual_plain(&horizon, FL_VALUE_BGBB, donors, &donor);
        assert_near(fl_value_residual_of(&residual, FL_VALUE_BGBB, donors, &donor), plain,
                    1e-6 * plain);
    }
}

/* ---- gradients, limits, faults ----------------------------------------------------------------*/

static void assert_gradient(enum fl_value_model model, const double *p,
                            const struct fl_value_obs *obs, size_t n)
{
    static const double step = 1e-5;
    double gradient[FL_VALUE_PARAMS_MAX] = {0};

    fl_value_log_likelihood(model, p, obs, n, gradient);
    for (size_t j = 0; j < fl_value_params(model); j++) {
        double at[FL_VALUE_PARAMS_MAX], up, down;

        memcpy(at, p, fl_value_params(model) * sizeof *p);
        at[j] = p[j] * exp(step);
        up = fl_value_log_likelihood(model, at, obs, n, NULL);
        at[j] = p[j] * exp(-step);
        down = fl_value_log_likelihood(model, at, obs, n, NULL);
        assert_near(gradient[j], (up - down) / (2 * step), 1e-5 * (1 + fabs(gradient[j])));
    }
}

static void test_gradients(void **state)
{
    static const struct fl_value_obs bgbb[] = {{.T = 6, .n = 30},
                                               {.x = 2, .tx = 4, .T = 6, .n = 3},
                                               {.x = 6, .tx = 6, .T = 6, .n = 7},
                                               {.x = 1, .tx = 1, .T = 40, .n = 2.5}},
                                     contract[] = {{.x = 1, .T = 1, .n = 30},
                                                   {.x = 1, .T = 2, .n = 3},
                                                   {.x = 1, .T = 12, .n = 2},
                                                   {.T = 12, .n = 30},
                                                   {.T = 1, .n = 2}};
    static const double wide[] = {0.05, 30, 8, 0.4}, sbg[] = {0.704, 1.182}, bdw[] = {0.2, 5, 0.6},
                        steep[] = {3, 40, 2.2};

    (void)state;
    assert_gradient(FL_VALUE_BGBB, donors, bgbb, 4);
    assert_gradient(FL_VALUE_BGBB, wide, bgbb, 4);
    assert_gradient(FL_VALUE_SBG, sbg, contract, 5);
    assert_gradient(FL_VALUE_BDW, bdw, contract, 5);
    assert_gradient(FL_VALUE_BDW, steep, contract, 5);
}

/* Twenty years of weeks, ten thousand purchases, parameters far out: finite, and within [0, 1]. */
static void test_extremes(void **state)
{
    static const double edges[] = {1e-3, 0.05, 1, 300};
    static const struct fl_value_obs bgbb[] = {{.T = 10000, .n = 1},
                                               {.x = 10000, .tx = 10000, .T = 10000, .n = 1},
                                               {.x = 1, .tx = 1, .T = 1040, .n = 1},
                                               {.x = 1, .tx = 1040, .T = 1040, .n = 1}},
                                     contract[] = {{.x = 1, .T = 1, .n = 1},
                                                   {.x = 1, .T = 240, .n = 1},
                                                   {.T = 240, .n = 1}};

    (void)state;
    for (int i = 0; i < 4 * 4 * 4 * 4; i++) {
        const double p[] = {edges[i % 4], edges[i / 4 % 4], edges[i / 16 % 4], edges[i / 64]};
        const double bdw[] = {p[0], p[1], 0.3 + 0.5 * (i / 16 % 4)};
        double g[FL_VALUE_PARAMS_MAX];

        for (int k = 0; k < 4; k++) {
            double alive = fl_value_p_alive(FL_VALUE_BGBB, p, &bgbb[k]);

            assert_true(isfinite(fl_value_log_likelihood(FL_VALUE_BGBB, p, &bgbb[k], 1, g)));
            assert_true(isfinite(g[0]) && isfinite(g[1]) && isfinite(g[2]) && isfinite(g[3]));
            assert_true(alive >= 0 && alive <= 1);
            assert_true(isfinite(fl_value_conditional(FL_VALUE_BGBB, p, &bgbb[k], 52, false)));
        }
        for (int k = 0; k < 3; k++) {
            double active = fl_value_p_active(FL_VALUE_BDW, bdw, &contract[k], 12);

            assert_true(isfinite(fl_value_log_likelihood(FL_VALUE_SBG, p, &contract[k], 1, g)));
            assert_true(isfinite(g[0]) && isfinite(g[1]));
            assert_true(isfinite(fl_value_log_likelihood(FL_VALUE_BDW, bdw, &contract[k], 1, g)));
            assert_true(isfinite(g[0]) && isfinite(g[1]) && isfinite(g[2]));
            assert_true(active >= 0 && active <= 1);
        }
    }
}

static void assert_refused(enum fl_value_model model, struct fl_value_obs obs)
{
    const struct fl_value_obs rows[] = {{.T = 3, .n = 1}, obs};
    struct fl_error err = {0};

    assert_status(FL_INVALID, fl_value_check(model, rows, 2, &err));
    assert_non_null(strstr(err.text, "row 2"));
}

static void test_faults(void **state)
{
    (void)state;
    assert_refused(FL_VALUE_BGBB, (struct fl_value_obs){.x = 3, .tx = 2, .T = 6, .n = 1});
    assert_refused(FL_VALUE_BGBB, (struct fl_value_obs){.x = 1, .tx = 7, .T = 6, .n = 1});
    assert_refused(FL_VALUE_BGBB, (struct fl_value_obs){.x = 0, .tx = 2, .T = 6, .n = 1});
    assert_refused(FL_VALUE_BGBB, (struct fl_value_obs){.x = 1.5, .tx = 2, .T = 6, .n = 1});
    assert_refused(FL_VALUE_BGBB, (struct fl_value_obs){.x = NAN, .tx = 2, .T = 6, .n = 1});
    assert_refused(FL_VALUE_BGBB, (struct fl_value_obs){.T = 6, .n = 0});
    assert_refused(FL_VALUE_SBG, (struct fl_value_obs){.x = 2, .T = 6, .n = 1});
    assert_refused(FL_VALUE_SBG, (struct fl_value_obs){.x = 1, .T = 0, .n = 1});
    assert_refused(FL_VALUE_BDW, (struct fl_value_obs){.x = 1, .T = 2.5, .n = 1});
    assert_refused(FL_VALUE_BDW, (struct fl_value_obs){.x = 1, .T = INFINITY, .n = 1});
}

static void assert_not_enough(enum fl_value_model model, const struct fl_value_obs *obs, size_t n)
{
    struct fl_value_fit fit;
    struct fl_error err = {0};

    assert_ok(fl_value_fit(model, obs, n, NULL, &fit, &err));
    assert_int_equal(fit.state, FL_VALUE_NOT_ENOUGH);
    assert_true(fit.why[0] != '\0');
}

static void test_not_enough(void **state)
{
    static const struct fl_value_obs few[] = {{.x = 1, .T = 2, .n = 3}, {.T = 2, .n = 4}},
                                     nobody[] = {{.T = 5, .n = 100}},
                                     short_ones[] = {{.x = 1, .T = 1, .n = 40}, {.T = 1, .n = 60}},
                                     two[] = {{.x = 1, .T = 1, .n = 40}, {.T = 2, .n = 60}},
                                     donated[] = {{.x = 1, .tx = 1, .T = 2, .n = 40},
                                                  {.T = 2, .n = 60}};

    (void)state;
    assert_not_enough(FL_VALUE_SBG, few, 2);
    assert_not_enough(FL_VALUE_SBG, nobody, 1);
    assert_not_enough(FL_VALUE_SBG, short_ones, 2);
    assert_not_enough(FL_VALUE_BDW, two, 2);
    assert_not_enough(FL_VALUE_BGBB, &donated[1], 1);
    assert_not_enough(FL_VALUE_BGBB, nobody, 1);
    assert_not_enough(FL_VALUE_BGBB, donated, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_donations),     cmocka_unit_test(test_donors),
        cmocka_unit_test(test_tables),        cmocka_unit_test(test_bgbb_integral),
        cmocka_unit_test(test_bgbb_sums),     cmocka_unit_test(test_contract_forms),
        cmocka_unit_test(test_contract_sums), cmocka_unit_test(test_renewals),
        cmocka_unit_test(test_residual),      cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_extremes),      cmocka_unit_test(test_faults),
        cmocka_unit_test(test_not_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
