/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-email - messages built a second, on one core: 5 KB of text and HTML, English and Korean. */
#include <gmime/gmime.h>
#include <stdio.h>

#include "../../plugins/email/email_private.h"

enum { TEXT_BYTES = 1500, HTML_BYTES = 3500, MESSAGES = 50000 };

static const char token[] = "m000000000000000000000000000000000000001";

static GString *filled(const char *unit, size_t len)
{
    GString *out = g_string_new(NULL);

    while (out->len < len)
        g_string_append(out, unit);
    return out;
}

static int bench(const char *name, const char *text_unit, const char *html_unit, const char *person,
                 const char *subject)
{
    static const struct email_settings set = {.domain = "shop.test",
                                              .from_address = "news@shop.test",
                                              .from_name = "Shop",
                                              .return_local = "bounces",
                                              .reply_local = "reply",
                                              .unsubscribe_local = "unsubscribe",
                                              .list_id = "news.shop.test"};
    GString *text = filled(text_unit, TEXT_BYTES), *html = filled(html_unit, HTML_BYTES);
    GString *out = g_string_sized_new(4 * HTML_BYTES);
    struct fl_part a = {sizeof a, "text/plain", NULL, text->str, text->len};
    struct fl_part b = {sizeof b, "text/html", NULL, html->str, html->len};
    const struct fl_part *const parts[] = {&a, &b};
    struct fl_item item = {.size = sizeof item,
                           .attempt = 1,
                           .message_id = 1,
                           .to_address = "kim@cust.test",
                           .to_name = person,
                           .language = "ko",
                           .subject = subject,
                           .sender_name = "",
                           .token_return = token,
                           .token_reply = token,
                           .token_identity = token,
                           .token_unsubscribe = token,
                           .unsubscribe_url = "https://shop.test/u/1",
                           .campaign = "birthday",
                           .parts = parts,
                           .n_parts = 2,
                           .in_reply_to = ""};
    struct fl_why why = {.size = sizeof why};
    gint64 begin = g_get_monotonic_time();
    double seconds;

    for (int i = 0; i < MESSAGES; i++) {
        if (!email_message_build(&set, &item, INT64_C(1700000000000000) + i, out, &why)) {
            fprintf(stderr, "bench-email: %s\n", why.text);
            return 1;
        }
    }
    seconds = (double)(g_get_monotonic_time() - begin) / 1e6;
    printf("build %s: %zu bytes to %zu, %.0f messages/s\n", name, text->len + html->len, out->len,
           MESSAGES / seconds);
    g_string_free(text, TRUE);
    g_string_free(html, TRUE);
    g_string_free(out, TRUE);
    return 0;
}

int main(void)
{
    g_mime_init();
    return bench("English", "Dear customer, a first birthday comes once.\n",
                 "<p style=\"color:#333\">Dear customer</p>\n", "Minji Kim", "Happy birthday") ||
           bench("Korean", "안녕하세요, 고객님. 첫 생일을 축하합니다.\n",
                 "<p style=\"color:#333\">안녕하세요, 고객님.</p>\n", "김민지",
                 "첫 생일을 축하합니다, 고객님");
}
