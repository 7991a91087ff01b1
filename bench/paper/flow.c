/* SPDX-License-Identifier: MIT */
/* The client's side of the streams: moves elements, and checks each. */
#include "bench/paper/flow.h"

#include <stdlib.h>

/* ---- One stream ---- */

static int check_number(int result, int64_t number, uint64_t expected)
{
    if (result == 1 && number != (int64_t)expected)
        return PAPER_WRONG_REPLY;
    return result;
}

static int read_number(struct paper_caller *caller, struct hprpc_call *call, uint64_t expected)
{
    int64_t number = 0;
    int result = paper_streams_numbers_next(call, &number);

    (void)caller;
    return check_number(result, number, expected);
}

static int read_cell(struct paper_caller *caller, struct hprpc_call *call, uint64_t expected)
{
    struct paper_cell cell = { 0 };
    int result = paper_streams_cells_next(call, &cell);

    (void)caller;
    if (result == 1 && (cell.b != cell.number + 1 || cell.c != cell.number + 2 || cell.d != cell.number + 3 ||
                        cell.e != cell.number + 4 || cell.f != cell.number + 5 || cell.g != cell.number + 6 ||
                        cell.h != cell.number + 7))
        return PAPER_WRONG_REPLY;
    return check_number(result, cell.number, expected);
}

static int send_part(struct paper_caller *caller, struct hprpc_call *call, uint64_t number)
{
    (void)number;
    return paper_streams_pour_send(call, (struct kodosis_bytes){ caller->payload, caller->size });
}

int paper_flow_open(struct paper_caller *caller, struct hprpc_call *call, enum bench_operation operation,
                    paper_flow_step **ret_step)
{
    bool cells = operation == BENCH_NUMBERS && caller->size != sizeof(int64_t);

    if (operation == BENCH_POUR) {
        int result = paper_streams_pour_start(&caller->streams, call);

        *ret_step = send_part;
        return result < 0 ? result : hprpc_call_cork(call, 1);
    }
    *ret_step = cells ? read_cell : read_number;
    return cells ? paper_streams_cells_start(&caller->streams, call, 0)
                 : paper_streams_numbers_start(&caller->streams, call, 0);
}

int paper_flow_close(struct paper_caller *caller, struct hprpc_call *call, enum bench_operation operation,
                     uint64_t number)
{
    uint64_t sum = 0;
    int result = 0;

    if (operation == BENCH_POUR)
        result = paper_streams_pour_finish(call, &sum);
    if (result == 0 && sum != (operation == BENCH_POUR ? caller->payload_sum * number : 0))
        result = PAPER_WRONG_REPLY;
    return result;
}

/* ---- Runs ---- */

struct flow {
    struct hprpc_call call;
    paper_flow_step *step;
    uint64_t number; /* elements moved */
};

static void check(struct bench_session *session, const struct flow *flow, int result)
{
    if (result < 0)
        bench_fail(session, "%s", paper_result_text(&flow->call, result));
}

static void open_flows(struct bench_session *session, struct paper_caller *caller, struct flow *flows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        flows[i] = (struct flow){ .call = HPRPC_CALL_INIT };
        check(session, &flows[i], paper_flow_open(caller, &flows[i].call, session->workload.operation, &flows[i].step));
    }
}

/* Moves a batch of elements. */
static void move(struct bench_session *session, struct paper_caller *caller, struct flow *flow, struct bench_run *run)
{
    uint64_t begun = bench_run_begin(run), last = flow->number + session->workload.depth;
    int expected = session->workload.operation == BENCH_POUR ? 0 : 1;

    for (; flow->number < last; flow->number++) {
        int result = flow->step(caller, &flow->call, flow->number);

        check(session, flow, result);
        if (result != expected)
            bench_fail(session, "the stream has ended");
    }
    bench_run_end(run, begun);
    run->calls += session->workload.depth - 1;
}

void paper_flow_run(struct bench_session *session, struct paper_caller *caller, struct bench_run *run)
{
    enum bench_operation operation = session->workload.operation;
    uint32_t count = operation == BENCH_CROWD ? session->workload.size : 1;
    uint32_t first = operation == BENCH_CROWD ? 1 : 0; /* the one before it is not read */
    struct flow *flows = calloc(count, sizeof(*flows));

    if (!flows)
        bench_fail(session, "out of memory");
    open_flows(session, caller, flows, count);
    for (uint32_t i = first; bench_run_more(run); i = i + 1 < count ? i + 1 : first)
        move(session, caller, &flows[i], run);
    for (uint32_t i = 0; i < count; i++) {
        check(session, &flows[i], paper_flow_close(caller, &flows[i].call, operation, flows[i].number));
        hprpc_call_clear(&flows[i].call);
    }
    run->last = bench_ticks();
    free(flows);
}
