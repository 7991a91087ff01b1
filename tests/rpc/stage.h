/* SPDX-License-Identifier: MIT */
/*
 * The fixture of the tests of the controller: a context that counts, a server on the fake transport, clients, and ends that the
 * test plays.
 */
#ifndef RPC_STAGE_H
#define RPC_STAGE_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/fake.h"
#include "support/fixture.h"
#include "support/memory.h"
#include "support/patience.h"
#include "support/tiny.h"

struct stage {
    struct memory memory;
    struct hprpc_context *context;
    struct hprpc_server *server;
    char uri[48]; /* "fake://" and a name that no other stage has */
    const char *name;
    const char *query; /* follows the URI of a client that connects to a raw_server; may be NULL */
    pthread_t thread;
    bool runs; /* a thread runs the server */
    _Atomic uint64_t time;
    atomic_uint logged; /* how many errors, and ends of connections, were logged */
};

/*
 * Makes a context with a counting allocator and the fake transport. With `virtual_time`, its clock is stage->time, in
 * nanoseconds.
 */
void stage_open(struct stage *stage, bool virtual_time);

/* Makes a server at the stage's URI that offers Tiny with these handlers. */
void stage_serve(struct stage *stage, const struct hprpc_server_options *options, const struct tiny_handlers *handlers,
                 void *self);

/* Runs the server on a thread of its own. */
void stage_run(struct stage *stage);

/* Runs the server on this thread until it has nothing to do. */
void stage_turn(struct stage *stage);

/* Stops and frees the server. */
void stage_unserve(struct stage *stage);

/* Frees everything, and asserts that nothing leaked. */
void stage_close(struct stage *stage);

struct hprpc_client *stage_connect(struct stage *stage, const char *query, const struct hprpc_client_options *options);

/* As stage_connect, and binds Tiny. */
struct hprpc_client *stage_connect_tiny(struct stage *stage, const char *query,
                                        const struct hprpc_client_options *options, struct tiny *ret_tiny);

/* Returns the fake end that the client uses. */
struct fake_end *stage_end(struct hprpc_client *client);

struct hprpc_statistics stage_statistics(struct hprpc_client *client);

/* ---- An end played by hand ---- */

struct raw_limits {
    uint32_t max_message, max_calls, timeout_ms;
    uint64_t max_call_bytes;
    bool pumped;
};

#define RAW_LIMITS_INIT                   \
    {                                     \
        1 << 20, 16, 30000, 1 << 20, true \
    }

void raw_signal(struct fake_end *end, enum hprpc_message_type type, uint32_t call);
void raw_send(struct fake_end *end, enum hprpc_message_type type, uint32_t call, const void *body, size_t size);
void raw_hello(struct fake_end *end, const struct raw_limits *limits);
void raw_credit(struct fake_end *end, uint32_t calls, uint64_t bytes);
void raw_error(struct fake_end *end, uint32_t call, int code, const char *text);
void raw_goodbye(struct fake_end *end, const char *text);
void raw_goodbye_after(struct fake_end *end, const char *text, uint64_t taken);

/* Sends a REQUEST whose body is `bytes data`. */
void raw_request(struct fake_end *end, uint32_t call, uint16_t procedure, uint8_t flags, const void *data, size_t size);
void raw_reply(struct fake_end *end, uint32_t call, const void *data, size_t size);

/* Sends a BOUND with service 0 and the procedures of Tiny in order. */
void raw_bound(struct fake_end *end, uint32_t call);

/* Reads an ERROR or a GOODBYE. Returns its code, and writes its sentence to `text`. */
int raw_read_error(const struct fake_message *message, char text[static 256]);

/* Connects an end to the stage's server, with HELLO and BIND. The server makes its turns on this thread. */
struct fake_end *raw_connect(struct stage *stage, const struct raw_limits *limits);

/* A server that the test plays. Its client connects on a thread of its own. */
struct raw_server {
    struct stage *stage;
    struct hprpc_listener *listener;
    struct fake_end *end;
    struct hprpc_client_options options;
    struct hprpc_client *client;
    struct hprpc_detail detail;
    int code;
    pthread_t thread;
};

/* Begins to connect. `raw->end` is the server's end, on which nothing was sent. */
void raw_server_open(struct raw_server *raw, struct stage *stage, const struct hprpc_client_options *options);

/* Waits until hprpc_client_connect has returned. Returns its code. */
int raw_server_connected(struct raw_server *raw);

/* Sends a BIND for the larger interface. The server grants the procedures that it offers, with service 0. */
void raw_bind(struct fake_end *end);

/* Returns a proxy without a BIND: it assumes service 0, and that procedure n of the interface is n there. */
struct tiny stage_assume(struct hprpc_client *client);

/* As raw_server_open and raw_server_connected, with a HELLO and a BOUND in between. */
void raw_server_tiny(struct raw_server *raw, struct stage *stage, const struct hprpc_client_options *options,
                     const struct raw_limits *limits, struct tiny *ret_tiny);

/* Frees the client and both ends. */
void raw_server_close(struct raw_server *raw);

#endif
