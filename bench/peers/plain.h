/* SPDX-License-Identifier: MIT */
/*
 * The paper's operations for frameworks that carry bytes and generate no code: what their users write themselves, a small
 * header and the numbers as they are in memory. And a loop for frameworks whose replies come in the order of the requests.
 */
#ifndef BENCH_PEERS_PLAIN_H
#define BENCH_PEERS_PLAIN_H

#include <string.h>

#include "bench/measure/subject.h"
#include "bench/paper/values.h"

enum { PLAIN_DEPTH_MAX = 1024 };

/* The header of a request. */
struct plain_head {
    uint32_t operation; /* enum bench_operation */
    uint32_t count;     /* how many numbers follow; for GetRandNums, how many are wanted */
};

static const char plain_name[] = "king";
static const char plain_greeting[] = "Hello king";

/* True if the operation is one of the paper's. */
static inline bool plain_offers(const struct bench_workload *workload)
{
    return workload->operation != BENCH_ECHO && workload->operation != BENCH_PUT;
}

/* ---- The client's side ---- */

static inline size_t plain_request_size(const struct bench_workload *workload)
{
    switch (workload->operation) {
    case BENCH_SAY_HELLO:
        return sizeof(struct plain_head) + sizeof(plain_name) - 1;
    case BENCH_GET_RAND_NUMS:
        return sizeof(struct plain_head);
    default:
        return sizeof(struct plain_head) + workload->size * sizeof(int32_t);
    }
}

/* Writes the request of the call with this number. */
static inline void plain_request(const struct bench_workload *workload, const struct paper_values *values,
                                 uint64_t call, void *ret_request)
{
    struct plain_head *head = (struct plain_head *)ret_request;
    int32_t *numbers = (int32_t *)(head + 1);

    head->operation = (uint32_t)workload->operation;
    head->count = workload->size;
    if (workload->operation == BENCH_SAY_HELLO) {
        memcpy(numbers, plain_name, sizeof(plain_name) - 1);
    } else if (workload->operation == BENCH_AVERAGE) {
        memcpy(numbers, paper_values_list(values, call), workload->size * sizeof(int32_t));
    } else if (workload->operation == BENCH_LARGE_DATA) {
        for (uint32_t i = 0; i < workload->size; i++)
            numbers[i] = paper_member(call, i);
    }
}

static inline bool plain_members_right(const int32_t *numbers, uint32_t count, uint64_t call)
{
    int32_t wrong = 0;

    for (uint32_t i = 0; i < count; i++)
        wrong |= numbers[i] ^ (paper_member(call, i) + 1);
    return !wrong;
}

/* True if the reply is right for the call. */
static inline bool plain_right(const struct bench_workload *workload, struct paper_values *values, uint64_t call,
                               const void *reply, size_t size)
{
    double mean;

    switch (workload->operation) {
    case BENCH_SAY_HELLO:
        return size == sizeof(plain_greeting) - 1 && memcmp(reply, plain_greeting, size) == 0;
    case BENCH_AVERAGE:
        if (size != sizeof(mean))
            return false;
        memcpy(&mean, reply, sizeof(mean));
        return mean == paper_values_average(values, call, workload->size);
    case BENCH_GET_RAND_NUMS:
        return size == workload->size * sizeof(int32_t) &&
               memcmp(reply, paper_values_random(values, (int32_t)workload->size), size) == 0;
    default:
        return size == workload->size * sizeof(int32_t) &&
               plain_members_right((const int32_t *)reply, workload->size, call);
    }
}

/* ---- The server's side ---- */

/* Returns the size of the reply to a request; 0 if the request is wrong. */
static inline size_t plain_reply_size(const void *request, size_t size)
{
    const struct plain_head *head = (const struct plain_head *)request;

    if (size < sizeof(*head))
        return 0;
    switch (head->operation) {
    case BENCH_SAY_HELLO:
        return size - sizeof(*head) + sizeof("Hello ") - 1;
    case BENCH_AVERAGE:
        return (size - sizeof(*head)) / sizeof(int32_t) == head->count ? sizeof(double) : 0;
    case BENCH_GET_RAND_NUMS:
        return head->count <= 1 << 16 ? head->count * sizeof(int32_t) : 0;
    case BENCH_LARGE_DATA:
        return (size - sizeof(*head)) / sizeof(int32_t) == head->count ? head->count * sizeof(int32_t) : 0;
    default:
        return 0;
    }
}

/* Writes the reply, whose size plain_reply_size has returned. */
static inline void plain_reply(struct paper_values *values, const void *request, size_t size, void *ret_reply)
{
    const struct plain_head *head = (const struct plain_head *)request;
    const int32_t *numbers = (const int32_t *)(head + 1);
    int32_t *results = (int32_t *)ret_reply;
    double mean;

    if (head->operation == BENCH_SAY_HELLO) {
        memcpy(ret_reply, "Hello ", sizeof("Hello ") - 1);
        memcpy((char *)ret_reply + sizeof("Hello ") - 1, numbers, size - sizeof(*head));
    } else if (head->operation == BENCH_AVERAGE) {
        mean = paper_average(numbers, head->count);
        memcpy(ret_reply, &mean, sizeof(mean));
    } else if (head->operation == BENCH_GET_RAND_NUMS) {
        memcpy(ret_reply, paper_values_random(values, (int32_t)head->count), head->count * sizeof(int32_t));
    } else {
        for (uint32_t i = 0; i < head->count; i++)
            results[i] = numbers[i] + 1;
    }
}

/* ---- Calls in flight ---- */

/*
 * The calls in flight on a connection whose replies come in the order of the requests: the numbers of the next call to send and
 * to receive.
 */
struct plain_flight {
    uint64_t sent, received;
    uint64_t begun[PLAIN_DEPTH_MAX];
};

/* Keeps `depth` calls in flight while the run lasts. `send` and `receive` get the client and the number of a call. */
static inline void plain_run(void *client, struct plain_flight *flight, uint32_t depth, struct bench_run *run,
                             void (*send)(void *client, uint64_t call), void (*receive)(void *client, uint64_t call))
{
    while (bench_run_more(run) || flight->received < flight->sent) {
        while (bench_run_more(run) && flight->sent - flight->received < depth) {
            flight->begun[flight->sent % depth] = depth == 1 ? bench_run_begin(run) : bench_ticks();
            send(client, flight->sent++);
        }
        receive(client, flight->received);
        bench_run_end(run, flight->begun[flight->received++ % depth]);
    }
}

#endif
