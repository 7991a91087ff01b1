/* SPDX-License-Identifier: MIT */
/* The operations at the sizes that the paper measured. */
#ifndef BENCH_PAPER_PAPER_SIZES_H
#define BENCH_PAPER_PAPER_SIZES_H

#include "bench/measure/workload.h"

extern const struct bench_workload paper_workloads[];
extern const size_t paper_workload_count;

#endif
