/* Runs a fuzz target over its corpus in the ordinary test run, as TAP: one test a file. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *dir, const char *name)
{
    char path[8192];
    uint8_t *data;
    FILE *f;
    long size;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET)) {
        if (f)
            fclose(f);
        return -1;
    }
    data = malloc(size ? (size_t)size : 1);
    if (!data || fread(data, 1, (size_t)size, f) != (size_t)size) {
        free(data);
        fclose(f);
        return -1;
    }
    fclose(f);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    const char *top = getenv("FL_TOP_SRCDIR"), *base = argv[0];
    char dir[4096];
    struct dirent **entries;
    int n, count = 0;

    (void)argc;
    for (const char *p = argv[0]; *p; p++)
        if (*p == '/')
            base = p + 1;
    /* tests/fuzz/replay-wire replays tests/fuzz/corpus/wire; libtool may prefix "lt-". */
    if (base[0] == 'l' && base[1] == 't' && base[2] == '-')
        base += 3;
    snprintf(dir, sizeof dir, "%s/tests/fuzz/corpus/%s", top ? top : ".", base + sizeof "replay");
    n = scandir(dir, &entries, NULL, alphasort);
    if (n < 0) {
        printf("Bail out! no corpus %s\n", dir);
        return 1;
    }
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            count++;
            printf("%s %d - %s\n", replay(dir, entries[i]->d_name) ? "not ok" : "ok", count,
                   entries[i]->d_name);
            fflush(stdout);
        }
        free(entries[i]);
    }
    free(entries);
    printf("1..%d\n", count);
    return count ? 0 : 1;
}
