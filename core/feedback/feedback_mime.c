/* Opens a mail with GMime: the only place that sees its tree.  Nothing of GLib leaves this file. */
#include <gmime/gmime.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "feedback/feedback_private.h"

enum {
    PART_BYTES_MAX = 2 * FL_FEEDBACK_TEXT_MAX, /* of one text before it becomes UTF-8 */
    REPORT_BYTES_MAX = 128 << 10
};

enum fl_status fl_feedback_no_memory(struct fl_error *err)
{
    return fl_error_set(err, FL_LIMIT, "mail needs more memory than it may have");
}

/* GMime keeps tables for the whole process and wants to be told once. */
static void library_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, g_mime_init);
}

struct walk {
    struct fl_arena *arena;
    struct fl_feedback_mail *mail;
    struct fl_buf text;
    struct fl_buf html;
    size_t n_parts;
    struct fl_error *err;
};

/* Decoded bytes of a part, at most `max`. */
static void part_bytes(GMimePart *part, size_t max, struct fl_buf *out)
{
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    GMimeStream *stream, *filtered;
    GMimeFilter *filter;
    char chunk[4096];
    ssize_t n;

    if (!content)
        return;
    stream = g_mime_data_wrapper_get_stream(content);
    g_mime_stream_reset(stream);
    filtered = g_mime_stream_filter_new(stream);
    filter = g_mime_filter_basic_new(g_mime_data_wrapper_get_encoding(content), FALSE);
    g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered), filter);
    while (out->len < max && (n = g_mime_stream_read(filtered, chunk, sizeof chunk)) > 0) {
        size_t room = max - out->len;

        fl_buf_add(out, chunk, (size_t)n < room ? (size_t)n : room);
    }
    g_object_unref(filter);
    g_object_unref(filtered);
}

static const char *part_text(struct walk *walk, GMimePart *part, size_t max)
{
    FL_AUTO_BUF struct fl_buf bytes = FL_BUF(max);
    GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
    const char *text;

    part_bytes(part, max, &bytes);
    text = fl_feedback_to_utf8(walk->arena, g_mime_content_type_get_parameter(type, "charset"),
                               bytes.data, bytes.len);
    if (text)
        fl_feedback_unify_newlines((char *)(uintptr_t)text);
    return text;
}

static enum fl_status add_text(struct walk *walk, GMimePart *part, struct fl_buf *to)
{
    const char *text = part_text(walk, part, PART_BYTES_MAX);

    if (!text)
        return fl_feedback_no_memory(walk->err);
    if (to->len && to->data[to->len - 1] != '\n')
        fl_buf_putc(to, '\n');
    fl_buf_add(to, text, fl_feedback_utf8_cut(text, strlen(text), to->max - to->len));
    return FL_OK;
}

static enum fl_status set_report(struct walk *walk, GMimePart *part, const char **to)
{
    const char *text;

    if (*to)
        return FL_OK;
    text = part_text(walk, part, REPORT_BYTES_MAX);
    if (!text)
        return fl_feedback_no_memory(walk->err);
    *to = text;
    return FL_OK;
}

static enum fl_status set_original(struct walk *walk, const char *header, size_t len)
{
    size_t used;

    if (walk->mail->has_original)
        return FL_OK;
    walk->mail->has_original = true;
    return fl_feedback_fields_parse(walk->arena, header, len, &walk->mail->original, &used,
                                    walk->err);
}

static bool is_attachment(GMimeObject *object)
{
    const char *disposition = g_mime_object_get_disposition(object);

    return disposition && strcasecmp(disposition, "attachment") == 0;
}

static enum fl_status walk_leaf(struct walk *walk, GMimePart *part)
{
    GMimeObject *object = GMIME_OBJECT(part);
    GMimeContentType *type = g_mime_object_get_content_type(object);
    const char *header = NULL;
    enum fl_status st;

    if (g_mime_content_type_is_type(type, "message", "delivery-status") ||
        g_mime_content_type_is_type(type, "message", "global-delivery-status"))
        return set_report(walk, part, &walk->mail->delivery_status);
    if (g_mime_content_type_is_type(type, "message", "feedback-report"))
        return set_report(walk, part, &walk->mail->feedback_report);
    if (g_mime_content_type_is_type(type, "message", "disposition-notification") ||
        g_mime_content_type_is_type(type, "message", "global-disposition-notification"))
        return set_report(walk, part, &walk->mail->disposition);
    if (g_mime_content_type_is_type(type, "text", "rfc822-headers") ||
        g_mime_content_type_is_type(type, "message", "global-headers") ||
        g_mime_content_type_is_type(type, "message", "rfc822-headers")) {
        st = set_report(walk, part, &header);
        return st ? st : set_original(walk, header, strlen(header));
    }
    if (is_attachment(object)) {
        walk->mail->has_attachment = true;
        return FL_OK;
    }
    if (g_mime_content_type_is_type(type, "text", "html"))
        return add_text(walk, part, &walk->html);
    if (g_mime_content_type_is_type(type, "text", "plain"))
        return add_text(walk, part, &walk->text);
    walk->mail->has_attachment = true;
    return FL_OK;
}

static enum fl_status walk_message(struct walk *walk, GMimeMessagePart *part)
{
    FL_AUTO_BUF struct fl_buf header = FL_BUF(REPORT_BYTES_MAX);
    GMimeMessage *message = g_mime_message_part_get_message(part);
    GMimeHeaderList *list;
    int n;

    if (!message || walk->mail->has_original)
        return FL_OK;
    list = g_mime_object_get_header_list(GMIME_OBJECT(message));
    n = g_mime_header_list_get_count(list);
    /* As they came: to have the library write them anew costs more than all the rest. */
    for (int i = 0; i < n && !fl_buf_failed(&header); i++) {
        GMimeHeader *field = g_mime_header_list_get_header_at(list, i);
        const char *name = g_mime_header_get_raw_name(field);
        const char *value = g_mime_header_get_raw_value(field);

        if (!name || !value)
            continue;
        fl_buf_printf(&header, "%s:%s", name, value);
        if (header.len && header.data[header.len - 1] != '\n')
            fl_buf_putc(&header, '\n');
    }
    return set_original(walk, header.data, header.len);
}

static enum fl_status walk_part(struct walk *walk, GMimeObject *object, int depth)
{
    if (!object)
        return FL_OK;
    if (++walk->n_parts > FL_FEEDBACK_PARTS_MAX)
        return fl_error_set(walk->err, FL_LIMIT, "mail has more than %d parts",
                            FL_FEEDBACK_PARTS_MAX);
    if (depth > FL_FEEDBACK_DEPTH_MAX)
        return fl_error_set(walk->err, FL_LIMIT, "mail has parts nested deeper than %d",
                            FL_FEEDBACK_DEPTH_MAX);
    if (GMIME_IS_MESSAGE_PART(object))
        return walk_message(walk, GMIME_MESSAGE_PART(object));
    if (GMIME_IS_MULTIPART(object)) {
        GMimeMultipart *multipart = GMIME_MULTIPART(object);
        int n = g_mime_multipart_get_count(multipart);

        for (int i = 0; i < n; i++) {
            enum fl_status st = walk_part(walk, g_mime_multipart_get_part(multipart, i), depth + 1);

            if (st)
                return st;
        }
        return FL_OK;
    }
    return GMIME_IS_PART(object) ? walk_leaf(walk, GMIME_PART(object)) : FL_OK;
}

static bool is_only_blank(const char *s)
{
    return s[strspn(s, " \t\r\n")] == '\0';
}

static enum fl_status take_text(struct walk *walk)
{
    struct fl_feedback_mail *mail = walk->mail;
    enum fl_status st;

    if (fl_buf_failed(&walk->text) || fl_buf_failed(&walk->html))
        return fl_feedback_no_memory(walk->err);
    mail->links = fl_arena_strndup(walk->arena, walk->html.data, walk->html.len);
    if (!mail->links)
        return fl_feedback_no_memory(walk->err);
    if (walk->html.len && is_only_blank(walk->text.data)) {
        st =
            fl_feedback_html_text(walk->arena, mail->links, walk->html.len, &mail->text, walk->err);
        return st;
    }
    mail->text = fl_arena_strndup(walk->arena, walk->text.data, walk->text.len);
    return mail->text ? FL_OK : fl_feedback_no_memory(walk->err);
}

/* A multipart whose delimiter never comes: what there is, is text. */
static enum fl_status take_unparted(struct walk *walk, const char *data, size_t len)
{
    size_t max = len < PART_BYTES_MAX ? len : PART_BYTES_MAX;
    const char *text = fl_feedback_to_utf8(walk->arena, NULL, data, max);

    if (!text)
        return fl_feedback_no_memory(walk->err);
    fl_feedback_unify_newlines((char *)(uintptr_t)text);
    fl_buf_add(&walk->text, text, fl_feedback_utf8_cut(text, strlen(text), walk->text.max));
    return FL_OK;
}

/* `data` is the body. */
static enum fl_status walk_mail(struct walk *walk, GMimeMessage *message, const char *data,
                                size_t len)
{
    GMimeObject *root = g_mime_message_get_mime_part(message);
    GMimeContentType *type = root ? g_mime_object_get_content_type(root) : NULL;
    const char *report = NULL;
    enum fl_status st;

    if (type && g_mime_content_type_is_type(type, "multipart", "report"))
        report = g_mime_content_type_get_parameter(type, "report-type");
    walk->mail->report_type =
        report ? fl_feedback_to_utf8(walk->arena, NULL, report, strlen(report)) : "";
    if (!walk->mail->report_type)
        return fl_feedback_no_memory(walk->err);
    st = walk_part(walk, root, 0);
    if (!st && GMIME_IS_MULTIPART(root) && walk->n_parts == 1)
        st = take_unparted(walk, data, len);
    return st ? st : take_text(walk);
}

static enum fl_status open_tree(struct walk *walk, const char *data, size_t len, size_t header_len)
{
    GMimeStream *stream;
    GMimeParser *parser;
    GMimeMessage *message;
    enum fl_status st = FL_OK;

    library_begin();
    stream = g_mime_stream_mem_new_with_buffer(data, len);
    parser = g_mime_parser_new_with_stream(stream);
    g_object_unref(stream);
    message = g_mime_parser_construct_message(parser, NULL);
    if (message) {
        st = walk_mail(walk, message, data + header_len, len - header_len);
        g_object_unref(message);
    }
    g_object_unref(parser);
    return st;
}

enum fl_status fl_feedback_mail_open(struct fl_arena *arena, const char *data, size_t len,
                                     struct fl_feedback_mail *out, struct fl_error *err)
{
    struct fl_feedback_mail mail = {.report_type = "", .text = "", .links = ""};
    struct walk walk = {.arena = arena, .mail = &mail, .err = err};
    enum fl_status st;
    size_t used;

    if (len > 5 && (strncmp(data, "From ", 5) == 0 || strncmp(data, ">From ", 6) == 0)) {
        const char *newline = memchr(data, '\n', len); /* of a mailbox file */

        len = newline ? len - (size_t)(newline + 1 - data) : 0;
        data = newline ? newline + 1 : data;
    }
    st = fl_feedback_scan(data, len, err);
    if (!st)
        st = fl_feedback_fields_parse(arena, data, len, &mail.fields, &used, err);
    if (st)
        return st;
    fl_buf_init(&walk.text, FL_FEEDBACK_TEXT_MAX);
    fl_buf_init(&walk.html, FL_FEEDBACK_TEXT_MAX);
    st = open_tree(&walk, data, len, used);
    fl_buf_finish(&walk.text);
    fl_buf_finish(&walk.html);
    if (!st)
        *out = mail;
    return st;
}
