/* SPDX-License-Identifier: MIT */
/* The list of all floors, and the bytes of their messages. */
#include "bench/floor/floor.h"

const struct bench_subject *const bench_floors[] = {
    &bench_floor_slot_spin,    &bench_floor_slot_futex, &bench_floor_slot_eventfd,
    &bench_floor_ring,         &bench_floor_fifo_bare,  &bench_floor_fifo_poll,
    &bench_floor_fifo_busy,    &bench_floor_tcp_bare,   &bench_floor_tcp_poll,
    &bench_floor_tcp_busy,     &bench_floor_unix_bare,  &bench_floor_unix_poll,
    &bench_floor_unix_busy,    &bench_floor_tcp_batch,  &bench_floor_tcp_batch_busy,
    &bench_floor_tcp_epoll,    &bench_floor_memcpy,     &bench_floor_memcpy_touch,
    &bench_floor_memcpy_slots, &bench_floor_feed,       NULL,
};

void bench_floor_bytes(const struct bench_workload *workload, uint32_t *ret_request, uint32_t *ret_reply)
{
    const uint32_t least = sizeof(uint64_t);
    uint32_t request, reply;

    bench_workload_bytes(workload, &request, &reply);
    *ret_request = request < least ? least : request;
    *ret_reply = reply < least ? least : reply;
}
