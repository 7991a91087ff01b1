/* SPDX-License-Identifier: MIT */
/* The table of the sizes that the paper measured. */
#include "bench/paper/paper-sizes.h"

#define ONE_BY_ONE 1, 1, 1, 0, 0, 0, 0, 1

const struct bench_workload paper_workloads[] = {
    { BENCH_SAY_HELLO, 0, ONE_BY_ONE },         { BENCH_AVERAGE, 10, ONE_BY_ONE },
    { BENCH_AVERAGE, 100, ONE_BY_ONE },         { BENCH_AVERAGE, 1000, ONE_BY_ONE },
    { BENCH_AVERAGE, 10000, ONE_BY_ONE },       { BENCH_GET_RAND_NUMS, 10, ONE_BY_ONE },
    { BENCH_GET_RAND_NUMS, 100, ONE_BY_ONE },   { BENCH_GET_RAND_NUMS, 1000, ONE_BY_ONE },
    { BENCH_GET_RAND_NUMS, 10000, ONE_BY_ONE }, { BENCH_LARGE_DATA, 128, ONE_BY_ONE },
    { BENCH_LARGE_DATA, 256, ONE_BY_ONE },      { BENCH_LARGE_DATA, 512, ONE_BY_ONE },
    { BENCH_LARGE_DATA, 1024, ONE_BY_ONE },     { BENCH_LARGE_DATA, 2048, ONE_BY_ONE },
    { BENCH_LARGE_DATA, 4096, ONE_BY_ONE },     { BENCH_LARGE_DATA, 8192, ONE_BY_ONE },
};

const size_t paper_workload_count = sizeof(paper_workloads) / sizeof(*paper_workloads);
