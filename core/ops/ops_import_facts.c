/* Bringing in what customers did. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "campaign/campaign.h"
#include "ops/ops_private.h"
#include "people/trade.h"

/* What the importer asks back for. */
struct facts {
    const struct fl_ops_sink *sink;
    const char *time_zone;
};

/* The zone was checked with the configuration. */
static int64_t of_local(void *ctx, int64_t local_us)
{
    const struct facts *facts = ctx;
    int64_t us = local_us;

    (void)!fl_campaign_time_of_local(facts->time_zone, local_us, &us, NULL);
    return us;
}

static int64_t to_local(void *ctx, int64_t us)
{
    const struct facts *facts = ctx;
    int64_t local_us = us;

    (void)!fl_campaign_time_to_local(facts->time_zone, us, &local_us, NULL);
    return local_us;
}

static void progress(void *ctx, int64_t done, int64_t total)
{
    const struct facts *facts = ctx;

    fl_ops_progress(facts->sink, "bytes", done, total);
}

enum fl_status fl_ops_facts(struct fl_ops_context *context, struct fl_ops_args *args,
                            const struct fl_ops_sink *sink, int fd, struct fl_fact_options *options,
                            struct fl_fact_result *out, struct fl_error *err)
{
    struct facts facts = {sink, context->conf->time_zone};
    struct fl_faults faults;
    enum fl_status st;

    options->currency = context->conf->value.currency;
    options->minor_digits = (int)context->conf->value.minor_digits;
    options->margin_rate = context->conf->value.margin_rate;
    options->now_us = fl_clock_now(&context->clock);
    options->is_dry_run = fl_ops_is_dry(args);
    options->of_local = of_local;
    options->to_local = to_local;
    options->progress = progress;
    options->ctx = &facts;
    fl_faults_init(&faults, args->arena);
    st = fl_people_import_facts(context->store, fd, options, &faults, out, err);
    if (faults.n_total)
        sink->faults(sink->ctx, &faults);
    return st;
}

static enum fl_status import(struct fl_ops_context *context, struct fl_ops_args *args,
                             const struct fl_ops_sink *sink, struct fl_fact_options *options,
                             int fd, struct fl_error *err)
{
    struct fl_fact_result result = {0};
    enum fl_status st = fl_ops_facts(context, args, sink, fd, options, &result, err);
    json_t *row;

    if (st)
        return st;
    row = json_object();
    fl_ops_put_str(row, "file", options->name);
    fl_ops_put_str(row, "charset", result.charset);
    fl_ops_put_int(row, "rows", result.n_rows);
    fl_ops_put_int(row, "inserted", result.n_inserted);
    fl_ops_put_int(row, "updated", result.n_updated);
    fl_ops_put_int(row, "unchanged", result.n_unchanged);
    for (int fact = 0; options->form != FL_FACT_CSV && fact < FL_FACTS; fact++)
        fl_ops_put_int(row, fl_fact_name((enum fl_fact)fact), result.by_fact[fact]);
    fl_ops_put_bool(row, "is_dry_run", options->is_dry_run);
    fl_ops_row_emit(sink, row);
    return FL_OK;
}

static enum fl_status import_csv(struct fl_ops_context *context, struct fl_ops_args *args,
                                 const struct fl_ops_sink *sink, enum fl_fact fact,
                                 struct fl_error *err)
{
    struct fl_fact_options options = {
        .form = FL_FACT_CSV,
        .fact = fact,
        .map = fl_ops_str(args, "map"),
        .charset = fl_ops_str(args, "charset"),
    };
    FL_AUTO_FD int fd = -1;
    enum fl_status st =
        fl_ops_file(args, json_object_get(args->values, "file"), &fd, &options.name, err);

    return st ? st : import(context, args, sink, &options, fd, err);
}

FL_OPS_RUN(fl_ops_import_transactions_run)
{
    return import_csv(context, args, sink, FL_FACT_TRANSACTION, err);
}

FL_OPS_RUN(fl_ops_import_subscriptions_run)
{
    return import_csv(context, args, sink, FL_FACT_SUBSCRIPTION, err);
}

FL_OPS_RUN(fl_ops_import_referrals_run)
{
    return import_csv(context, args, sink, FL_FACT_REFERRAL, err);
}

/* XML begins with "<", behind blanks and a byte order mark; JSON never does. */
static enum fl_status form_find(int fd, const char *given, enum fl_fact_form *out,
                                struct fl_error *err)
{
    char head[256];
    ssize_t n = pread(fd, head, sizeof head, 0);
    size_t at = 0;

    if (given)
        *out = given[0] == 'x' ? FL_FACT_XML : FL_FACT_JSON;
    else if (n < 0)
        return fl_error_set_errno(err, errno, "could not read the file");
    else {
        while (at < (size_t)n && strchr(" \t\r\n\xef\xbb\xbf", head[at]))
            at++;
        *out = at < (size_t)n && head[at] == '<' ? FL_FACT_XML : FL_FACT_JSON;
    }
    return FL_OK;
}

FL_OPS_RUN(fl_ops_import_events_run)
{
    struct fl_fact_options options = {0};
    FL_AUTO_FD int fd = -1;
    enum fl_status st =
        fl_ops_file(args, json_object_get(args->values, "file"), &fd, &options.name, err);

    if (!st)
        st = form_find(fd, fl_ops_str(args, "format"), &options.form, err);
    return st ? st : import(context, args, sink, &options, fd, err);
}
