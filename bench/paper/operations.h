/* SPDX-License-Identifier: MIT */
/* The client's side of the operations: makes the arguments of each call, and checks the content of each reply. */
#ifndef BENCH_PAPER_OPERATIONS_H
#define BENCH_PAPER_OPERATIONS_H

#include <hprpc/hprpc.h>

#include "bench/measure/workload.h"
#include "bench/paper/values.h"
#include "paper.h"

/* Not a code of the library: the reply is wrong. */
enum { PAPER_WRONG_REPLY = -1000 };

enum { PAPER_CROWD_MAX = 1000 }; /* streams of a Crowd */

/* A connection that is ready to call with one size. */
struct paper_caller {
    struct hprpc_client *client;
    struct paper_paper_proxy paper;
    struct paper_bytes_proxy bytes;
    struct paper_streams_proxy streams;
    const struct paper_operation *operation;
    uint32_t size;
    const struct paper_values *values;
    const int32_t *random; /* what GetRandNums must return */
    uint8_t *payload;      /* the body of Echo and Put, and the element of Pour */
    bool borrowed;         /* `client` and the proxies belong to another caller */
    bool varies; /* the first word of `payload` changes from call to call: only if no other call may be using it */
    uint64_t payload_sum; /* of `payload`, with zero for the first word */
};

/*
 * `number` is the number of a caller's call; what is sent depends on it. A result is 0, a code of the library, or
 * PAPER_WRONG_REPLY. The call holds the reply until it is cleared.
 */
struct paper_operation {
    int (*call)(struct paper_caller *caller, struct hprpc_call *call, uint64_t number);
    int (*start)(struct paper_caller *caller, struct hprpc_call *call, uint64_t number);
    int (*finish)(struct paper_caller *caller, struct hprpc_call *call, uint64_t number);
};

/* Returns the operation of a workload, which is empty for streams (see flow.h); NULL if it has no such size. */
const struct paper_operation *paper_operation_find(const struct bench_workload *workload);

/*
 * Connects, binds and prepares. Returns 0, or a code with the sentence in `detail`. `values` is borrowed and must be large
 * enough.
 */
int paper_caller_open(struct paper_caller *caller, const char *uri, const struct bench_workload *workload,
                      const struct paper_values *values, struct hprpc_detail *detail);

/* As paper_caller_open, with a client that the caller drives itself (HPRPC_PUMP_LOOP). */
int paper_caller_open_looped(struct paper_caller *caller, const char *uri, const struct bench_workload *workload,
                             const struct paper_values *values, struct hprpc_detail *detail);

/* Makes another caller on the connection of `owner`, for another thread. `owner` must live longer. */
int paper_caller_borrow(struct paper_caller *caller, const struct paper_caller *owner,
                        const struct bench_workload *workload);

/* Frees everything. A zeroed caller is accepted. */
void paper_caller_close(struct paper_caller *caller);

/* Returns the sentence for a result: that of the call, if it has one. */
const char *paper_result_text(const struct hprpc_call *call, int result);

#endif
