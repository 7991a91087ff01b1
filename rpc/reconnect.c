/* SPDX-License-Identifier: MIT */
/* One connection after another: attempts and rests, the connection of the moment, and those that have ended. */
#include "rpc/reconnect.h"

#include <errno.h>
#include <unistd.h>

#include "base/context.h"
#include "base/errno-text.h"
#include "base/poller.h"
#include "base/wake.h"
#include "rpc/connection/life.h"
#include "rpc/connection/waiters.h"
#include "rpc/pump/break.h"
#include "rpc/pump/watcher.h"
#include "rpc/rebind.h"
#include "rpc/serve/services.h"
#include "rpc/transports.h"

static struct hprpc__reconnect *reconnect_of(struct hprpc__host *host)
{
    return ((struct hprpc__client *)host)->reconnect;
}

/* ---- Why there is no connection ---- */

/* An attempt has failed. */
static void set_failure(struct hprpc__reconnect *reconnect, const char *text)
{
    hprpc_context_log(reconnect->client->context, HPRPC_LOG_DEBUG, "no connection to %s://%.200s: %s",
                      reconnect->uri.scheme, reconnect->uri.rest, text);
    hprpc__mutex_lock(&reconnect->lock);
    hprpc_detail_set(&reconnect->failure, 0, "%s", text);
    hprpc__mutex_unlock(&reconnect->lock);
}

void hprpc__reconnect_reason(struct hprpc__reconnect *reconnect, struct hprpc_detail *ret_reason)
{
    hprpc__mutex_lock(&reconnect->lock);
    *ret_reason = reconnect->failure;
    hprpc__mutex_unlock(&reconnect->lock);
}

enum { FORBIDDEN_MAX = 4 }; /* failures with HPRPC_EPERMISSION in a row */

/*
 * Called when an attempt has failed: whether waiting cannot mend that. Where there was a connection once, it can: the server may be
 * replaced. A listener's name appears a moment before other users may open it, so one HPRPC_EPERMISSION says little.
 */
static bool is_final(struct hprpc__reconnect *reconnect, int code)
{
    reconnect->forbidden = code == HPRPC_EPERMISSION ? reconnect->forbidden + 1 : 0;
    switch (code) {
    case HPRPC_EPERMISSION:
        return !reconnect->was_ready && reconnect->forbidden >= FORBIDDEN_MAX;
    case HPRPC_EINVAL:
    case HPRPC_EURI:
    case HPRPC_ESCHEME:
    case HPRPC_EVERSION:
    case HPRPC_EPROTOCOL:
        return !reconnect->was_ready;
    default:
        return false;
    }
}

static void set_over(struct hprpc__reconnect *reconnect)
{
    hprpc__mutex_lock(&reconnect->lock);
    reconnect->over = true;
    hprpc__mutex_unlock(&reconnect->lock);
}

static bool has_ended(struct hprpc__reconnect *reconnect)
{
    bool over;

    hprpc__mutex_lock(&reconnect->lock);
    over = reconnect->over;
    hprpc__mutex_unlock(&reconnect->lock);
    return over;
}

/* ---- Rests and attempts. By the pump's owner. ---- */

/* Relaxed: a thread that asks an event loop's client for its time-out too early is kicked. */
static void set_deadline(struct hprpc_controller *controller, hprpc__deadline deadline)
{
    atomic_store_explicit(&controller->opening_deadline, deadline, memory_order_relaxed);
}

/* Puts another channel under the connection, and takes the former one. False, and nothing is done: it is being closed. */
static bool exchange_channel(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller,
                             struct hprpc_channel *channel, hprpc__deadline deadline, struct hprpc_channel **ret_former)
{
    bool closing;

    hprpc__mutex_lock(&controller->lock);
    closing = controller->closing;
    if (!closing) {
        hprpc__watcher_remove(hprpc__client_poller(reconnect->client), controller);
        *ret_former = controller->channel;
        hprpc__controller_set_channel(controller, channel);
    }
    hprpc__mutex_unlock(&controller->lock);
    if (!closing)
        set_deadline(controller, deadline);
    return !closing;
}

/* Watches for the name of the listener, if there may be one and it is not watched yet. */
static void watch_name(struct hprpc__reconnect *reconnect)
{
    const struct hprpc_transport *transport = reconnect->transport;
    char path[HPRPC_URI_MAX + 1];

    if (reconnect->bed.watch.fd < 0 && transport->name && transport->name(&reconnect->uri, path, sizeof(path)))
        hprpc__name_watch_open(&reconnect->bed.watch, path);
}

/* Takes the resting channel for a rest until the next attempt is due. */
static struct hprpc_channel *take_resting(struct hprpc__reconnect *reconnect, hprpc__deadline *ret_until)
{
    struct hprpc_channel *resting = reconnect->resting;

    hprpc__assert_locked(&reconnect->lock);
    reconnect->resting = NULL;
    *ret_until = reconnect->backoff.next;
    hprpc__resting_begin(resting, *ret_until);
    return resting;
}

static void put_resting(struct hprpc__reconnect *reconnect, struct hprpc_channel *resting)
{
    hprpc__mutex_lock(&reconnect->lock);
    reconnect->resting = resting;
    hprpc__mutex_unlock(&reconnect->lock);
}

/* Ends an attempt that failed: the connection rests. */
static bool rest(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller)
{
    struct hprpc_channel *resting, *former;
    hprpc__deadline until;

    watch_name(reconnect);
    hprpc__mutex_lock(&reconnect->lock);
    resting = take_resting(reconnect, &until);
    hprpc__mutex_unlock(&reconnect->lock);
    if (!exchange_channel(reconnect, controller, resting, until, &former)) {
        put_resting(reconnect, resting);
        return false;
    }
    former->ops->free(former);
    return true;
}

/* Notes when the next attempt is due, should the one that begins now fail. */
static uint64_t count_attempt(struct hprpc__reconnect *reconnect, bool hurries)
{
    struct hprpc_context *context = reconnect->client->context;
    uint64_t now = hprpc_context_now(context), random = hprpc__context_random(context);

    hprpc__mutex_lock(&reconnect->lock);
    if (hurries)
        hprpc__backoff_hurry(&reconnect->backoff);
    hprpc__backoff_attempt(&reconnect->backoff, now, random);
    hprpc__mutex_unlock(&reconnect->lock);
    return now;
}

/* Rests on over the same channel, because the attempt failed at once. */
static void rest_on(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller)
{
    hprpc__deadline until;

    watch_name(reconnect);
    hprpc__mutex_lock(&reconnect->lock);
    until = reconnect->backoff.next;
    hprpc__mutex_unlock(&reconnect->lock);
    set_deadline(controller, until);
    hprpc__resting_begin(controller->channel, until);
}

/* Begins an attempt in place of a rest. 0, HPRPC_EAGAIN: the connection is being closed; or why the attempt failed at once. */
static int attempt(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller,
                   struct hprpc_detail *ret_detail)
{
    struct hprpc_channel *channel, *former;
    uint64_t now = count_attempt(reconnect, hprpc__resting_saw_name(controller->channel));
    int r = reconnect->transport->connect(reconnect->client->context, &reconnect->uri, ret_detail, &channel);

    if (r < 0)
        return r;
    if (!exchange_channel(reconnect, controller, channel, hprpc__deadline_after_ms(now, reconnect->client->opening_ms),
                          &former)) {
        channel->ops->free(channel);
        return HPRPC_EAGAIN;
    }
    put_resting(reconnect, former);
    /* our HELLO goes out in a turn, which must come before the next sleep */
    hprpc__pump_kick(&controller->pump);
    return 0;
}

static bool is_closing(struct hprpc_controller *controller)
{
    bool closing;

    hprpc__mutex_lock(&controller->lock);
    closing = controller->closing;
    hprpc__mutex_unlock(&controller->lock);
    return closing;
}

/* A rest is over. False: the connection breaks, because it is being closed. */
static bool end_rest(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller)
{
    struct hprpc_detail detail = { "" };
    int r = is_closing(controller) ? HPRPC_EAGAIN : attempt(reconnect, controller, &detail);

    if (r == 0 || r == HPRPC_EAGAIN)
        return r == 0;
    set_failure(reconnect, detail.text);
    if (is_final(reconnect, r)) {
        set_over(reconnect);
        hprpc__controller_break(controller, r, detail.text);
    } else {
        rest_on(reconnect, controller);
    }
    return true;
}

static bool opening_failed(struct hprpc__host *host, struct hprpc_controller *controller, int code, const char *reason)
{
    struct hprpc__reconnect *reconnect = reconnect_of(host);

    if (has_ended(reconnect))
        return false;
    if (hprpc__is_resting(controller->channel))
        return end_rest(reconnect, controller);
    set_failure(reconnect, reason);
    if (!is_final(reconnect, code))
        return rest(reconnect, controller);
    set_over(reconnect);
    return false;
}

static int find_binding(struct hprpc__host *host, struct hprpc_controller *controller, struct hprpc_binding *handle,
                        const struct hprpc_binding **ret_binding)
{
    return hprpc__rebind_find(reconnect_of(host), handle, controller, ret_binding);
}

/* ---- Replacing a connection ---- */

/* Makes another connection object in place of the one that has ended. Under the lock. */
static int replace(struct hprpc__reconnect *reconnect)
{
    struct hprpc_controller *controller, *ended = reconnect->current;
    struct hprpc_channel *resting;
    hprpc__deadline until;
    int r = 0;

    hprpc__assert_locked(&reconnect->lock);
    if (!reconnect->resting)
        r = hprpc__resting_new(reconnect->client->context, &reconnect->bed, reconnect->transport->scheme,
                               &reconnect->resting);
    if (r < 0)
        return r;
    resting = take_resting(reconnect, &until);
    r = hprpc__client_controller_new(reconnect->client, resting, until, &controller);
    if (r < 0) {
        reconnect->resting = resting;
        return r;
    }
    if (ended) {
        watch_name(reconnect);
        ended->next = reconnect->former;
        reconnect->former = ended;
    }
    reconnect->current = controller;
    reconnect->telling = HPRPC__END_UNTOLD;
    hprpc__rebind_forget(reconnect);
    return 0;
}

/*
 * Replaces the connection of the moment if it has ended, and if that was told, or is just being told by this thread. 0: it has not
 * ended; HPRPC_ENOTSENT: the client has; HPRPC_EAGAIN: another thread is still about to end it; HPRPC_ENOMEM.
 */
static int renew(struct hprpc__reconnect *reconnect)
{
    int r = 0;

    hprpc__mutex_lock(&reconnect->lock);
    if (hprpc__state(reconnect->current) == HPRPC__BROKEN) {
        if (reconnect->closed || reconnect->over)
            r = HPRPC_ENOTSENT;
        else if (reconnect->telling == HPRPC__END_TOLD || hprpc__pump_is_mine(&reconnect->current->pump))
            r = replace(reconnect);
        else
            r = HPRPC_EAGAIN;
    }
    hprpc__mutex_unlock(&reconnect->lock);
    return r;
}

/* ---- Telling states ---- */

/* The connection is READY. */
static void begin_life(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller)
{
    hprpc__name_watch_close(&reconnect->bed.watch);
    hprpc__mutex_lock(&reconnect->lock);
    reconnect->was_ready = true;
    reconnect->ready_at = hprpc_context_now(reconnect->client->context);
    reconnect->failure.text[0] = '\0';
    hprpc__mutex_unlock(&reconnect->lock);
    hprpc__rebind_all(reconnect, controller);
}

/* The connection is BROKEN, and was READY, unless it was closed before that. Under the lock. */
static void end_life(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller)
{
    hprpc_detail_set(&reconnect->failure, 0, "%s", hprpc__reason_text(&controller->reason));
    if (controller->peer.max_calls)
        hprpc__backoff_lived(&reconnect->backoff, hprpc_context_now(reconnect->client->context) - reconnect->ready_at);
}

/* Chooses the state that is told for a connection that is BROKEN. Under the lock. */
static enum hprpc_client_state choose_end(struct hprpc__reconnect *reconnect)
{
    if (!reconnect->closed && !reconnect->over)
        return HPRPC_CLIENT_RECONNECTING;
    reconnect->over = true;
    return reconnect->closed ? HPRPC_CLIENT_CLOSED : HPRPC_CLIENT_BROKEN;
}

/*
 * Tells that the connection of the moment has ended, once; until then no other thread replaces it, so that states are told in their
 * order. By its pump's owner.
 */
static void tell_end(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller)
{
    enum hprpc_client_state state;
    bool tells;

    hprpc__mutex_lock(&reconnect->lock);
    tells = reconnect->current == controller && reconnect->telling == HPRPC__END_UNTOLD;
    if (tells) {
        reconnect->telling = HPRPC__END_BEING_TOLD;
        end_life(reconnect, controller);
        state = choose_end(reconnect);
    }
    hprpc__mutex_unlock(&reconnect->lock);
    if (!tells)
        return;
    hprpc__client_tell(reconnect->client, state, controller->code, hprpc__reason_text(&controller->reason));
    hprpc__mutex_lock(&reconnect->lock);
    /* a callback may have called, and so replaced it */
    if (reconnect->current == controller)
        reconnect->telling = HPRPC__END_TOLD;
    hprpc__mutex_unlock(&reconnect->lock);
    hprpc__reconnect_tell_closed(reconnect);
}

static void unwatch(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller)
{
    hprpc__mutex_lock(&controller->lock);
    hprpc__watcher_remove(hprpc__client_poller(reconnect->client), controller);
    hprpc__mutex_unlock(&controller->lock);
}

static void state_changed(struct hprpc__host *host, struct hprpc_controller *controller)
{
    struct hprpc__reconnect *reconnect = reconnect_of(host);
    enum hprpc_client_state state = hprpc__client_state_of(controller);

    if (hprpc__state(controller) == HPRPC__BROKEN) {
        unwatch(reconnect, controller);
        tell_end(reconnect, controller);
        renew(reconnect);
        return;
    }
    if (state == HPRPC_CLIENT_READY)
        begin_life(reconnect, controller);
    hprpc__client_tell(reconnect->client, state, 0, "");
}

void hprpc__reconnect_tell_closed(struct hprpc__reconnect *reconnect)
{
    bool tells;

    hprpc__mutex_lock(&reconnect->lock);
    tells = reconnect->closed && !reconnect->over && reconnect->telling == HPRPC__END_TOLD;
    reconnect->over = reconnect->over || tells;
    hprpc__mutex_unlock(&reconnect->lock);
    if (tells)
        hprpc__client_tell(reconnect->client, HPRPC_CLIENT_CLOSED, HPRPC_ECLOSED, hprpc_error_text(HPRPC_ECLOSED));
}

enum hprpc_client_state hprpc__reconnect_state(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller)
{
    enum hprpc_client_state state = hprpc__client_state_of(controller);

    hprpc__mutex_lock(&reconnect->lock);
    if (reconnect->closed)
        state = HPRPC_CLIENT_CLOSED;
    else if (state != HPRPC_CLIENT_READY && state != HPRPC_CLIENT_DRAINING)
        state = reconnect->over        ? HPRPC_CLIENT_BROKEN
                : reconnect->was_ready ? HPRPC_CLIENT_RECONNECTING
                                       : HPRPC_CLIENT_CONNECTING;
    hprpc__mutex_unlock(&reconnect->lock);
    return state;
}

/* ---- The connection of the moment ---- */

static struct hprpc_controller *keep_current(struct hprpc__reconnect *reconnect)
{
    struct hprpc_controller *controller;

    hprpc__mutex_lock(&reconnect->lock);
    controller = hprpc_controller_keep(reconnect->current);
    hprpc__mutex_unlock(&reconnect->lock);
    return controller;
}

/* Tells the end of the connection of the moment where this thread is inside a callback of that end. */
static void tell_own_end(struct hprpc__reconnect *reconnect)
{
    struct hprpc_controller *controller = keep_current(reconnect);

    if (hprpc__state(controller) == HPRPC__BROKEN && hprpc__pump_is_mine(&controller->pump))
        tell_end(reconnect, controller);
    hprpc_controller_drop(controller);
}

/* The client's own thread alone may pump, so it takes the pump of each connection that it meets, inside a callback as well. */
static void adopt(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller)
{
    struct hprpc__client *client = reconnect->client;

    if (client->host.pumps_alone && atomic_load(&client->pumping) == hprpc__thread_self() &&
        hprpc__state(controller) != HPRPC__BROKEN)
        atomic_store(&controller->pump.owner, hprpc__thread_self());
}

int hprpc__reconnect_pick(struct hprpc__reconnect *reconnect, struct hprpc_controller **ret_controller)
{
    struct hprpc_controller *controller;
    int r;

    tell_own_end(reconnect);
    r = renew(reconnect);
    controller = keep_current(reconnect);
    adopt(reconnect, controller);
    hprpc__reconnect_reap(reconnect);
    *ret_controller = controller;
    return r;
}

void hprpc__reconnect_let_end(const struct hprpc_controller *controller)
{
    const struct hprpc_watch wake = { .fd = controller->pump.wake_fd };

    hprpc__poll_last(&wake, 1, HPRPC__NAP_NANOSECONDS);
}

bool hprpc__reconnect_is_over(struct hprpc__reconnect *reconnect)
{
    bool over;

    hprpc__mutex_lock(&reconnect->lock);
    over = reconnect->over && hprpc__state(reconnect->current) == HPRPC__BROKEN;
    hprpc__mutex_unlock(&reconnect->lock);
    return over;
}

struct hprpc__reconnect *hprpc__reconnect_behind(const struct hprpc_controller *controller)
{
    struct hprpc__host *host = controller->pump.host;

    return host->opening_failed == opening_failed ? reconnect_of(host) : NULL;
}

/* ---- The end ---- */

/* Takes a connection that has ended and that no thread pumps; it is the caller's, who has the pump. NULL: there is none. */
static struct hprpc_controller *take_former(struct hprpc__reconnect *reconnect)
{
    struct hprpc_controller **place, *controller;

    hprpc__mutex_lock(&reconnect->lock);
    place = &reconnect->former;
    while ((controller = *place) && !hprpc__pump_try_own(&controller->pump))
        place = &controller->next;
    if (controller)
        *place = controller->next;
    hprpc__mutex_unlock(&reconnect->lock);
    return controller;
}

void hprpc__reconnect_reap(struct hprpc__reconnect *reconnect)
{
    struct hprpc_controller *controller;

    while ((controller = take_former(reconnect))) {
        hprpc__mutex_lock(&controller->lock);
        hprpc__watcher_remove(hprpc__client_poller(reconnect->client), controller);
        hprpc__controller_let_go(controller);
        hprpc__mutex_unlock(&controller->lock);
        hprpc__pump_disown(&controller->pump);
        hprpc_controller_drop(controller);
    }
}

void hprpc__reconnect_disown(struct hprpc__reconnect *reconnect)
{
    hprpc__mutex_lock(&reconnect->lock);
    for (struct hprpc_controller *controller = reconnect->former; controller; controller = controller->next) {
        if (hprpc__pump_is_mine(&controller->pump))
            atomic_store(&controller->pump.owner, 0);
    }
    hprpc__mutex_unlock(&reconnect->lock);
    hprpc__reconnect_reap(reconnect);
}

struct hprpc_controller *hprpc__reconnect_close(struct hprpc__reconnect *reconnect)
{
    hprpc__mutex_lock(&reconnect->lock);
    reconnect->closed = true;
    hprpc__mutex_unlock(&reconnect->lock);
    hprpc__reconnect_tell_closed(reconnect);
    return keep_current(reconnect);
}

/* ---- Life ---- */

/* Takes the URI, makes descriptors and tables. */
static int make_parts(struct hprpc__reconnect *reconnect, const char *uri, struct hprpc_detail *detail)
{
    struct hprpc_context *context = reconnect->client->context;
    bool ignored;
    int r = hprpc__transport_find(context, uri, detail, &reconnect->uri, &reconnect->transport);

    if (r == 0)
        r = hprpc__uri_take_reconnect(&reconnect->uri, &ignored, detail);
    if (r < 0)
        return r;
    reconnect->services = hprpc_context_allocate(context, sizeof(*reconnect->services));
    if (!reconnect->services)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for a client");
    memset(reconnect->services, 0, sizeof(*reconnect->services));
    reconnect->services->context = context;
    reconnect->client->shared->services = reconnect->services;
    hprpc__backoff_init(&reconnect->backoff, reconnect->transport->name);
    reconnect->bed.quiet_fd = hprpc__wake_open();
    if (reconnect->bed.quiet_fd < 0)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "no descriptor for a client: %s", hprpc__errno_text(errno));
    return 0;
}

/* Makes the first connection object and its first attempt. */
static int begin(struct hprpc__reconnect *reconnect, struct hprpc_detail *detail)
{
    struct hprpc_detail said = { "" };
    int r;

    hprpc__mutex_lock(&reconnect->lock);
    r = replace(reconnect);
    hprpc__mutex_unlock(&reconnect->lock);
    if (r < 0)
        return hprpc_detail_set(detail, r, "no memory for a connection");
    hprpc__pump_try_own(&reconnect->current->pump);
    r = attempt(reconnect, reconnect->current, &said);
    if (r < 0 && !is_final(reconnect, r)) {
        set_failure(reconnect, said.text);
        rest_on(reconnect, reconnect->current);
        r = 0;
    }
    hprpc__pump_disown(&reconnect->current->pump);
    return r < 0 ? hprpc_detail_set(detail, r, "%s", said.text) : 0;
}

int hprpc__reconnect_new(struct hprpc__client *client, const char *uri, struct hprpc_detail *detail)
{
    struct hprpc__reconnect *reconnect = hprpc_context_allocate(client->context, sizeof(*reconnect));
    int r;

    if (!reconnect)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for a client");
    memset(reconnect, 0, sizeof(*reconnect));
    reconnect->client = client;
    reconnect->bed.watch.fd = reconnect->bed.quiet_fd = -1;
    hprpc__mutex_init(&reconnect->lock);
    client->reconnect = reconnect;
    client->host.opening_failed = opening_failed;
    client->host.state_changed = state_changed;
    client->host.find_binding = find_binding;
    r = make_parts(reconnect, uri, detail);
    if (r == 0)
        r = begin(reconnect, detail);
    if (r < 0)
        hprpc__reconnect_free(client);
    return r;
}

void hprpc__reconnect_free(struct hprpc__client *client)
{
    struct hprpc__reconnect *reconnect = client->reconnect;
    struct hprpc_context *context = client->context;

    hprpc__reconnect_disown(reconnect);
    hprpc_controller_drop(reconnect->current);
    hprpc__rebind_clear(reconnect);
    if (reconnect->resting)
        reconnect->resting->ops->free(reconnect->resting);
    hprpc__name_watch_close(&reconnect->bed.watch);
    if (reconnect->bed.quiet_fd >= 0)
        close(reconnect->bed.quiet_fd);
    if (reconnect->services)
        hprpc__services_clear(reconnect->services);
    hprpc_context_release(context, reconnect->services, sizeof(*reconnect->services));
    client->reconnect = NULL;
    hprpc_context_release(context, reconnect, sizeof(*reconnect));
}
