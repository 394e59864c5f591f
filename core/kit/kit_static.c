/* Cases that look at the file and the descriptor, and call check() alone. */
#include <dirent.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "kit/kit_private.h"

enum { OBJECT_MAX = 512 << 20, BATCH_SANE_MAX = 100000, TIMEOUT_SANE_S = 3600 };

/* Symbols a compiler or sanitizer puts into every object. */
static bool is_of_the_toolchain(const char *name)
{
    static const char *const prefixes[] = {
        "_init",   "_fini",  "__asan", "___asan",     "__odr_asan",
        "__ubsan", "__gcov", "__llvm", "__start",     "__stop",
        "_edata",  "_end",   "__bss",  "__sanitizer", "_GLOBAL_OFFSET_TABLE_"};

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (fl_str_starts_with(name, prefixes[i]))
            return true;
    return false;
}

struct symbols {
    const Elf64_Sym *table;
    size_t n;
    const char *names;
    size_t names_len;
};

/* False for anything that is no shared object of this machine's word size. */
static bool find_symbols(const char *data, size_t len, struct symbols *out)
{
    const Elf64_Ehdr *head = (const void *)data;
    const Elf64_Shdr *sections;

    if (len < sizeof *head || memcmp(data, ELFMAG, SELFMAG) != 0 ||
        head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_shoff > len ||
        (len - head->e_shoff) / sizeof *sections < head->e_shnum || head->e_shoff % 8)
        return false;
    sections = (const void *)(data + head->e_shoff);
    for (size_t i = 0; i < head->e_shnum; i++) {
        const Elf64_Shdr *s = &sections[i], *names;

        if (s->sh_type != SHT_DYNSYM || s->sh_link >= head->e_shnum)
            continue;
        names = &sections[s->sh_link];
        if (s->sh_offset > len || s->sh_size > len - s->sh_offset || s->sh_offset % 8 ||
            names->sh_offset > len || names->sh_size > len - names->sh_offset || !names->sh_size ||
            data[names->sh_offset + names->sh_size - 1] != '\0')
            return false;
        *out = (struct symbols){.table = (const void *)(data + s->sh_offset),
                                .n = s->sh_size / sizeof(Elf64_Sym),
                                .names = data + names->sh_offset,
                                .names_len = names->sh_size};
        return true;
    }
    return false;
}

static void exports_only_the_entry(struct fl_kit *kit)
{
    struct symbols symbols;
    struct fl_error err = {0};
    size_t len;
    char *data;

    if (fl_file_read(kit->arena, kit->path, OBJECT_MAX, &data, &len, &err))
        fl_kit_fail(kit, "%s", err.text);
    if (!find_symbols(data, len, &symbols))
        fl_kit_skip(kit, "its symbols cannot be read: no 64-bit ELF file with sections");
    for (size_t i = 0; i < symbols.n; i++) {
        const Elf64_Sym *s = &symbols.table[i];
        const char *name = s->st_name < symbols.names_len ? symbols.names + s->st_name : "";

        if (s->st_shndx == SHN_UNDEF && fl_str_starts_with(name, "fl_"))
            fl_kit_fail(kit, "it needs \"%s\" of Fairline, expected to link to nothing of it",
                        name);
        if (s->st_shndx != SHN_UNDEF && ELF64_ST_BIND(s->st_info) != STB_LOCAL &&
            strcmp(name, FL_CHANNEL_ENTRY) != 0 && !is_of_the_toolchain(name))
            fl_kit_fail(kit, "it exports \"%s\", expected %s alone (-fvisibility=hidden)", name,
                        FL_CHANNEL_ENTRY);
    }
}

static void loads(struct fl_kit *kit)
{
    const struct fl_channel_v1 *channel;

    fl_kit_load(kit);
    channel = kit->channel;
    if (channel->check != fl_plugin_info(kit->plugin)->channel->check)
        fl_kit_fail(kit, "%s() gives another descriptor each time", FL_CHANNEL_ENTRY);
}

static bool is_one_line(const char *s)
{
    return s[strcspn(s, "\r\n\t")] == '\0' && fl_utf8_is_valid(s, strlen(s));
}

static void descriptor_is_sane(struct fl_kit *kit)
{
    const struct fl_channel_v1 *channel;
    unsigned known = FL_CAN_DELIVER | FL_CAN_COLLECT | FL_CAN_RECEIPTS | FL_CAN_HTTP |
                     FL_CAN_LOOKUP | FL_CAN_HEALTH | FL_ONE_WAY | FL_DEDUPES | FL_COSTS_MONEY;

    fl_kit_load(kit);
    channel = kit->channel;
    if (channel->abi_minor >= 1)
        known |= FL_CAN_PREVIEW | FL_WANTS_MARKDOWN | FL_BEGINS;
    if (!is_one_line(channel->summary) || !is_one_line(channel->version))
        fl_kit_fail(kit, "its summary or version is more than one line of UTF-8");
    if (channel->capabilities & ~known)
        fl_kit_fail(kit, "it declares capabilities 0x%x, contract %u.%u knows 0x%x",
                    channel->capabilities, channel->abi_major, channel->abi_minor, known);
    if ((channel->capabilities & (FL_DEDUPES | FL_COSTS_MONEY | FL_BEGINS | FL_WANTS_MARKDOWN)) &&
        !(channel->capabilities & FL_CAN_DELIVER))
        fl_kit_fail(kit, "it says how it delivers and not FL_CAN_DELIVER");
    if (channel->limits->batch_max > BATCH_SANE_MAX ||
        (FL_HAS(channel->limits, call_timeout_s) &&
         channel->limits->call_timeout_s > TIMEOUT_SANE_S))
        fl_kit_fail(kit, "its limits are a batch of %u and a call of %u s, expected at most %d, %d",
                    channel->limits->batch_max, channel->limits->call_timeout_s, BATCH_SANE_MAX,
                    TIMEOUT_SANE_S);
}

/* The defaults are read as the configuration reads them, each row by itself. */
static void defaults_fit_their_types(struct fl_kit *kit)
{
    fl_kit_load(kit);
    for (const struct fl_option_spec *spec = kit->channel->options; spec->name; spec++) {
        struct fl_option_spec table[2] = {*spec};
        const struct fl_conf_channel channel = {.name = "plugin-test", .file = "option table"};
        const struct fl_option *options;
        struct fl_faults faults;
        struct fl_error err = {0};
        size_t n;

        table[0].flags &= (unsigned)~FL_OPTION_REQUIRED;
        fl_faults_init(&faults, kit->arena);
        if (!is_one_line(spec->help))
            fl_kit_fail(kit, "the help of option \"%s\" is more than one line", spec->name);
        if (fl_conf_options(kit->arena, table, &channel, &faults, &options, &n, &err) ||
            faults.n_total)
            fl_kit_fail(kit, "the default of option \"%s\": %s", spec->name,
                        faults.n_items ? faults.items[0].reason : err.text);
        if ((spec->flags & FL_OPTION_REQUIRED) && spec->default_text)
            fl_kit_fail(kit, "option \"%s\" is required and has a default", spec->name);
    }
}

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

static void check_is_pure(struct fl_kit *kit)
{
    struct fl_why first = fl_kit_why(), second = fl_kit_why();
    size_t fds, threads;
    bool was_there[FL_KIT_OPTIONS_MAX] = {false};
    enum fl_call call;

    fl_kit_load(kit);
    for (size_t i = 0; i < kit->n_options; i++)
        was_there[i] = kit->options[i].text && access(kit->options[i].text, F_OK) == 0;
    fds = count("/proc/self/fd");
    threads = count("/proc/self/task");
    call = kit->channel->check(kit->options, kit->n_options, &first);
    fl_kit_judge(kit, "check", call, &first);
    if (call != FL_CALL_OK)
        fl_kit_fail(kit, "check() refuses the options given: %.500s", first.text);
    memset(second.text, 'x', sizeof second.text - 1);
    if (kit->channel->check(kit->options, kit->n_options, &second) != call)
        fl_kit_fail(kit, "check() answers differently when asked again");
    if (count("/proc/self/fd") != fds || count("/proc/self/task") != threads)
        fl_kit_fail(kit, "check() leaves a descriptor or a thread behind");
    for (size_t i = 0; i < kit->n_options; i++)
        if (kit->channel->options[i].type == FL_OPTION_PATH && kit->options[i].text &&
            !was_there[i] && access(kit->options[i].text, F_OK) == 0)
            fl_kit_fail(kit, "check() makes \"%s\", expected to touch nothing",
                        kit->options[i].text);
}

static void check_names_what_is_missing(struct fl_kit *kit)
{
    struct fl_option options[FL_KIT_OPTIONS_MAX];
    bool has_required = false;

    fl_kit_load(kit);
    for (size_t i = 0; i < kit->n_options; i++) {
        struct fl_why why = fl_kit_why();
        const char *name = kit->channel->options[i].name;
        enum fl_call call;

        if (!(kit->channel->options[i].flags & FL_OPTION_REQUIRED))
            continue;
        has_required = true;
        memcpy(options, kit->options, kit->n_options * sizeof *options);
        options[i] = (struct fl_option){.name = options[i].name};
        call = kit->channel->check(options, kit->n_options, &why);
        fl_kit_judge(kit, "check", call, &why);
        if (call != FL_CALL_FAILED || !strstr(why.text, name))
            fl_kit_fail(kit,
                        "check() without the required option \"%s\" returns %d, \"%.300s\", "
                        "expected FL_CALL_FAILED and a sentence that names it",
                        name, (int)call, why.text);
    }
    if (!has_required)
        fl_kit_skip(kit, "no option is required");
}

const struct fl_kit_case fl_kit_cases_static[] = {
    {"it loads and fits the contract", loads},
    {"it exports its entry alone and needs nothing of Fairline", exports_only_the_entry},
    {"its descriptor is sane", descriptor_is_sane},
    {"the defaults of its options fit their types", defaults_fit_their_types},
    {"check is pure", check_is_pure},
    {"check names a required option that is missing", check_names_what_is_missing},
    {NULL, NULL},
};
