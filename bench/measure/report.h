/* SPDX-License-Identifier: MIT */
/* Results for programs: JSON and CSV, with the machine. */
#ifndef BENCH_MEASURE_REPORT_H
#define BENCH_MEASURE_REPORT_H

#include <stdio.h>

#include "bench/measure/machine.h"
#include "bench/measure/series.h"

/* A JSON writer that writes the commas. It is ready when it is zeroed except for `out`. */
struct bench_json {
    FILE *out;
    int depth;
    bool inner; /* this level has an element already */
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

/* Writes one series as an element of an array: its names, each metric with spread and confidence, each round. */
void bench_json_series(struct bench_json *json, const struct bench_series *series);

/* Writes a summary as an object: "median", "least" ... */
void bench_json_summary(struct bench_json *json, const char *key, const struct bench_summary *summary);

/* bench_csv_series writes one line per series and round. bench_csv_heading writes the machine, as comments, and the heading. */
void bench_csv_heading(FILE *out, const struct bench_machine *machine);
void bench_csv_series(FILE *out, const struct bench_series *series);

#endif
