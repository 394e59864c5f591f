#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "people/people_private.h"

enum { CHARSET_NAME_MAX = 40, UTF8_GROWTH_MAX = 4, BOM_MAX = 3 };

#define NO_CONVERTER ((iconv_t)-1)

/* What the first look at the bytes finds. */
struct scan {
    long line;
    long bad_utf8_line; /* 0: all is UTF-8 */
    long nul_line;      /* 0: none */
    char *sample;       /* lines with bytes outside ASCII */
    size_t sample_len;
};

static enum fl_status read_at(struct people_source *source, void *data, size_t len, size_t *out_n,
                              struct fl_error *err)
{
    ssize_t n;

    do
        n = pread(source->fd, data, len, source->pos);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return fl_error_set_errno(err, errno, "cannot read the file");
    source->pos += n;
    *out_n = (size_t)n;
    return FL_OK;
}

/* A pipe can be read once and a pass needs it twice. */
static enum fl_status copy_stream(struct people_source *source, struct fl_error *err)
{
    FL_AUTO_FD int copy = memfd_create("import", MFD_CLOEXEC);
    enum fl_status st;

    if (copy < 0)
        return fl_error_set_errno(err, errno, "no memory file");
    for (;;) {
        ssize_t n = read(source->fd, source->in, PEOPLE_CHUNK_BYTES);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fl_error_set_errno(err, errno, "cannot read the file");
        if (!n)
            break;
        source->size += n;
        if (source->size > FL_IMPORT_FILE_MAX)
            break;
        st = fl_fd_write_all(copy, source->in, (size_t)n, err);
        if (st)
            return st;
    }
    source->fd = copy;
    source->is_own_fd = true;
    copy = -1;
    return FL_OK;
}

static enum fl_status measure(struct people_source *source, struct fl_error *err)
{
    struct stat sb;
    enum fl_status st = FL_OK;

    if (fstat(source->fd, &sb))
        return fl_error_set_errno(err, errno, "cannot look at the file");
    if (S_ISDIR(sb.st_mode))
        return fl_error_set(err, FL_INVALID, "it is a folder, a file is expected");
    if (S_ISREG(sb.st_mode))
        source->size = sb.st_size;
    else
        st = copy_stream(source, err);
    if (!st && source->size > FL_IMPORT_FILE_MAX)
        return fl_error_set(err, FL_LIMIT, "the file is above %d MiB", FL_IMPORT_FILE_MAX >> 20);
    return st;
}

static void scan_line(struct scan *scan, const char *line, size_t len)
{
    size_t room = PEOPLE_SAMPLE_BYTES - scan->sample_len;

    if (!scan->nul_line && memchr(line, 0, len))
        scan->nul_line = scan->line;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] >= 0x80) {
            if (!scan->bad_utf8_line && !fl_utf8_is_valid(line, len))
                scan->bad_utf8_line = scan->line;
            len = len < room ? len : room;
            memcpy(scan->sample + scan->sample_len, line, len);
            scan->sample_len += len;
            break;
        }
}

/* Where to cut so that no UTF-8 character is torn: before a last one that is not whole. */
static size_t whole_length(const char *data, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)data[len - back];

        if (c >= 0xc0)
            return back < (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) ? len - back : len;
        if (c < 0x80)
            break;
    }
    return len;
}

/* Looks at every byte, line by line; a line longer than a chunk is looked at in pieces. */
static enum fl_status scan_file(struct people_source *source, struct scan *scan,
                                struct fl_error *err)
{
    size_t carry = 0, n;

    source->pos = source->bom_len;
    scan->line = 1;
    do {
        size_t len, pos = 0;
        enum fl_status st =
            read_at(source, source->in + carry, PEOPLE_CHUNK_BYTES - carry, &n, err);

        if (st)
            return st;
        len = n ? whole_length(source->in, carry + n) : carry;
        while (pos < len) {
            const char *end = memchr(source->in + pos, '\n', len - pos);
            size_t line_len = end ? (size_t)(end - source->in) + 1 - pos : len - pos;

            scan_line(scan, source->in + pos, line_len);
            pos += line_len;
            scan->line += end != NULL;
        }
        carry = carry + n - len;
        memmove(source->in, source->in + len, carry);
    } while (n);
    return FL_OK;
}

static const char *charset_of_bom(struct people_source *source, const unsigned char *head, size_t n)
{
    if (n >= 3 && !memcmp(head, "\xef\xbb\xbf", 3)) {
        source->bom_len = 3;
        return "UTF-8";
    }
    if (n >= 2 && (!memcmp(head, "\xff\xfe", 2) || !memcmp(head, "\xfe\xff", 2))) {
        source->bom_len = 2;
        return head[0] == 0xff ? "UTF-16LE" : "UTF-16BE";
    }
    return NULL;
}

static enum fl_status open_converter(struct people_source *source, const char *charset,
                                     struct fl_error *err)
{
    /* "//IGNORE" and its like would drop what cannot be read. */
    if (strlen(charset) > CHARSET_NAME_MAX || strchr(charset, '/') || !*charset)
        return fl_error_set(err, FL_INVALID, "\"%.*s\" is no charset", CHARSET_NAME_MAX, charset);
    source->charset = charset;
    if (fl_str_equal_nocase(charset, "UTF-8"))
        return FL_OK;
    source->converter = iconv_open("UTF-8", charset);
    if (source->converter == NO_CONVERTER)
        return fl_error_set(err, FL_INVALID, "the charset \"%s\" is not known", charset);
    source->out = malloc((size_t)PEOPLE_CHUNK_BYTES * UTF8_GROWTH_MAX);
    if (!source->out)
        return fl_error_set(err, FL_IO, "out of memory");
    return FL_OK;
}

/* Chooses the charset: what is given, the byte order mark, UTF-8 where it fits, a guess. */
static enum fl_status choose_charset(struct people_source *source, struct scan *scan,
                                     const char *name, const char *given, struct fl_faults *faults,
                                     struct fl_error *err)
{
    unsigned char head[BOM_MAX];
    const char *charset;
    enum fl_status st;
    size_t n;

    source->pos = 0;
    st = read_at(source, head, sizeof head, &n, err);
    if (st)
        return st;
    charset = charset_of_bom(source, head, n);
    if (given)
        charset = people_charset_meant(given);
    if (charset && !fl_str_equal_nocase(charset, "UTF-8"))
        return open_converter(source, charset, err);
    st = scan_file(source, scan, err);
    if (st)
        return st;
    if (scan->nul_line)
        fl_faults_add(faults, name, scan->nul_line, NULL, NULL,
                      "a NUL byte: this is not a text file (or UTF-16: give the charset)");
    else if (scan->bad_utf8_line && !charset) {
        charset = people_charset_guess(faults->arena, scan->sample, scan->sample_len);
        if (!*charset || fl_str_equal_nocase(charset, "UTF-8"))
            fl_faults_add(faults, name, scan->bad_utf8_line, NULL, NULL,
                          "not UTF-8, and the charset could not be told: give it");
        else
            return open_converter(source, charset, err);
    } else if (scan->bad_utf8_line)
        fl_faults_add(faults, name, scan->bad_utf8_line, NULL, NULL, "not well-formed UTF-8");
    source->charset = "UTF-8";
    return FL_OK;
}

enum fl_status people_source_open(struct people_source *source, int fd, const char *name,
                                  const char *charset, struct fl_faults *faults,
                                  struct fl_error *err)
{
    FL_AUTO_FREE char *sample = malloc(PEOPLE_SAMPLE_BYTES);
    struct scan scan = {.sample = sample};
    enum fl_status st;

    *source = (struct people_source){.fd = fd, .converter = NO_CONVERTER};
    source->in = malloc(PEOPLE_CHUNK_BYTES);
    if (!source->in || !sample)
        return fl_error_set(err, FL_IO, "out of memory");
    st = measure(source, err);
    if (!st)
        st = choose_charset(source, &scan, name, charset, faults, err);
    people_source_rewind(source);
    return st;
}

void people_source_close(struct people_source *source)
{
    if (source->converter != NO_CONVERTER)
        iconv_close(source->converter);
    if (source->is_own_fd)
        close(source->fd);
    free(source->in);
    free(source->out);
    *source = (struct people_source){.fd = -1, .converter = NO_CONVERTER};
}

void people_source_rewind(struct people_source *source)
{
    source->pos = source->bom_len;
    source->in_len = 0;
    if (source->converter != NO_CONVERTER)
        iconv(source->converter, NULL, NULL, NULL, NULL);
}

static enum fl_status convert(struct people_source *source, bool is_end, const char **out_data,
                              size_t *out_len, struct fl_error *err)
{
    char *in = source->in, *out = source->out;
    size_t in_left = source->in_len, out_left = (size_t)PEOPLE_CHUNK_BYTES * UTF8_GROWTH_MAX, len;
    size_t rc = iconv(source->converter, &in, &in_left, &out, &out_left);
    int cause = rc == (size_t)-1 ? errno : 0;

    len = (size_t)(out - source->out);
    memmove(source->in, in, in_left);
    source->in_len = in_left;
    if (memchr(source->out, 0, len))
        return fl_error_set(err, FL_INVALID, "a NUL character: this is not text in %s",
                            source->charset);
    if (!len && (cause == EILSEQ || (cause == EINVAL && is_end)))
        return fl_error_set(err, FL_INVALID, "bytes that are no text in %s: give the right charset",
                            source->charset);
    *out_data = source->out;
    *out_len = len;
    return FL_OK;
}

enum fl_status people_source_next(struct people_source *source, const char **out_data,
                                  size_t *out_len, struct fl_error *err)
{
    size_t n = 0;
    enum fl_status st;

    for (;;) {
        st = read_at(source, source->in + source->in_len, PEOPLE_CHUNK_BYTES - source->in_len, &n,
                     err);
        if (st)
            return st;
        if (source->converter == NO_CONVERTER) {
            *out_data = source->in;
            *out_len = n;
            return FL_OK;
        }
        source->in_len += n;
        if (!source->in_len) {
            *out_len = 0;
            return FL_OK;
        }
        st = convert(source, !n, out_data, out_len, err);
        /* A chunk of one torn character gives nothing yet. */
        if (st || *out_len)
            return st;
    }
}
