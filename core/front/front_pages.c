/* The table of pages, and the way of a request through it. */
#include "front/front_pages.h"

#include <string.h>
#include <strings.h>

#include "front/front_pages_private.h"

static enum fl_status status_plan(struct fl_front_visit *visit, int status,
                                  struct fl_front_plan *out)
{
    out->step = FL_FRONT_REPLY;
    fl_front_reply_status(visit, status, &out->reply);
    return FL_OK;
}

/* Takes `args`. */
static enum fl_status ask(struct fl_front_visit *visit, json_t *args, struct fl_front_plan *out,
                          struct fl_error *err)
{
    if (!args)
        return fl_error_set(err, FL_LIMIT, "no memory for a call");
    out->step = FL_FRONT_ASKS;
    out->call = visit->route->call;
    out->args = args;
    return FL_OK;
}

static enum fl_status plan_get(struct fl_front_visit *visit, struct fl_front_plan *out,
                               struct fl_error *err)
{
    bool is_machine = fl_front_is_machine(visit->request);
    int64_t number = 1;

    if (!*visit->token || *visit->rest)
        return status_plan(visit, 404, out);
    /* A number that is none shows the first page. */
    if (!fl_str_parse_i64(fl_front_query(visit->request, "page"), 1, FL_FRONT_PAGE_NUMBER_MAX,
                          &number))
        number = 1;
    return ask(visit,
               json_pack("{s:s, s:I, s:b, s:s}", "token", visit->token, "page", (json_int_t)number,
                         "is_machine", is_machine, "language",
                         visit->is_language_asked ? fl_front_language_tag(visit->language) : ""),
               out, err);
}

static bool is_plain_url(const char *url)
{
    size_t len = strlen(url);

    if (len > FL_FRONT_URL_MAX || !fl_utf8_is_valid(url, len))
        return false;
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return false;
    return strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0;
}

static enum fl_status plan_click(struct fl_front_visit *visit, struct fl_front_plan *out,
                                 struct fl_error *err)
{
    const char *url = fl_front_query(visit->request, "u");

    if (!*visit->token || *visit->rest != '/' || strlen(visit->rest) != FL_TOKEN_SEAL_LEN + 1 ||
        strspn(visit->rest + 1, "abcdefghijklmnopqrstuvwxyz234567") != FL_TOKEN_SEAL_LEN ||
        !is_plain_url(url))
        return status_plan(visit, 404, out);
    return ask(visit,
               json_pack("{s:s, s:s, s:s, s:b}", "token", visit->token, "seal", visit->rest + 1,
                         "url", url, "is_machine", fl_front_is_machine(visit->request)),
               out, err);
}

static enum fl_status plan_short(struct fl_front_visit *visit, struct fl_front_plan *out,
                                 struct fl_error *err)
{
    const char *code = fl_str_starts_with(visit->path, "/l/") ? visit->path + strlen("/l/") : "";
    size_t len = strlen(code);

    if (!len || len > FL_FRONT_CODE_MAX ||
        strspn(code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != len)
        return status_plan(visit, 404, out);
    return ask(visit, json_pack("{s:s}", "code", code), out, err);
}

static enum fl_status plan_hook(struct fl_front_visit *visit, struct fl_front_plan *out,
                                struct fl_error *err)
{
    const char *name = fl_str_starts_with(visit->path, "/h/") ? visit->path + strlen("/h/") : "";
    const char *end = name + strcspn(name, "/");

    if (end == name || end - name > FL_FRONT_CHANNEL_MAX)
        return status_plan(visit, 404, out);
    out->step = FL_FRONT_HOOKS;
    out->channel = fl_arena_strndup(visit->arena, name, (size_t)(end - name));
    out->path = *end ? end : "/";
    return out->channel ? FL_OK : fl_error_set(err, FL_LIMIT, "no memory for a request");
}

static enum fl_status plan_health(struct fl_front_visit *visit, struct fl_front_plan *out,
                                  struct fl_error *err)
{
    return ask(visit, json_object(), out, err);
}

static enum fl_status plan_robots(struct fl_front_visit *visit, struct fl_front_plan *out,
                                  struct fl_error *err)
{
    (void)err;
    out->step = FL_FRONT_REPLY;
    fl_front_reply_text(visit->arena, 200, "User-agent: *\nDisallow: /\n", &out->reply);
    return FL_OK;
}

static void show_click(struct fl_front_visit *visit, const json_t *answer,
                       struct fl_front_reply *out)
{
    (void)answer;
    fl_front_reply_redirect(visit, 302, fl_front_query(visit->request, "u"), out);
}

static void show_open(struct fl_front_visit *visit, const json_t *answer,
                      struct fl_front_reply *out)
{
    (void)answer;
    fl_front_reply_pixel(visit, out);
}

static void show_short(struct fl_front_visit *visit, const json_t *answer,
                       struct fl_front_reply *out)
{
    const char *token = json_string_value(json_object_get(answer, "token"));

    if (token)
        fl_front_reply_redirect(visit, 302, fl_front_href(visit, "m", token, ""), out);
    else
        fl_front_reply_status(visit, 500, out);
}

static void show_health(struct fl_front_visit *visit, const json_t *answer,
                        struct fl_front_reply *out)
{
    (void)answer;
    fl_front_reply_text(visit->arena, 200, "ok\n", out);
}

static const struct fl_front_route routes[] = {
    {FL_PAGE_MESSAGE, "m", "message", false, plan_get, fl_front_show_message},
    {FL_PAGE_INBOX, "i", "inbox", false, plan_get, fl_front_show_inbox},
    {FL_PAGE_SURVEY, "s", "survey", true, plan_get, fl_front_show_survey},
    {FL_PAGE_PREFERENCES, "p", "preferences", true, plan_get, fl_front_show_preferences},
    {FL_PAGE_OPT_OUT, "u", "opt_out", true, plan_get, fl_front_show_opt_out},
    {FL_PAGE_CONTACT, "k", "contact", true, plan_get, fl_front_show_contact},
    {FL_PAGE_FEED, "f", "feed", false, plan_get, fl_front_show_feed},
    {FL_PAGE_CLICK, "c", "click", false, plan_click, show_click},
    {FL_PAGE_OPEN, "o", "open", false, plan_get, show_open},
    {FL_PAGE_SHORT, "l", "short", false, plan_short, show_short},
    {FL_PAGE_HOOK, "h", NULL, true, plan_hook, NULL},
    {FL_PAGE_HEALTH, "healthz", "health", false, plan_health, show_health},
    {FL_PAGE_ROBOTS, "robots.txt", NULL, false, plan_robots, NULL},
};

static const struct fl_front_route *route_of(const char *path)
{
    size_t len;

    if (*path != '/')
        return NULL;
    len = strcspn(++path, "/");
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (strlen(routes[i].name) == len && strncmp(path, routes[i].name, len) == 0)
            return &routes[i];
    return NULL;
}

static enum fl_status plan_post(struct fl_front_visit *visit, struct fl_front_plan *out,
                                struct fl_error *err)
{
    enum fl_front_page page = visit->route->page;

    if (!*visit->token || *visit->rest)
        return status_plan(visit, 404, out);
    /* One click of a mail provider comes from elsewhere by its nature (RFC 8058). */
    if (page != FL_PAGE_OPT_OUT && fl_front_is_foreign(visit->site, visit->request))
        return status_plan(visit, 403, out);
    switch (page) {
    case FL_PAGE_SURVEY:
        return fl_front_form_survey(visit, out, err);
    case FL_PAGE_PREFERENCES:
        return fl_front_form_preferences(visit, out, err);
    case FL_PAGE_OPT_OUT:
        return fl_front_form_opt_out(visit, out, err);
    default:
        return fl_front_form_contact(visit, out, err);
    }
}

enum fl_status fl_front_plan(const struct fl_front_site *site,
                             const struct fl_front_request *request, struct fl_arena *arena,
                             struct fl_front_plan *out, struct fl_error *err)
{
    const char *method = request->http.method;
    struct fl_front_plan plan = {.step = FL_FRONT_REPLY};
    struct fl_front_visit visit;
    enum fl_status st;

    if (!fl_front_visit_start(&visit, site, request, arena))
        return fl_error_set(err, FL_LIMIT, "no memory for a request");
    visit.route = route_of(visit.path);
    plan.language = fl_front_language_tag(visit.language);
    plan.page = visit.route ? (int)visit.route->page : FL_PAGE_NONE;
    if (!visit.route)
        st = status_plan(&visit, 404, &plan);
    else if (visit.route->page == FL_PAGE_HOOK || strcmp(method, "GET") == 0 ||
             strcmp(method, "HEAD") == 0)
        st = visit.route->plan(&visit, &plan, err);
    else if (fl_front_is_post(request) && visit.route->has_form)
        st = plan_post(&visit, &plan, err);
    else
        st = status_plan(&visit, 405, &plan);
    if (!st)
        *out = plan;
    return st;
}

void fl_front_plan_finish(struct fl_front_plan *plan)
{
    json_decref(plan->args);
    plan->args = NULL;
}

/* All that a customer shall not tell apart looks alike. */
static int http_status(enum fl_status status)
{
    switch (status) {
    case FL_OK:
        return 200;
    case FL_NOT_FOUND:
    case FL_REJECTED:
        return 404;
    case FL_INVALID:
        return 400;
    case FL_LIMIT:
        return 413;
    case FL_AGAIN:
    case FL_UNAVAILABLE:
        return 503;
    default:
        return 500;
    }
}

/* What follows a form that was stored. */
static void show_submitted(struct fl_front_visit *visit, struct fl_front_reply *out)
{
    bool stops = strcmp(fl_front_field(visit->request, "do"), "stop") == 0;
    const char *query = stops ? "done=stop" : "done=1";

    if (visit->route->page == FL_PAGE_OPT_OUT)
        fl_front_reply_notice(visit, 200, "optout_done_title", "optout_done_text", out);
    else
        fl_front_reply_redirect(visit, 303,
                                fl_front_href(visit, visit->route->name, visit->token, query), out);
}

/* The customer's language counts before the browser's, and ?l= before both. */
static void language_settle(struct fl_front_visit *visit, const json_t *answer)
{
    const char *language = json_string_value(json_object_get(answer, "language"));

    if (!visit->is_language_asked && language)
        (void)fl_front_language_of(language, &visit->language);
}

void fl_front_finish(const struct fl_front_site *site, const struct fl_front_request *request,
                     const struct fl_front_plan *plan, enum fl_status status, const json_t *answer,
                     struct fl_arena *arena, struct fl_front_reply *out)
{
    int code = http_status(status);
    struct fl_front_visit visit;

    if (plan->step == FL_FRONT_REPLY) {
        *out = plan->reply;
        return;
    }
    if (!fl_front_visit_start(&visit, site, request, arena)) {
        fl_front_error_reply(site, plan->language, 500, arena, out);
        return;
    }
    visit.route = route_of(visit.path);
    language_settle(&visit, answer);
    if (code == 200 && plan->step == FL_FRONT_SUBMITS)
        show_submitted(&visit, out);
    else if (code == 200 && plan->step == FL_FRONT_ASKS && visit.route->show)
        visit.route->show(&visit, answer, out);
    else
        fl_front_reply_status(&visit, code == 200 ? 500 : code, out);
}

void fl_front_error_reply(const struct fl_front_site *site, const char *language, int status,
                          struct fl_arena *arena, struct fl_front_reply *out)
{
    const struct fl_front_request request = {.http = {.method = "GET", .path = "/"}};
    struct fl_front_visit visit = {
        .site = site, .request = &request, .arena = arena, .path = "/", .token = "", .rest = ""};

    if (!fl_front_language_of(language, &visit.language) &&
        !fl_front_language_of(site->language, &visit.language))
        visit.language = FL_FRONT_EN;
    fl_front_reply_status(&visit, status, out);
}
