#include "policy/policy.h"

static bool is_erased(const struct fl_claim_row *row)
{
    return row->customer_state == FL_CUSTOMER_ERASED;
}

static bool has_no_address(const struct fl_claim_row *row)
{
    return !row->address || !*row->address;
}

static bool is_suppressed(const struct fl_claim_row *row)
{
    return row->address_status == FL_ADDRESS_SUPPRESSED ||
           row->address_status == FL_ADDRESS_REPLACED;
}

static bool has_complained(const struct fl_claim_row *row)
{
    return row->address_status == FL_ADDRESS_COMPLAINED;
}

/* A campaign without a purpose is transactional: it needs no consent. */
static bool needs_consent(const struct fl_claim_row *row)
{
    return row->purpose && *row->purpose;
}

static bool has_opted_out(const struct fl_claim_row *row)
{
    return needs_consent(row) && row->consent == FL_CONSENT_WITHDRAWN;
}

static bool has_no_consent(const struct fl_claim_row *row)
{
    return needs_consent(row) && row->consent != FL_CONSENT_GRANTED;
}

struct rule {
    enum fl_rule rule;
    const char *name;
    const char *sentence;
    bool (*applies)(const struct fl_claim_row *row); /* NULL: decided elsewhere */
};

/* In order of precedence. */
static const struct rule rules[] = {
    {FL_RULE_ERASED, "erased", "the customer was erased", is_erased},
    {FL_RULE_NO_ADDRESS, "no_address", "the customer has no address for this channel",
     has_no_address},
    {FL_RULE_ADDRESS_SUPPRESSED, "address_suppressed",
     "the address is suppressed because an earlier message proved it wrong", is_suppressed},
    {FL_RULE_COMPLAINED, "complained", "the customer complained about an earlier message",
     has_complained},
    {FL_RULE_OPTED_OUT, "opted_out", "the customer has withdrawn consent for this purpose",
     has_opted_out},
    {FL_RULE_NO_CONSENT, "no_consent", "the customer has given no consent for this purpose",
     has_no_consent},
    {FL_RULE_CAMPAIGN_CANCELLED, "campaign_cancelled", "the campaign was cancelled", NULL},
    {FL_RULE_HELD_BY_STAFF, "held_by_staff", "a person holds it back", NULL},
    {FL_RULE_HELD_UNCERTAIN, "held_uncertain",
     "it was begun and nobody knows whether it arrived; a person must decide", NULL},
    {FL_RULE_HELD_QUARANTINE, "held_quarantine",
     "two workers died with it in hand; a person must look at it", NULL},
    {FL_RULE_RENDERING_FAILED, "rendering_failed", "its content could not be rendered", NULL},
    {FL_RULE_EXPIRED, "expired", "it could not be sent before it expired", NULL},
    {FL_RULE_HOLD_OUT, "hold_out",
     "the customer is held out of this campaign, so that the others can be compared", NULL},
};

enum fl_rule fl_policy_decide(const struct fl_claim_row *row)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].applies && rules[i].applies(row))
            return rules[i].rule;
    return FL_RULE_NONE;
}

static const struct rule *find(enum fl_rule rule)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].rule == rule)
            return &rules[i];
    return NULL;
}

const char *fl_rule_name(enum fl_rule rule)
{
    const struct rule *r = find(rule);

    return r ? r->name : "none";
}

const char *fl_rule_sentence(enum fl_rule rule)
{
    const struct rule *r = find(rule);

    return r ? r->sentence : "no rule stands against it";
}
