#include "bad-disk.h"

#include "unit.h"

#include <sqlite3.h>
#include <stdbool.h>

/* A file system that fails the n-th write or sync, with SQLite's own below it. */
static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    long left; /* writes until it fails; negative: never */
    int rc;
} bad_disk;

struct bad_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static bool fails_now(void)
{
    if (bad_disk.left < 0)
        return false;
    if (bad_disk.left > 0) {
        bad_disk.left--;
        return false;
    }
    return true; /* and from now on */
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct bad_file *)file)->real;
}

static int bad_close(sqlite3_file *f)
{
    int rc = real_of(f)->pMethods->xClose(real_of(f));

    sqlite3_free(real_of(f));
    return rc;
}
static int bad_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}
static int bad_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    return fails_now() ? bad_disk.rc : real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
}
static int bad_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return real_of(f)->pMethods->xTruncate(real_of(f), size);
}
static int bad_sync(sqlite3_file *f, int flags)
{
    return fails_now() ? SQLITE_IOERR_FSYNC : real_of(f)->pMethods->xSync(real_of(f), flags);
}
static int bad_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}
static int bad_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}
static int bad_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}
static int bad_reserved(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}
static int bad_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}
static int bad_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}
static int bad_traits(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}
static int bad_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}
static int bad_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}
static void bad_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}
static int bad_unmap(sqlite3_file *f, int remove)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static const sqlite3_io_methods bad_methods = {
    .iVersion = 2,
    .xClose = bad_close,
    .xRead = bad_read,
    .xWrite = bad_write,
    .xTruncate = bad_truncate,
    .xSync = bad_sync,
    .xFileSize = bad_size,
    .xLock = bad_lock,
    .xUnlock = bad_unlock,
    .xCheckReservedLock = bad_reserved,
    .xFileControl = bad_control,
    .xSectorSize = bad_sector,
    .xDeviceCharacteristics = bad_traits,
    .xShmMap = bad_map,
    .xShmLock = bad_shm_lock,
    .xShmBarrier = bad_barrier,
    .xShmUnmap = bad_unmap,
};

static int bad_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct bad_file *f = (struct bad_file *)file;
    int rc;

    (void)vfs;
    f->base.pMethods = NULL;
    f->real = sqlite3_malloc(bad_disk.real->szOsFile);
    memset(f->real, 0, (size_t)bad_disk.real->szOsFile);
    rc = bad_disk.real->xOpen(bad_disk.real, name, f->real, flags, out);
    if (rc == SQLITE_OK)
        f->base.pMethods = &bad_methods;
    else
        sqlite3_free(f->real);
    return rc;
}

void bad_disk_install(void)
{
    bad_disk.real = sqlite3_vfs_find(NULL);
    bad_disk.vfs = *bad_disk.real;
    bad_disk.vfs.zName = "bad";
    bad_disk.vfs.szOsFile = (int)sizeof(struct bad_file);
    bad_disk.vfs.xOpen = bad_open;
    bad_disk.vfs.pNext = NULL;
    bad_disk.left = -1;
    assert_int_equal(sqlite3_vfs_register(&bad_disk.vfs, 1), SQLITE_OK);
}

void bad_disk_remove(void)
{
    bad_disk.left = -1;
    sqlite3_vfs_unregister(&bad_disk.vfs);
    sqlite3_vfs_register(bad_disk.real, 1);
}

void bad_disk_fail_at(long n, int rc)
{
    bad_disk.left = n;
    bad_disk.rc = rc;
}
