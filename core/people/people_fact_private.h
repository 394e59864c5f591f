/* Inside the room: one fact as texts by field, wherever it was read from, and what is done with it.
 */
#ifndef FL_PEOPLE_FACT_PRIVATE_H
#define FL_PEOPLE_FACT_PRIVATE_H

#include "people/people_private.h"
#include "people/trade.h"

enum people_fact_field {
    FACT_ID = 0,
    FACT_CUSTOMER,
    FACT_DATE,
    FACT_KIND,
    FACT_AMOUNT,
    FACT_MARGIN,
    FACT_QUANTITY,
    FACT_REFERENCE_PRICE,
    FACT_DISCOUNT,
    FACT_POINTS,
    FACT_GIFT,
    FACT_FEE,
    FACT_SHIPPING,
    FACT_CURRENCY,
    FACT_PRODUCT,
    FACT_START,
    FACT_END,
    FACT_PERIOD,
    FACT_PRICE,
    FACT_REFERRER,
    FACT_REFERRED,
    FACT_OPENED,
    FACT_SETTLED,
    FACT_TEXT,
    FACT_QUESTION,
    FACT_VALUE,
    FACT_LOW,
    FACT_HIGH,
    FACT_AT
};
enum { FACT_FIELDS = FACT_AT + 1, FACT_IGNORED = FACT_FIELDS, FACT_UNKNOWN = -1 };

/* NULL where a field is not given or empty. */
struct people_fact {
    enum fl_fact fact;
    long line;
    const char *value[FACT_FIELDS];
};

const char *people_fact_field_name(int field);
/* FACT_UNKNOWN where a fact of this kind has no such field. */
int people_fact_field_find(enum fl_fact fact, const char *name);
bool people_fact_find(const char *name, enum fl_fact *out);

/* One import of facts. */
struct people_facts {
    struct fl_store *store;
    const struct fl_fact_options *options;
    struct fl_faults *faults;
    size_t n_faults_before;  /* the caller's list may hold some of other files */
    struct fl_arena *arena;  /* one fact; emptied by who reads */
    struct people_keys keys; /* ids made from content */
    char currency[4];        /* "" until one is known */
    struct fl_fact_result result;
};

static inline bool people_facts_have_faults(const struct people_facts *facts)
{
    return facts->faults->n_total > facts->n_faults_before;
}

/* ---- reading fields (people_fact_read.c): false and a fault where one is missing or unfit, *out
 * as it was where it is not given ----*/

struct people_text {
    struct people_facts *facts;
    const struct people_fact *fact;
    int field;
};
static inline struct people_text people_field_of(struct people_facts *facts,
                                                 const struct people_fact *fact, int field)
{
    return (struct people_text){facts, fact, field};
}
static inline const char *people_text_of(const struct people_text *f)
{
    return f->fact->value[f->field];
}
#define PEOPLE_FIELD_FAULT(f, ...)                                                                 \
    fl_faults_add((f)->facts->faults, (f)->facts->options->name, (f)->fact->line,                  \
                  people_fact_field_name((f)->field), (f)->fact->value[(f)->field], __VA_ARGS__)

bool people_field_text(struct people_text f, bool is_needed, size_t max, const char **out);
bool people_field_money(struct people_text f, bool is_needed, bool may_be_negative, int64_t *out);
bool people_field_number(struct people_text f, bool is_needed, double min, double max, double *out);
bool people_field_points(struct people_text f, int64_t *out);
/* An instant: a date is the beginning of that day, a time without zone the organisation's. */
bool people_field_time(struct people_text f, bool is_needed, bool may_be_ahead, int64_t *out_us,
                       int32_t *out_date);
bool people_field_period(struct people_text f, int32_t *out);
/* Failures of the store go to *out_st. */
bool people_field_customer(struct people_text f, int64_t *out, enum fl_status *out_st,
                           struct fl_error *err);
bool people_field_currency(struct people_text f, const char **out);
bool people_fact_id(struct people_facts *facts, const struct people_fact *fact, const char **out,
                    enum fl_status *out_st, struct fl_error *err);

/* Checks a fact and, where nothing was wrong so far, puts it into the open transaction. */
FL_CHECK_RESULT enum fl_status people_fact_take(struct people_facts *facts,
                                                const struct people_fact *fact,
                                                struct fl_error *err);

/* Each reads all of `fd` and takes what it finds; what is wrong in the file is a fault. */
FL_CHECK_RESULT enum fl_status people_facts_read_csv(struct people_facts *facts, int fd,
                                                     struct fl_error *err);
FL_CHECK_RESULT enum fl_status people_facts_read_json(struct people_facts *facts, int fd,
                                                      struct fl_error *err);
FL_CHECK_RESULT enum fl_status people_facts_read_xml(struct people_facts *facts, int fd,
                                                     struct fl_error *err);

/* The schemas the program carries, from etc/schema. */
struct people_schema {
    const char *name, *text;
};
extern const struct people_schema people_schemas[];

/* Takes the next "COLUMN=FIELD" off *map (people_columns.c); *out_field NULL: there is no "=". */
bool people_map_next(struct fl_arena *arena, const char **map, char **out_column, char **out_field);

#endif
