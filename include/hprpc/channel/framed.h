/* SPDX-License-Identifier: MIT */
/*
 * Messages over a byte stream: the framing that TCP, Unix-domain sockets and pipes share. A backend embeds a struct hprpc_framed and supplies
 * the few operations that differ; everything else of a channel is here. See docs/wire-format.md for the bytes.
 */
#ifndef HPRPC_CHANNEL_FRAMED_H
#define HPRPC_CHANNEL_FRAMED_H

#include <sys/types.h>
#include <sys/uio.h>

#include <hprpc/channel/channel.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The blocks that a stream keeps for the next message, and does not give back to the allocator: at most one of each kind. */
enum hprpc__spare { HPRPC__SPARE_RECEIVE, HPRPC__SPARE_LARGE, HPRPC__SPARE_SEND, HPRPC__SPARE_COUNT };

struct hprpc_framed;
struct hprpc__driver;
struct hprpc__pool;

/* What differs between byte streams. `read` and `write` return a count or a negated errno; nothing blocks. */
struct hprpc_framed_ops {
    const char *name; /* the scheme */
    /* Drives the opening, on the receiving side: 1, it is open; 0, not yet; broken, by hprpc_framed_fail. */
    int (*open)(struct hprpc_framed *stream);
    ssize_t (*read)(struct hprpc_framed *stream, const struct iovec *runs, int count); /* 0 at the end of the stream */
    ssize_t (*write)(struct hprpc_framed *stream, const struct iovec *runs, int count);
    /*
     * As `write`, with descriptors that go along with the first byte. NULL where the channel carries none. `read` appends what it
     * received to `incoming`: see struct hprpc_descriptors.
     */
    ssize_t (*write_with)(struct hprpc_framed *stream, const struct iovec *runs, int count,
                          const struct hprpc_descriptors *descriptors);
    /* As `watch` in channel.h; `writing`: bytes wait to be sent. Called also while the stream opens. */
    size_t (*watch)(struct hprpc_framed *stream, bool writing, struct hprpc_watch *ret_watches);
    /* Called by the receiving side when the connection idles: gives back what only served its speed. NULL for nothing. */
    void (*rest)(struct hprpc_framed *stream);
    /* Shows both sides the end; the sending side calls it, once. */
    void (*shut)(struct hprpc_framed *stream);
    /* Closes the descriptors: neither side calls again, but messages are still lent. NULL: they stay until `dispose`. */
    void (*let_go)(struct hprpc_framed *stream);
    /* Closes the descriptors and frees the memory that the stream is embedded in. */
    void (*dispose)(struct hprpc_framed *stream);
    void (*describe)(struct hprpc_framed *stream, struct hprpc_peer *ret_peer);
};

struct hprpc_framed {
    struct hprpc_channel channel;
    const struct hprpc_framed_ops *ops;
    struct hprpc__block *spares[HPRPC__SPARE_COUNT];
    struct hprpc__pool *pool;     /* where blocks go while it sleeps; a reference, or NULL */
    struct hprpc__driver *driver; /* completes reads and writes in place of `ops`; NULL: those do it. Atomic */
    int broken;                   /* the code, once one side found it broken; see hprpc_framed_broken */
    bool open;

    /* the receiving side's */
    bool quiet; /* nothing was received since the last arm */
    bool receive_broken;
    uint8_t header_size;        /* of the last message; the next one is likely to have the same */
    struct hprpc__block *block; /* where bytes are received; `at` is the first byte not yet delivered */
    size_t at, filled;
    struct hprpc__block *large; /* the body that is received into memory of its own, or NULL */
    uint32_t wanted;            /* bytes from `at` on that make the next message, as far as is known */
    int breach;            /* the code, once the other side broke the framing; the sending side can still say why */
    uint64_t window_start; /* while a message is incomplete: when the window of time began */
    size_t window_bytes;   /* the bytes that came in it */
    unsigned blocks;       /* blocks that messages, or the stream, hold */
    uint8_t vain_looks;    /* looks that need no read, because the last read took everything */
    uint64_t received;     /* bytes since the beginning */
    /* What came and was not delivered yet, each between the bytes of the read that it came with (`from` up to, not including, `to`). */
    struct hprpc_descriptors *incoming;
    struct hprpc_descriptors *of_large; /* those of the body that is received into memory of its own, or NULL */

    /* the sending side's */
    bool blocked;                      /* the kernel took no more; only flush tries again */
    bool under_way;                    /* the driver sends the front of the queue */
    bool shut;                         /* closed here */
    bool let_go;                       /* closed when the channel was over */
    struct hprpc__block *first, *last; /* the queue */
    size_t queued;                     /* its bytes */
    uint64_t sent; /* bytes, counted while descriptors are in the queue: the place of its first byte */
    struct hprpc_descriptors *outgoing; /* each goes along with the byte `from` */
};

/* Makes a stream; `open` when it needs no opening. */
HPRPC_API void hprpc_framed_init(struct hprpc_framed *stream, const struct hprpc_framed_ops *ops,
                                 struct hprpc_context *context, enum hprpc_wait wait, bool open);

/* Breaks the stream, from either side. The first reason stands, and its code is returned, also to later calls. */
HPRPC_API int hprpc_framed_fail(struct hprpc_framed *stream, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Breaks the stream after a failed read or write. */
HPRPC_API int hprpc_framed_fail_errno(struct hprpc_framed *stream, const char *verb, int number);

/* 0, or the code it broke with; the reason is complete then. */
HPRPC_API int hprpc_framed_broken(struct hprpc_framed *stream);

#ifdef __cplusplus
}
#endif

#endif
