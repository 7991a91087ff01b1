/* SPDX-License-Identifier: MIT */
/* Calls of all sizes on one client, several at a time, each counted when it ends. */
#include <poll.h>

#include "kill/kill.h"
#include "support/patience.h"

/* bodies in a slot, in a chunk, in a large chunk, and in pieces */
static const size_t sizes[] = { 10, 48, 200, 5000, 0, 70000, 48, 700000, 3000 };

static void count_end(void *self, struct hprpc_pending_call *pending)
{
    struct traffic *traffic = self;

    (void)pending;
    atomic_fetch_add(&traffic->ends, 1);
}

int traffic_open(struct traffic *traffic, struct hprpc_context *context, const char *uri, enum hprpc_pump pump,
                 uint32_t timeout_ms)
{
    struct hprpc_client_options options = HPRPC_CLIENT_OPTIONS_INIT;
    struct hprpc_detail detail = { "" };
    int r;

    memset(traffic, 0, sizeof(*traffic));
    traffic->carries =
        strncmp(uri, "shm://", 6) == 0 || (strncmp(uri, "unix://", 7) == 0 && !strstr(uri, "engine=uring"));
    traffic->pump = options.pump = pump;
    traffic->timeout_ms = options.timeout_ms = options.connect_timeout_ms = timeout_ms;
    r = hprpc_client_connect(context, uri, &options, &detail, &traffic->client);
    if (r == 0) {
        r = target_target_bind(traffic->client, &detail, &traffic->proxy);
        if (r < 0)
            hprpc_client_free(traffic->client);
    }
    return r;
}

static void start(struct traffic *traffic, struct traffic_call *call)
{
    size_t size = sizes[traffic->number % (sizeof(sizes) / sizeof(sizes[0]))];
    int r;

    call->call = (struct hprpc_call)HPRPC_CALL_INIT;
    call->call.timeout_ms = traffic->timeout_ms;
    call->call.flags = HPRPC_CALL_NO_WAIT;
    call->data = malloc(size + 1);
    check(call->data);
    memset(call->data, (int)(traffic->number * 37 + 1), size);
    call->size = size;
    r = target_target_echo_start(&traffic->proxy, &call->call, (struct kodosis_bytes){ call->data, size });
    if (r == 0) {
        traffic->number++;
        call->open = true;
        hprpc_pending_call_notify(call->call.pending, count_end, traffic);
        return;
    }
    hprpc_call_clear(&call->call);
    free(call->data);
    if (r != HPRPC_EBUSY) {
        traffic->broken++;
        traffic->code = r;
    }
}

static void take_in(struct traffic *traffic, struct traffic_call *call)
{
    struct kodosis_bytes reply;
    int r = target_target_echo_finish(&call->call, &reply);

    if (r == 0) {
        check(reply.size == call->size && memcmp(reply.data, call->data, reply.size) == 0);
        traffic->answered++;
    } else if (r == HPRPC_EDEADLINE) {
        traffic->late++;
    } else {
        traffic->broken++;
        traffic->code = r;
    }
    hprpc_call_clear(&call->call);
    free(call->data);
    call->open = false;
}

/* Returns an open call that is complete, or NULL. If `wait`, waits until one is. */
static struct traffic_call *next_complete(struct traffic *traffic, bool wait)
{
    struct hprpc_pending_call *pending[TRAFFIC_CALLS];
    struct pollfd poll_fd = { hprpc_client_descriptor(traffic->client), POLLIN, 0 };
    bool open = false;
    int index;

    for (int i = 0; i < TRAFFIC_CALLS; i++) {
        pending[i] = traffic->calls[i].open ? traffic->calls[i].call.pending : NULL;
        open = open || pending[i];
    }
    /* though no call is open, what is left of former ones may stand in the queue, and an event loop has to send it */
    if (!open && traffic->pump == HPRPC_PUMP_LOOP)
        hprpc_client_process(traffic->client);
    if (!open)
        return NULL;
    if (traffic->pump != HPRPC_PUMP_LOOP) {
        index = hprpc_pending_call_wait_any(pending, TRAFFIC_CALLS, wait ? HPRPC_NO_TIMEOUT : 0);
        return index >= 0 ? &traffic->calls[index] : NULL;
    }
    do {
        for (int i = 0; i < TRAFFIC_CALLS; i++) {
            if (pending[i] && hprpc_pending_call_done(pending[i]))
                return &traffic->calls[i];
        }
        poll(&poll_fd, 1, wait ? hprpc_client_timeout(traffic->client) : 0);
        hprpc_client_process(traffic->client);
    } while (wait);
    return NULL;
}

/* Passes descriptors, one call after the other. What comes back is left to the call, and most of it is never looked at. */
static void pass(struct traffic *traffic)
{
    static const int files[] = { 0, 1, 2 };
    struct kodosis_fd_list back;

    if (traffic->passes && hprpc_pending_call_done(traffic->passing.pending)) {
        if (traffic->number % 2 && target_target_pass_finish(&traffic->passing, &back) == 0)
            check(back.count == 3 && back.data[2] > 2);
        hprpc_call_clear(&traffic->passing);
        traffic->passes = false;
    }
    if (traffic->passes)
        return;
    traffic->passing = (struct hprpc_call)HPRPC_CALL_INIT;
    traffic->passing.timeout_ms = traffic->timeout_ms;
    traffic->passing.flags = HPRPC_CALL_NO_WAIT;
    traffic->passes =
        target_target_pass_start(&traffic->proxy, &traffic->passing, (struct kodosis_fd_list){ files, 3 }) == 0;
    if (!traffic->passes)
        hprpc_call_clear(&traffic->passing);
}

bool traffic_turn(struct traffic *traffic, bool wait)
{
    struct traffic_call *call;

    for (int i = 0; i < TRAFFIC_CALLS; i++) {
        if (!traffic->calls[i].open && !traffic->broken)
            start(traffic, &traffic->calls[i]);
    }
    if (traffic->number % 5 == 0)
        target_target_note(&traffic->proxy, NULL, (struct kodosis_bytes){ (const uint8_t *)"note", 4 });
    if (traffic->carries)
        pass(traffic);
    if (!relay_turn(traffic))
        traffic->broken++;
    call = next_complete(traffic, wait);
    if (call)
        take_in(traffic, call);
    return !traffic->broken;
}

void traffic_drain(struct traffic *traffic)
{
    struct traffic_call *call;

    while ((call = next_complete(traffic, true)))
        take_in(traffic, call);
    relay_drain(traffic);
}

void traffic_close(struct traffic *traffic)
{
    struct patience patience = patience_begin();

    for (int i = 0; i < TRAFFIC_CALLS; i++)
        check(!traffic->calls[i].open);
    check(!traffic->relay.open);
    hprpc_call_clear(&traffic->passing);
    /* wait may return a moment before the callback runs */
    while (atomic_load(&traffic->ends) < traffic->number && try_again(&patience))
        continue;
    check(atomic_load(&traffic->ends) == traffic->number);
    hprpc_client_free(traffic->client);
    check(atomic_load(&traffic->ends) == traffic->number);
}
