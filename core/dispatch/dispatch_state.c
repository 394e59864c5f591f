#include "dispatch/dispatch.h"

#define STATE(x) (1u << FL_MESSAGE_##x)

enum { ANSWERS = STATE(ACCEPTED) | STATE(DELIVERED) | STATE(BOUNCED) | STATE(FAILED) };
enum { STOPS = STATE(SUPPRESSED) | STATE(EXPIRED) | STATE(CANCELLED) | STATE(HELD) };

/* What may follow what.  Before an answer of the peer was stored, a delivery report may already
 * be here and proves that the message left: so answers may follow the waiting states too. */
static const unsigned may_follow[FL_MESSAGE_STATES] = {
    [FL_MESSAGE_PLANNED] = STATE(DUE) | STATE(CLAIMED) | STATE(DEFERRED) | STOPS | ANSWERS,
    [FL_MESSAGE_DEFERRED] = STATE(DUE) | STATE(CLAIMED) | STATE(DEFERRED) | STOPS | ANSWERS,
    [FL_MESSAGE_DUE] = STATE(CLAIMED) | STATE(DEFERRED) | STOPS | ANSWERS,
    [FL_MESSAGE_CLAIMED] = STATE(BEGUN) | STATE(DUE) | STATE(DEFERRED) | STATE(FAILED) | STOPS,
    [FL_MESSAGE_BEGUN] =
        ANSWERS | STATE(DEFERRED) | STATE(UNCERTAIN) | STATE(EXPIRED) | STATE(HELD),
    [FL_MESSAGE_ACCEPTED] = STATE(DELIVERED) | STATE(BOUNCED) | STATE(FAILED),
    [FL_MESSAGE_DELIVERED] = STATE(BOUNCED), /* a letter can come back weeks later */
    [FL_MESSAGE_UNCERTAIN] = ANSWERS | STATE(DEFERRED) | STATE(HELD) | STATE(CANCELLED),
    [FL_MESSAGE_HELD] =
        ANSWERS | STATE(DEFERRED) | STATE(SUPPRESSED) | STATE(EXPIRED) | STATE(CANCELLED),
};

bool fl_dispatch_may_follow(enum fl_message_state from, enum fl_message_state to)
{
    if ((size_t)from >= FL_MESSAGE_STATES || (size_t)to >= FL_MESSAGE_STATES)
        return false;
    return (may_follow[from] >> to & 1u) != 0;
}

/* retry_first, doubled with each attempt after the first, at most retry_max. */
static int64_t plain_delay_us(const struct fl_conf_channel *channel, int attempts)
{
    int64_t delay = channel->retry_first_us;

    for (int i = 1; i < attempts && delay < channel->retry_max_us; i++)
        delay *= 2;
    return delay < channel->retry_max_us ? delay : channel->retry_max_us;
}

/* How long a message has been tried when it has failed `attempts` times. */
static int64_t time_tried_us(const struct fl_conf_channel *channel, int attempts)
{
    int64_t sum = 0;

    for (int i = 1; i < attempts && sum < channel->expire_after_us; i++)
        sum += plain_delay_us(channel, i);
    return sum;
}

static struct fl_verdict judge_deferred(const struct fl_conf_channel *channel,
                                        const struct fl_report *report, int attempts,
                                        int64_t now_us, uint32_t jitter)
{
    struct fl_verdict verdict = {.state = FL_MESSAGE_DEFERRED, .event = FL_EVENT_DEFERRED};
    int64_t delay = plain_delay_us(channel, attempts);

    /* Three quarters to five quarters of the delay, so that what failed together comes back apart.
     */
    delay = delay / 4 * 3 + delay / 2000 * (int64_t)(jitter % 1000);
    if (report->retry_after_us > delay)
        delay = report->retry_after_us;
    if (attempts >= FL_DISPATCH_RETRIES_MAX ||
        time_tried_us(channel, attempts) + delay > channel->expire_after_us) {
        verdict.state = FL_MESSAGE_EXPIRED;
        verdict.rule = FL_RULE_EXPIRED;
        verdict.event = FL_EVENT_EXPIRED;
        return verdict;
    }
    verdict.due_us = now_us + delay;
    return verdict;
}

/* What is sent again under the same identity reaches the customer once where the peer or the
 * customer's mailbox can tell; else only a person may decide. */
static struct fl_verdict judge_uncertain(unsigned capabilities, int64_t now_us)
{
    struct fl_verdict verdict = {.event = FL_EVENT_UNCERTAIN};

    if ((capabilities & FL_DEDUPES) && !(capabilities & FL_COSTS_MONEY)) {
        verdict.state = FL_MESSAGE_DEFERRED;
        verdict.due_us = now_us;
    } else {
        verdict.state = FL_MESSAGE_UNCERTAIN;
        verdict.rule = FL_RULE_HELD_UNCERTAIN;
    }
    return verdict;
}

struct fl_verdict fl_dispatch_judge(const struct fl_conf_channel *channel,
                                    const struct fl_report *report, unsigned capabilities,
                                    int attempts, int64_t now_us, uint32_t jitter)
{
    struct fl_verdict verdict = {.state = FL_MESSAGE_FAILED, .event = FL_EVENT_FAILED};

    switch (report->outcome) {
    case FL_OUTCOME_ACCEPTED:
        verdict.state = FL_MESSAGE_ACCEPTED;
        verdict.event = FL_EVENT_ACCEPTED;
        return verdict;
    case FL_OUTCOME_DELIVERED:
        verdict.state = FL_MESSAGE_DELIVERED;
        verdict.event = FL_EVENT_DELIVERED;
        return verdict;
    case FL_OUTCOME_BOUNCED:
        verdict.state = FL_MESSAGE_BOUNCED;
        verdict.event = FL_EVENT_BOUNCED;
        verdict.suppresses_address = report->fault == FL_FAULT_ADDRESS;
        return verdict;
    case FL_OUTCOME_FAILED:
        return verdict;
    case FL_OUTCOME_UNCERTAIN:
        return judge_uncertain(capabilities, now_us);
    case FL_OUTCOME_NOT_TRIED:
    case FL_OUTCOME_DEFERRED:
        return judge_deferred(channel, report, attempts, now_us, jitter);
    }
    /* An outcome this build does not know: something may have happened. */
    return judge_uncertain(capabilities, now_us);
}
