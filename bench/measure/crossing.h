/* SPDX-License-Identifier: MIT */
/*
 * Tells if the two sides run on different CPUs. If they are not pinned, the scheduler may keep both on one CPU or on two, for
 * seconds at a time, and a call costs several times more one way than the other. The kernel writes the number of the server's
 * CPU into memory that the client sees (a restartable-sequences area), so watching costs a load for each call.
 */
#ifndef BENCH_MEASURE_CROSSING_H
#define BENCH_MEASURE_CROSSING_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The kernel's struct rseq, with room for what later kernels add. */
struct bench_where {
    uint32_t start;
    uint32_t cpu; /* (uint32_t)-1: unknown */
    uint32_t rest[14];
} __attribute__((aligned(64)));

/* Called by the only thread of the server: from now on `where` tells its CPU, if the kernel supports that. */
void bench_where_watch(struct bench_where *where);

static inline bool bench_where_known(const struct bench_where *where)
{
    return (int32_t) * (const volatile uint32_t *)&where->cpu >= 0;
}

/* True if the calling thread runs on another CPU than the server runs on, or ran on last. */
static inline bool bench_crossed(const struct bench_where *server)
{
    return *(const volatile uint32_t *)&server->cpu != (uint32_t)sched_getcpu();
}

#ifdef __cplusplus
}
#endif

#endif
