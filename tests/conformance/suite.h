/* SPDX-License-Identifier: MIT */
/* What every test of the suite stands on. A transport is one line in suite.c; the program's argument picks it. */
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
    const char *name; /* the argument that picks it */
    const char *scheme;
    const char *listen; /* "%s" stands for a name that no other test uses */
    bool processes;     /* reaches other processes */
    bool named;         /* names live in the file system, and may be absolute paths */

    const struct hprpc_transport *variant; /* stands in for the one of that scheme; NULL for none */
    const char *(*obstacle)(void);         /* why it cannot be tested here, or NULL; NULL where it always can */
};

extern const struct transport transports[];
extern const size_t transport_count;
extern const struct transport *transport; /* the one under test */

/* For hprpc_context_options.transports: the fake, and the variant under test. */
extern const struct hprpc_transport *suite_transports[];

/* ---- Variants of shared memory (variants.c) ---- */

/* Both sides ask for trust=none. */
extern const struct hprpc_transport variant_sealed;

/* Servers are root's, clients another user's: each thread is that user while it connects. */
extern const struct hprpc_transport variant_users;

/* Why this process cannot be two users. */
const char *variant_users_obstacle(void);

/* Makes this whole process the other user, where the variant under test has one; for processes that call. */
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
    stale_chapter, memory_chapter;

/* ---- The service's state ---- */

struct keeper; /* answers deferred requests on a thread of its own */

struct probe {
    _Atomic uint64_t noted, note_bytes;
    atomic_uint out_of_order;
    atomic_uint cancelled; /* requests that saw their cancellation */
    atomic_uint bounced;
    atomic_uint kept;         /* requests that were deferred */
    atomic_uint filled;       /* replies that were filled */
    atomic_uint inside, most; /* requests at the gate, and the most at once */
    atomic_bool gate;         /* is open */
    atomic_bool hold;         /* what is deferred is not answered before it ends */
    struct keeper *keeper;
    _Atomic(struct hprpc_controller *) guest; /* that stayed */
    _Atomic(struct hprpc_server *) stops;     /* is stopped by the next Poke */
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
    int descriptors;     /* open in this process before */
    unsigned first_name; /* that this room may give out */
};

/* What rooms that are opened from now on write their log to; NULL for nothing. */
extern void (*suite_log)(void *self, enum hprpc_log_level level, const char *text);
extern void *suite_log_self;

/* A context that counts, for tests that serve nothing or serve elsewhere. */
void room_open(struct room *room);

/* Opens, with a server that offers Probe and listens nowhere; `options` may be NULL. */
void room_prepare(struct room *room, const struct hprpc_server_options *options);

/* Serves on a thread. */
void room_run(struct room *room);

/* Prepares, listens at a URI of its own, and runs; `query` (or "") goes behind the URI, `options` may be NULL. */
void room_serve(struct room *room, const char *query, const struct hprpc_server_options *options);

/* Connects and binds. */
struct hprpc_client *room_connect(struct room *room, const char *query, const struct hprpc_client_options *options,
                                  struct conform_probe_proxy *ret_proxy);

/* The same in a pump mode, with nothing else chosen. */
struct hprpc_client *room_connect_pumped(struct room *room, enum hprpc_pump pump,
                                         struct conform_probe_proxy *ret_proxy);

/* Stops and frees the server; after that, the URI has no listener. */
void room_stop(struct room *room);

/* Frees everything; no memory, descriptor or name is left. */
void room_close(struct room *room);

/* A listening URI of this transport that no other test uses, with its query. */
void suite_uri(const struct transport *of, const char *query, char *ret_uri, size_t capacity);

/* How many descriptors this process has open. */
int suite_descriptors(void);

/* No name is left that suite_uri gave out, from the given one on; removes those that are. */
void suite_expect_no_names(unsigned first);
void suite_sweep(void);

/* `size` bytes that depend on their place and on `seed`. */
uint8_t *suite_data(size_t size, unsigned seed);

/* Waits until a counter has reached a value. */
void suite_await(atomic_uint *counter, unsigned value);

/* All three, for tests that run in every mode. */
extern const enum hprpc_pump suite_pumps[3];

/* Drives a client with HPRPC_PUMP_LOOP until a call is complete; what hprpc_client_process returned at last. */
int suite_drive(struct hprpc_client *client, const struct hprpc_pending_call *pending);

/* Calls everything that a server can answer, some of it at once; the client offers Probe as well. Whether all was right. */
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
    atomic_uint count; /* of those that are complete */
};

/* Has the callback write into a diary. */
void diary_open(struct diary *diary, struct hprpc_client_options *options);

/* It says CONNECTING, READY and then this, with a reason, each once. */
void diary_check(struct diary *diary, enum hprpc_client_state state, int code);

/* ---- Another process: this program once more ---- */

struct process {
    int pid;
    char uri[256]; /* of one that serves */
};

/* Starts one in a role of its own, which process_main knows, and takes the first line that it says. */
void process_start(struct process *process, const char *role, const char *argument, char *ret_line, size_t capacity);

/* Waits until it has ended: well, or killed. */
void process_wait(struct process *process);

/* Serves Probe until it is killed. */
void process_serve(struct process *process);

/* Connects to a URI and makes a call that is not answered; returns once that is under way. Not with HPRPC_PUMP_LOOP. */
void process_call(struct process *process, const char *uri, enum hprpc_pump pump);

/* SIGSTOP, and waits until it stands still; SIGCONT. */
void process_suspend(struct process *process);
void process_resume(struct process *process);

/* SIGKILL, and waits until it is gone; a suspended one as well. */
void process_kill(struct process *process);

/* Listens where a process served that was killed, which removes the names that it left. */
void process_sweep(const struct process *process);

/* What such a process does; for main. */
int process_main(int argc, char **argv);

/* The roles of dying.c: clients that die one after the other, "ROUND URI"; a server that dies, "MOMENT URI". */
int dying_clients_main(struct hprpc_context *context, const char *argument);
int dying_server_main(struct hprpc_context *context, const char *argument);

#endif
