/* The legend of the map: zones with their meaning and strategy, density, key customers, groups.
 * It is laid out as fully as there is room. */
#include <math.h>
#include <stdio.h>

#include "plot/plot_map_private.h"

enum detail { NAMES = 0, MEANINGS, STRATEGIES };

struct panel {
    const struct fl_map_drawing *drawing;
    double x, width, y;
    enum detail detail;
    bool is_drawn; /* else only measured */
};

static const struct {
    enum fl_plot_word meaning, strategy;
    enum fl_plot_ink ink;
} zones[FL_ZONES] = {
    [FL_ZONE_N] = {FL_WORD_MEANING_N, FL_WORD_STRATEGY_N, FL_INK_BACK},
    [FL_ZONE_I] = {FL_WORD_MEANING_I, FL_WORD_STRATEGY_I, FL_INK_ZONE_I},
    [FL_ZONE_II] = {FL_WORD_MEANING_II, FL_WORD_STRATEGY_II, FL_INK_ZONE_II},
    [FL_ZONE_III] = {FL_WORD_MEANING_III, FL_WORD_STRATEGY_III, FL_INK_ZONE_III},
};

static const double indent = 30, row_gap = 3, section_gap = 11;

static void put(struct panel *panel, const struct fl_plot_text *given, double left)
{
    struct fl_plot_text text = *given;
    double width, height;

    text.width = panel->width - left;
    text.lines = text.lines ? text.lines : 1;
    if (panel->is_drawn)
        height = fl_plot_text_draw(&panel->drawing->canvas, &text, panel->x + left, panel->y);
    else
        fl_plot_text_size(&panel->drawing->canvas, &text, &width, &height);
    panel->y += height;
}

static double units(const struct panel *panel, double n)
{
    return n * panel->drawing->canvas.unit;
}

static const char *word(const struct panel *panel, enum fl_plot_word which)
{
    return fl_plot_word(panel->drawing->canvas.language, which);
}

static void heading(struct panel *panel, enum fl_plot_word which)
{
    const struct fl_plot_text text = {
        .text = word(panel, which), .size = FL_TYPE_SMALL, .ink = FL_INK_MUTED, .is_bold = true};

    put(panel, &text, 0);
    panel->y += units(panel, row_gap);
}

static void swatch(const struct panel *panel, enum fl_zone zone, double height)
{
    const struct fl_plot_canvas *canvas = &panel->drawing->canvas;
    const struct fl_plot_area box = {panel->x, panel->y + units(panel, 1), units(panel, indent - 9),
                                     height - units(panel, 2)};
    cairo_t *cairo = canvas->cairo;

    cairo_rectangle(cairo, box.x, box.y, box.width, box.height);
    fl_plot_ink(canvas, zones[zone].ink);
    cairo_fill_preserve(cairo);
    fl_plot_ink(canvas, FL_INK_AXIS);
    fl_plot_line_width(canvas, 1);
    cairo_stroke(cairo);
    if (zone == FL_ZONE_III) {
        fl_plot_ink(canvas, FL_INK_TEXT);
        fl_plot_line_width(canvas, 2);
        cairo_move_to(cairo, box.x, box.y + box.height);
        cairo_line_to(cairo, box.x + box.width, box.y);
        cairo_stroke(cairo);
    }
    if (!fl_map_is_dense(panel->drawing))
        fl_map_point(canvas, (int)zone, box.x + box.width * (zone == FL_ZONE_III ? 0.25 : 0.5),
                     box.y + box.height * (zone == FL_ZONE_III ? 0.3 : 0.5), 1);
}

static const char *const arrows[FL_ZONES] = {"", "A \342\206\222 B: ", "C \342\206\222 D: ", ""};

static void zone_row(struct panel *panel, enum fl_zone zone)
{
    const struct fl_map_count *count = panel->drawing->count;
    double left = units(panel, indent), width, height;
    char share[FL_PLOT_NUMBER_MAX], n[FL_PLOT_NUMBER_MAX], line[FL_PLOT_TEXT_MAX];
    struct fl_plot_text text = {
        .text = line, .size = FL_TYPE_BODY, .ink = FL_INK_TEXT, .is_bold = true};

    fl_map_share(share, count->by_zone[zone], count->n);
    fl_plot_number(n, count->by_zone[zone], 0);
    snprintf(line, sizeof line, "%s  %s  (%s)", fl_map_zone_name(zone), share, n);
    fl_plot_text_size(&panel->drawing->canvas, &text, &width, &height);
    if (panel->is_drawn)
        swatch(panel, zone, height);
    put(panel, &text, left);
    text = (struct fl_plot_text){.size = FL_TYPE_SMALL, .ink = FL_INK_TEXT, .lines = 2};
    if (panel->detail >= MEANINGS) {
        text.text = word(panel, zones[zone].meaning);
        put(panel, &text, left);
    }
    if (panel->detail >= STRATEGIES) {
        bool has_arrow = (zone == FL_ZONE_I && panel->drawing->has_arrow_i) ||
                         (zone == FL_ZONE_II && panel->drawing->has_arrow_ii);

        snprintf(line, sizeof line, "%s%s", has_arrow ? arrows[zone] : "",
                 word(panel, zones[zone].strategy));
        text.text = line;
        text.ink = FL_INK_MUTED;
        text.lines = 3;
        put(panel, &text, left);
    }
    panel->y += units(panel, row_gap + 2 * (double)panel->detail);
}

static void lay_zones(struct panel *panel)
{
    static const enum fl_zone order[] = {FL_ZONE_II, FL_ZONE_III, FL_ZONE_I, FL_ZONE_N};

    heading(panel, FL_WORD_ZONES);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (order[i] != FL_ZONE_N || panel->drawing->count->by_zone[FL_ZONE_N] > 0)
            zone_row(panel, order[i]);
    panel->y += units(panel, section_gap);
}

static void lay_density(struct panel *panel)
{
    const struct fl_map_drawing *drawing = panel->drawing;
    const struct fl_plot_canvas *canvas = &drawing->canvas;
    double step = fmin(panel->width / fmax(1, drawing->levels), units(panel, 46));
    double radius = fmin(step * 0.42, units(panel, 10)), height = 0, width, free_from = -1e9;
    char number[FL_PLOT_NUMBER_MAX];
    struct fl_plot_text text = {
        .text = number, .size = FL_TYPE_SMALL, .ink = FL_INK_MUTED, .align = FL_ALIGN_MIDDLE};

    if (!fl_map_is_dense(drawing))
        return;
    heading(panel, FL_WORD_PER_HEXAGON);
    panel->y += radius;
    for (int level = 0; level < drawing->levels; level++) {
        double x = panel->x + step * (level + 0.5);

        fl_plot_number(number, drawing->from[level], 0);
        fl_plot_text_size(canvas, &text, &width, &height);
        if (!panel->is_drawn)
            continue;
        fl_map_hexagon(canvas, x, panel->y, radius, drawing, level);
        if (x - width / 2 < free_from)
            continue;
        fl_plot_text_draw(canvas, &text, x, panel->y + radius + units(panel, 2));
        free_from = x + width / 2 + units(panel, 4);
    }
    panel->y += radius + height + units(panel, section_gap + 2);
}

static void key_row(struct panel *panel, enum fl_plot_word which, unsigned key, double n)
{
    char number[FL_PLOT_NUMBER_MAX], line[FL_PLOT_TEXT_MAX];
    struct fl_plot_text text = {.text = line, .size = FL_TYPE_SMALL, .ink = FL_INK_TEXT};
    double width, height;

    fl_plot_number(number, n, 0);
    snprintf(line, sizeof line, "%s  %s", word(panel, which), number);
    fl_plot_text_size(&panel->drawing->canvas, &text, &width, &height);
    if (panel->is_drawn)
        fl_map_mark(&panel->drawing->canvas, key, panel->x + units(panel, 11),
                    panel->y + height / 2);
    put(panel, &text, units(panel, indent));
    panel->y += units(panel, row_gap + 3);
}

static void lay_keys(struct panel *panel)
{
    const struct fl_map_count *count = panel->drawing->count;
    char marked[FL_PLOT_NUMBER_MAX], all[FL_PLOT_NUMBER_MAX], line[FL_PLOT_TEXT_MAX];
    const struct fl_plot_text text = {
        .text = line, .size = FL_TYPE_SMALL, .ink = FL_INK_MUTED, .lines = 2};

    if (!(count->keys > 0))
        return;
    heading(panel, FL_WORD_KEYS);
    key_row(panel, FL_WORD_KEY_CONTRIBUTION, FL_KEY_CONTRIBUTION, count->by_kind[0]);
    key_row(panel, FL_WORD_KEY_EXCHANGE, FL_KEY_EXCHANGE, count->by_kind[1]);
    key_row(panel, FL_WORD_KEY_LEADER, FL_KEY_LEADER, count->by_kind[2]);
    if (count->marked < count->keys) {
        fl_plot_number(marked, count->marked, 0);
        fl_plot_number(all, count->keys, 0);
        fl_plot_say(panel->drawing->canvas.language, line, FL_WORD_KEYS_SOME, marked, all);
        put(panel, &text, units(panel, indent));
    }
    panel->y += units(panel, section_gap);
}

static void lay_groups(struct panel *panel)
{
    const struct fl_map_count *count = panel->drawing->count;
    char some[FL_PLOT_NUMBER_MAX], all[FL_PLOT_NUMBER_MAX], line[FL_PLOT_TEXT_MAX];
    struct fl_plot_text text = {
        .text = word(panel, FL_WORD_GROUPS), .size = FL_TYPE_SMALL, .ink = FL_INK_TEXT, .lines = 2};
    double width, height;

    if (!count->n_groups)
        return;
    if (count->n_groups < count->n_groups_all) {
        fl_plot_number(some, (double)count->n_groups, 0);
        fl_plot_number(all, (double)count->n_groups_all, 0);
        fl_plot_say(panel->drawing->canvas.language, line, FL_WORD_GROUPS_SOME, some, all);
        text.text = line;
    }
    fl_plot_text_size(&panel->drawing->canvas, &text, &width, &height);
    if (panel->is_drawn)
        fl_map_centre(&panel->drawing->canvas, panel->x + units(panel, 11), panel->y + height / 2);
    put(panel, &text, units(panel, indent));
}

static void lay_rest(struct panel *panel)
{
    lay_density(panel);
    lay_keys(panel);
    lay_groups(panel);
}

/* Returns whether all of it is within the area. */
static bool lay(const struct fl_map_drawing *drawing, const struct fl_plot_area *area,
                enum detail detail, bool is_drawn)
{
    static const double column_min = 250;
    double gap = fl_plot_margin(&drawing->canvas);
    bool has_columns = area->width > 2 * column_min * drawing->canvas.unit + gap;
    double width = has_columns ? (area->width - gap) / 2 : area->width;
    struct panel panel = {drawing, area->x, width, area->y, detail, is_drawn};
    double bottom = area->y + area->height, first;

    lay_zones(&panel);
    first = panel.y;
    if (has_columns) {
        panel.x += width + gap;
        panel.y = area->y;
    }
    lay_rest(&panel);
    return fmax(first, panel.y) <= bottom + units(&panel, section_gap);
}

void fl_map_panel(const struct fl_map_drawing *drawing, const struct fl_plot_area *area)
{
    enum detail detail = STRATEGIES;

    while (detail > NAMES && !lay(drawing, area, detail, false))
        detail = (enum detail)(detail - 1);
    (void)lay(drawing, area, detail, true);
}
