/* SPDX-License-Identifier: MIT */
/* The handlers of the streams. They run on the thread that pumps, defer their requests, and go on in callbacks. */
#include <stdlib.h>

#include "bench/measure/touch.h"
#include "bench/paper/flow.h"

/* One stream that is open. */
struct flow {
    struct hprpc_request *request;
    int (*send)(struct hprpc_request *request, int64_t number);
    int64_t next;
    uint64_t sum;
};

static int send_number(struct hprpc_request *request, int64_t number)
{
    return paper_streams_numbers_send(request, number);
}

static int send_cell(struct hprpc_request *request, int64_t number)
{
    const struct paper_cell cell = { number,     number + 1, number + 2, number + 3,
                                     number + 4, number + 5, number + 6, number + 7 };

    return paper_streams_cells_send(request, &cell);
}

static void end(struct flow *flow, int code)
{
    hprpc_request_fail(flow->request, code, NULL);
    free(flow);
}

static void send_on(void *self, uint32_t events)
{
    struct flow *flow = self;
    int result;

    (void)events;
    while ((result = flow->send(flow->request, flow->next)) == 0)
        flow->next++;
    if (result == HPRPC_EBUSY)
        result = hprpc_request_notify(flow->request, HPRPC_STREAM_WRITABLE, send_on, flow);
    if (result < 0)
        end(flow, result);
}

static void read_on(void *self, uint32_t events)
{
    struct flow *flow = self;
    struct kodosis_bytes part;
    int result;

    (void)events;
    while ((result = paper_streams_pour_next(flow->request, &part)) == 1)
        flow->sum += bench_sum(part.data, part.size);
    if (result == HPRPC_EBUSY) {
        result = hprpc_request_notify(flow->request, HPRPC_STREAM_READABLE, read_on, flow);
        if (result == 0)
            return;
    }
    if (result == 0)
        result = paper_streams_pour_reply(flow->request, flow->sum);
    if (result < 0)
        end(flow, result);
    else
        free(flow);
}

static int begin(struct hprpc_request *request, const struct flow *what, void (*go_on)(void *self, uint32_t events))
{
    struct flow *flow = malloc(sizeof(*flow));
    int result = flow ? hprpc_request_defer(request) : HPRPC_ENOMEM;

    if (result < 0) {
        free(flow);
        return result;
    }
    *flow = *what;
    go_on(flow, 0);
    return 0;
}

static int numbers(void *self, struct hprpc_request *request, int64_t first)
{
    (void)self;
    return begin(request, &(struct flow){ request, send_number, first, 0 }, send_on);
}

static int cells(void *self, struct hprpc_request *request, int64_t first)
{
    (void)self;
    return begin(request, &(struct flow){ request, send_cell, first, 0 }, send_on);
}

static int pour(void *self, struct hprpc_request *request)
{
    (void)self;
    return begin(request, &(struct flow){ request, NULL, 0, 0 }, read_on);
}

int paper_flow_add(struct hprpc_server *server)
{
    static const struct paper_streams_service service = { .numbers = numbers, .cells = cells, .pour = pour };

    return paper_streams_add(server, &service, NULL);
}
