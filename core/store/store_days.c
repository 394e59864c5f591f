#include "store_days.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIELDS = 8, /* a bit each in one byte */
    FIRST_CAP = 16,
    DAY_BYTES_MIN = 2,    /* a date and its bits */
    VARINT_BYTES_MAX = 10 /* of 64 bits, 7 in a byte */
};

static const size_t fields[FIELDS] = {
    offsetof(struct fl_trade_day, purchases),    offsetof(struct fl_trade_day, spend_minor),
    offsetof(struct fl_trade_day, margin_minor), offsetof(struct fl_trade_day, discount_minor),
    offsetof(struct fl_trade_day, saved_minor),  offsetof(struct fl_trade_day, gift_minor),
    offsetof(struct fl_trade_day, fee_minor),    offsetof(struct fl_trade_day, points),
};
/* Of a field that is not written: most days are one purchase. */
static const int64_t usual[FIELDS] = {1};

static int64_t *field(struct fl_trade_day *day, int i)
{
    return (int64_t *)(void *)((char *)day + fields[i]);
}

static int64_t field_of(const struct fl_trade_day *day, int i)
{
    return *(const int64_t *)(const void *)((const char *)day + fields[i]);
}

void fl_days_finish(struct fl_days *days)
{
    free(days->list);
    *days = (struct fl_days){0};
}

static enum fl_status reserve(struct fl_days *days, size_t n, struct fl_error *err)
{
    size_t cap = days->cap ? days->cap : FIRST_CAP;
    struct fl_trade_day *list;

    if (n <= days->cap)
        return FL_OK;
    while (cap < n)
        cap *= 2;
    list = realloc(days->list, cap * sizeof *list);
    if (!list)
        return fl_error_set(err, FL_IO, "no memory for %zu purchase days", n);
    days->list = list;
    days->cap = cap;
    return FL_OK;
}

/* ---- merging ----------------------------------------------------------------------------------*/

/* Where the day is, or belongs; transactions come in order of time, as a rule. */
static size_t place_of(const struct fl_days *days, int32_t date)
{
    size_t low = 0, high = days->n;

    if (!high || days->list[high - 1].date < date)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (days->list[middle].date < date)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool add_to(struct fl_trade_day *day, const struct fl_transaction *line)
{
    bool is_purchase = line->kind == FL_TRANSACTION_PURCHASE;
    bool is_refund = line->kind == FL_TRANSACTION_REFUND;
    /* The limits on one transaction keep a sum of two of its numbers in range. */
    int64_t more[FIELDS] = {is_purchase,
                            is_refund ? -line->amount_minor : line->amount_minor,
                            is_refund ? -line->margin_minor : line->margin_minor,
                            line->discount_minor,
                            line->saved_minor,
                            line->gift_minor,
                            line->fee_minor + line->shipping_minor,
                            line->points};

    for (int i = 0; i < FIELDS; i++)
        if (__builtin_add_overflow(field_of(day, i), more[i], field(day, i)))
            return false;
    return true;
}

enum fl_status fl_days_add(struct fl_days *days, const struct fl_transaction *line,
                           struct fl_error *err)
{
    size_t place = place_of(days, line->date);
    bool is_new = place == days->n || days->list[place].date != line->date;
    struct fl_trade_day day = {.date = line->date};
    enum fl_status st = reserve(days, days->n + 1, err);

    if (st)
        return st;
    if (!is_new)
        day = days->list[place];
    if (!add_to(&day, line))
        return fl_error_set(err, FL_LIMIT, "the sums of customer %lld on one day are too large",
                            (long long)line->customer);
    if (is_new) {
        memmove(&days->list[place + 1], &days->list[place], (days->n - place) * sizeof *days->list);
        days->n++;
    }
    days->list[place] = day;
    return FL_OK;
}

bool fl_days_equal(const struct fl_days *a, const struct fl_days *b)
{
    if (a->n != b->n)
        return false;
    for (size_t k = 0; k < a->n; k++) {
        if (a->list[k].date != b->list[k].date)
            return false;
        for (int i = 0; i < FIELDS; i++)
            if (field_of(&a->list[k], i) != field_of(&b->list[k], i))
                return false;
    }
    return true;
}

/* ---- packing ----------------------------------------------------------------------------------*/

static size_t put_varint(unsigned char *out, uint64_t value)
{
    size_t n = 0;

    for (; value >= 0x80; value >>= 7)
        out[n++] = (unsigned char)(value | 0x80);
    out[n++] = (unsigned char)value;
    return n;
}

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

void fl_days_pack(const struct fl_days *days, struct fl_buf *out)
{
    unsigned char piece[VARINT_BYTES_MAX * (FIELDS + 1) + 1];

    fl_buf_add(out, piece, put_varint(piece, days->n));
    for (size_t k = 0; k < days->n; k++) {
        const struct fl_trade_day *day = &days->list[k];
        size_t len = put_varint(piece, k ? (uint64_t)((int64_t)day->date - days->list[k - 1].date)
                                         : zigzag(day->date));
        size_t at_bits = len++;

        piece[at_bits] = 0;
        for (int i = 0; i < FIELDS; i++) {
            if (field_of(day, i) == usual[i])
                continue;
            piece[at_bits] |= (unsigned char)(1u << i);
            len += put_varint(piece + len, zigzag(field_of(day, i)));
        }
        fl_buf_add(out, piece, len);
    }
}

struct reader {
    const unsigned char *at, *end;
    bool has_failed;
};

static uint64_t take_varint(struct reader *r)
{
    uint64_t value = 0;

    for (int shift = 0; r->at < r->end && shift < 64; shift += 7) {
        uint64_t byte = *r->at++;

        value |= (byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    r->has_failed = true;
    return 0;
}

static void take_day(struct reader *r, const struct fl_trade_day *before, struct fl_trade_day *day)
{
    uint64_t number = take_varint(r);
    int64_t date = before ? 0 : unzigzag(number);
    unsigned bits = r->at < r->end ? *r->at++ : 0x100u;

    if (before && number && number <= UINT32_MAX)
        date = before->date + (int64_t)number;
    else if (before)
        r->has_failed = true;
    if (bits > 0xff || date <= INT32_MIN || date > INT32_MAX) {
        r->has_failed = true;
        return;
    }
    day->date = (int32_t)date;
    for (int i = 0; i < FIELDS; i++)
        *field(day, i) = bits & 1u << i ? unzigzag(take_varint(r)) : usual[i];
}

enum fl_status fl_days_unpack(struct fl_days *days, const void *data, size_t len,
                              struct fl_error *err)
{
    struct reader r = {.at = data, .end = data ? (const unsigned char *)data + len : NULL};
    uint64_t n = take_varint(&r);
    enum fl_status st;

    days->n = 0;
    if (r.has_failed || n > len / DAY_BYTES_MIN)
        return fl_error_set(err, FL_INVALID, "%zu bytes cannot be purchase days", len);
    st = reserve(days, (size_t)n, err);
    for (size_t k = 0; !st && k < n && !r.has_failed; k++)
        take_day(&r, k ? &days->list[k - 1] : NULL, &days->list[k]);
    if (st)
        return st;
    if (r.has_failed || r.at != r.end)
        return fl_error_set(err, FL_INVALID, "%zu bytes end within a purchase day, or go on", len);
    days->n = (size_t)n;
    return FL_OK;
}
