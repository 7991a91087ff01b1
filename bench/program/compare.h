/* The tasks of hprpc-bench. Each prints its tables and writes its part of the outputs. */
#ifndef BENCH_PROGRAM_COMPARE_H
#define BENCH_PROGRAM_COMPARE_H

#include "bench/program/options.h"
#include "bench/program/set.h"

/* Every combination of what the options list. */
void bench_compare(const struct bench_options *options, struct bench_outputs *outputs);

#endif
