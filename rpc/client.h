/* SPDX-License-Identifier: MIT */
/* The inside of a client: the host of its connection, or of one after the other. */
#ifndef HPRPC_RPC_CLIENT_H
#define HPRPC_RPC_CLIENT_H

#include "rpc/connection/connection.h"
#include "rpc/pump/sleeper.h"

struct hprpc__reconnect;

struct hprpc__client {
    struct hprpc__host host;
    struct hprpc_context *context;
    struct hprpc_controller *controller; /* the only one; NULL where `reconnect` has them */
    struct hprpc__reconnect *reconnect;  /* NULL: one connection for life */
    enum hprpc_pump pump;
    struct hprpc__shared *shared;
    int wake_fd;
    struct hprpc__poller poller;     /* with HPRPC_PUMP_LOOP, else none */
    struct hprpc__sleeper sleeper;   /* with the other two */
    _Atomic hprpc__deadline nap_end; /* HPRPC_PUMP_LOOP: when to look again if only time wakes the loop; 0: never */
    _Atomic hprpc__deadline told_deadline; /* the last that a loop asked for, where the client reconnects */
    uint32_t opening_ms;                   /* for connecting and the handshake */
    void (*changed)(void *self, enum hprpc_client_state state, int code, const char *reason);
    void *changed_self;
    struct hprpc__thread thread; /* HPRPC_PUMP_THREAD */
    atomic_uintptr_t pumping;    /* that thread; 0 before it runs */
    bool thread_runs;
};

/* The set in which the descriptors of the connection are. */
static inline struct hprpc__poller *hprpc__client_poller(struct hprpc__client *client)
{
    return client->pump == HPRPC_PUMP_LOOP ? &client->poller : &client->sleeper.poller;
}

/* Makes a connection object over a channel, which it takes over on success. HPRPC_ENOMEM. */
int hprpc__client_controller_new(struct hprpc__client *client, struct hprpc_channel *channel, hprpc__deadline opening,
                                 struct hprpc_controller **ret_controller);

/* Calls the application's `changed`, if there is one. Not under a lock. */
void hprpc__client_tell(struct hprpc__client *client, enum hprpc_client_state state, int code, const char *reason);

/* The state of one connection, as an application is told it. */
enum hprpc_client_state hprpc__client_state_of(struct hprpc_controller *controller);

#endif
