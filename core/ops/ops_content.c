#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "dispatch/dispatch.h"
#include "ops/ops_private.h"

/* Top-level names that fl_dispatch_data() gives to a template. */
static const char *const known_variables[] = {
    "name",       "external_id",     "language",
    "attributes", "anchors",         "campaign",
    "stage",      "organisation",    "postal_address",
    "contact",    "unsubscribe_url", "preferences_url",
    "page_url",   "survey_url",      NULL,
};

static bool is_known(const char *variable)
{
    for (const char *const *known = known_variables; *known; known++)
        if (fl_str_equal(*known, variable))
            return true;
    return false;
}

enum fl_status fl_ops_content_compile(struct fl_ops_args *args, const struct fl_ops_sink *sink,
                                      const struct fl_content_version *version,
                                      struct fl_faults *faults, struct fl_content **out,
                                      struct fl_error *err)
{
    struct fl_content *content;
    const char *const *variables;
    size_t n_variables, n_before = faults->n_items;
    enum fl_status st;

    st = fl_content_compile(version->name, version->files, version->n_files, faults, &content, err);
    for (size_t i = n_before; i < faults->n_items; i++) /* a file of which folder? */
        faults->items[i].file =
            fl_arena_printf(faults->arena, "%s/%s", version->name, faults->items[i].file);
    if (st)
        return st;
    st = fl_content_variables(content, args->arena, &variables, &n_variables, err);
    if (st) {
        fl_content_destroy(&content);
        return st;
    }
    for (size_t i = 0; i < n_variables; i++)
        if (!is_known(variables[i]))
            fl_ops_note(sink,
                        "warning: content \"%s\": no message has a variable \"%s\"; it will be "
                        "empty",
                        version->name, variables[i]);
    *out = content;
    return FL_OK;
}

static void put_variables(json_t *row, const struct fl_content *content, struct fl_arena *arena)
{
    const char *const *variables;
    json_t *array = json_array();
    size_t n;

    if (fl_content_variables(content, arena, &variables, &n, NULL) == FL_OK)
        for (size_t i = 0; i < n; i++)
            (void)json_array_append_new(array, fl_ops_string(variables[i], strlen(variables[i])));
    (void)json_object_set_new(row, "variables", array);
}

static const struct fl_dispatch_urls no_urls = {"", "", "", ""};

/* Somebody to preview for when no customer is named. */
const struct fl_customer fl_ops_example_customer = {
    .external_id = "example",
    .name = "Kim Mi-rae",
    .language = "",
    .time_zone = "",
    .attributes = "{}",
};

static const char *anchors_json(struct fl_arena *arena, const struct fl_customer *customer)
{
    json_t *object = json_object();
    char *text;
    const char *copy;

    for (size_t i = 0; i < customer->n_anchors; i++) {
        char date[FL_TIME_TEXT_SIZE];

        fl_date_format(customer->anchors[i].date, date);
        fl_ops_put_str(object, customer->anchors[i].name, date);
    }
    text = json_dumps(object, JSON_COMPACT);
    copy = fl_arena_strdup(arena, text);
    free(text);
    json_decref(object);
    return copy;
}

/* Everything there is to know of one customer, as a message would have it. */
struct fl_claim_row fl_ops_content_row(struct fl_ops_call *call, const struct fl_customer *customer,
                                       const char *campaign, const char *stage)
{
    const char *language = fl_ops_str(call->args, "language");
    struct fl_claim_row row = {
        .stage = stage,
        .campaign_name = campaign,
        .external_id = customer->external_id,
        .name = customer->name,
        .language = language ? language : customer->language,
        .time_zone = customer->time_zone,
        .attributes = customer->attributes,
        .anchors = anchors_json(call->args->arena, customer),
    };

    if (!row.language || !*row.language)
        row.language = call->context->conf->language;
    return row;
}

enum fl_status fl_ops_content_trial(struct fl_ops_context *context, struct fl_ops_args *args,
                                    struct fl_content *content, enum fl_medium medium,
                                    struct fl_error *err)
{
    struct fl_ops_call call = {.context = context, .args = args, .err = err};
    struct fl_claim_row row = fl_ops_content_row(&call, &fl_ops_example_customer, "trial", "");
    struct fl_content_rendering rendering = {0};
    const struct fl_data *data;
    enum fl_status st = fl_dispatch_data(args->arena, context->conf, &row, &no_urls, &data, err);

    if (!st)
        st = fl_content_render(content, medium, row.language, data, args->arena, &rendering, err);
    return st;
}

FL_OPS_RUN(fl_ops_content_check_run)
{
    struct fl_content_version version;
    struct fl_content *content = NULL;
    struct fl_faults faults;
    struct fl_error why = {0};
    enum fl_status st;
    json_t *row;

    st = fl_ops_folder(args, json_object_get(args->values, "folder"), &version, err);
    if (st)
        return st;
    fl_faults_init(&faults, args->arena);
    st = fl_ops_content_compile(args, sink, &version, &faults, &content, err);
    if (faults.n_total)
        sink->faults(sink->ctx, &faults);
    if (st)
        return st;
    if (fl_ops_content_trial(context, args, content, FL_MEDIUM_EMAIL, &why))
        fl_ops_note(sink, "warning: it cannot be sent by e-mail: %s", why.text);
    row = json_object();
    fl_ops_put_str(row, "name", version.name);
    fl_ops_put_int(row, "files", (int64_t)version.n_files);
    put_variables(row, content, args->arena);
    fl_ops_put_str(row, "hash", version.hash);
    fl_ops_row_emit(sink, row);
    fl_content_destroy(&content);
    return FL_OK;
}

static enum fl_status content_put(struct fl_ops_call *call,
                                  const struct fl_content_version *version)
{
    struct fl_content_version stored;
    enum fl_put put;
    int64_t id;
    enum fl_status st;
    json_t *row;

    st = fl_store_content_put(call->context->store, version, &put, &id, call->err);
    if (!st)
        st = fl_store_content_get(call->context->store, call->args->arena, id, &stored, call->err);
    if (st)
        return fl_error_prefix(call->err, st, "content \"%s\"", version->name);
    row = json_object();
    fl_ops_put_str(row, "kind", "content");
    fl_ops_put_str(row, "name", version->name);
    fl_ops_put_str(row, "result", fl_ops_put_name(put));
    fl_ops_put_int(row, "version", stored.version);
    fl_ops_put_id(row, "id", id);
    fl_ops_row_emit(call->sink, row);
    return FL_OK;
}

FL_OPS_RUN(fl_ops_content_apply_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct fl_content_version version;
    struct fl_content *content = NULL;
    struct fl_faults faults;
    enum fl_status st;

    st = fl_ops_folder(args, json_object_get(args->values, "folder"), &version, err);
    if (st)
        return st;
    fl_faults_init(&faults, args->arena);
    st = fl_ops_content_compile(args, sink, &version, &faults, &content, err);
    if (faults.n_total)
        sink->faults(sink->ctx, &faults);
    if (st)
        return st;
    fl_content_destroy(&content);
    st = fl_ops_begin(context, err);
    if (st)
        return st;
    st = content_put(&call, &version);
    return fl_ops_end(context, args, st, err);
}

static bool list_one(void *ctx, const struct fl_content_version *content)
{
    json_t *row = json_object();

    fl_ops_put_str(row, "name", content->name);
    fl_ops_put_int(row, "version", content->version);
    fl_ops_put_str(row, "hash", content->hash);
    fl_ops_put_time(row, "created_at", content->created_us);
    fl_ops_put_id(row, "id", content->id);
    fl_ops_row_emit(ctx, row);
    return true;
}

FL_OPS_RUN(fl_ops_content_list_run)
{
    (void)args;
    return fl_store_content_each(context->store, list_one, (void *)(uintptr_t)sink, err);
}

static enum fl_status emit_part(struct fl_ops_call *call, const char *part,
                                const struct fl_content_rendering *rendering)
{
    const bool is_html = fl_str_equal(part, "html");
    json_t *row;

    if (is_html && !rendering->html)
        return fl_error_set(call->err, FL_NOT_FOUND, "there is no HTML on this medium");
    row = json_object();
    if (fl_str_equal(part, "subject"))
        fl_ops_put_str(row, "text", rendering->subject);
    else
        fl_ops_put_text(row, "text", is_html ? rendering->html : rendering->text,
                        is_html ? rendering->html_len : rendering->text_len);
    fl_ops_put_str(row, "subject", rendering->subject);
    fl_ops_put_str(row, "sender_name", rendering->sender_name);
    fl_ops_put_str(row, "language", rendering->language);
    fl_ops_row_emit(call->sink, row);
    return FL_OK;
}

enum fl_status fl_ops_content_emit(struct fl_ops_call *call,
                                   const struct fl_content_version *version,
                                   const struct fl_customer *customer, const char *campaign,
                                   const char *stage, enum fl_medium medium)
{
    struct fl_arena *arena = call->args->arena;
    const char *part = fl_ops_str(call->args, "part");
    struct fl_claim_row row = fl_ops_content_row(call, customer, campaign, stage);
    struct fl_content_rendering rendering = {0};
    struct fl_content *content = NULL;
    const struct fl_data *data;
    struct fl_faults faults;
    enum fl_status st;

    fl_faults_init(&faults, arena);
    st = fl_ops_content_compile(call->args, call->sink, version, &faults, &content, call->err);
    if (faults.n_total)
        call->sink->faults(call->sink->ctx, &faults);
    if (st)
        return st;
    st = fl_dispatch_data(arena, call->context->conf, &row, &no_urls, &data, call->err);
    if (!st)
        st = fl_content_render(content, medium, row.language, data, arena, &rendering, call->err);
    if (!st)
        st = emit_part(call, part ? part : "text", &rendering);
    fl_content_destroy(&content);
    return st;
}

FL_OPS_RUN(fl_ops_content_preview_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    const json_t *value = json_object_get(args->values, "content");
    const char *external_id = fl_ops_str(args, "customer");
    const char *name = json_string_value(json_object_get(value, "name"));
    struct fl_content_version version;
    struct fl_customer customer = fl_ops_example_customer;
    enum fl_medium medium;
    int64_t id;
    enum fl_status st;

    st = fl_ops_medium(args, "medium", FL_MEDIUM_EMAIL, &medium, err);
    if (!st && external_id)
        st = fl_ops_customer(context, args, external_id, &customer, err);
    if (st)
        return st;
    if (json_object_get(value, "files")) {
        st = fl_ops_folder(args, value, &version, err);
    } else {
        st = fl_store_content_newest(context->store, name, &id, err);
        if (!st)
            st = fl_store_content_get(context->store, args->arena, id, &version, err);
    }
    if (st)
        return st;
    if (fl_ops_str(args, "channel") || fl_ops_str(args, "write") || fl_ops_bool(args, "png"))
        return fl_ops_preview(&call, &version, &customer, "preview", "");
    return fl_ops_content_emit(&call, &version, &customer, "preview", "", medium);
}
