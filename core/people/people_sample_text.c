#include <string.h>

#include "base/clock.h"
#include "people/people_sample_private.h"

enum { QUOTED_LINES_MAX = 60, KST_OFFSET_S = 9 * 3600, GMAIL_WIDTH = 78 };

static const char *const days_en[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};
static const char *const days_ko[] = {"일", "월", "화", "수", "목", "금", "토"};
static const char *const months_en[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};

/* When the original was read, on a wall in Seoul. */
struct moment {
    int year, month, day, weekday, hour, minute, second;
};

static struct moment moment_of(int64_t time_us)
{
    int64_t local_s = time_us / FL_US_PER_S + KST_OFFSET_S;
    int64_t date = local_s / 86400, rest = local_s % 86400;
    struct moment m;

    fl_civil_of_date((int32_t)date, &m.year, &m.month, &m.day);
    m.weekday = (int)((date + 4) % 7); /* 1970-01-01 was a Thursday */
    m.hour = (int)(rest / 3600);
    m.minute = (int)(rest / 60 % 60);
    m.second = (int)(rest % 60);
    return m;
}

static int hour_of_12(const struct moment *m)
{
    return m->hour % 12 ? m->hour % 12 : 12;
}

static const char *from_text(const struct sample_answer *a)
{
    const struct fl_sample_original *o = a->original;

    return *o->from_name ? fl_arena_printf(a->arena, "%s <%s>", o->from_name, o->from)
                         : fl_arena_printf(a->arena, "<%s>", o->from);
}

/* "On Sun, Nov 22, 2026 at 3:04 PM ... wrote:", folded as Gmail folds it. */
static const char *attribution(const struct sample_answer *a, const struct moment *m)
{
    const char *from = from_text(a), *noon_ko = m->hour < 12 ? "오전" : "오후";
    const char *noon_en = m->hour < 12 ? "AM" : "PM", *day = days_en[m->weekday];
    const char *month = months_en[m->month - 1];
    char *when;

    if (!from)
        return NULL;
    if (a->is_korean && a->program == SAMPLE_IPHONE)
        return fl_arena_printf(a->arena, "%d. %d. %d. %s %d:%02d, %s 작성:", m->year, m->month,
                               m->day, noon_ko, hour_of_12(m), m->minute, from);
    if (a->is_korean)
        return fl_arena_printf(a->arena, "%d년 %d월 %d일 (%s) %s %d:%02d, %s님이 작성:", m->year,
                               m->month, m->day, days_ko[m->weekday], noon_ko, hour_of_12(m),
                               m->minute, from);
    if (a->program == SAMPLE_IPHONE)
        return fl_arena_printf(a->arena, "On %.3s %d, %d, at %d:%02d %s, %s wrote:", month, m->day,
                               m->year, hour_of_12(m), m->minute, noon_en, from);
    when = fl_arena_printf(a->arena, "On %.3s, %.3s %d, %d at %d:%02d %s", day, month, m->day,
                           m->year, hour_of_12(m), m->minute, noon_en);
    if (!when)
        return NULL;
    return fl_arena_printf(a->arena, "%s %s%swrote:", when, from,
                           strlen(when) + strlen(from) + 8 > GMAIL_WIDTH ? "\n" : " ");
}

/* The block of headers that stands over what Outlook and Naver quote. */
static const char *header_block(const struct sample_answer *a, const struct moment *m)
{
    const struct fl_sample_original *o = a->original;
    const char *from = from_text(a), *noon = m->hour < 12 ? "AM" : "PM";

    if (!from)
        return NULL;
    if (a->program == SAMPLE_NAVER)
        return fl_arena_printf(a->arena,
                               "-----Original Message-----\nFrom: %s\nTo: <%s>;\nCc:\n"
                               "Sent: %d-%02d-%02d (%s) %02d:%02d:%02d (GMT+09:00)\nSubject: %s\n",
                               from, o->customer, m->year, m->month, m->day, days_ko[m->weekday],
                               m->hour, m->minute, m->second, o->subject);
    if (a->is_korean)
        return fl_arena_printf(a->arena,
                               "________________________________\n보낸 사람: %s\n"
                               "보낸 날짜: %d년 %d월 %d일 %s요일 %s %d:%02d\n받는 사람: %s\n"
                               "제목: %s\n",
                               from, m->year, m->month, m->day, days_ko[m->weekday],
                               m->hour < 12 ? "오전" : "오후", hour_of_12(m), m->minute,
                               o->customer, o->subject);
    return fl_arena_printf(a->arena,
                           "________________________________\nFrom: %s\n"
                           "Sent: %s, %s %d, %d %d:%02d %s\nTo: %s\nSubject: %s\n",
                           from, days_en[m->weekday], months_en[m->month - 1], m->day, m->year,
                           hour_of_12(m), m->minute, noon, o->customer, o->subject);
}

static void put_lines(struct fl_buf *out, const char *text, const char *prefix)
{
    for (int n = 0; *text && n < QUOTED_LINES_MAX; n++) {
        size_t len = strcspn(text, "\r\n");

        fl_buf_puts(out, prefix);
        fl_buf_add(out, text, len);
        fl_buf_putc(out, '\n');
        text += len;
        text += *text == '\r';
        text += *text == '\n';
    }
}

static void put_html(struct fl_buf *out, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '\r':
            break;
        case '\n':
            fl_buf_puts(out, "<br>\n");
            break;
        case '<':
            fl_buf_puts(out, "&lt;");
            break;
        case '>':
            fl_buf_puts(out, "&gt;");
            break;
        case '&':
            fl_buf_puts(out, "&amp;");
            break;
        default:
            fl_buf_putc(out, *text);
        }
}

static void html_gmail(struct fl_buf *out, const struct sample_answer *a, const char *own,
                       const char *intro)
{
    fl_buf_puts(out, "<div dir=\"ltr\">");
    put_html(out, own);
    fl_buf_puts(out, "</div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">");
    put_html(out, intro);
    fl_buf_puts(out, "<br></div><blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px "
                     "0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex\">");
    put_html(out, a->original->text);
    fl_buf_puts(out, "</blockquote></div>\n");
}

static void html_outlook(struct fl_buf *out, const struct sample_answer *a, const char *own,
                         const char *intro)
{
    fl_buf_puts(out, "<html><head>\n<meta http-equiv=\"Content-Type\" content=\"text/html\">\n"
                     "</head>\n<body dir=\"ltr\">\n<div class=\"elementToProof\">");
    put_html(out, own);
    fl_buf_puts(out, "</div>\n<div id=\"appendonsend\"></div>\n<hr style=\"display:inline-block;"
                     "width:98%\" tabindex=\"-1\">\n<div id=\"divRplyFwdMsg\" dir=\"ltr\">");
    put_html(out, strchr(intro, '\n') + 1); /* the rule above is the <hr> */
    fl_buf_puts(out, "</div>\n<div>");
    put_html(out, a->original->text);
    fl_buf_puts(out, "</div>\n</body>\n</html>\n");
}

static void html_naver(struct fl_buf *out, const struct sample_answer *a, const char *own,
                       const char *intro)
{
    fl_buf_puts(out, "<html><head><style>p{margin-top:0px;margin-bottom:0px;}</style></head>"
                     "<body><div style=\"font-size:10pt; font-family:Gulim;\"><p>");
    put_html(out, own);
    fl_buf_puts(out, "</p><p>&nbsp;</p><blockquote style=\"font-size:9pt\"><p>");
    put_html(out, intro);
    fl_buf_puts(out, "</p><br>");
    put_html(out, a->original->text);
    fl_buf_puts(out, "</blockquote></div></body></html>\n");
}

static const char *taken(struct fl_arena *arena, struct fl_buf *buf)
{
    const char *copy = fl_buf_failed(buf) ? NULL : fl_arena_strndup(arena, buf->data, buf->len);

    fl_buf_finish(buf);
    return copy;
}

static const char *make_subject(const struct sample_answer *a)
{
    const char *subject = a->original->subject;
    const char *prefix = "Re: ";

    if (a->kind == FL_SAMPLE_VACATION)
        prefix = a->is_korean ? "자동 회신: " : "Automatic reply: ";
    else if (a->program == SAMPLE_OUTLOOK && !a->is_korean)
        prefix = "RE: ";
    return fl_arena_printf(a->arena, "%s%s", prefix, subject);
}

static const char *own_part(const struct sample_answer *a)
{
    return fl_arena_printf(a->arena, "%s%s%s%s%s", a->words, *a->closing ? "\n\n" : "", a->closing,
                           *a->signature ? "\n\n" : "", a->signature);
}

bool people_sample_compose(struct sample_answer *a)
{
    struct fl_buf plain = FL_BUF(SAMPLE_TEXT_MAX), html = FL_BUF(SAMPLE_TEXT_MAX);
    struct moment m = moment_of(a->original->now_us - 3 * 3600 * FL_US_PER_S);
    bool has_headers = a->program == SAMPLE_OUTLOOK || a->program == SAMPLE_NAVER;
    const char *own = own_part(a), *intro = has_headers ? header_block(a, &m) : attribution(a, &m);

    a->subject = make_subject(a);
    if (!own || !intro || !a->subject)
        return false;
    fl_buf_printf(&plain, "%s\n", own);
    if (a->kind != FL_SAMPLE_VACATION) {
        fl_buf_printf(&plain, "\n%s\n", intro);
        put_lines(&plain, a->original->text, has_headers ? "" : "> ");
        if (a->program == SAMPLE_GMAIL)
            html_gmail(&html, a, own, intro);
        else if (a->program == SAMPLE_OUTLOOK)
            html_outlook(&html, a, own, intro);
        else if (a->program == SAMPLE_NAVER)
            html_naver(&html, a, own, intro);
    }
    a->html = html.len ? taken(a->arena, &html) : NULL;
    a->plain = taken(a->arena, &plain);
    fl_buf_finish(&html);
    return a->plain != NULL;
}
