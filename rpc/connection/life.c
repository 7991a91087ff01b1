#include "rpc/connection/connection.h"

#include "rpc/call/ticket.h"
#include "rpc/pump/wait.h"
#include "rpc/serve/request.h"

enum { BATCH = 64 }; /* messages in one turn, so that no connection keeps the others waiting */

/* ---- Life ---- */

int hprpc__controller_new(const struct hprpc__controller_setup *setup, struct hprpc_controller **ret_controller)
{
    struct hprpc_controller *controller = hprpc_context_allocate(setup->context, sizeof(*controller));

    if (!controller)
        return HPRPC_ENOMEM;
    memset(controller, 0, sizeof(*controller));
    if (hprpc__pump_init(&controller->pump, setup->host, setup->wake_fd) < 0)
        goto free_controller;
    if (hprpc__mutex_init(&controller->lock))
        goto clear_pump;

    controller->client.controller = controller;
    controller->context = setup->context;
    controller->channel = setup->channel;
    controller->shared = hprpc__shared_keep(setup->shared);
    controller->own = setup->limits;
    controller->services = setup->services;
    controller->quota = setup->has_quota ? &setup->shared->quota : NULL;
    controller->workers = setup->workers;
    controller->opening_deadline = setup->opening_deadline;
    controller->begins = setup->begins;
    atomic_init(&controller->keepalive.next_look, HPRPC__NEVER);
    atomic_init(&controller->references, 1);
    atomic_init(&controller->state, HPRPC__OPENING);
    atomic_init(&controller->next_deadline, HPRPC__NEVER);
    *ret_controller = controller;
    return 0;

clear_pump:
    hprpc__pump_clear(&controller->pump);
free_controller:
    hprpc_context_release(setup->context, controller, sizeof(*controller));
    return HPRPC_ENOMEM;
}

/* Replies that callers still hold lie in the channel's memory: then the last of them frees. */
static bool replies_are_held(struct hprpc_controller *controller)
{
    bool held;

    hprpc__mutex_lock(&controller->lock);
    held = controller->tickets.held > 0;
    controller->tickets.last_frees = held;
    hprpc__mutex_unlock(&controller->lock);
    return held;
}

void hprpc__controller_destroy(struct hprpc_controller *controller)
{
    struct hprpc__services *services;

    if (replies_are_held(controller))
        return;
    hprpc__tickets_clear(controller);
    hprpc__requests_clear(controller);
    hprpc__call_ids_clear(controller);
    services = atomic_load_explicit(&controller->own_services, memory_order_relaxed);
    if (services) {
        hprpc__services_clear(services);
        hprpc_context_release(controller->context, services, sizeof(*services));
    }
    controller->channel->ops->free(controller->channel);
    hprpc__mutex_destroy(&controller->lock);
    hprpc__pump_clear(&controller->pump);
    hprpc__shared_drop(controller->shared);
    hprpc_context_release(controller->context, controller, sizeof(*controller));
}

struct hprpc_controller *hprpc_controller_keep(struct hprpc_controller *controller)
{
    atomic_fetch_add_explicit(&controller->references, 1, memory_order_relaxed);
    return controller;
}

void hprpc_controller_drop(struct hprpc_controller *controller)
{
    /* release and acquire: pair with each other, so that everything the others did is over before it is freed */
    if (controller && atomic_fetch_sub_explicit(&controller->references, 1, memory_order_acq_rel) == 1)
        hprpc__controller_destroy(controller);
}

/* ---- The end ---- */

#define CLOSED_HERE "the connection was closed on this side"
#define STARVED "the connection was closed: no memory for an answer"

static bool set_broken(struct hprpc_controller *controller, int code, const char *reason)
{
    bool first;

    hprpc__mutex_lock(&controller->lock);
    first = hprpc__state(controller) != HPRPC__BROKEN;
    if (first) {
        if (controller->closing || controller->starved)
            code = hprpc__state(controller) == HPRPC__READY ? HPRPC_EMAYBE : HPRPC_ECLOSED;
        controller->code = code;
        controller->progress++;
        hprpc_detail_set(&controller->reason, 0, "%s",
                         controller->starved   ? STARVED
                         : controller->closing ? CLOSED_HERE
                                               : reason);
        if (code == HPRPC_EPROTOCOL && hprpc__goodbye_send(controller, reason) == 0)
            controller->channel->ops->flush(controller->channel);
        controller->channel->ops->close(controller->channel);
        /* release: pairs with hprpc__state */
        atomic_store_explicit(&controller->state, HPRPC__BROKEN, memory_order_release);
    }
    hprpc__mutex_unlock(&controller->lock);
    return first;
}

void hprpc__controller_break(struct hprpc_controller *controller, int code, const char *reason)
{
    if (!set_broken(controller, code, reason))
        return;
    hprpc_context_log(controller->context, controller->code == HPRPC_EPROTOCOL ? HPRPC_LOG_ERROR : HPRPC_LOG_INFO,
                      "a connection ended: %s: %s", hprpc_error_name(controller->code), controller->reason.text);
    hprpc__request_cancel_all(controller);
    hprpc__pending_fail_all(controller, controller->code, controller->reason.text);
    hprpc__pump_stir(controller);
    if (controller->pump.host->changed)
        controller->pump.host->changed(controller->pump.host, controller);
}

/* Says why, if the other side can hear it yet, and closes the channel; the next turn sees that. Under the lock. */
static void close_channel(struct hprpc_controller *controller, const char *reason)
{
    hprpc__assert_locked(&controller->lock);
    if (hprpc__state(controller) == HPRPC__READY && hprpc__goodbye_send(controller, reason) == 0)
        controller->channel->ops->flush(controller->channel);
    controller->channel->ops->close(controller->channel);
    controller->pump.host->attend(controller->pump.host, controller);
}

void hprpc__controller_end(struct hprpc_controller *controller)
{
    hprpc__mutex_lock(&controller->lock);
    if (!controller->closing && hprpc__state(controller) != HPRPC__BROKEN) {
        controller->closing = true;
        if (!controller->starved)
            close_channel(controller, "");
    }
    hprpc__mutex_unlock(&controller->lock);
}

void hprpc__controller_starve(struct hprpc_controller *controller)
{
    hprpc__assert_locked(&controller->lock);
    if (controller->starved || controller->closing || hprpc__state(controller) == HPRPC__BROKEN)
        return;
    controller->starved = true;
    close_channel(controller, "no memory for an answer");
}

void hprpc_controller_close(struct hprpc_controller *controller)
{
    if (!hprpc__shared_is_ours(controller->shared))
        return;
    hprpc__controller_end(controller);
    /* where nobody pumps, what is pending completes here */
    hprpc__pump_once(controller);
}

/* ---- The pump's turn ---- */

static const char *reason_of(const struct hprpc_controller *controller, int code)
{
    return controller->channel->reason.text[0] ? controller->channel->reason.text : hprpc_error_text(code);
}

/* The side that connected speaks first, as soon as its channel is open. */
static int say_hello(struct hprpc_controller *controller)
{
    int r;

    hprpc__mutex_lock(&controller->lock);
    r = hprpc__hello_send(controller);
    hprpc__mutex_unlock(&controller->lock);
    controller->hello_sent = r == 0;
    /* without it, both would wait for the other */
    if (r == HPRPC_ENOMEM)
        hprpc__controller_break(controller, r, "no memory to say HELLO");
    return r == HPRPC_EAGAIN ? 0 : r;
}

/* Our HELLO: at once from the side that connected, else in answer to the other's. */
static __attribute__((noinline)) int hello_if_due(struct hprpc_controller *controller)
{
    if (hprpc__state(controller) == HPRPC__BROKEN)
        return 0;
    if (!controller->begins && hprpc__state(controller) == HPRPC__OPENING)
        return 0;
    return say_hello(controller);
}

/* Receives a message, looking several times if need be: nothing but looking happens between two looks. */
static int look(struct hprpc_channel *channel, uint32_t looks, struct hprpc_message *ret_message)
{
    int r = channel->ops->receive(channel, ret_message);

    while (!r && --looks) {
        hprpc__relax();
        r = channel->ops->receive(channel, ret_message);
    }
    return r;
}

static int receive_batch(struct hprpc_controller *controller, uint32_t looks, const struct hprpc_pending_call *until,
                         int *ret_count)
{
    struct hprpc_message message;
    int r = 0;

    while (*ret_count < BATCH && hprpc__state(controller) != HPRPC__BROKEN) {
        r = look(controller->channel, *ret_count ? 1 : looks, &message);
        if (r <= 0)
            break;
        ++*ret_count;
        r = hprpc__dispatch(controller, &message);
        if (r == 0 && KODOSIS_UNLIKELY(!controller->hello_sent))
            r = hello_if_due(controller);
        if (r < 0 || (until && hprpc__pending_done(until)))
            break;
    }
    return r;
}

static int send_what_waits(struct hprpc_controller *controller)
{
    int r = controller->hello_sent ? 0 : hello_if_due(controller);

    if (r >= 0)
        r = hprpc__flush(controller);
    if (hprpc__queued(controller) > HPRPC__UNREAD_MAX)
        hprpc__controller_break(controller, HPRPC_EPROTOCOL, "the other side asks, and does not read the answers");
    return r;
}

int hprpc__controller_turn(struct hprpc_controller *controller, uint32_t looks, const struct hprpc_pending_call *until)
{
    bool outer = controller->turning;
    int count = 0, r;

    hprpc__assert_pumping(&controller->pump);
    controller->turning = true;
    r = receive_batch(controller, looks, until, &count);
    controller->turning = outer;
    /* relaxed: who queues one tries to send it afterwards, under the lock */
    if (KODOSIS_UNLIKELY(atomic_load_explicit(&controller->tickets.queued, memory_order_relaxed)))
        hprpc__bind_resume(controller);
    if (r >= 0 && KODOSIS_UNLIKELY(!controller->hello_sent || hprpc__queued(controller)))
        r = send_what_waits(controller);
    if (KODOSIS_UNLIKELY(r < 0 && r != HPRPC_EAGAIN && r != HPRPC_ENOMEM))
        hprpc__controller_break(controller, r, reason_of(controller, r));
    if (count)
        controller->keepalive.heard = true;
    /* one writer; who reads it takes the lock, as the pump does before it sleeps */
    atomic_store_explicit(&controller->turns, atomic_load_explicit(&controller->turns, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    hprpc__pump_stir(controller);
    if (KODOSIS_LIKELY(hprpc__state(controller) != HPRPC__BROKEN))
        return count;
    /* who waits inside a completion of the break must find the tickets complete that are not yet */
    hprpc__pending_fail_all(controller, controller->code, controller->reason.text);
    return controller->code;
}

/* When the host ends what is left of its connections. */
static uint64_t end_of(struct hprpc_controller *controller)
{
    struct hprpc__host *host = controller->pump.host;

    /* a connection that has ended may outlive its host */
    return hprpc__state(controller) != HPRPC__BROKEN && host->ends ? host->ends(host) : HPRPC__NEVER;
}

static uint64_t earlier(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

uint64_t hprpc__controller_deadline(struct hprpc_controller *controller)
{
    uint64_t next = atomic_load_explicit(&controller->next_deadline, memory_order_relaxed);

    if (hprpc__state(controller) == HPRPC__OPENING)
        next = earlier(next, controller->opening_deadline);
    next = earlier(next, atomic_load_explicit(&controller->keepalive.next_look, memory_order_relaxed));
    return earlier(next, end_of(controller));
}

void hprpc__controller_expire(struct hprpc_controller *controller, uint64_t now)
{
    hprpc__assert_pumping(&controller->pump);
    if (hprpc__state(controller) == HPRPC__OPENING && now >= controller->opening_deadline)
        hprpc__controller_break(controller, HPRPC_EDEADLINE, "the other side did not say HELLO in time");
    else
        hprpc__pending_expire(controller, now);
    hprpc__keepalive_look(controller, now);
    /* also for a handler that waits: its connection goes, and with it what it waits for */
    if (now >= end_of(controller)) {
        hprpc__controller_end(controller);
        hprpc__controller_break(controller, HPRPC_EMAYBE, "the server stopped");
    }
}

/* ---- For everybody ---- */

struct hprpc_client *hprpc_controller_client(struct hprpc_controller *controller)
{
    return &controller->client;
}

int hprpc_controller_serve(struct hprpc_controller *controller, const struct hprpc_interface *interface,
                           const void *handlers, void *self)
{
    struct hprpc__services *services;
    int r = 0;

    if (!hprpc__shared_is_ours(controller->shared))
        return HPRPC_EFORKED;
    hprpc__mutex_lock(&controller->lock);
    services = atomic_load_explicit(&controller->own_services, memory_order_relaxed);
    if (!services) {
        services = hprpc_context_allocate(controller->context, sizeof(*services));
        if (services) {
            memset(services, 0, sizeof(*services));
            services->context = controller->context;
            /* release: pairs with the acquire in bind.c; a BIND may come at any time */
            atomic_store_explicit(&controller->own_services, services, memory_order_release);
        }
    }
    r = services ? hprpc__services_add(services, HPRPC__OWN_SERVICES, interface, handlers, self) : HPRPC_ENOMEM;
    hprpc__mutex_unlock(&controller->lock);
    return r;
}

void hprpc_controller_peer(struct hprpc_controller *controller, struct hprpc_peer *ret_peer)
{
    /* in a child of fork the lock may be held for ever */
    bool locks = hprpc__shared_is_ours(controller->shared);

    if (locks)
        hprpc__mutex_lock(&controller->lock);
    controller->channel->ops->describe(controller->channel, ret_peer);
    if (locks)
        hprpc__mutex_unlock(&controller->lock);
}

static uint64_t counted(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void hprpc_controller_statistics(struct hprpc_controller *controller, struct hprpc_statistics *ret_statistics)
{
    *ret_statistics = (struct hprpc_statistics){
        .calls_sent = counted(&controller->statistics.calls_sent),
        .calls_received = counted(&controller->statistics.calls_received),
        .replies_sent = counted(&controller->statistics.replies_sent),
        .replies_received = counted(&controller->statistics.replies_received),
        .late_replies = counted(&controller->statistics.late_replies),
        .stray_replies = counted(&controller->statistics.stray_replies),
        .busy = counted(&controller->statistics.busy),
        .expired = counted(&controller->statistics.expired),
        .copied = counted(&controller->statistics.copied),
        .lent = counted(&controller->statistics.lent),
    };
}
