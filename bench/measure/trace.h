/* SPDX-License-Identifier: MIT */
/* Counts system calls by ptrace: exact, but too slow to measure time. */
#ifndef BENCH_MEASURE_TRACE_H
#define BENCH_MEASURE_TRACE_H

#include "bench/measure/pair.h"

struct bench_trace {
    double client, server; /* system calls of that side, per call */
};

/*
 * Counts over some calls. Do not trace subjects that spin: a traced side is so slow that the other gives up spinning. Returns
 * 0, or -1 with the reason in `ret_error`.
 */
int bench_trace_count(const struct bench_subject *subject, const struct bench_workload *workload,
                      struct bench_trace *ret_trace, char *ret_error, size_t capacity);

#endif
