/* SPDX-License-Identifier: MIT */
/*
 * The extension API: what a transport is. Everything above (controller, client, server, generated code) sees a
 * connection only through `struct hprpc_channel`, and every transport, built in or yours, is one `struct hprpc_transport`.
 * This header is stable in the sense that slots are only added, at the end, with a new `HPRPC_CHANNEL_VERSION`.
 *
 * A channel carries messages: a header (struct hprpc_header) and a body of bytes, in order, exactly once, or it breaks and
 * says why. It comes from the paper's RpcChannel (StartCall/EndCall over a BinaryWriter/BinaryReader).
 *
 * Threads. The controller above serialises two sides of every channel:
 *   - the sending side (start_call, end_call, cancel_call, flush, close) is called under the controller's send lock;
 *   - the receiving side (receive, arm, disarm) is called by one thread at a time, the one that pumps;
 * the two sides run at the same time. `release` comes from any thread at any time. `watch` is called with both sides
 * excluded or under the send lock. `free` is called once, when no other call is running and every message was released.
 * No slot blocks, no slot calls back, and no slot is NULL.
 */
#ifndef HPRPC_CHANNEL_CHANNEL_H
#define HPRPC_CHANNEL_CHANNEL_H

#include <hprpc/channel/message.h>
#include <hprpc/context.h>
#include <hprpc/peer.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HPRPC_CHANNEL_VERSION 2

/* How a thread waits for the other side. It decides the speed of a call more than anything else. */
enum hprpc_wait {
    HPRPC_WAIT_ADAPTIVE = 0, /* spin for about the cost of a wake-up, then sleep; learns which is better */
    HPRPC_WAIT_SPIN = 1,     /* never sleep: one processor belongs to this connection */
    HPRPC_WAIT_BLOCK = 2,    /* sleep at once */
};

enum { HPRPC_WATCH_MAX = 4 };

/* A descriptor to sleep on. */
struct hprpc_watch {
    int fd;
    short events; /* POLLIN, POLLOUT; hang-up and error always count */
    /*
     * Report each event once, not as long as the condition lasts: for a doorbell that is not drained. Where a wait inside a
     * handler has to poll, it wakes once for nothing, and `arm` drains the doorbell from then on.
     */
    bool edge;
};

/* Largest body of a message before the two sides have said HELLO. */
enum { HPRPC_FIRST_MESSAGE_MAX = 64 * 1024 };

/* Why a channel broke. It takes memory only once there is something to say. */
struct hprpc_reason {
    const char *text; /* NULL: nothing was said */
    size_t size;      /* of the memory that holds the text, from the context; 0: the text is static */
};

struct hprpc__ring;
struct hprpc__seat;

struct hprpc_channel {
    const struct hprpc_channel_ops *ops;
    struct hprpc_context *context;
    uint32_t receive_limit; /* largest body to accept, set by the controller; a longer one breaks the channel */
    enum hprpc_wait wait;
    /*
     * Set by a backend when it makes the channel, if no slot of an open channel calls anything that is a cancellation point
     * (pthreads(7)). For others the library disables the cancellation of the calling thread, which costs some nanoseconds a call.
     */
    bool no_cancellation_points;
    bool over;     /* set by the controller, under the send lock, before a last `close`; see there */
    bool corked;   /* set by the controller before end_call, under the send lock: leave the message to the next flush */
    size_t queued; /* set by the backend, under the send lock: bytes that wait for flush, with their overhead */
    const char *waits_for; /* set by the backend, on the receiving side: what its opening waits for; NULL: it is open */
    struct hprpc_reason reason; /* why the channel broke; written once, before the slot that reports it returns */

    /*
     * A backend that can move its bytes on a ring sets `completes`, and `wanted` to what its URI says. Then a server's loop sets
     * `ring` and `owner` before the first `receive`, if it has a ring for the channel; if not, `engine` says why.
     */
    bool completes;
    uint8_t wanted;           /* enum hprpc_engine */
    const char *engine;       /* as in struct hprpc_peer; any thread */
    struct hprpc__ring *ring; /* an offer; the first `receive` takes it */
    void *owner;              /* whom the ring tells of news */

    /*
     * A backend whose two ends are in one process may set `assist`, which is not a slot: a thread that waits on the channel calls it
     * where `receive` has found nothing, with no lock held, and it may call back. It has the other end served by this thread, if the seat
     * of that end lets it: handlers of the other side run meanwhile. Positive: something was done there, so look again; 0:
     * nothing was to be done; negative: this thread may not. The library sets `seat` and `seated`, who serves this end; a backend
     * that has read them there, for the other end, must not do so any more once a `close` that finds `over` has returned. NULL for others.
     */
    int (*assist)(struct hprpc_channel *channel);
    const struct hprpc__seat *seat;
    void *seated;

    /*
     * Whether open descriptors travel with messages. Set by a backend that can, when it makes the channel; the controller may clear it
     * before the first `receive`, or after a `receive` that brought HELLO, with both sides excluded, and then the other side's
     * descriptors are refused or closed.
     */
    bool carries_descriptors;
    uint32_t descriptors_held; /* the controller's: those that came, and belong to requests and calls. Atomic */
};

/*
 * The slots. "Broken" means any negative code but HPRPC_EAGAIN, HPRPC_ETOOBIG and HPRPC_ENOMEM: HPRPC_EPEERDIED when the
 * other side went away, HPRPC_EPROTOCOL when it sent nonsense, HPRPC_EREFUSED and HPRPC_EADDRESS from a channel that is
 * still opening, HPRPC_ECLOSED after a local close. A broken channel stays broken, and everything complete that was
 * received before the break is delivered before it is reported.
 */
struct hprpc_channel_ops {
    /*
     * Reserves room for exactly `size` bytes of body behind `header` (borrowed for the call) and points the reservation's
     * writer at it. Errors: HPRPC_EAGAIN (no room now, nothing changed; a later `receive` or `flush`, or a watched event,
     * makes room), HPRPC_ENOMEM, broken. A message with more bytes than the medium holds at once is staged, not refused.
     * Replies, errors and control messages find room, or memory, where requests no longer do.
     */
    int (*start_call)(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size,
                      struct hprpc_reservation *ret_reservation);

    /*
     * Publishes the message, and wakes the other side if it sleeps. Borrowed runs are sent or copied before it returns.
     * 0 even if some of the bytes still wait for `flush`. Errors: broken; then the other side never gets the whole message, and its
     * sender is told that the request did not run.
     */
    int (*end_call)(struct hprpc_channel *channel, struct hprpc_reservation *reservation);

    /* Gives the room back; as if start_call had never been. */
    void (*cancel_call)(struct hprpc_channel *channel, struct hprpc_reservation *reservation);

    /* Sends what end_call has queued, as far as there is room. 0: nothing is left; HPRPC_EAGAIN: some is; broken. */
    int (*flush)(struct hprpc_channel *channel);

    /*
     * Takes the next message: 1 and a message that the caller must release; 0, none is there now; broken. Also drives a
     * channel that is still opening. The caller may call it again before it releases the last message.
     */
    int (*receive)(struct hprpc_channel *channel, struct hprpc_message *ret_message);

    /* Gives a message's memory back, in any order, from any thread, also after the channel broke. */
    void (*release)(struct hprpc_channel *channel, struct hprpc_message *message);

    /*
     * Names the descriptors to sleep on now, HPRPC_WATCH_MAX at most, and returns their number. They change only inside
     * receive, flush and end_call. A channel without descriptors returns 0: the library looks at it every millisecond, after the
     * spinning that its strategy wants.
     */
    size_t (*watch)(struct hprpc_channel *channel, struct hprpc_watch *ret_watches);

    /*
     * Called before a sleep: asks the other side to wake this one. True when `receive` has something to do at once; then the
     * thread must not sleep. After it, anything that the other side sends makes a watched descriptor ready.
     */
    bool (*arm)(struct hprpc_channel *channel);

    /* Called after a sleep, or in place of it: wake-ups are no longer needed, and `end_call` of the other side gets cheaper. */
    void (*disarm)(struct hprpc_channel *channel);

    /*
     * Ends the connection: both sides see it, this one at its next call (HPRPC_ECLOSED), also when it sleeps on the
     * watched descriptors. Idempotent. Memory and descriptors stay until `free`, unless the channel is `over`: then only
     * `release`, `describe` and `free` follow, and slots that say that the channel is broken. Messages may stay lent for a long
     * time, so a backend gives its descriptors back in a `close` that finds `over`.
     */
    void (*close)(struct hprpc_channel *channel);

    /* Frees everything; closes first if that was not done. */
    void (*free)(struct hprpc_channel *channel);

    /* Describes the other side; complete once the channel has delivered its first message. */
    void (*describe)(struct hprpc_channel *channel, struct hprpc_peer *ret_peer);
};

/*
 * For backends: fills the base of a channel. Checks that every slot of `ops` is there; HPRPC_EINVAL otherwise.
 */
HPRPC_API int hprpc_channel_init(struct hprpc_channel *channel, const struct hprpc_channel_ops *ops,
                                 struct hprpc_context *context, enum hprpc_wait wait);

/* For backends: sets `queued`, which the pumping thread reads without the lock. Relaxed: it only needs a recent value. */
static inline void hprpc_channel_set_queued(struct hprpc_channel *channel, size_t queued)
{
    __atomic_store_n(&channel->queued, queued, __ATOMIC_RELAXED);
}

/*
 * For backends: notes the reason, unless one is noted already, and returns `code`. printf-style; at most as long as a detail.
 * Without memory for it the reason is what hprpc_error_text says of the code. Only the side (sending or receiving) that reports
 * the break may call it, so a backend that can break on both sides guards the call.
 */
HPRPC_API int hprpc_channel_fail(struct hprpc_channel *channel, int code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* For backends: gives back the memory that the reason took. `free` calls it. */
HPRPC_API void hprpc_channel_clear(struct hprpc_channel *channel);

#ifdef __cplusplus
}
#endif

#endif
