/* SPDX-License-Identifier: MIT */
/* What a subject must do: an operation, its size, and how many calls at a time. */
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
    BENCH_NUMBERS,       /* a stream to the client of elements of `size` bytes, 8 or 64; each counts as a call */
    BENCH_POUR,          /* a stream to the server of elements of `size` bytes, all read */
    BENCH_CROWD,         /* `size` streams to the client of 8-byte elements, on one connection; one is never read */
    BENCH_OPERATIONS,
};

struct bench_workload {
    enum bench_operation operation;
    uint32_t size;  /* numbers, members, bytes or streams; unused by SayHello */
    uint32_t depth; /* calls in flight on each connection; elements that are read or sent before the clock is read */
    uint32_t connections; /* of all threads together */
    uint32_t threads;   /* if more than connections, several threads share a connection, each with one call at a time */
    uint32_t idle;      /* further connections without any traffic */
    uint64_t rate;      /* calls a second of all threads together; 0: as many as possible */
    uint32_t greedy;    /* connections of other clients, each of which always has 64 calls of SayHello in flight */
    uint32_t bulk;      /* connections of other clients, each of which always has a body of 8,000,000 bytes under way */
    uint32_t processes; /* of the client, which share the connections; more than 1 with one thread each */
};

#define BENCH_WORKLOAD_INIT                        \
    {                                              \
        BENCH_SAY_HELLO, 0, 1, 1, 1, 0, 0, 0, 0, 1 \
    }

/* Whether two workloads are the same in every member. */
bool bench_workload_equal(const struct bench_workload *left, const struct bench_workload *right);

/* Whether elements are moved, and no calls are made. */
static inline bool bench_operation_streams(enum bench_operation operation)
{
    return operation == BENCH_NUMBERS || operation == BENCH_POUR || operation == BENCH_CROWD;
}

const char *bench_operation_name(enum bench_operation operation);
bool bench_operation_parse(const char *text, enum bench_operation *ret_operation);

/* Writes "Average 10000": the operation, and its size if it has one. */
void bench_workload_name(const struct bench_workload *workload, char *ret_text, size_t capacity);

/* Gives the bytes of one call in the compact framing of byte streams, including headers: a floor must move as many. */
void bench_workload_bytes(const struct bench_workload *workload, uint32_t *ret_request, uint32_t *ret_reply);

#ifdef __cplusplus
}
#endif

#endif
