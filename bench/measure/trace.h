/* SPDX-License-Identifier: MIT */
/* System calls, counted by watching the processes make them (ptrace): exact, but far too slow to measure time meanwhile. */
#ifndef BENCH_MEASURE_TRACE_H
#define BENCH_MEASURE_TRACE_H

#include "bench/measure/pair.h"

struct bench_trace {
    double client, server; /* system calls of either side, per call */
};

/*
 * Counts over some calls. Waiting by spinning is not to be traced: a traced peer is so slow that the other gives up
 * spinning. 0, or -1 with the reason in `ret_error`.
 */
int bench_trace_count(const struct bench_subject *subject, const struct bench_workload *workload,
                      struct bench_trace *ret_trace, char *ret_error, size_t capacity);

#endif
