/* SPDX-License-Identifier: MIT */
/* A bar on standard error: how far a measurement is, how long it still takes, and what is being measured. */
#ifndef BENCH_MEASURE_PROGRESS_H
#define BENCH_MEASURE_PROGRESS_H

#include <stdint.h>

/* The measurement begins, and takes about `expected_ns`. Without this call, or without a terminal, nothing is shown. */
void bench_progress_start(uint64_t expected_ns);

/* A part of the measurement that was expected to take `ns` is over. */
void bench_progress_add(uint64_t ns);

/* Says what is being measured: "SayHello", "tcp block". */
void bench_progress_show(const char *title, const char *what);

/* Takes the bar away, before something else is printed. */
void bench_progress_clear(void);

/* The bar's text, without what is being measured, into `ret_text`: part `done` of `expected` took `elapsed` nanoseconds. */
void bench_progress_text(char *ret_text, unsigned capacity, uint64_t done, uint64_t expected, uint64_t elapsed);

#endif
