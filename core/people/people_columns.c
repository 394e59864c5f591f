#include <string.h>

#include "base/str.h"
#include "people/people_fact_private.h"
#include "people/people_private.h"

static const struct {
    const char *name;
    enum people_field field;
    enum fl_medium medium;
} plain_fields[] = {
    {"external_id", PEOPLE_EXTERNAL_ID, FL_MEDIUM_NONE},
    {"name", PEOPLE_NAME, FL_MEDIUM_NONE},
    {"language", PEOPLE_LANGUAGE, FL_MEDIUM_NONE},
    {"time_zone", PEOPLE_TIME_ZONE, FL_MEDIUM_NONE},
    {"email", PEOPLE_ADDRESS, FL_MEDIUM_EMAIL},
    {"phone", PEOPLE_ADDRESS, FL_MEDIUM_SMS},
    {"fax", PEOPLE_ADDRESS, FL_MEDIUM_FAX},
    {"push", PEOPLE_ADDRESS, FL_MEDIUM_PUSH},
    {"other", PEOPLE_ADDRESS, FL_MEDIUM_OTHER},
    {"postal_address", PEOPLE_ADDRESS, FL_MEDIUM_LETTER},
    {"street", PEOPLE_STREET, FL_MEDIUM_LETTER},
    {"city", PEOPLE_CITY, FL_MEDIUM_LETTER},
    {"region", PEOPLE_REGION, FL_MEDIUM_LETTER},
    {"postcode", PEOPLE_POSTCODE, FL_MEDIUM_LETTER},
    {"country", PEOPLE_COUNTRY, FL_MEDIUM_LETTER},
    {"consent_proof", PEOPLE_CONSENT_PROOF, FL_MEDIUM_NONE},
    {"consent_at", PEOPLE_CONSENT_AT, FL_MEDIUM_NONE},
    {"ignore", PEOPLE_IGNORE, FL_MEDIUM_NONE},
};

static bool is_key(const char *s)
{
    size_t len = strlen(s);

    return len && len <= PEOPLE_KEY_MAX && s[0] >= 'a' && s[0] <= 'z' &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/* "consent.marketing.email" */
static bool parse_consent(struct fl_arena *arena, const char *rest, struct people_column *out)
{
    const char *dot = strrchr(rest, '.');
    char *purpose;

    if (!dot || !fl_medium_parse(dot + 1, &out->medium) || out->medium == FL_MEDIUM_NONE)
        return false;
    purpose = fl_arena_strndup(arena, rest, (size_t)(dot - rest));
    out->field = PEOPLE_CONSENT;
    out->key = purpose;
    return purpose && is_key(purpose);
}

/* True where `text` names a field; fills all of `out` but its header. */
static bool parse_field(struct fl_arena *arena, const char *text, struct people_column *out)
{
    for (size_t i = 0; i < sizeof plain_fields / sizeof *plain_fields; i++)
        if (!strcmp(text, plain_fields[i].name)) {
            out->field = plain_fields[i].field;
            out->medium = plain_fields[i].medium;
            return true;
        }
    if (fl_str_starts_with(text, "anchor.")) {
        out->field = PEOPLE_ANCHOR;
        out->key = text + strlen("anchor.");
        return is_key(out->key);
    }
    if (fl_str_starts_with(text, "attribute.")) {
        out->field = PEOPLE_ATTRIBUTE;
        out->key = text + strlen("attribute.");
        return is_key(out->key);
    }
    return fl_str_starts_with(text, "consent.") &&
           parse_consent(arena, text + strlen("consent."), out);
}

/* Takes the next "COLUMN=FIELD" off *map.  In a column's name "\," is a comma and "\\" itself. */
bool people_map_next(struct fl_arena *arena, const char **map, char **out_column, char **out_field)
{
    char *pair = fl_arena_alloc(arena, strlen(*map) + 1), *equals;
    const char *p = *map;
    size_t n = 0;

    if (!pair || !*p)
        return false;
    for (; *p && *p != ','; p++) {
        if (*p == '\\' && (p[1] == ',' || p[1] == '\\'))
            p++;
        pair[n++] = *p;
    }
    pair[n] = '\0';
    *map = *p ? p + 1 : p;
    equals = strrchr(pair, '=');
    if (equals)
        *equals = '\0';
    *out_column = fl_str_trim(pair);
    *out_field = equals ? fl_str_trim(equals + 1) : NULL;
    return true;
}

static void map_column(struct people_columns *columns, const char *column, const char *field,
                       bool *is_mapped, const char *name, struct fl_arena *arena,
                       struct fl_faults *faults)
{
    size_t n_found = 0;

    for (size_t i = 0; i < columns->n; i++) {
        struct people_column *item = &columns->items[i];

        if (strcmp(item->header, column) != 0)
            continue;
        n_found++;
        if (is_mapped[i])
            fl_faults_add(faults, name, 1, column, NULL, "mapped twice");
        else if (!parse_field(arena, field, item))
            fl_faults_add(faults, name, 1, column, field, "no such field");
        is_mapped[i] = true;
    }
    if (!n_found)
        fl_faults_add(faults, name, 1, column, NULL, "the map names a column the file has not");
}

static void apply_map(struct people_columns *columns, const char *map, bool *is_mapped,
                      const char *name, struct fl_arena *arena, struct fl_faults *faults)
{
    char *column, *field;

    while (people_map_next(arena, &map, &column, &field)) {
        if (!*column && !field)
            continue; /* a comma at the end */
        if (!field || !*field)
            fl_faults_add(faults, name, 0, "map", column, "\"COLUMN=FIELD\" is expected");
        else
            map_column(columns, column, field, is_mapped, name, arena, faults);
    }
}

static bool is_same_target(const struct people_column *a, const struct people_column *b)
{
    return a->field == b->field && a->field != PEOPLE_IGNORE && a->medium == b->medium &&
           fl_str_equal(a->key, b->key);
}

static void check_targets(struct people_columns *columns, const char *name,
                          struct fl_faults *faults)
{
    const struct people_column *whole = NULL, *part = NULL;
    bool has_external_id = false;

    for (size_t i = 0; i < columns->n; i++) {
        if (columns->items[i].field >= PEOPLE_STREET && columns->items[i].field <= PEOPLE_COUNTRY)
            part = &columns->items[i];
        else if (columns->items[i].field == PEOPLE_ADDRESS &&
                 columns->items[i].medium == FL_MEDIUM_LETTER)
            whole = &columns->items[i];
        has_external_id = has_external_id || columns->items[i].field == PEOPLE_EXTERNAL_ID;
        for (size_t k = 0; k < i; k++)
            if (is_same_target(&columns->items[i], &columns->items[k])) {
                fl_faults_add(faults, name, 1, columns->items[i].header, NULL,
                              "goes into the same field as column \"%s\"",
                              columns->items[k].header);
                break;
            }
    }
    if (whole && part)
        fl_faults_add(faults, name, 1, part->header, NULL,
                      "is part of the address that column \"%s\" gives whole", whole->header);
    if (!has_external_id)
        fl_faults_add(faults, name, 1, "external_id", NULL,
                      "no column goes into this field (see --map)");
}

/* Attributes are written with sorted keys, so that the same ones are the same text. */
static void sort_attributes(struct people_columns *columns)
{
    for (size_t i = 0; i < columns->n; i++) {
        const struct people_column *item = &columns->items[i];
        size_t at = columns->n_attributes;

        columns->n_anchors += item->field == PEOPLE_ANCHOR;
        columns->n_consents += item->field == PEOPLE_CONSENT;
        if (item->field != PEOPLE_ATTRIBUTE)
            continue;
        for (; at && strcmp(columns->items[columns->attributes[at - 1]].key, item->key) > 0; at--)
            columns->attributes[at] = columns->attributes[at - 1];
        columns->attributes[at] = i;
        columns->n_attributes++;
    }
}

void people_columns_read(struct people_columns *columns, const struct people_reader *header,
                         const char *map, const char *name, struct fl_arena *arena,
                         struct fl_faults *faults)
{
    bool is_mapped[FL_IMPORT_COLUMNS_MAX] = {false};

    *columns = (struct people_columns){0};
    if (header->n_cells > FL_IMPORT_COLUMNS_MAX) {
        fl_faults_add(faults, name, header->row_line, NULL, NULL, "%zu columns, at most %d",
                      header->n_cells, FL_IMPORT_COLUMNS_MAX);
        return;
    }
    columns->n = header->n_cells;
    for (size_t i = 0; i < columns->n; i++) {
        const char *cell = fl_arena_strdup(arena, fl_str_trim(people_reader_cell(header, i)));

        columns->items[i].header = cell ? cell : "";
    }
    if (map)
        apply_map(columns, map, is_mapped, name, arena, faults);
    for (size_t i = 0; i < columns->n; i++) {
        struct people_column *item = &columns->items[i];
        char *lower = fl_arena_strdup(arena, item->header);

        if (is_mapped[i] || !lower)
            continue;
        fl_str_lower_ascii(lower);
        if (!*lower) /* spreadsheets leave columns without a name behind the last one */
            item->field = PEOPLE_IGNORE;
        else if (!parse_field(arena, lower, item))
            fl_faults_add(faults, name, header->row_line, item->header, NULL,
                          "no such field; map the column to one, or to \"ignore\"");
    }
    check_targets(columns, name, faults);
    sort_attributes(columns);
}
