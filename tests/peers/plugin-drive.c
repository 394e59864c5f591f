/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plugin-drive [options] PLUGIN.so VERB [name=value ...]
 *
 * The smallest host: loads one plugin, gives it options as they would stand in the configuration,
 * calls one verb and prints what the plugin says, a line for each thing.  For tests against real
 * and scripted peers, where the daemon would only be in the way.
 *
 *   VERB  check | health | collect | deliver
 *   -n N      deliver N messages (1)             -b N     in batches of N (the plugin's maximum)
 *   -t ADDR   to ADDR, or to each of a,b,c in turn; %d becomes the number
 *   -s N     text body of N bytes
 *   -k        Korean subject, name and text      -B FILE  text body from FILE
 *   -r ID     as an answer to ID                 -a N     attempt N
 *   -i N      first message id                   -S N     is_stopping() after N reports
 *   -o DIR    collected pieces go to DIR         -q       count instead of a line for each
 *   -R N      refuse the first N inbound pieces  -C N     call the verb N times
 */
#include <fairline/channel.h>

#include <dlfcn.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

enum { MEMORY_MAX = 64, OPTIONS_MAX = 64, ITEMS_MAX = 100000, OUTCOMES = FL_OUTCOME_UNCERTAIN + 1 };

static const char *const outcome_names[OUTCOMES] = {
    "NOT_TRIED", "ACCEPTED", "DELIVERED", "DEFERRED", "BOUNCED", "FAILED", "UNCERTAIN"};
static const char *const fault_names[] = {"NONE",     "ADDRESS",   "MAILBOX",   "CONTENT", "POLICY",
                                          "OUR_SIDE", "THROTTLED", "TRANSIENT", "UNKNOWN"};
static const char *const call_names[] = {"OK", "RETRY", "FAILED", "UNSUPPORTED"};

struct drive {
    size_t n_items, batch, text_bytes, n_calls;
    int64_t first_id;
    uint32_t attempt;
    const char *to, *in_reply_to, *out_dir, *body_file;
    bool is_korean, is_quiet;
    size_t stop_after, refuse_first;

    size_t offset; /* of the batch within the run */
    size_t n_reports, counts[OUTCOMES], n_inbound, n_commits;
    struct fl_option options[OPTIONS_MAX];
    char *texts[OPTIONS_MAX]; /* what the options point to */
    size_t n_options;
    struct {
        char key[65], value[4096];
        size_t len;
    } memory[MEMORY_MAX];
    size_t n_memory;
};

/* --- services ---------------------------------------------------------------------------------*/

static void on_log(void *host, enum fl_level level, const char *message)
{
    (void)host;
    printf("log %d %s\n", (int)level, message);
}

static int64_t on_now(void *host)
{
    struct timespec now;

    (void)host;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int on_report(void *host, const struct fl_report *report)
{
    struct drive *drive = host;

    drive->n_reports++;
    drive->counts[report->outcome]++;
    if (!drive->is_quiet)
        printf("report %zu %s %s %d %s | %s | %s\n", drive->offset + report->item,
               outcome_names[report->outcome], fault_names[report->fault], report->code,
               report->status && *report->status ? report->status : "-",
               report->provider_ref ? report->provider_ref : "",
               report->detail ? report->detail : "");
    if (!drive->is_quiet && report->units)
        printf("cost %zu %d units %" PRId64 " %s\n", drive->offset + report->item,
               (int)report->units, report->cost_micro, report->currency ? report->currency : "-");
    return 0;
}

static int on_begin(void *host, uint32_t item)
{
    struct drive *drive = host;

    if (!drive->is_quiet)
        printf("begin %zu\n", drive->offset + item);
    return 0;
}

static int on_inbound(void *host, const struct fl_inbound *inbound)
{
    struct drive *drive = host;
    char path[4096];
    FILE *file;

    if (drive->refuse_first) {
        drive->refuse_first--;
        printf("refused %s\n", inbound->dedupe_key);
        return 1;
    }
    printf("inbound %zu %s\n", inbound->data_len, inbound->dedupe_key);
    drive->n_inbound++;
    if (!drive->out_dir)
        return 0;
    snprintf(path, sizeof path, "%s/%06zu.eml", drive->out_dir, drive->n_inbound);
    file = fopen(path, "wb");
    if (!file || fwrite(inbound->data, 1, inbound->data_len, file) != inbound->data_len ||
        fclose(file) != 0)
        return 1;
    return 0;
}

static int on_receipt(void *host, const struct fl_receipt *receipt)
{
    (void)host;
    printf("receipt %s\n", receipt->dedupe_key);
    return 0;
}

static int on_commit(void *host)
{
    struct drive *drive = host;

    drive->n_commits++;
    printf("commit\n");
    return 0;
}

static int on_stopping(void *host)
{
    struct drive *drive = host;

    return drive->stop_after && drive->n_reports >= drive->stop_after;
}

/* Remembers for the length of the run. */
static int on_remember(void *host, const char *key, const void *data, size_t len)
{
    struct drive *drive = host;
    size_t i = 0;

    while (i < drive->n_memory && strcmp(drive->memory[i].key, key) != 0)
        i++;
    if (i == MEMORY_MAX || len > sizeof drive->memory[i].value)
        return -1;
    drive->n_memory = i == drive->n_memory ? i + 1 : drive->n_memory;
    snprintf(drive->memory[i].key, sizeof drive->memory[i].key, "%s", key);
    memcpy(drive->memory[i].value, data, len);
    drive->memory[i].len = len;
    return 0;
}

static long on_recall(void *host, const char *key, void *data, size_t cap)
{
    struct drive *drive = host;

    for (size_t i = 0; i < drive->n_memory; i++) {
        if (strcmp(drive->memory[i].key, key) != 0)
            continue;
        memcpy(data, drive->memory[i].value,
               drive->memory[i].len < cap ? drive->memory[i].len : cap);
        return (long)drive->memory[i].len;
    }
    return -1;
}

/* --- options ----------------------------------------------------------------------------------*/

static bool choice_find(const char *choices, const char *text, int64_t *out)
{
    size_t len = strlen(text);

    for (int64_t i = 0; choices; i++) {
        size_t n = strcspn(choices, "|");

        if (n == len && strncmp(choices, text, n) == 0) {
            *out = i;
            return true;
        }
        choices = choices[n] ? choices + n + 1 : NULL;
    }
    return false;
}

static bool option_parse(const struct fl_option_spec *spec, char *text, struct fl_option *out)
{
    char *colon;

    out->name = spec->name;
    out->text = text;
    switch (spec->type) {
    case FL_OPTION_INT:
        return fl_str_parse_i64(text, INT64_MIN, INT64_MAX, &out->number);
    case FL_OPTION_BOOL:
        out->number = strcmp(text, "yes") == 0;
        return true;
    case FL_OPTION_DURATION:
        return fl_str_parse_duration_us(text, &out->number);
    case FL_OPTION_SIZE:
        return fl_str_parse_size(text, &out->number);
    case FL_OPTION_ENUM:
        return choice_find(spec->choices, text, &out->number);
    case FL_OPTION_HOSTPORT:
        colon = strrchr(text, ':');
        if (!colon)
            return false;
        *colon = '\0';
        return fl_str_parse_i64(colon + 1, 1, 65535, &out->number);
    default:
        return true;
    }
}

static bool options_read(struct drive *drive, const struct fl_channel_v1 *channel, char **args)
{
    for (const struct fl_option_spec *spec = channel->options; spec->name; spec++) {
        size_t len = strlen(spec->name);
        const char *text = spec->default_text;

        for (char **arg = args; *arg; arg++) {
            if (strncmp(*arg, spec->name, len) == 0 && (*arg)[len] == '=')
                text = *arg + len + 1;
        }
        if (drive->n_options == OPTIONS_MAX)
            return false;
        drive->options[drive->n_options].name = spec->name;
        if (text)
            drive->texts[drive->n_options] = strdup(text);
        if (text && !option_parse(spec, drive->texts[drive->n_options],
                                  &drive->options[drive->n_options])) {
            fprintf(stderr, "plugin-drive: %s=%s is not understood\n", spec->name, text);
            return false;
        }
        drive->n_options++;
    }
    return true;
}

/* --- delivering -------------------------------------------------------------------------------*/

struct letter {
    struct fl_item item;
    struct fl_part text, html;
    const struct fl_part *parts[2];
    char to[320], token[4][41];
};

static char *text_make(const struct drive *drive, size_t *out_len)
{
    static const char korean[] = "안녕하세요, 고객님. 아기의 첫 생일을 축하합니다.\r\n";
    static const char english[] = "Dear customer, a first birthday comes only once = be there.\n";
    const char *unit = drive->is_korean ? korean : english;
    size_t unit_len = strlen(unit), n = drive->text_bytes / unit_len + 1;
    char *text;
    FILE *file;

    if (drive->body_file) {
        text = calloc(1, 1 << 20);
        file = fopen(drive->body_file, "rb");
        *out_len = file && text ? fread(text, 1, (1 << 20) - 1, file) : 0;
        if (file)
            fclose(file);
        return text;
    }
    text = malloc(n * unit_len + 1);
    for (size_t i = 0; text && i < n; i++)
        memcpy(text + i * unit_len, unit, unit_len);
    *out_len = n * unit_len;
    return text;
}

static void address_make(char *out, size_t out_size, const char *list, int64_t id, size_t index)
{
    size_t n = 1;
    const char *number;
    int len;

    for (const char *p = list; *p; p++)
        n += *p == ',';
    for (index %= n; index; index--)
        list = strchr(list, ',') + 1;
    len = (int)strcspn(list, ",");
    number = strstr(list, "%d");
    if (number && number < list + len)
        snprintf(out, out_size, "%.*s%" PRId64 "%.*s", (int)(number - list), list, id,
                 (int)(list + len - number - 2), number + 2);
    else
        snprintf(out, out_size, "%.*s", len, list);
}

static void letter_make(const struct drive *drive, struct letter *letter, int64_t id,
                        const char *text, size_t text_len)
{
    static const char html[] = "<!doctype html><html><body><p>Hello &amp; welcome.</p>"
                               "</body></html>\n";
    struct fl_item *item = &letter->item;

    for (size_t i = 0; i < 4; i++)
        snprintf(letter->token[i], sizeof letter->token[i], "%c%039" PRId64, "bmsu"[i], id);
    address_make(letter->to, sizeof letter->to, drive->to, id, (size_t)(id - drive->first_id));
    letter->text = (struct fl_part){sizeof letter->text, "text/plain", NULL, text, text_len};
    letter->html = (struct fl_part){sizeof letter->html, "text/html", NULL, html, strlen(html)};
    letter->parts[0] = &letter->text;
    letter->parts[1] = &letter->html;
    *item =
        (struct fl_item){.size = sizeof *item,
                         .attempt = drive->attempt,
                         .message_id = id,
                         .to_address = letter->to,
                         .to_name = drive->is_korean ? "김민지" : "Minji Kim",
                         .language = drive->is_korean ? "ko" : "en",
                         .subject = drive->is_korean ? "첫 생일을 축하합니다" : "Happy birthday",
                         .sender_name = "",
                         .token_return = letter->token[0],
                         .token_identity = letter->token[1],
                         .token_reply = letter->token[2],
                         .token_unsubscribe = letter->token[3],
                         .unsubscribe_url = drive->in_reply_to ? "" : "https://shop.test/u/token",
                         .campaign = drive->in_reply_to ? "" : "birthday",
                         .parts = letter->parts,
                         .n_parts = 2,
                         .in_reply_to = drive->in_reply_to ? drive->in_reply_to : ""};
}

static void call_print(enum fl_call call, const struct fl_why *why)
{
    printf("call %s %s %s\n", call_names[call], call == FL_CALL_OK ? "-" : fault_names[why->fault],
           call == FL_CALL_OK ? "" : why->text);
}

static enum fl_call deliver(struct drive *drive, const struct fl_channel_v1 *channel, void *self)
{
    struct letter *letters = calloc(drive->n_items, sizeof *letters);
    const struct fl_item **items = calloc(drive->n_items, sizeof *items);
    size_t text_len = 0;
    char *text = text_make(drive, &text_len);
    enum fl_call worst = FL_CALL_OK;
    int64_t begin = on_now(drive);
    double seconds;

    for (size_t i = 0; i < drive->n_items; i++) {
        letter_make(drive, &letters[i], drive->first_id + (int64_t)i, text, text_len);
        items[i] = &letters[i].item;
    }
    for (drive->offset = 0; drive->offset < drive->n_items; drive->offset += drive->batch) {
        size_t left = drive->n_items - drive->offset;
        struct fl_why why = {.size = sizeof why};
        enum fl_call call = channel->deliver(self, items + drive->offset,
                                             left < drive->batch ? left : drive->batch, &why);

        if (!drive->is_quiet || call != FL_CALL_OK)
            call_print(call, &why);
        if (call != FL_CALL_OK)
            worst = call;
        fflush(stdout);
    }
    seconds = (double)(on_now(drive) - begin) / 1e6;
    printf("rate %.0f messages/s (%zu in %.3f s)\n", (double)drive->n_items / seconds,
           drive->n_items, seconds);
    for (size_t i = 0; i < OUTCOMES; i++) {
        if (drive->counts[i])
            printf("count %s %zu\n", outcome_names[i], drive->counts[i]);
    }
    free(text);
    free(items);
    free(letters);
    return worst;
}

static enum fl_call verb_run(struct drive *drive, const struct fl_channel_v1 *channel, void *self,
                             const char *verb)
{
    struct fl_why why = {.size = sizeof why};
    enum fl_call call = FL_CALL_UNSUPPORTED;

    if (strcmp(verb, "deliver") == 0)
        return deliver(drive, channel, self);
    if (strcmp(verb, "collect") == 0)
        call = channel->collect(self, &why);
    else if (strcmp(verb, "health") == 0)
        call = channel->health(self, &why);
    call_print(call, &why);
    return call;
}

static int run(struct drive *drive, const struct fl_channel_v1 *channel, const char *verb)
{
    const struct fl_services services = {sizeof services, drive,       on_log,     on_now,
                                         on_report,       on_inbound,  on_receipt, on_commit,
                                         on_stopping,     on_remember, on_recall,  on_begin};
    struct fl_why why = {.size = sizeof why};
    enum fl_call call = channel->check(drive->options, drive->n_options, &why);
    void *self = NULL;

    if (call == FL_CALL_OK && strcmp(verb, "check") != 0)
        call = channel->open(drive->options, drive->n_options, &services, &self, &why);
    if (!self) {
        call_print(call, &why);
        return call != FL_CALL_OK;
    }
    if (!drive->batch)
        drive->batch = channel->limits->batch_max;
    for (size_t i = 0; i < drive->n_calls; i++)
        call = verb_run(drive, channel, self, verb);
    channel->close(self);
    return call != FL_CALL_OK;
}

static bool flags_read(struct drive *drive, int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "+n:b:t:s:kB:r:a:i:S:o:qR:C:")) != -1) {
        size_t number = optarg ? (size_t)strtoul(optarg, NULL, 10) : 0;

        switch (c) {
        case 'n':
            drive->n_items = number;
            break;
        case 'b':
            drive->batch = number;
            break;
        case 't':
            drive->to = optarg;
            break;
        case 's':
            drive->text_bytes = number;
            break;
        case 'k':
            drive->is_korean = true;
            break;
        case 'B':
            drive->body_file = optarg;
            break;
        case 'r':
            drive->in_reply_to = optarg;
            break;
        case 'a':
            drive->attempt = (uint32_t)number;
            break;
        case 'i':
            drive->first_id = (int64_t)number;
            break;
        case 'S':
            drive->stop_after = number;
            break;
        case 'o':
            drive->out_dir = optarg;
            break;
        case 'q':
            drive->is_quiet = true;
            break;
        case 'R':
            drive->refuse_first = number;
            break;
        case 'C':
            drive->n_calls = number;
            break;
        default:
            return false;
        }
    }
    return argc - optind >= 2 && drive->n_items && drive->n_items <= ITEMS_MAX;
}

int main(int argc, char **argv)
{
    struct drive drive = {.n_items = 1,
                          .n_calls = 1,
                          .first_id = 1,
                          .attempt = 1,
                          .to = "kim@cust.test",
                          .text_bytes = 200};
    const struct fl_channel_v1 *channel;
    fl_channel_entry_fn entry;
    void *library;
    int result;

    if (!flags_read(&drive, argc, argv)) {
        fprintf(stderr, "usage: plugin-drive [options] PLUGIN.so VERB [name=value ...]\n");
        return 64;
    }
    library = dlopen(argv[optind], RTLD_NOW | RTLD_LOCAL);
    entry = library ? (fl_channel_entry_fn)(uintptr_t)dlsym(library, FL_CHANNEL_ENTRY) : NULL;
    if (!entry) {
        fprintf(stderr, "plugin-drive: %s\n", dlerror());
        return 66;
    }
    channel = entry();
    if (!options_read(&drive, channel, argv + optind + 2))
        return 64;
    setvbuf(stdout, NULL, _IOLBF, 0);
    result = run(&drive, channel, argv[optind + 1]);
    for (size_t i = 0; i < drive.n_options; i++)
        free(drive.texts[i]);
    return result;
}
