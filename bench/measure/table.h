/* SPDX-License-Identifier: MIT */
/* Aligned text tables: cells are kept until all are there, and columns are as wide as their widest cell. */
#ifndef BENCH_MEASURE_TABLE_H
#define BENCH_MEASURE_TABLE_H

#include <stdbool.h>
#include <stdio.h>

struct bench_table;

/* A table with `columns` columns. A letter of `alignment` for each says where its cells go: 'l' or 'r'. */
struct bench_table *bench_table_new(const char *alignment);

/* The next cell, row by row; printf-style. The first row is the heading. */
void bench_table_cell(struct bench_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Cells for numbers in units that people read: "412 ns", "12.3 µs"; "2.41 M", "812 k". */
void bench_table_time(struct bench_table *table, double ns);
void bench_table_count(struct bench_table *table, double count);

/* Prints and frees. */
void bench_table_print(struct bench_table *table, FILE *out);

#endif
