/* SPDX-License-Identifier: MIT */
/*
 * The floors: the same bytes moved by the least C that does it, with nothing that makes it an RPC. What a transport of ours
 * costs beyond its floor is what the framework costs. Every reply's content is checked here too.
 */
#ifndef BENCH_FLOOR_FLOOR_H
#define BENCH_FLOOR_FLOOR_H

#include "bench/measure/subject.h"

/* One cache line each way, the commit word inside it. */
extern const struct bench_subject bench_floor_slot_spin;
extern const struct bench_subject bench_floor_slot_futex;
extern const struct bench_subject
    bench_floor_slot_eventfd; /* sleeps in poll, as anything does that has more to watch */

/* Two rings of such lines, `depth` messages in flight. */
extern const struct bench_subject bench_floor_ring;

/* FIFOs on tmpfs and TCP on loopback: bare, with a poll before every read, and never sleeping. */
extern const struct bench_subject bench_floor_fifo_bare;
extern const struct bench_subject bench_floor_fifo_poll;
extern const struct bench_subject bench_floor_fifo_busy;
extern const struct bench_subject bench_floor_tcp_bare;
extern const struct bench_subject bench_floor_tcp_poll;
extern const struct bench_subject bench_floor_tcp_busy;

/* TCP, `depth` messages in flight: whatever has come is answered by one send. Sleeping in recv, and never sleeping. */
extern const struct bench_subject bench_floor_tcp_batch;
extern const struct bench_subject bench_floor_tcp_batch_busy;

/* TCP, many connections, one epoll loop. */
extern const struct bench_subject bench_floor_tcp_epoll;

/* memcpy alone; memcpy and reading the copy, on one CPU; the same with copy and reading on either side of the slots. */
extern const struct bench_subject bench_floor_memcpy;
extern const struct bench_subject bench_floor_memcpy_touch;
extern const struct bench_subject bench_floor_memcpy_slots;

extern const struct bench_subject *const bench_floors[]; /* all of them, NULL-terminated */

/* The bytes of a message each way: those of a call, and at least the number that every message of a floor begins with. */
void bench_floor_bytes(const struct bench_workload *workload, uint32_t *ret_request, uint32_t *ret_reply);

#endif
