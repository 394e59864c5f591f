#include "content/content_private.h"

#include <string.h>
#include <strings.h>

/* Words the footer needs by itself. */
static const struct words {
    const char *language;
    const char *unsubscribe;
    const char *contact;
} words[] = {
    {"en", "Unsubscribe", "Contact"},   {"ko", "수신거부", "문의"},
    {"ja", "配信停止", "お問い合わせ"}, {"de", "Abmelden", "Kontakt"},
    {"fr", "Se désabonner", "Contact"}, {"es", "Darse de baja", "Contacto"},
};

static const struct words *words_of(const char *language)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i].language);

        if (!strncmp(language, words[i].language, n) && (!language[n] || language[n] == '-'))
            return &words[i];
    }
    return &words[0];
}

/* `text` in the form authors write, to the inner form. */
static void put(struct fl_buf *out, const char *text)
{
    fl_content_tags_convert(text, strlen(text), out);
}

#define FONTS                                                                                      \
    "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Apple SD Gothic Neo','Malgun Gothic',"    \
    "'Noto Sans KR',Helvetica,Arial,sans-serif"

static const char head[] =
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"x-apple-disable-message-reformatting\">\n"
    "<meta name=\"format-detection\" content=\"telephone=no, date=no, address=no, email=no\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta name=\"supported-color-schemes\" content=\"light dark\">\n"
    "<style>\n"
    ":root{color-scheme:light dark;supported-color-schemes:light dark}\n"
    "body{margin:0;padding:0;width:100%}.fl-body blockquote p{margin:0!important}\n"
    "@media (max-width:619px){.fl-page{padding:0!important}.fl-card{border-radius:0!important;"
    "border-left:0!important;border-right:0!important}.fl-body{padding:28px 20px 12px!important}"
    ".fl-foot{padding:20px 20px 28px!important}}\n"
    "@media (prefers-color-scheme:dark){.fl-page{background:#0f141b!important}"
    ".fl-card{background:#1a212b!important;border-color:#2c3644!important}"
    ".fl-body{color:#e6eaf0!important}.fl-body a{color:#8ab4ff!important}"
    ".fl-body blockquote{color:#aab6c5!important;border-color:#64748b!important}"
    ".fl-body pre{background:#111820!important}.fl-body th,.fl-body td,.fl-body hr"
    "{border-color:#39475a!important}.fl-body .fl-button{background:#2f6bff!important;"
    "border-color:transparent!important}.fl-body .fl-button a{color:#ffffff!important}"
    ".fl-foot,.fl-foot a{color:#9aa7b8!important}}\n"
    "</style>\n";

static const char page_open[] =
    "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
    "class=\"fl-page\" bgcolor=\"#eef1f6\" style=\"background:#eef1f6;padding:28px 12px\">\n"
    "<tr><td align=\"center\">\n"
    "<!--[if mso]><table role=\"presentation\" width=\"600\" cellpadding=\"0\" cellspacing=\"0\">"
    "<tr><td><![endif]-->\n"
    "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
    "class=\"fl-card\" bgcolor=\"#ffffff\" style=\"max-width:600px;background:#ffffff;"
    "border:1px solid #dfe4ec;border-radius:12px;border-collapse:separate\">\n"
    "<tr><td class=\"fl-body\" style=\"padding:40px 40px 20px;text-align:left;color:#1f2733;"
    "font-family:" FONTS ";font-size:16px;line-height:1.65;word-break:keep-all;"
    "overflow-wrap:anywhere\">\n";

static const char page_close[] = "</td></tr>\n"
                                 "</table>\n";

static const char mso_close[] = "<!--[if mso]></td></tr></table><![endif]-->\n"
                                "</td></tr>\n"
                                "</table>\n";

static void footer_html(const struct fl_content_frame *frame, struct fl_buf *out)
{
    const struct words *w = words_of(frame->language);

    put(out, "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" "
             "border=\"0\" style=\"max-width:600px\">\n"
             "<tr><td class=\"fl-foot\" align=\"center\" style=\"padding:20px 24px 12px;"
             "text-align:center;color:#566274;font-family:" FONTS ";font-size:13px;"
             "line-height:1.7;word-break:keep-all;overflow-wrap:anywhere\">\n"
             "{{#organisation}}\n<strong>{{organisation}}</strong><br>\n{{/organisation}}\n"
             "{{#postal_address}}\n<span style=\"white-space:pre-line\">{{postal_address}}</span>"
             "<br>\n{{/postal_address}}\n");
    put(out, "{{#contact}}\n");
    fl_buf_puts(out, w->contact);
    put(out, ": {{contact}}<br>\n{{/contact}}\n"
             "{{#unsubscribe_url}}\n<a href=\"{{unsubscribe_url}}\" style=\"color:#566274;"
             "text-decoration:underline;display:inline-block;padding:8px 4px\">");
    fl_buf_puts(out, w->unsubscribe);
    put(out, "</a>\n{{/unsubscribe_url}}\n</td></tr>\n</table>\n");
}

void fl_content_footer_text(const struct fl_content_frame *frame, struct fl_buf *out)
{
    const struct words *w = words_of(frame->language);

    put(out, "\n-- \n"
             "{{#organisation}}\n{{organisation}}\n{{/organisation}}\n"
             "{{#postal_address}}\n{{postal_address}}\n{{/postal_address}}\n"
             "{{#contact}}\n");
    fl_buf_puts(out, w->contact);
    put(out, ": {{contact}}\n{{/contact}}\n"
             "{{#unsubscribe_url}}\n");
    fl_buf_puts(out, w->unsubscribe);
    put(out, ": {{unsubscribe_url}}\n{{/unsubscribe_url}}\n");
}

/* Shown in the list of mails behind the subject; what follows keeps the body out of there. */
static void preheader_put(const struct fl_content_field *preheader, struct fl_buf *out)
{
    if (!preheader->value)
        return;
    fl_buf_puts(out, "<div style=\"display:none;max-height:0;max-width:0;overflow:hidden;"
                     "opacity:0;font-size:1px;line-height:1px\" aria-hidden=\"true\">");
    fl_content_tags_convert_html(preheader->value, preheader->len, out);
    for (int i = 0; i < 60; i++)
        fl_buf_puts(out, "&#847;&zwnj;&nbsp;");
    fl_buf_puts(out, "</div>\n");
}

void fl_content_frame_html(const struct fl_content_frame *frame, const struct fl_buf *body,
                           struct fl_buf *out)
{
    fl_buf_printf(out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n", frame->language);
    fl_buf_puts(out, head);
    fl_buf_puts(out, "<title>");
    if (frame->front->subject.value)
        fl_content_tags_convert_html(frame->front->subject.value, frame->front->subject.len, out);
    fl_buf_printf(out,
                  "</title>\n</head>\n<body class=\"fl-page\" lang=\"%s\" "
                  "style=\"margin:0;padding:0;background:#eef1f6\">\n",
                  frame->language);
    preheader_put(&frame->front->preheader, out);
    fl_buf_puts(out, page_open);
    fl_buf_add(out, body->data, body->len);
    fl_buf_puts(out, page_close);
    footer_html(frame, out);
    fl_buf_puts(out, mso_close);
    fl_buf_puts(out, "</body>\n</html>\n");
}

bool fl_content_is_document(const char *html)
{
    return strcasestr(html, "<html") || strcasestr(html, "<!doctype");
}

bool fl_content_names_unsubscribe(const struct fl_buf *inner)
{
    static const char name[] = "unsubscribe_url" FL_CONTENT_TAG_CLOSE;

    return memmem(inner->data, inner->len, name, sizeof name - 1) != NULL;
}

void fl_content_frame_override(const struct fl_content_frame *frame, const struct fl_buf *body,
                               struct fl_buf *out)
{
    const char *end = NULL, *p = body->data;
    size_t len = body->len;

    while ((p = strcasestr(p, "</body")))
        end = p++;
    if (end)
        len = (size_t)(end - body->data);
    fl_buf_add(out, body->data, len);
    if (!fl_content_names_unsubscribe(body)) {
        fl_buf_puts(out, "<center>\n");
        footer_html(frame, out);
        fl_buf_puts(out, "</center>\n");
    }
    fl_buf_add(out, body->data + len, body->len - len);
}
