/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which letters are in which job, remembered over crashes.
 *
 * A batch that comes again need not hold the same letters.  So a job is written down before it is
 * published and again after it: what was published and not reported is then known by its id, and
 * no letter gets into a second job.  The host keeps 64 values; the oldest finished one gives way.
 *
 * A value: one byte state, eight bytes of order, name and '\0', then for each letter in the order
 * of the job seven bytes of its id (the eighth is equal for centuries) and one of its sheets.
 */
#include "letter/letter_private.h"

#include <string.h>

enum { SLOTS = 60, VALUE_MAX = 4096, ID_BYTES = 7, ENTRY_BYTES = ID_BYTES + 1, HEAD_BYTES = 9 };
enum { STATE_WRITING = 1, STATE_DONE = 2, STATE_DROPPED = 3 };

G_STATIC_ASSERT(HEAD_BYTES + LETTER_JOB_NAME_MAX + LETTER_BATCH_MAX * ENTRY_BYTES <= VALUE_MAX);

struct slot {
    guint8 *value; /* NULL: none */
    size_t len;
    uint64_t order;
};

struct letter_ledger {
    const struct fl_services *services;
    struct slot slots[SLOTS];
    uint64_t next;
};

static void slot_key(size_t slot, char out[16])
{
    g_snprintf(out, 16, "job.%zu", slot);
}

static const char *slot_job(const struct slot *slot)
{
    return (const char *)slot->value + HEAD_BYTES;
}

static bool slot_is_sound(const guint8 *value, long len)
{
    return len > HEAD_BYTES && len <= VALUE_MAX &&
           memchr(value + HEAD_BYTES, 0, (size_t)len - HEAD_BYTES) != NULL;
}

struct letter_ledger *letter_ledger_load(const struct fl_services *services)
{
    struct letter_ledger *ledger = g_new0(struct letter_ledger, 1);
    guint8 value[VALUE_MAX];
    char key[16];

    ledger->services = services;
    for (size_t i = 0; i < SLOTS; i++) {
        long len;

        slot_key(i, key);
        len = services->recall(services->host, key, value, sizeof value);
        if (!slot_is_sound(value, len))
            continue;
        ledger->slots[i].value = g_memdup2(value, (size_t)len);
        ledger->slots[i].len = (size_t)len;
        memcpy(&ledger->slots[i].order, value + 1, sizeof(uint64_t));
        ledger->next = MAX(ledger->next, ledger->slots[i].order + 1);
    }
    return ledger;
}

void letter_ledger_free(struct letter_ledger **ledger)
{
    if (!*ledger)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        g_free((*ledger)->slots[i].value);
    g_clear_pointer(ledger, g_free);
}

static void id_write(guint8 *out, int64_t id)
{
    uint64_t value = (uint64_t)id;

    for (size_t i = 0; i < ID_BYTES; i++)
        out[i] = (guint8)(value >> (8 * i));
}

bool letter_ledger_find(const struct letter_ledger *ledger, int64_t message_id,
                        struct letter_past *out)
{
    guint8 id[ID_BYTES];

    id_write(id, message_id);
    for (size_t i = 0; i < SLOTS; i++) {
        const struct slot *slot = &ledger->slots[i];
        size_t at = slot->value ? HEAD_BYTES + strlen(slot_job(slot)) + 1 : 0;

        if (!slot->value || slot->value[0] == STATE_DROPPED)
            continue;
        for (uint32_t line = 1; at + ENTRY_BYTES <= slot->len; at += ENTRY_BYTES, line++) {
            if (memcmp(slot->value + at, id, ID_BYTES) != 0)
                continue;
            g_strlcpy(out->job, slot_job(slot), sizeof out->job);
            out->is_done = slot->value[0] == STATE_DONE;
            out->line = line;
            out->sheets = slot->value[at + ID_BYTES];
            return true;
        }
    }
    return false;
}

/* That of the job, else an empty one, else the oldest that is not being written. */
static size_t slot_for(const struct letter_ledger *ledger, const char *job)
{
    size_t best = 0;
    uint64_t best_order = UINT64_MAX;

    for (size_t i = 0; i < SLOTS; i++) {
        if (ledger->slots[i].value && strcmp(slot_job(&ledger->slots[i]), job) == 0)
            return i;
    }
    for (size_t i = 0; i < SLOTS; i++) {
        const struct slot *slot = &ledger->slots[i];
        uint64_t order = !slot->value ? 0 : slot->order + 1;

        if (slot->value && slot->value[0] == STATE_WRITING)
            order += UINT64_MAX / 2;
        if (order < best_order) {
            best = i;
            best_order = order;
        }
    }
    return best;
}

static bool slot_store(struct letter_ledger *ledger, size_t i)
{
    const struct fl_services *services = ledger->services;
    char key[16];

    slot_key(i, key);
    return services->remember(services->host, key, ledger->slots[i].value, ledger->slots[i].len) ==
               0 &&
           services->commit(services->host) == 0;
}

bool letter_ledger_put(struct letter_ledger *ledger, const struct letter_job *job, bool is_done)
{
    size_t i = slot_for(ledger, job->name), name = strlen(job->name) + 1;
    struct slot *slot = &ledger->slots[i];
    guint8 *at;

    g_free(slot->value);
    slot->len = HEAD_BYTES + name + job->n_entries * ENTRY_BYTES;
    slot->value = g_malloc0(slot->len);
    slot->order = ledger->next++;
    slot->value[0] = is_done ? STATE_DONE : STATE_WRITING;
    memcpy(slot->value + 1, &slot->order, sizeof slot->order);
    memcpy(slot->value + HEAD_BYTES, job->name, name);
    at = slot->value + HEAD_BYTES + name;
    for (size_t n = 0; n < job->n_entries; n++, at += ENTRY_BYTES) {
        id_write(at, job->entries[n].from->message_id);
        at[ID_BYTES] = (guint8)MIN(job->entries[n].sheets, UINT8_MAX);
    }
    return slot_store(ledger, i);
}

void letter_ledger_settle(struct letter_ledger *ledger, const char *job, bool is_done)
{
    size_t i = slot_for(ledger, job);
    struct slot *slot = &ledger->slots[i];

    if (!slot->value || strcmp(slot_job(slot), job) != 0)
        return;
    slot->value[0] = is_done ? STATE_DONE : STATE_DROPPED;
    (void)slot_store(ledger, i);
}
