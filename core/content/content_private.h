/*
 * Inside the content room: from files to compiled units.
 *
 * A source is read with the author's delimiters once, for its faults.  Everything after that uses
 * the inner form of tags, \x01name\x02: no source may hold control characters, so whatever an
 * author writes between the tags is text and stays text.
 */
#ifndef FL_CONTENT_CONTENT_PRIVATE_H
#define FL_CONTENT_CONTENT_PRIVATE_H

#include <cmark-gfm.h>

#include "content/content.h"
#include "content/mustache_private.h"

#define FL_CONTENT_TAG_OPEN  "\x01"
#define FL_CONTENT_TAG_CLOSE "\x02"

/* Codes at the start of a line of derived text, for fl_content_lay_out(). */
#define FL_CONTENT_CODE_TITLE    '\x03' /* underlined with = */
#define FL_CONTENT_CODE_HEADING  '\x04' /* underlined with - */
#define FL_CONTENT_CODE_VERBATIM '\x05' /* never wrapped */

enum {
    FL_CONTENT_TEXT_COLUMNS = 76,
    FL_CONTENT_LINE_MAX = 512,      /* bytes of a rendered subject or sender name */
    FL_CONTENT_WORK_MAX = 16 << 20, /* bytes of one part on its way to a template */
    FL_CONTENT_LANGUAGE_MAX = 35    /* bytes, RFC 5646 section 4.4.1 */
};

struct fl_content_source {
    const char *file;
    long first_line;
    const char *text;
    size_t len;
};

/* ---- content_tags.c --------------------------------------------------------------------------*/

struct fl_content_tag {
    enum fl_tag_kind kind;
    const char *name;
    size_t name_len;
    bool is_marker; /* stands on a line of its own */
};

/* The tags taken out of a Markdown source; in their places stand prefix, number and "z". */
struct fl_content_tags {
    struct fl_content_tag *items;
    size_t n;
    size_t cap;
    char prefix[16];
};

/* Markdown with placeholders.  Sections, closing tags and partials on lines of their own become
 * HTML comments, which are blocks of their own, and inside a table rows of one cell. */
FL_CHECK_RESULT bool fl_content_tags_take(struct fl_arena *arena,
                                          const struct fl_content_source *source,
                                          struct fl_content_tags *tags, struct fl_buf *out);
/* Puts the tags back in their inner form, without the comments around markers. */
void fl_content_tags_restore(const struct fl_content_tags *tags, const char *text, size_t len,
                             struct fl_buf *out);
/* A placeholder at `text`: its tag and its length. */
const struct fl_content_tag *fl_content_tags_at(const struct fl_content_tags *tags,
                                                const char *text, size_t len, size_t *out_len);
/* The tag of a text that is nothing but a marker, with or without its comment signs and blanks. */
const struct fl_content_tag *fl_content_tags_marker(const struct fl_content_tags *tags,
                                                    const char *text, size_t len);
void fl_content_tag_put(const struct fl_content_tag *tag, struct fl_buf *out);
/* A template without Markdown to the inner form. */
void fl_content_tags_convert(const char *text, size_t len, struct fl_buf *out);
/* The same for a line of text that goes into HTML: all is escaped, raw tags too. */
void fl_content_tags_convert_html(const char *text, size_t len, struct fl_buf *out);

/* True for "section ... its end" with nothing outside, so that what stands around can go with it.
 */
bool fl_content_tags_wrap(const struct fl_content_tags *tags, const char *text, size_t len,
                          size_t *out_open_len, size_t *out_close_len);

/* ---- content_markdown.c, content_text.c, content_strip.c -------------------------------------*/

cmark_node *fl_content_markdown_parse(const struct fl_content_tags *tags, const char *text,
                                      size_t len, cmark_parser **out_parser);
/* HTML with tags in inner form, with styles for mail programs or bare for a page. */
void fl_content_markdown_html(const struct fl_content_tags *tags, cmark_node *document,
                              cmark_parser *parser, bool is_styled, struct fl_buf *out);
/* Text with line codes, placeholders still in it; short: without quotation signs and rules, and
 * with links that are nothing but the address. */
void fl_content_markdown_text(const struct fl_content_tags *tags, cmark_node *document,
                              bool is_short, struct fl_buf *out);
/* The Markdown itself with tags in inner form; buttons become "text: address". */
void fl_content_markdown_paper(const struct fl_content_source *source, struct fl_buf *out);
bool fl_content_is_list_with_markers(const struct fl_content_tags *tags, cmark_node *list);
const struct fl_content_tag *fl_content_node_marker(const struct fl_content_tags *tags,
                                                    cmark_node *node);

/* Markdown has entities for control characters; none may look like one of our codes. */
void fl_content_plain_put(const char *text, size_t len, struct fl_buf *out);

/* What is to be read of HTML an author wrote into Markdown. */
void fl_content_html_strip(const struct fl_content_tags *tags, const char *html,
                           struct fl_buf *out);

/* ---- content_layout.c ------------------------------------------------------------------------*/

/* Wraps rendered text, draws underlines, leaves one empty line where there were several. */
void fl_content_lay_out(const char *text, struct fl_buf *out);
/* Without wrapping, underlines and empty lines. */
void fl_content_lay_out_short(const char *text, struct fl_buf *out);
/* One line without control characters, trimmed, at most FL_CONTENT_LINE_MAX bytes. */
void fl_content_line_clean(const char *text, size_t len, struct fl_buf *out);

/* ---- content_links.c -------------------------------------------------------------------------*/

/* `html` with its links replaced, and with the pixel before the end of the body. */
void fl_content_links_put(const struct fl_content_links *links, const struct fl_data *data,
                          struct fl_arena *arena, const char *html, size_t len, bool has_pixel,
                          struct fl_buf *out);

/* ---- content_front.c -------------------------------------------------------------------------*/

struct fl_content_field {
    const char *value; /* NULL: not given */
    size_t len;
    const char *file;
    long line;
};

struct fl_content_front {
    struct fl_content_field subject;
    struct fl_content_field sender_name;
    struct fl_content_field preheader;
    struct fl_content_field title; /* over a page, where a mail has its subject */
    struct fl_content_field sms;   /* the whole short message */
};

/* Reads the block at the top into `front` and moves `source` behind it. */
void fl_content_front_read(struct fl_arena *arena, struct fl_content_source *source,
                           struct fl_content_front *front, struct fl_faults *faults);

/* ---- content_frame.c -------------------------------------------------------------------------*/

struct fl_content_frame {
    const char *language; /* of the text, for the lang attribute and the words of the footer */
    const struct fl_content_front *front;
};

void fl_content_frame_html(const struct fl_content_frame *frame, const struct fl_buf *body,
                           struct fl_buf *out);
/* The author's own document, with our footer before </body> when it names no unsubscribe_url. */
void fl_content_frame_override(const struct fl_content_frame *frame, const struct fl_buf *body,
                               struct fl_buf *out);
void fl_content_footer_text(const struct fl_content_frame *frame, struct fl_buf *out);
bool fl_content_is_document(const char *html);
bool fl_content_names_unsubscribe(const struct fl_buf *inner);

/* ---- units -----------------------------------------------------------------------------------*/

/* What a unit is compiled to.  Of a partial each is the bare piece. */
enum fl_content_form {
    FL_CONTENT_HTML,      /* a whole mail */
    FL_CONTENT_FRAGMENT,  /* HTML to be put into a page, without styles */
    FL_CONTENT_TEXT,      /* without a footer */
    FL_CONTENT_MAIL_TEXT, /* with the footer */
    FL_CONTENT_SHORT,     /* text where every character costs */
    FL_CONTENT_PAPER,     /* Markdown again */
    FL_CONTENT_SUBJECT,
    FL_CONTENT_TITLE,
    FL_CONTENT_SENDER_NAME,
    FL_CONTENT_SMS,
    FL_CONTENT_FORMS
};

/* All files of one name and language: "content" + "ko", "email" + "", "_signature" + "de". */
struct fl_content_unit {
    const char *base;
    const char *language; /* lower case; "" is none */
    const struct fl_content_source *markdown, *html_file, *text_file;
    struct fl_content_front front;
    struct fl_mustache *forms[FL_CONTENT_FORMS];
    bool is_text_derived;           /* it is laid out after rendering */
    const struct fl_survey *survey; /* of a unit "survey", which has nothing else */
};

struct fl_content {
    struct fl_arena *arena;
    const char *name;
    struct fl_content_unit *units;
    size_t n_units;
    struct fl_buf scratch; /* reused by every rendering */
};

/* ---- content_unit.c --------------------------------------------------------------------------*/

/* The unit of this base for a language or what the language is cut down to; NULL: none. */
struct fl_content_unit *fl_content_unit_find(const struct fl_content *content, const char *base,
                                             const char *language);
struct fl_content_unit *fl_content_unit_exact(const struct fl_content *content, const char *base,
                                              const char *language);
/* Cuts the last subtag off; false when nothing is left to try after "". */
bool fl_content_language_shorten(char *language);
/* Lower case with "-"; "" for NULL and for what is too long. */
void fl_content_language_normalise(const char *language, char out[FL_CONTENT_LANGUAGE_MAX + 1]);

/* ---- content_build.c -------------------------------------------------------------------------*/

struct fl_content_builder {
    struct fl_content *content;
    struct fl_faults *faults;
    struct fl_error *err;
    enum fl_status status; /* first failure that is not a fault of the author */
};

/* The templates of a unit whose files are known, then their partials. */
void fl_content_unit_build(struct fl_content_builder *builder, struct fl_content_unit *unit);
void fl_content_unit_link(struct fl_content_builder *builder, struct fl_content_unit *unit);

#endif
