/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Long inbound messages that come in parts, where the gateway does not join them.
 *
 * Parts wait in the host's memory, which outlives the process, in a fixed number of slots; a group
 * of parts has its slot by its hash.  A group that finds its slot taken hands the other over as it
 * is: nothing is lost, at worst a customer's long message arrives in pieces.
 */
#include "sms_private.h"

#include <openssl/evp.h>
#include <string.h>

enum { SLOTS = 32, SLOT_BYTES = 4096, KEY_MAX = 24, HASH_SHOWN = 16, UDH_MAX = 140 };

static void hash_hex(char *out, size_t out_size, const char *text)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    EVP_Digest(text, strlen(text), hash, &len, EVP_sha256(), NULL);
    for (size_t i = 0; i < HASH_SHOWN && 2 * i + 3 <= out_size; i++)
        g_snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

bool sms_inbound_put(struct sms *self, const struct sms_piece *piece)
{
    const struct fl_services *services = self->services;
    char hash[2 * HASH_SHOWN + 1] = "", key[2 * HASH_SHOWN + 8];
    char *identity;
    struct fl_inbound inbound = {.size = sizeof inbound,
                                 .kind = FL_INBOUND_TEXT,
                                 .dedupe_key = key,
                                 .content_type = "text/plain; charset=utf-8",
                                 .data = piece->text,
                                 .data_len = strlen(piece->text),
                                 .from_address = piece->from,
                                 .to_address = piece->to,
                                 .received_us = piece->at_us,
                                 .is_authenticated = 1};

    /* The gateway's own number of the message, else everything that is known of it. */
    if (piece->id && *piece->id)
        identity = g_strdup_printf("id:%s", piece->id);
    else
        identity = g_strdup_printf("%s\n%s\n%" G_GINT64_FORMAT "\n%s", piece->from, piece->to,
                                   piece->at_us, piece->text);
    hash_hex(hash, sizeof hash, identity);
    g_free(identity);
    g_snprintf(key, sizeof key, "mo:%s", hash);
    return services->inbound(services->host, &inbound) == 0;
}

/* --- slots -------------------------------------------------------------------------------------*/

static void slot_key(char key[KEY_MAX], unsigned slot)
{
    g_snprintf(key, KEY_MAX, "join.%u", slot);
}

/* {"group", "from", "to", "parts", "at", "ids", "texts": {"1": ...}, "done"}; NULL: empty. */
static json_t *slot_load(const struct sms *self, unsigned slot)
{
    char key[KEY_MAX], data[SLOT_BYTES];
    long len;

    slot_key(key, slot);
    len = self->services->recall(self->services->host, key, data, sizeof data);
    if (len <= 0 || len > SLOT_BYTES)
        return NULL;
    return json_loadb(data, (size_t)len, 0, NULL);
}

static bool slot_save(const struct sms *self, unsigned slot, json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    size_t len = text ? strlen(text) : 0;
    char key[KEY_MAX];
    bool is_saved = len <= SLOT_BYTES;

    slot_key(key, slot);
    if (is_saved)
        is_saved = self->services->remember(self->services->host, key, text ? text : "", len) == 0;
    free(text);
    return is_saved;
}

static const char *member(json_t *slot, const char *name)
{
    const char *text = json_string_value(json_object_get(slot, name));

    return text ? text : "";
}

/* Hands over what is there, in order; what is missing is shown by an ellipsis. */
static bool slot_hand_over(struct sms *self, json_t *slot)
{
    json_int_t parts = json_integer_value(json_object_get(slot, "parts"));
    GString *text = g_string_new(NULL);
    struct sms_piece piece = {.from = member(slot, "from"),
                              .to = member(slot, "to"),
                              .id = member(slot, "ids"),
                              .at_us = json_integer_value(json_object_get(slot, "sent"))};
    bool is_taken;

    for (json_int_t i = 1; i <= parts && i <= SMS_PARTS_MAX; i++) {
        char number[8];
        const char *part;

        g_snprintf(number, sizeof number, "%d", (int)i);
        part = json_string_value(json_object_get(json_object_get(slot, "texts"), number));
        g_string_append(text, part ? part : "\xe2\x80\xa6");
    }
    piece.text = text->str;
    is_taken = sms_inbound_put(self, &piece);
    g_string_free(text, TRUE);
    return is_taken;
}

static json_t *slot_create(const struct sms *self, const struct sms_piece *piece, const char *group)
{
    char *ids = g_strdup_printf("%s/%s", group, piece->id ? piece->id : "");
    json_t *slot = json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:s, s:{}}", "group", group, "from",
                             piece->from, "to", piece->to, "parts", (int)piece->parts, "at",
                             (json_int_t)self->services->now_us(self->services->host), "sent",
                             (json_int_t)piece->at_us, "ids", ids, "texts");

    g_free(ids);
    return slot;
}

/* The slot after this part came; *out_is_taken: handed over or kept. */
static bool slot_add(struct sms *self, unsigned index, json_t *slot, const struct sms_piece *piece)
{
    json_t *texts = json_object_get(slot, "texts");
    char number[8];

    g_snprintf(number, sizeof number, "%u", piece->part);
    json_object_set_new(texts, number, json_string(piece->text));
    if (json_object_size(texts) == piece->parts) {
        if (!slot_hand_over(self, slot))
            return false;
        /* What stays behind knows a part that comes again. */
        json_object_set_new(slot, "done", json_true());
        json_object_clear(texts);
        return slot_save(self, index, slot);
    }
    self->may_hold_parts = true;
    if (slot_save(self, index, slot))
        return true;
    /* Too long to be kept: handed over as far as it is there. */
    return slot_hand_over(self, slot) && slot_save(self, index, NULL);
}

bool sms_join_part(struct sms *self, const struct sms_piece *piece)
{
    char group[2 * HASH_SHOWN + 1] = "";
    char *identity =
        g_strdup_printf("%s\n%s\n%u\n%u", piece->from, piece->to, piece->group, piece->parts);
    unsigned index;
    json_t *slot;
    int64_t age_us;
    bool is_taken = true;

    hash_hex(group, sizeof group, identity);
    g_free(identity);
    index = (unsigned)g_ascii_strtoull((char[]){group[0], group[1], '\0'}, NULL, 16) % SLOTS;
    slot = slot_load(self, index);
    age_us = self->services->now_us(self->services->host) -
             json_integer_value(json_object_get(slot, "at"));
    /* Group numbers begin anew after 256 messages: an old group of that number is another one. */
    if (slot && (strcmp(member(slot, "group"), group) != 0 || age_us > self->set.join_wait_us)) {
        if (!json_object_get(slot, "done"))
            is_taken = slot_hand_over(self, slot);
        json_decref(slot);
        slot = NULL;
    }
    if (!slot)
        slot = slot_create(self, piece, group);
    if (is_taken && slot && !json_object_get(slot, "done"))
        is_taken = slot_add(self, index, slot, piece);
    json_decref(slot);
    return is_taken;
}

bool sms_join_expire(struct sms *self)
{
    int64_t now_us = self->services->now_us(self->services->host);
    bool is_fine = true, is_waiting = false;

    for (unsigned i = 0; self->may_hold_parts && is_fine && i < SLOTS; i++) {
        json_t *slot = slot_load(self, i);
        json_int_t at = json_integer_value(json_object_get(slot, "at"));

        if (slot && !json_object_get(slot, "done")) {
            if (now_us - at > self->set.join_wait_us)
                is_fine = slot_hand_over(self, slot) && slot_save(self, i, NULL);
            else
                is_waiting = true;
        }
        json_decref(slot);
    }
    if (is_fine)
        self->may_hold_parts = is_waiting;
    return is_fine;
}

/* 3GPP TS 23.040, 9.2.3.24.1 and .8: element 00 has one byte of group, 08 has two. */
bool sms_join_udh(const char *hex, struct sms_piece *piece)
{
    unsigned char udh[UDH_MAX];
    size_t n = 0, i = 1;

    for (; n < sizeof udh && g_ascii_isxdigit(hex[0]) && g_ascii_isxdigit(hex[1]); hex += 2)
        udh[n++] =
            (unsigned char)(g_ascii_xdigit_value(hex[0]) * 16 + g_ascii_xdigit_value(hex[1]));
    if (n == 0 || (size_t)udh[0] + 1 > n)
        return false;
    n = (size_t)udh[0] + 1;
    while (i + 2 <= n && i + 2 + udh[i + 1] <= n) {
        const unsigned char *data = udh + i + 2;
        bool is_wide = udh[i] == 8 && udh[i + 1] == 4;

        if (is_wide || (udh[i] == 0 && udh[i + 1] == 3)) {
            piece->group = is_wide ? (unsigned)data[0] << 8 | data[1] : data[0];
            piece->parts = data[is_wide ? 2 : 1];
            piece->part = data[is_wide ? 3 : 2];
            return true;
        }
        i += 2u + udh[i + 1];
    }
    return false;
}
