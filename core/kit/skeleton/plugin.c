/* @NAME@: a channel plugin for Fairline.  As it stands, a message becomes a file in one folder and
 * a file in another is a reply; put your own peer in the places of the two. */
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fairline/channel.h>

enum { OUTBOX, INBOX, N_OPTIONS }; /* rows of the table, in its order */

static const struct fl_option_spec options[] = {
    {"outbox", FL_OPTION_PATH, NULL, 0, 0, NULL, FL_OPTION_REQUIRED, "folder for messages"},
    {"inbox", FL_OPTION_PATH, NULL, 0, 0, NULL, FL_OPTION_REQUIRED, "folder of replies, *.txt"},
    {NULL, (enum fl_option_type)0, NULL, 0, 0, NULL, 0, NULL},
};

struct channel {
    const struct fl_services *services;
    char folders[N_OPTIONS][PATH_MAX / 2];
};

static enum fl_call answer(struct fl_why *why, enum fl_call call, const char *what, const char *of)
{
    snprintf(why->text, sizeof why->text, "%s%.400s", what, of);
    why->fault = FL_FAULT_OUR_SIDE;
    return call;
}

static enum fl_call my_check(const struct fl_option *o, size_t n, struct fl_why *why)
{
    for (size_t i = 0; i < n; i++)
        if (!o[i].text || strlen(o[i].text) >= PATH_MAX / 2)
            return answer(why, FL_CALL_FAILED, options[i].name, " is missing, expected a folder");
    return FL_CALL_OK;
}

static enum fl_call my_open(const struct fl_option *o, size_t n, const struct fl_services *services,
                            void **out_self, struct fl_why *why)
{
    struct channel *c = calloc(1, sizeof *c);

    if (!c)
        return answer(why, FL_CALL_RETRY, "no memory", "");
    c->services = services;
    for (size_t i = 0; i < n; i++) /* they have passed my_check() */
        snprintf(c->folders[i], sizeof c->folders[i], "%s", o[i].text);
    *out_self = c;
    return FL_CALL_OK;
}

static enum fl_call my_health(void *self, struct fl_why *why)
{
    const struct channel *c = self;

    for (int i = 0; i < N_OPTIONS; i++)
        if (access(c->folders[i], R_OK | W_OK) != 0)
            return answer(why, FL_CALL_RETRY, "cannot use the folder ", c->folders[i]);
    return FL_CALL_OK;
}

/* The same message always becomes the same file: that is why FL_DEDUPES may be declared. */
static int send_item(const struct channel *c, const struct fl_item *item)
{
    char part[PATH_MAX], path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s.txt", c->folders[OUTBOX], item->token_reply);
    snprintf(part, sizeof part, "%.4000s.part", path);
    if (!(file = fopen(part, "we")))
        return -1;
    fprintf(file, "To: %s\nSubject: %s\n\n", item->to_address, item->subject);
    for (size_t i = 0; i < item->n_parts; i++)
        if (strcmp(item->parts[i]->type, "text/plain") == 0)
            fwrite(item->parts[i]->data, 1, item->parts[i]->data_len, file);
    return fclose(file) != 0 || rename(part, path) != 0 ? -1 : 0;
}

static enum fl_call my_deliver(void *self, const struct fl_item *const *items, size_t n,
                               struct fl_why *why)
{
    const struct channel *c = self;
    const struct fl_services *s = c->services;

    for (uint32_t i = 0; i < n; i++) {
        struct fl_report report = {.size = sizeof report, .item = i};

        if ((i && s->is_stopping(s->host)) || (FL_HAS(s, begin) && s->begin(s->host, i) != 0))
            return answer(why, FL_CALL_RETRY, "asked to stop", "");
        report.outcome = FL_OUTCOME_DELIVERED;
        report.provider_ref = items[i]->token_reply;
        if (send_item(c, items[i]) != 0) {
            report.outcome = FL_OUTCOME_DEFERRED;
            report.fault = FL_FAULT_OUR_SIDE;
            report.detail = "could not write the file";
        }
        if (s->report(s->host, &report) != 0)
            return answer(why, FL_CALL_RETRY, "nobody is listening", "");
    }
    return FL_CALL_OK;
}

/* Hands a reply over, whose name is the token of what it answers, and deletes it once stored. */
static int collect_file(const struct channel *c, const char *path)
{
    const struct fl_services *s = c->services;
    const char *name = strrchr(path, '/') + 1;
    char data[64 << 10], key[NAME_MAX + 64];
    struct fl_inbound in = {sizeof in, FL_INBOUND_TEXT, key, NULL, data, .to_address = name};
    FILE *file = fopen(path, "re");
    struct stat st;

    if (!file || fstat(fileno(file), &st) != 0)
        return -1;
    in.data_len = fread(data, 1, sizeof data, file);
    fclose(file);
    snprintf(key, sizeof key, "%s:%lld.%ld", name, (long long)st.st_mtime, st.st_mtim.tv_nsec);
    return s->inbound(s->host, &in) != 0 || s->commit(s->host) != 0 || unlink(path) != 0;
}

static enum fl_call my_collect(void *self, struct fl_why *why)
{
    const struct channel *c = self;
    char pattern[PATH_MAX];
    glob_t found = {.gl_pathc = 0};
    int n_left = 0;

    snprintf(pattern, sizeof pattern, "%s/*.txt", c->folders[INBOX]);
    glob(pattern, 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++)
        n_left += collect_file(c, found.gl_pathv[i]) != 0;
    globfree(&found);
    return n_left ? answer(why, FL_CALL_RETRY, "a reply could not be stored", "") : FL_CALL_OK;
}

static const struct fl_channel_v1 channel = {
    FL_CHANNEL_MAGIC, FL_CHANNEL_ABI_MAJOR, FL_CHANNEL_ABI_MINOR, sizeof channel, "@NAME@",
    "0.1", "messages as files in a folder, replies from another", "other",
    FL_CAN_DELIVER | FL_CAN_COLLECT | FL_CAN_HEALTH | FL_DEDUPES | FL_BEGINS,
    &(const struct fl_limits){.size = sizeof(struct fl_limits), .batch_max = 100}, options,
    .check = my_check, .open = my_open, .deliver = my_deliver, .collect = my_collect,
    .health = my_health, .close = free};

const struct fl_channel_v1 *fairline_channel_v1(void)
{
    return &channel;
}
