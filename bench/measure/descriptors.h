/* SPDX-License-Identifier: MIT */
/* How many descriptors a process may have. */
#ifndef BENCH_MEASURE_DESCRIPTORS_H
#define BENCH_MEASURE_DESCRIPTORS_H

#include <stdint.h>

/* Raises the limit as far as the machine allows, for this process and those that it starts. Returns it. */
uint64_t bench_descriptors_raise(void);

#endif
