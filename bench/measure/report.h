/* SPDX-License-Identifier: MIT */
/* Results for programs: JSON and CSV, with the machine they were measured on. */
#ifndef BENCH_MEASURE_REPORT_H
#define BENCH_MEASURE_REPORT_H

#include <stdio.h>

#include "bench/measure/machine.h"
#include "bench/measure/series.h"

/* A JSON writer that knows where commas go. Zeroed but for `out`, it is ready. */
struct bench_json {
    FILE *out;
    int depth;
    bool inner; /* something stands before, on this level */
};

/* `key` is NULL inside an array. */
void bench_json_open(struct bench_json *json, const char *key, char bracket);
void bench_json_close(struct bench_json *json, char bracket);
void bench_json_text(struct bench_json *json, const char *key, const char *value);
void bench_json_number(struct bench_json *json, const char *key, double value);
void bench_json_bool(struct bench_json *json, const char *key, bool value);
void bench_json_null(struct bench_json *json, const char *key);

/* "machine": { ... } */
void bench_json_machine(struct bench_json *json, const struct bench_machine *machine);

/* One series as an object of an array: what it is, each metric with spread and confidence, each round. */
void bench_json_series(struct bench_json *json, const struct bench_series *series);

/* "median", "least" ... of a summary, as an object. */
void bench_json_summary(struct bench_json *json, const char *key, const struct bench_summary *summary);

/* One line per series and round; the first call of a file writes the heading too. The machine stands in comments above. */
void bench_csv_heading(FILE *out, const struct bench_machine *machine);
void bench_csv_series(FILE *out, const struct bench_series *series);

#endif
