/* What strangers send over HTTP once libmicrohttpd has cut it: a URL, then a form body after the
 * first line end.  A text that is taken decodes to fields that are UTF-8 without control
 * characters, and the pages make a plan of it. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "front/front_decode.h"
#include "front/front_pages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_MAX = 64 << 20, INPUT_MAX = 256 << 10 };

static void must_be_clean(const struct fl_http_field *fields, size_t n, bool allows_lines)
{
    for (size_t i = 0; i < n; i++)
        for (const char *s = fields[i].name; s; s = s == fields[i].name ? fields[i].value : NULL) {
            if (!fl_utf8_is_valid(s, strlen(s)))
                abort();
            for (const unsigned char *p = (const unsigned char *)s; *p; p++)
                if (*p == 0x7f || (*p < ' ' && !(allows_lines && strchr("\t\r\n", *p))))
                    abort();
        }
}

static void plan(const struct fl_front_site *site, struct fl_arena *arena, const char *path,
                 struct fl_front_request *request)
{
    static const struct fl_http_field headers[] = {{"accept-language", "ko"}};
    struct fl_front_plan made;
    struct fl_error err;

    request->http.size = sizeof request->http;
    request->http.path = path;
    request->http.headers = headers;
    request->http.n_headers = 1;
    request->http.peer_address = "192.0.2.1";
    request->at_us = 1;
    if (!fl_front_plan(site, request, arena, &made, &err))
        fl_front_plan_finish(&made);
}

static void look(const char *url, const char *body, size_t body_len, struct fl_arena *arena,
                 const struct fl_front_site *site)
{
    const char *question = strchr(url, '?');
    char *path = fl_arena_strndup(arena, url, question ? (size_t)(question - url) : strlen(url));
    struct fl_front_request request = {.http = {.method = body ? "POST" : "GET"}};
    char masked[32];
    struct fl_error err;

    fl_front_path_mask(masked, sizeof masked, path);
    (void)fl_front_forwarded_for(arena, path);
    if (fl_front_path_check(path, &err))
        return;
    if (strstr(path, "/../"))
        abort();
    if (question && fl_front_fields_decode(arena, question + 1, strlen(question + 1), false,
                                           &request.http.query, &request.http.n_query, &err))
        return;
    must_be_clean(request.http.query, request.http.n_query, false);
    if (body &&
        fl_front_fields_decode(arena, body, body_len, true, &request.form, &request.n_form, &err))
        return;
    must_be_clean(request.form, request.n_form, true);
    request.http.body = body;
    request.http.body_len = body_len;
    plan(site, arena, path, &request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fl_front_pages *pages; /* compiled once for all inputs */
    struct fl_arena *arena;
    struct fl_front_site site = {.organisation = "Dairy",
                                 .contact = "",
                                 .postal_address = "",
                                 .language = "en",
                                 .web_base = "https://x.example"};
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t url_len = end ? (size_t)(end - data) : size;
    struct fl_error err;
    char *url;

    if (size > INPUT_MAX || (!pages && fl_front_pages_create(&pages, &err)))
        return 0;
    arena = fl_arena_create(ARENA_MAX);
    site.pages = pages;
    url = fl_arena_strndup(arena, (const char *)data, url_len);
    if (url)
        look(url, end ? (const char *)end + 1 : NULL, end ? size - url_len - 1 : 0, arena, &site);
    fl_arena_destroy(&arena);
    return 0;
}
