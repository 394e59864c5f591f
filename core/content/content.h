/*
 * Content: what is said, written once, rendered for every channel.
 *
 * FOR    dispatch (renders when a message is sent), campaign and the command line (check, preview).
 * FORM   a folder of files, stored as one version:
 *          content.md, content.<lang>.md   front matter and a Markdown body with Mustache tags
 *          email.html, email.txt           override for one medium, with <lang> variants alike;
 *                                          sms.txt, letter.md, ... likewise
 *          _name.md, _name.html, _name.txt the partial {{> name}}
 *        front matter: `subject:` (needed for e-mail), `title:` (over a page, else the subject),
 *        `sender_name:`, `preheader:`, `sms:` (the whole short message); one per line.
 *        A paragraph that is one strong link, **[text](url)**, is a button.  A section around list
 *        items or table rows stays inside the one list or table.
 *          survey.md, survey.<lang>.md     questions that go with it (content/survey.h)
 * MEDIA  mail: HTML and text.  SMS: text without markup, wrapping and footer.  Web: a piece of HTML
 *        without styles; a button has the class "button".  Fax, letter: text and Markdown, in which
 *        no value is markup.  Others: text.
 *        A mail ends with organisation, postal_address, contact and unsubscribe_url, each where
 *        the data has it; an override that names unsubscribe_url itself gets no such footer.
 * LIFE   compile once -> render many times, from one thread -> destroy.
 * SAFE   customer data is never evaluated as template; HTML is escaped unless the author writes
 *        {{{ }}}; a rendering is bounded in steps, output bytes and nesting depth.
 *
 *     fl_content_compile("welcome", files, n, &faults, &content, err);
 *     fl_content_render(content, FL_MEDIUM_EMAIL, "ko", data, arena, &out, err);
 */
#ifndef FL_CONTENT_CONTENT_H
#define FL_CONTENT_CONTENT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/faults.h"
#include "base/token.h"
#include "content/data.h"
#include "content/survey.h"
#include "store/store.h"

enum {
    FL_CONTENT_FILE_MAX = 1 << 20,
    FL_CONTENT_FILES_MAX = 64,
    FL_CONTENT_OUTPUT_MAX = 2 << 20, /* one rendered part */
    FL_CONTENT_STEPS_MAX = 200000,
    FL_CONTENT_DEPTH_MAX = 64
};

struct fl_content;

/* All faults of all files are listed; FL_INVALID when there is one. */
FL_CHECK_RESULT enum fl_status fl_content_compile(const char *name,
                                                  const struct fl_content_file *files,
                                                  size_t n_files, struct fl_faults *faults,
                                                  struct fl_content **out, struct fl_error *err);
void fl_content_destroy(struct fl_content **content);

/* Reads a folder of the file system into content files, with a hash over all of them. */
FL_CHECK_RESULT enum fl_status fl_content_read_folder(struct fl_arena *arena, const char *path,
                                                      struct fl_content_version *out,
                                                      struct fl_error *err);

struct fl_content_rendering {
    const char *language;    /* of the variant taken, lower case; "" when it has none */
    const char *subject;     /* one line without control characters; NULL: none */
    const char *sender_name; /* the same */
    const char *text;        /* plain text, LF line ends */
    size_t text_len;
    const char *html; /* NULL where the medium has none */
    size_t html_len;
    const char *markdown; /* of media that lay out pages: tags filled in, Markdown left as it is */
    size_t markdown_len;
    const struct fl_survey *survey; /* of the variant; NULL: none; lives as long as the content */
};

/* Called for every link of a rendering in HTML; returns what stands in its place, in `arena`, or
 * `url` itself. */
struct fl_content_links {
    const char *(*wrap)(void *ctx, struct fl_arena *arena, const char *url);
    void *ctx;
    const char *pixel_url; /* of an image of one pixel at the end of a mail; NULL: none */
};

/* The variant: exact language, its primary tag, the one without a language.  Everything rendered
 * lives in `arena`.  FL_LIMIT names the bound that was hit; FL_NOT_FOUND: nothing for this medium.
 */
FL_CHECK_RESULT enum fl_status fl_content_render(struct fl_content *content, enum fl_medium medium,
                                                 const char *language, const struct fl_data *data,
                                                 struct fl_arena *arena,
                                                 struct fl_content_rendering *out,
                                                 struct fl_error *err);

/* The same with links replaced (NULL: as they are).  Links that name the unsubscribe, preferences
 * or page address of `data` stay as they are. */
FL_CHECK_RESULT enum fl_status fl_content_render_linked(
    struct fl_content *content, enum fl_medium medium, const char *language,
    const struct fl_data *data, const struct fl_content_links *links, struct fl_arena *arena,
    struct fl_content_rendering *out, struct fl_error *err);

/* The survey in the variant of this language; NULL: the content has none. */
const struct fl_survey *fl_content_survey(const struct fl_content *content, const char *language);

/* Names of the top-level variables used anywhere, for the linter; into the arena. */
FL_CHECK_RESULT enum fl_status fl_content_variables(const struct fl_content *content,
                                                    struct fl_arena *arena, const char *const **out,
                                                    size_t *out_n, struct fl_error *err);

#endif
