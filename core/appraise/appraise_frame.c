/* The frame of a run: what one more customer is scored against, and its form as bytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise_private.h"
#include "base/file.h"
#include "base/str.h"

/* Raised when the layout, or what a number in it means, changes: frames of before are refused. */
enum { FRAME_VERSION = 1, FRAME_BYTES_MAX = 8 << 20 };
static const char frame_magic[8] = "flframe";

struct fl_appraise_frame *appraise_frame_create(size_t n_segments)
{
    struct fl_appraise_frame *frame = calloc(1, sizeof *frame);

    if (!frame)
        return NULL;
    frame->segments = calloc(n_segments ? n_segments : 1, sizeof *frame->segments);
    frame->n_segments = n_segments ? n_segments : 1;
    frame->calibrated_at = FL_DATE_NONE;
    if (!frame->segments)
        appraise_frame_destroy(&frame);
    return frame;
}

void appraise_frame_destroy(struct fl_appraise_frame **frame)
{
    if (!*frame)
        return;
    free((*frame)->segments);
    free(*frame);
    *frame = NULL;
}

/* By name behind the first; that one is for everybody else. */
size_t appraise_frame_segment(const struct fl_appraise_frame *frame, const char *name)
{
    size_t low = 1, high = frame->n_segments;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, frame->segments[middle].name);

        if (order == 0)
            return middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}

static void fitted_complete(struct appraise_fitted *fitted)
{
    fitted->fit.chosen_by = fitted->chosen_by;
    fitted->fit.fit.optimiser = fitted->optimiser;
}

enum fl_status appraise_frame_complete(struct fl_appraise_frame *frame, struct fl_error *err)
{
    fitted_complete(&frame->models.purchase);
    fitted_complete(&frame->models.subscription);
    fitted_complete(&frame->models.spend);
    frame->calibration.optimiser = frame->models.purchase.optimiser;
    return fl_value_residual_init(&frame->models.residual, &frame->settings.horizon, err);
}

/* ---- bytes
 * --------------------------------------------------------------------------------------- One walk
 * over the members serves both directions, so that they cannot differ. */

struct pack {
    bool is_reading, has_failed;
    struct fl_buf out;
    const char *in;
    size_t left;
};

static void pack_bytes(struct pack *pack, void *data, size_t len)
{
    if (!pack->is_reading) {
        fl_buf_add(&pack->out, data, len);
        return;
    }
    if (pack->has_failed || len > pack->left) {
        pack->has_failed = true;
        return;
    }
    memcpy(data, pack->in, len);
    pack->in += len;
    pack->left -= len;
}

static void pack_real(struct pack *pack, double *values, size_t n)
{
    pack_bytes(pack, values, n * sizeof *values);
}

static void pack_i64(struct pack *pack, int64_t *value)
{
    pack_bytes(pack, value, sizeof *value);
}

static void pack_int(struct pack *pack, int *value, int min, int max)
{
    int64_t wide = *value;

    pack_i64(pack, &wide);
    if (wide < min || wide > max)
        pack->has_failed = true;
    else
        *value = (int)wide;
}

static void pack_size(struct pack *pack, size_t *value, size_t max)
{
    int64_t wide = (int64_t)*value;

    pack_i64(pack, &wide);
    if (wide < 0 || (size_t)wide > max)
        pack->has_failed = true;
    else
        *value = (size_t)wide;
}

static void pack_bool(struct pack *pack, bool *value)
{
    int wide = *value;

    pack_int(pack, &wide, 0, 1);
    *value = wide == 1;
}

static void pack_text(struct pack *pack, char *text, size_t size)
{
    pack_bytes(pack, text, size);
    text[size - 1] = '\0';
}

static void pack_fit(struct pack *pack, struct fl_value_fit *fit)
{
    int model = (int)fit->model, state = (int)fit->state;

    pack_int(pack, &model, 0, FL_VALUE_MODELS - 1);
    pack_int(pack, &state, FL_VALUE_FITTED, FL_VALUE_NOT_CONVERGED);
    fit->model = (enum fl_value_model)model;
    fit->state = (enum fl_value_state)state;
    pack_text(pack, fit->why, sizeof fit->why);
    pack_real(pack, fit->p, FL_VALUE_PARAMS_MAX);
    pack_real(pack, fit->se, FL_VALUE_PARAMS_MAX);
    pack_real(pack, fit->covariance[0], (size_t)FL_VALUE_PARAMS_MAX * FL_VALUE_PARAMS_MAX);
    pack_real(pack, &fit->log_likelihood, 1);
    pack_int(pack, &fit->iterations, 0, INT32_MAX);
    pack_int(pack, &fit->starts, 0, INT32_MAX);
    pack_int(pack, &fit->starts_agreed, 0, INT32_MAX);
    pack_real(pack, &fit->customers, 1);
    pack_size(pack, &fit->rows, SIZE_MAX / 2);
}

static void pack_horizon(struct pack *pack, struct fl_value_horizon *horizon)
{
    pack_int(pack, &horizon->periods, 0, FL_VALUE_HORIZON_MAX);
    pack_real(pack, &horizon->yearly_rate, 1);
    pack_real(pack, &horizon->period_days, 1);
}

static void pack_fitted(struct pack *pack, struct appraise_fitted *fitted)
{
    pack_bool(pack, &fitted->is_fitted);
    pack_fit(pack, &fitted->fit.fit);
    pack_horizon(pack, &fitted->fit.horizon);
    pack_text(pack, fitted->chosen_by, sizeof fitted->chosen_by);
    pack_text(pack, fitted->optimiser, sizeof fitted->optimiser);
}

static void pack_settings(struct pack *pack, struct appraise_settings *settings)
{
    struct fl_customer_value_settings *customer = &settings->customer;
    struct fl_position_settings *position = &settings->position;
    int scale = (int)position->scale;

    pack_real(pack, settings->commitment.weight, FL_SIGNALS);
    pack_real(pack, &settings->commitment.half_life_days, 1);
    pack_real(pack, &settings->commitment.settled_hours_max, 1);
    pack_real(pack, &customer->point_value, 1);
    pack_real(pack, &customer->gift_share, 1);
    pack_real(pack, &customer->hour_value, 1);
    pack_real(pack, &customer->contact_burden, 1);
    pack_real(pack, &customer->welcome_contacts, 1);
    pack_real(pack, customer->aspect_weight, FL_ASPECTS);
    pack_real(pack, &position->intercept, 1);
    pack_real(pack, &position->slope, 1);
    pack_real(pack, &position->band, 1);
    pack_real(pack, &position->level, 1);
    pack_int(pack, &scale, FL_SCALE_RANK, FL_SCALE_MONEY);
    position->scale = (enum fl_position_scale)scale;
    pack_real(pack, &settings->keys.contribution_share, 1);
    pack_real(pack, &settings->keys.exchange_percentile, 1);
    pack_real(pack, &settings->keys.leader_percentile, 1);
    pack_horizon(pack, &settings->horizon);
    pack_i64(pack, &settings->window_us);
    pack_text(pack, settings->segment_by, sizeof settings->segment_by);
    pack_text(pack, settings->time_zone, sizeof settings->time_zone);
}

static void pack_commitment(struct pack *pack, struct fl_commitment_report *report)
{
    pack_bool(pack, &report->is_learned);
    pack_bool(pack, &report->are_signals_used);
    pack_text(pack, report->why, sizeof report->why);
    pack_size(pack, &report->n, SIZE_MAX / 2);
    pack_size(pack, &report->n_with_signals, SIZE_MAX / 2);
    pack_real(pack, report->weight, FL_SIGNALS);
    pack_real(pack, report->se, FL_SIGNALS);
    pack_real(pack, &report->intercept, 1);
    pack_real(pack, &report->auc, 1);
    pack_real(pack, &report->auc_p, 1);
    pack_real(pack, &report->brier, 1);
    pack_real(pack, &report->brier_p, 1);
    pack_size(pack, &report->n_bins, FL_COMMITMENT_BINS);
    for (size_t i = 0; i < FL_COMMITMENT_BINS; i++) {
        struct fl_commitment_bin *bin = &report->bins[i];

        pack_real(pack, &bin->n, 1);
        pack_real(pack, &bin->predicted, 1);
        pack_real(pack, &bin->observed, 1);
        pack_real(pack, &bin->observed_low, 1);
        pack_real(pack, &bin->observed_high, 1);
    }
}

static void pack_reference(struct pack *pack, struct fl_reference *reference)
{
    pack_size(pack, &reference->n, FL_REFERENCE_SIZE);
    pack_real(pack, &reference->population, 1);
    pack_real(pack, reference->value, reference->n);
}

static void pack_places(struct pack *pack, struct appraise_places *places)
{
    pack_reference(pack, &places->ce);
    pack_reference(pack, &places->cv);
    pack_real(pack, &places->ce_median, 1);
    pack_real(pack, &places->cv_median, 1);
    pack_real(pack, places->ce_sd, APPRAISE_SD_BINS);
    pack_real(pack, &places->cuts.current, 1);
    pack_real(pack, &places->cuts.potential, 1);
    pack_real(pack, &places->cuts.loyalty, 1);
    pack_real(pack, &places->contribution_from, 1);
    pack_real(pack, &places->exchanges_from, 1);
}

static void pack_segment(struct pack *pack, struct appraise_segment *segment)
{
    pack_text(pack, segment->name, sizeof segment->name);
    pack_real(pack, segment->prior.mean, FL_ASPECTS);
    pack_real(pack, segment->prior.variance, FL_ASPECTS);
    for (int k = 0; k < FL_ASPECTS; k++)
        pack_bool(pack, &segment->prior.is_known[k]);
    pack_real(pack, &segment->customers, 1);
}

/* Everything but the count of segments, which comes before. */
static void pack_frame(struct pack *pack, struct fl_appraise_frame *frame)
{
    int date = frame->calibrated_at;

    pack_i64(pack, &frame->as_of_us);
    pack_settings(pack, &frame->settings);
    pack_fitted(pack, &frame->models.purchase);
    pack_fitted(pack, &frame->models.subscription);
    pack_fitted(pack, &frame->models.spend);
    pack_real(pack, &frame->models.spend_mean, 1);
    pack_fit(pack, &frame->calibration);
    pack_int(pack, &date, INT32_MIN, INT32_MAX);
    frame->calibrated_at = date;
    pack_commitment(pack, &frame->commitment);
    pack_places(pack, &frame->places);
    for (size_t i = 0; i < frame->n_segments; i++)
        pack_segment(pack, &frame->segments[i]);
}

static void pack_head(struct pack *pack, char magic[sizeof frame_magic], int *version,
                      size_t *n_segments)
{
    pack_bytes(pack, magic, sizeof frame_magic);
    pack_int(pack, version, 0, INT32_MAX);
    pack_size(pack, n_segments, APPRAISE_SEGMENTS_MAX + 1);
}

enum fl_status appraise_frame_pack(struct fl_appraise_frame *frame, void **out, size_t *out_len,
                                   struct fl_error *err)
{
    struct pack pack = {.out = FL_BUF(FRAME_BYTES_MAX)};
    char magic[sizeof frame_magic];
    int version = FRAME_VERSION;
    size_t len;
    char *bytes;

    memcpy(magic, frame_magic, sizeof magic);
    pack_head(&pack, magic, &version, &frame->n_segments);
    pack_frame(&pack, frame);
    len = pack.out.len;
    bytes = fl_buf_steal(&pack.out);
    if (!bytes)
        return fl_error_set(err, FL_IO, "no memory for the frame of the run");
    *out = bytes;
    *out_len = len;
    return FL_OK;
}

enum fl_status appraise_frame_unpack(const void *data, size_t len, struct fl_appraise_frame **out,
                                     struct fl_error *err)
{
    struct pack pack = {.is_reading = true, .in = data, .left = len};
    struct fl_appraise_frame *frame;
    char magic[sizeof frame_magic] = {0};
    int version = 0;
    size_t n_segments = 0;
    enum fl_status st;

    pack_head(&pack, magic, &version, &n_segments);
    if (pack.has_failed || memcmp(magic, frame_magic, sizeof magic) != 0 ||
        version != FRAME_VERSION || n_segments == 0)
        return fl_error_set(err, FL_INVALID,
                            "the last valuation was made by another version; run it again");
    frame = appraise_frame_create(n_segments);
    if (!frame)
        return fl_error_set(err, FL_IO, "no memory");
    pack_frame(&pack, frame);
    st =
        pack.has_failed || pack.left
            ? fl_error_set(err, FL_INVALID, "what the last valuation kept is damaged; run it again")
            : appraise_frame_complete(frame, err);
    if (st) {
        appraise_frame_destroy(&frame);
        return st;
    }
    *out = frame;
    return FL_OK;
}

/* ---- what others ask --------------------------------------------------------------------------*/

enum { OPEN_ARENA_MAX = 64 << 20 };

enum fl_status fl_appraise_frame_open(struct fl_store *store, const struct fl_conf *conf,
                                      struct fl_appraise_frame **out, struct fl_error *err)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(OPEN_ARENA_MAX);
    struct fl_appraise_frame *frame;
    struct fl_value_run run;
    enum fl_status st;

    if (!arena)
        return fl_error_set(err, FL_IO, "no memory");
    st = fl_store_run_get(store, arena, 0, &run, err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(err, FL_NOT_FOUND, "there was no valuation yet");
    if (!st)
        st = appraise_frame_unpack(run.reference, run.reference_len, &frame, err);
    if (st)
        return st;
    frame->run = run.id;
    /* Dates in the store are of the organisation's time zone as it is now. */
    snprintf(frame->settings.time_zone, sizeof frame->settings.time_zone, "%s", conf->time_zone);
    *out = frame;
    return FL_OK;
}

void fl_appraise_frame_close(struct fl_appraise_frame **frame)
{
    appraise_frame_destroy(frame);
}

int64_t fl_appraise_frame_run(const struct fl_appraise_frame *frame)
{
    return frame->run;
}

static const struct fl_appraise_fit *fit_of(const struct appraise_fitted *fitted)
{
    return fitted->is_fitted ? &fitted->fit : NULL;
}

const struct fl_appraise_fit *fl_appraise_frame_purchase(const struct fl_appraise_frame *frame)
{
    return fit_of(&frame->models.purchase);
}

const struct fl_appraise_fit *fl_appraise_frame_subscription(const struct fl_appraise_frame *frame)
{
    return fit_of(&frame->models.subscription);
}

const struct fl_appraise_fit *fl_appraise_frame_spend(const struct fl_appraise_frame *frame)
{
    return fit_of(&frame->models.spend);
}

const struct fl_commitment_report *fl_appraise_frame_commitment(
    const struct fl_appraise_frame *frame)
{
    return &frame->commitment;
}

const struct fl_position_settings *fl_appraise_frame_position(const struct fl_appraise_frame *frame)
{
    return &frame->settings.position;
}
