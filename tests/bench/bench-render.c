/* Renderings per second of a template of 3 KB with ten escaped variables. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "content/content.h"
#include "content/mustache.h"

enum { TEMPLATE_BYTES = 3072, VARIABLES = 10, ROUNDS = 2000000, MAILS = 100000 };

static struct fl_mustache *template_make(struct fl_arena *arena)
{
    static const char filler[] = "Everything you wanted to know about the months to come. ";
    struct fl_mustache_source source = {.file = "bench", .escape = FL_MUSTACHE_HTML};
    struct fl_mustache *template = NULL;
    struct fl_buf text = FL_BUF(FL_BUF_LINE_MAX);
    struct fl_faults faults;
    struct fl_error err;

    fl_faults_init(&faults, arena);
    for (int i = 0; i < VARIABLES; i++) {
        while (text.len < (size_t)(TEMPLATE_BYTES / VARIABLES * (i + 1) - (int)sizeof filler))
            fl_buf_puts(&text, filler);
        fl_buf_printf(&text, "{{variable_%d}}", i);
    }
    source.text = text.data;
    source.len = text.len;
    if (fl_mustache_compile(&source, &faults, &template, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    fl_buf_finish(&text);
    return template;
}

/* A whole mail: subject, HTML in its frame, wrapped text. */
static int mail_bench(struct fl_arena *arena, const struct fl_data *data)
{
    struct fl_arena *scratch = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_buf body = FL_BUF(FL_BUF_LINE_MAX);
    struct fl_content_file file = {.path = "content.md"};
    struct fl_content_rendering out;
    struct fl_content *content = NULL;
    struct fl_faults faults;
    struct fl_error err;
    int64_t begin, span;

    fl_buf_puts(&body, "---\nsubject: Hello {{variable_1}}\n---\n# Hello {{variable_1}}\n\n");
    for (int i = 0; i < VARIABLES; i++)
        fl_buf_printf(
            &body,
            "Everything about {{variable_%d}} and the months to come, written for you "
            "and for **nobody** else; read [more](https://example.org/{{variable_3}}).\n\n",
            i);
    file.body = body.data;
    file.body_len = body.len;
    fl_faults_init(&faults, arena);
    if (fl_content_compile("bench", &file, 1, &faults, &content, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    begin = fl_clock_monotonic_us();
    for (int i = 0; i < MAILS; i++) {
        fl_arena_reset(scratch);
        if (fl_content_render(content, FL_MEDIUM_EMAIL, "ko", data, scratch, &out, &err)) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
    }
    span = fl_clock_monotonic_us() - begin;
    printf("{\"render_mails_per_s\":%.0f,\"render_mail_us\":%.2f,\"render_html_bytes\":%zu,"
           "\"render_text_bytes\":%zu}\n",
           MAILS * 1e6 / (double)span, (double)span / MAILS, out.html_len, out.text_len);
    fl_content_destroy(&content);
    fl_buf_finish(&body);
    fl_arena_destroy(&scratch);
    return 0;
}

int main(void)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_mustache *template = template_make(arena);
    struct fl_mustache_bounds bounds = {.steps = 1000, .bytes = 65536, .depth = 64};
    struct fl_data *data = fl_data_object(arena);
    struct fl_buf out = FL_BUF(65536);
    struct fl_error err;
    int64_t begin, span;
    uint64_t bytes = 0;

    for (int i = 0; i < VARIABLES; i++)
        fl_data_set_str(arena, data, fl_arena_printf(arena, "variable_%d", i),
                        i % 2 ? "Kim & Sons" : "홍길동");
    begin = fl_clock_monotonic_us();
    for (int i = 0; i < ROUNDS; i++) {
        fl_buf_reset(&out);
        if (fl_mustache_render(template, data, &bounds, &out, &err)) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        bytes += out.len;
    }
    span = fl_clock_monotonic_us() - begin;
    printf("{\"render_per_s\":%.0f,\"render_us\":%.3f,\"render_bytes\":%" PRIu64 "}\n",
           ROUNDS * 1e6 / (double)span, (double)span / ROUNDS, bytes / ROUNDS);
    fl_buf_finish(&out);
    fl_mustache_destroy(&template);
    if (mail_bench(arena, data))
        return 1;
    fl_arena_destroy(&arena);
    return 0;
}
