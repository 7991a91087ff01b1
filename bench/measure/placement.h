/* SPDX-License-Identifier: MIT */
/* Where the two sides run. Waking another CPU costs several times more than the own one, so the results are kept apart. */
#ifndef BENCH_MEASURE_PLACEMENT_H
#define BENCH_MEASURE_PLACEMENT_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bench_placement {
    BENCH_UNPINNED,   /* the scheduler decides */
    BENCH_SPLIT_CORE, /* client and server on different cores */
    BENCH_SAME_CORE,  /* both on one CPU */
};

enum bench_side {
    BENCH_CLIENT,
    BENCH_SERVER,
};

const char *bench_placement_name(enum bench_placement placement);
bool bench_placement_parse(const char *text, enum bench_placement *ret_placement);

/* True if the machine has the CPUs for this placement. */
bool bench_placement_possible(enum bench_placement placement);

/* Pins the calling process. Call it before any thread is made. */
void bench_place(enum bench_placement placement, enum bench_side side);

#ifdef __cplusplus
}
#endif

#endif
