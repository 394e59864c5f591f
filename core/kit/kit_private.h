/* What the conformance cases share. */
#ifndef FL_KIT_KIT_PRIVATE_H
#define FL_KIT_KIT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "fairline/channel.h"
#include "host/host.h"
#include "kit/kit.h"

enum {
    FL_KIT_OPTIONS_MAX = 128,
    FL_KIT_BATCH_MAX = 200, /* items of the largest batch tried: enough to see it stop early */
    FL_KIT_KEYS_MAX = 256,
    FL_KIT_TEXT_MAX = 1024
};

/* What a 1.0 host hands over: these structs end here. */
#define FL_KIT_SERVICES_1_0 offsetof(struct fl_services, begin)
#define FL_KIT_ITEM_1_0     offsetof(struct fl_item, token_card)

enum { FL_KIT_MEMORY_MAX = 64, FL_KIT_KEY_MAX = 64, FL_KIT_VALUE_MAX = 4096 };

/* What a plugin has asked to be remembered. */
struct fl_kit_memory {
    char key[FL_KIT_KEY_MAX + 1];
    char value[FL_KIT_VALUE_MAX];
    size_t len;
};

/* How the services behave, and what they have seen. */
struct fl_kit_world {
    /* knobs */
    int64_t delay_us;
    bool refuses_report, refuses_begin, refuses_inbound, refuses_commit, forgets;
    bool is_stopping, clock_jumps;
    /* seen */
    size_t n_items; /* of the batch under way */
    unsigned n_reports[FL_KIT_BATCH_MAX];
    bool has_begun[FL_KIT_BATCH_MAX];
    struct fl_report last[FL_KIT_BATCH_MAX]; /* its strings are not kept, but: */
    char refs[FL_KIT_BATCH_MAX][128];
    size_t n_all_reports, n_refused, n_stop_asked;
    char keys[FL_KIT_KEYS_MAX][256];
    size_t n_keys, n_uncommitted, n_commits, n_receipts, n_authenticated;
    const char *const *refs_asked; /* lookup */
    size_t n_refs_asked, n_ticks;
    struct fl_kit_memory memory[FL_KIT_MEMORY_MAX];
    size_t n_memory;
    char fault[FL_KIT_TEXT_MAX]; /* the first breach of the contract; "" for none */
};

struct fl_kit {
    const char *path;
    const char *inbound; /* command that puts a piece where the plugin collects it; NULL: none */
    struct fl_conf_setting settings[FL_KIT_OPTIONS_MAX];
    size_t n_settings;
    struct fl_arena *arena;
    int result_fd;
    /* within a case */
    struct fl_plugin *plugin;
    const struct fl_channel_v1 *channel;
    const struct fl_option *options;
    size_t n_options;
    struct fl_services *services;
    struct fl_kit_world world;
    void *self;
    int n_openings; /* of the thread that opens often */
};

/* A file of the skeleton, made from skeleton/ when Fairline is built. */
struct fl_kit_template {
    const char *name; /* NULL ends the list */
    const char *text;
};
extern const struct fl_kit_template fl_kit_templates[];

struct fl_kit_case {
    const char *name;
    void (*run)(struct fl_kit *kit);
};
extern const struct fl_kit_case fl_kit_cases_static[], fl_kit_cases_calls[], fl_kit_cases_deliver[],
    fl_kit_cases_inbound[]; /* each ends with a case without name */

/* The end of a case; a case that returns has passed. */
_Noreturn void fl_kit_fail(struct fl_kit *kit, const char *fmt, ...) FL_PRINTF(2, 3);
_Noreturn void fl_kit_skip(struct fl_kit *kit, const char *fmt, ...) FL_PRINTF(2, 3);

/* --- kit_world.c ---*/

void fl_kit_load(struct fl_kit *kit);     /* loads, passes the gate, reads the options */
void fl_kit_open(struct fl_kit *kit);     /* load, services, open(); skips when a peer is away */
void fl_kit_open_old(struct fl_kit *kit); /* the same as a host of contract 1.0 */
void fl_kit_close(struct fl_kit *kit);
struct fl_why fl_kit_why(void);
/* Fails when services saw a breach, or a result other than OK came without a sentence. */
void fl_kit_judge(struct fl_kit *kit, const char *call, enum fl_call result, struct fl_why *why);
void *fl_kit_guarded(size_t size); /* whoever reads past its end crashes */

/* --- kit_items.c ---*/

enum fl_kit_texts { FL_KIT_PLAIN, FL_KIT_EMPTY, FL_KIT_HUGE, FL_KIT_UNICODE, FL_KIT_BAD_ADDRESS };
const struct fl_item *const *fl_kit_items(struct fl_kit *kit, size_t n, enum fl_kit_texts texts,
                                          size_t item_size);

#endif
