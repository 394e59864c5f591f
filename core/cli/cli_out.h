/*
 * Rows to a stream: as table, JSON, JSON lines, CSV, names or bare text.
 *
 *     out = fl_cli_out_create(&options);
 *     fl_cli_out_row(out, row);
 *     fl_cli_out_finish(out);
 *     fl_cli_out_destroy(&out);
 */
#ifndef FL_CLI_OUT_H
#define FL_CLI_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"

enum fl_cli_format {
    FL_CLI_TABLE, /* a record for rows without columns */
    FL_CLI_JSON,
    FL_CLI_JSONL,
    FL_CLI_CSV, /* RFC 4180; cells a spreadsheet would compute are neutralised */
    FL_CLI_NAME,
    FL_CLI_RAW /* member "text", or "base64" decoded */
};

struct fl_cli_out_options {
    FILE *stream;
    enum fl_cli_format format;
    const char *columns;  /* separated by ','; NULL: every member, and a table is a record */
    bool has_own_columns; /* the operation's, not asked for: a first row of none of them is shown */
    bool is_terminal;
    bool has_colour;
    int width; /* of the terminal; 0: any */
};

struct fl_cli_out;

bool fl_cli_format_parse(const char *name, enum fl_cli_format *out);
struct fl_cli_out *fl_cli_out_create(const struct fl_cli_out_options *options); /* NULL: memory */
void fl_cli_out_row(struct fl_cli_out *out, json_t *row);
/* Prints what was kept back; rows may follow (a table then goes on without its heading). */
void fl_cli_out_finish(struct fl_cli_out *out);
/* Rows that were left out, as they have none of the columns. */
size_t fl_cli_out_lost(const struct fl_cli_out *out);
size_t fl_cli_out_count(const struct fl_cli_out *out);
void fl_cli_out_destroy(struct fl_cli_out **out);

/* One value as it stands in a cell: "" for null, "yes"/"no", lists separated by ", ". */
void fl_cli_cell(struct fl_buf *buf, const json_t *value);
/* The same for CSV: quoted where needed, made harmless for spreadsheets. */
void fl_cli_csv_cell(struct fl_buf *buf, const json_t *value);
/* Takes out what would steer a terminal: control characters but line feed and tab, and marks that
 * turn the direction of writing. */
void fl_cli_put_harmless(FILE *stream, const char *text, size_t len);

#endif
