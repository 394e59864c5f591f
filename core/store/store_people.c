/* Argument checks of what is known about customers. */
#include "store_private.h"

#include <string.h>

static bool is_medium(enum fl_medium medium)
{
    return (int)medium > FL_MEDIUM_NONE && (int)medium <= FL_MEDIUM_OTHER;
}

static enum fl_status check_medium(enum fl_medium medium, struct fl_error *err)
{
    if (!is_medium(medium))
        return fl_error_set(err, FL_INVALID, "medium %d, expected %d to %d", (int)medium,
                            FL_MEDIUM_EMAIL, FL_MEDIUM_OTHER);
    return FL_OK;
}

static enum fl_status check_consent(const struct fl_consent *consent, struct fl_error *err)
{
    if (!consent->purpose || !*consent->purpose)
        return fl_error_set(err, FL_INVALID, "a consent needs a purpose");
    if ((int)consent->state < FL_CONSENT_NONE || (int)consent->state > FL_CONSENT_WITHDRAWN)
        return fl_error_set(err, FL_INVALID, "consent state %d, expected %d to %d",
                            (int)consent->state, FL_CONSENT_NONE, FL_CONSENT_WITHDRAWN);
    return check_medium(consent->medium, err);
}

static enum fl_status check_customer(const struct fl_customer *customer, struct fl_error *err)
{
    enum fl_status st;

    if (!customer->external_id || !*customer->external_id)
        return fl_error_set(err, FL_INVALID, "a customer needs an external id");
    if ((int)customer->state < FL_CUSTOMER_ACTIVE || (int)customer->state > FL_CUSTOMER_ERASED)
        return fl_error_set(err, FL_INVALID, "customer state %d, expected %d to %d",
                            (int)customer->state, FL_CUSTOMER_ACTIVE, FL_CUSTOMER_ERASED);
    for (size_t i = 0; i < customer->n_addresses; i++) {
        const struct fl_address *a = &customer->addresses[i];

        st = check_medium(a->medium, err);
        if (st)
            return st;
        if (!a->value || !*a->value)
            return fl_error_set(err, FL_INVALID, "an address cannot be empty");
    }
    for (size_t i = 0; i < customer->n_anchors; i++)
        if (!customer->anchors[i].name || !*customer->anchors[i].name)
            return fl_error_set(err, FL_INVALID, "an anchor needs a name");
    for (size_t i = 0; i < customer->n_consents; i++) {
        st = check_consent(&customer->consents[i], err);
        if (st)
            return st;
    }
    return FL_OK;
}

enum fl_status fl_store_customer_put(struct fl_store *store, const struct fl_customer *customer,
                                     enum fl_put *out_put, int64_t *out_id, struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_customer(customer, err);
    if (st)
        return st;
    return fl_store_wrote(store,
                          store->driver->customer_put(store, customer, out_put, out_id, err));
}

enum fl_status fl_store_customer_get(struct fl_store *store, struct fl_arena *arena, int64_t id,
                                     struct fl_customer *out, struct fl_error *err)
{
    return store->driver->customer_get(store, arena, id, out, err);
}

enum fl_status fl_store_customer_find(struct fl_store *store, const char *external_id,
                                      int64_t *out_id, struct fl_error *err)
{
    return store->driver->customer_find(store, external_id, out_id, err);
}

enum fl_status fl_store_customers_by_address(struct fl_store *store, enum fl_medium medium,
                                             const char *value, int64_t *ids, size_t max,
                                             size_t *out_n, struct fl_error *err)
{
    return store->driver->customers_by_address(store, medium, value, ids, max, out_n, err);
}

enum fl_status fl_store_customer_each(struct fl_store *store, int64_t after, int64_t limit,
                                      fl_store_customer_fn *fn, void *ctx, struct fl_error *err)
{
    return store->driver->customer_each(store, after, limit, fn, ctx, err);
}

enum fl_status fl_store_consent_append(struct fl_store *store, const struct fl_consent *consent,
                                       struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (!st)
        st = check_consent(consent, err);
    if (!st && consent->customer <= 0)
        st = fl_error_set(err, FL_INVALID, "a consent needs a customer");
    if (st)
        return st;
    return fl_store_wrote(store, store->driver->consent_append(store, consent, err));
}

enum fl_status fl_store_consent_history(struct fl_store *store, int64_t customer,
                                        fl_store_consent_fn *fn, void *ctx, struct fl_error *err)
{
    return store->driver->consent_history(store, customer, fn, ctx, err);
}

enum fl_status fl_store_address_set_status(struct fl_store *store, int64_t address,
                                           enum fl_address_status status, int64_t evidence_event,
                                           struct fl_error *err)
{
    enum fl_status st = fl_store_may_write(store, err);

    if (st)
        return st;
    if ((int)status < FL_ADDRESS_OK || (int)status > FL_ADDRESS_REPLACED)
        return fl_error_set(err, FL_INVALID, "address status %d, expected %d to %d", (int)status,
                            FL_ADDRESS_OK, FL_ADDRESS_REPLACED);
    return fl_store_wrote(
        store, store->driver->address_set_status(store, address, status, evidence_event, err));
}
