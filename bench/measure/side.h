/* SPDX-License-Identifier: MIT */
/* The functions of the processes that the harness makes. */
#ifndef BENCH_MEASURE_SIDE_H
#define BENCH_MEASURE_SIDE_H

#include "bench/measure/subject.h"

/* Plays one side in this process, and exits. */
void bench_side(struct bench_session *session, enum bench_side side) __attribute__((noreturn));

/* As bench_side, in the subject's own program, which calls bench_peer_main. */
void bench_side_execute(struct bench_session *session, enum bench_side side, int shared_fd) __attribute__((noreturn));

#endif
