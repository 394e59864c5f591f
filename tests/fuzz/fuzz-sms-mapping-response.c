/* What a gateway answers, in every format a mapping can name; and mapping files themselves.  The
 * first byte chooses. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../plugins/sms/sms_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 65536 };

static const char mapping_text[] =
    "{\"name\": \"m\", \"send\": {\"method\": \"GET\", \"url\": \"{url}\", \"response\": {"
    "\"type\": \"json\", \"list\": \"body.r\", \"match\": \"to\", \"success\": {\"path\": \"s\", "
    "\"match\": \"^ok\"}, \"reference\": \"id\", \"code\": [\"c\", \"body.c\"], \"detail\": \"d\", "
    "\"cost\": \"p\", \"currency\": \"w\", \"parts\": \"n\", \"errors\": [{\"match\": "
    "\"x+y\", \"outcome\": \"bounced\", \"fault\": \"address\"}]}}}";

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void judge(struct sms_mapping *mapping, const char *data, size_t size, int way)
{
    struct sms_answer *answer = &mapping->answer;
    struct sms_exchange exchange = {.status = way & 8 ? 400 : 200,
                                    .answer = g_string_new_len(data, (gssize)size)};
    struct sms_result result = {.code = 0};
    const char *list = answer->list;
    json_t *match = answer->match;
    json_t *root;

    answer->type = way % 5;
    if (way & 16)
        answer->list = NULL;
    if (way & 32)
        answer->match = NULL;
    root = sms_answer_read(answer, &exchange);
    sms_answer_judge(answer, &exchange, root, 0, "+821012345678", &result);
    check(result.detail && g_utf8_validate(result.detail, -1, NULL));
    check(strlen(result.detail) < SMS_DETAIL_MAX * 4 + 40);
    check(!strchr(result.detail, '\n'));
    check(result.cost_micro >= 0 && result.parts >= 0);
    check(!result.reference || g_utf8_validate(result.reference, -1, NULL));
    sms_result_finish(&result);
    json_decref(root);
    g_string_free(exchange.answer, TRUE);
    answer->list = list;
    answer->match = match;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_why why = {.size = sizeof why};
    struct sms_mapping *mapping;
    char *text;

    if (size < 1 || size > INPUT_MAX)
        return 0;
    text = g_strndup((const char *)data + 1, size - 1);
    if (data[0] & 128) {
        mapping = sms_mapping_parse("m.json", text, strlen(text), &why);
        check(mapping || strncmp(why.text, "m.json:", 7) == 0);
    } else {
        mapping = sms_mapping_parse("m.json", mapping_text, sizeof mapping_text - 1, &why);
        check(mapping != NULL);
        judge(mapping, text, size - 1, data[0]);
    }
    sms_mapping_destroy(&mapping);
    g_free(text);
    return 0;
}
