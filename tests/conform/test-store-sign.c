/* Conformance: who is to be scored again, who is forgotten, what customers did, campaigns. */
#include "scores.h"

#include <math.h>

/* ---- stale ------------------------------------------------------------------------------------*/

static void assert_stale(struct world *w, int64_t total, int64_t first)
{
    struct fl_error err;
    int64_t list[LIST_MAX] = {0}, is_total = -1;
    size_t n = 0;

    assert_ok(fl_store_stale_list(w->store, list, LIST_MAX, &n, &is_total, &err));
    assert_int_equal(is_total, total);
    assert_int_equal(n, total);
    assert_int_equal(list[0], first);
}

static void put_transaction(struct world *w, int64_t customer, const char *external_id)
{
    struct fl_transaction t = {.customer = customer,
                               .external_id = external_id,
                               .kind = FL_TRANSACTION_PURCHASE,
                               .at_us = WORLD_NOW,
                               .date = 20833,
                               .amount_minor = 1,
                               .currency = "KRW"};
    struct fl_error err;
    enum fl_put put;
    int64_t id;

    assert_ok(fl_store_transaction_put(w->store, &t, &put, &id, &err));
}

/* What comes while a run works is not in it. */
static void run_beside(struct world *w, const struct people *p)
{
    struct fl_value_run run = {0};
    struct fl_error err;
    int64_t changes;

    w->manual.now_us += FL_US_PER_S;
    run.id = begin_run(w, w->manual.now_us);
    w->manual.now_us += FL_US_PER_S;
    world_begin(w);
    put_transaction(w, p->id[0], "t2");
    assert_ok(fl_store_run_finish(w->store, &run, &changes, &err));
    world_commit(w);
    assert_stale(w, 1, p->id[0]);
}

static void test_stale(void **state)
{
    struct world *w = *state;
    struct people p = add_people(w);
    struct fl_consent withdrawn = {.purpose = "marketing",
                                   .medium = FL_MEDIUM_EMAIL,
                                   .state = FL_CONSENT_WITHDRAWN,
                                   .source = "staff"};
    struct fl_feedback reply = {.kind = FL_FEEDBACK_AUTO_REPLY, .dedupe_key = "1"};
    struct fl_error err;
    enum fl_put put;
    int64_t id;

    world_begin(w);
    put_transaction(w, p.id[0], "t0");
    world_commit(w);
    assert_stale(w, 0, 0);
    run_with(w, &p, WORLD_NOW, all_fair, N, NULL);
    w->manual.now_us += FL_US_PER_S;
    world_begin(w);
    put_transaction(w, p.id[0], "t1");
    world_commit(w);
    if (!fl_store_remembers(w->store)) {
        assert_stale(w, 0, 0);
        return;
    }
    assert_stale(w, 1, p.id[0]);
    w->manual.now_us += FL_US_PER_S;
    world_begin(w);
    withdrawn.customer = p.id[2];
    assert_ok(fl_store_consent_append(w->store, &withdrawn, &err));
    reply.customer = p.id[2];
    assert_ok(fl_store_feedback_put(w->store, &reply, &id, &err));
    assert_stale(w, 1, p.id[0]);
    withdrawn.source = "form";
    assert_ok(fl_store_consent_append(w->store, &withdrawn, &err));
    assert_stale(w, 2, p.id[0]);
    reply.kind = FL_FEEDBACK_REPLY;
    reply.customer = p.id[3];
    reply.dedupe_key = "2";
    assert_ok(fl_store_feedback_put(w->store, &reply, &id, &err));
    assert_stale(w, 3, p.id[0]);
    assert_ok(fl_store_referral_put(w->store, p.id[4], p.id[5], WORLD_NOW, &put, &err));
    assert_stale(w, 4, p.id[0]);
    assert_ok(fl_store_stale_drop(w->store, p.id[4], &err));
    assert_ok(fl_store_stale_add(w->store, p.id[5], &err));
    assert_ok(fl_store_stale_add(w->store, p.id[5], &err));
    assert_stale(w, 4, p.id[0]);
    world_commit(w);
    run_beside(w, &p);
    /* A bulk tells at its end. */
    assert_ok(fl_store_transactions_begin(w->store, &err));
    world_begin(w);
    put_transaction(w, p.id[1], "t3");
    assert_stale(w, 1, p.id[0]);
    assert_ok(fl_store_transactions_end(w->store, &err));
    world_commit(w);
    assert_stale(w, 2, p.id[0]);
}

/* Who objects is forgotten by the valuation, also in what is past. */
static void test_objection(void **state)
{
    struct world *w = *state;
    struct people p = add_people(w);
    struct fl_customer against = {.external_id = "c1", .state = FL_CUSTOMER_OBJECTED};
    struct fl_customer later = {.external_id = "c2", .state = FL_CUSTOMER_OBJECTED};
    struct fl_score score = score_of(p.id[1], ZONE_II), objected = score_of(p.id[3], 0);
    struct changes changes = {0};
    struct fl_error err;
    enum fl_put put;
    int64_t first, second, id, n;

    if (!fl_store_remembers(w->store))
        return;
    objected.state = OBJECTED;
    first = run_with(w, &p, WORLD_NOW, all_fair, N, NULL);
    world_begin(w);
    score.at_us = WORLD_NOW + 1;
    assert_ok(fl_store_rescore_put(w->store, &score, &err));
    assert_ok(fl_store_stale_add(w->store, p.id[1], &err));
    assert_ok(fl_store_customer_put(w->store, &against, &put, &id, &err));
    assert_int_equal(id, p.id[1]);
    world_commit(w);
    assert_stale(w, 0, 0);
    assert_status(FL_NOT_FOUND, fl_store_score_get(w->store, id, &score, &err));
    assert_status(FL_NOT_FOUND, fl_store_score_of_run(w->store, first, id, &score, &err));
    assert_ok(fl_store_zone_change_each(w->store, id, 0, 0, keep_change, &changes, &err));
    assert_int_equal(changes.n, 0);
    world_begin(w);
    assert_ok(fl_store_stale_add(w->store, id, &err));
    score = score_of(id, ZONE_I);
    assert_ok(fl_store_rescore_put(w->store, &score, &err));
    assert_ok(fl_store_rescore_put(w->store, &objected, &err));
    world_commit(w);
    assert_stale(w, 0, 0);
    assert_status(FL_NOT_FOUND, fl_store_score_get(w->store, id, &score, &err));
    assert_status(FL_NOT_FOUND, fl_store_score_get(w->store, p.id[3], &score, &err));
    /* One objects while a run works. */
    second = begin_run(w, WORLD_NOW + 2);
    score = score_of(p.id[2], ZONE_I);
    world_begin(w);
    assert_ok(fl_store_scores_put(w->store, second, &score, 1, &err));
    assert_ok(fl_store_scores_put(w->store, second, &objected, 1, &err));
    assert_ok(fl_store_customer_put(w->store, &later, &put, &id, &err));
    score = score_of(p.id[2], ZONE_I);
    assert_ok(fl_store_scores_put(w->store, second, &score, 1, &err));
    assert_ok(fl_store_run_finish(w->store, &(struct fl_value_run){.id = second, .n_customers = N},
                                  &n, &err));
    world_commit(w);
    assert_status(FL_NOT_FOUND, fl_store_score_get(w->store, p.id[2], &score, &err));
    assert_status(FL_NOT_FOUND, fl_store_score_get(w->store, p.id[3], &score, &err));
}

/* ---- signs and campaigns ----------------------------------------------------------------------*/

struct signs {
    int n;
    struct fl_sign list[LIST_MAX];
    char question[LIST_MAX][16];
};

static bool keep_sign(void *ctx, const struct fl_sign *sign)
{
    struct signs *signs = ctx;

    assert_true(signs->n < LIST_MAX);
    snprintf(signs->question[signs->n], sizeof signs->question[0], "%s", sign->question);
    signs->list[signs->n++] = *sign;
    return true;
}

static int64_t put_event(struct world *w, int64_t message, enum fl_event_kind kind, bool is_machine)
{
    struct fl_event event = {
        .message = message, .kind = kind, .is_machine = is_machine, .at_us = WORLD_NOW + 50};
    struct fl_error err;
    int64_t id = 0;

    assert_ok(fl_store_event_put(w->store, &event, &id, &err));
    return id;
}

static void settle(struct world *w, int64_t message, enum fl_message_state to, enum fl_rule rule)
{
    struct fl_settle settle = {.message = message, .to = to, .rule = rule, .due_us = WORLD_NOW};
    struct fl_error err;

    assert_ok(fl_store_message_settle(w->store, &settle, &err));
}

static bool keep_message(void *ctx, const struct fl_message *message)
{
    *(struct fl_message *)ctx = *message;
    return false;
}

static int64_t message_to(struct world *w, int64_t customer)
{
    struct fl_message message = {0};
    struct fl_error err;

    assert_ok(fl_store_message_of(w->store, customer, 0, keep_message, &message, &err));
    return message.id;
}

static void plan_for_all(struct world *w)
{
    struct fl_store_plan plan;
    struct fl_store_plan_result result;
    struct fl_error err;

    world_campaign(w);
    plan = world_plan(w);
    assert_ok(fl_store_plan(w->store, &plan, &result, &err));
    assert_int_equal(result.n_planned, N);
}

static int64_t put_feedback(struct world *w, int64_t customer, int64_t message,
                            enum fl_feedback_kind kind, const char *dedupe_key)
{
    struct fl_feedback feedback = {.customer = customer,
                                   .message = message,
                                   .kind = kind,
                                   .dedupe_key = dedupe_key,
                                   .matched_by = FL_MATCH_TOKEN,
                                   .received_us = WORLD_NOW + 20};
    struct fl_error err;
    int64_t id = 0;

    assert_ok(fl_store_feedback_put(w->store, &feedback, &id, &err));
    return id;
}

/* One on a scale, one in words, one without a known scale, and two that cannot be. */
static void put_answers(struct world *w, int64_t customer, int64_t message)
{
    struct fl_answer answer = {.customer = customer,
                               .message = message,
                               .question = "satisfaction",
                               .has_number = true,
                               .number = 4,
                               .low = 1,
                               .high = 5,
                               .at_us = WORLD_NOW + 10};
    struct fl_error err;

    answer.feedback = put_feedback(w, customer, message, FL_FEEDBACK_SURVEY, "survey");
    assert_ok(fl_store_answer_put(w->store, &answer, &err));
    answer.question = "words";
    answer.has_number = false;
    assert_ok(fl_store_answer_put(w->store, &answer, &err));
    answer.question = "unscaled";
    answer.has_number = true;
    answer.low = answer.high = 0;
    assert_ok(fl_store_answer_put(w->store, &answer, &err));
    answer.low = 1;
    answer.high = 3;
    assert_status(FL_INVALID, fl_store_answer_put(w->store, &answer, &err));
    answer.low = (double)NAN;
    assert_status(FL_INVALID, fl_store_answer_put(w->store, &answer, &err));
}

static void withdraw(struct world *w, int64_t customer, const char *source)
{
    struct fl_consent consent = {.customer = customer,
                                 .purpose = "marketing",
                                 .medium = FL_MEDIUM_EMAIL,
                                 .state = FL_CONSENT_WITHDRAWN,
                                 .source = source,
                                 .at_us = WORLD_NOW + 60};
    struct fl_error err;

    assert_ok(fl_store_consent_append(w->store, &consent, &err));
}

static void test_signs(void **state)
{
    struct world *w = *state;
    struct people p = add_people(w);
    struct signs signs = {0}, one = {0};
    struct fl_error err;
    int64_t reply, message, click;

    assert_ok(fl_store_sign_each(w->store, 1, INT64_MAX, 0, INT64_MAX, keep_sign, &signs, &err));
    assert_int_equal(signs.n, 0);
    if (!fl_store_remembers(w->store))
        return;
    world_begin(w);
    plan_for_all(w);
    message = message_to(w, p.id[0]);
    settle(w, message, FL_MESSAGE_ACCEPTED, FL_RULE_NONE);
    put_event(w, message, FL_EVENT_ACCEPTED, false);
    put_event(w, message, FL_EVENT_OPENED, false);
    put_event(w, message, FL_EVENT_CLICKED, true);
    click = put_event(w, message, FL_EVENT_CLICKED, false);
    put_answers(w, p.id[0], message);
    put_feedback(w, p.id[0], message, FL_FEEDBACK_AUTO_REPLY, "auto");
    put_feedback(w, p.id[0], message, FL_FEEDBACK_PREFERENCE, "preference");
    reply = put_feedback(w, p.id[0], message, FL_FEEDBACK_REPLY, "reply");
    put_feedback(w, p.id[3], 0, FL_FEEDBACK_CONTACT, "contact");
    withdraw(w, p.id[0], "form");
    withdraw(w, p.id[1], "import");
    withdraw(w, p.id[2], "staff");
    world_commit(w);

    assert_ok(fl_store_sign_each(w->store, 1, INT64_MAX, 0, INT64_MAX, keep_sign, &signs, &err));
    assert_int_equal(signs.n, 6);
    assert_int_equal(signs.list[0].kind, FL_SIGN_MESSAGE_OUT);
    assert_int_equal(signs.list[0].event, message);
    assert_int_equal(signs.list[1].kind, FL_SIGN_ANSWER);
    assert_string_equal(signs.question[1], "satisfaction");
    assert_true(signs.list[1].value == 4 && signs.list[1].low == 1 && signs.list[1].high == 5);
    assert_int_equal(signs.list[2].kind, FL_SIGN_CONTACT_IN);
    assert_int_equal(signs.list[2].event, reply);
    assert_int_equal(signs.list[3].kind, FL_SIGN_CONTACT_IN);
    assert_int_equal(signs.list[3].event, click);
    assert_int_equal(signs.list[4].kind, FL_SIGN_OPT_OUT);
    assert_int_equal(signs.list[5].customer, p.id[3]);
    assert_ok(fl_store_sign_each(w->store, p.id[0], p.id[0], WORLD_NOW + 10, WORLD_NOW + 50,
                                 keep_sign, &one, &err));
    assert_int_equal(one.n, 3);
    for (int i = 0; i < one.n; i++)
        assert_int_equal(one.list[i].event, signs.list[i + 1].event);
}

struct effects {
    int n;
    struct fl_effect_row list[LIST_MAX];
};

static bool keep_effect(void *ctx, const struct fl_effect_row *row)
{
    struct effects *effects = ctx;

    assert_true(effects->n < LIST_MAX);
    effects->list[effects->n++] = *row;
    return true;
}

static void test_effect(void **state)
{
    static const int moved[N] = {ZONE_I, ZONE_I, ZONE_I, ZONE_I, ZONE_I, ZONE_I};
    struct world *w = *state;
    struct people p = add_people(w);
    int64_t before = run_with(w, &p, WORLD_NOW, all_fair, N, NULL), after;
    struct effects effects = {0};
    struct fl_error err;

    world_begin(w);
    if (fl_store_remembers(w->store)) {
        plan_for_all(w);
        settle(w, message_to(w, p.id[0]), FL_MESSAGE_ACCEPTED, FL_RULE_NONE);
        put_event(w, message_to(w, p.id[0]), FL_EVENT_ACCEPTED, false);
        settle(w, message_to(w, p.id[1]), FL_MESSAGE_DELIVERED, FL_RULE_NONE);
        put_event(w, message_to(w, p.id[1]), FL_EVENT_DELIVERED, false);
        settle(w, message_to(w, p.id[2]), FL_MESSAGE_SUPPRESSED, FL_RULE_HOLD_OUT);
        settle(w, message_to(w, p.id[3]), FL_MESSAGE_SUPPRESSED, FL_RULE_NO_CONSENT);
    }
    world_commit(w);
    after = run_with(w, &p, WORLD_NOW + 1, moved, N, NULL);
    if (!fl_store_remembers(w->store)) {
        assert_ok(fl_store_effect_each(w->store, 1, before, after, keep_effect, &effects, &err));
        assert_int_equal(effects.n, 0);
        return;
    }
    assert_ok(fl_store_effect_each(w->store, w->campaign, before, 0, keep_effect, &effects, &err));
    assert_int_equal(effects.n, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(effects.list[i].customer, p.id[i]);
        assert_int_equal(effects.list[i].is_hold_out, i == 2);
        assert_int_equal(effects.list[i].before.zone, ZONE_III);
        assert_int_equal(effects.list[i].after.zone, ZONE_I);
        assert_int_equal(effects.list[i].after.customer, p.id[i]);
    }
    effects.n = 0;
    assert_ok(
        fl_store_effect_each(w->store, w->campaign, before, after, keep_effect, &effects, &err));
    assert_int_equal(effects.n, 3);
    assert_status(FL_NOT_FOUND, fl_store_effect_each(w->store, w->campaign, before, after + 1,
                                                     keep_effect, &effects, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_stale),
        BOTH(test_objection),
        BOTH(test_signs),
        BOTH(test_effect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
