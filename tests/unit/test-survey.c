/* Surveys: reading them with all their faults, comparing variants, taking answers. */
#include "unit.h"

#include <jansson.h>

#include "base/str.h"
#include "content/content.h"
#include "content/survey.h"

static const char good[] =
    "## satisfaction: csat\r\n"
    "How satisfied are you\r\nwith us?\r\n\r\nTell us.\r\n"
    "- 1 Not at all\r\n- 5 Very\r\n\r\n"
    "## recommend: nps\nWould you recommend us?\n"
    "## effort : scale 3..7\nHow hard was it?\n"
    "## reason: choice\nWhy?\n- price The price\n- friend A friend told me\n"
    "## seen: choices\nWhere?\n- web The web\n- tv Television\n- 3rd Elsewhere\n"
    "## words: text\nWhat else?\n";

struct fixture {
    struct fl_arena *arena;
    struct fl_faults faults;
    struct fl_survey survey;
    struct fl_error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    fl_faults_init(&f->faults, f->arena);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fl_arena_destroy(&f->arena);
    free(f);
    return 0;
}

static enum fl_status parse(struct fixture *f, const char *text)
{
    fl_faults_init(&f->faults, f->arena);
    f->survey = (struct fl_survey){0};
    return fl_survey_parse(f->arena, "survey.md", text, strlen(text), &f->faults, &f->survey,
                           &f->err);
}

static void test_reads_every_type(void **state)
{
    struct fixture *f = *state;
    const struct fl_question *q;
    struct fl_error err;

    err.text[0] = '\0';
    assert_ok(parse(f, good));
    assert_int_equal(f->survey.n_questions, 6);
    q = f->survey.questions;
    assert_string_equal(q[0].key, "satisfaction");
    assert_string_equal(q[0].text, "How satisfied are you with us?\nTell us.");
    assert_int_equal(q[0].type, FL_QUESTION_SCALE);
    assert_int_equal(q[0].min, 1);
    assert_int_equal(q[0].max, 5);
    assert_int_equal(q[0].n_options, 2);
    assert_string_equal(q[0].options[1].label, "Very");
    assert_int_equal(q[1].min, 0);
    assert_int_equal(q[1].max, 10);
    assert_int_equal(q[2].min, 3);
    assert_int_equal(q[2].max, 7);
    assert_int_equal(q[3].type, FL_QUESTION_CHOICE);
    assert_string_equal(q[3].options[1].key, "friend");
    assert_string_equal(q[3].options[1].label, "A friend told me");
    assert_int_equal(q[4].type, FL_QUESTION_CHOICES);
    assert_string_equal(q[4].options[2].key, "3rd");
    assert_int_equal(q[5].type, FL_QUESTION_TEXT);
}

/* The one fault of a text: its line and a word of the reason. */
static void assert_fault(struct fixture *f, const char *text, long line, const char *word)
{
    assert_status(FL_INVALID, parse(f, text));
    if (f->faults.n_total != 1 || f->faults.items[0].line != line ||
        !strstr(fl_fault_text(f->arena, &f->faults.items[0]), word))
        for (size_t i = 0; i < f->faults.n_items; i++)
            print_message("%s\n", fl_fault_text(f->arena, &f->faults.items[i]));
    assert_int_equal(f->faults.n_total, 1);
    assert_int_equal(f->faults.items[0].line, line);
    assert_non_null(strstr(fl_fault_text(f->arena, &f->faults.items[0]), word));
    assert_string_equal(f->faults.items[0].file, "survey.md");
}

static void test_names_every_fault_with_its_line(void **state)
{
    struct fixture *f = *state;

    assert_fault(f, "", 0, "asks nothing");
    assert_fault(f, "hello\nworld\n", 1, "before anything else");
    assert_fault(f, "\n## a\nA?\n", 2, "key: type");
    assert_fault(f, "## A: text\nA?\n", 1, "no key of a question");
    assert_fault(f, "## 1a: text\nA?\n", 1, "no key of a question");
    assert_fault(f, "## a: star\nA?\n", 1, "no type");
    assert_fault(f, "## a: scale 5..1\nA?\n", 1, "no type");
    assert_fault(f, "## a: scale 0..11\nA?\n", 1, "no type");
    assert_fault(f, "## a: scale 1.5\nA?\n", 1, "no type");
    assert_fault(f, "## a: text\nA?\n## a: text\nA?\n", 3, "asked twice");
    assert_fault(f, "## a: text\n\n", 1, "asks nothing");
    assert_fault(f, "## a: text\nA?\n- b B\n", 3, "no options");
    assert_fault(f, "## a: choice\nA?\n- b B\n", 1, "1 options, expected at least 2");
    assert_fault(f, "## a: choices\nA?\n", 1, "expected at least 1");
    assert_fault(f, "## a: choice\nA?\n- b B\n- c C\n- b B\n", 5, "there twice");
    assert_fault(f, "## a: choice\nA?\n- b B\n- c C\n- d\n", 5, "no label");
    assert_fault(f, "## a: choice\nA?\n- b B\n- c C\n- D D\n", 5, "no key of an option");
    assert_fault(f, "## a: csat\nA?\n- 6 Six\n", 3, "no number of the scale");
    assert_fault(f, "## a: csat\nA?\n- 5 Five\nmore\n", 4, "behind the options");
    assert_fault(f, "## a: text\nDear {{name}}?\nMore\n", 2, "no tags");
    assert_fault(f, "## a: text\n\xff?\n", 0, "UTF-8");
    assert_fault(f, "## a: text\n\x01?\n", 0, "UTF-8");
}

static void test_lists_all_faults_at_once(void **state)
{
    struct fixture *f = *state;

    assert_status(FL_INVALID, parse(f, "## a: what\nA?\n- x X\n## b: text\n## c: choice\nC?\n"));
    assert_int_equal(f->faults.n_total, 3);
}

static void test_bounds_questions_and_options(void **state)
{
    struct fixture *f = *state;
    struct fl_buf text = FL_BUF(1 << 20);

    for (int i = 0; i <= FL_SURVEY_QUESTIONS_MAX; i++)
        fl_buf_printf(&text, "## q%d: text\nQ?\n", i);
    assert_fault(f, text.data, 2 * FL_SURVEY_QUESTIONS_MAX + 1, "more than 20");
    fl_buf_reset(&text);
    fl_buf_puts(&text, "## q: choices\nQ?\n");
    for (int i = 0; i <= FL_SURVEY_OPTIONS_MAX; i++)
        fl_buf_printf(&text, "- o%d O\n", i);
    assert_fault(f, text.data, 3 + FL_SURVEY_OPTIONS_MAX, "too many");
    fl_buf_finish(&text);
}

static void test_takes_answers(void **state)
{
    struct fixture *f = *state;
    struct fl_answer_value v;
    struct fl_error err;

    err.text[0] = '\0';
    assert_ok(parse(f, good));
    assert_ok(fl_survey_answer(&f->survey, f->arena, "satisfaction", " 4 ", &v, &err));
    assert_true(v.has_number);
    assert_true(v.number > 3.9 && v.number < 4.1);
    assert_string_equal(v.text, "");
    assert_status(FL_REJECTED,
                  fl_survey_answer(&f->survey, f->arena, "satisfaction", "6", &v, &err));
    assert_non_null(strstr(err.text, "1..5"));
    assert_status(FL_NOT_FOUND,
                  fl_survey_answer(&f->survey, f->arena, "satisfaction", "", &v, &err));
    assert_status(FL_NOT_FOUND, fl_survey_answer(&f->survey, f->arena, "age", "6", &v, &err));
    assert_ok(fl_survey_answer(&f->survey, f->arena, "reason", "friend", &v, &err));
    assert_true(v.has_number);
    assert_true(v.number > 1.9 && v.number < 2.1);
    assert_string_equal(v.text, "friend");
    assert_status(FL_REJECTED, fl_survey_answer(&f->survey, f->arena, "reason", "fr", &v, &err));
    assert_ok(fl_survey_answer(&f->survey, f->arena, "seen", "3rd  web 3rd", &v, &err));
    assert_false(v.has_number);
    assert_string_equal(v.text, "web 3rd");
    assert_status(FL_REJECTED,
                  fl_survey_answer(&f->survey, f->arena, "seen", "web radio", &v, &err));
    assert_ok(fl_survey_answer(&f->survey, f->arena, "words", " a\x01\nb ", &v, &err));
    assert_string_equal(v.text, "a\nb");
    assert_status(FL_REJECTED, fl_survey_answer(&f->survey, f->arena, "words", "\xff", &v, &err));
}

static void test_cuts_words_between_characters(void **state)
{
    struct fixture *f = *state;
    char words[3 * FL_SURVEY_TEXT_MAX + 1];
    struct fl_answer_value v;
    struct fl_error err;

    err.text[0] = '\0';
    for (size_t i = 0; i < FL_SURVEY_TEXT_MAX; i++)
        memcpy(words + 3 * i, "\xea\xb0\x80", 3);
    words[sizeof words - 1] = '\0';
    assert_ok(parse(f, good));
    assert_ok(fl_survey_answer(&f->survey, f->arena, "words", words, &v, &err));
    assert_int_equal(strlen(v.text), FL_SURVEY_TEXT_MAX / 3 * 3);
    assert_true(fl_utf8_is_valid(v.text, strlen(v.text)));
}

static void test_reads_boxes(void **state)
{
    struct fixture *f = *state;
    struct fl_answer_value v;
    struct fl_error err;

    err.text[0] = '\0';
    assert_ok(parse(f, good));
    assert_ok(fl_survey_boxes(&f->survey, f->arena, 2, (int[]){1}, 1, &v, &err));
    assert_true(v.has_number && v.number < 0.1);
    assert_ok(fl_survey_boxes(&f->survey, f->arena, 3, (int[]){5}, 1, &v, &err));
    assert_true(v.number > 6.9 && v.number < 7.1);
    assert_ok(fl_survey_boxes(&f->survey, f->arena, 4, (int[]){1, 1}, 2, &v, &err));
    assert_string_equal(v.text, "price");
    assert_ok(fl_survey_boxes(&f->survey, f->arena, 5, (int[]){3, 1}, 2, &v, &err));
    assert_string_equal(v.text, "web 3rd");
    assert_status(FL_REJECTED,
                  fl_survey_boxes(&f->survey, f->arena, 1, (int[]){1, 2}, 2, &v, &err));
    assert_status(FL_REJECTED, fl_survey_boxes(&f->survey, f->arena, 1, (int[]){6}, 1, &v, &err));
    assert_status(FL_REJECTED, fl_survey_boxes(&f->survey, f->arena, 6, (int[]){1}, 1, &v, &err));
    assert_status(FL_NOT_FOUND, fl_survey_boxes(&f->survey, f->arena, 1, NULL, 0, &v, &err));
    assert_status(FL_NOT_FOUND, fl_survey_boxes(&f->survey, f->arena, 0, NULL, 0, &v, &err));
    assert_status(FL_NOT_FOUND, fl_survey_boxes(&f->survey, f->arena, 7, (int[]){1}, 1, &v, &err));
}

static void test_json_is_what_the_contract_says(void **state)
{
    struct fixture *f = *state;
    struct fl_error err;
    json_t *root, *q;

    err.text[0] = '\0';
    assert_ok(parse(f, good));
    root = json_loads(fl_survey_json(f->arena, &f->survey), 0, NULL);
    assert_int_equal(json_array_size(root), 6);
    q = json_array_get(root, 0);
    assert_string_equal(json_string_value(json_object_get(q, "type")), "scale");
    assert_int_equal(json_integer_value(json_object_get(q, "max")), 5);
    assert_int_equal(json_array_size(json_object_get(q, "options")), 2);
    q = json_array_get(root, 5);
    assert_string_equal(json_string_value(json_object_get(q, "key")), "words");
    assert_null(json_object_get(q, "min"));
    assert_null(json_object_get(q, "options"));
    json_decref(root);
}

static enum fl_status compile(struct fixture *f, const char *a, const char *b,
                              struct fl_content **out)
{
    const struct fl_content_file files[] = {
        {.path = "content.md", .body = "---\nsubject: S\n---\nHi\n", .body_len = 22},
        {.path = "survey.md", .body = a, .body_len = strlen(a)},
        {.path = "survey.ko.md", .body = b, .body_len = strlen(b)},
    };

    fl_faults_init(&f->faults, f->arena);
    return fl_content_compile("c", files, 3, &f->faults, out, &f->err);
}

static void test_content_has_the_variant_of_the_language(void **state)
{
    struct fixture *f = *state;
    struct fl_content *content = NULL;

    assert_int_equal(
        FL_OK, compile(f, "## a: csat\nGood?\n- 5 Very\n", "## a: csat\n좋았나요?\n", &content));
    assert_string_equal(fl_content_survey(content, "ko-KR")->questions[0].text, "좋았나요?");
    assert_string_equal(fl_content_survey(content, "de")->questions[0].text, "Good?");
    fl_content_destroy(&content);
}

static void test_variants_must_ask_the_same(void **state)
{
    static const char choice[] = "## a: choice\nA?\n- x X\n- y Y\n";
    static const struct {
        const char *a, *b, *word;
    } cases[] = {
        {"## a: csat\nA?\n", "## a: nps\nA?\n", "another type"},
        {"## a: csat\nA?\n", "## b: csat\nA?\n", "another place"},
        {"## a: csat\nA?\n", "## a: csat\nA?\n## b: text\nB?\n", "2 questions"},
        {choice, "## a: choice\nA?\n- y Y\n- x X\n", "another order"},
        {choice, "## a: choice\nA?\n- x X\n- z Z\n", "other options"},
        {choice, "## a: choice\nA?\n- x X\n- y Y\n- z Z\n", "another number"},
    };
    struct fixture *f = *state;
    struct fl_content *content = NULL;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_status(FL_INVALID, compile(f, cases[i].a, cases[i].b, &content));
        assert_null(content);
        assert_int_equal(f->faults.n_total, 1);
        assert_string_equal(f->faults.items[0].file, "survey.ko.md");
        assert_non_null(strstr(f->faults.items[0].reason, cases[i].word));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_every_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_every_fault_with_its_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists_all_faults_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds_questions_and_options, setup, teardown),
        cmocka_unit_test_setup_teardown(test_takes_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cuts_words_between_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reads_boxes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json_is_what_the_contract_says, setup, teardown),
        cmocka_unit_test_setup_teardown(test_content_has_the_variant_of_the_language, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_variants_must_ask_the_same, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
