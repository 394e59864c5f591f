/* The store itself: is it sound, how large is it, a copy of it. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "ops/ops_private.h"

struct violations {
    const struct fl_ops_sink *sink;
    int64_t n;
};

static void report(void *ctx, const char *violation)
{
    struct violations *violations = ctx;

    fl_ops_check_emit(violations->sink, FL_OPS_FAIL, "store", violation,
                      "restore a backup, or report it with this line");
    violations->n++;
}

enum fl_status fl_ops_store_checked(struct fl_store *store, const struct fl_ops_sink *sink,
                                    struct fl_error *err)
{
    struct violations violations = {sink, 0};
    enum fl_status st = fl_store_check(store, report, &violations, err);

    if (st == FL_CONFLICT && violations.n)
        return FL_OK; /* the rows say it */
    if (!st)
        fl_ops_check_emit(sink, FL_OPS_FINE, "store", "sound, and every promise holds", NULL);
    return st;
}

FL_OPS_RUN(fl_ops_store_check_run)
{
    (void)args;
    return fl_ops_store_checked(context->store, sink, err);
}

FL_OPS_RUN(fl_ops_store_backup_run)
{
    const char *path = fl_ops_str(args, "file");
    struct stat info;
    enum fl_status st;
    json_t *row;

    if (stat(path, &info) == 0)
        return fl_error_set(err, FL_CONFLICT, "\"%s\" is there already", path);
    st = fl_store_backup(context->store, path, err);
    if (st)
        return st;
    if (stat(path, &info) != 0)
        return fl_error_set_errno(err, errno, "the backup \"%s\"", path);
    row = json_object();
    fl_ops_put_str(row, "file", path);
    fl_ops_put_int(row, "bytes", info.st_size);
    fl_ops_row_emit(sink, row);
    return FL_OK;
}

static const char *file_of(const struct fl_conf *conf)
{
    return fl_str_starts_with(conf->store, "sqlite:") ? conf->store + strlen("sqlite:") : NULL;
}

FL_OPS_RUN(fl_ops_store_info_run)
{
    const char *path = file_of(context->conf);
    int64_t counts[FL_MESSAGE_STATES], messages = 0;
    char currency[4] = "";
    struct stat info;
    enum fl_status st;
    json_t *row;

    (void)args;
    st = fl_store_message_counts(context->store, 0, counts, err);
    if (!st)
        st = fl_store_currency(context->store, currency, err);
    if (st && st != FL_NOT_FOUND)
        return st;
    for (int i = 0; i < FL_MESSAGE_STATES; i++)
        messages += counts[i];
    row = json_object();
    fl_ops_put_str(row, "store", context->conf->store);
    fl_ops_put_str(row, "driver", fl_store_driver(context->store));
    fl_ops_put_int(row, "schema", fl_store_schema_version(context->store));
    if (path && stat(path, &info) == 0)
        fl_ops_put_int(row, "bytes", info.st_size);
    fl_ops_put_int(row, "messages", messages);
    if (*currency)
        fl_ops_put_str(row, "currency", currency);
    fl_ops_row_emit(sink, row);
    return FL_OK;
}

FL_OPS_RUN(fl_ops_store_migrate_run)
{
    json_t *row = json_object();

    /* Opening it did the work; a store that is too new was refused there. */
    (void)args;
    (void)err;
    fl_ops_put_str(row, "store", context->conf->store);
    fl_ops_put_int(row, "schema", fl_store_schema_version(context->store));
    fl_ops_row_emit(sink, row);
    return FL_OK;
}
