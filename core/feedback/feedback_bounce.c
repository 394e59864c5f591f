/* Bounces without RFC 3464: told by who sends, the subject, and words; weighed, not guessed. */
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/str.h"
#include "feedback/feedback_private.h"

enum { BOUNCE_WEIGHT_MIN = 4, DIAGNOSTIC_MAX = 600, STATUS_MAX = 12, LOOKED_AT_MAX = 16 << 10 };

static const char *const daemons[] = {
    "mailer-daemon",   "mailerdaemon",  "mail-daemon",   "postmaster",    "mdaemon",
    "double-bounce",   "mail-delivery", "maildelivery",  "mailer_daemon", "post_master",
    "mail delivery s", "bounce",        "mail_delivery", "mailerdeamon"};

/* Lines that open a bounce of the programs that send them. */
static const char *const bounce_phrases[] = {
    "this is the qmail-send program",
    "this is the mail system at host",
    "this message was created automatically by mail delivery software",
    "message that you sent could not be delivered",
    "your message did not reach",
    "could not be delivered to",
    "the following addresses had permanent",
    "the following addresses had delivery problems",
    "following address(es) failed",
    "following recipients failed",
    "following recipient(s) could not",
    "delivery to the following recipient",
    "was not delivered to",
    "undeliverable to the following",
    "unable to deliver your message",
    "unable to deliver message to",
    "wasn't able to deliver your message",
    "there was an error delivering your mail",
    "error message below",
    "did not reach the following",
    "i'm sorry to have to inform you",
    "unable to deliver to these recipients",
    "message could not be delivered",
    "could not deliver",
    "delivery failed",
    "delivery has failed",
    "permanent fatal errors",
    "transcript of session follows",
    "returned message",
    "this is a permanent error",
    "undelivered mail",
    "not be delivered",
    "배달하지 못",
    "전달하지 못",
    "전송하지 못",
    "수신인에게 배달되지",
    "메일을 보내지 못",
};

static const char *const delayed_phrases[] = {
    "this is a warning message only",
    "you do not need to resend",
    "no action is required",
    "has not yet been delivered",
    "has been delayed",
    "is delayed",
    "will be retried",
    "will keep trying",
    "will continue to try",
    "delivery attempts will continue",
    "still trying",
    "delivery attempts to be made",
    "will try again",
};

static const char *const final_phrases[] = {
    "permanent error", "permanent fatal", "giving up", "gave up",    "failed permanently",
    "final attempt",   "i've given up",   "too long",  "has failed", "could not be delivered to",
};

static const char *const original_marks[] = {
    "--- below this line is a copy",
    "------ this is a copy of",
    "----- original message follows",
    "--- the body of the message",
    "--- enclosed is a copy",
    "----- message header follows",
    "----- unsent message follows",
    "--- undelivered message follows",
    "----original message",
    "original message follows",
    "included is a copy of the message",
    "--- returned message",
    "----- original message -----",
    "original message:\nfrom:",
    "message headers follow",
    "header of the original message",
};

/* `text` in lower case. */
static const char *any_phrase(const char *text, const char *const *phrases, size_t n)
{
    const char *first = NULL;

    for (size_t i = 0; i < n; i++) {
        const char *at = strstr(text, phrases[i]);

        if (at && (!first || at < first))
            first = at;
    }
    return first;
}

#define ANY_PHRASE(text, phrases) any_phrase((text), (phrases), sizeof(phrases) / sizeof *(phrases))

static bool is_daemon(const char *address)
{
    for (size_t i = 0; i < sizeof daemons / sizeof daemons[0]; i++)
        if (strncasecmp(address, daemons[i], strlen(daemons[i])) == 0)
            return true;
    return false;
}

static bool has_bounce_subject(const char *subject)
{
    for (size_t i = 0; fl_feedback_languages[i]; i++) {
        const char *const *words = fl_feedback_languages[i]->bounce_subjects;

        for (; words && *words; words++)
            if (strncasecmp(subject, *words, strlen(*words)) == 0)
                return true;
    }
    return false;
}

/* The part of the text before a copy of the original. */
struct head {
    const char *text;
    const char *lowered;
};

static enum fl_status take_head(struct fl_arena *arena, const char *text, struct head *out,
                                struct fl_error *err)
{
    size_t len = fl_feedback_utf8_cut(text, strlen(text), LOOKED_AT_MAX);
    char *lowered = fl_arena_strndup(arena, text, len);
    const char *mark;

    if (!lowered)
        return fl_feedback_no_memory(err);
    fl_str_lower_ascii(lowered);
    mark = ANY_PHRASE(lowered, original_marks);
    if (mark)
        lowered[mark - lowered] = '\0';
    out->lowered = lowered;
    out->text = fl_arena_strndup(arena, text, strlen(lowered));
    return out->text ? FL_OK : fl_feedback_no_memory(err);
}

/* Who sends it, and under what title. */
static int weigh_header(const struct fl_feedback_mail *mail,
                        const struct fl_feedback_parsed *parsed)
{
    const char *return_path = fl_feedback_field(&mail->fields, "Return-Path");
    const char *from = fl_feedback_field(&mail->fields, "From"); /* "MAILER-DAEMON <>" */
    int weight = 0;

    weight += 2 * (is_daemon(parsed->from_address) || is_daemon(from + strspn(from, "\"")) ||
                   is_daemon(return_path + strspn(return_path, "< ")));
    weight += strncmp(return_path, "<>", 2) == 0;
    weight += 2 * has_bounce_subject(parsed->subject);
    weight += 4 * fl_feedback_has_field(&mail->fields, "X-Failed-Recipients");
    return weight;
}

static int weigh_body(const struct fl_feedback_mail *mail, const struct head *head)
{
    char status[STATUS_MAX];
    int weight = 0;

    weight += 2 * (ANY_PHRASE(head->lowered, bounce_phrases) ||
                   ANY_PHRASE(head->lowered, delayed_phrases));
    weight += mail->has_original || strcasecmp(mail->report_type, "delivery-status") == 0;
    weight += fl_feedback_find_status(head->text, status, sizeof status) ||
              fl_feedback_find_code(head->text);
    return weight;
}

/* The paragraph that begins at the line around `at`. */
static const char *paragraph(struct fl_arena *arena, const char *text, const char *at)
{
    FL_AUTO_BUF struct fl_buf buf = FL_BUF(DIAGNOSTIC_MAX + 8);
    size_t n;

    while (at > text && at[-1] != '\n')
        at--;
    while (*at && buf.len < DIAGNOSTIC_MAX) {
        const char *end = strchrnul(at, '\n');

        at += strspn(at, " \t>");
        if (at >= end)
            break;
        if (buf.len)
            fl_buf_putc(&buf, ' ');
        n = (size_t)(end - at);
        fl_buf_add(&buf, at, fl_feedback_utf8_cut(at, n, DIAGNOSTIC_MAX - buf.len));
        at = *end ? end + 1 : end;
    }
    return fl_arena_strndup(arena, buf.data, buf.len);
}

/* The place where the reason stands: a status, a reply code, or words of the table. */
static const char *reason(struct fl_arena *arena, const char *head, const char *from)
{
    const char *line = from, *fallback = NULL;

    while (*line) {
        const char *end = strchrnul(line, '\n');
        char *copy = fl_arena_strndup(arena, line, (size_t)(end - line));
        char status[STATUS_MAX];

        if (!copy)
            return NULL;
        if (fl_feedback_find_status(copy, status, sizeof status) || fl_feedback_find_code(copy))
            return paragraph(arena, head, line);
        if (!fallback && fl_feedback_classify("", 0, copy, NULL) != FL_FAULT_UNKNOWN)
            fallback = line;
        line = *end ? end + 1 : end;
    }
    return fallback ? paragraph(arena, head, fallback) : "";
}

/* The address that failed: named in a field, or the first in the text that is not a party to it. */
static const char *failed_address(struct fl_arena *arena, const struct fl_feedback_mail *mail,
                                  const struct fl_feedback_parsed *parsed, const char *head,
                                  const char **out_at)
{
    const char *named = fl_feedback_field(&mail->fields, "X-Failed-Recipients"), *p = head;

    *out_at = head;
    if (named[0])
        return fl_feedback_first_address(arena, named);
    while ((p = strchr(p, '@'))) {
        const char *line = p, *address;
        char *copy;

        while (line > head && line[-1] != '\n')
            line--;
        copy = fl_arena_strndup(arena, line, strcspn(line, "\n"));
        address = copy ? fl_feedback_first_address(arena, copy) : NULL;
        if (!address)
            return NULL;
        if (address[0] && !is_daemon(address) && strcasecmp(address, parsed->to_address) != 0 &&
            strcasecmp(address, parsed->from_address) != 0) {
            *out_at = line;
            return address;
        }
        p = line + strcspn(line, "\n");
    }
    return "";
}

const char *fl_feedback_reason(struct fl_arena *arena, const char *text)
{
    struct head head;

    return take_head(arena, text, &head, NULL) ? NULL : reason(arena, head.text, head.text);
}

static enum fl_status fill(struct fl_arena *arena, const struct fl_feedback_mail *mail,
                           const struct head *head, struct fl_feedback_parsed *out,
                           struct fl_error *err)
{
    struct fl_feedback_recipient *recipient = FL_ARENA_NEW(arena, struct fl_feedback_recipient);
    char status[STATUS_MAX] = "";
    const char *at;

    if (!recipient || !(recipient->address = failed_address(arena, mail, out, head->text, &at)) ||
        !(recipient->diagnostic = reason(arena, head->text, at)))
        return fl_feedback_no_memory(err);
    if (!recipient->diagnostic[0] &&
        !(recipient->diagnostic = reason(arena, head->text, head->text)))
        return fl_feedback_no_memory(err);
    fl_feedback_find_status(recipient->diagnostic, status, sizeof status);
    recipient->status = fl_arena_strdup(arena, status);
    if (!recipient->status)
        return fl_feedback_no_memory(err);
    recipient->code = fl_feedback_find_code(recipient->diagnostic);
    recipient->fault =
        fl_feedback_classify(status, recipient->code, recipient->diagnostic, &recipient->is_hard);
    recipient->action = "failed";
    out->kind = FL_FEEDBACK_BOUNCE;
    if (ANY_PHRASE(head->lowered, delayed_phrases) && !ANY_PHRASE(head->lowered, final_phrases)) {
        recipient->action = "delayed";
        recipient->is_hard = false;
        out->kind = FL_FEEDBACK_DELAYED;
    }
    out->recipients = recipient;
    out->n_recipients = 1;
    out->confidence = 0.9;
    return FL_OK;
}

enum fl_status fl_feedback_text_bounce(struct fl_arena *arena, const struct fl_feedback_mail *mail,
                                       struct fl_feedback_parsed *out, bool *out_is_bounce,
                                       struct fl_error *err)
{
    int weight = weigh_header(mail, out);
    struct head head;
    enum fl_status st;

    *out_is_bounce = false;
    if (!weight) /* people write about bounces too */
        return FL_OK;
    st = take_head(arena, mail->text, &head, err);
    if (st || weight + weigh_body(mail, &head) < BOUNCE_WEIGHT_MIN)
        return st;
    *out_is_bounce = true;
    return fill(arena, mail, &head, out, err);
}
