/* A configuration back as text. */
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "conf/conf_private.h"

void fl_conf_put_quoted(struct fl_buf *out, const char *text)
{
    fl_buf_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fl_buf_putc(out, '\\');
        if (*text == '\n')
            fl_buf_puts(out, "\\n");
        else
            fl_buf_putc(out, *text);
    }
    fl_buf_putc(out, '"');
}

/* The words of a number, as they would stand in the file. */
static const char *number_text(struct fl_arena *arena, const struct fl_option_spec *spec,
                               int64_t number)
{
    const char *choice = spec->choices;
    size_t len;

    switch (spec->type) {
    case FL_OPTION_BOOL:
        return number ? "yes" : "no";
    case FL_OPTION_DURATION:
        return fl_conf_duration(arena, number);
    case FL_OPTION_ENUM:
        for (; number > 0 && choice; number--)
            choice = strchr(choice, '|') ? strchr(choice, '|') + 1 : NULL;
        len = choice ? strcspn(choice, "|") : 0;
        return fl_arena_strndup(arena, choice ? choice : "", len);
    default:
        return fl_arena_printf(arena, "%" PRId64, number);
    }
}

/* The shortest text that reads back as the same number. */
static const char *real_text(struct fl_arena *arena, const void *member)
{
    const char *text = NULL;
    double value, again;

    memcpy(&value, member, sizeof value);
    for (int digits = 6; digits <= 17; digits++) {
        text = fl_arena_printf(arena, "%.*g", digits, value);
        if (!text || (fl_conf_real_parse(text, &again) && again == value)) /* bit for bit */
            break;
    }
    return text;
}

static const char *value_text(struct fl_arena *arena, const struct fl_option_spec *spec,
                              const struct fl_conf_slot *slot, const void *object)
{
    const char *member = (const char *)object + slot->offset;
    const char *text;
    int64_t number;

    if (slot->type == FL_CONF_SLOT_TEXT) {
        memcpy(&text, member, sizeof text);
        return text;
    }
    if (slot->type == FL_CONF_SLOT_REAL)
        return real_text(arena, member);
    if (slot->type == FL_CONF_SLOT_BOOL)
        return number_text(arena, spec, *(const bool *)member);
    memcpy(&number, member, sizeof number);
    if (spec->type == FL_OPTION_ENUM) /* log_level is the only one kept as a number */
        number = fl_conf_log_level_to_index(number);
    return number_text(arena, spec, number);
}

/* "60s" and "1m" are the same default. */
static bool is_default(struct fl_arena *arena, const struct fl_option_spec *spec,
                       const struct fl_conf_slot *slot, const char *text)
{
    struct fl_option by_default, as_is;
    double real_default, real;
    struct fl_faults faults;
    const struct fl_conf_setting setting = {.key = spec->name};

    if (!spec->default_text || strcmp(spec->default_text, text) == 0)
        return spec->default_text != NULL;
    if (slot->type == FL_CONF_SLOT_REAL)
        return fl_conf_real_parse(spec->default_text, &real_default) &&
               fl_conf_real_parse(text, &real) && real == real_default;
    if (spec->type == FL_OPTION_STRING || spec->type == FL_OPTION_PATH)
        return false;
    fl_faults_init(&faults, arena);
    return fl_conf_value_parse(arena, spec, &setting, spec->default_text, &faults, &by_default) &&
           fl_conf_value_parse(arena, spec, &setting, text, &faults, &as_is) &&
           by_default.number == as_is.number;
}

static void put_line(struct fl_buf *out, const char *indent, const char *key, const char *text)
{
    fl_buf_printf(out, "%s%s = ", indent, key);
    fl_conf_put_quoted(out, text);
    fl_buf_putc(out, '\n');
}

static void put_defaults(struct fl_buf *out, const char *indent, const struct fl_option_spec *specs)
{
    for (; specs->name; specs++) {
        if (specs->default_text)
            put_line(out, indent, specs->name, specs->default_text);
        else
            fl_buf_printf(out, "%s# %s has no default: %s\n", indent, specs->name, specs->help);
    }
}

/* Prints the rows of one table; returns how many.  `data_dir`: for defaults that depend on it. */
static size_t put_table(struct fl_arena *arena, struct fl_buf *out, const char *indent,
                        const struct fl_option_spec *specs, const struct fl_conf_slot *slots,
                        const void *object, const char *data_dir, enum fl_conf_dump what)
{
    size_t n = 0;

    for (size_t i = 0; specs[i].name; i++) {
        const char *text = value_text(arena, &specs[i], &slots[i], object);

        if (!text ||
            (what == FL_CONF_DUMP_CHANGED && is_default(arena, &specs[i], &slots[i], text)))
            continue;
        if (what == FL_CONF_DUMP_CHANGED && data_dir &&
            fl_str_equal(text, fl_conf_derived(arena, data_dir, specs[i].name)))
            continue;
        put_line(out, indent, specs[i].name, text);
        n++;
    }
    return n;
}

static bool speaks_of_secret(const char *key)
{
    static const char *const words[] = {"password", "secret", "token", "passphrase", "api_key"};

    if (fl_str_ends_with(key, "_file")) /* where it is kept is no secret */
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(key, words[i]))
            return true;
    return false;
}

static void put_channel(struct fl_arena *arena, struct fl_buf *out,
                        const struct fl_conf_channel *channel, enum fl_conf_dump what)
{
    fl_buf_printf(out, "\nchannel \"%s\" {\n", channel->name);
    put_table(arena, out, "    ", fl_conf_channel_specs(), fl_conf_channel_slots(), channel, NULL,
              what);
    if (channel->n_settings) {
        fl_buf_puts(out, "    options {\n");
        for (size_t i = 0; i < channel->n_settings; i++)
            put_line(out, "        ", channel->settings[i].key,
                     speaks_of_secret(channel->settings[i].key) ? "********"
                                                                : channel->settings[i].text);
        fl_buf_puts(out, "    }\n");
    }
    fl_buf_puts(out, "}\n");
}

static void put_organisation(struct fl_arena *arena, struct fl_buf *out, const struct fl_conf *conf,
                             enum fl_conf_dump what)
{
    struct fl_buf rows = FL_BUF(out->max);

    /* A firm without a name has no such section: the name is required in it. */
    if (put_table(arena, &rows, "    ", fl_conf_organisation_specs(), fl_conf_organisation_slots(),
                  conf, NULL, what) &&
        *conf->organisation) {
        fl_buf_puts(out, "\norganisation {\n");
        fl_buf_puts(out, rows.data);
        fl_buf_puts(out, "}\n");
    }
    out->has_failed = out->has_failed || fl_buf_failed(&rows);
    fl_buf_finish(&rows);
}

/* That there is such a section switches the front on, so `enabled` is always said. */
static void put_front(struct fl_arena *arena, struct fl_buf *out, const struct fl_conf *conf,
                      enum fl_conf_dump what)
{
    const struct fl_option_spec *specs = fl_conf_front_specs();
    struct fl_buf rows = FL_BUF(out->max);
    size_t n = put_table(arena, &rows, "    ", specs + 1, fl_conf_front_slots() + 1, &conf->front,
                         NULL, what);

    if (n || conf->front.is_enabled) {
        fl_buf_puts(out, "\nfront {\n");
        put_line(out, "    ", specs->name, conf->front.is_enabled ? "yes" : "no");
        fl_buf_puts(out, rows.data);
        fl_buf_puts(out, "}\n");
    }
    out->has_failed = out->has_failed || fl_buf_failed(&rows);
    fl_buf_finish(&rows);
}

static void put_worth(struct fl_arena *arena, struct fl_buf *out, const struct fl_conf *conf,
                      enum fl_conf_dump what)
{
    struct fl_buf rows = FL_BUF(out->max);

    if (put_table(arena, &rows, "    ", fl_conf_worth_specs(), fl_conf_worth_slots(), &conf->value,
                  NULL, what)) {
        fl_buf_puts(out, "\nvalue {\n");
        fl_buf_puts(out, rows.data);
        fl_buf_puts(out, "}\n");
    }
    out->has_failed = out->has_failed || fl_buf_failed(&rows);
    fl_buf_finish(&rows);
}

void fl_conf_dump(struct fl_arena *arena, const struct fl_conf *conf, enum fl_conf_dump what,
                  struct fl_buf *out)
{
    if (what == FL_CONF_DUMP_DEFAULTS) {
        put_defaults(out, "", fl_conf_global_specs());
        fl_buf_puts(out, "\norganisation {\n");
        put_defaults(out, "    ", fl_conf_organisation_specs());
        fl_buf_puts(out, "}\n\nfront {\n");
        put_defaults(out, "    ", fl_conf_front_specs());
        fl_buf_puts(out, "}\n\nvalue {\n");
        put_defaults(out, "    ", fl_conf_worth_specs());
        fl_buf_puts(out, "}\n\nchannel \"NAME\" {\n");
        put_defaults(out, "    ", fl_conf_channel_specs());
        fl_buf_puts(out, "}\n");
        return;
    }
    put_table(arena, out, "", fl_conf_global_specs(), fl_conf_global_slots(), conf, conf->data_dir,
              what);
    put_organisation(arena, out, conf, what);
    put_front(arena, out, conf, what);
    put_worth(arena, out, conf, what);
    for (size_t i = 0; i < conf->n_channels; i++)
        put_channel(arena, out, &conf->channels[i], what);
}
