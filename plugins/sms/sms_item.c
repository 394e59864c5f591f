/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An item prepared, or refused before anything leaves. */
#include "sms_private.h"

#include <string.h>

void sms_prepared_finish(struct sms_prepared *prepared)
{
    g_free(prepared->text);
    g_free(prepared->to);
    *prepared = (struct sms_prepared){.text = NULL};
}

static const struct fl_part *text_part(const struct fl_item *item)
{
    for (size_t i = 0; i < item->n_parts; i++) {
        if (!item->parts[i]->name && g_str_has_prefix(item->parts[i]->type, "text/plain"))
            return item->parts[i];
    }
    return NULL;
}

static bool sender_choose(const struct sms_settings *set, const struct fl_item *item,
                          struct sms_prepared *out, struct sms_result *refusal)
{
    const char *sender = item->sender_name ? item->sender_name : "";

    out->from = *sender ? sender : set->sender;
    if (!*sender || sms_sender_is_registered(set, sender))
        return true;
    sms_result_set(refusal, FL_OUTCOME_FAILED, FL_FAULT_POLICY,
                   "the sender \"%.80s\" is not registered, expected one of: %.200s%s%.200s",
                   sender, set->sender, *set->sender && *set->senders ? "," : "", set->senders);
    return false;
}

static bool text_is_fine(const struct sms_settings *set, const struct sms_prepared *prepared,
                         struct sms_result *refusal)
{
    const struct sms_measure *measure = &prepared->measure;
    char unfit[8] = "";

    if (measure->unfit) {
        unfit[g_unichar_to_utf8(measure->unfit, unfit)] = '\0';
        sms_result_set(refusal, FL_OUTCOME_FAILED, FL_FAULT_CONTENT,
                       "the text has \"%s\" (U+%04X), which the alphabet %s does not have", unfit,
                       measure->unfit, sms_alphabet_name(measure->alphabet));
        return false;
    }
    if (measure->is_long && measure->units > SMS_EUCKR_LONG) {
        sms_result_set(refusal, FL_OUTCOME_FAILED, FL_FAULT_CONTENT,
                       "the text has %zu bytes in EUC-KR, at most %d fit", measure->units,
                       SMS_EUCKR_LONG);
        return false;
    }
    if (measure->parts > (size_t)set->max_parts) {
        sms_result_set(refusal, FL_OUTCOME_FAILED, FL_FAULT_CONTENT,
                       "the text takes %zu parts, max_parts is %d", measure->parts,
                       (int)set->max_parts);
        return false;
    }
    return true;
}

bool sms_item_prepare(const struct sms_settings *set, const struct fl_item *item,
                      struct sms_prepared *out, struct sms_result *refusal)
{
    const struct fl_part *part = text_part(item);

    *out = (struct sms_prepared){.text = NULL};
    if (part && part->data_len <= SMS_TEXT_MAX)
        out->text = g_strchomp(sms_text_clean(part->data, part->data_len));
    out->to = sms_number_write(item->to_address, set->number_format, set->country_code);
    if (!out->to)
        sms_result_set(refusal, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS,
                       "\"%.60s\" is no number, expected one such as +821012345678",
                       item->to_address);
    else if (!out->text || !*out->text)
        sms_result_set(refusal, FL_OUTCOME_FAILED, FL_FAULT_CONTENT,
                       part && part->data_len > SMS_TEXT_MAX ? "the text is longer than 64 KiB"
                                                             : "the message has no text");
    else {
        sms_text_measure(out->text, set->charset, set->is_split, &out->measure);
        if (sender_choose(set, item, out, refusal) && text_is_fine(set, out, refusal))
            return true;
    }
    sms_prepared_finish(out);
    return false;
}
