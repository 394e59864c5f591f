/* Messages as a core would hand them over, each struct and text at the edge of its memory. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "kit/kit_private.h"

enum { HUGE_TEXT = 1 << 20, LONG_ADDRESS = 2000, TOKEN_LEN = 40, TOKEN_DIGITS = 6, PARTS = 3 };

static const char unicode[] =
    "아기 엄마에게 😀👩‍👧 — “q” ﷽ \t é\u0301 end\n";

static const char *good_address(struct fl_kit *kit, size_t i)
{
    const char *medium = kit->channel->medium;

    if (strcmp(medium, "email") == 0)
        return fl_arena_printf(kit->arena, "kit%zu@example.org", i);
    if (strcmp(medium, "sms") == 0 || strcmp(medium, "fax") == 0)
        return fl_arena_printf(kit->arena, "+8210%08zu", 12340000 + i);
    if (strcmp(medium, "letter") == 0)
        return fl_arena_printf(kit->arena, "%zu Sejong-daero\nJung-gu, Seoul\n04524\nKR", i + 1);
    return fl_arena_printf(kit->arena, "kit%zu", i);
}

static const char *bad_address(struct fl_kit *kit, size_t i)
{
    static const char *const bad[] = {"",
                                      "@",
                                      " ",
                                      "kit\r\nBcc: other@example.org",
                                      "../../../tmp/kit",
                                      "-oQ/tmp/x",
                                      "+",
                                      "a b@c d",
                                      "이름@예시.한국",
                                      "\n\n\n",
                                      "1\n2",
                                      "%s%n%s",
                                      "'; --",
                                      "<script>"};
    char *address;

    if (i < sizeof bad / sizeof bad[0])
        return bad[i];
    address = fl_arena_alloc(kit->arena, LONG_ADDRESS + 1);
    if (!address)
        fl_kit_fail(kit, "no memory");
    memset(address, 'a', LONG_ADDRESS);
    address[LONG_ADDRESS] = '\0';
    return address;
}

static const char *token(struct fl_kit *kit, size_t i, char kind)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    char *text = fl_arena_alloc(kit->arena, TOKEN_LEN + 1);

    if (!text)
        fl_kit_fail(kit, "no memory");
    for (size_t k = 0; k < TOKEN_LEN; k++)
        text[k] = k < TOKEN_DIGITS ? digits[i >> (5 * k) & 31] : digits[(k * 7) & 31];
    text[TOKEN_DIGITS] = kind;
    text[TOKEN_LEN] = '\0';
    return text;
}

static const struct fl_part *make_part(struct fl_kit *kit, const char *type,
                                       enum fl_kit_texts texts, size_t i)
{
    struct fl_part *part = fl_kit_guarded(sizeof *part);
    const char *text = texts == FL_KIT_UNICODE ? unicode : "";
    size_t len;
    char *data;

    if (texts == FL_KIT_PLAIN || texts == FL_KIT_BAD_ADDRESS)
        text = fl_arena_printf(kit->arena, "Dear customer %zu,\n\nthe fair is on Friday.\n", i);
    len = text ? strlen(text) : 0;
    if (texts == FL_KIT_HUGE)
        len = FL_HAS(kit->channel->limits, text_max) && kit->channel->limits->text_max
                  ? kit->channel->limits->text_max
                  : HUGE_TEXT;
    data = fl_kit_guarded(len + 1);
    if (!part || !data || !text)
        fl_kit_fail(kit, "no memory");
    for (size_t k = 0; texts == FL_KIT_HUGE && k < len; k++)
        data[k] = "word "[k % 5];
    if (texts != FL_KIT_HUGE)
        memcpy(data, text, len);
    *part = (struct fl_part){.size = sizeof *part, .type = type, .data = data, .data_len = len};
    return part;
}

static const struct fl_part *const *make_parts(struct fl_kit *kit, enum fl_kit_texts texts,
                                               size_t i, size_t *out_n)
{
    const struct fl_part **parts = FL_ARENA_ARRAY(kit->arena, const struct fl_part *, PARTS);
    size_t n = 0;

    if (!parts)
        fl_kit_fail(kit, "no memory");
    parts[n++] = make_part(kit, "text/plain", texts, i);
    if (strcmp(kit->channel->medium, "email") == 0)
        parts[n++] = make_part(kit, "text/html", texts, i);
    if (kit->channel->capabilities & FL_WANTS_MARKDOWN)
        parts[n++] = make_part(kit, "text/markdown", texts, i);
    *out_n = n;
    return parts;
}

static const struct fl_item *make_item(struct fl_kit *kit, size_t i, enum fl_kit_texts texts,
                                       size_t size)
{
    const bool is_plain = texts == FL_KIT_PLAIN || texts == FL_KIT_BAD_ADDRESS;
    const char *words = texts == FL_KIT_UNICODE ? "김아기 😀" : is_plain ? "Spring fair" : "";
    struct fl_item item = {
        .size = (uint32_t)size,
        .attempt = 1,
        .message_id = INT64_C(4611686018427387) + (int64_t)i,
        .to_address = texts == FL_KIT_BAD_ADDRESS ? bad_address(kit, i) : good_address(kit, i),
        .to_name = words,
        .language = texts == FL_KIT_UNICODE ? "ko" : "en",
        .subject = words,
        .sender_name = "",
        .token_return = token(kit, i, 'r'),
        .token_reply = token(kit, i, 'p'),
        .token_identity = token(kit, i, 'i'),
        .token_unsubscribe = token(kit, i, 'u'),
        .unsubscribe_url = texts == FL_KIT_EMPTY ? "" : "https://example.org/u/kit",
        .campaign = texts == FL_KIT_EMPTY ? "" : "plugin-test",
        .in_reply_to = "",
        .token_card = token(kit, i, 'c'),
        .page_url = texts == FL_KIT_EMPTY ? "" : "https://example.org/p/kit",
        .survey = "",
    };
    struct fl_item *out = fl_kit_guarded(size);

    item.parts = make_parts(kit, texts, i, &item.n_parts);
    if (!out)
        fl_kit_fail(kit, "no memory");
    memcpy(out, &item, size);
    return out;
}

const struct fl_item *const *fl_kit_items(struct fl_kit *kit, size_t n, enum fl_kit_texts texts,
                                          size_t item_size)
{
    const struct fl_item **items = FL_ARENA_ARRAY(kit->arena, const struct fl_item *, n + 1);

    if (!items)
        fl_kit_fail(kit, "no memory");
    for (size_t i = 0; i < n; i++)
        items[i] = make_item(kit, i, texts, item_size);
    kit->world.n_items = n;
    return items;
}
