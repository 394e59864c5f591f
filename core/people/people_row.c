#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "people/people_private.h"

#define ZONE_DIR "/usr/share/zoneinfo/"

enum { LANGUAGE_MAX = 35, PROOF_MAX = 1000 }; /* RFC 5646 section 4.4.1: 35 is enough for all */

/* What a cell is checked with. */
struct cell {
    const struct people_column *column;
    const char *value;
    const struct people_reader *reader;
    const struct fl_import_options *options;
    struct fl_arena *arena;
    struct fl_faults *faults;
};

#define CELL_FAULT(cell, ...)                                                                      \
    fl_faults_add((cell)->faults, (cell)->options->name, (cell)->reader->row_line,                 \
                  (cell)->column->header, (cell)->value, __VA_ARGS__)

static bool has_control(const char *s, const char *allowed)
{
    for (; *s; s++)
        if (((unsigned char)*s < 0x20 && !strchr(allowed, *s)) || *s == 0x7f)
            return true;
    return false;
}

/* Text of at most `max` bytes without control characters. */
static const char *read_text(const struct cell *cell, size_t max, const char *allowed)
{
    if (strlen(cell->value) > max) {
        CELL_FAULT(cell, "%zu bytes, at most %zu", strlen(cell->value), max);
        return NULL;
    }
    if (has_control(cell->value, allowed)) {
        CELL_FAULT(cell, "a control character or line break within");
        return NULL;
    }
    return cell->value;
}

/* RFC 5646 in outline: "ko", "en-GB", "zh-Hant-TW". */
static const char *read_language(const struct cell *cell)
{
    const char *p = cell->value;
    size_t first = strcspn(p, "-");
    bool is_good = strlen(p) <= LANGUAGE_MAX && first >= 2 && first <= 3;

    for (size_t n; is_good; p += n + 1) {
        n = strcspn(p, "-");
        is_good = n >= 1 && n <= 8;
        for (size_t i = 0; i < n; i++) {
            char c = (char)(p[i] | 0x20);

            is_good = is_good &&
                      ((c >= 'a' && c <= 'z') || (p != cell->value && p[i] >= '0' && p[i] <= '9'));
        }
        if (!p[n])
            break;
    }
    if (is_good)
        return cell->value;
    CELL_FAULT(cell, "a language tag as \"ko\" or \"en-GB\" is expected");
    return NULL;
}

static const char *read_time_zone(const struct cell *cell, struct people_row *row)
{
    char path[sizeof ZONE_DIR + sizeof row->time_zone_known];
    const char *value = cell->value;
    size_t len = strlen(value);

    if (!strcmp(value, row->time_zone_known))
        return value;
    if (len < sizeof row->time_zone_known && value[0] != '/' && value[len - 1] != '/' &&
        value[strspn(
            value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/")] == '\0') {
        snprintf(path, sizeof path, "%s%s", ZONE_DIR, value);
        /* Where the system has no zones only the form can be checked. */
        if (!access(path, F_OK) || access(ZONE_DIR, F_OK)) {
            memcpy(row->time_zone_known, value, len + 1);
            return value;
        }
    }
    CELL_FAULT(cell, "a time zone as \"Asia/Seoul\" is expected");
    return NULL;
}

/* What an address of such a medium is, its plugin alone knows. */
static enum fl_status plain_address(const char *text, const char **out, struct fl_error *err)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return fl_error_set(err, FL_INVALID, "one line without control characters is expected");
    if (len > PEOPLE_PLAIN_ADDRESS_MAX)
        return fl_error_set(err, FL_LIMIT, "at most %d bytes are expected",
                            PEOPLE_PLAIN_ADDRESS_MAX);
    *out = text;
    return FL_OK;
}

static void read_address(const struct cell *cell, struct people_row *row)
{
    struct fl_error err;
    const char *value = NULL;
    enum fl_status st = FL_OK;

    if (cell->column->medium == FL_MEDIUM_EMAIL)
        st = fl_people_email_normalise(cell->arena, cell->value, &value, &err);
    else if (cell->column->medium == FL_MEDIUM_LETTER)
        st = fl_people_postal_normalise(cell->arena, &(struct fl_postal){.whole = cell->value},
                                        cell->options->country, &value, &err);
    else if (cell->column->medium == FL_MEDIUM_PUSH || cell->column->medium == FL_MEDIUM_OTHER)
        st = plain_address(cell->value, &value, &err);
    else
        st = fl_people_phone_normalise(cell->arena, cell->value, cell->options->country, &value,
                                       &err);
    if (st)
        CELL_FAULT(cell, "%s", err.text);
    else if (value)
        row->addresses[row->customer.n_addresses++] =
            (struct fl_address){.medium = cell->column->medium, .value = value};
}

static void read_anchor(const struct cell *cell, struct people_row *row)
{
    int32_t date;

    if (fl_date_parse(cell->value, &date))
        row->anchors[row->customer.n_anchors++] = (struct fl_anchor){cell->column->key, date};
    else
        CELL_FAULT(cell, "a date as \"2026-11-22\" is expected");
}

static enum fl_consent_state parse_consent(const char *value)
{
    static const char *const granted[] = {"yes", "y",  "true", "1", "granted",
                                          "예",  "네", "동의", NULL};
    static const char *const withdrawn[] = {"no",     "n",      "false", "0", "withdrawn",
                                            "아니오", "아니요", "거부",  NULL};

    for (size_t i = 0; granted[i]; i++)
        if (fl_str_equal_nocase(value, granted[i]))
            return FL_CONSENT_GRANTED;
    for (size_t i = 0; withdrawn[i]; i++)
        if (fl_str_equal_nocase(value, withdrawn[i]))
            return FL_CONSENT_WITHDRAWN;
    return FL_CONSENT_NONE;
}

static void read_consent(const struct cell *cell, struct people_row *row)
{
    enum fl_consent_state state = parse_consent(cell->value);

    if (state == FL_CONSENT_NONE)
        CELL_FAULT(cell, "yes or no is expected (or nothing, where it is not known)");
    else
        row->consents[row->customer.n_consents++] = (struct fl_consent){
            .purpose = cell->column->key,
            .medium = cell->column->medium,
            .state = state,
            .source = "import",
            .at_us = cell->options->now_us,
        };
}

/* FL_TIME_NONE where the cell is wrong. */
static int64_t read_consent_at(const struct cell *cell)
{
    int64_t at_us;

    if (!fl_time_parse(cell->value, &at_us))
        CELL_FAULT(cell, "a time as \"2026-11-22T10:00:00Z\" is expected");
    else if (at_us > cell->options->now_us + FL_US_PER_DAY)
        CELL_FAULT(cell, "lies in the future");
    else
        return at_us;
    return FL_TIME_NONE;
}

/* Proof and time of a row hold for all its consents. */
static void complete_consents(struct people_row *row, const struct people_reader *reader,
                              const struct fl_import_options *options, const char *proof,
                              int64_t at_us, struct fl_faults *faults)
{
    if (!row->customer.n_consents)
        return;
    if (!proof)
        proof = options->proof ? options->proof : options->name;
    if (!proof || !*proof)
        fl_faults_add(faults, options->name, reader->row_line, "consent_proof", NULL,
                      "a consent without proof: a column or the option is needed");
    row->has_consent_time = at_us != FL_TIME_NONE;
    for (size_t i = 0; i < row->customer.n_consents; i++) {
        row->consents[i].proof = proof;
        if (row->has_consent_time)
            row->consents[i].at_us = at_us;
    }
}

static void read_attributes(struct people_row *row, const struct people_columns *columns,
                            const struct people_reader *reader, char *const *values,
                            struct fl_arena *arena, struct fl_faults *faults, const char *name)
{
    struct fl_buf json = FL_BUF((size_t)16 << 20);

    for (size_t i = 0; i < columns->n_attributes; i++) {
        size_t at = columns->attributes[i];

        if (!values[at] || !*values[at])
            continue;
        fl_buf_putc(&json, json.len ? ',' : '{');
        people_json_string(&json, columns->items[at].key);
        fl_buf_putc(&json, ':');
        people_json_string(&json, values[at]);
    }
    if (json.len) {
        fl_buf_putc(&json, '}');
        row->customer.attributes = fl_arena_strndup(arena, json.data, json.len);
        if (fl_buf_failed(&json) || !row->customer.attributes)
            fl_faults_add(faults, name, reader->row_line, NULL, NULL,
                          "the attributes are too large");
    }
    fl_buf_finish(&json);
}

/* The parts of an address stand in columns of their own: nothing is said before the row is read. */
static void complete_postal(struct people_row *row, const struct people_reader *reader,
                            const struct fl_import_options *options, const struct fl_postal *postal,
                            struct fl_arena *arena, struct fl_faults *faults)
{
    const char *value = NULL;
    struct fl_error err;

    /* A country alone is often the same in every row, also where no address is known. */
    if (!postal->street && !postal->city && !postal->postcode)
        return;
    if (fl_people_postal_normalise(arena, postal, options->country, &value, &err))
        fl_faults_add(faults, options->name, reader->row_line, "street", postal->street, "%s",
                      err.text);
    else
        row->addresses[row->customer.n_addresses++] =
            (struct fl_address){.medium = FL_MEDIUM_LETTER, .value = value};
}

/* What a row says in several cells. */
struct gathered {
    const char *proof;
    int64_t at_us;
    struct fl_postal postal;
};

static void read_cell(const struct cell *cell, struct people_row *row, struct gathered *gathered)
{
    struct fl_postal *postal = &gathered->postal;

    switch (cell->column->field) {
    case PEOPLE_EXTERNAL_ID:
        row->customer.external_id = read_text(cell, PEOPLE_EXTERNAL_ID_MAX, "");
        break;
    case PEOPLE_NAME:
        row->customer.name = read_text(cell, PEOPLE_NAME_MAX, "");
        break;
    case PEOPLE_LANGUAGE:
        row->customer.language = read_language(cell);
        break;
    case PEOPLE_TIME_ZONE:
        row->customer.time_zone = read_time_zone(cell, row);
        break;
    case PEOPLE_ADDRESS:
        read_address(cell, row);
        break;
    case PEOPLE_STREET:
        postal->street = read_text(cell, FL_IMPORT_CELL_MAX, "\r\n");
        break;
    case PEOPLE_CITY:
        postal->city = read_text(cell, FL_IMPORT_CELL_MAX, "");
        break;
    case PEOPLE_REGION:
        postal->region = read_text(cell, FL_IMPORT_CELL_MAX, "");
        break;
    case PEOPLE_POSTCODE:
        postal->postcode = read_text(cell, FL_IMPORT_CELL_MAX, "");
        break;
    case PEOPLE_COUNTRY:
        postal->country = read_text(cell, FL_IMPORT_CELL_MAX, "");
        break;
    case PEOPLE_ANCHOR:
        read_anchor(cell, row);
        break;
    case PEOPLE_CONSENT:
        read_consent(cell, row);
        break;
    case PEOPLE_CONSENT_PROOF:
        gathered->proof = read_text(cell, PROOF_MAX, "");
        break;
    case PEOPLE_CONSENT_AT:
        gathered->at_us = read_consent_at(cell);
        break;
    case PEOPLE_ATTRIBUTE:
        read_text(cell, FL_IMPORT_CELL_MAX, "\t\r\n");
        break;
    case PEOPLE_IGNORE:
        break;
    }
}

static void row_reset(struct people_row *row)
{
    row->customer = (struct fl_customer){
        .addresses = row->addresses, .anchors = row->anchors, .consents = row->consents};
    row->is_empty = true;
    row->has_consent_time = false;
}

void people_row_read(struct people_row *row, const struct people_columns *columns,
                     const struct people_reader *reader, const struct fl_import_options *options,
                     struct fl_arena *arena, struct fl_faults *faults)
{
    char *values[FL_IMPORT_COLUMNS_MAX];
    size_t n = reader->n_cells < columns->n ? reader->n_cells : columns->n;
    bool has_external_id = false;
    struct gathered gathered = {.at_us = FL_TIME_NONE};

    row_reset(row);
    /* Spreadsheets leave out empty cells at the end of a row, so fewer are fine. */
    for (size_t i = 0; i < columns->n; i++) {
        values[i] = i < n ? fl_str_trim(people_reader_cell(reader, i)) : NULL;
        row->is_empty = row->is_empty && (i >= n || !*values[i]);
    }
    if (reader->n_cells > columns->n) {
        fl_faults_add(faults, options->name, reader->row_line, NULL, NULL,
                      "%zu cells, the header has %zu", reader->n_cells, columns->n);
        row->is_empty = false;
        return;
    }
    if (row->is_empty)
        return;
    for (size_t i = 0; i < n; i++) {
        struct cell cell = {&columns->items[i], values[i], reader, options, arena, faults};

        if (!*values[i])
            continue;
        has_external_id = has_external_id || columns->items[i].field == PEOPLE_EXTERNAL_ID;
        read_cell(&cell, row, &gathered);
    }
    if (!has_external_id)
        fl_faults_add(faults, options->name, reader->row_line, "external_id", NULL, "missing");
    complete_postal(row, reader, options, &gathered.postal, arena, faults);
    complete_consents(row, reader, options, gathered.proof, gathered.at_us, faults);
    if (columns->n_attributes)
        read_attributes(row, columns, reader, values, arena, faults, options->name);
}
