/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The letter channel: what its files share.
 *
 *   letter.c          descriptor, life cycle, deliver
 *   letter_options.c  options to settings, with every check that needs no network
 *   letter_postage.c  weight steps
 *   letter_address.c  postal addresses: checked, and as they stand in a window
 *   letter_sheet.c    where things stand on a sheet, by layout
 *   letter_page.c     one letter: laid out, drawn
 *   letter_pdf.c      letters, bag labels and previews as files
 *   letter_table.c    the address file: CSV, fixed width
 *   letter_job.c      a batch to a job: sorted, put into bags, its files and manifest
 *   letter_ledger.c   which letters are in which job, remembered over crashes
 *   letter_folder.c   jobs and returned files in folders of this machine
 *   letter_sftp.c     the same on an SFTP server, by libcurl
 *   letter_returns.c  returned-letter files: parsed (pure)
 *   letter_scan.c     pictures of cards: decoded, read
 *   letter_collect.c  files that came back, one after the other
 *
 * OWNS  in `struct letter`: settings (copied), the place jobs go to.
 * FAILS with a sentence in struct fl_why; GLib ends the process when memory is out, which costs the
 *       host one batch.
 */
#ifndef FL_PLUGIN_LETTER_PRIVATE_H
#define FL_PLUGIN_LETTER_PRIVATE_H

#include "../plug/plug.h"
#include <fairline/channel.h>

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "paper/form.h"
#include "paper/paper.h"

#define LETTER_PRINTF(a, b) __attribute__((format(printf, a, b)))

#define LETTER_VERSION "1.0"

enum {
    LETTER_BATCH_MAX = 480, /* what of a job fits into one remembered value */
    LETTER_CALL_TIMEOUT_S = 900,
    LETTER_STEPS_MAX = 20,
    LETTER_COLUMNS_MAX = 24,
    LETTER_LINES_MAX = 8,     /* of an address, without postcode and country */
    LETTER_LINE_MAX = 200,    /* bytes */
    LETTER_JOB_NAME_MAX = 64, /* bytes */
    LETTER_TOKEN_LEN = 40,
    LETTER_SCAN_PIXELS_MAX = 36000000, /* A4 at 600 dpi */
    LETTER_SCAN_PAGES_MAX = 500,
    LETTER_ROWS_MAX = 1000000,  /* of a returned file */
    LETTER_COLLECT_PORTION = 50 /* files taken by one collect() */
};

enum letter_layout { LETTER_KR, LETTER_US, LETTER_DE };
enum letter_sheet_size { LETTER_A4, LETTER_LETTER };
enum letter_charset { LETTER_UTF8, LETTER_CP949 };

struct letter_step {
    int64_t up_to_mg;
    int64_t cost_micro;
};

struct letter_column {
    const char *name;
    int field;    /* index into the fields of an address file */
    size_t width; /* bytes in the charset of the file */
};

struct letter_settings {
    const char *directory; /* NULL: SFTP */
    const char *sftp;      /* sftp://host[:port]/folder/ */
    const char *user, *password, *key_file, *host_key, *known_hosts;
    int timeout_ms;

    enum letter_layout layout;
    enum letter_sheet_size sheet;
    bool is_duplex;
    const char *font;
    double font_size;
    const char *sender_name;
    const char *sender_address; /* lines separated by '\n' */
    const char *sender_note;    /* small, at the foot; "" : none */
    const char *home;           /* country of the sender, ISO 3166 */

    bool has_csv, has_fixed, has_bom;
    enum letter_charset charset; /* of the fixed-width file */
    struct letter_column columns[LETTER_COLUMNS_MAX];
    size_t n_columns;
    size_t bag_size;
    struct letter_step steps[LETTER_STEPS_MAX];
    size_t n_steps;
    int64_t sheet_mg, envelope_mg;
    const char *currency;

    const char *returns;        /* folder here; NULL: none */
    const char *returns_remote; /* folder on the SFTP server; NULL: none */
    int64_t settle_us;
    int poll_ms;
    size_t max_size;
};

struct letter_place;

struct letter {
    struct letter_settings set;
    GStringChunk *strings; /* what `set` points to */
    const struct fl_services *services;
    struct letter_place *jobs;    /* where jobs go */
    struct letter_place *returns; /* where files come from; NULL: nowhere */
};

/* --- letter.c */
#define letter_log(self, ...) plug_log((self)->services, __VA_ARGS__)
void letter_hex(char *out, const void *bytes, size_t n); /* 2 n + 1 characters */
void letter_sha256(const void *data, size_t len, char out_hex[65]);

/* --- letter_options.c */
extern const struct fl_option_spec letter_option_specs[];
enum fl_call letter_settings_read(const struct fl_option *options, size_t n_options,
                                  GStringChunk *strings, struct letter_settings *out,
                                  struct fl_why *why);

/* --- letter_postage.c: "5g:430,25g:450" in amounts of the currency, decimals allowed */
bool letter_steps_parse(const char *text, struct letter_step out[LETTER_STEPS_MAX], size_t *out_n,
                        char *why, size_t why_size);
bool letter_grams_parse(const char *text, int64_t *out_mg); /* "4.5" */
int64_t letter_weight_mg(const struct letter_settings *set, int sheets);
/* -1: heavier than the last step. */
int64_t letter_cost_micro(const struct letter_settings *set, int64_t weight_mg);

/* --- letter_address.c */
struct letter_address {
    char *lines[LETTER_LINES_MAX];
    size_t n_lines;
    char *postcode; /* "" where there is none */
    char country[3];
};
/* False with a reason: not an address a letter can go to. */
bool letter_address_parse(const char *text, struct letter_address *out, char *why, size_t why_size);
void letter_address_clear(struct letter_address *address);
/* As it stands in the window, name first; the last line is the country's name unless it is
 * `home`.  g_free() it. */
char *letter_address_block(const struct letter_address *address, const char *name,
                           const char *home);

/* --- letter_sheet.c: where things stand, in points */
struct letter_box {
    double x, y, width, height;
};
struct letter_sheet {
    double width, height;
    struct letter_box window; /* what the envelope shows */
    struct letter_box sender; /* one line above the address */
    struct letter_box address;
    struct letter_box code;  /* QR for returned letters, inside the window */
    struct letter_box head;  /* the sender's name and address */
    struct letter_box aside; /* right of the window: the customer's page */
    bool is_address_centred;
    double left, right, top, bottom;
    double first_top;
    double folds[2]; /* marks at the left edge; 0: none */
};
void letter_sheet_of(const struct letter_settings *set, struct letter_sheet *out);

/* --- letter_page.c */
struct letter_page;
/* False with a reason: the content cannot be a letter. */
bool letter_page_create(const struct letter_settings *set, const struct fl_item *item,
                        const struct letter_address *address, struct letter_page **out, char *why,
                        size_t why_size);
void letter_page_destroy(struct letter_page **page);
size_t letter_page_count(const struct letter_page *page);
void letter_page_draw(const struct letter_page *page, size_t index, cairo_t *cairo);

/* --- letter_pdf.c */
struct letter_pdf;
struct letter_pdf *letter_pdf_create(double width, double height, const char *title);
cairo_t *letter_pdf_cairo(struct letter_pdf *pdf);
/* Ends the file and frees the rest; NULL with a reason when cairo could not. */
GByteArray *letter_pdf_finish(struct letter_pdf **pdf, char *why, size_t why_size);
/* One page as PNG of `dpi`; NULL without memory. */
GByteArray *letter_png(const struct letter_page *page, size_t index, double width, double height,
                       double dpi);

/* --- letter_table.c */
enum letter_field {
    LETTER_F_LINE,
    LETTER_F_BAG,
    LETTER_F_CODE,
    LETTER_F_NAME,
    LETTER_F_LINE1,
    LETTER_F_LINE2,
    LETTER_F_LINE3,
    LETTER_F_LINE4,
    LETTER_F_LINE5,
    LETTER_F_LINE6,
    LETTER_F_LINE7,
    LETTER_F_LINE8,
    LETTER_F_POSTCODE,
    LETTER_F_COUNTRY,
    LETTER_F_FIRST_PAGE,
    LETTER_F_PAGES,
    LETTER_F_SHEETS,
    LETTER_F_WEIGHT_G,
    LETTER_F_LANGUAGE,
    LETTER_FIELDS
};
extern const char *const letter_field_names[LETTER_FIELDS];
/* "name:30,postcode:7"; False with a reason. */
bool letter_columns_parse(const char *text, GStringChunk *strings,
                          struct letter_column out[LETTER_COLUMNS_MAX], size_t *out_n, char *why,
                          size_t why_size);
void letter_csv_row(GString *out, const char *const fields[LETTER_FIELDS]);
/* False with a reason: a value does not fit its column or the charset; `out` is then as before. */
bool letter_fixed_row(const struct letter_settings *set, GString *out,
                      const char *const fields[LETTER_FIELDS], char *why, size_t why_size);

/* --- letter_job.c */
struct letter_entry {
    uint32_t item; /* index within the batch */
    const struct fl_item *from;
    struct letter_address address;
    struct letter_page *page;
    int pages, sheets, first_page;
    int64_t weight_mg, cost_micro;
    uint32_t line, bag; /* from 1 on */
};
struct letter_file {
    const char *name;
    GByteArray *data;
};
enum { LETTER_FILES_MAX = 5 };
extern const char *const letter_file_names[LETTER_FILES_MAX];
struct letter_job {
    char name[LETTER_JOB_NAME_MAX];
    const char *campaign;
    struct letter_entry *entries; /* in the order of the job */
    size_t n_entries;
    size_t n_bags;
    struct letter_file files[LETTER_FILES_MAX]; /* the manifest last */
    size_t n_files;
};
/* Puts the entries in order, gives bags, lines and a name. */
void letter_job_arrange(const struct letter_settings *set, struct letter_job *job);
/* Makes the files.  An entry that does not fit the address file is a fault of the entry: see
 * letter_entry_check(). */
bool letter_job_build(const struct letter_settings *set, struct letter_job *job, char *why,
                      size_t why_size);
bool letter_entry_check(const struct letter_settings *set, const struct letter_entry *entry,
                        char *why, size_t why_size);
void letter_job_clear(struct letter_job *job);
void letter_entry_clear(struct letter_entry *entry);

/* --- letter_ledger.c: what is, or may be, in a job already */
struct letter_ledger;
struct letter_past {
    char job[LETTER_JOB_NAME_MAX];
    bool is_done;
    uint32_t line;
    int sheets;
};
struct letter_ledger *letter_ledger_load(const struct fl_services *services);
void letter_ledger_free(struct letter_ledger **ledger);
bool letter_ledger_find(const struct letter_ledger *ledger, int64_t message_id,
                        struct letter_past *out);
/* Durable when it returns true. */
bool letter_ledger_put(struct letter_ledger *ledger, const struct letter_job *job, bool is_done);
void letter_ledger_settle(struct letter_ledger *ledger, const char *job, bool is_done);

/* --- places: where jobs go and files come from */
struct letter_came {
    char *name;
    int64_t changed_us; /* 0: not known */
    bool is_marked;     /* a file NAME.done stands beside it */
};
struct letter_place_ops {
    /* Whole or not at all; FL_CALL_OK also when the same job stands there already. */
    enum fl_call (*publish)(struct letter_place *place, const struct letter_job *job,
                            struct fl_why *why);
    /* Does this job stand there, whole? */
    enum fl_call (*has)(struct letter_place *place, const char *job, bool *out, struct fl_why *why);
    /* Clears away what is left of a job that never stood; tries, no more. */
    void (*forget)(struct letter_place *place, const char *job);
    enum fl_call (*health)(struct letter_place *place, struct fl_why *why);
    /* Names in order; not those being written.  struct letter_came, freed by letter_came_free(). */
    enum fl_call (*list)(struct letter_place *place, GArray *out, struct fl_why *why);
    enum fl_call (*read)(struct letter_place *place, const char *name, size_t max, GByteArray *out,
                         struct fl_why *why);
    /* Moves to processed/, with `rejected` beside it where it is not empty. */
    enum fl_call (*done)(struct letter_place *place, const char *name, const GString *rejected,
                         struct fl_why *why);
    void (*destroy)(struct letter_place *place);
};
struct letter_place {
    const struct letter_place_ops *ops;
};
struct letter_place *letter_folder_create(const char *path);
struct letter_place *letter_sftp_create(const struct letter_settings *set, const char *folder,
                                        struct fl_why *why);
void letter_came_free(GArray *came);
/* A name that may be taken: no dot file, no *.part, *.tmp, *.done, *.rejected, no path. */
bool letter_name_is_ours(const char *name);
bool letter_same_job(const struct letter_job *job, const GByteArray *manifest);

/* --- letter_returns.c */
struct letter_return {
    size_t line;
    char token[LETTER_TOKEN_LEN + 1];
    enum fl_fault_class fault;
    const char *reason; /* the file's words */
    int64_t at_us;      /* 0: the file does not say */
};
struct letter_returns_sink {
    bool (*row)(void *ctx, const struct letter_return *row); /* false: stop */
    void (*bad)(void *ctx, size_t line, const char *raw, const char *why);
    void *ctx;
};
/* False: stopped by the sink. */
bool letter_returns_parse(const char *data, size_t len, const struct letter_returns_sink *sink);
enum fl_fault_class letter_reason_class(const char *reason);

/* --- letter_scan.c */
struct letter_scan {
    struct form_image image;
    uint8_t *grey;
};
/* Hands over page after page; false with a reason: no picture this can read. */
bool letter_scan_read(const void *data, size_t len,
                      bool (*page)(void *ctx, const struct letter_scan *scan, size_t index),
                      void *ctx, char *why, size_t why_size);
GByteArray *letter_scan_png(const struct letter_scan *scan);
bool letter_is_scan(const void *data, size_t len);

/* --- letter_collect.c */
enum fl_call letter_collect(struct letter *self, struct fl_why *why);

#endif
