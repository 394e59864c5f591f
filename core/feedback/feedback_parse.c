/* One raw piece: opened, its kind decided in the order of the design, its words cut out. */
#include <gmime/gmime.h>
#include <string.h>
#include <strings.h>

#include "feedback/feedback_private.h"

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

/* Who the peer says it is from, else who the mail says. */
static enum fl_status read_parties(struct fl_arena *arena, const struct fl_inbound *inbound,
                                   const struct fl_feedback_mail *mail,
                                   struct fl_feedback_parsed *out, struct fl_error *err)
{
    static const char *const from[] = {"From", "Sender", "Reply-To", "Return-Path"};
    static const char *const to[] = {"Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"};
    const char *token;
    size_t pos;

    out->from_address = fl_feedback_to_utf8(arena, NULL, or_empty(inbound->from_address),
                                            strlen(or_empty(inbound->from_address)));
    out->to_address = fl_feedback_to_utf8(arena, NULL, or_empty(inbound->to_address),
                                          strlen(or_empty(inbound->to_address)));
    if (!out->from_address || !out->to_address)
        return fl_feedback_no_memory(err);
    for (size_t i = 0; !out->from_address[0] && i < sizeof from / sizeof from[0]; i++)
        if (!(out->from_address =
                  fl_feedback_first_address(arena, fl_feedback_field(&mail->fields, from[i]))))
            return fl_feedback_no_memory(err);
    /* The first that carries a token; without one, the first. */
    pos = 0;
    if (fl_token_find(out->to_address, strlen(out->to_address), &pos, &token))
        return FL_OK;
    for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
        const char *address =
            fl_feedback_first_address(arena, fl_feedback_field(&mail->fields, to[i]));

        if (!address)
            return fl_feedback_no_memory(err);
        pos = 0;
        if (fl_token_find(address, strlen(address), &pos, &token)) {
            out->to_address = address;
            return FL_OK;
        }
        if (!out->to_address[0])
            out->to_address = address;
    }
    return FL_OK;
}

static int64_t read_date(const struct fl_feedback_mail *mail)
{
    const char *value = fl_feedback_field(&mail->fields, "Date");
    GDateTime *date = value[0] ? g_mime_utils_header_decode_date(value) : NULL;
    gint64 seconds;

    if (!date)
        return 0;
    seconds = g_date_time_to_unix(date);
    g_date_time_unref(date);
    return seconds > 0 && seconds < INT64_C(253402300800) ? seconds * FL_US_PER_S : 0;
}

static enum fl_status read_header(struct fl_arena *arena, const struct fl_inbound *inbound,
                                  const struct fl_feedback_mail *mail,
                                  struct fl_feedback_parsed *out, struct fl_error *err)
{
    const char *id = fl_feedback_field(&mail->fields, "Message-ID");
    enum fl_status st = read_parties(arena, inbound, mail, out, err);

    if (st)
        return st;
    out->subject = fl_feedback_decode_words(arena, fl_feedback_field(&mail->fields, "Subject"));
    id += strspn(id, "< ");
    out->message_id = fl_arena_strndup(arena, id, strcspn(id, "> "));
    if (!out->subject || !out->message_id)
        return fl_feedback_no_memory(err);
    out->date_us = read_date(mail);
    st = fl_feedback_references(arena, mail, out, err);
    return st ? st : fl_feedback_tokens(arena, mail, out->to_address, out, err);
}

/* Reports that programs write for programs; true when it was one. */
static enum fl_status read_report(struct fl_arena *arena, const struct fl_feedback_mail *mail,
                                  struct fl_feedback_parsed *out, bool *out_is_report,
                                  struct fl_error *err)
{
    enum fl_status st = fl_feedback_dsn(arena, mail, out, out_is_report, err);

    if (!st && !*out_is_report)
        st = fl_feedback_arf(arena, mail, out, out_is_report, err);
    if (st || *out_is_report)
        return st;
    if (mail->disposition || strcasecmp(mail->report_type, "disposition-notification") == 0) {
        out->kind = FL_FEEDBACK_MDN;
        out->confidence = 0.99;
        *out_is_report = true;
        return FL_OK;
    }
    return fl_feedback_text_bounce(arena, mail, out, out_is_report, err);
}

/* "unsubscribe+TOKEN@": the address of List-Unsubscribe, which only a wish to leave reaches. */
static bool is_sent_to_unsubscribe(const struct fl_feedback_parsed *parsed)
{
    static const char prefix[] = "unsubscribe+";
    const char *token;
    size_t pos = 0;

    return strncasecmp(parsed->to_address, prefix, sizeof prefix - 1) == 0 &&
           fl_token_find(parsed->to_address, strlen(parsed->to_address), &pos, &token);
}

static void decide_human(const struct fl_feedback_mail *mail, struct fl_feedback_parsed *out)
{
    double automatic = fl_feedback_is_auto_reply(mail, out->subject);
    bool has_words = out->text[0] != '\0';

    out->kind = FL_FEEDBACK_REPLY;
    out->confidence = out->n_references || out->n_tokens ? 0.95 : 0.7;
    if (fl_feedback_is_challenge(mail, out->subject)) {
        out->kind = FL_FEEDBACK_CHALLENGE;
        out->confidence = 0.9;
    } else if (fl_feedback_is_list(mail) && !is_sent_to_unsubscribe(out)) {
        out->kind = FL_FEEDBACK_LIST;
        out->confidence = 0.9;
    } else if (is_sent_to_unsubscribe(out) ||
               fl_feedback_has_field(&mail->fields, "X-Apple-Unsubscribe")) {
        /* Before automatic replies: mail programs send this for the customer and say so. */
        out->kind = FL_FEEDBACK_OPT_OUT;
        out->confidence = 0.99;
    } else if (automatic > 0) {
        out->kind = FL_FEEDBACK_AUTO_REPLY;
        out->confidence = automatic;
    } else if (fl_feedback_is_opt_out(has_words ? out->text : out->subject)) {
        out->kind = FL_FEEDBACK_OPT_OUT;
        out->confidence = 0.9;
    } else if (!has_words && !out->quoted[0] && !mail->has_attachment && !out->from_address[0]) {
        out->kind = FL_FEEDBACK_UNKNOWN;
        out->confidence = 0;
    }
}

static enum fl_status cut_words(struct fl_arena *arena, const char *body,
                                struct fl_feedback_parsed *out, struct fl_error *err)
{
    struct fl_feedback_cut cut;
    enum fl_status st = fl_feedback_cut(arena, body, &cut, err);

    if (st)
        return st;
    out->text = cut.text;
    out->quoted = cut.quoted;
    out->signature = cut.signature;
    out->language = fl_feedback_language(cut.text[0] ? cut.text : body);
    return FL_OK;
}

static enum fl_status parse_mail(struct fl_arena *arena, const struct fl_inbound *inbound,
                                 struct fl_feedback_parsed *out, struct fl_error *err)
{
    struct fl_feedback_mail mail;
    bool is_report = false;
    enum fl_status st;

    st = fl_feedback_mail_open(arena, inbound->data, inbound->data_len, &mail, err);
    if (!st)
        st = read_header(arena, inbound, &mail, out, err);
    if (st)
        return st;
    if (fl_feedback_is_loop(&mail)) {
        out->kind = FL_FEEDBACK_LIST;
        out->confidence = 0.99;
        out->text = mail.text;
        return FL_OK;
    }
    st = read_report(arena, &mail, out, &is_report, err);
    if (st)
        return st;
    if (is_report) {
        out->text = mail.text; /* a program's words: nothing to cut */
        return FL_OK;
    }
    st = cut_words(arena, mail.text, out, err);
    if (!st)
        decide_human(&mail, out);
    return st;
}

enum fl_status fl_feedback_parse(struct fl_arena *arena, const struct fl_inbound *inbound,
                                 struct fl_feedback_parsed *out, struct fl_error *err)
{
    struct fl_feedback_parsed parsed = {
        .kind = FL_FEEDBACK_UNKNOWN,
        .from_address = "",
        .to_address = "",
        .subject = "",
        .message_id = "",
        .text = "",
        .quoted = "",
        .signature = "",
        .language = "",
        .form = "",
    };
    enum fl_status st = inbound->kind == FL_INBOUND_MAIL
                            ? parse_mail(arena, inbound, &parsed, err)
                            : fl_feedback_parse_other(arena, inbound, &parsed, err);

    if (!st)
        *out = parsed;
    return st;
}
