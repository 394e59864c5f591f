/* What a request says about itself and its sender. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "front/front_pages_private.h"

static const char *value_of(const struct fl_http_field *fields, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].value ? fields[i].value : "";
    return "";
}

const char *fl_front_header(const struct fl_front_request *request, const char *name)
{
    return value_of(request->http.headers, request->http.n_headers, name);
}

const char *fl_front_query(const struct fl_front_request *request, const char *name)
{
    return value_of(request->http.query, request->http.n_query, name);
}

const char *fl_front_field(const struct fl_front_request *request, const char *name)
{
    return value_of(request->form, request->n_form, name);
}

bool fl_front_is_post(const struct fl_front_request *request)
{
    return strcmp(request->http.method, "POST") == 0;
}

/* "host:port" of an origin or URL: what stands between "//" and the next '/'. */
static bool has_host(const char *url, const char *host)
{
    const char *start = strstr(url, "//");
    size_t len;

    if (!start || !*host)
        return false;
    start += 2;
    len = strcspn(start, "/");
    return len == strlen(host) && strncasecmp(start, host, len) == 0;
}

/* Pages have no cookies: who knows the token may act.  Still no other site shall make a visitor's
 * browser send a form to us. */
bool fl_front_is_foreign(const struct fl_front_site *site, const struct fl_front_request *request)
{
    const char *site_of = fl_front_header(request, "sec-fetch-site");
    const char *origin = fl_front_header(request, "origin");
    const char *start, *web_base = site->web_base ? site->web_base : "";
    size_t len;

    if (*site_of)
        return strcmp(site_of, "same-origin") != 0 && strcmp(site_of, "none") != 0;
    if (!*origin)
        return false;
    if (has_host(origin, fl_front_header(request, "host")))
        return false;
    start = strstr(web_base, "//");
    len = start ? (size_t)(start - web_base) + 2 + strcspn(start + 2, "/") : 0;
    return !len || strlen(origin) != len || strncasecmp(origin, web_base, len) != 0;
}

/* Programs that open links before or instead of a person: scanners, previews, prefetchers. */
bool fl_front_is_machine(const struct fl_front_request *request)
{
    static const char *const signs[] = {"bot",
                                        "crawl",
                                        "spider",
                                        "preview",
                                        "scan",
                                        "monitor",
                                        "curl/",
                                        "wget/",
                                        "python",
                                        "java/",
                                        "okhttp",
                                        "go-http",
                                        "headless",
                                        "fetch",
                                        "proxy",
                                        "proofpoint",
                                        "mimecast",
                                        "barracuda",
                                        "safelinks",
                                        "slack",
                                        "facebookexternalhit",
                                        "whatsapp",
                                        "kakaotalk-scrap",
                                        "yeti",
                                        "libwww",
                                        "httpclient",
                                        "phantom"};
    const char *agent = fl_front_header(request, "user-agent");
    const char *purpose = fl_front_header(request, "sec-purpose");

    if (strcmp(request->http.method, "HEAD") == 0 || !*agent)
        return true;
    if (strcasestr(purpose, "prefetch") || strcasestr(fl_front_header(request, "purpose"), "pre") ||
        strcasestr(fl_front_header(request, "x-purpose"), "pre") ||
        strcasestr(fl_front_header(request, "x-moz"), "prefetch"))
        return true;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strcasestr(agent, signs[i]))
            return true;
    return false;
}

const char *fl_front_base(const struct fl_front_site *site)
{
    const char *start = site->web_base ? strstr(site->web_base, "//") : NULL;
    const char *path = start ? strchr(start + 2, '/') : NULL;

    return path && path[1] ? path : "";
}

/* The path below the base of our pages, whether a proxy cuts it off or not. */
static const char *path_below(const struct fl_front_site *site, const char *path)
{
    const char *base = fl_front_base(site);
    size_t len = strlen(base);

    while (len && base[len - 1] == '/')
        len--;
    return len && strncmp(path, base, len) == 0 && path[len] == '/' ? path + len : path;
}

static bool is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!(isalpha((unsigned char)text[i]) || (text[i] >= '2' && text[i] <= '7')))
            return false;
    return len == FL_TOKEN_LEN;
}

bool fl_front_visit_start(struct fl_front_visit *visit, const struct fl_front_site *site,
                          const struct fl_front_request *request, struct fl_arena *arena)
{
    const char *path = path_below(site, request->http.path);
    const char *asked = fl_front_query(request, "l");
    const char *token = *path ? path + 1 + strcspn(path + 1, "/") : path;
    size_t len;

    *visit = (struct fl_front_visit){
        .site = site, .request = request, .arena = arena, .path = path, .token = "", .rest = ""};
    if (fl_front_language_of(asked, &visit->language))
        visit->is_language_asked = true;
    else if (!fl_front_language_accepted(fl_front_header(request, "accept-language"),
                                         &visit->language) &&
             !fl_front_language_of(site->language, &visit->language))
        visit->language = FL_FRONT_EN;
    if (*token != '/')
        return true;
    len = strcspn(++token, "/");
    if (is_token(token, len)) {
        char *copy = fl_arena_strndup(arena, token, len);

        if (!copy)
            return false;
        fl_str_lower_ascii(copy);
        visit->token = copy;
        visit->rest = token + len;
    }
    return true;
}

const char *fl_front_href(const struct fl_front_visit *visit, const char *name, const char *token,
                          const char *query)
{
    const char *base = fl_front_base(visit->site);
    const char *language = visit->is_language_asked ? fl_front_language_tag(visit->language) : NULL;
    int base_len = (int)strlen(base);
    const char *href;

    while (base_len && base[base_len - 1] == '/')
        base_len--;
    href = fl_arena_printf(visit->arena, "%.*s/%s/%s%s%s%s%s%s", base_len, base, name, token,
                           *query || language ? "?" : "", query, *query && language ? "&" : "",
                           language ? "l=" : "", language ? language : "");
    return href ? href : "";
}
