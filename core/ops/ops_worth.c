/* What value operations share: money in the currency's decimals, scores as rows. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "ops/ops_worth.h"

enum { DIGITS_MAX = 4, UNIT_DIGITS = 4 };

const char *fl_ops_minor(struct fl_arena *arena, const struct fl_conf *conf, int64_t minor)
{
    static const uint64_t power[DIGITS_MAX + 1] = {1, 10, 100, 1000, 10000};
    int64_t digits = conf->value.minor_digits;
    uint64_t size = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor, scale;

    if (digits < 0 || digits > DIGITS_MAX)
        digits = 0;
    scale = power[digits];
    if (!digits)
        return fl_arena_printf(arena, "%" PRId64, minor);
    return fl_arena_printf(arena, "%s%" PRIu64 ".%0*" PRIu64, minor < 0 ? "-" : "", size / scale,
                           (int)digits, size % scale);
}

const char *fl_ops_minor_unit(struct fl_arena *arena, const struct fl_conf *conf, double minor)
{
    int digits = (int)conf->value.minor_digits;
    char *text = fl_arena_printf(arena, "%.*f", digits + UNIT_DIGITS, minor / pow(10, digits));
    char *point = text ? strchr(text, '.') : NULL;
    char *end = text ? text + strlen(text) : NULL;

    /* Decimals beyond the currency's are shown where they say something. */
    while (point && end - point - 1 > digits && end[-1] == '0')
        *--end = '\0';
    if (point && end - point == 1)
        *point = '\0';
    return text;
}

void fl_ops_put_minor(json_t *row, const char *key, struct fl_arena *arena,
                      const struct fl_conf *conf, int64_t minor)
{
    fl_ops_put_str(row, key, fl_ops_minor(arena, conf, minor));
}

struct fl_position fl_ops_position(const struct fl_score *score)
{
    return (struct fl_position){.cv = score->cv,
                                .ce = score->ce,
                                .distance = score->distance,
                                .certainty = score->certainty,
                                .zone = (enum fl_zone)score->zone,
                                .is_high = score->is_high};
}

json_t *fl_ops_keys(unsigned keys)
{
    json_t *array = json_array();

    for (unsigned flag = FL_KEY_CONTRIBUTION; flag <= FL_KEY_LEADER; flag <<= 1) {
        if (keys & flag)
            (void)json_array_append_new(array,
                                        json_string(fl_key_flag_name((enum fl_key_flag)flag)));
    }
    return array;
}

static void put_amounts(json_t *row, struct fl_arena *arena, const struct fl_conf *conf,
                        const struct fl_score *score)
{
    fl_ops_put_real(row, "cv", score->cv);
    fl_ops_put_real(row, "ce", score->ce);
    fl_ops_put_real(row, "distance", score->distance);
    fl_ops_put_real(row, "certainty", score->certainty);
    fl_ops_put_minor(row, "ltv", arena, conf, score->ltv_minor);
    fl_ops_put_real(row, "p", score->p);
    fl_ops_put_real(row, "commitment", score->commitment);
    fl_ops_put_minor(row, "customer_equity", arena, conf, score->ce_minor);
    fl_ops_put_minor(row, "economic", arena, conf, score->ev_minor);
    fl_ops_put_minor(row, "social", arena, conf, score->spv_minor);
    fl_ops_put_bool(row, "is_estimated", score->is_estimated);
    fl_ops_put_minor(row, "cost", arena, conf, score->cost_minor);
    fl_ops_put_minor(row, "customer_value", arena, conf, score->cv_minor);
    (void)json_object_set_new(row, "keys", fl_ops_keys(score->keys));
    fl_ops_put_str(row, "segment", fl_segment_name(score->segment));
    fl_ops_put_str(row, "segment_title", fl_segment_title(score->segment));
}

void fl_ops_put_score(json_t *row, struct fl_arena *arena, const struct fl_conf *conf,
                      const struct fl_score *score)
{
    enum fl_score_state state = (enum fl_score_state)score->state;
    struct fl_position position = fl_ops_position(score);
    const struct fl_strategy *strategy = fl_strategy_of(state, &position);

    fl_ops_put_time(row, "valued_at", score->at_us);
    fl_ops_put_str(row, "value_state", fl_score_state_name(state));
    fl_ops_put_str(row, "zone", fl_zone_name((enum fl_zone)score->zone));
    fl_ops_put_str(row, "strategy", strategy->title);
    fl_ops_put_str(row, "meaning", strategy->meaning);
    fl_ops_put_str(row, "actions", strategy->actions);
    if (state == FL_SCORE_VALUED)
        put_amounts(row, arena, conf, score);
}
