/* The skeleton of a plugin: templates in which @NAME@ becomes its name. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "kit/kit_private.h"

enum { NAME_LEN_MAX = 32, FILE_MAX = 64 << 10, FOLDER_MODE = 0755, FILE_MODE = 0644 };

static const char mark[] = "@NAME@";

/* As the gate wants it; a name is also that of a file, so it can lead nowhere else. */
static enum fl_status check_name(const char *name, struct fl_error *err)
{
    if (*name >= 'a' && *name <= 'z' && strlen(name) <= NAME_LEN_MAX &&
        name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0')
        return FL_OK;
    return fl_error_set(err, FL_INVALID,
                        "the name is \"%.40s\", expected at most %d of a-z 0-9 _ - that begin with "
                        "a letter",
                        name, NAME_LEN_MAX);
}

/* "plugin.c.in" is the only one that is named after the plugin. */
static const char *file_name(struct fl_arena *arena, const char *name,
                             const struct fl_kit_template *template)
{
    return strcmp(template->name, "plugin.c.in") == 0 ? fl_arena_printf(arena, "%s.c", name)
                                                      : template->name;
}

const char *fl_kit_skeleton_file(struct fl_arena *arena, const char *name, size_t index)
{
    return fl_kit_templates[index].name ? file_name(arena, name, &fl_kit_templates[index]) : NULL;
}

static enum fl_status write_file(struct fl_arena *arena, const char *name, const char *folder,
                                 const struct fl_kit_template *template, struct fl_error *err)
{
    FL_AUTO_BUF struct fl_buf text = FL_BUF(FILE_MAX);
    const char *path = fl_arena_printf(arena, "%s/%s", folder, file_name(arena, name, template));
    const char *from = template->text, *at;

    for (; (at = strstr(from, mark)); from = at + strlen(mark)) {
        fl_buf_add(&text, from, (size_t)(at - from));
        fl_buf_puts(&text, name);
    }
    fl_buf_puts(&text, from);
    if (!path || fl_buf_failed(&text))
        return fl_error_set(err, FL_IO, "no memory");
    return fl_file_write(path, text.data, text.len, FILE_MODE, err);
}

enum fl_status fl_kit_skeleton_write(struct fl_arena *arena, const char *name, const char *folder,
                                     struct fl_error *err)
{
    enum fl_status st = check_name(name, err);

    if (st)
        return st;
    if (mkdir(folder, FOLDER_MODE) < 0)
        return errno == EEXIST
                   ? fl_error_set(err, FL_CONFLICT,
                                  "\"%s\" is there already, expected a new folder", folder)
                   : fl_error_set_errno(err, errno, "cannot make the folder \"%s\"", folder);
    for (const struct fl_kit_template *t = fl_kit_templates; !st && t->name; t++)
        st = write_file(arena, name, folder, t, err);
    return st;
}
