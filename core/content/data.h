/*
 * The values a template sees: a tree of null, bool, number, string, list and object in an arena.
 * Strings are UTF-8 and not copied by the setters: they must live as long as the tree.
 */
#ifndef FL_CONTENT_DATA_H
#define FL_CONTENT_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

enum fl_data_type {
    FL_DATA_NULL,
    FL_DATA_BOOL,
    FL_DATA_NUMBER, /* kept as text, as it will be printed */
    FL_DATA_STRING,
    FL_DATA_LIST,
    FL_DATA_OBJECT
};

struct fl_data;

struct fl_data *fl_data_object(struct fl_arena *arena);
struct fl_data *fl_data_list(struct fl_arena *arena);
struct fl_data *fl_data_string(struct fl_arena *arena, const char *s, size_t len);
struct fl_data *fl_data_bool(struct fl_arena *arena, bool v);

/* NULL values are ignored; false when memory is out.  A later member of the same name wins. */
bool fl_data_set(struct fl_arena *arena, struct fl_data *object, const char *name,
                 struct fl_data *value);
bool fl_data_set_str(struct fl_arena *arena, struct fl_data *object, const char *name,
                     const char *s);
bool fl_data_append(struct fl_arena *arena, struct fl_data *list, struct fl_data *value);

/* JSON text (size and depth bounded) to a tree; for attributes, previews and tests. */
FL_CHECK_RESULT enum fl_status fl_data_of_json(struct fl_arena *arena, const char *json, size_t len,
                                               struct fl_data **out, struct fl_error *err);

enum fl_data_type fl_data_type(const struct fl_data *data);
const struct fl_data *fl_data_get(const struct fl_data *object, const char *name, size_t name_len);
size_t fl_data_count(const struct fl_data *list);
const struct fl_data *fl_data_at(const struct fl_data *list, size_t index);
const char *fl_data_text(const struct fl_data *data, size_t *out_len); /* "" for null and objects */

#endif
