/* SPDX-License-Identifier: MIT */
/* The byte streams that floors run over, made before the two sides exist. */
#ifndef BENCH_FLOOR_MEDIUM_H
#define BENCH_FLOOR_MEDIUM_H

#include <stdbool.h>

struct bench_medium;

/* A listening TCP socket on loopback. Exits where the machine refuses. */
void *bench_medium_tcp(void);

/* Two FIFOs on tmpfs, as large as may be, which have no names any more. */
void *bench_medium_fifo(bool nonblocking);

void bench_medium_free(void *self);

/* The server's end: waits for the client. The two descriptors are one where it is a socket. */
void bench_medium_serve(struct bench_medium *medium, int *ret_in, int *ret_out);

/* The client's end. */
void bench_medium_connect(struct bench_medium *medium, int *ret_in, int *ret_out);

/* The listening socket itself. */
int bench_medium_listener(const struct bench_medium *medium);

#endif
