/* SPDX-License-Identifier: MIT */
/* Chooses the floor of a transport, and the ways of waiting that make sense. */
#include "bench/program/choose.h"

#include <string.h>

#include "bench/floor/floor.h"

static bool is(const char *uri, const char *scheme)
{
    size_t size = strlen(scheme);

    return strncmp(uri, scheme, size) == 0 && strncmp(uri + size, "://", 3) == 0;
}

static const struct bench_subject *choose_shm(enum hprpc_wait wait, const struct bench_workload *workload)
{
    bool large = workload->operation != BENCH_SAY_HELLO && workload->size > 56;

    if (workload->connections > 1)
        return NULL;
    if (large)
        return workload->operation == BENCH_PUT && wait != HPRPC_WAIT_BLOCK ? &bench_floor_memcpy_slots : NULL;
    if (workload->depth > 1)
        return &bench_floor_ring;
    return wait == HPRPC_WAIT_BLOCK ? &bench_floor_slot_eventfd : &bench_floor_slot_spin;
}

static const struct bench_subject *choose_tcp(enum hprpc_wait wait, const struct bench_workload *workload)
{
    if (workload->connections > 1)
        return workload->depth == 1 ? &bench_floor_tcp_epoll : NULL;
    if (workload->depth > 1)
        return wait == HPRPC_WAIT_BLOCK ? &bench_floor_tcp_batch : &bench_floor_tcp_batch_busy;
    return wait == HPRPC_WAIT_BLOCK ? &bench_floor_tcp_poll : &bench_floor_tcp_busy;
}

static const struct bench_subject *choose_unix(enum hprpc_wait wait, const struct bench_workload *workload)
{
    if (workload->connections > 1 || workload->depth > 1)
        return NULL;
    return wait == HPRPC_WAIT_BLOCK ? &bench_floor_unix_poll : &bench_floor_unix_busy;
}

static const struct bench_subject *choose_pipe(enum hprpc_wait wait, const struct bench_workload *workload)
{
    if (workload->connections > 1 || workload->depth > 1)
        return NULL;
    return wait == HPRPC_WAIT_BLOCK ? &bench_floor_fifo_poll : &bench_floor_fifo_busy;
}

const struct bench_subject *bench_choose_floor(const char *uri, enum hprpc_wait wait,
                                               const struct bench_workload *workload)
{
    if (workload->threads > 1 || workload->greedy || workload->bulk)
        return NULL;
    if (bench_operation_streams(workload->operation))
        return workload->operation == BENCH_NUMBERS && is(uri, "shm") ? &bench_floor_feed : NULL;
    if (is(uri, "shm"))
        return choose_shm(wait, workload);
    if (is(uri, "tcp"))
        return choose_tcp(wait, workload);
    if (is(uri, "unix"))
        return choose_unix(wait, workload);
    if (is(uri, "pipe"))
        return choose_pipe(wait, workload);
    return NULL;
}

bool bench_choose_allowed(enum hprpc_wait wait, enum bench_placement placement)
{
    return wait != HPRPC_WAIT_SPIN || placement != BENCH_SAME_CORE;
}

const char *bench_wait_name(enum hprpc_wait wait)
{
    static const char *const names[] = {
        [HPRPC_WAIT_ADAPTIVE] = "adaptive",
        [HPRPC_WAIT_SPIN] = "spin",
        [HPRPC_WAIT_BLOCK] = "block",
    };

    return names[wait];
}
