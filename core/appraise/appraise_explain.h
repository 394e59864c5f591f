/* Inside `explain`. */
#ifndef FL_APPRAISE_EXPLAIN_H
#define FL_APPRAISE_EXPLAIN_H

#include "appraise/appraise_private.h"
#include "appraise/appraise_sheet.h"

struct appraise_explain {
    const struct fl_appraise_frame *frame;
    struct fl_store *store;
    struct appraise_file file;
    const struct fl_aspect_prior *prior; /* of the customer's segment */
    struct appraise_worth worth;
    struct fl_score score; /* the stored one, which is explained */
    struct fl_error *err;
};

/* One section each: fills the sheet down to its total. */
FL_CHECK_RESULT enum fl_status appraise_explain_ltv(struct appraise_explain *explain,
                                                    struct appraise_sheet *sheet);
FL_CHECK_RESULT enum fl_status appraise_explain_commitment(struct appraise_explain *explain,
                                                           struct appraise_sheet *sheet);
FL_CHECK_RESULT enum fl_status appraise_explain_equity(struct appraise_explain *explain,
                                                       struct appraise_sheet *sheet);
FL_CHECK_RESULT enum fl_status appraise_explain_economic(struct appraise_explain *explain,
                                                         struct appraise_sheet *sheet);
FL_CHECK_RESULT enum fl_status appraise_explain_social(struct appraise_explain *explain,
                                                       struct appraise_sheet *sheet);
FL_CHECK_RESULT enum fl_status appraise_explain_cost(struct appraise_explain *explain,
                                                     struct appraise_sheet *sheet);
FL_CHECK_RESULT enum fl_status appraise_explain_value(struct appraise_explain *explain,
                                                      struct appraise_sheet *sheet);
FL_CHECK_RESULT enum fl_status appraise_explain_position(struct appraise_explain *explain,
                                                         struct appraise_sheet *sheet);
FL_CHECK_RESULT enum fl_status appraise_explain_strategy(struct appraise_explain *explain,
                                                         struct appraise_sheet *sheet);
FL_CHECK_RESULT enum fl_status appraise_explain_keys(struct appraise_explain *explain,
                                                     struct appraise_sheet *sheet);
FL_CHECK_RESULT enum fl_status appraise_explain_segment(struct appraise_explain *explain,
                                                        struct appraise_sheet *sheet);

#endif
