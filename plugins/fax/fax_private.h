/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fax channel: what its files share.
 *
 *   fax.c          descriptor, open and close, deliver, collect, preview
 *   fax_options.c  options to settings
 *   fax_number.c   telephone numbers: to dial, and as a caller shows them
 *   fax_page.c     an item to pages
 *   fax_tiff.c     pages to TIFF G4
 *   fax_image.c    a received TIFF to pages, with limits; a page to PNG
 *   fax_list.c     lines of a listing of the server
 *   fax_status.c   state and words of a job to outcome and fault class
 *   fax_server.c   one connection to hfaxd, by libcurl's ftp://
 *   fax_send.c     upload, job parameters, submission
 *   fax_jobs.c     what became of jobs: sendq and doneq
 *   fax_receive.c  received faxes, from the server or a folder
 *   fax_seen.c     what was handed over already, kept by the host
 *
 * OWNS  in `struct fax`: settings (copied), the connection.
 * FAILS with a sentence in struct fl_why; GLib ends the process when memory is out.
 */
#ifndef FL_PLUGIN_FAX_PRIVATE_H
#define FL_PLUGIN_FAX_PRIVATE_H

#include "../plug/plug.h"
#include <fairline/channel.h>

#include <cairo.h>
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FAX_TOKEN_LEN = 40,
    FAX_NUMBER_MAX = 32, /* digits of a number to dial, with prefixes */
    FAX_WIDTH = 1728,    /* pixels of a line, T.4 */
    FAX_X_DPI = 204,
    FAX_Y_DPI = 196,
    FAX_BATCH_MAX = 10, /* a submission takes seconds on a slow line, and a crash leaves one */
    FAX_CALL_TIMEOUT_S = 600,
    FAX_PAGES_MAX = 60, /* of one fax, in or out */
    FAX_LISTING_MAX = 4 << 20,
    FAX_COLLECT_PORTION = 50 /* received faxes handed over by one collect() */
};

enum fax_form_when { FAX_FORM_ALWAYS, FAX_FORM_SURVEY, FAX_FORM_NEVER };
enum fax_inbound { FAX_INBOUND_NONE, FAX_INBOUND_HYLAFAX, FAX_INBOUND_FOLDER };

struct fax_settings {
    const char *host;
    int port;
    const char *user, *password, *admin_password; /* the last two: NULL without */
    int timeout_ms;
    const char *number, *return_number, *opt_out_number; /* E.164 */
    const char *name, *language;
    const char *opt_out_notice; /* NULL: the language's own */
    enum fax_form_when form;
    const char *font;
    int size; /* points */
    int page_height;
    const char *country_code, *trunk_prefix, *international_prefix, *dial_prefix;
    int64_t give_up_us, retry_us;
    int max_dials, max_tries;
    int64_t cost_per_page; /* micro */
    const char *currency;
    enum fax_inbound inbound;
    const char *recvq; /* a folder */
    bool keep_received;
    int max_pages;
    size_t max_size;
    int poll_ms;
};

struct fax_server;

struct fax {
    struct fax_settings set;
    GStringChunk *strings; /* what `set` points to */
    const struct fl_services *services;
    struct fax_server *server;
};

/* --- fax.c */
#define fax_log(self, ...) plug_log((self)->services, __VA_ARGS__)
bool fax_is_stopping(const struct fax *self);

/* --- fax_options.c */
extern const struct fl_option_spec fax_option_specs[];
enum fl_call fax_settings_read(const struct fl_option *options, size_t n_options,
                               GStringChunk *strings, struct fax_settings *out, struct fl_why *why);

/* --- fax_number.c */
bool fax_number_is_e164(const char *number);
/* "+82215770001" to what a modem in our country dials; false: no E.164 number. */
bool fax_number_dial(const struct fax_settings *set, const char *e164, char out[FAX_NUMBER_MAX]);
/* A number as an exchange or a machine shows it to E.164; false: there is none in it. */
bool fax_number_read(const struct fax_settings *set, const char *shown, char out[FAX_NUMBER_MAX]);
/* As people write it: "02-1577-0001" is what they dial, grouped from the right. */
void fax_number_show(const struct fax_settings *set, const char *e164, char *out, size_t size);

/* --- fax_page.c */
/* A page in RGB24, FAX_WIDTH wide; false ends the drawing. */
typedef bool fax_page_fn(void *ctx, cairo_surface_t *page, size_t index, size_t n_pages);
/* False with a sentence: the content's fault. */
bool fax_pages_draw(const struct fax_settings *set, const struct fl_item *item, fax_page_fn *fn,
                    void *ctx, char *why, size_t why_size);

/* --- fax_tiff.c */
struct fax_tiff; /* being written */
struct fax_tiff *fax_tiff_create(void);
fax_page_fn fax_tiff_page; /* ctx: a struct fax_tiff */
/* The file; false when something went wrong on the way. */
bool fax_tiff_finish(struct fax_tiff **tiff, GByteArray *out);
/* An item to a file. */
bool fax_tiff_of_item(const struct fax_settings *set, const struct fl_item *item, GByteArray *out,
                      size_t *out_pages, char *why, size_t why_size);

/* --- fax_image.c */
struct fax_scan_limits {
    int max_pages;
    void (*log)(void *ctx, const char *words); /* complaints of the library; may be NULL */
    void *ctx;
};
struct fax_scan {
    char sender[64], caller[64], called[64]; /* what HylaFAX wrote beside the picture; "" */
    int n_pages, n_bad;                      /* pages read, pages that could not be */
};
struct fax_scan_page {
    int width, height, index;
    double x_dpi, y_dpi;
    const uint8_t *grey;
};
typedef void fax_scan_fn(void *ctx, const struct fax_scan_page *page);
/* False: no TIFF at all. */
bool fax_scan_read(const void *data, size_t len, const struct fax_scan_limits *limits,
                   fax_scan_fn *fn, void *ctx, struct fax_scan *out);
/* Black and white, square pixels. */
bool fax_png_of_grey(const struct fax_scan_page *page, GByteArray *out);
bool fax_png_of_page(cairo_surface_t *page, GByteArray *out);

/* --- fax_list.c */
#define FAX_JOB_FORMAT     "%j|%a|%J|%P|%D|%T|%W|%v|%s"
#define FAX_RECEIVE_FORMAT "%z|%f|%n|%p|%Y|%j|%s|%h|%e"

struct fax_job {
    int id;
    char state;   /* a letter, see faxstat(1); D and F are final */
    char tag[64]; /* "" : somebody else's */
    int pages_sent, pages;
    int dials, tries;
    char communication[16];
    char words[256]; /* why it failed or waits */
};
struct fax_received {
    bool is_under_way;
    char file[64];
    size_t size;
    int pages;
    int64_t at_us; /* 0: unreadable */
    char caller[64], sender[64];
    int seconds;
    char error[256];
};
/* A line without its end; false: not of this format. */
bool fax_job_read(const char *line, size_t len, struct fax_job *out);
bool fax_received_read(const char *line, size_t len, struct fax_received *out);
/* The number from 0 to `max` a text begins with; false, and `out` untouched, when there is none. */
bool fax_int_read(const char *text, int max, int *out);
bool fax_file_is_safe(const char *name); /* faxNNNNNNNNN.tif and the like, no path */

/* --- fax_status.c */
struct fax_verdict {
    enum fl_outcome outcome;
    enum fl_fault_class fault;
};
struct fax_verdict fax_job_classify(const struct fax_job *job);

/* --- fax_server.c */
struct fax_reply {
    int code;       /* of the last reply, 0: none came */
    char text[512]; /* its words */
    int job;        /* "jobid: N" of a reply on the way, 0: none */
    bool is_sent;   /* the watched command left */
};

enum fax_result {
    FAX_OK = 0,
    FAX_REFUSED, /* the server said no: see the reply */
    FAX_AWAY,    /* no connection, or it broke */
    FAX_LOGIN    /* the server does not let us in */
};

struct fax_server *fax_server_create(const struct fax_settings *set);
void fax_server_destroy(struct fax_server **server);
/* Ends the connection; the next call makes another.  Forgets the current job. */
void fax_server_hang_up(struct fax_server *server);
/* Puts `data` to tmp/NAME after `before`, then says `after`; both end with NULL. */
enum fax_result fax_server_upload(struct fax_server *server, const char *name, const void *data,
                                  size_t len, const char *const *before, const char *const *after,
                                  struct fax_reply *out);
/* Says commands; `watched` is the one whose sending matters. */
enum fax_result fax_server_say(struct fax_server *server, const char *const *commands,
                               const char *watched, struct fax_reply *out);
/* A listing or a file, after `before`; at most `max` bytes. */
enum fax_result fax_server_get(struct fax_server *server, const char *path,
                               const char *const *before, size_t max, GByteArray *out,
                               struct fax_reply *reply);
/* What a result that is not FAX_OK means for a call. */
enum fl_call fax_server_why(const struct fax_server *server, enum fax_result result,
                            const struct fax_reply *reply, struct fl_why *why);

/* --- fax_send.c, fax_jobs.c, fax_receive.c */
enum fl_call fax_send(struct fax *self, const struct fl_item *const *items, size_t n_items,
                      struct fl_why *why);
enum fl_call fax_jobs_collect(struct fax *self, struct fl_why *why);
enum fl_call fax_jobs_lookup(struct fax *self, const char *const *refs, size_t n_refs,
                             struct fl_why *why);
enum fl_call fax_receive_collect(struct fax *self, struct fl_why *why);

/* --- fax_seen.c */
struct fax_seen; /* a set of names; those not named again since it was loaded are forgotten */
struct fax_seen *fax_seen_load(const struct fl_services *services, const char *prefix);
bool fax_seen_has(struct fax_seen *seen, const char *name); /* names it */
void fax_seen_add(struct fax_seen *seen, const char *name);
void fax_seen_save(struct fax_seen **seen, bool is_whole); /* frees it; not whole: forgets none */

#endif
