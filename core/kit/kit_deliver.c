/* Cases of deliver(): whatever happens, each item is reported once. */
#include <stdio.h>
#include <string.h>

#include "kit/kit_private.h"

enum { SMALL = 5, BAD_ADDRESSES = 15, SLOW_US = 5000, ENOUGH_TO_STOP = 8, IN_FLIGHT_MAX = 64 };

static size_t batch_max(const struct fl_kit *kit)
{
    size_t n = kit->channel->limits->batch_max;

    return n < FL_KIT_BATCH_MAX ? n : FL_KIT_BATCH_MAX;
}

static size_t at_most(const struct fl_kit *kit, size_t n)
{
    return n < batch_max(kit) ? n : batch_max(kit);
}

static void open_to_deliver(struct fl_kit *kit)
{
    fl_kit_open(kit);
    if (!(kit->channel->capabilities & FL_CAN_DELIVER))
        fl_kit_skip(kit, "it delivers nothing");
}

/* One batch.  FL_CALL_OK: each item has one report; FL_CALL_RETRY: it has one or none. */
static enum fl_call deliver(struct fl_kit *kit, const struct fl_item *const *items, size_t n,
                            struct fl_why *why)
{
    enum fl_call call;

    memset(kit->world.n_reports, 0, sizeof kit->world.n_reports);
    memset(kit->world.has_begun, 0, sizeof kit->world.has_begun);
    kit->world.n_items = n;
    kit->world.n_all_reports = 0;
    *why = fl_kit_why();
    call = kit->channel->deliver(kit->self, items, n, why);
    fl_kit_judge(kit, "deliver", call, why);
    if (call == FL_CALL_UNSUPPORTED)
        fl_kit_fail(kit, "it declares FL_CAN_DELIVER and deliver() is unsupported");
    for (size_t i = 0; i < n && call == FL_CALL_OK && !kit->world.refuses_report; i++)
        if (!kit->world.n_reports[i])
            fl_kit_fail(kit, "deliver() returns FL_CALL_OK and has not reported item %zu of %zu", i,
                        n);
    return call;
}

/* Delivers, and skips the case when there is no peer to deliver to. */
static void must_deliver(struct fl_kit *kit, size_t n, enum fl_kit_texts texts, size_t item_size)
{
    const struct fl_item *const *items = fl_kit_items(kit, n, texts, item_size);
    struct fl_why why;
    enum fl_call call = deliver(kit, items, n, &why);

    if (call != FL_CALL_OK && n && kit->world.n_all_reports == 0)
        fl_kit_skip(kit, "nothing can be delivered with the options given: %.400s", why.text);
}

static void batches(struct fl_kit *kit)
{
    struct fl_why why;
    size_t sizes[2];

    open_to_deliver(kit);
    sizes[0] = 1;
    sizes[1] = batch_max(kit);
    if (deliver(kit, fl_kit_items(kit, 0, FL_KIT_PLAIN, sizeof(struct fl_item)), 0, &why) !=
            FL_CALL_OK &&
        kit->world.n_all_reports)
        fl_kit_fail(kit, "a batch of none gives reports");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        must_deliver(kit, sizes[i], FL_KIT_PLAIN, sizeof(struct fl_item));
    fl_kit_close(kit);
}

static void texts(struct fl_kit *kit, enum fl_kit_texts texts, size_t n)
{
    open_to_deliver(kit);
    must_deliver(kit, at_most(kit, n), texts, sizeof(struct fl_item));
    fl_kit_close(kit);
}

static void empty_texts(struct fl_kit *kit)
{
    texts(kit, FL_KIT_EMPTY, SMALL);
}

static void huge_texts(struct fl_kit *kit)
{
    texts(kit, FL_KIT_HUGE, 2);
}

static void unicode_texts(struct fl_kit *kit)
{
    texts(kit, FL_KIT_UNICODE, SMALL);
}

/* Each in a batch of its own when the plugin takes fewer at a time. */
static void bad_addresses(struct fl_kit *kit)
{
    const struct fl_item *const *items;
    size_t step;

    open_to_deliver(kit);
    items = fl_kit_items(kit, BAD_ADDRESSES, FL_KIT_BAD_ADDRESS, sizeof(struct fl_item));
    step = at_most(kit, BAD_ADDRESSES);
    for (size_t at = 0; at < BAD_ADDRESSES; at += step) {
        struct fl_why why;
        size_t n = BAD_ADDRESSES - at < step ? BAD_ADDRESSES - at : step;

        (void)deliver(kit, items + at, n, &why);
    }
    fl_kit_close(kit);
}

static void drains(struct fl_kit *kit)
{
    struct fl_why why;
    size_t n;

    open_to_deliver(kit);
    n = batch_max(kit);
    if (n < ENOUGH_TO_STOP)
        fl_kit_skip(kit, "its batches are too small to be stopped in between");
    must_deliver(kit, 1, FL_KIT_PLAIN, sizeof(struct fl_item));
    kit->world.is_stopping = true;
    (void)deliver(kit, fl_kit_items(kit, n, FL_KIT_PLAIN, sizeof(struct fl_item)), n, &why);
    if (kit->world.n_all_reports == n && !kit->world.n_stop_asked)
        fl_kit_fail(kit, "it never looks at is_stopping() within a batch of %zu", n);
    fl_kit_close(kit);
}

static void nobody_listens(struct fl_kit *kit)
{
    struct fl_why why;
    size_t n;

    open_to_deliver(kit);
    n = batch_max(kit);
    kit->world.refuses_report = true;
    (void)deliver(kit, fl_kit_items(kit, n, FL_KIT_PLAIN, sizeof(struct fl_item)), n, &why);
    if (n > IN_FLIGHT_MAX && kit->world.n_all_reports > IN_FLIGHT_MAX)
        fl_kit_fail(kit, "report() says that nobody listens, and %zu more follow",
                    kit->world.n_all_reports - 1);
    fl_kit_close(kit);
}

static void begin_is_refused(struct fl_kit *kit)
{
    struct fl_why why;
    size_t n;

    open_to_deliver(kit);
    if (!(kit->channel->capabilities & FL_BEGINS))
        fl_kit_skip(kit, "it does not declare FL_BEGINS: what it had in hand is in doubt when it "
                         "dies");
    n = at_most(kit, SMALL);
    kit->world.refuses_begin = true;
    (void)deliver(kit, fl_kit_items(kit, n, FL_KIT_PLAIN, sizeof(struct fl_item)), n, &why);
    fl_kit_close(kit);
}

static void same_identity(struct fl_kit *kit)
{
    const struct fl_item *const *items;
    struct fl_item *again;
    char ref[128];
    struct fl_why why;

    open_to_deliver(kit);
    if (!(kit->channel->capabilities & FL_DEDUPES))
        fl_kit_skip(kit, "it does not declare FL_DEDUPES: what is in doubt is held for a person");
    items = fl_kit_items(kit, 1, FL_KIT_PLAIN, sizeof(struct fl_item));
    if (deliver(kit, items, 1, &why) != FL_CALL_OK)
        fl_kit_skip(kit, "nothing can be delivered with the options given: %.400s", why.text);
    snprintf(ref, sizeof ref, "%s", kit->world.refs[0]);
    again = FL_ARENA_NEW(kit->arena, struct fl_item);
    if (!again)
        fl_kit_fail(kit, "no memory");
    *again = *items[0];
    again->attempt = 2;
    if (deliver(kit, (const struct fl_item *const[]){again}, 1, &why) != FL_CALL_OK)
        fl_kit_fail(kit, "the same item is not taken twice: %.400s", why.text);
    if (!*ref || !*kit->world.refs[0])
        fl_kit_skip(kit, "it gives no provider_ref to compare");
    if (strcmp(ref, kit->world.refs[0]) != 0)
        fl_kit_fail(kit,
                    "it declares FL_DEDUPES, and the same item is \"%s\" first and \"%s\" then",
                    ref, kit->world.refs[0]);
    fl_kit_close(kit);
}

static void slow_services(struct fl_kit *kit)
{
    kit->world.delay_us = SLOW_US;
    texts(kit, FL_KIT_PLAIN, SMALL);
}

static void clock_jumps(struct fl_kit *kit)
{
    struct fl_why why = fl_kit_why();

    kit->world.clock_jumps = true;
    open_to_deliver(kit);
    must_deliver(kit, at_most(kit, SMALL), FL_KIT_PLAIN, sizeof(struct fl_item));
    if (kit->channel->capabilities & FL_CAN_COLLECT)
        fl_kit_judge(kit, "collect", kit->channel->collect(kit->self, &why), &why);
    fl_kit_close(kit);
}

/* A plugin that must remember what it sends may leave it unsent: then it says so. */
static void host_forgets(struct fl_kit *kit)
{
    kit->world.forgets = true;
    texts(kit, FL_KIT_PLAIN, SMALL);
}

static void old_host(struct fl_kit *kit)
{
    fl_kit_open_old(kit);
    if (!(kit->channel->capabilities & FL_CAN_DELIVER))
        fl_kit_skip(kit, "it delivers nothing");
    must_deliver(kit, at_most(kit, SMALL), FL_KIT_PLAIN, FL_KIT_ITEM_1_0);
    fl_kit_close(kit);
}

const struct fl_kit_case fl_kit_cases_deliver[] = {
    {"batches of none, one and the most are reported item by item", batches},
    {"empty texts", empty_texts},
    {"texts as long as it takes", huge_texts},
    {"emoji, Korean and combining characters", unicode_texts},
    {"addresses that cannot be", bad_addresses},
    {"it looks whether the host wants to stop", drains},
    {"it stops when nobody listens to its reports", nobody_listens},
    {"it begins nothing that it may not begin", begin_is_refused},
    {"the same message twice has the same identity", same_identity},
    {"services that take their time", slow_services},
    {"a clock that jumps", clock_jumps},
    {"a host that remembers nothing", host_forgets},
    {"a host of contract 1.0", old_host},
    {NULL, NULL},
};
