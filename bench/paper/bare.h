/* SPDX-License-Identifier: MIT */
/*
 * A client that does what the client of the raw epoll loop does (bench/floor/epoll.c), with HPRPC's bytes: it sends all requests, one send
 * each, then receives all replies. So servers are compared at the same arrivals, whatever the library's client costs.
 */
#ifndef BENCH_PAPER_BARE_H
#define BENCH_PAPER_BARE_H

#include "bench/measure/subject.h"

/* Connects to a tcp:// URI; the library says HELLO and binds. SayHello and Echo alone. `open` and `run` of a subject. */
void *bench_bare_open(struct bench_session *session, const char *uri);
void bench_bare_run(void *self, struct bench_run *run);

#endif
