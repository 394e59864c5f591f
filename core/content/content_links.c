/* Links of a rendering in HTML, replaced where they lead out of the house. */
#include "content/content_private.h"

#include <string.h>
#include <strings.h>

enum { URL_MAX = 4096 }; /* bytes of a link that is looked at; a longer one stays as it is */

struct linker {
    const struct fl_content_links *links;
    const struct fl_data *data;
    struct fl_arena *arena;
    struct fl_buf *out;
};

/* Addresses of the customer's own pages carry a token already and must work with one request. */
static bool is_own(const struct linker *linker, const char *url)
{
    static const char *const names[] = {"unsubscribe_url", "preferences_url", "page_url",
                                        "survey_url"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct fl_data *value = fl_data_get(linker->data, names[i], strlen(names[i]));
        size_t len;
        const char *own = value ? fl_data_text(value, &len) : "";

        if (*own && !strcmp(own, url))
            return true;
    }
    return false;
}

/* One character of an attribute, which may be an entity; 0: one that no URL of ours needs. */
static size_t entity_read(const char *s, size_t len, char *out)
{
    static const struct {
        const char *text;
        char c;
    } entities[] = {{"&amp;", '&'},  {"&#38;", '&'},   {"&#x26;", '&'}, {"&quot;", '"'},
                    {"&#39;", '\''}, {"&#x27;", '\''}, {"&lt;", '<'},   {"&gt;", '>'}};

    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        size_t n = strlen(entities[i].text);

        if (n <= len && !strncasecmp(s, entities[i].text, n)) {
            *out = entities[i].c;
            return n;
        }
    }
    *out = '&';
    return 1;
}

static const char *url_read(struct fl_arena *arena, const char *s, size_t len)
{
    char *url = fl_arena_alloc(arena, len + 1);
    size_t n = 0;

    for (size_t i = 0; url && i < len;) {
        if (s[i] == '&')
            i += entity_read(s + i, len - i, &url[n++]);
        else
            url[n++] = s[i++];
    }
    if (url)
        url[n] = '\0';
    return url;
}

static void url_put(const char *url, struct fl_buf *out)
{
    for (; *url; url++) {
        if (*url == '&')
            fl_buf_puts(out, "&amp;");
        else if (*url == '"')
            fl_buf_puts(out, "&quot;");
        else if (*url == '\'')
            fl_buf_puts(out, "&#39;");
        else if (*url == '<')
            fl_buf_puts(out, "&lt;");
        else
            fl_buf_putc(out, *url);
    }
}

static void value_put(const struct linker *linker, const char *value, size_t len)
{
    const char *url, *wrapped;
    bool is_web = (len > 7 && !strncasecmp(value, "http://", 7)) ||
                  (len > 8 && !strncasecmp(value, "https://", 8));

    url = is_web && len <= URL_MAX ? url_read(linker->arena, value, len) : NULL;
    wrapped = url && !is_own(linker, url)
                  ? linker->links->wrap(linker->links->ctx, linker->arena, url)
                  : NULL;
    if (wrapped && wrapped != url)
        url_put(wrapped, linker->out);
    else
        fl_buf_add(linker->out, value, len);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '/';
}

/* The element `<a ...>` from behind its name on; returns how much of it was written. */
static size_t anchor_put(const struct linker *linker, const char *s, size_t len)
{
    size_t i = 0, done = 0;

    while (i < len && s[i] != '>') {
        size_t name = i, end;
        char quote;

        while (i < len && !is_blank(s[i]) && s[i] != '=' && s[i] != '>')
            i++;
        end = i;
        while (i < len && is_blank(s[i]))
            i++;
        if (i == len || s[i] != '=')
            continue;
        for (i++; i < len && is_blank(s[i]) && s[i] != '/';)
            i++;
        quote = i < len && (s[i] == '"' || s[i] == '\'') ? s[i++] : '\0';
        if (!quote)
            continue; /* an unquoted value is read like a name, up to the next blank */
        if (end - name == 4 && !strncasecmp(s + name, "href", 4)) {
            const char *stop = memchr(s + i, quote, len - i);

            if (!stop)
                break;
            fl_buf_add(linker->out, s + done, i - done);
            value_put(linker, s + i, (size_t)(stop - s) - i);
            done = i = (size_t)(stop - s);
        }
        while (i < len && s[i] != quote)
            i++;
        i += i < len;
    }
    fl_buf_add(linker->out, s + done, i - done);
    return i;
}

static void links_put(const struct linker *linker, const char *html, size_t len)
{
    size_t i = 0, done = 0;

    while (i + 2 < len) {
        if (html[i] != '<' || (html[i + 1] | 32) != 'a' || !is_blank(html[i + 2])) {
            i++;
            continue;
        }
        i += 2;
        fl_buf_add(linker->out, html + done, i - done);
        i += anchor_put(linker, html + i, len - i);
        done = i;
    }
    fl_buf_add(linker->out, html + done, len - done);
}

static void pixel_put(const char *url, struct fl_buf *out)
{
    fl_buf_puts(out, "<img src=\"");
    url_put(url, out);
    fl_buf_puts(out, "\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0\">\n");
}

/* Where the pixel goes: before the end of the body. */
static size_t pixel_place(const char *html, size_t len)
{
    const char *end = NULL;

    for (const char *p = html; (p = strcasestr(p, "</body"));)
        end = p++;
    return end ? (size_t)(end - html) : len;
}

static void piece_put(const struct linker *linker, const char *html, size_t len)
{
    if (linker->links->wrap)
        links_put(linker, html, len);
    else
        fl_buf_add(linker->out, html, len);
}

void fl_content_links_put(const struct fl_content_links *links, const struct fl_data *data,
                          struct fl_arena *arena, const char *html, size_t len, bool has_pixel,
                          struct fl_buf *out)
{
    const struct linker linker = {.links = links, .data = data, .arena = arena, .out = out};
    size_t place = has_pixel && links->pixel_url ? pixel_place(html, len) : len;

    piece_put(&linker, html, place);
    if (has_pixel && links->pixel_url)
        pixel_put(links->pixel_url, out);
    piece_put(&linker, html + place, len - place);
}
