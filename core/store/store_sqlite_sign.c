/*
 * What customers said and did, as the valuation reads it: five sources in order of customer and
 * time, each of which costs next to nothing while it is empty.
 */
#include "store_sqlite_private.h"

/* Answers count only where their scale is known. */
#define ANSWERS                                                                                    \
    "SELECT customer, 1 AS kind, feedback AS event, at_us, question, number AS value, low, high"   \
    " FROM answer WHERE customer BETWEEN ?1 AND ?2 AND at_us BETWEEN ?3 AND ?4"                    \
    " AND number IS NOT NULL AND low < high"
/* Replies and words that answer no message.  A survey is told by its answers, a preference by the
 * consents; opens, robots and automatic replies are no contact. */
#define CONTACTS                                                                                   \
    "SELECT customer, 2, id, received_us, '', 0.0, 0.0, 0.0 FROM feedback"                         \
    " WHERE customer BETWEEN ?1 AND ?2 AND received_us BETWEEN ?3 AND ?4 AND kind IN (1, 14)"
#define WITHDRAWALS                                                                                \
    "SELECT customer, 3, id, at_us, '', 0.0, 0.0, 0.0 FROM consent WHERE state = 2"                \
    " AND customer BETWEEN ?1 AND ?2 AND at_us BETWEEN ?3 AND ?4"                                  \
    " AND source NOT IN ('import', 'staff')"
/* At the time a message was due: that of its event would cost a look for each. */
#define MESSAGES                                                                                   \
    "SELECT customer, 4, id, due_us, '', 0.0, 0.0, 0.0 FROM message"                               \
    " WHERE customer BETWEEN ?1 AND ?2 AND due_us BETWEEN ?3 AND ?4 AND state IN (2, 3)"
#define CLICK     "SELECT m.customer, 2, e.id, e.at_us, '', 0.0, 0.0, 0.0 FROM "
#define CLICK_FEW "message m CROSS JOIN event e INDEXED BY event_click ON e.message = m.id"
#define CLICK_ALL "event e INDEXED BY event_click CROSS JOIN message m ON m.id = e.message"
#define CLICK_WHERE                                                                                \
    " WHERE e.kind = 14 AND e.is_machine = 0 AND m.customer BETWEEN ?1 AND ?2"                     \
    " AND e.at_us BETWEEN ?3 AND ?4"
#define SIGNS(clicks)                                                                              \
    ANSWERS " UNION ALL " CONTACTS " UNION ALL " CLICK clicks CLICK_WHERE                          \
            " UNION ALL " WITHDRAWALS " UNION ALL " MESSAGES " ORDER BY 1, 4, 2, 3"

_Static_assert(FL_SIGN_ANSWER == 1 && FL_SIGN_CONTACT_IN == 2 && FL_SIGN_OPT_OUT == 3 &&
                   FL_SIGN_MESSAGE_OUT == 4 && FL_FEEDBACK_REPLY == 1 &&
                   FL_FEEDBACK_CONTACT == 14 && FL_EVENT_CLICKED == 14 &&
                   FL_CONSENT_WITHDRAWN == 2 && FL_MESSAGE_ACCEPTED == 2 &&
                   FL_MESSAGE_DELIVERED == 3,
               "SIGNS is written in numbers");

enum fl_status fl_sqlite_sign_each(struct fl_store *store, int64_t first, int64_t last,
                                   int64_t from_us, int64_t until_us, fl_store_sign_fn *fn,
                                   void *ctx, struct fl_error *err)
{
    /* Of one customer the messages lead to the clicks, of many the clicks to the messages. */
    static const char of_one[] = SIGNS(CLICK_FEW);
    static const char of_many[] = SIGNS(CLICK_ALL);
    FL_AUTO_QUERY struct fl_query query = {0};
    enum fl_status st =
        fl_query_open(fl_sqlite_of(store), &query, first == last ? of_one : of_many,
                      Q_VALUES(Q_INT(first), Q_INT(last), Q_INT(from_us), Q_INT(until_us)), err);

    while (!st) {
        struct fl_sign sign;

        st = fl_query_next(&query, err);
        if (st)
            break;
        sign = (struct fl_sign){.customer = fl_query_int(&query, 0),
                                .kind = (enum fl_sign_kind)fl_query_int(&query, 1),
                                .event = fl_query_int(&query, 2),
                                .at_us = fl_query_int(&query, 3),
                                .question = fl_query_peek(&query, 4),
                                .value = sqlite3_column_double(query.stmt, 5),
                                .low = sqlite3_column_double(query.stmt, 6),
                                .high = sqlite3_column_double(query.stmt, 7)};
        if (!fn(ctx, &sign))
            return FL_OK;
    }
    return fl_query_end(st);
}
