/*
 * Whose fault a refusal is.  One table, read from the top; the first row that fits wins.  What a
 * peer says in words stands above its status, and a status above the bare reply code: many peers
 * answer "550 5.7.1" to an unknown user and "550" to everything.
 */
#include <string.h>

#include "feedback/feedback_private.h"

enum permanence { ANY = 0, PERMANENT, TRANSIENT };

struct row {
    const char *words;  /* in the diagnostic; NULL: any */
    const char *status; /* subject and detail of RFC 3463 ("1.1", "2."); NULL: any */
    int code;           /* SMTP; 0: any */
    enum permanence permanence;
    enum fl_fault_class fault;
};

#define SAYS(words, fault)                                                                         \
    {                                                                                              \
        words, NULL, 0, ANY, fault                                                                 \
    }
#define STATUS(status, permanence, fault)                                                          \
    {                                                                                              \
        NULL, status, 0, permanence, fault                                                         \
    }
#define CODE(code, fault)                                                                          \
    {                                                                                              \
        NULL, NULL, code, ANY, fault                                                               \
    }

static const struct row rows[] = {
    /* full or closed for now, also where the peer calls it an unknown user */
    SAYS("mailbox full", FL_FAULT_MAILBOX),
    SAYS("mailbox is full", FL_FAULT_MAILBOX),
    SAYS("mail box full", FL_FAULT_MAILBOX),
    SAYS("mailfolder is full", FL_FAULT_MAILBOX),
    SAYS("inbox is full", FL_FAULT_MAILBOX),
    SAYS("inbox full", FL_FAULT_MAILBOX),
    SAYS("over quota", FL_FAULT_MAILBOX),
    SAYS("overquota", FL_FAULT_MAILBOX),
    SAYS("over-quota", FL_FAULT_MAILBOX),
    SAYS("quota exceeded", FL_FAULT_MAILBOX),
    SAYS("exceeded storage", FL_FAULT_MAILBOX),
    SAYS("exceeds quota", FL_FAULT_MAILBOX),
    SAYS("exceeded quota", FL_FAULT_MAILBOX),
    SAYS("exceed mailbox quota", FL_FAULT_MAILBOX),
    SAYS("quota limit", FL_FAULT_MAILBOX),
    SAYS("disk quota", FL_FAULT_MAILBOX),
    SAYS("quota has been", FL_FAULT_MAILBOX),
    SAYS("quota full", FL_FAULT_MAILBOX),
    SAYS("its quota", FL_FAULT_MAILBOX),
    SAYS("exceeded allocated", FL_FAULT_MAILBOX),
    SAYS("mailbox size limit", FL_FAULT_MAILBOX),
    SAYS("out of storage space", FL_FAULT_MAILBOX),
    SAYS("insufficient storage", FL_FAULT_MAILBOX),
    SAYS("account is full", FL_FAULT_MAILBOX),
    SAYS("exceeded the space", FL_FAULT_MAILBOX),
    SAYS("용량이 초과", FL_FAULT_MAILBOX),
    SAYS("용량 초과", FL_FAULT_MAILBOX),
    SAYS("account is inactive", FL_FAULT_MAILBOX),
    SAYS("account inactive", FL_FAULT_MAILBOX),
    SAYS("mailbox is inactive", FL_FAULT_MAILBOX),
    SAYS("user is inactive", FL_FAULT_MAILBOX),
    SAYS("account disabled", FL_FAULT_MAILBOX),
    SAYS("account is disabled", FL_FAULT_MAILBOX),
    SAYS("account has been disabled", FL_FAULT_MAILBOX),
    SAYS("mailbox disabled", FL_FAULT_MAILBOX),
    SAYS("account suspended", FL_FAULT_MAILBOX),
    SAYS("account is suspended", FL_FAULT_MAILBOX),
    SAYS("temporarily suspended", FL_FAULT_MAILBOX),
    SAYS("휴면", FL_FAULT_MAILBOX),
    /* slow down */
    SAYS("rate limit", FL_FAULT_THROTTLED),
    SAYS("too many messages", FL_FAULT_THROTTLED),
    SAYS("too many connections", FL_FAULT_THROTTLED),
    SAYS("too many concurrent", FL_FAULT_THROTTLED),
    SAYS("too fast", FL_FAULT_THROTTLED),
    SAYS("too much mail", FL_FAULT_THROTTLED),
    SAYS("throttl", FL_FAULT_THROTTLED),
    SAYS("too many recipients", FL_FAULT_THROTTLED),
    SAYS("too many emails", FL_FAULT_THROTTLED),
    SAYS("too many invalid recipients", FL_FAULT_POLICY),
    SAYS("recipient address rejected: access denied", FL_FAULT_ADDRESS), /* Exchange Online */
    SAYS("reverse dns", FL_FAULT_POLICY),
    SAYS("rdns", FL_FAULT_POLICY),
    SAYS("ptr record", FL_FAULT_POLICY),
    SAYS("greylist", FL_FAULT_TRANSIENT),
    SAYS("graylist", FL_FAULT_TRANSIENT),
    SAYS("grey list", FL_FAULT_TRANSIENT),
    /* our own side */
    SAYS("sender address rejected", FL_FAULT_OUR_SIDE),
    SAYS("sender rejected", FL_FAULT_OUR_SIDE),
    SAYS("sender domain", FL_FAULT_OUR_SIDE),
    SAYS("domain of sender", FL_FAULT_OUR_SIDE),
    SAYS("invalid sender", FL_FAULT_OUR_SIDE),
    SAYS("sender verify failed", FL_FAULT_OUR_SIDE),
    SAYS("sender unknown", FL_FAULT_OUR_SIDE),
    SAYS("authentication required", FL_FAULT_OUR_SIDE),
    SAYS("loops back to myself", FL_FAULT_OUR_SIDE),
    /* nobody there */
    SAYS("user unknown", FL_FAULT_ADDRESS),
    SAYS("unknown user", FL_FAULT_ADDRESS),
    SAYS("user is unknown", FL_FAULT_ADDRESS),
    SAYS("is unknown to", FL_FAULT_ADDRESS),
    SAYS("unknown recipient", FL_FAULT_ADDRESS),
    SAYS("recipient unknown", FL_FAULT_ADDRESS),
    SAYS("unknown local", FL_FAULT_ADDRESS),
    SAYS("unknown or illegal alias", FL_FAULT_ADDRESS),
    SAYS("no such user", FL_FAULT_ADDRESS),
    SAYS("no such recipient", FL_FAULT_ADDRESS),
    SAYS("no such mailbox", FL_FAULT_ADDRESS),
    SAYS("no such address", FL_FAULT_ADDRESS),
    SAYS("no such account", FL_FAULT_ADDRESS),
    SAYS("no such person", FL_FAULT_ADDRESS),
    SAYS("no mailbox here", FL_FAULT_ADDRESS),
    SAYS("no mailbox by that name", FL_FAULT_ADDRESS),
    SAYS("user not found", FL_FAULT_ADDRESS),
    SAYS("user mail-box not found", FL_FAULT_ADDRESS),
    SAYS("recipient not found", FL_FAULT_ADDRESS),
    SAYS("recipnotfound", FL_FAULT_ADDRESS),
    SAYS("mailbox not found", FL_FAULT_ADDRESS),
    SAYS("account not found", FL_FAULT_ADDRESS),
    SAYS("address not found", FL_FAULT_ADDRESS),
    SAYS("not listed in", FL_FAULT_ADDRESS),
    SAYS("not a valid user", FL_FAULT_ADDRESS),
    SAYS("not a valid mailbox", FL_FAULT_ADDRESS),
    SAYS("not a known user", FL_FAULT_ADDRESS),
    SAYS("is not a valid", FL_FAULT_ADDRESS),
    SAYS("user does not exist", FL_FAULT_ADDRESS),
    SAYS("does not exist", FL_FAULT_ADDRESS),
    SAYS("doesn't exist", FL_FAULT_ADDRESS),
    SAYS("user doesn't have", FL_FAULT_ADDRESS),
    SAYS("doesn't have an account", FL_FAULT_ADDRESS),
    SAYS("invalid recipient", FL_FAULT_ADDRESS),
    SAYS("invalid mailbox", FL_FAULT_ADDRESS),
    SAYS("invalid address", FL_FAULT_ADDRESS),
    SAYS("bad destination mailbox", FL_FAULT_ADDRESS),
    SAYS("bad address syntax", FL_FAULT_ADDRESS),
    SAYS("no longer valid", FL_FAULT_ADDRESS),
    SAYS("not recognized", FL_FAULT_ADDRESS),
    SAYS("address couldn't be found", FL_FAULT_ADDRESS),
    SAYS("domain is not reachable", FL_FAULT_ADDRESS),
    SAYS("no valid recipients", FL_FAULT_ADDRESS),
    SAYS("unrouteable address", FL_FAULT_ADDRESS),
    SAYS("unrouteable mail domain", FL_FAULT_ADDRESS),
    SAYS("can't find any mail exchanger", FL_FAULT_ADDRESS),
    SAYS("any host named", FL_FAULT_ADDRESS),
    SAYS("host unknown", FL_FAULT_ADDRESS),
    SAYS("host not found", FL_FAULT_ADDRESS),
    SAYS("unknown host", FL_FAULT_ADDRESS),
    SAYS("domain name not found", FL_FAULT_ADDRESS),
    SAYS("domain not found", FL_FAULT_ADDRESS),
    SAYS("name or service not known", FL_FAULT_ADDRESS),
    SAYS("no mail server", FL_FAULT_ADDRESS),
    SAYS("does not accept mail (nullmx)", FL_FAULT_ADDRESS),
    SAYS("nullmx", FL_FAULT_ADDRESS),
    SAYS("존재하지 않", FL_FAULT_ADDRESS),
    SAYS("없는 사용자", FL_FAULT_ADDRESS),
    SAYS("등록되지 않은", FL_FAULT_ADDRESS),
    /* what it holds */
    SAYS("message too large", FL_FAULT_CONTENT),
    SAYS("message is too large", FL_FAULT_CONTENT),
    SAYS("message size exceeds", FL_FAULT_CONTENT),
    SAYS("size exceeds", FL_FAULT_CONTENT),
    SAYS("exceeds maximum", FL_FAULT_CONTENT),
    SAYS("exceeds fixed maximum", FL_FAULT_CONTENT),
    SAYS("message too big", FL_FAULT_CONTENT),
    SAYS("exceeded max message size", FL_FAULT_CONTENT),
    SAYS("message size limit", FL_FAULT_CONTENT),
    SAYS("message length exceeds", FL_FAULT_CONTENT),
    SAYS("virus", FL_FAULT_CONTENT),
    SAYS("attachment", FL_FAULT_CONTENT),
    SAYS("content rejected", FL_FAULT_CONTENT),
    SAYS("message content", FL_FAULT_CONTENT),
    SAYS("too many hops", FL_FAULT_OUR_SIDE),
    SAYS("mail loop", FL_FAULT_OUR_SIDE),
    /* the peer does not want us */
    SAYS("spamhaus", FL_FAULT_POLICY),
    SAYS("spam", FL_FAULT_POLICY),
    SAYS("blacklist", FL_FAULT_POLICY),
    SAYS("black list", FL_FAULT_POLICY),
    SAYS("blocklist", FL_FAULT_POLICY),
    SAYS("block list", FL_FAULT_POLICY),
    SAYS("blocked", FL_FAULT_POLICY),
    SAYS("dnsbl", FL_FAULT_POLICY),
    SAYS("rbl", FL_FAULT_POLICY),
    SAYS("dmarc", FL_FAULT_POLICY),
    SAYS("spf", FL_FAULT_POLICY),
    SAYS("dkim", FL_FAULT_POLICY),
    SAYS("reputation", FL_FAULT_POLICY),
    SAYS("policy", FL_FAULT_POLICY),
    SAYS("policies", FL_FAULT_POLICY),
    SAYS("unsolicited", FL_FAULT_POLICY),
    SAYS("relaying denied", FL_FAULT_POLICY),
    SAYS("relay access denied", FL_FAULT_POLICY),
    SAYS("relay not permitted", FL_FAULT_POLICY),
    SAYS("unable to relay", FL_FAULT_POLICY),
    SAYS("access denied", FL_FAULT_POLICY),
    SAYS("access rejected", FL_FAULT_POLICY),
    SAYS("not authorized", FL_FAULT_POLICY),
    SAYS("not permitted", FL_FAULT_POLICY),
    SAYS("수신 거부", FL_FAULT_POLICY),
    SAYS("수신거부", FL_FAULT_POLICY),
    /* on the way */
    SAYS("timed out", FL_FAULT_TRANSIENT),
    SAYS("timeout", FL_FAULT_TRANSIENT),
    SAYS("connection refused", FL_FAULT_TRANSIENT),
    SAYS("connection reset", FL_FAULT_TRANSIENT),
    SAYS("could not connect", FL_FAULT_TRANSIENT),
    SAYS("couldn't be established", FL_FAULT_TRANSIENT),
    SAYS("lost connection", FL_FAULT_TRANSIENT),
    SAYS("network is unreachable", FL_FAULT_TRANSIENT),
    SAYS("no route to host", FL_FAULT_TRANSIENT),
    SAYS("in the queue too long", FL_FAULT_TRANSIENT),
    SAYS("delivery time expired", FL_FAULT_TRANSIENT),

    /* RFC 3463, by subject and detail */
    STATUS("1.5", ANY, FL_FAULT_NONE), /* destination address valid */
    STATUS("1.7", ANY, FL_FAULT_OUR_SIDE),
    STATUS("1.8", ANY, FL_FAULT_OUR_SIDE),
    STATUS("1.", PERMANENT, FL_FAULT_ADDRESS),
    STATUS("1.", TRANSIENT, FL_FAULT_TRANSIENT),
    STATUS("2.3", ANY, FL_FAULT_CONTENT),
    STATUS("2.", ANY, FL_FAULT_MAILBOX),
    STATUS("3.4", ANY, FL_FAULT_CONTENT),
    STATUS("3.", ANY, FL_FAULT_TRANSIENT),
    STATUS("4.6", ANY, FL_FAULT_OUR_SIDE), /* routing loop */
    STATUS("4.", ANY, FL_FAULT_TRANSIENT),
    STATUS("5.1", ANY, FL_FAULT_OUR_SIDE),
    STATUS("5.3", ANY, FL_FAULT_THROTTLED), /* too many recipients */
    STATUS("6.", ANY, FL_FAULT_CONTENT),
    STATUS("7.8", ANY, FL_FAULT_OUR_SIDE),
    STATUS("7.0", TRANSIENT, FL_FAULT_THROTTLED),
    STATUS("7.", ANY, FL_FAULT_POLICY),

    /* Only now what the bare reply code may mean. */
    SAYS("mailbox unavailable", FL_FAULT_ADDRESS),
    SAYS("recipient rejected", FL_FAULT_ADDRESS),
    CODE(421, FL_FAULT_TRANSIENT),
    CODE(450, FL_FAULT_TRANSIENT),
    CODE(451, FL_FAULT_TRANSIENT),
    CODE(452, FL_FAULT_MAILBOX),
    CODE(530, FL_FAULT_OUR_SIDE),
    CODE(535, FL_FAULT_OUR_SIDE),
    CODE(552, FL_FAULT_MAILBOX),
    CODE(571, FL_FAULT_POLICY),
};

enum { DIAGNOSTIC_MAX = 1000 };

static enum permanence permanence_of(const char *status, int code)
{
    if (status[0] == '4' || (status[0] != '5' && code >= 400 && code < 500))
        return TRANSIENT;
    return PERMANENT;
}

static bool fits(const struct row *row, const char *status, int code, const char *diagnostic,
                 enum permanence permanence)
{
    const char *detail = strlen(status) > 2 ? status + 2 : "";

    if (row->words && !strstr(diagnostic, row->words))
        return false;
    if (row->status && !fl_str_starts_with(detail, row->status))
        return false;
    /* "1.1" is not the beginning of "1.10". */
    if (row->status && strlen(row->status) == 3 && strlen(detail) > 3 && detail[3] >= '0' &&
        detail[3] <= '9')
        return false;
    if (row->code && row->code != code)
        return false;
    return row->permanence == ANY || row->permanence == permanence;
}

/* Lower case, with single blanks: peers fold their sentences as they like. */
static void squeeze(const char *text, char out[DIAGNOSTIC_MAX])
{
    size_t n = 0;

    for (; *text && n + 1 < DIAGNOSTIC_MAX; text++)
        if (!strchr(" \t\r\n", *text))
            out[n++] = *text;
        else if (n && out[n - 1] != ' ')
            out[n++] = ' ';
    out[n] = '\0';
    fl_str_lower_ascii(out);
}

enum fl_fault_class fl_feedback_classify(const char *status, int code, const char *diagnostic,
                                         bool *out_is_hard)
{
    enum fl_fault_class fault = FL_FAULT_UNKNOWN;
    char lowered[DIAGNOSTIC_MAX];
    enum permanence permanence;

    status = status ? status : "";
    squeeze(diagnostic ? diagnostic : "", lowered);
    permanence = permanence_of(status, code);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (fits(&rows[i], status, code, lowered, permanence)) {
            fault = rows[i].fault;
            break;
        }
    if (permanence == TRANSIENT && (fault == FL_FAULT_ADDRESS || fault == FL_FAULT_UNKNOWN))
        fault = FL_FAULT_TRANSIENT;
    if (out_is_hard)
        *out_is_hard = fault == FL_FAULT_ADDRESS;
    return fault;
}
