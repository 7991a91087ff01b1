/* SPDX-License-Identifier: MIT */
/*
 * The service whose procedures have streams. Its handlers run on the thread that reads: what would have to wait is deferred, and goes
 * on when hprpc_request_notify says so.
 */
#include "vectors/flow.h"

#include <string.h>

#include <hprpc/stream.h>

struct flow {
    struct hprpc_request *request;
    int (*step)(struct flow *flow); /* 0: answered; HPRPC_EBUSY: it would have to wait for `events` */
    uint32_t events;
    int32_t at, to, sum;
    bool taken, ended;
    struct kodosis_bytes part;
};

/* ---- What is done ---- */

static int wait_for(struct flow *flow, uint32_t events, int r)
{
    flow->events = events;
    return r;
}

static int count(struct flow *flow)
{
    struct vectors_denied denied = { kodosis_str("enough"), flow->to };
    int r;

    for (; flow->at < (flow->to < 0 ? -flow->to : flow->to); flow->at++) {
        r = vectors_flow_count_send(flow->request, flow->at + 1);
        if (r < 0)
            return wait_for(flow, HPRPC_STREAM_WRITABLE, r);
    }
    return flow->to < 0 ? vectors_denied_raise(flow->request, &denied) : vectors_flow_count_reply(flow->request);
}

static int total(struct flow *flow)
{
    int32_t value;
    int r;

    while ((r = vectors_flow_total_next(flow->request, &value)) == 1)
        flow->sum += value;
    return r < 0 ? wait_for(flow, HPRPC_STREAM_READABLE, r) : vectors_flow_total_reply(flow->request, flow->sum);
}

static int give(struct flow *flow)
{
    int r = flow->ended ? 0 : vectors_flow_turn_request_send(flow->request, flow->part);

    if (r < 0)
        return wait_for(flow, HPRPC_STREAM_WRITABLE, r);
    flow->taken = false;
    if (flow->part.size != 4 || memcmp(flow->part.data, "last", 4) != 0)
        return 0;
    flow->ended = true;
    return hprpc_request_end(flow->request);
}

static int turn(struct flow *flow)
{
    int r = flow->taken ? give(flow) : 0;

    while (r == 0) {
        r = vectors_flow_turn_request_next(flow->request, &flow->part);
        if (r == 0)
            return vectors_flow_turn_reply(flow->request);
        flow->taken = r == 1;
        r = flow->taken ? give(flow) : wait_for(flow, HPRPC_STREAM_READABLE, r);
    }
    return r;
}

/* ---- How it goes on ---- */

static void go_on(void *self, uint32_t events)
{
    struct flow *flow = self;
    struct hprpc_request *request = flow->request;
    int r = flow->step(flow);

    (void)events;
    if (r == HPRPC_EBUSY)
        r = hprpc_request_notify(request, flow->events, go_on, flow);
    if (r < 0)
        hprpc_request_fail(request, r, NULL);
}

static int start(struct hprpc_request *request, int (*step)(struct flow *flow), int32_t to)
{
    struct flow *flow = hprpc_request_allocate(request, sizeof(*flow));
    int r;

    if (!flow)
        return HPRPC_ENOMEM;
    *flow = (struct flow){ .request = request, .step = step, .to = to };
    r = step(flow);
    if (r != HPRPC_EBUSY)
        return r;
    r = hprpc_request_defer(request);
    return r < 0 ? r : hprpc_request_notify(request, flow->events, go_on, flow);
}

static int start_count(void *self, struct hprpc_request *request, int32_t to)
{
    (void)self;
    return start(request, count, to);
}

static int start_total(void *self, struct hprpc_request *request)
{
    (void)self;
    return start(request, total, 0);
}

static int start_turn(void *self, struct hprpc_request *request)
{
    (void)self;
    return start(request, turn, 0);
}

const struct vectors_flow_service flow_service = { start_count, start_total, start_turn };
