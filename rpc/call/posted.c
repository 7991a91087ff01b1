/* SPDX-License-Identifier: MIT */
/* Requests that were posted without a connection: their copies, their order, and how they are sent. */
#include "rpc/call/posted.h"

#include "base/deadline.h"
#include "rpc/call/binding.h"
#include "rpc/call/ticket.h"
#include "rpc/connection/limits.h"
#include "rpc/connection/send.h"

/* ---- Copies ---- */

/* What a copy counts as: its bytes, and the ticket that it will belong to. */
static size_t charge_of(uint32_t size)
{
    return sizeof(struct hprpc__copy) + size + sizeof(struct hprpc_pending_call);
}

int hprpc__copy_new(struct hprpc__shared *shared, struct hprpc_binding *handle, uint32_t size,
                    struct hprpc__copy **ret_copy)
{
    size_t charge = charge_of(size);
    struct hprpc__copy *copy;

    if (atomic_fetch_add_explicit(&shared->copied, charge, memory_order_relaxed) + charge > HPRPC__COPIES_MAX) {
        atomic_fetch_sub_explicit(&shared->copied, charge, memory_order_relaxed);
        return HPRPC_EAGAIN;
    }
    copy = hprpc_context_allocate(shared->context, sizeof(*copy) + size);
    if (!copy) {
        atomic_fetch_sub_explicit(&shared->copied, charge, memory_order_relaxed);
        return HPRPC_ENOMEM;
    }
    copy->handle = handle;
    copy->size = size;
    copy->descriptors = NULL;
    *ret_copy = copy;
    return 0;
}

void hprpc__copy_free(struct hprpc__shared *shared, struct hprpc__copy *copy)
{
    atomic_fetch_sub_explicit(&shared->copied, charge_of(copy->size), memory_order_relaxed);
    hprpc_descriptors_free(shared->context, copy->descriptors);
    hprpc_context_release(shared->context, copy, sizeof(*copy) + copy->size);
}

/* ---- The order ---- */

void hprpc__posted_enqueue(struct hprpc_pending_call *pending, struct hprpc__copy *copy)
{
    struct hprpc__tickets *tickets = &pending->controller->tickets;

    hprpc__assert_locked(&pending->controller->lock);
    hprpc__list_append(&tickets->posted, &pending->link);
    pending->copy = copy;
    atomic_fetch_add_explicit(&tickets->later, 1, memory_order_relaxed);
}

void hprpc__posted_dequeue(struct hprpc_pending_call *pending)
{
    struct hprpc__tickets *tickets = &pending->controller->tickets;

    hprpc__assert_locked(&pending->controller->lock);
    hprpc__list_remove(&tickets->posted, &pending->link);
    hprpc__copy_free(pending->controller->shared, pending->copy);
    pending->copy = NULL;
    atomic_fetch_sub_explicit(&tickets->later, 1, memory_order_relaxed);
    /* requests that wait for room stand behind those that were posted */
    pending->controller->progress++;
}

/* The first ticket, if the connection can take requests now. Under the lock. */
static struct hprpc_pending_call *first(struct hprpc_controller *controller)
{
    hprpc__assert_locked(&controller->lock);
    return hprpc__state(controller) == HPRPC__READY ? hprpc__ticket_of(controller->tickets.posted.first) : NULL;
}

/* What the first request's proxy holds. NULL: nothing can be sent. */
static struct hprpc_binding *first_handle(struct hprpc_controller *controller)
{
    struct hprpc_binding *handle = NULL;
    struct hprpc_pending_call *pending;

    hprpc__mutex_lock(&controller->lock);
    pending = first(controller);
    if (pending)
        handle = pending->copy->handle;
    hprpc__mutex_unlock(&controller->lock);
    return handle;
}

/* ---- Sending ---- */

/* Why the request cannot be sent: 0, it can; HPRPC_EAGAIN, not now; or the code that it fails with. Under the lock. */
static int may_send(const struct hprpc_pending_call *pending, unsigned numbers, uint64_t now)
{
    const struct hprpc_controller *controller = pending->controller;
    uint32_t size = pending->copy->size;

    if (pending->deadline <= now)
        return HPRPC_EDEADLINE;
    if (controller->draining)
        return HPRPC_ENOTSENT;
    if (hprpc__is_refused(numbers))
        return hprpc__refusal_of(numbers);
    if (size > controller->peer.max_message)
        return HPRPC_ETOOBIG;
    return hprpc__has_credit(controller, size) ? 0 : HPRPC_EAGAIN;
}

/* The header: its timeout is what is left until the deadline, which counts from when the request was posted. */
static struct hprpc_header header_of(const struct hprpc_pending_call *pending, unsigned numbers, uint64_t now)
{
    struct hprpc_header header = { .call = pending->id,
                                   .type = HPRPC_MESSAGE_REQUEST,
                                   .service = (uint16_t)(numbers >> 16),
                                   .procedure = (uint16_t)numbers };

    header.timeout_ms = pending->deadline == HPRPC__NEVER
                            ? HPRPC_NO_TIMEOUT
                            : (uint32_t)((pending->deadline - now + HPRPC__MILLISECOND - 1) / HPRPC__MILLISECOND);
    if (header.timeout_ms != pending->controller->own->timeout_ms)
        header.flags |= HPRPC_FLAG_TIMEOUT;
    else
        header.timeout_ms = 0;
    return header;
}

/* Publishes the request. It counts as sent then, or as cut: if the channel breaks just now, the pump's next turn completes the ticket. */
static void publish(struct hprpc_pending_call *pending, struct hprpc_reservation *reservation)
{
    struct hprpc_controller *controller = pending->controller;

    kodosis_write_run(&reservation->writer, pending->copy->bytes, pending->copy->size);
    if (pending->copy->descriptors) {
        reservation->writer.descriptor_count = pending->copy->descriptors->count;
        reservation->carried = pending->copy->descriptors;
        pending->copy->descriptors = NULL;
    }
    hprpc__ticket_mark_sent(pending);
    if (hprpc__publish(controller, reservation) < 0)
        hprpc__ticket_mark_cut(pending);
}

/* Sends the first request, under the lock. 0; HPRPC_EAGAIN: not now; or the code that it fails with. */
static int send(struct hprpc_pending_call *pending, unsigned numbers)
{
    struct hprpc_controller *controller = pending->controller;
    uint64_t now = hprpc_context_now(controller->context);
    struct hprpc_reservation reservation;
    struct hprpc_header header;
    int r = may_send(pending, numbers, now);

    if (r == 0)
        r = hprpc__ticket_assign_id(pending, pending->copy->size);
    if (r < 0)
        return r;
    header = header_of(pending, numbers, now);
    controller->tickets.slots[pending->id].depth = 0;
    r = controller->channel->ops->start_call(controller->channel, &header, pending->copy->size, &reservation);
    if (r == 0)
        publish(pending, &reservation);
    else
        hprpc__ticket_free_id(pending);
    /* a broken channel fails all that wait at the pump's next turn */
    return r == 0 || r == HPRPC_ENOMEM || r == HPRPC_ETOOBIG ? r : HPRPC_EAGAIN;
}

/* The sentence behind a failure; NULL: what hprpc_error_text says. */
static const char *sentence_of(int code, const struct hprpc__bound *bound)
{
    /* relaxed: the lock of the client has ordered the numbers */
    if (bound &&
        hprpc__is_refused(atomic_load_explicit(&((struct hprpc__bound *)bound)->numbers, memory_order_relaxed)))
        /* acquire: pairs with the release in set_one (binding.c) */
        return atomic_load_explicit((_Atomic(const char *) *)&bound->sentence, memory_order_acquire);
    if (code == HPRPC_ENOTSENT)
        return "the other side is stopping, and takes no more requests";
    return code == HPRPC_ETOOBIG ? "the other side accepts no arguments of this size" : NULL;
}

/* Completes a request that no attempt can send. */
static void fail(struct hprpc_pending_call *pending, int code, const struct hprpc__bound *bound)
{
    const char *text = sentence_of(code, bound);

    if (text) {
        hprpc_detail_set(&pending->own_text, 0, "%s", text);
        pending->text = pending->own_text.text;
    }
    hprpc__ticket_finish(pending, code);
}

/* Sends the first request, if its proxy holds `handle`, which stands for `binding`, unless that is `failure`. True: go on. */
static bool send_first(struct hprpc_controller *controller, const struct hprpc_binding *handle,
                       const struct hprpc_binding *binding, int failure)
{
    const struct hprpc__bound *bound = NULL;
    struct hprpc_pending_call *pending;
    int r = failure;

    hprpc__mutex_lock(&controller->lock);
    pending = first(controller);
    if (!pending || pending->copy->handle != handle) {
        hprpc__mutex_unlock(&controller->lock);
        return pending != NULL;
    }
    if (r == 0) {
        bound = &binding->procedures[pending->procedure];
        /* relaxed: the lock of the client has ordered the numbers */
        r = send(pending, atomic_load_explicit(&((struct hprpc__bound *)bound)->numbers, memory_order_relaxed));
    }
    if (r != HPRPC_EAGAIN) {
        hprpc__posted_dequeue(pending);
        pending->answered = r < 0;
    }
    hprpc__mutex_unlock(&controller->lock);
    if (r < 0 && r != HPRPC_EAGAIN)
        fail(pending, r, bound);
    return r != HPRPC_EAGAIN;
}

void hprpc__posted_send(struct hprpc_controller *controller)
{
    struct hprpc__host *host = controller->pump.host;
    const struct hprpc_binding *binding = NULL;
    struct hprpc_binding *handle;
    bool goes_on = true;
    int r;

    /* a callback may come back in a child of fork */
    while (goes_on && hprpc__shared_is_ours(controller->shared) && (handle = first_handle(controller))) {
        r = host->find_binding(host, controller, handle, &binding);
        goes_on = r != HPRPC_EAGAIN && send_first(controller, handle, binding, r);
    }
}
