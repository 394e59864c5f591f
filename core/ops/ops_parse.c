/* `feedback parse`: what is understood of a raw message, without a store. */
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "feedback/feedback.h"
#include "ops/ops_private.h"

enum { BASE64_GROUP = 3, BASE64_OUT = 4 };

enum fl_status fl_ops_base64(struct fl_arena *arena, const void *data, size_t len, char **out,
                             struct fl_error *err)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = data;
    size_t n = (len + BASE64_GROUP - 1) / BASE64_GROUP * BASE64_OUT;
    char *text = fl_arena_alloc(arena, n + 1);
    char *p = text;

    if (!text)
        return fl_error_set(err, FL_IO, "no memory for %zu bytes", len);
    for (size_t i = 0; i < len; i += BASE64_GROUP) {
        size_t left = len - i;
        unsigned v = (unsigned)in[i] << 16;

        v |= left > 1 ? (unsigned)in[i + 1] << 8 : 0;
        v |= left > 2 ? in[i + 2] : 0;
        *p++ = digits[v >> 18];
        *p++ = digits[v >> 12 & 63];
        *p++ = left > 1 ? digits[v >> 6 & 63] : '=';
        *p++ = left > 2 ? digits[v & 63] : '=';
    }
    *p = '\0';
    *out = text;
    return FL_OK;
}

static json_t *strings(const char *const *items, size_t n)
{
    json_t *array = json_array();

    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(array, fl_ops_string(items[i], strlen(items[i])));
    return array;
}

static json_t *recipients(const struct fl_feedback_parsed *parsed)
{
    json_t *array = json_array();

    for (size_t i = 0; i < parsed->n_recipients; i++) {
        const struct fl_feedback_recipient *recipient = &parsed->recipients[i];
        json_t *item = json_object();

        fl_ops_put_str(item, "address", recipient->address);
        fl_ops_put_str(item, "action", recipient->action);
        fl_ops_put_str(item, "status", recipient->status);
        fl_ops_put_int(item, "code", recipient->code);
        fl_ops_put_str(item, "fault", fl_fault_class_name(recipient->fault));
        fl_ops_put_bool(item, "is_hard", recipient->is_hard);
        fl_ops_put_str(item, "diagnostic", recipient->diagnostic);
        (void)json_array_append_new(array, item);
    }
    return array;
}

static void emit(const struct fl_ops_sink *sink, const char *name,
                 const struct fl_feedback_parsed *parsed)
{
    json_t *row = json_object();

    fl_ops_put_str(row, "file", name);
    fl_ops_put_str(row, "kind", fl_feedback_kind_name(parsed->kind));
    fl_ops_put_real(row, "confidence", parsed->confidence);
    fl_ops_put_str(row, "from_address", parsed->from_address);
    fl_ops_put_str(row, "to_address", parsed->to_address);
    fl_ops_put_str(row, "subject", parsed->subject);
    fl_ops_put_str(row, "message_id", parsed->message_id);
    fl_ops_put_time(row, "date", parsed->date_us);
    fl_ops_put_str(row, "language", parsed->language);
    fl_ops_put_str(row, "text", parsed->text);
    fl_ops_put_str(row, "quoted", parsed->quoted);
    fl_ops_put_str(row, "signature", parsed->signature);
    (void)json_object_set_new(row, "tokens", strings(parsed->tokens, parsed->n_tokens));
    (void)json_object_set_new(row, "references", strings(parsed->references, parsed->n_references));
    (void)json_object_set_new(row, "recipients", recipients(parsed));
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
