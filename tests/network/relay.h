/* SPDX-License-Identifier: MIT */
/* A relay in the far network, between one client and the server: it passes bytes on, and does to them what networks do. */
#ifndef TESTS_NETWORK_RELAY_H
#define TESTS_NETWORK_RELAY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum relay_end { RELAY_RESET, RELAY_HALF_CLOSE };
enum relay_way { RELAY_REQUESTS, RELAY_ANSWERS };

struct relay {
    int listener;
    uint16_t port, server_port;
    pthread_t thread;
    atomic_size_t piece;        /* bytes that are passed on at once; 0: what comes */
    _Atomic int64_t left;       /* bytes that pass before the end; -1: there is no end */
    _Atomic enum relay_way way; /* the way that ends */
    _Atomic enum relay_end end; /* and how */
    atomic_bool holds[2];       /* by enum relay_way: nothing is read there */
    atomic_bool over;
};

/* Listens at all addresses, for one client after the other. */
void relay_open(struct relay *relay, uint16_t server_port);
void relay_close(struct relay *relay);

#endif
