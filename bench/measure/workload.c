/* SPDX-License-Identifier: MIT */
/* Names of workloads, and the bytes of their calls. */
#include "bench/measure/workload.h"

#include <stdio.h>
#include <strings.h>

static const char *const names[BENCH_OPERATIONS] = {
    [BENCH_SAY_HELLO] = "SayHello",
    [BENCH_AVERAGE] = "Average",
    [BENCH_GET_RAND_NUMS] = "GetRandNums",
    [BENCH_LARGE_DATA] = "SendRcvLargeData",
    [BENCH_ECHO] = "Echo",
    [BENCH_PUT] = "Put",
    [BENCH_NUMBERS] = "Numbers",
    [BENCH_POUR] = "Pour",
    [BENCH_CROWD] = "Crowd",
};

bool bench_workload_equal(const struct bench_workload *left, const struct bench_workload *right)
{
    return left->operation == right->operation && left->size == right->size && left->depth == right->depth &&
           left->connections == right->connections && left->threads == right->threads && left->idle == right->idle &&
           left->rate == right->rate && left->greedy == right->greedy && left->bulk == right->bulk &&
           left->processes == right->processes;
}

const char *bench_operation_name(enum bench_operation operation)
{
    return names[operation];
}

bool bench_operation_parse(const char *text, enum bench_operation *ret_operation)
{
    for (int i = 0; i < BENCH_OPERATIONS; i++) {
        if (strcasecmp(text, names[i]) == 0) {
            *ret_operation = (enum bench_operation)i;
            return true;
        }
    }
    return false;
}

void bench_workload_name(const struct bench_workload *workload, char *ret_text, size_t capacity)
{
    if (workload->operation == BENCH_SAY_HELLO)
        snprintf(ret_text, capacity, "%s", names[workload->operation]);
    else
        snprintf(ret_text, capacity, "%s %u", names[workload->operation], workload->size);
}

static uint32_t varint_size(uint32_t value)
{
    uint32_t size = 1;

    while (value >>= 7)
        size++;
    return size;
}

/* The size of a list of int32, or of bytes: the count, padding, and the elements. */
static uint32_t list_size(uint32_t count, uint32_t width)
{
    uint32_t prefix = varint_size(count);

    if (count)
        prefix = (prefix + width - 1) / width * width;
    return prefix + count * width;
}

/* preamble, length, the rest of the header, body */
static uint32_t framed(uint32_t header, uint32_t body)
{
    return 4 + varint_size(header + body) + header + body;
}

void bench_workload_bytes(const struct bench_workload *workload, uint32_t *ret_request, uint32_t *ret_reply)
{
    static const char name[] = "king";
    static const char prefix[] = "Hello ";
    uint32_t request = 0;
    uint32_t reply = 0;

    switch (workload->operation) {
    case BENCH_SAY_HELLO:
        request = 1 + sizeof(name);
        reply = request + sizeof(prefix) - 1;
        break;
    case BENCH_AVERAGE:
        request = list_size(workload->size, 4);
        reply = 8;
        break;
    case BENCH_GET_RAND_NUMS:
        request = 4;
        reply = list_size(workload->size, 4);
        break;
    case BENCH_LARGE_DATA:
        request = reply = workload->size * 4;
        break;
    case BENCH_ECHO:
        request = reply = list_size(workload->size, 1);
        break;
    case BENCH_PUT:
        request = list_size(workload->size, 1);
        reply = 8;
        break;
    case BENCH_NUMBERS:
        reply = workload->size;
        break;
    case BENCH_POUR:
        request = list_size(workload->size, 1);
        break;
    case BENCH_CROWD:
        reply = 8;
        break;
    case BENCH_OPERATIONS:
        break;
    }
    *ret_request = framed(3, request);
    *ret_reply = framed(1, reply);
}
