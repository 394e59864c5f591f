/*
 * The frames between core and its hosts; both sides encode and decode with this code.
 *
 *     parent -> host   OPEN
 *     host -> core     READY | FAILED, then STARTED, { BEGAN_ITEM | REPORT }*, FINISHED for each
 *                      batch,
 *                      CALLED for each other call, INBOUND, RECEIPT, COMMIT, REMEMBER, RECALL
 *     core -> host     ITEMS* DELIVER, COLLECT, HEALTH, LOOKUP, HTTP, STOP, COMMITTED, MEMORY
 *     host -> parent   CHECKED, for an OPEN that only wants a check
 *     anybody -> host  PREVIEW in place of OPEN; the answer is PREVIEWED, then the host ends
 *
 * A batch is `correlation` of ITEMS, DELIVER, STARTED, BEGAN_ITEM, REPORT, FINISHED; a request is
 * that of HEALTH, LOOKUP, HTTP and their CALLED.  COMMIT and RECALL block the host until the
 * answer.
 *
 * TRUST  core reads what a host sends as if a stranger had written it: enums in range, text valid
 *        UTF-8, counts bounded.  get functions return false on anything else.
 */
#ifndef FL_HOST_HOST_PROTOCOL_H
#define FL_HOST_HOST_PROTOCOL_H

#include "base/arena.h"
#include "base/faults.h"
#include "conf/conf.h"
#include "fairline/channel.h"
#include "feedback/feedback.h"
#include "wire/wire.h"

enum fl_host_frame {
    FL_HOST_OPEN = 1,
    FL_HOST_CHECKED,
    FL_HOST_READY,
    FL_HOST_FAILED,
    FL_HOST_ITEMS,
    FL_HOST_DELIVER,
    FL_HOST_STARTED,
    FL_HOST_REPORT,
    FL_HOST_FINISHED,
    FL_HOST_COLLECT,
    FL_HOST_HEALTH,
    FL_HOST_LOOKUP,
    FL_HOST_HTTP,
    FL_HOST_CALLED,
    FL_HOST_BEGAN, /* a call other than deliver begins: for the deadline */
    FL_HOST_INBOUND,
    FL_HOST_RECEIPT,
    FL_HOST_COMMIT,
    FL_HOST_COMMITTED,
    FL_HOST_REMEMBER,
    FL_HOST_RECALL,
    FL_HOST_MEMORY,
    FL_HOST_STOP,
    FL_HOST_BEGAN_ITEM, /* of a batch: what cannot be taken back comes next; nothing answers */
    FL_HOST_PREVIEW,    /* in place of OPEN: as OPEN, wants picture, item */
    FL_HOST_PREVIEWED   /* status, text, nested: type, name, bytes of each part */
};

enum {
    FL_HOST_BATCH_ITEMS_MAX = 500,
    FL_HOST_ITEM_PARTS_MAX = 64,
    FL_HOST_ITEMS_FRAME_BYTES = 8 << 20, /* a batch above this goes in several ITEMS frames */
    FL_HOST_TEXT_MAX = 1024,             /* of a report's texts; the rest is cut */
    FL_HOST_REFS_MAX = 1000,
    FL_HOST_SETTINGS_MAX = 256,
    FL_HOST_HTTP_FIELDS_MAX = 200,
    FL_HOST_FAULTS_MAX = 200,
    FL_HOST_MEMORY_KEY_MAX = 64,
    FL_HOST_MEMORY_VALUE_MAX = 4096
};

struct fl_host_open {
    const char *channel;
    const char *plugin;
    const char *plugin_dir;
    const char *user;
    const char *file; /* where the channel stands, for faults */
    long line;
    int worker;
    bool collects; /* one worker of a channel does */
    bool is_check_only;
    int64_t collect_interval_us;
    int64_t log_level;
    const struct fl_conf_setting *settings;
    size_t n_settings;
};

struct fl_host_ready {
    const char *plugin;
    const char *version;
    const char *medium;
    unsigned capabilities;
    uint32_t batch_max;
    uint32_t call_timeout_s;
};

/* How a call came back: FINISHED and CALLED. */
struct fl_host_result {
    enum fl_call call;
    enum fl_fault_class fault;
    const char *why;
};

void fl_host_put_open(struct fl_wire_frame *frame, const struct fl_host_open *open);
void fl_host_put_ready(struct fl_wire_frame *frame, const struct fl_host_ready *ready);
void fl_host_put_result(struct fl_wire_frame *frame, const struct fl_host_result *result);
void fl_host_put_item(struct fl_wire_frame *frame, const struct fl_item *item);
void fl_host_put_report(struct fl_wire_frame *frame, const struct fl_report *report);
void fl_host_put_inbound(struct fl_wire_frame *frame, const struct fl_inbound *inbound);
void fl_host_put_parsed(struct fl_wire_frame *frame, const struct fl_feedback_parsed *parsed);
void fl_host_put_receipt(struct fl_wire_frame *frame, const struct fl_receipt *receipt);
void fl_host_put_faults(struct fl_wire_frame *frame, const struct fl_faults *faults);
void fl_host_put_http_request(struct fl_wire_frame *frame, const struct fl_http_request *request);
void fl_host_put_http_response(struct fl_wire_frame *frame,
                               const struct fl_http_response *response);

/* What is read points into the frame and the arena. */
FL_CHECK_RESULT bool fl_host_get_open(struct fl_wire_frame *frame, struct fl_arena *arena,
                                      struct fl_host_open *out);
FL_CHECK_RESULT bool fl_host_get_ready(struct fl_wire_frame *frame, struct fl_arena *arena,
                                       struct fl_host_ready *out);
FL_CHECK_RESULT bool fl_host_get_result(struct fl_wire_frame *frame, struct fl_arena *arena,
                                        struct fl_host_result *out);
FL_CHECK_RESULT bool fl_host_get_item(struct fl_wire_frame *frame, struct fl_arena *arena,
                                      struct fl_item *out);
FL_CHECK_RESULT bool fl_host_get_report(struct fl_wire_frame *frame, struct fl_arena *arena,
                                        struct fl_report *out);
FL_CHECK_RESULT bool fl_host_get_inbound(struct fl_wire_frame *frame, struct fl_arena *arena,
                                         struct fl_inbound *out);
FL_CHECK_RESULT bool fl_host_get_parsed(struct fl_wire_frame *frame, struct fl_arena *arena,
                                        struct fl_feedback_parsed *out);
FL_CHECK_RESULT bool fl_host_get_receipt(struct fl_wire_frame *frame, struct fl_arena *arena,
                                         struct fl_receipt *out);
FL_CHECK_RESULT bool fl_host_get_faults(struct fl_wire_frame *frame, struct fl_faults *out);
FL_CHECK_RESULT bool fl_host_get_http_request(struct fl_wire_frame *frame, struct fl_arena *arena,
                                              struct fl_http_request *out);
FL_CHECK_RESULT bool fl_host_get_http_response(struct fl_wire_frame *frame, struct fl_arena *arena,
                                               struct fl_http_response *out);

#endif
