/*
 * Messages over a byte stream: the framing that TCP and pipe share. A backend embeds a struct hprpc__stream and supplies
 * the few operations that differ; everything else of a channel is here. See docs/wire-format.md for the bytes.
 */
#ifndef HPRPC_RPC_STREAM_H
#define HPRPC_RPC_STREAM_H

#include <stdalign.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <hprpc/channel.h>

enum {
    HPRPC__STREAM_BLOCK = 64 * 1024,           /* memory that bytes are received into, and sent from */
    HPRPC__STREAM_DIRECT = 16 * 1024,          /* an incomplete body beyond this gets memory of its own */
    HPRPC__STREAM_BLOCKS = 16,                 /* blocks that one connection's messages should hold at most */
    HPRPC__STREAM_QUEUE = 256 * 1024,          /* queued bytes beyond which requests have to wait */
    HPRPC__STREAM_SPARE_MAX = 4 * 1024 * 1024, /* larger memory is never kept for the next message */
    HPRPC__STREAM_RUNS = 16,                   /* runs of bytes in one system call */
};

/*
 * A piece of memory. Receiving, the messages in it share it: one reference each, and one of the stream while it receives
 * into it. Sending, it is a link of the queue, and `start` to `end` waits for the kernel; it never moves.
 */
struct hprpc__block {
    atomic_uint references;
    size_t capacity;
    size_t start, end;
    struct hprpc__block *next;
    uint8_t aside[128]; /* for the one small body that cannot be aligned in place; see stream-receive.c */
    alignas(16) uint8_t data[];
};

/* What is kept for the next message instead of being given back to the allocator: at most one block of each kind. */
enum hprpc__spare { HPRPC__SPARE_RECEIVE, HPRPC__SPARE_LARGE, HPRPC__SPARE_SEND, HPRPC__SPARE_COUNT };

struct hprpc__stream;
struct hprpc__pool;

/* What differs between byte streams. Counts, or a negated errno; nothing blocks. */
struct hprpc__stream_ops {
    const char *name; /* the scheme */
    /* Drives the opening, on the receiving side: 1, it is open; 0, not yet; broken, by hprpc__stream_break. */
    int (*open)(struct hprpc__stream *stream);
    ssize_t (*read)(struct hprpc__stream *stream, const struct iovec *runs, int count); /* 0 at the end of the stream */
    ssize_t (*write)(struct hprpc__stream *stream, const struct iovec *runs, int count);
    /* As in channel.h; `writing` when bytes wait to be sent. Also while it opens. */
    size_t (*watch)(struct hprpc__stream *stream, bool writing, struct hprpc_watch *ret_watches);
    /* Shows both sides the end; the sending side calls it, once. */
    void (*shut)(struct hprpc__stream *stream);
    /* Closes the descriptors and frees the memory that the stream is embedded in. */
    void (*dispose)(struct hprpc__stream *stream);
    void (*describe)(struct hprpc__stream *stream, struct hprpc_peer *ret_peer);
};

struct hprpc__stream {
    struct hprpc_channel channel;
    const struct hprpc__stream_ops *ops;
    atomic_int broken; /* the code, once one side found it broken; see hprpc__stream_broken */
    atomic_bool open;
    _Atomic(struct hprpc__block *) spares[HPRPC__SPARE_COUNT];
    struct hprpc__pool *pool; /* where blocks go while it sleeps; a reference, or NULL */

    /* the receiving side's */
    struct hprpc__block *block; /* where bytes are received; `at` is the first byte not yet delivered */
    size_t at, filled;
    struct hprpc__block *large; /* the body that is received into memory of its own, or NULL */
    struct hprpc_header large_header;
    uint32_t large_size, large_filled;
    uint32_t wanted;     /* bytes from `at` on that make the next message, as far as is known */
    uint8_t header_size; /* of the last message; the next one is likely to have the same */
    uint8_t vain_looks;  /* so many times reading again would be in vain: the last read took everything */
    bool quiet;          /* nothing was received since the last arm */
    bool receive_broken;
    uint64_t window_start; /* while a message is incomplete: since when its bytes are counted, */
    size_t window_bytes;   /* and how many came */
    atomic_uint blocks;    /* blocks that messages, or the stream, hold */

    /* the sending side's */
    struct hprpc__block *first, *last; /* the queue */
    size_t queued;                     /* its bytes */
    bool blocked;                      /* the kernel took no more; only flush tries again */
    bool shut;                         /* closed here */
};

/* Makes a stream; `open` when it needs no opening. */
void hprpc__stream_init(struct hprpc__stream *stream, const struct hprpc__stream_ops *ops,
                        struct hprpc_context *context, enum hprpc_wait wait, bool open);

/*
 * Breaks the stream, from either side: the first reason stands, and its code is returned whatever was offered.
 */
int hprpc__stream_break(struct hprpc__stream *stream, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Breaks the stream after a failed read or write. */
int hprpc__stream_fail(struct hprpc__stream *stream, const char *verb, int number);

/* 0, or the code it broke with; the reason is complete then. */
int hprpc__stream_broken(struct hprpc__stream *stream);

/* A block with room for `capacity` bytes, the spare of that kind if it will do; NULL without memory. */
struct hprpc__block *hprpc__block_take(struct hprpc__stream *stream, enum hprpc__spare kind, size_t capacity);

/* Keeps a block as the spare of its kind, or gives it back. */
void hprpc__block_give(struct hprpc__stream *stream, enum hprpc__spare kind, struct hprpc__block *block);

/* Gives the spares that others may use to the pool, if there is one and it has room. Any thread. */
void hprpc__blocks_share(struct hprpc__stream *stream);

/* Gives the spares back. Any thread. */
void hprpc__blocks_release(struct hprpc__stream *stream);

/* The slots of each side. */
int hprpc__stream_receive(struct hprpc_channel *channel, struct hprpc_message *ret_message);
void hprpc__stream_release(struct hprpc_channel *channel, struct hprpc_message *message);
bool hprpc__stream_arm(struct hprpc_channel *channel);
int hprpc__stream_start(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size,
                        struct hprpc_reservation *ret_reservation);
int hprpc__stream_end(struct hprpc_channel *channel, struct hprpc_reservation *reservation);
void hprpc__stream_cancel(struct hprpc_channel *channel, struct hprpc_reservation *reservation);
int hprpc__stream_flush(struct hprpc_channel *channel);

/* Frees what each side holds. */
void hprpc__stream_receive_free(struct hprpc__stream *stream);
void hprpc__stream_send_free(struct hprpc__stream *stream);

#endif
