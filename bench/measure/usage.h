/* SPDX-License-Identifier: MIT */
/* What a process has used so far. */
#ifndef BENCH_MEASURE_USAGE_H
#define BENCH_MEASURE_USAGE_H

#include <stdint.h>
#include <sys/types.h>

struct bench_usage {
    uint64_t cpu_ns;   /* user and system time of all its threads */
    uint64_t switches; /* voluntary and involuntary context switches of all its threads */
};

/* Gives zeros if the process is gone. */
void bench_usage_read(pid_t pid, struct bench_usage *ret_usage);

/* Returns the number of its threads; 0 if it is gone. */
uint32_t bench_usage_threads(pid_t pid);

/* Returns the bytes of anonymous and private memory that the process has touched. */
uint64_t bench_usage_memory(pid_t pid);

/* Returns the bytes of all memory that the process has touched; of shared memory, its proportional part. */
uint64_t bench_usage_resident(pid_t pid);

#endif
