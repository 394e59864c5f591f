/*
 * A copy of the database by SQLite's online backup: one snapshot, which readers and the writer of
 * another process do not disturb.  It is written beside its place and renamed into it when it is
 * complete and on the disk.
 */
#include "store_sqlite_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static enum fl_status refuse_itself(struct fl_sqlite *db, const char *path, struct fl_error *err)
{
    struct stat ours, theirs;

    if (stat(path, &theirs) < 0)
        return FL_OK;
    if (stat(db->path, &ours) == 0 && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
        return fl_error_set(err, FL_INVALID, "\"%s\" is the database itself", path);
    if (!S_ISREG(theirs.st_mode))
        return fl_error_set(err, FL_INVALID, "\"%s\" is not a file", path);
    return FL_OK;
}

static enum fl_status fail_copy(sqlite3 *copy, int rc, const char *path, struct fl_error *err)
{
    if ((rc & 0xff) == SQLITE_FULL)
        return fl_error_set(err, FL_IO, "no space left for \"%s\"", path);
    return fl_error_set(err, FL_IO, "could not write \"%s\": %s", path,
                        copy ? sqlite3_errmsg(copy) : sqlite3_errstr(rc));
}

/* Copies every page in one step: the snapshot is taken once and cannot be overtaken. */
static enum fl_status copy_pages(struct fl_sqlite *db, const char *tmp, struct fl_error *err)
{
    sqlite3 *copy = NULL;
    sqlite3_backup *backup;
    enum fl_status st = FL_OK;
    int rc = sqlite3_open_v2(tmp, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(copy, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF", NULL, NULL,
                          NULL);
    if (rc == SQLITE_OK) {
        backup = sqlite3_backup_init(copy, "main", db->handle, "main");
        if (backup) {
            do
                rc = sqlite3_backup_step(backup, -1);
            while (rc == SQLITE_OK);
            sqlite3_backup_finish(backup);
        } else {
            rc = sqlite3_errcode(copy);
        }
        /* The copy says "WAL" in its header, as the original; alone, it is one file. */
        if (rc == SQLITE_DONE)
            rc = sqlite3_exec(copy, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK)
        st = fail_copy(copy, rc, tmp, err);
    sqlite3_close(copy);
    return st;
}

static enum fl_status sync_path(const char *path, int flags, struct fl_error *err)
{
    FL_AUTO_FD int fd = open(path, flags | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return fl_error_set_errno(err, errno, "could not sync \"%s\"", path);
    return FL_OK;
}

static enum fl_status sync_folder_of(const char *path, struct fl_error *err)
{
    FL_AUTO_FREE char *folder = strdup(path);
    char *slash;

    if (!folder)
        return fl_sqlite_no_memory(err);
    slash = strrchr(folder, '/');
    if (!slash)
        return sync_path(".", O_RDONLY | O_DIRECTORY, err);
    slash[slash == folder] = '\0';
    return sync_path(folder, O_RDONLY | O_DIRECTORY, err);
}

static void remove_leftovers(const char *tmp)
{
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    char path[PATH_MAX + 16];

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(path, sizeof path, "%s%s", tmp, suffixes[i]);
        unlink(path);
    }
}

enum fl_status fl_sqlite_backup(struct fl_store *store, const char *path, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    char tmp[PATH_MAX];
    enum fl_status st = refuse_itself(db, path, err);
    int fd;

    if (st)
        return st;
    if (snprintf(tmp, sizeof tmp, "%s.XXXXXX", path) >= (int)sizeof tmp)
        return fl_error_set(err, FL_LIMIT, "the path \"%.64s...\" is too long", path);
    fd = mkostemp(tmp, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return fl_error_set_errno(err, errno, "cannot create \"%s\"", tmp);
    close(fd);
    st = copy_pages(db, tmp, err);
    if (!st)
        st = sync_path(tmp, O_RDONLY, err);
    if (!st && rename(tmp, path) < 0)
        st = fl_error_set_errno(err, errno, "could not rename to \"%s\"", path);
    if (st) {
        remove_leftovers(tmp);
        return st;
    }
    return sync_folder_of(path, err);
}
