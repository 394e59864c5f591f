/* Fields of a fact: from text to values. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include "conf/conf.h"
#include "people/people_fact_private.h"

enum { MADE_ID_SIZE = 96, PERIOD_TEXT_MAX = 64, CURRENCY_LENGTH = 3, DAYS_PER_MONTH = 30 };

static bool is_printable(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t')
            return false;
    return true;
}

bool people_field_text(struct people_text f, bool is_needed, size_t max, const char **out)
{
    const char *text = people_text_of(&f);

    if (!text) {
        if (is_needed)
            PEOPLE_FIELD_FAULT(&f, "is missing");
        return !is_needed;
    }
    if (strlen(text) > max)
        PEOPLE_FIELD_FAULT(&f, "%zu bytes, at most %zu", strlen(text), max);
    else if (!is_printable(text))
        PEOPLE_FIELD_FAULT(&f, "a control character within");
    else {
        *out = text;
        return true;
    }
    return false;
}

bool people_field_money(struct people_text f, bool is_needed, bool may_be_negative, int64_t *out)
{
    const char *text = people_text_of(&f);
    int64_t minor;

    if (!text) {
        if (is_needed)
            PEOPLE_FIELD_FAULT(&f, "is missing");
        return !is_needed;
    }
    if (!fl_people_money_parse(text, f.facts->options->minor_digits, &minor))
        PEOPLE_FIELD_FAULT(&f,
                           "an amount of money with at most %d decimals is expected, without "
                           "separators for thousands",
                           f.facts->options->minor_digits);
    else if (minor < 0 && !may_be_negative)
        PEOPLE_FIELD_FAULT(
            &f, "is negative%s",
            f.field == FACT_AMOUNT ? "; what went back is kind refund with its amount" : "");
    else {
        *out = minor;
        return true;
    }
    return false;
}

bool people_field_number(struct people_text f, bool is_needed, double min, double max, double *out)
{
    const char *text = people_text_of(&f);
    double value;

    if (!text) {
        if (is_needed)
            PEOPLE_FIELD_FAULT(&f, "is missing");
        return !is_needed;
    }
    if (fl_conf_real_parse(text, &value) && value >= min && value <= max) {
        *out = value;
        return true;
    }
    PEOPLE_FIELD_FAULT(&f, "a number within %g..%g is expected", min, max);
    return false;
}

bool people_field_time(struct people_text f, bool is_needed, bool may_be_ahead, int64_t *out_us,
                       int32_t *out_date)
{
    const struct fl_fact_options *options = f.facts->options;
    const char *text = people_text_of(&f);
    const char *clock;
    int64_t at_us;
    int32_t date;

    if (!text) {
        if (is_needed)
            PEOPLE_FIELD_FAULT(&f, "is missing");
        return !is_needed;
    }
    clock = strpbrk(text, "Tt ");
    if (fl_date_parse(text, &date)) {
        at_us = options->of_local(options->ctx, (int64_t)date * FL_US_PER_DAY);
    } else if (clock && fl_time_parse(text, &at_us)) {
        if (!strpbrk(clock, "Zz+-")) /* read as UTC, meant as local */
            at_us = options->of_local(options->ctx, at_us);
        date = fl_date_of_time(options->to_local(options->ctx, at_us));
    } else {
        PEOPLE_FIELD_FAULT(
            &f, "a date as \"2026-11-22\" or a time as \"2026-11-22T10:00:00\" is expected");
        return false;
    }
    if (!may_be_ahead && date > fl_date_of_time(options->to_local(options->ctx, options->now_us))) {
        PEOPLE_FIELD_FAULT(&f, "lies in the future");
        return false;
    }
    *out_us = at_us;
    *out_date = date;
    return true;
}

bool people_field_customer(struct people_text f, int64_t *out, enum fl_status *out_st,
                           struct fl_error *err)
{
    const char *id = NULL;
    enum fl_status st;

    if (!people_field_text(f, true, PEOPLE_EXTERNAL_ID_MAX, &id))
        return false;
    st = fl_store_customer_find(f.facts->store, id, out, err);
    if (st == FL_NOT_FOUND)
        PEOPLE_FIELD_FAULT(&f, "no such customer; import customers first");
    else if (st)
        *out_st = st;
    return st == FL_OK;
}

/* The currency of a fact: its own, the configured one, the store's, or that of the first fact. */
bool people_field_currency(struct people_text f, const char **out)
{
    struct people_facts *facts = f.facts;
    const char *given = NULL;

    if (!people_field_text(f, false, CURRENCY_LENGTH, &given))
        return false;
    if (!given && !*facts->currency) {
        PEOPLE_FIELD_FAULT(&f, "is missing; give it, or set currency in value { }");
        return false;
    }
    if (given && (strlen(given) != CURRENCY_LENGTH ||
                  strspn(given, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != CURRENCY_LENGTH)) {
        PEOPLE_FIELD_FAULT(&f, "three capital letters such as KRW are expected");
        return false;
    }
    if (given && !*facts->currency)
        memcpy(facts->currency, given, CURRENCY_LENGTH + 1);
    if (given && strcmp(given, facts->currency) != 0) {
        PEOPLE_FIELD_FAULT(&f,
                           "values are in %s; amounts of another currency cannot be added to them",
                           facts->currency);
        return false;
    }
    *out = facts->currency;
    return true;
}

/* A fact without an id gets one from its content; the n-th of equal ones in a file is another. */
static const char *made_id(struct people_facts *facts, const struct people_fact *fact)
{
    struct fl_buf text = FL_BUF(FL_FACT_LINE_MAX);
    char hash[FL_SHA256_HEX_SIZE];
    char *id = fl_arena_alloc(facts->arena, MADE_ID_SIZE);
    long known = 1;

    for (int i = 0; i < FACT_FIELDS; i++)
        fl_buf_printf(&text, "%s\x1f", fact->value[i] ? fact->value[i] : "");
    if (!id || fl_buf_failed(&text)) {
        fl_buf_finish(&text);
        return NULL;
    }
    fl_sha256_hex(text.data, text.len, hash);
    fl_buf_finish(&text);
    for (int n = 1; known > 0; n++) {
        snprintf(id, MADE_ID_SIZE, "content-%.32s-%d", hash, n);
        known = people_keys_add(&facts->keys, id, fact->line);
    }
    return known < 0 ? NULL : id;
}

bool people_fact_id(struct people_facts *facts, const struct people_fact *fact, const char **out,
                    enum fl_status *out_st, struct fl_error *err)
{
    if (fact->value[FACT_ID] || facts->options->form != FL_FACT_CSV ||
        fact->fact != FL_FACT_TRANSACTION)
        return people_field_text(people_field_of(facts, fact, FACT_ID), true, FL_FACT_ID_MAX, out);
    *out = made_id(facts, fact);
    if (!*out)
        *out_st = fl_error_set(err, FL_IO, "out of memory");
    return *out != NULL;
}

bool people_field_points(struct people_text f, int64_t *out)
{
    const char *text = people_text_of(&f);

    if (!text || fl_str_parse_i64(text, -FL_FACT_MINOR_MAX, FL_FACT_MINOR_MAX, out))
        return true;
    PEOPLE_FIELD_FAULT(&f, "a whole number is expected");
    return false;
}

bool people_field_period(struct people_text f, int32_t *out)
{
    const char *text = NULL;

    if (!people_field_text(f, true, PERIOD_TEXT_MAX, &text))
        return false;
    if (fl_people_period_parse(text, out))
        return true;
    PEOPLE_FIELD_FAULT(&f, "7d, 4w, 1M, 1y or a number of days is expected, at most %d days",
                       FL_FACT_PERIOD_DAYS_MAX);
    return false;
}

/* ---- values ----------------------------------------------------------------------------------*/

bool fl_people_money_parse(const char *text, int minor_digits, int64_t *out_minor)
{
    bool is_negative = *text == '-';
    int64_t minor = 0;
    int decimals = -1; /* no point yet */

    text += *text == '-' || *text == '+';
    if (*text < '0' || *text > '9')
        return false;
    for (; *text; text++) {
        if (*text == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (*text < '0' || *text > '9')
            return false;
        if (decimals >= minor_digits) { /* zeros behind the last decimal say nothing */
            if (*text != '0')
                return false;
            continue;
        }
        decimals += decimals >= 0;
        minor = minor * 10 + (*text - '0');
        if (minor > FL_FACT_MINOR_MAX)
            return false;
    }
    if (text[-1] == '.')
        return false;
    for (int i = decimals < 0 ? 0 : decimals; i < minor_digits; i++) {
        minor *= 10;
        if (minor > FL_FACT_MINOR_MAX)
            return false;
    }
    *out_minor = is_negative ? -minor : minor;
    return true;
}

bool fl_people_period_parse(const char *text, int32_t *out_days)
{
    static const struct {
        char unit;
        int days;
    } units[] = {{'d', 1}, {'w', 7}, {'M', DAYS_PER_MONTH}, {'y', 365}, {'\0', 1}};
    size_t len = strspn(text, "0123456789");
    char number[8];
    int64_t n;

    if (!len || len >= sizeof number || (text[len] && text[len + 1]))
        return false;
    memcpy(number, text, len);
    number[len] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (units[i].unit == text[len] &&
            fl_str_parse_i64(number, 1, FL_FACT_PERIOD_DAYS_MAX / units[i].days, &n)) {
            *out_days = (int32_t)(n * units[i].days);
            return true;
        }
    return false;
}
