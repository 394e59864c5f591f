/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A batch to a job: sorted, put into bags, its files and manifest.  No clock, no chance: the same
 * letters give the same bytes. */
#include "letter/letter_private.h"

#include <jansson.h>
#include <string.h>

enum { SLUG_MAX = 40, ID_BYTES = 6, NUMBER_MAX = 24, AREA_DIGITS = 2 };

static const double LABEL_WIDTH = 148 * 72 / 25.4; /* A6 across */
static const double LABEL_HEIGHT = 105 * 72 / 25.4;

const char *const letter_file_names[LETTER_FILES_MAX] = {
    "letters.pdf", "addresses.csv", "addresses.txt", "labels.pdf", "manifest.json"};

/* --- order ------------------------------------------------------------------------------------*/

static int entry_compare(gconstpointer left, gconstpointer right, gpointer home)
{
    const struct letter_entry *a = left, *b = right;
    const char *from = home;
    int order = (strcmp(a->address.country, from) != 0) - (strcmp(b->address.country, from) != 0);

    if (!order)
        order = strcmp(a->address.country, b->address.country);
    if (!order)
        order = strcmp(a->address.postcode, b->address.postcode);
    if (!order)
        order = strcmp(a->address.lines[0], b->address.lines[0]);
    if (!order)
        order = (a->from->message_id > b->from->message_id) -
                (a->from->message_id < b->from->message_id);
    return order;
}

static int id_compare(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

/* The campaign as a name of a folder, and what tells this batch from others of it. */
static void name_job(struct letter_job *job)
{
    char slug[SLUG_MAX + 1], hex[65];
    size_t n = 0;
    GByteArray *ids = g_byte_array_new();
    int64_t *sorted = g_new(int64_t, job->n_entries);

    for (const char *p = job->campaign; *p && n < SLUG_MAX; p++) {
        if (g_ascii_isalnum(*p))
            slug[n++] = g_ascii_tolower(*p);
        else if (n && slug[n - 1] != '-')
            slug[n++] = '-';
    }
    while (n && slug[n - 1] == '-')
        n--;
    slug[n] = '\0';
    for (size_t i = 0; i < job->n_entries; i++)
        sorted[i] = job->entries[i].from->message_id;
    qsort(sorted, job->n_entries, sizeof *sorted, id_compare);
    for (size_t i = 0; i < job->n_entries; i++) {
        int64_t id = GINT64_TO_LE(sorted[i]);

        g_byte_array_append(ids, (const guint8 *)&id, sizeof id);
    }
    letter_sha256(ids->data, ids->len, hex);
    g_snprintf(job->name, sizeof job->name, "%s-%.*s", n ? slug : "letters", 2 * ID_BYTES, hex);
    g_byte_array_unref(ids);
    g_free(sorted);
}

void letter_job_arrange(const struct letter_settings *set, struct letter_job *job)
{
    uint32_t bag = 0, in_bag = 0;
    int page = 1;

    g_qsort_with_data(job->entries, (gint)job->n_entries, sizeof *job->entries, entry_compare,
                      (gpointer)set->home);
    for (size_t i = 0; i < job->n_entries; i++) {
        struct letter_entry *entry = &job->entries[i];
        bool is_new_country =
            i == 0 || strcmp(job->entries[i - 1].address.country, entry->address.country) != 0;

        if (is_new_country || in_bag == set->bag_size) {
            bag++;
            in_bag = 0;
        }
        in_bag++;
        entry->bag = bag;
        entry->line = (uint32_t)i + 1;
        entry->first_page = page;
        page += set->is_duplex ? 2 * entry->sheets : entry->pages;
    }
    job->n_bags = bag;
    name_job(job);
}

/* --- files ------------------------------------------------------------------------------------*/

struct row {
    const char *fields[LETTER_FIELDS];
    char numbers[LETTER_FIELDS][NUMBER_MAX];
};

static void put_number(struct row *row, enum letter_field field, int64_t value)
{
    g_snprintf(row->numbers[field], NUMBER_MAX, "%" G_GINT64_FORMAT, value);
    row->fields[field] = row->numbers[field];
}

static void row_of(const struct letter_entry *entry, struct row *row)
{
    *row = (struct row){0};
    put_number(row, LETTER_F_LINE, entry->line);
    put_number(row, LETTER_F_BAG, entry->bag);
    put_number(row, LETTER_F_FIRST_PAGE, entry->first_page);
    put_number(row, LETTER_F_PAGES, entry->pages);
    put_number(row, LETTER_F_SHEETS, entry->sheets);
    g_snprintf(row->numbers[LETTER_F_WEIGHT_G], NUMBER_MAX, "%.1f",
               (double)entry->weight_mg / 1000);
    row->fields[LETTER_F_WEIGHT_G] = row->numbers[LETTER_F_WEIGHT_G];
    row->fields[LETTER_F_CODE] = FL_HAS(entry->from, token_card) ? entry->from->token_card : "";
    row->fields[LETTER_F_NAME] = entry->from->to_name;
    row->fields[LETTER_F_POSTCODE] = entry->address.postcode;
    row->fields[LETTER_F_COUNTRY] = entry->address.country;
    row->fields[LETTER_F_LANGUAGE] = entry->from->language;
    for (size_t i = 0; i < entry->address.n_lines; i++)
        row->fields[(size_t)LETTER_F_LINE1 + i] = entry->address.lines[i];
}

bool letter_entry_check(const struct letter_settings *set, const struct letter_entry *entry,
                        char *why, size_t why_size)
{
    struct row row;
    GString *scratch;
    bool ok = true;

    if (entry->cost_micro < 0) {
        g_snprintf(why, (gulong)why_size,
                   "the letter weighs %.1f g, the last of weight_steps is "
                   "%.1f g",
                   (double)entry->weight_mg / 1000,
                   (double)set->steps[set->n_steps - 1].up_to_mg / 1000);
        return false;
    }
    if (!set->has_fixed)
        return true;
    scratch = g_string_new(NULL);
    row_of(entry, &row);
    ok = letter_fixed_row(set, scratch, row.fields, why, why_size);
    g_string_free(scratch, TRUE);
    return ok;
}

static void add_file(struct letter_job *job, const char *name, GByteArray *data)
{
    job->files[job->n_files++] = (struct letter_file){name, data};
}

static GByteArray *bytes_of(GString *text)
{
    gsize len = text->len;

    return g_byte_array_new_take((guint8 *)g_string_free(text, FALSE), len);
}

static void build_csv(const struct letter_settings *set, struct letter_job *job)
{
    GString *out = g_string_new(set->has_bom ? "\xef\xbb\xbf" : "");
    struct row row;

    letter_csv_row(out, letter_field_names);
    for (size_t i = 0; i < job->n_entries; i++) {
        row_of(&job->entries[i], &row);
        letter_csv_row(out, row.fields);
    }
    add_file(job, "addresses.csv", bytes_of(out));
}

static bool build_fixed(const struct letter_settings *set, struct letter_job *job, char *why,
                        size_t why_size)
{
    GString *out = g_string_new(NULL);
    struct row row;

    for (size_t i = 0; i < job->n_entries; i++) {
        row_of(&job->entries[i], &row);
        if (!letter_fixed_row(set, out, row.fields, why, why_size)) {
            g_string_free(out, TRUE);
            return false;
        }
    }
    add_file(job, "addresses.txt", bytes_of(out));
    return true;
}

static bool build_letters(const struct letter_settings *set, struct letter_job *job, char *why,
                          size_t why_size)
{
    struct letter_sheet sheet;
    struct letter_pdf *pdf;
    GByteArray *data;

    letter_sheet_of(set, &sheet);
    pdf = letter_pdf_create(sheet.width, sheet.height, job->name);
    for (size_t i = 0; i < job->n_entries; i++) {
        const struct letter_entry *entry = &job->entries[i];

        for (int page = 0; page < entry->pages; page++) {
            letter_page_draw(entry->page, (size_t)page, letter_pdf_cairo(pdf));
            cairo_show_page(letter_pdf_cairo(pdf));
        }
        if (set->is_duplex && entry->pages % 2)
            cairo_show_page(letter_pdf_cairo(pdf));
    }
    data = letter_pdf_finish(&pdf, why, why_size);
    if (data)
        add_file(job, "letters.pdf", data);
    return data != NULL;
}

/* --- bags -------------------------------------------------------------------------------------*/

struct bag {
    const struct letter_entry *first, *last;
    size_t n_letters;
    int64_t sheets, weight_mg;
};

/* The bag that begins with entry `i`; returns the index behind it. */
static size_t bag_of(const struct letter_job *job, size_t i, struct bag *out)
{
    uint32_t number = job->entries[i].bag;

    *out = (struct bag){.first = &job->entries[i]};
    for (; i < job->n_entries && job->entries[i].bag == number; i++) {
        out->last = &job->entries[i];
        out->n_letters++;
        out->sheets += job->entries[i].sheets;
        out->weight_mg += job->entries[i].weight_mg;
    }
    return i;
}

static void bag_id(const struct letter_job *job, const struct bag *bag, char out[96])
{
    g_snprintf(out, 96, "%s-b%03u", job->name, bag->first->bag);
}

static void draw_label(const struct letter_settings *set, const struct letter_job *job,
                       const struct bag *bag, cairo_t *cairo)
{
    const struct paper_style style = {.width = LABEL_WIDTH,
                                      .height = LABEL_HEIGHT,
                                      .font = set->font,
                                      .size = 12,
                                      .language = ""};
    const char *first = bag->first->address.postcode, *last = bag->last->address.postcode;
    double x = 28, y = 24, side = 96;
    char id[96], *text;

    bag_id(job, bag, id);
    paper_qr(cairo, id, LABEL_WIDTH - side - 20, 20, side);
    y += paper_text(cairo, &style, set->sender_name, 11, true, x, y, LABEL_WIDTH - side - 60);
    text = g_strdup_printf("%u / %zu", bag->first->bag, job->n_bags);
    y += paper_text(cairo, &style, text, 40, true, x, y + 6, 0) + 10;
    g_free(text);
    text = g_strdup_printf("%s  %s%s%s", bag->first->address.country, first,
                           strcmp(first, last) ? " – " : "", strcmp(first, last) ? last : "");
    y += paper_text(cairo, &style, text, 22, true, x, y, LABEL_WIDTH - 2 * x) + 6;
    g_free(text);
    text = g_strdup_printf("lines %u–%u   letters %zu   sheets %" G_GINT64_FORMAT "   %.2f kg",
                           bag->first->line, bag->last->line, bag->n_letters, bag->sheets,
                           (double)bag->weight_mg / 1e6);
    y += paper_text(cairo, &style, text, 11, false, x, y, LABEL_WIDTH - 2 * x) + 4;
    g_free(text);
    paper_text(cairo, &style, id, 9, false, x, y, LABEL_WIDTH - 2 * x);
    cairo_show_page(cairo);
}

static bool build_labels(const struct letter_settings *set, struct letter_job *job, char *why,
                         size_t why_size)
{
    struct letter_pdf *pdf = letter_pdf_create(LABEL_WIDTH, LABEL_HEIGHT, job->name);
    struct bag bag;
    GByteArray *data;

    for (size_t i = 0; i < job->n_entries;) {
        i = bag_of(job, i, &bag);
        draw_label(set, job, &bag, letter_pdf_cairo(pdf));
    }
    data = letter_pdf_finish(&pdf, why, why_size);
    if (data)
        add_file(job, "labels.pdf", data);
    return data != NULL;
}

/* --- manifest ---------------------------------------------------------------------------------*/

static json_t *manifest_files(const struct letter_job *job)
{
    json_t *files = json_array();
    char hex[65];

    for (size_t i = 0; i < job->n_files; i++) {
        const struct letter_file *file = &job->files[i];

        letter_sha256(file->data->data, file->data->len, hex);
        json_array_append_new(files, json_pack("{s:s, s:I, s:s}", "name", file->name, "bytes",
                                               (json_int_t)file->data->len, "sha256", hex));
    }
    return files;
}

static json_t *manifest_bags(const struct letter_job *job)
{
    json_t *bags = json_array();
    struct bag bag;
    char id[96];

    for (size_t i = 0; i < job->n_entries;) {
        i = bag_of(job, i, &bag);
        bag_id(job, &bag, id);
        json_array_append_new(
            bags,
            json_pack("{s:s, s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:f}", "id", id, "bag",
                      (json_int_t)bag.first->bag, "country", bag.first->address.country,
                      "first_postcode", bag.first->address.postcode, "last_postcode",
                      bag.last->address.postcode, "first_line", (json_int_t)bag.first->line,
                      "last_line", (json_int_t)bag.last->line, "letters", (json_int_t)bag.n_letters,
                      "sheets", (json_int_t)bag.sheets, "weight_g", (double)bag.weight_mg / 1000));
    }
    return bags;
}

static bool is_same_area(const struct letter_entry *a, const struct letter_entry *b)
{
    return strcmp(a->address.country, b->address.country) == 0 &&
           strncmp(a->address.postcode, b->address.postcode, AREA_DIGITS) == 0;
}

/* How many go where: by country and the first digits of the postcode. */
static json_t *manifest_areas(const struct letter_job *job)
{
    json_t *areas = json_array();

    for (size_t i = 0; i < job->n_entries;) {
        const struct letter_entry *first = &job->entries[i];
        size_t n = 0;
        char area[AREA_DIGITS + 1];

        for (; i < job->n_entries && is_same_area(first, &job->entries[i]); i++)
            n++;
        g_strlcpy(area, first->address.postcode, sizeof area);
        json_array_append_new(areas, json_pack("{s:s, s:s, s:I, s:I}", "country",
                                               first->address.country, "area", area, "first_line",
                                               (json_int_t)first->line, "letters", (json_int_t)n));
    }
    return areas;
}

static json_t *manifest_counts(const struct letter_settings *set, const struct letter_job *job)
{
    int64_t pages = 0, sheets = 0, weight = 0, cost = 0;

    for (size_t i = 0; i < job->n_entries; i++) {
        pages += job->entries[i].pages;
        sheets += job->entries[i].sheets;
        weight += job->entries[i].weight_mg;
        cost += job->entries[i].cost_micro;
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:f, s:f, s:s}", "letters", (json_int_t)job->n_entries,
                     "bags", (json_int_t)job->n_bags, "pages", (json_int_t)pages, "sheets",
                     (json_int_t)sheets, "weight_g", (double)weight / 1000, "postage",
                     (double)cost / 1e6, "currency", set->currency);
}

static bool build_manifest(const struct letter_settings *set, struct letter_job *job, char *why,
                           size_t why_size)
{
    static const char *const layouts[] = {"kr", "us", "de"};
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o}", "format", "fairline letters 1",
        "plugin", "letter " LETTER_VERSION, "job", job->name, "campaign", job->campaign, "layout",
        layouts[set->layout], "sheet", set->sheet == LETTER_A4 ? "a4" : "letter", "duplex",
        set->is_duplex, "counts", manifest_counts(set, job), "files", manifest_files(job), "areas",
        manifest_areas(job), "bags", manifest_bags(job));
    char *text = root ? json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) : NULL;

    json_decref(root);
    if (!text) {
        g_snprintf(why, (gulong)why_size,
                   "could not make the manifest: campaign \"%.60s\" is no "
                   "UTF-8",
                   job->campaign);
        return false;
    }
    add_file(job, "manifest.json", bytes_of(g_string_append_c(g_string_new(text), '\n')));
    free(text);
    return true;
}

bool letter_job_build(const struct letter_settings *set, struct letter_job *job, char *why,
                      size_t why_size)
{
    if (!build_letters(set, job, why, why_size))
        return false;
    if (set->has_csv)
        build_csv(set, job);
    if (set->has_fixed && !build_fixed(set, job, why, why_size))
        return false;
    return build_labels(set, job, why, why_size) && build_manifest(set, job, why, why_size);
}

void letter_entry_clear(struct letter_entry *entry)
{
    letter_page_destroy(&entry->page);
    letter_address_clear(&entry->address);
}

void letter_job_clear(struct letter_job *job)
{
    for (size_t i = 0; i < job->n_entries; i++)
        letter_entry_clear(&job->entries[i]);
    for (size_t i = 0; i < job->n_files; i++)
        g_byte_array_unref(job->files[i].data);
    g_free(job->entries);
    *job = (struct letter_job){0};
}

bool letter_same_job(const struct letter_job *job, const GByteArray *manifest)
{
    const GByteArray *own = job->files[job->n_files - 1].data;

    return own->len == manifest->len && memcmp(own->data, manifest->data, own->len) == 0;
}
