/*
 * Inside the room: bytes -> UTF-8 chunks (source) -> rows of cells (reader) -> a customer (row),
 * with what each column means (columns) and which external ids were seen (keys).
 *
 * A file may be larger than memory should hold, so nothing keeps a file or its rows: each pass
 * reads it again from its start.  It is read and not mapped: somebody may cut it meanwhile, which
 * kills a process that maps it.
 */
#ifndef FL_PEOPLE_PRIVATE_H
#define FL_PEOPLE_PRIVATE_H

#include <csv.h>
#include <iconv.h>

#include "base/str.h"
#include "people/people.h"

enum {
    PEOPLE_CHUNK_BYTES = 256 << 10,
    PEOPLE_SAMPLE_BYTES = 256 << 10, /* of text outside ASCII, to guess a charset from */
    PEOPLE_ROWS_MAX = 20000000,
    PEOPLE_EXTERNAL_ID_MAX = 200, /* bytes */
    PEOPLE_NAME_MAX = 1000,
    PEOPLE_PLAIN_ADDRESS_MAX = 500,
    PEOPLE_KEY_MAX = 64 /* names of anchors, attributes, purposes */
};

/* ---- source ----------------------------------------------------------------------------------*/

struct people_source {
    int fd;
    bool is_own_fd;
    int64_t size; /* bytes of the file */
    int64_t pos;  /* read so far in this pass */
    int bom_len;
    const char *charset;
    iconv_t converter; /* (iconv_t)-1: it is UTF-8 already */
    char *in;
    size_t in_len; /* bytes in `in` that are not converted yet */
    char *out;
};

/* Takes the measure of the file and finds its charset; `charset` NULL: detect.  Faults of the whole
 * file (empty, NUL bytes, no charset fits) go to `faults`, names are copied into its arena. */
FL_CHECK_RESULT enum fl_status people_source_open(struct people_source *source, int fd,
                                                  const char *name, const char *charset,
                                                  struct fl_faults *faults, struct fl_error *err);
void people_source_close(struct people_source *source);
void people_source_rewind(struct people_source *source);
/* Next piece of UTF-8, valid until the next call; length 0 at the end.  FL_INVALID: bytes that are
 * no text in the charset come next. */
FL_CHECK_RESULT enum fl_status people_source_next(struct people_source *source,
                                                  const char **out_data, size_t *out_len,
                                                  struct fl_error *err);

/* Best guess for a sample that is not UTF-8, "" when there is none. */
const char *people_charset_guess(struct fl_arena *arena, const char *sample, size_t len);
/* The charset that is meant by a name: what is called EUC-KR is CP949 in practice. */
const char *people_charset_meant(const char *name);

/* ---- reader ----------------------------------------------------------------------------------*/

struct people_reader {
    struct people_source *source;
    struct csv_parser csv;
    char delimiter;
    const char *chunk;
    size_t chunk_len, chunk_pos;
    long line;     /* physical, from 1 */
    long row_line; /* where the row begins */
    size_t row_bytes;
    bool is_row_open, is_row_done, is_skipping, is_after_cr, is_at_end, has_failed;
    char *text; /* the cells of the row, each with a NUL */
    size_t text_len, text_cap;
    size_t n_cells; /* may be above FL_IMPORT_COLUMNS_MAX: these are not kept */
    size_t cells[FL_IMPORT_COLUMNS_MAX]; /* offsets into text */
};

FL_CHECK_RESULT enum fl_status people_reader_open(struct people_reader *reader,
                                                  struct people_source *source,
                                                  struct fl_error *err);
void people_reader_close(struct people_reader *reader);
/* Next row; FL_NOT_FOUND at the end.  FL_INVALID: the row that begins in row_line is broken, the
 * next call goes on behind it. */
FL_CHECK_RESULT enum fl_status people_reader_next(struct people_reader *reader,
                                                  struct fl_error *err);

static inline char *people_reader_cell(const struct people_reader *reader, size_t i)
{
    return reader->text + reader->cells[i];
}

/* ---- columns ---------------------------------------------------------------------------------*/

enum people_field {
    PEOPLE_IGNORE = 0,
    PEOPLE_EXTERNAL_ID,
    PEOPLE_NAME,
    PEOPLE_LANGUAGE,
    PEOPLE_TIME_ZONE,
    PEOPLE_ADDRESS, /* with a medium */
    PEOPLE_STREET,  /* parts of one postal address */
    PEOPLE_CITY,
    PEOPLE_REGION,
    PEOPLE_POSTCODE,
    PEOPLE_COUNTRY,
    PEOPLE_ANCHOR,
    PEOPLE_ATTRIBUTE,
    PEOPLE_CONSENT, /* with purpose and medium */
    PEOPLE_CONSENT_PROOF,
    PEOPLE_CONSENT_AT
};

struct people_column {
    const char *header;
    enum people_field field;
    const char *key; /* of an anchor or attribute, purpose of a consent */
    enum fl_medium medium;
};

struct people_columns {
    struct people_column items[FL_IMPORT_COLUMNS_MAX];
    size_t n;
    size_t attributes[FL_IMPORT_COLUMNS_MAX]; /* columns of attributes, in order of their keys */
    size_t n_attributes, n_anchors, n_consents;
};

/* Reads what the header's cells mean; faults go to `faults`, strings into `arena`. */
void people_columns_read(struct people_columns *columns, const struct people_reader *header,
                         const char *map, const char *name, struct fl_arena *arena,
                         struct fl_faults *faults);

/* Takes the next "COLUMN=FIELD" off *map; *out_field NULL: no "=".  False at the end. */
bool people_map_next(struct fl_arena *arena, const char **map, char **out_column, char **out_field);

/* ---- row -------------------------------------------------------------------------------------*/

struct people_row {
    struct fl_customer customer;
    struct fl_address addresses[FL_IMPORT_COLUMNS_MAX];
    struct fl_anchor anchors[FL_IMPORT_COLUMNS_MAX];
    struct fl_consent consents[FL_IMPORT_COLUMNS_MAX];
    bool is_empty;            /* no cell has text: not a row */
    bool has_consent_time;    /* the file says when */
    char time_zone_known[64]; /* the last one that was looked up */
};

/* Checks and normalises the cells the reader holds; strings live in `arena` or in the reader. */
void people_row_read(struct people_row *row, const struct people_columns *columns,
                     const struct people_reader *reader, const struct fl_import_options *options,
                     struct fl_arena *arena, struct fl_faults *faults);

/* JSON object of strings in canonical form: keys sorted, no blanks.  NULL: out of memory. */
const char *people_attributes_merge(struct fl_arena *arena, const char *old, const char *given);
/* Appends `s` as a JSON string; what jansson would write, so that both forms compare equal. */
void people_json_string(struct fl_buf *buf, const char *s);

/* ---- keys ------------------------------------------------------------------------------------*/

/* Which external ids a file has named, in 16 bytes an id: a keyed 64-bit hash stands for the id
 * (for a million ids the chance of one false duplicate is 3e-8) beside the line it stood in. */
struct people_keys {
    struct people_key *slots;
    size_t cap, n;
    uint64_t seed[2];
};

struct people_key {
    uint64_t hash; /* 0: free */
    int64_t line;
};

void people_keys_init(struct people_keys *keys);
void people_keys_finish(struct people_keys *keys);
/* 0: new; > 0: the line that had it first; < 0: out of memory. */
long people_keys_add(struct people_keys *keys, const char *id, long line);
/* The line of an id; 0: unknown. */
long people_keys_find(const struct people_keys *keys, const char *id);

#endif
