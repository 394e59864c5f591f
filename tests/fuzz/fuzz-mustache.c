/* Templates and values of any shape: "template NUL JSON", as a bare template and as content. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "content/content.h"
#include "content/mustache_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 16384, ARENA_MAX = 64 << 20 };

static const char value[] = "<zzz> \"' & {{x}} \r\n\t\x1b";

static void template_run(struct fl_arena *arena, const char *text, size_t len,
                         const struct fl_data *values)
{
    static const struct fl_mustache_bounds bounds = {.steps = 2000, .bytes = 65536, .depth = 64};
    struct fl_mustache_source source = {
        .file = "f", .text = text, .len = len, .escape = FL_MUSTACHE_HTML};
    struct fl_mustache *template = NULL;
    struct fl_buf out = FL_BUF(bounds.bytes);
    struct fl_faults faults;

    fl_faults_init(&faults, arena);
    if (!fl_mustache_compile(&source, &faults, &template, NULL)) {
        if (!fl_mustache_render(template, values, &bounds, &out, NULL) && out.len > bounds.bytes)
            abort();
        fl_mustache_destroy(&template);
    } else if (!faults.n_total) {
        abort();
    }
    fl_buf_finish(&out);
}

static bool is_clean(const char *text, size_t len)
{
    for (size_t i = 0; text && i < len; i++)
        if ((text[i] >= 0 && text[i] < ' ' && text[i] != '\n' && text[i] != '\t') ||
            text[i] == 0x7f)
            return false;
    return true;
}

static bool has_raw_tag(const char *text, size_t len)
{
    struct fl_tag_scan scan;
    struct fl_tag tag;
    const char *reason;

    fl_tag_scan_init(&scan, text, len, NULL, NULL);
    while (fl_tag_scan_next(&scan, &tag, &reason) == FL_TAG_FOUND)
        if (tag.kind == FL_TAG_RAW)
            return true;
    return false;
}

/* Whatever the template, what is rendered has no control character; and unless its author asks
 * for raw values, no element that a customer wrote. */
static void content_check(const struct fl_content_rendering *out, const char *text, size_t len)
{
    bool is_raw = memmem(text, len, "zzz", 3) || has_raw_tag(text, len);

    if (strpbrk(out->subject, "\r\n") || !is_clean(out->subject, strlen(out->subject)))
        abort();
    if (!is_clean(out->text, out->text_len) || !is_clean(out->html, out->html_len))
        abort();
    if (!is_raw && out->html && strstr(out->html, "<zzz"))
        abort();
}

static void content_run(struct fl_arena *arena, const char *text, size_t len,
                        const struct fl_data *values)
{
    static const char head[] = "---\nsubject: {{a}} {{b}}\n---\n";
    char *body = fl_arena_alloc(arena, sizeof head + len);
    struct fl_content_file file = {.path = "content.md", .body = body};
    struct fl_content_rendering out;
    struct fl_content *content = NULL;
    struct fl_faults faults;

    memcpy(body, head, sizeof head - 1);
    memcpy(body + sizeof head - 1, text, len);
    file.body_len = sizeof head - 1 + len;
    fl_faults_init(&faults, arena);
    if (fl_content_compile("f", &file, 1, &faults, &content, NULL))
        return;
    if (!fl_content_render(content, FL_MEDIUM_EMAIL, "ko", values, arena, &out, NULL))
        content_check(&out, text, len);
    fl_content_destroy(&content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    const char *text = (const char *)data;
    const char *end = size ? memchr(data, '\0', size) : NULL;
    size_t len = end ? (size_t)(end - text) : size;
    struct fl_data *values = NULL;

    if (size > INPUT_MAX || !arena) {
        fl_arena_destroy(&arena);
        return 0;
    }
    if (!end || fl_data_of_json(arena, end + 1, size - len - 1, &values, NULL) ||
        fl_data_type(values) != FL_DATA_OBJECT)
        values = fl_data_object(arena);
    fl_data_set_str(arena, values, "a", value);
    fl_data_set_str(arena, values, "b", value);
    template_run(arena, text, len, values);
    content_run(arena, text, len, values);
    fl_arena_destroy(&arena);
    return 0;
}
