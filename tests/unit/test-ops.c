/* Operations on a store of their own: the table keeps its promises, staff can act on the queue,
 * `why` always has an answer. */
#include "unit.h"

#include "base/file.h"
#include "base/str.h"
#include "ops/ops.h"
#include "policy/policy.h"

#include <fcntl.h>
#include <unistd.h>

#define NOW_US (INT64_C(1795348800) * FL_US_PER_S)

static const char conf_text[] = "organisation { name = \"Dairy\" country = KR }\n"
                                "channel \"mail\" { plugin = null }\n";
static const char campaign_text[] = "campaign \"spring\" {\n"
                                    "    purpose = \"marketing\"\n"
                                    "    channel = \"mail\"\n"
                                    "    content = \"welcome\"\n"
                                    "    audience { attribute \"segment\" { equals = \"a\" } }\n"
                                    "    schedule { at = \"now\" }\n"
                                    "}\n";
static const char customers[] = "external_id,name,email,attribute.segment,consent.marketing.email\n"
                                "C1,Kim,c1@example.org,a,yes\n"
                                "C2,Lee,c2@example.org,a,no\n"
                                "C3,Park,c3@example.org,b,yes\n";

struct world {
    char dir[64];
    struct fl_arena *arena;
    struct fl_clock_manual time;
    struct fl_ops_context context;
    json_t *rows;     /* of the last call */
    size_t n_faults;  /* of the last call */
    char notes[4096]; /* of the last call */
    struct fl_error err;
};

static void on_row(void *ctx, json_t *row)
{
    struct world *world = ctx;

    assert_int_equal(json_array_append(world->rows, row), 0);
}

static void on_note(void *ctx, const char *text)
{
    struct world *world = ctx;
    size_t len = strlen(world->notes);

    snprintf(world->notes + len, sizeof world->notes - len, "%s\n", text);
}

static void on_faults(void *ctx, const struct fl_faults *faults)
{
    struct world *world = ctx;

    world->n_faults = faults->n_total;
}

static int memory_file(const char *text)
{
    struct fl_error err = {0};
    int fd = -1;

    assert_ok(fl_memfd_sealed("test", text, strlen(text), &fd, &err));
    return fd;
}

/* Runs an operation; `values` is JSON text.  A member "file" with "text" is given as descriptor. */
static enum fl_status run_file(struct world *world, const char *noun, const char *verb,
                               const char *values, const char *file)
{
    const struct fl_ops_op *op = fl_ops_find(noun, verb);
    const struct fl_ops_sink sink = {
        .ctx = world, .row = on_row, .note = on_note, .faults = on_faults};
    struct fl_ops_args args = {.arena = world->arena};
    enum fl_status st;

    assert_non_null(op);
    (void)json_array_clear(world->rows);
    world->n_faults = 0;
    world->notes[0] = '\0';
    world->err = (struct fl_error){0};
    args.values = json_loads(values, 0, NULL);
    assert_non_null(args.values);
    if (file)
        args.fds[args.n_fds++] = memory_file(file);
    st = op->run(&world->context, &args, &sink, &world->err);
    if (args.n_fds && args.fds[0] >= 0)
        close(args.fds[0]);
    json_decref(args.values);
    assert_false(fl_store_in_transaction(world->context.store));
    return st;
}

static enum fl_status run(struct world *world, const char *noun, const char *verb,
                          const char *values)
{
    return run_file(world, noun, verb, values, NULL);
}

static void run_ok(struct world *world, const char *noun, const char *verb, const char *values)
{
    enum fl_status st = run(world, noun, verb, values);

    if (st)
        print_message("%s %s: %s\n", noun, verb ? verb : "", world->err.text);
    assert_int_equal(st, FL_OK);
}

static const char *cell(const struct world *world, size_t row, const char *key)
{
    const char *text = json_string_value(json_object_get(json_array_get(world->rows, row), key));

    return text ? text : "";
}

static int64_t number(const struct world *world, size_t row, const char *key)
{
    return json_integer_value(json_object_get(json_array_get(world->rows, row), key));
}

static enum fl_status apply(struct world *world, const char *text, const char *body)
{
    char values[1024];

    snprintf(values, sizeof values,
             "{\"file\": {\"name\": \"spring.conf\", \"fd\": 0, \"folders\": [{\"name\": "
             "\"welcome\", \"hash\": \"%zu\", \"files\": [{\"path\": \"content.md\", \"body\": "
             "\"%s\"}]}]}}",
             strlen(body), body);
    return run_file(world, "campaign", "apply", values, text);
}

static void apply_good(struct world *world)
{
    enum fl_status st =
        apply(world, campaign_text, "---\\nsubject: Hi {{name}}\\n---\\n\\nHello {{name}}\\n");

    if (st)
        print_message("apply: %s\n", world->err.text);
    assert_int_equal(st, FL_OK);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct fl_store_options options = {.create_if_missing = true, .busy_timeout_us = FL_US_PER_S};
    struct fl_error err = {0};
    struct fl_faults faults;
    char uri[128];
    int64_t id;

    assert_non_null(world);
    snprintf(world->dir, sizeof world->dir, "/tmp/fl-ops-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    world->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    world->rows = json_array();
    world->time.now_us = NOW_US;
    world->context.clock = fl_clock_of_manual(&world->time);
    options.clock = world->context.clock;
    snprintf(uri, sizeof uri, "sqlite:%s/fairline.db", world->dir);
    assert_ok(fl_store_open(uri, &options, &world->context.store, &err));
    fl_faults_init(&faults, world->arena);
    assert_ok(
        fl_conf_parse(world->arena, "test.conf", conf_text, &faults, &world->context.conf, &err));
    assert_ok(fl_store_begin(world->context.store, &err));
    assert_ok(fl_store_channel_id(world->context.store, "mail", FL_MEDIUM_EMAIL, &id, &err));
    assert_ok(fl_store_commit(world->context.store, &err));
    assert_int_equal(run_file(world, "import", "customers",
                              "{\"file\": {\"name\": \"people.csv\", \"fd\": 0}}", customers),
                     FL_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    static const char *const files[] = {"fairline.db", "fairline.db-wal", "fairline.db-shm"};
    char path[128];

    fl_store_close(&world->context.store);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", world->dir, files[i]);
        unlink(path);
    }
    rmdir(world->dir);
    json_decref(world->rows);
    fl_arena_destroy(&world->arena);
    free(world);
    return 0;
}

/* --- the table ---------------------------------------------------------------------------------*/

static void check_params(const struct fl_ops_op *op)
{
    bool was_optional = false;

    for (const struct fl_ops_param *param = op->params; param->name; param++) {
        assert_non_null(param->help);
        if (param->flags & FL_OPS_POSITIONAL) {
            /* After one that may be left out none can be needed. */
            assert_false(was_optional && (param->flags & FL_OPS_NEEDED));
            was_optional = !(param->flags & FL_OPS_NEEDED);
        }
        assert_false(fl_str_equal(param->name, "limit") || fl_str_equal(param->name, "dry-run"));
        for (const struct fl_ops_param *other = op->params; other != param; other++)
            assert_string_not_equal(other->name, param->name);
    }
}

static void test_table_is_whole(void **state)
{
    const struct fl_ops_op *last = NULL;

    (void)state;
    for (const struct fl_ops_op *op = fl_ops_table(); op->noun; last = op++) {
        assert_non_null(op->run);
        assert_non_null(op->summary);
        assert_non_null(op->examples);
        assert_non_null(fl_ops_noun_summary(op->noun));
        assert_ptr_equal(fl_ops_find(op->noun, op->verb), op);
        check_params(op);
        if (op->flags & FL_OPS_CONFIRMS)
            assert_true(op->flags & FL_OPS_WRITES);
        if (last && strcmp(last->noun, op->noun) == 0)
            assert_true(strcmp(last->verb ? last->verb : "", op->verb) < 0);
        else if (last)
            assert_true(strcmp(last->noun, op->noun) < 0);
    }
    assert_null(fl_ops_find("campaign", "fly"));
    assert_null(fl_ops_find("campaign", NULL));
}

/* --- campaigns ---------------------------------------------------------------------------------*/

static void test_apply_is_idempotent(void **state)
{
    struct world *world = *state;

    apply_good(world);
    assert_int_equal(json_array_size(world->rows), 2);
    assert_string_equal(cell(world, 0, "kind"), "content");
    assert_string_equal(cell(world, 1, "result"), "inserted");
    assert_string_equal(cell(world, 1, "state"), "draft");
    apply_good(world);
    assert_string_equal(cell(world, 0, "result"), "unchanged");
    assert_string_equal(cell(world, 1, "result"), "unchanged");
}

static void test_apply_lists_all_and_changes_nothing(void **state)
{
    struct world *world = *state;
    static const char bad[] = "campaign \"spring\" {\n    purpos = \"x\"\n    channel = \"post\"\n"
                              "    schedule { at = \"never\" }\n}\n";

    assert_int_equal(apply(world, bad, "Hello {{#open}}"), FL_INVALID);
    assert_true(world->n_faults >= 4);
    run_ok(world, "campaign", "list", "{}");
    assert_int_equal(json_array_size(world->rows), 0);
    run_ok(world, "content", "list", "{}");
    assert_int_equal(json_array_size(world->rows), 0);
}

static void test_apply_wants_its_content(void **state)
{
    struct world *world = *state;

    assert_int_equal(run_file(world, "campaign", "apply",
                              "{\"file\": {\"name\": \"spring.conf\", \"fd\": 0}}", campaign_text),
                     FL_INVALID);
    assert_int_equal(world->n_faults, 1);
    assert_non_null(strstr(world->err.text, "welcome"));
}

static void plan(struct world *world)
{
    apply_good(world);
    run_ok(world, "campaign", "schedule", "{\"campaign\": \"spring\", \"now\": true}");
}

static void test_schedule_dry_run_counts(void **state)
{
    struct world *world = *state;

    apply_good(world);
    run_ok(world, "campaign", "schedule", "{\"campaign\": \"spring\", \"dry-run\": true}");
    assert_non_null(strstr(world->notes, "would send 1 messages"));
    assert_string_equal(cell(world, 0, "rule"), "none");
    assert_int_equal(number(world, 0, "customers"), 1);
    run_ok(world, "campaign", "list", "{}");
    assert_string_equal(cell(world, 0, "state"), "draft");
    assert_int_equal(number(world, 0, "messages"), 0);
}

static void test_pause_resume_cancel(void **state)
{
    struct world *world = *state;

    apply_good(world);
    assert_int_equal(run(world, "campaign", "resume", "{\"campaign\": \"spring\"}"), FL_CONFLICT);
    plan(world);
    run_ok(world, "campaign", "pause", "{\"campaign\": \"spring\", \"reason\": \"price\"}");
    run_ok(world, "campaign", "show", "{\"campaign\": \"spring\"}");
    assert_string_equal(cell(world, 0, "state"), "paused");
    assert_string_equal(cell(world, 0, "reason"), "price");
    run_ok(world, "campaign", "resume", "{\"campaign\": \"spring\"}");
    run_ok(world, "campaign", "cancel", "{\"campaign\": \"spring\", \"dry-run\": true}");
    assert_int_equal(number(world, 0, "cancelled"), 1);
    run_ok(world, "campaign", "list", "{}");
    assert_string_not_equal(cell(world, 0, "state"), "cancelled");
    run_ok(world, "campaign", "cancel", "{\"campaign\": \"spring\"}");
    assert_int_equal(number(world, 0, "cancelled"), 1);
    assert_int_equal(run(world, "campaign", "schedule", "{\"campaign\": \"spring\"}"), FL_CONFLICT);
    run_ok(world, "why", NULL, "{\"customer\": \"C1\", \"campaign\": \"spring\"}");
    assert_string_equal(cell(world, 0, "rule"), "campaign_cancelled");
}

static void test_report_adds_up(void **state)
{
    struct world *world = *state;
    int64_t all = 0, by_state = 0;

    plan(world);
    run_ok(world, "campaign", "report", "{\"campaign\": \"spring\"}");
    for (size_t i = 0; i < json_array_size(world->rows); i++) {
        if (strcmp(cell(world, i, "section"), "messages") == 0)
            all = number(world, i, "count");
        if (strcmp(cell(world, i, "section"), "state") == 0)
            by_state += number(world, i, "count");
    }
    assert_int_equal(all, 2);
    assert_int_equal(by_state, all);
}

static void test_test_send_stays_apart(void **state)
{
    struct world *world = *state;

    plan(world);
    run_ok(world, "campaign", "test-send",
           "{\"campaign\": \"spring\", \"to\": \"me@Example.org\", \"customer\": \"C1\"}");
    assert_string_equal(cell(world, 0, "to"), "me@example.org");
    /* It may be sent again, and the campaign's own numbers do not count it. */
    world->time.now_us += FL_US_PER_S;
    run_ok(world, "campaign", "test-send",
           "{\"campaign\": \"spring\", \"to\": \"me@example.org\"}");
    run_ok(world, "campaign", "list", "{}");
    assert_int_equal(json_array_size(world->rows), 1);
    assert_int_equal(number(world, 0, "messages"), 2);
    run_ok(world, "campaign", "list", "{\"all\": true}");
    assert_int_equal(json_array_size(world->rows), 2);
    assert_int_equal(
        run(world, "campaign", "test-send", "{\"campaign\": \"spring\", \"to\": \"nonsense\"}"),
        FL_INVALID);
}

static void test_preview_renders(void **state)
{
    struct world *world = *state;

    apply_good(world);
    run_ok(world, "campaign", "preview", "{\"campaign\": \"spring\", \"customer\": \"C1\"}");
    assert_non_null(strstr(cell(world, 0, "text"), "Hello Kim"));
    assert_string_equal(cell(world, 0, "subject"), "Hi Kim");
    run_ok(world, "content", "preview",
           "{\"content\": {\"name\": \"welcome\"}, \"part\": \"subject\"}");
    assert_string_equal(cell(world, 0, "text"), "Hi Kim Mi-rae");
}

/* What could not be rendered for anybody is refused before anything is planned. */
static void test_apply_wants_a_subject_for_mail(void **state)
{
    struct world *world = *state;

    assert_int_equal(apply(world, campaign_text, "Hello {{name}}\\n"), FL_INVALID);
    assert_int_equal(world->n_faults, 1);
    assert_non_null(strstr(world->err.text, "subject"));
}

/* --- why ---------------------------------------------------------------------------------------*/

static void test_why_always_answers(void **state)
{
    struct world *world = *state;

    apply_good(world);
    run_ok(world, "why", NULL, "{\"customer\": \"C1\", \"campaign\": \"spring\"}");
    assert_non_null(strstr(cell(world, 0, "why"), "draft"));
    run_ok(world, "why", NULL, "{\"customer\": \"C3\", \"campaign\": \"spring\"}");
    assert_non_null(strstr(cell(world, 0, "why"), "not in the audience"));
    plan(world);
    run_ok(world, "why", NULL, "{\"customer\": \"C1\", \"campaign\": \"spring\"}");
    assert_string_equal(cell(world, 0, "state"), "due");
    run_ok(world, "why", NULL, "{\"customer\": \"C2\", \"campaign\": \"spring\"}");
    assert_string_equal(cell(world, 0, "state"), "suppressed");
    assert_non_null(strstr(cell(world, 0, "why"), "consent"));
    assert_int_equal(run(world, "why", NULL, "{\"customer\": \"C9\", \"campaign\": \"spring\"}"),
                     FL_NOT_FOUND);
    assert_int_equal(run(world, "why", NULL, "{\"customer\": \"C1\", \"campaign\": \"autumn\"}"),
                     FL_NOT_FOUND);
}

/* --- the queue ---------------------------------------------------------------------------------*/

static void only_message(struct world *world, char *out, size_t size)
{
    run_ok(world, "queue", "list", "{}");
    assert_int_equal(json_array_size(world->rows), 1);
    snprintf(out, size, "{\"message\": \"%s\"", cell(world, 0, "id"));
}

static void test_hold_and_release(void **state)
{
    struct world *world = *state;
    char id[64], values[96];

    plan(world);
    only_message(world, id, sizeof id);
    snprintf(values, sizeof values, "%s}", id);
    run_ok(world, "queue", "hold", values);
    assert_int_equal(number(world, 0, "messages"), 1);
    assert_int_equal(run(world, "queue", "hold", values), FL_CONFLICT);
    run_ok(world, "queue", "list", "{\"state\": \"held\"}");
    assert_string_equal(cell(world, 0, "rule"), "held_by_staff");
    run_ok(world, "queue", "release", "{\"campaign\": \"spring\"}");
    assert_int_equal(number(world, 0, "messages"), 1);
    run_ok(world, "message", "show", values);
    assert_string_equal(cell(world, 0, "state"), "due");
    assert_int_equal(json_array_size(json_object_get(json_array_get(world->rows, 0), "events")), 2);
    run_ok(world, "queue", "cancel", "{\"campaign\": \"spring\"}");
    run_ok(world, "queue", "list", "{}");
    assert_int_equal(json_array_size(world->rows), 0);
    assert_int_equal(run(world, "queue", "hold", "{}"), FL_INVALID);
}

static void test_resolve_takes_the_uncertain(void **state)
{
    struct world *world = *state;
    char id[64], values[96];
    struct fl_settle settle = {.to = FL_MESSAGE_UNCERTAIN, .attempts = 1};
    struct fl_error err = {0};

    plan(world);
    only_message(world, id, sizeof id);
    settle.message = strtoll(cell(world, 0, "id"), NULL, 10);
    snprintf(values, sizeof values, "%s, \"as\": \"sent\"}", id);
    assert_int_equal(run(world, "queue", "resolve", values), FL_CONFLICT);
    assert_ok(fl_store_begin(world->context.store, &err));
    assert_ok(fl_store_message_settle(world->context.store, &settle, &err));
    assert_ok(fl_store_commit(world->context.store, &err));
    run_ok(world, "queue", "resolve", values);
    assert_string_equal(cell(world, 0, "state"), "accepted");
    assert_int_equal(run(world, "queue", "resolve", values), FL_CONFLICT);
}

/* What a worker has in hand is left alone. */
static void test_hold_leaves_what_is_in_hand(void **state)
{
    struct world *world = *state;
    char id[64];
    int64_t message;
    struct fl_lease lease = {.channel = 1, .is_begun = true, .n_ids = 1};
    struct fl_error err = {0};
    enum fl_medium medium;

    plan(world);
    only_message(world, id, sizeof id);
    message = strtoll(cell(world, 0, "id"), NULL, 10);
    assert_ok(fl_store_channel_find(world->context.store, "mail", &lease.channel, &medium, &err));
    lease.ids = &message;
    assert_ok(fl_store_begin(world->context.store, &err));
    assert_ok(fl_store_lease_put(world->context.store, &lease, &err));
    assert_ok(fl_store_commit(world->context.store, &err));
    run_ok(world, "queue", "hold", "{\"campaign\": \"spring\"}");
    assert_int_equal(number(world, 0, "messages"), 0);
    run_ok(world, "queue", "list", "{\"state\": \"begun\"}");
    assert_int_equal(json_array_size(world->rows), 1);
}

/* --- customers ---------------------------------------------------------------------------------*/

static void test_consent_is_a_ledger(void **state)
{
    struct world *world = *state;
    static const char withdraw[] =
        "{\"customer\": \"C1\", \"purpose\": \"marketing\", \"medium\": \"email\", \"state\": "
        "\"withdrawn\", \"proof\": \"by phone\"}";

    run_ok(world, "consent", "set", withdraw);
    assert_string_equal(cell(world, 0, "result"), "written");
    run_ok(world, "consent", "set", withdraw);
    assert_string_equal(cell(world, 0, "result"), "unchanged");
    run_ok(world, "consent", "history", "{\"customer\": \"C1\"}");
    assert_int_equal(json_array_size(world->rows), 2);
    run_ok(world, "customer", "timeline", "{\"customer\": \"C1\"}");
    assert_int_equal(json_array_size(world->rows), 3); /* with the address */
    apply_good(world);
    run_ok(world, "campaign", "plan", "{\"campaign\": \"spring\"}");
    assert_string_equal(cell(world, 1, "rule"), "opted_out");
}

/* --- what comes back ---------------------------------------------------------------------------*/

/* The message of C1 was sent, clicked on and answered, on paper with two pages. */
static int64_t answered(struct world *world)
{
    char hash[65];
    struct fl_store *store = world->context.store;
    struct fl_event event = {.kind = FL_EVENT_ACCEPTED,
                             .cost_micro = 9900000,
                             .currency = "KRW",
                             .units = 2,
                             .at_us = NOW_US + 1 * FL_US_PER_S};
    struct fl_feedback feedback = {.kind = FL_FEEDBACK_SURVEY,
                                   .matched_by = FL_MATCH_TOKEN,
                                   .confidence = 1,
                                   .text = "Thank you",
                                   .dedupe_key = "s1",
                                   .received_us = NOW_US + 3 * FL_US_PER_S};
    struct fl_attachment page = {.name = "page-1.png", .type = "image/png", .evidence = hash};
    struct fl_answer answer = {.question = "recommend",
                               .has_number = true,
                               .number = 9,
                               .medium = FL_MEDIUM_FAX,
                               .at_us = NOW_US + 4 * FL_US_PER_S};
    struct fl_error err = {0};
    int64_t customer, id;

    plan(world);
    run_ok(world, "queue", "list", "{}");
    assert_ok(fl_store_customer_find(store, "C1", &customer, &err));
    event.message = feedback.message = answer.message = strtoll(cell(world, 0, "id"), NULL, 10);
    feedback.customer = answer.customer = customer;
    assert_ok(fl_store_begin(store, &err));
    assert_ok(fl_store_event_put(store, &event, NULL, &err));
    event = (struct fl_event){.message = event.message,
                              .kind = FL_EVENT_CLICKED,
                              .detail = "https://shop.test/",
                              .is_machine = true,
                              .at_us = NOW_US + 2 * FL_US_PER_S};
    assert_ok(fl_store_event_put(store, &event, NULL, &err));
    assert_ok(fl_store_feedback_put(store, &feedback, &id, &err));
    for (int i = 0; i < 2; i++) {
        assert_ok(fl_store_evidence_put(store, i ? "two" : "one", 3, hash, &err));
        assert_ok(fl_store_attachment_put(store, id, &page, &err));
    }
    answer.feedback = id;
    assert_ok(fl_store_answer_put(store, &answer, &err));
    answer.question = "words";
    answer.has_number = false;
    answer.text = "More milk";
    assert_ok(fl_store_answer_put(store, &answer, &err));
    assert_ok(fl_store_commit(store, &err));
    return id;
}

static void test_timeline_of_all_channels(void **state)
{
    static const struct {
        const char *direction, *medium, *what, *detail;
    } expected[] = {
        {"out", "email", "accepted", ""},
        {"in", "email", "clicked", "by a machine: https://shop.test/"},
        {"in", "", "survey", "Thank you"},
        {"in", "fax", "answer", "recommend: 9"},
        {"in", "fax", "answer", "words: More milk"},
    };
    enum { N_EXPECTED = sizeof expected / sizeof expected[0] };
    struct world *world = *state;
    size_t first;

    answered(world);
    run_ok(world, "customer", "timeline", "{\"customer\": \"C1\"}");
    assert_true(json_array_size(world->rows) > N_EXPECTED);
    first = json_array_size(world->rows) - N_EXPECTED;
    for (size_t i = 0; i < N_EXPECTED; i++) {
        assert_string_equal(cell(world, first + i, "direction"), expected[i].direction);
        assert_string_equal(cell(world, first + i, "medium"), expected[i].medium);
        assert_string_equal(cell(world, first + i, "what"), expected[i].what);
        assert_string_equal(cell(world, first + i, "detail"), expected[i].detail);
    }
    assert_string_equal(cell(world, first, "cost"), "9.9");
    assert_string_equal(cell(world, first, "currency"), "KRW");
    assert_int_equal(number(world, first, "units"), 2);
    assert_string_equal(cell(world, first, "campaign"), "spring");
    assert_string_equal(cell(world, first + 3, "campaign"), "spring");
}

static void test_feedback_shows_answers_and_pages(void **state)
{
    struct world *world = *state;
    long long id = answered(world);
    char values[96];
    json_t *row;

    snprintf(values, sizeof values, "{\"feedback\": \"%lld\"}", id);
    run_ok(world, "feedback", "show", values);
    row = json_array_get(world->rows, 0);
    assert_int_equal(json_array_size(json_object_get(row, "answers")), 2);
    assert_int_equal(json_array_size(json_object_get(row, "attachments")), 2);
    run_ok(world, "feedback", "image", values);
    assert_string_equal(cell(world, 0, "base64"), "b25l");
    assert_string_equal(cell(world, 0, "type"), "image/png");
    snprintf(values, sizeof values, "{\"feedback\": \"%lld\", \"page\": 2}", id);
    run_ok(world, "feedback", "image", values);
    assert_string_equal(cell(world, 0, "base64"), "dHdv");
    snprintf(values, sizeof values, "{\"feedback\": \"%lld\", \"page\": 3}", id);
    assert_int_equal(run(world, "feedback", "image", values), FL_INVALID);
    run_ok(world, "feedback", "list", "{\"kind\": \"survey\"}");
    assert_int_equal(json_array_size(world->rows), 1);
}

static void test_report_counts_answers_and_cost(void **state)
{
    struct world *world = *state;
    size_t n;

    answered(world);
    run_ok(world, "campaign", "report", "{\"campaign\": \"spring\"}");
    n = json_array_size(world->rows);
    assert_true(n > 3);
    assert_string_equal(cell(world, n - 3, "section"), "answer");
    assert_string_equal(cell(world, n - 3, "key"), "recommend");
    assert_string_equal(cell(world, n - 3, "sentence"), "mean 9.00, net promoter score +100");
    assert_string_equal(cell(world, n - 2, "key"), "words");
    assert_int_equal(number(world, n - 2, "count"), 1);
    assert_string_equal(cell(world, n - 1, "section"), "cost");
    assert_string_equal(cell(world, n - 1, "key"), "KRW");
    assert_string_equal(cell(world, n - 1, "sentence"), "9.9 KRW for 2 units");
}

static void test_import_dry_run_changes_nothing(void **state)
{
    struct world *world = *state;

    assert_int_equal(run_file(world, "import", "customers",
                              "{\"file\": {\"name\": \"p.csv\", \"fd\": 0}, \"dry-run\": true}",
                              "external_id,name\nC9,New\n"),
                     FL_OK);
    assert_int_equal(number(world, 0, "inserted"), 1);
    assert_int_equal(run(world, "customer", "show", "{\"customer\": \"C9\"}"), FL_NOT_FOUND);
    assert_int_equal(run_file(world, "import", "customers",
                              "{\"file\": {\"name\": \"p.csv\", \"fd\": 0}}",
                              "external_id,email\nC9,nonsense\nC10,worse@\n"),
                     FL_INVALID);
    assert_int_equal(world->n_faults, 2);
}

static void test_status_counts(void **state)
{
    struct world *world = *state;

    plan(world);
    run_ok(world, "status", NULL, "{}");
    assert_string_equal(cell(world, 0, "daemon"), "down");
    assert_int_equal(number(world, 0, "waiting"), 1);
    run_ok(world, "queue", "show", "{}");
    run_ok(world, "store", "check", "{}");
    assert_string_equal(cell(world, 0, "result"), "OK");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_whole),
        cmocka_unit_test_setup_teardown(test_apply_is_idempotent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_apply_lists_all_and_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_apply_wants_its_content, setup, teardown),
        cmocka_unit_test_setup_teardown(test_schedule_dry_run_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pause_resume_cancel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_adds_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_test_send_stays_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_preview_renders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_apply_wants_a_subject_for_mail, setup, teardown),
        cmocka_unit_test_setup_teardown(test_why_always_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hold_and_release, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resolve_takes_the_uncertain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hold_leaves_what_is_in_hand, setup, teardown),
        cmocka_unit_test_setup_teardown(test_consent_is_a_ledger, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timeline_of_all_channels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_feedback_shows_answers_and_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_report_counts_answers_and_cost, setup, teardown),
        cmocka_unit_test_setup_teardown(test_import_dry_run_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_status_counts, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
