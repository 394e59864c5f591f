/* The surface, its pens and its type. */
#include <cairo-svg.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plot/plot_private.h"

/* Below this type is too small to read, however small the picture. */
static const double unit_min = 0.72;
static const double plate_pad = 3;

static enum fl_status check_style(const struct fl_plot_style *style, int width, int height,
                                  struct fl_error *err)
{
    if (style->format != FL_PLOT_SVG && style->format != FL_PLOT_PNG)
        return fl_error_set(err, FL_INVALID, "a plot is SVG or PNG");
    if (width < FL_PLOT_SIDE_MIN || width > FL_PLOT_SIDE_MAX || height < FL_PLOT_SIDE_MIN ||
        height > FL_PLOT_SIDE_MAX)
        return fl_error_set(err, FL_INVALID, "a plot of %dx%d: each side is within %d..%d", width,
                            height, FL_PLOT_SIDE_MIN, FL_PLOT_SIDE_MAX);
    if (style->title && !fl_utf8_is_valid(style->title, strlen(style->title)))
        return fl_error_set(err, FL_INVALID, "the title is not UTF-8");
    if (style->subtitle && !fl_utf8_is_valid(style->subtitle, strlen(style->subtitle)))
        return fl_error_set(err, FL_INVALID, "the subtitle is not UTF-8");
    return FL_OK;
}

static cairo_status_t collect(void *closure, const unsigned char *data, unsigned int len)
{
    struct fl_buf *bytes = closure;

    fl_buf_add(bytes, data, len);
    return fl_buf_failed(bytes) ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

/* The same glyphs at the same places in both formats and at every size. */
static void prepare_type(struct fl_plot_canvas *canvas)
{
    cairo_font_options_t *options = cairo_font_options_create();
    PangoContext *context = pango_cairo_create_context(canvas->cairo);

    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    pango_cairo_context_set_resolution(context, 72);
    pango_context_set_round_glyph_positions(context, FALSE);
    pango_context_set_language(
        context, pango_language_from_string(canvas->language == FL_PLOT_KO ? "ko" : "en"));
    canvas->layout = pango_layout_new(context);
    g_object_unref(context);
}

enum fl_status fl_plot_open(struct fl_plot_canvas *canvas, const struct fl_plot_style *style,
                            struct fl_error *err)
{
    int width = style->width ? style->width : FL_PLOT_WIDTH;
    int height = style->height ? style->height : FL_PLOT_HEIGHT;
    enum fl_status st = check_style(style, width, height, err);

    if (st)
        return st;
    *canvas = (struct fl_plot_canvas){
        .format = style->format,
        .language = fl_plot_language_of(style->language),
        .palette = fl_plot_palette_of(style->is_dark),
        .width = width,
        .height = height,
        .unit =
            fmax(unit_min, fmin((double)width / FL_PLOT_WIDTH, (double)height / FL_PLOT_HEIGHT)),
        .bytes = FL_BUF(FL_PLOT_BYTES_MAX),
    };
    if (style->format == FL_PLOT_SVG) {
        canvas->surface =
            cairo_svg_surface_create_for_stream(collect, &canvas->bytes, width, height);
        cairo_svg_surface_set_document_unit(canvas->surface, CAIRO_SVG_UNIT_PX);
    } else
        canvas->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    canvas->cairo = cairo_create(canvas->surface);
    prepare_type(canvas);
    return FL_OK;
}

/* --- bytes -------------------------------------------------------------------------------------*/

static void put_xml(struct fl_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            fl_buf_puts(out, "&lt;");
        else if (*text == '&')
            fl_buf_puts(out, "&amp;");
        else if ((unsigned char)*text >= ' ') /* control characters are none of XML's */
            fl_buf_putc(out, *text);
    }
}

/* As cairo writes it, but for digits beyond a thousandth of a pixel, which are half of the bytes.
 */
static void put_shorter(struct fl_buf *out, const char *text, const char *end)
{
    enum { DECIMALS = 3 };

    while (text < end) {
        const char *point = memchr(text, '.', (size_t)(end - text)), *digits;
        size_t n;

        if (!point) {
            fl_buf_add(out, text, (size_t)(end - text));
            return;
        }
        digits = point + 1;
        n = strspn(digits, "0123456789");
        fl_buf_add(out, text, (size_t)(digits - text) + (n < DECIMALS ? n : DECIMALS));
        text = digits + n;
    }
}

/* Gives the picture its name, for who cannot see it, and takes out what cairo numbers by process:
 * the same plot has the same bytes. */
static void put_svg(const struct fl_plot_canvas *canvas, struct fl_buf *out)
{
    static const char numbered[] = "<g id=\"surface";
    const char *svg = canvas->bytes.data, *end = svg + canvas->bytes.len;
    const char *head = strstr(svg, "<svg "), *inner = head ? strchr(head, '>') : NULL;
    const char *group = inner ? strstr(inner, numbered) : NULL, *rest;

    if (!inner) {
        fl_buf_add(out, svg, canvas->bytes.len);
        return;
    }
    fl_buf_add(out, svg, (size_t)(inner - svg));
    fl_buf_printf(out, " role=\"img\" xml:lang=\"%s\">\n<title>",
                  canvas->language == FL_PLOT_KO ? "ko" : "en");
    put_xml(out, canvas->name);
    fl_buf_puts(out, "</title>");
    rest = inner + 1;
    if (group) {
        put_shorter(out, rest, group);
        fl_buf_puts(out, "<g id=\"plot");
        rest = group + strlen(numbered);
        rest += strspn(rest, "0123456789");
    }
    put_shorter(out, rest, end);
}

enum fl_status fl_plot_close(struct fl_plot_canvas *canvas, struct fl_buf *out,
                             struct fl_error *err)
{
    cairo_status_t state = cairo_status(canvas->cairo);
    struct fl_buf picture = FL_BUF(FL_PLOT_BYTES_MAX);
    enum fl_status st = FL_OK;

    if (!state && canvas->format == FL_PLOT_PNG)
        state = cairo_surface_write_to_png_stream(canvas->surface, collect, &canvas->bytes);
    g_object_unref(canvas->layout);
    cairo_destroy(canvas->cairo);
    cairo_surface_finish(canvas->surface);
    state = state ? state : cairo_surface_status(canvas->surface);
    cairo_surface_destroy(canvas->surface);
    if (!state && canvas->format == FL_PLOT_SVG)
        put_svg(canvas, &picture);
    else if (!state)
        fl_buf_add(&picture, canvas->bytes.data, canvas->bytes.len);
    if (state || fl_buf_failed(&picture))
        st = fl_error_set(err, FL_IO, "could not draw the plot: %s",
                          state ? cairo_status_to_string(state) : "memory is out");
    else if (picture.len > out->max - out->len || fl_buf_failed(out))
        st = fl_error_set(err, FL_LIMIT, "the plot has %zu bytes, more than there is room for",
                          picture.len);
    else {
        fl_buf_add(out, picture.data, picture.len);
        if (fl_buf_failed(out))
            st = fl_error_set(err, FL_IO, "could not keep the plot: memory is out");
    }
    fl_buf_finish(&picture);
    fl_buf_finish(&canvas->bytes);
    return st;
}

/* --- pens --------------------------------------------------------------------------------------*/

void fl_plot_colour(const struct fl_plot_canvas *canvas, uint32_t rgb, double alpha)
{
    enum { CHANNEL = 0xff };

    cairo_set_source_rgba(canvas->cairo, (double)((rgb >> 16) & CHANNEL) / CHANNEL,
                          (double)((rgb >> 8) & CHANNEL) / CHANNEL,
                          (double)(rgb & CHANNEL) / CHANNEL, alpha);
}

void fl_plot_ink(const struct fl_plot_canvas *canvas, enum fl_plot_ink ink)
{
    fl_plot_colour(canvas, canvas->palette->ink[ink], 1);
}

void fl_plot_line_width(const struct fl_plot_canvas *canvas, double units)
{
    cairo_set_line_width(canvas->cairo, units * canvas->unit);
}

void fl_plot_dash(const struct fl_plot_canvas *canvas, double on, double off)
{
    const double dashes[] = {on * canvas->unit, off * canvas->unit};

    cairo_set_dash(canvas->cairo, dashes, on > 0 ? 2 : 0, 0);
}

void fl_plot_box(const struct fl_plot_canvas *canvas, const struct fl_plot_area *area,
                 double radius)
{
    double right = area->x + area->width, bottom = area->y + area->height;
    double r = fmin(radius, fmin(area->width, area->height) / 2);

    cairo_new_sub_path(canvas->cairo);
    cairo_arc(canvas->cairo, right - r, area->y + r, r, -G_PI / 2, 0);
    cairo_arc(canvas->cairo, right - r, bottom - r, r, 0, G_PI / 2);
    cairo_arc(canvas->cairo, area->x + r, bottom - r, r, G_PI / 2, G_PI);
    cairo_arc(canvas->cairo, area->x + r, area->y + r, r, G_PI, 3 * G_PI / 2);
    cairo_close_path(canvas->cairo);
}

/* --- type --------------------------------------------------------------------------------------*/

static void set_text(const struct fl_plot_canvas *canvas, const struct fl_plot_text *text)
{
    static const PangoAlignment alignments[] = {
        [FL_ALIGN_LEFT] = PANGO_ALIGN_LEFT,
        [FL_ALIGN_MIDDLE] = PANGO_ALIGN_CENTER,
        [FL_ALIGN_RIGHT] = PANGO_ALIGN_RIGHT,
    };
    PangoFontDescription *font = pango_font_description_new();

    pango_font_description_set_family(font, "sans");
    pango_font_description_set_absolute_size(font, text->size * canvas->unit * PANGO_SCALE);
    pango_font_description_set_weight(font,
                                      text->is_bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(canvas->layout, font);
    pango_font_description_free(font);
    pango_layout_set_width(canvas->layout, text->width > 0 ? (int)(text->width * PANGO_SCALE) : -1);
    pango_layout_set_height(canvas->layout, text->lines > 1 ? -text->lines : -1);
    pango_layout_set_ellipsize(canvas->layout,
                               text->width > 0 ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE);
    pango_layout_set_wrap(canvas->layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(canvas->layout, alignments[text->align]);
    pango_layout_set_text(canvas->layout, text->text, -1);
}

void fl_plot_text_size(const struct fl_plot_canvas *canvas, const struct fl_plot_text *text,
                       double *out_width, double *out_height)
{
    PangoRectangle used;

    set_text(canvas, text);
    pango_layout_get_extents(canvas->layout, NULL, &used);
    *out_width = (double)used.width / PANGO_SCALE;
    *out_height = (double)used.height / PANGO_SCALE;
}

double fl_plot_text_draw(const struct fl_plot_canvas *canvas, const struct fl_plot_text *text,
                         double x, double y)
{
    double width, height, pad = plate_pad * canvas->unit;
    PangoRectangle used;

    fl_plot_text_size(canvas, text, &width, &height);
    if (text->align == FL_ALIGN_MIDDLE)
        x -= width / 2;
    else if (text->align == FL_ALIGN_RIGHT)
        x -= width;
    if (text->has_plate) {
        const struct fl_plot_area plate = {x - pad, y - pad / 2, width + 2 * pad, height + pad};

        fl_plot_colour(canvas, canvas->palette->ink[FL_INK_BACK], FL_PLOT_PLATE);
        fl_plot_box(canvas, &plate, pad);
        cairo_fill(canvas->cairo);
    }
    /* with a width given, Pango aligns within it and not within what is used */
    pango_layout_get_extents(canvas->layout, NULL, &used);
    fl_plot_ink(canvas, text->ink);
    cairo_move_to(canvas->cairo, x - (double)used.x / PANGO_SCALE, y);
    pango_cairo_show_layout(canvas->cairo, canvas->layout);
    return height;
}

void fl_plot_text_upwards(const struct fl_plot_canvas *canvas, const struct fl_plot_text *text,
                          double x, double y)
{
    struct fl_plot_text middle = *text;
    double width, height;

    middle.align = FL_ALIGN_MIDDLE;
    fl_plot_text_size(canvas, &middle, &width, &height);
    cairo_save(canvas->cairo);
    cairo_translate(canvas->cairo, x, y);
    cairo_rotate(canvas->cairo, -G_PI / 2);
    fl_plot_text_draw(canvas, &middle, 0, -height / 2);
    cairo_restore(canvas->cairo);
}

enum fl_status fl_plot_check(const char *what, const double *values, size_t n, double low,
                             double high, struct fl_error *err)
{
    if (n && !values)
        return fl_error_set(err, FL_INVALID, "%s: no values", what);
    for (size_t i = 0; i < n; i++)
        if (!(values[i] >= low && values[i] <= high))
            return fl_error_set(err, FL_INVALID, "%s %zu is %g: expected a number within %g..%g",
                                what, i, values[i], low, high);
    return FL_OK;
}
