/* SPDX-License-Identifier: MIT */
/* The client's side of the operations: each call's arguments made, each reply's content checked. */
#ifndef BENCH_PAPER_OPERATIONS_H
#define BENCH_PAPER_OPERATIONS_H

#include <hprpc/hprpc.h>

#include "bench/measure/workload.h"
#include "bench/paper/values.h"
#include "paper.h"

/* Beyond the library's codes: the reply came, but is not what it should be. */
enum { PAPER_WRONG_REPLY = -1000 };

/* One connection, ready to call with one size. */
struct paper_caller {
    struct hprpc_client *client;
    struct paper_paper_proxy paper;
    struct paper_bytes_proxy bytes;
    const struct paper_operation *operation;
    uint32_t size;
    const struct paper_values *values;
    const int32_t *random; /* what GetRandNums must bring */
    uint8_t *payload;      /* of Echo and Put */
    bool borrowed;         /* `client` and the proxies are another caller's */
    bool varies;           /* its first word changes from call to call: where no other call can be using it */
    uint64_t payload_sum;  /* with a zero for the first word */
};

/*
 * `number` numbers the calls of a caller; it varies what is sent. Results are 0, a code of the library, or
 * PAPER_WRONG_REPLY. The call holds the reply until it is cleared.
 */
struct paper_operation {
    int (*call)(struct paper_caller *caller, struct hprpc_call *call, uint64_t number);
    int (*start)(struct paper_caller *caller, struct hprpc_call *call, uint64_t number);
    int (*finish)(struct paper_caller *caller, struct hprpc_call *call, uint64_t number);
};

/* The operation of a workload; NULL where there is none of that size. */
const struct paper_operation *paper_operation_find(const struct bench_workload *workload);

/* Connects, binds and prepares. 0, or a code with the sentence in `detail`. `values` is borrowed and large enough. */
int paper_caller_open(struct paper_caller *caller, const char *uri, const struct bench_workload *workload,
                      const struct paper_values *values, struct hprpc_detail *detail);

/* The same with a client that the caller drives itself (HPRPC_PUMP_LOOP). */
int paper_caller_open_looped(struct paper_caller *caller, const char *uri, const struct bench_workload *workload,
                             const struct paper_values *values, struct hprpc_detail *detail);

/* Another caller for the connection of `owner`, which must live longer: for a thread of its own. */
int paper_caller_borrow(struct paper_caller *caller, const struct paper_caller *owner,
                        const struct bench_workload *workload);

/* Frees everything; safe on a zeroed caller. */
void paper_caller_close(struct paper_caller *caller);

/* The sentence for a result, from the call where it has one. */
const char *paper_result_text(const struct hprpc_call *call, int result);

#endif
