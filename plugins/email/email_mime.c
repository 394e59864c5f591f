/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An item to an RFC 5322 message: CRLF, 7 bit, no line above 998 octets.
 *
 * GMime encodes - addresses, quoted-printable and base64 - and the message is put together here: a
 * tree of GMime objects costs about 230 us a message, which would make building slower than
 * sending.
 */
#include "email_private.h"

#include <gmime/gmime.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

enum {
    FILE_NAME_FOLD = 60, /* a longer file name is written as RFC 2231 has it */
    URL_MAX = 900        /* an URL cannot be folded */
};

/* --- bodies -----------------------------------------------------------------------------------*/

/* Line ends become `eol` whatever they were: a bare LF or CR never reaches the wire. */
static void append_lines(GString *out, const char *data, size_t len, const char *eol)
{
    const char *end = data + len;

    while (data < end) {
        size_t n = 0, left = (size_t)(end - data);
        const char *lf = memchr(data, '\n', left);
        const char *cr = memchr(data, '\r', lf ? (size_t)(lf - data) : left);
        const char *stop = cr ? cr : lf;

        n = stop ? (size_t)(stop - data) : left;
        g_string_append_len(out, data, (gssize)n);
        data += n;
        if (data >= end)
            break;
        g_string_append(out, eol);
        data += *data == '\r' && data + 1 < end && data[1] == '\n' ? 2 : 1;
    }
}

static void append_encoded(GString *out, GMimeContentEncoding kind, const char *data, size_t len)
{
    GMimeEncoding state;
    GString *scratch;
    size_t n;

    g_mime_encoding_init_encode(&state, kind);
    scratch = g_string_sized_new(g_mime_encoding_outlen(&state, len) + 16);
    n = g_mime_encoding_flush(&state, data, len, scratch->str);
    if (n && scratch->str[n - 1] != '\n')
        scratch->str[n++] = '\n';
    append_lines(out, scratch->str, n, "\r\n");
    g_string_free(scratch, TRUE);
}

/* Quoted-printable triples each byte above 127, base64 costs a third everywhere. */
static bool prefers_base64(const char *data, size_t len)
{
    size_t high = 0;

    for (size_t i = 0; i < len; i++)
        high += (unsigned char)data[i] > 127;
    return high * 6 > len;
}

static void append_text_body(GString *out, const struct fl_part *part)
{
    bool is_base64 = prefers_base64(part->data, part->data_len);
    GString *text = g_string_sized_new(part->data_len + part->data_len / 16 + 16);

    g_string_append_printf(out, "Content-Type: %s; charset=utf-8\r\n", part->type);
    append_lines(text, part->data, part->data_len, is_base64 ? "\r\n" : "\n");
    if (is_base64) {
        g_string_append(out, "Content-Transfer-Encoding: base64\r\n\r\n");
        append_encoded(out, GMIME_CONTENT_ENCODING_BASE64, text->str, text->len);
    } else {
        g_string_append(out, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
        append_encoded(out, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, text->str, text->len);
    }
    g_string_free(text, TRUE);
}

/* RFC 2231 for a name that is not plain ASCII. */
static void append_file_name(GString *out, const char *name)
{
    char *clean = email_header_text(name, EMAIL_NAME_MAX);
    bool is_simple = email_is_plain_ascii(clean) && !strpbrk(clean, "\"\\/");

    if (is_simple && strlen(clean) < FILE_NAME_FOLD) {
        g_string_append_printf(out, ";\r\n filename=\"%s\"", clean);
    } else {
        char *escaped = g_uri_escape_string(clean, NULL, FALSE);

        g_string_append_printf(out, ";\r\n filename*=utf-8''%s", escaped);
        g_free(escaped);
    }
    g_free(clean);
}

static void append_attachment(GString *out, const struct fl_part *part)
{
    g_string_append_printf(out, "Content-Type: %s%s\r\nContent-Disposition: attachment", part->type,
                           g_ascii_strncasecmp(part->type, "text/", 5) == 0 ? "; charset=utf-8"
                                                                            : "");
    append_file_name(out, part->name);
    g_string_append(out, "\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    append_encoded(out, GMIME_CONTENT_ENCODING_BASE64, part->data, part->data_len);
}

/* The bodies: one, or alternatives with the richest last (RFC 2046 5.1.4).  "=_" cannot stand in
 * quoted-printable or base64, so a boundary that holds it never occurs inside a part. */
static void append_bodies(GString *out, const struct fl_item *item, size_t n_bodies)
{
    if (n_bodies > 1)
        g_string_append_printf(
            out, "Content-Type: multipart/alternative;\r\n boundary=\"=_a%" PRIx64 "\"\r\n\r\n",
            (uint64_t)item->message_id);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < item->n_parts; i++) {
            const struct fl_part *part = item->parts[i];
            bool is_plain = g_ascii_strcasecmp(part->type, "text/plain") == 0;

            if (part->name || is_plain != (pass == 0))
                continue;
            if (n_bodies > 1)
                g_string_append_printf(out, "--=_a%" PRIx64 "\r\n", (uint64_t)item->message_id);
            append_text_body(out, part);
        }
    }
    if (n_bodies > 1)
        g_string_append_printf(out, "--=_a%" PRIx64 "--\r\n", (uint64_t)item->message_id);
}

static void append_content(GString *out, const struct fl_item *item, size_t n_bodies)
{
    if (n_bodies == item->n_parts) {
        append_bodies(out, item, n_bodies);
        return;
    }
    g_string_append_printf(out,
                           "Content-Type: multipart/mixed;\r\n boundary=\"=_m%" PRIx64 "\"\r\n\r\n",
                           (uint64_t)item->message_id);
    if (n_bodies) {
        g_string_append_printf(out, "--=_m%" PRIx64 "\r\n", (uint64_t)item->message_id);
        append_bodies(out, item, n_bodies);
    }
    for (size_t i = 0; i < item->n_parts; i++) {
        if (!item->parts[i]->name)
            continue;
        g_string_append_printf(out, "--=_m%" PRIx64 "\r\n", (uint64_t)item->message_id);
        append_attachment(out, item->parts[i]);
    }
    g_string_append_printf(out, "--=_m%" PRIx64 "--\r\n", (uint64_t)item->message_id);
}

/* --- the header -------------------------------------------------------------------------------*/

char *email_plus_address(const char *local, const char *token, const char *domain)
{
    if (token && *token)
        return g_strdup_printf("%s+%s@%s", local, token, domain);
    return g_strdup_printf("%s@%s", local, domain);
}

static void add_date(GString *out, int64_t now_us)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    g_string_append_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
                           tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                           tm.tm_sec);
}

/* RFC 2369 and RFC 8058: a mail program's button needs the https URL with the second header. */
static void add_unsubscribe(GString *out, const struct email_settings *set,
                            const struct fl_item *item)
{
    bool has_url = item->unsubscribe_url && *item->unsubscribe_url;
    GString *value;

    if (!has_url && (!item->token_unsubscribe || !*item->token_unsubscribe))
        return;
    value = g_string_new(NULL);
    if (has_url)
        g_string_append_printf(value, "<%s>", item->unsubscribe_url);
    if (item->token_unsubscribe && *item->token_unsubscribe)
        g_string_append_printf(value, "%s<mailto:%s+%s@%s?subject=unsubscribe>",
                               has_url ? ", " : "", set->unsubscribe_local, item->token_unsubscribe,
                               set->domain);
    email_header_add(out, "List-Unsubscribe", value->str);
    if (has_url && g_ascii_strncasecmp(item->unsubscribe_url, "https://", 8) == 0)
        g_string_append(out, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
    g_string_free(value, TRUE);
}

/* The fields of Feedback-ID are plain words; another name is shown as its hash, always the same. */
static void add_feedback_id(GString *out, const struct email_settings *set, const char *campaign)
{
    char word[64];
    size_t n = 0;

    for (const char *p = campaign; *p && n + 1 < sizeof word; p++) {
        if ((unsigned char)*p > 127) {
            g_snprintf(word, sizeof word, "c%08x", g_str_hash(campaign));
            n = strlen(word);
            break;
        }
        word[n++] = g_ascii_isalnum(*p) ? *p : '-';
    }
    word[n] = '\0';
    g_string_append_printf(out, "Feedback-ID: %s:email:fairline:%s\r\n", word, set->domain);
}

/* The identity is the customer's: one that cannot stand in a header costs the thread, not the
 * answer. */
static void add_reference(GString *out, const char *id)
{
    size_t len = strlen(id);
    bool is_bare = id[0] != '<';
    char *value;

    if (len > EMAIL_LINE_MAX / 2 || !email_is_plain_ascii(id) || strchr(id, ' ') ||
        (!is_bare && id[len - 1] != '>') || strcspn(id + 1, "<>") < len - (is_bare ? 1 : 2))
        return;
    value = is_bare ? g_strdup_printf("<%s>", id) : g_strdup(id);
    email_header_add(out, "In-Reply-To", value);
    email_header_add(out, "References", value);
    g_free(value);
}

/* A message that answers a customer is a conversation; any other is a mailing. */
static void add_purpose(GString *out, const struct email_settings *set, const struct fl_item *item)
{
    bool is_answer = item->in_reply_to && *item->in_reply_to;
    bool has_campaign = item->campaign && *item->campaign;

    if (is_answer) {
        add_reference(out, item->in_reply_to);
        /* RFC 3834 5: an answer that a programme wrote, not one of the service staff. */
        if (has_campaign)
            g_string_append(out, "Auto-Submitted: auto-replied\r\n");
    }
    if (!is_answer || has_campaign)
        add_unsubscribe(out, set, item);
    if (!is_answer && set->list_id)
        g_string_append_printf(out, "List-Id: <%s>\r\n", set->list_id);
    if (has_campaign)
        add_feedback_id(out, set, item->campaign);
}

static void add_header(GString *out, const struct email_settings *set, const struct fl_item *item,
                       int64_t now_us)
{
    bool has_sender = item->sender_name && *item->sender_name;
    char *reply_to = email_plus_address(set->reply_local, item->token_reply, set->domain);

    add_date(out, now_us);
    email_header_add_address(out, "From", has_sender ? item->sender_name : set->from_name,
                             set->from_address);
    email_header_add_address(out, "To", item->to_name, item->to_address);
    email_header_add_text(out, "Subject", item->subject);
    g_string_append_printf(out, "Message-ID: <%s@%s>\r\n", item->token_identity, set->domain);
    email_header_add(out, "Reply-To", reply_to);
    g_free(reply_to);
    add_purpose(out, set, item);
    if (item->language && *item->language)
        g_string_append_printf(out, "Content-Language: %s\r\n", item->language);
    g_string_append(out, "MIME-Version: 1.0\r\n");
}

/* --- what cannot be a message -----------------------------------------------------------------*/

static bool refuse(struct fl_why *why, const char *what, const char *value, const char *wrong)
{
    char *shown = email_header_text(value, EMAIL_NAME_MAX);

    g_snprintf(why->text, sizeof why->text, "%s \"%s\" %s", what, shown, wrong);
    why->fault = FL_FAULT_CONTENT;
    g_free(shown);
    return false;
}

static bool token_is_safe(const char *token)
{
    if (!token || !*token)
        return true;
    return strlen(token) == EMAIL_TOKEN_LEN &&
           strspn(token, "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
               EMAIL_TOKEN_LEN;
}

static bool url_is_safe(const char *url)
{
    if (!url || !*url)
        return true;
    return strlen(url) <= URL_MAX && email_is_plain_ascii(url) && !strpbrk(url, " <>,\"");
}

static bool type_is_safe(const char *type)
{
    size_t slash = strcspn(type, "/");

    if (strlen(type) > 100 || !type[slash] || !slash || !type[slash + 1])
        return false;
    for (size_t i = 0; type[i]; i++) {
        if (i != slash && !g_ascii_isalnum(type[i]) && !strchr("-+._", type[i]))
            return false;
    }
    return true;
}

static bool language_is_safe(const char *language)
{
    if (!language)
        return true;
    return strlen(language) <= 35 &&
           strspn(language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
               strlen(language);
}

static bool parts_are_sound(const struct fl_item *item, size_t *out_bodies, struct fl_why *why)
{
    size_t n_bodies = 0;

    for (size_t i = 0; i < item->n_parts; i++) {
        const struct fl_part *part = item->parts[i];

        if (!part->type || !type_is_safe(part->type))
            return refuse(why, "part type", part->type, "is not of the form type/subtype");
        if (part->name)
            continue;
        if (g_ascii_strncasecmp(part->type, "text/", 5) != 0)
            return refuse(why, "part of type", part->type, "has no file name and is not text");
        if (!g_utf8_validate_len(part->data, part->data_len, NULL))
            return refuse(why, "body of type", part->type, "is not UTF-8");
        n_bodies++;
    }
    if (!item->n_parts)
        return refuse(why, "message", item->token_identity, "has no parts");
    *out_bodies = n_bodies;
    return true;
}

bool email_message_build(const struct email_settings *set, const struct fl_item *item,
                         int64_t now_us, GString *out, struct fl_why *why)
{
    size_t n_bodies = 0;

    if (!item->token_identity || !*item->token_identity || !token_is_safe(item->token_identity))
        return refuse(why, "token_identity", item->token_identity, "is not a token");
    if (!token_is_safe(item->token_return) || !token_is_safe(item->token_reply) ||
        !token_is_safe(item->token_unsubscribe))
        return refuse(why, "one of the other tokens of", item->token_identity, "is not a token");
    if (!url_is_safe(item->unsubscribe_url))
        return refuse(why, "unsubscribe_url", item->unsubscribe_url,
                      "is too long or holds blanks, quotes or brackets");
    if (!language_is_safe(item->language))
        return refuse(why, "language", item->language, "is not a BCP 47 tag");
    if (!parts_are_sound(item, &n_bodies, why))
        return false;
    g_string_truncate(out, 0);
    add_header(out, set, item, now_us);
    append_content(out, item, n_bodies);
    return true;
}
