#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void fl_cleanup_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

void fl_cleanup_free(void *p)
{
    free(*(void **)p);
}

enum fl_status fl_file_read_fd(struct fl_arena *arena, int fd, size_t max_bytes, char **out_data,
                               size_t *out_len, struct fl_error *err)
{
    struct stat st;
    size_t cap, len = 0;
    char *data;

    if (fstat(fd, &st) < 0)
        return fl_error_set_errno(err, errno, "cannot read the file");
    if (S_ISREG(st.st_mode) && (size_t)st.st_size > max_bytes)
        return fl_error_set(err, FL_LIMIT, "%lld bytes are above the limit of %zu",
                            (long long)st.st_size, max_bytes);
    cap = S_ISREG(st.st_mode) ? (size_t)st.st_size : max_bytes;
    data = fl_arena_alloc(arena, cap + 1);
    if (!data)
        return fl_error_set(err, FL_LIMIT, "no memory for %zu bytes", cap);
    while (len < cap) {
        ssize_t n = read(fd, data + len, cap - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fl_error_set_errno(err, errno, "could not read the file");
        if (n == 0)
            break;
        len += (size_t)n;
    }
    data[len] = '\0';
    *out_data = data;
    *out_len = len;
    return FL_OK;
}

enum fl_status fl_file_read(struct fl_arena *arena, const char *path, size_t max_bytes,
                            char **out_data, size_t *out_len, struct fl_error *err)
{
    FL_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum fl_status st;

    if (fd < 0)
        return fl_error_set_errno(err, errno, "cannot open \"%s\"", path);
    st = fl_file_read_fd(arena, fd, max_bytes, out_data, out_len, err);
    return st ? fl_error_prefix(err, st, "\"%s\"", path) : FL_OK;
}

enum fl_status fl_fd_write_all(int fd, const void *data, size_t len, struct fl_error *err)
{
    const char *p = data;

    while (len) {
        ssize_t n = write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fl_error_set_errno(err, errno, "could not write");
        p += n;
        len -= (size_t)n;
    }
    return FL_OK;
}

static enum fl_status sync_parent(const char *path, struct fl_error *err)
{
    char dir[PATH_MAX];
    char *slash;
    FL_AUTO_FD int fd = -1;

    snprintf(dir, sizeof dir, "%s", path);
    slash = strrchr(dir, '/');
    if (slash == dir)
        slash[1] = '\0';
    else if (slash)
        *slash = '\0';
    else
        memcpy(dir, ".", sizeof ".");
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return fl_error_set_errno(err, errno, "could not sync \"%s\"", dir);
    return FL_OK;
}

enum fl_status fl_file_write(const char *path, const void *data, size_t len, mode_t mode,
                             struct fl_error *err)
{
    char tmp[PATH_MAX];
    enum fl_status st;
    int fd;

    if (snprintf(tmp, sizeof tmp, "%s.XXXXXX", path) >= (int)sizeof tmp)
        return fl_error_set(err, FL_LIMIT, "the path \"%.64s...\" is too long", path);
    fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0)
        return fl_error_set_errno(err, errno, "cannot create \"%s\"", tmp);
    st = fl_fd_write_all(fd, data, len, err);
    if (!st && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
        st = fl_error_set_errno(err, errno, "could not write \"%s\"", tmp);
    close(fd);
    if (!st && rename(tmp, path) < 0)
        st = fl_error_set_errno(err, errno, "could not rename to \"%s\"", path);
    if (st) {
        unlink(tmp);
        return st;
    }
    return sync_parent(path, err);
}

enum fl_status fl_dir_make(const char *path, mode_t mode, struct fl_error *err)
{
    char partial[PATH_MAX];

    if (snprintf(partial, sizeof partial, "%s", path) >= (int)sizeof partial)
        return fl_error_set(err, FL_LIMIT, "the path \"%.64s...\" is too long", path);
    for (char *p = partial + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(partial, 0755) < 0 && errno != EEXIST)
            return fl_error_set_errno(err, errno, "cannot make the folder \"%s\"", partial);
        *p = '/';
    }
    if (mkdir(partial, mode) < 0 && errno != EEXIST)
        return fl_error_set_errno(err, errno, "cannot make the folder \"%s\"", partial);
    return FL_OK;
}

enum fl_status fl_memfd_sealed(const char *name, const void *data, size_t len, int *out_fd,
                               struct fl_error *err)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    enum fl_status st;

    if (fd < 0)
        return fl_error_set_errno(err, errno, "could not make a memory file");
    st = fl_fd_write_all(fd, data, len, err);
    if (!st &&
        (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0 ||
         lseek(fd, 0, SEEK_SET) < 0))
        st = fl_error_set_errno(err, errno, "could not seal a memory file");
    if (st) {
        close(fd);
        return st;
    }
    *out_fd = fd;
    return FL_OK;
}
