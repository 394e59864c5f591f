/* `campaign apply`: a file and the content beside it, all or nothing. */
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "ops/ops_private.h"

/* What one apply works on. */
struct apply {
    struct fl_ops_call *call;
    struct fl_faults faults;
    const char *file;
    struct fl_campaign *campaigns;
    size_t n_campaigns;
    struct fl_content_version *contents; /* folders beside the file that are used */
    size_t n_contents;
};

static bool has_content(const struct apply *apply, const char *name)
{
    for (size_t i = 0; i < apply->n_contents; i++)
        if (fl_str_equal(apply->contents[i].name, name))
            return true;
    return false;
}

static bool uses(const struct fl_campaign *campaign, const char *name)
{
    if (fl_str_equal(campaign->content, name))
        return true;
    for (size_t k = 0; k < campaign->n_stages; k++)
        if (fl_str_equal(campaign->stages[k].content, name))
            return true;
    return false;
}

static bool is_used(const struct apply *apply, const char *name)
{
    for (size_t i = 0; i < apply->n_campaigns; i++)
        if (uses(&apply->campaigns[i], name))
            return true;
    return false;
}

/* On every medium that a campaign sends it over; a channel that never ran is taken for e-mail. */
static void try_out(struct apply *apply, const char *name, struct fl_content *content)
{
    struct fl_ops_call *call = apply->call;

    for (size_t i = 0; i < apply->n_campaigns; i++) {
        enum fl_medium medium = FL_MEDIUM_EMAIL;
        struct fl_error why = {0};
        int64_t id;

        if (!uses(&apply->campaigns[i], name))
            continue;
        if (fl_store_channel_find(call->context->store, apply->campaigns[i].channel, &id, &medium,
                                  NULL))
            medium = FL_MEDIUM_EMAIL;
        if (fl_ops_content_trial(call->context, call->args, content, medium, &why))
            fl_faults_add(&apply->faults, apply->file, apply->campaigns[i].line, "content", name,
                          "campaign \"%s\" sends it by %s: %s", apply->campaigns[i].name,
                          fl_medium_name(medium), why.text);
    }
}

static enum fl_status check_name(struct apply *apply, const char *campaign, const char *name,
                                 long line)
{
    struct fl_ops_call *call = apply->call;
    int64_t id;
    enum fl_status st;

    if (!name || has_content(apply, name))
        return FL_OK;
    st = fl_store_content_newest(call->context->store, name, &id, call->err);
    if (st == FL_NOT_FOUND) {
        fl_faults_add(&apply->faults, apply->file, line, "content", name,
                      "campaign \"%s\" needs it; there is no such folder beside the file and no "
                      "stored content of that name",
                      campaign);
        return FL_OK;
    }
    return st;
}

static enum fl_status check_names(struct apply *apply)
{
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < apply->n_campaigns; i++) {
        const struct fl_campaign *campaign = &apply->campaigns[i];

        st = check_name(apply, campaign->name, campaign->content, campaign->line);
        for (size_t k = 0; !st && k < campaign->n_stages; k++)
            st = check_name(apply, campaign->name, campaign->stages[k].content,
                            campaign->stages[k].line);
    }
    return st;
}

static enum fl_status read_campaigns(struct apply *apply, const json_t *bundle)
{
    struct fl_ops_call *call = apply->call;
    FL_AUTO_FD int fd = -1;
    char *text;
    size_t len;
    enum fl_status st;

    st = fl_ops_file(call->args, bundle, &fd, &apply->file, call->err);
    if (!st)
        st = fl_file_read_fd(call->args->arena, fd, FL_CAMPAIGN_FILE_MAX, &text, &len, call->err);
    if (st)
        return st;
    st = fl_campaign_parse(call->args->arena, apply->file, text, call->context->conf,
                           &apply->faults, &apply->campaigns, &apply->n_campaigns, call->err);
    if (st == FL_INVALID && apply->faults.n_total) {
        apply->n_campaigns = 0; /* go on, so that the content's faults are listed as well */
        return FL_OK;
    }
    return st;
}

static enum fl_status read_contents(struct apply *apply, const json_t *folders)
{
    struct fl_ops_call *call = apply->call;
    size_t n = json_array_size(folders);
    bool is_known = apply->n_campaigns > 0;

    if (n > FL_OPS_FOLDERS_MAX)
        return fl_error_set(call->err, FL_LIMIT, "%zu content folders; at most %d at once", n,
                            FL_OPS_FOLDERS_MAX);
    apply->contents = FL_ARENA_ARRAY(call->args->arena, struct fl_content_version, n + 1);
    if (!apply->contents)
        return fl_error_set(call->err, FL_IO, "no memory for the contents");
    for (size_t i = 0; i < n; i++) {
        struct fl_content_version version;
        struct fl_content *content = NULL;
        enum fl_status st;

        st = fl_ops_folder(call->args, json_array_get(folders, i), &version, call->err);
        if (st)
            return st;
        if (is_known && !is_used(apply, version.name))
            continue;
        st = fl_ops_content_compile(call->args, call->sink, &version, &apply->faults, &content,
                                    call->err);
        if (!st)
            try_out(apply, version.name, content);
        fl_content_destroy(&content);
        if (st && !(st == FL_INVALID && apply->faults.n_total))
            return st;
        apply->contents[apply->n_contents++] = version;
    }
    return FL_OK;
}

static void emit(const struct fl_ops_sink *sink, const char *kind, const char *name,
                 enum fl_put put, int64_t version, const char *state)
{
    json_t *row = json_object();

    fl_ops_put_str(row, "kind", kind);
    fl_ops_put_str(row, "name", name);
    fl_ops_put_str(row, "result", fl_ops_put_name(put));
    fl_ops_put_int(row, "version", version);
    fl_ops_put_str(row, "state", state);
    fl_ops_row_emit(sink, row);
}

static enum fl_status store_contents(struct fl_ops_call *call,
                                     const struct fl_content_version *contents, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct fl_content_version stored;
        enum fl_put put;
        int64_t id;
        enum fl_status st;

        st = fl_store_content_put(call->context->store, &contents[i], &put, &id, call->err);
        if (!st)
            st = fl_store_content_get(call->context->store, call->args->arena, id, &stored,
                                      call->err);
        if (st)
            return fl_error_prefix(call->err, st, "content \"%s\"", contents[i].name);
        emit(call->sink, "content", contents[i].name, put, stored.version, NULL);
    }
    return FL_OK;
}

enum fl_status fl_ops_campaign_store(struct fl_ops_call *call, const struct fl_campaign *campaigns,
                                     size_t n, const struct fl_content_version *contents,
                                     size_t n_contents)
{
    enum fl_status st = store_contents(call, contents, n_contents);

    for (size_t i = 0; !st && i < n; i++) {
        struct fl_campaign_row row = {
            .name = campaigns[i].name,
            .definition = campaigns[i].definition,
            .purpose = campaigns[i].purpose,
            .reason = "",
        };
        struct fl_campaign_row stored;
        enum fl_put put;
        int64_t id;

        st = fl_store_campaign_put(call->context->store, &row, &put, &id, call->err);
        if (!st)
            st = fl_store_campaign_get(call->context->store, call->args->arena, id, &stored,
                                       call->err);
        if (st)
            return fl_error_prefix(call->err, st, "campaign \"%s\"", campaigns[i].name);
        emit(call->sink, "campaign", stored.name, put, stored.version,
             fl_ops_campaign_state_name(stored.state));
    }
    return st;
}

FL_OPS_RUN(fl_ops_campaign_apply_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    const json_t *bundle = json_object_get(args->values, "file");
    struct apply apply = {.call = &call};
    enum fl_status st;

    fl_faults_init(&apply.faults, args->arena);
    st = read_campaigns(&apply, bundle);
    if (!st)
        st = read_contents(&apply, json_object_get(bundle, "folders"));
    if (!st)
        st = check_names(&apply);
    if (!st && apply.faults.n_total) {
        sink->faults(sink->ctx, &apply.faults);
        st = fl_faults_status(&apply.faults, err);
    }
    if (!st)
        st = fl_ops_begin(context, err);
    if (st)
        return st;
    st = fl_ops_campaign_store(&call, apply.campaigns, apply.n_campaigns, apply.contents,
                               apply.n_contents);
    st = fl_ops_end(context, args, st, err);
    if (!st)
        fl_ops_changed(context);
    return st;
}
