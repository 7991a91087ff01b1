/* SPDX-License-Identifier: MIT */
/* The tasks of hprpc-bench. Each prints its tables and writes its part of the outputs. */
#ifndef BENCH_PROGRAM_COMPARE_H
#define BENCH_PROGRAM_COMPARE_H

#include "bench/program/options.h"
#include "bench/program/set.h"

/* Measures all combinations of what the options list. Returns how many series failed. */
size_t bench_compare(const struct bench_options *options, struct bench_outputs *outputs);

/* Measures other frameworks beside ours: the paper's operations and sizes, and the bytes on the wire. */
void bench_peers_run(const struct bench_options *options, struct bench_outputs *outputs);

/* Measures how cost grows with bodies, calls in flight, clients and threads. Returns how many series failed. */
size_t bench_scaling_run(const struct bench_options *options, struct bench_outputs *outputs);

/* Compares the engines that serve TCP connections. Returns how many series failed. */
size_t bench_engines_run(const struct bench_options *options, struct bench_outputs *outputs);

/* Counts system calls per call. */
void bench_system_calls_run(const struct bench_options *options, struct bench_outputs *outputs);

/* Measures the paper's experiment: the total time of 1,000 calls, ours beside gRPC's, with the paper's own figures. */
void bench_paper_run(const struct bench_options *options, struct bench_outputs *outputs);

#endif
