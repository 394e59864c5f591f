/* A plugin with one fault, chosen by BAD: each is refused by the loader in its own words. */
#include <fairline/channel.h>

#define BAD_MAJOR     1
#define BAD_MINOR     2
#define BAD_SIZE      3
#define BAD_NO_SYMBOL 4

#if BAD == BAD_NO_SYMBOL
FL_CHANNEL_EXPORT int some_other_library(void);
int some_other_library(void)
{
    return 0;
}
#else

static enum fl_call check(const struct fl_option *options, size_t n_options, struct fl_why *why)
{
    (void)options;
    (void)n_options;
    (void)why;
    return FL_CALL_OK;
}

static enum fl_call open_it(const struct fl_option *options, size_t n_options,
                            const struct fl_services *services, void **out_self, struct fl_why *why)
{
    (void)options;
    (void)n_options;
    (void)services;
    (void)why;
    *out_self = (void *)0;
    return FL_CALL_OK;
}

static void close_it(void *self)
{
    (void)self;
}

static const struct fl_option_spec options[] = {{.name = (const char *)0}};
static const struct fl_limits limits = {.size = sizeof limits, .batch_max = 1};
static const struct fl_channel_v1 channel = {
    .magic = FL_CHANNEL_MAGIC,
    .abi_major = FL_CHANNEL_ABI_MAJOR + (BAD == BAD_MAJOR),
    .abi_minor = FL_CHANNEL_ABI_MINOR + (BAD == BAD_MINOR),
    .size = sizeof channel - (BAD == BAD_SIZE ? sizeof(void *) : 0),
    .name = "bad",
    .version = "1",
    .summary = "refused",
    .medium = "other",
    .capabilities = FL_ONE_WAY,
    .limits = &limits,
    .options = options,
    .check = check,
    .open = open_it,
    .close = close_it,
};

const struct fl_channel_v1 *fairline_channel_v1(void)
{
    return &channel;
}
#endif
