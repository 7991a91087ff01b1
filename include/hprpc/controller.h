/* SPDX-License-Identifier: MIT */
/*
 * The controller: one connection, seen from either side (the paper's RpcController). It routes messages between the channel
 * and its two roles: calling (struct hprpc_client) and serving (requests). Either side may do both.
 */
#ifndef HPRPC_CONTROLLER_H
#define HPRPC_CONTROLLER_H

#include <hprpc/client.h>
#include <hprpc/peer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hprpc_interface;

/* Keeps a controller alive, until hprpc_controller_drop. So do its client or server, and unanswered requests. Any thread. */
HPRPC_API struct hprpc_controller *hprpc_controller_keep(struct hprpc_controller *controller);

/* Ends one hprpc_controller_keep. NULL is accepted. */
HPRPC_API void hprpc_controller_drop(struct hprpc_controller *controller);

/*
 * The calling role of this connection, for proxies that call the other side: a server calls back with it.
 * Borrowed; lives as long as the controller. It must not be freed or closed as a client.
 */
HPRPC_API struct hprpc_client *hprpc_controller_client(struct hprpc_controller *controller);

/*
 * Offers a service to the other side of this one connection. Generated code wraps it. `interface` and `handlers` are
 * borrowed until the controller is freed. Errors: HPRPC_EINVAL (offered already), HPRPC_ENOMEM.
 */
HPRPC_API int hprpc_controller_serve(struct hprpc_controller *controller, const struct hprpc_interface *interface,
                                     const void *handlers, void *self);

/* Describes the other side. Any thread. */
HPRPC_API void hprpc_controller_peer(struct hprpc_controller *controller, struct hprpc_peer *ret_peer);

/*
 * The number of a connection among those of its server, counted from 1, or among those that a client has had one after the
 * other. The library's log lines name it. Any thread.
 */
HPRPC_API uint64_t hprpc_controller_number(const struct hprpc_controller *controller);

/*
 * Writes which connection this is and what it has done, as the library's log lines do: "connection 17 from tcp
 * 192.0.2.7:40112, 12.5 s, 300 calls". At most `capacity` bytes, always NUL-terminated. Any thread.
 */
HPRPC_API void hprpc_controller_describe(struct hprpc_controller *controller, char *ret_text, size_t capacity);

/* Ends the connection in an orderly way: tells the other side the reason. Idempotent, any thread. */
HPRPC_API void hprpc_controller_close(struct hprpc_controller *controller);

/* What happened on a connection so far. */
struct hprpc_statistics {
    uint64_t calls_sent, calls_received;
    uint64_t replies_sent, replies_received;
    uint64_t late_replies;  /* answers to calls that had expired or were cancelled: dropped */
    uint64_t stray_replies; /* answers to calls that do not exist: dropped */
    uint64_t busy;          /* requests turned away at a limit */
    uint64_t expired;       /* requests whose deadline had passed before they ran: dropped */
    uint64_t copied, lent;  /* larger bodies that were copied, or kept where they were */
};

HPRPC_API void hprpc_controller_statistics(struct hprpc_controller *controller,
                                           struct hprpc_statistics *ret_statistics);

#ifdef __cplusplus
}
#endif

#endif
