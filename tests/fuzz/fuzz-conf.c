/* Configuration files as a tired hand writes them: refused with a place, or taken, printed and
 * taken again as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "conf/conf.h"

enum { TEXT_MAX = 16 << 10 }; /* larger files find nothing new */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fl_conf *parse(struct fl_arena *arena, const char *text)
{
    struct fl_faults faults;
    const struct fl_conf *conf = NULL;
    enum fl_status st;

    fl_faults_init(&faults, arena);
    st = fl_conf_parse(arena, "fuzz", text, &faults, &conf, NULL);
    if ((st == FL_OK) != (conf != NULL) || (st == FL_INVALID) != (faults.n_total > 0))
        abort();
    return conf;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_buf first = FL_BUF((size_t)16 << 20), second = FL_BUF((size_t)16 << 20);
    const struct fl_conf *conf;

    if (!arena || size > TEXT_MAX) {
        fl_arena_destroy(&arena);
        return 0;
    }
    conf = parse(arena, fl_arena_strndup(arena, (const char *)data, size));
    if (conf) {
        fl_conf_dump(arena, conf, FL_CONF_DUMP_ALL, &first);
        conf = parse(arena, first.data);
        if (!conf)
            abort();
        fl_conf_dump(arena, conf, FL_CONF_DUMP_ALL, &second);
        if (fl_buf_failed(&first) || fl_buf_failed(&second) || strcmp(first.data, second.data) != 0)
            abort();
    }
    fl_buf_finish(&first);
    fl_buf_finish(&second);
    fl_arena_destroy(&arena);
    return 0;
}
