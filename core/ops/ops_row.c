#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ops/ops_private.h"

enum { NOTE_SIZE = 2048 };
static const char REPLACEMENT[] = "\xef\xbf\xbd";

/* How many bytes of well-formed UTF-8 begin at `s`; 0 when the first is not. */
static size_t good_char(const char *s, size_t len)
{
    for (size_t n = 1; n <= 4 && n <= len; n++)
        if (fl_utf8_is_valid(s, n))
            return n;
    return 0;
}

json_t *fl_ops_string(const char *text, size_t len)
{
    json_t *string = json_stringn(text, len);
    struct fl_buf buf;

    if (string)
        return string;
    fl_buf_init(&buf, len * (sizeof REPLACEMENT - 1) + 1);
    for (size_t i = 0; i < len;) {
        size_t n = good_char(text + i, len - i);

        if (n)
            fl_buf_add(&buf, text + i, n);
        else
            fl_buf_puts(&buf, REPLACEMENT);
        i += n ? n : 1;
    }
    string = fl_buf_failed(&buf) ? NULL : json_stringn(buf.data, buf.len);
    fl_buf_finish(&buf);
    return string;
}

static void put(json_t *row, const char *key, json_t *value)
{
    /* Out of memory: the member is left out, the operation's own result stands. */
    (void)json_object_set_new(row, key, value);
}

void fl_ops_put_text(json_t *row, const char *key, const char *text, size_t len)
{
    put(row, key, text ? fl_ops_string(text, len) : json_null());
}

void fl_ops_put_str(json_t *row, const char *key, const char *value)
{
    fl_ops_put_text(row, key, value, value ? strlen(value) : 0);
}

void fl_ops_put_int(json_t *row, const char *key, int64_t value)
{
    put(row, key, json_integer(value));
}

void fl_ops_put_real(json_t *row, const char *key, double value)
{
    put(row, key, json_real(value));
}

void fl_ops_put_bool(json_t *row, const char *key, bool value)
{
    put(row, key, json_boolean(value));
}

void fl_ops_put_id(json_t *row, const char *key, int64_t id)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, id);
    put(row, key, id ? json_string(text) : json_null());
}

void fl_ops_put_time(json_t *row, const char *key, int64_t time_us)
{
    char text[FL_TIME_TEXT_SIZE];

    if (time_us == 0 || time_us == FL_TIME_NONE) {
        put(row, key, json_null());
        return;
    }
    fl_time_format(time_us, text);
    put(row, key, json_string(text));
}

void fl_ops_put_json(json_t *row, const char *key, const char *json_text)
{
    json_t *value =
        json_text && *json_text ? json_loads(json_text, JSON_REJECT_DUPLICATES, NULL) : NULL;

    put(row, key, value ? value : json_null());
}

void fl_ops_row_emit(const struct fl_ops_sink *sink, json_t *row)
{
    if (row && sink->row)
        sink->row(sink->ctx, row);
    json_decref(row);
}

void fl_ops_note(const struct fl_ops_sink *sink, const char *fmt, ...)
{
    char text[NOTE_SIZE];
    va_list ap;

    if (!sink->note)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    sink->note(sink->ctx, text);
}

void fl_ops_progress(const struct fl_ops_sink *sink, const char *what, int64_t done, int64_t total)
{
    if (sink->progress)
        sink->progress(sink->ctx, what, done, total);
}

const char *fl_ops_put_name(enum fl_put value)
{
    switch (value) {
    case FL_PUT_INSERTED:
        return "inserted";
    case FL_PUT_UPDATED:
        return "updated";
    case FL_PUT_UNCHANGED:
        break;
    }
    return "unchanged";
}

const char *fl_ops_customer_state_name(enum fl_customer_state state)
{
    switch (state) {
    case FL_CUSTOMER_OBJECTED:
        return "objected";
    case FL_CUSTOMER_ERASED:
        return "erased";
    case FL_CUSTOMER_ACTIVE:
        break;
    }
    return "active";
}

const char *fl_ops_consent_state_name(enum fl_consent_state state)
{
    switch (state) {
    case FL_CONSENT_GRANTED:
        return "granted";
    case FL_CONSENT_WITHDRAWN:
        return "withdrawn";
    case FL_CONSENT_NONE:
        break;
    }
    return "none";
}

const char *fl_ops_address_status_name(enum fl_address_status status)
{
    switch (status) {
    case FL_ADDRESS_SUPPRESSED:
        return "suppressed";
    case FL_ADDRESS_COMPLAINED:
        return "complained";
    case FL_ADDRESS_REPLACED:
        return "replaced";
    case FL_ADDRESS_OK:
        break;
    }
    return "ok";
}

const char *fl_ops_campaign_state_name(enum fl_campaign_state state)
{
    switch (state) {
    case FL_CAMPAIGN_SCHEDULED:
        return "scheduled";
    case FL_CAMPAIGN_PAUSED:
        return "paused";
    case FL_CAMPAIGN_CANCELLED:
        return "cancelled";
    case FL_CAMPAIGN_DONE:
        return "done";
    case FL_CAMPAIGN_DRAFT:
        break;
    }
    return "draft";
}

/* Up to six decimals, none that say nothing. */
const char *fl_ops_money(struct fl_arena *arena, int64_t micro)
{
    enum { MICRO = 1000000, DECIMALS = 6 };
    uint64_t size = micro < 0 ? 0 - (uint64_t)micro : (uint64_t)micro;
    char *text = fl_arena_printf(arena, "%s%" PRIu64 ".%06" PRIu64, micro < 0 ? "-" : "",
                                 size / MICRO, size % MICRO);
    size_t len = text ? strlen(text) : 0;

    while (len && text[len - 1] == '0')
        text[--len] = '\0';
    if (len && text[len - 1] == '.')
        text[--len] = '\0';
    return text;
}

void fl_ops_put_cost(json_t *row, struct fl_arena *arena, const struct fl_event *event)
{
    fl_ops_put_str(row, "cost", event->cost_micro ? fl_ops_money(arena, event->cost_micro) : NULL);
    fl_ops_put_str(row, "currency", event->currency);
    fl_ops_put_int(row, "units", event->units);
    fl_ops_put_bool(row, "is_machine", event->is_machine);
}

/* "recommend: 9", "reason: friend" */
const char *fl_ops_answer(struct fl_arena *arena, const struct fl_answer *answer)
{
    return answer->has_number && !*answer->text
               ? fl_arena_printf(arena, "%s: %g", answer->question, answer->number)
               : fl_arena_printf(arena, "%s: %s", answer->question, answer->text);
}
