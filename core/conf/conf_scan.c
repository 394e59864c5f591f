/*
 * The scan before libConfuse.
 *
 * libConfuse stops at the first name it does not know, counts lines wrongly after comments, drops
 * characters it does not like without a word, and puts environment variables into strings.  The
 * scan lists what is wrong with the shape of a file, all at once, and leaves a text on which
 * libConfuse has nothing to guess.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "conf/conf_private.h"

enum { DEPTH_MAX = 8 }; /* of sections; tables are not nested deeper */

enum token { TOKEN_END, TOKEN_WORD, TOKEN_STRING, TOKEN_MARK, TOKEN_BAD };

struct level {
    size_t place;
    const struct fl_conf_kind *kinds;
    size_t first_seen; /* sections seen at this level start here */
};

struct seen {
    const char *kind, *title;
    long line;
};

struct scan {
    struct fl_arena *arena;
    struct fl_faults *faults;
    const char *name;
    char *at; /* in the copy that is blanked */
    long line;
    /* the token that was read last */
    char *start;
    size_t len;
    char mark;
    long token_line;
    struct level levels[DEPTH_MAX];
    size_t depth;
    struct seen *seen;
    size_t n_seen, n_settings;
    struct fl_conf_scan *out;
    bool is_broken; /* the shape cannot be followed any further */
};

static void blank(char *from, const char *to)
{
    for (; from < to; from++)
        if (*from != '\n')
            *from = ' ';
}

static bool is_word_char(char c)
{
    return (unsigned char)c > ' ' && c != 0x7f && !strchr("#\"'={}()+,*", c);
}

static void skip_comment(struct scan *scan)
{
    char *from = scan->at;

    if (from[0] == '/' && from[1] == '*') {
        char *end = strstr(from + 2, "*/");

        if (!end) {
            fl_faults_add(scan->faults, scan->name, scan->line, NULL, NULL,
                          "the comment that begins here is not closed with */");
            scan->is_broken = true;
        }
        scan->at = end ? end + 2 : from + strlen(from);
    } else {
        scan->at = from + strcspn(from, "\n");
    }
    for (const char *p = from; p < scan->at; p++)
        scan->line += *p == '\n';
    blank(from, scan->at);
}

static void skip_space(struct scan *scan)
{
    for (;; scan->at++) {
        while (*scan->at == '#' || (*scan->at == '/' && (scan->at[1] == '/' || scan->at[1] == '*')))
            skip_comment(scan);
        if (*scan->at == '\n')
            scan->line++;
        else if (*scan->at == '\r' && scan->at[1] == '\n')
            *scan->at = ' ';
        else if (*scan->at != ' ' && *scan->at != '\t')
            break;
    }
}

static enum token bad(struct scan *scan, const char *reason)
{
    fl_faults_add(scan->faults, scan->name, scan->line, NULL, NULL, "%s", reason);
    scan->is_broken = true;
    return TOKEN_BAD;
}

static enum token read_string(struct scan *scan)
{
    char quote = *scan->at;
    char *p = scan->at + 1;

    for (; *p != quote; p++) {
        if (*p == '\0' || *p == '\n')
            return bad(scan, "the string is not closed on its line");
        if (*p == '$' && p[1] == '{')
            return bad(scan, "${...} is not allowed: a value stands in the file as it is");
        if (*p == '\\') {
            p++;
            if (!*p || !strchr("\\\"'nt", *p))
                return bad(scan, "unknown escape in a string; known are \\\\ \\\" \\' \\n \\t");
            if (quote == '\'' && *p != '\\' && *p != '\'')
                return bad(scan, "in '...' only \\\\ and \\' can be escaped; use \"...\"");
        } else if ((unsigned char)*p < ' ' && *p != '\t') {
            return bad(scan, "a control character in a string");
        }
    }
    scan->start = scan->at + 1;
    scan->len = (size_t)(p - scan->start);
    scan->at = p + 1;
    return TOKEN_STRING;
}

static enum token next_token(struct scan *scan)
{
    skip_space(scan);
    scan->token_line = scan->line;
    scan->start = scan->at;
    scan->len = 0;
    if (scan->is_broken)
        return TOKEN_BAD;
    if (!*scan->at)
        return TOKEN_END;
    if (*scan->at == '"' || *scan->at == '\'')
        return read_string(scan);
    if (strchr("={}", *scan->at)) {
        scan->mark = *scan->at++;
        return TOKEN_MARK;
    }
    while (is_word_char(*scan->at)) {
        if (*scan->at == '$' && scan->at[1] == '{')
            return bad(scan, "${...} is not allowed: a value stands in the file as it is");
        scan->at++;
    }
    scan->len = (size_t)(scan->at - scan->start);
    if (scan->len)
        return TOKEN_WORD;
    if (strchr("()", *scan->at))
        return bad(scan, "a call such as include(...) is not allowed");
    if (strchr("+,*", *scan->at))
        return bad(scan, "a value with + , or * needs quotes, and '+=' is not allowed");
    return bad(scan, "a control character");
}

static bool is_key(const char *s, size_t len)
{
    if (!len || len > FL_CONF_WORD_MAX || s[0] < 'a' || s[0] > 'z')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '_'))
            return false;
    return true;
}

static bool limit(struct scan *scan, size_t n, size_t max, const char *what)
{
    if (n < max)
        return true;
    fl_faults_add(scan->faults, scan->name, scan->token_line, NULL, NULL,
                  "more than %zu %s in one file", max, what);
    scan->is_broken = true;
    return false;
}

/* Where a token stands that the value or the opening brace is still to come for. */
struct head {
    char *start;
    size_t len;
    long line;
    char *title;
    size_t title_len;
};

static char *head_text(struct scan *scan, const char *s, size_t len)
{
    char *text = fl_arena_strndup(scan->arena, s, len);

    if (!text)
        scan->is_broken = true;
    return text ? text : (char *)"";
}

static bool is_kind(const struct scan *scan, const char *word)
{
    const struct fl_conf_kind *k = scan->levels[scan->depth].kinds;

    while (k && k->name && strcmp(k->name, word) != 0)
        k++;
    return k && k->name;
}

static void setting(struct scan *scan, const struct head *head)
{
    const char *key;
    enum token token = next_token(scan);

    if (token == TOKEN_BAD)
        return;
    if (token == TOKEN_MARK || token == TOKEN_END) {
        bad(scan, scan->mark == '{' && token == TOKEN_MARK
                      ? "a list is not allowed: a setting has one value"
                      : "a value is missing after '='");
        return;
    }
    key = head_text(scan, head->start, head->len);
    if (!is_key(head->start, head->len) || is_kind(scan, key)) {
        fl_faults_add(scan->faults, scan->name, head->line, key, NULL,
                      is_kind(scan, key) ? "this is a section here: %s { ... }"
                                         : "\"%s\" is not a key: [a-z][a-z0-9_]*, at most 64 bytes",
                      key);
        blank(head->start, scan->at);
        return;
    }
    if (!limit(scan, scan->n_settings++, FL_CONF_SETTINGS_MAX, "settings"))
        return;
    for (size_t i = 0; i < scan->out->n_keys; i++)
        if (strcmp(scan->out->keys[i], key) == 0)
            return;
    if (limit(scan, scan->out->n_keys, FL_CONF_KEYS_MAX, "different keys"))
        scan->out->keys[scan->out->n_keys++] = key;
}

/* Blanks a section that is refused, from its head to the brace that closes it. */
static void skip_section(struct scan *scan, const struct head *head)
{
    size_t depth = 1;

    while (depth) {
        enum token token = next_token(scan);

        if (token == TOKEN_BAD)
            return;
        if (token == TOKEN_END) {
            fl_faults_add(scan->faults, scan->name, head->line, NULL, NULL,
                          "the section that begins here is not closed with '}'");
            scan->is_broken = true;
            return;
        }
        if (token == TOKEN_MARK)
            depth += scan->mark == '{' ? 1 : scan->mark == '}' ? (size_t)-1 : 0;
    }
    blank(head->start, scan->at);
}

static const char *known_kinds(struct scan *scan, const char *word,
                               const struct fl_conf_kind *kinds)
{
    const char *names[DEPTH_MAX];
    size_t n = 0;

    for (; kinds && kinds->name && n < DEPTH_MAX; kinds++)
        names[n++] = kinds->name;
    return fl_conf_suggestion(scan->arena, word, names, n);
}

/* NULL and a fault when such a section may not stand here. */
static const struct fl_conf_kind *admit(struct scan *scan, const struct head *head,
                                        const char *kind, const char *title)
{
    const struct level *level = &scan->levels[scan->depth];
    const struct fl_conf_kind *k = level->kinds;

    while (k && k->name && strcmp(k->name, kind) != 0)
        k++;
    if (!k || !k->name) {
        fl_faults_add(scan->faults, scan->name, head->line, kind, NULL, "unknown section%s",
                      known_kinds(scan, kind, level->kinds));
        return NULL;
    }
    if (k->has_title != (title != NULL)) {
        fl_faults_add(scan->faults, scan->name, head->line, kind, title,
                      k->has_title ? "the section needs a title: %s \"NAME\" { ... }"
                                   : "the section has no title: %s { ... }",
                      kind);
        return NULL;
    }
    for (size_t i = level->first_seen; i < scan->n_seen; i++)
        if (strcmp(scan->seen[i].kind, kind) == 0 && fl_str_equal(scan->seen[i].title, title)) {
            fl_faults_add(scan->faults, scan->name, head->line, kind, title,
                          "the section is given twice; the first is on line %ld",
                          scan->seen[i].line);
            return NULL;
        }
    return k;
}

static void section(struct scan *scan, const struct head *head)
{
    const char *kind = head_text(scan, head->start, head->len);
    const char *title = head->title ? head_text(scan, head->title, head->title_len) : NULL;
    const struct fl_conf_kind *k;

    if (!limit(scan, scan->out->n_places, FL_CONF_SECTIONS_MAX, "sections"))
        return;
    if (title && strchr(title, '\\')) {
        fl_faults_add(scan->faults, scan->name, head->line, kind, title,
                      "a title cannot hold a backslash");
        skip_section(scan, head);
        return;
    }
    k = admit(scan, head, kind, title);
    if (!k || scan->depth + 1 == DEPTH_MAX) {
        skip_section(scan, head);
        return;
    }
    scan->seen[scan->n_seen++] = (struct seen){kind, title, head->line};
    scan->out->places[scan->out->n_places] =
        (struct fl_conf_place){scan->levels[scan->depth].place, k->name, head->line};
    scan->depth++;
    scan->levels[scan->depth] = (struct level){scan->out->n_places++, k->children, scan->n_seen};
}

/* After a word: `= value`, `{` or `title {`. */
static void statement(struct scan *scan)
{
    struct head head = {.start = scan->start, .len = scan->len, .line = scan->token_line};
    enum token token = next_token(scan);

    if (token == TOKEN_STRING || token == TOKEN_WORD) {
        head.title = scan->start;
        head.title_len = scan->len;
        token = next_token(scan);
    }
    if (token == TOKEN_BAD)
        return;
    if (token == TOKEN_MARK && scan->mark == '=' && !head.title) {
        setting(scan, &head);
    } else if (token == TOKEN_MARK && scan->mark == '{') {
        section(scan, &head);
    } else {
        fl_faults_add(scan->faults, scan->name, head.line, head_text(scan, head.start, head.len),
                      NULL, "expected \"= value\" or \"{\" after this word");
        scan->is_broken = true;
    }
}

static void close_section(struct scan *scan)
{
    if (!scan->depth) {
        bad(scan, "a '}' without a section that it closes");
        return;
    }
    /* What was seen inside may be seen again in the next section. */
    scan->n_seen = scan->levels[scan->depth].first_seen;
    scan->depth--;
}

static void walk(struct scan *scan)
{
    while (!scan->is_broken) {
        switch (next_token(scan)) {
        case TOKEN_END:
            if (scan->depth) {
                const struct seen *open = &scan->seen[scan->levels[scan->depth].first_seen - 1];

                fl_faults_add(scan->faults, scan->name, open->line, open->kind, open->title,
                              "the section that begins here is not closed with '}'");
                scan->is_broken = true;
            }
            return;
        case TOKEN_WORD:
            statement(scan);
            break;
        case TOKEN_STRING:
            bad(scan, "a string where a key or a section was expected");
            break;
        case TOKEN_MARK:
            if (scan->mark == '}')
                close_section(scan);
            else
                bad(scan, "a key or a section was expected");
            break;
        case TOKEN_BAD:
            return;
        }
    }
}

size_t fl_conf_at_most(const char *text, size_t max)
{
    enum { SHORTEST = 3 }; /* "k=v", "k{}" */
    size_t n = strlen(text) / SHORTEST + 1;

    return n < max ? n : max;
}

enum fl_status fl_conf_scan(struct fl_arena *arena, const char *name, const char *text,
                            const struct fl_conf_kind *kinds, struct fl_faults *faults,
                            struct fl_conf_scan *out, struct fl_error *err)
{
    struct fl_conf_scan found = {.text = fl_arena_strdup(arena, text)};
    struct scan scan = {.arena = arena, .faults = faults, .name = name, .line = 1};
    size_t n_sections = fl_conf_at_most(text, FL_CONF_SECTIONS_MAX);

    found.keys = FL_ARENA_ARRAY(arena, const char *, fl_conf_at_most(text, FL_CONF_KEYS_MAX));
    found.places = FL_ARENA_ARRAY(arena, struct fl_conf_place, n_sections);
    found.n_places = 1;
    scan.seen = FL_ARENA_ARRAY(arena, struct seen, n_sections);
    if (!found.text || !found.keys || !found.places || !scan.seen)
        return fl_error_set(err, FL_LIMIT, "\"%s\": no memory", name);
    if (!fl_utf8_is_valid(text, strlen(text))) {
        fl_faults_add(faults, name, 0, NULL, NULL, "not UTF-8 text");
        return fl_error_set(err, FL_INVALID, "%s: not UTF-8 text", name);
    }
    scan.at = found.text;
    if (fl_str_starts_with(found.text, "\xef\xbb\xbf"))
        blank(found.text, found.text + 3);
    scan.out = &found;
    scan.levels[0].kinds = kinds;
    walk(&scan);
    if (scan.is_broken) {
        enum fl_status st = fl_faults_status(faults, err);

        return st ? st : fl_error_set(err, FL_LIMIT, "\"%s\": no memory", name);
    }
    *out = found;
    return FL_OK;
}
