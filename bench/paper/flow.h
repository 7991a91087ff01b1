/* SPDX-License-Identifier: MIT */
/* Streams as subjects: their server, and what a client does in place of calls. */
#ifndef BENCH_PAPER_FLOW_H
#define BENCH_PAPER_FLOW_H

#include "bench/measure/subject.h"
#include "bench/paper/operations.h"

/* Offers the service Streams of paper.kod. Its handlers run inline: they wait by callbacks. 0 or a negative code. */
int paper_flow_add(struct hprpc_server *server);

/* Opens the streams of the session's workload, and moves elements, `depth` of them between two looks at the clock, each counted as a call. */
void paper_flow_run(struct bench_session *session, struct paper_caller *caller, struct bench_run *run);

/* ---- One stream ---- */

/* What moves one element of a stream that is open. `number` is that of the element, from 0. 1 or 0, or a code, or PAPER_WRONG_REPLY. */
typedef int paper_flow_step(struct paper_caller *caller, struct hprpc_call *call, uint64_t number);

/* Opens the stream of a workload, and gives what moves its elements. 0 or a negative code. */
int paper_flow_open(struct paper_caller *caller, struct hprpc_call *call, enum bench_operation operation,
                    paper_flow_step **ret_step);

/* Ends a stream of which `number` elements were moved. 0, or a code, or PAPER_WRONG_REPLY. */
int paper_flow_close(struct paper_caller *caller, struct hprpc_call *call, enum bench_operation operation,
                     uint64_t number);

#endif
