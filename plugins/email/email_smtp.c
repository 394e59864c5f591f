/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A batch over one SMTP session of libesmtp.
 *
 * The next message is added from the MAIL event of the one before, one ahead: so the session can
 * be ended politely between two items, and at most two bodies are in memory.
 *
 * What is true comes from three places: the status of MAIL, of RCPT, and MESSAGESENT.  A message
 * whose body was handed over to its end and that has no MESSAGESENT is in doubt; one whose body
 * was not is safe to send again.  What libesmtp returns from a session says nothing.
 */
#include "email_smtp_private.h"

#include <string.h>

enum { XTEXT_MAX = 250 }; /* libesmtp encodes into 256 bytes */

void email_smtp_setup(void)
{
    auth_client_init();
}

/* --- adding messages --------------------------------------------------------------------------*/

static const char *on_body(void **ctx, int *len, void *arg)
{
    struct smtp_slot *slot = arg;

    (void)ctx;
    if (!len) { /* rewind */
        slot->is_handed = false;
        return NULL;
    }
    if (!slot->is_handed && slot->body) {
        slot->is_handed = true;
        *len = (int)slot->body->len;
        return slot->body->str;
    }
    if (!slot->run->wire.is_cut) { /* else nothing reaches the server any more */
        slot->is_ended = true;
        slot->run->wire.is_after_body = true;
    }
    *len = 0;
    return NULL;
}

/* Length of `s` as xtext (RFC 3461 4). */
static size_t xtext_length(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += g_ascii_isgraph(*s) && *s != '+' && *s != '=' ? 1 : 3;
    return n;
}

static bool message_add(struct smtp_run *run, struct smtp_slot *slot, const struct fl_item *item)
{
    const struct email_settings *set = &run->self->set;
    char *path = email_plus_address(set->return_local, item->token_return, set->domain);
    smtp_message_t message = smtp_add_message(run->session);
    smtp_recipient_t recipient = message ? smtp_add_recipient(message, item->to_address) : NULL;

    if (recipient) {
        smtp_message_set_application_data_release(message, slot, NULL);
        smtp_set_reverse_path(message, path);
        smtp_set_messagecb(message, on_body, slot);
        smtp_size_set_estimate(message, (unsigned long)(slot->body ? slot->body->len : 0));
        smtp_dsn_set_ret(message, Ret_HDRS);
        if (item->token_return && *item->token_return)
            smtp_dsn_set_envid(message, item->token_return);
        smtp_dsn_set_notify(recipient, Notify_FAILURE | Notify_DELAY);
        if (xtext_length(item->to_address) <= XTEXT_MAX)
            smtp_dsn_set_orcpt(recipient, "rfc822", item->to_address);
    }
    g_free(path);
    return recipient != NULL;
}

/* Adds the next item that can be a message; those that cannot are reported here. */
static void run_add_next(struct smtp_run *run)
{
    while (run->next < run->n_items && !run->is_ending) {
        struct smtp_slot *slot = &run->slots[run->next];
        const struct fl_item *item = run->items[run->next];
        const struct fl_services *services = run->self->services;
        struct fl_why why = {.size = sizeof why};

        if (email_is_stopping(run->self)) {
            run->is_ending = run->is_stopping = true;
            return;
        }
        if (email_monotonic_ms() - run->begun_ms > EMAIL_CALL_BUDGET_MS) {
            email_smtp_run_note(run, FL_FAULT_THROTTLED, "\"%s\" is slow: %u messages took %d s",
                                run->self->set.host, run->next, EMAIL_CALL_BUDGET_MS / 1000);
            return;
        }
        run->next++;
        slot->body = g_string_sized_new(8192);
        if (!email_address_is_safe(item->to_address)) {
            static const struct email_reply bad = {0, 5, 1, 3, ""};

            email_smtp_slot_report(slot, FL_OUTCOME_BOUNCED, FL_FAULT_ADDRESS, &bad,
                                   "the address is not local@domain in ASCII");
        } else if (!email_message_build(&run->self->set, item, services->now_us(services->host),
                                        slot->body, &why)) {
            email_smtp_slot_report(slot, FL_OUTCOME_FAILED, why.fault, NULL, why.text);
        } else if (message_add(run, slot, item)) {
            run->n_added++;
            return;
        } else {
            run->is_ending = true;
        }
        email_smtp_slot_drop_body(slot);
    }
}

/* --- events -----------------------------------------------------------------------------------*/

static void on_connect(struct smtp_run *run)
{
    const struct email_settings *set = &run->self->set;
    char trouble[320];

    email_bridge_finish(&run->bridge); /* of an earlier address of the same name */
    run->starttls = NULL;
    email_wire_connected(&run->wire, set->port);
    if (set->tls != EMAIL_TLS_IMPLICIT)
        return;
    if (run->wire.fd < 0) {
        email_smtp_run_note(run, FL_FAULT_OUR_SIDE, "the connection to \"%s\" was not found",
                            set->host);
        return;
    }
    run->bridge = email_bridge_start(run->self->tls, set->host, run->wire.fd, set->timeout_ms,
                                     trouble, sizeof trouble);
    if (!run->bridge) {
        email_smtp_run_note(run, FL_FAULT_OUR_SIDE, "%s", trouble);
        email_wire_cut(&run->wire);
    }
}

/* libesmtp goes on without a login when the login fails; we do not. */
static bool login_is_missing(struct smtp_run *run)
{
    const struct email_settings *set = &run->self->set;
    const struct email_reply *login = &run->wire.login;

    if (!set->user || run->wire.is_logged_in)
        return false;
    if (login->code)
        email_smtp_run_note(run, login->code < 500 ? FL_FAULT_TRANSIENT : FL_FAULT_OUR_SIDE,
                            "\"%s\" refused the login of \"%s\": %d %s", set->host, set->user,
                            login->code, login->text);
    else
        email_smtp_run_note(
            run, FL_FAULT_OUR_SIDE,
            "\"%s\" offers no login by password, expected AUTH PLAIN or LOGIN for user \"%s\"",
            set->host, set->user);
    email_wire_quit(&run->wire, run->starttls);
    return true;
}

static void on_mail(struct smtp_run *run, smtp_message_t message)
{
    struct smtp_slot *slot = smtp_message_get_application_data(message);
    struct email_reply reply;

    if (login_is_missing(run))
        return;
    email_smtp_reply_read(smtp_reverse_path_status(message), &reply);
    if (run->is_health) {
        run->is_healthy = reply.code / 100 == 2;
        if (!run->is_healthy)
            email_smtp_run_note(run, email_classify(EMAIL_STAGE_MAIL, &reply).fault,
                                "\"%s\" refused our sender address: %d %s", run->self->set.host,
                                reply.code, reply.text);
        email_wire_quit(&run->wire, run->starttls);
        return;
    }
    run->current = slot;
    slot->is_begun = true;
    run->wire.is_after_body = false;
    memset(&run->wire.end, 0, sizeof run->wire.end);
    if (reply.code / 100 != 2)
        email_smtp_slot_refused(slot, EMAIL_STAGE_MAIL, &reply);
    run_add_next(run);
}

static void on_recipient(struct smtp_run *run, smtp_recipient_t recipient)
{
    struct email_reply reply;

    email_smtp_reply_read(smtp_recipient_status(recipient), &reply);
    if (run->current && reply.code / 100 != 2)
        email_smtp_slot_refused(run->current, EMAIL_STAGE_RCPT, &reply);
}

static void on_sent(smtp_message_t message)
{
    struct smtp_slot *slot = smtp_message_get_application_data(message);
    struct email_reply reply;

    email_smtp_reply_read(smtp_message_transfer_status(message), &reply);
    if (reply.code / 100 == 2 && slot->is_ended)
        email_smtp_slot_report(slot, FL_OUTCOME_ACCEPTED, FL_FAULT_NONE, &reply, NULL);
    else if (reply.code >= 400)
        email_smtp_slot_refused(slot, EMAIL_STAGE_DATA, &reply);
    else
        email_smtp_slot_report(slot, slot->is_ended ? FL_OUTCOME_UNCERTAIN : FL_OUTCOME_DEFERRED,
                               FL_FAULT_TRANSIENT, &reply, "a reply that makes no sense here");
    email_smtp_slot_drop_body(slot);
}

static void on_certificate(struct smtp_run *run, int event, va_list ap)
{
    int *ok;

    if (event == SMTP_EV_INVALID_PEER_CERTIFICATE)
        (void)va_arg(ap, long);
    ok = va_arg(ap, int *);
    /* The handshake has verified chain and name by our own rules, or, for tls = optional, was
     * told not to; libesmtp's second opinion (it knows no address and compares the wrong name)
     * does not count. */
    if (ok)
        *ok = event != SMTP_EV_NO_PEER_CERTIFICATE || run->self->set.tls == EMAIL_TLS_OPTIONAL;
}

static void on_event(smtp_session_t session, int event, void *arg, ...)
{
    struct smtp_run *run = arg;
    va_list ap;

    (void)session;
    va_start(ap, arg);
    switch (event) {
    case SMTP_EV_CONNECT:
        on_connect(run);
        break;
    case SMTP_EV_MAILSTATUS:
        email_wire_quickack(&run->wire);
        (void)va_arg(ap, const char *);
        on_mail(run, va_arg(ap, smtp_message_t));
        break;
    case SMTP_EV_RCPTSTATUS:
        email_wire_quickack(&run->wire);
        (void)va_arg(ap, const char *);
        on_recipient(run, va_arg(ap, smtp_recipient_t));
        break;
    case SMTP_EV_MESSAGESENT:
        email_wire_quickack(&run->wire);
        on_sent(va_arg(ap, smtp_message_t));
        break;
    case SMTP_EV_STARTTLS_OK:
        run->starttls = va_arg(ap, SSL *);
        break;
    case SMTP_EV_DISCONNECT:
        run->wire.fd = -1;
        break;
    case SMTP_EV_EXTNA_STARTTLS:
        email_smtp_run_note(run, FL_FAULT_OUR_SIDE,
                            "\"%s\" offers no STARTTLS, and tls = starttls asks for it",
                            run->self->set.host);
        break;
    case SMTP_EV_INVALID_PEER_CERTIFICATE:
    case SMTP_EV_WRONG_PEER_CERTIFICATE:
    case SMTP_EV_NO_PEER_CERTIFICATE:
        on_certificate(run, event, ap);
        break;
    default:
        break;
    }
    va_end(ap);
}

static int on_login(auth_client_request_t request, char **result, int fields, void *arg)
{
    const struct email_settings *set = arg;

    for (int i = 0; i < fields; i++) {
        const char *value = request[i].flags & AUTH_USER   ? set->user
                            : request[i].flags & AUTH_PASS ? set->password
                                                           : "";

        /* libesmtp reads the answers while the session lasts and does not change them. */
        result[i] = (char *)(uintptr_t)value;
    }
    return 1;
}

/* --- the session ------------------------------------------------------------------------------*/

static void session_timeouts(smtp_session_t session, int timeout_ms)
{
    static const int which[] = {Timeout_GREETING, Timeout_ENVELOPE, Timeout_DATA, Timeout_TRANSFER,
                                Timeout_DATA2};

    /* In milliseconds, whatever its documentation says; below 1000 it takes 1000. */
    for (size_t i = 0; i < G_N_ELEMENTS(which); i++)
        smtp_set_timeout(session, which[i] | Timeout_OVERRIDE_RFC2822_MINIMUM, timeout_ms);
}

static bool run_prepare(struct smtp_run *run)
{
    const struct email_settings *set = &run->self->set;
    static const enum starttls_option modes[] = {Starttls_DISABLED, Starttls_ENABLED,
                                                 Starttls_REQUIRED, Starttls_DISABLED};
    char *server = g_strdup_printf("%s:%d", set->host, set->port);

    run->begun_ms = email_monotonic_ms();
    run->session = smtp_create_session();
    if (run->session) {
        smtp_set_server(run->session, server);
        smtp_set_hostname(run->session, set->helo);
        smtp_set_eventcb(run->session, on_event, run);
        smtp_set_monitorcb(run->session, email_wire_watch, &run->wire, 0);
        session_timeouts(run->session, set->timeout_ms);
        smtp_starttls_enable(run->session, modes[set->tls]);
        if (modes[set->tls] != Starttls_DISABLED)
            smtp_starttls_set_ctx(run->session, run->self->tls);
        if (set->user) {
            run->auth = auth_create_context();
            auth_set_mechanism_flags(run->auth, AUTH_PLUGIN_PLAIN, 0);
            auth_set_interact_cb(run->auth, on_login, (void *)(uintptr_t)set);
            smtp_auth_set_context(run->session, run->auth);
        }
        run->slots = g_new0(struct smtp_slot, run->n_items);
        for (uint32_t i = 0; i < run->n_items; i++) {
            run->slots[i].run = run;
            run->slots[i].item = i;
        }
    }
    g_free(server);
    return run->session != NULL;
}

static void run_finish(struct smtp_run *run)
{
    smtp_destroy_session(run->session);
    if (run->auth)
        auth_destroy_context(run->auth);
    for (uint32_t i = 0; i < run->n_items; i++)
        email_smtp_slot_drop_body(&run->slots[i]);
    g_free(run->slots);
}

static void run_session(struct smtp_run *run)
{
    const struct email_settings *set = &run->self->set;
    const struct email_wire *wire = &run->wire;
    char text[128] = "";
    int error = 0;

    email_tls_forget(run->self->tls);
    email_wire_init(&run->wire, set->timeout_ms);
    if (!smtp_start_session(run->session))
        error = smtp_errno();
    run->wire.fd = -1;
    email_bridge_finish(&run->bridge);
    if (run->stop.text[0])
        return;
    if (wire->is_injected)
        email_smtp_run_note(run, FL_FAULT_POLICY,
                            "\"%s\" sent data between the STARTTLS reply and the handshake",
                            set->host);
    else if (wire->is_slow)
        email_smtp_run_note(run, FL_FAULT_TRANSIENT, "\"%s\" did not end a reply within %d ms",
                            set->host, set->timeout_ms);
    else if (email_tls_trouble(run->self->tls)[0] && set->tls != EMAIL_TLS_OPTIONAL)
        email_smtp_run_note(run, FL_FAULT_OUR_SIDE, "the TLS handshake with \"%s\" failed: %s",
                            set->host, email_tls_trouble(run->self->tls));
    else if (wire->refused.code && !run->current)
        email_smtp_run_note(run, email_classify(EMAIL_STAGE_MAIL, &wire->refused).fault,
                            "\"%s\" refuses us: %d %s", set->host, wire->refused.code,
                            wire->refused.text);
    else if (error && !run->current)
        email_smtp_run_note(run, FL_FAULT_TRANSIENT, "could not connect to \"%s\" port %d: %s",
                            set->host, set->port, smtp_strerror(error, text, sizeof text));
    else if (!run->is_stopping)
        email_smtp_run_note(run, FL_FAULT_TRANSIENT, "\"%s\" closed the connection", set->host);
}

enum fl_call email_smtp_deliver(struct email *self, const struct fl_item *const *items,
                                size_t n_items, struct fl_why *why)
{
    struct smtp_run run = {.self = self, .items = items, .n_items = (uint32_t)n_items};
    uint32_t untried;

    if (!n_items)
        return FL_CALL_OK;
    if (!run_prepare(&run))
        return plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "could not set up an SMTP session");
    run_add_next(&run);
    if (run.n_added)
        run_session(&run);
    untried = email_smtp_run_settle(&run);
    run_finish(&run);
    if (!untried || run.is_deaf)
        return FL_CALL_OK;
    if (run.is_stopping && !run.stop.text[0])
        email_smtp_run_note(&run, FL_FAULT_NONE, "stopped between two messages");
    return plug_why(why, FL_CALL_RETRY, run.stop.fault, "%s", run.stop.text);
}

enum fl_call email_smtp_health(struct email *self, struct fl_why *why)
{
    static const struct fl_item probe = {
        .size = sizeof probe, .to_address = "postmaster", .token_return = ""};
    const struct fl_item *const items[] = {&probe};
    struct smtp_run run = {.self = self, .items = items, .n_items = 1, .is_health = true};

    if (!run_prepare(&run))
        return plug_why(why, FL_CALL_RETRY, FL_FAULT_OUR_SIDE, "could not set up an SMTP session");
    message_add(&run, &run.slots[0], &probe);
    run_session(&run);
    run_finish(&run);
    if (run.is_healthy)
        return FL_CALL_OK;
    return plug_why(why, FL_CALL_RETRY, run.stop.fault, "%s", run.stop.text);
}
