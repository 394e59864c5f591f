/* Templates compiled once, and replies with the headers every page has. */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/crypto.h"
#include "base/file.h"
#include "content/mustache.h"
#include "front/front_pages_private.h"

enum {
    HEADERS_MAX = 8,
    PIXEL_SIZE = 43,
    STEPS_MAX = 100000,
    OUTPUT_MAX = 4 << 20, /* a page with what the marketer wrote */
    BASE64_MAX = 64,
    POLICY_SIZE = 512,
    PAGES_ARENA_MAX = 4 << 20
};

static const char *const template_names[FL_FRONT_TEMPLATES] = {
    [FL_TEMPLATE_HEAD] = "head.html",       [FL_TEMPLATE_FOOT] = "foot.html",
    [FL_TEMPLATE_MESSAGE] = "message.html", [FL_TEMPLATE_INBOX] = "inbox.html",
    [FL_TEMPLATE_SURVEY] = "survey.html",   [FL_TEMPLATE_PREFERENCES] = "preferences.html",
    [FL_TEMPLATE_OPT_OUT] = "opt_out.html", [FL_TEMPLATE_CONTACT] = "contact.html",
    [FL_TEMPLATE_NOTICE] = "notice.html",   [FL_TEMPLATE_FEED] = "feed.xml",
};

struct fl_front_pages {
    struct fl_arena *arena;
    struct fl_mustache *templates[FL_FRONT_TEMPLATES];
    struct fl_data *words[FL_FRONT_LANGUAGES];
    const char *style;
    char policy[POLICY_SIZE];         /* Content-Security-Policy */
    char policy_foreign[POLICY_SIZE]; /* the same where a marketer's HTML is shown */
};

/* --- templates ---------------------------------------------------------------------------------*/

static const char *file_text(const char *name)
{
    for (const struct fl_front_file *file = fl_front_files; file->name; file++)
        if (strcmp(file->name, name) == 0)
            return file->text;
    return NULL;
}

static const struct fl_mustache *partial(void *ctx, const char *name)
{
    const struct fl_front_pages *pages = ctx;

    if (strcmp(name, "head") == 0)
        return pages->templates[FL_TEMPLATE_HEAD];
    return strcmp(name, "foot") == 0 ? pages->templates[FL_TEMPLATE_FOOT] : NULL;
}

static enum fl_status compile_all(struct fl_front_pages *pages, struct fl_error *err)
{
    for (int i = 0; i < FL_FRONT_TEMPLATES; i++) {
        struct fl_mustache_source source = {.file = template_names[i],
                                            .text = file_text(template_names[i]),
                                            .escape = FL_MUSTACHE_HTML};
        struct fl_faults faults;
        enum fl_status st;

        if (!source.text)
            return fl_error_set(err, FL_INTERNAL, "no template \"%s\"", template_names[i]);
        source.len = strlen(source.text);
        fl_faults_init(&faults, pages->arena);
        st = fl_mustache_compile(&source, &faults, &pages->templates[i], err);
        if (st)
            return fl_error_prefix(err, st, "template \"%s\"", template_names[i]);
    }
    for (int i = 0; i < FL_FRONT_TEMPLATES; i++)
        fl_mustache_link(pages->templates[i], partial, pages);
    return FL_OK;
}

static bool words_fill(struct fl_front_pages *pages)
{
    for (int i = 0; i < FL_FRONT_LANGUAGES; i++) {
        pages->words[i] = fl_data_object(pages->arena);
        if (!pages->words[i])
            return false;
        for (const struct fl_front_word *word = fl_front_words(); word->key; word++)
            if (!fl_data_set_str(pages->arena, pages->words[i], word->key, word->text[i]))
                return false;
    }
    return true;
}

/* Only our own style sheet may style a page; a marketer's HTML may style its elements and show
 * pictures too.  Nothing else is ever loaded, and nothing runs. */
static void policies_fill(struct fl_front_pages *pages)
{
    unsigned char hash[FL_SHA256_SIZE];
    char text[BASE64_MAX];

    fl_sha256(pages->style, strlen(pages->style), hash);
    EVP_EncodeBlock((unsigned char *)text, hash, sizeof hash);
    snprintf(pages->policy, sizeof pages->policy,
             "default-src 'none'; style-src 'sha256-%s'; img-src data:; form-action 'self'; "
             "base-uri 'none'; frame-ancestors 'none'",
             text);
    snprintf(pages->policy_foreign, sizeof pages->policy_foreign,
             "default-src 'none'; style-src 'sha256-%s'; style-src-attr 'unsafe-inline'; "
             "img-src https: data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
             text);
}

enum fl_status fl_front_pages_create(struct fl_front_pages **out, struct fl_error *err)
{
    struct fl_front_pages *pages = calloc(1, sizeof *pages);
    enum fl_status st;

    if (!pages)
        return fl_error_set(err, FL_IO, "no memory for the pages");
    pages->arena = fl_arena_create(PAGES_ARENA_MAX);
    pages->style = file_text("style.css");
    if (!pages->arena || !pages->style || !words_fill(pages))
        st = fl_error_set(err, FL_IO, "no memory for the pages");
    else
        st = compile_all(pages, err);
    if (st) {
        fl_front_pages_destroy(&pages);
        return st;
    }
    policies_fill(pages);
    *out = pages;
    return FL_OK;
}

void fl_front_pages_destroy(struct fl_front_pages **pages)
{
    if (!*pages)
        return;
    for (int i = 0; i < FL_FRONT_TEMPLATES; i++)
        fl_mustache_destroy(&(*pages)->templates[i]);
    fl_arena_destroy(&(*pages)->arena);
    free(*pages);
    *pages = NULL;
}

struct fl_data *fl_front_pages_words(const struct fl_front_pages *pages,
                                     enum fl_front_language language)
{
    return pages->words[language];
}

const char *fl_front_pages_style(const struct fl_front_pages *pages)
{
    return pages->style;
}

/* --- replies -----------------------------------------------------------------------------------*/

static void header_add(struct fl_http_field *headers, size_t *n, const char *name,
                       const char *value)
{
    headers[(*n)++] = (struct fl_http_field){name, value};
}

/* A token stands in the address: no cache keeps the page, no other site hears of it. */
static void headers_set(struct fl_arena *arena, const char *policy, struct fl_front_reply *out)
{
    struct fl_http_field *headers = FL_ARENA_ARRAY(arena, struct fl_http_field, HEADERS_MAX);
    size_t n = 0;

    if (!headers)
        return;
    header_add(headers, &n, "Cache-Control", "no-store");
    header_add(headers, &n, "Referrer-Policy", "same-origin");
    header_add(headers, &n, "X-Content-Type-Options", "nosniff");
    header_add(headers, &n, "X-Robots-Tag", "noindex, nofollow");
    if (policy)
        header_add(headers, &n, "Content-Security-Policy", policy);
    if (out->status == 503 || out->status == 429)
        header_add(headers, &n, "Retry-After", "10");
    if (out->status == 405)
        header_add(headers, &n, "Allow", "GET, HEAD, POST");
    out->headers = headers;
    out->n_headers = n;
}

void fl_front_reply_text(struct fl_arena *arena, int status, const char *text,
                         struct fl_front_reply *out)
{
    *out = (struct fl_front_reply){.status = status,
                                   .content_type = "text/plain; charset=utf-8",
                                   .body = text,
                                   .body_len = strlen(text)};
    headers_set(arena, NULL, out);
}

static bool render(struct fl_front_view *view, enum fl_front_template template, const char **out,
                   size_t *out_len)
{
    static const struct fl_mustache_bounds bounds = {
        .steps = STEPS_MAX, .bytes = OUTPUT_MAX, .depth = FL_MUSTACHE_DEPTH_MAX};
    struct fl_buf FL_AUTO_BUF buf = FL_BUF(OUTPUT_MAX);
    const struct fl_front_pages *pages = view->visit->site->pages;
    struct fl_error err;
    char *copy;

    if (view->has_failed || !pages ||
        fl_mustache_render(pages->templates[template], view->root, &bounds, &buf, &err) ||
        fl_buf_failed(&buf))
        return false;
    copy = fl_arena_strndup(view->visit->arena, buf.data, buf.len);
    if (!copy)
        return false;
    *out = copy;
    *out_len = buf.len;
    return true;
}

static void reply_rendered(struct fl_front_view *view, enum fl_front_template template, int status,
                           const char *type, const char *policy, struct fl_front_reply *out)
{
    struct fl_front_reply reply = {.status = status, .content_type = type};

    if (!render(view, template, &reply.body, &reply.body_len)) {
        fl_front_reply_text(view->visit->arena, 500, "500\n", out);
        return;
    }
    headers_set(view->visit->arena, policy, &reply);
    *out = reply;
}

void fl_front_reply_page(struct fl_front_view *view, enum fl_front_template template, int status,
                         bool has_foreign_html, struct fl_front_reply *out)
{
    const struct fl_front_pages *pages = view->visit->site->pages;
    const char *policy = !pages ? NULL : has_foreign_html ? pages->policy_foreign : pages->policy;

    reply_rendered(view, template, status, "text/html; charset=utf-8", policy, out);
}

void fl_front_reply_feed(struct fl_front_view *view, struct fl_front_reply *out)
{
    reply_rendered(view, FL_TEMPLATE_FEED, 200, "application/atom+xml; charset=utf-8", NULL, out);
}

void fl_front_reply_redirect(struct fl_front_visit *visit, int status, const char *location,
                             struct fl_front_reply *out)
{
    *out = (struct fl_front_reply){.status = status,
                                   .content_type = "text/plain; charset=utf-8",
                                   .body = "",
                                   .location = location};
    headers_set(visit->arena, NULL, out);
}

void fl_front_reply_pixel(struct fl_front_visit *visit, struct fl_front_reply *out)
{
    /* GIF89a, one transparent pixel */
    static const char pixel[PIXEL_SIZE] =
        "GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;";

    *out = (struct fl_front_reply){
        .status = 200, .content_type = "image/gif", .body = pixel, .body_len = PIXEL_SIZE};
    headers_set(visit->arena, NULL, out);
}

void fl_front_reply_notice(struct fl_front_visit *visit, int status, const char *title_key,
                           const char *text_key, struct fl_front_reply *out)
{
    struct fl_front_view view;
    const char *title = fl_front_word_of(visit->language, title_key);

    fl_front_view_start(&view, visit, NULL, title);
    fl_front_put(&view, view.root, "text", fl_front_word_of(visit->language, text_key));
    if (status < 300 && *visit->token)
        fl_front_put(&view, view.root, "preferences_href",
                     fl_front_href(visit, "p", visit->token, ""));
    fl_front_put_flag(&view, view.root, "is_error", status >= 400);
    fl_front_reply_page(&view, FL_TEMPLATE_NOTICE, status, false, out);
}

void fl_front_reply_status(struct fl_front_visit *visit, int status, struct fl_front_reply *out)
{
    static const int known[] = {400, 403, 404, 405, 413, 429, 500, 503};
    int as = status >= 500 ? 500 : 400;
    char title[] = "e000_title", text[] = "e000_text";

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] == status)
            as = status;
    title[1] = text[1] = (char)('0' + as / 100);
    title[2] = text[2] = (char)('0' + as / 10 % 10);
    title[3] = text[3] = (char)('0' + as % 10);
    fl_front_reply_notice(visit, status, title, text, out);
}
