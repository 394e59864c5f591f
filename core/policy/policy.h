/*
 * Policy: may this message leave, now?
 *
 * FOR    the planner (set-based, through the store's plan) and dispatch (again at claim), so that
 *        an opt-out stops what is already queued.
 * OWNS   nothing.  A pure function over the claim row; every refusal is a rule with a sentence.
 * LATER  quiet hours, frequency caps, law packs and hold-out belong here and nowhere else.
 */
#ifndef FL_POLICY_POLICY_H
#define FL_POLICY_POLICY_H

#include "store/store.h"

/* FL_RULE_NONE: may leave.  Rules are tried in the order of the enum; the first that applies wins,
 * and the store's planner uses the same order. */
enum fl_rule fl_policy_decide(const struct fl_claim_row *row);

const char *fl_rule_name(enum fl_rule rule);     /* "opted_out" */
const char *fl_rule_sentence(enum fl_rule rule); /* "the customer has withdrawn consent" */

#endif
