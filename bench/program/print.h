/* SPDX-License-Identifier: MIT */
/* Results for people. */
#ifndef BENCH_PROGRAM_PRINT_H
#define BENCH_PROGRAM_PRINT_H

#include "bench/measure/machine.h"
#include "bench/program/set.h"

void bench_print_machine(const struct bench_machine *machine);

/* Prints a table of the series of one workload, each beside the series with which it is compared. */
void bench_print_set(const struct bench_set *set);

#endif
