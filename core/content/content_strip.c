#include "content/content_private.h"

#include <string.h>
#include <strings.h>

enum { NAME_MAX_BYTES = 15 };

void fl_content_plain_put(const char *text, size_t len, struct fl_buf *out)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] >= ' ' ? text[i] != 0x7f : text[i] == '\n' || text[i] == '\t')
            fl_buf_putc(out, text[i]);
}

struct strip {
    const struct fl_content_tags *tags;
    struct fl_buf *out;
    const char *href; /* of the link that is open */
    size_t href_len;
};

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (!strcasecmp(name, *names))
            return true;
    return false;
}

/* The name of the element at `p`, which stands behind "<" or "</". */
static void name_read(const char *p, char out[NAME_MAX_BYTES + 1])
{
    size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    if (len > NAME_MAX_BYTES)
        len = 0;
    memcpy(out, p, len);
    out[len] = '\0';
}

/* Remembers where a link leads. */
static void href_read(struct strip *strip, const char *element, const char *end)
{
    const char *p = memmem(element, (size_t)(end - element), "href=\"", 6), *stop;

    strip->href = NULL;
    if (!p)
        return;
    p += 6;
    stop = memchr(p, '"', (size_t)(end - p));
    if (!stop)
        return;
    strip->href = p;
    strip->href_len = (size_t)(stop - p);
}

static void newline_put(struct strip *strip)
{
    if (strip->out->len && strip->out->data[strip->out->len - 1] != '\n')
        fl_buf_putc(strip->out, '\n');
}

/* The end of an element whose text is not for reading; `end` of its opening tag. */
static const char *hidden_skip(const char *name, const char *end)
{
    const char *p = end;

    while ((p = strstr(p, "</")) && strncasecmp(p + 2, name, strlen(name)) != 0)
        p += 2;
    return p ? p : end + strlen(end);
}

/* One element; returns what follows it. */
static const char *element_read(struct strip *strip, const char *p)
{
    static const char *const hidden[] = {"style", "script", "title", "head", NULL};
    static const char *const blocks[] = {"p",  "div", "tr", "li", "br", "table", "ul", "ol",
                                         "h1", "h2",  "h3", "h4", "h5", "h6",    "hr", NULL};
    const char *end = strchr(p, '>');
    bool is_closing = p[1] == '/';
    char name[NAME_MAX_BYTES + 1];

    if (!end)
        return p + strlen(p);
    name_read(p + 1 + is_closing, name);
    if (!is_closing && is_one_of(name, hidden))
        return hidden_skip(name, end + 1);
    if (is_one_of(name, blocks))
        newline_put(strip);
    if (!strcasecmp(name, "td") && is_closing)
        fl_buf_putc(strip->out, ' ');
    if (!strcasecmp(name, "a") && is_closing && strip->href) {
        fl_buf_puts(strip->out, " <");
        fl_buf_add(strip->out, strip->href, strip->href_len);
        fl_buf_putc(strip->out, '>');
        strip->href = NULL;
    } else if (!strcasecmp(name, "a") && !is_closing) {
        href_read(strip, p, end);
    }
    return end + 1;
}

static const char *comment_read(struct strip *strip, const char *p)
{
    const char *end = strstr(p, "-->");
    const struct fl_content_tag *tag;

    if (!end)
        return p + strlen(p);
    end += 3;
    tag = fl_content_tags_marker(strip->tags, p, (size_t)(end - p));
    if (tag) {
        newline_put(strip);
        fl_buf_printf(strip->out, "%s%zuz\n", strip->tags->prefix,
                      (size_t)(tag - strip->tags->items));
    }
    return end;
}

static const char *entity_read(struct strip *strip, const char *p)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {{"&amp;", '&'},  {"&lt;", '<'},   {"&gt;", '>'},
                    {"&quot;", '"'}, {"&#39;", '\''}, {"&nbsp;", ' '}};

    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (!strncmp(p, entities[i].name, strlen(entities[i].name))) {
            fl_buf_putc(strip->out, entities[i].c);
            return p + strlen(entities[i].name);
        }
    fl_buf_putc(strip->out, '&');
    return p + 1;
}

void fl_content_html_strip(const struct fl_content_tags *tags, const char *html, struct fl_buf *out)
{
    struct strip strip = {.tags = tags, .out = out};

    while (*html) {
        size_t n = strcspn(html, "<&\n");

        fl_buf_add(out, html, n);
        html += n;
        if (!strncmp(html, "<!--", 4))
            html = comment_read(&strip, html);
        else if (*html == '<')
            html = element_read(&strip, html);
        else if (*html == '&')
            html = entity_read(&strip, html);
        else if (*html == '\n') {
            newline_put(&strip);
            html += 1 + strspn(html + 1, " \t");
        }
    }
    newline_put(&strip);
}
