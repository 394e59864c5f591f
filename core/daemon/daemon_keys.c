#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/str.h"
#include "daemon/daemon.h"

enum { KEY_FILE_MAX = 4096, KEY_TEXT_LEN = FL_BASE32_LEN(FL_TOKEN_KEY_BYTES), PATH_SIZE = 4096 };

static enum fl_status key_make(const char *path, struct fl_error *err)
{
    unsigned char key[FL_TOKEN_KEY_BYTES];
    char text[KEY_TEXT_LEN + 1], line[KEY_TEXT_LEN + 8];

    fl_random_bytes(key, sizeof key);
    fl_base32_encode(key, sizeof key, text);
    snprintf(line, sizeof line, "0 %s\n", text);
    return fl_file_write(path, line, strlen(line), 0600, err);
}

static enum fl_status load_line(struct fl_token_keys *keys, char *line, struct fl_error *err)
{
    unsigned char key[FL_TOKEN_KEY_BYTES];
    char *blank = strchr(line, ' ');
    int64_t slot;

    if (!blank)
        return fl_error_set(err, FL_INVALID, "a line is no \"SLOT KEY\"");
    *blank = '\0';
    if (!fl_str_parse_i64(line, 0, FL_TOKEN_KEYS - 1, &slot))
        return fl_error_set(err, FL_INVALID, "the slot \"%.10s\" is not within 0..%d", line,
                            FL_TOKEN_KEYS - 1);
    if (strlen(blank + 1) != KEY_TEXT_LEN ||
        !fl_base32_decode(blank + 1, KEY_TEXT_LEN, key, sizeof key))
        return fl_error_set(err, FL_INVALID, "the key in slot %d is not %d characters of base32",
                            (int)slot, KEY_TEXT_LEN);
    return fl_token_keys_load(keys, (int)slot, key, err);
}

static enum fl_status load(struct fl_token_keys *keys, char *text, struct fl_error *err)
{
    enum fl_status st = FL_OK;
    int n = 0;

    for (char *next, *line = text; line && !st; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line = fl_str_trim(line);
        if (!*line || *line == '#')
            continue;
        st = load_line(keys, line, err);
        n++;
    }
    if (!st && !n)
        return fl_error_set(err, FL_INVALID, "it holds no key");
    return st;
}

static enum fl_status check_mode(const char *path, struct fl_error *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return fl_error_set_errno(err, errno, "cannot read the token key \"%s\"", path);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return fl_error_set(err, FL_REJECTED,
                            "the token key \"%s\" has mode %04o, expected 0600: whoever reads it "
                            "can forge tokens",
                            path, st.st_mode & 07777);
    return FL_OK;
}

enum fl_status fl_keys_open(const char *data_dir, bool create_if_missing,
                            struct fl_token_keys **out, struct fl_error *err)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(2 * KEY_FILE_MAX);
    struct fl_token_keys *keys = fl_token_keys_create();
    char path[PATH_SIZE], *text;
    enum fl_status st;
    size_t len;

    if (!arena || !keys || snprintf(path, sizeof path, "%s/token.key", data_dir) >= PATH_SIZE) {
        fl_token_keys_destroy(&keys);
        return fl_error_set(err, FL_IO, "no memory for the token keys");
    }
    st = check_mode(path, err);
    if (st == FL_NOT_FOUND && create_if_missing)
        st = key_make(path, err);
    if (!st)
        st = fl_file_read(arena, path, KEY_FILE_MAX, &text, &len, err);
    if (!st) {
        st = load(keys, text, err);
        if (st)
            st = fl_error_prefix(err, st, "the token key \"%s\"", path);
    }
    if (st) {
        fl_token_keys_destroy(&keys);
        return st;
    }
    *out = keys;
    return FL_OK;
}
