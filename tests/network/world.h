/* SPDX-License-Identifier: MIT */
/*
 * A server in the far network, and guests in the near one: clients that caller, loop and thread drive, over IPv4 and over IPv6, whose
 * connections the server serves by epoll and by io_uring.
 */
#ifndef TESTS_NETWORK_WORLD_H
#define TESTS_NETWORK_WORLD_H

#include <pthread.h>
#include <stdatomic.h>

#include "network/link.h"
#include "support/patience.h"
#include "support/tiny.h"

enum { PUMPS = 3, FAMILIES = 2, ENGINES = 2, GUESTS = PUMPS * FAMILIES * ENGINES };

struct world;

struct guest {
    struct world *world;
    int number;
    enum hprpc_pump pump;
    const char *host; /* the server's, in the family of this guest */
    uint16_t port;    /* where its engine serves */
    void (*act)(struct guest *guest);
    struct hprpc_client *client;
    struct tiny tiny;
    atomic_uint ends;  /* how often its client was told that it is over */
    atomic_int code;   /* with what */
    atomic_uint calls; /* that were answered */
    pthread_t thread;
};

struct world {
    struct hprpc_server *server;
    pthread_t thread;
    uint16_t ports[ENGINES];
    atomic_uint inside;  /* requests that are held */
    atomic_bool release; /* they are answered */
    atomic_uint gone;    /* connections that ended by themselves */
    atomic_bool over;    /* of the scenario: guests that repeat something stop */
    struct guest guests[GUESTS];
    pthread_barrier_t barrier;
};

/* Serves at all addresses of the far network; `options` go behind the URI, as in "&keepalive=3". Echo answers, Poke holds its request. */
void world_open(struct world *world, const char *options);
void world_close(struct world *world);

/* Has the guests act, each on a thread, while the caller goes on; and waits until they have. */
void world_begin(struct world *world, void (*do_it)(struct guest *guest));
void world_end(struct world *world);

/* A point that the caller of world_begin and all its guests reach together. */
void meet(struct world *world);

/* Connects to a port at a host and binds, within `timeout_ms` (0: 10 s); a code, with the sentence. Where it fails the guest has no client. */
int guest_try(struct guest *guest, const char *host, unsigned port, const char *query, uint32_t timeout_ms,
              struct hprpc_detail *detail);

/* Connects to the server with `query` behind the URI; that must not fail. */
void guest_connect(struct guest *guest, const char *query);

/* The same in a network that works again, and that may take a moment to find its ways. */
void guest_connect_again(struct guest *guest, const char *query);

/* Echoes so many bytes, as this guest's client is driven; the call's code. */
int guest_call(struct guest *guest, size_t size, uint32_t timeout_ms);

/* Drives the client until it is over; the code that it was told, once. */
int guest_await_end(struct guest *guest);

void guest_leave(struct guest *guest);

#endif
