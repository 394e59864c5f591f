/* What the template engine knows of the value tree beyond data.h. */
#ifndef FL_CONTENT_DATA_PRIVATE_H
#define FL_CONTENT_DATA_PRIVATE_H

#include <stdint.h>
#include <string.h>

#include "content/data.h"

struct fl_data_member {
    const char *name;
    size_t name_len;
    const struct fl_data *value;
    uint32_t hash;
};

struct fl_data {
    enum fl_data_type type;
    bool is_true;        /* bool */
    size_t n;            /* bytes of text, elements or members */
    size_t cap;          /* elements or members there is room for */
    const char *text;    /* number, string */
    uint32_t *slots;     /* object with many members: member number + 1 by hash, 0 is free */
    uint32_t slots_mask; /* number of slots - 1 */
    union {
        const struct fl_data **items;
        struct fl_data_member *members;
    };
};

enum { FL_DATA_LINEAR_MAX = 8 }; /* up to here comparing hashes one by one is faster */

static inline uint32_t fl_data_hash(const char *name, size_t len)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619U;
    return hash;
}

static inline bool fl_data_member_is(const struct fl_data_member *member, uint32_t hash,
                                     const char *name, size_t len)
{
    return member->hash == hash && member->name_len == len && !memcmp(member->name, name, len);
}

struct fl_data_member *fl_data_find_slot(const struct fl_data *object, uint32_t hash,
                                         const char *name, size_t len);

/* `object` must be one; NULL: no such member. */
static inline struct fl_data_member *fl_data_find(const struct fl_data *object, uint32_t hash,
                                                  const char *name, size_t len)
{
    if (object->slots)
        return fl_data_find_slot(object, hash, name, len);
    for (size_t i = 0; i < object->n; i++)
        if (fl_data_member_is(&object->members[i], hash, name, len))
            return &object->members[i];
    return NULL;
}

#endif
