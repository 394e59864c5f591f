/* Events, evidence, feedback and what plugins remember, by every driver. */
#include "drivers.h"

#include <math.h>

static size_t claim(struct world *w, size_t limit, struct fl_claim_row **out)
{
    struct fl_error err;
    size_t n = 99;

    assert_ok(
        fl_store_claim(w->store, w->arena, w->channel, w->manual.now_us, limit, out, &n, &err));
    return n;
}

/* ---- what comes back --------------------------------------------------------------------------*/

static bool keep_event(void *ctx, const struct fl_event *event)
{
    int *n = ctx;

    assert_int_equal(event->kind, FL_EVENT_BOUNCED);
    assert_string_equal(event->status, "5.1.1");
    assert_null(event->detail);
    assert_int_equal(event->cost_micro, 17);
    assert_string_equal(event->currency, "KRW");
    assert_int_equal(event->units, 3);
    assert_true(event->is_machine);
    ++*n;
    return true;
}

static void test_events(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_event event = {.message = 640,
                             .kind = FL_EVENT_BOUNCED,
                             .fault = FL_FAULT_ADDRESS,
                             .status = "5.1.1",
                             .provider_ref = "ref-1",
                             .cost_micro = 17,
                             .currency = "KRW",
                             .units = 3,
                             .is_machine = true,
                             .dedupe_key = "k1"};
    int64_t id = 0, message = 0;
    int n = 0;

    world_begin(w);
    assert_ok(fl_store_event_put(w->store, &event, &id, &err));
    assert_true(id > 0);
    event.kind = (enum fl_event_kind)99;
    assert_status(FL_INVALID, fl_store_event_put(w->store, &event, &id, &err));
    event.kind = FL_EVENT_BOUNCED;
    if (!fl_store_remembers(w->store)) {
        assert_status(FL_NOT_FOUND, fl_store_event_by_provider(w->store, "ref-1", &message, &err));
        assert_ok(fl_store_event_each(w->store, 640, keep_event, &n, &err));
        assert_int_equal(n, 0);
        return;
    }
    assert_status(FL_CONFLICT, fl_store_event_put(w->store, &event, &id, &err));
    event.dedupe_key = NULL;
    assert_ok(fl_store_event_put(w->store, &event, &id, &err));
    assert_ok(fl_store_event_put(w->store, &event, &id, &err));
    world_commit(w);
    assert_ok(fl_store_event_each(w->store, 640, keep_event, &n, &err));
    assert_int_equal(n, 3);
    assert_ok(fl_store_event_by_provider(w->store, "ref-1", &message, &err));
    assert_int_equal(message, 640);
    assert_status(FL_NOT_FOUND, fl_store_event_by_provider(w->store, "ref-2", &message, &err));
}

static void test_evidence(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    static char big[100000];
    char hash[65] = "", empty_hash[65] = "";
    void *data = NULL;
    size_t len = 0;

    memset(big, 'x', sizeof big);
    world_begin(w);
    assert_ok(fl_store_evidence_put(w->store, big, sizeof big, hash, &err));
    assert_int_equal(strlen(hash), 64);
    assert_ok(fl_store_evidence_put(w->store, big, sizeof big, hash, &err));
    assert_ok(fl_store_evidence_put(w->store, "", 0, empty_hash, &err));
    assert_string_equal(empty_hash,
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_status(FL_LIMIT, fl_store_evidence_put(w->store, big, (size_t)1 << 30, hash, &err));
    world_commit(w);
    if (!fl_store_remembers(w->store)) {
        assert_status(FL_NOT_FOUND,
                      fl_store_evidence_get(w->store, w->arena, hash, &data, &len, &err));
        return;
    }
    assert_ok(fl_store_evidence_get(w->store, w->arena, hash, &data, &len, &err));
    assert_int_equal(len, sizeof big);
    assert_memory_equal(data, big, sizeof big);
    assert_ok(fl_store_evidence_get(w->store, w->arena, empty_hash, &data, &len, &err));
    assert_int_equal(len, 0);
    assert_status(FL_NOT_FOUND, fl_store_evidence_get(w->store, w->arena, "00", &data, &len, &err));
}

static bool count_feedback(void *ctx, const struct fl_feedback *feedback)
{
    int *n = ctx;

    assert_non_null(feedback->text);
    ++*n;
    return true;
}

static int n_feedback(struct world *w, const struct fl_feedback_filter *filter)
{
    struct fl_error err;
    int n = 0;

    assert_ok(fl_store_feedback_each(w->store, filter, count_feedback, &n, &err));
    return n;
}

static void test_feedback(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    struct fl_feedback f = {.kind = FL_FEEDBACK_REPLY,
                            .matched_by = FL_MATCH_TOKEN,
                            .confidence = 0.75,
                            .text = "Thank you",
                            .dedupe_key = "d1"};
    struct fl_feedback got;
    struct fl_claim_row *rows;
    int64_t id = 0, counts[FL_FEEDBACK_KINDS];

    world_planned(w, 1);
    world_begin(w);
    if (claim(w, 1, &rows)) {
        f.customer = rows[0].message.customer;
        f.message = rows[0].message.id;
    }
    assert_ok(fl_store_feedback_put(w->store, &f, &id, &err));
    f.confidence = 1.5;
    assert_status(FL_INVALID, fl_store_feedback_put(w->store, &f, &id, &err));
    f.confidence = 1;
    f.kind = (enum fl_feedback_kind)99;
    assert_status(FL_INVALID, fl_store_feedback_put(w->store, &f, &id, &err));
    f.kind = FL_FEEDBACK_REPLY;
    f.state = (enum fl_feedback_state)99;
    assert_status(FL_INVALID, fl_store_feedback_put(w->store, &f, &id, &err));
    f.state = FL_FEEDBACK_OPEN;
    f.dedupe_key = "";
    assert_status(FL_INVALID, fl_store_feedback_put(w->store, &f, &id, &err));
    f.dedupe_key = "d1";
    assert_status(FL_INVALID, fl_store_feedback_assign(w->store, id, 0, 0, &err));
    if (!fl_store_remembers(w->store)) {
        assert_status(FL_NOT_FOUND, fl_store_feedback_assign(w->store, id, 64, 0, &err));
        assert_status(FL_NOT_FOUND, fl_store_feedback_get(w->store, w->arena, id, &got, &err));
        assert_int_equal(n_feedback(w, &(struct fl_feedback_filter){.kind = -1}), 0);
        assert_ok(fl_store_feedback_counts(w->store, 0, counts, &err));
        assert_int_equal(counts[FL_FEEDBACK_REPLY], 0);
        return;
    }
    assert_status(FL_CONFLICT, fl_store_feedback_put(w->store, &f, &id, &err));
    assert_ok(fl_store_feedback_get(w->store, w->arena, id, &got, &err));
    assert_string_equal(got.text, "Thank you");
    assert_true(got.confidence > 0.74 && got.confidence < 0.76);
    assert_int_equal(got.received_us, WORLD_NOW);
    f = (struct fl_feedback){.kind = FL_FEEDBACK_BOUNCE, .dedupe_key = "d2"};
    assert_ok(fl_store_feedback_put(w->store, &f, &id, &err));
    world_commit(w);
    assert_int_equal(n_feedback(w, &(struct fl_feedback_filter){.kind = -1}), 2);
    assert_int_equal(n_feedback(w, &(struct fl_feedback_filter){.kind = FL_FEEDBACK_BOUNCE}), 1);
    assert_int_equal(n_feedback(w, &(struct fl_feedback_filter){.kind = -1, .limit = 1}), 1);
    assert_int_equal(
        n_feedback(w, &(struct fl_feedback_filter){.kind = -1, .is_unmatched_only = true}), 1);
    assert_int_equal(n_feedback(w, &(struct fl_feedback_filter){.kind = -1,
                                                                .customer = got.customer,
                                                                .is_newest_first = true}),
                     1);
    assert_ok(fl_store_feedback_counts(w->store, w->campaign, counts, &err));
    assert_int_equal(counts[FL_FEEDBACK_REPLY], 1);
    assert_int_equal(counts[FL_FEEDBACK_BOUNCE], 0);
    assert_ok(fl_store_feedback_counts(w->store, 0, counts, &err));
    assert_int_equal(counts[FL_FEEDBACK_BOUNCE], 1);
    assert_status(FL_NOT_FOUND, fl_store_feedback_get(w->store, w->arena, 1, &got, &err));
    world_begin(w);
    assert_ok(fl_store_feedback_assign(w->store, id, got.customer, got.message, &err));
    assert_status(FL_NOT_FOUND, fl_store_feedback_assign(w->store, 1, got.customer, 0, &err));
    world_commit(w);
    assert_ok(fl_store_feedback_get(w->store, w->arena, id, &got, &err));
    assert_int_equal(got.matched_by, FL_MATCH_STAFF);
    assert_int_equal(
        n_feedback(w, &(struct fl_feedback_filter){.kind = -1, .is_unmatched_only = true}), 0);
}

/* ---- answers, attachments, short links --------------------------------------------------------*/

/* A planned message and a piece of feedback about it; ids made up where the driver forgets. */
static struct fl_message answered_message(struct world *w, int64_t *feedback)
{
    struct fl_error err;
    struct fl_message message = {.id = 640, .customer = 64};
    struct fl_feedback f = {.kind = FL_FEEDBACK_SURVEY, .text = "", .dedupe_key = "s1"};
    struct fl_claim_row *rows;

    world_planned(w, 1);
    world_begin(w);
    if (claim(w, 1, &rows))
        message = rows[0].message;
    f.message = message.id;
    f.customer = message.customer;
    assert_ok(fl_store_feedback_put(w->store, &f, feedback, &err));
    return message;
}

struct seen_answers {
    int n;
    double number;
    char text[32];
};

static bool keep_answer(void *ctx, const struct fl_answer *answer)
{
    struct seen_answers *seen = ctx;

    assert_string_equal(answer->question, seen->n ? "words" : "recommend");
    assert_int_equal(answer->medium, FL_MEDIUM_FAX);
    assert_int_equal(answer->has_number, !seen->n);
    if (!seen->n)
        seen->number = answer->number;
    else
        snprintf(seen->text, sizeof seen->text, "%s", answer->text);
    seen->n++;
    return true;
}

static bool keep_tally(void *ctx, const struct fl_answer_tally *tally)
{
    int *n = ctx;

    assert_int_equal(tally->n, 1);
    assert_int_equal(tally->has_number, !*n);
    assert_string_equal(tally->question, *n ? "words" : "recommend");
    ++*n;
    return true;
}

static void test_answers(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    int64_t feedback = 0;
    struct fl_message message = answered_message(w, &feedback);
    struct fl_answer answer = {.message = message.id,
                               .customer = message.customer,
                               .feedback = feedback,
                               .question = "recommend",
                               .has_number = true,
                               .number = 9,
                               .medium = FL_MEDIUM_FAX,
                               .at_us = WORLD_NOW};
    struct seen_answers seen = {0};
    int n = 0;

    assert_ok(fl_store_answer_put(w->store, &answer, &err));
    answer.number = 7;
    answer.at_us = WORLD_NOW + 1;
    assert_ok(fl_store_answer_put(w->store, &answer, &err));
    answer.number = 3;
    answer.at_us = WORLD_NOW; /* an older one comes late */
    assert_ok(fl_store_answer_put(w->store, &answer, &err));
    answer.number = HUGE_VAL;
    assert_status(FL_INVALID, fl_store_answer_put(w->store, &answer, &err));
    answer.has_number = false;
    answer.question = "words";
    answer.text = "a, b";
    assert_ok(fl_store_answer_put(w->store, &answer, &err));
    answer.question = "";
    assert_status(FL_INVALID, fl_store_answer_put(w->store, &answer, &err));
    answer.question = "words";
    answer.message = 0;
    assert_status(FL_INVALID, fl_store_answer_put(w->store, &answer, &err));
    world_commit(w);
    assert_ok(fl_store_answer_each(w->store, message.id, 0, keep_answer, &seen, &err));
    assert_int_equal(seen.n, fl_store_remembers(w->store) ? 2 : 0);
    if (!seen.n)
        return;
    assert_true(seen.number > 6.9 && seen.number < 7.1);
    assert_string_equal(seen.text, "a, b");
    seen.n = 0;
    assert_ok(fl_store_answer_each(w->store, 0, message.customer, keep_answer, &seen, &err));
    assert_int_equal(seen.n, 2);
    assert_ok(fl_store_answer_tally(w->store, w->campaign, keep_tally, &n, &err));
    assert_int_equal(n, 2);
    assert_ok(fl_store_answer_tally(w->store, 1, keep_tally, &n, &err));
    assert_int_equal(n, 2);
}

static bool keep_cost(void *ctx, const struct fl_cost_tally *tally)
{
    int *n = ctx;

    assert_string_equal(tally->currency, *n ? "KRW" : "");
    assert_int_equal(tally->cost_micro, *n ? 40 : 0);
    assert_int_equal(tally->units, *n ? 5 : 1);
    ++*n;
    return true;
}

static void test_costs(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    int64_t feedback = 0;
    struct fl_message message = answered_message(w, &feedback);
    struct fl_event event = {.message = message.id, .kind = FL_EVENT_ANSWERED};
    int64_t id;
    int n = 0;

    assert_ok(fl_store_event_put(w->store, &event, &id, &err)); /* free */
    event.units = 1;
    assert_ok(fl_store_event_put(w->store, &event, &id, &err));
    event.currency = "KRW";
    event.cost_micro = 20;
    event.units = 2;
    assert_ok(fl_store_event_put(w->store, &event, &id, &err));
    event.kind = FL_EVENT_VISITED;
    event.units = 3;
    assert_ok(fl_store_event_put(w->store, &event, &id, &err));
    world_commit(w);
    assert_ok(fl_store_cost_tally(w->store, w->campaign, keep_cost, &n, &err));
    assert_int_equal(n, fl_store_remembers(w->store) ? 2 : 0);
}

static void test_attachments(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    int64_t feedback = 0;
    char hash[65];
    struct fl_attachment piece = {.name = "page-1.png", .type = "image/png"}, *list;
    size_t n = 99;

    answered_message(w, &feedback);
    assert_status(FL_INVALID, fl_store_attachment_put(w->store, feedback, &piece, &err));
    assert_ok(fl_store_evidence_put(w->store, "page", 4, hash, &err));
    piece.evidence = hash;
    assert_ok(fl_store_attachment_put(w->store, feedback, &piece, &err));
    piece.name = "a-page.png"; /* in order of being put, not of name */
    assert_ok(fl_store_attachment_put(w->store, feedback, &piece, &err));
    world_commit(w);
    assert_ok(fl_store_attachments(w->store, w->arena, feedback, &list, &n, &err));
    assert_int_equal(n, fl_store_remembers(w->store) ? 2 : 0);
    if (!n)
        return;
    assert_string_equal(list[0].name, "page-1.png");
    assert_string_equal(list[1].name, "a-page.png");
    assert_string_equal(list[1].type, "image/png");
    assert_string_equal(list[1].evidence, hash);
    assert_ok(fl_store_attachments(w->store, w->arena, 1, &list, &n, &err));
    assert_int_equal(n, 0);
}

static void test_short_links(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    int64_t feedback = 0, got = 0;
    struct fl_message message = answered_message(w, &feedback);
    const int64_t end_us = WORLD_NOW + FL_US_PER_DAY;
    const char *code = NULL;

    assert_status(FL_INVALID, fl_store_short_link_put(w->store, "", message.id, end_us, &err));
    assert_status(FL_INVALID, fl_store_short_link_put(w->store, "abc", 0, end_us, &err));
    assert_ok(fl_store_short_link_put(w->store, "abc", message.id, end_us, &err));
    if (!fl_store_remembers(w->store)) {
        assert_status(FL_NOT_FOUND, fl_store_short_link_get(w->store, "abc", 0, &got, &err));
        assert_status(FL_NOT_FOUND,
                      fl_store_short_link_of(w->store, w->arena, message.id, &code, &err));
        return;
    }
    assert_status(FL_CONFLICT, fl_store_short_link_put(w->store, "abc", message.id, end_us, &err));
    assert_null(strstr(err.text, "abc"));
    world_commit(w);
    assert_ok(fl_store_short_link_get(w->store, "abc", WORLD_NOW, &got, &err));
    assert_int_equal(got, message.id);
    assert_status(FL_NOT_FOUND, fl_store_short_link_get(w->store, "abc", end_us, &got, &err));
    assert_status(FL_NOT_FOUND, fl_store_short_link_get(w->store, "ABC", WORLD_NOW, &got, &err));
    assert_ok(fl_store_short_link_of(w->store, w->arena, message.id, &code, &err));
    assert_string_equal(code, "abc");
    assert_status(FL_NOT_FOUND, fl_store_short_link_of(w->store, w->arena, 1, &code, &err));
}

static void test_names(void **state)
{
    enum fl_feedback_kind kind;

    (void)state;
    for (int i = 0; i < FL_FEEDBACK_KINDS; i++) {
        assert_true(fl_feedback_kind_parse(fl_feedback_kind_name((enum fl_feedback_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    assert_string_equal(fl_event_kind_name(FL_EVENT_ANSWERED), "answered");
    assert_string_equal(fl_event_kind_name(FL_EVENT_VISITED), "visited");
}

static void test_memory(void **state)
{
    struct world *w = *state;
    struct fl_error err;
    static char big[4097];
    void *data = NULL;
    size_t len = 0;

    world_begin(w);
    assert_ok(fl_store_memory_set(w->store, "mail", "uid", "12", 2, &err));
    assert_ok(fl_store_memory_set(w->store, "mail", "uid", "13\0", 3, &err));
    assert_status(FL_LIMIT, fl_store_memory_set(w->store, "mail", "x", big, sizeof big, &err));
    assert_status(FL_INVALID, fl_store_memory_set(w->store, "mail", "", "x", 1, &err));
    if (!fl_store_remembers(w->store)) {
        assert_status(FL_NOT_FOUND,
                      fl_store_memory_get(w->store, w->arena, "mail", "uid", &data, &len, &err));
        return;
    }
    for (int i = 1; i < 64; i++) {
        char key[16];

        snprintf(key, sizeof key, "k%d", i);
        assert_ok(fl_store_memory_set(w->store, "mail", key, NULL, 0, &err));
    }
    assert_status(FL_LIMIT, fl_store_memory_set(w->store, "mail", "more", "x", 1, &err));
    assert_ok(fl_store_memory_set(w->store, "sms", "more", "x", 1, &err));
    world_commit(w);
    assert_ok(fl_store_memory_get(w->store, w->arena, "mail", "uid", &data, &len, &err));
    assert_int_equal(len, 3);
    assert_memory_equal(data, "13\0", 4);
    assert_ok(fl_store_memory_get(w->store, w->arena, "mail", "k1", &data, &len, &err));
    assert_int_equal(len, 0);
    assert_status(FL_NOT_FOUND,
                  fl_store_memory_get(w->store, w->arena, "fax", "uid", &data, &len, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_events),      BOTH(test_evidence),
        BOTH(test_feedback),    BOTH(test_answers),
        BOTH(test_costs),       BOTH(test_attachments),
        BOTH(test_short_links), cmocka_unit_test(test_names),
        BOTH(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
