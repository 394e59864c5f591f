/* Which file is in force. */
#include <stdlib.h>
#include <unistd.h>

#include "conf/conf.h"

static const char INSTALLED[] = FL_SYSCONF_DIR "/fairline.conf";

const char *fl_conf_find(struct fl_arena *arena, const char *given)
{
    const char *path = secure_getenv("FAIRLINE_CONFIG");
    const char *dir = secure_getenv("FAIRLINE_DATA_DIR");

    if (given)
        return given;
    if (path && *path)
        return path;
    path = dir ? fl_arena_printf(arena, "%s/fairline.conf", dir) : NULL;
    if (path && access(path, F_OK) == 0)
        return path;
    return access(INSTALLED, F_OK) == 0 ? INSTALLED : NULL;
}
