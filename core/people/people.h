/*
 * People: bringing customers in.
 *
 * FOR    `import customers` and whoever normalises an address.
 * RULES  two passes over a file: the first reads and checks everything and lists every fault with
 *        line, column, value and reason; only a file without faults is written, in one transaction.
 *        Idempotent by external id.  The charset is detected, shown, and may be given.
 */
#ifndef FL_PEOPLE_PEOPLE_H
#define FL_PEOPLE_PEOPLE_H

#include "base/arena.h"
#include "base/faults.h"
#include "store/store.h"

enum { FL_IMPORT_FILE_MAX = 1 << 30, FL_IMPORT_COLUMNS_MAX = 200, FL_IMPORT_CELL_MAX = 64 << 10 };

struct fl_import_options {
    const char *name;    /* of the file, for messages */
    const char *map;     /* "COLUMN=FIELD,..." or NULL: header names that are fields */
    const char *charset; /* NULL: detect */
    const char *country; /* region of phone numbers without '+' */
    const char *proof;   /* of consent columns without an own proof column; NULL: the file's name */
    int64_t now_us;
    bool is_dry_run;
    void (*progress)(void *ctx, int64_t done, int64_t total); /* bytes; may be NULL */
    void *ctx;
};

struct fl_import_result {
    const char
        *charset; /* the one it was read in; constant, the options' or in the faults' arena */
    int64_t n_rows, n_inserted, n_updated, n_unchanged;
    int64_t n_opt_outs_kept; /* consents not taken over: the customer has withdrawn them since */
};

/* Fields a column may map to: external_id name language time_zone email phone fax, postal_address
 * or street city region postcode country, anchor.NAME attribute.NAME consent.PURPOSE.MEDIUM
 * consent_proof consent_at ignore. In a map "\\," is a comma within a column's name.  Columns are
 * separated by "," ";" or tab. An empty cell says nothing: what is known stays.  Attributes given
 * replace those of the same name, the others stay.  A consent is yes/no, true/false, 1/0, y/n,
 * granted/withdrawn or the Korean words; one that the customer has withdrawn other than by a list
 * is granted again only by a row whose consent_at is later.  A dry run writes, counts and takes it
 * back. FL_INVALID: faults has them all and nothing was written.  FL_CONFLICT: the file was changed
 * while it was read. */
FL_CHECK_RESULT enum fl_status fl_people_import(struct fl_store *store, int fd,
                                                const struct fl_import_options *options,
                                                struct fl_faults *faults,
                                                struct fl_import_result *out, struct fl_error *err);

/* E-mail: lower-cased domain, IDN to A-labels, syntax of RFC 5321 without quoted local parts. */
FL_CHECK_RESULT enum fl_status fl_people_email_normalise(struct fl_arena *arena, const char *in,
                                                         const char **out, struct fl_error *err);
/* Phone or fax to E.164 ("+821012345678"); `country` is the region without '+'. */
FL_CHECK_RESULT enum fl_status fl_people_phone_normalise(struct fl_arena *arena, const char *in,
                                                         const char *country, const char **out,
                                                         struct fl_error *err);

/* A postal address to lines separated by '\n', of which the last is the country and the one before
 * it the postcode.  Either `whole`, such lines (or with '|' between them) in this order, where the
 * country may be missing, or the parts; NULL: not given.  `country` stands for a missing one (ZZ:
 * none).  KR, DE and US postcodes are checked. */
struct fl_postal {
    const char *whole;
    const char *street; /* may be several lines */
    const char *city, *region, *postcode, *country;
};
FL_CHECK_RESULT enum fl_status fl_people_postal_normalise(struct fl_arena *arena,
                                                          const struct fl_postal *in,
                                                          const char *country, const char **out,
                                                          struct fl_error *err);

/* The sample company: a dairy with a mothers' class and home delivery, from a seed, as CSV. */
FL_CHECK_RESULT enum fl_status fl_people_sample(struct fl_arena *arena, uint64_t seed, int n,
                                                int32_t today, char **out_csv, size_t *out_len,
                                                struct fl_error *err);

#endif
