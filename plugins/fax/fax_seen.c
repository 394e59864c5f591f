/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was handed over already.
 *
 * The host keeps some values of 4 KiB for us, so names are kept as 64-bit hashes, and forgotten
 * when a whole listing no longer names them.  Past the room there is, the oldest are forgotten:
 * then a piece is handed over again, and the store knows it by its key.
 */
#include "fax/fax_private.h"

#include <string.h>

enum { PER_VALUE = 512, VALUES = 16, KEY_MAX = 32 };

struct entry {
    uint64_t hash;
    bool is_named;
};

struct fax_seen {
    const struct fl_services *services;
    char prefix[KEY_MAX];
    GArray *entries;
    guint n_stored;
    bool is_changed;
};

/* FNV-1a */
static uint64_t hash_of(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return hash;
}

static void key_of(const struct fax_seen *seen, int value, char key[KEY_MAX + 16])
{
    g_snprintf(key, KEY_MAX + 16, "%s.%d", seen->prefix, value);
}

struct fax_seen *fax_seen_load(const struct fl_services *services, const char *prefix)
{
    struct fax_seen *seen = g_new0(struct fax_seen, 1);

    seen->services = services;
    g_strlcpy(seen->prefix, prefix, sizeof seen->prefix);
    seen->entries = g_array_new(FALSE, TRUE, sizeof(struct entry));
    for (int i = 0; i < VALUES; i++) {
        uint64_t hashes[PER_VALUE];
        char key[KEY_MAX + 16];
        long len;

        key_of(seen, i, key);
        len = services->recall(services->host, key, hashes, sizeof hashes);
        if (len <= 0)
            break;
        for (size_t k = 0; k < (size_t)len / sizeof hashes[0]; k++) {
            struct entry entry = {hashes[k], false};

            g_array_append_val(seen->entries, entry);
        }
    }
    seen->n_stored = seen->entries->len;
    return seen;
}

bool fax_seen_has(struct fax_seen *seen, const char *name)
{
    uint64_t hash = hash_of(name);

    for (guint i = 0; i < seen->entries->len; i++) {
        struct entry *entry = &g_array_index(seen->entries, struct entry, i);

        if (entry->hash == hash) {
            entry->is_named = true;
            return true;
        }
    }
    return false;
}

void fax_seen_add(struct fax_seen *seen, const char *name)
{
    struct entry entry = {hash_of(name), true};

    if (fax_seen_has(seen, name))
        return;
    g_array_append_val(seen->entries, entry);
    seen->is_changed = true;
}

static void store(struct fax_seen *seen)
{
    uint64_t hashes[PER_VALUE];
    guint n = seen->entries->len, room = VALUES * PER_VALUE, first = n > room ? n - room : 0;
    guint n_values = (MAX(n - first, seen->n_stored) + PER_VALUE - 1) / PER_VALUE;

    for (guint value = 0; value < n_values && value < VALUES; value++) {
        size_t count = 0;
        char key[KEY_MAX + 16];

        for (guint i = first + value * PER_VALUE; i < n && count < PER_VALUE; i++)
            hashes[count++] = g_array_index(seen->entries, struct entry, i).hash;
        key_of(seen, (int)value, key);
        (void)seen->services->remember(seen->services->host, key, hashes, count * sizeof hashes[0]);
    }
}

void fax_seen_save(struct fax_seen **out, bool is_whole)
{
    struct fax_seen *seen = *out;

    for (guint i = seen->entries->len; is_whole && i-- > 0;) {
        if (!g_array_index(seen->entries, struct entry, i).is_named) {
            g_array_remove_index(seen->entries, i);
            seen->is_changed = true;
        }
    }
    if (seen->is_changed)
        store(seen);
    g_array_free(seen->entries, TRUE);
    g_free(seen);
    *out = NULL;
}
