/* `demo reply`: customers of the sample company answer the mails they got.
 *
 * It reads the mails from the outbound Maildirs, as the customers would, and drops the answers into
 * the inbound one.  What was answered is noted, so that the next call takes other customers. */
#include <glob.h>
#include <gmime/gmime.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/str.h"
#include "feedback/feedback.h"
#include "ops/ops_private.h"
#include "people/sample.h"

enum { REPLIES = 40, REPLIES_MAX = 100000, NOTED_MAX = 64 << 20, MAIL_MODE = 0640, SEED_BYTES = 8 };

struct replying {
    struct fl_ops_call *call;
    struct fl_arena *arena; /* of one mail */
    const char *in, *noted_path;
    char *noted; /* names of the mails that were answered, one a line */
    struct fl_buf newly;
    int64_t kinds[FL_SAMPLE_KINDS];
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool is_noted(const struct replying *replying, const char *name)
{
    const char *found = replying->noted ? strstr(replying->noted, name) : NULL;

    return found && (found == replying->noted || found[-1] == '\n');
}

/* The first mailbox of a header field, as the customer's mail program shows it; "" for none. */
static void mailbox(struct fl_arena *arena, GMimeMessage *mail, const char *field,
                    const char **out_address, const char **out_name)
{
    const char *value = mail ? g_mime_object_get_header(GMIME_OBJECT(mail), field) : NULL;
    InternetAddressList *list = value ? internet_address_list_parse(NULL, value) : NULL;
    InternetAddress *first = list && internet_address_list_length(list)
                                 ? internet_address_list_get_address(list, 0)
                                 : NULL;
    const char *address = NULL, *name = NULL;

    if (first && INTERNET_ADDRESS_IS_MAILBOX(first)) {
        address = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(first));
        name = internet_address_get_name(first);
    }
    *out_address = fl_arena_strdup(arena, address ? address : "");
    *out_name = fl_arena_strdup(arena, name ? name : "");
    g_clear_object(&list);
}

/* NULL: it is no mail. */
static GMimeMessage *mail_open(const char *data, size_t len)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(data, len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *mail = g_mime_parser_construct_message(parser, NULL);

    g_object_unref(parser);
    g_object_unref(stream);
    return mail;
}

/* Does the text hold Hangul syllables (U+AC00..U+D7A3)? */
static bool is_korean(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p >= 0xea && *p <= 0xed && (p[1] & 0xc0) == 0x80)
            return true;
    return false;
}

static enum fl_status original_of(struct replying *replying, const char *path,
                                  struct fl_sample_original *out, struct fl_error *err)
{
    struct fl_arena *arena = replying->arena;
    struct fl_inbound inbound = {
        .size = sizeof inbound, .kind = FL_INBOUND_MAIL, .dedupe_key = base_name(path)};
    struct fl_feedback_parsed parsed;
    const char *to, *to_name, *from, *from_name, *reply_to, *return_path, *none;
    GMimeMessage *mail;
    char *data;
    enum fl_status st;

    st = fl_file_read(arena, path, FL_FEEDBACK_RAW_MAX, &data, &inbound.data_len, err);
    if (st)
        return st;
    inbound.data = data;
    st = fl_feedback_parse(arena, &inbound, &parsed, err);
    if (st)
        return st;
    mail = mail_open(data, inbound.data_len);
    mailbox(arena, mail, "To", &to, &to_name);
    mailbox(arena, mail, "From", &from, &from_name);
    mailbox(arena, mail, "Reply-To", &reply_to, &none);
    mailbox(arena, mail, "Return-Path", &return_path, &none);
    g_clear_object(&mail);
    *out = (struct fl_sample_original){
        .language = is_korean(parsed.subject) ? "ko" : "en",
        .customer = to,
        .customer_name = "",
        .from = parsed.from_address,
        .from_name = from_name,
        .reply_to = reply_to,
        .return_path = return_path && *return_path ? return_path : NULL,
        .subject = parsed.subject,
        .message_id = parsed.message_id,
        .text = parsed.text,
        .now_us = fl_clock_now(&replying->call->context->clock),
    };
    return FL_OK;
}

/* tmp/ to new/, as everything that delivers into a Maildir does. */
static enum fl_status drop(struct replying *replying, const char *name,
                           const struct fl_sample_mail *mail, struct fl_error *err)
{
    const char *path =
        fl_arena_printf(replying->arena, "%s/new/%" PRId64 ".%s.demo", replying->in,
                        fl_clock_now(&replying->call->context->clock) / FL_US_PER_S, name);
    const char *tmp = fl_arena_printf(replying->arena, "%s/tmp/%s.demo", replying->in, name);
    enum fl_status st;

    if (!path || !tmp)
        return fl_error_set(err, FL_IO, "no memory for an answer");
    st = fl_file_write(tmp, mail->data, mail->len, MAIL_MODE, err);
    if (!st && rename(tmp, path) != 0)
        st = fl_error_set(err, FL_IO, "cannot move \"%s\" to new: %m", tmp);
    return st;
}

static enum fl_status reply_to(struct replying *replying, const char *path, struct fl_error *err)
{
    unsigned char digest[FL_SHA256_SIZE];
    char hex[FL_SHA256_HEX_SIZE];
    struct fl_sample_original original;
    struct fl_sample_mail mail;
    const char *name = base_name(path);
    uint64_t seed;
    enum fl_status st;

    fl_arena_reset(replying->arena);
    st = original_of(replying, path, &original, err);
    if (st)
        return fl_error_prefix(err, st, "%s", path);
    fl_sha256(original.message_id, strlen(original.message_id), digest);
    fl_sha256_hex(original.message_id, strlen(original.message_id), hex);
    memcpy(&seed, digest, SEED_BYTES);
    st = fl_people_sample_reply(replying->arena, seed, &original, &mail, err);
    if (!st)
        st = drop(replying, hex, &mail, err);
    if (st)
        return fl_error_prefix(err, st, "%s", path);
    replying->kinds[mail.kind]++;
    fl_buf_printf(&replying->newly, "%s\n", name);
    return FL_OK;
}

/* Mails that nobody answered yet, all over the Maildirs: one Maildir for each customer. */
static enum fl_status reply_some(struct replying *replying, const glob_t *found, int64_t count,
                                 struct fl_error *err)
{
    size_t *open = calloc(found->gl_pathc + 1, sizeof *open);
    size_t n = 0, stride;
    enum fl_status st = FL_OK;

    if (!open)
        return fl_error_set(err, FL_IO, "no memory for the mails");
    for (size_t i = 0; i < found->gl_pathc; i++)
        if (!is_noted(replying, base_name(found->gl_pathv[i])))
            open[n++] = i;
    if ((size_t)count > n)
        count = (int64_t)n;
    stride = count ? n / (size_t)count : 1;
    for (int64_t i = 0; !st && i < count; i++)
        st = reply_to(replying, found->gl_pathv[open[(size_t)i * stride]], err);
    free(open);
    return st;
}

static enum fl_status note_replies(struct replying *replying, struct fl_error *err)
{
    FL_AUTO_BUF struct fl_buf all = FL_BUF(NOTED_MAX);

    fl_buf_puts(&all, replying->noted ? replying->noted : "");
    fl_buf_puts(&all, replying->newly.data);
    if (fl_buf_failed(&all) || fl_buf_failed(&replying->newly))
        return fl_error_set(err, FL_LIMIT, "too many answers in \"%s\"", replying->noted_path);
    return fl_file_write(replying->noted_path, all.data, all.len, MAIL_MODE, err);
}

static void emit(struct replying *replying)
{
    for (int kind = 0; kind < FL_SAMPLE_KINDS; kind++) {
        json_t *row;

        if (!replying->kinds[kind])
            continue;
        row = json_object();
        fl_ops_put_str(row, "step", "reply");
        fl_ops_put_str(row, "result", fl_sample_kind_name((enum fl_sample_kind)kind));
        fl_ops_put_int(row, "count", replying->kinds[kind]);
        fl_ops_row_emit(replying->call->sink, row);
    }
}

static enum fl_status find_mails(struct fl_ops_call *call, const char *out_dir, glob_t *found)
{
    const char *each = fl_arena_printf(call->args->arena, "%s/*/new/*", out_dir);
    const char *one = fl_arena_printf(call->args->arena, "%s/new/*", out_dir);

    if (!each || !one)
        return fl_error_set(call->err, FL_IO, "no memory for the mails");
    (void)glob(each, 0, NULL, found);
    (void)glob(one, GLOB_APPEND, NULL, found);
    if (found->gl_pathc == 0)
        return fl_error_set(call->err, FL_NOT_FOUND,
                            "no mails in \"%s\"; let fairlined send them first", out_dir);
    return FL_OK;
}

FL_OPS_RUN(fl_ops_demo_reply_run)
{
    struct fl_ops_call call = {context, args, sink, err};
    int64_t count = fl_ops_int(args, "count", REPLIES);
    const char *out_dir = fl_ops_demo_maildir(context->conf, false);
    struct replying replying = {
        .call = &call,
        .in = fl_ops_demo_maildir(context->conf, true),
        .noted_path = fl_arena_printf(args->arena, "%s/demo-answered", context->conf->data_dir),
        .newly = FL_BUF(NOTED_MAX),
    };
    glob_t found = {0};
    size_t len;
    enum fl_status st;

    if (!out_dir || !replying.in || !replying.noted_path)
        return fl_error_set(err, FL_NOT_FOUND, "there is no sample company in \"%s\"",
                            context->conf->data_dir);
    if (count < 1 || count > REPLIES_MAX)
        return fl_error_set(err, FL_INVALID, "--count %" PRId64 ": expected 1 to %d", count,
                            REPLIES_MAX);
    if (access(replying.noted_path, F_OK) == 0) {
        st = fl_file_read(args->arena, replying.noted_path, NOTED_MAX, &replying.noted, &len, err);
        if (st)
            return st;
    }
    replying.arena = fl_arena_create(FL_ARENA_DEFAULT_MAX);
    if (!replying.arena)
        return fl_error_set(err, FL_IO, "no memory for the answers");
    st = find_mails(&call, out_dir, &found);
    if (!st)
        st = reply_some(&replying, &found, count, err);
    if (!st)
        st = note_replies(&replying, err);
    if (!st)
        emit(&replying);
    globfree(&found);
    fl_buf_finish(&replying.newly);
    fl_arena_destroy(&replying.arena);
    return st;
}
