/* What hosts hand inward: collected over a turn of the loop and stored in one transaction, so that
 * a commit serves all of them.  A piece that cannot be stored costs its own host alone. */
#include <string.h>

#include "daemon/daemon_core_private.h"
#include "feedback/feedback.h"

static struct fl_core_piece *piece_add(struct fl_core *core, struct fl_wire_frame *frame)
{
    struct fl_core_piece *piece;

    if (core->n_pieces == FL_CORE_PIECES_MAX)
        fl_core_settle(core);
    piece = &core->pieces[core->n_pieces++];
    *piece = (struct fl_core_piece){.frame = *frame};
    fl_wire_init(frame);
    return piece;
}

void fl_core_piece_add(struct fl_core_host *host, struct fl_wire_frame *frame)
{
    piece_add(host->core, frame)->host = host;
    host->n_unsettled++;
    host->n_pieces++;
    fl_core_poke(host->core);
}

/* A page is no reason to look for messages that are due. */
void fl_core_front_piece_add(struct fl_core *core, struct fl_core_front *front,
                             struct fl_wire_frame *frame)
{
    piece_add(core, frame)->front = front;
    if (!fl_loop_is_armed(core->settle))
        fl_loop_arm(core->settle, 0);
}

bool fl_core_read_inbound(struct fl_core *core, struct fl_wire_frame *frame, struct fl_inbound *out,
                          struct fl_feedback_parsed *out_parsed)
{
    struct fl_wire_frame found;

    fl_wire_init_nested(&found); /* only reads from inside `frame`: owns nothing */
    if (!fl_host_get_inbound(frame, core->piece_arena, out))
        return false;
    fl_wire_get_nested(frame, &found);
    return fl_host_get_parsed(&found, core->piece_arena, out_parsed) && fl_wire_end(&found) &&
           fl_wire_end(frame);
}

static enum fl_status store_inbound(struct fl_core *core, struct fl_core_host *host,
                                    const struct fl_feedback_context *context, int64_t channel,
                                    struct fl_wire_frame *frame, struct fl_error *err)
{
    struct fl_feedback_parsed parsed;
    struct fl_inbound inbound;
    int64_t id;

    if (!fl_core_read_inbound(core, frame, &inbound, &parsed))
        return fl_error_set(err, FL_INVALID, "the piece is malformed");
    return fl_feedback_accept(context, channel, host->medium, &parsed, &inbound, &id, err);
}

static enum fl_status store_receipt(struct fl_core *core, struct fl_core_host *host,
                                    const struct fl_feedback_context *context, int64_t channel,
                                    struct fl_wire_frame *frame, struct fl_error *err)
{
    struct fl_receipt receipt;

    if (!fl_host_get_receipt(frame, core->piece_arena, &receipt) || !fl_wire_end(frame))
        return fl_error_set(err, FL_INVALID, "the receipt is malformed");
    return fl_feedback_receipt(context, channel, host->medium, &receipt, err);
}

static enum fl_status store_memory(struct fl_core *core, struct fl_core_host *host,
                                   struct fl_wire_frame *frame, struct fl_error *err)
{
    const char *key = fl_wire_get_str(frame);
    size_t len;
    const void *value = fl_wire_get_bytes(frame, &len);

    if (!fl_wire_end(frame) || !key)
        return fl_error_set(err, FL_INVALID, "the value to remember is malformed");
    return fl_store_memory_set(core->store, host->channel, key, value, len, err);
}

static enum fl_status store_piece(struct fl_core *core, struct fl_core_piece *piece,
                                  struct fl_error *err)
{
    const struct fl_feedback_context context = {
        .store = core->store,
        .keys = core->keys,
        .clock = fl_clock_system,
        .log = &core->log,
        .country = core->conf ? core->conf->country : NULL,
    };
    struct fl_wire_frame *frame = &piece->frame;
    struct fl_core_host *host = piece->host;
    int64_t channel;
    enum fl_status st;

    fl_arena_reset(core->piece_arena);
    frame->pos = 0; /* it is read again when the others of its turn failed */
    frame->next_fd = 0;
    frame->has_failed = false;
    if (piece->front)
        return fl_core_front_piece(piece, err);
    if (frame->type == FL_HOST_REMEMBER)
        return store_memory(core, host, frame, err);
    st = fl_store_channel_id(core->store, host->channel, host->medium, &channel, err);
    if (st)
        return st;
    if (frame->type == FL_HOST_RECEIPT)
        return store_receipt(core, host, &context, channel, frame, err);
    return store_inbound(core, host, &context, channel, frame, err);
}

/* Stores pieces [from, to) in one transaction. */
static enum fl_status store_range(struct fl_core *core, size_t from, size_t to,
                                  struct fl_error *err)
{
    enum fl_status st = fl_store_begin(core->store, err);

    for (size_t i = from; !st && i < to; i++)
        st = store_piece(core, &core->pieces[i], err);
    if (!st)
        st = fl_store_commit(core->store, err);
    if (st)
        fl_store_rollback(core->store);
    return st;
}

static void unmap(struct fl_wire_frame *frame)
{
    /* A second reading maps bodies anew; the count of maps is bounded by that of descriptors. */
    struct fl_wire_frame copy = *frame;

    copy.n_fds = 0;
    fl_buf_init(&copy.bytes, 0);
    fl_wire_finish(&copy);
    frame->n_maps = 0;
}

static void store_one_by_one(struct fl_core *core)
{
    for (size_t i = 0; i < core->n_pieces; i++) {
        struct fl_core_host *host = core->pieces[i].host;
        struct fl_error err;
        enum fl_status st;

        unmap(&core->pieces[i].frame);
        st = store_range(core, i, i + 1, &err);
        if (!st)
            continue;
        if (!host) {
            core->pieces[i].status = st;
            FL_LOG(&core->log, FL_LOG_ERROR, "a page could not be served or a form not be stored",
                   FL_KV_STR("reason", err.text));
            continue;
        }
        host->has_lost_piece = true;
        FL_LOG(&core->log, FL_LOG_ERROR,
               "a piece could not be stored: its source is not acknowledged and gives it again",
               FL_KV_STR("channel", host->channel), FL_KV_STR("reason", err.text));
    }
}

static void answer_commits(struct fl_core *core)
{
    for (struct fl_core_host *h = core->hosts; h; h = h->next) {
        struct fl_error err;

        if (!h->wants_commit)
            continue;
        fl_wire_start(&core->out, FL_HOST_COMMITTED, 0);
        fl_wire_put_bool(&core->out, !h->has_lost_piece);
        h->wants_commit = false;
        h->has_lost_piece = false;
        if (h->link && fl_link_send(h->link, &core->out, &err))
            FL_LOG(&core->log, FL_LOG_DEBUG, "a host did not wait for its commit",
                   FL_KV_STR("channel", h->channel), FL_KV_STR("reason", err.text));
    }
}

void fl_core_settle(struct fl_core *core)
{
    struct fl_error err;

    if (core->n_pieces && store_range(core, 0, core->n_pieces, &err))
        store_one_by_one(core);
    for (size_t i = 0; i < core->n_pieces; i++) {
        if (core->pieces[i].front)
            fl_core_front_settled(&core->pieces[i]);
        fl_wire_finish(&core->pieces[i].frame);
    }
    for (struct fl_core_host *h = core->hosts; h; h = h->next)
        h->n_unsettled = 0;
    core->n_pieces = 0;
    answer_commits(core);
}

bool fl_core_recall(struct fl_core_host *host, struct fl_wire_frame *frame)
{
    struct fl_core *core = host->core;
    const char *key = fl_wire_get_str(frame);
    struct fl_error err;
    void *value = NULL;
    size_t len = 0;
    enum fl_status st;

    if (!fl_wire_end(frame) || !key)
        return false;
    fl_core_settle(core); /* what it has just remembered */
    fl_arena_reset(core->piece_arena);
    st =
        fl_store_memory_get(core->store, core->piece_arena, host->channel, key, &value, &len, &err);
    if (st && st != FL_NOT_FOUND)
        FL_LOG(&core->log, FL_LOG_WARN, "a plugin's memory could not be read",
               FL_KV_STR("channel", host->channel), FL_KV_STR("reason", err.text));
    fl_wire_start(&core->out, FL_HOST_MEMORY, 0);
    fl_wire_put_bool(&core->out, !st);
    fl_wire_put_bytes(&core->out, value, len);
    return fl_link_send(host->link, &core->out, &err) == FL_OK;
}
