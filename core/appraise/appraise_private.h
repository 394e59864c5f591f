/* Inside the room: what is known of one customer, what follows from it, and the frame of a run. */
#ifndef FL_APPRAISE_APPRAISE_PRIVATE_H
#define FL_APPRAISE_APPRAISE_PRIVATE_H

#include "appraise/appraise.h"
#include "base/clock.h"

enum {
    APPRAISE_NAME_SIZE = 64,
    APPRAISE_SEGMENTS_MAX = 1000, /* values of the segment attribute; above, it tells nothing */
    APPRAISE_SD_BINS = 20,        /* of the rank, for the spread of ce */
    APPRAISE_ITEM_ANSWERS_MAX = 255
};

/* ---- settings --------------------------------------------------------------------------------*/

/* Of a run; kept in its frame, so that who is scored later is scored by the same rules. */
struct appraise_settings {
    struct fl_commitment_settings commitment; /* learned weights, once they are */
    struct fl_customer_value_settings customer;
    struct fl_position_settings position;
    struct fl_key_settings keys;
    struct fl_value_horizon horizon; /* periods of the purchase model */
    int64_t window_us;
    char segment_by[APPRAISE_NAME_SIZE];
    char time_zone[APPRAISE_NAME_SIZE];
};
void appraise_settings_of(const struct fl_conf *conf, struct appraise_settings *out);

/* A moment that is looked from. */
struct appraise_dates {
    int64_t as_of_us;
    int32_t today;       /* its day in the organisation's time zone; the last one that counts */
    int32_t window_from; /* first day of the window of customer value */
    int64_t window_from_us;
    int64_t signals_from_us; /* what is older says nothing about attitude any more */
    double period_days;
};
FL_CHECK_RESULT enum fl_status appraise_dates_of(const struct appraise_settings *settings,
                                                 int64_t as_of_us, struct appraise_dates *out,
                                                 struct fl_error *err);

/* ---- facts (appraise_facts.c) ------------------------------------------------------------------
 * What is known of one customer at a moment.  A run gathers it from streams, one customer's
 * rescoring and `explain` from queries; both by the functions here. */

struct appraise_trade {
    int32_t first, last;         /* purchase days; FL_DATE_NONE: none */
    uint32_t x;                  /* purchase days after the first */
    int64_t repeat_margin_minor; /* of all days after the first, less what refunds took */
    int64_t first_margin_minor;
    /* in the window */
    int64_t spend_minor, margin_minor, discount_minor, saved_minor, gift_minor, fee_minor, points;
};
/* Days after dates->today do not count. */
void appraise_trade_of(const struct appraise_dates *dates, const struct fl_trade_day *days,
                       size_t n, struct appraise_trade *out);
/* What the purchase model is told; false where there was no purchase. */
bool appraise_trade_obs(const struct appraise_trade *trade, const struct appraise_dates *dates,
                        struct fl_value_obs *out);
/* Mean margin per repeat purchase day, at least 0; 0 where x is. */
double appraise_trade_mean(const struct appraise_trade *trade);

struct appraise_contract {
    int32_t T; /* whole periods, as the contract models are told */
    int32_t period_days;
    int32_t n_paid; /* periods begun in the window */
    bool is_over;
    int64_t margin_minor, price_minor; /* a period */
};
/* False: it had not begun. */
bool appraise_contract_of(const struct appraise_dates *dates,
                          const struct fl_subscription *subscription,
                          struct appraise_contract *out);
struct fl_value_obs appraise_contract_obs(const struct appraise_contract *contract);

/* Attitude and everything else that is no trade.  Single precision everywhere, so that a run that
 * keeps it for everybody and a rescoring have the same numbers. */
struct appraise_attitude {
    float signal[FL_SIGNALS];
    float item[FL_ASPECTS]; /* mean of the window's answers on [-1/2, 1/2] */
    uint8_t n_items[FL_ASPECTS];
    bool is_known;         /* some signal */
    float value_for_money; /* the same for stated value for money; NAN: none */
    float waited_hours;    /* for complaints, within the window */
    uint32_t contacts;     /* of ours, in the window */
    uint32_t exchanges;    /* theirs, in the window */
};

/* Collects one customer's signs for one moment: begin, add in order of time, end. */
struct appraise_signs {
    const struct appraise_settings *settings;
    struct appraise_dates dates;
    struct fl_signal_line *lines; /* with their events, also for `explain` */
    size_t n, cap;
    double item_sum[FL_ASPECTS], money_sum;
    unsigned n_items[FL_ASPECTS], n_money;
    double waited_hours;
    uint32_t contacts, exchanges;
    /* One survey is one contact, however many questions it has. */
    int64_t last_answer, last_answer_us;
    bool has_no_memory;
};
void appraise_signs_init(struct appraise_signs *signs, const struct appraise_settings *settings,
                         const struct appraise_dates *dates);
void appraise_signs_finish(struct appraise_signs *signs);
void appraise_signs_begin(struct appraise_signs *signs); /* the next customer */
void appraise_signs_add(struct appraise_signs *signs, const struct fl_sign *sign);
/* Hours of a complaint that fall into the window; 0 where it was opened later. */
double appraise_waited_hours(const struct appraise_dates *dates, int64_t opened_us,
                             int64_t settled_us);
void appraise_signs_complaint(struct appraise_signs *signs, int64_t complaint, int64_t opened_us,
                              int64_t settled_us);
void appraise_signs_referral(struct appraise_signs *signs, int64_t referred, int64_t at_us);
void appraise_signs_end(struct appraise_signs *signs, struct appraise_attitude *out);
/* Which survey item a question is; false: none. */
bool appraise_question_aspect(const char *question, enum fl_aspect *out);
bool appraise_question_signal(const char *question, enum fl_signal *out);

struct appraise_facts {
    int64_t customer;
    enum fl_customer_state state;
    size_t segment; /* in the frame; 0: unknown to it */
    struct appraise_trade trade;
    const struct appraise_contract *contracts;
    size_t n_contracts;
    const struct appraise_attitude *attitude; /* never NULL */
};
extern const struct appraise_attitude appraise_attitude_unknown;
/* As the customer value is told them; spend is that of both streams. */
void appraise_customer_facts(const struct appraise_facts *facts, struct fl_customer_facts *out);
double appraise_margin(const struct appraise_facts *facts); /* in the window, of both streams */

/* ---- models and scores (appraise_score.c) -----------------------------------------------------*/

struct appraise_fitted {
    bool is_fitted;
    struct fl_appraise_fit fit;
    char chosen_by[FL_VALUE_WHY_SIZE]; /* what fit.chosen_by points to; the next one too */
    char optimiser[APPRAISE_NAME_SIZE];
};
struct appraise_models {
    struct appraise_fitted purchase, subscription, spend;
    double spend_mean; /* margin per repeat purchase day of all, where spend could not be fitted */
    struct fl_value_residual residual; /* of the purchase model */
};
/* Residual purchases of who is alive depend on x and T alone: many share them. */
struct appraise_memo;
FL_CHECK_RESULT struct appraise_memo *appraise_memo_create(void); /* NULL: no memory */
void appraise_memo_destroy(struct appraise_memo **memo);

/* What one relationship is worth; states other than VALUED have zeros. */
struct appraise_worth {
    enum fl_score_state state;
    bool has_shop;
    double residual, spend;          /* purchases to come if alive, margin each */
    double shop_ltv, shop_p;         /* of shop purchases */
    double contract_ltv, contract_p; /* of subscriptions that go on, p weighted by LTV */
    double ltv, p;                   /* p weighted by LTV, so that LTV x p is the expected CLV */
    double commitment, ce;
    struct fl_customer_value value;
};
/* One subscription: LTV given that it is renewed once more, and p that it is: the conditional
 * survival S(T + 1) / S(T), which attitude then shifts.  Over: 0 and 0. */
double appraise_contract_ltv(const struct appraise_models *models,
                             const struct fl_value_horizon *horizon,
                             const struct appraise_contract *contract, double *out_p);
/* The streams of money, before attitude.  `memo` may be NULL. */
void appraise_streams_of(const struct appraise_models *models,
                         const struct appraise_settings *settings,
                         const struct appraise_dates *dates, const struct appraise_facts *facts,
                         struct appraise_memo *memo, struct appraise_worth *out);
/* The rest, where state, ltv and p are known. */
void appraise_worth_complete(const struct appraise_settings *settings,
                             const struct appraise_facts *facts,
                             const struct fl_aspect_prior *prior, struct appraise_worth *worth);
/* All of it.  `prior` of the customer's segment. */
void appraise_worth_of(const struct appraise_models *models,
                       const struct appraise_settings *settings, const struct appraise_dates *dates,
                       const struct appraise_facts *facts, const struct fl_aspect_prior *prior,
                       struct appraise_memo *memo, struct appraise_worth *out);

/* ---- places (appraise_place.c) ---------------------------------------------------------------*/

/* Of the valued population. */
struct appraise_places {
    struct fl_reference ce, cv;
    double ce_median, cv_median;    /* of money, for scale = money */
    double ce_sd[APPRAISE_SD_BINS]; /* of the rank (or of Phi), by rank; from the fits */
    struct fl_segment_cuts cuts;
    double contribution_from; /* margin of the least key customer; INFINITY: none */
    double exchanges_from;    /* the same */
};
/* Ranks or, where scale = money, Phi of the log ratio. */
double appraise_place_ce(const struct appraise_settings *settings,
                         const struct appraise_places *places, double ce);
double appraise_place_cv(const struct appraise_settings *settings,
                         const struct appraise_places *places, double cv);
double appraise_place_sd_ce(const struct appraise_places *places, double ce_rank);
double appraise_place_sd_cv(const struct appraise_settings *settings,
                            const struct appraise_places *places,
                            const struct fl_customer_value *value);
/* The score of a worth whose place is known; keys are the caller's. */
void appraise_score_of(const struct appraise_settings *settings,
                       const struct appraise_places *places, const struct appraise_facts *facts,
                       const struct appraise_worth *worth, double cv, double ce, int64_t at_us,
                       struct fl_score *out);

/* ---- the frame (appraise_frame.c) -------------------------------------------------------------*/

struct appraise_segment {
    char name[APPRAISE_NAME_SIZE];
    struct fl_aspect_prior prior;
    double customers;
};
struct fl_appraise_frame {
    int64_t run;
    int64_t as_of_us;
    struct appraise_settings settings;
    struct appraise_models models;
    /* The purchase model as it was known at the end of the calibration period. */
    struct fl_value_fit calibration;
    int32_t calibrated_at; /* a day; FL_DATE_NONE: no hold-out was possible */
    struct fl_commitment_report commitment;
    struct appraise_places places;
    struct appraise_segment *segments; /* [0] those of whom none is known; then by name */
    size_t n_segments;
};
/* In one piece: frame and its parts are freed by destroy. */
FL_CHECK_RESULT struct fl_appraise_frame *appraise_frame_create(size_t n_segments);
void appraise_frame_destroy(struct fl_appraise_frame **frame);
size_t appraise_frame_segment(const struct fl_appraise_frame *frame, const char *name);
/* Pointers within the frame, to its own strings; the residual for its horizon. */
FL_CHECK_RESULT enum fl_status appraise_frame_complete(struct fl_appraise_frame *frame,
                                                       struct fl_error *err);
/* As bytes, from malloc, and back.  FL_INVALID: of another version, or damaged. */
FL_CHECK_RESULT enum fl_status appraise_frame_pack(struct fl_appraise_frame *frame, void **out,
                                                   size_t *out_len, struct fl_error *err);
FL_CHECK_RESULT enum fl_status appraise_frame_unpack(const void *data, size_t len,
                                                     struct fl_appraise_frame **out,
                                                     struct fl_error *err);

/* ---- one customer (appraise_one.c) ------------------------------------------------------------*/

/* Everything of one customer as of a moment: facts point into it. */
struct appraise_file {
    struct appraise_dates dates;
    struct appraise_facts facts;
    struct appraise_attitude attitude;
    struct appraise_contract *contracts; /* from malloc */
    size_t n_contracts;
    struct appraise_signs signs; /* lines with their events */
};
/* FL_NOT_FOUND: no such customer.  Close also what failed to open. */
FL_CHECK_RESULT enum fl_status appraise_file_open(const struct fl_appraise_frame *frame,
                                                  struct fl_store *store, int64_t customer,
                                                  int64_t as_of_us, struct appraise_file *out,
                                                  struct fl_error *err);
void appraise_file_close(struct appraise_file *file);
const struct fl_aspect_prior *appraise_file_prior(const struct fl_appraise_frame *frame,
                                                  const struct appraise_file *file);

#endif
