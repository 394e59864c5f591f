/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of the letter plugin share: its options as a host would give them, tokens. */
#ifndef TESTS_UNIT_LETTER_OPTIONS_H
#define TESTS_UNIT_LETTER_OPTIONS_H

#include "unit.h"

#include "letter/letter_private.h"

/* Two tokens. */
#define T "abcdefghijklmnopqrstuvwxyz234567abcdefgh"
#define U "QBCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGH"

enum { OPTIONS_MAX = 64 };

struct options {
    struct fl_option list[OPTIONS_MAX];
    size_t n;
};

static inline int64_t choice_of(const char *choices, const char *text)
{
    char **all = g_strsplit(choices, "|", -1);
    int64_t i = 0;

    while (all[i] && strcmp(all[i], text) != 0)
        i++;
    assert_non_null(all[i]);
    g_strfreev(all);
    return i;
}

/* The defaults, as the host would give them. */
static inline void options_init(struct options *options, const char *directory)
{
    options->n = 0;
    for (const struct fl_option_spec *spec = letter_option_specs; spec->name; spec++) {
        struct fl_option *option = &options->list[options->n++];

        *option = (struct fl_option){.name = spec->name, .text = spec->default_text};
        if (spec->default_text && spec->type == FL_OPTION_ENUM)
            option->number = choice_of(spec->choices, spec->default_text);
        else if (spec->default_text && spec->type == FL_OPTION_INT)
            option->number = g_ascii_strtoll(spec->default_text, NULL, 10);
        else if (spec->type == FL_OPTION_DURATION)
            option->number = 60 * G_USEC_PER_SEC;
        else if (spec->type == FL_OPTION_SIZE)
            option->number = 64 << 20;
        if (strcmp(spec->name, "directory") == 0)
            option->text = directory;
        if (strcmp(spec->name, "sender_name") == 0)
            option->text = "한결상점";
        if (strcmp(spec->name, "sender_address") == 0)
            option->text = "율곡로 99 | 03060 서울";
    }
}

static inline void option_set(struct options *options, const char *name, const char *text,
                              int64_t number)
{
    for (size_t i = 0; i < options->n; i++) {
        if (strcmp(options->list[i].name, name) == 0) {
            options->list[i].text = text;
            options->list[i].number = number;
            return;
        }
    }
    fail_msg("no option %s", name);
}

#endif
