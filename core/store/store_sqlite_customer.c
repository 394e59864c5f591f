/* Writing a customer: insert or update by external id, the hot path of an import. */
#include "store_sqlite_private.h"

#include <string.h>

#include "base/str.h"

struct known {
    int64_t id; /* 0: a new customer */
    enum fl_customer_state state;
    bool has_change; /* of a member in the customer's own row */
};

static bool differs(const char *given, const struct fl_query *query, int column)
{
    return given && !fl_str_equal(given, fl_query_peek(query, column));
}

static enum fl_status look_up(struct fl_sqlite *db, const struct fl_customer *customer,
                              struct known *out, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(db, &query,
                      "SELECT id, state, name, language, time_zone, attributes FROM customer"
                      " WHERE external_id = ?1",
                      Q_VALUES(Q_TEXT(customer->external_id)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st)
        return fl_query_end(st);
    out->id = fl_query_int(&query, 0);
    out->state = (enum fl_customer_state)fl_query_int(&query, 1);
    out->has_change =
        differs(customer->name, &query, 2) || differs(customer->language, &query, 3) ||
        differs(customer->time_zone, &query, 4) || differs(customer->attributes, &query, 5) ||
        (customer->state != FL_CUSTOMER_ACTIVE && customer->state != out->state);
    return FL_OK;
}

/* One text that is no JSON would fail every audience that asks for an attribute. */
static enum fl_status check_attributes(struct fl_sqlite *db, const struct fl_customer *customer,
                                       struct fl_error *err)
{
    int64_t is_object = 0;
    enum fl_status st = fl_query_number(
        db, "SELECT CASE WHEN json_valid(?1) THEN json_type(?1) = 'object' ELSE 0 END",
        Q_VALUES(Q_TEXT(customer->attributes)), &is_object, err);

    if (!st && !is_object)
        return fl_error_set(err, FL_INVALID, "the attributes of customer \"%s\" are no JSON object",
                            customer->external_id);
    return st;
}

static enum fl_status insert_row(struct fl_sqlite *db, const struct fl_customer *customer,
                                 int64_t id, int64_t now_us, struct fl_error *err)
{
    return fl_query_exec(
        db,
        "INSERT INTO customer (id, external_id, name, language, time_zone, attributes, state,"
        " created_us, updated_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        Q_VALUES(Q_INT(id), Q_TEXT(customer->external_id), Q_TEXT(fl_text_or(customer->name, "")),
                 Q_TEXT(fl_text_or(customer->language, "")),
                 Q_TEXT(fl_text_or(customer->time_zone, "")),
                 Q_TEXT(fl_text_or(customer->attributes, "{}")), Q_INT(customer->state),
                 Q_INT(customer->created_us ? customer->created_us : now_us), Q_INT(now_us)),
        err);
}

/* State 0 stays as it was: an import that says nothing must not take an objection back. */
static enum fl_status update_row(struct fl_sqlite *db, const struct fl_customer *customer,
                                 int64_t id, int64_t now_us, struct fl_error *err)
{
    return fl_query_exec(
        db,
        "UPDATE customer SET name = ifnull(?2, name), language = ifnull(?3, language),"
        " time_zone = ifnull(?4, time_zone), attributes = ifnull(?5, attributes),"
        " state = CASE ?6 WHEN 0 THEN state ELSE ?6 END, updated_us = ?7 WHERE id = ?1",
        Q_VALUES(Q_INT(id), Q_TEXT(customer->name), Q_TEXT(customer->language),
                 Q_TEXT(customer->time_zone), Q_TEXT(customer->attributes), Q_INT(customer->state),
                 Q_INT(now_us)),
        err);
}

/* ---- addresses --------------------------------------------------------------------------------*/

static bool is_given_before(const struct fl_customer *customer, size_t index)
{
    const struct fl_address *a = &customer->addresses[index];

    for (size_t i = 0; i < index; i++)
        if (customer->addresses[i].medium == a->medium &&
            strcmp(customer->addresses[i].value, a->value) == 0)
            return true;
    return false;
}

static enum fl_status insert_address(struct fl_sqlite *db, int64_t customer,
                                     const struct fl_address *address, int64_t now_us,
                                     struct fl_error *err)
{
    return fl_query_exec(db,
                         "INSERT INTO address (id, customer, medium, value, status, status_us)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                         Q_VALUES(Q_INT(fl_store_new_id(db->store)), Q_INT(customer),
                                  Q_INT(address->medium), Q_TEXT(address->value),
                                  Q_INT(address->status), Q_INT(now_us)),
                         err);
}

/* An address that was replaced comes back into use; one at fault stays at fault. */
static enum fl_status give_address(struct fl_sqlite *db, int64_t customer,
                                   const struct fl_address *address, int64_t now_us,
                                   bool *has_change, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st = fl_query_open(
        db, &query,
        "SELECT id, status FROM address"
        " WHERE customer = ?1 AND medium = ?2 AND value = ?3",
        Q_VALUES(Q_INT(customer), Q_INT(address->medium), Q_TEXT(address->value)), err);

    if (!st)
        st = fl_query_next(&query, err);
    if (st && st != FL_NOT_FOUND)
        return st;
    if (!st && fl_query_int(&query, 1) != FL_ADDRESS_REPLACED)
        return FL_OK;
    *has_change = true;
    if (st == FL_NOT_FOUND)
        return insert_address(db, customer, address, now_us, err);
    return fl_query_exec(db, "UPDATE address SET status = 0, status_us = ?2 WHERE id = ?1",
                         Q_VALUES(Q_INT(fl_query_int(&query, 0)), Q_INT(now_us)), err);
}

static bool is_given(const struct fl_customer *customer, enum fl_medium medium, const char *value)
{
    for (size_t i = 0; i < customer->n_addresses; i++)
        if (customer->addresses[i].medium == medium &&
            strcmp(customer->addresses[i].value, value) == 0)
            return true;
    return false;
}

/* What is queued for the old address goes to the one that took its place. */
static enum fl_status redirect(struct fl_sqlite *db, int64_t customer, enum fl_medium medium,
                               int64_t old_address, struct fl_error *err)
{
    static const char sql[] =
        "UPDATE message SET address = (SELECT max(id) FROM address"
        "  WHERE customer = ?1 AND medium = ?2 AND status = 0)"
        " WHERE customer = ?1 AND address = ?3 AND state IN (0, 1, 9)"
        " AND EXISTS (SELECT 1 FROM address WHERE customer = ?1 AND medium = ?2 AND status = 0)";

    return fl_query_exec(db, sql, Q_VALUES(Q_INT(customer), Q_INT(medium), Q_INT(old_address)),
                         err);
}

static enum fl_status replace_others(struct fl_sqlite *db, int64_t id,
                                     const struct fl_customer *customer, enum fl_medium medium,
                                     int64_t now_us, bool *has_change, struct fl_error *err)
{
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(db, &query,
                      "SELECT id, value FROM address"
                      " WHERE customer = ?1 AND medium = ?2 AND status = 0 ORDER BY id",
                      Q_VALUES(Q_INT(id), Q_INT(medium)), err);

    while (!st) {
        int64_t address;

        st = fl_query_next(&query, err);
        if (st || is_given(customer, medium, fl_query_peek(&query, 1)))
            continue;
        address = fl_query_int(&query, 0);
        st = fl_query_exec(db, "UPDATE address SET status = 3, status_us = ?2 WHERE id = ?1",
                           Q_VALUES(Q_INT(address), Q_INT(now_us)), err);
        if (!st)
            st = redirect(db, id, medium, address, err);
        *has_change = true;
    }
    return fl_query_end(st);
}

static enum fl_status put_addresses(struct fl_sqlite *db, const struct fl_customer *customer,
                                    int64_t id, bool is_new, int64_t now_us, bool *has_change,
                                    struct fl_error *err)
{
    unsigned media = 0;
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < customer->n_addresses; i++) {
        const struct fl_address *address = &customer->addresses[i];

        if (is_given_before(customer, i))
            continue;
        media |= 1u << address->medium;
        st = is_new ? insert_address(db, id, address, now_us, err)
                    : give_address(db, id, address, now_us, has_change, err);
    }
    for (int m = FL_MEDIUM_EMAIL; !st && !is_new && m <= FL_MEDIUM_OTHER; m++)
        if (media & 1u << m)
            st = replace_others(db, id, customer, (enum fl_medium)m, now_us, has_change, err);
    return st;
}

/* ---- the rest ---------------------------------------------------------------------------------*/

static enum fl_status put_anchors(struct fl_sqlite *db, const struct fl_customer *customer,
                                  int64_t id, bool *has_change, struct fl_error *err)
{
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < customer->n_anchors; i++) {
        st = fl_query_exec(db,
                           "INSERT INTO anchor (customer, name, date) VALUES (?1, ?2, ?3)"
                           " ON CONFLICT (customer, name) DO UPDATE SET date = excluded.date"
                           " WHERE date <> excluded.date",
                           Q_VALUES(Q_INT(id), Q_TEXT(customer->anchors[i].name),
                                    Q_INT(customer->anchors[i].date)),
                           err);
        if (!st && sqlite3_changes(db->handle))
            *has_change = true;
    }
    return st;
}

static bool is_consent_given_before(const struct fl_customer *customer, size_t index)
{
    const struct fl_consent *k = &customer->consents[index];

    for (size_t i = 0; i < index; i++)
        if (customer->consents[i].medium == k->medium &&
            strcmp(customer->consents[i].purpose, k->purpose) == 0)
            return true;
    return false;
}

static enum fl_status put_consents(struct fl_sqlite *db, const struct fl_customer *customer,
                                   int64_t id, bool is_new, bool *has_change, struct fl_error *err)
{
    enum fl_status st = FL_OK;

    for (size_t i = 0; !st && i < customer->n_consents; i++) {
        struct fl_consent consent = customer->consents[i];

        consent.customer = id;
        st = fl_sqlite_consent_change(db, &consent, is_new && !is_consent_given_before(customer, i),
                                      has_change, err);
    }
    return st;
}

enum fl_status fl_sqlite_customer_put(struct fl_store *store, const struct fl_customer *customer,
                                      enum fl_put *out_put, int64_t *out_id, struct fl_error *err)
{
    struct fl_sqlite *db = fl_sqlite_of(store);
    struct known known = {0};
    int64_t id, now_us = fl_clock_now(&store->clock);
    bool is_new, has_change = false;
    enum fl_status st = look_up(db, customer, &known, err);

    if (st)
        return st;
    if (known.state == FL_CUSTOMER_ERASED)
        return fl_error_set(err, FL_REJECTED, "customer \"%s\" was erased", customer->external_id);
    is_new = !known.id;
    if (customer->attributes && (is_new || known.has_change))
        st = check_attributes(db, customer, err);
    if (st)
        return st;
    id = is_new ? fl_store_new_id(store) : known.id;
    if (is_new)
        st = insert_row(db, customer, id, now_us, err);
    if (!st)
        st = put_addresses(db, customer, id, is_new, now_us, &has_change, err);
    if (!st)
        st = put_anchors(db, customer, id, &has_change, err);
    if (!st)
        st = put_consents(db, customer, id, is_new, &has_change, err);
    has_change = has_change || known.has_change;
    if (!st && !is_new && has_change)
        st = update_row(db, customer, id, now_us, err);
    if (!st && !is_new && customer->state != FL_CUSTOMER_ACTIVE)
        st = fl_sqlite_forget_scores(db, id, err);
    if (st)
        return st;
    *out_put = is_new ? FL_PUT_INSERTED : has_change ? FL_PUT_UPDATED : FL_PUT_UNCHANGED;
    *out_id = id;
    return FL_OK;
}
