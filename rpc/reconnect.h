/* SPDX-License-Identifier: MIT */
/*
 * A client that has one connection after another. The application's handle is `face`, whose `controller` is NULL: everything that is
 * done with it picks the connection of the moment first, and keeps it as long as it works with it. Tickets, requests and replies
 * belong to the connection that they came by, which lives until they are gone.
 *
 *              rest is over                READY             end of the connection
 *   RESTING ----------------> ATTEMPTING ---------> READY ------------------------------> another object, RESTING
 *      ^                          |
 *      |     the opening fails    |
 *      +--------------------------+
 *
 * RESTING and ATTEMPTING are both HPRPC__OPENING for the rest of the library: calls wait for room, BINDs stand in the queue, and
 * deadlines pass, as on any connection that is opening. Only the channel under the connection changes, which is a resting one
 * between two attempts (resting.h).
 */
#ifndef HPRPC_RPC_RECONNECT_H
#define HPRPC_RPC_RECONNECT_H

#include "rpc/backoff.h"
#include "rpc/client.h"
#include "rpc/resting.h"

/* Whether the application was told that the connection of the moment has ended. */
enum hprpc__end { HPRPC__END_UNTOLD, HPRPC__END_BEING_TOLD, HPRPC__END_TOLD };

struct hprpc__reconnect {
    struct hprpc_client face; /* what the application has; `bindings` are handles, under `lock` (rebind.h) */
    struct hprpc__client *client;
    const struct hprpc_transport *transport;
    struct hprpc_uri uri;             /* without `reconnect` */
    struct hprpc__services *services; /* that the client offers; in `shared`, too */
    struct hprpc__bed bed;

    struct hprpc__mutex lock; /* of all below; alone, or while a connection object is made */
    struct hprpc_controller *current;
    struct hprpc_controller *former; /* that have ended, by `next`: not yet let go, because threads may pump them */
    struct hprpc_channel *resting;   /* a resting channel for the next rest; NULL while the current connection has it */
    struct hprpc__backoff backoff;
    uint64_t ready_at;
    enum hprpc__end telling;
    bool was_ready;     /* once at least */
    uint32_t forbidden; /* attempts in a row that failed with HPRPC_EPERMISSION; by the thread that makes them */
    bool closed;        /* by the application */
    bool over;          /* the last connection has ended, and no other follows */
    struct hprpc_detail failure; /* why there is no connection, as far as is known; or "" */
};

/* The client behind a handle that an application has; NULL where it has one connection for life. */
static inline struct hprpc__reconnect *hprpc__reconnect_of(struct hprpc_client *client)
{
    return client->controller ? NULL : (struct hprpc__reconnect *)client;
}

/* Makes what reconnecting to a URI needs, and begins the first attempt. On failure nothing is left. The codes of hprpc_client_open. */
int hprpc__reconnect_new(struct hprpc__client *client, const char *uri, struct hprpc_detail *detail);

/* Lets go of all connections and frees. */
void hprpc__reconnect_free(struct hprpc__client *client);

/*
 * Picks the connection of the moment, and keeps it for the caller; one that has ended is replaced before. 0; otherwise the connection
 * has ended: HPRPC_ENOTSENT, and the client with it; HPRPC_EAGAIN, and another thread is just about to say so; HPRPC_ENOMEM, and there is
 * no memory for another.
 */
int hprpc__reconnect_pick(struct hprpc__reconnect *reconnect, struct hprpc_controller **ret_controller);

/* After HPRPC_EAGAIN from hprpc__reconnect_pick: lets that other thread run for a moment. */
void hprpc__reconnect_let_end(const struct hprpc_controller *controller);

/* Whether the client has ended: no other connection will follow. */
bool hprpc__reconnect_is_over(struct hprpc__reconnect *reconnect);

/* Gives the descriptors of connections that have ended back, and forgets those that no thread pumps any more. Not under a lock. */
void hprpc__reconnect_reap(struct hprpc__reconnect *reconnect);

/* The same, by a thread that is in no turn of any of them, and perhaps has their pumps. */
void hprpc__reconnect_disown(struct hprpc__reconnect *reconnect);

/* Notes that no other connection is to follow the one that it returns, which is kept for the caller, who closes it. */
struct hprpc_controller *hprpc__reconnect_close(struct hprpc__reconnect *reconnect);

/* Tells that the client is closed where no connection is left that would tell: there was no memory for another. */
void hprpc__reconnect_tell_closed(struct hprpc__reconnect *reconnect);

/* The state that the application is told; `controller` is the connection of the moment. */
enum hprpc_client_state hprpc__reconnect_state(struct hprpc__reconnect *reconnect, struct hprpc_controller *controller);

/* Copies the reason why there is no connection. */
void hprpc__reconnect_reason(struct hprpc__reconnect *reconnect, struct hprpc_detail *ret_reason);

/* The client whose host a controller has; NULL where it is no client's, or the client does not reconnect. */
struct hprpc__reconnect *hprpc__reconnect_behind(const struct hprpc_controller *controller);

#endif
