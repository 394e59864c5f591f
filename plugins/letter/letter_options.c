/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options: the table, and the checks that need no network. */
#include "letter/letter_private.h"

#include <string.h>

enum { HOST_KEY_BYTES = 32, POINTS_PER_SIZE = 100 };

static const char default_columns[] = "line:6,bag:4,code:40,name:40,line1:60,line2:60,line3:60,"
                                      "postcode:10,country:2,first_page:6,pages:3,sheets:3";

const struct fl_option_spec letter_option_specs[] = {
    {"directory", FL_OPTION_PATH, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "folder where jobs for the print house appear"},
    {"sftp", FL_OPTION_URL, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "or a folder of its server, as sftp://host[:port]/folder/"},
    {"user", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD, "name to log in with there"},
    {"password", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_SECRET | FL_OPTION_RELOAD,
     "password of that name, where no key is used"},
    {"key_file", FL_OPTION_PATH, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "private key of that name (ed25519 or ECDSA), without passphrase"},
    {"host_key", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "SHA-256 of the server's key, as ssh-keygen -l prints it; this or known_hosts is needed"},
    {"known_hosts", FL_OPTION_PATH, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "file of known servers, as of OpenSSH"},
    {"timeout", FL_OPTION_DURATION, "60s", 1000000, INT64_C(600000000), NULL, FL_OPTION_RELOAD,
     "how long to wait for the server while nothing moves"},
    {"layout", FL_OPTION_ENUM, "kr", 0, 0, "kr|us|de", FL_OPTION_RELOAD,
     "window envelope: kr (220 x 105 mm), us (no. 10), de (DIN 5008 form B)"},
    {"sheet", FL_OPTION_ENUM, "auto", 0, 0, "auto|a4|letter", FL_OPTION_RELOAD,
     "paper; auto: letter for layout us, else a4"},
    {"duplex", FL_OPTION_BOOL, "no", 0, 0, NULL, FL_OPTION_RELOAD,
     "print on both sides: each letter begins on a front"},
    {"font", FL_OPTION_STRING, "NanumGothic, Noto Sans CJK KR, sans", 0, 0, NULL, FL_OPTION_RELOAD,
     "font families in order of preference"},
    {"font_size", FL_OPTION_STRING, "10.5", 0, 0, NULL, FL_OPTION_RELOAD,
     "size of the text in points, 8 to 16"},
    {"sender_name", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_REQUIRED | FL_OPTION_RELOAD,
     "who writes, where a campaign names nobody"},
    {"sender_address", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_REQUIRED | FL_OPTION_RELOAD,
     "address letters come back to; lines separated by \" | \""},
    {"sender_note", FL_OPTION_STRING, "", 0, 0, NULL, FL_OPTION_RELOAD,
     "small line at the foot: telephone, register, bank"},
    {"home", FL_OPTION_STRING, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "country of the sender, two letters; that of the layout when not given"},
    {"address_file", FL_OPTION_ENUM, "csv", 0, 0, "csv|fixed|both", FL_OPTION_RELOAD,
     "how addresses are listed"},
    {"csv_bom", FL_OPTION_BOOL, "no", 0, 0, NULL, FL_OPTION_RELOAD,
     "begin the CSV file with a byte order mark, for spreadsheets"},
    {"fixed_columns", FL_OPTION_STRING, default_columns, 0, 0, NULL, FL_OPTION_RELOAD,
     "columns of the fixed-width file, as name:bytes,..."},
    {"fixed_charset", FL_OPTION_ENUM, "utf-8", 0, 0, "utf-8|cp949", FL_OPTION_RELOAD,
     "charset of the fixed-width file"},
    {"bag_size", FL_OPTION_INT, "200", 1, 100000, NULL, FL_OPTION_RELOAD, "letters in a bag"},
    {"sheet_weight", FL_OPTION_STRING, "5", 0, 0, NULL, FL_OPTION_RELOAD, "grams of a sheet"},
    {"envelope_weight", FL_OPTION_STRING, "5", 0, 0, NULL, FL_OPTION_RELOAD,
     "grams of an envelope"},
    {"weight_steps", FL_OPTION_STRING, "", 0, 0, NULL, FL_OPTION_RELOAD,
     "postage up to a weight, as 25g:450,50g:470; a heavier letter is refused"},
    {"currency", FL_OPTION_STRING, "", 0, 0, NULL, FL_OPTION_RELOAD,
     "currency of the postage, ISO 4217"},
    {"returns", FL_OPTION_PATH, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "folder where files of returned letters and scanned cards appear"},
    {"returns_sftp", FL_OPTION_URL, NULL, 0, 0, NULL, FL_OPTION_RELOAD,
     "or a folder of an SFTP server, with the same login"},
    {"settle", FL_OPTION_DURATION, "60s", 0, INT64_C(86400000000), NULL, FL_OPTION_RELOAD,
     "a file unchanged for so long is complete; NAME.done says so at once"},
    {"poll", FL_OPTION_DURATION, "60s", 1000000, INT64_C(86400000000), NULL, FL_OPTION_RELOAD,
     "how often to look for returned files"},
    {"max_size", FL_OPTION_SIZE, "64M", 1024, INT64_C(1) << 30, NULL, FL_OPTION_RELOAD,
     "larger returned files are left where they are, with a warning"},
    {NULL, FL_OPTION_STRING, NULL, 0, 0, NULL, 0, NULL},
};

static bool is_clean(const char *s)
{
    if (!s)
        return true;
    if (!g_utf8_validate(s, -1, NULL))
        return false;
    for (; *s; s++) {
        if ((unsigned char)*s < 0x20 && *s != '\n')
            return false;
    }
    return true;
}

/* A folder on a server: host, and a path without quotation marks or dots that climb. */
static bool sftp_is_sound(const char *url)
{
    const char *host = url + strlen("sftp://"), *path;

    if (!g_str_has_prefix(url, "sftp://"))
        return false;
    path = strchr(host, '/');
    if (!path || path == host || strpbrk(url, "\"\\@?#% ") || strstr(path, "/../"))
        return false;
    return is_clean(url) && !strchr(url, '\n');
}

/* "SHA256:base64", the prefix and the padding are optional; gives what libcurl wants. */
static const char *host_key_read(const struct plug_reader *in, const char *text)
{
    gsize len = 0;
    guchar *bytes;
    gchar *encoded;
    const char *result = NULL;
    char padded[64];

    if (g_str_has_prefix(text, "SHA256:"))
        text += strlen("SHA256:");
    if (strlen(text) + 2 > sizeof padded)
        return NULL;
    g_strlcpy(padded, text, sizeof padded);
    while (strlen(padded) % 4)
        g_strlcat(padded, "=", sizeof padded);
    bytes = g_base64_decode(padded, &len);
    encoded = g_base64_encode(bytes, len);
    if (len == HOST_KEY_BYTES && strcmp(encoded, padded) == 0)
        result = g_string_chunk_insert_len(in->strings, encoded, (gssize)strcspn(encoded, "="));
    g_free(bytes);
    g_free(encoded);
    return result;
}

static enum fl_call read_server(const struct plug_reader *in, struct letter_settings *set,
                                struct fl_why *why)
{
    const char *key = plug_text(in, "host_key");

    set->directory = plug_text(in, "directory");
    set->sftp = plug_text(in, "sftp");
    set->user = plug_text(in, "user");
    set->password = plug_secret(in, "password");
    set->key_file = plug_text(in, "key_file");
    set->known_hosts = plug_text(in, "known_hosts");
    set->returns = plug_text(in, "returns");
    set->returns_remote = plug_text(in, "returns_sftp");
    set->timeout_ms = (int)(plug_number(in, "timeout") / 1000);
    set->settle_us = plug_number(in, "settle");
    set->poll_ms = (int)(plug_number(in, "poll") / 1000);
    set->max_size = (size_t)plug_number(in, "max_size");
    set->host_key = key ? host_key_read(in, key) : NULL;
    if (!set->directory == !set->sftp)
        return plug_refuse(why, "expected either directory or sftp, %s given",
                           set->sftp ? "both are" : "none is");
    if (set->returns && set->returns_remote)
        return plug_refuse(why, "expected either returns or returns_sftp, both are given");
    if (key && !set->host_key)
        return plug_refuse(why,
                           "host_key \"%s\" is no SHA-256 in base64, expected such as "
                           "SHA256:AbC..., as ssh-keygen -l prints it",
                           key);
    return FL_CALL_OK;
}

static enum fl_call check_server(const struct letter_settings *set, struct fl_why *why)
{
    const char *const urls[] = {set->sftp, set->returns_remote};

    if (!set->sftp && !set->returns_remote)
        return FL_CALL_OK;
    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        if (urls[i] && !sftp_is_sound(urls[i]))
            return plug_refuse(why,
                               "\"%s\" is no folder of a server, expected such as "
                               "sftp://host:22/folder/ without user name",
                               urls[i]);
    }
    if (!set->user)
        return plug_refuse(why, "user is not given, expected the name to log in with by SFTP");
    if (!set->key_file == !set->password)
        return plug_refuse(why, "expected either key_file or password_file, %s given",
                           set->password ? "both are" : "none is");
    if (!set->host_key == !set->known_hosts)
        return plug_refuse(why,
                           "expected either host_key or known_hosts, %s given: a server that is "
                           "not known is not spoken to",
                           set->host_key ? "both are" : "none is");
    return FL_CALL_OK;
}

/* "A street | 12345 town" to lines. */
static const char *lines_of(const struct plug_reader *in, const char *text)
{
    char **parts = g_strsplit(text, "|", -1);
    char *joined;
    const char *result;

    for (char **part = parts; *part; part++)
        g_strstrip(*part);
    joined = g_strjoinv("\n", parts);
    result = g_string_chunk_insert(in->strings, joined);
    g_free(joined);
    g_strfreev(parts);
    return result;
}

static enum fl_call read_look(const struct plug_reader *in, struct letter_settings *set,
                              struct fl_why *why)
{
    static const char *const homes[] = {"KR", "US", "DE"};
    const char *size = plug_text(in, "font_size"), *address = plug_text(in, "sender_address");
    int64_t sheet = plug_number(in, "sheet");
    char *end = NULL;

    set->layout = (enum letter_layout)plug_number(in, "layout");
    set->sheet = sheet == 2 || (!sheet && set->layout == LETTER_US) ? LETTER_LETTER : LETTER_A4;
    set->is_duplex = plug_number(in, "duplex") != 0;
    set->font = plug_text(in, "font");
    set->font_size = size ? g_ascii_strtod(size, &end) : 0;
    set->sender_name = plug_text(in, "sender_name");
    set->sender_address = address ? lines_of(in, address) : NULL;
    set->sender_note = plug_text(in, "sender_note");
    set->home = plug_text(in, "home");
    if (!set->home)
        set->home = homes[set->layout];
    if (!set->sender_note)
        set->sender_note = "";
    if (!set->font)
        return plug_refuse(why, "font is empty, expected the name of a family");
    if (!size || *end || !(set->font_size >= 8 && set->font_size <= 16))
        return plug_refuse(why, "font_size \"%s\" is not within 8 and 16", size ? size : "");
    if (!set->sender_name || !set->sender_address)
        return plug_refuse(why, "sender_name or sender_address is not given");
    if (!is_clean(set->sender_name) || !is_clean(set->sender_address) ||
        !is_clean(set->sender_note) || !is_clean(set->font))
        return plug_refuse(why, "sender_name, sender_address, sender_note or font holds control "
                                "characters or is not UTF-8");
    if (strlen(set->home) != 2 || !g_ascii_isupper(set->home[0]) || !g_ascii_isupper(set->home[1]))
        return plug_refuse(why, "home \"%s\" is no country, expected two capital letters",
                           set->home);
    return FL_CALL_OK;
}

static enum fl_call read_job(const struct plug_reader *in, struct letter_settings *set,
                             struct fl_why *why)
{
    const char *columns = plug_text(in, "fixed_columns");
    const char *steps = plug_text(in, "weight_steps");
    const char *sheet = plug_text(in, "sheet_weight");
    const char *envelope = plug_text(in, "envelope_weight");
    const char *currency = plug_text(in, "currency");
    int64_t file = plug_number(in, "address_file");
    char reason[200];

    set->has_csv = file != 1;
    set->has_fixed = file != 0;
    set->has_bom = plug_number(in, "csv_bom") != 0;
    set->charset = (enum letter_charset)plug_number(in, "fixed_charset");
    set->bag_size = (size_t)plug_number(in, "bag_size");
    set->currency = currency ? currency : "";
    if (!letter_columns_parse(columns ? columns : default_columns, in->strings, set->columns,
                              &set->n_columns, reason, sizeof reason))
        return plug_refuse(why, "fixed_columns: %s", reason);
    if (!letter_steps_parse(steps ? steps : "", set->steps, &set->n_steps, reason, sizeof reason))
        return plug_refuse(why, "weight_steps: %s", reason);
    if (!sheet || !letter_grams_parse(sheet, &set->sheet_mg) || !set->sheet_mg)
        return plug_refuse(why, "sheet_weight \"%s\" is no weight, expected grams such as 4.5",
                           sheet ? sheet : "");
    if (!envelope || !letter_grams_parse(envelope, &set->envelope_mg))
        return plug_refuse(why, "envelope_weight \"%s\" is no weight, expected grams such as 4.5",
                           envelope ? envelope : "");
    if (set->n_steps && strlen(set->currency) != 3)
        return plug_refuse(why,
                           "currency \"%s\" is no currency of three letters, weight_steps needs "
                           "one",
                           set->currency);
    return FL_CALL_OK;
}

enum fl_call letter_settings_read(const struct fl_option *options, size_t n_options,
                                  GStringChunk *strings, struct letter_settings *out,
                                  struct fl_why *why)
{
    struct plug_reader in = {options, n_options, strings};
    struct letter_settings set = {0};
    enum fl_call call = read_server(&in, &set, why);

    if (call == FL_CALL_OK)
        call = check_server(&set, why);
    if (call == FL_CALL_OK)
        call = read_look(&in, &set, why);
    if (call == FL_CALL_OK)
        call = read_job(&in, &set, why);
    if (call == FL_CALL_OK)
        *out = set;
    return call;
}
