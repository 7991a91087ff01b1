/* SPDX-License-Identifier: MIT */
/* The fixture of all tests of the suite. A transport is one line in suite.c; the program's argument chooses it. */
#ifndef CONFORMANCE_SUITE_H
#define CONFORMANCE_SUITE_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "conform.h"
#include "support/fake.h"
#include "support/fixture.h"
#include "support/memory.h"
#include "support/patience.h"

struct transport {
    const char *name; /* the argument that chooses it */
    const char *scheme;
    const char *listen; /* "%s" stands for a name that no other test uses */
    bool processes;     /* it reaches other processes */
    bool named;         /* its names are in the file system, and may be absolute paths */

    const struct hprpc_transport *variant; /* replaces the transport of that scheme, or NULL */
    int late_descriptors;                  /* that a server opens at its first connection, and keeps */
    const char *(*obstacle)(void); /* returns why this process cannot test it, or NULL; itself NULL if it always can */
};

enum { TRANSPORTS_MAX = 13 }; /* for arrays with one element for each */

extern const struct transport transports[];
extern const size_t transport_count;
extern const struct transport *transport; /* the transport under test */

/* The value of hprpc_context_options.transports: the fake, and the variant under test. */
extern const struct hprpc_transport *suite_transports[];

/* ---- Variants (variants.c) ---- */

/* Servers listen with engine=uring; and why there is none here. For "tcp-buffers" a ring has two buffers. */
extern const struct hprpc_transport variant_uring, variant_unix_uring;
const char *variant_uring_obstacle(void);

/* Both sides use trust=none. */
extern const struct hprpc_transport variant_sealed;

/* Servers belong to root, clients to another user: each thread is that user while it connects. */
extern const struct hprpc_transport variant_users, variant_unix_users;

/* Returns why this process cannot be two users, or NULL. */
const char *variant_users_obstacle(void);

/* For processes that call: if the variant under test has another user, the whole process becomes that user. */
void variant_become_client(void);

/* The tests of one file. */
struct chapter {
    const char *name;
    const struct CMUnitTest *tests;
    size_t count;
};

extern const struct chapter values_chapter, flow_chapter, crowd_chapter, talk_chapter, death_chapter, doors_chapter,
    waits_chapter, workers_chapter, silence_chapter, states_chapter, stop_chapter, limits_chapter, opening_chapter,
    tickets_chapter, ends_chapter, signals_chapter, strangers_chapter, callbacks_chapter, dying_chapter,
    stop_in_loop_chapter, forked_chapter, slow_chapter, guests_chapter, idle_chapter, held_chapter, threads_chapter,
    stale_chapter, memory_chapter, reconnect_chapter, revival_chapter, rebinding_chapter, line_chapter, posted_chapter,
    streams_chapter, stream_flow_chapter, stream_ends_chapter, stream_again_chapter, stream_death_chapter,
    descriptors_chapter;

/* ---- The service's state ---- */

struct keeper; /* answers deferred requests on a thread of its own */

struct probe {
    _Atomic uint64_t noted, note_bytes;
    atomic_uint out_of_order;
    atomic_uint cancelled; /* requests that noticed their cancellation */
    atomic_uint bounced;
    atomic_uint kept;         /* requests that were deferred */
    atomic_uint filled;       /* replies that were filled */
    atomic_uint inside, most; /* requests at the gate now, and the most at once */
    atomic_bool gate;         /* true: the gate is open */
    atomic_bool hold;         /* true: deferred requests are not answered */
    struct keeper *keeper;
    _Atomic(struct hprpc_controller *) guest; /* the one that Stay kept */
    _Atomic(struct hprpc_server *) stops;     /* the next Poke stops it */
};

extern const struct conform_probe_service probe_service;

void probe_init(struct probe *probe);
void probe_clear(struct probe *probe);

/* ---- A server in this process, and what is left when it is gone ---- */

struct room {
    struct memory memory;
    struct hprpc_context *context;
    struct hprpc_server *server;
    struct probe probe;
    pthread_t thread;
    bool runs;
    char uri[256];
    int descriptors;     /* how many this process had open before */
    unsigned first_name; /* the number of the first name that this room may give out */
};

/* The log callback of rooms that are opened from now on, and its `self`; NULL for no log. */
extern void (*suite_log)(void *self, enum hprpc_log_level level, const char *text);
extern void *suite_log_self;

/* Makes a context that counts allocations, for tests without a server here. */
void room_open(struct room *room);

/* As room_open, with a server that offers Probe and does not listen yet. `options` may be NULL. */
void room_prepare(struct room *room, const struct hprpc_server_options *options);

/* Runs the server on a thread. */
void room_run(struct room *room);

/* As room_prepare, then listens at a URI of its own and runs. `query` (or "") follows the URI; `options` may be NULL. */
void room_serve(struct room *room, const char *query, const struct hprpc_server_options *options);

/* Serves at the same URI once more, after room_stop. */
void room_serve_again(struct room *room, const struct hprpc_server_options *options);

/* Connects a client and binds Probe. */
struct hprpc_client *room_connect(struct room *room, const char *query, const struct hprpc_client_options *options,
                                  struct conform_probe_proxy *ret_proxy);

/* As room_connect with this pump and no other option. */
struct hprpc_client *room_connect_pumped(struct room *room, enum hprpc_pump pump,
                                         struct conform_probe_proxy *ret_proxy);

/* Stops and frees the server. Afterwards the URI has no listener. */
void room_stop(struct room *room);

/* Frees everything, and checks that no memory, descriptor or name is left. */
void room_close(struct room *room);

/* Writes a listening URI of this transport that no other test uses, with `query`. */
void suite_uri(const struct transport *of, const char *query, char *ret_uri, size_t capacity);

/* Returns how many descriptors this process has open. */
int suite_descriptors(void);

/* Checks that no name of suite_uri() is left, from number `first` on. suite_sweep() removes all that are. */
void suite_expect_no_names(unsigned first);
void suite_sweep(void);

/* Returns `size` bytes that depend on their place and on `seed`. The caller frees them. */
uint8_t *suite_data(size_t size, unsigned seed);

/* Waits until the counter has reached the value. */
void suite_await(atomic_uint *counter, unsigned value);

/* All three pumps. */
extern const enum hprpc_pump suite_pumps[3];

/* Pumps until the client has that state. */
void suite_await_state(struct hprpc_client *client, enum hprpc_client_state state);

/* Drives a client with HPRPC_PUMP_LOOP until the call is complete. Returns the last code of hprpc_client_process. */
int suite_drive(struct hprpc_client *client, const struct hprpc_pending_call *pending);

/*
 * Calls in every way that Probe knows, some of it at once. The client must offer Probe too. Returns true if all results are
 * right.
 */
bool suite_call_every_way(const struct conform_probe_proxy *proxy, int round);

static inline struct kodosis_bytes suite_bytes(const void *data, size_t size)
{
    return (struct kodosis_bytes){ data, size };
}

/* ---- What the client's state callback said ---- */

struct diary {
    struct {
        enum hprpc_client_state state;
        int code;
        char reason[120];
    } entries[8];
    atomic_uint count; /* entries that are complete */
};

/* Sets the callback `changed` to one that writes into the diary. */
void diary_open(struct diary *diary, struct hprpc_client_options *options);

/* Checks that the diary says CONNECTING, READY, and then `state` with `code` and a reason, each once. */
void diary_check(struct diary *diary, enum hprpc_client_state state, int code);

/* ---- Another process: this program once more ---- */

struct process {
    int pid;
    char uri[256]; /* of a process that serves */
};

/* Starts this program in a role that process_main() knows, and takes the first line that it prints. */
void process_start(struct process *process, const char *role, const char *argument, char *ret_line, size_t capacity);

/* Waits until the process has ended by itself, with status 0, or was killed. */
void process_wait(struct process *process);

/* Starts a process that serves Probe until it is killed. */
void process_serve(struct process *process);

/*
 * Starts a process that connects and makes a call that is not answered. Returns when the call is under way. Not for
 * HPRPC_PUMP_LOOP.
 */
void process_call(struct process *process, const char *uri, enum hprpc_pump pump);

/* Suspends the process (SIGSTOP) and waits until it stands still; lets it go on (SIGCONT). */
void process_suspend(struct process *process);
void process_resume(struct process *process);

/* Kills the process (SIGKILL), also a suspended one, and waits until it is gone. */
void process_kill(struct process *process);

/* Listens where a killed process served, which removes the names that it left. */
void process_sweep(const struct process *process);

/* Plays the role in the arguments; main() calls it. */
int process_main(int argc, char **argv);

/* The roles of dying.c: clients that die one after the other ("ROUND URI"), and a server that dies ("MOMENT URI"). */
int dying_clients_main(struct hprpc_context *context, const char *argument);
int dying_server_main(struct hprpc_context *context, const char *argument);

/* The roles of stream-death.c, likewise. */
int stream_dying_clients_main(struct hprpc_context *context, const char *argument);
int stream_dying_server_main(struct hprpc_context *context, const char *argument);

#endif
