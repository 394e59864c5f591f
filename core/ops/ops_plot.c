/* Options and files of the `value` plots. */
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/local.h"
#include "base/str.h"
#include "ops/ops_plot.h"

enum { FILE_MODE = 0644, PICTURE_MAX = 96 << 20, SIDE_MAX = 100000, SIZE_TEXT_MAX = 32 };

static enum fl_status bad_size(struct fl_ops_call *call, const char *text)
{
    return fl_error_set(call->err, FL_INVALID, "--size: \"%s\" is no size such as 1600x1200", text);
}

static enum fl_status parse_size(struct fl_ops_plot *plot, const char *text)
{
    char width[SIZE_TEXT_MAX];
    const char *times = strchr(text, 'x');
    int64_t across, down;

    if (!times || (size_t)(times - text) >= sizeof width)
        return bad_size(plot->call, text);
    memcpy(width, text, (size_t)(times - text));
    width[times - text] = '\0';
    if (!fl_str_parse_i64(width, 1, SIDE_MAX, &across) ||
        !fl_str_parse_i64(times + 1, 1, SIDE_MAX, &down))
        return bad_size(plot->call, text);
    plot->style.width = (int)across;
    plot->style.height = (int)down;
    return FL_OK;
}

static enum fl_status check_file(struct fl_ops_call *call, const char *path)
{
    struct stat info;

    if (path && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return fl_error_set(call->err, FL_INVALID, "\"%s\" is a folder: expected a file", path);
    return FL_OK;
}

enum fl_status fl_ops_plot_begin(struct fl_ops_plot *plot, struct fl_ops_call *call)
{
    const char *language = fl_ops_str(call->args, "language");
    const char *size = fl_ops_str(call->args, "size");
    enum fl_status st;

    *plot = (struct fl_ops_plot){
        .call = call,
        .style = {.is_dark = fl_ops_bool(call->args, "dark"),
                  .language = language ? language : call->context->conf->language,
                  .title = fl_ops_str(call->args, "title")},
        .svg = fl_ops_str(call->args, "svg"),
        .png = fl_ops_str(call->args, "png"),
    };
    if (plot->svg && fl_str_equal(plot->svg, plot->png))
        return fl_error_set(call->err, FL_INVALID, "--svg and --png name the same file");
    st = check_file(call, plot->svg);
    if (!st)
        st = check_file(call, plot->png);
    return st || !size ? st : parse_size(plot, size);
}

bool fl_ops_plot_is_drawn(const struct fl_ops_plot *plot)
{
    return plot->svg || plot->png;
}

enum fl_status fl_ops_plot_subtitle(struct fl_ops_plot *plot, int64_t as_of_us, const char *more)
{
    const struct fl_conf *conf = plot->call->context->conf;
    const char *organisation = conf->organisation ? conf->organisation : "";
    char date[FL_TIME_TEXT_SIZE];
    int64_t local_us;
    enum fl_status st = fl_time_to_local(conf->time_zone, as_of_us, &local_us, plot->call->err);

    if (st)
        return st;
    fl_date_format(fl_date_of_time(local_us), date);
    plot->style.subtitle =
        fl_arena_printf(plot->call->args->arena, "%s%s%s%s%s", organisation,
                        *organisation ? ", " : "", date, more ? ", " : "", more ? more : "");
    return plot->style.subtitle
               ? FL_OK
               : fl_error_set(plot->call->err, FL_LIMIT, "no memory for the subtitle");
}

/* --- files -------------------------------------------------------------------------------------*/

static enum fl_status write_one(struct fl_ops_plot *plot, const char *path, const char *type,
                                const struct fl_buf *picture)
{
    enum fl_status st =
        fl_file_write(path, picture->data, picture->len, FILE_MODE, plot->call->err);
    json_t *row;

    if (st)
        return st;
    row = json_object();
    fl_ops_put_str(row, "file", path);
    fl_ops_put_str(row, "type", type);
    fl_ops_put_int(row, "bytes", (int64_t)picture->len);
    fl_ops_row_emit(plot->call->sink, row);
    return FL_OK;
}

enum fl_status fl_ops_plot_write(struct fl_ops_plot *plot, fl_ops_draw_fn *draw, const void *data)
{
    FL_AUTO_BUF struct fl_buf svg = FL_BUF(PICTURE_MAX);
    FL_AUTO_BUF struct fl_buf png = FL_BUF(PICTURE_MAX);
    enum fl_status st = FL_OK;

    plot->style.format = FL_PLOT_SVG;
    if (plot->svg)
        st = draw(&plot->style, data, &svg, plot->call->err);
    plot->style.format = FL_PLOT_PNG;
    if (!st && plot->png)
        st = draw(&plot->style, data, &png, plot->call->err);
    if (!st && plot->svg)
        st = write_one(plot, plot->svg, "image/svg+xml", &svg);
    if (!st && plot->png)
        st = write_one(plot, plot->png, "image/png", &png);
    return st;
}

/* --- what is drawn -----------------------------------------------------------------------------*/

enum fl_status fl_ops_plot_say_run(struct fl_ops_call *call, enum fl_status st)
{
    if (st != FL_NOT_FOUND)
        return st;
    return fl_error_set(call->err, st,
                        "nothing has been valued yet; \"fairline value run\" values everybody");
}

enum fl_status fl_ops_plot_run(struct fl_ops_call *call, int64_t run, struct fl_value_run *out)
{
    return fl_ops_plot_say_run(
        call, fl_store_run_get(call->context->store, call->args->arena, run, out, call->err));
}
