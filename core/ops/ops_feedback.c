/* Feedback: what customers said, and whose it is. */
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "feedback/feedback.h"
#include "ops/ops_private.h"

enum { TAIL_FIRST = 10 };

struct selection {
    struct fl_arena *arena;
    struct fl_ops_list items;
};

static bool collect(void *ctx, const struct fl_feedback *feedback)
{
    struct selection *selection = ctx;
    struct fl_arena *arena = selection->arena;
    struct fl_feedback *copy = fl_ops_list_add(&selection->items);

    if (!copy)
        return false;
    *copy = *feedback;
    copy->from_address = fl_arena_strdup(arena, feedback->from_address);
    copy->subject = fl_arena_strdup(arena, feedback->subject);
    copy->text = fl_arena_strdup(arena, feedback->text);
    copy->quoted = copy->signature = copy->dedupe_key = NULL;
    copy->language = fl_arena_strdup(arena, feedback->language);
    copy->evidence = fl_arena_strdup(arena, feedback->evidence);
    return true;
}

/* External id of whom it is matched to; NULL: nobody. */
static enum fl_status customer_of(struct fl_ops_names *names, const struct fl_feedback *feedback,
                                  const char **out, struct fl_error *err)
{
    struct fl_customer customer;
    enum fl_status st;

    *out = NULL;
    if (!feedback->customer)
        return FL_OK;
    st = fl_store_customer_get(names->context->store, names->arena, feedback->customer, &customer,
                               err);
    if (!st)
        *out = customer.external_id;
    return st;
}

static enum fl_status brief_row(struct fl_ops_names *names, const struct fl_feedback *feedback,
                                json_t **out, struct fl_error *err)
{
    const char *customer = NULL, *campaign = NULL;
    enum fl_status st = customer_of(names, feedback, &customer, err);
    json_t *row;

    if (!st && feedback->message) {
        st = fl_ops_message_campaign(names, feedback->message, &campaign, err);
        if (st == FL_NOT_FOUND)
            st = FL_OK;
    }
    if (st)
        return st;
    row = json_object();
    fl_ops_put_id(row, "id", feedback->id);
    fl_ops_put_time(row, "received_at", feedback->received_us);
    fl_ops_put_str(row, "kind", fl_feedback_kind_name(feedback->kind));
    fl_ops_put_str(row, "customer", customer);
    fl_ops_put_str(row, "campaign", campaign);
    fl_ops_put_str(row, "from_address", feedback->from_address);
    fl_ops_put_str(row, "subject", feedback->subject);
    fl_ops_put_str(row, "text", feedback->text);
    fl_ops_put_id(row, "message", feedback->message);
    fl_ops_put_str(row, "matched_by", fl_match_name(feedback->matched_by));
    fl_ops_put_real(row, "confidence", feedback->confidence);
    *out = row;
    return FL_OK;
}

static enum fl_status emit_all(struct fl_ops_call *call, const struct fl_feedback_filter *filter,
                               bool is_reversed)
{
    struct selection selection = {.arena = call->args->arena};
    struct fl_ops_names names;
    enum fl_status st;

    fl_ops_list_init(&selection.items, call->args->arena, sizeof(struct fl_feedback));
    fl_ops_names_init(&names, call->context, call->args->arena);
    st = fl_store_feedback_each(call->context->store, filter, collect, &selection, call->err);
    for (size_t i = 0; !st && i < selection.items.n; i++) {
        size_t k = is_reversed ? selection.items.n - 1 - i : i;
        json_t *row;

        st = brief_row(&names, (struct fl_feedback *)selection.items.items + k, &row, call->err);
        if (!st)
            fl_ops_row_emit(call->sink, row);
    }
    if (!st && filter->is_newest_first && !is_reversed)
        fl_ops_note_limit(call->sink, call->args, (int64_t)selection.items.n);
    return st;
}

FL_OPS_RUN(fl_ops_feedback_list_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    const char *kind = fl_ops_str(args, "kind");
    const char *customer = fl_ops_str(args, "customer");
    struct fl_feedback_filter filter = {
        .kind = -1,
        .is_unmatched_only = fl_ops_bool(args, "unmatched"),
        .is_newest_first = true,
        .limit = fl_ops_limit(args, FL_OPS_LIST_LIMIT),
    };
    enum fl_feedback_kind parsed;
    enum fl_status st;

    if (kind && !fl_feedback_kind_parse(kind, &parsed))
        return fl_error_set(err, FL_INVALID, "\"%s\" is not a kind of feedback", kind);
    if (kind)
        filter.kind = (int)parsed;
    if (customer) {
        struct fl_customer found;

        st = fl_ops_customer(context, args, customer, &found, err);
        if (st)
            return st;
        filter.customer = found.id;
    }
    return emit_all(&call, &filter, false);
}

FL_OPS_RUN(fl_ops_feedback_tail_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_feedback_filter filter = {.kind = -1, .is_newest_first = true, .limit = TAIL_FIRST};
    enum fl_status st;

    if (!fl_ops_str(args, "after"))
        return emit_all(&call, &filter, true);
    filter.is_newest_first = false;
    filter.limit = fl_ops_limit(args, FL_OPS_LIST_LIMIT);
    st = fl_ops_id(args, "after", &filter.after, err);
    return st ? st : emit_all(&call, &filter, false);
}

static enum fl_status feedback_of(struct fl_ops_call *call, struct fl_feedback *out)
{
    int64_t id;
    enum fl_status st = fl_ops_id(call->args, "feedback", &id, call->err);

    if (st)
        return st;
    st = fl_store_feedback_get(call->context->store, call->args->arena, id, out, call->err);
    if (st == FL_NOT_FOUND)
        return fl_error_set(call->err, st, "no feedback %lld", (long long)id);
    return st;
}

struct answers {
    int64_t feedback;
    json_t *array;
};

/* Answers that a later piece has changed belong to that one. */
static bool add_answer(void *ctx, const struct fl_answer *answer)
{
    struct answers *answers = ctx;
    json_t *item;

    if (answer->feedback != answers->feedback)
        return true;
    item = json_object();
    fl_ops_put_str(item, "question", answer->question);
    if (answer->has_number)
        fl_ops_put_real(item, "number", answer->number);
    fl_ops_put_str(item, "text", answer->text);
    fl_ops_put_str(item, "medium", fl_medium_name(answer->medium));
    (void)json_array_append_new(answers->array, item);
    return true;
}

static enum fl_status put_answers(struct fl_ops_call *call, const struct fl_feedback *feedback,
                                  json_t *row)
{
    struct answers answers = {feedback->id, json_array()};
    enum fl_status st = FL_OK;

    if (feedback->message)
        st = fl_store_answer_each(call->context->store, feedback->message, 0, add_answer, &answers,
                                  call->err);
    (void)json_object_set_new(row, "answers", answers.array);
    return st;
}

static enum fl_status put_attachments(struct fl_ops_call *call, const struct fl_feedback *feedback,
                                      json_t *row)
{
    struct fl_attachment *list = NULL;
    json_t *array = json_array();
    size_t n = 0;
    enum fl_status st = fl_store_attachments(call->context->store, call->args->arena, feedback->id,
                                             &list, &n, call->err);

    for (size_t i = 0; !st && i < n; i++) {
        json_t *item = json_object();

        fl_ops_put_int(item, "page", (int64_t)i + 1);
        fl_ops_put_str(item, "name", list[i].name);
        fl_ops_put_str(item, "type", list[i].type);
        fl_ops_put_str(item, "evidence", list[i].evidence);
        (void)json_array_append_new(array, item);
    }
    (void)json_object_set_new(row, "attachments", array);
    return st;
}

FL_OPS_RUN(fl_ops_feedback_show_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_ops_names names;
    struct fl_feedback feedback;
    json_t *row = NULL;
    enum fl_status st;

    fl_ops_names_init(&names, context, args->arena);
    st = feedback_of(&call, &feedback);
    if (!st)
        st = brief_row(&names, &feedback, &row, err);
    if (st)
        return st;
    fl_ops_put_str(row, "language", feedback.language);
    fl_ops_put_str(row, "quoted", feedback.quoted);
    fl_ops_put_str(row, "signature", feedback.signature);
    fl_ops_put_time(row, "stored_at", feedback.stored_us);
    fl_ops_put_str(row, "evidence", feedback.evidence);
    st = put_answers(&call, &feedback, row);
    if (!st)
        st = put_attachments(&call, &feedback, row);
    if (st)
        json_decref(row);
    else
        fl_ops_row_emit(sink, row);
    return st;
}

/* Raw bytes as they are kept. */
static enum fl_status emit_evidence(struct fl_ops_call *call, const char *evidence,
                                    const char *type)
{
    void *data;
    char *text;
    size_t len;
    json_t *row;
    enum fl_status st = fl_store_evidence_get(call->context->store, call->args->arena, evidence,
                                              &data, &len, call->err);

    if (!st)
        st = fl_ops_base64(call->args->arena, data, len, &text, call->err);
    if (st)
        return st;
    row = json_object();
    fl_ops_put_str(row, "evidence", evidence);
    fl_ops_put_int(row, "size", (int64_t)len);
    if (type)
        fl_ops_put_str(row, "type", type);
    fl_ops_put_str(row, "base64", text);
    fl_ops_row_emit(call->sink, row);
    return FL_OK;
}

FL_OPS_RUN(fl_ops_feedback_raw_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_feedback feedback;
    enum fl_status st = feedback_of(&call, &feedback);

    return st ? st : emit_evidence(&call, feedback.evidence, NULL);
}

FL_OPS_RUN(fl_ops_feedback_image_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    int64_t page = fl_ops_int(args, "page", 1);
    struct fl_attachment *list = NULL;
    struct fl_feedback feedback;
    size_t n = 0;
    enum fl_status st = feedback_of(&call, &feedback);

    if (!st)
        st = fl_store_attachments(context->store, args->arena, feedback.id, &list, &n, err);
    if (st)
        return st;
    if (!n)
        return fl_error_set(err, FL_NOT_FOUND, "feedback %lld came without a picture",
                            (long long)feedback.id);
    if (page < 1 || (uint64_t)page > n)
        return fl_error_set(err, FL_INVALID, "page %lld of feedback %lld, expected 1 to %zu",
                            (long long)page, (long long)feedback.id, n);
    return emit_evidence(&call, list[page - 1].evidence, list[page - 1].type);
}

FL_OPS_RUN(fl_ops_feedback_assign_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_feedback feedback;
    struct fl_customer customer;
    struct fl_message message = {0};
    int64_t message_id = 0;
    json_t *row;
    enum fl_status st = feedback_of(&call, &feedback);

    if (!st)
        st = fl_ops_customer(context, args, fl_ops_str(args, "customer"), &customer, err);
    if (!st && fl_ops_str(args, "message"))
        st = fl_ops_id(args, "message", &message_id, err);
    if (!st && message_id)
        st = fl_store_message_get(context->store, message_id, &message, err);
    if (st)
        return st;
    if (message_id && message.customer != customer.id)
        return fl_error_set(err, FL_CONFLICT, "message %lld went to another customer than \"%s\"",
                            (long long)message_id, customer.external_id);
    st = fl_ops_begin(context, err);
    if (st)
        return st;
    st = fl_store_feedback_assign(context->store, feedback.id, customer.id, message_id, err);
    st = fl_ops_end(context, args, st, err);
    if (st)
        return st;
    row = json_object();
    fl_ops_put_id(row, "id", feedback.id);
    fl_ops_put_str(row, "customer", customer.external_id);
    fl_ops_put_id(row, "message", message_id);
    fl_ops_put_str(row, "matched_by", fl_match_name(FL_MATCH_STAFF));
    fl_ops_row_emit(sink, row);
    return FL_OK;
}
