/* A campaign back as text: what is stored, compared and parsed again when it is planned. */
#include "campaign/campaign_private.h"

enum { DEFINITION_MAX = FL_CAMPAIGN_FILE_MAX };

static void put(struct fl_buf *out, const char *indent, const char *key, const char *text)
{
    fl_buf_printf(out, "%s%s = ", indent, key);
    fl_conf_put_quoted(out, text);
    fl_buf_putc(out, '\n');
}

static void open_section(struct fl_buf *out, const char *indent, const char *kind,
                         const char *title)
{
    fl_buf_printf(out, "%s%s ", indent, kind);
    fl_conf_put_quoted(out, title);
    fl_buf_puts(out, " {\n");
}

static void put_offset(struct fl_buf *out, const char *key, struct fl_offset offset)
{
    fl_buf_printf(out, "        %s = \"%d%c\"\n", key, offset.n, offset.unit);
}

static void put_audience(struct fl_buf *out, const struct fl_campaign *campaign)
{
    if (!campaign->attribute_names[0] && !campaign->worth)
        return;
    fl_buf_puts(out, "    audience {\n");
    if (campaign->worth)
        campaign_put_worth(out, campaign->worth);
    for (size_t i = 0; campaign->attribute_names[i]; i++) {
        open_section(out, "        ", "attribute", campaign->attribute_names[i]);
        put(out, "            ", "equals", campaign->attribute_values[i]);
        fl_buf_puts(out, "        }\n");
    }
    fl_buf_puts(out, "    }\n");
}

static void put_stage(struct fl_buf *out, struct fl_arena *arena, const struct fl_stage *stage)
{
    open_section(out, "    ", "stage", stage->name);
    if (stage->anchor) {
        put(out, "        ", "anchor", stage->anchor);
        put_offset(out, "from", stage->from);
        put_offset(out, "to", stage->to);
    } else {
        campaign_put_change(out, arena, stage);
    }
    put(out, "        ", "content", stage->content);
    fl_buf_puts(out, "    }\n");
}

const char *fl_campaign_definition(struct fl_arena *arena, const struct fl_campaign *campaign,
                                   const char *at)
{
    struct fl_buf out = FL_BUF(DEFINITION_MAX);
    const char *text = NULL;

    open_section(&out, "", "campaign", campaign->name);
    put(&out, "    ", "purpose", campaign->purpose);
    put(&out, "    ", "channel", campaign->channel);
    if (campaign->content)
        put(&out, "    ", "content", campaign->content);
    if (campaign->hold_out_permille)
        fl_buf_printf(&out, "    hold_out = \"%g%%\"\n", campaign->hold_out_permille / 10.0);
    put_audience(&out, campaign);
    if (at) {
        fl_buf_puts(&out, "    schedule {\n");
        put(&out, "        ", "at", at);
        fl_buf_puts(&out, "    }\n");
    }
    for (size_t i = 0; i < campaign->n_stages; i++)
        put_stage(&out, arena, &campaign->stages[i]);
    fl_buf_puts(&out, "}\n");
    if (!fl_buf_failed(&out))
        text = fl_arena_strndup(arena, out.data, out.len);
    fl_buf_finish(&out);
    return text;
}
