/* Files: reading whole, writing so that a crash leaves the old or the new, sealed memory files. */
#ifndef FL_BASE_FILE_H
#define FL_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

/* Whole file into the arena with a final NUL that is not counted; above `max_bytes` FL_LIMIT. */
FL_CHECK_RESULT enum fl_status fl_file_read(struct fl_arena *arena, const char *path,
                                            size_t max_bytes, char **out_data, size_t *out_len,
                                            struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_file_read_fd(struct fl_arena *arena, int fd, size_t max_bytes,
                                               char **out_data, size_t *out_len,
                                               struct fl_error *err);
/* Temporary file, fsync, rename, fsync of the folder. */
FL_CHECK_RESULT enum fl_status fl_file_write(const char *path, const void *data, size_t len,
                                             mode_t mode, struct fl_error *err);
FL_CHECK_RESULT enum fl_status fl_dir_make(const char *path, mode_t mode, struct fl_error *err);

/* All of `data` to a descriptor, whatever write(2) says in between. */
FL_CHECK_RESULT enum fl_status fl_fd_write_all(int fd, const void *data, size_t len,
                                               struct fl_error *err);
/* A sealed memfd that holds `data`: whoever gets it can read and not change it. */
FL_CHECK_RESULT enum fl_status fl_memfd_sealed(const char *name, const void *data, size_t len,
                                               int *out_fd, struct fl_error *err);

/* Locals freed on leaving the scope; the giver is emptied by FL_STEAL. */
void fl_cleanup_fd(int *fd);
void fl_cleanup_free(void *p);
#define FL_AUTO_FD    __attribute__((cleanup(fl_cleanup_fd)))
#define FL_AUTO_FREE  __attribute__((cleanup(fl_cleanup_free)))
#define FL_AUTO_BUF   __attribute__((cleanup(fl_buf_finish)))
#define FL_AUTO_ARENA __attribute__((cleanup(fl_arena_destroy)))
#define FL_STEAL(p)                                                                                \
    ({                                                                                             \
        __typeof__(p) stolen_ = (p);                                                               \
        (p) = NULL;                                                                                \
        stolen_;                                                                                   \
    })

#endif
