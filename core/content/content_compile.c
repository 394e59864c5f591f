#include "content/content_private.h"

#include <stdlib.h>
#include <string.h>

static bool is_language(const char *s, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t n = strspn(s, letters), part = 0;

    if (n < 2 || n > 3 || len > FL_CONTENT_LANGUAGE_MAX)
        return false;
    for (size_t i = n; i < len; i++) {
        if (s[i] == '-') {
            if (i > n && part == 0)
                return false;
            part = 0;
        } else if (strchr(letters, s[i]) || (s[i] >= '0' && s[i] <= '9')) {
            if (i == n || ++part > 8)
                return false;
        } else {
            return false;
        }
    }
    return len == n || part > 0;
}

static bool is_base(const char *base)
{
    enum fl_medium medium;
    size_t len = strlen(base);

    if (base[0] == '_')
        return len > 1 && strspn(base + 1, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len - 1;
    return !strcmp(base, "content") || !strcmp(base, "survey") ||
           (fl_medium_parse(base, &medium) && medium != FL_MEDIUM_NONE);
}

/* "email.ko.html" to base, language and extension; false: no such file is known. */
static bool path_split(struct fl_arena *arena, const char *path, const char **out_base,
                       const char **out_language, const char **out_ext)
{
    char *base = fl_arena_strdup(arena, path), *ext, *language;

    if (!base || !(ext = strrchr(base, '.')))
        return false;
    *ext++ = '\0';
    language = strchr(base, '.');
    if (language) {
        *language++ = '\0';
        if (!is_language(language, strlen(language)))
            return false;
        fl_str_lower_ascii(language);
    }
    if (!is_base(base))
        return false;
    if (strcmp(ext, "md") != 0 && (!strcmp(base, "content") || !strcmp(base, "survey") ||
                                   (strcmp(ext, "html") != 0 && strcmp(ext, "txt") != 0)))
        return false;
    *out_base = base;
    *out_language = language ? language : "";
    *out_ext = ext;
    return true;
}

/* LF line ends, no byte order mark; faults for what no template may hold. */
static bool body_clean(struct fl_content_builder *b, const struct fl_content_file *file,
                       struct fl_content_source *source)
{
    char *text = fl_arena_alloc(b->content->arena, file->body_len + 1);
    size_t i = 0, len = 0, n_before = b->faults->n_total;
    long line = 1;

    if (!text) {
        b->status = fl_error_set(b->err, FL_IO, "could not compile: memory is out");
        return false;
    }
    if (!fl_utf8_is_valid(file->body, file->body_len)) {
        fl_faults_add(b->faults, file->path, 0, NULL, NULL, "is not UTF-8");
        return false;
    }
    if (file->body_len >= 3 && !memcmp(file->body, "\xef\xbb\xbf", 3))
        i = 3;
    for (; i < file->body_len; i++) {
        char c = file->body[i];

        if (c == '\r' && i + 1 < file->body_len && file->body[i + 1] == '\n')
            continue;
        c = c == '\r' ? '\n' : c;
        if ((c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
            fl_faults_add(b->faults, file->path, line, NULL, NULL, "holds control character %d", c);
        line += c == '\n';
        text[len++] = c;
    }
    text[len] = '\0';
    *source =
        (struct fl_content_source){.file = file->path, .first_line = 1, .text = text, .len = len};
    return b->faults->n_total == n_before;
}

static struct fl_content_unit *unit_get(struct fl_content *content, const char *base,
                                        const char *language)
{
    struct fl_content_unit *unit = fl_content_unit_exact(content, base, language);

    if (!unit) {
        unit = &content->units[content->n_units++];
        unit->base = base;
        unit->language = language;
    }
    return unit;
}

static bool is_survey(const struct fl_content_unit *unit)
{
    return !strcmp(unit->base, "survey");
}

static void file_add(struct fl_content_builder *b, const struct fl_content_file *file)
{
    const char *base, *language, *ext;
    struct fl_content_source *source;
    const struct fl_content_source **place;
    struct fl_content_unit *unit;

    if (!path_split(b->content->arena, file->path, &base, &language, &ext)) {
        fl_faults_add(
            b->faults, file->path, 0, NULL, NULL,
            "unknown file name; expected content.md, email.html, email.txt or another "
            "medium, each also with a language as in content.ko.md, survey.md or _name.md");
        return;
    }
    if (file->body_len > FL_CONTENT_FILE_MAX) {
        fl_faults_add(b->faults, file->path, 0, NULL, NULL, "has %zu bytes, at most %d are allowed",
                      file->body_len, FL_CONTENT_FILE_MAX);
        return;
    }
    source = FL_ARENA_NEW(b->content->arena, struct fl_content_source);
    if (!source || !body_clean(b, file, source))
        return;
    unit = unit_get(b->content, base, language);
    place = !strcmp(ext, "md")     ? &unit->markdown
            : !strcmp(ext, "html") ? &unit->html_file
                                   : &unit->text_file;
    if (*place) {
        fl_faults_add(b->faults, file->path, 0, NULL, NULL, "is there twice");
        return;
    }
    if (!is_survey(unit))
        fl_content_front_read(b->content->arena, source, &unit->front, b->faults);
    *place = source;
}

/* What is missing for a whole mail. */
static void email_check(struct fl_content_builder *b, const struct fl_content_unit *unit)
{
    const struct fl_content_unit *main =
        fl_content_unit_find(b->content, "content", unit->language);
    const struct fl_content_unit *beside =
        fl_content_unit_exact(b->content, "content", unit->language);
    const char *file;

    if (strcmp(unit->base, "email") != 0)
        return;
    file = (unit->html_file ?: unit->text_file ?: unit->markdown)->file;
    if (!unit->front.subject.value && (!main || !main->front.subject.value))
        fl_faults_add(b->faults, file, 0, "subject", NULL,
                      "an e-mail needs one, in the front matter of this file or of content.md");
    if (unit->html_file && !unit->text_file && !unit->markdown && !beside)
        fl_faults_add(b->faults, file, 0, NULL, NULL,
                      "needs a plain text of the same language beside it: a .txt or a content.md");
}

static void survey_build(struct fl_content_builder *b, struct fl_content_unit *unit)
{
    struct fl_survey *survey = FL_ARENA_NEW(b->content->arena, struct fl_survey);
    enum fl_status st;

    if (!survey) {
        b->status = fl_error_set(b->err, FL_IO, "could not compile: memory is out");
        return;
    }
    st = fl_survey_parse(b->content->arena, unit->markdown->file, unit->markdown->text,
                         unit->markdown->len, b->faults, survey, b->err);
    if (!st)
        unit->survey = survey;
    else if (st != FL_INVALID)
        b->status = st;
}

/* Answers of all languages are counted together, so all variants ask the same. */
static void surveys_compare(struct fl_content_builder *b)
{
    const struct fl_content_unit *first = fl_content_unit_exact(b->content, "survey", "");

    for (size_t i = 0; i < b->content->n_units; i++) {
        const struct fl_content_unit *unit = &b->content->units[i];

        if (!is_survey(unit) || unit == first)
            continue;
        if (first && first->survey && unit->survey)
            (void)fl_survey_is_same(first->survey, unit->survey, unit->markdown->file, b->faults);
        first = first ? first : unit;
    }
}

static void files_compile(struct fl_content_builder *b, const struct fl_content_file *files,
                          size_t n_files)
{
    struct fl_content *content = b->content;
    size_t n_before = b->faults->n_total;

    for (size_t i = 0; i < n_files && !b->status; i++)
        file_add(b, &files[i]);
    for (size_t i = 0; i < content->n_units && !b->status; i++) {
        if (!content->units[i].markdown && !content->units[i].html_file &&
            !content->units[i].text_file)
            continue;
        if (is_survey(&content->units[i])) {
            survey_build(b, &content->units[i]);
            continue;
        }
        email_check(b, &content->units[i]);
        fl_content_unit_build(b, &content->units[i]);
    }
    surveys_compare(b);
    if (!n_files)
        fl_faults_add(b->faults, content->name, 0, NULL, NULL, "has no files");
    if (b->status || b->faults->n_total > n_before)
        return;
    for (size_t i = 0; i < content->n_units; i++)
        fl_content_unit_link(b, &content->units[i]);
}

static struct fl_content *content_create(const char *name, size_t n_files)
{
    struct fl_content *content = calloc(1, sizeof *content);

    if (!content)
        return NULL;
    fl_buf_init(&content->scratch, FL_CONTENT_OUTPUT_MAX);
    content->arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    if (content->arena) {
        content->name = fl_arena_strdup(content->arena, name);
        content->units = FL_ARENA_ARRAY(content->arena, struct fl_content_unit, n_files + 1);
    }
    if (!content->units)
        fl_content_destroy(&content);
    return content;
}

enum fl_status fl_content_compile(const char *name, const struct fl_content_file *files,
                                  size_t n_files, struct fl_faults *faults, struct fl_content **out,
                                  struct fl_error *err)
{
    size_t n_before = faults->n_total;
    struct fl_content_builder b = {.faults = faults, .err = err};

    if (n_files > FL_CONTENT_FILES_MAX)
        return fl_error_set(err, FL_LIMIT, "content \"%s\" has %zu files, at most %d are allowed",
                            name, n_files, FL_CONTENT_FILES_MAX);
    b.content = content_create(name, n_files);
    if (!b.content)
        return fl_error_set(err, FL_IO, "could not compile \"%s\": memory is out", name);
    files_compile(&b, files, n_files);
    if (!b.status && faults->n_total > n_before)
        b.status = fl_faults_status(faults, err);
    if (b.status) {
        fl_content_destroy(&b.content);
        return fl_error_prefix(err, b.status, "content \"%s\"", name);
    }
    *out = b.content;
    return FL_OK;
}
