#include "content/data_private.h"

#include <math.h>
#include <stdio.h>

#include <jansson.h>

enum {
    JSON_SIZE_MAX = 1 << 20,
    JSON_DEPTH_MAX = 64,
    /* Bounds what names chosen to collide can cost. */
    MEMBERS_MAX = 4096,
    FIRST_CAP = 4,
    NUMBER_TEXT_SIZE = 40
};

/* Above this a double no longer tells neighbouring integers apart. */
static const double integer_max = 9007199254740992.0;

static struct fl_data *data_new(struct fl_arena *arena, enum fl_data_type type)
{
    struct fl_data *data = FL_ARENA_NEW(arena, struct fl_data);

    if (data) {
        data->type = type;
        data->text = "";
    }
    return data;
}

struct fl_data *fl_data_object(struct fl_arena *arena)
{
    return data_new(arena, FL_DATA_OBJECT);
}

struct fl_data *fl_data_list(struct fl_arena *arena)
{
    return data_new(arena, FL_DATA_LIST);
}

struct fl_data *fl_data_string(struct fl_arena *arena, const char *s, size_t len)
{
    struct fl_data *data = data_new(arena, FL_DATA_STRING);

    if (data && len) {
        data->text = s;
        data->n = len;
    }
    return data;
}

struct fl_data *fl_data_bool(struct fl_arena *arena, bool v)
{
    struct fl_data *data = data_new(arena, FL_DATA_BOOL);

    if (data)
        data->is_true = v;
    return data;
}

struct fl_data_member *fl_data_find_slot(const struct fl_data *object, uint32_t hash,
                                         const char *name, size_t len)
{
    for (uint32_t i = hash & object->slots_mask; object->slots[i];
         i = (i + 1) & object->slots_mask) {
        struct fl_data_member *member = &object->members[object->slots[i] - 1];

        if (fl_data_member_is(member, hash, name, len))
            return member;
    }
    return NULL;
}

static void slot_put(struct fl_data *object, size_t index)
{
    uint32_t i = object->members[index].hash & object->slots_mask;

    while (object->slots[i])
        i = (i + 1) & object->slots_mask;
    object->slots[i] = (uint32_t)index + 1;
}

/* Room for one more; the slots are kept at most half full. */
static bool object_grow(struct fl_arena *arena, struct fl_data *object)
{
    size_t cap = object->cap ? object->cap * 2 : FIRST_CAP;
    struct fl_data_member *members;
    uint32_t *slots = NULL;

    if (object->n < object->cap)
        return true;
    members = FL_ARENA_ARRAY(arena, struct fl_data_member, cap);
    if (cap > FL_DATA_LINEAR_MAX)
        slots = FL_ARENA_ARRAY(arena, uint32_t, cap * 2);
    if (!members || (cap > FL_DATA_LINEAR_MAX && !slots))
        return false;
    if (object->n)
        memcpy(members, object->members, object->n * sizeof *members);
    object->members = members;
    object->cap = cap;
    object->slots = slots;
    object->slots_mask = (uint32_t)(cap * 2 - 1);
    for (size_t i = 0; slots && i < object->n; i++)
        slot_put(object, i);
    return true;
}

static bool object_set(struct fl_arena *arena, struct fl_data *object, const char *name,
                       size_t name_len, const struct fl_data *value)
{
    uint32_t hash = fl_data_hash(name, name_len);
    struct fl_data_member *member = fl_data_find(object, hash, name, name_len);

    if (member) {
        member->value = value;
        return true;
    }
    if (object->n == MEMBERS_MAX || !object_grow(arena, object))
        return false;
    object->members[object->n++] =
        (struct fl_data_member){.name = name, .name_len = name_len, .value = value, .hash = hash};
    if (object->slots)
        slot_put(object, object->n - 1);
    return true;
}

bool fl_data_set(struct fl_arena *arena, struct fl_data *object, const char *name,
                 struct fl_data *value)
{
    if (!value)
        return true;
    return object_set(arena, object, name, strlen(name), value);
}

bool fl_data_set_str(struct fl_arena *arena, struct fl_data *object, const char *name,
                     const char *s)
{
    struct fl_data *value;

    if (!s)
        return true;
    value = fl_data_string(arena, s, strlen(s));
    return value && fl_data_set(arena, object, name, value);
}

bool fl_data_append(struct fl_arena *arena, struct fl_data *list, struct fl_data *value)
{
    if (!value)
        return true;
    if (list->n == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : FIRST_CAP;
        const struct fl_data **items = FL_ARENA_ARRAY(arena, const struct fl_data *, cap);

        if (!items)
            return false;
        if (list->n)
            memcpy(items, list->items, list->n * sizeof *items);
        list->items = items;
        list->cap = cap;
    }
    list->items[list->n++] = value;
    return true;
}

enum fl_data_type fl_data_type(const struct fl_data *data)
{
    return data ? data->type : FL_DATA_NULL;
}

const struct fl_data *fl_data_get(const struct fl_data *object, const char *name, size_t name_len)
{
    const struct fl_data_member *member;

    if (!object || object->type != FL_DATA_OBJECT)
        return NULL;
    member = fl_data_find(object, fl_data_hash(name, name_len), name, name_len);
    return member ? member->value : NULL;
}

size_t fl_data_count(const struct fl_data *list)
{
    return list && list->type == FL_DATA_LIST ? list->n : 0;
}

const struct fl_data *fl_data_at(const struct fl_data *list, size_t index)
{
    return index < fl_data_count(list) ? list->items[index] : NULL;
}

const char *fl_data_text(const struct fl_data *data, size_t *out_len)
{
    const char *text = "";
    size_t len = 0;

    if (data && data->type == FL_DATA_BOOL) {
        text = data->is_true ? "true" : "false";
        len = strlen(text);
    } else if (data && (data->type == FL_DATA_NUMBER || data->type == FL_DATA_STRING)) {
        text = data->text;
        len = data->n;
    }
    if (out_len)
        *out_len = len;
    return text;
}

/* ---- JSON ------------------------------------------------------------------------------------*/

/* jansson recurses, so nesting is counted before it sees the text. */
static int json_depth(const char *json, size_t len)
{
    int depth = 0, deepest = 0;
    bool is_string = false;

    for (size_t i = 0; i < len; i++) {
        if (is_string && json[i] == '\\')
            i++;
        else if (json[i] == '"')
            is_string = !is_string;
        else if (!is_string && (json[i] == '[' || json[i] == '{'))
            deepest = ++depth > deepest ? depth : deepest;
        else if (!is_string && (json[i] == ']' || json[i] == '}'))
            depth--;
    }
    return deepest;
}

/* The shortest text that reads back as the same number, with a point in every locale. */
static void real_text(double v, char out[NUMBER_TEXT_SIZE])
{
    if (v == floor(v) && fabs(v) < integer_max) {
        snprintf(out, NUMBER_TEXT_SIZE, "%.0f", v == 0 ? 0.0 : v);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, NUMBER_TEXT_SIZE, "%.*g", digits, v);
        if (strtod(out, NULL) == v)
            break;
    }
    for (char *p = out; *p; p++)
        if (!strchr("0123456789+-e", *p))
            *p = '.';
}

static struct fl_data *of_number(struct fl_arena *arena, const json_t *json)
{
    struct fl_data *data = data_new(arena, FL_DATA_NUMBER);
    char text[NUMBER_TEXT_SIZE];

    if (!data)
        return NULL;
    if (json_is_integer(json))
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    else
        real_text(json_real_value(json), text);
    data->text = fl_arena_strdup(arena, text);
    data->n = strlen(text);
    return data->text ? data : NULL;
}

static struct fl_data *of_json(struct fl_arena *arena, json_t *json);

static struct fl_data *of_object(struct fl_arena *arena, json_t *json)
{
    struct fl_data *data = fl_data_object(arena), *child;
    const char *key, *name;
    json_t *value;

    if (!data)
        return NULL;
    json_object_foreach(json, key, value)
    {
        child = of_json(arena, value);
        name = fl_arena_strdup(arena, key);
        if (!child || !name || !fl_data_set(arena, data, name, child))
            return NULL;
    }
    return data;
}

static struct fl_data *of_list(struct fl_arena *arena, const json_t *json)
{
    struct fl_data *data = fl_data_list(arena), *child;

    if (!data)
        return NULL;
    for (size_t i = 0; i < json_array_size(json); i++) {
        child = of_json(arena, json_array_get(json, i));
        if (!child || !fl_data_append(arena, data, child))
            return NULL;
    }
    return data;
}

static struct fl_data *of_string(struct fl_arena *arena, const json_t *json)
{
    size_t len = json_string_length(json);
    char *text = fl_arena_strndup(arena, json_string_value(json), len);

    return text ? fl_data_string(arena, text, len) : NULL;
}

static struct fl_data *of_json(struct fl_arena *arena, json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return of_object(arena, json);
    case JSON_ARRAY:
        return of_list(arena, json);
    case JSON_STRING:
        return of_string(arena, json);
    case JSON_INTEGER:
    case JSON_REAL:
        return of_number(arena, json);
    case JSON_TRUE:
    case JSON_FALSE:
        return fl_data_bool(arena, json_is_true(json));
    case JSON_NULL:
        break;
    }
    return data_new(arena, FL_DATA_NULL);
}

enum fl_status fl_data_of_json(struct fl_arena *arena, const char *json, size_t len,
                               struct fl_data **out, struct fl_error *err)
{
    json_error_t problem;
    struct fl_data *data;
    json_t *root;

    if (len > JSON_SIZE_MAX)
        return fl_error_set(err, FL_LIMIT, "JSON of %zu bytes, at most %d are read", len,
                            JSON_SIZE_MAX);
    if (json_depth(json, len) > JSON_DEPTH_MAX)
        return fl_error_set(err, FL_LIMIT, "JSON nested deeper than %d levels", JSON_DEPTH_MAX);
    root = json_loadb(json, len, JSON_DECODE_ANY, &problem);
    if (!root)
        return fl_error_set(err, FL_INVALID, "not JSON: line %d, column %d: %s", problem.line,
                            problem.column, problem.text);
    data = of_json(arena, root);
    json_decref(root);
    if (!data)
        return fl_error_set(err, FL_LIMIT,
                            "JSON does not fit: an object has more than %d members, or memory is "
                            "out",
                            MEMBERS_MAX);
    *out = data;
    return FL_OK;
}
