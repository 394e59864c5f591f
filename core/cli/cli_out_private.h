/* Inside the printing of rows. */
#ifndef FL_CLI_OUT_PRIVATE_H
#define FL_CLI_OUT_PRIVATE_H

#include "base/file.h"
#include "cli/cli_out.h"

enum { FL_CLI_CELL_MAX = 16 << 20 };

/* Rows of an array of objects as a table, each line after `indent`.  `columns`: names in order. */
void fl_cli_table_print(const struct fl_cli_out_options *options, const json_t *columns,
                        const json_t *rows, bool has_heading, const char *indent);
/* One object, a member a line. */
void fl_cli_record_print(const struct fl_cli_out_options *options, const json_t *columns,
                         const json_t *row);
/* "-12.50", "7": digits, one point within them at most, nothing that a spreadsheet computes. */
bool fl_cli_is_decimal(const char *text);
void fl_cli_raw_print(const struct fl_cli_out_options *options, const json_t *row);

#endif
