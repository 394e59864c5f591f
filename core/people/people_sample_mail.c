#include <gmime/gmime.h>
#include <string.h>

#include "base/clock.h"
#include "people/people_sample_private.h"

enum { KST_OFFSET_S = 9 * 3600 };

/* Bytes of `text` in `charset`; NULL where it has a character the charset has not. */
static GBytes *encode(const char *text, const char *charset)
{
    gsize len = 0;
    char *bytes = g_convert(text, -1, charset, "UTF-8", NULL, &len, NULL);

    return bytes ? g_bytes_new_take(bytes, len) : NULL;
}

static bool fits(const char *text, const char *charset)
{
    GBytes *bytes = encode(text, charset);

    if (bytes)
        g_bytes_unref(bytes);
    return bytes != NULL;
}

static bool is_ascii(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s >= 0x80)
            return false;
    return true;
}

/* The charset this program would choose; Korean Outlook and Naver keep to the old one at times. */
static const char *choose_charset(struct sample_answer *a)
{
    bool is_old = people_random_percent(&a->random, 50);
    const char *old = a->program == SAMPLE_OUTLOOK ? "ks_c_5601-1987" : "euc-kr";

    if (a->program == SAMPLE_IPHONE && is_ascii(a->plain))
        return "us-ascii";
    if (is_old && a->is_korean && (a->program == SAMPLE_OUTLOOK || a->program == SAMPLE_NAVER) &&
        fits(a->plain, "EUC-KR") && fits(a->subject, "EUC-KR"))
        return old;
    return "utf-8";
}

static const char *converter_name(const char *charset)
{
    return !strcmp(charset, "ks_c_5601-1987") ? "EUC-KR" : charset;
}

static char *with_crlf(const char *text)
{
    GString *out = g_string_new(NULL);

    for (; *text; text++) {
        if (*text == '\n')
            g_string_append_c(out, '\r');
        if (*text != '\r')
            g_string_append_c(out, *text);
    }
    return g_string_free(out, FALSE);
}

static GMimeObject *text_part(const char *subtype, const char *text, const char *charset)
{
    GMimePart *part = g_mime_part_new_with_type("text", subtype);
    bool is_base64 = !is_ascii(text);
    char *crlf = is_base64 ? with_crlf(text) : NULL; /* RFC 2045 section 6.8 */
    GBytes *bytes = encode(crlf ? crlf : text, converter_name(charset));
    GMimeStream *stream;
    GMimeDataWrapper *content;
    gsize len = 0;
    const void *data = bytes ? g_bytes_get_data(bytes, &len) : "";

    stream = g_mime_stream_mem_new_with_buffer(data, len);
    content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", charset);
    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, is_base64 ? GMIME_CONTENT_ENCODING_BASE64
                                           : !strcmp(charset, "us-ascii")
                                               ? GMIME_CONTENT_ENCODING_7BIT
                                               : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    g_free(crlf);
    g_object_unref(content);
    g_object_unref(stream);
    if (bytes)
        g_bytes_unref(bytes);
    return GMIME_OBJECT(part);
}

/* Boundaries come from the seed: GMime's own would differ from run to run. */
static GMimeMultipart *multipart(struct sample_answer *a, const char *subtype)
{
    GMimeMultipart *parts = g_mime_multipart_new_with_subtype(subtype);
    char boundary[40];

    g_snprintf(boundary, sizeof boundary, "=_%016llx",
               (unsigned long long)people_random_u64(&a->random));
    g_mime_multipart_set_boundary(parts, boundary);
    return parts;
}

static void add_part(GMimeMultipart *parts, GMimeObject *part)
{
    g_mime_multipart_add(parts, part);
    g_object_unref(part);
}

static void set_header(GMimeMessage *message, const char *name, const char *value)
{
    g_mime_object_set_header(GMIME_OBJECT(message), name, value, "utf-8");
}

static void set_mailbox(GMimeMessage *message, GMimeAddressType type, const char *name,
                        const char *address, const char *charset)
{
    InternetAddress *mailbox = internet_address_mailbox_new(name && *name ? name : NULL, address);

    internet_address_set_charset(mailbox, charset);
    internet_address_list_add(g_mime_message_get_addresses(message, type), mailbox);
    g_object_unref(mailbox);
}

static void set_date(GMimeMessage *message, int64_t time_us)
{
    GTimeZone *zone = g_time_zone_new_offset(KST_OFFSET_S);
    GDateTime *utc = g_date_time_new_from_unix_utc(time_us / FL_US_PER_S);
    GDateTime *local = g_date_time_to_timezone(utc, zone);

    g_mime_message_set_date(message, local);
    g_date_time_unref(local);
    g_date_time_unref(utc);
    g_time_zone_unref(zone);
}

static const char *domain_of(const char *address)
{
    const char *at = strrchr(address, '@');

    return at ? at + 1 : "cust.test";
}

static GMimeMessage *new_message(struct sample_answer *a, const char *from_name, const char *from,
                                 const char *to, const char *subject, const char *charset)
{
    GMimeMessage *message = g_mime_message_new(TRUE);
    char id[128];

    set_mailbox(message, GMIME_ADDRESS_TYPE_FROM, from_name, from, charset);
    set_mailbox(message, GMIME_ADDRESS_TYPE_TO, NULL, to, charset);
    g_mime_message_set_subject(message, subject, charset);
    set_date(message, a->original->now_us);
    g_snprintf(id, sizeof id, "%016llx@%.90s", (unsigned long long)people_random_u64(&a->random),
               domain_of(from));
    g_mime_message_set_message_id(message, id);
    return message;
}

static void set_thread(GMimeMessage *message, const char *message_id)
{
    char *bracketed = g_strdup_printf("<%s>", message_id);

    set_header(message, "In-Reply-To", bracketed);
    set_header(message, "References", bracketed);
    g_free(bracketed);
}

static GMimeMessage *build_answer(struct sample_answer *a)
{
    static const char *const mailers[] = {NULL, "Microsoft Outlook 16.0", "NaverMail",
                                          "iPhone Mail (21F90)"};
    const char *charset = choose_charset(a), *header_charset = converter_name(charset);
    GMimeMessage *message =
        new_message(a, a->original->customer_name, a->original->customer, a->original->reply_to,
                    a->subject, !strcmp(charset, "us-ascii") ? "utf-8" : header_charset);
    GMimeObject *body = text_part("plain", a->plain, charset);

    set_thread(message, a->original->message_id);
    if (mailers[a->program])
        set_header(message, "X-Mailer", mailers[a->program]);
    if (a->kind == FL_SAMPLE_VACATION) {
        set_header(message, "Auto-Submitted", "auto-replied");
        set_header(message, "X-Auto-Response-Suppress", "All");
        set_header(message, "Precedence", "bulk");
    }
    if (a->html) {
        GMimeMultipart *parts = multipart(a, "alternative");

        add_part(parts, body);
        add_part(parts, text_part("html", a->html, charset));
        body = GMIME_OBJECT(parts);
    }
    g_mime_message_set_mime_part(message, body);
    g_object_unref(body);
    return message;
}

/* ---- bounces ---------------------------------------------------------------------------------*/

static const struct {
    const char *status, *reply;
} faults[] = {
    {"5.1.1", "550 5.1.1 <%s>: Recipient address rejected: User unknown"},
    {"5.1.1", "550 5.1.1 <%s> User doesn't exist"},
    {"5.2.2", "552 5.2.2 <%s>: Mailbox full, quota exceeded"},
    {"5.2.1", "550 5.2.1 <%s>: The account is disabled"},
    {"5.7.1", "554 5.7.1 <%s>: Message refused by policy"},
};

static GMimeObject *raw_part(const char *type, const char *subtype, const char *text)
{
    GMimePart *part = g_mime_part_new_with_type(type, subtype);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, strlen(text));
    GMimeDataWrapper *content =
        g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_7BIT);

    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_7BIT);
    g_object_unref(content);
    g_object_unref(stream);
    return GMIME_OBJECT(part);
}

static char *fault_reply(int at, const char *customer)
{
    const char *hole = strstr(faults[at].reply, "%s");

    return g_strdup_printf("%.*s%s%s", (int)(hole - faults[at].reply), faults[at].reply, customer,
                           hole + 2);
}

/* As Postfix writes it (RFC 3464). */
static GMimeMessage *build_bounce(struct sample_answer *a, const char *to)
{
    const struct fl_sample_original *o = a->original;
    const char *host = domain_of(o->customer);
    int at = people_random_below(&a->random, (int)G_N_ELEMENTS(faults));
    char *daemon = g_strdup_printf("MAILER-DAEMON@mx.%s", host),
         *reply = fault_reply(at, o->customer);
    char *text = g_strdup_printf(
        "This is the mail system at host mx.%s.\n\nI'm sorry to have to inform you that your "
        "message could not\nbe delivered to one or more recipients. It's attached below.\n\n"
        "                   The mail system\n\n<%s>: host mx.%s said:\n    %s\n",
        host, o->customer, host, reply);
    char *status = g_strdup_printf("Reporting-MTA: dns; mx.%s\n\nFinal-Recipient: rfc822; %s\n"
                                   "Original-Recipient: rfc822;%s\nAction: failed\nStatus: %s\n"
                                   "Remote-MTA: dns; mx.%s\nDiagnostic-Code: smtp; %s\n",
                                   host, o->customer, o->customer, faults[at].status, host, reply);
    char *headers = g_strdup_printf("From: <%s>\nTo: <%s>\nMessage-ID: <%s>\nReply-To: <%s>\n",
                                    o->from, o->customer, o->message_id, o->reply_to);
    GMimeMessage *message = new_message(a, "Mail Delivery System", daemon, to,
                                        "Undelivered Mail Returned to Sender", "utf-8");
    GMimeMultipart *parts = multipart(a, "report");

    g_mime_object_set_content_type_parameter(GMIME_OBJECT(parts), "report-type", "delivery-status");
    set_header(message, "Auto-Submitted", "auto-replied");
    add_part(parts, raw_part("text", "plain", text));
    add_part(parts, raw_part("message", "delivery-status", status));
    add_part(parts, raw_part("text", "rfc822-headers", headers));
    g_mime_message_set_mime_part(message, GMIME_OBJECT(parts));
    g_object_unref(parts);
    g_free(headers);
    g_free(status);
    g_free(text);
    g_free(reply);
    g_free(daemon);
    return message;
}

/* Every line end as CRLF, however the parts ended theirs. */
static bool write_out(struct fl_arena *arena, GMimeMessage *message, struct fl_sample_mail *out)
{
    char *raw = g_mime_object_to_string(GMIME_OBJECT(message), NULL);
    size_t len = strlen(raw), n = 0;
    char *data = fl_arena_alloc(arena, 2 * len + 1);

    for (size_t i = 0; data && i < len; i++) {
        if (raw[i] == '\n' && (!i || raw[i - 1] != '\r'))
            data[n++] = '\r';
        data[n++] = raw[i];
    }
    g_free(raw);
    if (!data)
        return false;
    data[n] = '\0';
    out->data = data;
    out->len = n;
    return true;
}

enum fl_status people_sample_mail(struct sample_answer *a, struct fl_sample_mail *out,
                                  struct fl_error *err)
{
    const struct fl_sample_original *o = a->original;
    struct fl_sample_mail mail = {.kind = a->kind, .words = a->words, .to = o->reply_to};
    GMimeMessage *message;
    bool is_done;

    g_mime_init();
    if (a->kind == FL_SAMPLE_BOUNCE) {
        mail.to = o->return_path ? o->return_path : o->reply_to;
        message = build_bounce(a, mail.to);
    } else
        message = build_answer(a);
    is_done = write_out(a->arena, message, &mail);
    g_object_unref(message);
    if (!is_done)
        return fl_error_set(err, FL_LIMIT, "out of memory");
    mail.to = fl_arena_strdup(a->arena, mail.to);
    *out = mail;
    return FL_OK;
}
