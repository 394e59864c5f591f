/* Files and folders that arguments name, as the operations take them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "campaign/campaign.h"
#include "cli/cli_private.h"
#include "content/content.h"

enum fl_status fl_cli_absolute(struct fl_arena *arena, const char *path, const char **out,
                               struct fl_error *err)
{
    char here[PATH_MAX];
    const char *text;

    if (*path == '/') {
        *out = path;
        return FL_OK;
    }
    if (!getcwd(here, sizeof here))
        return fl_error_set_errno(err, errno, "the current folder");
    text = fl_arena_printf(arena, "%s/%s", here, path);
    if (!text)
        return fl_error_set(err, FL_IO, "no memory for a path");
    *out = text;
    return FL_OK;
}

static int no_input(struct fl_cli *cli, const char *path)
{
    return fl_cli_fail(cli, FL_EXIT_NO_INPUT, NULL, "cannot read \"%s\": %s", path,
                       strerror(errno));
}

static const char *base_name(struct fl_arena *arena, const char *path)
{
    size_t len = strlen(path), from;

    while (len > 1 && path[len - 1] == '/')
        len--;
    for (from = len; from > 0 && path[from - 1] != '/'; from--)
        ;
    return fl_arena_strndup(arena, path + from, len - from);
}

/* A local operation opens its files itself: there may be thousands. */
static int attach_file(struct fl_cli *cli, const char *path, json_t **out)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    struct stat info;
    int fd;

    *out = json_object();
    (void)json_object_set_new(*out, "name", json_string(is_stdin ? "standard input" : path));
    fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return no_input(cli, path);
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        close(fd);
        errno = EISDIR;
        return no_input(cli, path);
    }
    if ((cli->op->flags & FL_OPS_LOCAL) && !is_stdin) {
        close(fd);
        (void)json_object_set_new(*out, "path", json_string(path));
        return FL_EXIT_OK;
    }
    if (cli->args.n_fds == FL_OPS_FDS_MAX) {
        close(fd);
        return fl_cli_usage(cli, "more than %d files", FL_OPS_FDS_MAX);
    }
    (void)json_object_set_new(*out, "fd", json_integer(cli->args.n_fds));
    cli->args.fds[cli->args.n_fds++] = fd;
    return FL_EXIT_OK;
}

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int attach_folder(struct fl_cli *cli, const char *path, const char *name, json_t **out)
{
    struct fl_content_version version;
    struct fl_error err = {0};
    json_t *files = json_array();
    enum fl_status st = fl_content_read_folder(cli->arena, path, &version, &err);

    *out = json_object();
    (void)json_object_set_new(*out, "name", json_string(name));
    (void)json_object_set_new(*out, "files", files);
    if (st)
        return fl_cli_fail(cli, st == FL_NOT_FOUND ? FL_EXIT_NO_INPUT : fl_cli_exit_of(st), NULL,
                           "content folder \"%s\": %s", path, err.text);
    (void)json_object_set_new(*out, "hash", json_string(version.hash));
    for (size_t i = 0; i < version.n_files; i++) {
        const struct fl_content_file *file = &version.files[i];
        json_t *item = json_object();
        json_t *body = json_stringn(file->body, file->body_len);

        if (!body) {
            json_decref(item);
            return fl_cli_fail(cli, FL_EXIT_DATA, "iconv -f CHARSET -t UTF-8",
                               "%s/%s: the file is not UTF-8", path, file->path);
        }
        (void)json_object_set_new(item, "path", json_string(file->path));
        (void)json_object_set_new(item, "body", body);
        (void)json_array_append_new(files, item);
    }
    return FL_EXIT_OK;
}

/* Content folders beside a campaign file: those whose name stands in it, so that neighbours that
 * have nothing to do with it stay where they are. */
static int attach_beside(struct fl_cli *cli, const char *dir_path, const char *text,
                         json_t *folders)
{
    DIR *dir = opendir(dir_path);
    struct dirent *entry;
    int code = FL_EXIT_OK;

    while (dir && !code && (entry = readdir(dir))) {
        const char *path = fl_arena_printf(cli->arena, "%s/%s", dir_path, entry->d_name);
        const char *quoted = fl_arena_printf(cli->arena, "%s", entry->d_name);
        json_t *folder = NULL;

        if (entry->d_name[0] == '.' || !path || !quoted || !strstr(text, quoted) ||
            !is_folder(path))
            continue;
        code = attach_folder(cli, path, quoted, &folder);
        if (code)
            json_decref(folder);
        else
            (void)json_array_append_new(folders, folder);
    }
    if (dir)
        closedir(dir);
    return code;
}

static int attach_bundle(struct fl_cli *cli, const char *path, json_t **out)
{
    FL_AUTO_FREE char *copy = strdup(path);
    char *slash = copy ? strrchr(copy, '/') : NULL;
    json_t *folders = json_array();
    struct fl_error err = {0};
    char *text;
    size_t len;
    enum fl_status st;
    int code;

    *out = NULL;
    if (is_folder(path)) {
        json_decref(folders);
        errno = EISDIR;
        return no_input(cli, path);
    }
    code = attach_file(cli, path, out);
    if (!code) {
        st = fl_file_read(cli->arena, path, FL_CAMPAIGN_FILE_MAX, &text, &len, &err);
        code = st ? fl_cli_fail(cli, fl_cli_exit_of(st), NULL, "%s", err.text) : FL_EXIT_OK;
    }
    if (slash)
        *slash = '\0';
    if (!code)
        code = attach_beside(cli, slash ? copy : ".", text, folders);
    if (code)
        json_decref(folders);
    else
        (void)json_object_set_new(*out, "folders", folders);
    return code;
}

static int attach_one(struct fl_cli *cli, const struct fl_ops_param *param, const char *text,
                      json_t **out)
{
    const char *path;
    struct fl_error err = {0};

    switch (param->type) {
    case FL_OPS_FILE:
        return attach_file(cli, text, out);
    case FL_OPS_BUNDLE:
        return attach_bundle(cli, text, out);
    case FL_OPS_FOLDER:
        if ((param->flags & FL_OPS_OR_NAME) && !is_folder(text)) {
            *out = json_object();
            (void)json_object_set_new(*out, "name", json_string(text));
            return FL_EXIT_OK;
        }
        return attach_folder(cli, text, base_name(cli->arena, text), out);
    case FL_OPS_PATH:
        if (fl_cli_absolute(cli->arena, text, &path, &err))
            return fl_cli_fail(cli, FL_EXIT_NO_INPUT, NULL, "%s", err.text);
        *out = json_string(path);
        return FL_EXIT_OK;
    case FL_OPS_STRING:
    case FL_OPS_INT:
    case FL_OPS_BOOL:
        break;
    }
    return FL_EXIT_INTERNAL;
}

static int attach_list(struct fl_cli *cli, const struct fl_ops_param *param, json_t *list)
{
    json_t *done = json_array(), *item;
    int code = FL_EXIT_OK;
    size_t i;

    json_array_foreach(list, i, item)
    {
        json_t *value = NULL;

        if (!code)
            code = attach_one(cli, param, json_string_value(item), &value);
        (void)json_array_append_new(done, value ? value : json_null());
    }
    (void)json_object_set_new(cli->args.values, param->name, done);
    return code;
}

int fl_cli_attach(struct fl_cli *cli)
{
    for (const struct fl_ops_param *param = cli->op->params; param->name; param++) {
        json_t *value = json_object_get(cli->args.values, param->name);
        json_t *made = NULL;
        int code;

        if (!value || param->type == FL_OPS_STRING || param->type == FL_OPS_INT ||
            param->type == FL_OPS_BOOL)
            continue;
        if (json_is_array(value)) {
            code = attach_list(cli, param, value);
        } else {
            const char *text = fl_arena_strdup(cli->arena, json_string_value(value));

            code = attach_one(cli, param, text, &made);
            (void)json_object_set_new(cli->args.values, param->name, made ? made : json_null());
        }
        if (code)
            return code;
    }
    return FL_EXIT_OK;
}
