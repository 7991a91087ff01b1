/* SPDX-License-Identifier: MIT */
/* Collects the series of a comparison, measures them, and writes the outputs. */
#include "bench/program/set.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bench_series *bench_set_add(struct bench_set *set, const struct bench_subject *subject,
                                   const struct bench_workload *workload, enum bench_placement placement)
{
    struct bench_series *series;

    for (size_t i = 0; i < set->count; i++) {
        series = set->series[i];
        if (series->subject == subject && series->placement == placement &&
            bench_workload_equal(&series->workload, workload))
            return series;
    }
    if (set->count == BENCH_SET_MAX || !(series = calloc(1, sizeof(*series))))
        return NULL;
    series->subject = subject;
    series->workload = *workload;
    series->placement = placement;
    set->floors[set->count] = NULL;
    set->series[set->count++] = series;
    return series;
}

void bench_set_compare(struct bench_set *set, const struct bench_series *series, const struct bench_series *floor)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->series[i] == series)
            set->floors[i] = floor;
    }
}

bool bench_set_measure(struct bench_set *set, const struct bench_plan *plan)
{
    if (plan->expected) {
        *plan->expected += bench_measure_time(set->count, plan);
        return false;
    }
    bench_measure(set->series, set->count, plan);
    return true;
}

void bench_set_clear(struct bench_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free(set->series[i]);
    set->count = 0;
}

/* Takes standard output, to which nothing else is written from now on: text for people goes to standard error. */
static FILE *take_standard_output(void)
{
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);

    fflush(stdout);
    if (fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return NULL;
    return fdopen(fd, "w");
}

static FILE *open_output(const char *path)
{
    FILE *file;

    if (!path)
        return NULL;
    file = strcmp(path, "-") == 0 ? take_standard_output() : fopen(path, "we");
    if (!file) {
        perror(path);
        exit(1);
    }
    return file;
}

void bench_outputs_open(struct bench_outputs *outputs, const char *json, const char *csv,
                        const struct bench_machine *machine)
{
    *outputs = (struct bench_outputs){ .json_file = open_output(json), .csv = open_output(csv) };
    if (outputs->csv)
        bench_csv_heading(outputs->csv, machine);
    if (outputs->json_file) {
        outputs->json.out = outputs->json_file;
        bench_json_open(&outputs->json, NULL, '{');
        bench_json_machine(&outputs->json, machine);
    }
}

static void close_output(FILE *file)
{
    if (file && fclose(file) != 0)
        perror("hprpc-bench: the results were not written");
}

void bench_outputs_close(struct bench_outputs *outputs)
{
    if (outputs->json_file)
        bench_json_close(&outputs->json, '}');
    close_output(outputs->json_file);
    close_output(outputs->csv);
}

void bench_outputs_open_array(struct bench_outputs *outputs, const char *key)
{
    if (outputs->json_file)
        bench_json_open(&outputs->json, key, '[');
}

void bench_outputs_close_array(struct bench_outputs *outputs)
{
    if (outputs->json_file)
        bench_json_close(&outputs->json, ']');
}

void bench_outputs_write(struct bench_outputs *outputs, const struct bench_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (outputs->csv)
            bench_csv_series(outputs->csv, set->series[i]);
        if (outputs->json_file)
            bench_json_series(&outputs->json, set->series[i]);
    }
}
