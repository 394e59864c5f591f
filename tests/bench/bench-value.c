/*
 * Fitting and scoring BG/NBD against the plain way: every customer a row, lgamma for each, the
 * simplex of Nelder and Mead, 2F1 by GSL.  Prints a JSON object.
 *
 *     bench-value CSV TIMES [OUT]      customers of ID,x,tx,T; each TIMES times, its tx and T moved
 *                                      by up to three days where TIMES > 1; written to OUT
 *     bench-value simulate N           N customers drawn from BG/NBD, seen on whole days
 */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_sf_hyperg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "value/simulate.h"
#include "value/value.h"

enum { ROUNDS = 3, SIMPLEX_STEPS_MAX = 2000, LINE_MAX_SIZE = 256, HORIZON = 156 };
static const double PERIOD_DAYS = 7, FORECAST = 39, DAYS_MOVED = 3;
static const double cdnow[] = {0.243, 4.414, 0.793, 2.426};

struct rows {
    struct fl_value_obs *obs;
    size_t n;
};

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "bench-value: %s: %s\n", what, why);
    exit(1);
}

static struct rows rows_make(size_t n)
{
    struct rows rows = {.obs = calloc(n, sizeof *rows.obs), .n = n};

    if (!rows.obs)
        die("rows", "no memory");
    return rows;
}

static double seconds_of(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double seconds(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

/* ---- data ------------------------------------------------------------------------------------*/

static struct rows read_csv(const char *path)
{
    struct rows rows = rows_make(10000);
    FILE *file = fopen(path, "r");
    char line[LINE_MAX_SIZE];
    size_t n = 0;

    if (!file)
        die(path, "cannot be read");
    while (n < rows.n && fgets(line, sizeof line, file)) {
        struct fl_value_obs *o = &rows.obs[n];

        if (sscanf(line, "%*[^,],%lf,%lf,%lf", &o->x, &o->tx, &o->T) == 3)
            rows.obs[n++].n = 1;
    }
    fclose(file);
    rows.n = n;
    return rows;
}

static double on_a_day(double t)
{
    return round(t * PERIOD_DAYS) / PERIOD_DAYS;
}

static struct rows multiply(const struct rows *from, size_t times)
{
    struct rows rows = rows_make(from->n * times);
    struct fl_value_random random;

    fl_value_random_init(&random, 1);
    for (size_t i = 0; i < rows.n; i++) {
        struct fl_value_obs o = from->obs[i % from->n];
        double moved = on_a_day((2 * fl_value_random_uniform(&random) - 1) * DAYS_MOVED / 7);

        if (i >= from->n) {
            o.T = on_a_day(o.T + moved);
            if (o.x > 0)
                o.tx = fmin(fmax(on_a_day(o.tx + moved), 1 / PERIOD_DAYS), o.T);
        }
        rows.obs[i] = o;
    }
    return rows;
}

static struct rows simulate(size_t n)
{
    struct rows rows = rows_make(n);
    struct fl_value_random random;

    fl_value_random_init(&random, 1);
    fl_value_simulate(FL_VALUE_BGNBD, cdnow, FORECAST, true, &random, rows.obs, n);
    for (size_t i = 0; i < n; i++) {
        struct fl_value_obs *o = &rows.obs[i];

        o->T = ceil(o->T * PERIOD_DAYS) / PERIOD_DAYS;
        o->tx = ceil(o->tx * PERIOD_DAYS) / PERIOD_DAYS;
    }
    return rows;
}

static void write_csv(const struct rows *rows, const char *path)
{
    FILE *file = fopen(path, "w");

    if (!file)
        die(path, "cannot be written");
    fputs("x,tx,T\n", file);
    for (size_t i = 0; i < rows->n; i++)
        fprintf(file, "%.0f,%.9f,%.9f\n", rows->obs[i].x, rows->obs[i].tx, rows->obs[i].T);
    if (fclose(file))
        die(path, "cannot be written");
}

/* ---- the plain way ---------------------------------------------------------------------------*/

static double plain_log_likelihood(const double *p, const struct rows *rows)
{
    double r = p[0], alpha = p[1], a = p[2], b = p[3], sum = 0;

    for (size_t i = 0; i < rows->n; i++) {
        double x = rows->obs[i].x, tx = rows->obs[i].tx, T = rows->obs[i].T;
        double front = lgamma(r + x) - lgamma(r) + r * log(alpha) + lgamma(a + b) + lgamma(b + x) -
                       lgamma(b) - lgamma(a + b + x);
        double stayed = exp(-(r + x) * log(alpha + T)), left = 0;

        if (x > 0)
            left = exp(log(a) - log(b + x - 1) - (r + x) * log(alpha + tx));
        sum += front + log(stayed + left);
    }
    return sum;
}

static double plain_objective(const gsl_vector *log_p, void *context)
{
    double p[4];

    for (size_t j = 0; j < 4; j++)
        p[j] = exp(gsl_vector_get(log_p, j));
    return -plain_log_likelihood(p, context);
}

static double plain_fit(struct rows *rows, double *out_p)
{
    gsl_multimin_function f = {.f = plain_objective, .n = 4, .params = rows};
    gsl_multimin_fminimizer *simplex =
        gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, 4);
    gsl_vector *at = gsl_vector_calloc(4), *size = gsl_vector_alloc(4);
    double best;

    gsl_vector_set_all(size, 0.5);
    gsl_multimin_fminimizer_set(simplex, &f, at, size);
    for (int i = 0; i < SIMPLEX_STEPS_MAX; i++)
        if (gsl_multimin_fminimizer_iterate(simplex) ||
            gsl_multimin_fminimizer_size(simplex) < 1e-5)
            break;
    for (size_t j = 0; j < 4; j++)
        out_p[j] = exp(gsl_vector_get(simplex->x, j));
    best = -simplex->fval;
    gsl_multimin_fminimizer_free(simplex);
    gsl_vector_free(at);
    gsl_vector_free(size);
    return best;
}

/* P(alive) and the expectation as they are printed. */
static double plain_score(const struct rows *rows, const double *p)
{
    double r = p[0], alpha = p[1], a = p[2], b = p[3], sum = 0;

    for (size_t i = 0; i < rows->n; i++) {
        double x = rows->obs[i].x, tx = rows->obs[i].tx, T = rows->obs[i].T;
        double odds = x > 0 ? a / (b + x - 1) * pow((alpha + T) / (alpha + tx), r + x) : 0;
        double z = FORECAST / (alpha + T + FORECAST);
        gsl_sf_result f;

        if (gsl_sf_hyperg_2F1_e(r + x, b + x, a + b + x - 1, z, &f))
            continue;
        sum += (a + b + x - 1) / (a - 1) * (1 - pow(1 - z, r + x) * f.val) / (1 + odds);
    }
    return sum;
}

/* ---- ours ------------------------------------------------------------------------------------*/

static double our_fit(const struct rows *rows, int threads, struct fl_value_fit *fit)
{
    struct fl_value_fit_options options = {.threads = threads};
    struct fl_error err = {0};
    double begin = seconds();

    if (fl_value_fit(FL_VALUE_BGNBD, rows->obs, rows->n, &options, fit, &err))
        die("fit", err.text);
    if (fit->state != FL_VALUE_FITTED)
        die("fit", fit->why);
    return seconds() - begin;
}

static double our_score(const struct rows *rows, const double *p)
{
    double sum = 0;

    for (size_t i = 0; i < rows->n; i++)
        sum += fl_value_conditional(FL_VALUE_BGNBD, p, &rows->obs[i], FORECAST, false);
    return sum;
}

static double our_residual(const struct rows *rows, const double *p)
{
    static const struct fl_value_horizon horizon = {HORIZON, 0.1, 7};
    struct fl_value_residual residual;
    struct fl_error err;
    double sum = 0;

    if (fl_value_residual_init(&residual, &horizon, &err))
        die("residual", err.text);
    for (size_t i = 0; i < rows->n; i++)
        sum += fl_value_residual_of(&residual, FL_VALUE_BGNBD, p, &rows->obs[i]);
    return sum;
}

/* ---- figures ---------------------------------------------------------------------------------*/

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof values[0], compare);
    return values[ROUNDS / 2];
}

static void say_fit(struct rows *rows)
{
    double group[ROUNDS], one[ROUNDS], cpu[ROUNDS], two[ROUNDS];
    struct fl_value_fit fit = {.rows = 0};

    for (int i = 0; i < ROUNDS; i++) {
        struct rows copy = rows_make(rows->n);
        double begin;

        memcpy(copy.obs, rows->obs, rows->n * sizeof copy.obs[0]);
        begin = seconds();
        copy.n = fl_value_group(copy.obs, copy.n);
        group[i] = seconds() - begin;
        begin = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        one[i] = our_fit(&copy, 1, &fit);
        cpu[i] = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - begin;
        two[i] = our_fit(&copy, 2, &fit);
        free(copy.obs);
    }
    printf("{\"customers\": %zu, \"rows\": %zu, \"group_s\": %.5f, \"s\": %.5f, \"cpu_s\": %.5f, "
           "\"two_threads_s\": %.5f, \"evaluations\": %d, \"log_likelihood\": %.4f, "
           "\"r\": %.5f, \"alpha\": %.5f, \"a\": %.5f, \"b\": %.5f",
           rows->n, fit.rows, median(group), median(one), median(cpu), median(two), fit.iterations,
           fit.log_likelihood, fit.p[0], fit.p[1], fit.p[2], fit.p[3]);
}

static void say_plain(struct rows *rows)
{
    double fit[ROUNDS], score[ROUNDS], ours[ROUNDS], residual[ROUNDS], p[4], best = 0;
    double told = 0, our_told = 0;

    for (int i = 0; i < ROUNDS; i++) {
        double begin = seconds();

        best = plain_fit(rows, p);
        fit[i] = seconds() - begin;
        begin = seconds();
        told = plain_score(rows, cdnow);
        score[i] = seconds() - begin;
        begin = seconds();
        our_told = our_score(rows, cdnow);
        ours[i] = seconds() - begin;
        begin = seconds();
        our_residual(rows, cdnow);
        residual[i] = seconds() - begin;
    }
    printf(", \"plain_s\": %.5f, \"plain_log_likelihood\": %.4f, \"plain_score_s\": %.5f, "
           "\"score_s\": %.5f, \"residual_s\": %.5f, \"plain_told\": %.3f, \"told\": %.3f",
           median(fit), best, median(score), median(ours), median(residual), told, our_told);
}

int main(int argc, char **argv)
{
    struct rows rows;

    if (argc < 3)
        die("usage", "bench-value CSV TIMES [OUT] | simulate N");
    gsl_set_error_handler_off();
    if (strcmp(argv[1], "simulate") == 0) {
        rows = simulate(strtoul(argv[2], NULL, 10));
        say_fit(&rows);
    } else {
        struct rows few = read_csv(argv[1]);

        rows = multiply(&few, strtoul(argv[2], NULL, 10));
        free(few.obs);
        if (argc > 3)
            write_csv(&rows, argv[3]);
        say_fit(&rows);
        say_plain(&rows);
    }
    puts("}");
    free(rows.obs);
    return 0;
}
