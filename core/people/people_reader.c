#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "people/people_private.h"

/* A row above this has a quote that is never closed, or is no row. */
enum { ROW_BYTES_MAX = 1 << 20, TEXT_FIRST_CAP = 4096, SEP_LINE_LEN = 5 };

static void add_cell(void *data, size_t len, void *ctx)
{
    struct people_reader *reader = ctx;

    if (reader->n_cells++ >= FL_IMPORT_COLUMNS_MAX)
        return;
    if (reader->text_len + len + 1 > reader->text_cap) {
        size_t cap = reader->text_cap;
        char *grown;

        while (cap < reader->text_len + len + 1)
            cap *= 2;
        grown = realloc(reader->text, cap);
        if (!grown) {
            reader->has_failed = true;
            return;
        }
        reader->text = grown;
        reader->text_cap = cap;
    }
    reader->cells[reader->n_cells - 1] = reader->text_len;
    if (len)
        memcpy(reader->text + reader->text_len, data, len);
    reader->text[reader->text_len + len] = '\0';
    reader->text_len += len + 1;
}

static void end_row(int terminator, void *ctx)
{
    struct people_reader *reader = ctx;

    (void)terminator;
    reader->is_row_done = true;
}

static enum fl_status parser_reset(struct people_reader *reader, struct fl_error *err)
{
    csv_free(&reader->csv);
    if (csv_init(&reader->csv, CSV_STRICT | CSV_STRICT_FINI))
        return fl_error_set(err, FL_IO, "out of memory");
    csv_set_delim(&reader->csv, (unsigned char)reader->delimiter);
    csv_set_blk_size(&reader->csv, TEXT_FIRST_CAP);
    return FL_OK;
}

/* The separator that stands most often in the first line outside quotes. */
static char delimiter_of(const char *line, size_t len)
{
    static const char candidates[] = ",;\t";
    size_t counts[3] = {0}, best = 0;
    bool is_quoted = false;

    for (size_t i = 0; i < len && (is_quoted || (line[i] != '\n' && line[i] != '\r')); i++) {
        const char *hit = line[i] ? strchr(candidates, line[i]) : NULL;

        if (line[i] == '"')
            is_quoted = !is_quoted;
        else if (hit && !is_quoted)
            counts[hit - candidates]++;
    }
    for (size_t i = 1; i < 3; i++)
        if (counts[i] > counts[best])
            best = i;
    return candidates[best];
}

static enum fl_status next_chunk(struct people_reader *reader, struct fl_error *err)
{
    enum fl_status st = people_source_next(reader->source, &reader->chunk, &reader->chunk_len, err);

    reader->chunk_pos = 0;
    if (st) {
        reader->chunk_len = 0;
        reader->is_at_end = true; /* what follows cannot be read either */
        reader->row_line = reader->line;
    }
    return st;
}

enum fl_status people_reader_open(struct people_reader *reader, struct people_source *source,
                                  struct fl_error *err)
{
    enum fl_status st;

    *reader = (struct people_reader){.source = source, .line = 1, .row_line = 1};
    people_source_rewind(source);
    reader->text = malloc(TEXT_FIRST_CAP);
    if (!reader->text)
        return fl_error_set(err, FL_IO, "out of memory");
    reader->text_cap = TEXT_FIRST_CAP;
    st = next_chunk(reader, err);
    if (st)
        return st;
    /* Spreadsheets may name the separator in a first line of its own: "sep=;". */
    if (reader->chunk_len > SEP_LINE_LEN && !memcmp(reader->chunk, "sep=", 4) &&
        strchr("\r\n", reader->chunk[SEP_LINE_LEN]) && strchr(",;\t|", reader->chunk[4])) {
        reader->delimiter = reader->chunk[4];
        reader->is_skipping = true;
    } else
        reader->delimiter = delimiter_of(reader->chunk, reader->chunk_len);
    return parser_reset(reader, err);
}

void people_reader_close(struct people_reader *reader)
{
    csv_free(&reader->csv);
    free(reader->text);
    reader->text = NULL;
}

/* Length of the piece of one physical line at the reader's place; its end may be "\n", "\r\n", a
 * lone "\r" (old Macintosh), or the border of the chunk. */
static size_t piece_length(const struct people_reader *reader, bool *out_is_line_end)
{
    const char *at = reader->chunk + reader->chunk_pos;
    size_t left = reader->chunk_len - reader->chunk_pos;
    const char *lf = memchr(at, '\n', left);
    size_t len = lf ? (size_t)(lf - at) + 1 : left;
    const char *cr = memchr(at, '\r', len);

    *out_is_line_end = lf != NULL;
    if (cr && (size_t)(cr - at) + 1 < len && cr[1] != '\n') {
        *out_is_line_end = true;
        return (size_t)(cr - at) + 1;
    }
    return len;
}

static bool is_blank(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!strchr(" \t\r\n", s[i]))
            return false;
    return true;
}

static void row_begin(struct people_reader *reader)
{
    reader->row_line = reader->line;
    reader->row_bytes = 0;
    reader->n_cells = 0;
    reader->text_len = 0;
    reader->is_row_done = false;
}

static enum fl_status broken(struct people_reader *reader, bool is_line_end, const char *reason,
                             struct fl_error *err)
{
    enum fl_status st = parser_reset(reader, err);

    reader->is_row_open = false;
    reader->is_skipping = !is_line_end;
    return st ? st : fl_error_set(err, FL_INVALID, "%s", reason);
}

/* Feeds one piece of a line to the parser; a row may be done after it. */
static enum fl_status feed(struct people_reader *reader, const char *piece, size_t len,
                           bool is_line_end, struct fl_error *err)
{
    if (reader->is_skipping) {
        reader->is_skipping = !is_line_end;
        return FL_OK;
    }
    if (!reader->is_row_open) {
        if (is_blank(piece, len) && !memchr(piece, reader->delimiter, len))
            return FL_OK;
        row_begin(reader);
        reader->is_row_open = true;
    }
    reader->row_bytes += len;
    if (reader->row_bytes > ROW_BYTES_MAX)
        return broken(reader, is_line_end,
                      "the row does not end within 1 MiB: is a quote not closed?", err);
    if (csv_parse(&reader->csv, piece, len, add_cell, end_row, reader) != len) {
        if (csv_error(&reader->csv) == CSV_EPARSE)
            return broken(reader, is_line_end,
                          "a quote within a cell: cells with quotes are quoted, and the quotes in "
                          "them doubled",
                          err);
        return fl_error_set(err, FL_IO, "out of memory");
    }
    if (reader->has_failed)
        return fl_error_set(err, FL_IO, "out of memory");
    return FL_OK;
}

static enum fl_status finish(struct people_reader *reader, struct fl_error *err)
{
    reader->is_at_end = true;
    if (!reader->is_row_open)
        return FL_NOT_FOUND;
    reader->is_row_open = false;
    if (csv_fini(&reader->csv, add_cell, end_row, reader))
        return fl_error_set(err, FL_INVALID, "the file ends within a quoted cell");
    return reader->is_row_done ? FL_OK : FL_NOT_FOUND;
}

enum fl_status people_reader_next(struct people_reader *reader, struct fl_error *err)
{
    reader->is_row_done = false;
    while (!reader->is_at_end) {
        const char *piece;
        bool is_line_end;
        enum fl_status st;
        size_t len;

        if (reader->chunk_pos == reader->chunk_len) {
            st = next_chunk(reader, err);
            if (st)
                return st;
            if (!reader->chunk_len)
                return finish(reader, err);
        }
        len = piece_length(reader, &is_line_end);
        piece = reader->chunk + reader->chunk_pos;
        /* A "\r" at the border of the last chunk that no "\n" follows was a line of its own. */
        if (reader->is_after_cr && *piece != '\n')
            reader->line++;
        reader->is_after_cr = !is_line_end && piece[len - 1] == '\r';
        reader->chunk_pos += len;
        st = feed(reader, piece, len, is_line_end, err);
        reader->line += is_line_end;
        if (st)
            return st;
        if (reader->is_row_done) {
            reader->is_row_open = false;
            return FL_OK;
        }
    }
    return FL_NOT_FOUND;
}
