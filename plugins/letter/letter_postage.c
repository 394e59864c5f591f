/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weight steps, and what a letter weighs and costs. */
#include "letter/letter_private.h"

#include <string.h>

enum { MG_PER_G = 1000, MICRO = 1000000, DIGITS_MAX = 9 };

/* A decimal number with at most six places behind the point, in millionths; returns what follows
 * it, NULL when there is none. */
static const char *decimal(const char *s, int64_t *out_micro)
{
    int64_t value = 0, unit = MICRO;
    size_t digits = 0;

    for (; g_ascii_isdigit(*s) && digits < DIGITS_MAX; s++, digits++)
        value = value * 10 + (*s - '0');
    if (!digits)
        return NULL;
    value *= MICRO;
    if (*s == '.') {
        for (s++; g_ascii_isdigit(*s) && unit > 1; s++) {
            unit /= 10;
            value += (*s - '0') * unit;
        }
    }
    *out_micro = value;
    return s;
}

bool letter_grams_parse(const char *text, int64_t *out_mg)
{
    int64_t micro;
    const char *end = decimal(text, &micro);

    if (!end || (*end && strcmp(end, "g") != 0) || micro / (MICRO / MG_PER_G) > INT32_MAX)
        return false;
    *out_mg = micro / (MICRO / MG_PER_G);
    return true;
}

static const char *step_parse(const char *s, struct letter_step *out)
{
    int64_t grams, cost;

    s += strspn(s, " ");
    s = decimal(s, &grams);
    if (!s)
        return NULL;
    s += *s == 'g';
    if (*s != ':')
        return NULL;
    s = decimal(s + 1, &cost);
    if (!s || grams <= 0)
        return NULL;
    *out = (struct letter_step){grams / (MICRO / MG_PER_G), cost};
    return s + strspn(s, " ");
}

bool letter_steps_parse(const char *text, struct letter_step out[LETTER_STEPS_MAX], size_t *out_n,
                        char *why, size_t why_size)
{
    struct letter_step steps[LETTER_STEPS_MAX];
    size_t n = 0;
    const char *s = text;

    while (*s && n < LETTER_STEPS_MAX) {
        const char *next = step_parse(s, &steps[n]);

        if (!next || (*next && *next != ',')) {
            g_snprintf(why, (gulong)why_size, "\"%s\" is no step, expected such as 25g:450", s);
            return false;
        }
        if (n && steps[n].up_to_mg <= steps[n - 1].up_to_mg) {
            g_snprintf(why, (gulong)why_size, "\"%s\" does not follow a lighter step", s);
            return false;
        }
        n++;
        s = *next ? next + 1 : next;
    }
    if (*s) {
        g_snprintf(why, (gulong)why_size, "more than %d steps", LETTER_STEPS_MAX);
        return false;
    }
    memcpy(out, steps, n * sizeof *out);
    *out_n = n;
    return true;
}

int64_t letter_weight_mg(const struct letter_settings *set, int sheets)
{
    return set->envelope_mg + sheets * set->sheet_mg;
}

int64_t letter_cost_micro(const struct letter_settings *set, int64_t weight_mg)
{
    for (size_t i = 0; i < set->n_steps; i++) {
        if (weight_mg <= set->steps[i].up_to_mg)
            return set->steps[i].cost_micro;
    }
    return set->n_steps ? -1 : 0;
}
