/* The inside of a server: what it offers, where it listens, and the loops that serve its connections. */
#ifndef HPRPC_RPC_SERVER_H
#define HPRPC_RPC_SERVER_H

#include "rpc/acceptor.h"
#include "rpc/serve/services.h"
#include "rpc/serve/workers.h"

enum {
    HPRPC__CONNECTIONS_MAX = 4096,
    HPRPC__LOOPS_MAX = 256,
    HPRPC__WORKERS_MAX = 4096,
    HPRPC__KEPT_CALLS_MAX = 65536,
    HPRPC__STOP_MS = 5000,
};

#define HPRPC__KEPT_BYTES_MAX (1024ull * 1024 * 1024)

struct hprpc__serving_loop {
    struct hprpc__loop loop;
    struct hprpc_server *server;
    struct hprpc__thread thread;
    bool runs;
};

struct hprpc_server {
    struct hprpc_context *context;
    struct hprpc__limits limits;
    uint32_t max_connections;
    uint32_t opening_ms;
    uint32_t stop_ms;
    struct hprpc__services services;
    struct hprpc__workers *workers;
    struct hprpc__acceptor acceptor; /* on the first loop */
    struct hprpc__mutex lock;        /* of `services`, for adding */
    struct hprpc__shared *shared;    /* with the quota */
    bool processing;                 /* inside hprpc_server_process, which a handler may call again */
    atomic_bool stop;                /* asked to stop */
    atomic_bool over;                /* the loops' threads must return */
    bool runs;                       /* inside hprpc_server_run; set before it starts the loops' threads */
    _Atomic uint64_t stop_deadline;  /* fixed by the first that sees `stop`; 0 before */
    uint32_t loop_count;
    struct hprpc__serving_loop *loops;
};

#endif
