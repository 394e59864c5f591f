#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "host/host.h"

struct fl_plugin {
    struct fl_plugin_info info;
    void *handle;
    char path[PATH_MAX];
};

static enum fl_status check_trust(const char *what, const char *path, const struct stat *st,
                                  struct fl_error *err)
{
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return fl_error_set(err, FL_REJECTED,
                            "the %s \"%s\" belongs to user %u, expected root or the running user",
                            what, path, st->st_uid);
    if (st->st_mode & (S_IWGRP | S_IWOTH))
        return fl_error_set(err, FL_REJECTED,
                            "the %s \"%s\" may be written by group or others (mode %04o), expected "
                            "to be writable by its owner alone",
                            what, path, st->st_mode & 07777);
    return FL_OK;
}

/* Whoever can write to the file or rename in its folder runs code in our name. */
static enum fl_status check_owner(const char *path, struct fl_error *err)
{
    char folder[PATH_MAX];
    struct stat st;
    enum fl_status status;

    if (stat(path, &st) < 0)
        return fl_error_set_errno(err, errno, "cannot read the plugin \"%s\"", path);
    if (!S_ISREG(st.st_mode))
        return fl_error_set(err, FL_REJECTED, "the plugin \"%s\" is not a regular file", path);
    status = check_trust("plugin", path, &st, err);
    if (status)
        return status;
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    if (stat(*folder ? folder : "/", &st) < 0)
        return fl_error_set_errno(err, errno, "cannot read the folder \"%s\"", folder);
    return check_trust("folder", *folder ? folder : "/", &st, err);
}

/* Calls back for each folder of a list separated by ':' until it returns true. */
static bool each_folder(const char *dirs, bool (*fn)(void *ctx, const char *folder), void *ctx)
{
    char folder[PATH_MAX];

    while (*dirs) {
        size_t len = strcspn(dirs, ":");

        if (len && len < sizeof folder) {
            memcpy(folder, dirs, len);
            folder[len] = '\0';
            if (fn(ctx, folder))
                return true;
        }
        dirs += len + (dirs[len] == ':');
    }
    return false;
}

struct search {
    const char *name;
    char path[PATH_MAX];
};

static bool is_in_folder(void *ctx, const char *folder)
{
    struct search *search = ctx;

    return snprintf(search->path, sizeof search->path, "%s/%s.so", folder, search->name) <
               (int)sizeof search->path &&
           access(search->path, F_OK) == 0;
}

static enum fl_status find(const char *dirs, const char *name, char out[PATH_MAX],
                           struct fl_error *err)
{
    struct search search = {.name = name};

    if (strchr(name, '/')) {
        if (!realpath(name, out))
            return fl_error_set_errno(err, errno, "cannot find the plugin \"%s\"", name);
        return FL_OK;
    }
    if (!each_folder(dirs, is_in_folder, &search))
        return fl_error_set(err, FL_NOT_FOUND, "no file \"%s.so\" in plugin_dir \"%s\"", name,
                            dirs);
    if (!realpath(search.path, out))
        return fl_error_set_errno(err, errno, "cannot find the plugin \"%s\"", search.path);
    return FL_OK;
}

static enum fl_status load(struct fl_plugin *plugin, struct fl_error *err)
{
    fl_channel_entry_fn entry;
    void *symbol;

    plugin->handle = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL);
    if (!plugin->handle)
        return fl_error_set(err, FL_INVALID, "cannot load the plugin: %s", dlerror());
    symbol = dlsym(plugin->handle, FL_CHANNEL_ENTRY);
    if (!symbol)
        return fl_error_set(err, FL_INVALID,
                            "\"%s\" is no channel plugin: it exports no %s(), expected of every "
                            "plugin",
                            plugin->path, FL_CHANNEL_ENTRY);
    memcpy(&entry, &symbol, sizeof entry);
    plugin->info.path = plugin->path;
    plugin->info.channel = entry();
    return fl_plugin_gate(plugin->info.channel, err);
}

enum fl_status fl_plugin_load(const char *plugin_dir, const char *name, struct fl_plugin **out,
                              struct fl_error *err)
{
    struct fl_plugin *plugin = calloc(1, sizeof *plugin);
    enum fl_status st;

    if (!plugin)
        return fl_error_set(err, FL_IO, "no memory");
    st = find(plugin_dir, name, plugin->path, err);
    if (!st)
        st = check_owner(plugin->path, err);
    if (!st)
        st = load(plugin, err);
    if (st) {
        fl_plugin_unload(&plugin);
        return fl_error_prefix(err, st, "plugin \"%s\"", name);
    }
    *out = plugin;
    return FL_OK;
}

void fl_plugin_unload(struct fl_plugin **plugin)
{
    if (!*plugin)
        return;
#ifndef __SANITIZE_ADDRESS__ /* a leak is told by its library, which must be there at the end */
    if ((*plugin)->handle)
        dlclose((*plugin)->handle);
#endif
    free(*plugin);
    *plugin = NULL;
}

const struct fl_plugin_info *fl_plugin_info(const struct fl_plugin *plugin)
{
    return &plugin->info;
}

struct listing {
    fl_plugin_each_fn *fn;
    void *ctx;
};

static int is_plugin_name(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && fl_str_ends_with(entry->d_name, ".so");
}

static bool list_folder(void *ctx, const char *folder)
{
    struct listing *listing = ctx;
    struct dirent **entries;
    int n = scandir(folder, &entries, is_plugin_name, alphasort);

    for (int i = 0; i < n; i++) {
        char path[PATH_MAX + sizeof entries[i]->d_name];

        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        entries[i]->d_name[strlen(entries[i]->d_name) - strlen(".so")] = '\0';
        listing->fn(listing->ctx, entries[i]->d_name, path);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return false;
}

enum fl_status fl_plugin_each(const char *plugin_dir, fl_plugin_each_fn *fn, void *ctx,
                              struct fl_error *err)
{
    struct listing listing = {fn, ctx};

    (void)err;
    (void)each_folder(plugin_dir, list_folder, &listing);
    return FL_OK;
}
