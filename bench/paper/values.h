/* SPDX-License-Identifier: MIT */
/*
 * What is sent and what must come back: all clients and servers of the paper's operations, ours and the peers', take their
 * numbers from here, so each reply's content can be checked.
 */
#ifndef BENCH_PAPER_VALUES_H
#define BENCH_PAPER_VALUES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum {
    PAPER_SHIFTS = 256, /* calls in a row take their numbers from different places */
    PAPER_NUMBERS_MAX = 16 << 20,
};

/* Pseudo-random numbers below a million, the same in every process, and the sums of the first n of them. */
struct paper_values {
    uint32_t capacity;
    int32_t *numbers;
    int64_t *sums;
};

/* Makes numbers for lists of up to `count`, in place of earlier ones. Returns false if there is no memory. */
static inline bool paper_values_make(struct paper_values *values, uint32_t count)
{
    uint32_t capacity = count + PAPER_SHIFTS;
    uint64_t state = 20160724;

    free(values->numbers);
    free(values->sums);
    values->numbers = (int32_t *)malloc(capacity * sizeof(*values->numbers));
    values->sums = (int64_t *)malloc((capacity + 1) * sizeof(*values->sums));
    values->capacity = 0;
    if (!values->numbers || !values->sums)
        return false;
    values->sums[0] = 0;
    for (uint32_t i = 0; i < capacity; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        values->numbers[i] = (int32_t)((state >> 33) % 1000000u);
        values->sums[i + 1] = values->sums[i] + values->numbers[i];
    }
    values->capacity = capacity;
    return true;
}

/* Returns the numbers of GetRandNums(count), which depend on the count only. NULL above the maximum. */
static inline const int32_t *paper_values_random(struct paper_values *values, int32_t count)
{
    if (count < 0 || count > PAPER_NUMBERS_MAX)
        return NULL;
    if (values->capacity < (uint32_t)count + PAPER_SHIFTS && !paper_values_make(values, (uint32_t)count))
        return NULL;
    return values->numbers + count % PAPER_SHIFTS;
}

/* The numbers that the call `call` averages, and the result. */
static inline const int32_t *paper_values_list(const struct paper_values *values, uint64_t call)
{
    return values->numbers + call % PAPER_SHIFTS;
}

static inline double paper_values_average(const struct paper_values *values, uint64_t call, uint32_t count)
{
    uint64_t first = call % PAPER_SHIFTS;

    return count ? (double)(values->sums[first + count] - values->sums[first]) / count : 0;
}

/* Returns what the server computes from a list. */
static inline double paper_average(const int32_t *numbers, size_t count)
{
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += numbers[i];
    return count ? (double)sum / (double)count : 0;
}

/* Returns the i-th member of the structure that a call sends; the server adds one to each. */
static inline int32_t paper_member(uint64_t call, uint32_t i)
{
    return (int32_t)(call % 1000) + (int32_t)i * 7;
}

#endif
