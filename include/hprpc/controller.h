/* SPDX-License-Identifier: MIT */
/*
 * The controller: one connection, seen from either end (the paper's RpcController). It routes messages between the channel
 * and its two roles: calling (struct hprpc_client) and serving (requests). Either end may do both.
 */
#ifndef HPRPC_CONTROLLER_H
#define HPRPC_CONTROLLER_H

#include <hprpc/client.h>
#include <hprpc/peer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hprpc_interface;

/* A controller is kept alive by its client or server, by every unanswered request, and by this. Any thread. */
HPRPC_API struct hprpc_controller *hprpc_controller_keep(struct hprpc_controller *controller);

/* Gives up a hold. NULL is accepted. */
HPRPC_API void hprpc_controller_drop(struct hprpc_controller *controller);

/*
 * The calling role of this connection, for proxies that call the other side: from a server, this is how to call back.
 * Borrowed; lives as long as the controller. It must not be freed or closed as a client.
 */
HPRPC_API struct hprpc_client *hprpc_controller_client(struct hprpc_controller *controller);

/*
 * Offers a service to the other side of this one connection. Generated code wraps it. `interface` and `handlers` are
 * borrowed until the controller is freed. Errors: HPRPC_EINVAL (offered already), HPRPC_ENOMEM.
 */
HPRPC_API int hprpc_controller_serve(struct hprpc_controller *controller, const struct hprpc_interface *interface,
                                     const void *handlers, void *self);

/* Who is on the other side. Any thread. */
HPRPC_API void hprpc_controller_peer(struct hprpc_controller *controller, struct hprpc_peer *ret_peer);

/*
 * The number of a connection among those of its server, counted from 1; for the connection of a client 1. The library's log
 * lines name it. Any thread.
 */
HPRPC_API uint64_t hprpc_controller_number(const struct hprpc_controller *controller);

/*
 * Writes which connection this is and how it went so far, as the library's log lines do: "connection 17 from tcp
 * 192.0.2.7:40112, 12.5 s, 300 calls". At most `capacity` bytes, always NUL-terminated. Any thread.
 */
HPRPC_API void hprpc_controller_describe(struct hprpc_controller *controller, char *ret_text, size_t capacity);

/* Ends the connection in an orderly way: the other side is told the reason. Idempotent, any thread. */
HPRPC_API void hprpc_controller_close(struct hprpc_controller *controller);

/* What happened on a connection so far. */
struct hprpc_statistics {
    uint64_t calls_sent, calls_received;
    uint64_t replies_sent, replies_received;
    uint64_t late_replies;  /* answers to calls that had expired or were cancelled: dropped */
    uint64_t stray_replies; /* answers to calls that never were: dropped */
    uint64_t busy;          /* requests turned away at a limit */
    uint64_t expired;       /* requests whose deadline had passed before they ran: dropped */
    uint64_t copied, lent;  /* larger bodies that were copied, or kept where they lay */
};

HPRPC_API void hprpc_controller_statistics(struct hprpc_controller *controller,
                                           struct hprpc_statistics *ret_statistics);

#ifdef __cplusplus
}
#endif

#endif
