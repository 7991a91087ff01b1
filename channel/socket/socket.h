/* SPDX-License-Identifier: MIT */
/*
 * Stream sockets under the framing: what connections by TCP and by Unix-domain sockets have in common. A backend embeds a struct
 * hprpc__socket at the beginning of its connection, and calls these functions from its operations.
 */
#ifndef HPRPC_CHANNEL_SOCKET_SOCKET_H
#define HPRPC_CHANNEL_SOCKET_SOCKET_H

#include <errno.h>

#include <hprpc/channel/transport.h>

#include "channel/framed/pool.h"
#include "channel/spare.h"

/* The options that all sockets have. */
struct hprpc__socket_options {
    enum hprpc_wait wait;
    enum hprpc_engine engine;
    int send_buffer, receive_buffer; /* 0: the system's choice */
};

/* A connection. */
struct hprpc__socket {
    struct hprpc_framed stream;
    int fd; /* -1 where there is none yet, or no more */
};

/* ---- Options ---- */

/* Reads the options `wait`, `engine`, `sndbuf` and `rcvbuf`. HPRPC_EURI. */
int hprpc__socket_options(const struct hprpc_uri *uri, struct hprpc_detail *detail,
                          struct hprpc__socket_options *ret_options);

/* Sets the sizes of a socket's buffers. A system that refuses one has chosen another. */
void hprpc__socket_set_buffers(int fd, const struct hprpc__socket_options *options);

/* ---- Connections ---- */

/*
 * Makes a connection without a socket. `completes`: a loop may offer it a ring, which is for those that a server accepts. It keeps
 * the pool; NULL for none.
 */
void hprpc__socket_init(struct hprpc__socket *connection, const struct hprpc_framed_ops *ops,
                        struct hprpc_context *context, const struct hprpc__socket_options *options, bool completes,
                        struct hprpc__pool *pool);

/* `read` and `write` of struct hprpc_framed_ops. */
ssize_t hprpc__socket_read(struct hprpc_framed *stream, const struct iovec *runs, int count);
ssize_t hprpc__socket_write(struct hprpc_framed *stream, const struct iovec *runs, int count);

/*
 * What a write returns that failed. An error that leaves the connection open (there was no memory) ends it on this side, and so wakes
 * the thread that sleeps until something comes: it is the one that reports the end.
 */
ssize_t hprpc__socket_fail(const struct hprpc__socket *connection, int number);

/* `watch` and `shut`, once the connection is open. */
size_t hprpc__socket_watch(struct hprpc_framed *stream, bool writing, struct hprpc_watch *ret_watches);
void hprpc__socket_shut(struct hprpc_framed *stream);

/* `let_go`. It may be called again, and without a socket. */
void hprpc__socket_let_go(struct hprpc_framed *stream);

/* What `describe` says of the engine. Any thread. */
const char *hprpc__socket_engine(const struct hprpc_framed *stream);

/* Reads what is there and closes: with unread bytes the system would answer with a reset, which may destroy our last message. */
void hprpc__socket_close(int fd);

/*
 * The errno of a read or write, in the words of a connection: one whose route became a black hole ends with EINVAL, which elsewhere
 * means that a call asked for nonsense.
 */
static inline int hprpc__socket_loss(int number)
{
    return number == EINVAL ? EHOSTUNREACH : number;
}

/* ---- Accepting ---- */

/*
 * Accepts the next connection by `accept`, which returns a descriptor, or -1 with errno (EAGAIN: no connection waits). Passes over
 * peers that failed. 1; HPRPC_ACCEPTED_TO_REFUSE; 0, none now; HPRPC_ESYSTEM; as `accept` of struct hprpc_listener_ops.
 */
int hprpc__socket_accept(struct hprpc__spares *spares, int (*accept)(void *self), void *self,
                         struct hprpc_detail *detail, int *ret_fd);

#endif
