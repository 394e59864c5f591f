/* Markdown for media that lay out pages themselves: the author's own, with its tags. */
#include "content/content_private.h"

#include <string.h>

static size_t line_len(const char *text, size_t len)
{
    const char *newline = memchr(text, '\n', len);

    return newline ? (size_t)(newline - text) : len;
}

static bool is_empty(const char *line, size_t len)
{
    return strspn(line, " \t\n") >= len;
}

/* "**[text](address)**" alone on its line: where text and address are. */
static bool button_read(const char *line, size_t len, const char **out_text, size_t *out_text_len,
                        const char **out_url, size_t *out_url_len)
{
    const char *middle;

    while (len && strchr(" \t", line[len - 1]))
        len--;
    if (len < sizeof "**[](x)**" - 1 || memcmp(line, "**[", 3) != 0 ||
        memcmp(line + len - 3, ")**", 3) != 0)
        return false;
    middle = memmem(line, len, "](", 2);
    if (!middle)
        return false;
    *out_text = line + 3;
    *out_text_len = (size_t)(middle - line) - 3;
    *out_url = middle + 2;
    *out_url_len = (size_t)(line + len - 3 - *out_url);
    return !memchr(*out_url, '[', *out_url_len) && !memchr(*out_url, ' ', *out_url_len);
}

/* <{{page_url}}> would be HTML when the tag is filled in; an address needs no brackets. */
static void without_brackets(const struct fl_content_source *source, struct fl_buf *out)
{
    struct fl_tag_scan scan;
    struct fl_tag tag;
    const char *reason;
    size_t done = 0;

    fl_tag_scan_init(&scan, source->text, source->len, NULL, NULL);
    while (fl_tag_scan_next(&scan, &tag, &reason) == FL_TAG_FOUND) {
        bool is_bracketed = tag.kind == FL_TAG_VARIABLE && tag.start > done &&
                            source->text[tag.start - 1] == '<' && tag.end < source->len &&
                            source->text[tag.end] == '>';

        if (!is_bracketed)
            continue;
        fl_buf_add(out, source->text + done, tag.start - 1 - done);
        fl_buf_add(out, source->text + tag.start, tag.end - tag.start);
        done = tag.end + 1;
    }
    fl_buf_add(out, source->text + done, source->len - done);
}

void fl_content_markdown_paper(const struct fl_content_source *source, struct fl_buf *out)
{
    struct fl_buf plain = FL_BUF(FL_CONTENT_WORK_MAX), lines = FL_BUF(FL_CONTENT_WORK_MAX);
    bool was_empty = true;
    size_t i = 0;

    without_brackets(source, &plain);
    while (i < plain.len) {
        const char *line = plain.data + i, *text, *url;
        size_t len = line_len(line, plain.len - i), next = i + len + 1, text_len, url_len;
        bool is_last = next >= plain.len ||
                       is_empty(plain.data + next, line_len(plain.data + next, plain.len - next));

        if (was_empty && is_last && button_read(line, len, &text, &text_len, &url, &url_len)) {
            fl_buf_add(&lines, text, text_len);
            fl_buf_puts(&lines, ": ");
            fl_buf_add(&lines, url, url_len);
        } else {
            fl_buf_add(&lines, line, len);
        }
        fl_buf_putc(&lines, '\n');
        was_empty = is_empty(line, len);
        i = next;
    }
    fl_content_tags_convert(lines.data, lines.len, out);
    out->has_failed = out->has_failed || fl_buf_failed(&plain) || fl_buf_failed(&lines);
    fl_buf_finish(&plain);
    fl_buf_finish(&lines);
}
