/* A request as strangers may send it, through plan and finish: lines of method, path, and fields
 * "?name=value" (query), ":name=value" (header), "&name=value" (form). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "front/front_pages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 65536, LINES_MAX = 64, ARENA_MAX = 64 << 20 };

static void check(int holds)
{
    if (!holds)
        abort();
}

struct input {
    struct fl_front_request request;
    struct fl_http_field query[LINES_MAX], headers[LINES_MAX], form[LINES_MAX];
};

static void line_take(struct input *in, char *line)
{
    char *equals = strchr(line + (*line != '\0'), '=');
    struct fl_http_field field = {line + (*line != '\0'), ""};

    if (equals) {
        *equals = '\0';
        field.value = equals + 1;
    }
    if (*line == '?' && in->request.http.n_query < LINES_MAX)
        in->query[in->request.http.n_query++] = field;
    else if (*line == ':' && in->request.http.n_headers < LINES_MAX)
        in->headers[in->request.http.n_headers++] = field;
    else if (*line == '&' && in->request.n_form < LINES_MAX)
        in->form[in->request.n_form++] = field;
}

static void input_read(struct input *in, char *text)
{
    char *save = NULL;
    char *method = strtok_r(text, "\n", &save), *path = strtok_r(NULL, "\n", &save), *line;

    memset(in, 0, sizeof *in);
    in->request.http = (struct fl_http_request){.size = sizeof in->request.http,
                                                .method = method ? method : "GET",
                                                .path = path ? path : "/",
                                                .query = in->query,
                                                .headers = in->headers};
    in->request.form = in->form;
    while ((line = strtok_r(NULL, "\n", &save)))
        line_take(in, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fl_front_pages *pages; /* compiled once for all inputs */
    struct fl_front_site site = {
        .organisation = "Firm", .language = "ko", .web_base = "https://a.b/c"};
    struct fl_front_plan plan = {0};
    struct fl_front_reply reply = {0};
    struct fl_arena *arena;
    struct fl_error err;
    struct input *in;
    char *text;

    if (size > INPUT_MAX)
        return 0;
    check(pages || fl_front_pages_create(&pages, &err) == FL_OK);
    site.pages = pages;
    text = calloc(1, size + 1);
    in = malloc(sizeof *in);
    arena = fl_arena_create(ARENA_MAX);
    check(text && in && arena);
    if (size)
        memcpy(text, data, size);
    input_read(in, text);
    if (fl_front_plan(&site, &in->request, arena, &plan, &err) == FL_OK) {
        json_t *answer = json_pack("{s:s}", "kind", "page");

        if (plan.step == FL_FRONT_SUBMITS) {
            json_t *form = json_loadb(plan.inbound.data, plan.inbound.data_len, 0, NULL);

            check(json_is_object(form) && plan.inbound.dedupe_key);
            json_decref(form);
        }
        fl_front_finish(&site, &in->request, &plan, FL_OK, answer, arena, &reply);
        check(reply.status >= 200 && reply.status <= 599 && (reply.body || reply.location));
        if (reply.location)
            check(!strpbrk(reply.location, "\r\n"));
        json_decref(answer);
    }
    fl_front_plan_finish(&plan);
    fl_arena_destroy(&arena);
    free(in);
    free(text);
    return 0;
}
