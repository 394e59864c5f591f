/* Facts from JSON, one object a line: {"type": "answer", "id": "A-1", "customer": "D-1007", ...}.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "people/people_fact_private.h"

static void line_fault(struct people_facts *facts, long line, const char *field, const char *value,
                       const char *reason)
{
    fl_faults_add(facts->faults, facts->options->name, line, field, value, "%s", reason);
}

/* A member as text; NULL for null, or out of memory.  Numbers as they are written shortest. */
static bool member_text(struct people_facts *facts, const json_t *value, const char **out)
{
    char number[40];

    *out = NULL;
    if (json_is_string(value))
        *out = fl_arena_strdup(facts->arena, json_string_value(value));
    else if (json_is_integer(value))
        *out = fl_arena_printf(facts->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value)) {
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(number, sizeof number, "%.*g", digits, json_real_value(value));
            if (strtod(number, NULL) == json_real_value(value)) /* reads back the same */
                break;
        }
        *out = fl_arena_strdup(facts->arena, number);
    } else
        return json_is_null(value);
    if (*out && !**out)
        *out = NULL;
    return true;
}

static bool members_read(struct people_facts *facts, json_t *object, struct people_fact *fact)
{
    const char *key;
    json_t *value;
    bool is_good = true;

    json_object_foreach(object, key, value)
    {
        int field;

        if (strcmp(key, "type") == 0)
            continue;
        field = people_fact_field_find(fact->fact, key);
        if (field == FACT_UNKNOWN || field == FACT_IGNORED) {
            fl_faults_add(facts->faults, facts->options->name, fact->line, key, NULL,
                          "a %s has no such member", fl_fact_name(fact->fact));
            is_good = false;
        } else if (!member_text(facts, value, &fact->value[field])) {
            line_fault(facts, fact->line, key, NULL, "text or a number is expected");
            is_good = false;
        }
    }
    return is_good;
}

static enum fl_status take_object(struct people_facts *facts, json_t *object, long line,
                                  struct fl_error *err)
{
    const char *type = json_string_value(json_object_get(object, "type"));
    struct people_fact fact = {.line = line};

    if (!json_is_object(object))
        line_fault(facts, line, NULL, NULL, "an object is expected");
    else if (!type)
        line_fault(facts, line, "type", NULL, "is missing");
    else if (!people_fact_find(type, &fact.fact))
        line_fault(facts, line, "type", type,
                   "transaction, subscription, referral, complaint or answer is expected");
    else if (members_read(facts, object, &fact))
        return people_fact_take(facts, &fact, err);
    return FL_OK;
}

static enum fl_status take_line(struct people_facts *facts, const char *text, size_t len, long line,
                                struct fl_error *err)
{
    enum fl_status st = FL_OK;
    json_error_t fault;
    json_t *object;

    while (len && strchr(" \t\r\n", text[len - 1]))
        len--;
    if (!len)
        return FL_OK;
    object = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
    fl_arena_reset(facts->arena);
    if (object)
        st = take_object(facts, object, line, err);
    else
        fl_faults_add(facts->faults, facts->options->name, line, NULL, NULL, "no JSON: %s",
                      fault.text);
    json_decref(object);
    return st ? fl_error_prefix(err, st, "line %ld", line) : FL_OK;
}

static enum fl_status read_lines(struct people_facts *facts, FILE *file, struct fl_error *err)
{
    const struct fl_fact_options *options = facts->options;
    char text[FL_FACT_LINE_MAX];
    enum fl_status st = FL_OK;
    int64_t done = 0;

    for (long line = 1; !st && fgets(text, sizeof text, file); line++) {
        size_t len = strlen(text); /* a NUL within ends the text early, and that is no JSON */
        bool is_whole = len && text[len - 1] == '\n';

        if (len + 1 == sizeof text && !is_whole) {
            fl_faults_add(facts->faults, options->name, line, NULL, NULL,
                          "a line of more than %d bytes", FL_FACT_LINE_MAX);
            for (int c; (c = getc(file)) != EOF && c != '\n';)
                done++;
            continue;
        }
        done += (int64_t)len;
        st = take_line(facts, text, len, line, err);
        if (options->progress && line % 4096 == 0)
            options->progress(options->ctx, done, 0);
    }
    if (!st && ferror(file))
        st = fl_error_set_errno(err, errno, "could not read \"%s\"", options->name);
    return st;
}

enum fl_status people_facts_read_json(struct people_facts *facts, int fd, struct fl_error *err)
{
    int copy = dup(fd);
    FILE *file = copy < 0 ? NULL : fdopen(copy, "r");
    enum fl_status st;

    if (!file || fseeko(file, 0, SEEK_SET)) {
        st = fl_error_set_errno(err, errno, "could not read \"%s\"", facts->options->name);
        if (!file && copy >= 0)
            close(copy);
    } else
        st = read_lines(facts, file, err);
    facts->result.charset = "UTF-8";
    if (file)
        fclose(file);
    return st;
}
