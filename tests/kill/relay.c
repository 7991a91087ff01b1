/* SPDX-License-Identifier: MIT */
/* Streams both ways: parts of all sizes that come back as they went, in order; and the handler that sends them back. */
#include <hprpc/stream.h>

#include "kill/kill.h"

enum { PARTS = 24, AHEAD = 6 };

/* in a slot, in a chunk, in a large chunk, and in pieces of the call layer */
static const size_t sizes[] = { 10, 200, 0, 5000, 48, 70000, 3000, 150000, 48 };

static size_t size_of(unsigned number)
{
    return sizes[number % (sizeof(sizes) / sizeof(sizes[0]))];
}

static uint8_t byte_of(unsigned number)
{
    return (uint8_t)(number * 41 + 3);
}

/* ---- The caller ---- */

static bool relay_start(struct traffic *traffic)
{
    struct relay *relay = &traffic->relay;
    int r;

    relay->call = (struct hprpc_call)HPRPC_CALL_INIT;
    relay->call.timeout_ms = traffic->timeout_ms;
    relay->call.flags = HPRPC_CALL_NO_WAIT;
    relay->sent = relay->read = 0;
    relay->ended = false;
    r = target_target_relay_start(&traffic->proxy, &relay->call);
    relay->open = r == 0;
    if (r < 0)
        hprpc_call_clear(&relay->call);
    if (r < 0 && r != HPRPC_EBUSY)
        traffic->code = r;
    return r == 0 || r == HPRPC_EBUSY;
}

/* The call has ended with `code`, which every function says from now on. */
static bool relay_end(struct traffic *traffic, int code)
{
    struct relay *relay = &traffic->relay;
    struct kodosis_bytes part;

    check(hprpc_pending_call_done(relay->call.pending));
    check(code == 0 || (target_target_relay_next(&relay->call, &part) == code && relay->call.detail));
    check(target_target_relay_finish(&relay->call) == code);
    check(code || relay->read == relay->sent);
    relay->relayed += code == 0;
    relay->late += code == HPRPC_EDEADLINE;
    hprpc_call_clear(&relay->call);
    relay->open = false;
    if (code && code != HPRPC_EDEADLINE)
        traffic->code = code;
    return code == 0 || code == HPRPC_EDEADLINE;
}

/* Sends the next part, or END behind the last one. What `_send` says. */
static int relay_send(struct relay *relay)
{
    size_t size = size_of(relay->sent);
    uint8_t *data;
    int r;

    if (relay->sent == PARTS) {
        relay->ended = true;
        return hprpc_call_end(&relay->call);
    }
    data = malloc(size + 1);
    check(data);
    memset(data, byte_of(relay->sent), size);
    r = target_target_relay_send(&relay->call, (struct kodosis_bytes){ data, size });
    free(data);
    relay->sent += r == 0;
    return r;
}

/* Reads the next part. What `_next` says. */
static int relay_read(struct relay *relay)
{
    struct kodosis_bytes part;
    int r = target_target_relay_next(&relay->call, &part);

    if (r != 1)
        return r;
    check(relay->read < relay->sent && part.size == size_of(relay->read));
    for (size_t i = 0; i < part.size; i++)
        check(part.data[i] == byte_of(relay->read));
    relay->read++;
    relay->parts++;
    return 1;
}

bool relay_turn(struct traffic *traffic)
{
    struct relay *relay = &traffic->relay;
    int r = 0;

    if (!relay->open)
        return relay_start(traffic);
    while (r == 0 && !relay->ended && relay->sent < relay->read + AHEAD)
        r = relay_send(relay);
    if (r == 0 || r == HPRPC_EBUSY)
        do
            r = relay_read(relay);
        while (r == 1);
    if (r == HPRPC_EBUSY || (r == 0 && !hprpc_pending_call_done(relay->call.pending)))
        return true;
    return relay_end(traffic, r);
}

void relay_drain(struct traffic *traffic)
{
    struct relay *relay = &traffic->relay;
    int r;

    if (!relay->open)
        return;
    relay->call.flags = 0;
    check(hprpc_call_end(&relay->call) == 0);
    do
        r = relay_read(relay);
    while (r == 1);
    if (r == 0)
        hprpc_pending_call_wait(relay->call.pending, HPRPC_NO_TIMEOUT);
    relay_end(traffic, r == 0 ? target_target_relay_finish(&relay->call) : r);
}

/* ---- The callee ---- */

struct task {
    struct hprpc_request *request;
    struct kodosis_bytes part;
    uint32_t events; /* that it waits for */
    bool taken;      /* `part` is still to be sent */
    bool running, again;
};

static int wait_for(struct task *task, uint32_t events, int r)
{
    if (r == HPRPC_EBUSY)
        task->events = events;
    return r;
}

/* Goes on until the request is answered (0), it would wait for `events` (HPRPC_EBUSY), or the caller is gone. */
static int go_on(struct task *task)
{
    int r;

    for (;;) {
        r = task->taken ? 1 : target_target_relay_request_next(task->request, &task->part);
        if (r == 0) {
            r = target_target_relay_reply(task->request);
            /* after any other failure the request is over */
            return r == HPRPC_ENOMEM ? r : r == HPRPC_EBUSY ? wait_for(task, HPRPC_STREAM_WRITABLE, r) : 0;
        }
        if (r < 0)
            return wait_for(task, HPRPC_STREAM_READABLE, r);
        task->taken = true;
        r = target_target_relay_request_send(task->request, task->part);
        if (r < 0)
            return wait_for(task, HPRPC_STREAM_WRITABLE, r);
        task->taken = false;
    }
}

static void run(void *self, uint32_t events)
{
    struct task *task = self;
    struct hprpc_request *request = task->request;
    int r = HPRPC_EBUSY;

    (void)events;
    /* it was called while it registered */
    if (task->running) {
        task->again = true;
        return;
    }
    task->running = true;
    do {
        task->again = false;
        r = go_on(task);
        if (r == HPRPC_EBUSY)
            r = hprpc_request_notify(request, task->events, run, task) == 0 ? HPRPC_EBUSY : HPRPC_EINTERNAL;
    } while (r == HPRPC_EBUSY && task->again);
    if (r == HPRPC_EBUSY)
        task->running = false;
    else if (r < 0)
        hprpc_request_fail(request, r, NULL);
}

int relay_serve(void *self, struct hprpc_request *request)
{
    struct task *task = hprpc_request_allocate(request, sizeof(*task));
    int r = task ? hprpc_request_defer(request) : HPRPC_ENOMEM;

    (void)self;
    if (r < 0)
        return r;
    *task = (struct task){ .request = request };
    run(task, 0);
    return 0;
}
