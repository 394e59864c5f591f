/* `content preview`: a content as one customer would get it over a channel, as text, file, picture.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/str.h"
#include "dispatch/dispatch.h"
#include "host/host.h"
#include "ops/ops_private.h"

enum {
    FILE_MODE = 0640,
    FOLDER_MODE = 0750,
    SAMPLE_MESSAGE = 1,
    MAIL_WIDTH = 720,
    MAIL_HEIGHT_MIN = 200,
    PHONE_WIDTH = 390,
    PHONE_HEIGHT = 844
};

/* Neither scripts nor anything from elsewhere. */
#define POLICY                                                                                     \
    "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src "            \
    "'unsafe-inline'; img-src data:\">"
/* Where there are no public pages yet, links lead nowhere but look as they will. */
#define SAMPLE_WEB_BASE "http://example.invalid"
static const char page_head[] = "<!doctype html><meta charset=utf-8>" POLICY;

/* A telephone, for media that are words alone: head and foot around them. */
static const char phone_head[] =
    "<!doctype html><meta charset=utf-8>" POLICY
    "<style>body{margin:0;background:#e9edf2;font:17px/1.45 "
    "sans-serif}p{margin:24px 48px 24px 20px;padding:14px 18px;background:#fff;border-radius:6px "
    "20px 20px 20px;white-space:pre-wrap;overflow-wrap:anywhere}</style><p>";
static const char phone_foot[] = "</p>";

struct previewing {
    struct fl_ops_call *call;
    struct fl_arena *arena;
    const struct fl_conf_channel *channel; /* NULL: only a medium is known */
    enum fl_medium medium;
    unsigned capabilities; /* of its plugin */
    bool wants_picture;
    const char *output; /* NULL: standard output */
};

static enum fl_status find_channel(struct previewing *p)
{
    const char *name = fl_ops_str(p->call->args, "channel");
    const struct fl_conf *conf = p->call->context->conf;
    struct fl_plugin *plugin = NULL;
    enum fl_status st;

    st = fl_ops_medium(p->call->args, "medium", FL_MEDIUM_EMAIL, &p->medium, p->call->err);
    if (st || !name)
        return st;
    if (fl_ops_str(p->call->args, "medium"))
        return fl_error_set(p->call->err, FL_INVALID, "--channel and --medium exclude each other");
    p->channel = fl_conf_channel_find(conf, name);
    if (!p->channel)
        return fl_error_set(p->call->err, FL_NOT_FOUND, "no channel \"%s\" in the configuration",
                            name);
    st = fl_plugin_load(conf->plugin_dir, p->channel->plugin, &plugin, p->call->err);
    if (st)
        return st;
    p->capabilities = fl_plugin_info(plugin)->channel->capabilities;
    if (!fl_medium_parse(fl_plugin_info(plugin)->channel->medium, &p->medium))
        p->medium = FL_MEDIUM_OTHER;
    fl_plugin_unload(&plugin);
    return FL_OK;
}

/* Without the gateway's keys tokens are signed by one that nobody keeps: they look right and open
 * nothing. */
static enum fl_status sample_keys(struct fl_token_keys **out, struct fl_error *err)
{
    struct fl_token_keys *keys = fl_token_keys_create();
    unsigned char key[FL_TOKEN_KEY_BYTES];
    enum fl_status st;

    if (!keys)
        return fl_error_set(err, FL_LIMIT, "no memory for a key");
    fl_random_bytes(key, sizeof key);
    st = fl_token_keys_load(keys, 0, key, err);
    if (st)
        fl_token_keys_destroy(&keys);
    else
        *out = keys;
    return st;
}

static const char *address_of(const struct fl_customer *customer, enum fl_medium medium)
{
    for (size_t i = 0; i < customer->n_addresses; i++)
        if (customer->addresses[i].medium == medium &&
            customer->addresses[i].status != FL_ADDRESS_REPLACED)
            return customer->addresses[i].value;
    switch (medium) {
    case FL_MEDIUM_EMAIL:
        return "customer@example.invalid";
    case FL_MEDIUM_LETTER:
        return "1 Example Street\nExample Town\n06236\nKR";
    case FL_MEDIUM_SMS:
    case FL_MEDIUM_FAX:
        return "+82215770000";
    default:
        return "";
    }
}

/* --- where parts go ----------------------------------------------------------------------------*/

static const char *extension_of(const char *type)
{
    static const struct {
        const char *type, *extension;
    } known[] = {
        {"text/plain", "txt"},      {"text/html", "html"}, {"text/markdown", "md"},
        {"application/pdf", "pdf"}, {"image/tiff", "tif"}, {"image/png", "png"},
        {"message/rfc822", "eml"},  {"text/csv", "csv"},   {"application/json", "json"},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (fl_str_starts_with(type, known[i].type))
            return known[i].extension;
    return "bin";
}

static enum fl_status print_part(struct previewing *p, const struct fl_part *part)
{
    json_t *row = json_object();
    char *text;

    if (fl_str_starts_with(part->type, "text/") || fl_str_starts_with(part->type, "message/"))
        fl_ops_put_text(row, "text", part->data, part->data_len);
    else if (fl_ops_base64(p->arena, part->data, part->data_len, &text, p->call->err) == FL_OK)
        fl_ops_put_str(row, "base64", text);
    fl_ops_put_str(row, "type", part->type);
    fl_ops_row_emit(p->call->sink, row);
    return FL_OK;
}

static enum fl_status write_part(struct previewing *p, const struct fl_part *part, const char *path)
{
    enum fl_status st = fl_file_write(path, part->data, part->data_len, FILE_MODE, p->call->err);
    json_t *row;

    if (st)
        return st;
    row = json_object();
    fl_ops_put_str(row, "file", path);
    fl_ops_put_str(row, "type", part->type);
    fl_ops_put_int(row, "bytes", (int64_t)part->data_len);
    fl_ops_row_emit(p->call->sink, row);
    fl_ops_note(p->call->sink, "%s (%s, %zu bytes)", path, part->type, part->data_len);
    return FL_OK;
}

static enum fl_status put_parts(struct previewing *p, const struct fl_part *parts, size_t n)
{
    struct stat existing;
    bool is_folder =
        p->output && (n > 1 || (stat(p->output, &existing) == 0 && S_ISDIR(existing.st_mode)));
    enum fl_status st = FL_OK;

    if (n == 0)
        return fl_error_set(p->call->err, FL_NOT_FOUND, "there is nothing to show");
    if (p->wants_picture && !p->output && n > 1)
        return fl_error_set(p->call->err, FL_INVALID, "%zu pages: say --write FOLDER", n);
    if (is_folder)
        st = fl_dir_make(p->output, FOLDER_MODE, p->call->err);
    for (size_t i = 0; !st && i < n; i++) {
        const char *path = p->output;

        if (!path) {
            st = print_part(p, &parts[i]);
            continue;
        }
        if (is_folder)
            path = fl_arena_printf(p->arena, "%s/%s-%zu.%s", p->output, fl_medium_name(p->medium),
                                   i + 1, extension_of(parts[i].type));
        st = path ? write_part(p, &parts[i], path)
                  : fl_error_set(p->call->err, FL_LIMIT, "no memory for a file's name");
    }
    return st;
}

/* --- pictures of what is no picture ------------------------------------------------------------*/

static void put_escaped(struct fl_buf *buf, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        switch (text[i]) {
        case '<':
            fl_buf_puts(buf, "&lt;");
            break;
        case '&':
            fl_buf_puts(buf, "&amp;");
            break;
        default:
            fl_buf_putc(buf, text[i]);
        }
}

static const struct fl_part *part_of(const struct fl_part *parts, size_t n, const char *type)
{
    for (size_t i = 0; i < n; i++)
        if (fl_str_starts_with(parts[i].type, type))
            return &parts[i];
    return NULL;
}

static bool can_be_drawn(const struct fl_part *parts, size_t n)
{
    return part_of(parts, n, "text/html") || part_of(parts, n, "text/plain");
}

/* The item's own parts in one row; NULL without memory. */
static const struct fl_part *item_parts(struct previewing *p, const struct fl_item *item)
{
    struct fl_part *parts = FL_ARENA_ARRAY(p->arena, struct fl_part, item->n_parts + 1);

    for (size_t i = 0; parts && i < item->n_parts; i++)
        parts[i] = *item->parts[i];
    return parts;
}

static enum fl_status picture(struct previewing *p, const struct fl_part *parts, size_t n,
                              struct fl_part *out)
{
    const struct fl_part *html = part_of(parts, n, "text/html");
    const struct fl_part *text = part_of(parts, n, "text/plain");
    const struct fl_ops_picture how = {.width = html ? MAIL_WIDTH : PHONE_WIDTH,
                                       .height_min = html ? MAIL_HEIGHT_MIN : PHONE_HEIGHT};
    FL_AUTO_BUF struct fl_buf page = FL_BUF((size_t)FL_CONTENT_OUTPUT_MAX * 2);
    char *data;
    enum fl_status st;

    if (html) {
        fl_buf_puts(&page, page_head);
        fl_buf_add(&page, html->data, html->data_len);
    } else if (text) {
        fl_buf_puts(&page, phone_head);
        put_escaped(&page, text->data, text->data_len);
        fl_buf_puts(&page, phone_foot);
    }
    if ((!html && !text) || fl_buf_failed(&page))
        return fl_error_set(p->call->err, FL_NOT_FOUND, "there is nothing to make a picture of");
    st = fl_ops_browser_picture(p->arena, fl_ops_str(p->call->args, "browser"), &how, page.data,
                                page.len, &data, &out->data_len, p->call->err);
    if (st)
        return st;
    out->size = sizeof *out;
    out->type = "image/png";
    out->name = NULL;
    out->data = data;
    return FL_OK;
}

/* --- the whole of it ---------------------------------------------------------------------------*/

/* What the plugin shows; FL_NOT_FOUND: nothing of this kind. */
static enum fl_status ask_plugin(struct previewing *p, const struct fl_item *item,
                                 bool wants_picture, const struct fl_part **out, size_t *out_n)
{
    const struct fl_host_preview preview = {.conf = p->call->context->conf,
                                            .channel = p->channel,
                                            .item = item,
                                            .wants_picture = wants_picture};

    if (!p->channel || !(p->capabilities & FL_CAN_PREVIEW))
        return fl_error_set(p->call->err, FL_NOT_FOUND, "nothing but the item itself");
    return fl_host_preview(p->arena, &preview, out, out_n, p->call->err);
}

/* Where a plugin makes no picture, the browser does: of what the plugin shows where that is text,
 * else of the item. */
static enum fl_status show_picture(struct previewing *p, const struct fl_item *item)
{
    const struct fl_part *parts = NULL;
    struct fl_part own;
    size_t n = 0;
    enum fl_status st = ask_plugin(p, item, true, &parts, &n);

    if (!st)
        return put_parts(p, parts, n);
    if (st == FL_NOT_FOUND)
        st = ask_plugin(p, item, false, &parts, &n);
    if (st && st != FL_NOT_FOUND)
        return st;
    if (st || !can_be_drawn(parts, n)) {
        n = item->n_parts;
        parts = item_parts(p, item);
    }
    if (!parts)
        return fl_error_set(p->call->err, FL_LIMIT, "no memory for the parts");
    st = picture(p, parts, n, &own);
    return st ? st : put_parts(p, &own, 1);
}

static enum fl_status show_item(struct previewing *p, const struct fl_item *item)
{
    const struct fl_part *parts = NULL;
    size_t n = 0;
    enum fl_status st;

    if (p->wants_picture)
        return show_picture(p, item);
    st = ask_plugin(p, item, false, &parts, &n);
    if (st && st != FL_NOT_FOUND)
        return st;
    if (st) {
        parts = item_parts(p, item);
        n = p->output || item->n_parts < 1 ? item->n_parts : 1; /* a terminal takes one text */
    }
    if (!parts)
        return fl_error_set(p->call->err, FL_LIMIT, "no memory for the parts");
    return put_parts(p, parts, n);
}

static enum fl_status compose(struct previewing *p, struct fl_content *content,
                              const struct fl_claim_row *row)
{
    struct fl_conf conf = *p->call->context->conf;
    struct fl_dispatch_compose how = {.conf = &conf,
                                      .keys = p->call->context->keys,
                                      .medium = p->medium,
                                      .capabilities = p->capabilities};
    char code[FL_DISPATCH_SHORT_CODE_LEN + 1];
    struct fl_token_keys *keys = NULL;
    const struct fl_item *item;
    enum fl_status st = FL_OK;

    if (!conf.web_base || !*conf.web_base)
        conf.web_base = SAMPLE_WEB_BASE;
    if (!how.keys) {
        st = sample_keys(&keys, p->call->err);
        how.keys = keys;
    }
    if (!st && fl_dispatch_wants_short_link(&how)) {
        fl_dispatch_short_code(code);
        how.short_code = code;
    }
    if (!st)
        st = fl_dispatch_compose(&how, content, row, p->arena, &item, p->call->err);
    if (!st)
        st = show_item(p, item);
    fl_token_keys_destroy(&keys);
    return st;
}

enum fl_status fl_ops_preview(struct fl_ops_call *call, const struct fl_content_version *version,
                              const struct fl_customer *customer, const char *campaign,
                              const char *stage)
{
    struct previewing p = {.call = call,
                           .arena = call->args->arena,
                           .wants_picture = fl_ops_bool(call->args, "png"),
                           .output = fl_ops_str(call->args, "write")};
    struct fl_claim_row row = fl_ops_content_row(call, customer, campaign, stage);
    struct fl_content *content = NULL;
    struct fl_faults faults;
    enum fl_status st = find_channel(&p);

    if (st)
        return st;
    fl_faults_init(&faults, p.arena);
    st = fl_ops_content_compile(call->args, call->sink, version, &faults, &content, call->err);
    if (faults.n_total)
        call->sink->faults(call->sink->ctx, &faults);
    if (st)
        return st;
    row.message.id = SAMPLE_MESSAGE;
    row.address = address_of(customer, p.medium);
    st = compose(&p, content, &row);
    fl_content_destroy(&content);
    return st;
}
