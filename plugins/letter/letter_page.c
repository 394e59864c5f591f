/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One letter: laid out, drawn. */
#include "letter/letter_private.h"

#include <string.h>

static const double MM = 72 / 25.4;
static const double GREY = 0.4;
static const double LEADING = 1.2; /* between the lines of an address */
static const double ADDRESS_SIZE = 10.5;
static const double ADDRESS_SIZE_MIN = 7;
static const double CARD_GAP = 8 * 72 / 25.4; /* between text and card */

struct letter_page {
    const struct letter_settings *set;
    const struct fl_item *item;
    struct letter_sheet sheet;
    struct paper_style style;
    char *block; /* the address */
    double block_size;
    char *subject;
    double subject_y;
    struct paper *paper;
    struct form form;
    void *form_owner;
    bool has_form;
    struct letter_box card;
    size_t n_pages, card_page;
};

/* --- content ----------------------------------------------------------------------------------*/

/* Words as they are: what Markdown would take for its own is escaped, lines stay lines. */
static GString *markdown_of_plain(const char *text, size_t len)
{
    GString *out = g_string_sized_new(len + len / 8);

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\r')
            continue;
        if (text[i] == '\n' && i + 1 < len && text[i + 1] != '\n' && i && text[i - 1] != '\n')
            g_string_append_c(out, '\\');
        if (g_ascii_ispunct(text[i]))
            g_string_append_c(out, '\\');
        g_string_append_c(out, text[i]);
    }
    return out;
}

static const struct fl_part *part_of_type(const struct fl_item *item, const char *type)
{
    for (size_t i = 0; i < item->n_parts; i++) {
        if (!item->parts[i]->name && g_str_has_prefix(item->parts[i]->type, type))
            return item->parts[i];
    }
    return NULL;
}

static GString *content_of(const struct fl_item *item)
{
    const struct fl_part *part = part_of_type(item, "text/markdown");

    if (part)
        return g_string_new_len(part->data, (gssize)part->data_len);
    part = part_of_type(item, "text/plain");
    return part ? markdown_of_plain(part->data, part->data_len) : NULL;
}

/* --- layout -----------------------------------------------------------------------------------*/

static double block_height(const struct letter_page *page, double size)
{
    size_t n = 1;

    for (const char *p = page->block; *p; p++)
        n += *p == '\n';
    return (double)n * size * LEADING;
}

/* No line may be wider than the window leaves: measured as one text with and without a width. */
static bool block_fits(const struct letter_page *page, double size)
{
    const struct letter_box *box = &page->sheet.address;
    double wide = paper_text(NULL, &page->style, page->block, size, false, 0, 0, 0);
    double narrow = paper_text(NULL, &page->style, page->block, size, false, 0, 0, box->width);

    return narrow < wide + size / 2 && block_height(page, size) <= box->height + 0.01;
}

static bool lay_out_address(struct letter_page *page, char *why, size_t why_size)
{
    for (double size = ADDRESS_SIZE; size >= ADDRESS_SIZE_MIN; size -= 0.5) {
        if (block_fits(page, size)) {
            page->block_size = size;
            return true;
        }
    }
    g_snprintf(why, (gulong)why_size, "the address does not fit the window of the envelope");
    return false;
}

/* A text that begins with a heading says itself what it is about. */
static void lay_out_subject(struct letter_page *page, const GString *content)
{
    const char *subject = page->item->subject;
    double size = page->style.size * 1.15;

    page->subject_y = page->sheet.first_top;
    if (!subject[0] || content->str[0] == '#')
        return;
    page->subject = g_strdup(subject);
    for (char *p = page->subject; *p; p++) {
        if ((unsigned char)*p < 0x20)
            *p = ' ';
    }
    page->style.first_top += paper_text(NULL, &page->style, page->subject, size, true, 0, 0,
                                        page->sheet.width - page->sheet.left - page->sheet.right) +
                             0.9 * page->style.size;
}

static bool form_fits(const struct letter_page *page, const struct letter_box *box)
{
    cairo_surface_t *surface = cairo_recording_surface_create(CAIRO_CONTENT_COLOR, NULL);
    cairo_t *cairo = cairo_create(surface);
    char code[FORM_CODE_MAX];
    bool fits =
        form_draw(cairo, &page->style, &page->form, box->x, box->y, box->width, box->height, code);

    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    return fits;
}

static void card_place(struct letter_page *page, double share)
{
    const struct letter_sheet *sheet = &page->sheet;
    double edge = 12 * MM, height = share * sheet->height;

    page->card =
        (struct letter_box){edge, sheet->height - height, sheet->width - 2 * edge, height - edge};
}

/* The card takes the foot of the last page, as little as it needs and a third at least; where the
 * text leaves no room, a page of its own, and then it may be large. */
static bool lay_out_card(struct letter_page *page, char *why, size_t why_size)
{
    static const double shares[] = {0.333, 0.37, 0.41, 0.45, 0.5, 0.55, 0.62, 0.7, 0.8, 0.94};
    static const double alone = 0.62;
    size_t i = 0;

    for (; i < G_N_ELEMENTS(shares); i++) {
        card_place(page, shares[i]);
        if (form_fits(page, &page->card))
            break;
    }
    if (i == G_N_ELEMENTS(shares)) {
        g_snprintf(why, (gulong)why_size, "the survey does not fit on a page");
        return false;
    }
    page->card_page = page->n_pages - 1;
    if (paper_end(page->paper) + CARD_GAP <= page->card.y)
        return true;
    page->card_page = page->n_pages++;
    if (shares[i] < alone)
        card_place(page, alone);
    return true;
}

static bool lay_out(struct letter_page *page, const GString *content, char *why, size_t why_size)
{
    const char *survey = FL_HAS(page->item, survey) ? page->item->survey : NULL;

    if (!lay_out_address(page, why, why_size))
        return false;
    lay_out_subject(page, content);
    if (!paper_create(&page->style, content->str, content->len, &page->paper, why, why_size))
        return false;
    page->n_pages = paper_n_pages(page->paper);
    if (!survey || !survey[0])
        return true;
    page->has_form = form_of_survey(survey, page->item->token_card, page->item->language,
                                    &page->form, &page->form_owner, why, why_size);
    return page->has_form && lay_out_card(page, why, why_size);
}

static void style_init(struct letter_page *page)
{
    const struct letter_sheet *sheet = &page->sheet;

    page->style = (struct paper_style){
        .width = sheet->width,
        .height = sheet->height,
        .left = sheet->left,
        .right = sheet->right,
        .top = sheet->top,
        .bottom = sheet->bottom,
        .first_top = sheet->first_top,
        .first_bottom = sheet->bottom,
        .font = page->set->font,
        .size = page->set->font_size,
        .language = page->item->language,
    };
}

bool letter_page_create(const struct letter_settings *set, const struct fl_item *item,
                        const struct letter_address *address, struct letter_page **out, char *why,
                        size_t why_size)
{
    GString *content = content_of(item);
    struct letter_page *page;
    bool ok;

    if (!content) {
        g_snprintf(why, (gulong)why_size, "there is no text to print");
        return false;
    }
    page = g_new0(struct letter_page, 1);
    page->set = set;
    page->item = item;
    letter_sheet_of(set, &page->sheet);
    style_init(page);
    page->block = letter_address_block(address, item->to_name, set->home);
    ok = lay_out(page, content, why, why_size);
    g_string_free(content, TRUE);
    if (ok)
        *out = page;
    else
        letter_page_destroy(&page);
    return ok;
}

void letter_page_destroy(struct letter_page **page)
{
    struct letter_page *self = *page;

    if (!self)
        return;
    if (self->has_form)
        form_release(&self->form_owner);
    paper_destroy(&self->paper);
    g_free(self->block);
    g_free(self->subject);
    g_free(self);
    *page = NULL;
}

size_t letter_page_count(const struct letter_page *page)
{
    return page->n_pages;
}

/* --- drawing ----------------------------------------------------------------------------------*/

static void draw_rule(cairo_t *cairo, double x0, double y0, double x1, double y1, double grey)
{
    cairo_save(cairo);
    cairo_set_source_rgb(cairo, grey, grey, grey);
    cairo_set_line_width(cairo, 0.4);
    cairo_move_to(cairo, x0, y0);
    cairo_line_to(cairo, x1, y1);
    cairo_stroke(cairo);
    cairo_restore(cairo);
}

/* Grey text; returns its height. */
static double draw_small(const struct letter_page *page, cairo_t *cairo, const char *text,
                         double size, double x, double y, double width)
{
    double height;

    cairo_save(cairo);
    cairo_set_source_rgb(cairo, GREY, GREY, GREY);
    height = paper_text(cairo, &page->style, text, size, false, x, y, width);
    cairo_restore(cairo);
    return height;
}

static const char *sender_of(const struct letter_page *page)
{
    return page->item->sender_name[0] ? page->item->sender_name : page->set->sender_name;
}

static char *on_one_line(const char *name, const char *lines)
{
    char **parts = g_strsplit(lines, "\n", -1);
    char *joined = g_strjoinv(" · ", parts);
    char *line = g_strdup_printf("%s · %s", name, joined);

    g_free(joined);
    g_strfreev(parts);
    return line;
}

static void draw_head(const struct letter_page *page, cairo_t *cairo)
{
    const struct letter_box *box = &page->sheet.head;
    char *address = on_one_line("", page->set->sender_address);
    double y = box->y;

    y += paper_text(cairo, &page->style, sender_of(page), 15, true, box->x, y, box->width);
    draw_small(page, cairo, address + strlen(" · "), 8, box->x, y + 2, box->width);
    g_free(address);
}

static void draw_sender(const struct letter_page *page, cairo_t *cairo)
{
    const struct letter_box *box = &page->sheet.sender;
    char *line = on_one_line(sender_of(page), page->set->sender_address);
    double size = 6.5, one = paper_text(NULL, &page->style, "x", size, false, 0, 0, 0);

    while (size > 4.5 &&
           paper_text(NULL, &page->style, line, size, false, 0, 0, box->width) > 1.5 * one)
        size -= 0.5;
    draw_small(page, cairo, line, size, box->x, box->y, box->width);
    draw_rule(cairo, box->x, box->y + box->height, box->x + box->width, box->y + box->height, 0.6);
    g_free(line);
}

static void draw_address(const struct letter_page *page, cairo_t *cairo)
{
    const struct letter_box *box = &page->sheet.address;
    char **lines = g_strsplit(page->block, "\n", -1);
    double y = box->y;

    if (page->sheet.is_address_centred)
        y += (box->height - block_height(page, page->block_size)) / 2;
    for (char **line = lines; *line; line++, y += page->block_size * LEADING)
        paper_text(cairo, &page->style, *line, page->block_size, false, box->x, y, 0);
    g_strfreev(lines);
}

/* What the letter itself says, in the customer's language. */
struct words {
    const char *language, *page, *card;
};

static const struct words *words_of(const struct letter_page *page)
{
    static const struct words all[] = {
        {"ko", "휴대전화로 찍으면 고객님의\n페이지가 열립니다",
         "잘라서 답장 봉투에 넣어 보내 주세요"},
        {"de", "Scannen öffnet\nIhre persönliche Seite", "Bitte hier abtrennen und zurücksenden"},
        {"", "Scan to open\nyour personal page", "Please cut here and send the card back"}};
    size_t i = 0;

    while (!g_str_has_prefix(page->item->language, all[i].language))
        i++;
    return &all[i];
}

/* The customer's own page, to scan or to type. */
static void draw_aside(const struct letter_page *page, cairo_t *cairo)
{
    const struct letter_box *box = &page->sheet.aside;
    const char *url = FL_HAS(page->item, page_url) ? page->item->page_url : NULL;
    double side = 24 * MM, y = box->y;

    if (!url || !url[0] || !paper_qr(cairo, url, box->x, y, side))
        return;
    draw_small(page, cairo, words_of(page)->page, 7.5, box->x + side + 1.5 * MM, y + 3 * MM,
               box->width - side - 1.5 * MM);
    draw_small(page, cairo, url, 6, box->x + 2.5 * MM, y + side, box->width - 2.5 * MM);
}

static void draw_first(const struct letter_page *page, cairo_t *cairo)
{
    const struct letter_sheet *sheet = &page->sheet;
    double across = sheet->width - sheet->left - sheet->right;

    draw_head(page, cairo);
    draw_sender(page, cairo);
    draw_address(page, cairo);
    if (FL_HAS(page->item, token_card) && page->item->token_card && page->item->token_card[0])
        paper_qr(cairo, page->item->token_card, sheet->code.x, sheet->code.y, sheet->code.width);
    draw_aside(page, cairo);
    if (page->subject)
        paper_text(cairo, &page->style, page->subject, page->style.size * 1.15, true, sheet->left,
                   page->subject_y, across);
    for (size_t i = 0; i < G_N_ELEMENTS(sheet->folds); i++)
        draw_rule(cairo, 3 * MM, sheet->folds[i], 7 * MM, sheet->folds[i], 0.6);
}

static void draw_foot(const struct letter_page *page, size_t index, cairo_t *cairo)
{
    const struct letter_sheet *sheet = &page->sheet;
    double y = sheet->height - sheet->bottom + 6 * MM;
    char number[32];

    if (page->has_form && index == page->card_page)
        return;
    if (index == 0 && page->set->sender_note[0])
        draw_small(page, cairo, page->set->sender_note, 7.5, sheet->left, y,
                   sheet->width - sheet->left - sheet->right - 15 * MM);
    if (page->n_pages < 2)
        return;
    g_snprintf(number, sizeof number, "%zu / %zu", index + 1, page->n_pages);
    draw_small(page, cairo, number, 8, sheet->width - sheet->right - 8 * MM, y, 0);
}

static void draw_card(const struct letter_page *page, cairo_t *cairo)
{
    static const double dashes[] = {4, 3};
    const struct letter_box *card = &page->card;
    double y = card->y - 4 * MM;
    char code[FORM_CODE_MAX];

    cairo_save(cairo);
    cairo_set_source_rgb(cairo, GREY, GREY, GREY);
    cairo_set_line_width(cairo, 0.6);
    cairo_set_dash(cairo, dashes, G_N_ELEMENTS(dashes), 0);
    cairo_move_to(cairo, 0, y);
    cairo_line_to(cairo, page->sheet.width, y);
    cairo_stroke(cairo);
    cairo_restore(cairo);
    draw_small(page, cairo, words_of(page)->card, 6.5, page->sheet.left, y - 3.6 * MM, 0);
    form_draw(cairo, &page->style, &page->form, card->x, card->y, card->width, card->height, code);
}

void letter_page_draw(const struct letter_page *page, size_t index, cairo_t *cairo)
{
    if (index == 0)
        draw_first(page, cairo);
    paper_draw(page->paper, index, cairo);
    draw_foot(page, index, cairo);
    if (page->has_form && index == page->card_page)
        draw_card(page, cairo);
}
