/* `campaign test-send`: one message of a campaign to an address of the staff.
 *
 * It belongs to a campaign of its own, "test:NAME", without a purpose: it needs no consent, and no
 * report of the real campaign counts it.  Its customer "test:ADDRESS" consents to nothing, so that
 * no marketing campaign reaches it. */
#include <string.h>

#include "base/str.h"
#include "ops/ops_private.h"
#include "people/people.h"

struct test_send {
    struct fl_ops_call *call;
    const struct fl_campaign_row *row;
    const struct fl_campaign *campaign;
    const char *stage, *content, *address;
    enum fl_medium medium;
    int64_t channel;
};

enum fl_status fl_ops_stage(const struct fl_campaign *campaign, const char *wanted,
                            const char **out_stage, const char **out_content, struct fl_error *err)
{
    if (!campaign->n_stages) {
        if (wanted)
            return fl_error_set(err, FL_INVALID, "campaign \"%s\" has no stages", campaign->name);
        *out_stage = "";
        *out_content = campaign->content;
        return FL_OK;
    }
    for (size_t i = 0; i < campaign->n_stages; i++)
        if (!wanted || fl_str_equal(campaign->stages[i].name, wanted)) {
            *out_stage = campaign->stages[i].name;
            *out_content =
                campaign->stages[i].content ? campaign->stages[i].content : campaign->content;
            return FL_OK;
        }
    return fl_error_set(err, FL_NOT_FOUND, "campaign \"%s\" has no stage \"%s\"", campaign->name,
                        wanted);
}

static enum fl_status normalise(struct test_send *test)
{
    struct fl_ops_call *call = test->call;
    const char *to = fl_ops_str(call->args, "to");

    switch (test->medium) {
    case FL_MEDIUM_EMAIL:
        return fl_people_email_normalise(call->args->arena, to, &test->address, call->err);
    case FL_MEDIUM_SMS:
    case FL_MEDIUM_FAX:
        return fl_people_phone_normalise(call->args->arena, to, call->context->conf->country,
                                         &test->address, call->err);
    case FL_MEDIUM_LETTER:
        return fl_people_postal_normalise(call->args->arena, &(struct fl_postal){.whole = to},
                                          call->context->conf->country, &test->address, call->err);
    case FL_MEDIUM_NONE:
    case FL_MEDIUM_WEB:
    case FL_MEDIUM_PUSH:
    case FL_MEDIUM_OTHER:
        break;
    }
    test->address = to;
    return FL_OK;
}

static enum fl_status put_customer(struct test_send *test, int64_t *out_id)
{
    struct fl_ops_call *call = test->call;
    const char *like = fl_ops_str(call->args, "customer");
    struct fl_address address = {.medium = test->medium, .value = test->address};
    struct fl_customer customer = {
        .name = "Test",
        .language = "",
        .time_zone = "",
        .attributes = "{}",
    };
    enum fl_put put;

    if (like) {
        enum fl_status st = fl_ops_customer(call->context, call->args, like, &customer, call->err);

        if (st)
            return st;
    }
    customer.external_id =
        fl_arena_printf(call->args->arena, FL_OPS_TEST_PREFIX "%s", test->address);
    customer.addresses = &address;
    customer.n_addresses = 1;
    customer.consents = NULL;
    customer.n_consents = 0;
    if (!customer.external_id)
        return fl_error_set(call->err, FL_IO, "no memory for the test customer");
    return fl_store_customer_put(call->context->store, &customer, &put, out_id, call->err);
}

static enum fl_status put_occurrence(struct test_send *test, int64_t *out_id)
{
    struct fl_ops_call *call = test->call;
    struct fl_store *store = call->context->store;
    struct fl_arena *arena = call->args->arena;
    int64_t now = fl_clock_now(&call->context->clock);
    struct fl_campaign_row campaign = {
        .name = fl_arena_printf(arena, FL_OPS_TEST_PREFIX "%s", test->row->name),
        .state = FL_CAMPAIGN_DONE,
        .definition = test->row->definition,
        .purpose = "",
        .reason = "",
    };
    struct fl_occurrence occurrence = {
        .stage = test->stage, .channel = test->channel, .scheduled_us = now};
    char cycle[FL_TIME_TEXT_SIZE];
    enum fl_put put;
    enum fl_status st;

    if (!campaign.name)
        return fl_error_set(call->err, FL_IO, "no memory for the test campaign");
    fl_time_format(now, cycle); /* each test is a run of its own: it may be sent again */
    occurrence.cycle = cycle;
    st = fl_store_content_newest(store, test->content, &occurrence.content, call->err);
    if (!st)
        st = fl_store_campaign_put(store, &campaign, &put, &occurrence.campaign, call->err);
    if (!st)
        st = fl_store_campaign_set_state(store, occurrence.campaign, FL_CAMPAIGN_DONE, "",
                                         call->err);
    if (!st)
        st = fl_store_occurrence_put(store, &occurrence, &put, out_id, call->err);
    return st;
}

static enum fl_status put_message(struct test_send *test, int64_t *out_id)
{
    struct fl_ops_call *call = test->call;
    struct fl_store *store = call->context->store;
    struct fl_message message = {
        .channel = test->channel,
        .state = FL_MESSAGE_DEFERRED, /* taken before any block that is being walked */
        .due_us = fl_clock_now(&call->context->clock),
    };
    struct fl_customer customer;
    enum fl_status st;

    st = put_customer(test, &message.customer);
    if (!st)
        st = put_occurrence(test, &message.occurrence);
    if (!st)
        st =
            fl_store_customer_get(store, call->args->arena, message.customer, &customer, call->err);
    if (st)
        return st;
    for (size_t i = 0; i < customer.n_addresses; i++)
        if (customer.addresses[i].medium == test->medium &&
            customer.addresses[i].status != FL_ADDRESS_REPLACED)
            message.address = customer.addresses[i].id;
    st = fl_store_message_put(store, &message, call->err);
    if (!st)
        *out_id = message.id;
    return st;
}

static enum fl_status prepare(struct test_send *test)
{
    struct fl_ops_call *call = test->call;
    enum fl_status st;

    st = fl_ops_stage(test->campaign, fl_ops_str(call->args, "stage"), &test->stage, &test->content,
                      call->err);
    if (st)
        return st;
    st = fl_ops_channel_learn(call->context, test->campaign->channel, call->err);
    if (!st)
        st = fl_store_channel_find(call->context->store, test->campaign->channel, &test->channel,
                                   &test->medium, call->err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(call->err, FL_UNAVAILABLE,
                            "channel \"%s\" has never run here; start fairlined first",
                            test->campaign->channel);
    if (st)
        return st;
    return normalise(test);
}

FL_OPS_RUN(fl_ops_campaign_test_send_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct test_send test = {.call = &call};
    struct fl_campaign_row row;
    struct fl_campaign *campaign;
    int64_t id = 0;
    json_t *answer;
    enum fl_status st;

    st = fl_ops_campaign(context, args, fl_ops_str(args, "campaign"), &row, err);
    if (!st)
        st = fl_ops_campaign_parsed(context, args, &row, &campaign, err);
    if (st)
        return st;
    test.row = &row;
    test.campaign = campaign;
    st = fl_ops_begin(context, err);
    if (st)
        return st;
    st = prepare(&test);
    if (!st)
        st = put_message(&test, &id);
    st = fl_ops_end(context, args, st, err);
    if (st)
        return st;
    fl_ops_changed(context);
    if (fl_ops_is_dry(args))
        fl_ops_note(sink, "one message would be sent to %s", test.address);
    else if (!context->daemon)
        fl_ops_note(sink, "the daemon is down: it is sent when fairlined runs");
    answer = json_object();
    fl_ops_put_id(answer, "message", id);
    fl_ops_put_str(answer, "campaign", row.name);
    fl_ops_put_str(answer, "stage", test.stage);
    fl_ops_put_str(answer, "to", test.address);
    fl_ops_row_emit(sink, answer);
    return FL_OK;
}

FL_OPS_RUN(fl_ops_campaign_preview_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    const char *stage, *content;
    struct fl_content_version version;
    struct fl_campaign_row row;
    struct fl_campaign *campaign;
    struct fl_customer customer = fl_ops_example_customer;
    enum fl_medium medium = FL_MEDIUM_EMAIL;
    int64_t id;
    enum fl_status st;

    st = fl_ops_campaign(context, args, fl_ops_str(args, "campaign"), &row, err);
    if (!st)
        st = fl_ops_campaign_parsed(context, args, &row, &campaign, err);
    if (!st)
        st = fl_ops_stage(campaign, fl_ops_str(args, "stage"), &stage, &content, err);
    if (!st && fl_ops_str(args, "customer"))
        st = fl_ops_customer(context, args, fl_ops_str(args, "customer"), &customer, err);
    if (!st)
        st = fl_store_content_newest(context->store, content, &id, err);
    if (!st)
        st = fl_store_content_get(context->store, args->arena, id, &version, err);
    if (st)
        return st;
    /* A channel that never ran is not in the store; e-mail is what there is most of. */
    if (fl_store_channel_find(context->store, campaign->channel, &id, &medium, NULL))
        medium = FL_MEDIUM_EMAIL;
    return fl_ops_content_emit(&call, &version, &customer, row.name, stage, medium);
}
