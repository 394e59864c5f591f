/* `doctor`: what is wrong, or will be, each with the remedy. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "ops/ops_private.h"
#include "store/worth.h"

#define DISK_FAIL_BYTES    (INT64_C(100) << 20)
#define DISK_WARN_BYTES    (INT64_C(1) << 30)
#define VALUE_WARN_US      (INT64_C(48) * 3600 * FL_US_PER_S) /* two nights were missed */
#define QUEUE_WARN_US      (INT64_C(900) * FL_US_PER_S)
#define CLOCK_BACK_US      (INT64_C(60) * FL_US_PER_S)
#define CLOCK_EARLIEST_US  (INT64_C(1767225600) * FL_US_PER_S) /* 2026, before this program was */
#define STORE_TIMEOUT_US   (INT64_C(5) * FL_US_PER_S)
#define DOCTOR_KEY_PATTERN "token.key"

struct doctor {
    struct fl_ops_call *call;
    struct fl_arena *arena;
    const struct fl_conf *conf;
    struct fl_store *store; /* NULL when it cannot be opened */
};

static void say(struct doctor *doctor, enum fl_ops_check check, const char *what,
                const char *detail, const char *remedy)
{
    fl_ops_check_emit(doctor->call->sink, check, what, detail, remedy);
}

static void check_conf(struct doctor *doctor)
{
    if (doctor->conf->file && access(doctor->conf->file, F_OK) == 0)
        say(doctor, FL_OPS_FINE, "configuration", doctor->conf->file, NULL);
    else
        say(doctor, FL_OPS_WARN, "configuration", "no file is in force: built-in defaults",
            "write one, or give it with -c FILE");
    if (doctor->conf->n_channels == 0)
        say(doctor, FL_OPS_WARN, "channels", "none is configured: nothing can be sent",
            "add a channel { } section");
}

static void check_rights(struct doctor *doctor, const char *what, const char *path,
                         mode_t forbidden)
{
    struct fl_arena *arena = doctor->arena;
    struct stat info;

    if (stat(path, &info) != 0) {
        say(doctor, FL_OPS_FAIL, what, fl_arena_printf(arena, "%s: %m", path),
            fl_arena_printf(arena, "make %s, owned by the user of the gateway", path));
        return;
    }
    if (info.st_mode & forbidden) {
        say(doctor, FL_OPS_FAIL, what,
            fl_arena_printf(arena, "%s has mode %04o", path, (unsigned)info.st_mode & 07777u),
            fl_arena_printf(arena, "chmod %04o %s", (unsigned)(info.st_mode & 07777u & ~forbidden),
                            path));
        return;
    }
    say(doctor, FL_OPS_FINE, what, path, NULL);
}

static void check_folder(struct doctor *doctor)
{
    const char *dir = doctor->conf->data_dir;
    const char *key = fl_arena_printf(doctor->arena, "%s/" DOCTOR_KEY_PATTERN, dir);
    struct statvfs disk;
    struct stat info;
    int64_t bytes;

    check_rights(doctor, "data folder", dir, S_IWGRP | S_IWOTH);
    if (key && stat(key, &info) == 0)
        check_rights(doctor, "token key", key, S_IRGRP | S_IWGRP | S_IRWXO);
    if (statvfs(dir, &disk) != 0)
        return;
    bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    say(doctor,
        bytes < DISK_FAIL_BYTES   ? FL_OPS_FAIL
        : bytes < DISK_WARN_BYTES ? FL_OPS_WARN
                                  : FL_OPS_FINE,
        "disk", fl_arena_printf(doctor->arena, "%" PRId64 " MiB free in %s", bytes >> 20, dir),
        bytes < DISK_WARN_BYTES ? "make room, or move data_dir" : NULL);
}

static void check_clock(struct doctor *doctor)
{
    int64_t now = fl_clock_now(&doctor->call->context->clock);
    struct timex state = {.modes = 0};
    char text[FL_TIME_TEXT_SIZE];

    fl_time_format(now, text);
    if (now < CLOCK_EARLIEST_US) {
        say(doctor, FL_OPS_FAIL, "clock", fl_arena_printf(doctor->arena, "%s is in the past", text),
            "set the clock: timedatectl set-ntp true");
        return;
    }
    /* The store's ids carry time: they must not be ahead of the clock. */
    if (doctor->store && fl_id_time_us(fl_store_new_id(doctor->store)) > now + CLOCK_BACK_US) {
        say(doctor, FL_OPS_WARN, "clock", "it was set back: the store was written later than now",
            "set the clock: timedatectl set-ntp true");
        return;
    }
    if (adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC))
        say(doctor, FL_OPS_WARN, "clock",
            fl_arena_printf(doctor->arena, "%s, not kept by NTP", text),
            "timedatectl set-ntp true");
    else
        say(doctor, FL_OPS_FINE, "clock", text, NULL);
}

static void check_store(struct doctor *doctor)
{
    const struct fl_store_options options = {
        .clock = doctor->call->context->clock,
        .node = (int)doctor->conf->node,
        .is_read_only = true,
        .busy_timeout_us = STORE_TIMEOUT_US,
    };
    struct fl_error why = {0};
    enum fl_status st = fl_store_open(doctor->conf->store, &options, &doctor->store, &why);

    if (st == FL_NOT_FOUND) {
        say(doctor, FL_OPS_WARN, "store", why.text, "fairline store migrate makes it");
        return;
    }
    if (st) {
        say(doctor, FL_OPS_FAIL, "store", why.text, "fairline store migrate, or restore a backup");
        return;
    }
    if (fl_ops_store_checked(doctor->store, doctor->call->sink, &why))
        say(doctor, FL_OPS_FAIL, "store", why.text, "restore a backup");
    say(doctor, FL_OPS_FINE, "schema",
        fl_arena_printf(doctor->arena, "version %d", fl_store_schema_version(doctor->store)), NULL);
}

static void check_queue(struct doctor *doctor)
{
    struct fl_ops_context context = *doctor->call->context;
    int64_t now = fl_clock_now(&context.clock), oldest = FL_TIME_NONE;
    struct fl_error why = {0};

    if (!doctor->store)
        return;
    context.store = doctor->store;
    if (fl_ops_oldest_due(&context, &oldest, &why)) {
        say(doctor, FL_OPS_FAIL, "queue", why.text, "fairline store check");
        return;
    }
    if (oldest == FL_TIME_NONE || oldest + QUEUE_WARN_US > now)
        say(doctor, FL_OPS_FINE, "queue", "nothing is late", NULL);
    else
        say(doctor, FL_OPS_WARN, "queue",
            fl_arena_printf(doctor->arena, "the oldest message is due since %" PRId64 " minutes",
                            (now - oldest) / FL_US_PER_S / 60),
            "fairline channel status shows what holds it up");
}

/* Newest first: the first that has ended. */
static bool last_ended(void *ctx, const struct fl_value_run *run)
{
    struct fl_value_run *last = ctx;

    if (run->state == FL_RUN_RUNNING)
        return true;
    *last = *run;
    return false;
}

static void check_value(struct doctor *doctor)
{
    const int64_t now = fl_clock_now(&doctor->call->context->clock);
    struct fl_value_run last = {.id = 0};
    struct fl_error why = {0};
    char text[FL_TIME_TEXT_SIZE];

    if (!doctor->store)
        return;
    if (fl_store_run_each(doctor->store, last_ended, &last, &why)) {
        say(doctor, FL_OPS_FAIL, "valuation", why.text, "fairline store check");
        return;
    }
    if (!last.id) {
        say(doctor, FL_OPS_FINE, "valuation", "there was none yet", NULL);
        return;
    }
    fl_time_format(last.finished_us, text);
    if (last.state == FL_RUN_FAILED)
        say(doctor, FL_OPS_WARN, "valuation",
            fl_arena_printf(doctor->arena, "the last one failed at %s: older scores hold", text),
            "fairline value run; the log of fairlined has the reason");
    else if (!fl_str_equal(doctor->conf->value.run_at, "off") &&
             last.finished_us + VALUE_WARN_US < now)
        say(doctor, FL_OPS_WARN, "valuation",
            fl_arena_printf(doctor->arena, "none since %s, though one is due every night", text),
            "fairline value run; the log of fairlined has the reason");
    else
        say(doctor, FL_OPS_FINE, "valuation",
            fl_arena_printf(doctor->arena, "the last one was done at %s", text), NULL);
}

static void check_login(struct doctor *doctor, const struct fl_conf_channel *channel)
{
    const char *what = fl_arena_printf(doctor->arena, "login of %s", channel->name);
    struct fl_error why = {0};
    bool was_tried = false;

    if (fl_ops_channel_login(doctor->call->context, doctor->arena, channel, &was_tried, &why))
        say(doctor, FL_OPS_FAIL, what, why.text,
            fl_arena_printf(doctor->arena, "look at host, user and password of channel \"%s\"",
                            channel->name));
    else if (was_tried)
        say(doctor, FL_OPS_FINE, what, "its peer answers", NULL);
}

static void check_options(struct doctor *doctor)
{
    struct fl_arena *arena = doctor->arena;

    for (size_t i = 0; i < doctor->conf->n_channels; i++) {
        const struct fl_conf_channel *channel = &doctor->conf->channels[i];
        const char *what = fl_arena_printf(arena, "channel %s", channel->name);
        struct fl_faults faults;
        struct fl_error why = {0};

        if (!channel->is_enabled) {
            say(doctor, FL_OPS_WARN, what, "disabled", "enabled = yes");
            continue;
        }
        fl_faults_init(&faults, arena);
        if (fl_ops_channel_options(doctor->call->context, arena, channel, &faults, &why))
            say(doctor, FL_OPS_FAIL, what,
                faults.n_items ? fl_fault_text(arena, &faults.items[0]) : why.text,
                fl_arena_printf(arena, "fairline channel check %s", channel->name));
        else {
            say(doctor, FL_OPS_FINE, what,
                fl_arena_printf(arena, "its options fit plugin \"%s\"", channel->plugin), NULL);
            check_login(doctor, channel);
        }
    }
}

/* What the running channels say of themselves: state and the last word of their peer. */
static void check_daemon(struct doctor *doctor)
{
    const struct fl_ops_daemon *daemon = doctor->call->context->daemon;
    struct fl_error why = {0};
    json_t *channels, *row;
    size_t i;

    if (!daemon || !daemon->channels) {
        say(doctor, FL_OPS_WARN, "daemon", "it is down: nothing is sent or collected",
            "systemctl start fairline, or run fairlined");
        return;
    }
    channels = json_array();
    if (daemon->channels(daemon->ctx, channels, &why))
        say(doctor, FL_OPS_FAIL, "daemon", why.text, "fairline status");
    else
        say(doctor, FL_OPS_FINE, "daemon", "it is running", NULL);
    json_array_foreach(channels, i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        const char *state = json_string_value(json_object_get(row, "state"));
        const char *detail = json_string_value(json_object_get(row, "detail"));
        const bool is_fine = fl_str_equal(state, "running") || fl_str_equal(state, "up") ||
                             fl_str_equal(state, "ready") || fl_str_equal(state, "idle") ||
                             fl_str_equal(state, "disabled");

        say(doctor, is_fine ? FL_OPS_FINE : FL_OPS_FAIL,
            fl_arena_printf(doctor->arena, "workers of %s", name ? name : "?"),
            fl_arena_printf(doctor->arena, "%s%s%s", state ? state : "unknown",
                            detail && *detail ? ": " : "", detail ? detail : ""),
            is_fine ? NULL : "fairline channel status, and the log of fairlined");
    }
    json_decref(channels);
}

FL_OPS_RUN(fl_ops_doctor_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    struct doctor doctor = {.call = &call, .arena = args->arena, .conf = context->conf};

    check_conf(&doctor);
    check_folder(&doctor);
    check_store(&doctor);
    check_clock(&doctor);
    check_queue(&doctor);
    check_value(&doctor);
    check_options(&doctor);
    check_daemon(&doctor);
    fl_store_close(&doctor.store);
    return FL_OK;
}
