#include "base/file.h"
#include "ops/ops_private.h"
#include "people/people.h"

static void progress(void *ctx, int64_t done, int64_t total)
{
    fl_ops_progress(ctx, "bytes", done, total);
}

static void emit(const struct fl_ops_sink *sink, const char *name, bool is_dry,
                 const struct fl_import_result *result)
{
    json_t *row = json_object();

    fl_ops_put_str(row, "file", name);
    fl_ops_put_str(row, "charset", result->charset);
    fl_ops_put_int(row, "rows", result->n_rows);
    fl_ops_put_int(row, "inserted", result->n_inserted);
    fl_ops_put_int(row, "updated", result->n_updated);
    fl_ops_put_int(row, "unchanged", result->n_unchanged);
    fl_ops_put_int(row, "opt_outs_kept", result->n_opt_outs_kept);
    fl_ops_put_bool(row, "is_dry_run", is_dry);
    fl_ops_row_emit(sink, row);
}

FL_OPS_RUN(fl_ops_import_customers_run)
{
    struct fl_import_options options = {
        .map = fl_ops_str(args, "map"),
        .charset = fl_ops_str(args, "charset"),
        .country = context->conf->country,
        .proof = fl_ops_str(args, "proof"),
        .now_us = fl_clock_now(&context->clock),
        .is_dry_run = fl_ops_is_dry(args),
        .progress = progress,
        .ctx = (void *)(uintptr_t)sink,
    };
    struct fl_import_result result = {0};
    struct fl_faults faults;
    FL_AUTO_FD int fd = -1;
    enum fl_status st;

    st = fl_ops_file(args, json_object_get(args->values, "file"), &fd, &options.name, err);
    if (st)
        return st;
    fl_faults_init(&faults, args->arena);
    st = fl_people_import(context->store, fd, &options, &faults, &result, err);
    if (faults.n_total)
        sink->faults(sink->ctx, &faults);
    if (st)
        return st;
    if (result.n_opt_outs_kept)
        fl_ops_note(sink,
                    "%lld consents of the file were not taken over: the customers have withdrawn "
                    "them since",
                    (long long)result.n_opt_outs_kept);
    emit(sink, options.name, options.is_dry_run, &result);
    return FL_OK;
}
