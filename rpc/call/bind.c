/* SPDX-License-Identifier: MIT */
/*
 * BIND and BOUND at the side that asks. A BIND waits in a queue until there is a connection and an id for it, so asking never
 * blocks; the pump sends the queue at the end of its turns.
 */
#include "rpc/call/bind.h"

#include "rpc/call/ticket.h"
#include "rpc/connection/message.h"
#include "rpc/connection/send.h"

/* Sends a BIND, under the lock. HPRPC_EAGAIN: no id or no room now; HPRPC_ETOOBIG, HPRPC_ENOMEM: it can never be sent; broken. */
static int send_bind(struct hprpc_pending_call *pending, const struct hprpc_interface *interface)
{
    struct hprpc_controller *controller = pending->controller;
    struct hprpc_header header = { .type = HPRPC_MESSAGE_BIND };
    struct hprpc_reservation reservation;
    bool shapes = controller->peer.features & HPRPC__FEATURE_SHAPES && hprpc__bind_has_shapes(interface);
    uint64_t size = hprpc__bind_size(interface, shapes);
    int r;

    hprpc__assert_locked(&pending->controller->lock);
    if (shapes && size > controller->peer.max_message) {
        shapes = false; /* procedures of other versions are refused then, and equal ones found by their hashes */
        size = hprpc__bind_size(interface, false);
    }
    if (size > controller->peer.max_message)
        return HPRPC_ETOOBIG;
    r = hprpc__ticket_assign_id(pending, 0);
    if (r < 0)
        return r;
    header.call = pending->id;
    r = controller->channel->ops->start_call(controller->channel, &header, (uint32_t)size, &reservation);
    if (r == 0) {
        hprpc__bind_write(&reservation.writer, interface, shapes);
        r = hprpc__publish(controller, &reservation);
    }
    if (r < 0)
        hprpc__ticket_free_id(pending);
    return r;
}

/* Sends the queue. Returns the next ticket whose BIND can never be sent, with the reason in `ret_code`; NULL: there is none. */
static struct hprpc_pending_call *send_queue(struct hprpc_controller *controller, int *ret_code)
{
    struct hprpc_pending_call *pending, *hopeless = NULL;
    int r = 0;

    hprpc__mutex_lock(&controller->lock);
    while (r == 0 && hprpc__state(controller) == HPRPC__READY &&
           (pending = hprpc__ticket_of(controller->tickets.queue.first))) {
        r = send_bind(pending, pending->interface);
        if (r == HPRPC_ETOOBIG || r == HPRPC_ENOMEM)
            hopeless = pending;
        else if (r < 0)
            break; /* a broken channel fails the whole queue at the pump's next turn */
        hprpc__ticket_dequeue(pending);
        pending->sent = r == 0;
        pending->answered = r < 0;
    }
    hprpc__mutex_unlock(&controller->lock);
    *ret_code = r;
    return hopeless;
}

void hprpc__bind_resume(struct hprpc_controller *controller)
{
    struct hprpc_pending_call *hopeless;
    int code;

    while ((hopeless = send_queue(controller, &code)))
        hprpc__ticket_finish(hopeless, code);
}
