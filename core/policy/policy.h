/*
 * Policy: may this message leave, now?
 *
 * FOR    the planner (set-based, through the store's plan) and dispatch (again at claim), so that
 *        an opt-out stops what is already queued.
 * OWNS   nothing.  A pure function over the claim row; every refusal is a rule with a sentence.
 *        Quiet hours, frequency caps, law packs and hold-out belong here and nowhere else.
 */
#ifndef FL_POLICY_POLICY_H
#define FL_POLICY_POLICY_H

#include "store/store.h"

/* FL_RULE_NONE: may leave.  The first rule that applies wins, in this order, which the store's
 * planner follows too: erased, no address, suppressed, complained, opted out, no consent. */
enum fl_rule fl_policy_decide(const struct fl_claim_row *row);

const char *fl_rule_name(enum fl_rule rule);     /* "opted_out" */
const char *fl_rule_sentence(enum fl_rule rule); /* "the customer has withdrawn consent" */

#endif
