#include "front/front_limit.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGHBOURS = 8 };

struct bucket {
    struct fl_front_network network;
    int64_t full_us; /* when it will be full again; 0: nobody is here */
};

struct fl_front_limit {
    size_t n_buckets; /* a power of two */
    int64_t burst_us, interval_us;
    uint64_t seed;
    struct bucket buckets[];
};

bool fl_front_network_of(const char *address, struct fl_front_network *out)
{
    struct in6_addr six;
    struct in_addr four;

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, address, &four) == 1) {
        out->bytes[0] = 0xff; /* no IPv6 unicast begins so */
        memcpy(out->bytes + 4, &four, sizeof four);
        return true;
    }
    if (inet_pton(AF_INET6, address, &six) != 1)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        out->bytes[0] = 0xff;
        memcpy(out->bytes + 4, six.s6_addr + 12, 4);
    } else {
        memcpy(out->bytes, six.s6_addr, sizeof out->bytes);
    }
    return true;
}

struct fl_front_limit *fl_front_limit_create(size_t addresses, int64_t burst, int64_t interval_us)
{
    struct fl_front_limit *limit;
    size_t n = NEIGHBOURS;

    while (n < addresses)
        n *= 2;
    limit = calloc(1, sizeof *limit + n * sizeof(struct bucket));
    if (!limit)
        return NULL;
    limit->n_buckets = n;
    limit->interval_us = interval_us;
    limit->burst_us = burst * interval_us;
    /* Nobody outside may choose whom he shares a neighbourhood with: the heap's place is random. */
    limit->seed = (uint64_t)(uintptr_t)limit * UINT64_C(0x9e3779b97f4a7c15);
    return limit;
}

void fl_front_limit_destroy(struct fl_front_limit **limit)
{
    free(*limit);
    *limit = NULL;
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ (x >> 33);
}

/* The bucket of an address; where it has none, the one it would get. */
static struct bucket *bucket_of(struct fl_front_limit *limit,
                                const struct fl_front_network *network, bool *is_theirs)
{
    struct bucket *oldest = NULL;
    uint64_t key;
    size_t at;

    memcpy(&key, network->bytes, sizeof key);
    at = (size_t)mix(key ^ limit->seed);
    *is_theirs = true;
    for (size_t i = 0; i < NEIGHBOURS; i++) {
        struct bucket *b = &limit->buckets[(at + i) & (limit->n_buckets - 1)];

        if (b->full_us && memcmp(&b->network, network, sizeof *network) == 0)
            return b;
        if (!oldest || b->full_us < oldest->full_us)
            oldest = b;
    }
    *is_theirs = false;
    return oldest;
}

static bool is_empty(const struct fl_front_limit *limit, const struct bucket *b, int64_t now_us)
{
    return b->full_us - now_us > limit->burst_us - limit->interval_us;
}

bool fl_front_limit_has(struct fl_front_limit *limit, const char *address, int64_t now_us)
{
    struct fl_front_network network;
    bool is_theirs;
    const struct bucket *b;

    if (!fl_front_network_of(address, &network))
        return true;
    b = bucket_of(limit, &network, &is_theirs);
    return !is_theirs || !is_empty(limit, b, now_us);
}

bool fl_front_limit_take(struct fl_front_limit *limit, const char *address, int64_t now_us)
{
    struct fl_front_network network;
    bool is_theirs;
    struct bucket *b;

    if (!fl_front_network_of(address, &network))
        return true;
    b = bucket_of(limit, &network, &is_theirs);
    if (!is_theirs)
        *b = (struct bucket){.network = network};
    if (is_empty(limit, b, now_us))
        return false;
    b->full_us = (b->full_us > now_us ? b->full_us : now_us) + limit->interval_us;
    return true;
}
