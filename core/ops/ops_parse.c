/* `feedback parse`: what is understood of a raw message, without a store. */
#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "feedback/feedback.h"
#include "ops/ops_private.h"

enum fl_status fl_ops_base64(struct fl_arena *arena, const void *data, size_t len, char **out,
                             struct fl_error *err)
{
    char *text = len < INT_MAX ? fl_arena_alloc(arena, (len + 2) / 3 * 4 + 1) : NULL;

    if (!text)
        return fl_error_set(err, FL_IO, "no memory for %zu bytes", len);
    (void)EVP_EncodeBlock((unsigned char *)text, data, (int)len);
    *out = text;
    return FL_OK;
}

static void emit(const struct fl_ops_sink *sink, const char *name,
                 const struct fl_feedback_parsed *parsed)
{
    json_t *row = json_object(), *found = fl_feedback_parsed_json(parsed);

    fl_ops_put_str(row, "file", name);
    (void)json_object_update_missing(row, found);
    json_decref(found);
    fl_ops_row_emit(sink, row);
}

static enum fl_status parse_one(struct fl_ops_call *call, const json_t *value)
{
    struct fl_inbound inbound = {.size = sizeof inbound, .kind = FL_INBOUND_MAIL};
    struct fl_feedback_parsed parsed;
    /* Thousands of files may be given: each has an arena of its own. */
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    FL_AUTO_FD int fd = -1;
    const char *name;
    char *data;
    enum fl_status st;

    if (!arena)
        return fl_error_set(call->err, FL_IO, "no memory");
    st = fl_ops_file(call->args, value, &fd, &name, call->err);
    if (!st)
        st = fl_file_read_fd(arena, fd, FL_FEEDBACK_RAW_MAX, &data, &inbound.data_len, call->err);
    if (st)
        return st;
    inbound.data = data;
    inbound.dedupe_key = name;
    st = fl_feedback_parse(arena, &inbound, &parsed, call->err);
    if (st)
        return fl_error_prefix(call->err, st, "%s", name);
    emit(call->sink, name, &parsed);
    return FL_OK;
}

FL_OPS_RUN(fl_ops_feedback_parse_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    const json_t *files = json_object_get(args->values, "file");
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < json_array_size(files); i++)
        st = parse_one(&call, json_array_get(files, i));
    return st;
}
