/* The inside of a server: its listeners, its connections, and the loop that serves them. */
#ifndef HPRPC_RPC_SERVER_H
#define HPRPC_RPC_SERVER_H

#include "rpc/controller.h"

enum { HPRPC__CONNECTIONS_MAX = 4096 };

struct hprpc__listening {
    struct hprpc_listener *listener;
    struct hprpc__listening *next;
};

struct hprpc_server {
    struct hprpc__host host;
    struct hprpc_context *context;
    struct hprpc__limits limits;
    uint32_t max_connections;
    uint32_t opening_ms;
    struct hprpc__services services;
    atomic_uint *guard;
    int epoll_fd;
    int wake_fd;
    atomic_bool stop;
    struct hprpc__listening *listeners;

    /* the loop's own */
    struct hprpc_controller *connections; /* all, newest first */
    uint32_t connection_count;
    struct hprpc_controller **active; /* those that the loop looks at without being woken */
    uint32_t active_count, active_capacity;
    uint64_t next_deadline; /* no connection wants hprpc__controller_expire before it */
    uint64_t accept_again;  /* when accepting pauses: until then; 0 when it does not */
    uintptr_t owner;        /* the thread that ran the last turn */
    uint64_t polled;        /* when epoll was last asked */
    uint32_t turns;
};

/* One turn of the loop: serves what is there; sleeps if there is nothing and `may_sleep`. 0 or HPRPC_ESYSTEM. */
int hprpc__server_turn(struct hprpc_server *server, bool may_sleep);

/* Milliseconds until the loop wants a turn even if nothing happens; -1: never. */
int hprpc__server_timeout(struct hprpc_server *server);

/* Closes and forgets every connection. */
void hprpc__server_close_all(struct hprpc_server *server);

/* The host's part of a server's controllers. */
void hprpc__server_attend(struct hprpc__host *host, struct hprpc_controller *controller);

#endif
