/* SPDX-License-Identifier: MIT */
/*
 * The floors: the least C code that moves the same bytes, without anything that makes it an RPC. What a transport of ours costs
 * beyond its floor is the cost of the framework. A floor checks every reply's content too.
 */
#ifndef BENCH_FLOOR_FLOOR_H
#define BENCH_FLOOR_FLOOR_H

#include "bench/measure/subject.h"

/* One cache line each way, with the commit word inside. The third sleeps in poll, as a program must that watches more. */
extern const struct bench_subject bench_floor_slot_spin;
extern const struct bench_subject bench_floor_slot_futex;
extern const struct bench_subject bench_floor_slot_eventfd;

/* Two rings of such lines, with `depth` messages in flight. */
extern const struct bench_subject bench_floor_ring;

/* A ring of elements from one side to the other, which says so once for each `depth` elements: for streams. */
extern const struct bench_subject bench_floor_feed;

/* FIFOs on tmpfs, TCP on loopback and Unix-domain sockets: bare, with a poll before every read, or without sleep. */
extern const struct bench_subject bench_floor_fifo_bare;
extern const struct bench_subject bench_floor_fifo_poll;
extern const struct bench_subject bench_floor_fifo_busy;
extern const struct bench_subject bench_floor_tcp_bare;
extern const struct bench_subject bench_floor_tcp_poll;
extern const struct bench_subject bench_floor_tcp_busy;
extern const struct bench_subject bench_floor_unix_bare;
extern const struct bench_subject bench_floor_unix_poll;
extern const struct bench_subject bench_floor_unix_busy;

/*
 * TCP with `depth` messages in flight: one send answers all messages that have come. The first sleeps in recv, the second never
 * sleeps.
 */
extern const struct bench_subject bench_floor_tcp_batch;
extern const struct bench_subject bench_floor_tcp_batch_busy;

/* TCP with many connections and one epoll loop. */
extern const struct bench_subject bench_floor_tcp_epoll;

/* memcpy alone; memcpy and reading the copy, on one CPU; one side copies and the other reads, through the slots. */
extern const struct bench_subject bench_floor_memcpy;
extern const struct bench_subject bench_floor_memcpy_touch;
extern const struct bench_subject bench_floor_memcpy_slots;

extern const struct bench_subject *const bench_floors[]; /* all of them, NULL-terminated */

/* The sizes of a message each way: those of a call, and at least the number at the start of every message of a floor. */
void bench_floor_bytes(const struct bench_workload *workload, uint32_t *ret_request, uint32_t *ret_reply);

#endif
