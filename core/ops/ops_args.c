#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "ops/ops_private.h"

enum { LIST_FIRST_CAP = 32 };

const char *fl_ops_str(const struct fl_ops_args *args, const char *name)
{
    return json_string_value(json_object_get(args->values, name));
}

int64_t fl_ops_int(const struct fl_ops_args *args, const char *name, int64_t fallback)
{
    const json_t *value = json_object_get(args->values, name);

    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool fl_ops_bool(const struct fl_ops_args *args, const char *name)
{
    return json_is_true(json_object_get(args->values, name));
}

int64_t fl_ops_limit(const struct fl_ops_args *args, int64_t fallback)
{
    int64_t limit = fl_ops_int(args, "limit", fallback);

    return limit > 0 && limit < FL_OPS_LIST_MAX ? limit : FL_OPS_LIST_MAX;
}

void fl_ops_note_limit(const struct fl_ops_sink *sink, const struct fl_ops_args *args, int64_t n)
{
    /* Who gave --limit knows. */
    if (n >= FL_OPS_LIST_LIMIT && !json_object_get(args->values, "limit"))
        fl_ops_note(sink, "the first %d are shown; --limit 0 shows all", FL_OPS_LIST_LIMIT);
}

bool fl_ops_is_dry(const struct fl_ops_args *args)
{
    return fl_ops_bool(args, "dry-run");
}

enum fl_status fl_ops_id(const struct fl_ops_args *args, const char *name, int64_t *out,
                         struct fl_error *err)
{
    const char *text = fl_ops_str(args, name);

    if (!text || !fl_str_parse_i64(text, 1, INT64_MAX, out))
        return fl_error_set(err, FL_INVALID, "%s \"%s\" is not an id; expected a positive number",
                            name, text ? text : "");
    return FL_OK;
}

enum fl_status fl_ops_medium(const struct fl_ops_args *args, const char *name,
                             enum fl_medium fallback, enum fl_medium *out, struct fl_error *err)
{
    const char *text = fl_ops_str(args, name);

    if (!text) {
        *out = fallback;
        return FL_OK;
    }
    if (!fl_medium_parse(text, out))
        return fl_error_set(err, FL_INVALID,
                            "%s \"%s\" is not a medium; expected email, sms, fax, letter, web, "
                            "push or other",
                            name, text);
    return FL_OK;
}

enum fl_status fl_ops_file(struct fl_ops_args *args, const json_t *value, int *out_fd,
                           const char **out_name, struct fl_error *err)
{
    const char *name = json_string_value(json_object_get(value, "name"));
    const char *path = json_string_value(json_object_get(value, "path"));
    const json_t *index = json_object_get(value, "fd");
    int64_t i = json_is_integer(index) ? json_integer_value(index) : -1;
    int fd;

    if (!name)
        return fl_error_set(err, FL_INVALID, "a file is missing");
    if (path) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return fl_error_set_errno(err, errno, "cannot read \"%s\"", path);
    } else {
        if (i < 0 || i >= args->n_fds || args->fds[i] < 0)
            return fl_error_set(err, FL_INVALID, "file \"%s\" did not arrive", name);
        fd = args->fds[i];
        args->fds[i] = -1;
    }
    *out_fd = fd;
    *out_name = name;
    return FL_OK;
}

enum fl_status fl_ops_folder(struct fl_ops_args *args, const json_t *value,
                             struct fl_content_version *out, struct fl_error *err)
{
    const char *name = json_string_value(json_object_get(value, "name"));
    const char *hash = json_string_value(json_object_get(value, "hash"));
    const json_t *files = json_object_get(value, "files");
    size_t n = json_array_size(files);
    struct fl_content_file *list;

    if (!name)
        return fl_error_set(err, FL_INVALID, "a content folder is missing");
    if (!hash || n == 0)
        return fl_error_set(err, FL_NOT_FOUND, "\"%s\" is not a folder", name);
    if (n > FL_CONTENT_FILES_MAX)
        return fl_error_set(err, FL_LIMIT, "content \"%s\" has %zu files; at most %d are allowed",
                            name, n, FL_CONTENT_FILES_MAX);
    list = FL_ARENA_ARRAY(args->arena, struct fl_content_file, n);
    if (!list)
        return fl_error_set(err, FL_IO, "no memory for content \"%s\"", name);
    for (size_t i = 0; i < n; i++) {
        const json_t *file = json_array_get(files, i);
        const json_t *body = json_object_get(file, "body");

        list[i].path = json_string_value(json_object_get(file, "path"));
        list[i].body = json_string_value(body);
        list[i].body_len = json_string_length(body);
        if (!list[i].path || !list[i].body)
            return fl_error_set(err, FL_INVALID, "content \"%s\": file %zu did not arrive", name,
                                i + 1);
    }
    *out = (struct fl_content_version){.name = name, .hash = hash, .files = list, .n_files = n};
    return FL_OK;
}

enum fl_status fl_ops_begin(struct fl_ops_context *context, struct fl_error *err)
{
    return fl_store_begin(context->store, err);
}

enum fl_status fl_ops_end(struct fl_ops_context *context, const struct fl_ops_args *args,
                          enum fl_status st, struct fl_error *err)
{
    if (!st && !fl_ops_is_dry(args)) {
        st = fl_store_commit(context->store, err);
        if (!st)
            return FL_OK;
    }
    fl_store_rollback(context->store);
    return st;
}

void fl_ops_changed(const struct fl_ops_context *context)
{
    if (context->daemon && context->daemon->changed)
        context->daemon->changed(context->daemon->ctx);
}

void fl_ops_list_init(struct fl_ops_list *list, struct fl_arena *arena, size_t item_size)
{
    *list = (struct fl_ops_list){.arena = arena, .item_size = item_size};
}

void *fl_ops_list_add(struct fl_ops_list *list)
{
    char *item;

    if (list->n == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : LIST_FIRST_CAP;
        void *items = fl_arena_calloc(list->arena, cap, list->item_size);

        if (!items) {
            list->has_failed = true;
            return NULL;
        }
        if (list->n)
            memcpy(items, list->items, list->n * list->item_size);
        list->items = items;
        list->cap = cap;
    }
    item = (char *)list->items + list->n++ * list->item_size;
    memset(item, 0, list->item_size);
    return item;
}
