#include "host/host_protocol.h"

#include <string.h>

#include "host/host_private.h"

const char *fl_host_clean_text(struct fl_arena *arena, const char *s, size_t max)
{
    size_t len = s ? strlen(s) : 0;
    char *copy;

    if (!len)
        return "";
    if (len <= max && fl_utf8_is_valid(s, len))
        return s;
    if (len > max)
        for (len = max; len && ((unsigned char)s[len] & 0xc0) == 0x80;)
            len--;
    copy = fl_arena_strndup(arena, s, len);
    if (!copy)
        return "";
    if (!fl_utf8_is_valid(copy, len))
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)copy[i] >= 0x80)
                copy[i] = '?';
    return copy;
}

const char *fl_host_get_text(struct fl_wire_frame *frame)
{
    const char *s = fl_wire_get_str(frame);

    if (s && !fl_utf8_is_valid(s, strlen(s)))
        frame->has_failed = true;
    return s ? s : "";
}

int fl_host_get_enum(struct fl_wire_frame *frame, uint32_t last)
{
    uint32_t v = fl_wire_get_u32(frame);

    if (v > last)
        frame->has_failed = true;
    return v > last ? 0 : (int)v;
}

size_t fl_host_get_count(struct fl_wire_frame *frame, size_t max)
{
    size_t n = fl_wire_get_u32(frame);

    if (n > max)
        frame->has_failed = true;
    return n > max ? 0 : n;
}

void *fl_host_get_array(struct fl_wire_frame *frame, struct fl_arena *arena, size_t n, size_t size)
{
    void *p = fl_arena_calloc(arena, n ? n : 1, size);

    if (!p)
        frame->has_failed = true;
    return p;
}

void fl_host_put_open(struct fl_wire_frame *frame, const struct fl_host_open *open)
{
    fl_wire_put_str(frame, open->channel);
    fl_wire_put_str(frame, open->plugin);
    fl_wire_put_str(frame, open->plugin_dir);
    fl_wire_put_str(frame, open->user);
    fl_wire_put_str(frame, open->file);
    fl_wire_put_i64(frame, open->line);
    fl_wire_put_u32(frame, (uint32_t)open->worker);
    fl_wire_put_bool(frame, open->collects);
    fl_wire_put_bool(frame, open->is_check_only);
    fl_wire_put_i64(frame, open->collect_interval_us);
    fl_wire_put_i64(frame, open->log_level);
    fl_wire_put_u32(frame, (uint32_t)open->n_settings);
    for (size_t i = 0; i < open->n_settings; i++) {
        const struct fl_conf_setting *s = &open->settings[i];

        fl_wire_put_str(frame, s->key);
        fl_wire_put_str(frame, s->text);
        fl_wire_put_str(frame, s->file);
        fl_wire_put_i64(frame, s->line);
    }
}

bool fl_host_get_open(struct fl_wire_frame *frame, struct fl_arena *arena, struct fl_host_open *out)
{
    struct fl_conf_setting *settings;

    out->channel = fl_host_get_text(frame);
    out->plugin = fl_host_get_text(frame);
    out->plugin_dir = fl_host_get_text(frame);
    out->user = fl_host_get_text(frame);
    out->file = fl_host_get_text(frame);
    out->line = (long)fl_wire_get_i64(frame);
    out->worker = (int)fl_wire_get_u32(frame);
    out->collects = fl_wire_get_bool(frame);
    out->is_check_only = fl_wire_get_bool(frame);
    out->collect_interval_us = fl_wire_get_i64(frame);
    out->log_level = fl_wire_get_i64(frame);
    out->n_settings = fl_host_get_count(frame, FL_HOST_SETTINGS_MAX);
    settings = fl_host_get_array(frame, arena, out->n_settings, sizeof *settings);
    for (size_t i = 0; settings && i < out->n_settings; i++) {
        settings[i].key = fl_host_get_text(frame);
        settings[i].text = fl_host_get_text(frame);
        settings[i].file = fl_host_get_text(frame);
        settings[i].line = (long)fl_wire_get_i64(frame);
    }
    out->settings = settings;
    return !frame->has_failed;
}

void fl_host_put_ready(struct fl_wire_frame *frame, const struct fl_host_ready *ready)
{
    fl_wire_put_str(frame, ready->plugin);
    fl_wire_put_str(frame, ready->version);
    fl_wire_put_str(frame, ready->medium);
    fl_wire_put_u32(frame, ready->capabilities);
    fl_wire_put_u32(frame, ready->batch_max);
    fl_wire_put_u32(frame, ready->call_timeout_s);
}

bool fl_host_get_ready(struct fl_wire_frame *frame, struct fl_arena *arena,
                       struct fl_host_ready *out)
{
    (void)arena;
    out->plugin = fl_host_get_text(frame);
    out->version = fl_host_get_text(frame);
    out->medium = fl_host_get_text(frame);
    out->capabilities = fl_wire_get_u32(frame);
    out->batch_max = fl_wire_get_u32(frame);
    out->call_timeout_s = fl_wire_get_u32(frame);
    return !frame->has_failed && out->batch_max > 0;
}

void fl_host_put_result(struct fl_wire_frame *frame, const struct fl_host_result *result)
{
    fl_wire_put_u32(frame, (uint32_t)result->call);
    fl_wire_put_u32(frame, (uint32_t)result->fault);
    fl_wire_put_str(frame, result->why);
}

bool fl_host_get_result(struct fl_wire_frame *frame, struct fl_arena *arena,
                        struct fl_host_result *out)
{
    out->call = (enum fl_call)fl_host_get_enum(frame, FL_CALL_UNSUPPORTED);
    out->fault = (enum fl_fault_class)fl_host_get_enum(frame, FL_FAULT_UNKNOWN);
    out->why = fl_host_clean_text(arena, fl_wire_get_str(frame), FL_HOST_TEXT_MAX);
    return !frame->has_failed;
}

/* The strings of an item in the order they travel. */
static const size_t item_texts[] = {
    offsetof(struct fl_item, to_address),
    offsetof(struct fl_item, to_name),
    offsetof(struct fl_item, language),
    offsetof(struct fl_item, subject),
    offsetof(struct fl_item, sender_name),
    offsetof(struct fl_item, token_return),
    offsetof(struct fl_item, token_reply),
    offsetof(struct fl_item, token_identity),
    offsetof(struct fl_item, token_unsubscribe),
    offsetof(struct fl_item, unsubscribe_url),
    offsetof(struct fl_item, campaign),
    offsetof(struct fl_item, in_reply_to),
    offsetof(struct fl_item, token_card),
    offsetof(struct fl_item, page_url),
    offsetof(struct fl_item, survey),
};
enum { N_ITEM_TEXTS = sizeof item_texts / sizeof item_texts[0] };

void fl_host_put_item(struct fl_wire_frame *frame, const struct fl_item *item)
{
    fl_wire_put_u32(frame, item->attempt);
    fl_wire_put_i64(frame, item->message_id);
    for (size_t i = 0; i < N_ITEM_TEXTS; i++)
        fl_wire_put_str(frame, *(const char *const *)((const char *)item + item_texts[i]));
    fl_wire_put_u32(frame, (uint32_t)item->n_parts);
    for (size_t i = 0; i < item->n_parts; i++) {
        fl_wire_put_str(frame, item->parts[i]->type);
        fl_wire_put_str(frame, item->parts[i]->name);
        fl_wire_put_bytes(frame, item->parts[i]->data, item->parts[i]->data_len);
    }
}

bool fl_host_get_item(struct fl_wire_frame *frame, struct fl_arena *arena, struct fl_item *out)
{
    const struct fl_part **parts;
    struct fl_part *part;

    *out = (struct fl_item){.size = sizeof *out};
    out->attempt = fl_wire_get_u32(frame);
    out->message_id = fl_wire_get_i64(frame);
    for (size_t i = 0; i < N_ITEM_TEXTS; i++)
        *(const char **)((char *)out + item_texts[i]) = fl_host_get_text(frame);
    out->n_parts = fl_host_get_count(frame, FL_HOST_ITEM_PARTS_MAX);
    parts = fl_host_get_array(frame, arena, out->n_parts, sizeof(struct fl_part *));
    part = fl_host_get_array(frame, arena, out->n_parts, sizeof *part);
    for (size_t i = 0; !frame->has_failed && i < out->n_parts; i++) {
        parts[i] = &part[i];
        part[i].size = sizeof *part;
        part[i].type = fl_host_get_text(frame);
        part[i].name = fl_wire_get_str(frame);
        part[i].data = fl_wire_get_bytes(frame, &part[i].data_len);
    }
    out->parts = parts;
    return !frame->has_failed;
}

void fl_host_put_report(struct fl_wire_frame *frame, const struct fl_report *report)
{
    fl_wire_put_u32(frame, report->item);
    fl_wire_put_u32(frame, (uint32_t)report->outcome);
    fl_wire_put_u32(frame, (uint32_t)report->fault);
    fl_wire_put_i64(frame, report->code);
    fl_wire_put_str(frame, report->status);
    fl_wire_put_str(frame, report->detail);
    fl_wire_put_str(frame, report->provider_ref);
    fl_wire_put_i64(frame, report->cost_micro);
    fl_wire_put_str(frame, report->currency);
    fl_wire_put_i64(frame, report->units);
    fl_wire_put_i64(frame, report->retry_after_us);
}

bool fl_host_get_report(struct fl_wire_frame *frame, struct fl_arena *arena, struct fl_report *out)
{
    *out = (struct fl_report){.size = sizeof *out};
    out->item = fl_wire_get_u32(frame);
    out->outcome = (enum fl_outcome)fl_host_get_enum(frame, FL_OUTCOME_UNCERTAIN);
    out->fault = (enum fl_fault_class)fl_host_get_enum(frame, FL_FAULT_UNKNOWN);
    out->code = (int32_t)fl_wire_get_i64(frame);
    out->status = fl_host_clean_text(arena, fl_wire_get_str(frame), FL_HOST_TEXT_MAX);
    out->detail = fl_host_clean_text(arena, fl_wire_get_str(frame), FL_HOST_TEXT_MAX);
    out->provider_ref = fl_host_clean_text(arena, fl_wire_get_str(frame), FL_HOST_TEXT_MAX);
    out->cost_micro = fl_wire_get_i64(frame);
    out->currency = fl_host_clean_text(arena, fl_wire_get_str(frame), 3);
    out->units = (int32_t)fl_wire_get_i64(frame);
    out->retry_after_us = fl_wire_get_i64(frame);
    return !frame->has_failed;
}

void fl_host_put_faults(struct fl_wire_frame *frame, const struct fl_faults *faults)
{
    size_t n = 0;

    /* The first ones are what a person reads; a frame has its bounds. */
    while (n < faults->n_items && n < FL_HOST_FAULTS_MAX)
        n++;
    fl_wire_put_u32(frame, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        fl_wire_put_str(frame, faults->items[i].file);
        fl_wire_put_i64(frame, faults->items[i].line);
        fl_wire_put_str(frame, faults->items[i].field);
        fl_wire_put_str(frame, faults->items[i].value);
        fl_wire_put_str(frame, faults->items[i].reason);
    }
}

bool fl_host_get_faults(struct fl_wire_frame *frame, struct fl_faults *out)
{
    size_t n = fl_host_get_count(frame, FL_HOST_FAULTS_MAX);

    for (size_t i = 0; i < n && !frame->has_failed; i++) {
        const char *file = fl_wire_get_str(frame);
        long line = (long)fl_wire_get_i64(frame);
        const char *field = fl_wire_get_str(frame);
        const char *value = fl_wire_get_str(frame);
        const char *reason = fl_wire_get_str(frame);

        if (!frame->has_failed && reason)
            fl_faults_add(out, file, line, field, value, "%s", reason);
    }
    return !frame->has_failed;
}
