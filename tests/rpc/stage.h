/* SPDX-License-Identifier: MIT */
/* What the tests of the controller stand on: a context that counts, a server on the fake, clients, and hand-played ends. */
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
    char uri[48]; /* "fake://" and the name, which no other stage has */
    const char *name;
    const char *query; /* behind the URI of a client that connects to a hand-played server; NULL for none */
    pthread_t thread;
    bool runs; /* a thread serves */
    _Atomic uint64_t time;
    atomic_uint logged; /* sentences about ends and faults */
};

/* A context with a counting allocator and the fake; with `virtual_time`, its clock is stage->time, in nanoseconds. */
void stage_open(struct stage *stage, bool virtual_time);

/* A server at the stage's URI that offers Tiny with these handlers. */
void stage_serve(struct stage *stage, const struct hprpc_server_options *options, const struct tiny_handlers *handlers,
                 void *self);

/* Serves on a thread of its own. */
void stage_run(struct stage *stage);

/* Serves on this thread as long as there is something to do. */
void stage_turn(struct stage *stage);

/* Stops and frees the server. */
void stage_unserve(struct stage *stage);

/* Frees everything and asserts that nothing leaked. */
void stage_close(struct stage *stage);

struct hprpc_client *stage_connect(struct stage *stage, const char *query, const struct hprpc_client_options *options);

/* The same, and binds Tiny. */
struct hprpc_client *stage_connect_tiny(struct stage *stage, const char *query,
                                        const struct hprpc_client_options *options, struct tiny *ret_tiny);

/* The end of the fake under a client, as the client sees it. */
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

/* A request whose body is `bytes data`. */
void raw_request(struct fake_end *end, uint32_t call, uint16_t procedure, uint8_t flags, const void *data, size_t size);
void raw_reply(struct fake_end *end, uint32_t call, const void *data, size_t size);

/* BOUND with service 0 and the procedures of Tiny in order. */
void raw_bound(struct fake_end *end, uint32_t call);

/* The code and the sentence of an ERROR or GOODBYE. */
int raw_read_error(const struct fake_message *message, char text[static 256]);

/* A raw end that has shaken hands with the stage's server, by turns on this thread. */
struct fake_end *raw_connect(struct stage *stage, const struct raw_limits *limits);

/* A client whose other side is played by hand: connects on a thread of its own. */
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

/* Begins to connect; `raw->end` is the other side, to which nothing was said. */
void raw_server_open(struct raw_server *raw, struct stage *stage, const struct hprpc_client_options *options);

/* Waits until hprpc_client_connect has returned, and gives its code. */
int raw_server_connected(struct raw_server *raw);

/* Asks for the larger interface: what the server has of it is granted, with id 0. */
void raw_bind(struct fake_end *end);

/* A proxy for a side that was never asked: procedure n of the interface is n there, of service 0. */
struct tiny stage_assume(struct hprpc_client *client);

/* Both, with a HELLO and a BOUND in between. */
void raw_server_tiny(struct raw_server *raw, struct stage *stage, const struct hprpc_client_options *options,
                     const struct raw_limits *limits, struct tiny *ret_tiny);

/* Frees the client and both ends. */
void raw_server_close(struct raw_server *raw);

#endif
