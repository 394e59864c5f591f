/*
 * Configuration: fairline.conf to typed settings, and option tables of plugins.
 *
 * FOR    parent (reads the file), core and hosts (get their part by memfd).
 * OWNS   nothing; a configuration lives in the caller's arena and is immutable.
 * PHASES parse (libConfuse: syntax, sections) -> check all against the option
 *        tables, every fault listed with file and line -> activate -> retire.
 *        With a fault nothing takes effect.  Unknown keys, duplicates, wrong
 *        units and ranges are refused; there is no "using default".
 * ORDER  environment FAIRLINE_<KEY> over file over default, for top-level keys.
 *
 *     st = fl_conf_load(arena, path, &faults, &conf, err);
 *     ch = fl_conf_channel_find(conf, "mail");
 */
#ifndef FL_CONF_CONF_H
#define FL_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/faults.h"
#include "base/str.h"
#include "fairline/channel.h"

enum { FL_CONF_FILE_MAX = 1 << 20, FL_CONF_CHANNELS_MAX = 64, FL_CONF_WORKERS_MAX = 64 };

/* One setting as it stands in the file. */
struct fl_conf_setting {
    const char *key;
    const char *text;
    const char *file;
    long line;
};

/* `front { ... }`: the HTTP server of the public pages and of plugins' callbacks. */
struct fl_conf_front {
    bool is_enabled;
    const char *listen;   /* "127.0.0.1:8080", "[::]:443" */
    const char *user;     /* when started as root; "" for none */
    const char *tls_cert; /* PEM files; "": plain HTTP, behind a proxy */
    const char *tls_key;
    const char *trusted_proxy; /* address whose X-Forwarded-For counts; "" for none */
    int64_t connections;       /* at the same time */
    int64_t connections_per_address;
    int64_t request_timeout_us; /* for a whole request: slow clients */
    int64_t body_max;           /* bytes */
    bool tracks_clicks;         /* links in mails go over us */
    bool tracks_opens;          /* mails get a pixel; never counts as engagement */
    long line;                  /* where the section stands */
};

enum { FL_CONF_SIGNALS = 8, FL_CONF_ASPECTS = 5 };

/* `value { ... }`: how relationships are valued; each key has its help in the table.  Money is
 * minor units. */
struct fl_conf_worth {
    const char *currency; /* "": that of the first transaction */
    int64_t minor_digits;
    const char *model, *subscription_model; /* "auto", or a model's key */
    int64_t period_us;
    int64_t horizon; /* periods */
    double discount_rate, margin_rate;
    int64_t window_us;
    const char *segment_by;
    const char *run_at; /* "HH:MM" or "off" */
    int64_t keep_us;
    bool learns, derives_items;
    int64_t half_life_us, settled_within_us;
    double signal_weight[FL_CONF_SIGNALS]; /* in the order of enum fl_signal */
    double aspect_weight[FL_CONF_ASPECTS]; /* in the order of enum fl_aspect */
    double point_value, gift_share, hour_value, contact_burden, welcome_contacts;
    const char *scale; /* "rank" or "money" */
    double line_intercept, line_slope, band, certainty;
    double contribution_share, exchange_percentile, leader_percentile;
};

/* `channel "NAME" { plugin = ... options { ... } }` */
struct fl_conf_channel {
    const char *name;   /* [a-z][a-z0-9_-]*, at most 32 */
    const char *plugin; /* name of a plugin, searched in plugin_dir */
    const char *user;   /* run its hosts as this user when started as root; "" for none */
    int64_t workers;
    int64_t batch; /* items a deliver() call gets, 1..500 */
    int64_t collect_interval_us;
    int64_t call_timeout_us;
    int64_t retry_first_us; /* doubled each time, with jitter */
    int64_t retry_max_us;
    int64_t expire_after_us; /* from due; then the message is expired */
    int64_t rate;            /* messages a second over all workers; 0: no limit */
    bool is_enabled;
    const char *file;
    long line;
    const struct fl_conf_setting *settings; /* the options { } section, not yet checked */
    size_t n_settings;
};

struct fl_conf {
    const char *file;
    const char *data_dir;       /* store, keys, control socket */
    const char *store;          /* "sqlite:PATH", "null:"; default sqlite:<data_dir>/fairline.db */
    const char *control_socket; /* default <data_dir>/control */
    const char *plugin_dir;     /* folders separated by ':' */
    const char *user;           /* core's user when started as root; "" for none */
    int64_t node;               /* 0..63, distinct in one store */
    int64_t log_level;          /* enum fl_log_level */
    int64_t drain_timeout_us;   /* at shutdown, for batches in hand */
    int64_t plan_interval_us;   /* how often schedules are looked at */
    /* organisation { } */
    const char *organisation;
    const char *postal_address; /* printed in footers; law wants it */
    const char *contact;
    const char *language;  /* fallback of a customer without one, BCP 47 */
    const char *time_zone; /* fallback of a customer without one, IANA */
    const char *country;   /* ISO 3166 two letters: region of phone numbers without '+'; ZZ: none */
    const char *web_base;  /* https://... of the public pages; "" until there are some */
    struct fl_conf_front front;
    struct fl_conf_worth value;
    const struct fl_conf_channel *channels;
    size_t n_channels;
};

/* The file in force: the one given, FAIRLINE_CONFIG, fairline.conf in the folder FAIRLINE_DATA_DIR,
 * the installed one.  NULL: there is none, and the defaults count. */
const char *fl_conf_find(struct fl_arena *arena, const char *given);

/* Reads and checks the whole file.  FL_INVALID with at least one fault; FL_NOT_FOUND. */
FL_CHECK_RESULT enum fl_status fl_conf_load(struct fl_arena *arena, const char *path,
                                            struct fl_faults *faults, const struct fl_conf **out,
                                            struct fl_error *err);
/* The same from memory; `name` stands for the file in faults. */
FL_CHECK_RESULT enum fl_status fl_conf_parse(struct fl_arena *arena, const char *name,
                                             const char *text, struct fl_faults *faults,
                                             const struct fl_conf **out, struct fl_error *err);
/* Built-in defaults for an empty file, `data_dir` given: what the embedded default runs on. */
FL_CHECK_RESULT enum fl_status fl_conf_default(struct fl_arena *arena, const char *data_dir,
                                               const struct fl_conf **out, struct fl_error *err);

const struct fl_conf_channel *fl_conf_channel_find(const struct fl_conf *conf, const char *name);

/* A channel's settings against its plugin's option table: typed options with defaults filled in,
 * one for each row of the table, in its order; of the channel only name, settings and place count.
 * Secrets: setting NAME_file names a file whose first line is the value; it must not be open to
 * everybody, and a secret in the configuration itself is refused. Every fault is listed; FL_INVALID
 * when there was one.  `specs` ends with a row without name. */
FL_CHECK_RESULT enum fl_status fl_conf_options(struct fl_arena *arena,
                                               const struct fl_option_spec *specs,
                                               const struct fl_conf_channel *channel,
                                               struct fl_faults *faults,
                                               const struct fl_option **out, size_t *out_n,
                                               struct fl_error *err);

/* The option tables themselves, for `config help`, manual page and completion. */
const struct fl_option_spec *fl_conf_global_specs(void);       /* top level */
const struct fl_option_spec *fl_conf_organisation_specs(void); /* organisation { } */
const struct fl_option_spec *fl_conf_front_specs(void);        /* front { } */
const struct fl_option_spec *fl_conf_worth_specs(void);        /* value { } */
const struct fl_option_spec *fl_conf_channel_specs(void);      /* channel { } */

/* A finite number in decimal; no blanks, no hexadecimal. */
bool fl_conf_real_parse(const char *text, double *out);
/* "90s", "2h": the text that parses to `us` again. */
const char *fl_conf_duration(struct fl_arena *arena, int64_t us);

/* "127.0.0.1:8080", "[::1]:8080": numbers only, no name is looked up. */
bool fl_conf_listen_parse(const char *text, struct sockaddr_storage *out, socklen_t *out_len);
/* Files that must be there before a configuration is taken; not part of parsing, which is also done
 * by processes that have given up their rights. */
void fl_conf_check_files(const struct fl_conf *conf, struct fl_faults *faults);

enum fl_conf_dump {
    FL_CONF_DUMP_ALL,     /* every setting; parses to the same configuration */
    FL_CONF_DUMP_CHANGED, /* without what stands at its default */
    FL_CONF_DUMP_DEFAULTS /* the defaults alone, whatever `conf` says; it may be NULL */
};

/* Prints a configuration in the syntax of the file.  Plugins' settings are printed as they stand;
 * values whose key speaks of a secret are masked.  The caller asks `out` whether it failed. */
void fl_conf_dump(struct fl_arena *arena, const struct fl_conf *conf, enum fl_conf_dump what,
                  struct fl_buf *out);

/* "a whole number within 1..500", "one of smtp|maildir": for messages and help. */
const char *fl_conf_spec_expected(struct fl_arena *arena, const struct fl_option_spec *spec);

#endif
