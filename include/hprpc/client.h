/*
 * The client: a connection that one calls through (the paper's RpcClient), and the calls themselves. Generated proxies do
 * the typed part; this header is what surrounds them.
 */
#ifndef HPRPC_CLIENT_H
#define HPRPC_CLIENT_H

#include <hprpc/context.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hprpc_client;
struct hprpc_controller;
struct hprpc_pending_call;

#define HPRPC_NO_TIMEOUT UINT32_MAX

/* Who drives the connection. Fixed when the client is made. */
enum hprpc_pump {
    HPRPC_PUMP_CALLER = 0, /* the threads that wait for replies; no hidden thread. One pumps for all of them. */
    HPRPC_PUMP_LOOP = 1,   /* your event loop: see hprpc_client_descriptor */
    HPRPC_PUMP_THREAD = 2, /* a background thread of the client's own */
};

enum hprpc_client_state {
    HPRPC_CLIENT_CONNECTING = 0,
    HPRPC_CLIENT_READY = 1,
    HPRPC_CLIENT_BROKEN = 2, /* the connection ended by itself; calls fail with HPRPC_ENOTSENT */
    HPRPC_CLIENT_CLOSED = 3, /* it was closed on this side */
};

struct hprpc_client_options {
    size_t size; /* sizeof(struct hprpc_client_options) */
    enum hprpc_pump pump;
    uint32_t timeout_ms;         /* deadline of a call that names none; 0 means 30 s; HPRPC_NO_TIMEOUT for none */
    uint32_t connect_timeout_ms; /* deadline of connecting and of the handshake, from open on; 0 means 10 s */
    uint32_t max_message;        /* largest body in bytes, either way; 0 means 64 MiB */
    uint32_t max_calls;          /* requests of the other side that may be unanswered at once; 0 means 1024 */
    uint64_t max_call_bytes;     /* bytes of bodies of those requests; 0 means 64 MiB */
    uint32_t max_depth;          /* handlers nested inside waits inside handlers; 0 means 64 */
    uint64_t max_decoded;        /* bytes that decoding one message may take beyond the message; 0 means 64 MiB */
    uint32_t keepalive_ms;       /* with LOOP and THREAD: after so much silence the server is pinged, and the connection
                                    breaks when nothing comes for three times as long; 0 means never */

    /*
     * Called when the state changes, on the pumping thread and with no lock held: CONNECTING, READY unless connecting fails,
     * and BROKEN or CLOSED at last, each once. `code` and `reason` (borrowed) say why it ended; 0 and "" before. What comes
     * before hprpc_client_open returns is CONNECTING alone, except with THREAD, which does not wait for that. Where open
     * itself fails, nothing is told. NULL for none.
     */
    void (*changed)(void *self, enum hprpc_client_state state, int code, const char *reason);
    void *changed_self;
};

#define HPRPC_CLIENT_OPTIONS_INIT                                                                  \
    {                                                                                              \
        sizeof(struct hprpc_client_options), HPRPC_PUMP_CALLER, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL \
    }

/*
 * Begins to connect to a URI, and returns at once (a host's name is resolved first, which may block; an address is not).
 * `options` may be NULL. The caller owns the client, in state CONNECTING; whoever pumps takes it on: `process` in an event
 * loop, the thread, or the first thread that waits for something. Calls wait until it is READY, a `_bind_start` is held back
 * until then, and all of it ends when connecting fails.
 * Errors, of what is known at once: HPRPC_EURI, HPRPC_ESCHEME, HPRPC_EADDRESS, HPRPC_EREFUSED, HPRPC_EPERMISSION,
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

/* Ends the connection: pending calls complete with HPRPC_ENOTSENT or HPRPC_EMAYBE. Idempotent, any thread. */
HPRPC_API void hprpc_client_close(struct hprpc_client *client);

/*
 * Closes and frees. No other call on the client may be running or start any more, so a callback that it runs must leave
 * that to whoever it returns to; held replies stay valid until their hprpc_call_clear. NULL is accepted. Closing and freeing
 * do nothing in a child of fork: the handle is its parent's.
 */
HPRPC_API void hprpc_client_free(struct hprpc_client *client);

/* The state now. Any thread. In a child of fork it is CLOSED. */
HPRPC_API enum hprpc_client_state hprpc_client_state(struct hprpc_client *client);

/* The connection under the client; borrowed, lives as long as the client. */
HPRPC_API struct hprpc_controller *hprpc_client_controller(struct hprpc_client *client);

/* ---- Driving a client from an event loop (HPRPC_PUMP_LOOP) ---- */

/* A descriptor that is readable when `process` has work: level-triggered, the same for the client's life. */
HPRPC_API int hprpc_client_descriptor(struct hprpc_client *client);

/* Milliseconds after which `process` wants to be called even if the descriptor is quiet; -1: never. */
HPRPC_API int hprpc_client_timeout(struct hprpc_client *client);

/*
 * Does what can be done without blocking: receives, completes calls, runs their callbacks and served requests, sends what
 * waited. 0, or the reason why the connection ended, after which the descriptor is quiet.
 */
HPRPC_API int hprpc_client_process(struct hprpc_client *client);

/* ---- One call ---- */

enum {
    HPRPC_CALL_NO_WAIT = 1, /* HPRPC_EBUSY instead of waiting where no credit or no room is there */
};

/*
 * The circumstances of one call: what the caller asks for, and afterwards what the generated stub's plain outputs have no
 * place for. One thread at a time. A stub that gets one clears what an earlier call left in it.
 */
struct hprpc_call {
    uint32_t timeout_ms;                /* in: 0 means the client's default; HPRPC_NO_TIMEOUT for none */
    uint32_t flags;                     /* in: HPRPC_CALL_NO_WAIT */
    const char *detail;                 /* out: after a failure, the sentence behind the code; valid until cleared */
    struct hprpc_pending_call *pending; /* out: the ticket; holds the memory that the reply's views point into */
};

/* clang-format off */
#define HPRPC_CALL_INIT { 0, 0, NULL, NULL }
/* clang-format on */

/* Gives the reply's memory back, after which its views are gone; an unfinished call is cancelled. `call` is as new. */
HPRPC_API void hprpc_call_clear(struct hprpc_call *call);

/* ---- The ticket for one reply (the paper's PendingCall) ---- */

/* Whether the call is complete: its `_finish` will not block. Does not pump. Any thread. */
HPRPC_API bool hprpc_pending_call_done(const struct hprpc_pending_call *pending);

/*
 * Waits until the call is complete, at most `timeout_ms` (0 just looks, after pumping once; HPRPC_NO_TIMEOUT waits for the
 * call's own deadline). 0 when it is complete, whatever its outcome; HPRPC_EAGAIN when it is not. Pumps where needed.
 */
HPRPC_API int hprpc_pending_call_wait(struct hprpc_pending_call *pending, uint32_t timeout_ms);

/* The same for the first of several (of one client): its index, or HPRPC_EAGAIN. NULL entries are passed over. */
HPRPC_API int hprpc_pending_call_wait_any(struct hprpc_pending_call *const *pending, size_t count, uint32_t timeout_ms);

/* Completes the call with HPRPC_ECANCELLED unless it is complete, and tells the other side. Any thread. */
HPRPC_API void hprpc_pending_call_cancel(struct hprpc_pending_call *pending);

/*
 * Has `notify` called once, when the call completes: on the thread that pumps, or that cancels or clears the call, with no
 * lock held; at once, on this thread, if it is complete already. `_finish` and hprpc_call_clear may be called from within.
 * A call that is cleared before, by whatever thread, completes with that: `notify` still comes, perhaps a moment later, and
 * finds the call empty; what `self` points to must last until then. `pending` is valid until `notify` returns.
 */
HPRPC_API void hprpc_pending_call_notify(struct hprpc_pending_call *pending,
                                         void (*notify)(void *self, struct hprpc_pending_call *pending), void *self);

#ifdef __cplusplus
}
#endif

#endif
