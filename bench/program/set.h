/* SPDX-License-Identifier: MIT */
/* The series of one comparison. A series exists once, even if it is added again. */
#ifndef BENCH_PROGRAM_SET_H
#define BENCH_PROGRAM_SET_H

#include "bench/measure/report.h"
#include "bench/measure/series.h"

enum { BENCH_SET_MAX = 48 };

struct bench_set {
    size_t count;
    struct bench_series *series[BENCH_SET_MAX];
    const struct bench_series *floors[BENCH_SET_MAX]; /* the series with which each is compared, or NULL */
};

/* Returns the series of a subject, workload and placement; makes it if it is not there. NULL if the set is full. */
struct bench_series *bench_set_add(struct bench_set *set, const struct bench_subject *subject,
                                   const struct bench_workload *workload, enum bench_placement placement);

/* Sets the series with which another is compared. */
void bench_set_compare(struct bench_set *set, const struct bench_series *series, const struct bench_series *floor);

/* Measures all series. Returns false if the plan only asks how long that takes: then there are no results. */
bool bench_set_measure(struct bench_set *set, const struct bench_plan *plan);
void bench_set_clear(struct bench_set *set);

/* Where results go besides the terminal: files that may be absent. Zeroed, there is none. */
struct bench_outputs {
    FILE *json_file, *csv;
    struct bench_json json;
};

/* Opens the files (NULL: none, "-": standard output) and writes the machine. Exits if that fails. */
void bench_outputs_open(struct bench_outputs *outputs, const char *json, const char *csv,
                        const struct bench_machine *machine);
void bench_outputs_close(struct bench_outputs *outputs);

/* What is written as JSON between these two calls is an array called `key`. They do nothing without a JSON file. */
void bench_outputs_open_array(struct bench_outputs *outputs, const char *key);
void bench_outputs_close_array(struct bench_outputs *outputs);

/* Writes all series of a set; in JSON, into the open array. */
void bench_outputs_write(struct bench_outputs *outputs, const struct bench_set *set);

#endif
