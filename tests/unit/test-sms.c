/* The SMS plugin, outward: lengths and parts, numbers, what is filled in, mapping files and their
 * faults, answers and what they mean, options. */
#include "unit.h"

#include <glib.h>

#include "../../plugins/sms/sms_private.h"

/* --- lengths -----------------------------------------------------------------------------------*/

static char *repeat(const char *what, size_t n, const char *then)
{
    GString *out = g_string_new(NULL);

    while (n--)
        g_string_append(out, what);
    g_string_append(out, then);
    return g_string_free(out, FALSE);
}

static void lengths(void **state)
{
    const struct {
        const char *unit;
        size_t n;
        const char *then;
        enum sms_charset charset;
        enum sms_alphabet alphabet;
        size_t units, parts;
    } rows[] = {
        {"a", 160, "", SMS_CHARSET_AUTO, SMS_GSM, 160, 1},
        {"a", 161, "", SMS_CHARSET_AUTO, SMS_GSM, 161, 2},
        {"a", 306, "", SMS_CHARSET_AUTO, SMS_GSM, 306, 2},
        {"a", 307, "", SMS_CHARSET_AUTO, SMS_GSM, 307, 3},
        {"\xe2\x82\xac", 80, "", SMS_CHARSET_AUTO, SMS_GSM, 160, 1},
        {"\xe2\x82\xac", 80, "a", SMS_CHARSET_AUTO, SMS_GSM, 161, 2},
        /* 76 pairs of 153: the escape never stands alone at the end of a part */
        {"{", 152, "", SMS_CHARSET_AUTO, SMS_GSM, 304, 2},
        {"{", 153, "", SMS_CHARSET_AUTO, SMS_GSM, 306, 3},
        {"@\xc2\xa3\xc3\xa0\xce\xa9", 10, "", SMS_CHARSET_AUTO, SMS_GSM, 40, 1},
        {"\xc3\xa7", 1, "", SMS_CHARSET_AUTO, SMS_UCS2, 1, 1}, /* only the capital is in GSM */
        {"`", 1, "", SMS_CHARSET_AUTO, SMS_UCS2, 1, 1},
        {"가", 70, "", SMS_CHARSET_AUTO, SMS_UCS2, 70, 1},
        {"가", 71, "", SMS_CHARSET_AUTO, SMS_UCS2, 71, 2},
        {"가", 134, "", SMS_CHARSET_AUTO, SMS_UCS2, 134, 2},
        {"가", 135, "", SMS_CHARSET_AUTO, SMS_UCS2, 135, 3},
        {"\xf0\x9f\x98\x80", 35, "", SMS_CHARSET_AUTO, SMS_UCS2, 70, 1},
        /* 33 pairs of 67 */
        {"\xf0\x9f\x98\x80", 66, "", SMS_CHARSET_AUTO, SMS_UCS2, 132, 2},
        {"\xf0\x9f\x98\x80", 67, "", SMS_CHARSET_AUTO, SMS_UCS2, 134, 3},
        {"a", 160, "", SMS_CHARSET_UCS2, SMS_UCS2, 160, 3},
        {"가", 45, "", SMS_CHARSET_EUCKR, SMS_EUCKR, 90, 1},
        {"가", 45, "a", SMS_CHARSET_EUCKR, SMS_EUCKR, 91, 1},
        {"뷁", 3, "a", SMS_CHARSET_EUCKR, SMS_EUCKR, 7, 1}, /* not in KS X 1001, in its extension */
        {"a", 90, "", SMS_CHARSET_EUCKR, SMS_EUCKR, 90, 1},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *text = repeat(rows[i].unit, rows[i].n, rows[i].then);
        struct sms_measure m;

        sms_text_measure(text, rows[i].charset, false, &m);
        if (m.units != rows[i].units || m.parts != rows[i].parts)
            print_message("row %zu: %zu units, %zu parts\n", i, m.units, m.parts);
        assert_int_equal(m.alphabet, rows[i].alphabet);
        assert_int_equal(m.units, rows[i].units);
        assert_int_equal(m.parts, rows[i].parts);
        assert_int_equal(m.unfit, 0);
        assert_int_equal(m.is_long, rows[i].charset == SMS_CHARSET_EUCKR && rows[i].units > 90);
        g_free(text);
    }
}

/* Whatever is cut gives the whole again, each part fits, and no character is cut apart. */
static void parts_are_whole(void **state)
{
    static const char *const units[] = {"가",
                                        "{",
                                        "\xf0\x9f\x98\x80",
                                        "e\xcc\x81",
                                        "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
                                        "\xf0\x9f\x87\xb0\xf0\x9f\x87\xb7",
                                        "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab",
                                        "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd"};

    (void)state;
    for (size_t u = 0; u < G_N_ELEMENTS(units); u++) {
        for (size_t shift = 0; shift < 8; shift++) {
            char *head = repeat("x", shift, "");
            char *tail = repeat(units[u], 200, "");
            char *text = g_strconcat(head, tail, NULL);
            GString *joined = g_string_new(NULL);
            struct sms_measure m, one;
            GPtrArray *parts;

            sms_text_measure(text, SMS_CHARSET_AUTO, true, &m);
            parts = sms_text_split(text, &m);
            assert_int_equal(parts->len, m.parts);
            for (guint i = 0; i < parts->len; i++) {
                const char *part = g_ptr_array_index(parts, i);
                size_t skip = i ? 0 : shift;

                sms_text_measure(part, m.alphabet == SMS_GSM ? SMS_CHARSET_GSM : SMS_CHARSET_UCS2,
                                 true, &one);
                assert_true(one.units <=
                            (m.alphabet == SMS_GSM ? (size_t)SMS_GSM_PART : SMS_UCS2_PART));
                assert_int_equal((strlen(part) - skip) % strlen(units[u]), 0);
                g_string_append(joined, part);
            }
            assert_string_equal(joined->str, text);
            g_string_free(joined, TRUE);
            g_ptr_array_free(parts, TRUE);
            g_free(text);
            g_free(tail);
            g_free(head);
        }
    }
}

static void unfit_characters(void **state)
{
    struct sms_measure m;
    char *marks = repeat("\xcc\x81", 300, "");

    (void)state;
    sms_text_measure("ok 가", SMS_CHARSET_GSM, false, &m);
    assert_int_equal(m.unfit, 0xac00);
    sms_text_measure("\xf0\x9f\x98\x80", SMS_CHARSET_EUCKR, false, &m);
    assert_int_equal(m.unfit, 0x1f600);
    /* a character with more marks than a part has room ends somewhere */
    sms_text_measure(marks, SMS_CHARSET_AUTO, true, &m);
    assert_int_equal(m.parts, 5);
    g_free(marks);
}

static void texts_are_cleaned(void **state)
{
    char *text = sms_text_clean("a\r\nb\rc\t\x01\x7f\xff d \n\n", 15);

    (void)state;
    assert_string_equal(text, "a\nb\nc \xef\xbf\xbd d \n\n");
    g_free(text);
    text = sms_text_decode("\xac\x00\x00\x41", 4, "UTF-16BE");
    assert_string_equal(text, "가A");
    g_free(text);
    text = sms_text_decode("\xb0\xa1", 2, "EUC-KR");
    assert_string_equal(text, "가");
    g_free(text);
    text = sms_text_decode("abc", 3, "no-such-charset");
    assert_string_equal(text, "abc");
    g_free(text);
}

/* --- numbers -----------------------------------------------------------------------------------*/

static void numbers(void **state)
{
    const struct {
        const char *in, *code, *out;
    } rows[] = {{"+821012345678", "82", "+821012345678"},
                {"01012345678", "82", "+821012345678"},
                {"010-1234-5678", "82", "+821012345678"},
                {"821012345678", "82", "+821012345678"},
                {" 821012345678", "82", "+821012345678"},
                {"00821012345678", "82", "+821012345678"},
                {"0215771577", "82", "+82215771577"},
                {"15771577", "82", "15771577"},
                {"1588", "82", "1588"},
                {"FAIRLINE", "82", "FAIRLINE"},
                {"01012345678", "", "01012345678"},
                {"a\nb", "82", "a b"},
                {"", "82", ""}};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *out = sms_number_read(rows[i].in, rows[i].code);

        assert_string_equal(out, rows[i].out);
        g_free(out);
    }
    const struct {
        const char *in;
        enum sms_number_format format;
        const char *out;
    } ways[] = {{"+821012345678", SMS_NUMBER_E164, "+821012345678"},
                {"+821012345678", SMS_NUMBER_PLAIN, "821012345678"},
                {"+821012345678", SMS_NUMBER_NATIONAL, "01012345678"},
                {"+491701234567", SMS_NUMBER_NATIONAL, "491701234567"},
                {"01012345678", SMS_NUMBER_E164, NULL},
                {"+82x", SMS_NUMBER_E164, NULL},
                {"+8210123456789012", SMS_NUMBER_E164, NULL}};

    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        char *out = sms_number_write(ways[i].in, ways[i].format, "82");

        if (ways[i].out)
            assert_string_equal(out, ways[i].out);
        else
            assert_null(out);
        g_free(out);
    }
}

/* --- fields ------------------------------------------------------------------------------------*/

static void fields_are_escaped(void **state)
{
    const struct sms_fields fields = {.value = {[SMS_F_TEXT] = "a b&<\"\r\n{to}가",
                                                [SMS_F_URL] = "http://x/y?z=1",
                                                [SMS_F_PARTS] = "3"}};
    const struct {
        const char *template;
        enum sms_escape escape;
        const char *out; /* NULL: left out */
    } rows[] = {
        {"{text}", SMS_RAW, "a b&<\"\r\n{to}가"},
        {"{text}", SMS_ESCAPE_FORM, "a+b%26%3C%22%0D%0A%7Bto%7D%EA%B0%80"},
        {"{text}", SMS_ESCAPE_URL, "a%20b%26%3C%22%0D%0A%7Bto%7D%EA%B0%80"},
        {"<t>{text}</t>", SMS_ESCAPE_XML, "<t>a b&#38;&#60;&#34; \n{to}가</t>"},
        {"{text}", SMS_ESCAPE_HEADER, "a b&<\"  {to}가"},
        {"{url}/send?u={url}", SMS_ESCAPE_URL, "http://x/y?z=1/send?u=http%3A%2F%2Fx%2Fy%3Fz%3D1"},
        {"u={url:url}", SMS_RAW, "u=http%3A%2F%2Fx%2Fy%3Fz%3D1"},
        {"{{{parts}}}", SMS_RAW, "{3}"},
        {"{to}", SMS_RAW, ""},
        {"{to?}", SMS_RAW, NULL},
    };
    json_t *tree, *filled;
    char *text;

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GString *out = g_string_new(NULL);
        bool is_there = sms_template_fill(rows[i].template, &fields, rows[i].escape, out);

        assert_int_equal(is_there, rows[i].out != NULL);
        if (rows[i].out)
            assert_string_equal(out->str, rows[i].out);
        g_string_free(out, TRUE);
    }
    tree = json_loads("{\"a\": \"{text}\", \"n\": \"{parts:number}\", \"gone\": \"{to?}\","
                      " \"l\": [\"{parts}\", 1, null]}",
                      0, NULL);
    filled = sms_template_json(tree, &fields);
    text = json_dumps(filled, JSON_COMPACT);
    assert_string_equal(text, "{\"a\":\"a b&<\\\"\\r\\n{to}가\",\"n\":3,\"l\":[\"3\",1,null]}");
    free(text);
    json_decref(filled);
    json_decref(tree);
}

static void templates_are_checked(void **state)
{
    static const char *const bad[] = {"{nope}", "{text", "{text:base64}",
                                      "a } b",  "{}",    "{cursor}"};

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        char *reason = NULL;

        assert_false(sms_template_check(bad[i], SMS_FIELDS_ITEM, &reason));
        assert_non_null(reason);
        g_free(reason);
    }
}

/* --- values ------------------------------------------------------------------------------------*/

static char *value_at(enum sms_type type, const char *data, const char *path)
{
    char *reason = NULL;
    json_t *tree = sms_value_parse(type, data, strlen(data), NULL, &reason);
    json_t *paths = json_string(path);
    char *text = tree ? sms_value_text(tree, tree, paths) : NULL;

    g_free(reason);
    json_decref(paths);
    json_decref(tree);
    return text;
}

static void values_have_paths(void **state)
{
    static const char xml[] = "<?xml version='1.0'?><r><m id='7'>one</m><m id='8'>t&amp;o</m>"
                              "<e/><n><![CDATA[<x>]]></n></r>";
    const struct {
        enum sms_type type;
        const char *data, *path, *out;
    } rows[] = {
        {SMS_TYPE_JSON, "{\"a\": [{\"b\": 1}, {\"b\": \"x\"}]}", "a.1.b", "x"},
        {SMS_TYPE_JSON, "{\"a\": {\"b\": 1}}", "a.0.b", "1"},
        {SMS_TYPE_JSON, "{\"a\": true, \"c\": 9.5}", "c", "9.5"},
        {SMS_TYPE_JSON, "{\"a\": null}", "a", NULL},
        {SMS_TYPE_JSON, "<html>", "a", NULL},
        {SMS_TYPE_XML, xml, "r.m.1.@id", "8"},
        {SMS_TYPE_XML, xml, "r.m.1", "t&o"},
        {SMS_TYPE_XML, xml, "r.n", "<x>"},
        {SMS_TYPE_XML, xml, "r.e", NULL},
        {SMS_TYPE_XML, "<r><m id='7'>one</m></r>", "r.m.0", "one"},
        {SMS_TYPE_XML, "<!DOCTYPE r [<!ENTITY x 'y'>]><r>&x;</r>", "r", NULL},
        {SMS_TYPE_XML, "<r>&x;</r>", "r", NULL},
        {SMS_TYPE_XML, "<r><a></r>", "r", NULL},
        {SMS_TYPE_FORM, "a=1+2&b=%EA%B0%80&c", "b", "가"},
        {SMS_TYPE_FORM, "a=1+2&b=%zz", "b", "%zz"},
        {SMS_TYPE_FORM, "a=1+2", "a", "1 2"},
        {SMS_TYPE_TEXT, "hello", "", "hello"},
    };
    char *deep = repeat("[", 100, "");
    char *deep_xml = repeat("<a>", 100, "");

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *out = value_at(rows[i].type, rows[i].data, rows[i].path);

        if (rows[i].out && out)
            assert_string_equal(out, rows[i].out);
        else if (rows[i].out || out)
            fail_msg("row %zu: \"%s\"", i, out ? out : "nothing");
        g_free(out);
    }
    assert_null(value_at(SMS_TYPE_JSON, deep, "0"));
    assert_null(value_at(SMS_TYPE_XML, deep_xml, "a"));
    g_free(deep);
    g_free(deep_xml);
}

/* --- mapping -----------------------------------------------------------------------------------*/

static char *mapping_file(const char *name)
{
    char *path = g_strdup_printf("%s/etc/sms/%s", getenv("FL_TOP_SRCDIR"), name);
    char *text = NULL;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_free(path);
    return text;
}

static char *replace(const char *text, const char *from, const char *to)
{
    char **pieces = g_strsplit(text, from, 2);
    char *out;

    assert_int_equal(g_strv_length(pieces), 2);
    out = g_strjoinv(to, pieces);
    g_strfreev(pieces);
    return out;
}

static void mapping_faults(void **state)
{
    const struct {
        const char *from, *to, *says;
    } rows[] = {
        {"\"POST\"", "\"POST\",,", "m.json:4: "},
        {"\"type\": \"json\",\n        \"recipients\"",
         "\"type\": \"yaml\",\n        \"recipients\"",
         "m.json:6: send.type is none of json|xml|form|text|none"},
        {"\"method\": \"POST\"", "\"method\": \"DELETE\"", "send.method is none of GET, POST, PUT"},
        {"{text}", "{txt}", "m.json:13: send.each cannot be filled: {txt} is no field"},
        {"\"recipients\": 50", "\"recipients\": 5000",
         "m.json:7: send.recipients is no whole number from 1 to 200"},
        {"\"headers\"", "\"heads\"", "m.json:8: send.heads is not known here"},
        {"\"equals\": [\"queued\", \"sent\"]", "\"equals\": 7", "send.response.success.equals"},
        {"too (fast|many)", "too (fast", "errors match is no regular expression (rule 5)"},
        {"\"outcome\": \"bounced\"", "\"outcome\": \"lost\"", "outcome is none of"},
        {"\"fault\": \"address\"", "\"fault\": \"nobody\"", "fault is none of"},
        {"\"response\": {\n            \"type\": \"json\",\n            \"list\"",
         "\"answer\": {\n            \"type\": \"json\",\n            \"list\"",
         "send.answer is not known here"},
        {"\"string\": \"{time}.{body}\",", "", "receipt.auth.string is not given"},
        {"\"path\": \"/dlr\"", "\"path\": \"dlr\"", "receipt.path is not given"},
        {"\"name\": \"Crane", "\"nom\": \"Crane", "nom is not known here"},
        {"{cursor}", "{to}", "poll_inbound.request.url cannot be filled: {to} says nothing here"},
        {"\"token\": \"tag\",\n        \"reference\": \"id\",", "",
         "receipt.reference is not given"},
    };
    char *good = mapping_file("crane.json");
    struct fl_why why = {.size = sizeof why};
    struct sms_mapping *mapping = sms_mapping_parse("m.json", good, strlen(good), &why);

    (void)state;
    if (!mapping)
        fail_msg("%s", why.text);
    sms_mapping_destroy(&mapping);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *bad = replace(good, rows[i].from, rows[i].to);

        mapping = sms_mapping_parse("m.json", bad, strlen(bad), &why);
        assert_null(mapping);
        if (!strstr(why.text, rows[i].says) || strncmp(why.text, "m.json:", 7) != 0)
            fail_msg("row %zu: expected \"%s\", found \"%s\"", i, rows[i].says, why.text);
        g_free(bad);
    }
    g_free(good);
    good = mapping_file("harbour.json");
    mapping = sms_mapping_parse("harbour.json", good, strlen(good), &why);
    if (!mapping)
        fail_msg("%s", why.text);
    sms_mapping_destroy(&mapping);
    g_free(good);
}

/* --- answers -----------------------------------------------------------------------------------*/

static void judged(const struct sms_mapping *mapping, long status, const char *body, size_t index,
                   const char *to, struct sms_result *out)
{
    struct sms_exchange exchange = {.status = status, .answer = g_string_new(body)};
    json_t *root = sms_answer_read(&mapping->answer, &exchange);

    sms_answer_judge(&mapping->answer, &exchange, root, index, to, out);
    json_decref(root);
    g_string_free(exchange.answer, TRUE);
}

struct answer_row {
    long status;
    const char *body;
    enum fl_outcome outcome;
    enum fl_fault_class fault;
    bool stops;
};

static void answers_are(const struct sms_mapping *mapping, const struct answer_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct sms_result result = {.code = 0};

        judged(mapping, rows[i].status, rows[i].body, 0, "+821012345678", &result);
        if (result.verdict.outcome != rows[i].outcome || result.verdict.fault != rows[i].fault ||
            result.verdict.stops != rows[i].stops)
            fail_msg("row %zu: outcome %d, fault %d, stops %d: %s", i, (int)result.verdict.outcome,
                     (int)result.verdict.fault, result.verdict.stops, result.detail);
        sms_result_finish(&result);
    }
}

static void kannel_answers(void **state)
{
    static const struct answer_row rows[] = {
        {202, "0: Accepted for delivery", FL_OUTCOME_ACCEPTED, FL_FAULT_NONE, false},
        {202, "3: Queued for later delivery", FL_OUTCOME_ACCEPTED, FL_FAULT_NONE, false},
        {403, "Authorization failed for sendsms", FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE, true},
        {400, "Missing receiver(s) number(s), rejected", FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS,
         false},
        {400, "Sender missing and no global set, rejected", FL_OUTCOME_FAILED, FL_FAULT_OUR_SIDE,
         false},
        {400, "Charset or body misformed, rejected", FL_OUTCOME_FAILED, FL_FAULT_CONTENT, false},
        {403, "Not routable. Do not try again.", FL_OUTCOME_FAILED, FL_FAULT_POLICY, false},
        {503, "Temporal failure, try again later.", FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT, true},
        {503, "Foo", FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT, true},
        {200, "<html>hello", FL_OUTCOME_UNCERTAIN, FL_FAULT_UNKNOWN, false},
        {202, "<html>hello", FL_OUTCOME_UNCERTAIN, FL_FAULT_UNKNOWN, false},
        {500, "oops", FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT, false},
        {429, "", FL_OUTCOME_DEFERRED, FL_FAULT_THROTTLED, true},
        {504, "", FL_OUTCOME_UNCERTAIN, FL_FAULT_TRANSIENT, false},
        {404, "", FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE, true},
        {301, "", FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE, true},
    };
    struct fl_why why = {.size = sizeof why};
    struct sms_mapping *mapping =
        sms_mapping_parse("kannel", sms_kannel_mapping, strlen(sms_kannel_mapping), &why);

    (void)state;
    if (!mapping)
        fail_msg("%s", why.text);
    answers_are(mapping, rows, G_N_ELEMENTS(rows));
    sms_mapping_destroy(&mapping);
}

static void mapped_answers(void **state)
{
    static const char many[] =
        "{\"results\": [{\"to\": \"821099998888\", \"state\": \"failed\", \"error\": {\"code\": "
        "1001, \"message\": \"no such\"}}, {\"to\": \"821012345678\", \"id\": \"x7\", \"state\": "
        "\"queued\", \"segments\": 2, \"price\": {\"amount\": \"19.8\", \"currency\": \"KRW\"}}]}";
    static const struct answer_row crane[] = {
        {200, many, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE, false},
        {200, "{\"results\": []}", FL_OUTCOME_UNCERTAIN, FL_FAULT_UNKNOWN, false},
        {200, "not json", FL_OUTCOME_UNCERTAIN, FL_FAULT_UNKNOWN, false},
        {401, "{\"error\": {\"code\": \"2001\"}}", FL_OUTCOME_DEFERRED, FL_FAULT_OUR_SIDE, true},
        {400, "{\"error\": {\"code\": \"77\", \"message\": \"Too many\"}}", FL_OUTCOME_DEFERRED,
         FL_FAULT_THROTTLED, true},
        {400, "{\"error\": {\"code\": \"77\"}}", FL_OUTCOME_FAILED, FL_FAULT_UNKNOWN, false},
    };
    static const struct answer_row harbour[] = {
        {200, "<result><code>0000</code><serial>7</serial></result>", FL_OUTCOME_ACCEPTED,
         FL_FAULT_NONE, false},
        {200, "<result><code>2100</code></result>", FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS, false},
        {200, "<result><code>9999</code></result>", FL_OUTCOME_FAILED, FL_FAULT_UNKNOWN, false},
        {200, "<result><message>busy</message></result>", FL_OUTCOME_DEFERRED, FL_FAULT_TRANSIENT,
         false},
        {200, "<html><p>hello</html>", FL_OUTCOME_UNCERTAIN, FL_FAULT_UNKNOWN, false},
    };
    struct fl_why why = {.size = sizeof why};
    char *text = mapping_file("crane.json");
    struct sms_mapping *mapping = sms_mapping_parse("m.json", text, strlen(text), &why);
    struct sms_result result = {.code = 0};

    (void)state;
    answers_are(mapping, crane, G_N_ELEMENTS(crane));
    judged(mapping, 200, many, 0, "+821012345678", &result);
    assert_string_equal(result.reference, "x7");
    assert_string_equal(result.currency, "KRW");
    assert_int_equal(result.cost_micro, 19800000);
    assert_int_equal(result.parts, 2);
    judged(mapping, 200, many, 0, "+821099998888", &result);
    assert_int_equal(result.verdict.outcome, FL_OUTCOME_BOUNCED);
    assert_int_equal(result.code, 1001);
    sms_result_finish(&result);
    sms_mapping_destroy(&mapping);
    g_free(text);
    text = mapping_file("harbour.json");
    mapping = sms_mapping_parse("m.json", text, strlen(text), &why);
    answers_are(mapping, harbour, G_N_ELEMENTS(harbour));
    sms_mapping_destroy(&mapping);
    g_free(text);
}

/* --- items and options -------------------------------------------------------------------------*/

static void items_are_prepared(void **state)
{
    struct sms_settings set = {.sender = "0215771577",
                               .senders = "0215771577, FAIRLINE",
                               .country_code = "82",
                               .max_parts = 2};
    struct fl_part text = {sizeof text, "text/plain", NULL, "안녕", strlen("안녕")};
    const struct fl_part *parts[] = {&text};
    struct fl_item item = {.size = sizeof item,
                           .to_address = "+821012345678",
                           .sender_name = "",
                           .parts = parts,
                           .n_parts = 1};
    struct sms_prepared prepared;
    struct sms_result refusal = {.code = 0};
    char *large = repeat("가", 135, "");

    (void)state;
    assert_true(sms_item_prepare(&set, &item, &prepared, &refusal));
    assert_string_equal(prepared.from, "0215771577");
    sms_prepared_finish(&prepared);
    item.sender_name = "FAIRLINE";
    assert_true(sms_item_prepare(&set, &item, &prepared, &refusal));
    assert_string_equal(prepared.from, "FAIRLINE");
    sms_prepared_finish(&prepared);
    item.sender_name = "0212345678";
    assert_false(sms_item_prepare(&set, &item, &prepared, &refusal));
    assert_int_equal(refusal.verdict.fault, FL_FAULT_POLICY);
    assert_non_null(strstr(refusal.detail, "\"0212345678\" is not registered"));
    item.sender_name = "";
    text.data = large;
    text.data_len = strlen(large);
    assert_false(sms_item_prepare(&set, &item, &prepared, &refusal));
    assert_int_equal(refusal.verdict.fault, FL_FAULT_CONTENT);
    assert_string_equal(refusal.detail, "the text takes 3 parts, max_parts is 2");
    text.data = " \n";
    text.data_len = 2;
    assert_false(sms_item_prepare(&set, &item, &prepared, &refusal));
    assert_int_equal(refusal.verdict.fault, FL_FAULT_CONTENT);
    item.to_address = "kim@cust.test";
    assert_false(sms_item_prepare(&set, &item, &prepared, &refusal));
    assert_int_equal(refusal.verdict.fault, FL_FAULT_ADDRESS);
    assert_int_equal(refusal.verdict.outcome, FL_OUTCOME_BOUNCED);
    sms_result_finish(&refusal);
    g_free(large);
}

static void options_are_checked(void **state)
{
    static const struct fl_option good[] = {
        {"api", "kannel", 0},         {"url", "http://127.0.0.1:13013/cgi-bin/sendsms", 0},
        {"username", "gw", 0},        {"password", "pw", 0},
        {"cost_per_part", "9.9", 0},  {"cost_long", "0", 0},
        {"currency", "KRW", 0},       {"max_parts", "8", 8},
        {"callback_secret", NULL, 0}, {"callback_url", NULL, 0},
        {"sender", "0215771577", 0},  {"senders", NULL, 0},
        {"country_code", "82", 0},    {"charset", "auto", SMS_CHARSET_AUTO},
        {"number_format", "e164", 0},
    };
    const struct {
        const char *name, *text;
        int64_t number;
        const char *says;
    } rows[] = {
        {"url", "ftp://x", 0, "url \"ftp://x\" is not of the form"},
        {"url", "http://sms.example.com/", 0, "would send the password in clear"},
        {"username", "", 0, "username is not given"},
        {"api", "mapping", 1, "mapping is not given"},
        {"senders", "15771577", 0, "sender \"0215771577\" is not among senders"},
        {"sender", "A NAME TOO LONG", 0, "is neither a number nor a name"},
        {"callback_url", "http://127.0.0.1/h/sms", 0, "callback_secret_file is not given"},
        {"callback_secret", "short", 0, "callback_secret_file holds 5 characters"},
        {"country_code", "+82", 0, "country_code \"+82\" is no calling code"},
        {"cost_per_part", "cheap", 0, "cost_per_part or cost_long is no number"},
        {"currency", "won", 0, "currency \"won\" is not of three capital letters"},
        {"charset", "euc-kr", SMS_CHARSET_EUCKR, "charset euc-kr is for api mapping"},
    };
    GStringChunk *strings = g_string_chunk_new(1024);
    struct fl_why why = {.size = sizeof why};
    struct sms_settings set;

    (void)state;
    assert_int_equal(sms_settings_read(good, G_N_ELEMENTS(good), strings, &set, &why), FL_CALL_OK);
    assert_int_equal(set.cost_per_part_micro, 9900000);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct fl_option options[G_N_ELEMENTS(good)];

        memcpy(options, good, sizeof good);
        for (size_t k = 0; k < G_N_ELEMENTS(good); k++) {
            if (strcmp(options[k].name, rows[i].name) == 0) {
                options[k].text = rows[i].text;
                options[k].number = rows[i].number;
            }
        }
        assert_int_equal(sms_settings_read(options, G_N_ELEMENTS(good), strings, &set, &why),
                         FL_CALL_FAILED);
        if (!strstr(why.text, rows[i].says))
            fail_msg("row %zu: expected \"%s\", found \"%s\"", i, rows[i].says, why.text);
        assert_int_equal(why.fault, FL_FAULT_OUR_SIDE);
    }
    g_string_chunk_free(strings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),
        cmocka_unit_test(parts_are_whole),
        cmocka_unit_test(unfit_characters),
        cmocka_unit_test(texts_are_cleaned),
        cmocka_unit_test(numbers),
        cmocka_unit_test(fields_are_escaped),
        cmocka_unit_test(templates_are_checked),
        cmocka_unit_test(values_have_paths),
        cmocka_unit_test(mapping_faults),
        cmocka_unit_test(kannel_answers),
        cmocka_unit_test(mapped_answers),
        cmocka_unit_test(items_are_prepared),
        cmocka_unit_test(options_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
