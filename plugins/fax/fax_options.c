/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options: the table, and the checks that need no network. */
#include "fax/fax_private.h"

#include <string.h>

enum { LINES_A4 = 2292, LINES_LETTER = 2156 };

const struct fl_option_spec fax_option_specs[] = {
    {"server", FL_OPTION_HOSTPORT, "127.0.0.1:4559", 0, 0, NULL, FL_OPTION_RELOAD,
     "HylaFAX server (hfaxd), as name:port"},
    {"user", FL_OPTION_STRING, "fairline", 0, 0, NULL, FL_OPTION_RELOAD,
     "name to log in with at the server"},
    {"password", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_SECRET | FL_OPTION_RELOAD,
     "password of that name, where the server asks for one"},
    {"admin_password", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_SECRET | FL_OPTION_RELOAD,
     "the server's password for administrators, who alone see what faxgetty received, unless "
     "RecvFileMode is 0644, and may delete it"},
    {"timeout", FL_OPTION_DURATION, "60s", 1000000, INT64_C(600000000), NULL, FL_OPTION_RELOAD,
     "how long to wait for a reply of the server"},
    {"number", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_REQUIRED | FL_OPTION_RELOAD,
     "our fax number, as +CountryArea..."},
    {"name", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_REQUIRED | FL_OPTION_RELOAD,
     "our name, where a campaign gives none"},
    {"return_number", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "number to fax the form back to; ours when not given"},
    {"opt_out_number", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "number to opt out at free of charge, in the notice; return_number when not given"},
    {"opt_out_notice", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "the notice at the foot of the first page; a sentence in the customer's language when not "
     "given"},
    {"form", FL_OPTION_ENUM, "survey", 0, 0, "always|survey|never", FL_OPTION_RELOAD,
     "when a form to fax back is added: always, with a survey, never"},
    {"language", FL_OPTION_STRING, "en", 0, 0, NULL, FL_OPTION_RELOAD,
     "language of our words for a customer without one"},
    {"page", FL_OPTION_ENUM, "a4", 0, 0, "a4|letter", FL_OPTION_RELOAD, "size of the pages"},
    {"font", FL_OPTION_STRING, "Nanum Gothic, sans", 0, 0, NULL, FL_OPTION_RELOAD,
     "fonts, the first that is there"},
    {"font_size", FL_OPTION_INT, "12", 9, 20, NULL, FL_OPTION_RELOAD, "of the text, in points"},
    {"country_code", FL_OPTION_STRING, "82", 0, 0, NULL, FL_OPTION_RELOAD,
     "the country the modems are in, as in +82"},
    {"trunk_prefix", FL_OPTION_STRING, "0", 0, 0, NULL, FL_OPTION_RELOAD,
     "dialled before a number within the country"},
    {"international_prefix", FL_OPTION_STRING, "00", 0, 0, NULL, FL_OPTION_RELOAD,
     "dialled before a number of another country"},
    {"dial_prefix", FL_OPTION_STRING, "", 0, 0, NULL, FL_OPTION_RELOAD,
     "dialled before everything, for an outside line"},
    {"give_up", FL_OPTION_DURATION, "3h", 60000000, INT64_C(864000000000), NULL, FL_OPTION_RELOAD,
     "how long the server tries to send a fax"},
    {"retry", FL_OPTION_DURATION, "5m", 1000000, INT64_C(3599000000), NULL, FL_OPTION_RELOAD,
     "how long the server waits between two tries"},
    {"max_dials", FL_OPTION_INT, "6", 1, 100, NULL, FL_OPTION_RELOAD,
     "how often the server dials a number for one fax"},
    {"max_tries", FL_OPTION_INT, "3", 1, 100, NULL, FL_OPTION_RELOAD,
     "how often the server sends pages for one fax"},
    {"cost_per_page", FL_OPTION_INT, "0", 0, INT64_C(1000000000), NULL, FL_OPTION_RELOAD,
     "what a page that was sent costs, in millionths of the currency"},
    {"currency", FL_OPTION_STRING, "KRW", 0, 0, NULL, FL_OPTION_RELOAD,
     "currency of that cost, three letters"},
    {"inbound", FL_OPTION_ENUM, "hylafax", 0, 0, "none|hylafax|folder", FL_OPTION_RELOAD,
     "where received faxes are collected: nowhere, at the server, in a folder"},
    {"recvq", FL_OPTION_PATH, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "folder of received faxes (*.tif) for inbound folder"},
    {"keep_received", FL_OPTION_BOOL, "yes", 0, 0, NULL, FL_OPTION_RELOAD,
     "no: received faxes are deleted once they are stored"},
    {"max_pages", FL_OPTION_INT, "50", 1, FAX_PAGES_MAX, NULL, FL_OPTION_RELOAD,
     "pages of a received fax that are looked at"},
    {"max_size", FL_OPTION_SIZE, "20M", 65536, 32 << 20, NULL, FL_OPTION_RELOAD,
     "larger received faxes are left where they are, with a warning"},
    {"poll", FL_OPTION_DURATION, "30s", 1000000, INT64_C(86400000000), NULL, FL_OPTION_RELOAD,
     "how often to look for received faxes and for what became of jobs"},
    {NULL, FL_OPTION_STRING, NULL, 0, 0, NULL, 0, NULL},
};

/* One word of a command; nothing in it may end a line or a quotation. */
static bool is_word(const char *s)
{
    for (; *s; s++) {
        if (!g_ascii_isgraph(*s) || *s == '"' || *s == '\\')
            return false;
    }
    return true;
}

static bool is_digits(const char *s)
{
    return strspn(s, "0123456789") == strlen(s) && strlen(s) <= 8;
}

static enum fl_call wrong(struct fl_why *why, const char *name, const char *value,
                          const char *expected)
{
    return plug_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE, "%s is \"%s\", expected %s", name,
                    value, expected);
}

static enum fl_call check_numbers(const struct fax_settings *set, struct fl_why *why)
{
    static const char expected[] = "an international number such as +82215770001";
    const struct {
        const char *name, *value;
    } digits[] = {{"country_code", set->country_code},
                  {"trunk_prefix", set->trunk_prefix},
                  {"international_prefix", set->international_prefix},
                  {"dial_prefix", set->dial_prefix}};

    if (!fax_number_is_e164(set->number))
        return wrong(why, "number", set->number, expected);
    if (!fax_number_is_e164(set->return_number))
        return wrong(why, "return_number", set->return_number, expected);
    for (size_t i = 0; i < sizeof digits / sizeof digits[0]; i++) {
        if (!is_digits(digits[i].value) || (i == 0 && !*digits[i].value))
            return wrong(why, digits[i].name, digits[i].value, "digits");
    }
    return FL_CALL_OK;
}

static enum fl_call settings_check(const struct fax_settings *set, struct fl_why *why)
{
    if (!*set->host || !is_word(set->host))
        return wrong(why, "server", set->host, "name:port");
    if (!*set->user || !is_word(set->user))
        return wrong(why, "user", set->user, "one word");
    if ((set->password && !is_word(set->password)) ||
        (set->admin_password && !is_word(set->admin_password)))
        return plug_why(why, FL_CALL_FAILED, FL_FAULT_OUR_SIDE,
                        "a password holds a blank, a quotation mark or a control character, which "
                        "HylaFAX does not take");
    if (!*set->name)
        return wrong(why, "name", "", "the name of the sender: the law wants it on a fax");
    if (strlen(set->currency) != 3)
        return wrong(why, "currency", set->currency, "three letters such as KRW");
    if (set->inbound == FAX_INBOUND_FOLDER && !set->recvq)
        return wrong(why, "inbound", "folder", "a folder in recvq with it");
    if (set->inbound == FAX_INBOUND_HYLAFAX && !set->keep_received && !set->admin_password)
        return wrong(why, "keep_received", "no",
                     "an admin_password with it: HylaFAX lets nobody else delete what it received");
    return check_numbers(set, why);
}

static void read_sending(const struct plug_reader *in, struct fax_settings *set)
{
    set->name = plug_or_empty(plug_text(in, "name"));
    set->language = plug_or_empty(plug_text(in, "language"));
    set->number = plug_or_empty(plug_text(in, "number"));
    set->return_number = plug_text(in, "return_number");
    if (!set->return_number)
        set->return_number = set->number;
    set->opt_out_number = plug_text(in, "opt_out_number");
    if (!set->opt_out_number)
        set->opt_out_number = set->return_number;
    set->opt_out_notice = plug_text(in, "opt_out_notice");
    set->form = (enum fax_form_when)plug_number(in, "form");
    set->font = plug_or_empty(plug_text(in, "font"));
    set->size = (int)plug_number(in, "font_size");
    set->page_height = plug_number(in, "page") == 0 ? LINES_A4 : LINES_LETTER;
    set->country_code = plug_or_empty(plug_text(in, "country_code"));
    set->trunk_prefix = plug_or_empty(plug_text(in, "trunk_prefix"));
    set->international_prefix = plug_or_empty(plug_text(in, "international_prefix"));
    set->dial_prefix = plug_or_empty(plug_text(in, "dial_prefix"));
    set->give_up_us = plug_number(in, "give_up");
    set->retry_us = plug_number(in, "retry");
    set->max_dials = (int)plug_number(in, "max_dials");
    set->max_tries = (int)plug_number(in, "max_tries");
    set->cost_per_page = plug_number(in, "cost_per_page");
    set->currency = plug_or_empty(plug_text(in, "currency"));
}

enum fl_call fax_settings_read(const struct fl_option *options, size_t n_options,
                               GStringChunk *strings, struct fax_settings *out, struct fl_why *why)
{
    const struct plug_reader in = {options, n_options, strings};
    struct fax_settings set = {0};
    enum fl_call call;

    set.host = plug_or_empty(plug_text(&in, "server"));
    set.port = (int)plug_number(&in, "server");
    set.user = plug_or_empty(plug_text(&in, "user"));
    set.password = plug_secret(&in, "password");
    set.admin_password = plug_secret(&in, "admin_password");
    set.timeout_ms = (int)(plug_number(&in, "timeout") / 1000);
    read_sending(&in, &set);
    set.inbound = (enum fax_inbound)plug_number(&in, "inbound");
    set.recvq = plug_text(&in, "recvq");
    set.keep_received = plug_number(&in, "keep_received") != 0;
    set.max_pages = (int)plug_number(&in, "max_pages");
    set.max_size = (size_t)plug_number(&in, "max_size");
    set.poll_ms = (int)(plug_number(&in, "poll") / 1000);
    call = settings_check(&set, why);
    if (call == FL_CALL_OK)
        *out = set;
    return call;
}
