/* SPDX-License-Identifier: MIT */
/*
 * Whether the two sides are on different CPUs. Unpinned, the scheduler may keep both on one or spread them, for seconds at a
 * time, and a call costs several times more one way than the other. The kernel writes the number of the server's CPU into
 * memory that the client sees, whenever it changes (a restartable-sequences area), so watching costs a load for each call.
 */
#ifndef BENCH_MEASURE_CROSSING_H
#define BENCH_MEASURE_CROSSING_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The kernel's side of it: struct rseq, with room for what later kernels add. */
struct bench_where {
    uint32_t start;
    uint32_t cpu; /* (uint32_t)-1: unknown */
    uint32_t rest[14];
} __attribute__((aligned(64)));

/* The calling thread is the server's only one: `where` tells its CPU from now on, where the kernel can do that. */
void bench_where_watch(struct bench_where *where);

static inline bool bench_where_known(const struct bench_where *where)
{
    return (int32_t) * (const volatile uint32_t *)&where->cpu >= 0;
}

/* Whether the calling thread runs on another CPU than the server does, or last did. */
static inline bool bench_crossed(const struct bench_where *server)
{
    return *(const volatile uint32_t *)&server->cpu != (uint32_t)sched_getcpu();
}

#ifdef __cplusplus
}
#endif

#endif
