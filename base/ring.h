/* SPDX-License-Identifier: MIT */
/*
 * A ring of io_uring: one thread hands tasks to the kernel, several in one system call, and hears when they are done. The ring
 * belongs to the thread that opened it; only hprpc__ring_is_mine and hprpc__ring_close may be called by others.
 *
 * What a task points to stays where it is until `done` was called for the last time, whatever is cancelled or closed meanwhile.
 */
#ifndef HPRPC_BASE_RING_H
#define HPRPC_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hprpc/context.h>

#include "base/deadline.h"

enum {
    HPRPC__RING_BUFFER = 16 * 1024,  /* bytes of a buffer that the ring receives into */
    HPRPC__RING_BUFFERS_MAX = 512,   /* buffers of a ring, unless its owner says otherwise */
    HPRPC__RING_BUFFERS_MOST = 4096, /* that an owner may say */
};

struct hprpc__ring;
struct hprpc__ring_task;

/* A buffer of the ring that holds received bytes, from `start` to `end`. Its holder gives it back. */
struct hprpc__ring_buffer {
    struct hprpc__ring_buffer *next; /* for its holder */
    uint8_t *data;
    uint32_t start, end;
    uint32_t number; /* the ring's */
};

/* What became of a task, or of a part of it. */
struct hprpc__ring_result {
    int32_t code;                      /* bytes, events, or a negated errno */
    bool more;                         /* `done` will be called again */
    struct hprpc__ring_buffer *buffer; /* with what was received, now the task's; NULL for none */
};

/* Something that the kernel does. It is embedded in the object that it is for. */
struct hprpc__ring_task {
    void (*done)(struct hprpc__ring_task *task, const struct hprpc__ring_result *result);
};

/* What the owner of a ring wants to hear. Both are called inside hprpc__ring_turn, and must not call that. */
struct hprpc__ring_ears {
    void (*arrived)(void *self, void *owner); /* `owner` has something to receive */
    void (*sent)(void *self, void *owner);    /* what `owner` had under way is sent, or failed */
    void *self;
};

/*
 * Opens a ring on the calling thread, with at most `buffers` buffers (0: HPRPC__RING_BUFFERS_MAX). 0 or a negated errno: -EPERM
 * where a policy forbids it, -ENOSYS where the kernel or this library has none, -ENOMEM, -EINVAL where the kernel is too old.
 */
int hprpc__ring_open(struct hprpc_context *context, uint32_t buffers, const struct hprpc__ring_ears *ears,
                     struct hprpc__ring **ret_ring);

/* Ends every task, waits until each is done, and frees. NULL is accepted. */
void hprpc__ring_close(struct hprpc__ring *ring);

/*
 * Stands for the ring among the descriptors that a channel watches. A thread that sleeps on it in poll or epoll is not woken: what
 * arrives waits for the ring's own thread to enter the kernel.
 */
int hprpc__ring_descriptor(const struct hprpc__ring *ring);

/* Whether the calling thread opened it. Any thread. */
bool hprpc__ring_is_mine(const struct hprpc__ring *ring);

const struct hprpc__ring_ears *hprpc__ring_ears(const struct hprpc__ring *ring);

/* Whether a turn would find something, or has something to hand over. Without a system call. */
bool hprpc__ring_has_news(const struct hprpc__ring *ring);

/* Hands over what was prepared. Tasks that need not wait are done then; a turn tells. */
void hprpc__ring_submit(struct hprpc__ring *ring);

/*
 * Hands over what was prepared, waits for news, at most `nanoseconds` (HPRPC__NEVER: for ever; a signal ends it), and calls `done`
 * for all there is. 0 or HPRPC_ESYSTEM.
 */
int hprpc__ring_turn(struct hprpc__ring *ring, uint64_t nanoseconds);

/*
 * Receives again and again, each time into a buffer of the ring; it ends with the first result without `more`, with -ENOBUFS where
 * all buffers are in use. False: they are, or the kernel takes no more tasks now.
 */
bool hprpc__ring_receive(struct hprpc__ring *ring, struct hprpc__ring_task *task, int fd);

/* Gives a buffer back. */
void hprpc__ring_give(struct hprpc__ring *ring, struct hprpc__ring_buffer *buffer);

/*
 * Waits for an event of `fd`, one that is there already or the next one; with `again` for each that follows as well, as
 * edge-triggered epoll does. False: the kernel takes no more tasks now.
 */
bool hprpc__ring_await(struct hprpc__ring *ring, struct hprpc__ring_task *task, int fd, short events, bool again);

/* Sends on a socket, as much as it takes, once it takes something. False: the kernel takes no more tasks now. */
bool hprpc__ring_send(struct hprpc__ring *ring, struct hprpc__ring_task *task, int fd, const void *data, size_t size);

/* Ends a task that receives or waits; `done` is still called. */
void hprpc__ring_cancel(struct hprpc__ring *ring, struct hprpc__ring_task *task);

/* Whether a task of one result is done, though `done` was not called yet; then its code. */
bool hprpc__ring_peek(const struct hprpc__ring *ring, const struct hprpc__ring_task *task, int32_t *ret_code);

/* Why a connection has no ring, from the negated errno of hprpc__ring_open, for struct hprpc_peer: a text that lives for ever. */
const char *hprpc__ring_refusal(int code);

#endif
