/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Header fields: one line of text, encoded (RFC 2047) and folded (RFC 5322 2.2.3). */
#include "email_private.h"

#include <gmime/gmime.h>
#include <string.h>

enum {
    WORD_BYTES = 39,        /* 64 octets as an encoded word: with "Subject: " below the fold */
    FOLD_AT = 76,           /* RFC 2047 2: a line with an encoded word has at most 76 */
    SUBJECT_MAX_BYTES = 998 /* before encoding */
};

char *email_header_text(const char *text, size_t max)
{
    char *clean = g_utf8_make_valid(text ? text : "", -1);
    size_t len = strlen(clean);

    for (char *p = clean; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    }
    if (len > max) {
        while (max > 0 && ((unsigned char)clean[max] & 0xc0) == 0x80)
            max--;
        clean[max] = '\0';
    }
    return g_strstrip(clean);
}

void email_header_add(GString *out, const char *name, const char *value)
{
    size_t column;

    g_string_append(out, name);
    g_string_append(out, ": ");
    column = strlen(name) + 2;
    while (*value) {
        size_t blanks = strspn(value, " \t\r\n"), word = strcspn(value + blanks, " \t\r\n");

        if (!word)
            break;
        if (blanks && column + blanks + word > FOLD_AT) {
            g_string_append(out, "\r\n ");
            column = 1;
        } else {
            for (size_t i = 0; i < blanks; i++)
                g_string_append_c(out, ' ');
            column += blanks;
        }
        g_string_append_len(out, value + blanks, (gssize)word);
        column += word;
        value += blanks + word;
    }
    g_string_append(out, "\r\n");
}

bool email_is_plain_ascii(const char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
            return false;
    }
    return true;
}

/* RFC 2047 words of whole characters.  A word whose bytes are a multiple of three needs no padding,
 * and is taken where there is one: GMime 3.2, which reads our own bounces too, takes a run of words
 * for one stream and loses what follows a padded one. */
static char *encoded_words(const char *text)
{
    size_t left = strlen(text);
    GString *out = g_string_new(NULL);

    while (left) {
        size_t n = left < WORD_BYTES ? left : WORD_BYTES, even;
        char *base64;

        while (n < left && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
        for (even = n;
             n < left && even && (even % 3 || ((unsigned char)text[even] & 0xc0) == 0x80);)
            even--;
        if (n < left && even)
            n = even;
        base64 = g_base64_encode((const guchar *)text, n);
        g_string_append_printf(out, "%s=?utf-8?B?%s?=", out->len ? " " : "", base64);
        g_free(base64);
        text += n;
        left -= n;
    }
    return g_string_free(out, FALSE);
}

/* A long word of ASCII must be cut too: as an encoded word it can be. */
static bool has_long_word(const char *s)
{
    size_t run = 0;

    for (; *s; s++) {
        run = *s == ' ' ? 0 : run + 1;
        if (run > FOLD_AT - 12)
            return true;
    }
    return false;
}

void email_header_add_text(GString *out, const char *name, const char *text)
{
    char *clean = email_header_text(text, SUBJECT_MAX_BYTES);

    if (email_is_plain_ascii(clean) && !has_long_word(clean) && !strstr(clean, "=?")) {
        email_header_add(out, name, clean);
    } else {
        char *encoded = encoded_words(clean);

        email_header_add(out, name, encoded);
        g_free(encoded);
    }
    g_free(clean);
}

void email_header_add_address(GString *out, const char *header, const char *display,
                              const char *address)
{
    char *clean = email_header_text(display, EMAIL_NAME_MAX);

    if (!*clean) {
        email_header_add(out, header, address);
    } else if (!email_is_plain_ascii(clean) || has_long_word(clean)) {
        char *words = encoded_words(clean), *value = g_strdup_printf("%s <%s>", words, address);

        email_header_add(out, header, value);
        g_free(value);
        g_free(words);
    } else {
        InternetAddress *mailbox = internet_address_mailbox_new(clean, address);
        char *encoded;

        encoded = internet_address_to_string(mailbox, NULL, TRUE);
        email_header_add(out, header, encoded);
        g_free(encoded);
        g_object_unref(mailbox);
    }
    g_free(clean);
}
