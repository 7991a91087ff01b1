/* SPDX-License-Identifier: MIT */
/*
 * The goals that are not ratios of two subjects in one workload. Each function measures some, and writes one outcome after the
 * other.
 */
#ifndef BENCH_PROGRAM_SPECIALS_H
#define BENCH_PROGRAM_SPECIALS_H

#include "bench/program/goals.h"

/* The summary of a single number, measured once. */
struct bench_summary bench_special_single(double value);

/* The memory of idle connections; a round trip beside many of them; wake-ups and CPU time of idle servers. */
void bench_special_memory(const struct bench_options *options, struct bench_outcome *ret_outcomes);
void bench_special_idle(const struct bench_options *options, struct bench_outcome *ret_outcomes);
void bench_special_wakeups(const struct bench_options *options, struct bench_outcome *ret_outcomes);
void bench_special_idle_time(const struct bench_options *options, struct bench_outcome *ret_outcomes);

/* One connection among greedy ones; small calls beside large bodies of others; the first calls of a connection. */
void bench_special_greedy(const struct bench_options *options, struct bench_outcome *ret_outcomes);
void bench_special_bulk(const struct bench_options *options, struct bench_outcome *ret_outcomes);
void bench_special_first_calls(const struct bench_options *options, struct bench_outcome *ret_outcomes);

/* The nanoseconds of a call over local:// on one thread, and of its floor. */
void bench_special_local(const struct bench_options *options, struct bench_outcome *ret_outcomes);

/* Streams beside calls: elements and calls at a depth of 64; elements and bodies of 1 MB; streams beside one that is never read. */
void bench_special_elements(const struct bench_options *options, struct bench_outcome *ret_outcomes);
void bench_special_pour(const struct bench_options *options, struct bench_outcome *ret_outcomes);
void bench_special_crowd(const struct bench_options *options, struct bench_outcome *ret_outcomes);

/* Instructions, as counted before; the time to compile; the size of the library. */
void bench_special_instructions(const struct bench_options *options, struct bench_outcome *ret_outcomes);
void bench_special_compiling(const struct bench_options *options, struct bench_outcome *ret_outcomes);
void bench_special_library(const struct bench_options *options, struct bench_outcome *ret_outcomes);

/* The ratio of a metric (its median, or another) of `subject` in one workload to that in another. */
struct bench_outcome bench_special_beside(const struct bench_options *options, struct bench_outcome outcome,
                                          const char *subject, const struct bench_workload *workload,
                                          enum bench_metric metric);

#endif
