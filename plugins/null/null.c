/* SPDX-License-Identifier: MIT
 *
 * The null channel: a simulator that delivers to nobody, with a knob for every way in which a real
 * peer, or a plugin itself, can go wrong.  README.md lists them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <fairline/channel.h>

enum {
    BATCH_MAX = 500,
    PIECE_MAX = 32 << 20,
    PORTION_MAX = 100,
    CALL_TIMEOUT_S = 0,
    HTTP_SLOW_US = 300000
};

/* Rows of the option table, in its order. */
enum option {
    O_LATENCY,
    O_FAIL_EVERY,
    O_FAIL_CLASS,
    O_DEFER_EVERY,
    O_RETRY_AFTER,
    O_UNCERTAIN_EVERY,
    O_SILENT_EVERY,
    O_DUPLICATE_EVERY,
    O_LIE_EVERY,
    O_AWAY_EVERY,
    O_CRASH_EVERY,
    O_CRASH_ON,
    O_CRASH_WHEN,
    O_HANG_EVERY,
    O_JOURNAL,
    O_INBOX,
    O_MALFORMED,
    O_HEALTH,
    O_HTTP_FAULTS,
    N_OPTIONS
};

#define KNOB(option, text)                                                                         \
    {                                                                                              \
        option, FL_OPTION_INT, "0", 0, INT32_MAX, NULL, 0, text                                    \
    }

static const struct fl_option_spec options[] = {
    {"latency", FL_OPTION_DURATION, "0ms", 0, 0, NULL, 0, "time each item takes"},
    KNOB("fail_every", "every n-th item is refused for good; 0: none"),
    {"fail_class", FL_OPTION_ENUM, "address", 0, 0,
     "address|mailbox|content|policy|our_side|throttled|transient|unknown", 0,
     "whose fault the refusals are"},
    KNOB("defer_every", "every n-th item is deferred; 0: none"),
    {"retry_after", FL_OPTION_DURATION, "0ms", 0, 0, NULL, 0, "wish given with a deferral"},
    KNOB("uncertain_every", "every n-th item is reported as uncertain; 0: none"),
    KNOB("silent_every", "every n-th item is delivered and not reported; 0: none"),
    KNOB("duplicate_every", "every n-th item is reported twice; 0: none"),
    KNOB("lie_every", "with every n-th item one is reported that was not given; 0: none"),
    KNOB("away_every", "every n-th batch: the peer is away; 0: none"),
    KNOB("crash_every", "every n-th item kills the process; 0: none"),
    {"crash_on", FL_OPTION_STRING, NULL, 0, 0, NULL, 0,
     "an item whose address or text contains this kills the process"},
    {"crash_when", FL_OPTION_ENUM, "after", 0, 0, "before|after", 0,
     "crash before or after the item is written to the journal"},
    KNOB("hang_every", "every n-th item never comes back; 0: none"),
    {"journal", FL_OPTION_PATH, NULL, 0, 0, NULL, 0,
     "file that gets a line for each item: message id, identity token, attempt"},
    {"inbox", FL_OPTION_PATH, NULL, 0, 0, NULL, 0,
     "folder of files to collect (.eml .txt .json, else an image); moved to done/ in it"},
    KNOB("malformed", "pieces of random bytes handed over with every collect"),
    {"health", FL_OPTION_ENUM, "ok", 0, 0, "ok|retry|failed", 0, "what health() answers"},
    {"http_faults", FL_OPTION_BOOL, "no", 0, 0, NULL, 0,
     "requests for /crash, /hang and /slow do what they say"},
    {NULL, (enum fl_option_type)0, NULL, 0, 0, NULL, 0, NULL},
};
_Static_assert(sizeof options / sizeof options[0] == N_OPTIONS + 1, "the enum names every row");

struct null_channel {
    const struct fl_services *services;
    int64_t number[N_OPTIONS];
    char *crash_on;
    char *inbox;
    int journal_fd;
    int watch_fd;
    int64_t n_items;
    int64_t n_batches;
    uint64_t random;
};

__attribute__((format(printf, 4, 5))) static enum fl_call fail(struct fl_why *why,
                                                               enum fl_call call,
                                                               enum fl_fault_class fault,
                                                               const char *text, ...)
{
    va_list ap;

    why->fault = fault;
    va_start(ap, text);
    vsnprintf(why->text, sizeof why->text, text, ap);
    va_end(ap);
    return call;
}

static enum fl_call null_check(const struct fl_option *o, size_t n, struct fl_why *why)
{
    if (n != N_OPTIONS)
        return fail(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "the host gave other options");
    if (o[O_CRASH_ON].text && !*o[O_CRASH_ON].text)
        return fail(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE,
                    "crash_on is empty, expected some text: every message contains the empty one");
    return FL_CALL_OK;
}

static void null_close(void *self)
{
    struct null_channel *null = self;

    if (null->journal_fd >= 0)
        close(null->journal_fd);
    if (null->watch_fd >= 0)
        close(null->watch_fd);
    free(null->crash_on);
    free(null->inbox);
    free(null);
}

static enum fl_call open_inbox(struct null_channel *null, const char *path, struct fl_why *why)
{
    char done[PATH_MAX];

    null->inbox = strdup(path);
    if (!null->inbox || snprintf(done, sizeof done, "%s/done", path) >= (int)sizeof done)
        return fail(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "cannot use the inbox \"%s\"", path);
    if ((mkdir(path, 0700) < 0 && errno != EEXIST) || (mkdir(done, 0700) < 0 && errno != EEXIST))
        return fail(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "cannot make the folder \"%s\"", done);
    null->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (null->watch_fd >= 0)
        (void)inotify_add_watch(null->watch_fd, path, IN_CLOSE_WRITE | IN_MOVED_TO);
    return FL_CALL_OK;
}

static enum fl_call null_open(const struct fl_option *o, size_t n,
                              const struct fl_services *services, void **out_self,
                              struct fl_why *why)
{
    struct null_channel *null = calloc(1, sizeof *null);
    enum fl_call call = null_check(o, n, why);

    if (!null)
        return fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "no memory");
    null->services = services;
    null->journal_fd = null->watch_fd = -1;
    null->random = (uint64_t)services->now_us(services->host) | 1;
    for (int i = 0; call == FL_CALL_OK && i < N_OPTIONS; i++)
        null->number[i] = o[i].number;
    if (call == FL_CALL_OK && o[O_CRASH_ON].text)
        null->crash_on = strdup(o[O_CRASH_ON].text);
    if (call == FL_CALL_OK && o[O_JOURNAL].text) {
        null->journal_fd = open(o[O_JOURNAL].text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (null->journal_fd < 0)
            call = fail(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "cannot open the journal \"%s\"",
                        o[O_JOURNAL].text);
    }
    if (call == FL_CALL_OK && o[O_INBOX].text)
        call = open_inbox(null, o[O_INBOX].text, why);
    if (call != FL_CALL_OK) {
        null_close(null);
        return call;
    }
    *out_self = null;
    return FL_CALL_OK;
}

/* --- out ---------------------------------------------------------------------------------------*/

static bool is_nth(const struct null_channel *null, enum option knob)
{
    return null->number[knob] > 0 && null->n_items % null->number[knob] == 0;
}

static bool has_marker(const struct null_channel *null, const struct fl_item *item)
{
    size_t len = null->crash_on ? strlen(null->crash_on) : 0;

    if (!len)
        return false;
    for (size_t i = 0; i < item->n_parts; i++)
        if (memmem(item->parts[i]->data, item->parts[i]->data_len, null->crash_on, len))
            return true;
    return strstr(item->to_address, null->crash_on) != NULL;
}

/* One write with O_APPEND: lines of several workers never mix, and a line is there or it is not. */
static bool write_journal(const struct null_channel *null, const struct fl_item *item)
{
    char line[256];
    int n;

    if (null->journal_fd < 0)
        return true;
    n = snprintf(line, sizeof line, "%" PRId64 " %s %u\n", item->message_id, item->token_identity,
                 item->attempt);
    return n < (int)sizeof line && write(null->journal_fd, line, (size_t)n) == n;
}

static void wait_us(int64_t us)
{
    struct timespec left = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (us % 1000000) * 1000};

    while (us > 0 && nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
}

static struct fl_report judge(const struct null_channel *null, uint32_t index)
{
    struct fl_report report = {
        .size = sizeof report, .item = index, .outcome = FL_OUTCOME_ACCEPTED, .code = 250};

    if (is_nth(null, O_FAIL_EVERY)) {
        report.fault = (enum fl_fault_class)(FL_FAULT_ADDRESS + null->number[O_FAIL_CLASS]);
        report.outcome = report.fault <= FL_FAULT_MAILBOX ? FL_OUTCOME_BOUNCED : FL_OUTCOME_FAILED;
        report.code = 550;
        report.status = report.fault == FL_FAULT_ADDRESS ? "5.1.1" : "5.0.0";
        report.detail = "refused by the knob fail_every";
    } else if (is_nth(null, O_DEFER_EVERY)) {
        report.outcome = FL_OUTCOME_DEFERRED;
        report.fault = FL_FAULT_TRANSIENT;
        report.code = 450;
        report.status = "4.2.0";
        report.detail = "deferred by the knob defer_every";
        report.retry_after_us = null->number[O_RETRY_AFTER];
    } else if (is_nth(null, O_UNCERTAIN_EVERY)) {
        report.outcome = FL_OUTCOME_UNCERTAIN;
        report.fault = FL_FAULT_TRANSIENT;
        report.code = 0;
        report.detail = "left in doubt by the knob uncertain_every";
    }
    return report;
}

/* Does what the knobs say about one item; false when nobody listens any more. */
static bool deliver_item(struct null_channel *null, const struct fl_item *item, uint32_t index)
{
    const struct fl_services *s = null->services;
    struct fl_report report, lie;
    char ref[32];
    bool crashes;

    null->n_items++;
    wait_us(null->number[O_LATENCY]);
    crashes = is_nth(null, O_CRASH_EVERY) || has_marker(null, item);
    if (crashes && null->number[O_CRASH_WHEN] == 0)
        raise(SIGKILL);
    while (is_nth(null, O_HANG_EVERY))
        pause();
    report = judge(null, index);
    if (report.outcome == FL_OUTCOME_ACCEPTED) {
        snprintf(ref, sizeof ref, "null-%" PRId64, item->message_id);
        report.provider_ref = ref;
    }
    if ((report.outcome == FL_OUTCOME_ACCEPTED || report.outcome == FL_OUTCOME_UNCERTAIN) &&
        !write_journal(null, item)) {
        report.outcome = FL_OUTCOME_FAILED;
        report.fault = FL_FAULT_OUR_SIDE;
        report.detail = "could not write the journal";
    }
    if (crashes)
        raise(SIGKILL);
    if (is_nth(null, O_SILENT_EVERY))
        return true;
    if (s->report(s->host, &report) != 0)
        return false;
    if (is_nth(null, O_DUPLICATE_EVERY) && s->report(s->host, &report) != 0)
        return false;
    lie = report;
    lie.item = UINT32_MAX;
    return !is_nth(null, O_LIE_EVERY) || s->report(s->host, &lie) == 0;
}

static enum fl_call null_deliver(void *self, const struct fl_item *const *items, size_t n_items,
                                 struct fl_why *why)
{
    struct null_channel *null = self;
    const int64_t away = null->number[O_AWAY_EVERY];

    null->n_batches++;
    if (away && null->n_batches % away == 0)
        return fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "away by the knob %s", "away_every");
    for (size_t i = 0; i < n_items; i++) {
        if (!deliver_item(null, items[i], (uint32_t)i))
            return fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "nobody listens");
        if (i + 1 < n_items && null->services->is_stopping(null->services->host))
            return fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "asked to stop");
    }
    return FL_CALL_OK;
}

/* --- in ----------------------------------------------------------------------------------------*/

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strcmp(entry->d_name, "done") != 0;
}

static enum fl_inbound_kind kind_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    if (dot && strcmp(dot, ".eml") == 0)
        return FL_INBOUND_MAIL;
    if (dot && strcmp(dot, ".txt") == 0)
        return FL_INBOUND_TEXT;
    if (dot && strcmp(dot, ".json") == 0)
        return FL_INBOUND_FORM;
    return FL_INBOUND_IMAGE;
}

static bool hand_over_file(const struct null_channel *null, const char *name)
{
    const struct fl_services *s = null->services;
    char path[PATH_MAX], key[NAME_MAX + 16];
    struct fl_inbound inbound = {.size = sizeof inbound, .kind = kind_of(name), .dedupe_key = key};
    struct stat st;
    char *data = NULL;
    bool is_taken = false;
    int fd;

    if (snprintf(path, sizeof path, "%s/%s", null->inbox, name) >= (int)sizeof path)
        return false;
    snprintf(key, sizeof key, "null:%s", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= PIECE_MAX)
        data = malloc((size_t)st.st_size + 1);
    if (data && read(fd, data, (size_t)st.st_size) == st.st_size) {
        inbound.data = data;
        inbound.data_len = (size_t)st.st_size;
        is_taken = s->inbound(s->host, &inbound) == 0;
    }
    free(data);
    if (fd >= 0)
        close(fd);
    return is_taken;
}

static void acknowledge(const struct null_channel *null, const char *name)
{
    char from[PATH_MAX], to[PATH_MAX];

    if (snprintf(from, sizeof from, "%s/%s", null->inbox, name) < (int)sizeof from &&
        snprintf(to, sizeof to, "%s/done/%s", null->inbox, name) < (int)sizeof to)
        (void)rename(from, to);
}

/* Hands over a portion, commits, and only then takes the files away. */
static enum fl_call collect_inbox(struct null_channel *null, struct fl_why *why)
{
    const struct fl_services *s = null->services;
    struct dirent **entries;
    enum fl_call call = FL_CALL_OK;
    char events[4096];
    int n;

    while (null->watch_fd >= 0 && read(null->watch_fd, events, sizeof events) > 0)
        continue;
    n = scandir(null->inbox, &entries, is_visible, alphasort);
    if (n < 0)
        return fail(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "cannot read \"%s\"", null->inbox);
    for (int at = 0; at < n && call == FL_CALL_OK; at += PORTION_MAX) {
        bool is_taken[PORTION_MAX] = {0};

        for (int i = at; i < n && i < at + PORTION_MAX; i++)
            is_taken[i - at] = hand_over_file(null, entries[i]->d_name);
        if (s->commit(s->host) != 0)
            call = fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "could not be stored");
        for (int i = at; call == FL_CALL_OK && i < n && i < at + PORTION_MAX; i++)
            if (is_taken[i - at])
                acknowledge(null, entries[i]->d_name);
    }
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
    return call;
}

static uint64_t next_random(struct null_channel *null)
{
    null->random ^= null->random << 13;
    null->random ^= null->random >> 7;
    null->random ^= null->random << 17;
    return null->random;
}

static enum fl_call collect_malformed(struct null_channel *null, struct fl_why *why)
{
    const struct fl_services *s = null->services;
    unsigned char bytes[4096];
    char key[64];

    for (int64_t i = 0; i < null->number[O_MALFORMED]; i++) {
        struct fl_inbound inbound = {.size = sizeof inbound, .dedupe_key = key, .data = bytes};

        for (size_t b = 0; b < sizeof bytes; b++)
            bytes[b] = (unsigned char)next_random(null);
        inbound.kind = (enum fl_inbound_kind)(FL_INBOUND_MAIL + next_random(null) % 4);
        inbound.data_len = next_random(null) % sizeof bytes;
        snprintf(key, sizeof key, "malformed:%016" PRIx64, next_random(null));
        (void)s->inbound(s->host, &inbound);
    }
    if (null->number[O_MALFORMED] && s->commit(s->host) != 0)
        return fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "could not be stored");
    return FL_CALL_OK;
}

static enum fl_call null_collect(void *self, struct fl_why *why)
{
    struct null_channel *null = self;
    enum fl_call call = null->inbox ? collect_inbox(null, why) : FL_CALL_OK;

    return call == FL_CALL_OK ? collect_malformed(null, why) : call;
}

static size_t null_poll_fds(void *self, int *fds, size_t max_fds, int *timeout_ms)
{
    struct null_channel *null = self;

    *timeout_ms = -1;
    if (null->watch_fd < 0 || max_fds == 0)
        return 0;
    fds[0] = null->watch_fd;
    return 1;
}

static int send_receipt(const struct null_channel *null, const char *ref, bool is_authenticated)
{
    const struct fl_services *s = null->services;
    char key[128];
    struct fl_receipt receipt = {
        .size = sizeof receipt,
        .kind = FL_RECEIPT_OUTCOME,
        .dedupe_key = key,
        .provider_ref = ref,
        .report = {.size = sizeof receipt.report, .outcome = FL_OUTCOME_DELIVERED},
        .is_authenticated = is_authenticated,
    };

    snprintf(key, sizeof key, "receipt:%.100s", ref);
    return s->receipt(s->host, &receipt);
}

static enum fl_call null_lookup(void *self, const char *const *refs, size_t n_refs,
                                struct fl_why *why)
{
    struct null_channel *null = self;

    for (size_t i = 0; i < n_refs; i++)
        if (strncmp(refs[i], "null-", strlen("null-")) == 0 &&
            send_receipt(null, refs[i], true) != 0)
            return fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "\"%s\" was not taken", refs[i]);
    if (null->services->commit(null->services->host) != 0)
        return fail(why, FL_CALL_RETRY, FL_FAULT_TRANSIENT, "could not be stored");
    return FL_CALL_OK;
}

/* What a plugin can do to whoever calls it; true: `response` says how it went. */
static bool serve_fault(const struct null_channel *null, const char *path,
                        struct fl_http_response *response)
{
    static const struct fl_http_field slow[] = {{"X-Slow", "yes"}};

    if (!null->number[O_HTTP_FAULTS])
        return false;
    if (strcmp(path, "/crash") == 0)
        raise(SIGKILL);
    while (strcmp(path, "/hang") == 0)
        pause();
    if (strcmp(path, "/slow") != 0)
        return false;
    wait_us(HTTP_SLOW_US);
    response->status = 200;
    response->headers = slow;
    response->n_headers = 1;
    return true;
}

/* A peer proves itself in the simplest of ways: by the header "authorization: null". */
static bool has_password(const struct fl_http_request *request)
{
    for (size_t i = 0; i < request->n_headers; i++)
        if (strcmp(request->headers[i].name, "authorization") == 0)
            return strcmp(request->headers[i].value, "null") == 0;
    return false;
}

/* GET /ping; POST /echo, /inbound (a text), /receipt (a reference). */
static enum fl_call null_http(void *self, const struct fl_http_request *request,
                              struct fl_http_response *response, struct fl_why *why)
{
    struct null_channel *null = self;
    const struct fl_services *s = null->services;
    char text[128];
    struct fl_inbound inbound = {.size = sizeof inbound,
                                 .kind = FL_INBOUND_TEXT,
                                 .dedupe_key = text,
                                 .data = request->body,
                                 .data_len = request->body_len};
    int refused = 0;

    (void)why;
    response->status = 404;
    if (strcmp(request->path, "/ping") == 0) {
        response->status = 200;
        response->body = "pong\n";
        response->body_len = strlen("pong\n");
        return FL_CALL_OK;
    }
    if (serve_fault(null, request->path, response) || strcmp(request->method, "POST") != 0)
        return FL_CALL_OK;
    if (strcmp(request->path, "/echo") == 0) {
        response->status = 200;
        response->body = request->body;
        response->body_len = request->body_len;
        return FL_CALL_OK;
    }
    if (strcmp(request->path, "/inbound") == 0) {
        snprintf(text, sizeof text, "http:%016" PRIx64, next_random(null));
        refused = s->inbound(s->host, &inbound);
    } else if (strcmp(request->path, "/receipt") == 0 && request->body_len < sizeof text) {
        snprintf(text, sizeof text, "%.*s", (int)request->body_len,
                 request->body ? (const char *)request->body : "");
        refused = send_receipt(null, text, has_password(request));
    } else {
        return FL_CALL_OK;
    }
    response->status = refused || s->commit(s->host) != 0 ? 503 : 200;
    return FL_CALL_OK;
}

static enum fl_call null_health(void *self, struct fl_why *why)
{
    struct null_channel *null = self;

    if (null->number[O_HEALTH] == 0)
        return FL_CALL_OK;
    return fail(why, null->number[O_HEALTH] == 1 ? FL_CALL_RETRY : FL_CALL_FAILED,
                FL_FAULT_OUR_SIDE, "ill by the knob %s", "health");
}

static const struct fl_limits limits = {
    .size = sizeof limits,
    .batch_max = BATCH_MAX,
    .call_timeout_s = CALL_TIMEOUT_S,
};

static const struct fl_channel_v1 channel = {
    .magic = FL_CHANNEL_MAGIC,
    .abi_major = FL_CHANNEL_ABI_MAJOR,
    .abi_minor = FL_CHANNEL_ABI_MINOR,
    .size = sizeof channel,
    .name = "null",
    .version = "1.0",
    .summary = "simulates a mail peer, with a knob for every fault",
    .medium = "email",
    .capabilities = FL_CAN_DELIVER | FL_CAN_COLLECT | FL_CAN_RECEIPTS | FL_CAN_HTTP |
                    FL_CAN_LOOKUP | FL_CAN_HEALTH | FL_DEDUPES,
    .limits = &limits,
    .options = options,
    .check = null_check,
    .open = null_open,
    .deliver = null_deliver,
    .collect = null_collect,
    .http = null_http,
    .poll_fds = null_poll_fds,
    .lookup = null_lookup,
    .health = null_health,
    .close = null_close,
};

const struct fl_channel_v1 *fairline_channel_v1(void)
{
    return &channel;
}
