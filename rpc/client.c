/* SPDX-License-Identifier: MIT */
/* The client as an application has it: opening, connecting, closing, and what it tells of its connection. */
#include "rpc/pump/wait.h"

#include <unistd.h>

#include "base/deadline.h"
#include "base/wake.h"
#include "rpc/connection/life.h"
#include "rpc/handed.h"
#include "rpc/host.h"
#include "rpc/pump/look.h"
#include "rpc/reconnect.h"
#include "rpc/serve/services.h"
#include "rpc/transports.h"

/* ---- Opening ---- */

static int read_options(const struct hprpc_client_options *options, struct hprpc_client_options *ret_options)
{
    struct hprpc_client_options given = HPRPC_CLIENT_OPTIONS_INIT;

    if (options) {
        if (!options->size || options->size > sizeof(given) || options->pump > HPRPC_PUMP_THREAD)
            return HPRPC_EINVAL;
        memcpy(&given, options, options->size);
    }
    *ret_options = given;
    return 0;
}

/* Where a connection comes from. */
struct origin {
    const char *uri;
    bool is_handed; /* there is no URI, but a descriptor: a duplicate of it is taken */
    int fd;
    const char *query; /* the descriptor's options, or NULL */
};

/* Makes the one connection of a client over a channel, which it takes over. */
static int use_channel(struct hprpc__client *client, struct hprpc_channel *channel)
{
    int r = hprpc__client_controller_new(
        client, channel, hprpc__deadline_after_ms(hprpc_context_now(client->context), client->opening_ms),
        &client->controller);
    if (r < 0)
        channel->ops->free(channel);
    return r;
}

static int take_descriptor(struct hprpc__client *client, const struct origin *origin, struct hprpc_detail *detail)
{
    struct hprpc_detail why = { "" };
    struct hprpc_channel *channel;
    int own = hprpc__handed_duplicate(origin->fd, &why);
    int r = own < 0 ? own : hprpc__handed_connect(client->context, own, origin->query, &why, &channel);

    return r < 0 ? hprpc_detail_set(detail, r, "the descriptor %d: %s", origin->fd, why.text)
                 : use_channel(client, channel);
}

/* Connects to a URI, once or again and again. */
static int connect_to(struct hprpc__client *client, const char *uri, bool reconnects, struct hprpc_detail *detail)
{
    const struct hprpc_transport *transport;
    struct hprpc_channel *channel;
    struct hprpc_uri parts;
    int r = hprpc__transport_find(client->context, uri, detail, &parts, &transport);

    if (r == 0)
        r = hprpc__uri_take_reconnect(&parts, &reconnects, detail);
    if (r == 0 && reconnects)
        return hprpc__reconnect_new(client, uri, detail);
    if (r == 0)
        r = transport->connect(client->context, &parts, detail, &channel);
    return r == 0 ? use_channel(client, channel) : r;
}

/* Makes the connection, or begins with the first of several. */
static int make_connection(struct hprpc__client *client, const struct origin *origin, bool reconnects,
                           struct hprpc_detail *detail)
{
    if (!origin->is_handed)
        return connect_to(client, origin->uri, reconnects, detail);
    if (reconnects)
        return hprpc_detail_set(detail, HPRPC_EINVAL, "the descriptor %d: there is nothing to reconnect to",
                                origin->fd);
    return take_descriptor(client, origin, detail);
}

static void drop_connection(struct hprpc__client *client)
{
    if (client->reconnect)
        hprpc__reconnect_free(client);
    else
        hprpc_controller_drop(client->controller);
}

/* Does everything that can fail at once. On failure `changed` was told nothing. */
static int begin(struct hprpc_context *context, const struct origin *origin, const struct hprpc_client_options *options,
                 struct hprpc_detail *detail, struct hprpc__client **ret_client)
{
    struct hprpc_client_options given;
    struct hprpc__client *client;
    int r = read_options(options, &given);

    if (r < 0)
        return hprpc_detail_set(detail, r, "the client's options make no sense");
    r = hprpc__client_new(context, &given, detail, &client);
    if (r < 0)
        return r;
    r = make_connection(client, origin, given.reconnect, detail);
    if (r < 0)
        goto free_client;
    if (given.pump == HPRPC_PUMP_THREAD)
        r = hprpc__client_start_thread(client, detail);
    else
        hprpc__client_tell_connecting(client);
    if (r < 0)
        goto drop_connection;
    *ret_client = client;
    return 0;

drop_connection:
    drop_connection(client);
free_client:
    hprpc__client_free(client);
    return r;
}

/* The handle that the application gets. */
static struct hprpc_client *handle_of(struct hprpc__client *client)
{
    return client->reconnect ? &client->reconnect->face : &client->controller->client;
}

static int open_client(struct hprpc_context *context, const struct origin *origin,
                       const struct hprpc_client_options *options, struct hprpc_detail *detail,
                       struct hprpc_client **ret_handle)
{
    struct hprpc__client *client = NULL;
    int r = begin(context, origin, options, detail, &client);

    if (!client)
        return r;
    /* makes the descriptor ready: the first hprpc_client_process registers the channel's descriptors */
    if (client->pump == HPRPC_PUMP_LOOP)
        hprpc__wake_ring(client->wake_fd);
    *ret_handle = handle_of(client);
    return 0;
}

int hprpc_client_open(struct hprpc_context *context, const char *uri, const struct hprpc_client_options *options,
                      struct hprpc_detail *detail, struct hprpc_client **ret_client)
{
    const struct origin origin = { .uri = uri };
    int cancellation = hprpc__cancellation_disable();
    int r = open_client(context, &origin, options, detail, ret_client);

    hprpc__cancellation_restore(cancellation);
    return r;
}

int hprpc_client_from_fd(struct hprpc_context *context, int fd, const char *query,
                         const struct hprpc_client_options *options, struct hprpc_detail *detail,
                         struct hprpc_client **ret_client)
{
    const struct origin origin = { .is_handed = true, .fd = fd, .query = query };
    int cancellation = hprpc__cancellation_disable();
    int r = open_client(context, &origin, options, detail, ret_client);

    if (r == 0)
        close(fd);
    hprpc__cancellation_restore(cancellation);
    return r;
}

/* ---- Connecting ---- */

/* Whether the connection is still OPENING; notes the progress so far in `room`. */
static bool is_opening(struct hprpc_controller *controller, struct hprpc__room *room)
{
    bool opening;

    hprpc__mutex_lock(&controller->lock);
    opening = hprpc__state(controller) == HPRPC__OPENING;
    hprpc__room_before(room, controller);
    hprpc__room_after(room, controller);
    hprpc__mutex_unlock(&controller->lock);
    return opening;
}

/* Waits until the connection is READY or BROKEN, or until the time is over: HPRPC_EAGAIN. */
static int await_opening(struct hprpc_controller *controller, uint32_t timeout_ms)
{
    struct hprpc__room room = { 0 };
    int r = 0;

    /* our HELLO goes out in a turn */
    hprpc__pump_once(controller);
    while (r != HPRPC_EAGAIN && is_opening(controller, &room))
        r = hprpc__pump_wait_for_room(controller, &room, timeout_ms);
    return r == HPRPC_EAGAIN ? r : 0;
}

/* Whether the connection has ended for good. One that was READY for a moment, and is to be replaced, has done its part. */
static bool has_failed(struct hprpc__client *client, struct hprpc_controller *controller)
{
    return hprpc__state(controller) == HPRPC__BROKEN &&
           (!client->reconnect || hprpc__reconnect_is_over(client->reconnect));
}

/* Explains why a client is not connected. */
static int explain_opening(struct hprpc__client *client, struct hprpc_controller *controller, const char *uri,
                           struct hprpc_detail *detail)
{
    struct hprpc_detail reason;
    /* a GOODBYE right after the HELLO is a refusal, too: no call has run */
    int r = controller->code == HPRPC_EMAYBE ? HPRPC_EREFUSED : controller->code;

    if (hprpc__state(controller) == HPRPC__BROKEN)
        return hprpc_detail_set(detail, r, "%.100s: %s", uri, controller->reason.text);
    hprpc__reconnect_reason(client->reconnect, &reason);
    return hprpc_detail_set(detail, HPRPC_EDEADLINE, "%.100s: no connection within %lu ms: %.100s", uri,
                            (unsigned long)client->opening_ms, reason.text[0] ? reason.text : "there is no answer");
}

static int connect_client(struct hprpc_context *context, const char *uri, const struct hprpc_client_options *options,
                          struct hprpc_detail *detail, struct hprpc_client **ret_handle)
{
    const struct origin origin = { .uri = uri };
    struct hprpc_controller *controller;
    struct hprpc__client *client = NULL;
    int r = begin(context, &origin, options, detail, &client);

    if (!client)
        return r;
    controller = hprpc__client_keep(client);
    r = await_opening(controller, client->reconnect ? client->opening_ms : HPRPC_NO_TIMEOUT);
    if (r == HPRPC_EAGAIN || has_failed(client, controller))
        r = explain_opening(client, controller, uri, detail);
    hprpc_controller_drop(controller);
    if (r == 0)
        *ret_handle = handle_of(client);
    else
        hprpc_client_free(handle_of(client));
    return r;
}

int hprpc_client_connect(struct hprpc_context *context, const char *uri, const struct hprpc_client_options *options,
                         struct hprpc_detail *detail, struct hprpc_client **ret_client)
{
    int cancellation = hprpc__cancellation_disable();
    int r = connect_client(context, uri, options, detail, ret_client);

    hprpc__cancellation_restore(cancellation);
    return r;
}

/* ---- Closing ---- */

static void close_picked(struct hprpc__reconnect *reconnect)
{
    struct hprpc_controller *controller;

    if (!hprpc__shared_is_ours(reconnect->client->shared))
        return;
    controller = hprpc__reconnect_close(reconnect);
    hprpc_controller_close(controller);
    hprpc_controller_drop(controller);
}

void hprpc_client_close(struct hprpc_client *handle)
{
    int cancellation;

    if (handle->controller) {
        hprpc_controller_close(handle->controller);
        return;
    }
    cancellation = hprpc__cancellation_disable();
    close_picked(hprpc__reconnect_of(handle));
    hprpc__cancellation_restore(cancellation);
}

/* The client of a handle that the application may free. */
static struct hprpc__client *client_of(struct hprpc_client *handle)
{
    struct hprpc__reconnect *reconnect = hprpc__reconnect_of(handle);

    return reconnect ? reconnect->client : (struct hprpc__client *)handle->controller->pump.host;
}

/* Pumps until the connection has seen that it is closed. */
static void await_end(struct hprpc__client *client)
{
    struct hprpc_controller *controller = hprpc__client_keep(client);

    while (hprpc__state(controller) != HPRPC__BROKEN)
        hprpc__pump_once(controller);
    hprpc_controller_drop(controller);
}

static void free_client(struct hprpc_client *handle)
{
    struct hprpc__client *client;

    if (!handle || (handle->controller && !hprpc__shared_is_ours(handle->controller->shared)))
        return;
    client = client_of(handle);
    if (!hprpc__shared_is_ours(client->shared))
        return;
    hprpc_client_close(handle);
    hprpc__client_join_thread(client);
    await_end(client);
    drop_connection(client);
    hprpc__client_free(client);
}

void hprpc_client_free(struct hprpc_client *client)
{
    int cancellation = hprpc__cancellation_disable();

    free_client(client);
    hprpc__cancellation_restore(cancellation);
}

/* ---- What it tells ---- */

/* The state of one connection; it is looked at first where no thread pumps. */
static enum hprpc_client_state look_at(struct hprpc_controller *controller)
{
    if (!controller->pump.host->pumps_always)
        hprpc__look(controller);
    return hprpc__client_state_of(controller);
}

static enum hprpc_client_state state_of_only(struct hprpc_controller *controller)
{
    enum hprpc_client_state told;
    bool closing;

    if (!hprpc__shared_is_ours(controller->shared))
        return HPRPC_CLIENT_CLOSED;
    told = look_at(controller);
    hprpc__mutex_lock(&controller->lock);
    closing = controller->closing;
    hprpc__mutex_unlock(&controller->lock);
    /* the pumping thread may not have seen the close yet */
    return told != HPRPC_CLIENT_BROKEN && closing ? HPRPC_CLIENT_CLOSED : told;
}

static enum hprpc_client_state state_of_picked(struct hprpc__reconnect *reconnect)
{
    struct hprpc_controller *controller;
    enum hprpc_client_state state;
    int r;

    if (!hprpc__shared_is_ours(reconnect->client->shared))
        return HPRPC_CLIENT_CLOSED;
    r = hprpc__reconnect_pick(reconnect, &controller);
    if (r == 0)
        look_at(controller);
    state = hprpc__reconnect_state(reconnect, controller);
    hprpc_controller_drop(controller);
    return state;
}

enum hprpc_client_state hprpc_client_state(struct hprpc_client *handle)
{
    enum hprpc_client_state state;
    int cancellation;

    if (handle->controller)
        return state_of_only(handle->controller);
    cancellation = hprpc__cancellation_disable();
    state = state_of_picked(hprpc__reconnect_of(handle));
    hprpc__cancellation_restore(cancellation);
    return state;
}

struct hprpc_controller *hprpc_client_keep_controller(struct hprpc_client *handle)
{
    struct hprpc__reconnect *reconnect = hprpc__reconnect_of(handle);
    struct hprpc_controller *controller;
    int cancellation;

    if (!reconnect)
        return hprpc_controller_keep(handle->controller);
    /* in a child of fork the lock may be held for ever */
    if (!hprpc__shared_is_ours(reconnect->client->shared))
        return hprpc_controller_keep(reconnect->current);
    cancellation = hprpc__cancellation_disable();
    hprpc__reconnect_pick(reconnect, &controller);
    hprpc__cancellation_restore(cancellation);
    return controller;
}

struct hprpc_controller *hprpc_client_controller(struct hprpc_client *handle)
{
    struct hprpc_controller *controller;

    if (handle->controller)
        return handle->controller;
    controller = hprpc_client_keep_controller(handle);
    /* the client keeps it as well */
    hprpc_controller_drop(controller);
    return controller;
}

int hprpc_client_offer(struct hprpc_client *handle, const struct hprpc_interface *interface, const void *handlers,
                       void *self)
{
    struct hprpc__reconnect *reconnect = hprpc__reconnect_of(handle);
    int r;

    if (!reconnect)
        return hprpc_controller_serve(handle->controller, interface, handlers, self);
    if (!hprpc__shared_is_ours(reconnect->client->shared))
        return HPRPC_EFORKED;
    hprpc__mutex_lock(&reconnect->lock);
    r = hprpc__services_add(reconnect->services, 0, interface, handlers, self);
    hprpc__mutex_unlock(&reconnect->lock);
    return r;
}
