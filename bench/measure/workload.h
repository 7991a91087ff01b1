/* SPDX-License-Identifier: MIT */
/* What is asked of a subject: an operation, its size, and how many calls of it at a time. */
#ifndef BENCH_MEASURE_WORKLOAD_H
#define BENCH_MEASURE_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bench_operation {
    BENCH_SAY_HELLO,     /* a short string there and back */
    BENCH_AVERAGE,       /* `size` int32 there, a float64 back */
    BENCH_GET_RAND_NUMS, /* an int32 there, `size` int32 back */
    BENCH_LARGE_DATA,    /* a structure of `size` int32 members there and back */
    BENCH_ECHO,          /* `size` bytes there and back */
    BENCH_PUT,           /* `size` bytes there, all read; their sum back */
    BENCH_OPERATIONS,
};

struct bench_workload {
    enum bench_operation operation;
    uint32_t size;        /* numbers, members or bytes; of no meaning for SayHello */
    uint32_t depth;       /* calls in flight on each connection */
    uint32_t connections; /* of all threads together */
    uint32_t threads;     /* where they are more than the connections, they share these, with one call at a time each */
    uint32_t idle;        /* further connections that say nothing */
    uint64_t rate;        /* calls a second of all threads together; 0 means as fast as they go */
    uint32_t greedy;      /* connections of other clients, each with 64 calls of SayHello in flight all the time */
    uint32_t bulk;        /* connections of other clients, each with a body of 8,000,000 bytes under way all the time */
};

#define BENCH_WORKLOAD_INIT                     \
    {                                           \
        BENCH_SAY_HELLO, 0, 1, 1, 1, 0, 0, 0, 0 \
    }

const char *bench_operation_name(enum bench_operation operation);
bool bench_operation_parse(const char *text, enum bench_operation *ret_operation);

/* "Average 10000": the operation with its size, where it has one. */
void bench_workload_name(const struct bench_workload *workload, char *ret_text, size_t capacity);

/* The bytes of one call in the compact framing of byte streams, headers included: what a raw floor must move as well. */
void bench_workload_bytes(const struct bench_workload *workload, uint32_t *ret_request, uint32_t *ret_reply);

#ifdef __cplusplus
}
#endif

#endif
