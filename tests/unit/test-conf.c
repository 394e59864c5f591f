/* The configuration room: syntax, tables, faults with their places, secrets, dumps. */
#include "conf-scene.h"
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "conf/conf.h"
#include "conf/conf_file.h"

static void test_defaults(void **state)
{
    struct fixture *f = *state;
    const struct fl_conf *conf = parse_ok(f, "");
    struct fl_error err;

    assert_string_equal(conf->data_dir, FL_STATE_DIR);
    assert_string_equal(conf->store, "sqlite:" FL_STATE_DIR "/fairline.db");
    assert_string_equal(conf->control_socket, FL_STATE_DIR "/control");
    assert_string_equal(conf->organisation, "");
    assert_string_equal(conf->time_zone, "UTC");
    assert_string_equal(conf->country, "ZZ");
    assert_int_equal(conf->log_level, FL_LOG_INFO);
    assert_int_equal(conf->drain_timeout_us, 30 * FL_US_PER_S);
    assert_int_equal(conf->n_channels, 0);
    assert_ok(fl_conf_default(f->arena, "/tmp/x/", &conf, &err));
    assert_string_equal(conf->store, "sqlite:/tmp/x/fairline.db");
    assert_string_equal(conf->control_socket, "/tmp/x/control");
    assert_status(FL_INVALID, fl_conf_default(f->arena, "x", &conf, &f->err));
}

static const char whole[] = "# a comment with \"quotes\" and { braces\n"
                            "// another\n"
                            "/* and\n"
                            "   a third */\n"
                            "data_dir = /srv/fairline\n"
                            "node = 63\n"
                            "log_level = debug\n"
                            "organisation {\n"
                            "    name = \"Rainbow \\\"Dairy\\\"\"  # after a value\n"
                            "    postal_address = 'Seoul\\\\1'\n"
                            "    contact = \"line 1\\nline 2\"\n"
                            "    language = ko\n"
                            "    time_zone = Asia/Seoul\n"
                            "    country = KR\n"
                            "    web_base = https://dairy.example/p\n"
                            "}\n"
                            "channel mail {\n"
                            "    plugin = email\n"
                            "    workers = 64\n"
                            "    batch = 500\n"
                            "    expire_after = 90m\n"
                            "    enabled = no\n"
                            "    options {\n"
                            "        host = \"smtp.example:25\"\n"
                            "        sender = 'a@b.example'\n"
                            "    }\n"
                            "}\n"
                            "channel \"text-2\" { plugin = sms }\n"
                            "front { request_timeout = 5s trusted_proxy = \"\" body_max = 64k "
                            "track_opens = yes }\n";

static void test_whole(void **state)
{
    struct fixture *f = *state;
    const struct fl_conf *conf = parse_ok(f, whole);
    const struct fl_conf_channel *ch;

    assert_int_equal(conf->node, 63);
    assert_int_equal(conf->log_level, FL_LOG_DEBUG);
    assert_string_equal(conf->organisation, "Rainbow \"Dairy\"");
    assert_string_equal(conf->postal_address, "Seoul\\1");
    assert_string_equal(conf->contact, "line 1\nline 2");
    assert_string_equal(conf->time_zone, "Asia/Seoul");
    assert_int_equal(conf->n_channels, 2);
    ch = fl_conf_channel_find(conf, "mail");
    assert_non_null(ch);
    assert_int_equal(ch->line, 17);
    assert_int_equal(ch->workers, 64);
    assert_int_equal(ch->batch, 500);
    assert_false(ch->is_enabled);
    assert_int_equal(ch->expire_after_us, 90 * 60 * FL_US_PER_S);
    assert_int_equal(ch->retry_max_us, 4 * 3600 * FL_US_PER_S);
    assert_int_equal(ch->n_settings, 2);
    assert_string_equal(ch->settings[0].key, "host");
    assert_string_equal(ch->settings[0].text, "smtp.example:25");
    assert_int_equal(ch->settings[0].line, 24);
    assert_string_equal(ch->settings[1].text, "a@b.example");
    assert_true(fl_conf_channel_find(conf, "text-2")->is_enabled);
    assert_null(fl_conf_channel_find(conf, "fax"));
}

/* What is wrong in different places is listed in one go. */
static void test_all_faults_at_once(void **state)
{
    struct fixture *f = *state;

    BAD("node = 64\n"
        "log_levl = info\n"
        "log_level = loud\n"
        "data_dir = var\n"
        "drain_timeout = 30\n"
        "organisation { country = kr\n"
        "  language = korean\n time_zone = Asia/Atlantis\n}\n"
        "channel \"Mail\" { workers = 65 batch = 0\n"
        "  retry_first = 0s }\n"
        "channel fax { plugin = fax retry_first = 5h expire_after = 1h }\n",
        "f.conf:2: log_levl: unknown key (did you mean \"log_level\"?)",
        "f.conf:4: data_dir \"var\": expected an absolute path",
        "f.conf:1: node \"64\": expected a whole number within 0..63",
        "f.conf:3: log_level \"loud\": expected one of error|warn|info|debug",
        "f.conf:5: drain_timeout \"30\": expected a duration such as 500ms, 30s, 15m, 4h or 2d "
        "within 1ms..1h",
        "f.conf:6: country \"kr\": expected two capital letters such as KR",
        "f.conf:7: language \"korean\": expected a language tag",
        "f.conf:8: time_zone \"Asia/Atlantis\": expected a time zone",
        "f.conf:6: name: missing in organisation; expected text",
        "f.conf:10: channel \"Mail\": expected a name",
        "f.conf:10: plugin: missing in channel \"Mail\"",
        "f.conf:10: workers \"65\": expected a whole number within 1..64",
        "f.conf:10: batch \"0\": expected a whole number within 1..500",
        "f.conf:11: retry_first \"0s\": expected a duration",
        "f.conf:12: retry_first \"5h\": is above retry_max, which is 4h",
        "f.conf:12: expire_after \"1h\": is below retry_first, which is 5h");
}

static void test_structure(void **state)
{
    struct fixture *f = *state;

    BAD("node = 1\nnode = 2\n", "f.conf:2: node: given twice; the first is on line 1");
    BAD("channel a { plugin = x }\nchannel \"a\" { plugin = y\n batch = 0 }\nnode = 99\n",
        "f.conf:2: channel \"a\": the section is given twice; the first is on line 1",
        "f.conf:4: node");
    BAD("organisation { name = x }\norganisation { name = x }\n",
        "f.conf:2: organisation: the section is given twice");
    BAD("\nchanel mail { options { a = 1 } }\nnode = x\n",
        "f.conf:2: chanel: unknown section (did you mean \"channel\"?)", "f.conf:3: node \"x\"");
    BAD("channel { plugin = x }\n", "f.conf:1: channel: the section needs a title");
    BAD("organisation acme { }\n", "f.conf:1: organisation \"acme\": the section has no title");
    BAD("channel a { plugin = x option { a = 1 } }\n",
        "option: unknown section (did you mean \"options\"?)");
    BAD("channel = mail\n", "f.conf:1: channel: this is a section here");
    BAD("Node = 3\n", "f.conf:1: Node: \"Node\" is not a key");
    BAD("organisation|name = x\n", "\"organisation|name\" is not a key");
    BAD("channel \"a\\\\b\" { }\n", "a title cannot hold a backslash");
    /* A key of one section may be the name of another. */
    assert_int_equal(
        parse_ok(f, "channel a { plugin = x options { channel = 1 organisation = 2 } }")
            ->n_channels,
        1);
}

static void test_syntax(void **state)
{
    struct fixture *f = *state;

    BAD("\nnode = \"3\n", "f.conf:2: the string is not closed on its line");
    BAD("node\n= \n", "f.conf:3: a value is missing after '='");
    BAD("node 3\n", "f.conf:1: node: expected \"= value\" or \"{\"");
    BAD("node = {1, 2}\n", "f.conf:1: a list is not allowed");
    BAD("node += 3\n", "'+=' is not allowed");
    BAD("node = +3\n", "needs quotes");
    BAD("node = 3,\n", "needs quotes");
    BAD("node = *3\n", "needs quotes");
    BAD("include(\"/etc/passwd\")\n", "a call such as include(...) is not allowed");
    BAD("data_dir = \"${HOME}\"\n", "${...} is not allowed");
    BAD("data_dir = ${HOME}\n", "${...} is not allowed");
    BAD("data_dir = '/a${HOME}'\n", "${...} is not allowed");
    BAD("data_dir = \"\\x41\"\n", "unknown escape");
    BAD("data_dir = \"a\\\n", "unknown escape");
    BAD("data_dir = '\\n'\n", "in '...' only");
    BAD("}\n", "f.conf:1: a '}' without a section");
    BAD("node = 1\nchannel a {\n plugin = x\n", "f.conf:2: channel \"a\": the section that begins");
    BAD("nonsense {\n a = 1\n", "nonsense: unknown section",
        "f.conf:1: the section that begins here is not closed");
    BAD("\"node\" = 3\n", "a string where a key");
    BAD("= 3\n", "a key or a section was expected");
    BAD("/* never\nclosed\n", "f.conf:1: the comment that begins here");
    BAD("node = \x01\n", "a control character");
    BAD("store = \"\x01\"\n", "a control character in a string");
    BAD("node = \xff\n", "not UTF-8 text");
    BAD("x", "f.conf:1: x: expected \"= value\"");
    assert_string_equal(parse_ok(f, "\xef\xbb\xbfnode = 1\r\nstore = null:\r\n")->store, "null:");
    assert_int_equal(parse_ok(f, "# nothing")->node, 0);
    assert_int_equal(parse_ok(f, "#\n#\nnode=7")->node, 7);
    assert_int_equal(parse_ok(f, "/**/node /* * / */ = /**/ 8 //x\n")->node, 8);
}

/* libConfuse's lexer is one for the process: what a broken file leaves behind must not be seen by
 * the next. */
static void test_again_after_faults(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 50; i++) {
        BAD("store = 'sqlite:/x\n", "the string is not closed");
        BAD("channel a {", "not closed");
        assert_int_equal(parse_ok(f, whole)->n_channels, 2);
    }
}

static void test_limits(void **state)
{
    struct fixture *f = *state;
    const struct fl_conf *conf;
    struct fl_buf buf = FL_BUF((size_t)4 << 20);

    for (int i = 0; i <= FL_CONF_CHANNELS_MAX; i++)
        fl_buf_printf(&buf, "channel c%d { plugin = null }\n", i);
    BAD(buf.data, "f.conf:65: channel \"c64\": more than 64 channels");
    fl_buf_reset(&buf);
    for (int i = 0; i <= FL_CONF_KEYS_MAX; i++)
        fl_buf_printf(&buf, "k%d = 1\n", i);
    BAD(buf.data, "f.conf:257: more than 256 different keys");
    fl_buf_reset(&buf);
    for (int i = 0; i <= FL_CONF_SETTINGS_MAX; i++)
        fl_buf_puts(&buf, "k = 1\n");
    BAD(buf.data, "f.conf:8193: more than 8192 settings");
    fl_buf_reset(&buf);
    for (int i = 0; i <= FL_CONF_SECTIONS_MAX; i++)
        fl_buf_printf(&buf, "channel c%d { }\n", i);
    BAD(buf.data, "more than 2048 sections");
    fl_buf_reset(&buf);
    while (buf.len <= FL_CONF_FILE_MAX)
        fl_buf_puts(&buf, "################################################################\n");
    assert_status(FL_LIMIT,
                  fl_conf_parse(f->arena, "f.conf", buf.data, &f->faults, &conf, &f->err));
    fl_buf_finish(&buf);
}

static void write_file(struct fixture *f, const char *name, const char *text, size_t len,
                       mode_t mode, char path[128])
{
    int fd;

    snprintf(path, 128, "%s/%s", f->dir, name);
    fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    fchmod(fd, mode);
    close(fd);
}

static void test_load(void **state)
{
    struct fixture *f = *state;
    const struct fl_conf *conf;
    struct fl_error err;
    char path[128];

    write_file(f, "a.conf", whole, sizeof whole - 1, 0644, path);
    assert_ok(fl_conf_load(f->arena, path, &f->faults, &conf, &err));
    assert_string_equal(conf->file, path);
    write_file(f, "nul.conf", "node = 1\n\0node = 2\n", 19, 0644, path);
    assert_status(FL_INVALID, fl_conf_load(f->arena, path, &f->faults, &conf, &f->err));
    check_faults(f, (const char *const[]){"a NUL byte", NULL});
    assert_status(FL_NOT_FOUND,
                  fl_conf_load(f->arena, "/nowhere/x.conf", &f->faults, &conf, &f->err));
    assert_non_null(strstr(f->err.text, "/nowhere/x.conf"));
}

static void test_environment(void **state)
{
    struct fixture *f = *state;
    const struct fl_conf *conf;

    setenv("FAIRLINE_NODE", "5", 1);
    setenv("FAIRLINE_DATA_DIR", "/env", 1);
    setenv("FAIRLINE_SOMETHING", "/else", 1);
    conf = parse_ok(f, "node = 4\n");
    assert_int_equal(conf->node, 5);
    assert_string_equal(conf->store, "sqlite:/env/fairline.db");
    setenv("FAIRLINE_NODE", "99", 1);
    setenv("FAIRLINE_STORE", "mysql:", 1);
    BAD("node = 4\n", "environment variable FAIRLINE_STORE: store \"mysql:\": expected sqlite:",
        "environment variable FAIRLINE_NODE: node \"99\"");
    unsetenv("FAIRLINE_NODE");
    unsetenv("FAIRLINE_DATA_DIR");
    unsetenv("FAIRLINE_STORE");
    unsetenv("FAIRLINE_SOMETHING");
}

static void test_single_keys(void **state)
{
    struct fixture *f = *state;
    static const char *const fine[] = {
        "user = fairline",
        "plugin_dir = /a:/b/c",
        "store = null:",
        "organisation { name = x language = zh-Hant-TW }",
        "organisation { name = x language = en-GB }",
        "organisation { name = x web_base = \"http://localhost:8080\" }",
        "organisation { name = x web_base = \"\" }",
        "organisation { name = x time_zone = America/Argentina/Buenos_Aires }",
    };
    static const char *const wrong[] = {
        "user = Root",
        "plugin_dir = /a:b",
        "plugin_dir = \"\"",
        "store = sqlite:relative.db",
        "organisation { name = x language = e }",
        "organisation { name = x language = \"en-\" }",
        "organisation { name = x language = 12 }",
        "organisation { name = x language = en_GB }",
        "organisation { name = x language = en-abcdefghi }",
        "organisation { name = x language = aa-bb-cc-dd-ee-ff-gg-hh-ii-jj-kk-ll-mm }",
        "organisation { name = x web_base = \"ftp://x\" }",
        "organisation { name = x web_base = \"https://\" }",
        "organisation { name = x web_base = \"https://x/\" }",
        "organisation { name = x web_base = \"https://x y\" }",
        "organisation { name = x time_zone = ../../../etc/passwd }",
        "organisation { name = x time_zone = /etc/passwd }",
        "organisation { name = x time_zone = \"Asia/Se oul\" }",
        "organisation { name = x time_zone = Asia }",
        "channel a { plugin = ../x }",
        "channel a { plugin = x enabled = maybe }",
    };

    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
        parse_ok(f, fine[i]);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        BAD(wrong[i], "expected ");
}

static const struct fl_option_spec plugin_specs[] = {
    {.name = "host", .type = FL_OPTION_HOSTPORT, .flags = FL_OPTION_REQUIRED},
    {.name = "mode",
     .type = FL_OPTION_ENUM,
     .choices = "smtp|maildir|none",
     .default_text = "maildir"},
    {.name = "size", .type = FL_OPTION_SIZE, .default_text = "64k", .min = 1, .max = 1 << 20},
    {.name = "wait", .type = FL_OPTION_DURATION},
    {.name = "url", .type = FL_OPTION_URL},
    {.name = "folder", .type = FL_OPTION_PATH},
    {.name = "tls", .type = FL_OPTION_BOOL, .default_text = "yes"},
    {.name = "count", .type = FL_OPTION_INT},
    {.name = "label", .type = FL_OPTION_STRING, .min = 1, .max = 5},
    {.name = "password", .type = FL_OPTION_STRING, .flags = FL_OPTION_SECRET},
    {.name = NULL},
};

enum { HOST, MODE, SIZE, WAIT, URL, FOLDER, TLS, COUNT, LABEL, PASSWORD, N_OPTIONS };

static enum fl_status options(struct fixture *f, const struct fl_conf_setting *settings, size_t n,
                              const struct fl_option **out)
{
    size_t n_out = 0;
    const struct fl_conf_channel channel = {
        .name = "mail", .file = "f", .line = 9, .settings = settings, .n_settings = n};
    enum fl_status st =
        fl_conf_options(f->arena, plugin_specs, &channel, &f->faults, out, &n_out, &f->err);

    if (!st)
        assert_int_equal(n_out, N_OPTIONS);
    return st;
}

static void test_options(void **state)
{
    struct fixture *f = *state;
    const struct fl_option *o = NULL;
    const struct fl_conf_setting given[] = {
        {"host", "[2001:db8::1]:2525", "f", 1},
        {"wait", "1500ms", "f", 2},
        {"url", "sftp://h/x", "f", 3},
        {"folder", "/var/mail", "f", 4},
        {"tls", "off", "f", 5},
        {"count", "-7", "f", 6},
        {"label", "abc", "f", 7},
    };

    assert_status(FL_OK, options(f, given, 7, &o));
    assert_string_equal(o[HOST].text, "2001:db8::1");
    assert_int_equal(o[HOST].number, 2525);
    assert_string_equal(o[MODE].text, "maildir");
    assert_int_equal(o[MODE].number, 1);
    assert_int_equal(o[SIZE].number, 65536);
    assert_int_equal(o[WAIT].number, 1500000);
    assert_int_equal(o[TLS].number, 0);
    assert_int_equal(o[COUNT].number, -7);
    assert_string_equal(o[PASSWORD].name, "password");
    assert_null(o[PASSWORD].text);
    assert_status(FL_OK, options(f, (struct fl_conf_setting[]){{"host", "a.b:1", "f", 1}}, 1, &o));
    assert_string_equal(o[HOST].text, "a.b");
    assert_null(o[WAIT].text);

    assert_status(FL_INVALID, options(f, NULL, 0, &o));
    check_faults(
        f, (const char *const[]){
               "f:9: host: missing in channel \"mail\"; expected HOST:PORT or [IPV6]:PORT", NULL});
}

static void test_options_faults(void **state)
{
    struct fixture *f = *state;
    const struct fl_option *o = NULL;
    const struct fl_conf_setting given[] = {
        {"host", "a", "f", 1},         {"mode", "smt", "f", 2},    {"size", "2M", "f", 3},
        {"wait", "-1s", "f", 4},       {"url", "h/x", "f", 5},     {"folder", "mail", "f", 6},
        {"tls", "YES", "f", 7},        {"count", "1.5", "f", 8},   {"label", "abcdef", "f", 9},
        {"password", "hush", "f", 10}, {"passwort", "x", "f", 11}, {"tls_file", "/x", "f", 12},
    };
    static const char *const hosts[] = {
        "a:0",   "a:65536", ":25",       "[]:25",    "[::1:25",  "::1:25",
        "a b:1", "a:-1",    "[abc]:123", "[g::]:25", "a/b:2525", "h:",
    };

    assert_status(FL_INVALID, options(f, given, sizeof given / sizeof given[0], &o));
    check_faults(f,
                 (const char *const[]){
                     "f:11: passwort: unknown key in channel \"mail\"",
                     "f:12: tls_file: unknown key in channel \"mail\"",
                     "f:1: host \"a\": expected HOST:PORT",
                     "f:2: mode \"smt\": expected one of smtp|maildir|none",
                     "f:3: size \"2M\": expected a size such as 64k or 10M within 1..1048576",
                     "f:4: wait \"-1s\": expected a duration", "f:5: url \"h/x\": expected a URL",
                     "f:6: folder \"mail\": expected an absolute path",
                     "f:7: tls \"YES\": expected yes or no",
                     "f:8: count \"1.5\": expected a whole number",
                     "f:9: label \"abcdef\": expected text of 1 to 5 bytes",
                     "f:10: password: a secret does not stand in the configuration", NULL});
    assert_null(o);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        const struct fl_conf_setting one = {"host", hosts[i], "f", 1};

        assert_status(FL_INVALID, options(f, &one, 1, &o));
        check_faults(f, (const char *const[]){"expected HOST:PORT", NULL});
    }
}

static void secret(struct fixture *f, const char *path, const char *expected_fault)
{
    const struct fl_option *o = NULL;
    const struct fl_conf_setting given[] = {{"host", "a:1", "f", 1},
                                            {"password_file", path, "f", 2}};
    enum fl_status st = options(f, given, 2, &o);

    if (expected_fault) {
        assert_status(FL_INVALID, st);
        check_faults(f, (const char *const[]){expected_fault, NULL});
    } else {
        assert_status(FL_OK, st);
        assert_string_equal(o[PASSWORD].text, "s3cret word");
    }
}

static void test_secrets(void **state)
{
    struct fixture *f = *state;
    char path[128], large[5000];

    write_file(f, "good", "s3cret word\nsecond line\n", 24, 0640, path);
    secret(f, path, NULL);
    write_file(f, "crlf", "s3cret word\r\n", 13, 0400, path);
    secret(f, path, NULL);
    write_file(f, "open", "s3cret word\n", 12, 0644, path);
    secret(f, path, "the file is open to everybody");
    write_file(f, "empty", "\nx\n", 3, 0600, path);
    secret(f, path, "the first line of the file is empty");
    memset(large, 'x', sizeof large);
    write_file(f, "large", large, sizeof large, 0600, path);
    secret(f, path, "larger than 4096 bytes");
    secret(f, f->dir, "not a regular file");
    secret(f, "/nowhere/x", "No such file");
    secret(f, "relative", "expected the absolute path");
    snprintf(path, sizeof path, "%s/fifo", f->dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    secret(f, path, "not a regular file");
}

static void test_required_secret(void **state)
{
    struct fixture *f = *state;
    static const struct fl_option_spec specs[] = {
        {.name = "key", .type = FL_OPTION_STRING, .flags = FL_OPTION_SECRET | FL_OPTION_REQUIRED},
        {.name = NULL},
    };
    const struct fl_conf_channel channel = {.name = "mail", .file = "f", .line = 3};
    const struct fl_option *o;
    size_t n;

    assert_status(FL_INVALID,
                  fl_conf_options(f->arena, specs, &channel, &f->faults, &o, &n, &f->err));
    check_faults(f, (const char *const[]){"f:3: key: missing in channel \"mail\"; expected text by "
                                          "a file reference, NAME_file",
                                          NULL});
}

static void test_suggestion(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"workers", "batch", "rate"};

    assert_string_equal(fl_conf_suggestion(f->arena, "wrokers", names, 3),
                        " (did you mean \"workers\"?)");
    assert_string_equal(fl_conf_suggestion(f->arena, "batchs", names, 3),
                        " (did you mean \"batch\"?)");
    assert_string_equal(fl_conf_suggestion(f->arena, "ra", names, 3), "");
    assert_string_equal(fl_conf_suggestion(f->arena, "unrelated", names, 3), "");
    assert_string_equal(
        fl_conf_suggestion(
            f->arena, "a-word-that-is-much-too-long-to-be-the-name-of-anything-in-any-table-here",
            names, 3),
        "");
}

/* A dump of everything says the same as the file it came from; a dump of changes too. */
static void test_dump(void **state)
{
    struct fixture *f = *state;
    const struct fl_conf *conf = parse_ok(f, whole);
    struct fl_buf first = FL_BUF(FL_BUF_LINE_MAX), second = FL_BUF(FL_BUF_LINE_MAX);
    struct fl_buf changes = FL_BUF(FL_BUF_LINE_MAX);

    fl_conf_dump(f->arena, conf, FL_CONF_DUMP_ALL, &first);
    assert_false(fl_buf_failed(&first));
    fl_conf_dump(f->arena, parse_ok(f, first.data), FL_CONF_DUMP_ALL, &second);
    assert_string_equal(first.data, second.data);
    assert_non_null(strstr(first.data, "retry_max = \"4h\""));

    fl_conf_dump(f->arena, conf, FL_CONF_DUMP_CHANGED, &changes);
    assert_null(strstr(changes.data, "retry_max"));
    assert_null(strstr(changes.data, "store ="));
    assert_non_null(strstr(changes.data, "expire_after = \"90m\""));
    fl_buf_reset(&second);
    fl_conf_dump(f->arena, parse_ok(f, changes.data), FL_CONF_DUMP_ALL, &second);
    assert_string_equal(first.data, second.data);

    fl_buf_reset(&changes);
    fl_conf_dump(f->arena, parse_ok(f, "channel a { plugin = x collect_interval = 1m }"),
                 FL_CONF_DUMP_CHANGED, &changes);
    assert_string_equal(changes.data, "\nchannel \"a\" {\n    plugin = \"x\"\n}\n");

    fl_buf_reset(&changes);
    fl_conf_dump(f->arena, NULL, FL_CONF_DUMP_DEFAULTS, &changes);
    assert_non_null(strstr(changes.data, "batch = \"100\""));
    assert_non_null(strstr(changes.data, "# plugin has no default"));

    fl_buf_reset(&changes);
    fl_conf_dump(f->arena,
                 parse_ok(f, "channel a { plugin = x options { password = hush api_key_file = /k"
                             " user = kim } }"),
                 FL_CONF_DUMP_ALL, &changes);
    assert_null(strstr(changes.data, "hush"));
    assert_non_null(strstr(changes.data, "password = \"********\""));
    assert_non_null(strstr(changes.data, "api_key_file = \"/k\""));
    assert_non_null(strstr(changes.data, "user = \"kim\""));
    fl_buf_finish(&first);
    fl_buf_finish(&second);
    fl_buf_finish(&changes);
}

/* The sample that is installed must be one that a fresh daemon takes. */
static void test_sample(void **state)
{
    struct fixture *f = *state;
    const char *top = getenv("FL_TOP_SRCDIR");
    const struct fl_conf *conf;
    struct fl_error err;
    char path[4096];

    if (!top) {
        print_message("FL_TOP_SRCDIR is not set: the sample is not looked at\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/etc/fairline.conf", top);
    assert_ok(fl_conf_load(f->arena, path, &f->faults, &conf, &err));
    assert_true(conf->n_channels > 0);
}

/* Tables are written by hand: their defaults must satisfy themselves. */
static void test_tables(void **state)
{
    struct fixture *f = *state;
    const struct fl_option_spec *tables[] = {fl_conf_global_specs(), fl_conf_organisation_specs(),
                                             fl_conf_front_specs(), fl_conf_worth_specs(),
                                             fl_conf_channel_specs()};

    for (size_t t = 0; t < 5; t++)
        for (const struct fl_option_spec *s = tables[t]; s->name; s++) {
            assert_non_null(s->help);
            assert_non_null(fl_conf_spec_expected(f->arena, s));
            assert_true(fl_conf_is_name(s->name, 32));
        }
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defaults),
        TEST(test_whole),
        TEST(test_all_faults_at_once),
        TEST(test_structure),
        TEST(test_syntax),
        TEST(test_again_after_faults),
        TEST(test_limits),
        TEST(test_load),
        TEST(test_environment),
        TEST(test_single_keys),
        TEST(test_options),
        TEST(test_options_faults),
        TEST(test_secrets),
        TEST(test_required_secret),
        TEST(test_suggestion),
        TEST(test_dump),
        TEST(test_sample),
        TEST(test_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
