/* SPDX-License-Identifier: MIT */
/* Reads every byte of a buffer, as cheaply as portable C can: floors and our own subjects do the same check. */
#ifndef BENCH_MEASURE_TOUCH_H
#define BENCH_MEASURE_TOUCH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Returns the sum of the 64-bit words at `data`, which need not be aligned. Zeros fill up a last part of a word. */
static inline uint64_t bench_sum(const void *data, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)data;
    uint64_t sums[4] = { 0, 0, 0, 0 };
    uint64_t words[4];

    for (; size >= sizeof(words); size -= sizeof(words), bytes += sizeof(words)) {
        memcpy(words, bytes, sizeof(words));
        sums[0] += words[0];
        sums[1] += words[1];
        sums[2] += words[2];
        sums[3] += words[3];
    }
    memset(words, 0, sizeof(words));
    memcpy(words, bytes, size);
    return sums[0] + sums[1] + sums[2] + sums[3] + words[0] + words[1] + words[2] + words[3];
}

/* Fills a buffer with bytes that differ, so that the sum notices a wrong one. */
static inline void bench_fill(void *data, size_t size, uint64_t seed)
{
    uint8_t *bytes = (uint8_t *)data;
    uint64_t state = seed * 2 + 1;

    for (size_t i = 0; i < size; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (uint8_t)(state >> 56);
    }
}

#endif
