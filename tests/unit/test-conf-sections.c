/* The sections front and value of the configuration: what they take, and what they need beside
 * them. */
#include "conf-scene.h"
#include "unit.h"

#include "base/arena.h"
#include "base/clock.h"
#include "conf/conf.h"

#define FIRM(base) "organisation { name = x web_base = \"" base "\" }\n"

static void test_front(void **state)
{
    struct fixture *f = *state;
    const struct fl_conf *conf = parse_ok(f, "");
    struct sockaddr_storage address;
    socklen_t len;

    assert_false(conf->front.is_enabled);
    assert_string_equal(conf->front.listen, "127.0.0.1:8080");
    conf = parse_ok(f, FIRM("https://x.example/p") "front { }\n");
    assert_true(conf->front.is_enabled);
    assert_string_equal(conf->front.trusted_proxy, "127.0.0.1");
    assert_int_equal(conf->front.connections, 1000);
    assert_int_equal(conf->front.connections_per_address, 50);
    assert_int_equal(conf->front.request_timeout_us, 10 * FL_US_PER_S);
    assert_int_equal(conf->front.body_max, 1 << 20);
    assert_false(conf->front.tracks_clicks);
    conf = parse_ok(f, FIRM("http://127.0.0.1:8080") "front { listen = \"[::]:443\" tls_cert = /c "
                                                     "tls_key = /k track_clicks = yes }");
    assert_true(conf->front.tracks_clicks);
    assert_string_equal(conf->front.tls_key, "/k");
    assert_true(fl_conf_listen_parse(conf->front.listen, &address, &len));
    assert_int_equal(address.ss_family, AF_INET6);
    assert_false(parse_ok(f, "front { enabled = no }")->front.is_enabled);

    BAD("front { }\n", "f.conf:1: front: web_base is missing in organisation");
    BAD(FIRM("http://x.example") "front { }",
        "f.conf:2: web_base \"http://x.example\": expected https://");
    BAD(FIRM("http://localhost.example") "front { }", "expected https://");
    BAD(FIRM("https://x") "front { tls_cert = /c }", "f.conf:2: tls_key: missing in front");
    BAD(FIRM("https://x") "front { tls_key = /k }", "f.conf:2: tls_cert: missing in front");
    BAD(FIRM("https://x") "front { listen = 8080 trusted_proxy = localhost tls_cert = c }",
        "f.conf:2: listen \"8080\": expected ADDRESS:PORT",
        "f.conf:2: trusted_proxy \"localhost\": expected an address",
        "f.conf:2: tls_cert \"c\": expected an absolute path",
        "f.conf:2: tls_key: missing in front");
}

static void test_listen(void **state)
{
    static const char *const bad[] = {"",         ":80",     "x:80",        "1.2.3.4",
                                      "1.2.3.4:", "1.2.3:x", "1.2.3.4:0",   "1.2.3.4:65536",
                                      "::1:80",   "[::1]",   "[1.2.3.4]:1", "[::1]:+1",
                                      "[::1:80",  "::1]:80", "[]:80",       "localhost:80"};
    static const char *const good[] = {"0.0.0.0:80", "127.0.0.1:65535", "[::1]:1", "[::]:443"};
    struct sockaddr_storage address;
    socklen_t len;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(fl_conf_listen_parse(bad[i], &address, &len));
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(fl_conf_listen_parse(good[i], &address, &len));
}

/* Files are looked at apart from the text: who parses may not be who may see them. */
static void test_front_files(void **state)
{
    struct fixture *f = *state;
    const struct fl_conf *conf =
        parse_ok(f, FIRM("https://x") "front { tls_cert = /nowhere/cert.pem tls_key = / }");

    fl_conf_check_files(conf, &f->faults);
    check_faults(f,
                 (const char *const[]){"f.conf:2: tls_cert \"/nowhere/cert.pem\": cannot be found",
                                       "f.conf:2: tls_key \"/\": is no file", NULL});
}

/* Real numbers have no option type: they are read, checked and printed by the section itself. */
static void test_worth(void **state)
{
    struct fixture *f = *state;
    const struct fl_conf *conf, *again;
    struct fl_buf dump = FL_BUF(1 << 20);
    struct fl_error err;

    assert_ok(
        fl_conf_parse(f->arena, "t",
                      "value {\n currency = KRW\n discount_rate = 0.1\n"
                      " weight_open_complaint = -1.25\n item_brand = 1e-3\n run_at = off\n}\n",
                      &f->faults, &conf, &err));
    assert_string_equal(conf->value.currency, "KRW");
    assert_true(conf->value.signal_weight[3] == -1.25);
    assert_true(conf->value.aspect_weight[2] == 1e-3);
    assert_true(conf->value.band == 0.15);
    fl_conf_dump(f->arena, conf, FL_CONF_DUMP_CHANGED, &dump);
    assert_non_null(strstr(dump.data, "item_brand = \"0.001\""));
    assert_null(strstr(dump.data, "discount_rate")); /* 0.1 is 0.10 */
    assert_ok(fl_conf_parse(f->arena, "t", dump.data, &f->faults, &again, &err));
    assert_memory_equal(conf->value.signal_weight, again->value.signal_weight,
                        sizeof conf->value.signal_weight);
    fl_buf_finish(&dump);

    assert_int_equal(fl_conf_parse(f->arena, "t",
                                   "value {\n band = wide\n line_slope = 0\n half_life = 0s\n"
                                   " run_at = 24:00\n currency = won\n certainty = 0x1p-1\n}\n",
                                   &f->faults, &conf, &err),
                     FL_INVALID);
    assert_int_equal(f->faults.n_total, 6);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_front), TEST(test_listen), TEST(test_front_files),
                                       TEST(test_worth)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
