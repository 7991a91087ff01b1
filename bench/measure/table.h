/* SPDX-License-Identifier: MIT */
/* Aligned text tables: a table keeps its cells until it is printed, and a column is as wide as its widest cell. */
#ifndef BENCH_MEASURE_TABLE_H
#define BENCH_MEASURE_TABLE_H

#include <stdbool.h>
#include <stdio.h>

struct bench_table;

/* Makes a table. `alignment` has a letter for each column: 'l' or 'r'. */
struct bench_table *bench_table_new(const char *alignment);

/* Adds the next cell, row by row; printf-style. The first row is the heading. */
void bench_table_cell(struct bench_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Add a number with a unit: "412 ns", "12.3 µs"; "2.41 M", "812 k". */
void bench_table_time(struct bench_table *table, double ns);
void bench_table_count(struct bench_table *table, double count);

/* Prints the table and frees it. */
void bench_table_print(struct bench_table *table, FILE *out);

#endif
