/* SPDX-License-Identifier: MIT */
/*
 * The client: a connection that calls go through (the paper's RpcClient). Generated proxies do the typed part; this header does
 * the rest.
 */
#ifndef HPRPC_CLIENT_H
#define HPRPC_CLIENT_H

#include <hprpc/call.h>
#include <hprpc/context.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hprpc_client;
struct hprpc_controller;

/* Which threads drive the connection. Fixed when the client is made. */
enum hprpc_pump {
    HPRPC_PUMP_CALLER = 0, /* the threads that wait for replies; one of them pumps for all. No hidden thread. */
    HPRPC_PUMP_LOOP = 1,   /* your event loop: see hprpc_client_descriptor */
    HPRPC_PUMP_THREAD = 2, /* a background thread of the client's own */
};

enum hprpc_client_state {
    HPRPC_CLIENT_CONNECTING = 0,
    HPRPC_CLIENT_READY = 1,
    HPRPC_CLIENT_BROKEN = 2,   /* the connection ended by itself; calls fail with HPRPC_ENOTSENT */
    HPRPC_CLIENT_CLOSED = 3,   /* it was closed on this side */
    HPRPC_CLIENT_DRAINING = 4, /* the server is stopping: what is pending finishes, new calls are HPRPC_ENOTSENT */
};

struct hprpc_client_options {
    size_t size; /* sizeof(struct hprpc_client_options) */
    enum hprpc_pump pump;
    uint32_t timeout_ms;         /* deadline of a call that names none; 0 means 30 s; HPRPC_NO_TIMEOUT for none */
    uint32_t connect_timeout_ms; /* deadline of connecting and of the handshake, from open on; 0 means 10 s */
    uint32_t max_message;        /* largest body in bytes, either way, 256 at least; 0 means 64 MiB */
    uint32_t max_calls;          /* requests of the other side that may be unanswered at once; 0 means 1024 */
    uint64_t max_call_bytes;     /* bytes of bodies of those requests; 0 means 64 MiB */
    uint32_t max_depth;          /* handlers nested inside waits inside handlers; 0 means 64 */
    uint64_t max_decoded;        /* bytes that decoding one message may take beyond the message; 0 means 64 MiB */
    uint32_t keepalive_ms;       /* with LOOP and THREAD: after so much silence the server is pinged, and the connection
                                    breaks when nothing comes for three times as long; 0 means never */

    /*
     * Called when the state changes, on the pumping thread and with no lock held: CONNECTING, READY unless connecting fails,
     * DRAINING where the server says so, and BROKEN or CLOSED at last, each once. `code` and `reason` (borrowed) say why it
     * ended; 0 and "" before. Before hprpc_client_open returns only CONNECTING is told, except with THREAD, which does not wait
     * for that. If open itself fails, nothing is told. NULL for none.
     */
    void (*changed)(void *self, enum hprpc_client_state state, int code, const char *reason);
    void *changed_self;
};

#define HPRPC_CLIENT_OPTIONS_INIT                                                                  \
    {                                                                                              \
        sizeof(struct hprpc_client_options), HPRPC_PUMP_CALLER, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL \
    }

/*
 * Begins to connect to a URI, and returns at once. A host's name (not an address) is looked up on a thread of its own, which lives as
 * long as that takes, with all signals blocked; a client that is closed before leaves it to itself.
 * `options` may be NULL. The caller owns the client, in state CONNECTING. The thread that pumps goes on with connecting:
 * `process` in an event loop, the client's thread, or the first thread that waits for something. Calls wait until the client
 * is READY, a `_bind_start` is held back until then, and both fail when connecting fails.
 * Errors that are known at once: HPRPC_EURI, HPRPC_ESCHEME, HPRPC_EADDRESS, HPRPC_EREFUSED, HPRPC_EPERMISSION,
 * HPRPC_ENOMEM, HPRPC_ESYSTEM; `detail` (or NULL) gets the sentence.
 */
HPRPC_API int hprpc_client_open(struct hprpc_context *context, const char *uri,
                                const struct hprpc_client_options *options, struct hprpc_detail *detail,
                                struct hprpc_client **ret_client);

/*
 * The same, and waits until it is READY, for at most the connect timeout. Any number of threads may call through one client.
 * Errors: as above, and HPRPC_EDEADLINE, HPRPC_EVERSION, HPRPC_EPROTOCOL, HPRPC_EPEERDIED.
 */
HPRPC_API int hprpc_client_connect(struct hprpc_context *context, const char *uri,
                                   const struct hprpc_client_options *options, struct hprpc_detail *detail,
                                   struct hprpc_client **ret_client);

/*
 * As hprpc_client_open, over a connection that another part of the program, or another program, has made: a connected socket of a kind
 * that a transport takes (tcp:// takes TCP sockets), whose other end a server serves. `query` has options as they stand behind a
 * URI, "wait=spin&keepalive=20", or is NULL. On success the descriptor is the client's, which closes it, and it may get another
 * number; on failure it is the caller's. HPRPC_EINVAL: it is no such socket; HPRPC_ESCHEME: no transport takes this kind;
 * HPRPC_EURI, HPRPC_ENOMEM, HPRPC_ESYSTEM.
 */
HPRPC_API int hprpc_client_from_fd(struct hprpc_context *context, int fd, const char *query,
                                   const struct hprpc_client_options *options, struct hprpc_detail *detail,
                                   struct hprpc_client **ret_client);

/* Ends the connection: pending calls complete with HPRPC_ENOTSENT or HPRPC_EMAYBE. Idempotent, any thread. */
HPRPC_API void hprpc_client_close(struct hprpc_client *client);

/*
 * Closes and frees. No other call on the client may be running or start any more, so a callback of the client must not do it.
 * Held replies stay valid until their hprpc_call_clear. NULL is accepted. Closing and freeing do nothing in a child of fork:
 * the handle is its parent's.
 */
HPRPC_API void hprpc_client_free(struct hprpc_client *client);

/*
 * The state now. Any thread. In a child of fork it is CLOSED. With HPRPC_PUMP_CALLER no thread looks at the connection between two
 * calls, so this looks first, unless another thread does; then callbacks may run. A call also looks if the last one was 10 ms
 * ago: then a server that is gone, or is stopping, makes it HPRPC_ENOTSENT.
 */
HPRPC_API enum hprpc_client_state hprpc_client_state(struct hprpc_client *client);

/* The connection under the client; borrowed, lives as long as the client. */
HPRPC_API struct hprpc_controller *hprpc_client_controller(struct hprpc_client *client);

/* ---- Driving a client from an event loop (HPRPC_PUMP_LOOP) ---- */

/* A descriptor that is readable when `process` has work: level-triggered, the same for the client's life. */
HPRPC_API int hprpc_client_descriptor(struct hprpc_client *client);

/* Milliseconds after which `process` must be called even if the descriptor is quiet; -1: never. */
HPRPC_API int hprpc_client_timeout(struct hprpc_client *client);

/*
 * Does what can be done without blocking: receives, completes calls, runs their callbacks and served requests, sends what
 * waits. 0, or the code that the connection ended with, after which the descriptor is quiet.
 */
HPRPC_API int hprpc_client_process(struct hprpc_client *client);

#ifdef __cplusplus
}
#endif

#endif
