#include "conf/conf_file.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "conf/conf_private.h"

/* A value as libConfuse met it; which section it belongs to is known by the address of that. */
struct record {
    const cfg_t *section;
    struct fl_conf_setting setting;
};

/* libConfuse has no place for a user's pointer.  It does keep the address where the value of a
 * "simple" option goes: that is the first member of this, in every option of every section. */
struct reading {
    char *last_value; /* libConfuse's, from malloc */
    struct fl_arena *arena;
    struct fl_faults *faults;
    const char *name;
    struct record *records;
    size_t n_records, max_records;
    bool has_failed;
};

static struct reading *reading_of(char **last_value)
{
    return (struct reading *)(void *)((char *)last_value - offsetof(struct reading, last_value));
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    struct reading *reading = reading_of(opt->simple_value.string);
    struct record *record;

    if (reading->n_records == reading->max_records)
        return -1;
    record = &reading->records[reading->n_records++];
    record->section = cfg;
    record->setting = (struct fl_conf_setting){
        .key = fl_arena_strdup(reading->arena, opt->name),
        .text = fl_arena_strdup(reading->arena, value),
        .file = reading->name,
        .line = cfg->line,
    };
    if (!record->setting.key || !record->setting.text) {
        reading->has_failed = true;
        return -1;
    }
    *(const char **)result = value;
    return 0;
}

static void on_error(cfg_t *cfg, const char *format, va_list ap)
{
    struct reading *reading = reading_of(cfg->opts[0].simple_value.string);
    char text[256];

/* The format is libConfuse's own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(text, sizeof text, format, ap);
#pragma GCC diagnostic pop
    fl_faults_add(reading->faults, reading->name, cfg->line, NULL, NULL, "%s", text);
}

/* Every key of the file is allowed in every section: who may stand where is checked later, against
 * the tables, so that all faults come at once.  The first row is never met: no key looks like it;
 * it carries the reading where a section has no other. */
static cfg_opt_t *options_make(struct reading *reading, const struct fl_conf_scan *scan,
                               const struct fl_conf_kind *kinds)
{
    size_t n = 0, n_kinds = 0;
    cfg_opt_t *options;

    while (kinds && kinds[n_kinds].name)
        n_kinds++;
    options = FL_ARENA_ARRAY(reading->arena, cfg_opt_t, scan->n_keys + n_kinds + 2);
    if (!options)
        return NULL;
    for (size_t i = 0; i <= scan->n_keys; i++) {
        const char *name = i ? scan->keys[i - 1] : "\x01";
        size_t k = 0;

        while (k < n_kinds && strcmp(kinds[k].name, name) != 0)
            k++;
        if (k == n_kinds)
            options[n++] = (cfg_opt_t){.name = name,
                                       .type = CFGT_STR,
                                       .flags = CFGF_NODEFAULT,
                                       .simple_value.string = &reading->last_value,
                                       .parsecb = on_value};
    }
    for (size_t i = 0; i < n_kinds; i++) {
        cfg_opt_t *children = options_make(reading, scan, kinds[i].children);

        if (!children)
            return NULL;
        options[n++] =
            (cfg_opt_t){.name = kinds[i].name,
                        .type = CFGT_SEC,
                        .flags = kinds[i].has_title ? CFGF_MULTI | CFGF_TITLE : CFGF_MULTI,
                        .subopts = children};
    }
    return options;
}

/* Settings of one section, without those that were given before. */
static bool settings_take(struct reading *reading, const cfg_t *cfg, struct fl_conf_section *out)
{
    struct fl_conf_setting *settings;
    size_t n = 0;

    for (size_t i = 0; i < reading->n_records; i++)
        n += reading->records[i].section == cfg;
    settings = FL_ARENA_ARRAY(reading->arena, struct fl_conf_setting, n + 1);
    if (!settings)
        return false;
    out->settings = settings;
    for (size_t i = 0; i < reading->n_records; i++) {
        const struct fl_conf_setting *setting = &reading->records[i].setting;
        const struct fl_conf_setting *first;

        if (reading->records[i].section != cfg)
            continue;
        first = fl_conf_section_setting(out, setting->key);
        if (first)
            fl_faults_add(reading->faults, reading->name, setting->line, setting->key, NULL,
                          "given twice; the first is on line %ld", first->line);
        else
            settings[out->n_settings++] = *setting;
    }
    return true;
}

/* `place` is the index of this section in the scan, whose sections stand in the order of the file;
 * libConfuse keeps them apart by kind. */
static bool section_take(struct reading *reading, cfg_t *cfg, const struct fl_conf_scan *scan,
                         size_t place, struct fl_conf_section *out)
{
    struct fl_conf_section *sections;
    size_t n = 0;

    out->file = reading->name;
    out->kind = place ? scan->places[place].kind : "";
    out->line = place ? scan->places[place].line : 0;
    out->title = fl_arena_strdup(reading->arena, cfg_title(cfg));
    for (size_t i = place + 1; i < scan->n_places; i++)
        n += scan->places[i].parent == place;
    sections = FL_ARENA_ARRAY(reading->arena, struct fl_conf_section, n + 1);
    if (!sections || !settings_take(reading, cfg, out))
        return false;
    out->sections = sections;
    for (size_t i = place + 1; i < scan->n_places; i++) {
        const char *kind = scan->places[i].kind;
        unsigned index = 0;

        if (scan->places[i].parent != place)
            continue;
        for (size_t k = 0; k < out->n_sections; k++)
            index += strcmp(sections[k].kind, kind) == 0;
        if (!section_take(reading, cfg_getnsec(cfg, kind, index), scan, i,
                          &sections[out->n_sections]))
            return false;
        out->n_sections++;
    }
    return true;
}

static enum fl_status read_with_confuse(struct reading *reading, const struct fl_conf_scan *scan,
                                        cfg_t *cfg, struct fl_conf_section *root,
                                        struct fl_error *err)
{
    size_t n_before = reading->faults->n_total;

    cfg_set_error_function(cfg, on_error);
    if (cfg_parse_buf(cfg, scan->text) != CFG_SUCCESS && !reading->has_failed) {
        if (reading->faults->n_total == n_before)
            fl_faults_add(reading->faults, reading->name, cfg->line, NULL, NULL, "syntax error");
        return fl_faults_status(reading->faults, err);
    }
    if (reading->has_failed || !section_take(reading, cfg, scan, 0, root))
        return fl_error_set(err, FL_LIMIT, "\"%s\": no memory", reading->name);
    return FL_OK;
}

enum fl_status fl_conf_file_parse(struct fl_arena *arena, const char *name, const char *text,
                                  const struct fl_conf_kind *kinds, struct fl_faults *faults,
                                  const struct fl_conf_section **out, struct fl_error *err)
{
    struct reading reading = {
        .arena = arena, .faults = faults, .name = fl_arena_strdup(arena, name)};
    struct fl_conf_section *root = FL_ARENA_NEW(arena, struct fl_conf_section);
    struct fl_conf_scan scan;
    cfg_opt_t *options;
    cfg_t *cfg;
    enum fl_status st;

    if (strlen(text) > FL_CONF_FILE_MAX)
        return fl_error_set(err, FL_LIMIT, "\"%s\": more than %d bytes", name, FL_CONF_FILE_MAX);
    st = fl_conf_scan(arena, name, text, kinds, faults, &scan, err);
    if (st)
        return st;
    options = options_make(&reading, &scan, kinds);
    reading.max_records = fl_conf_at_most(text, FL_CONF_SETTINGS_MAX);
    reading.records = FL_ARENA_ARRAY(arena, struct record, reading.max_records);
    if (!reading.name || !root || !options || !reading.records)
        return fl_error_set(err, FL_LIMIT, "\"%s\": no memory", name);
    cfg = cfg_init(options, CFGF_NONE);
    if (!cfg)
        return fl_error_set(err, FL_LIMIT, "\"%s\": no memory", name);
    st = read_with_confuse(&reading, &scan, cfg, root, err);
    cfg_free(cfg); /* also resets the lexer, which would else begin where the last file ended */
    free(reading.last_value);
    if (!st)
        *out = root;
    return st;
}

const struct fl_conf_setting *fl_conf_section_setting(const struct fl_conf_section *section,
                                                      const char *key)
{
    for (size_t i = 0; i < section->n_settings; i++)
        if (strcmp(section->settings[i].key, key) == 0)
            return &section->settings[i];
    return NULL;
}

bool fl_conf_is_name(const char *s, size_t max)
{
    size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-");

    return s[0] >= 'a' && s[0] <= 'z' && !s[len] && len <= max;
}
