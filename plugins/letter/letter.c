/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The letter channel: descriptor, life cycle, deliver, and the helpers its files share. */
#include "letter/letter_private.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <string.h>

enum { REF_MAX = LETTER_JOB_NAME_MAX + 16, PREVIEW_DPI = 110 };

void letter_hex(char *out, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        g_snprintf(out + 2 * i, 3, "%02x", ((const unsigned char *)bytes)[i]);
}

void letter_sha256(const void *data, size_t len, char out_hex[65])
{
    unsigned char hash[EVP_MAX_MD_SIZE] = {0};

    EVP_Digest(data, len, hash, NULL, EVP_sha256(), NULL);
    letter_hex(out_hex, hash, 32);
}

/* --- deliver ----------------------------------------------------------------------------------*/

struct delivery {
    struct letter *self;
    const struct fl_item *const *items;
    size_t n_items;
    bool *is_settled; /* reported, or part of a job under way */
    bool is_unheard;  /* nobody listens: what is in a job is found there the next time */
    struct letter_ledger *ledger;
    struct fl_why *why;
};

static void report(struct delivery *in, struct fl_report *report)
{
    report->size = sizeof *report;
    in->is_settled[report->item] = true;
    if (!in->is_unheard)
        in->is_unheard = in->self->services->report(in->self->services->host, report) != 0;
}

static void report_refused(struct delivery *in, size_t item, enum fl_outcome outcome,
                           enum fl_fault_class fault, const char *detail)
{
    report(in, &(struct fl_report){
                   .item = (uint32_t)item, .outcome = outcome, .fault = fault, .detail = detail});
}

static void report_accepted(struct delivery *in, size_t item, const char *job, uint32_t line,
                            int sheets)
{
    const struct letter_settings *set = &in->self->set;
    int64_t cost = letter_cost_micro(set, letter_weight_mg(set, sheets));
    char ref[REF_MAX];

    g_snprintf(ref, sizeof ref, "%s/%u", job, line);
    report(in, &(struct fl_report){.item = (uint32_t)item,
                                   .outcome = FL_OUTCOME_ACCEPTED,
                                   .provider_ref = ref,
                                   .cost_micro = MAX(cost, 0),
                                   .currency = set->currency[0] ? set->currency : NULL,
                                   .units = sheets});
}

/* Is this letter in a job already?  False in *out also when a job was begun and never stood. */
static enum fl_call look_back(const struct delivery *in, const struct fl_item *item,
                              struct letter_past *past, bool *out)
{
    struct letter_place *jobs = in->self->jobs;
    enum fl_call call = FL_CALL_OK;

    *out = false;
    while (letter_ledger_find(in->ledger, item->message_id, past)) {
        if (!past->is_done) {
            call = jobs->ops->has(jobs, past->job, &past->is_done, in->why);
            if (call != FL_CALL_OK)
                return call;
            if (!past->is_done)
                jobs->ops->forget(jobs, past->job);
            letter_ledger_settle(in->ledger, past->job, past->is_done);
        }
        *out = past->is_done;
        if (past->is_done)
            return FL_CALL_OK;
    }
    return call;
}

/* False: reported, it goes nowhere. */
static bool entry_create(struct delivery *in, size_t i, struct letter_entry *out)
{
    const struct letter_settings *set = &in->self->set;
    struct letter_entry entry = {.item = (uint32_t)i, .from = in->items[i]};
    char why[256];

    if (!letter_address_parse(entry.from->to_address, &entry.address, why, sizeof why)) {
        report_refused(in, i, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS, why);
        return false;
    }
    if (letter_page_create(set, entry.from, &entry.address, &entry.page, why, sizeof why)) {
        entry.pages = (int)letter_page_count(entry.page);
        entry.sheets = set->is_duplex ? (entry.pages + 1) / 2 : entry.pages;
        entry.weight_mg = letter_weight_mg(set, entry.sheets);
        entry.cost_micro = letter_cost_micro(set, entry.weight_mg);
        if (letter_entry_check(set, &entry, why, sizeof why)) {
            *out = entry;
            return true;
        }
    }
    report_refused(in, i, FL_OUTCOME_FAILED, FL_FAULT_CONTENT, why);
    letter_entry_clear(&entry);
    return false;
}

/* All letters of one campaign that are not in a job yet. */
static enum fl_call gather(struct delivery *in, size_t from, struct letter_job *job)
{
    job->campaign = in->items[from]->campaign;
    job->entries = g_new0(struct letter_entry, in->n_items);
    for (size_t i = from; i < in->n_items && !in->is_unheard; i++) {
        struct letter_past past;
        bool is_past;
        enum fl_call call;

        if (in->is_settled[i] || strcmp(in->items[i]->campaign, job->campaign) != 0)
            continue;
        call = look_back(in, in->items[i], &past, &is_past);
        if (call != FL_CALL_OK)
            return call;
        if (is_past)
            report_accepted(in, i, past.job, past.line, past.sheets);
        else if (entry_create(in, i, &job->entries[job->n_entries]))
            in->is_settled[job->entries[job->n_entries++].item] = true;
    }
    return FL_CALL_OK;
}

/* From here on the letters may be with the print house. */
static bool begin_all(const struct delivery *in, const struct letter_job *job)
{
    const struct fl_services *services = in->self->services;

    if (!FL_HAS(services, begin) || !services->begin)
        return true;
    for (size_t i = 0; i < job->n_entries; i++) {
        if (services->begin(services->host, job->entries[i].item) != 0)
            return false;
    }
    return true;
}

static enum fl_call publish(const struct delivery *in, struct letter_job *job)
{
    struct letter *self = in->self;
    enum fl_call call;

    letter_job_arrange(&self->set, job);
    if (!letter_job_build(&self->set, job, in->why->text, sizeof in->why->text)) {
        in->why->fault = FL_FAULT_OUR_SIDE;
        return FL_CALL_FAILED;
    }
    if (self->services->is_stopping(self->services->host))
        return plug_why(in->why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "the gateway is stopping");
    if (!begin_all(in, job) || !letter_ledger_put(in->ledger, job, false))
        return plug_why(in->why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE,
                        "job \"%s\" could not be written down before it is sent", job->name);
    call = self->jobs->ops->publish(self->jobs, job, in->why);
    if (call == FL_CALL_OK)
        letter_ledger_settle(in->ledger, job->name, true);
    return call;
}

static enum fl_call deliver_campaign(struct delivery *in, size_t from)
{
    struct letter_job job = {0};
    enum fl_call call = gather(in, from, &job);

    if (call == FL_CALL_OK && job.n_entries && !in->is_unheard) {
        call = publish(in, &job);
        for (size_t i = 0; call == FL_CALL_OK && i < job.n_entries; i++)
            report_accepted(in, job.entries[i].item, job.name, job.entries[i].line,
                            job.entries[i].sheets);
        for (size_t i = 0; call == FL_CALL_FAILED && i < job.n_entries; i++)
            report_refused(in, job.entries[i].item, FL_OUTCOME_FAILED, in->why->fault,
                           in->why->text);
        if (call == FL_CALL_OK)
            letter_log(in->self, FL_LEVEL_INFO, "job \"%s\": %zu letters in %zu bags", job.name,
                       job.n_entries, job.n_bags);
        if (call == FL_CALL_FAILED) {
            letter_log(in->self, FL_LEVEL_ERROR, "%s", in->why->text);
            call = FL_CALL_OK; /* every item has its report */
        }
    }
    letter_job_clear(&job);
    return call;
}

static enum fl_call channel_deliver(void *arg, const struct fl_item *const *items, size_t n_items,
                                    struct fl_why *why)
{
    struct letter *self = arg;
    struct delivery in = {.self = self, .items = items, .n_items = n_items, .why = why};
    enum fl_call call = FL_CALL_OK;

    in.is_settled = g_new0(bool, n_items ? n_items : 1);
    in.ledger = letter_ledger_load(self->services);
    for (size_t i = 0; i < n_items && call == FL_CALL_OK && !in.is_unheard; i++) {
        if (!in.is_settled[i])
            call = deliver_campaign(&in, i);
    }
    letter_ledger_free(&in.ledger);
    g_free(in.is_settled);
    return call;
}

/* --- preview ----------------------------------------------------------------------------------*/

typedef void part_fn(void *ctx, const struct fl_part *part);

static void hand_over(GByteArray *data, const char *type, part_fn *part, void *ctx)
{
    part(ctx, &(struct fl_part){.size = sizeof(struct fl_part),
                                .type = type,
                                .data = data->data,
                                .data_len = data->len});
    g_byte_array_unref(data);
}

static bool preview_pdf(const struct letter_page *page, const struct letter_sheet *sheet,
                        part_fn *part, void *ctx, struct fl_why *why)
{
    struct letter_pdf *pdf = letter_pdf_create(sheet->width, sheet->height, "letter");
    GByteArray *data;

    for (size_t i = 0; i < letter_page_count(page); i++) {
        letter_page_draw(page, i, letter_pdf_cairo(pdf));
        cairo_show_page(letter_pdf_cairo(pdf));
    }
    data = letter_pdf_finish(&pdf, why->text, sizeof why->text);
    if (data)
        hand_over(data, "application/pdf", part, ctx);
    return data != NULL;
}

static bool preview_pictures(const struct letter_page *page, const struct letter_sheet *sheet,
                             part_fn *part, void *ctx, struct fl_why *why)
{
    for (size_t i = 0; i < letter_page_count(page); i++) {
        GByteArray *data = letter_png(page, i, sheet->width, sheet->height, PREVIEW_DPI);

        if (!data) {
            g_strlcpy(why->text, "could not make a picture", sizeof why->text);
            return false;
        }
        hand_over(data, "image/png", part, ctx);
    }
    return true;
}

static enum fl_call channel_preview(const struct fl_option *options, size_t n_options,
                                    const struct fl_item *item, int wants_picture, part_fn *part,
                                    void *ctx, struct fl_why *why)
{
    GStringChunk *strings = g_string_chunk_new(1024);
    struct letter_settings set;
    struct letter_address address = {0};
    struct letter_page *page = NULL;
    struct letter_sheet sheet;
    enum fl_call call = letter_settings_read(options, n_options, strings, &set, why);

    if (call == FL_CALL_OK) {
        letter_sheet_of(&set, &sheet);
        why->fault = FL_FAULT_CONTENT;
        if (!letter_address_parse(item->to_address, &address, why->text, sizeof why->text) ||
            !letter_page_create(&set, item, &address, &page, why->text, sizeof why->text) ||
            !(wants_picture ? preview_pictures : preview_pdf)(page, &sheet, part, ctx, why))
            call = FL_CALL_FAILED;
    }
    letter_page_destroy(&page);
    letter_address_clear(&address);
    g_string_chunk_free(strings);
    return call;
}

/* --- life -------------------------------------------------------------------------------------*/

static enum fl_call channel_check(const struct fl_option *options, size_t n_options,
                                  struct fl_why *why)
{
    GStringChunk *strings = g_string_chunk_new(1024);
    struct letter_settings set;
    enum fl_call call = letter_settings_read(options, n_options, strings, &set, why);

    g_string_chunk_free(strings);
    return call;
}

static void channel_close(void *arg)
{
    struct letter *self = arg;

    if (self->jobs)
        self->jobs->ops->destroy(self->jobs);
    if (self->returns)
        self->returns->ops->destroy(self->returns);
    g_string_chunk_free(self->strings);
    g_free(self);
}

static enum fl_call places_open(struct letter *self, struct fl_why *why)
{
    const struct letter_settings *set = &self->set;

    if (set->sftp || set->returns_remote)
        curl_global_init(CURL_GLOBAL_DEFAULT);
    self->jobs = set->directory ? letter_folder_create(set->directory)
                                : letter_sftp_create(set, set->sftp, why);
    if (!self->jobs)
        return FL_CALL_FAILED;
    if (set->returns)
        self->returns = letter_folder_create(set->returns);
    if (set->returns_remote)
        self->returns = letter_sftp_create(set, set->returns_remote, why);
    return set->returns_remote && !self->returns ? FL_CALL_FAILED : FL_CALL_OK;
}

static enum fl_call channel_open(const struct fl_option *options, size_t n_options,
                                 const struct fl_services *services, void **out_self,
                                 struct fl_why *why)
{
    struct letter *self = g_new0(struct letter, 1);
    enum fl_call call;

    self->services = services;
    self->strings = g_string_chunk_new(1024);
    call = letter_settings_read(options, n_options, self->strings, &self->set, why);
    if (call == FL_CALL_OK)
        call = places_open(self, why);
    if (call != FL_CALL_OK) {
        channel_close(self);
        return call;
    }
    *out_self = self;
    return FL_CALL_OK;
}

static enum fl_call channel_collect(void *arg, struct fl_why *why)
{
    struct letter *self = arg;

    return self->returns ? letter_collect(self, why) : FL_CALL_OK;
}

static size_t channel_poll_fds(void *arg, int *fds, size_t max_fds, int *timeout_ms)
{
    struct letter *self = arg;

    (void)fds;
    (void)max_fds;
    *timeout_ms = self->returns ? self->set.poll_ms : -1;
    return 0;
}

static enum fl_call channel_health(void *arg, struct fl_why *why)
{
    struct letter *self = arg;
    enum fl_call call = self->jobs->ops->health(self->jobs, why);

    if (call == FL_CALL_OK && self->returns)
        call = self->returns->ops->health(self->returns, why);
    return call;
}

static const struct fl_limits channel_limits = {
    .size = sizeof(struct fl_limits),
    .batch_max = LETTER_BATCH_MAX,
    .text_max = PAPER_TEXT_MAX,
    .call_timeout_s = LETTER_CALL_TIMEOUT_S,
};

static const struct fl_channel_v1 channel = {
    .magic = FL_CHANNEL_MAGIC,
    .abi_major = FL_CHANNEL_ABI_MAJOR,
    .abi_minor = FL_CHANNEL_ABI_MINOR,
    .size = sizeof(struct fl_channel_v1),
    .name = "letter",
    .version = LETTER_VERSION,
    .summary = "letters for a print house, to a folder or by SFTP; returned letters and cards",
    .medium = "letter",
    .capabilities = FL_CAN_DELIVER | FL_CAN_COLLECT | FL_CAN_RECEIPTS | FL_CAN_HEALTH | FL_DEDUPES |
                    FL_CAN_PREVIEW | FL_WANTS_MARKDOWN | FL_BEGINS,
    .limits = &channel_limits,
    .options = letter_option_specs,
    .check = channel_check,
    .open = channel_open,
    .deliver = channel_deliver,
    .collect = channel_collect,
    .poll_fds = channel_poll_fds,
    .health = channel_health,
    .close = channel_close,
    .preview = channel_preview,
};

const struct fl_channel_v1 *fairline_channel_v1(void)
{
    return &channel;
}
