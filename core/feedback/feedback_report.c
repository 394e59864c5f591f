/* Machine-readable reports: delivery status (RFC 3464) and complaints (RFC 5965). */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "feedback/feedback_private.h"

enum { STATUS_MAX = 12 };

int fl_feedback_find_code(const char *text)
{
    for (const char *p = text; *p; p++) {
        const unsigned char *u = (const unsigned char *)p;

        if (!strchr("245", *p) || (p > text && (isalnum(u[-1]) || strchr(".-+@=", p[-1]))))
            continue;
        if (isdigit(u[1]) && u[1] < '8' && isdigit(u[2]) && !isalnum(u[3]) &&
            !(strchr(".:@", p[3]) && p[3] && p[4] && p[4] != ' '))
            return (u[0] - '0') * 100 + (u[1] - '0') * 10 + (u[2] - '0');
    }
    return 0;
}

bool fl_feedback_find_status(const char *text, char *out, size_t out_size)
{
    for (const char *p = text; *p; p++) {
        size_t n = 2, digits = 0;

        if (!strchr("245", *p) || p[1] != '.' ||
            (p > text && (isalnum((unsigned char)p[-1]) || p[-1] == '.' || p[-1] == '-')))
            continue;
        while (isdigit((unsigned char)p[n]) && n < 5)
            n++;
        if (n == 2 || p[n] != '.')
            continue;
        while (isdigit((unsigned char)p[n + 1 + digits]) && digits < 3)
            digits++;
        n += 1 + digits;
        if (!digits || isalnum((unsigned char)p[n]) ||
            (p[n] == '.' && isdigit((unsigned char)p[n + 1])) || n >= out_size)
            continue;
        memcpy(out, p, n);
        out[n] = '\0';
        return true;
    }
    return false;
}

/* "rfc822; kim@example.org" -> "kim@example.org" */
static const char *recipient_address(struct fl_arena *arena,
                                     const struct fl_feedback_fields *fields)
{
    static const char *const names[] = {"Final-Recipient", "Original-Recipient",
                                        "X-Actual-Recipient"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = fl_feedback_field(fields, names[i]), *semicolon = strchr(value, ';');
        const char *address = fl_feedback_first_address(arena, semicolon ? semicolon + 1 : value);

        if (!address || address[0])
            return address;
    }
    return "";
}

/* The first of the words RFC 3464 knows, in lower case; "" for anything else. */
static const char *action_of(const char *value)
{
    static const char *const actions[] = {"failed", "delayed", "delivered", "relayed", "expanded"};

    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strncasecmp(value, actions[i], strlen(actions[i])) == 0)
            return actions[i];
    if (strncasecmp(value, "failure", 7) == 0)
        return "failed";
    return "";
}

static const char *without_type(const char *diagnostic)
{
    const char *semicolon = strchr(diagnostic, ';');

    if (!semicolon || semicolon - diagnostic > 20 ||
        memchr(diagnostic, ' ', (size_t)(semicolon - diagnostic)))
        return diagnostic;
    return semicolon + 1 + strspn(semicolon + 1, " ");
}

static enum fl_status read_recipient(struct fl_arena *arena,
                                     const struct fl_feedback_fields *fields,
                                     struct fl_feedback_recipient *out, struct fl_error *err)
{
    char status[STATUS_MAX] = "", told[STATUS_MAX] = "";
    const char *diagnostic =
        fl_feedback_decode_words(arena, without_type(fl_feedback_field(fields, "Diagnostic-Code")));

    if (!diagnostic)
        return fl_feedback_no_memory(err);
    if (!fl_feedback_find_status(fl_feedback_field(fields, "Status"), status, sizeof status))
        fl_feedback_find_status(diagnostic, status, sizeof status);
    /* "5.0.0" says nothing; where the peer's own words say more, they count. */
    if (status[0] && strcmp(status + 1, ".0.0") == 0 &&
        fl_feedback_find_status(diagnostic, told, sizeof told) && told[0] == status[0])
        memcpy(status, told, sizeof status);
    out->address = recipient_address(arena, fields);
    out->action = action_of(fl_feedback_field(fields, "Action"));
    out->status = fl_arena_strdup(arena, status);
    out->code = fl_feedback_find_code(diagnostic);
    out->diagnostic = diagnostic;
    if (!out->address || !out->status)
        return fl_feedback_no_memory(err);
    if (!out->action[0])
        out->action = status[0] == '2' ? "delivered" : status[0] == '4' ? "delayed" : "failed";
    out->fault = FL_FAULT_NONE;
    out->is_hard = false;
    if (strcmp(out->action, "failed") == 0 || strcmp(out->action, "delayed") == 0)
        out->fault = fl_feedback_classify(status, out->code, diagnostic, &out->is_hard);
    if (strcmp(out->action, "failed") != 0)
        out->is_hard = false;
    return FL_OK;
}

/* A report that names no reason often has one in its words for people. */
static enum fl_status ask_the_text(struct fl_arena *arena, const struct fl_feedback_mail *mail,
                                   struct fl_feedback_recipient *recipient, struct fl_error *err)
{
    const char *reason;

    if (recipient->fault != FL_FAULT_UNKNOWN || recipient->diagnostic[0])
        return FL_OK;
    reason = fl_feedback_reason(arena, mail->text);
    if (!reason)
        return fl_feedback_no_memory(err);
    recipient->diagnostic = reason;
    recipient->code = fl_feedback_find_code(reason);
    recipient->fault =
        fl_feedback_classify(recipient->status, recipient->code, reason, &recipient->is_hard);
    recipient->is_hard = recipient->is_hard && strcmp(recipient->action, "failed") == 0;
    return FL_OK;
}

static bool is_recipient(const struct fl_feedback_fields *fields)
{
    return fl_feedback_has_field(fields, "Final-Recipient") ||
           fl_feedback_has_field(fields, "Original-Recipient") ||
           fl_feedback_has_field(fields, "Action") || fl_feedback_has_field(fields, "Status");
}

static enum fl_feedback_kind kind_of(const struct fl_feedback_recipient *recipients, size_t n)
{
    static const struct {
        const char *action;
        enum fl_feedback_kind kind;
    } worst_first[] = {
        {"failed", FL_FEEDBACK_BOUNCE},       {"delayed", FL_FEEDBACK_DELAYED},
        {"delivered", FL_FEEDBACK_DELIVERED}, {"relayed", FL_FEEDBACK_RELAYED},
        {"expanded", FL_FEEDBACK_RELAYED},
    };

    for (size_t k = 0; k < sizeof worst_first / sizeof worst_first[0]; k++)
        for (size_t i = 0; i < n; i++)
            if (strcmp(recipients[i].action, worst_first[k].action) == 0)
                return worst_first[k].kind;
    return FL_FEEDBACK_BOUNCE;
}

enum fl_status fl_feedback_dsn(struct fl_arena *arena, const struct fl_feedback_mail *mail,
                               struct fl_feedback_parsed *out, bool *out_is_dsn,
                               struct fl_error *err)
{
    const char *p = mail->delivery_status;
    struct fl_feedback_recipient *recipients;
    size_t n = 0;

    *out_is_dsn = false;
    if (!p)
        return FL_OK;
    recipients = FL_ARENA_ARRAY(arena, struct fl_feedback_recipient, FL_FEEDBACK_RECIPIENTS_MAX);
    if (!recipients)
        return fl_feedback_no_memory(err);
    while (*p && n < FL_FEEDBACK_RECIPIENTS_MAX) {
        struct fl_feedback_fields fields;
        enum fl_status st;
        size_t used;

        p += strspn(p, "\r\n");
        st = fl_feedback_fields_parse(arena, p, strlen(p), &fields, &used, err);
        if (!st && is_recipient(&fields)) {
            st = read_recipient(arena, &fields, &recipients[n], err);
            if (!st)
                st = ask_the_text(arena, mail, &recipients[n++], err);
        }
        if (st)
            return st;
        p += used;
    }
    if (n == 0)
        return FL_OK;
    *out_is_dsn = true;
    out->recipients = recipients;
    out->n_recipients = n;
    out->kind = kind_of(recipients, n);
    out->confidence = 0.99;
    return FL_OK;
}

/* Reports of the old kind: the mail complained about, handed on by a known desk. */
static const char *old_complaint(const struct fl_feedback_mail *mail)
{
    static const char *const marks[] = {"X-HmXmrOriginalRecipient", "X-MS-Exchange-JMRP",
                                        "X-Original-Recipient-Complaint"};

    for (size_t i = 0; mail->has_original && i < sizeof marks / sizeof marks[0]; i++)
        if (fl_feedback_has_field(&mail->original, marks[i]))
            return fl_feedback_field(&mail->original, marks[i]);
    return NULL;
}

enum fl_status fl_feedback_arf(struct fl_arena *arena, const struct fl_feedback_mail *mail,
                               struct fl_feedback_parsed *out, bool *out_is_arf,
                               struct fl_error *err)
{
    struct fl_feedback_fields fields = {NULL, 0};
    struct fl_feedback_recipient *recipient;
    const char *to = old_complaint(mail), *type = "abuse";
    enum fl_status st;
    size_t used;

    *out_is_arf = false;
    if (!mail->feedback_report && !to)
        return FL_OK;
    if (mail->feedback_report) {
        st = fl_feedback_fields_parse(arena, mail->feedback_report, strlen(mail->feedback_report),
                                      &fields, &used, err);
        if (st)
            return st;
        type = fl_feedback_field(&fields, "Feedback-Type");
        to = fl_feedback_field(&fields, "Original-Rcpt-To");
        if (!to[0])
            to = fl_feedback_field(&fields, "Removal-Recipient");
    }
    if (!to[0])
        to = fl_feedback_field(&mail->original, "To");
    recipient = FL_ARENA_NEW(arena, struct fl_feedback_recipient);
    if (!recipient || !(recipient->address = fl_feedback_first_address(arena, to)))
        return fl_feedback_no_memory(err);
    recipient->action = recipient->status = "";
    recipient->diagnostic = type;
    *out_is_arf = true;
    out->recipients = recipient;
    out->n_recipients = 1;
    /* "not-spam" takes a complaint back, "auth-failure" is about forgery: neither is one. */
    out->kind = strncasecmp(type, "not-spam", 8) == 0 || strncasecmp(type, "auth", 4) == 0
                    ? FL_FEEDBACK_LIST
                : strncasecmp(type, "opt-out", 7) == 0 ? FL_FEEDBACK_OPT_OUT
                                                       : FL_FEEDBACK_COMPLAINT;
    out->confidence = 0.99;
    return FL_OK;
}
