/* SPDX-License-Identifier: MIT */
/* A relay between a client and its server on TCP that counts the bytes it passes on: what is on the wire, not computed. */
#ifndef BENCH_MEASURE_RELAY_H
#define BENCH_MEASURE_RELAY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bench_relay_count {
    _Atomic uint64_t requests, replies; /* bytes to the server, to the client */
};

struct bench_relay {
    pid_t pid;
    struct bench_relay_count *count; /* shared with the relay's process */
};

/*
 * Starts a relay to the server at `address`, which ends in a port (":80", "80", or either followed by "?..."), and puts the
 * relay's own port in its place. It serves one connection and dies with this process. 0, or -1.
 */
int bench_relay_start(struct bench_relay *relay, char *address, size_t capacity);

/* Ends it. Safe on a zeroed relay. */
void bench_relay_stop(struct bench_relay *relay);

#endif
