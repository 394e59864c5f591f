/* What a host that was taken over could send to core: the first byte chooses what is read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "host/host_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_MAX = 4 << 20 };

static const uint8_t header[FL_WIRE_HEADER_SIZE] = {0x31, 0x4c, 0x57, 0x46, 12};

/* Core stores these: they must be text. */
static void must_be_text(const char *s)
{
    if (!s || !fl_utf8_is_valid(s, strlen(s)))
        abort();
}

static void read_reports(struct fl_wire_frame *frame, struct fl_arena *arena, unsigned choice)
{
    struct fl_report report;
    struct fl_receipt receipt;

    if (choice == 0 && fl_host_get_report(frame, arena, &report)) {
        must_be_text(report.detail);
        must_be_text(report.provider_ref);
        if ((unsigned)report.outcome > FL_OUTCOME_UNCERTAIN ||
            (unsigned)report.fault > FL_FAULT_UNKNOWN)
            abort();
    }
    if (choice == 1 && fl_host_get_receipt(frame, arena, &receipt))
        must_be_text(receipt.dedupe_key);
}

static void read_pieces(struct fl_wire_frame *frame, struct fl_arena *arena, unsigned choice)
{
    struct fl_feedback_parsed parsed;
    struct fl_inbound inbound;

    if (choice == 2 && fl_host_get_inbound(frame, arena, &inbound))
        must_be_text(inbound.to_address);
    if (choice == 3 && fl_host_get_parsed(frame, arena, &parsed)) {
        must_be_text(parsed.text);
        for (size_t i = 0; i < parsed.n_tokens; i++)
            must_be_text(parsed.tokens[i]);
        for (size_t i = 0; i < parsed.n_recipients; i++)
            must_be_text(parsed.recipients[i].diagnostic);
    }
}

static void read_rest(struct fl_wire_frame *frame, struct fl_arena *arena, unsigned choice)
{
    struct fl_http_response response;
    struct fl_http_request request;
    struct fl_host_result result;
    struct fl_host_ready ready;
    struct fl_faults faults;
    struct fl_item item;

    fl_faults_init(&faults, arena);
    if (choice == 4 && fl_host_get_result(frame, arena, &result))
        must_be_text(result.why);
    else if (choice == 5)
        (void)!fl_host_get_ready(frame, arena, &ready);
    else if (choice == 6)
        (void)!fl_host_get_faults(frame, &faults);
    else if (choice == 7)
        (void)!fl_host_get_item(frame, arena, &item);
    else if (choice == 8)
        (void)!fl_host_get_http_request(frame, arena, &request);
    else if (choice == 9)
        (void)!fl_host_get_http_response(frame, arena, &response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_arena *arena = fl_arena_create(ARENA_MAX);
    struct fl_buf raw = FL_BUF(FL_WIRE_FRAME_MAX);
    struct fl_wire_frame frame;

    fl_wire_init(&frame);
    if (!arena)
        abort();
    if (size) {
        fl_buf_add(&raw, header, sizeof header);
        fl_buf_add(&raw, data + 1, size - 1);
        if (!fl_buf_failed(&raw) && fl_wire_parse(raw.data, raw.len, &frame, NULL) == FL_OK) {
            read_reports(&frame, arena, data[0] % 10);
            read_pieces(&frame, arena, data[0] % 10);
            read_rest(&frame, arena, data[0] % 10);
            (void)!fl_wire_end(&frame);
        }
    }
    fl_buf_finish(&raw);
    fl_wire_finish(&frame);
    fl_arena_destroy(&arena);
    return 0;
}
