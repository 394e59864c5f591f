/* Argument checks of what comes from customers, and of the plugins' memory. */
#include "store_private.h"

#include <math.h>
#include <string.h>

#include "base/crypto.h"

enum {
    EVIDENCE_MAX = 64 << 20, /* a received fax of 500 pages is 15 MB */
    MEMORY_VALUE_MAX = 4 << 10,
    MEMORY_KEY_MAX = 200,
    QUESTION_MAX = 200, /* bytes of a question's key */
    ANSWER_MAX = 64 << 10,
    SHORT_CODE_MAX = 64
};

static enum fl_status check_event(const struct fl_event *event, struct fl_error *err)
{
    if ((int)event->kind < FL_EVENT_ACCEPTED || (int)event->kind > FL_EVENT_VISITED)
        return fl_error_set(err, FL_INVALID, "event kind %d, expected %d to %d", (int)event->kind,
                            FL_EVENT_ACCEPTED, FL_EVENT_VISITED);
    return FL_OK;
}

enum fl_status fl_store_event_put(struct fl_store *store, const struct fl_event *event,
                                  int64_t *out_id, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_event(event, err);
    if (st)
        return st;
    return fl_store_wrote(store, store->driver->event_put(store, event, out_id, err));
}

enum fl_status fl_store_event_each(struct fl_store *store, int64_t message, fl_store_event_fn *fn,
                                   void *ctx, struct fl_error *err)
{
    return store->driver->event_each(store, message, fn, ctx, err);
}

enum fl_status fl_store_event_by_provider(struct fl_store *store, const char *provider_ref,
                                          int64_t *out_message, struct fl_error *err)
{
    return store->driver->event_by_provider(store, provider_ref, out_message, err);
}

enum fl_status fl_store_evidence_put(struct fl_store *store, const void *data, size_t len,
                                     char out_hash[65], struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);
    char hash[FL_SHA256_HEX_SIZE];

    if (st)
        return st;
    if (len > EVIDENCE_MAX)
        return fl_error_set(err, FL_LIMIT, "a piece of %zu bytes is above the limit of %d", len,
                            EVIDENCE_MAX);
    fl_sha256_hex(data, len, hash);
    st = fl_store_wrote(store, store->driver->evidence_put(store, hash, data, len, err));
    if (!st)
        memcpy(out_hash, hash, sizeof hash);
    return st;
}

enum fl_status fl_store_evidence_get(struct fl_store *store, struct fl_arena *arena,
                                     const char *hash, void **out, size_t *out_len,
                                     struct fl_error *err)
{
    return store->driver->evidence_get(store, arena, hash, out, out_len, err);
}

static enum fl_status check_feedback(const struct fl_feedback *feedback, struct fl_error *err)
{
    if ((int)feedback->kind < 0 || (int)feedback->kind >= FL_FEEDBACK_KINDS)
        return fl_error_set(err, FL_INVALID, "feedback kind %d, expected 0 to %d",
                            (int)feedback->kind, FL_FEEDBACK_KINDS - 1);
    if ((int)feedback->state < FL_FEEDBACK_OPEN || (int)feedback->state > FL_FEEDBACK_SYSTEM)
        return fl_error_set(err, FL_INVALID, "feedback state %d, expected %d to %d",
                            (int)feedback->state, FL_FEEDBACK_OPEN, FL_FEEDBACK_SYSTEM);
    if (!feedback->dedupe_key || !*feedback->dedupe_key)
        return fl_error_set(err, FL_INVALID, "a piece of feedback needs a dedupe key");
    if (!(feedback->confidence >= 0 && feedback->confidence <= 1))
        return fl_error_set(err, FL_INVALID, "confidence %g, expected 0 to 1",
                            feedback->confidence);
    return FL_OK;
}

enum fl_status fl_store_feedback_put(struct fl_store *store, const struct fl_feedback *feedback,
                                     int64_t *out_id, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_feedback(feedback, err);
    if (st)
        return st;
    return fl_store_wrote(store, store->driver->feedback_put(store, feedback, out_id, err));
}

enum fl_status fl_store_feedback_get(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                     struct fl_feedback *out, struct fl_error *err)
{
    return store->driver->feedback_get(store, arena, id, out, err);
}

enum fl_status fl_store_feedback_assign(struct fl_store *store, int64_t feedback, int64_t customer,
                                        int64_t message, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (st)
        return st;
    if (customer <= 0)
        return fl_error_set(err, FL_INVALID, "feedback is assigned to a customer");
    return fl_store_wrote(store,
                          store->driver->feedback_assign(store, feedback, customer, message, err));
}

enum fl_status fl_store_feedback_each(struct fl_store *store,
                                      const struct fl_feedback_filter *filter,
                                      fl_store_feedback_fn *fn, void *ctx, struct fl_error *err)
{
    return store->driver->feedback_each(store, filter, fn, ctx, err);
}

enum fl_status fl_store_feedback_counts(struct fl_store *store, int64_t campaign,
                                        int64_t out[FL_FEEDBACK_KINDS], struct fl_error *err)
{
    return store->driver->feedback_counts(store, campaign, out, err);
}

/* ---- answers, attachments, short links --------------------------------------------------------*/

enum fl_status fl_store_attachment_put(struct fl_store *store, int64_t feedback,
                                       const struct fl_attachment *attachment, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (st)
        return st;
    if (feedback <= 0 || !attachment->evidence || !*attachment->evidence)
        return fl_error_set(err, FL_INVALID,
                            "an attachment needs a piece of feedback and its "
                            "evidence");
    return fl_store_wrote(store, store->driver->attachment_put(store, feedback, attachment, err));
}

enum fl_status fl_store_attachments(struct fl_store *store, struct fl_arena *arena,
                                    int64_t feedback, struct fl_attachment **out, size_t *out_n,
                                    struct fl_error *err)
{
    return store->driver->attachments(store, arena, feedback, out, out_n, err);
}

static enum fl_status check_answer(const struct fl_answer *answer, struct fl_error *err)
{
    if (answer->message <= 0 || answer->customer <= 0 || answer->feedback <= 0)
        return fl_error_set(err, FL_INVALID,
                            "an answer needs a message, a customer and a piece of feedback");
    if (!answer->question || !*answer->question || strlen(answer->question) > QUESTION_MAX)
        return fl_error_set(err, FL_INVALID, "the key of a question has 1 to %d bytes",
                            QUESTION_MAX);
    if (answer->has_number && !isfinite(answer->number))
        return fl_error_set(err, FL_INVALID, "the answer to \"%s\" is no number", answer->question);
    if (!(answer->low <= answer->high) || !isfinite(answer->high - answer->low))
        return fl_error_set(err, FL_INVALID, "a scale from %g to %g of \"%s\"", answer->low,
                            answer->high, answer->question);
    if (answer->has_number && answer->low < answer->high &&
        (answer->number < answer->low || answer->number > answer->high))
        return fl_error_set(err, FL_INVALID, "the answer %g to \"%s\", expected %g to %g",
                            answer->number, answer->question, answer->low, answer->high);
    if (answer->text && strlen(answer->text) > ANSWER_MAX)
        return fl_error_set(err, FL_LIMIT, "the answer to \"%s\" is above the limit of %d bytes",
                            answer->question, ANSWER_MAX);
    return FL_OK;
}

enum fl_status fl_store_answer_put(struct fl_store *store, const struct fl_answer *answer,
                                   struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_answer(answer, err);
    if (st)
        return st;
    return fl_store_wrote(store, store->driver->answer_put(store, answer, err));
}

enum fl_status fl_store_answer_each(struct fl_store *store, int64_t message, int64_t customer,
                                    fl_store_answer_fn *fn, void *ctx, struct fl_error *err)
{
    return store->driver->answer_each(store, message, customer, fn, ctx, err);
}

enum fl_status fl_store_answer_tally(struct fl_store *store, int64_t campaign,
                                     fl_store_answer_tally_fn *fn, void *ctx, struct fl_error *err)
{
    return store->driver->answer_tally(store, campaign, fn, ctx, err);
}

enum fl_status fl_store_cost_tally(struct fl_store *store, int64_t campaign,
                                   fl_store_cost_tally_fn *fn, void *ctx, struct fl_error *err)
{
    return store->driver->cost_tally(store, campaign, fn, ctx, err);
}

enum fl_status fl_store_short_link_put(struct fl_store *store, const char *code, int64_t message,
                                       int64_t expires_us, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (st)
        return st;
    if (!*code || strlen(code) > SHORT_CODE_MAX)
        return fl_error_set(err, FL_INVALID, "the code of a short link has 1 to %d bytes",
                            SHORT_CODE_MAX);
    if (message <= 0)
        return fl_error_set(err, FL_INVALID, "a short link leads to a message");
    return fl_store_wrote(store,
                          store->driver->short_link_put(store, code, message, expires_us, err));
}

enum fl_status fl_store_short_link_get(struct fl_store *store, const char *code, int64_t now_us,
                                       int64_t *out_message, struct fl_error *err)
{
    return store->driver->short_link_get(store, code, now_us, out_message, err);
}

enum fl_status fl_store_short_link_of(struct fl_store *store, struct fl_arena *arena,
                                      int64_t message, const char **out_code, struct fl_error *err)
{
    return store->driver->short_link_of(store, arena, message, out_code, err);
}

/* ---- what plugins remember --------------------------------------------------------------------*/

enum fl_status fl_store_memory_set(struct fl_store *store, const char *channel, const char *key,
                                   const void *data, size_t len, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (st)
        return st;
    if (!*key || strlen(key) > MEMORY_KEY_MAX)
        return fl_error_set(err, FL_INVALID, "the key of a plugin's value has 1 to %d bytes",
                            MEMORY_KEY_MAX);
    if (len > MEMORY_VALUE_MAX)
        return fl_error_set(err, FL_LIMIT, "a value of %zu bytes is above the limit of %d", len,
                            MEMORY_VALUE_MAX);
    return fl_store_wrote(store, store->driver->memory_set(store, channel, key, data, len, err));
}

enum fl_status fl_store_memory_get(struct fl_store *store, struct fl_arena *arena,
                                   const char *channel, const char *key, void **out,
                                   size_t *out_len, struct fl_error *err)
{
    return store->driver->memory_get(store, arena, channel, key, out, out_len, err);
}
