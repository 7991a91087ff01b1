/*
 * The extension API: what a transport is. Everything above (controller, client, server, generated code) sees a
 * connection only through `struct hprpc_channel`, and every transport, built in or yours, is one `struct hprpc_transport`.
 * This header is stable in the sense that slots are only ever added behind a new `HPRPC_CHANNEL_VERSION`.
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
#ifndef HPRPC_CHANNEL_H
#define HPRPC_CHANNEL_H

#include <hprpc/context.h>
#include <kodosis/writer.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HPRPC_CHANNEL_VERSION 1

/* ---- The header of a message (the paper's RpcHeader) ---- */

enum hprpc_message_type {
    HPRPC_MESSAGE_HELLO = 1, /* the first message of each side: versions, limits, credits */
    HPRPC_MESSAGE_BIND = 2,  /* ask for a service's numbers by name, version and hashes */
    HPRPC_MESSAGE_BOUND = 3, /* the answer to BIND */
    HPRPC_MESSAGE_REQUEST = 4,
    HPRPC_MESSAGE_REPLY = 5,
    HPRPC_MESSAGE_ERROR = 6,  /* the other answer to REQUEST or BIND */
    HPRPC_MESSAGE_CANCEL = 7, /* nobody waits for this call any more */
    HPRPC_MESSAGE_CREDIT = 8, /* one-way requests were consumed */
    HPRPC_MESSAGE_PING = 9,
    HPRPC_MESSAGE_PONG = 10,
    HPRPC_MESSAGE_GOODBYE = 11, /* an orderly end, with its reason */
    /* 12 DATA, 13 END: reserved for streams */
};

enum hprpc_message_flag {
    HPRPC_FLAG_TIMEOUT = 0x01, /* the header carries a timeout that differs from the caller's default */
    HPRPC_FLAG_DEPTH = 0x02,   /* the header carries a nesting depth: the caller is itself inside a handler */
    HPRPC_FLAG_ONEWAY = 0x04,  /* no answer is wanted */
    /* 0x08 metadata, 0x10 stream: reserved */
};

struct hprpc_header {
    uint32_t call;       /* chosen by the caller; the answer carries the same */
    uint32_t timeout_ms; /* with HPRPC_FLAG_TIMEOUT, else 0 */
    uint16_t service;    /* of requests, else 0 */
    uint16_t procedure;  /* of requests, else 0 */
    uint16_t depth;      /* with HPRPC_FLAG_DEPTH, else 0 */
    uint8_t type;        /* enum hprpc_message_type */
    uint8_t flags;       /* enum hprpc_message_flag */
};

/* Whether a header that came from a peer makes sense by itself: known type, known flags, flags that suit the type. */
HPRPC_API bool hprpc_header_valid(const struct hprpc_header *header);

/* ---- Sending and receiving ---- */

/* How one waits for the other side; it decides the speed of a call more than anything else. */
enum hprpc_wait {
    HPRPC_WAIT_ADAPTIVE = 0, /* spin for about the cost of a wake-up, then sleep; learns which pays */
    HPRPC_WAIT_SPIN = 1,     /* never sleep: one processor belongs to this connection */
    HPRPC_WAIT_BLOCK = 2,    /* sleep at once */
};

/* Room for one message between start_call and end_call. Lives in the caller; several may be open on different channels. */
struct hprpc_reservation {
    struct kodosis_writer writer;           /* over `size` bytes of transport memory: the body goes here */
    struct kodosis_reference references[4]; /* runs that the writer was allowed to borrow instead of copying */
    uint32_t size;                          /* the body's exact size */
    uintptr_t token[3];                     /* the backend's own */
};

/* One received message. It stays valid until it is released, which happens exactly once. */
struct hprpc_message {
    struct hprpc_header header; /* a private copy */
    const uint8_t *body;        /* aligned to 8; may be shared with the peer, see docs/architecture.md on trust */
    uint32_t size;
    bool lendable;      /* may be kept beyond the next `receive`; if not, it must be copied and released first */
    uintptr_t token[2]; /* the backend's own */
};

enum { HPRPC_WATCH_MAX = 3 };

/* A descriptor to sleep on. */
struct hprpc_watch {
    int fd;
    short events; /* POLLIN, POLLOUT; hang-up and error always count */
    bool edge;    /* wants one report per event rather than while the condition lasts (a doorbell that nobody drains) */
};

/* Who is on the other side. Fields that the transport cannot know are -1, and say so in the text. */
struct hprpc_peer {
    char address[108];     /* "127.0.0.1:41234", "pid 4711": for people */
    const char *transport; /* "tcp", "pipe", "shm": the scheme, static */
    int64_t pid, uid, gid;
};

/* Largest body that travels before the two sides have said HELLO. */
enum { HPRPC_FIRST_MESSAGE_MAX = 64 * 1024 };

struct hprpc_channel {
    const struct hprpc_channel_ops *ops;
    struct hprpc_context *context;
    uint32_t receive_limit; /* largest body to accept, set by the controller; a longer one breaks the channel */
    enum hprpc_wait wait;
    bool corked; /* set by the controller around end_call, under the send lock: leave the message to the next flush */
    size_t
        queued; /* set by the backend, under the send lock: bytes that wait for flush, with what keeping them costs */
    struct hprpc_detail reason; /* why the channel broke; written once, before the slot that reports it returns */
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
     * 0 even if some of the bytes still wait for `flush`. Errors: broken.
     */
    int (*end_call)(struct hprpc_channel *channel, struct hprpc_reservation *reservation);

    /* Gives the room back; as if start_call had never been. */
    void (*cancel_call)(struct hprpc_channel *channel, struct hprpc_reservation *reservation);

    /* Sends what end_call left behind, as far as it goes. 0: nothing is left; HPRPC_EAGAIN: some is; broken. */
    int (*flush)(struct hprpc_channel *channel);

    /*
     * Takes the next message: 1 and a message that the caller must release; 0, none is there now; broken. Also drives a
     * channel that is still opening. The next call may come before the last message is released.
     */
    int (*receive)(struct hprpc_channel *channel, struct hprpc_message *ret_message);

    /* Gives a message's memory back, in any order, from any thread, also after the channel broke. */
    void (*release)(struct hprpc_channel *channel, struct hprpc_message *message);

    /*
     * The descriptors to sleep on, as of now: at most HPRPC_WATCH_MAX, their number returned. The set changes only inside
     * receive, flush and end_call. A channel that cannot wake anybody returns 0: nobody sleeps on it, it is looked at
     * again and again.
     */
    size_t (*watch)(struct hprpc_channel *channel, struct hprpc_watch *ret_watches);

    /*
     * Before sleeping: asks to be woken. True when `receive` has something to do at once, and then nobody must sleep.
     * After it, whatever the other side sends makes a watched descriptor ready.
     */
    bool (*arm)(struct hprpc_channel *channel);

    /* After sleeping, or instead of it: wake-ups are no longer needed. `end_call` of the other side gets cheaper. */
    void (*disarm)(struct hprpc_channel *channel);

    /*
     * Ends the connection: both sides see it, this one at its next call (HPRPC_ECLOSED), also when it sleeps on the
     * watched descriptors. Idempotent. Memory and descriptors stay until `free`.
     */
    void (*close)(struct hprpc_channel *channel);

    /* Frees everything, closing first if need be. */
    void (*free)(struct hprpc_channel *channel);

    /* Who is on the other side; complete once the channel has delivered its first message. */
    void (*describe)(struct hprpc_channel *channel, struct hprpc_peer *ret_peer);
};

/*
 * For backends: fills the base of a channel. Checks that every slot of `ops` is there; HPRPC_EINVAL otherwise.
 */
HPRPC_API int hprpc_channel_init(struct hprpc_channel *channel, const struct hprpc_channel_ops *ops,
                                 struct hprpc_context *context, enum hprpc_wait wait);

/* For backends: sets `queued`, which the pumping thread looks at without the lock. */
static inline void hprpc_channel_queue(struct hprpc_channel *channel, size_t queued)
{
    __atomic_store_n(&channel->queued, queued, __ATOMIC_RELAXED);
}

/*
 * For backends: notes the reason, unless one is noted already, and returns `code`. printf-style. Only from the side
 * (sending or receiving) that reports the break, so a backend that may break on both guards it.
 */
HPRPC_API int hprpc_channel_break(struct hprpc_channel *channel, int code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* ---- Listening ---- */

struct hprpc_listener {
    const struct hprpc_listener_ops *ops;
    struct hprpc_context *context;
};

/* All slots are called by one thread at a time; none blocks. */
struct hprpc_listener_ops {
    /*
     * The next connection: 1 and a channel that the caller owns; 0, none now; HPRPC_ESYSTEM when the machine is out of
     * descriptors or memory (the caller pauses and tries again), with the reason in `detail`. A peer that fails its opening
     * is dropped and does not show.
     */
    int (*accept)(struct hprpc_listener *listener, struct hprpc_detail *detail, struct hprpc_channel **ret_channel);

    /* As for channels. */
    size_t (*watch)(struct hprpc_listener *listener, struct hprpc_watch *ret_watches);

    /* The URI that clients connect to, with the port that was picked. Always NUL-terminated, cut if need be. */
    void (*address)(struct hprpc_listener *listener, char *ret_uri, size_t capacity);

    /* Stops listening and removes the names it made. Channels that were accepted live on. */
    void (*free)(struct hprpc_listener *listener);
};

/* ---- URIs and transports ---- */

/*
 * A URI taken apart: scheme "://" rest [ "?" key "=" value { "&" key "=" value } ]. Percent escapes in `rest` and in
 * values are decoded. The strings point into `storage`.
 */
enum { HPRPC_URI_MAX = 512, HPRPC_URI_OPTIONS_MAX = 16 };

struct hprpc_uri {
    const char *scheme;
    const char *rest; /* "127.0.0.1:7788", "[::1]:7788", "/run/app/door", "greeter" */
    size_t option_count;
    struct {
        const char *key;
        const char *value;
    } options[HPRPC_URI_OPTIONS_MAX];
    char storage[HPRPC_URI_MAX + 1];
};

/* Takes `text` apart. HPRPC_EURI with the place in the detail. */
HPRPC_API int hprpc_uri_parse(const char *text, struct hprpc_detail *detail, struct hprpc_uri *ret_uri);

/* An option's value, or NULL when it is not given. */
HPRPC_API const char *hprpc_uri_option(const struct hprpc_uri *uri, const char *key);

/* An option that is a size ("4096", "64KiB", "4MiB"), within [least, most]; `fallback` where it is not given. */
HPRPC_API int hprpc_uri_size(const struct hprpc_uri *uri, const char *key, uint64_t least, uint64_t most,
                             uint64_t fallback, struct hprpc_detail *detail, uint64_t *ret_size);

/* The option "wait": spin, adaptive or block; adaptive where it is not given. */
HPRPC_API int hprpc_uri_wait(const struct hprpc_uri *uri, struct hprpc_detail *detail, enum hprpc_wait *ret_wait);

/* HPRPC_EURI, naming the culprit, unless every option of the URI is among `known` (NULL-terminated). */
HPRPC_API int hprpc_uri_check_options(const struct hprpc_uri *uri, const char *const *known,
                                      struct hprpc_detail *detail);

/* Writes a sentence into a detail (NULL is accepted) and returns `code`; printf-style. */
HPRPC_API int hprpc_detail_set(struct hprpc_detail *detail, int code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* A transport: a scheme and how to connect and listen. A backend exports exactly one, const. */
struct hprpc_transport {
    uint32_t version; /* HPRPC_CHANNEL_VERSION */
    const char *scheme;

    /*
     * Begins a connection. It may still be opening when this returns: `receive` drives it, and `start_call` says
     * HPRPC_EAGAIN, until it is open. Blocks only for name resolution. The caller owns the channel.
     */
    int (*connect)(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                   struct hprpc_channel **ret_channel);

    /* Listens. The caller owns the listener. */
    int (*listen)(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                  struct hprpc_listener **ret_listener);
};

/* ---- What the context offers to backends ---- */

HPRPC_API void *hprpc_allocate(struct hprpc_context *context, size_t size);
HPRPC_API void hprpc_release(struct hprpc_context *context, void *memory, size_t size);
HPRPC_API const struct kodosis_allocator *hprpc_allocator(struct hprpc_context *context);
HPRPC_API uint64_t hprpc_now(struct hprpc_context *context);
HPRPC_API void hprpc_log(struct hprpc_context *context, enum hprpc_log_level level, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#ifdef __cplusplus
}
#endif

#endif
