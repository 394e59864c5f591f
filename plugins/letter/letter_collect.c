/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that came back: handed over, committed, and only then put aside. */
#include "letter/letter_private.h"

#include <string.h>

enum { HASH_SHOWN = 32, REJECTED_MAX = 4 << 20 };

/* One file. */
struct file {
    struct letter *self;
    const char *name;
    int64_t changed_us;
    char hash[65];
    const GByteArray *data;
    GString *rejected;
    size_t n_good, n_bad;
    bool is_refused; /* the host takes nothing more */
};

static void reject(struct file *file, size_t line, const char *raw, const char *why)
{
    file->n_bad++;
    if (file->rejected->len < REJECTED_MAX)
        g_string_append_printf(file->rejected, "%s:%zu: %s: %s\n", file->name, line, why, raw);
}

/* --- returned letters -------------------------------------------------------------------------*/

static bool on_return(void *ctx, const struct letter_return *row)
{
    struct file *file = ctx;
    const struct fl_services *services = file->self->services;
    char key[LETTER_TOKEN_LEN + HASH_SHOWN + 16];
    struct fl_receipt receipt = {
        .size = sizeof receipt,
        .kind = FL_RECEIPT_OUTCOME,
        .dedupe_key = key,
        .token = row->token,
        .report = {.size = sizeof receipt.report,
                   .outcome = FL_OUTCOME_BOUNCED,
                   .fault = row->fault,
                   .detail = row->reason[0] ? row->reason : "returned letter"},
        .at_us = row->at_us ? row->at_us : file->changed_us,
        .is_authenticated = 1,
    };

    g_snprintf(key, sizeof key, "return:%s:%.*s", row->token, HASH_SHOWN, file->hash);
    file->is_refused = services->receipt(services->host, &receipt) != 0;
    file->n_good += !file->is_refused;
    return !file->is_refused;
}

static void on_bad(void *ctx, size_t line, const char *raw, const char *why)
{
    reject(ctx, line, raw, why);
}

static void take_returns(struct file *file)
{
    const struct letter_returns_sink sink = {on_return, on_bad, file};

    (void)letter_returns_parse((const char *)file->data->data, file->data->len, &sink);
}

/* --- scanned cards ----------------------------------------------------------------------------*/

/* One card: what was read off it, and the page it stands on. */
static bool hand_over(struct file *file, const GByteArray *png, size_t page, size_t nth,
                      const struct form_reading *reading)
{
    const struct fl_services *services = file->self->services;
    const struct fl_part part = {.size = sizeof part,
                                 .type = "image/png",
                                 .name = "card.png",
                                 .data = png->data,
                                 .data_len = png->len};
    const struct fl_part *const parts[] = {&part};
    char key[HASH_SHOWN + 64];
    char *form = reading ? form_reading_json(reading) : NULL;
    struct fl_inbound inbound = {
        .size = sizeof inbound,
        .kind = FL_INBOUND_IMAGE,
        .dedupe_key = key,
        .content_type = part.type,
        .data = part.data,
        .data_len = part.data_len,
        .received_us = file->changed_us,
        .is_authenticated = 1,
        .form = form,
        .attachments = parts,
        .n_attachments = 1,
    };

    g_snprintf(key, sizeof key, "card:%.*s:%zu.%zu", HASH_SHOWN, file->hash, page, nth);
    file->is_refused = services->inbound(services->host, &inbound) != 0;
    file->n_good += !file->is_refused;
    free(form);
    return !file->is_refused;
}

/* A page with no code of ours goes to a person: it is handed over as it is. */
static bool on_page(void *ctx, const struct letter_scan *scan, size_t index)
{
    struct file *file = ctx;
    struct form_reading *readings = g_new0(struct form_reading, FORM_CODES_MAX);
    size_t n = form_read(&scan->image, readings, FORM_CODES_MAX), handed = 0;
    GByteArray *png = letter_scan_png(scan);
    bool ok = png != NULL;

    for (size_t i = 0; ok && i < n; i++) {
        /* The code for returned letters says the same token and no marks. */
        if (!readings[i].has_layout && n > 1)
            continue;
        ok = hand_over(file, png, index, handed++, &readings[i]);
    }
    if (ok && !handed)
        ok = hand_over(file, png, index, 0, n ? &readings[0] : NULL);
    if (!png)
        reject(file, index + 1, "", "the page could not be kept as a picture");
    if (png)
        g_byte_array_unref(png);
    g_free(readings);
    return ok || !file->is_refused;
}

static void take_scan(struct file *file)
{
    char why[200] = "";

    if (!letter_scan_read(file->data->data, file->data->len, on_page, file, why, sizeof why) &&
        !file->is_refused)
        reject(file, file->n_good + 1, "", why);
}

/* --- files ------------------------------------------------------------------------------------*/

static bool is_other_document(const GByteArray *data)
{
    return (data->len > 4 && memcmp(data->data, "%PDF", 4) == 0) ||
           (data->len > 3 && memcmp(data->data, "\xff\xd8\xff", 3) == 0) ||
           (data->len > 4 && memcmp(data->data, "PK\3\4", 4) == 0);
}

static void file_take(struct file *file)
{
    letter_sha256(file->data->data, file->data->len, file->hash);
    if (letter_is_scan(file->data->data, file->data->len))
        take_scan(file);
    else if (is_other_document(file->data))
        reject(file, 1, "", "PDF, JPEG and spreadsheets are not read, expected CSV, TIFF or PNG");
    else
        take_returns(file);
}

static bool is_complete(const struct letter *self, const struct letter_came *came)
{
    int64_t now = self->services->now_us(self->services->host);

    return came->is_marked || (came->changed_us && came->changed_us + self->set.settle_us <= now);
}

static enum fl_call file_finish(struct file *file, struct fl_why *why)
{
    struct letter *self = file->self;

    if (file->is_refused || self->services->commit(self->services->host) != 0)
        return plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE,
                        "\"%s\" could not be handed over; it stays where it is", file->name);
    if (file->n_bad)
        letter_log(self, FL_LEVEL_WARN,
                   "%zu faults, kept beside the file as .rejected, first: %.*s", file->n_bad,
                   (int)strcspn(file->rejected->str, "\n"), file->rejected->str);
    letter_log(self, FL_LEVEL_INFO, "\"%s\": %zu taken, %zu rejected", file->name, file->n_good,
               file->n_bad);
    return self->returns->ops->done(self->returns, file->name, file->rejected, why);
}

static enum fl_call take(struct letter *self, const struct letter_came *came, struct fl_why *why)
{
    GByteArray *data = g_byte_array_new();
    struct file file = {.self = self,
                        .name = came->name,
                        .changed_us = came->changed_us,
                        .data = data,
                        .rejected = g_string_new(NULL)};
    enum fl_call call =
        self->returns->ops->read(self->returns, came->name, self->set.max_size, data, why);

    if (call == FL_CALL_FAILED) {
        letter_log(self, FL_LEVEL_WARN, "%s; it stays where it is", why->text);
        call = FL_CALL_OK;
    } else if (call == FL_CALL_OK) {
        file_take(&file);
        call = file_finish(&file, why);
    }
    g_string_free(file.rejected, TRUE);
    g_byte_array_unref(data);
    return call;
}

enum fl_call letter_collect(struct letter *self, struct fl_why *why)
{
    GArray *came = g_array_new(FALSE, FALSE, sizeof(struct letter_came));
    enum fl_call call = self->returns->ops->list(self->returns, came, why);
    size_t taken = 0;

    for (guint i = 0; call == FL_CALL_OK && i < came->len && taken < LETTER_COLLECT_PORTION; i++) {
        const struct letter_came *one = &g_array_index(came, struct letter_came, i);

        if (self->services->is_stopping(self->services->host))
            break;
        if (!is_complete(self, one))
            continue;
        call = take(self, one, why);
        taken++;
    }
    letter_came_free(came);
    return call;
}
