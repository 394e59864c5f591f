/* The layout of the plugin contract, held by the compiler: `make check-abi` says what else has
 * changed, this fails to build at once.  Numbers are those of 64-bit machines. */
#include "unit.h"

#include "fairline/channel.h"

#if __SIZEOF_POINTER__ == 8
#define AT(type, member, offset)                                                                   \
    _Static_assert(offsetof(struct type, member) == (offset), #type "." #member " has moved")

AT(fl_channel_v1, magic, 0);
AT(fl_channel_v1, abi_major, 4);
AT(fl_channel_v1, abi_minor, 6);
AT(fl_channel_v1, size, 8);
AT(fl_channel_v1, name, 16);
AT(fl_channel_v1, version, 24);
AT(fl_channel_v1, summary, 32);
AT(fl_channel_v1, medium, 40);
AT(fl_channel_v1, capabilities, 48);
AT(fl_channel_v1, limits, 56);
AT(fl_channel_v1, options, 64);
AT(fl_channel_v1, check, 72);
AT(fl_channel_v1, open, 80);
AT(fl_channel_v1, deliver, 88);
AT(fl_channel_v1, collect, 96);
AT(fl_channel_v1, http, 104);
AT(fl_channel_v1, poll_fds, 112);
AT(fl_channel_v1, lookup, 120);
AT(fl_channel_v1, health, 128);
AT(fl_channel_v1, close, 136);
AT(fl_channel_v1, preview, 144);
_Static_assert(sizeof(struct fl_channel_v1) >= 152, "fl_channel_v1 has shrunk");

AT(fl_http_field, name, 0);
AT(fl_http_field, value, 8);
_Static_assert(sizeof(struct fl_http_field) >= 16, "fl_http_field has shrunk");

AT(fl_http_request, size, 0);
AT(fl_http_request, method, 8);
AT(fl_http_request, path, 16);
AT(fl_http_request, query, 24);
AT(fl_http_request, n_query, 32);
AT(fl_http_request, headers, 40);
AT(fl_http_request, n_headers, 48);
AT(fl_http_request, body, 56);
AT(fl_http_request, body_len, 64);
AT(fl_http_request, peer_address, 72);
_Static_assert(sizeof(struct fl_http_request) >= 80, "fl_http_request has shrunk");

AT(fl_http_response, size, 0);
AT(fl_http_response, status, 4);
AT(fl_http_response, content_type, 8);
AT(fl_http_response, body, 16);
AT(fl_http_response, body_len, 24);
AT(fl_http_response, location, 32);
AT(fl_http_response, headers, 40);
AT(fl_http_response, n_headers, 48);
_Static_assert(sizeof(struct fl_http_response) >= 56, "fl_http_response has shrunk");

AT(fl_inbound, size, 0);
AT(fl_inbound, kind, 4);
AT(fl_inbound, dedupe_key, 8);
AT(fl_inbound, content_type, 16);
AT(fl_inbound, data, 24);
AT(fl_inbound, data_len, 32);
AT(fl_inbound, from_address, 40);
AT(fl_inbound, to_address, 48);
AT(fl_inbound, received_us, 56);
AT(fl_inbound, is_authenticated, 64);
AT(fl_inbound, form, 72);
AT(fl_inbound, attachments, 80);
AT(fl_inbound, n_attachments, 88);
_Static_assert(sizeof(struct fl_inbound) >= 96, "fl_inbound has shrunk");

AT(fl_item, size, 0);
AT(fl_item, attempt, 4);
AT(fl_item, message_id, 8);
AT(fl_item, to_address, 16);
AT(fl_item, to_name, 24);
AT(fl_item, language, 32);
AT(fl_item, subject, 40);
AT(fl_item, sender_name, 48);
AT(fl_item, token_return, 56);
AT(fl_item, token_reply, 64);
AT(fl_item, token_identity, 72);
AT(fl_item, token_unsubscribe, 80);
AT(fl_item, unsubscribe_url, 88);
AT(fl_item, campaign, 96);
AT(fl_item, parts, 104);
AT(fl_item, n_parts, 112);
AT(fl_item, in_reply_to, 120);
AT(fl_item, token_card, 128);
AT(fl_item, page_url, 136);
AT(fl_item, survey, 144);
_Static_assert(sizeof(struct fl_item) >= 152, "fl_item has shrunk");

AT(fl_limits, size, 0);
AT(fl_limits, batch_max, 4);
AT(fl_limits, text_max, 8);
AT(fl_limits, rate_max, 12);
AT(fl_limits, call_timeout_s, 16);
_Static_assert(sizeof(struct fl_limits) >= 20, "fl_limits has shrunk");

AT(fl_option, name, 0);
AT(fl_option, text, 8);
AT(fl_option, number, 16);
_Static_assert(sizeof(struct fl_option) >= 24, "fl_option has shrunk");

AT(fl_option_spec, name, 0);
AT(fl_option_spec, type, 8);
AT(fl_option_spec, default_text, 16);
AT(fl_option_spec, min, 24);
AT(fl_option_spec, max, 32);
AT(fl_option_spec, choices, 40);
AT(fl_option_spec, flags, 48);
AT(fl_option_spec, help, 56);
_Static_assert(sizeof(struct fl_option_spec) >= 64, "fl_option_spec has shrunk");

AT(fl_part, size, 0);
AT(fl_part, type, 8);
AT(fl_part, name, 16);
AT(fl_part, data, 24);
AT(fl_part, data_len, 32);
_Static_assert(sizeof(struct fl_part) >= 40, "fl_part has shrunk");

AT(fl_receipt, size, 0);
AT(fl_receipt, kind, 4);
AT(fl_receipt, dedupe_key, 8);
AT(fl_receipt, token, 16);
AT(fl_receipt, provider_ref, 24);
AT(fl_receipt, report, 32);
AT(fl_receipt, at_us, 112);
AT(fl_receipt, is_authenticated, 120);
AT(fl_receipt, target, 128);
_Static_assert(sizeof(struct fl_receipt) >= 136, "fl_receipt has shrunk");

AT(fl_report, size, 0);
AT(fl_report, item, 4);
AT(fl_report, outcome, 8);
AT(fl_report, fault, 12);
AT(fl_report, code, 16);
AT(fl_report, status, 24);
AT(fl_report, detail, 32);
AT(fl_report, provider_ref, 40);
AT(fl_report, cost_micro, 48);
AT(fl_report, currency, 56);
AT(fl_report, units, 64);
AT(fl_report, retry_after_us, 72);
_Static_assert(sizeof(struct fl_report) >= 80, "fl_report has shrunk");

AT(fl_services, size, 0);
AT(fl_services, host, 8);
AT(fl_services, log, 16);
AT(fl_services, now_us, 24);
AT(fl_services, report, 32);
AT(fl_services, inbound, 40);
AT(fl_services, receipt, 48);
AT(fl_services, commit, 56);
AT(fl_services, is_stopping, 64);
AT(fl_services, remember, 72);
AT(fl_services, recall, 80);
AT(fl_services, begin, 88);
_Static_assert(sizeof(struct fl_services) >= 96, "fl_services has shrunk");

AT(fl_why, size, 0);
AT(fl_why, fault, 4);
AT(fl_why, text, 8);
_Static_assert(sizeof(struct fl_why) >= 520, "fl_why has shrunk");
#endif

/* FL_HAS on a struct of a host that ends before what 1.1 has added. */
static void old_structs_lack_new_members(void **state)
{
    struct fl_services services = {.size = offsetof(struct fl_services, begin)};
    struct fl_item item = {.size = offsetof(struct fl_item, token_card)};

    (void)state;
    assert_false(FL_HAS(&services, begin));
    assert_true(FL_HAS(&services, recall));
    assert_false(FL_HAS(&item, token_card));
    assert_true(FL_HAS(&item, in_reply_to));
    services.size = sizeof services;
    item.size = sizeof item;
    assert_true(FL_HAS(&services, begin));
    assert_true(FL_HAS(&item, survey));
    item.size = offsetof(struct fl_item, survey) + 1; /* half a member is none */
    assert_false(FL_HAS(&item, survey));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(old_structs_lack_new_members)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
