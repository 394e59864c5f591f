/* value: commitment from P(alive) and attitude. */
#include "unit.h"

#include <math.h>

#include "draws.h"
#include "value/commitment.h"

static struct fl_commitment_settings settings;

static int setup(void **state)
{
    (void)state;
    fl_commitment_defaults(&settings);
    return 0;
}

static double logit(double p)
{
    return log(p / (1 - p));
}

/* ---- signals ----------------------------------------------------------------------------------*/

static void signals_have_names_and_weights(void **state)
{
    static const double expected[] = {0.6, 0.8, 0.5, -1.0, 0.3, 0.4, 0.5, -0.8};
    enum fl_signal out = FL_SIGNAL_SATISFACTION;

    (void)state;
    for (int i = 0; i < FL_SIGNALS; i++) {
        assert_true(fl_signal_parse(fl_signal_key((enum fl_signal)i), &out));
        assert_int_equal(out, i);
        assert_near(fl_signal_default_weight((enum fl_signal)i), expected[i], 0);
        assert_near(settings.weight[i], expected[i], 0);
        assert_true(*fl_signal_help((enum fl_signal)i));
    }
    assert_false(fl_signal_parse("opens", &out));
    assert_near(settings.half_life_days, 180, 0);
    assert_near(settings.settled_hours_max, 48, 0);
}

static bool signals_of(const struct fl_signal_line *lines, size_t n, double *out)
{
    bool is_known;

    fl_commitment_signals(&settings, lines, n, out, &is_known);
    return is_known;
}

static void nothing_known_is_all_zero(void **state)
{
    double s[FL_SIGNALS];

    (void)state;
    assert_false(signals_of(NULL, 0, s));
    for (int i = 0; i < FL_SIGNALS; i++)
        assert_near(s[i], 0, 0);
}

static void the_youngest_rating_counts_and_decays(void **state)
{
    static const struct fl_signal_line lines[] = {
        {FL_SIGNAL_SATISFACTION, 1, 1, 5, 400, 1},
        {FL_SIGNAL_SATISFACTION, 5, 1, 5, 180, 2},
        {FL_SIGNAL_SATISFACTION, 1, 1, 5, 200, 3},
        {FL_SIGNAL_ADVOCACY, 9, 0, 10, 0, 4},
        {FL_SIGNAL_COMMITMENT, 7, 1, 7, 360, 5},
        {FL_SIGNAL_COMMITMENT, 1, 1, 7, 360, 6}, /* as old: the last in order */
    };
    double s[FL_SIGNALS];

    (void)state;
    assert_true(signals_of(lines, 6, s));
    assert_near(s[FL_SIGNAL_SATISFACTION], 0.5, 1e-15);
    assert_near(s[FL_SIGNAL_ADVOCACY], 0.8, 1e-15);
    assert_near(s[FL_SIGNAL_COMMITMENT], -0.25, 1e-15);
    assert_near(s[FL_SIGNAL_ENGAGEMENT], 0, 0);
}

static void flags_and_counts_have_their_forms(void **state)
{
    static const struct fl_signal_line lines[] = {
        {FL_SIGNAL_OPEN_COMPLAINT, 1, 0, 1, 3600, 1}, {FL_SIGNAL_SETTLED, 1, 0, 1, 360, 2},
        {FL_SIGNAL_SETTLED, 1, 0, 1, 180, 3},         {FL_SIGNAL_OPT_OUT, 1, 0, 1, 0, 4},
        {FL_SIGNAL_REFERRAL, 1, 0, 1, 0, 5},          {FL_SIGNAL_REFERRAL, 1, 0, 1, 180, 6},
        {FL_SIGNAL_ENGAGEMENT, 1, 0, 1, 0, 7},        {FL_SIGNAL_ENGAGEMENT, 1, 0, 1, 0, 8},
    };
    double s[FL_SIGNALS];

    (void)state;
    assert_true(signals_of(lines, 8, s));
    assert_near(s[FL_SIGNAL_OPEN_COMPLAINT], 1, 0); /* does not decay */
    assert_near(s[FL_SIGNAL_SETTLED], 0.5, 1e-15);
    assert_near(s[FL_SIGNAL_OPT_OUT], 1, 0);
    assert_near(s[FL_SIGNAL_REFERRAL], 1 - exp(-1.5), 1e-15);
    assert_near(s[FL_SIGNAL_ENGAGEMENT], 1 - exp(-2.0 / 3), 1e-15);
}

static void lines_that_say_nothing_are_left_out(void **state)
{
    static const struct fl_signal_line lines[] = {
        {FL_SIGNAL_SATISFACTION, NAN, 1, 5, 0, 1}, {FL_SIGNAL_SATISFACTION, 3, 5, 5, 0, 2},
        {FL_SIGNAL_ADVOCACY, 3, 10, 0, 0, 3},      {FL_SIGNAL_REFERRAL, INFINITY, 0, 1, 0, 4},
        {FL_SIGNAL_OPT_OUT, 1, 0, 1, -1, 5},       {FL_SIGNAL_OPT_OUT, 1, 0, 1, NAN, 6},
    };
    static const struct fl_signal_line beyond = {FL_SIGNAL_ADVOCACY, 50, 0, 10, 0, 7};
    double s[FL_SIGNALS];

    (void)state;
    assert_false(signals_of(lines, 6, s));
    for (int i = 0; i < FL_SIGNALS; i++)
        assert_near(s[i], 0, 0);
    assert_true(signals_of(&beyond, 1, s));
    assert_near(s[FL_SIGNAL_ADVOCACY], 1, 0);
}

/* ---- the level --------------------------------------------------------------------------------*/

static void without_attitude_the_level_is_p(void **state)
{
    static const double ps[] = {0, 1e-300, 1e-9, 0.1, 1.0 / 3, 0.999999999999, 1};
    static const double nothing[FL_SIGNALS] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof ps / sizeof ps[0]; i++)
        assert_true(memcmp(&ps[i], &(double){fl_commitment_level(&settings, ps[i], nothing)},
                           sizeof ps[i]) == 0);
    assert_true(isnan(fl_commitment_level(&settings, NAN, nothing)));
}

static void attitude_shifts_the_log_odds(void **state)
{
    double s[FL_SIGNALS] = {0.5, -0.25, 1, 1, 0.5, 0.1, 0.9, 0.3}, shift = 0;

    (void)state;
    for (int i = 0; i < FL_SIGNALS; i++)
        shift += settings.weight[i] * s[i];
    for (double p = 0.001; p < 1; p += 0.0373)
        assert_near(logit(fl_commitment_level(&settings, p, s)), logit(p) + shift, 1e-9);
    /* At the borders p is kept within 1e-9 of them. */
    memset(s, 0, sizeof s);
    s[FL_SIGNAL_SATISFACTION] = 1;
    assert_near(fl_commitment_level(&settings, 0, s) / (1e-9 * exp(0.6)), 1, 1e-8);
    s[FL_SIGNAL_SATISFACTION] = -1;
    assert_near((1 - fl_commitment_level(&settings, 1, s)) / (1e-9 * exp(0.6)), 1, 1e-6);
}

static void the_level_is_a_probability_and_monotone(void **state)
{
    struct draws draws = {7};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        static const double borders[] = {0, 1, 1e-12, 1 - 1e-12, 1e-9};
        double p = i % 10 < 5 ? borders[i % 5] : draw_uniform(&draws), s[FL_SIGNALS], before, after;
        int j = (int)(draw_bits(&draws) % FL_SIGNALS);

        for (int k = 0; k < FL_SIGNALS; k++)
            s[k] = draw_uniform(&draws) < 0.5 ? 0 : 2 * draw_uniform(&draws) - 1;
        before = fl_commitment_level(&settings, p, s);
        s[j] += (1 - s[j]) * draw_uniform(&draws);
        after = fl_commitment_level(&settings, p, s);
        assert_true(before >= 0 && before <= 1 && after >= 0 && after <= 1);
        if (settings.weight[j] > 0)
            assert_true(after >= before);
        else
            assert_true(after <= before);
    }
}

/* ---- measures ---------------------------------------------------------------------------------*/

struct measures {
    double auc, brier;
    struct fl_commitment_bin bins[FL_COMMITMENT_BINS];
    size_t n_bins;
};

static struct measures measure(const double *predicted, const bool *stayed, size_t n)
{
    struct measures out = {0};
    struct fl_error err;

    assert_ok(fl_commitment_measure(predicted, stayed, n, &out.auc, &out.brier, out.bins,
                                    &out.n_bins, &err));
    return out;
}

static void auc_counts_ties_half(void **state)
{
    static const double predicted[] = {0.1, 0.4, 0.4, 0.4, 0.9};
    static const bool stayed[] = {false, false, true, false, true};
    static const bool all[] = {true, true, true, true, true};
    struct measures m = measure(predicted, stayed, 5);

    (void)state;
    /* Pairs: 0.4 against 0.1 (1), 0.4 (1/2), 0.4 (1/2); 0.9 against all three. */
    assert_near(m.auc, 5.0 / 6, 1e-15);
    assert_near(m.brier, (0.01 + 0.16 + 0.36 + 0.16 + 0.01) / 5, 1e-15);
    m = measure(predicted, all, 5);
    assert_true(isnan(m.auc));
    m = measure(predicted, stayed, 0);
    assert_true(isnan(m.auc) && isnan(m.brier));
    assert_int_equal(m.n_bins, 0);
}

static void bins_have_wilsons_interval(void **state)
{
    double predicted[100];
    bool stayed[100];
    struct measures m;

    (void)state;
    for (int i = 0; i < 100; i++) {
        predicted[i] = (i + 0.5) / 100;
        stayed[i] = i % 10 < i / 10;
    }
    m = measure(predicted, stayed, 100);
    assert_int_equal(m.n_bins, 10);
    for (int i = 0; i < 10; i++) {
        assert_near(m.bins[i].n, 10, 0);
        assert_near(m.bins[i].predicted, i / 10.0 + 0.05, 1e-12);
        assert_near(m.bins[i].observed, i / 10.0, 1e-12);
    }
    assert_near(m.bins[8].observed_low, 0.4901625, 1e-6);
    assert_near(m.bins[8].observed_high, 0.9433178, 1e-6);
    assert_near(m.bins[0].observed_low, 0, 0);
    assert_near(m.bins[0].observed_high, 0.2775328, 1e-6);
}

static void equal_predictions_stay_together(void **state)
{
    double predicted[50];
    bool stayed[50];
    struct measures a, b;
    double n = 0;

    (void)state;
    for (int i = 0; i < 50; i++) {
        predicted[i] = i < 30 ? 0.25 : i / 50.0;
        stayed[i] = i % 3 == 0;
    }
    a = measure(predicted, stayed, 50);
    for (size_t i = 0; i < a.n_bins; i++)
        n += a.bins[i].n;
    assert_near(n, 50, 0);
    assert_near(a.bins[0].n, 30, 0);
    assert_int_equal(a.n_bins, 5);
    /* Another order of customers tells the same. */
    for (int i = 0; i < 25; i++) {
        double p = predicted[i];
        bool s = stayed[i];

        predicted[i] = predicted[49 - i], stayed[i] = stayed[49 - i];
        predicted[49 - i] = p, stayed[49 - i] = s;
    }
    b = measure(predicted, stayed, 50);
    assert_near(a.auc, b.auc, 1e-15);
    assert_near(a.brier, b.brier, 1e-15);
    for (size_t i = 0; i < a.n_bins; i++) {
        assert_near(a.bins[i].n, b.bins[i].n, 0);
        assert_near(a.bins[i].observed, b.bins[i].observed, 1e-15);
    }
}

static void no_probability_is_measured(void **state)
{
    static const double predicted[] = {0.5, 1.5};
    static const bool stayed[] = {true, false};
    struct measures m = {.auc = 7};
    struct fl_error err;

    (void)state;
    assert_status(FL_INVALID, fl_commitment_measure(predicted, stayed, 2, &m.auc, &m.brier, m.bins,
                                                    &m.n_bins, &err));
    assert_string_equal(err.text, "prediction 1 is 1.5, expected a probability");
    assert_near(m.auc, 7, 0);
}

/* ---- learning ---------------------------------------------------------------------------------*/

static struct fl_commitment_sample *samples_new(size_t n)
{
    struct fl_commitment_sample *samples = calloc(n ? n : 1, sizeof *samples);

    assert_non_null(samples);
    return samples;
}

/* Customers whose staying follows logit p + w s; half of them said or did something. */
static void simulate(struct fl_commitment_sample *out, size_t n, const double *weight,
                     uint64_t seed)
{
    struct draws draws = {seed};

    for (size_t i = 0; i < n; i++) {
        double eta = draw_normal(&draws) * 1.2;
        bool is_silent = draw_uniform(&draws) < 0.5;

        out[i] = (struct fl_commitment_sample){.p = 1 / (1 + exp(-eta))};
        for (int j = 0; j < FL_SIGNALS; j++) {
            double s =
                j < FL_SIGNAL_OPEN_COMPLAINT ? 2 * draw_uniform(&draws) - 1 : draw_uniform(&draws);

            if (draw_uniform(&draws) < 0.5 && !is_silent)
                out[i].s[j] = s;
            eta += weight[j] * out[i].s[j];
        }
        out[i].stayed = draw_uniform(&draws) < 1 / (1 + exp(-eta));
    }
}

static struct fl_commitment_report learn(const struct fl_commitment_sample *samples, size_t n)
{
    struct fl_commitment_report report;
    struct fl_error err;

    assert_ok(fl_commitment_learn(&settings, samples, n, 0, &report, &err));
    return report;
}

/* On customers that were not learned from: of CL with these weights. */
static struct measures on(const struct fl_commitment_sample *samples, size_t n,
                          const double *weight)
{
    struct fl_commitment_settings with = settings;
    double *predicted = calloc(n, sizeof *predicted);
    bool *stayed = calloc(n, sizeof *stayed);
    struct measures out;

    assert_true(predicted && stayed);
    memcpy(with.weight, weight, sizeof with.weight);
    for (size_t i = 0; i < n; i++) {
        predicted[i] = fl_commitment_level(&with, samples[i].p, samples[i].s);
        stayed[i] = samples[i].stayed;
    }
    out = measure(predicted, stayed, n);
    free(predicted);
    free(stayed);
    return out;
}

static const double nothing[FL_SIGNALS] = {0};

static void signals_that_matter_beat_p_alone(void **state)
{
    static const double truth[FL_SIGNALS] = {1.2, 0.4, 0, -1.8, 0.9, 0.2, 1.1, -0.5};
    enum { N = 6000, FRESH = 20000 };
    struct fl_commitment_sample *samples = samples_new(N), *fresh = samples_new(FRESH);

    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct fl_commitment_report report;
        struct measures cl, p, by_default;

        simulate(samples, N, truth, seed);
        simulate(fresh, FRESH, truth, 100 + seed);
        report = learn(samples, N);
        assert_true(report.is_learned && report.are_signals_used);
        assert_string_equal(report.why, "");
        assert_true(report.auc > report.auc_p && report.brier < report.brier_p);
        cl = on(fresh, FRESH, report.weight);
        p = on(fresh, FRESH, nothing);
        by_default = on(fresh, FRESH, settings.weight);
        assert_true(cl.auc > p.auc + 0.01 && cl.brier < p.brier - 0.003);
        assert_true(cl.brier < by_default.brier);
        /* Cross-validation tells what comes true. */
        assert_near(report.brier, cl.brier, 0.01);
        assert_near(report.auc, cl.auc, 0.015);
    }
    free(samples);
    free(fresh);
}

/* The ridge moves a weight by less than one of its standard errors here. */
static void weights_are_found_within_their_errors(void **state)
{
    static const double truth[FL_SIGNALS] = {1.2, 0.4, 0, -1.8, 0.9, 0.2, 1.1, -0.5};
    enum { N = 20000, RUNS = 20 };
    struct fl_commitment_sample *samples = samples_new(N);
    int n_near = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        struct fl_commitment_report report;

        simulate(samples, N, truth, 200 + seed);
        report = learn(samples, N);
        for (int j = 0; j < FL_SIGNALS; j++) {
            assert_true(report.se[j] > 0.01 && report.se[j] < 0.2);
            n_near += fabs(report.weight[j] - truth[j]) < 3 * report.se[j];
        }
        assert_near(report.intercept, 0, 0.15);
    }
    assert_in_range(n_near, RUNS * FL_SIGNALS * 95 / 100, RUNS * FL_SIGNALS);
    free(samples);
}

static void the_fit_is_the_optimum(void **state)
{
    static const double truth[FL_SIGNALS] = {0.2, 0, 1, -1, 0, 0.5, -0.5, 0};
    enum { N = 2000 };
    static const double ridge = 25;
    struct fl_commitment_sample *samples = samples_new(N);
    struct fl_commitment_report report;
    struct fl_error err;
    double gradient[FL_SIGNALS + 1] = {0};

    (void)state;
    simulate(samples, N, truth, 3);
    assert_ok(fl_commitment_learn(&settings, samples, N, ridge, &report, &err));
    assert_true(report.is_learned);
    for (int i = 0; i < N; i++) {
        double eta = logit(samples[i].p) + report.intercept, error;

        for (int j = 0; j < FL_SIGNALS; j++)
            eta += report.weight[j] * samples[i].s[j];
        error = samples[i].stayed - 1 / (1 + exp(-eta));
        for (int j = 0; j < FL_SIGNALS; j++)
            gradient[j] += error * samples[i].s[j];
        gradient[FL_SIGNALS] += error;
    }
    for (int j = 0; j < FL_SIGNALS; j++)
        assert_near(gradient[j], ridge * (report.weight[j] - settings.weight[j]), 1e-3);
    assert_near(gradient[FL_SIGNALS], 0, 1e-3);
    /* A ridge beyond measure leaves nothing to learn. */
    assert_ok(fl_commitment_learn(&settings, samples, N, 1e12, &report, &err));
    for (int j = 0; j < FL_SIGNALS; j++)
        assert_near(report.weight[j], settings.weight[j], 1e-6);
    free(samples);
}

/* Margins, in Brier score and AUC on fresh customers: with 600 to learn from a weight is uncertain
 * by about 0.3, which costs 0.003; with 20,000 a tenth of that. */
static void signals_that_do_not_matter_do_not_hurt(void **state)
{
    static const struct {
        size_t n;
        double margin;
    } cases[] = {{1200, 0.003}, {20000, 0.0003}};
    enum { FRESH = 20000 };
    struct fl_commitment_sample *fresh = samples_new(FRESH);

    (void)state;
    simulate(fresh, FRESH, nothing, 77);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct fl_commitment_sample *samples = samples_new(cases[k].n);
        struct measures p = on(fresh, FRESH, nothing);

        for (uint64_t seed = 1; seed <= 20; seed++) {
            struct fl_commitment_report report;
            struct measures cl;

            simulate(samples, cases[k].n, nothing, 300 + seed);
            report = learn(samples, cases[k].n);
            cl = on(fresh, FRESH, report.weight);
            assert_true(cl.brier <= p.brier + cases[k].margin);
            assert_true(cl.auc >= p.auc - 2 * cases[k].margin);
        }
        free(samples);
    }
    free(fresh);
}

/* Signals that mislead: the defaults are wrong, and so few carry one that learning cannot help. */
static void signals_that_mislead_are_not_used(void **state)
{
    enum { N = 550 };
    struct fl_commitment_sample *samples = samples_new(N);
    struct fl_commitment_report report;
    int n_unused = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct draws draws = {500 + seed};

        for (int i = 0; i < N; i++) {
            samples[i] = (struct fl_commitment_sample){.p = draw_uniform(&draws)};
            samples[i].stayed = draw_uniform(&draws) < samples[i].p;
            for (int j = 0; j < FL_SIGNALS; j++)
                samples[i].s[j] = draw_uniform(&draws) * (j < 3 ? 1 : 0.2);
        }
        report = learn(samples, N);
        if (report.are_signals_used)
            continue;
        n_unused++;
        assert_false(report.is_learned);
        assert_near(report.brier, report.brier_p, 0);
        assert_non_null(strstr(report.why, "signals made the prediction worse"));
        for (int j = 0; j < FL_SIGNALS; j++)
            assert_near(report.weight[j], 0, 0);
    }
    assert_in_range(n_unused, 5, 20);
    free(samples);
}

/* ---- states -----------------------------------------------------------------------------------*/

static void assert_defaults(const struct fl_commitment_report *report, const char *why)
{
    assert_false(report->is_learned);
    assert_true(report->are_signals_used);
    assert_string_equal(report->why, why);
    for (int j = 0; j < FL_SIGNALS; j++)
        assert_near(report->weight[j], settings.weight[j], 0);
}

static void too_few_learn_nothing(void **state)
{
    enum { N = 900 };
    struct fl_commitment_sample *samples = samples_new(N);
    struct fl_commitment_report report = learn(NULL, 0);

    (void)state;
    assert_defaults(
        &report, "0 customers carried a signal before the hold-out; 500 are needed to learn from");
    assert_true(isnan(report.auc) && isnan(report.brier_p));
    simulate(samples, N, settings.weight, 9);
    report = learn(samples, N);
    assert_in_range(report.n_with_signals, 400, FL_COMMITMENT_SAMPLES_MIN - 1);
    assert_int_equal(report.n, N);
    assert_non_null(
        strstr(report.why, "customers carried a signal before the hold-out; 500 are needed"));
    assert_true(report.auc > 0.5 && report.brier < 0.25 && report.n_bins == 10);
    report = learn(samples, 1);
    assert_true(isnan(report.auc) && report.brier >= 0);
    free(samples);
}

static void one_class_learns_nothing(void **state)
{
    enum { N = 2000 };
    struct fl_commitment_sample *samples = samples_new(N);
    struct fl_commitment_report report;

    (void)state;
    simulate(samples, N, settings.weight, 10);
    for (int i = 0; i < N; i++)
        samples[i].stayed = true;
    report = learn(samples, N);
    assert_defaults(&report, "0 of 2000 customers did not stay; 20 are needed to learn from");
    assert_true(isnan(report.auc) && !isnan(report.brier));
    for (int i = 0; i < N; i++)
        samples[i].stayed = i < 3;
    report = learn(samples, N);
    assert_defaults(&report, "3 of 2000 customers stayed; 20 are needed to learn from");
    free(samples);
}

static void what_is_no_sample_is_named(void **state)
{
    enum { N = 1000 };
    struct fl_commitment_sample *samples = samples_new(N);
    struct fl_commitment_report report;

    (void)state;
    simulate(samples, N, settings.weight, 11);
    samples[17].p = NAN;
    report = learn(samples, N);
    assert_false(report.is_learned);
    assert_ptr_equal(strstr(report.why, "sample 17 has p nan"), report.why);
    samples[17].p = 0.5;
    samples[18].s[2] = 1.5;
    report = learn(samples, N);
    assert_ptr_equal(strstr(report.why, "sample 18 has p"), report.why);
    free(samples);
}

static void separable_data_stay_finite(void **state)
{
    enum { N = 2000 };
    struct fl_commitment_sample *samples = samples_new(N);
    struct fl_commitment_report report;

    (void)state;
    for (int i = 0; i < N; i++) {
        samples[i] = (struct fl_commitment_sample){.p = 0.5, .stayed = i % 2};
        samples[i].s[FL_SIGNAL_SATISFACTION] = i % 2 ? 1 : -1;
        /* a column that never changes, the others always 0 */
        samples[i].s[FL_SIGNAL_ENGAGEMENT] = 0.5;
    }
    report = learn(samples, N);
    assert_true(report.is_learned);
    assert_true(report.weight[FL_SIGNAL_SATISFACTION] > 2 &&
                report.weight[FL_SIGNAL_SATISFACTION] < 20);
    /* Of what the data cannot tell, the default stays. */
    assert_near(report.weight[FL_SIGNAL_ENGAGEMENT], 0.5, 1e-3);
    assert_near(report.weight[FL_SIGNAL_OPT_OUT], -0.8, 1e-9);
    assert_near(report.se[FL_SIGNAL_OPT_OUT], 1 / sqrt(10), 1e-9);
    assert_near(report.auc, 1, 0);
    /* P(alive) that knows it all, and at its borders. */
    for (int i = 0; i < N; i++)
        samples[i].p = samples[i].stayed;
    report = learn(samples, N);
    for (int j = 0; j < FL_SIGNALS; j++)
        assert_true(isfinite(report.weight[j]));
    assert_near(report.brier_p, 0, 0);
    free(samples);
}

/* One lonely class at the places of one fold: that fold learns from nobody who left. */
static void a_fold_without_a_class_is_survived(void **state)
{
    enum { N = 5000 };
    struct fl_commitment_sample *samples = samples_new(N);
    struct fl_commitment_report report;

    (void)state;
    simulate(samples, N, settings.weight, 12);
    for (int i = 0; i < N; i++)
        samples[i].stayed = i % FL_COMMITMENT_FOLDS || i % 25;
    report = learn(samples, N);
    for (int j = 0; j < FL_SIGNALS; j++)
        assert_true(isfinite(report.weight[j]));
    assert_true(report.brier <= report.brier_p);
    free(samples);
}

static void half_a_million_can_be_learned_from(void **state)
{
    static const double truth[FL_SIGNALS] = {1.2, 0.4, 0, -1.8, 0.9, 0.2, 1.1, -0.5};
    enum { N = 500000 };
    struct fl_commitment_sample *samples = samples_new(N);
    struct fl_commitment_report report;

    (void)state;
    simulate(samples, N, truth, 13);
    report = learn(samples, N);
    assert_true(report.is_learned);
    for (int j = 0; j < FL_SIGNALS; j++)
        assert_near(report.weight[j], truth[j], 0.1);
    for (size_t i = 0; i < report.n_bins; i++)
        assert_near(report.bins[i].predicted, report.bins[i].observed, 0.01);
    free(samples);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_have_names_and_weights),
        cmocka_unit_test(nothing_known_is_all_zero),
        cmocka_unit_test(the_youngest_rating_counts_and_decays),
        cmocka_unit_test(flags_and_counts_have_their_forms),
        cmocka_unit_test(lines_that_say_nothing_are_left_out),
        cmocka_unit_test(without_attitude_the_level_is_p),
        cmocka_unit_test(attitude_shifts_the_log_odds),
        cmocka_unit_test(the_level_is_a_probability_and_monotone),
        cmocka_unit_test(auc_counts_ties_half),
        cmocka_unit_test(bins_have_wilsons_interval),
        cmocka_unit_test(equal_predictions_stay_together),
        cmocka_unit_test(no_probability_is_measured),
        cmocka_unit_test(signals_that_matter_beat_p_alone),
        cmocka_unit_test(weights_are_found_within_their_errors),
        cmocka_unit_test(the_fit_is_the_optimum),
        cmocka_unit_test(signals_that_do_not_matter_do_not_hurt),
        cmocka_unit_test(signals_that_mislead_are_not_used),
        cmocka_unit_test(too_few_learn_nothing),
        cmocka_unit_test(one_class_learns_nothing),
        cmocka_unit_test(what_is_no_sample_is_named),
        cmocka_unit_test(separable_data_stay_finite),
        cmocka_unit_test(a_fold_without_a_class_is_survived),
        cmocka_unit_test(half_a_million_can_be_learned_from),
    };

    return cmocka_run_group_tests_name("commitment", tests, setup, NULL);
}
