/* SPDX-License-Identifier: MIT */
/* Text tables with aligned columns. */
#include "bench/measure/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct bench_table {
    const char *alignment;
    size_t columns;
    size_t count;
    size_t capacity;
    char **cells;
};

static void *demand(void *memory)
{
    if (!memory) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

struct bench_table *bench_table_new(const char *alignment)
{
    struct bench_table *table = demand(calloc(1, sizeof(*table)));

    table->alignment = alignment;
    table->columns = strlen(alignment);
    return table;
}

void bench_table_cell(struct bench_table *table, const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? table->capacity * 2 : 64;
        table->cells = demand(realloc(table->cells, table->capacity * sizeof(*table->cells)));
    }
    table->cells[table->count++] = demand(strdup(text));
}

void bench_table_time(struct bench_table *table, double ns)
{
    if (ns <= 0)
        bench_table_cell(table, "-");
    else if (ns < 1000)
        bench_table_cell(table, "%.0f ns", ns);
    else if (ns < 1e6)
        bench_table_cell(table, "%.*f µs", ns < 1e4 ? 2 : 1, ns / 1e3);
    else
        bench_table_cell(table, "%.*f ms", ns < 1e7 ? 2 : 1, ns / 1e6);
}

void bench_table_count(struct bench_table *table, double count)
{
    if (count < 1e4)
        bench_table_cell(table, "%.0f", count);
    else if (count < 1e6)
        bench_table_cell(table, "%.*f k", count < 1e5 ? 1 : 0, count / 1e3);
    else
        bench_table_cell(table, "%.2f M", count / 1e6);
}

/* Counts characters, not bytes: continuation bytes of UTF-8 have no width. */
static int width(const char *text)
{
    int count = 0;

    for (; *text; text++)
        count += (*text & 0xc0) != 0x80;
    return count;
}

static void print_row(const struct bench_table *table, size_t first, const int *widths, FILE *out)
{
    for (size_t i = 0; i < table->columns && first + i < table->count; i++) {
        const char *cell = table->cells[first + i];
        int pad = widths[i] - width(cell);
        bool last = i + 1 == table->columns;

        if (table->alignment[i] == 'r')
            fprintf(out, "%*s%s", pad, "", cell);
        else
            fprintf(out, "%s%*s", cell, last ? 0 : pad, "");
        fputs(last ? "\n" : "  ", out);
    }
}

void bench_table_print(struct bench_table *table, FILE *out)
{
    int *widths = demand(calloc(table->columns, sizeof(*widths)));
    int line = 0;

    for (size_t i = 0; i < table->count; i++) {
        int *most = &widths[i % table->columns];
        int here = width(table->cells[i]);

        *most = here > *most ? here : *most;
    }
    for (size_t i = 0; i < table->columns; i++)
        line += widths[i] + (i ? 2 : 0);
    for (size_t row = 0; row < table->count; row += table->columns) {
        print_row(table, row, widths, out);
        for (int i = 0; row == 0 && i < line; i++)
            fputs("─", out);
        if (row == 0)
            fputc('\n', out);
    }
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    free(widths);
    free(table);
}
