/* SPDX-License-Identifier: MIT */
/* A bar on standard error: how much of a measurement is done, how long the rest takes, and what is being measured. */
#ifndef BENCH_MEASURE_PROGRESS_H
#define BENCH_MEASURE_PROGRESS_H

#include <stdint.h>

/*
 * Starts the bar of a measurement that takes about `expected_ns`. Without this call, or without a terminal, nothing is shown.
 */
void bench_progress_start(uint64_t expected_ns);

/* Adds a part of the measurement that was expected to take `ns`. */
void bench_progress_add(uint64_t ns);

/* Shows what is being measured: "SayHello", "tcp block". */
void bench_progress_show(const char *title, const char *what);

/* Removes the bar before other output. */
void bench_progress_clear(void);

/* Writes the text of the bar: `done` of `expected` nanoseconds are over, and took `elapsed`. */
void bench_progress_text(char *ret_text, unsigned capacity, uint64_t done, uint64_t expected, uint64_t elapsed);

#endif
