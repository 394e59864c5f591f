/* Fits against published figures. */
#include "unit.h"

#include <math.h>

#include "value/value_private.h"

enum { ROWS_MAX = 4000 };

static size_t cdnow(struct fl_value_obs *obs)
{
    const char *shared = getenv("FL_SHARED_DATA");
    char path[1024], line[200];
    FILE *file;
    size_t n = 0;

    snprintf(path, sizeof path, "%s/clv/cdnow_customers_summary.csv", shared ? shared : "");
    file = shared ? fopen(path, "r") : NULL;
    if (!file) {
        print_message("no FL_SHARED_DATA/clv: skipped\n");
        skip();
    }
    while (file && fgets(line, sizeof line, file))
        if (n < ROWS_MAX &&
            sscanf(line, "%*[^,],%lf,%lf,%lf", &obs[n].x, &obs[n].tx, &obs[n].T) == 3)
            obs[n++].n = 1;
    fclose(file);
    assert_int_equal(n, 2357);
    return n;
}

static void meets_published(enum fl_value_model model, const double *p, double log_likelihood)
{
    static struct fl_value_obs obs[ROWS_MAX];
    struct fl_value_fit_options options = {.n_starts = 10, .seed = 1};
    struct fl_value_fit fit;
    struct fl_error err = {0};
    size_t n = cdnow(obs), rows = fl_value_group(obs, n);

    assert_ok(fl_value_fit(model, obs, rows, &options, &fit, &err));
    print_message("%s: %s %d of %d, %d evaluations, %g %g %g %g, se %g %g %g %g: %.4f\n",
                  fl_value_model_key(model), fit.why, fit.starts_agreed, fit.starts, fit.iterations,
                  fit.p[0], fit.p[1], fit.p[2], fit.p[3], fit.se[0], fit.se[1], fit.se[2],
                  fit.se[3], fit.log_likelihood);
    assert_int_equal(fit.state, FL_VALUE_FITTED);
    assert_int_equal(fit.starts_agreed, 10);
    assert_true(fabs(fit.log_likelihood - log_likelihood) < 0.05);
    for (size_t j = 0; j < fl_value_params(model); j++)
        assert_true(fabs(fit.p[j] / p[j] - 1) < 0.01);
}

static void test_bgnbd_cdnow(void **state)
{
    static const double p[] = {0.243, 4.414, 0.793, 2.426};

    (void)state;
    meets_published(FL_VALUE_BGNBD, p, -9582.4);
}

static void test_mbgnbd_cdnow(void **state)
{
    static const double p[] = {0.525, 6.183, 0.891, 1.614};

    (void)state;
    meets_published(FL_VALUE_MBGNBD, p, -9582.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bgnbd_cdnow),
        cmocka_unit_test(test_mbgnbd_cdnow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
