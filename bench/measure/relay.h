/* SPDX-License-Identifier: MIT */
/* A relay between a client and its server on TCP that counts the bytes on the wire. */
#ifndef BENCH_MEASURE_RELAY_H
#define BENCH_MEASURE_RELAY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bench_relay_count {
    _Atomic uint64_t requests, replies; /* bytes to the server, and to the client */
};

struct bench_relay {
    pid_t pid;
    struct bench_relay_count *count; /* in memory shared with the relay's process */
};

/*
 * Starts a relay to the server at `address`, which ends in a port (":80", "80", or either followed by "?..."), and replaces
 * that port by its own. The relay serves one connection and dies with this process. Returns 0, or -1.
 */
int bench_relay_start(struct bench_relay *relay, char *address, size_t capacity);

/* Ends the relay. A zeroed relay is accepted. */
void bench_relay_stop(struct bench_relay *relay);

#endif
