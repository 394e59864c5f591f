#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "conf/conf_private.h"

enum { CHANNEL_NAME_MAX = 32, ENVIRONMENT_NAME_MAX = 64 };

static const struct fl_conf_kind channel_children[] = {{.name = "options"}, {.name = NULL}};
static const struct fl_conf_kind kinds[] = {
    {.name = "organisation"}, {.name = "front"},
    {.name = "value"},        {.name = "channel", .has_title = true, .children = channel_children},
    {.name = NULL},
};

/* What one reading of a configuration works with. */
struct build {
    struct fl_arena *arena;
    struct fl_faults *faults;
    struct fl_conf *conf;
};

/* Puts typed options where the slots say. */
static void fill(void *object, const struct fl_conf_slot *slots, const struct fl_option_spec *specs,
                 const struct fl_option *options)
{
    for (size_t i = 0; specs[i].name; i++) {
        char *member = (char *)object + slots[i].offset;

        if (slots[i].type == FL_CONF_SLOT_TEXT)
            memcpy(member, &options[i].text, sizeof options[i].text);
        else if (slots[i].type == FL_CONF_SLOT_NUMBER)
            memcpy(member, &options[i].number, sizeof options[i].number);
        else if (slots[i].type == FL_CONF_SLOT_REAL)
            (void)fl_conf_real_parse(options[i].text, (double *)(void *)member); /* checked after */
        else
            *(bool *)member = options[i].number != 0;
    }
}

/* The checks of single keys that a type cannot make. */
static void check_keys(struct build *build, const struct fl_conf_section *section)
{
    for (size_t i = 0; section && i < section->n_settings; i++) {
        const struct fl_conf_setting *s = &section->settings[i];
        const char *expected = fl_conf_key_check(s->key, s->text);

        if (expected)
            fl_faults_add(build->faults, s->file, s->line, s->key, s->text, "expected %s",
                          expected);
    }
}

static long line_of(const struct fl_conf_section *section, const char *key)
{
    const struct fl_conf_setting *setting = fl_conf_section_setting(section, key);

    return setting ? setting->line : section->line;
}

static void check_channel(struct build *build, const struct fl_conf_section *section,
                          const struct fl_conf_channel *channel)
{
    if (channel->retry_first_us > channel->retry_max_us)
        fl_faults_add(build->faults, section->file, line_of(section, "retry_first"), "retry_first",
                      fl_conf_duration(build->arena, channel->retry_first_us),
                      "is above retry_max, which is %s",
                      fl_conf_duration(build->arena, channel->retry_max_us));
    if (channel->retry_first_us > channel->expire_after_us)
        fl_faults_add(build->faults, section->file, line_of(section, "expire_after"),
                      "expire_after", fl_conf_duration(build->arena, channel->expire_after_us),
                      "is below retry_first, which is %s: nothing would be tried again",
                      fl_conf_duration(build->arena, channel->retry_first_us));
}

static void build_channel(struct build *build, const struct fl_conf_section *section,
                          struct fl_conf_channel *out)
{
    const struct fl_option_spec *specs = fl_conf_channel_specs();
    const struct fl_option *options;

    if (!fl_conf_is_name(section->title, CHANNEL_NAME_MAX))
        fl_faults_add(build->faults, section->file, section->line, "channel", section->title,
                      "expected a name [a-z][a-z0-9_-]* of at most %d bytes", CHANNEL_NAME_MAX);
    check_keys(build, section);
    if (fl_conf_section_options(build->arena, specs, section, build->faults, &options, NULL))
        return;
    out->name = section->title;
    out->file = section->file;
    out->line = section->line;
    fill(out, fl_conf_channel_slots(), specs, options);
    check_channel(build, section, out);
    for (size_t i = 0; i < section->n_sections; i++) { /* at most the one options { } */
        out->settings = section->sections[i].settings;
        out->n_settings = section->sections[i].n_settings;
    }
}

static void build_channels(struct build *build, const struct fl_conf_section *root)
{
    struct fl_conf_channel *channels =
        FL_ARENA_ARRAY(build->arena, struct fl_conf_channel, FL_CONF_CHANNELS_MAX);
    size_t n = 0;

    for (size_t i = 0; channels && i < root->n_sections; i++) {
        const struct fl_conf_section *section = &root->sections[i];

        if (strcmp(section->kind, "channel") != 0)
            continue;
        if (n == FL_CONF_CHANNELS_MAX) {
            fl_faults_add(build->faults, section->file, section->line, "channel", section->title,
                          "more than %d channels", FL_CONF_CHANNELS_MAX);
            break;
        }
        build_channel(build, section, &channels[n++]);
    }
    build->conf->channels = channels;
    build->conf->n_channels = n;
}

static const struct fl_conf_section *section_find(const struct fl_conf_section *root,
                                                  const char *kind)
{
    for (size_t i = 0; i < root->n_sections; i++)
        if (strcmp(root->sections[i].kind, kind) == 0)
            return &root->sections[i];
    return NULL;
}

/* After organisation: it is looked at whether the pages have an address. */
static void build_front(struct build *build, const struct fl_conf_section *root)
{
    const struct fl_option_spec *specs = fl_conf_front_specs();
    const struct fl_conf_section *section = section_find(root, "front");
    struct fl_conf_front *front = &build->conf->front;
    const struct fl_option *options;

    check_keys(build, section);
    if (fl_conf_section_options(build->arena, specs, section, build->faults, &options, NULL))
        return;
    fill(front, fl_conf_front_slots(), specs, options);
    front->is_enabled = section && front->is_enabled;
    front->line = section ? section->line : 0;
    if (section)
        fl_conf_front_check(build->conf, section, build->faults);
}

static void build_worth(struct build *build, const struct fl_conf_section *root)
{
    const struct fl_option_spec *specs = fl_conf_worth_specs();
    const struct fl_conf_section *section = section_find(root, "value");
    const struct fl_option *options;

    fl_conf_worth_check(section, build->faults);
    if (!fl_conf_section_options(build->arena, specs, section, build->faults, &options, NULL))
        fill(&build->conf->value, fl_conf_worth_slots(), specs, options);
}

static void build_organisation(struct build *build, const struct fl_conf_section *root)
{
    const struct fl_option_spec *specs = fl_conf_organisation_specs();
    const struct fl_conf_section *section = section_find(root, "organisation");
    const struct fl_option *options;

    check_keys(build, section);
    if (!fl_conf_section_options(build->arena, specs, section, build->faults, &options, NULL))
        fill(build->conf, fl_conf_organisation_slots(), specs, options);
}

/* The top level of the file with FAIRLINE_<KEY> of the environment laid over it. */
static bool overlay_environment(struct build *build, struct fl_conf_section *top)
{
    const struct fl_option_spec *specs = fl_conf_global_specs();
    struct fl_conf_setting *settings;
    size_t n_specs = 0, n = top->n_settings;

    while (specs[n_specs].name)
        n_specs++;
    settings = FL_ARENA_ARRAY(build->arena, struct fl_conf_setting, n + n_specs);
    if (!settings)
        return false;
    if (n)
        memcpy(settings, top->settings, n * sizeof *settings);
    for (size_t i = 0; i < n_specs; i++) {
        char name[ENVIRONMENT_NAME_MAX] = "FAIRLINE_";
        size_t len = strlen(name), at = 0;
        const char *value;

        for (const char *p = specs[i].name; *p && len + 1 < sizeof name; p++)
            name[len++] = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
        value = secure_getenv(name);
        if (!value)
            continue;
        while (at < n && strcmp(settings[at].key, specs[i].name) != 0)
            at++;
        n += at == n;
        settings[at] = (struct fl_conf_setting){
            .key = specs[i].name,
            .text = fl_arena_strdup(build->arena, value),
            .file = fl_arena_printf(build->arena, "environment variable %s", name)};
        if (!settings[at].text || !settings[at].file)
            return false;
    }
    top->settings = settings;
    top->n_settings = n;
    return true;
}

const char *fl_conf_derived(struct fl_arena *arena, const char *data_dir, const char *key)
{
    const char *slash = fl_str_ends_with(data_dir, "/") ? "" : "/";

    if (strcmp(key, "store") == 0)
        return fl_arena_printf(arena, "sqlite:%s%sfairline.db", data_dir, slash);
    if (strcmp(key, "control_socket") == 0)
        return fl_arena_printf(arena, "%s%scontrol", data_dir, slash);
    return NULL;
}

static void build_global(struct build *build, const struct fl_conf_section *top)
{
    const struct fl_option_spec *specs = fl_conf_global_specs();
    struct fl_conf *conf = build->conf;
    const struct fl_option *options;

    check_keys(build, top);
    if (fl_conf_section_options(build->arena, specs, top, build->faults, &options, NULL))
        return;
    fill(conf, fl_conf_global_slots(), specs, options);
    conf->log_level = fl_conf_log_level_of_index(conf->log_level);
    if (!conf->store)
        conf->store = fl_conf_derived(build->arena, conf->data_dir, "store");
    if (!conf->control_socket)
        conf->control_socket = fl_conf_derived(build->arena, conf->data_dir, "control_socket");
}

static enum fl_status build_conf(struct fl_arena *arena, const struct fl_conf_section *root,
                                 struct fl_faults *faults, const struct fl_conf **out,
                                 struct fl_error *err)
{
    struct build build = {arena, faults, FL_ARENA_NEW(arena, struct fl_conf)};
    struct fl_conf_section top = *root;

    if (!build.conf || !overlay_environment(&build, &top))
        return fl_error_set(err, FL_LIMIT, "no memory for the configuration");
    build.conf->file = root->file;
    build_global(&build, &top);
    build_organisation(&build, root);
    build_front(&build, root);
    build_worth(&build, root);
    build_channels(&build, root);
    if (faults->n_total)
        return fl_faults_status(faults, err);
    if (!build.conf->channels || !build.conf->store || !build.conf->control_socket)
        return fl_error_set(err, FL_LIMIT, "no memory for the configuration");
    *out = build.conf;
    return FL_OK;
}

enum fl_status fl_conf_parse(struct fl_arena *arena, const char *name, const char *text,
                             struct fl_faults *faults, const struct fl_conf **out,
                             struct fl_error *err)
{
    const struct fl_conf_section *root;
    enum fl_status st = fl_conf_file_parse(arena, name, text, kinds, faults, &root, err);

    return st ? st : build_conf(arena, root, faults, out, err);
}

enum fl_status fl_conf_load(struct fl_arena *arena, const char *path, struct fl_faults *faults,
                            const struct fl_conf **out, struct fl_error *err)
{
    char *text;
    size_t len;
    enum fl_status st = fl_file_read(arena, path, FL_CONF_FILE_MAX, &text, &len, err);

    if (st)
        return st;
    if (strlen(text) != len) {
        fl_faults_add(faults, path, 0, NULL, NULL, "a NUL byte: not a text file");
        return fl_faults_status(faults, err);
    }
    return fl_conf_parse(arena, path, text, faults, out, err);
}

enum fl_status fl_conf_default(struct fl_arena *arena, const char *data_dir,
                               const struct fl_conf **out, struct fl_error *err)
{
    struct fl_faults faults;
    struct fl_conf_setting setting = {.key = "data_dir", .text = data_dir, .file = "data folder"};
    struct fl_conf_section root = {
        .kind = "", .file = "built-in defaults", .settings = &setting, .n_settings = 1};
    struct build build = {arena, &faults, FL_ARENA_NEW(arena, struct fl_conf)};

    fl_faults_init(&faults, arena);
    if (!build.conf)
        return fl_error_set(err, FL_LIMIT, "no memory for the configuration");
    build.conf->file = root.file;
    build_global(&build, &root);
    build_organisation(&build, &root);
    build_front(&build, &root);
    build_worth(&build, &root);
    build_channels(&build, &root);
    if (faults.n_total)
        return fl_faults_status(&faults, err);
    *out = build.conf;
    return FL_OK;
}

const struct fl_conf_channel *fl_conf_channel_find(const struct fl_conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->n_channels; i++)
        if (strcmp(conf->channels[i].name, name) == 0)
            return &conf->channels[i];
    return NULL;
}
