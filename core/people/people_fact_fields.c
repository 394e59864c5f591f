/* Which fields a fact has. */
#include <string.h>

#include "people/people_fact_private.h"

static const char *const names[] = {
    "id",       "customer",        "date",     "kind",   "amount",  "margin",
    "quantity", "reference_price", "discount", "points", "gift",    "fee",
    "shipping", "currency",        "product",  "start",  "end",     "period",
    "price",    "referrer",        "referred", "opened", "settled", "text",
    "question", "value",           "low",      "high",   "at",
};
_Static_assert(sizeof names / sizeof names[0] == FACT_FIELDS, "a name for each field");

#define FIELD(name) (UINT32_C(1) << FACT_##name)

static const struct {
    const char *name;
    uint32_t fields;
} facts[] = {
    [FL_FACT_TRANSACTION] = {"transaction", FIELD(ID) | FIELD(CUSTOMER) | FIELD(DATE) |
                                                FIELD(KIND) | FIELD(AMOUNT) | FIELD(MARGIN) |
                                                FIELD(QUANTITY) | FIELD(REFERENCE_PRICE) |
                                                FIELD(DISCOUNT) | FIELD(POINTS) | FIELD(GIFT) |
                                                FIELD(FEE) | FIELD(SHIPPING) | FIELD(CURRENCY) |
                                                FIELD(PRODUCT)},
    [FL_FACT_SUBSCRIPTION] = {"subscription", FIELD(ID) | FIELD(CUSTOMER) | FIELD(START) |
                                                  FIELD(END) | FIELD(PERIOD) | FIELD(PRICE) |
                                                  FIELD(MARGIN) | FIELD(CURRENCY) | FIELD(PRODUCT)},
    [FL_FACT_REFERRAL] = {"referral", FIELD(REFERRER) | FIELD(REFERRED) | FIELD(DATE)},
    [FL_FACT_COMPLAINT] = {"complaint", FIELD(ID) | FIELD(CUSTOMER) | FIELD(OPENED) |
                                            FIELD(SETTLED) | FIELD(TEXT)},
    [FL_FACT_ANSWER] = {"answer", FIELD(ID) | FIELD(CUSTOMER) | FIELD(QUESTION) | FIELD(VALUE) |
                                      FIELD(LOW) | FIELD(HIGH) | FIELD(AT)},
};
_Static_assert(sizeof facts / sizeof facts[0] == FL_FACTS, "a row for each fact");

const char *fl_fact_name(enum fl_fact fact)
{
    return facts[fact].name;
}

bool people_fact_find(const char *name, enum fl_fact *out)
{
    for (size_t i = 0; i < FL_FACTS; i++)
        if (strcmp(facts[i].name, name) == 0) {
            *out = (enum fl_fact)i;
            return true;
        }
    return false;
}

const char *people_fact_field_name(int field)
{
    return names[field];
}

int people_fact_field_find(enum fl_fact fact, const char *name)
{
    if (strcmp(name, "ignore") == 0)
        return FACT_IGNORED;
    if (strcmp(name, facts[fact].name) == 0) /* a column "transaction" holds its id */
        name = "id";
    for (int i = 0; i < FACT_FIELDS; i++)
        if (strcmp(names[i], name) == 0)
            return facts[fact].fields >> i & 1 ? i : FACT_UNKNOWN;
    return FACT_UNKNOWN;
}
