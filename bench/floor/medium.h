/* SPDX-License-Identifier: MIT */
/* The byte streams of floors. They are made before the two sides exist. */
#ifndef BENCH_FLOOR_MEDIUM_H
#define BENCH_FLOOR_MEDIUM_H

#include <stdbool.h>

struct bench_medium;

/* Makes a listening TCP socket on loopback. Exits if the machine refuses. */
void *bench_medium_tcp(void);

/* Makes a listening Unix-domain stream socket with a name that the system picks. */
void *bench_medium_unix(void);

/* Makes two FIFOs on tmpfs, as large as allowed, and removes their names. */
void *bench_medium_fifo(bool nonblocking);

void bench_medium_free(void *self);

/* Gives the server's end, when the client has come. The two descriptors are the same if it is a socket. */
void bench_medium_serve(struct bench_medium *medium, int *ret_in, int *ret_out);

/* Gives the client's end. */
void bench_medium_connect(struct bench_medium *medium, int *ret_in, int *ret_out);

/* Returns the listening socket. */
int bench_medium_listener(const struct bench_medium *medium);

#endif
