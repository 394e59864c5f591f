#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "people/people_private.h"

enum { KEYS_FIRST_CAP = 1024 };

void people_keys_init(struct people_keys *keys)
{
    *keys = (struct people_keys){0};
    /* Keyed, so that nobody can write a file whose ids all fall into one slot. */
    fl_random_bytes(keys->seed, sizeof keys->seed);
    keys->seed[0] |= 1;
}

void people_keys_finish(struct people_keys *keys)
{
    free(keys->slots);
    keys->slots = NULL;
}

/* Multiply and fold: 64 x 64 to 128 bits, both halves together. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(const struct people_keys *keys, const char *id)
{
    static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15); /* the golden ratio */
    size_t len = strlen(id);
    uint64_t h = keys->seed[1] ^ (len * odd), word;

    for (; len >= sizeof word; len -= sizeof word, id += sizeof word) {
        memcpy(&word, id, sizeof word);
        h = mix(h ^ word, keys->seed[0]) + odd;
    }
    word = 0;
    memcpy(&word, id, len);
    h = mix(mix(h ^ word, keys->seed[0]) ^ keys->seed[1], odd);
    return h ? h : 1;
}

static struct people_key *slot_of(struct people_key *slots, size_t cap, uint64_t hash)
{
    size_t i = hash & (cap - 1);

    while (slots[i].hash && slots[i].hash != hash)
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

static bool grow(struct people_keys *keys)
{
    size_t cap = keys->cap ? keys->cap * 2 : KEYS_FIRST_CAP;
    struct people_key *slots = calloc(cap, sizeof *slots);

    if (!slots)
        return false;
    for (size_t i = 0; i < keys->cap; i++)
        if (keys->slots[i].hash)
            *slot_of(slots, cap, keys->slots[i].hash) = keys->slots[i];
    free(keys->slots);
    keys->slots = slots;
    keys->cap = cap;
    return true;
}

long people_keys_add(struct people_keys *keys, const char *id, long line)
{
    uint64_t hash = hash_of(keys, id);
    struct people_key *slot;

    if (keys->n >= keys->cap - keys->cap / 4 && !grow(keys))
        return -1;
    slot = slot_of(keys->slots, keys->cap, hash);
    if (slot->hash)
        return (long)slot->line;
    *slot = (struct people_key){hash, line};
    keys->n++;
    return 0;
}

long people_keys_find(const struct people_keys *keys, const char *id)
{
    const struct people_key *slot =
        keys->cap ? slot_of(keys->slots, keys->cap, hash_of(keys, id)) : NULL;

    return slot && slot->hash ? (long)slot->line : 0;
}
