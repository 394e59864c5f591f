/* `demo`: what the sample company's customers bought, said and paid, through the same doors as
 * everybody's (`import transactions` and its sisters). */
#include <string.h>

#include "base/file.h"
#include "ops/ops_private.h"
#include "people/sample.h"
#include "people/trade.h"

/* The trade of more would show nothing new, and is a kilobyte and a half a customer. */
enum { TRADERS_MAX = 50000 };

struct trade_file {
    const char *step, *text;
    enum fl_fact_form form;
    enum fl_fact fact;
};

static enum fl_status import_one(struct fl_ops_context *context, struct fl_ops_args *args,
                                 const struct fl_ops_sink *sink, const struct trade_file *file,
                                 struct fl_error *err)
{
    struct fl_fact_options options = {.name = file->step, .form = file->form, .fact = file->fact};
    struct fl_fact_result result = {0};
    FL_AUTO_FD int fd = -1;
    enum fl_status st = fl_memfd_sealed(file->step, file->text, strlen(file->text), &fd, err);

    if (!st)
        st = fl_ops_facts(context, args, sink, fd, &options, &result, err);
    if (st)
        return fl_error_prefix(err, st, "%s", file->step);
    fl_ops_demo_done(sink, file->step,
                     result.n_inserted  ? "inserted"
                     : result.n_updated ? "updated"
                                        : "unchanged",
                     result.n_rows);
    return FL_OK;
}

enum fl_status fl_ops_demo_trade(struct fl_ops_context *context, struct fl_ops_args *args,
                                 const struct fl_ops_sink *sink, uint64_t seed, int n,
                                 int32_t today, struct fl_error *err)
{
    FL_AUTO_ARENA struct fl_arena *arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    struct fl_sample_trade trade;
    enum fl_status st;

    if (!arena)
        return fl_error_set(err, FL_IO, "no memory for the sample company");
    st = fl_people_sample_trade(arena, seed, n < TRADERS_MAX ? n : TRADERS_MAX, today, &trade, err);
    if (!st) {
        const struct trade_file files[] = {
            {"transactions", trade.transactions, FL_FACT_CSV, FL_FACT_TRANSACTION},
            {"subscriptions", trade.subscriptions, FL_FACT_CSV, FL_FACT_SUBSCRIPTION},
            {"referrals", trade.referrals, FL_FACT_CSV, FL_FACT_REFERRAL},
            {"events", trade.events, FL_FACT_JSON, FL_FACT_ANSWER},
        };

        for (size_t i = 0; !st && i < sizeof files / sizeof files[0]; i++)
            st = import_one(context, args, sink, &files[i], err);
    }
    return st;
}
