/* The services of the kit: they keep the contract's other side, and watch that the plugin keeps
 * its own. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "kit/kit_private.h"

enum { KEY_MAX = 250 };

static const int64_t YEAR_US = INT64_C(365) * 86400 * 1000000;

FL_PRINTF(2, 3) static void breach(struct fl_kit_world *world, const char *fmt, ...)
{
    va_list ap;

    if (*world->fault)
        return;
    va_start(ap, fmt);
    vsnprintf(world->fault, sizeof world->fault, fmt, ap);
    va_end(ap);
}

static void take_time(const struct fl_kit_world *world)
{
    const struct timespec delay = {.tv_nsec = world->delay_us * 1000};

    if (world->delay_us)
        (void)nanosleep(&delay, NULL);
}

static void service_log(void *host, enum fl_level level, const char *message)
{
    struct fl_kit *kit = host;

    if (!message || !fl_utf8_is_valid(message, strlen(message)))
        breach(&kit->world, "log() got no UTF-8 text");
    else
        fprintf(stderr, "# log %d: %s\n", (int)level, message);
}

/* Ten years on, back to 1970, and to now again. */
static int64_t service_now(void *host)
{
    struct fl_kit *kit = host;
    int64_t now_us = fl_clock_now(&fl_clock_system);

    if (!kit->world.clock_jumps)
        return now_us;
    switch (kit->world.n_ticks++ % 3) {
    case 0:
        return now_us + 10 * YEAR_US;
    case 1:
        return 0;
    default:
        return now_us;
    }
}

static bool is_status(const char *s)
{
    return !s || !*s ||
           (strspn(s, "245") >= 1 && s[1] == '.' && s[strspn(s, "0123456789.")] == '\0');
}

static int service_report(void *host, const struct fl_report *report)
{
    struct fl_kit *kit = host;
    struct fl_kit_world *world = &kit->world;

    take_time(world);
    if (!report || report->size < sizeof *report) {
        breach(world, "report() got a struct without its size");
        return -1;
    }
    if (report->item >= world->n_items) {
        breach(world, "it reports item %u of a batch of %zu", report->item, world->n_items);
        return 0;
    }
    if ((unsigned)report->outcome > FL_OUTCOME_UNCERTAIN ||
        (unsigned)report->fault > FL_FAULT_UNKNOWN)
        breach(world, "it reports outcome %d of class %d, expected values of the contract",
               (int)report->outcome, (int)report->fault);
    if ((report->outcome == FL_OUTCOME_ACCEPTED || report->outcome == FL_OUTCOME_DELIVERED) &&
        report->fault != FL_FAULT_NONE)
        breach(world, "it reports item %u as accepted or delivered, with the fault %d",
               report->item, (int)report->fault);
    if (!is_status(report->status))
        breach(world, "it reports the status \"%.40s\", expected one as \"5.1.1\", or none",
               report->status);
    if (report->cost_micro < 0 || report->units < 0 || report->retry_after_us < 0)
        breach(world, "it reports a cost, units or a wish to wait below 0");
    if (report->cost_micro && (!report->currency || strlen(report->currency) != 3))
        breach(world, "it reports a cost without a currency of three letters");
    if (++world->n_reports[report->item] > 1)
        breach(world, "it reports item %u twice", report->item);
    world->last[report->item] = *report;
    snprintf(world->refs[report->item], sizeof world->refs[0], "%s",
             report->provider_ref ? report->provider_ref : "");
    /* Where the same identity reaches the customer as one, an earlier try may have begun it. */
    if ((kit->channel->capabilities & (FL_BEGINS | FL_DEDUPES)) == FL_BEGINS &&
        kit->services->size > FL_KIT_SERVICES_1_0 && !world->has_begun[report->item] &&
        (report->outcome == FL_OUTCOME_ACCEPTED || report->outcome == FL_OUTCOME_DELIVERED ||
         report->outcome == FL_OUTCOME_UNCERTAIN))
        breach(world, "it declares FL_BEGINS and reports outcome %d of item %u without begin()%s",
               (int)report->outcome, report->item,
               world->refuses_begin ? ", which said that nobody is listening" : "");
    world->n_all_reports++;
    return world->refuses_report ? -1 : 0;
}

static int service_begin(void *host, uint32_t item)
{
    struct fl_kit *kit = host;
    struct fl_kit_world *world = &kit->world;

    take_time(world);
    if (item >= world->n_items) {
        breach(world, "it begins item %u of a batch of %zu", item, world->n_items);
        return -1;
    }
    if (world->n_reports[item])
        breach(world, "it begins item %u after it has reported it", item);
    if (world->refuses_begin) {
        world->n_refused++;
        return -1;
    }
    world->has_begun[item] = true;
    return 0;
}

static bool take_key(struct fl_kit_world *world, const char *what, const char *key)
{
    if (!key || !*key || strlen(key) > KEY_MAX) {
        breach(world, "%s() got no dedupe_key of 1 to %d bytes", what, KEY_MAX);
        return false;
    }
    if (world->n_keys < FL_KIT_KEYS_MAX)
        snprintf(world->keys[world->n_keys++], sizeof world->keys[0], "%s", key);
    return true;
}

static int service_inbound(void *host, const struct fl_inbound *inbound)
{
    struct fl_kit *kit = host;
    struct fl_kit_world *world = &kit->world;

    take_time(world);
    if (!inbound || inbound->size < offsetof(struct fl_inbound, form) ||
        inbound->kind < FL_INBOUND_MAIL || inbound->kind > FL_INBOUND_FORM ||
        (!inbound->data && inbound->data_len)) {
        breach(world, "inbound() got a piece without size, kind or data");
        return -1;
    }
    if (!take_key(world, "inbound", inbound->dedupe_key))
        return -1;
    if (inbound->is_authenticated)
        world->n_authenticated++;
    if (world->refuses_inbound)
        return -1;
    world->n_uncommitted++;
    return 0;
}

static int service_receipt(void *host, const struct fl_receipt *receipt)
{
    struct fl_kit *kit = host;
    struct fl_kit_world *world = &kit->world;

    take_time(world);
    if (!receipt || receipt->size < sizeof *receipt || receipt->kind < FL_RECEIPT_OUTCOME ||
        receipt->kind > FL_RECEIPT_OPEN || (!receipt->token && !receipt->provider_ref)) {
        breach(world, "receipt() got one without size, kind, or what it is about");
        return -1;
    }
    if (!take_key(world, "receipt", receipt->dedupe_key))
        return -1;
    world->n_receipts++;
    if (receipt->is_authenticated)
        world->n_authenticated++;
    if (world->refuses_inbound)
        return -1;
    world->n_uncommitted++;
    return 0;
}

static int service_commit(void *host)
{
    struct fl_kit *kit = host;

    take_time(&kit->world);
    kit->world.n_commits++;
    if (kit->world.refuses_commit)
        return -1;
    kit->world.n_uncommitted = 0;
    return 0;
}

static int service_is_stopping(void *host)
{
    struct fl_kit *kit = host;

    kit->world.n_stop_asked++;
    return kit->world.is_stopping;
}

static struct fl_kit_memory *find_memory(struct fl_kit_world *world, const char *key)
{
    for (size_t i = 0; i < world->n_memory; i++)
        if (strcmp(world->memory[i].key, key) == 0)
            return &world->memory[i];
    return NULL;
}

static int service_remember(void *host, const char *key, const void *data, size_t len)
{
    struct fl_kit *kit = host;
    struct fl_kit_world *world = &kit->world;
    struct fl_kit_memory *memory;

    if (!key || !*key || strlen(key) > FL_KIT_KEY_MAX || len > FL_KIT_VALUE_MAX || (!data && len)) {
        breach(world, "remember() got a key above %d bytes or a value above %d", FL_KIT_KEY_MAX,
               FL_KIT_VALUE_MAX);
        return -1;
    }
    memory = find_memory(world, key);
    if (!memory && world->n_memory == FL_KIT_MEMORY_MAX) {
        breach(world, "remember() got more than %d keys", FL_KIT_MEMORY_MAX);
        return -1;
    }
    if (world->forgets)
        return -1;
    if (!memory)
        memory = &world->memory[world->n_memory++];
    snprintf(memory->key, sizeof memory->key, "%s", key);
    memcpy(memory->value, data ? data : "", len);
    memory->len = len;
    return 0;
}

static long service_recall(void *host, const char *key, void *data, size_t cap)
{
    struct fl_kit *kit = host;
    const struct fl_kit_memory *memory;

    if (!key || !*key || strlen(key) > FL_KIT_KEY_MAX || (!data && cap)) {
        breach(&kit->world, "recall() got a key above %d bytes or no room", FL_KIT_KEY_MAX);
        return -1;
    }
    memory = find_memory(&kit->world, key);
    if (!memory)
        return -1;
    memcpy(data, memory->value, memory->len < cap ? memory->len : cap);
    return (long)memory->len;
}

/* --- opening ---*/

void *fl_kit_guarded(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t room = (size + page - 1) / page * page;
    char *memory =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED || mprotect(memory + room, page, PROT_NONE) < 0)
        return NULL;
    return memory + room - size;
}

struct fl_why fl_kit_why(void)
{
    return (struct fl_why){.size = sizeof(struct fl_why)};
}

void fl_kit_load(struct fl_kit *kit)
{
    const struct fl_conf_channel channel = {.name = "plugin-test",
                                            .file = "command line",
                                            .settings = kit->settings,
                                            .n_settings = kit->n_settings};
    struct fl_faults faults;
    struct fl_error err = {0};

    if (kit->plugin)
        return;
    if (fl_plugin_load("", kit->path, &kit->plugin, &err))
        fl_kit_fail(kit, "%s", err.text);
    kit->channel = fl_plugin_info(kit->plugin)->channel;
    fl_faults_init(&faults, kit->arena);
    if (fl_conf_options(kit->arena, kit->channel->options, &channel, &faults, &kit->options,
                        &kit->n_options, &err) ||
        faults.n_total)
        fl_kit_fail(kit, "the options given do not fit: %s",
                    faults.n_items ? fl_fault_text(kit->arena, &faults.items[0]) : err.text);
}

static void open_with(struct fl_kit *kit, size_t services_size)
{
    const struct fl_services services = {
        .size = (uint32_t)services_size,
        .host = kit,
        .log = service_log,
        .now_us = service_now,
        .report = service_report,
        .inbound = service_inbound,
        .receipt = service_receipt,
        .commit = service_commit,
        .is_stopping = service_is_stopping,
        .remember = service_remember,
        .recall = service_recall,
        .begin = service_begin,
    };
    struct fl_why why = fl_kit_why();
    enum fl_call call;

    kit->services = fl_kit_guarded(services_size);
    if (!kit->services)
        fl_kit_fail(kit, "no memory");
    memcpy(kit->services, &services, services_size);
    call = kit->channel->check(kit->options, kit->n_options, &why);
    if (call != FL_CALL_OK)
        fl_kit_fail(kit, "check() refuses the options given: %.500s", why.text);
    call = kit->channel->open(kit->options, kit->n_options, kit->services, &kit->self, &why);
    fl_kit_judge(kit, "open", call, &why);
    if (call == FL_CALL_RETRY)
        fl_kit_skip(kit, "its peer is away: %.500s", why.text);
    if (call != FL_CALL_OK)
        fl_kit_fail(kit, "open() fails with the options given: %.500s", why.text);
}

void fl_kit_open(struct fl_kit *kit)
{
    fl_kit_load(kit);
    open_with(kit, sizeof *kit->services);
}

void fl_kit_open_old(struct fl_kit *kit)
{
    fl_kit_load(kit);
    open_with(kit, FL_KIT_SERVICES_1_0);
}

void fl_kit_close(struct fl_kit *kit)
{
    kit->channel->close(kit->self);
    kit->self = NULL;
    if (*kit->world.fault)
        fl_kit_fail(kit, "%s", kit->world.fault);
}

void fl_kit_judge(struct fl_kit *kit, const char *call, enum fl_call result, struct fl_why *why)
{
    if (*kit->world.fault)
        fl_kit_fail(kit, "during %s(): %s", call, kit->world.fault);
    if ((unsigned)result > FL_CALL_UNSUPPORTED)
        fl_kit_fail(kit, "%s() returns %d, expected a value of enum fl_call", call, (int)result);
    if (!memchr(why->text, '\0', sizeof why->text))
        fl_kit_fail(kit, "%s() leaves its reason without an end", call);
    if (!fl_utf8_is_valid(why->text, strlen(why->text)))
        fl_kit_fail(kit, "%s() gives a reason that is no UTF-8", call);
    if ((result == FL_CALL_RETRY || result == FL_CALL_FAILED) && !*why->text)
        fl_kit_fail(kit, "%s() returns %s without a sentence in why->text", call,
                    result == FL_CALL_RETRY ? "FL_CALL_RETRY" : "FL_CALL_FAILED");
}
