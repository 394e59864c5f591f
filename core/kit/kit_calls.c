/* Cases of opening, health, HTTP, lookup, preview and the rest that needs no batch. */
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "kit/kit_private.h"

enum {
    OPENINGS = 100,
    WARM_UP = 20,         /* libraries allocate lazily: growth counts after these */
    GROWTH_MAX = 8 << 10, /* bytes over the remaining openings */
    HTTP_BODY_MAX = 1 << 20,
    FDS_MAX = 16,
    PREVIEW_MAX = 256 << 20
};

static size_t count(const char *folder)
{
    DIR *dir = opendir(folder);
    size_t n = 0;

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n;
}

/* In a thread: what malloc() keeps at hand for one counts as in use until the thread ends. */
static void *open_often(void *arg)
{
    struct fl_kit *kit = arg;

    for (int i = 0; i < kit->n_openings; i++) {
        struct fl_why why = fl_kit_why();
        enum fl_call call =
            kit->channel->open(kit->options, kit->n_options, kit->services, &kit->self, &why);

        fl_kit_judge(kit, "open", call, &why);
        if (call != FL_CALL_OK)
            fl_kit_fail(kit, "open() fails when it has been opened and closed often: %.500s",
                        why.text);
        fl_kit_close(kit);
    }
    return NULL;
}

static void open_and_close(struct fl_kit *kit, int n)
{
    pthread_t thread;

    kit->n_openings = n;
    if (pthread_create(&thread, NULL, open_often, kit) != 0 || pthread_join(thread, NULL) != 0)
        fl_kit_fail(kit, "cannot start a thread");
}

static void opens_and_closes(struct fl_kit *kit)
{
    size_t fds, threads, bytes;

    (void)mallopt(M_ARENA_MAX, 1); /* mallinfo2() knows the main one alone */
    fl_kit_open(kit);
    fl_kit_close(kit);
    open_and_close(kit, WARM_UP);
    fds = count("/proc/self/fd");
    threads = count("/proc/self/task");
    bytes = mallinfo2().uordblks;
    open_and_close(kit, OPENINGS - WARM_UP);
    if (count("/proc/self/fd") != fds)
        fl_kit_fail(kit, "%d openings leave %zd descriptors behind", OPENINGS - WARM_UP,
                    (ssize_t)(count("/proc/self/fd") - fds));
    if (count("/proc/self/task") != threads)
        fl_kit_fail(kit, "close() leaves threads behind");
    if (mallinfo2().uordblks > bytes + GROWTH_MAX)
        fl_kit_fail(kit, "%d openings leave %zu bytes behind", OPENINGS - WARM_UP,
                    mallinfo2().uordblks - bytes);
}

static void two_at_once(struct fl_kit *kit)
{
    struct fl_why why = fl_kit_why();
    void *first, *second = NULL;
    enum fl_call call;

    fl_kit_open(kit);
    first = kit->self;
    call = kit->channel->open(kit->options, kit->n_options, kit->services, &second, &why);
    fl_kit_judge(kit, "open", call, &why);
    if (call == FL_CALL_OK) {
        if (second == first)
            fl_kit_fail(kit, "two openings give the same instance");
        kit->channel->close(second);
    }
    kit->self = first;
    fl_kit_close(kit);
}

static void health(struct fl_kit *kit)
{
    struct fl_why why = fl_kit_why();
    enum fl_call call = FL_CALL_OK;

    fl_kit_open(kit);
    if (!(kit->channel->capabilities & FL_CAN_HEALTH))
        fl_kit_skip(kit, "it cannot be asked; health() lets `fairline doctor` try the login");
    for (int i = 0; i < 2; i++) {
        why = fl_kit_why();
        call = kit->channel->health(kit->self, &why);
        fl_kit_judge(kit, "health", call, &why);
        if (call == FL_CALL_UNSUPPORTED)
            fl_kit_fail(kit, "it declares FL_CAN_HEALTH and health() is unsupported");
    }
    fl_kit_close(kit);
    if (call != FL_CALL_OK)
        fl_kit_skip(kit, "it answers, and its peer is away: %.400s", why.text);
}

static void polls(struct fl_kit *kit)
{
    int fds[FDS_MAX + 1], timeout_ms = -2;
    size_t n;

    fl_kit_open(kit);
    if (!kit->channel->poll_fds)
        fl_kit_skip(kit, "it has none");
    for (size_t i = 0; i <= FDS_MAX; i++)
        fds[i] = -77;
    n = kit->channel->poll_fds(kit->self, fds, FDS_MAX, &timeout_ms);
    if (n > FDS_MAX || fds[FDS_MAX] != -77)
        fl_kit_fail(kit, "poll_fds() writes %zu descriptors, room was for %d", n, FDS_MAX);
    if (timeout_ms < -1)
        fl_kit_fail(kit, "poll_fds() sets the time to wait to %d, expected -1 or more", timeout_ms);
    for (size_t i = 0; i < n; i++)
        if (fcntl(fds[i], F_GETFD) < 0)
            fl_kit_fail(kit, "poll_fds() gives descriptor %d, which is not open", fds[i]);
    fds[0] = -77;
    if (kit->channel->poll_fds(kit->self, fds, 0, &timeout_ms) != 0 || fds[0] != -77)
        fl_kit_fail(kit, "poll_fds() writes where there is room for none");
    fl_kit_close(kit);
}

/* --- http ---*/

static bool is_field(const char *s)
{
    return !s || s[strcspn(s, "\r\n")] == '\0';
}

static void request(struct fl_kit *kit, const char *method, const char *path, const char *type,
                    const void *body, size_t len)
{
    const struct fl_http_field headers[] = {
        {"content-type", type}, {"host", "example.org"}, {"x-signature", "sha256=00"}, {"", ""}};
    const struct fl_http_field query[] = {
        {"id", "1"}, {"id", "2"}, {"", ""}, {"from", "\xf0\x9f\x98\x80"}, {"text", "%00%ff\r\n"}};
    const struct fl_http_request in = {.size = sizeof in,
                                       .method = method,
                                       .path = path,
                                       .query = query,
                                       .n_query = sizeof query / sizeof query[0],
                                       .headers = headers,
                                       .n_headers = sizeof headers / sizeof headers[0],
                                       .body = body,
                                       .body_len = len,
                                       .peer_address = "192.0.2.1"};
    struct fl_http_response out = {.size = sizeof out};
    struct fl_why why = fl_kit_why();
    enum fl_call call = kit->channel->http(kit->self, &in, &out, &why);

    fl_kit_judge(kit, "http", call, &why);
    if (call != FL_CALL_OK)
        return;
    if (out.status && (out.status < 100 || out.status > 599))
        fl_kit_fail(kit, "%s %s is answered with status %d", method, path, out.status);
    if ((!out.body && out.body_len) || !is_field(out.content_type) || !is_field(out.location))
        fl_kit_fail(kit, "%s %s is answered with a body without bytes or a field of two lines",
                    method, path);
    if (kit->world.refuses_commit && kit->world.n_uncommitted && out.status / 100 == 2)
        fl_kit_fail(kit, "%s %s is answered with %d, and what it brought could not be stored",
                    method, path, out.status);
    kit->world.n_uncommitted = 0;
}

static const char *const paths[] = {
    "/",    "",      "/../../etc/passwd", "/inbound", "/mo", "/dlr", "/webhook",
    "/%00", "/\xff", "/receipt",          "//////"};
enum { N_PATHS = sizeof paths / sizeof paths[0], N_TYPES = 5 };
static const char *const types[N_TYPES] = {"application/json", "application/x-www-form-urlencoded",
                                           "multipart/form-data; boundary=x", "text/xml", ""};

static void http_methods(struct fl_kit *kit)
{
    static const char *const methods[] = {"GET",    "POST",    "HEAD", "PUT",
                                          "DELETE", "OPTIONS", "BREW"};

    for (size_t p = 0; p < N_PATHS; p++)
        for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++)
            request(kit, methods[m], paths[p], types[m % N_TYPES], NULL, 0);
}

static void http_bodies(struct fl_kit *kit)
{
    static const char *const bodies[] = {
        "",
        "{",
        "[[[[[[[[",
        "{\"id\":1,\"text\":null}",
        "a=b&c=%f0%9f%98%80&%",
        "<x>",
        "\xff\xfe",
        "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"};

    for (size_t p = 0; p < N_PATHS; p++)
        for (size_t b = 0; b < sizeof bodies / sizeof bodies[0]; b++) {
            size_t len = strlen(bodies[b]);
            char *body = fl_kit_guarded(len + 1);

            if (!body)
                fl_kit_fail(kit, "no memory");
            memcpy(body + 1, bodies[b], len); /* ends at the edge, without a NUL */
            request(kit, "POST", paths[p], types[b % N_TYPES], body + 1, len);
        }
}

static void http(struct fl_kit *kit)
{
    char *huge;

    fl_kit_open(kit);
    if (!(kit->channel->capabilities & FL_CAN_HTTP))
        fl_kit_skip(kit, "it takes no requests");
    http_methods(kit);
    http_bodies(kit);
    huge = fl_kit_guarded(HTTP_BODY_MAX);
    if (!huge)
        fl_kit_fail(kit, "no memory");
    memset(huge, '{', HTTP_BODY_MAX);
    request(kit, "POST", "/", "application/json", huge, HTTP_BODY_MAX);
    memset(huge, 'A', HTTP_BODY_MAX);
    request(kit, "POST", "/inbound", "text/plain", huge, HTTP_BODY_MAX);
    if (kit->world.n_authenticated)
        fl_kit_fail(kit, "it hands over as authenticated what nobody has signed");
    kit->world.refuses_commit = true;
    http_bodies(kit);
    fl_kit_close(kit);
}

/* --- lookup and preview ---*/

static void lookup(struct fl_kit *kit)
{
    const char *const refs[] = {"", "no-such-reference", "\xf0\x9f\x98\x80", "../../x", "1\r\n2"};
    struct fl_why why = fl_kit_why();
    enum fl_call call;

    fl_kit_open(kit);
    if (!(kit->channel->capabilities & FL_CAN_LOOKUP))
        fl_kit_skip(kit, "it looks nothing up");
    call = kit->channel->lookup(kit->self, refs, sizeof refs / sizeof refs[0], &why);
    fl_kit_judge(kit, "lookup", call, &why);
    why = fl_kit_why();
    call = kit->channel->lookup(kit->self, refs, 0, &why);
    fl_kit_judge(kit, "lookup", call, &why);
    fl_kit_close(kit);
}

struct preview {
    struct fl_kit *kit;
    size_t n_parts, n_bytes;
    uint64_t sum;
};

static void take_preview(void *ctx, const struct fl_part *part)
{
    struct preview *preview = ctx;

    if (!part || part->size < sizeof *part || !part->type || !*part->type ||
        (!part->data && part->data_len) || part->data_len > PREVIEW_MAX)
        fl_kit_fail(preview->kit, "preview() gives a part without size, type or data");
    if (fl_str_starts_with(part->type, "text/") && !fl_utf8_is_valid(part->data, part->data_len))
        fl_kit_fail(preview->kit, "preview() gives a text that is no UTF-8");
    preview->n_parts++;
    preview->n_bytes += part->data_len;
    for (size_t i = 0; i < part->data_len; i++)
        preview->sum = preview->sum * 31 + ((const unsigned char *)part->data)[i];
}

static void previews(struct fl_kit *kit)
{
    fl_kit_load(kit);
    if (!(kit->channel->capabilities & FL_CAN_PREVIEW) || !FL_HAS(kit->channel, preview) ||
        !kit->channel->preview)
        fl_kit_skip(kit, "it shows none");
    for (int texts = FL_KIT_PLAIN; texts <= FL_KIT_BAD_ADDRESS; texts++) {
        const struct fl_item *const *items =
            fl_kit_items(kit, 1, (enum fl_kit_texts)texts, sizeof(struct fl_item));
        struct preview seen[2] = {{.kit = kit}, {.kit = kit}};
        size_t fds = count("/proc/self/fd");
        enum fl_call calls[2];

        for (int i = 0; i < 2; i++) {
            struct fl_why why = fl_kit_why();

            calls[i] = kit->channel->preview(kit->options, kit->n_options, items[0], 0,
                                             take_preview, &seen[i], &why);
            fl_kit_judge(kit, "preview", calls[i], &why);
        }
        if (calls[0] != calls[1] || seen[0].sum != seen[1].sum ||
            seen[0].n_parts != seen[1].n_parts)
            fl_kit_fail(kit, "preview() gives something else when asked again");
        if (texts == FL_KIT_PLAIN && (calls[0] != FL_CALL_OK || !seen[0].n_parts))
            fl_kit_fail(kit, "preview() shows nothing of an ordinary message");
        if (count("/proc/self/fd") != fds)
            fl_kit_fail(kit, "preview() leaves a descriptor behind");
    }
}

const struct fl_kit_case fl_kit_cases_calls[] = {
    {"it opens and closes a hundred times and leaves nothing behind", opens_and_closes},
    {"two instances do not meet", two_at_once},
    {"health answers", health},
    {"poll_fds keeps to its room", polls},
    {"requests that make no sense are answered, and nothing unsigned is believed", http},
    {"lookup of unknown references answers", lookup},
    {"preview is pure", previews},
    {NULL, NULL},
};
