#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "people/people_private.h"

/* One import: what both passes share. */
struct import {
    struct fl_store *store;
    const struct fl_import_options *options;
    struct fl_faults *faults;
    struct people_source source;
    struct people_reader reader;
    struct people_columns columns;
    struct people_row row;
    struct people_keys keys;
    struct fl_arena *names; /* what the columns are called: both passes */
    struct fl_arena *arena; /* one row */
    struct fl_import_result result;
    int64_t progress_pos;
    size_t n_faults_before; /* the caller's list may hold some of other files */
    int fd;
    int pass; /* 0: checks, 1: writes */
    bool has_customers;
    size_t n_rejected; /* rows the store will not take */
};

static bool has_faults(const struct import *import)
{
    return import->faults->n_total > import->n_faults_before;
}

/* In the second pass: a fault that the first one has not seen. */
static bool has_changed(const struct import *import)
{
    return import->faults->n_total > import->n_faults_before + import->n_rejected;
}

static void report_progress(struct import *import)
{
    const struct fl_import_options *options = import->options;

    if (!options->progress || import->source.pos == import->progress_pos)
        return;
    import->progress_pos = import->source.pos;
    options->progress(options->ctx, import->pass * import->source.size + import->source.pos,
                      2 * import->source.size);
}

/* Opens the reader at the start of the file and reads the header. */
static enum fl_status read_header(struct import *import, struct fl_error *err)
{
    const char *name = import->options->name;
    struct fl_error fault = {0};
    enum fl_status st = people_reader_open(&import->reader, &import->source, &fault);

    if (!st)
        st = people_reader_next(&import->reader, &fault);
    if (st == FL_NOT_FOUND)
        fl_faults_add(import->faults, name, 0, NULL, NULL, "the file is empty");
    else if (st == FL_INVALID)
        fl_faults_add(import->faults, name, import->reader.row_line, NULL, NULL, "%s", fault.text);
    else if (st)
        return fl_error_set(err, st, "%s", fault.text);
    else
        people_columns_read(&import->columns, &import->reader, import->options->map, name,
                            import->names, import->faults);
    return FL_OK;
}

static enum fl_status check_key(struct import *import, struct fl_error *err)
{
    const char *id = import->row.customer.external_id;
    long line;

    if (!id)
        return FL_OK; /* a fault already */
    line = people_keys_add(&import->keys, id, import->reader.row_line);
    if (line < 0)
        return fl_error_set(err, FL_IO, "out of memory");
    if (line)
        fl_faults_add(import->faults, import->options->name, import->reader.row_line, "external_id",
                      id, "stands in line %ld already", line);
    return FL_OK;
}

/* Attributes in the file replace those of the same name; the others stay. */
static enum fl_status merge_attributes(struct import *import, const struct fl_customer *known,
                                       struct fl_error *err)
{
    struct fl_customer *customer = &import->row.customer;

    if (!customer->attributes || !known->attributes)
        return FL_OK;
    customer->attributes =
        people_attributes_merge(import->arena, known->attributes, customer->attributes);
    if (!customer->attributes)
        return fl_error_set(err, FL_LIMIT, "the attributes are too large");
    return FL_OK;
}

static const struct fl_consent *consent_known(const struct fl_customer *known,
                                              const struct fl_consent *consent)
{
    for (size_t i = 0; i < known->n_consents; i++)
        if (known->consents[i].medium == consent->medium &&
            !strcmp(known->consents[i].purpose, consent->purpose))
            return &known->consents[i];
    return NULL;
}

/* What the customer has withdrawn by any other way than a list stays in force unless the file says
 * that the consent was given later: reading a list again must not undo an opt-out.  Nor does a line
 * that is older than the ledger's say anything new. */
static void drop_outdated_consents(struct import *import, const struct fl_customer *known)
{
    struct people_row *row = &import->row;
    size_t n = 0;

    for (size_t i = 0; i < row->customer.n_consents; i++) {
        const struct fl_consent *consent = &row->consents[i], *old = consent_known(known, consent);
        bool is_opt_out = old && old->state == FL_CONSENT_WITHDRAWN &&
                          consent->state == FL_CONSENT_GRANTED && strcmp(old->source, "import");

        if (is_opt_out && (!row->has_consent_time || consent->at_us <= old->at_us))
            import->result.n_opt_outs_kept++;
        else if (old && row->has_consent_time && consent->at_us < old->at_us)
            continue;
        else
            row->consents[n++] = *consent;
    }
    row->customer.n_consents = n;
}

static enum fl_status adapt_to_known(struct import *import, struct fl_error *err)
{
    struct fl_customer known;
    enum fl_status st;
    int64_t id;

    if (!import->has_customers ||
        (!import->row.customer.attributes && !import->row.customer.n_consents))
        return FL_OK;
    st = fl_store_customer_find(import->store, import->row.customer.external_id, &id, NULL);
    if (st == FL_NOT_FOUND)
        return FL_OK;
    if (!st)
        st = fl_store_customer_get(import->store, import->arena, id, &known, err);
    if (!st)
        st = merge_attributes(import, &known, err);
    if (!st)
        drop_outdated_consents(import, &known);
    return st;
}

static enum fl_status put_row(struct import *import, struct fl_error *err)
{
    enum fl_status st = adapt_to_known(import, err);
    enum fl_put put;
    int64_t id;

    if (!st)
        st = fl_store_customer_put(import->store, &import->row.customer, &put, &id, err);
    if (st == FL_REJECTED) { /* erased: only a person may decide to take them up again */
        fl_faults_add(import->faults, import->options->name, import->reader.row_line, "external_id",
                      import->row.customer.external_id, "%s", err ? err->text : "was erased");
        import->n_rejected++;
        return FL_OK;
    }
    if (st)
        return fl_error_prefix(err, st, "line %ld", import->reader.row_line);
    import->result.n_inserted += put == FL_PUT_INSERTED;
    import->result.n_updated += put == FL_PUT_UPDATED;
    import->result.n_unchanged += put == FL_PUT_UNCHANGED;
    return FL_OK;
}

static enum fl_status handle_row(struct import *import, struct fl_error *err)
{
    fl_arena_reset(import->arena);
    people_row_read(&import->row, &import->columns, &import->reader, import->options, import->arena,
                    import->faults);
    if (import->row.is_empty)
        return FL_OK;
    if (++import->result.n_rows > PEOPLE_ROWS_MAX)
        return fl_error_set(err, FL_LIMIT, "more than %d rows", PEOPLE_ROWS_MAX);
    if (!import->pass)
        return check_key(import, err);
    return has_changed(import) ? FL_CONFLICT : put_row(import, err);
}

/* Reads all rows behind the header. */
static enum fl_status read_rows(struct import *import, struct fl_error *err)
{
    enum fl_status st = FL_OK;

    import->result.n_rows = 0;
    while (!st) {
        struct fl_error fault = {0};

        st = people_reader_next(&import->reader, &fault);
        report_progress(import);
        if (st == FL_INVALID) {
            fl_faults_add(import->faults, import->options->name, import->reader.row_line, NULL,
                          NULL, "%s", fault.text);
            st = FL_OK;
        } else if (st == FL_OK)
            st = handle_row(import, err);
        else if (st != FL_NOT_FOUND)
            return fl_error_set(err, st, "%s", fault.text);
    }
    return st == FL_NOT_FOUND ? FL_OK : st;
}

static enum fl_status first_pass(struct import *import, struct fl_error *err)
{
    enum fl_status st = people_source_open(&import->source, import->fd, import->options->name,
                                           import->options->charset, import->faults, err);

    if (!st && !has_faults(import))
        st = read_header(import, err);
    if (!st && !has_faults(import))
        st = read_rows(import, err);
    return st;
}

static bool note_customer(void *ctx, const struct fl_customer *customer)
{
    (void)customer;
    *(bool *)ctx = true;
    return false;
}

static enum fl_status second_pass(struct import *import, struct fl_error *err)
{
    int64_t n_rows = import->result.n_rows;
    enum fl_status st =
        fl_store_customer_each(import->store, 0, 1, note_customer, &import->has_customers, err);

    if (st)
        return st;
    import->pass = 1;
    people_reader_close(&import->reader);
    st = read_header(import, err);
    if (!st && !has_faults(import))
        st = read_rows(import, err);
    if (has_changed(import) || (!st && import->result.n_rows != n_rows))
        return fl_error_set(err, FL_CONFLICT, "the file was changed while it was read");
    if (!st && has_faults(import))
        return fl_faults_status(import->faults, err);
    return st;
}

/* A dry run writes as well and takes it back: so its counts are the true ones. */
static enum fl_status write_all(struct import *import, struct fl_error *err)
{
    enum fl_status st = fl_store_begin(import->store, err);

    if (st)
        return st;
    st = second_pass(import, err);
    if (!st && !import->options->is_dry_run)
        return fl_store_commit(import->store, err);
    fl_store_rollback(import->store);
    return st;
}

static enum fl_status import_run(struct import *import, struct fl_error *err)
{
    enum fl_status st = first_pass(import, err);

    import->result.charset = import->source.charset;
    if (!st && has_faults(import))
        st = fl_faults_status(import->faults, err);
    if (!st)
        st = write_all(import, err);
    return st;
}

enum fl_status fl_people_import(struct fl_store *store, int fd,
                                const struct fl_import_options *options, struct fl_faults *faults,
                                struct fl_import_result *out, struct fl_error *err)
{
    FL_AUTO_FREE struct import *import = calloc(1, sizeof *import);
    enum fl_status st;

    if (!import)
        return fl_error_set(err, FL_IO, "out of memory");
    import->store = store;
    import->fd = fd;
    import->options = options;
    import->faults = faults;
    import->n_faults_before = faults->n_total;
    import->source.fd = -1;
    import->source.converter = (iconv_t)-1;
    import->names = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    import->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    people_keys_init(&import->keys);
    st = import->names && import->arena ? import_run(import, err)
                                        : fl_error_set(err, FL_IO, "out of memory");
    people_reader_close(&import->reader);
    people_source_close(&import->source);
    people_keys_finish(&import->keys);
    fl_arena_destroy(&import->arena);
    fl_arena_destroy(&import->names);
    if (!st)
        *out = import->result;
    return st;
}
