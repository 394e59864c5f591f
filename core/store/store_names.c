#include "store/store.h"

#include <string.h>

static const char *const message_states[FL_MESSAGE_STATES] = {
    [FL_MESSAGE_PLANNED] = "planned",     [FL_MESSAGE_DEFERRED] = "deferred",
    [FL_MESSAGE_ACCEPTED] = "accepted",   [FL_MESSAGE_DELIVERED] = "delivered",
    [FL_MESSAGE_BOUNCED] = "bounced",     [FL_MESSAGE_FAILED] = "failed",
    [FL_MESSAGE_UNCERTAIN] = "uncertain", [FL_MESSAGE_SUPPRESSED] = "suppressed",
    [FL_MESSAGE_EXPIRED] = "expired",     [FL_MESSAGE_HELD] = "held",
    [FL_MESSAGE_CANCELLED] = "cancelled", [FL_MESSAGE_DUE] = "due",
    [FL_MESSAGE_CLAIMED] = "claimed",     [FL_MESSAGE_BEGUN] = "begun",
};

static const char *const event_kinds[] = {
    [FL_EVENT_ACCEPTED] = "accepted",
    [FL_EVENT_DELIVERED] = "delivered",
    [FL_EVENT_DEFERRED] = "deferred",
    [FL_EVENT_BOUNCED] = "bounced",
    [FL_EVENT_FAILED] = "failed",
    [FL_EVENT_UNCERTAIN] = "uncertain",
    [FL_EVENT_SUPPRESSED] = "suppressed",
    [FL_EVENT_EXPIRED] = "expired",
    [FL_EVENT_HELD] = "held",
    [FL_EVENT_RELEASED] = "released",
    [FL_EVENT_CANCELLED] = "cancelled",
    [FL_EVENT_RESOLVED] = "resolved",
    [FL_EVENT_DELAYED] = "delayed",
    [FL_EVENT_CLICKED] = "clicked",
    [FL_EVENT_OPENED] = "opened",
    [FL_EVENT_REPLIED] = "replied",
    [FL_EVENT_COMPLAINED] = "complained",
    [FL_EVENT_OPTED_OUT] = "opted_out",
    [FL_EVENT_ANSWERED] = "answered",
    [FL_EVENT_VISITED] = "visited",
};

static const char *const fault_classes[] = {
    [FL_FAULT_NONE] = "none",           [FL_FAULT_ADDRESS] = "address",
    [FL_FAULT_MAILBOX] = "mailbox",     [FL_FAULT_CONTENT] = "content",
    [FL_FAULT_POLICY] = "policy",       [FL_FAULT_OUR_SIDE] = "our_side",
    [FL_FAULT_THROTTLED] = "throttled", [FL_FAULT_TRANSIENT] = "transient",
    [FL_FAULT_UNKNOWN] = "unknown",
};

static const char *const feedback_kinds[FL_FEEDBACK_KINDS] = {
    [FL_FEEDBACK_UNKNOWN] = "unknown",
    [FL_FEEDBACK_REPLY] = "reply",
    [FL_FEEDBACK_OPT_OUT] = "opt_out",
    [FL_FEEDBACK_BOUNCE] = "bounce",
    [FL_FEEDBACK_DELAYED] = "delayed",
    [FL_FEEDBACK_DELIVERED] = "delivered",
    [FL_FEEDBACK_RELAYED] = "relayed",
    [FL_FEEDBACK_COMPLAINT] = "complaint",
    [FL_FEEDBACK_AUTO_REPLY] = "auto_reply",
    [FL_FEEDBACK_CHALLENGE] = "challenge",
    [FL_FEEDBACK_MDN] = "mdn",
    [FL_FEEDBACK_LIST] = "list",
    [FL_FEEDBACK_SURVEY] = "survey",
    [FL_FEEDBACK_PREFERENCE] = "preference",
    [FL_FEEDBACK_CONTACT] = "contact",
};

static const char *const matches[] = {
    [FL_MATCH_NONE] = "none",
    [FL_MATCH_TOKEN] = "token",
    [FL_MATCH_REFERENCES] = "references",
    [FL_MATCH_EMBEDDED] = "embedded",
    [FL_MATCH_PROVIDER] = "provider",
    [FL_MATCH_SENDER] = "sender",
    [FL_MATCH_STAFF] = "staff",
};

static const char *const transaction_kinds[FL_TRANSACTION_KINDS] = {
    [FL_TRANSACTION_PURCHASE] = "purchase", [FL_TRANSACTION_REFUND] = "refund",
    [FL_TRANSACTION_GIFT] = "gift",         [FL_TRANSACTION_POINTS] = "points",
    [FL_TRANSACTION_FEE] = "fee",
};

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

static const char *name_of(const char *const *names, size_t n, size_t code)
{
    return code < n && names[code] ? names[code] : "unknown";
}

static bool code_of(const char *const *names, size_t n, const char *name, int *out)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i] && strcmp(names[i], name) == 0) {
            *out = (int)i;
            return true;
        }
    }
    return false;
}

const char *fl_message_state_name(enum fl_message_state state)
{
    return name_of(message_states, COUNT(message_states), (size_t)state);
}

bool fl_message_state_parse(const char *name, enum fl_message_state *out)
{
    int code;

    if (!code_of(message_states, COUNT(message_states), name, &code))
        return false;
    *out = (enum fl_message_state)code;
    return true;
}

bool fl_message_state_is_final(enum fl_message_state state)
{
    switch (state) {
    case FL_MESSAGE_ACCEPTED: /* a receipt may still refine it; nothing waits for one */
    case FL_MESSAGE_DELIVERED:
    case FL_MESSAGE_BOUNCED:
    case FL_MESSAGE_FAILED:
    case FL_MESSAGE_SUPPRESSED:
    case FL_MESSAGE_EXPIRED:
    case FL_MESSAGE_CANCELLED:
        return true;
    case FL_MESSAGE_PLANNED:
    case FL_MESSAGE_DEFERRED:
    case FL_MESSAGE_UNCERTAIN:
    case FL_MESSAGE_HELD:
    case FL_MESSAGE_DUE:
    case FL_MESSAGE_CLAIMED:
    case FL_MESSAGE_BEGUN:
        break;
    }
    return false;
}

const char *fl_event_kind_name(enum fl_event_kind kind)
{
    return name_of(event_kinds, COUNT(event_kinds), (size_t)kind);
}

const char *fl_fault_class_name(enum fl_fault_class fault)
{
    return name_of(fault_classes, COUNT(fault_classes), (size_t)fault);
}

const char *fl_feedback_kind_name(enum fl_feedback_kind kind)
{
    return name_of(feedback_kinds, COUNT(feedback_kinds), (size_t)kind);
}

bool fl_feedback_kind_parse(const char *name, enum fl_feedback_kind *out)
{
    int code;

    if (!code_of(feedback_kinds, COUNT(feedback_kinds), name, &code))
        return false;
    *out = (enum fl_feedback_kind)code;
    return true;
}

const char *fl_match_name(enum fl_match match)
{
    return name_of(matches, COUNT(matches), (size_t)match);
}

const char *fl_transaction_kind_name(enum fl_transaction_kind kind)
{
    return name_of(transaction_kinds, COUNT(transaction_kinds), (size_t)kind);
}

bool fl_transaction_kind_parse(const char *name, enum fl_transaction_kind *out)
{
    int code;

    if (!code_of(transaction_kinds, COUNT(transaction_kinds), name, &code))
        return false;
    *out = (enum fl_transaction_kind)code;
    return true;
}
