/* The exec plugin against programs that behave and programs that do not, each a line of shell. */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../plugins/exec/exec_private.h"

enum { ITEMS_MAX = 128, LOG_MAX = 1 << 16 };

struct world {
    struct fl_services services;
    void *self;
    struct fl_report reports[ITEMS_MAX];
    char details[ITEMS_MAX][256];
    int n_reports, n_begun, n_inbound, n_receipts, n_commits;
    int refuses_begin, refuses_inbound, refuses_commit, stops_after;
    char piece[256], log[LOG_MAX];
    char memory[64];
};

static void log_line(void *host, enum fl_level level, const char *message)
{
    struct world *w = host;
    size_t used = strlen(w->log);

    snprintf(w->log + used, sizeof w->log - used, "%d %s\n", (int)level, message);
}

static int64_t now(void *host)
{
    (void)host;
    return 1;
}

static int take_report(void *host, const struct fl_report *report)
{
    struct world *w = host;

    assert_true(w->n_reports < ITEMS_MAX);
    w->reports[w->n_reports] = *report;
    snprintf(w->details[w->n_reports++], sizeof w->details[0], "%s",
             report->detail ? report->detail : "");
    return 0;
}

static int take_inbound(void *host, const struct fl_inbound *inbound)
{
    struct world *w = host;

    w->n_inbound++;
    snprintf(w->piece, sizeof w->piece, "%s|%s|%.*s", inbound->dedupe_key,
             inbound->form ? inbound->form : "", (int)inbound->data_len,
             (const char *)inbound->data);
    return w->refuses_inbound;
}

static int take_receipt(void *host, const struct fl_receipt *receipt)
{
    struct world *w = host;

    assert_int_equal(receipt->report.outcome, FL_OUTCOME_DELIVERED);
    w->n_receipts++;
    return 0;
}

static int commit(void *host)
{
    struct world *w = host;

    w->n_commits++;
    return w->refuses_commit;
}

static int is_stopping(void *host)
{
    struct world *w = host;

    return w->stops_after && w->n_reports >= w->stops_after;
}

static int remember(void *host, const char *key, const void *data, size_t len)
{
    struct world *w = host;

    assert_string_equal(key, "cursor");
    snprintf(w->memory, sizeof w->memory, "%.*s", (int)len, (const char *)data);
    return 0;
}

static long recall(void *host, const char *key, void *data, size_t cap)
{
    struct world *w = host;
    size_t len = strlen(w->memory);

    (void)key;
    memcpy(data, w->memory, len < cap ? len : cap);
    return *w->memory ? (long)len : -1;
}

static int begin(void *host, uint32_t item)
{
    struct world *w = host;

    (void)item;
    w->n_begun++;
    return w->refuses_begin;
}

/* A program in shell: $call is the line, `answer` writes one. */
#define PROGRAM(body)                                                                              \
    "/bin/sh -c 'answer() { printf \"%s\\\\n\" \"$1\"; };"                                         \
    " while read -r call; do case $call in *\\\"open\\\"*) ;; " body                               \
    " esac; answer \"{\\\"done\\\":\\\"ok\\\"}\"; done'"

struct settings {
    const char *command;
    int batch, begins, timeout_ms;
    const char *folder, *secret;
};

static enum fl_call open_program(struct world *w, const struct settings *s, struct fl_why *why)
{
    const struct fl_option options[] = {
        {"command", s->command, 0}, {"folder", s->folder, 0},
        {"secret", s->secret, 0},   {"batch", "", s->batch},
        {"begins", "", s->begins},  {"timeout", "", s->timeout_ms * 1000},
    };

    *w = (struct world){.services = {.size = sizeof w->services,
                                     .host = w,
                                     .log = log_line,
                                     .now_us = now,
                                     .report = take_report,
                                     .inbound = take_inbound,
                                     .receipt = take_receipt,
                                     .commit = commit,
                                     .is_stopping = is_stopping,
                                     .remember = remember,
                                     .recall = recall,
                                     .begin = begin}};
    *why = (struct fl_why){.size = sizeof *why};
    return fairline_channel_v1()->open(options, 6, &w->services, &w->self, why);
}

static struct world *start(const struct settings *s)
{
    struct world *w = calloc(1, sizeof *w);
    struct fl_why why;

    assert_non_null(w);
    if (open_program(w, s, &why) != FL_CALL_OK)
        fail_msg("%s\n%s", why.text, w->log);
    return w;
}

static void stop(struct world *w)
{
    fairline_channel_v1()->close(w->self);
    free(w);
}

static enum fl_call deliver(struct world *w, size_t n, struct fl_why *why)
{
    static const struct fl_part part = {sizeof part, "text/plain", NULL, "\xea\xb0\x80 \"x\"", 7};
    static const struct fl_part *const parts[] = {&part};
    struct fl_item items[ITEMS_MAX];
    const struct fl_item *pointers[ITEMS_MAX];

    for (size_t i = 0; i < n; i++) {
        items[i] = (struct fl_item){.size = sizeof items[i],
                                    .attempt = 1,
                                    .message_id = (int64_t)i + 1,
                                    .to_address = "a",
                                    .parts = parts,
                                    .n_parts = 1};
        pointers[i] = &items[i];
    }
    *why = (struct fl_why){.size = sizeof *why};
    w->n_reports = w->n_begun = 0;
    return fairline_channel_v1()->deliver(w->self, pointers, n, why);
}

#define REPORT(outcome)                                                                            \
    "answer \"{\\\"report\\\":{\\\"item\\\":0,\\\"outcome\\\":\\\"" outcome "\\\"}}\""

static void delivers(void **state)
{
    struct world *w = start(
        &(struct settings){PROGRAM("*\\\"text\\\":\\\"\xea\xb0\x80*) " REPORT("delivered") ";;"), 1,
                           0, 5000, NULL, NULL});
    struct fl_why why;

    (void)state;
    assert_int_equal(deliver(w, 3, &why), FL_CALL_OK);
    assert_int_equal(w->n_reports, 3);
    assert_int_equal(w->n_begun, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(w->reports[i].item, i);
        assert_int_equal(w->reports[i].outcome, FL_OUTCOME_DELIVERED);
    }
    assert_int_equal(deliver(w, 0, &why), FL_CALL_OK);
    w->n_reports = 0;
    w->stops_after = 2;
    assert_int_equal(deliver(w, 5, &why), FL_CALL_RETRY);
    assert_int_equal(w->n_reports, 2);
    w->refuses_begin = -1;
    assert_int_equal(deliver(w, 1, &why), FL_CALL_RETRY);
    assert_int_equal(w->n_reports, 0);
    stop(w);
}

/* Dies with the second item: that one is in doubt, the third is tried again, the next call works.
 */
static void program_dies(void **state)
{
    struct world *w = start(&(struct settings){
        PROGRAM(
            "*\\\"message_id\\\":2,*) echo ouch >&2; exit 3;; *deliver*) " REPORT("accepted") ";;"),
        1, 0, 5000, NULL, NULL});
    struct fl_why why;

    (void)state;
    assert_int_equal(deliver(w, 3, &why), FL_CALL_RETRY);
    assert_string_equal(why.text, "the program ended with exit status 3");
    assert_int_equal(w->n_reports, 2);
    assert_int_equal(w->reports[1].outcome, FL_OUTCOME_UNCERTAIN);
    assert_int_equal(w->reports[1].fault, FL_FAULT_OUR_SIDE);
    assert_non_null(strstr(w->log, "6 ouch\n"));
    assert_int_equal(deliver(w, 1, &why), FL_CALL_OK);
    assert_int_equal(w->reports[0].outcome, FL_OUTCOME_ACCEPTED);
    stop(w);
}

static void program_dies_again_and_again(void **state)
{
    struct world *w = start(&(struct settings){PROGRAM("*) exit 1;;"), 1, 0, 5000, NULL, NULL});
    struct fl_why why;
    int fds[2], timeout_ms;

    (void)state;
    assert_int_equal(deliver(w, 1, &why), FL_CALL_RETRY);
    assert_int_equal(deliver(w, 1, &why), FL_CALL_RETRY);
    assert_int_equal(w->n_reports, 1);
    assert_int_equal(deliver(w, 1, &why), FL_CALL_RETRY);
    assert_non_null(strstr(why.text, "is started again in"));
    assert_int_equal(w->n_reports, 0); /* held back: nothing was begun */
    assert_int_equal(w->n_begun, 0);
    assert_int_equal(fairline_channel_v1()->poll_fds(w->self, fds, 2, &timeout_ms), 0);
    assert_in_range(timeout_ms, 0, 1000);
    stop(w);
}

/* With `begins` only what it said to have begun is in doubt. */
static void program_begins(void **state)
{
    struct world *w = start(&(struct settings){
        PROGRAM("*deliver*) answer \"{\\\"begin\\\":1}\"; read -r a; test \"$a\" = "
                "\"{\\\"begin\\\":1,\\\"ok\\\":true}\" || answer \"$a\"; " REPORT(
                    "accepted") "; exit 0;;"),
        3, 1, 5000, NULL, NULL});
    struct fl_why why;

    (void)state;
    assert_int_equal(deliver(w, 3, &why), FL_CALL_RETRY);
    assert_int_equal(w->n_begun, 1);
    assert_int_equal(w->n_reports, 3);
    assert_int_equal(w->reports[0].outcome, FL_OUTCOME_ACCEPTED);
    assert_int_equal(w->reports[1].item, 1);
    assert_int_equal(w->reports[1].outcome, FL_OUTCOME_UNCERTAIN);
    assert_int_equal(w->reports[2].outcome, FL_OUTCOME_NOT_TRIED);
    stop(w);
}

static void program_is_silent(void **state)
{
    struct world *w =
        start(&(struct settings){PROGRAM("*deliver*) exec sleep 1000;;"), 1, 0, 200, NULL, NULL});
    struct fl_why why;

    (void)state;
    assert_int_equal(deliver(w, 1, &why), FL_CALL_RETRY);
    assert_non_null(strstr(why.text, "said nothing for 200 ms"));
    assert_int_equal(w->reports[0].outcome, FL_OUTCOME_UNCERTAIN);
    stop(w);
}

/* Whatever it says that cannot be: a sentence, the doubtful item, and no crash. */
static void program_talks_nonsense(void **state)
{
    static const char *const said[][2] = {
        {"garbage", "no JSON object"},
        {"{}", "says none of"},
        {"{\\\"report\\\":{\\\"item\\\":1,\\\"outcome\\\":\\\"accepted\\\"}}", "names item 1"},
        {"{\\\"report\\\":{\\\"outcome\\\":\\\"accepted\\\"}}", "has no \"item\""},
        {"{\\\"report\\\":{\\\"item\\\":0,\\\"outcome\\\":\\\"sent\\\"}}",
         "expected one of not_tried, accepted"},
        {"{\\\"report\\\":{\\\"item\\\":-1,\\\"outcome\\\":\\\"accepted\\\"}}", "no whole number"},
        {"{\\\"report\\\":5}", "is no object"},
        {"{\\\"inbound\\\":{\\\"kind\\\":\\\"text\\\",\\\"dedupe_key\\\":\\\"k\\\",\\\"data\\\":"
         "\\\"x\\\"}}",
         "says \"inbound\" during \"deliver\""},
        {"{\\\"done\\\":\\\"ok\\\",\\\"commit\\\":true}", "both"},
        {"{\\\"done\\\":\\\"fine\\\"}", "expected one of ok, retry, failed, unsupported"},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "nested deeper"},
    };
    const char *whole = PROGRAM("@"), *mark = strchr(whole, '@');
    char command[1024];
    struct fl_why why;

    (void)state;
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        struct world *w;

        snprintf(command, sizeof command, "%.*s*deliver*) answer \"%s\";;%s", (int)(mark - whole),
                 whole, said[i][0], mark + 1);
        w = start(&(struct settings){command, 1, 0, 5000, NULL, NULL});
        assert_int_equal(deliver(w, 1, &why), FL_CALL_RETRY);
        if (!strstr(why.text, said[i][1]))
            fail_msg("\"%s\" gives \"%s\", expected \"%s\"", said[i][0], why.text, said[i][1]);
        assert_int_equal(w->n_reports, 1);
        assert_int_equal(w->reports[0].outcome, FL_OUTCOME_UNCERTAIN);
        stop(w);
    }
}

static void program_says_how_it_went(void **state)
{
    struct world *w = start(&(struct settings){
        PROGRAM("*deliver*) answer "
                "\"{\\\"done\\\":\\\"retry\\\",\\\"why\\\":\\\"away\\\",\\\"fault\\\":"
                "\\\"transient\\\"}\"; "
                "continue;; *health*) answer \"{\\\"done\\\":\\\"failed\\\",\\\"why\\\":\\\"no "
                "login\\\"}\"; "
                "continue;; *collect*) answer \"{\\\"done\\\":\\\"unsupported\\\"}\"; continue;;"),
        2, 0, 5000, NULL, NULL});
    struct fl_why why;

    (void)state;
    assert_int_equal(deliver(w, 2, &why), FL_CALL_RETRY);
    assert_string_equal(why.text, "away");
    assert_int_equal(why.fault, FL_FAULT_TRANSIENT);
    assert_int_equal(w->n_reports, 2);
    assert_int_equal(w->reports[0].outcome, FL_OUTCOME_NOT_TRIED);
    assert_int_equal(fairline_channel_v1()->health(w->self, &why), FL_CALL_FAILED);
    assert_string_equal(why.text, "no login");
    assert_int_equal(fairline_channel_v1()->collect(w->self, &why), FL_CALL_OK);
    stop(w);
}

#define COLLECTS                                                                                   \
    PROGRAM(                                                                                       \
        "*collect*) answer "                                                                       \
        "\"{\\\"inbound\\\":{\\\"kind\\\":\\\"text\\\",\\\"dedupe_key\\\":\\\"k\\\",\\\"x\\\":1,"  \
        "\\\"data_base64\\\":\\\"AGFi\\\"}}\"; answer \"{\\\"commit\\\":true}\"; read -r a; "      \
        "answer \"{\\\"log\\\":\\\"$(echo $a | tr -d \\\")\\\",\\\"level\\\":\\\"warn\\\"}\"; "    \
        "answer \"{\\\"remember\\\":{\\\"key\\\":\\\"cursor\\\",\\\"value\\\":\\\"7\\\"}}\";; "    \
        "*lookup*) answer \"{\\\"recall\\\":\\\"cursor\\\"}\"; read -r a; echo \"$a\" >&2; "       \
        "answer \"{\\\"receipt\\\":{\\\"dedupe_key\\\":\\\"r\\\",\\\"provider_ref\\\":\\\"p\\\","  \
        "\\\"report\\\":{\\\"outcome\\\":\\\"delivered\\\"}}}\";; "                                \
        "*http*) answer \"{\\\"response\\\":{\\\"status\\\":202,\\\"body\\\":\\\"got "             \
        "it\\\"}}\";;")

static void collects(void **state)
{
    struct world *w = start(&(struct settings){COLLECTS, 1, 0, 5000, NULL, NULL});
    const char *ref = "p";
    const struct fl_http_request request = {
        .size = sizeof request, .method = "POST", .path = "/", .body = "\xff", .body_len = 1};
    struct fl_http_response response = {.size = sizeof response};
    struct fl_why why = {.size = sizeof why};
    const struct fl_channel_v1 *channel = fairline_channel_v1();

    (void)state;
    assert_int_equal(channel->collect(w->self, &why), FL_CALL_OK);
    assert_int_equal(w->n_inbound, 1);
    assert_memory_equal(w->piece, "k||", 3);
    assert_int_equal(w->n_commits, 1);
    assert_non_null(strstr(w->log, "4 {commit:true}"));
    assert_string_equal(w->memory, "7");
    assert_int_equal(channel->lookup(w->self, &ref, 1, &why), FL_CALL_OK);
    assert_int_equal(w->n_receipts, 1);
    assert_int_equal(channel->http(w->self, &request, &response, &why), FL_CALL_OK);
    assert_int_equal(response.status, 202);
    assert_memory_equal(response.body, "got it", 6);
    w->refuses_inbound = -1; /* a piece was not taken: the program must keep it */
    assert_int_equal(channel->collect(w->self, &why), FL_CALL_OK);
    assert_non_null(strstr(w->log, "4 {commit:false}"));
    w->refuses_inbound = 0;
    w->refuses_commit = -1;
    w->log[0] = '\0';
    assert_int_equal(channel->collect(w->self, &why), FL_CALL_OK);
    assert_non_null(strstr(w->log, "4 {commit:false}"));
    stop(w);
}

/* What a program gets: the three streams, a bare environment, its secret by the open call. */
static void program_is_started_clean(void **state)
{
    struct world *w;
    struct fl_why why;

    (void)state;
    assert_int_equal(setenv("FAIRLINE_TEST_SECRET", "x", 1), 0);
    w = start(&(struct settings){
        "/bin/sh -c 'read -r call; echo \"$call\" >&2; pwd >&2; env >&2; ls /proc/self/fd >&2; "
        "echo \"{\\\"done\\\":\\\"ok\\\"}\"; read -r end; echo over >&2'",
        1, 0, 5000, "/", "geheim"});
    assert_int_equal(fairline_channel_v1()->health(w->self, &why), FL_CALL_RETRY);
    assert_non_null(strstr(w->log, "\"secret\":\"geheim\""));
    assert_non_null(strstr(w->log, "6 /\n"));
    assert_null(strstr(w->log, "FAIRLINE_TEST_SECRET"));
    assert_null(strstr(w->log, "6 4\n")); /* 3 is ls's own */
    assert_non_null(strstr(w->log, "6 over\n"));
    stop(w);
}

static void refuses_what_cannot_start(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct fl_why why = {.size = sizeof why};
    const struct {
        const char *command, *why;
    } cases[] = {
        {"/nowhere/program", "cannot start \"/nowhere/program\": No such file or directory"},
        {"/bin/sh -c 'exit 7'", "the program ended with exit status 7"},
        {"/bin/sh -c 'read c; echo \"{\\\"done\\\":\\\"failed\\\",\\\"why\\\":\\\"no\\\"}\"'",
         "cannot open: no"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_not_equal(
            open_program(w, &(struct settings){cases[i].command, 1, 0, 5000, NULL, NULL}, &why),
            FL_CALL_OK);
        if (!strstr(why.text, cases[i].why))
            fail_msg("\"%s\", expected \"%s\"", why.text, cases[i].why);
    }
    free(w);
}

static void splits_commands(void **state)
{
    struct exec_command c;
    char why[EXEC_WHY_MAX];
    char many[400] = "/x";

    (void)state;
    assert_true(exec_command_split("  /bin/a 'b \\c' \"d \\\"e\\\"\" f\\ g '' ", &c, why));
    assert_string_equal(c.argv[0], "/bin/a");
    assert_string_equal(c.argv[1], "b \\c");
    assert_string_equal(c.argv[2], "d \"e\"");
    assert_string_equal(c.argv[3], "f g");
    assert_string_equal(c.argv[4], "");
    assert_null(c.argv[5]);
    assert_false(exec_command_split("sh -c x", &c, why));
    assert_non_null(strstr(why, "absolute path"));
    assert_false(exec_command_split("", &c, why));
    assert_false(exec_command_split("/bin/sh 'x", &c, why));
    for (int i = 0; i < EXEC_ARGS_MAX; i++)
        memcpy(many + 2 + i * 2, " y", 3);
    assert_false(exec_command_split(many, &c, why));
}

static void reads_pieces(void **state)
{
    static const char form[] =
        "{\"inbound\":{\"kind\":\"form\",\"dedupe_key\":\"k\",\"form\":{\"text\":\"hi\"}}}";
    static const char both[] =
        "{\"inbound\":{\"kind\":\"text\",\"dedupe_key\":\"k\",\"data\":\"a\","
        "\"data_base64\":\"YQ==\"}}";
    static const char relative[] =
        "{\"inbound\":{\"kind\":\"text\",\"dedupe_key\":\"k\",\"file\":\"x\"}}";
    static const char base64[] =
        "{\"inbound\":{\"kind\":\"text\",\"dedupe_key\":\"k\",\"data_base64\":\"YQ==\"}}";
    struct exec_line line;
    char why[EXEC_WHY_MAX];

    (void)state;
    assert_true(exec_line_parse(form, strlen(form), &line, why));
    assert_int_equal(line.inbound.kind, FL_INBOUND_FORM);
    assert_memory_equal(line.inbound.data, "{\"text\":\"hi\"}", 13);
    assert_null(line.inbound.form);
    exec_line_finish(&line);
    assert_true(exec_line_parse(base64, strlen(base64), &line, why));
    assert_int_equal(line.inbound.data_len, 1);
    exec_line_finish(&line);
    assert_false(exec_line_parse(both, strlen(both), &line, why));
    assert_false(exec_line_parse(relative, strlen(relative), &line, why));
    assert_non_null(strstr(why, "absolute path"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delivers),
        cmocka_unit_test(program_dies),
        cmocka_unit_test(program_dies_again_and_again),
        cmocka_unit_test(program_begins),
        cmocka_unit_test(program_is_silent),
        cmocka_unit_test(program_talks_nonsense),
        cmocka_unit_test(program_says_how_it_went),
        cmocka_unit_test(collects),
        cmocka_unit_test(program_is_started_clean),
        cmocka_unit_test(refuses_what_cannot_start),
        cmocka_unit_test(splits_commands),
        cmocka_unit_test(reads_pieces),
    };

    /* As in a host: a program that ends before it has read is told by the write. */
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
