/* Settings against a row of an option table. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "conf/conf_private.h"

enum { HOST_MAX = 253, PORT_MAX = 65535, SECRET_FILE_MAX = 4096, SUGGEST_WORD_MAX = 64 };

static bool is_bounded(const struct fl_option_spec *spec)
{
    return spec->min || spec->max;
}

static bool is_within(const struct fl_option_spec *spec, int64_t v)
{
    return !is_bounded(spec) || (v >= spec->min && v <= spec->max);
}

static bool parse_bool(const char *text, int64_t *out)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = (int64_t)(i % 2);
            return true;
        }
    return false;
}

static bool parse_choice(const char *choices, const char *text, int64_t *out)
{
    size_t len = strlen(text);
    int64_t index = 0;

    for (const char *p = choices; len && p; index++) {
        size_t n = strcspn(p, "|");

        if (n == len && memcmp(p, text, n) == 0) {
            *out = index;
            return true;
        }
        p = p[n] ? p + n + 1 : NULL;
    }
    return false;
}

/* host:port, [IPv6]:port; nothing is resolved. */
static bool parse_hostport(struct fl_arena *arena, const char *text, struct fl_option *out)
{
    const char *colon = strrchr(text, ':'), *host = text;
    size_t len;
    int64_t port;

    if (!colon || !fl_str_parse_i64(colon + 1, 1, PORT_MAX, &port))
        return false;
    len = (size_t)(colon - text);
    if (*host == '[') {
        if (len < 4 || host[len - 1] != ']')
            return false;
        host++;
        len -= 2;
        if (strspn(host, "0123456789abcdefABCDEF:.%") < len || !memchr(host, ':', len))
            return false;
    } else {
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)host[i] <= ' ' || strchr(":[]/@\\\"", host[i]))
                return false;
    }
    if (!len || len > HOST_MAX)
        return false;
    out->text = fl_arena_strndup(arena, host, len);
    out->number = port;
    return out->text != NULL;
}

static bool parse_url(const char *text)
{
    size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-");

    if (!scheme || text[0] < 'a' || text[0] > 'z' || strncmp(text + scheme, "://", 3) != 0 ||
        !text[scheme + 3])
        return false;
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '"' || *p == '<' || *p == '>')
            return false;
    return true;
}

static bool parse_path(const char *text)
{
    return text[0] == '/' && strlen(text) < PATH_MAX && !strchr(text, '\n');
}

static bool parse_typed(struct fl_arena *arena, const struct fl_option_spec *spec, const char *text,
                        struct fl_option *out)
{
    switch (spec->type) {
    case FL_OPTION_STRING:
        return !is_bounded(spec) || is_within(spec, (int64_t)strlen(text));
    case FL_OPTION_INT:
        return fl_str_parse_i64(text, INT64_MIN, INT64_MAX, &out->number) &&
               is_within(spec, out->number);
    case FL_OPTION_BOOL:
        return parse_bool(text, &out->number);
    case FL_OPTION_DURATION:
        return fl_str_parse_duration_us(text, &out->number) && is_within(spec, out->number);
    case FL_OPTION_SIZE:
        return fl_str_parse_size(text, &out->number) && is_within(spec, out->number);
    case FL_OPTION_ENUM:
        return parse_choice(spec->choices ? spec->choices : "", text, &out->number);
    case FL_OPTION_PATH:
        return parse_path(text);
    case FL_OPTION_URL:
        return parse_url(text);
    case FL_OPTION_HOSTPORT:
        return parse_hostport(arena, text, out);
    }
    return false;
}

bool fl_conf_value_parse(struct fl_arena *arena, const struct fl_option_spec *spec,
                         const struct fl_conf_setting *setting, const char *text,
                         struct fl_faults *faults, struct fl_option *out)
{
    struct fl_option option = {.name = spec->name, .text = text};

    if (!parse_typed(arena, spec, text, &option)) {
        const char *expected = fl_conf_spec_expected(arena, spec);

        fl_faults_add(faults, setting->file, setting->line, setting->key,
                      spec->flags & FL_OPTION_SECRET ? NULL : text, "expected %s",
                      expected ? expected : "another value");
        return false;
    }
    *out = option;
    return true;
}

/* ---- secrets ---------------------------------------------------------------------------------*/

static bool secret_fault(struct fl_faults *faults, const struct fl_conf_setting *setting,
                         const char *reason)
{
    fl_faults_add(faults, setting->file, setting->line, setting->key, setting->text, "%s", reason);
    return false;
}

/* The first line of the file that `setting` names; false and a fault when it cannot be had. */
static bool secret_read(struct fl_arena *arena, const struct fl_conf_setting *setting,
                        struct fl_faults *faults, const char **out)
{
    /* O_NONBLOCK: a FIFO in its place must not hold up the daemon. */
    FL_AUTO_FD int fd = -1;
    struct stat st;
    char *data;
    size_t len;

    if (!parse_path(setting->text))
        return secret_fault(faults, setting, "expected the absolute path of a file");
    fd = open(setting->text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return secret_fault(faults, setting, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return secret_fault(faults, setting, "not a regular file");
    if (st.st_mode & S_IRWXO)
        return secret_fault(faults, setting,
                            "the file is open to everybody; expected mode 0640 or less");
    if (st.st_size > SECRET_FILE_MAX)
        return secret_fault(faults, setting, "the file is larger than 4096 bytes");
    if (fl_file_read_fd(arena, fd, SECRET_FILE_MAX, &data, &len, NULL))
        return secret_fault(faults, setting, "the file cannot be read");
    data[strcspn(data, "\r\n")] = '\0';
    if (!*data)
        return secret_fault(faults, setting, "the first line of the file is empty");
    *out = data;
    return true;
}

/* ---- a whole table ---------------------------------------------------------------------------*/

/* Settings, and how to speak of where they stand. */
struct source {
    const struct fl_conf_setting *settings;
    size_t n_settings;
    const char *file;
    long line;
    const char *where; /* NULL: the file itself */
    bool is_absent;    /* the whole section is not there: nothing is required */
};

static const struct fl_conf_setting *find(const struct source *source, const char *key,
                                          const char *suffix)
{
    size_t len = strlen(key);

    for (size_t i = 0; i < source->n_settings; i++) {
        const char *k = source->settings[i].key;

        if (strncmp(k, key, len) == 0 && strcmp(k + len, suffix) == 0)
            return &source->settings[i];
    }
    return NULL;
}

/* Gives the text of one row, NULL without; false when there was a fault. */
static bool choose_text(struct fl_arena *arena, const struct source *source,
                        const struct fl_option_spec *spec, struct fl_faults *faults,
                        const struct fl_conf_setting **out_setting, const char **out_text)
{
    const struct fl_conf_setting *setting = find(source, spec->name, "");
    const char *text = setting ? setting->text : spec->default_text;

    if (spec->flags & FL_OPTION_SECRET) {
        const struct fl_conf_setting *by_file = find(source, spec->name, "_file");

        if (setting) {
            fl_faults_add(faults, setting->file, setting->line, setting->key, NULL,
                          "a secret does not stand in the configuration; expected %s_file, "
                          "the path of a file whose first line it is",
                          spec->name);
            return false;
        }
        if (by_file && !secret_read(arena, by_file, faults, &text))
            return false;
        setting = by_file;
    }
    if (!setting && (spec->flags & FL_OPTION_REQUIRED) && !source->is_absent) {
        fl_faults_add(faults, source->file, source->line, spec->name, NULL,
                      "missing%s%s; expected %s%s", source->where ? " in " : "",
                      source->where ? source->where : "", fl_conf_spec_expected(arena, spec),
                      spec->flags & FL_OPTION_SECRET ? " by a file reference, NAME_file" : "");
        return false;
    }
    *out_setting = setting;
    *out_text = text;
    return true;
}

static bool is_known(const struct fl_option_spec *specs, const char *key)
{
    for (; specs->name; specs++) {
        size_t len = strlen(specs->name);

        if (strncmp(key, specs->name, len) != 0)
            continue;
        if (!key[len] || ((specs->flags & FL_OPTION_SECRET) && strcmp(key + len, "_file") == 0))
            return true;
    }
    return false;
}

static void refuse_unknown(struct fl_arena *arena, const struct source *source,
                           const struct fl_option_spec *specs, size_t n_specs,
                           struct fl_faults *faults)
{
    const char **names = FL_ARENA_ARRAY(arena, const char *, n_specs + 1);

    for (size_t i = 0; names && i < n_specs; i++)
        names[i] = specs[i].flags & FL_OPTION_SECRET
                       ? fl_arena_printf(arena, "%s_file", specs[i].name)
                       : specs[i].name;
    for (size_t i = 0; i < source->n_settings; i++) {
        const struct fl_conf_setting *s = &source->settings[i];

        /* The value is not shown: it may be a secret with a slip in its name. */
        if (!is_known(specs, s->key))
            fl_faults_add(faults, s->file, s->line, s->key, NULL, "unknown key%s%s%s",
                          source->where ? " in " : "", source->where ? source->where : "",
                          names ? fl_conf_suggestion(arena, s->key, names, n_specs) : "");
    }
}

static enum fl_status options_of(struct fl_arena *arena, const struct fl_option_spec *specs,
                                 const struct source *source, struct fl_faults *faults,
                                 const struct fl_option **out, size_t *out_n, struct fl_error *err)
{
    size_t n = 0, n_before = faults->n_total;
    struct fl_option *options;

    while (specs[n].name)
        n++;
    options = FL_ARENA_ARRAY(arena, struct fl_option, n + 1);
    if (!options)
        return fl_error_set(err, FL_LIMIT, "no memory for %zu options", n);
    refuse_unknown(arena, source, specs, n, faults);
    for (size_t i = 0; i < n; i++) {
        const struct fl_conf_setting *setting = NULL;
        const struct fl_conf_setting builtin = {.key = specs[i].name, .file = "built-in default"};
        const char *text = NULL;

        options[i].name = specs[i].name;
        if (choose_text(arena, source, &specs[i], faults, &setting, &text) && text)
            fl_conf_value_parse(arena, &specs[i], setting ? setting : &builtin, text, faults,
                                &options[i]);
    }
    if (faults->n_total != n_before)
        return fl_faults_status(faults, err);
    *out = options;
    *out_n = n;
    return FL_OK;
}

enum fl_status fl_conf_options(struct fl_arena *arena, const struct fl_option_spec *specs,
                               const struct fl_conf_channel *channel, struct fl_faults *faults,
                               const struct fl_option **out, size_t *out_n, struct fl_error *err)
{
    struct source source = {
        .settings = channel->settings,
        .n_settings = channel->n_settings,
        .file = channel->file,
        .line = channel->line,
        .where = fl_arena_printf(arena, "channel \"%s\"", channel->name),
    };

    return options_of(arena, specs, &source, faults, out, out_n, err);
}

enum fl_status fl_conf_section_options(struct fl_arena *arena, const struct fl_option_spec *specs,
                                       const struct fl_conf_section *section,
                                       struct fl_faults *faults, const struct fl_option **out,
                                       struct fl_error *err)
{
    struct source source = {.is_absent = !section};
    size_t n;

    if (section) {
        source.settings = section->settings;
        source.n_settings = section->n_settings;
        source.file = section->file;
        source.line = section->line;
        if (section->title)
            source.where = fl_arena_printf(arena, "%s \"%s\"", section->kind, section->title);
        else if (*section->kind)
            source.where = section->kind;
    }
    return options_of(arena, specs, &source, faults, out, &n, err);
}

/* ---- words -----------------------------------------------------------------------------------*/

const char *fl_conf_spec_expected(struct fl_arena *arena, const struct fl_option_spec *spec)
{
    const char *expected = fl_conf_worth_expected(spec);
    const char *range = "";

    if (expected)
        return expected;
    if (is_bounded(spec) && (spec->type == FL_OPTION_INT || spec->type == FL_OPTION_SIZE))
        range = fl_arena_printf(arena, " within %" PRId64 "..%" PRId64, spec->min, spec->max);
    else if (is_bounded(spec) && spec->type == FL_OPTION_STRING)
        range =
            fl_arena_printf(arena, " of %" PRId64 " to %" PRId64 " bytes", spec->min, spec->max);
    else if (is_bounded(spec) && spec->type == FL_OPTION_DURATION)
        range = fl_arena_printf(arena, " within %s..%s", fl_conf_duration(arena, spec->min),
                                fl_conf_duration(arena, spec->max));
    switch (spec->type) {
    case FL_OPTION_STRING:
        return fl_arena_printf(arena, "text%s", range);
    case FL_OPTION_INT:
        return fl_arena_printf(arena, "a whole number%s", range);
    case FL_OPTION_BOOL:
        return "yes or no";
    case FL_OPTION_DURATION:
        return fl_arena_printf(arena, "a duration such as 500ms, 30s, 15m, 4h or 2d%s", range);
    case FL_OPTION_SIZE:
        return fl_arena_printf(arena, "a size such as 64k or 10M%s", range);
    case FL_OPTION_ENUM:
        return fl_arena_printf(arena, "one of %s", spec->choices ? spec->choices : "");
    case FL_OPTION_PATH:
        return "an absolute path";
    case FL_OPTION_URL:
        return "a URL such as https://example.org/path";
    case FL_OPTION_HOSTPORT:
        return "HOST:PORT or [IPV6]:PORT";
    }
    return "another value";
}

const char *fl_conf_duration(struct fl_arena *arena, int64_t us)
{
    static const struct {
        const char *unit;
        int64_t us;
    } units[] = {{"d", FL_US_PER_DAY},
                 {"h", 3600 * FL_US_PER_S},
                 {"m", 60 * FL_US_PER_S},
                 {"s", FL_US_PER_S},
                 {"ms", FL_US_PER_MS}};
    size_t i = us ? 0 : 3;

    while (i < 4 && us % units[i].us != 0)
        i++;
    return fl_arena_printf(arena, "%" PRId64 "%s", us / units[i].us, units[i].unit);
}

/* Edits (insert, delete, replace, swap of neighbours) between two short words. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][SUGGEST_WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];

    for (size_t j = 0; j <= m; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *free_row = before;

        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);

            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        before = last;
        last = row;
        row = free_row;
    }
    return last[m];
}

const char *fl_conf_suggestion(struct fl_arena *arena, const char *word,
                               const char *const *candidates, size_t n)
{
    size_t len = strlen(word), best = 1 + (len < 4 ? 1 : len < 9 ? 2 : 3);
    const char *nearest = NULL, *text;

    if (len > SUGGEST_WORD_MAX)
        return "";
    for (size_t i = 0; i < n; i++) {
        size_t candidate_len = candidates[i] ? strlen(candidates[i]) : SIZE_MAX, distance;

        if (candidate_len > SUGGEST_WORD_MAX)
            continue;
        distance = edit_distance(word, len, candidates[i], candidate_len);
        if (distance < best) {
            best = distance;
            nearest = candidates[i];
        }
    }
    text = nearest ? fl_arena_printf(arena, " (did you mean \"%s\"?)", nearest) : NULL;
    return text ? text : "";
}
