/* SPDX-License-Identifier: MIT */
/* The inside of a server: what it offers, where it listens, and the loops that serve its connections. */
#ifndef HPRPC_RPC_SERVER_H
#define HPRPC_RPC_SERVER_H

#include <signal.h>

#include "rpc/acceptor.h"
#include "rpc/serve/services.h"
#include "rpc/serve/workers.h"
#include "base/deadline.h"

enum {
    HPRPC__CONNECTIONS_MAX = 4096,
    HPRPC__LOOPS_MAX = 256,
    HPRPC__WORKERS_MAX = 4096,
    HPRPC__KEPT_CALLS_MAX = 65536,
    HPRPC__STOP_MS = 5000,
    HPRPC__WORKER_IDLE_MS = 10000,
    HPRPC__TURNED_AWAY_MAX = 64,  /* connections that are turned away at once; others wait until one of them is gone */
    HPRPC__TURNED_AWAY_MS = 1000, /* in which they must say HELLO */
};

#define HPRPC__KEPT_STREAM_BYTES_MAX (1024ull * 1024 * 1024)
#define HPRPC__KEPT_BYTES_MAX (1024ull * 1024 * 1024)
#define HPRPC__UNREAD_BYTES_MAX (512ull * 1024 * 1024)

struct hprpc__serving_loop {
    struct hprpc__loop loop;
    struct hprpc_server *server;
    struct hprpc__thread thread;
    bool runs;
};

/* How far a server is on its way to the end, when it is driven by hprpc_server_process. */
enum hprpc__server_stage {
    HPRPC__SERVING,
    HPRPC__DRAINING, /* new requests are refused; kept ones may finish, and answers leave */
    HPRPC__STOPPED,  /* every connection has ended */
};

/* Signals that stop the server. Its address is the owner of their event in the first loop. */
struct hprpc__server_signals {
    int fd; /* -1: none */
    sigset_t set;
};

struct hprpc_server {
    struct hprpc_context *context;
    uint32_t max_connections;
    uint32_t opening_ms;
    uint32_t stop_ms;
    struct hprpc__services services;
    struct hprpc__workers *workers;
    struct hprpc__acceptor acceptor; /* on the first loop */
    struct hprpc__mutex lock;        /* of `services`, for adding */
    struct hprpc__shared *shared;    /* with the quota */
    atomic_bool running;             /* inside hprpc_server_run */
    atomic_bool stop;                /* asked to stop */
    atomic_bool over;                /* the loops' threads must return */
    enum hprpc__server_stage stage;  /* of the thread in hprpc_server_process */
    struct hprpc__server_signals signals;
    _Atomic hprpc__deadline stop_deadline; /* fixed by the first thread that sees `stop`; 0 before */
    atomic_uint turning_away;              /* connections that are being turned away */
    void (*connected)(void *self, struct hprpc_controller *controller);
    void (*disconnected)(void *self, struct hprpc_controller *controller, int code, const char *reason);
    void *connected_self;
    uint32_t loop_count;    /* of those that were made */
    uint32_t loop_capacity; /* that there is memory for */
    struct hprpc__serving_loop *loops;
};

/* 0, or why no further listener may be added, with the sentence. */
int hprpc__server_may_listen(struct hprpc_server *server, struct hprpc_detail *detail);

/* One turn of the first loop, which also accepts. */
int hprpc__server_turn(struct hprpc_server *server, bool may_sleep, hprpc__deadline until);

#endif
