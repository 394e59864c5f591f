/* put-scores STORE < LINES: a valuation of now that says what each line says:
 *     EXTERNAL_ID ZONE CV CE EQUITY_MINOR COMMITMENT
 * so that a test knows who stands where. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "value/position.h"

enum { LINE_SIZE = 256, SCORES_MAX = 10000 };

static int by_customer(const void *a, const void *b)
{
    int64_t x = ((const struct fl_score *)a)->customer, y = ((const struct fl_score *)b)->customer;

    return (x > y) - (x < y);
}

static enum fl_status read_line(struct fl_store *store, const char *line, struct fl_score *out,
                                struct fl_error *err)
{
    struct fl_score score = {.p = 0.5, .ltv_minor = 1000, .certainty = 0.9, .segment = 7};
    char external_id[LINE_SIZE], name[LINE_SIZE];
    long long equity;
    enum fl_zone zone;
    enum fl_status st;

    if (sscanf(line, "%255s %255s %lf %lf %lld %lf", external_id, name, &score.cv, &score.ce,
               &equity, &score.commitment) != 6 ||
        !fl_zone_parse(name, &zone))
        return fl_error_set(err, FL_INVALID, "cannot read \"%s\"", line);
    st = fl_store_customer_find(store, external_id, &score.customer, err);
    if (st)
        return st;
    score.zone = (int)zone;
    score.ce_minor = equity;
    *out = score;
    return FL_OK;
}

static enum fl_status put_run(struct fl_store *store, const struct fl_score *scores, size_t n,
                              int64_t *out_changes, struct fl_error *err)
{
    struct fl_value_run run = {.as_of_us = fl_clock_now(&fl_clock_system),
                               .n_customers = (int64_t)n,
                               .n_valued = (int64_t)n,
                               .report = "{}"};
    enum fl_status st = fl_store_begin(store, err);

    run.started_us = run.as_of_us;
    if (!st)
        st = fl_store_run_begin(store, &run, &run.id, err);
    if (!st)
        st = fl_store_scores_put(store, run.id, scores, n, err);
    if (!st)
        st = fl_store_run_finish(store, &run, out_changes, err);
    return st ? st : fl_store_commit(store, err);
}

int main(int argc, char **argv)
{
    static struct fl_score scores[SCORES_MAX];
    struct fl_store_options options = {.clock = fl_clock_system,
                                       .busy_timeout_us = 5 * FL_US_PER_S};
    struct fl_store *store = NULL;
    struct fl_error err = {.text = "usage: put-scores STORE"};
    enum fl_status st = FL_INVALID;
    char line[LINE_SIZE];
    int64_t n_changes = 0;
    size_t n = 0;

    if (argc == 2)
        st = fl_store_open(argv[1], &options, &store, &err);
    while (!st && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        st = n == SCORES_MAX ? fl_error_set(&err, FL_LIMIT, "too many lines")
                             : read_line(store, line, &scores[n++], &err);
    }
    if (!st) {
        qsort(scores, n, sizeof scores[0], by_customer);
        st = put_run(store, scores, n, &n_changes, &err);
    }
    if (store)
        fl_store_close(&store);
    if (st) {
        fprintf(stderr, "put-scores: %s\n", err.text);
        return EXIT_FAILURE;
    }
    printf("%lld changes\n", (long long)n_changes);
    return EXIT_SUCCESS;
}
