/* A disk that fails when it is told to, below SQLite: for tests of what is kept then. */
#ifndef TESTS_UNIT_BAD_DISK_H
#define TESTS_UNIT_BAD_DISK_H

/* Every database opened from now on is on the bad disk. */
void bad_disk_install(void);
void bad_disk_remove(void);

/* The n-th write or sync from now on and all after it fail, writes with `rc`; negative: never. */
void bad_disk_fail_at(long n, int rc);

#endif
