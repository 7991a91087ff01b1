/* SPDX-License-Identifier: MIT */
/* Calls that began while their client had no connection: the copy, and what becomes of it. */
#include "rpc/later.h"

#include "rpc/begin.h"
#include "rpc/call/posted.h"
#include "rpc/connection/descriptors.h"
#include "rpc/connection/life.h"
#include "rpc/connection/send.h"
#include "rpc/connection/waiters.h"
#include "rpc/explain.h"

static struct hprpc__copy *copy_of(const struct hprpc_stub *stub)
{
    return (struct hprpc__copy *)stub->reservation.token[0];
}

int hprpc__later_begin(struct hprpc_stub *stub, struct hprpc__reconnect *reconnect, struct hprpc_binding *handle,
                       uint64_t size)
{
    struct hprpc__copy *copy;
    int r = hprpc__copy_new(reconnect->client->shared, handle, (uint32_t)size, &copy);

    if (r == HPRPC_ENOMEM)
        return hprpc__explain(stub->call, r, NULL);
    if (r < 0)
        return r;
    stub->client = &reconnect->face;
    stub->binding = handle;
    stub->pending = NULL;
    stub->reservation.size = copy->size;
    stub->reservation.token[0] = (uintptr_t)copy;
    kodosis_writer_init(&stub->reservation.writer, copy->bytes, copy->size);
    stub->reservation.writer.descriptors = stub->reservation.given;
    stub->reservation.writer.descriptor_capacity = KODOSIS_DESCRIPTORS_MAX;
    return 0;
}

/* Ends the writing of a copy, which gets the descriptors that were given. 0, or the code that the call fails with, explained. */
static int end_copy(struct hprpc_stub *stub, struct hprpc__copy *copy)
{
    int r = hprpc__body_complete(hprpc__reconnect_of(stub->client)->client->shared->context, &stub->reservation);

    if (r < 0)
        return hprpc__explain_value(stub, r);
    if (stub->reservation.writer.descriptor_count)
        copy->descriptors = stub->reservation.carried;
    return 0;
}

/* ---- Waiting ---- */

static int exchange(struct hprpc_stub *stub, const struct hprpc__copy *copy)
{
    int r = hprpc__begin_again(stub, copy->size);

    if (r < 0)
        return r;
    /* a long run is not copied once more: the channel borrows it until it is sent */
    kodosis_write_run(stub->writer, copy->bytes, copy->size);
    hprpc__descriptors_give(&stub->reservation, copy->descriptors);
    return hprpc_stub_exchange(stub);
}

int hprpc__later_exchange(struct hprpc_stub *stub)
{
    struct hprpc__shared *shared = hprpc__shared_keep(hprpc__reconnect_of(stub->client)->client->shared);
    struct hprpc__copy *copy = copy_of(stub);
    int r = end_copy(stub, copy);

    if (r == 0)
        r = exchange(stub, copy);
    hprpc__copy_free(shared, copy);
    hprpc__shared_drop(shared);
    return r;
}

/* ---- Posting ---- */

/* Puts a ticket with the copy into the queue, under the lock. HPRPC_EAGAIN: the connection has just ended; HPRPC_ENOMEM. */
static int enqueue(struct hprpc_stub *stub, struct hprpc__copy *copy)
{
    struct hprpc_controller *controller = stub->client->controller;
    uint32_t timeout = stub->call->timeout_ms ? stub->call->timeout_ms : controller->own->timeout_ms;
    struct hprpc_pending_call *pending;
    int r;

    hprpc__assert_locked(&controller->lock);
    if (hprpc__state(controller) == HPRPC__BROKEN)
        return HPRPC_EAGAIN;
    r = hprpc__ticket_new(controller, timeout, &pending);
    if (r < 0)
        return hprpc__explain(stub->call, r, NULL);
    pending->binding = copy->handle;
    pending->procedure = (uint16_t)stub->procedure;
    hprpc__posted_enqueue(pending, copy);
    if (hprpc__ticket_start_clock(pending, hprpc_context_now(controller->context)))
        hprpc__pump_deadline_moved(controller);
    stub->call->pending = pending;
    return 0;
}

/* Posts on a connection, which is perhaps there by now. */
static int post_on(struct hprpc_stub *stub, struct hprpc__copy *copy)
{
    struct hprpc_controller *controller = stub->client->controller;
    int r;

    hprpc__mutex_lock(&controller->lock);
    r = enqueue(stub, copy);
    hprpc__mutex_unlock(&controller->lock);
    if (r == 0)
        hprpc__posted_send(controller);
    return r;
}

/* Posts on the connection of the moment. HPRPC_EAGAIN: it has ended, and another one has its place, or will have it in a moment. */
static int post_once(struct hprpc_stub *stub, struct hprpc__reconnect *reconnect, struct hprpc__copy *copy)
{
    struct hprpc_controller *controller;
    int r = hprpc__reconnect_pick(reconnect, &controller);

    stub->client = &controller->client;
    if (r == 0)
        r = post_on(stub, copy);
    else if (r == HPRPC_ENOTSENT)
        r = hprpc__explain_end(stub, hprpc__code_of_unsent(controller));
    else if (r == HPRPC_ENOMEM)
        hprpc__explain(stub->call, r, NULL);
    else
        hprpc__reconnect_let_end(controller);
    hprpc_controller_drop(controller);
    return r;
}

static int post(struct hprpc_stub *stub)
{
    struct hprpc__reconnect *reconnect = hprpc__reconnect_of(stub->client);
    struct hprpc__copy *copy = copy_of(stub);
    int r = end_copy(stub, copy);

    if (r == 0)
        do
            r = post_once(stub, reconnect, copy);
        while (r == HPRPC_EAGAIN);
    if (r < 0)
        hprpc__copy_free(reconnect->client->shared, copy);
    return r;
}

int hprpc__later_post(struct hprpc_stub *stub)
{
    int cancellation = hprpc__cancellation_disable();
    int r = post(stub);

    hprpc__cancellation_restore(cancellation);
    return r;
}
