/* Inside the room: a run, its compact memory of everybody, and the steps it goes through. */
#ifndef FL_APPRAISE_APPRAISE_RUN_PRIVATE_H
#define FL_APPRAISE_APPRAISE_RUN_PRIVATE_H

#include "appraise/appraise_private.h"

enum {
    APPRAISE_THREADS_MAX = 8,
    APPRAISE_CHUNK_ITEMS = 8192,
    APPRAISE_SEGMENT_SLOTS = 4096, /* four times APPRAISE_SEGMENTS_MAX: few collide */
    /* Customers the Pareto/NBD is fitted on and models are compared on: it takes 3 us a row and
     * evaluation.  Models in closed form are fitted on everybody; spend, of which no two rows are
     * the same, on as many as make its errors smaller than any use of it. */
    APPRAISE_PARETO_MAX = 20000,
    APPRAISE_SPEND_MAX = 50000,
    APPRAISE_CHOICE_MAX = 5000,
    /* Customers that weights are learned on. */
    APPRAISE_SAMPLE_MAX = 20000,
    APPRAISE_SPREAD_SAMPLE = 500 /* for the spread of ce */
};

/* Items in chunks, so that growing neither copies nor holds twice what there is. */
struct appraise_list {
    char **chunks;
    size_t n, n_chunks, item_size;
};
void appraise_list_init(struct appraise_list *list, size_t item_size);
void appraise_list_finish(struct appraise_list *list);
void *appraise_list_add(struct appraise_list *list); /* cleared; NULL: no memory */
static inline void *appraise_list_at(const struct appraise_list *list, size_t i)
{
    return list->chunks[i / APPRAISE_CHUNK_ITEMS] + (i % APPRAISE_CHUNK_ITEMS) * list->item_size;
}
int64_t appraise_list_bytes(const struct appraise_list *list);

/* One customer, for the time of a run. */
struct appraise_record {
    int64_t customer;
    struct appraise_trade trade;
    double ltv, p;
    uint32_t attitude; /* 1 + index in the part's; 0: nothing is known */
    uint32_t contract; /* index of the first in the part's */
    uint32_t place;    /* among the valued */
    uint16_t n_contracts;
    uint16_t segment;
    uint8_t state; /* enum fl_customer_state */
    uint8_t score; /* enum fl_score_state */
};
struct appraise_stance {
    struct appraise_attitude now;
    float then[FL_SIGNALS]; /* signals at the end of the calibration period */
};

struct appraise_run;

/* A range of customers; a thread reads and scores it. */
struct appraise_part {
    struct appraise_run *run;
    int64_t first, last; /* ids */
    struct fl_store *store;
    bool owns_store;
    struct appraise_list records, stances, contracts;
    struct appraise_list segments;                  /* names as met, APPRAISE_NAME_SIZE each */
    uint16_t segment_slots[APPRAISE_SEGMENT_SLOTS]; /* by hash: 1 + index in these */
    bool has_many_segments;
    size_t n_valued, valued_from; /* its places */
    size_t n_lost;                /* what came out is no number */
    int32_t first_purchase;
    /* a purchase after now, which ends the run */
    int64_t future_customer;
    int32_t future_date;
    enum fl_status status;
    struct fl_error err;
};

struct appraise_run {
    const struct fl_appraise_input *input;
    struct fl_arena *arena;
    struct fl_appraise_frame *frame; /* what is found goes here */
    struct appraise_dates dates, then;
    int32_t now_date; /* nothing in the store is after it */
    bool has_then;    /* there is a calibration period */
    struct appraise_part parts[APPRAISE_THREADS_MAX];
    size_t n_parts;
    size_t n_customers, n_valued, n_objected;
    struct appraise_referral *referrals; /* by referrer */
    size_t n_referrals;
    double *ce, *cv, *ce_rank, *cv_rank; /* by place */
    uint8_t *keys;
    size_t n_buyers; /* whose purchases tell something; the fit takes some, evenly spread */
    double choice_scores[FL_VALUE_MODELS]; /* hold-out log-likelihood; NAN: not tried */
    double spend_correlation;
    bool has_item_weights;
    struct fl_aspect_weights item_weights;
    int64_t by_zone[FL_ZONES], by_segment[FL_SEGMENTS], by_key[3];
    json_t *warnings;
    int64_t memory_bytes, memory_peak;
};
struct appraise_referral {
    int64_t referrer, referred, at_us;
};

void appraise_warn(struct appraise_run *run, const char *fmt, ...) FL_PRINTF(2, 3);
void appraise_progress(struct appraise_run *run, const char *what, int64_t done);
/* Counted, for the report; NULL: no memory. */
FL_CHECK_RESULT void *appraise_alloc(struct appraise_run *run, size_t n, size_t size);
void appraise_free(struct appraise_run *run, void *p, size_t n, size_t size);

/* Runs `step` for each part, in threads where there are several. */
typedef enum fl_status appraise_step_fn(struct appraise_part *part, struct fl_error *err);
FL_CHECK_RESULT enum fl_status appraise_parallel(struct appraise_run *run, appraise_step_fn *step,
                                                 struct fl_error *err);
struct appraise_record *appraise_find(const struct appraise_run *run, int64_t customer,
                                      struct appraise_part **out_part);
struct appraise_facts appraise_facts_of(const struct appraise_part *part,
                                        const struct appraise_record *record);

/* Steps, in order. */
FL_CHECK_RESULT enum fl_status appraise_read_trade(struct appraise_run *run, struct fl_error *err);
FL_CHECK_RESULT enum fl_status appraise_read_rest(struct appraise_run *run, struct fl_error *err);
FL_CHECK_RESULT enum fl_status appraise_fit(struct appraise_run *run, struct fl_error *err);
FL_CHECK_RESULT enum fl_status appraise_priors(struct appraise_run *run, struct fl_error *err);
FL_CHECK_RESULT enum fl_status appraise_value(struct appraise_run *run, struct fl_error *err);
FL_CHECK_RESULT enum fl_status appraise_place(struct appraise_run *run, struct fl_error *err);
FL_CHECK_RESULT enum fl_status appraise_write(struct appraise_run *run, struct fl_error *err);
/* Spread of the rank of ce by what the fits do not know, into the frame (appraise_spread.c). */
FL_CHECK_RESULT enum fl_status appraise_spread(struct appraise_run *run, struct fl_error *err);
/* JSON, in the arena (appraise_report.c). */
FL_CHECK_RESULT enum fl_status appraise_report(struct appraise_run *run, const char **out,
                                               struct fl_error *err);
FL_CHECK_RESULT enum fl_status appraise_learn(struct appraise_run *run, struct fl_error *err);

/* Customers of the calibration period with what came after it. */
struct appraise_sample {
    const struct appraise_part *part;
    const struct appraise_record *record;
    struct fl_value_obs before, until;
    double later; /* purchase days between */
};
/* Evenly spread, at most `max`; from malloc. */
FL_CHECK_RESULT enum fl_status appraise_sample_read(struct appraise_run *run,
                                                    bool with_signals_only, size_t max,
                                                    struct appraise_sample **out, size_t *out_n,
                                                    struct fl_error *err);

#endif
