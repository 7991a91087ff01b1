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
    HPRPC_CLIENT_RECONNECTING =
        5, /* with `reconnect`: the connection ended, and the client tries to make another; calls wait */
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
     * DRAINING where the server says so, and BROKEN or CLOSED at last, each once. With `reconnect`, RECONNECTING and READY follow
     * each other as often as connections end. `code` and `reason` (borrowed) say why one ended; 0 and "" before. Before
     * hprpc_client_open returns only CONNECTING is told, except with THREAD, which does not wait for that. If open itself fails,
     * nothing is told. NULL for none.
     */
    void (*changed)(void *self, enum hprpc_client_state state, int code, const char *reason);
    void *changed_self;

    /*
     * Makes another connection whenever one ends, and goes on trying until the client is closed; `?reconnect=yes` or `=no` in the
     * URI goes before this. See "Reconnecting" below.
     */
    bool reconnect;

    /* What the other side may send on streams before this side reads it; see hprpc/stream.h. */
    uint32_t stream_elements;  /* elements of one stream; 0 means 1024 */
    uint64_t stream_bytes;     /* bytes of the elements of one stream; 0 means 1 MiB */
    uint64_t max_stream_bytes; /* bytes over all streams of a connection; 0 means 64 MiB */
    uint32_t
        stream_idle_ms; /* a call with streams ends with HPRPC_EDEADLINE when nothing has moved for so long; 0: never */
};

#define HPRPC_CLIENT_OPTIONS_INIT                                                                                     \
    {                                                                                                                 \
        sizeof(struct hprpc_client_options), HPRPC_PUMP_CALLER, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, false, 0, 0, 0, 0 \
    }

/*
 * ---- Reconnecting ----
 *
 * A client with `reconnect` survives the end of its connection. Its proxies stay valid: they are bound again by themselves, and
 * a procedure that the new server refuses fails with the code and the sentence of that. What hprpc_client_offer offers is offered
 * again. A call waits for the connection until its deadline, or is HPRPC_EBUSY at once with HPRPC_CALL_NO_WAIT. A call that was
 * sent is never sent again: it fails with HPRPC_EMAYBE, HPRPC_EPEERDIED or HPRPC_ENOTSENT, as without `reconnect`. While the
 * server is DRAINING, new calls wait for the next connection.
 *
 * A `_start` that finds no connection does not wait: the client keeps a copy of the arguments, and sends it when there is one, before
 * the calls that begin later. The deadline counts from `_start`. A copy that cannot be sent completes the call, with the code and
 * the sentence of a refusal, with HPRPC_ETOOBIG, or with HPRPC_ENOTSENT where the connection ends first, here or there. Copies have at
 * most 64 KiB each, and 4 MiB together with what the library needs for each call; beyond that `_start` waits as other calls do.
 * One-way calls are not copied, because nothing could tell that one was lost: they wait.
 *
 * Attempts follow each other ever more slowly: on this host (all but tcp) after 10 ms, twice as long each time, up to a second, and
 * at once when the listener's name appears; else after 100 ms, 1.6 times as long each time, up to 15 s; all give or take a fifth.
 * The waits are short again once a connection has lived longer than the last of them.
 *
 * The first connection may take as long as it likes, too: a listener that is not there yet, or is full, is waited for.
 * hprpc_client_connect waits for it no longer than the connect timeout. What waiting cannot mend ends the client (BROKEN), as long as
 * it never was READY: HPRPC_EVERSION, HPRPC_EPROTOCOL, and HPRPC_EPERMISSION four times in a row, because a listener's name appears a
 * moment before other users may open it. After that no failure is final.
 *
 * With CALLER the client reconnects inside calls, and inside hprpc_client_state; the other pumps do it at any time. With LOOP,
 * hprpc_client_timeout counts the waits in, and hprpc_client_process says 0 until the client is closed.
 */

/*
 * Begins to connect to a URI, and returns at once. A host's name (not an address) is looked up on a thread of its own, which lives as
 * long as that takes, with all signals blocked; a client that is closed before leaves it to itself.
 * `options` may be NULL. The caller owns the client, in state CONNECTING. The thread that pumps goes on with connecting:
 * `process` in an event loop, the client's thread, or the first thread that waits for something. Calls wait until the client
 * is READY, a `_bind_start` is held back until then, and both fail when connecting fails.
 * Errors that are known at once: HPRPC_EURI, HPRPC_ESCHEME, HPRPC_EADDRESS, HPRPC_EREFUSED, HPRPC_EPERMISSION,
 * HPRPC_ENOMEM, HPRPC_ESYSTEM; `detail` (or NULL) gets the sentence. With `reconnect` only those that waiting cannot mend:
 * HPRPC_EURI, HPRPC_ESCHEME; HPRPC_ENOMEM and HPRPC_ESYSTEM where the client itself cannot be made.
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
 * that a transport takes (tcp:// takes TCP sockets, unix:// Unix-domain stream sockets), whose other end a server serves. `query`
 * has options as they stand behind a URI, "wait=spin&keepalive=20", or is NULL. On success the descriptor is the client's, which closes it, and it may get another
 * number; on failure it is the caller's. HPRPC_EINVAL: it is no such socket, or `reconnect` is set; HPRPC_ESCHEME: no transport takes this kind;
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

/*
 * The connection under the client; borrowed, lives as long as the client. With `reconnect` it is the connection of this moment, or
 * the one that is being made, and lives until the client is through with it: use hprpc_client_keep_controller. Closing it makes the
 * client reconnect.
 */
HPRPC_API struct hprpc_controller *hprpc_client_controller(struct hprpc_client *client);

/* The same, kept: it lives until hprpc_controller_drop. Any thread. */
HPRPC_API struct hprpc_controller *hprpc_client_keep_controller(struct hprpc_client *client);

struct hprpc_interface;

/*
 * Offers a service to the server: on this connection, and with `reconnect` on each one that follows. Generated code wraps it
 * (`<namespace>_<service>_offer`). `interface` and `handlers` are borrowed until the client is freed. Any thread. Errors:
 * HPRPC_EINVAL (offered already), HPRPC_ENOMEM, HPRPC_EFORKED.
 */
HPRPC_API int hprpc_client_offer(struct hprpc_client *client, const struct hprpc_interface *interface,
                                 const void *handlers, void *self);

/* ---- Driving a client from an event loop (HPRPC_PUMP_LOOP) ---- */

/* A descriptor that is readable when `process` has work: level-triggered, the same for the client's life. */
HPRPC_API int hprpc_client_descriptor(struct hprpc_client *client);

/* Milliseconds after which `process` must be called even if the descriptor is quiet; -1: never. */
HPRPC_API int hprpc_client_timeout(struct hprpc_client *client);

/*
 * Does what can be done without blocking: receives, completes calls, runs their callbacks and served requests, sends what
 * waits, reconnects. 0, or the code that the client ended with, after which the
 * descriptor is quiet.
 */
HPRPC_API int hprpc_client_process(struct hprpc_client *client);

#ifdef __cplusplus
}
#endif

#endif
