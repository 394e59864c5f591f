/* Campaign files.  Offsets and local times: test-campaign-time.c; planning: test-plan.c. */
#include "unit.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "campaign/campaign.h"
#include "value/position.h"

struct fixture {
    struct fl_arena *arena;
    struct fl_faults faults;
    struct fl_error err;
    const struct fl_conf *conf;
};

static const char conf_text[] = "organisation { name = Dairy time_zone = Asia/Seoul }\n"
                                "channel mail { plugin = email }\n"
                                "channel text { plugin = sms }\n";

static int setup(void **state)
{
    static struct fixture f;

    f = (struct fixture){.arena = fl_arena_create(FL_ARENA_DEFAULT_MAX)};
    fl_faults_init(&f.faults, f.arena);
    *state = &f;
    return fl_conf_parse(f.arena, "fairline.conf", conf_text, &f.faults, &f.conf, &f.err) ? -1 : 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fl_arena_destroy(&f->arena);
    return 0;
}

static size_t parse_ok(struct fixture *f, const char *text, struct fl_campaign **out)
{
    struct fl_error err;
    size_t n = 0;

    assert_ok(fl_campaign_parse(f->arena, "c.conf", text, f->conf, &f->faults, out, &n, &err));
    assert_int_equal(f->faults.n_total, 0);
    return n;
}

static void parse_bad(struct fixture *f, const char *text, const char *const *expected)
{
    struct fl_campaign *campaigns = NULL;
    size_t n_campaigns, n = 0;

    assert_status(FL_INVALID, fl_campaign_parse(f->arena, "c.conf", text, f->conf, &f->faults,
                                                &campaigns, &n_campaigns, &f->err));
    assert_null(campaigns);
    for (; expected[n]; n++) {
        const char *fault;

        if (n == f->faults.n_items)
            fail_msg("missing fault: %s", expected[n]);
        fault = fl_fault_text(f->arena, &f->faults.items[n]);
        if (!strstr(fault, expected[n]))
            fail_msg("fault \"%s\", expected \"%s\"", fault, expected[n]);
    }
    if (n != f->faults.n_items)
        fail_msg("one too many: %s", fl_fault_text(f->arena, &f->faults.items[n]));
    fl_faults_init(&f->faults, f->arena);
}

#define BAD(text, ...) parse_bad(f, (text), (const char *const[]){__VA_ARGS__, NULL})

static const char two[] =
    "# the first is sent once, the second goes with the child\n"
    "campaign \"home-delivery\" {\n"
    "    purpose = marketing\n"
    "    channel = mail\n"
    "    content = \"home-delivery\"\n"
    "    audience {\n"
    "        attribute segment { equals = \"home delivery\" }\n"
    "        attribute \"city\" { equals = \"서울 \\\"강남\\\"\" }\n"
    "    }\n"
    "    schedule { at = \"2026-11-22T10:00\" }\n"
    "}\n"
    "campaign pregnancy {\n"
    "    purpose = \"\"\n"
    "    channel = text\n"
    "    stage 12-weeks { anchor = birth from = -12w to = \"-8w\" content = w12 }\n"
    "    stage welcome { anchor = birth from = 0d to = \"+1M\" content = w0 }\n"
    "}\n";

static void test_parse(void **state)
{
    struct fixture *f = *state;
    struct fl_campaign *c;
    int64_t at;

    assert_int_equal(parse_ok(f, two, &c), 2);
    assert_string_equal(c[0].name, "home-delivery");
    assert_string_equal(c[0].purpose, "marketing");
    assert_string_equal(c[0].channel, "mail");
    assert_string_equal(c[0].content, "home-delivery");
    assert_true(c[0].is_once);
    assert_false(c[0].is_at_once);
    assert_true(fl_time_parse("2026-11-22T01:00:00Z", &at));
    assert_int_equal(c[0].at_us, at);
    assert_string_equal(c[0].attribute_names[0], "segment");
    assert_string_equal(c[0].attribute_values[0], "home delivery");
    assert_string_equal(c[0].attribute_names[1], "city");
    assert_string_equal(c[0].attribute_values[1], "서울 \"강남\"");
    assert_null(c[0].attribute_names[2]);
    assert_int_equal(c[0].n_stages, 0);

    assert_string_equal(c[1].purpose, "");
    assert_false(c[1].is_once);
    assert_null(c[1].content);
    assert_null(c[1].attribute_names[0]);
    assert_int_equal(c[1].at_us, FL_TIME_NONE);
    assert_int_equal(c[1].n_stages, 2);
    assert_string_equal(c[1].stages[0].name, "12-weeks");
    assert_string_equal(c[1].stages[0].anchor, "birth");
    assert_int_equal(c[1].stages[0].from.n, -12);
    assert_int_equal(c[1].stages[0].from.unit, 'w');
    assert_int_equal(c[1].stages[1].to.n, 1);
    assert_int_equal(c[1].stages[1].to.unit, 'M');
    assert_string_equal(c[1].stages[1].content, "w0");
}

static const char three[] =
    "campaign worth {\n"
    "    purpose = marketing\n"
    "    channel = mail\n"
    "    content = gift\n"
    "    hold_out = \"2.5%\"\n"
    "    audience {\n"
    "        zone = \"II | I\"\n"
    "        segment = \"HHH|HHL\"\n"
    "        key = \"leadership+contribution\"\n"
    "        cv_min = 0.1\n"
    "        ce_max = 0.30000000000000004\n"
    "        commitment_min = 0.5 commitment_max = 0.75\n"
    "        attribute segment { equals = home }\n"
    "    }\n"
    "    schedule { at = now }\n"
    "}\n"
    "campaign moved {\n"
    "    purpose = marketing channel = mail hold_out = 10%\n"
    "    audience { key = exchange }\n"
    "    stage win-back { zone_from = III zone_to = II within = 12h content = gift }\n"
    "    stage thanks { zone_to = III content = thanks }\n"
    "    stage lost { zone_from = \"I\" content = thanks }\n"
    "    stage birth { anchor = birth from = 0d to = 4w content = w0 }\n"
    "}\n";

static void test_worth(void **state)
{
    struct fixture *f = *state;
    const struct fl_store_worth_filter *w;
    struct fl_campaign *c;

    assert_int_equal(parse_ok(f, three, &c), 2);
    assert_int_equal(c[0].hold_out_permille, 25);
    assert_string_equal(c[0].attribute_names[0], "segment");
    w = c[0].worth;
    assert_int_equal(w->zones, 1u << FL_ZONE_I | 1u << FL_ZONE_II);
    assert_int_equal(w->segments, 1u << 7 | 1u << 6);
    assert_int_equal(w->keys, FL_KEY_CONTRIBUTION | FL_KEY_LEADER);
    assert_true(w->has_cv && w->has_ce && w->has_commitment);
    assert_near(w->cv_min, 0.1, 0);
    assert_near(w->cv_max, 1, 0);
    assert_near(w->ce_min, 0, 0);
    assert_near(w->ce_max, 0.30000000000000004, 0);
    assert_near(w->commitment_max, 0.75, 0);
    assert_int_equal(w->change_since_us, FL_TIME_NONE);
    assert_non_null(strstr(c[0].definition, "    hold_out = \"2.5%\"\n"
                                            "    audience {\n"
                                            "        zone = \"I|II\"\n"
                                            "        segment = \"HHL|HHH\"\n"
                                            "        key = \"contribution+leadership\"\n"
                                            "        ce_min = \"0\"\n"
                                            "        ce_max = \"0.30000000000000004\"\n"));

    assert_int_equal(c[1].hold_out_permille, 100);
    assert_int_equal(c[1].worth->keys, FL_KEY_EXCHANGE);
    assert_false(c[1].worth->has_ce || c[1].worth->has_cv || c[1].worth->has_commitment);
    assert_int_equal(c[1].n_stages, 4);
    assert_null(c[1].stages[0].anchor);
    assert_int_equal(c[1].stages[0].zone_from, FL_ZONE_III);
    assert_int_equal(c[1].stages[0].zone_to, FL_ZONE_II);
    assert_int_equal(c[1].stages[0].within_us, 12 * 3600 * FL_US_PER_S);
    assert_int_equal(c[1].stages[1].zone_from, -1);
    assert_int_equal(c[1].stages[1].zone_to, FL_ZONE_III);
    assert_int_equal(c[1].stages[1].within_us, 7 * FL_US_PER_DAY);
    assert_int_equal(c[1].stages[2].zone_to, -1);
    assert_string_equal(c[1].stages[3].anchor, "birth");

    assert_int_equal(parse_ok(f, two, &c), 2);
    assert_null(c[0].worth);
    assert_int_equal(c[0].hold_out_permille, 0);
    assert_null(strstr(c[0].definition, "hold_out"));
}

static void test_worth_faults(void **state)
{
    struct fixture *f = *state;

    BAD("campaign a { purpose = '' channel = mail content = c schedule { at = now }\n"
        "hold_out = 10\n"
        "audience {\n"
        " zone = \"I|IV\"\n"
        " segment = \"HHX\"\n"
        " key = \"contribution|leadership\"\n"
        " cv_min = 1.5\n"
        " ce_min = 0.6 ce_max = 0.4\n"
        " commitment_max = much\n"
        " zones = I } }",
        "c.conf:2: hold_out \"10\": expected a share from 0% to 90%",
        "c.conf:10: zones: unknown key in audience (did you mean \"zone\"?)");
    BAD("campaign a { purpose = '' channel = mail content = c schedule { at = now }\n"
        "hold_out = \"91%\"\n"
        "audience {\n"
        " zone = \"I|IV\"\n"
        " segment = \"HHX\"\n"
        " key = \"contribution|leadership\"\n"
        " cv_min = 1.5\n"
        " ce_min = 0.6 ce_max = 0.4\n"
        " commitment_max = much } }",
        "c.conf:2: hold_out \"91%\"",
        "c.conf:4: zone \"I|IV\": expected zones N, I, II, III with | between them, such as I|II",
        "c.conf:5: segment \"HHX\": expected value segments",
        "c.conf:6: key \"contribution|leadership\": expected criteria",
        "c.conf:8: ce_min \"0.6\": expected at most ce_max, which is 0.4",
        "c.conf:7: cv_min \"1.5\": expected a number within 0..1",
        "c.conf:9: commitment_max \"much\": expected a number within 0..1");
    for (size_t i = 0; i < 8; i++) {
        static const char *const shares[] = {"",     "%",     "-1%",  "10 %",
                                             "10%%", "0.25%", "1e9%", "nan%"};
        const char *text = fl_arena_printf(f->arena,
                                           "campaign a { purpose = '' channel = mail content = c "
                                           "schedule { at = now } hold_out = \"%s\" }",
                                           shares[i]);

        BAD(text, "hold_out");
    }
    for (size_t i = 0; i < 4; i++) {
        static const char *const zones[] = {"", "I|", "|I", "IIII"};
        const char *text = fl_arena_printf(f->arena,
                                           "campaign a { purpose = '' channel = mail content = c "
                                           "schedule { at = now } audience { zone = \"%s\" } }",
                                           zones[i]);

        BAD(text, "expected zones N");
    }
    BAD("campaign a { purpose = '' channel = mail\n"
        "stage a { anchor = birth from = 0d to = 0d zone_to = I content = c }\n"
        "stage b { within = 3d content = c }\n"
        "stage c { zone_from = I zone_to = I content = c }\n"
        "stage d { zone_to = IV content = c }\n"
        "stage e { zone_to = I within = 3 content = c }\n"
        "stage f { zone_to = I within = 10s content = c }\n"
        "stage g { from = 0d content = c }\n"
        "stage h { zone_to = I } }",
        "c.conf:2: stage \"a\": has both an anchor with from and to, and a change of zone",
        "c.conf:3: zone_to: expected zone_from or zone_to",
        "c.conf:4: zone_to \"I\": expected another zone than zone_from",
        "c.conf:5: zone_to \"IV\": expected one of N|I|II|III", "c.conf:6: within \"3\": expected",
        "c.conf:7: within \"10s\": expected", "c.conf:8: anchor: missing in stage \"g\"",
        "c.conf:8: to: missing in stage \"g\"", "c.conf:9: content: missing in stage \"h\"");
}

static void check_worth_same(const struct fl_campaign *a, const struct fl_campaign *b)
{
    const struct fl_store_worth_filter *x = a->worth, *y = b->worth;

    assert_int_equal(a->hold_out_permille, b->hold_out_permille);
    assert_int_equal(x != NULL, y != NULL);
    if (!x || !y)
        return;
    assert_int_equal(x->zones, y->zones);
    assert_int_equal(x->segments, y->segments);
    assert_int_equal(x->keys, y->keys);
    assert_int_equal(x->has_ce, y->has_ce);
    assert_int_equal(x->has_cv, y->has_cv);
    assert_int_equal(x->has_commitment, y->has_commitment);
    assert_near(x->ce_min, y->ce_min, 0);
    assert_near(x->ce_max, y->ce_max, 0);
    assert_near(x->cv_min, y->cv_min, 0);
    assert_near(x->cv_max, y->cv_max, 0);
    assert_near(x->commitment_min, y->commitment_min, 0);
    assert_near(x->commitment_max, y->commitment_max, 0);
}

static void check_same(const struct fl_campaign *a, const struct fl_campaign *b)
{
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->purpose, b->purpose);
    assert_string_equal(a->channel, b->channel);
    assert_true(fl_str_equal(a->content, b->content));
    assert_int_equal(a->is_once, b->is_once);
    assert_int_equal(a->is_at_once, b->is_at_once);
    assert_int_equal(a->at_us, b->at_us);
    for (size_t i = 0; a->attribute_names[i] || b->attribute_names[i]; i++) {
        assert_string_equal(a->attribute_names[i], b->attribute_names[i]);
        assert_string_equal(a->attribute_values[i], b->attribute_values[i]);
    }
    check_worth_same(a, b);
    assert_int_equal(a->n_stages, b->n_stages);
    for (size_t i = 0; i < a->n_stages; i++) {
        assert_string_equal(a->stages[i].name, b->stages[i].name);
        assert_true(fl_str_equal(a->stages[i].anchor, b->stages[i].anchor));
        assert_int_equal(a->stages[i].zone_from, b->stages[i].zone_from);
        assert_int_equal(a->stages[i].zone_to, b->stages[i].zone_to);
        assert_int_equal(a->stages[i].within_us, b->stages[i].within_us);
        assert_string_equal(a->stages[i].content, b->stages[i].content);
        assert_memory_equal(&a->stages[i].from.n, &b->stages[i].from.n, sizeof(int));
        assert_memory_equal(&a->stages[i].to.n, &b->stages[i].to.n, sizeof(int));
        assert_int_equal(a->stages[i].from.unit, b->stages[i].from.unit);
        assert_int_equal(a->stages[i].to.unit, b->stages[i].to.unit);
    }
}

/* A deterministic stream of numbers. */
static unsigned next(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

static void random_worth(struct fl_buf *b, unsigned *seed)
{
    static const char *const settings[] = {"zone = \"N|II\"",
                                           "zone = III",
                                           "segment = \"LLL|LHL\"",
                                           "key = \"exchange+contribution\"",
                                           "ce_min = 0.123456789012345678",
                                           "ce_max = 9.5e-1",
                                           "cv_min = .5",
                                           "commitment_max = 0.7"};

    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (next(seed, 4) == 0 && i != 1)
            fl_buf_printf(b, "%s\n", settings[i]);
}

static const char *random_campaign(struct fixture *f, unsigned *seed)
{
    static const char *const units = "dwMy";
    static const char *const values[] = {"x",        "a b",           "quote \\\" in it",
                                         "한국어",   "back\\\\slash", "two\\nlines",
                                         "{ } = # ", "tab\\tbed"};
    static const char *const times[] = {"now", "2026-11-22T10:00", "2030-01-01 00:00:30",
                                        "2026-11-22T10:00Z", "2026-11-22T10:00:00+02:00"};
    struct fl_buf b = FL_BUF(FL_BUF_LINE_MAX);
    unsigned n_attributes = next(seed, 5), n_stages = next(seed, 4);
    const char *text;

    fl_buf_printf(&b, "campaign \"c%u\" { purpose = \"%s\" channel = %s\n", next(seed, 1000),
                  next(seed, 2) ? "" : "news_1", next(seed, 2) ? "mail" : "text");
    if (next(seed, 3) == 0)
        fl_buf_printf(&b, "hold_out = \"%u.%u%%\"\n", next(seed, 90), next(seed, 10));
    if (n_attributes) {
        fl_buf_puts(&b, "audience {\n");
        random_worth(&b, seed);
    }
    for (unsigned i = 0; i < n_attributes; i++)
        fl_buf_printf(&b, "attribute 'a_%u' { equals = \"%s\" }\n", i, values[next(seed, 8)]);
    if (n_attributes)
        fl_buf_puts(&b, "}\n");
    for (unsigned i = 0; i < n_stages; i++) {
        char unit = units[next(seed, 4)];
        int from = (int)next(seed, 60) - 30;

        if (next(seed, 3) == 0) {
            fl_buf_printf(&b, "stage z%u { zone_to = %s within = \"%um\" content = c }\n", i,
                          next(seed, 2) ? "II" : "N", 1 + next(seed, 5000));
            continue;
        }
        fl_buf_printf(&b, "stage s%u { anchor = birth from = \"%d%c\" to = \"%d%c\" content=c }\n",
                      i, from, unit, from + (int)next(seed, 5), unit);
    }
    if (!n_stages)
        fl_buf_printf(&b, "content = c schedule { at = \"%s\" }\n", times[next(seed, 5)]);
    fl_buf_puts(&b, "}\n");
    text = fl_arena_strdup(f->arena, b.data);
    fl_buf_finish(&b);
    return text;
}

/* The definition parses to the same campaign, and to the same definition. */
static void test_definition(void **state)
{
    struct fixture *f = *state;
    struct fl_campaign *c, *again;
    unsigned seed = 42;

    assert_int_equal(parse_ok(f, two, &c), 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(parse_ok(f, c[i].definition, &again), 1);
        check_same(&c[i], again);
        assert_string_equal(c[i].definition, again->definition);
    }
    assert_int_equal(parse_ok(f, three, &c), 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(parse_ok(f, c[i].definition, &again), 1);
        check_same(&c[i], again);
        assert_string_equal(c[i].definition, again->definition);
    }
    for (int i = 0; i < 300; i++) {
        assert_int_equal(parse_ok(f, random_campaign(f, &seed), &c), 1);
        assert_int_equal(parse_ok(f, c->definition, &again), 1);
        check_same(c, again);
        assert_string_equal(c->definition, again->definition);
    }
    assert_int_equal(
        parse_ok(f, "campaign a { purpose='' channel=mail content=c schedule { at=now } }", &c), 1);
    assert_string_equal(c->definition, "campaign \"a\" {\n"
                                       "    purpose = \"\"\n"
                                       "    channel = \"mail\"\n"
                                       "    content = \"c\"\n"
                                       "    schedule {\n"
                                       "        at = \"now\"\n"
                                       "    }\n"
                                       "}\n");
    assert_true(c->is_at_once);
}

static void test_faults(void **state)
{
    struct fixture *f = *state;

    BAD("campaign Welcome {\n"
        "  purpose = \"Mark eting\"\n"
        "  channel = mial\n"
        "  content = ../etc\n"
        "  colour = red\n"
        "}\n"
        "campaign b {\n"
        "  audience { attribute segment { is = x } }\n"
        "  schedule { at = \"tomorrow\" }\n"
        "  stage s { anchor = birth from = 4w to = 2w content = c }\n"
        "  stage t { anchor = birth from = x to = 3 content = c }\n"
        "  stage s { anchor = birth }\n"
        "}\n",
        "c.conf:12: stage \"s\": the section is given twice; the first is on line 10",
        "c.conf:5: colour: unknown key in campaign \"Welcome\"",
        "c.conf:1: campaign \"Welcome\": expected a name",
        "c.conf:3: channel \"mial\": no such channel",
        "c.conf:1: campaign \"Welcome\": has neither a schedule nor a stage",
        "c.conf:7: purpose: missing in campaign \"b\"", "c.conf:7: channel: missing in campaign",
        "c.conf:8: is: unknown key", "c.conf:8: equals: missing in attribute \"segment\"",
        "c.conf:9: at \"tomorrow\": expected a time such as",
        "c.conf:10: from \"4w\": is after to = \"2w\"",
        "c.conf:11: from \"x\": expected a number and d, w, M or y",
        "c.conf:11: to \"3\": expected a number",
        "c.conf:7: campaign \"b\": has both a schedule and stages");
    BAD("campaign a {\n purpose = \"Mark eting\"\n channel = mial\n content = ../etc\n"
        " schedule { at = now } }\n",
        "c.conf:2: purpose \"Mark eting\": expected a name",
        "c.conf:4: content \"../etc\": expected a name",
        "c.conf:3: channel \"mial\": no such channel in fairline.conf (did you mean \"mail\"?)");
    BAD("campaign a { purpose = '' channel = mail schedule { at = now } }", "content is missing");
    BAD("campaign a { purpose = '' channel = mail content = c\n"
        "stage s { anchor = b from = 0d to = 0d content = c } }",
        "c.conf:1: campaign \"a\": has stages, which have content of their own");
    BAD("campaign a { purpos = x channel = mial content = c schedule { at = never every = 1 } }",
        "purpos: unknown key", "purpose: missing", "channel \"mial\": no such channel",
        "every: unknown key", "at \"never\": expected a time");
    BAD("campaign a { purpose = '' channel = mail content = c schedule { } }",
        "at: missing in schedule");
    BAD("campaign a { purpose = '' channel = mail content = c schedule { at = 2026-11-22 } }",
        "at \"2026-11-22\": expected a time");
    BAD("campaign a { purpose = '' channel = mail content = c schedule { at=2026-02-30T10:00 } }",
        "at \"2026-02-30T10:00\": expected a time");
    BAD("campaign a { purpose = '' channel = mail content = c schedule { at=1026-02-20T10:00 } }",
        "expected a time");
    BAD("campaign a { purpose = '' channel = mail content = c schedule { at = now }\n"
        "audience { x = y attribute 'a\"b' { equals = c } } }",
        "c.conf:2: x: unknown key in audience", "c.conf:2: attribute \"a\"b\": expected a name");
    BAD("campaign a { purpose = '' channel = mail\n"
        "stage s { anchor = \"a b\" from = 1M to = 30d content = c } }",
        "c.conf:2: anchor \"a b\": expected a name",
        "c.conf:2: from \"1M\": is after to = \"30d\" (when the anchor is 2000-01-01)");
    BAD("", "c.conf: no campaign");
    BAD("node = 3\n", "c.conf:1: node: unknown key", "c.conf: no campaign");
    BAD("campaign a { purpose = x", "not closed");
}

static void test_limits(void **state)
{
    struct fixture *f = *state;
    struct fl_buf b = FL_BUF((size_t)1 << 20);

    fl_buf_puts(&b, "campaign a { purpose = '' channel = mail\n");
    for (int i = 0; i <= FL_CAMPAIGN_STAGES_MAX; i++)
        fl_buf_printf(&b, "stage s%d { anchor = b from = 0d to = 0d content = c }\n", i);
    fl_buf_puts(&b, "}\n");
    BAD(b.data, "c.conf:202: stage \"s200\": more than 200 stages");
    fl_buf_reset(&b);
    fl_buf_puts(&b,
                "campaign a { purpose='' channel=mail content=c schedule { at=now } audience {");
    for (int i = 0; i <= FL_CAMPAIGN_ATTRIBUTES_MAX; i++)
        fl_buf_printf(&b, "attribute a%d { equals = b }\n", i);
    fl_buf_puts(&b, "} }\n");
    BAD(b.data, "audience: more than 16 attributes");
    fl_buf_finish(&b);
}

/* Renders a content of the sample company for one customer, and sees that nothing is left open. */
static void check_sample_content(struct fixture *f, const char *folder, const char *language,
                                 const char *json, const char *expected)
{
    struct fl_content_version version;
    struct fl_content_rendering out;
    struct fl_content *content = NULL;
    struct fl_faults faults;
    struct fl_data *data;
    struct fl_error err;

    fl_faults_init(&faults, f->arena);
    assert_ok(fl_content_read_folder(f->arena, folder, &version, &err));
    assert_ok(
        fl_content_compile(version.name, version.files, version.n_files, &faults, &content, &err));
    assert_ok(fl_data_of_json(f->arena, json, strlen(json), &data, &err));
    assert_ok(fl_content_render(content, FL_MEDIUM_EMAIL, language, data, f->arena, &out, &err));
    assert_string_equal(out.language, language);
    assert_null(strstr(out.subject, "{{"));
    assert_null(strstr(out.text, "{{"));
    assert_null(strstr(out.html, "{{"));
    assert_null(strstr(out.text, "**"));
    assert_non_null(strstr(out.text, expected));
    assert_non_null(strstr(out.html, expected));
    assert_non_null(strstr(out.text, "12 Saebyeok-gil"));
    fl_content_destroy(&content);
}

/* The sample company: configuration, campaigns and what they say, in both languages. */
static void test_samples(void **state)
{
    static const char *const contents[] = {"mothers-pregnancy", "mothers-birth", "mothers-4-months",
                                           "mothers-12-months", "home-delivery"};
    static const char full[] =
        "{\"name\":\"Kim\",\"organisation\":\"Dawnfield\",\"postal_address\":\"12 "
        "Saebyeok-gil\",\"anchors\":{\"birth\":\"2027-02-03\"},\"attributes\":{\"baby_name\":"
        "\"Noah\",\"product\":\"Noah\"}}";
    static const char bare[] = "{\"name\":\"Kim\",\"postal_address\":\"12 Saebyeok-gil\","
                               "\"organisation\":\"Dawnfield\",\"anchors\":{\"birth\":"
                               "\"2027-02-03\"},\"attributes\":{\"baby_name\":\"\"}}";
    struct fixture *f = *state;
    const char *top = getenv("FL_TOP_SRCDIR");
    const char *const files[] = {"mothers-class", "home-delivery", "spring-letter"};
    struct fl_campaign *c;
    struct fl_error err;
    char *text, *mark, path[4096];
    size_t len;

    if (!top) {
        print_message("FL_TOP_SRCDIR is not set: the samples are not looked at\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/etc/samples/dairy/dairy.conf", top);
    assert_ok(fl_file_read(f->arena, path, FL_CONF_FILE_MAX, &text, &len, &err));
    while ((mark = strstr(text, "@DATA_DIR@")))
        memcpy(mark, "/data/dir_", strlen("@DATA_DIR@"));
    while ((mark = strstr(text, "@PORT@")))
        memcpy(mark, "008080", strlen("@PORT@"));
    assert_ok(fl_conf_parse(f->arena, path, text, &f->faults, &f->conf, &err));
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/etc/samples/dairy/campaigns/%s.conf", top, files[i]);
        assert_ok(fl_file_read(f->arena, path, FL_CAMPAIGN_FILE_MAX, &text, &len, &err));
        assert_int_equal(parse_ok(f, text, &c), 1);
        assert_string_equal(c->name, files[i]);
    }
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        bool has_name = strcmp(contents[i], "mothers-pregnancy") != 0;

        snprintf(path, sizeof path, "%s/etc/samples/dairy/campaigns/%s", top, contents[i]);
        check_sample_content(f, path, "ko", full, "Noah");
        check_sample_content(f, path, "ko", bare, "답장");
        snprintf(path, sizeof path, "%s/etc/samples/dairy/campaigns/%s", top, contents[i]);
        check_sample_content(f, path, "", full, has_name ? "Noah" : "2027-02-03");
        check_sample_content(f, path, "", bare, "Dawnfield");
    }
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_parse),  TEST(test_worth),  TEST(test_worth_faults), TEST(test_definition),
        TEST(test_faults), TEST(test_limits), TEST(test_samples),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
