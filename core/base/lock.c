#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

enum { LOCK_MODE = 0640 };

enum fl_status fl_lock_take(const char *data_dir, int *out_fd, struct fl_error *err)
{
    char path[PATH_MAX];
    int fd;

    if (snprintf(path, sizeof path, "%s/lock", data_dir) >= (int)sizeof path)
        return fl_error_set(err, FL_LIMIT, "the path of \"%s\" is too long", data_dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, LOCK_MODE);
    if (fd < 0)
        return fl_error_set_errno(err, errno, "cannot open the lock \"%s\"", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int why = errno;

        close(fd);
        if (why == EWOULDBLOCK)
            return fl_error_set(err, FL_AGAIN, "another process is writing in \"%s\"", data_dir);
        return fl_error_set_errno(err, why, "cannot lock \"%s\"", path);
    }
    *out_fd = fd;
    return FL_OK;
}
