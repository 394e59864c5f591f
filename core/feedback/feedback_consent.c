/* Consent: what is withdrawn by leaving, what is set one by one. */
#include <string.h>

#include "base/file.h"
#include "feedback/feedback_private.h"

enum { ARENA_MAX = 8 << 20 };

/* The purpose of the campaign a message belongs to; "" when there is none. */
static enum fl_status purpose_of(const struct fl_feedback_context *context, struct fl_arena *arena,
                                 const struct fl_message *message, const char **out,
                                 struct fl_error *err)
{
    struct fl_occurrence occurrence;
    struct fl_campaign_row campaign;
    enum fl_status st;

    *out = "";
    if (!message->id)
        return FL_OK;
    st = fl_store_occurrence_get(context->store, arena, message->occurrence, &occurrence, err);
    if (!st)
        st = fl_store_campaign_get(context->store, arena, occurrence.campaign, &campaign, err);
    if (!st && campaign.purpose)
        *out = campaign.purpose;
    return st == FL_NOT_FOUND ? FL_OK : st;
}

static bool is_withdrawn(const struct fl_customer *customer, const char *purpose,
                         enum fl_medium medium)
{
    for (size_t i = 0; i < customer->n_consents; i++)
        if (customer->consents[i].medium == medium &&
            fl_str_equal(customer->consents[i].purpose, purpose))
            return customer->consents[i].state == FL_CONSENT_WITHDRAWN;
    return false;
}

static enum fl_status append_withdrawal(const struct fl_feedback_context *context,
                                        const struct fl_customer *customer, const char *purpose,
                                        enum fl_medium medium, const char *source,
                                        const char *proof, struct fl_error *err)
{
    struct fl_consent consent = {.customer = customer->id,
                                 .purpose = purpose,
                                 .medium = medium,
                                 .state = FL_CONSENT_WITHDRAWN,
                                 .source = source,
                                 .proof = proof,
                                 .at_us = fl_clock_now(&context->clock)};

    if (is_withdrawn(customer, purpose, medium))
        return FL_OK;
    return fl_store_consent_append(context->store, &consent, err);
}

/* Without a purpose to go by, everything that was allowed on this medium is withdrawn: the customer
 * did not say which, and silence is the safe side. */
static enum fl_status withdraw_of(const struct fl_feedback_context *context, struct fl_arena *arena,
                                  int64_t customer_id, const char *purpose, enum fl_medium medium,
                                  const char *source, const char *proof, struct fl_error *err)
{
    struct fl_customer customer;
    enum fl_status st = fl_store_customer_get(context->store, arena, customer_id, &customer, err);

    if (st)
        return st == FL_NOT_FOUND ? FL_OK : st;
    if (purpose[0])
        return append_withdrawal(context, &customer, purpose, medium, source, proof, err);
    for (size_t i = 0; !st && i < customer.n_consents; i++)
        if (customer.consents[i].medium == medium)
            st = append_withdrawal(context, &customer, customer.consents[i].purpose, medium, source,
                                   proof, err);
    return st;
}

enum fl_status fl_feedback_withdraw(const struct fl_feedback_context *context,
                                    const struct fl_feedback_matched *matched, const char *source,
                                    const char *proof, struct fl_error *err)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    const char *purpose;
    enum fl_status st;

    if (!arena)
        return fl_error_set(err, FL_IO, "could not withdraw consent: no memory");
    st = purpose_of(context, arena, &matched->message, &purpose, err);
    /* Who shares an address shares the wish not to be written to there. */
    for (size_t i = 0; !st && i < matched->n_customers; i++)
        st = withdraw_of(context, arena, matched->customers[i], purpose, matched->medium, source,
                         proof, err);
    return st;
}

static enum fl_status set_one(const struct fl_feedback_context *context,
                              const struct fl_feedback_matched *matched, const json_t *preference,
                              const char *proof, int64_t at_us, struct fl_error *err)
{
    struct fl_consent consent = {.customer = matched->message.customer,
                                 .purpose = fl_feedback_form_text(preference, "purpose"),
                                 .source = "form",
                                 .proof = proof,
                                 .at_us = fl_clock_now(&context->clock)};
    bool is_granted = strcmp(fl_feedback_form_text(preference, "state"), "granted") == 0;

    consent.state = is_granted ? FL_CONSENT_GRANTED : FL_CONSENT_WITHDRAWN;
    /* A form that was long on its way must not take back what was withdrawn since. */
    if (is_granted && at_us < consent.at_us)
        consent.at_us = at_us;
    /* The host has checked it; what it lets through is still no order. */
    if (!consent.purpose[0] ||
        !fl_medium_parse(fl_feedback_form_text(preference, "medium"), &consent.medium))
        return FL_OK;
    return fl_store_consent_append(context->store, &consent, err);
}

enum fl_status fl_feedback_prefer(const struct fl_feedback_context *context,
                                  const struct fl_feedback_matched *matched, const json_t *form,
                                  const char *proof, int64_t at_us, struct fl_error *err)
{
    enum fl_status st = FL_OK;
    json_t *preference;
    size_t i;

    json_array_foreach(json_object_get(form, "preferences"), i, preference)
    {
        st = set_one(context, matched, preference, proof, at_us, err);
        if (st)
            return st;
    }
    return st;
}
