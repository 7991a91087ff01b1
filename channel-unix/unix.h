/* SPDX-License-Identifier: MIT */
/*
 * The inside of the unix backend: a stream socket at a path or at an abstract name. The system says who is on the other side, so
 * both sides look: another user's process is welcome only where the URI says so.
 */
#ifndef HPRPC_CHANNEL_UNIX_UNIX_H
#define HPRPC_CHANNEL_UNIX_UNIX_H

#include "channel/names/local.h"
#include "channel/socket/socket.h"

#define HPRPC__UNIX_SUFFIX ".sock" /* of a bare name's path */

struct hprpc__unix_options {
    struct hprpc__socket_options socket;
    mode_t mode; /* of the name that a listener makes; bits for other users let those in */
    bool any;    /* trust=none: the other side may be any user's */
};

/* ---- Options ---- */

/* Reads the options of a URI that names a place. HPRPC_EURI. */
int hprpc__unix_options(const struct hprpc_uri *uri, struct hprpc_detail *detail,
                        struct hprpc__unix_options *ret_options);

/*
 * Looks whether a descriptor that was handed in is a Unix-domain socket that listens, or is connected, and reads the options. As
 * hprpc__handed_look, and HPRPC_EURI; HPRPC_ESCHEME: a socket of another kind.
 */
int hprpc__unix_handed(int fd, bool listens, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                       struct hprpc__unix_options *ret_options);

/* Whether the other side may be this user's: our own, root, or any user that the options let in. */
bool hprpc__unix_trusts(const struct hprpc__unix_options *options, uid_t user);

/* ---- Connections ---- */

struct hprpc__unix_connection {
    struct hprpc__socket socket;
    struct hprpc__local_peer peer;
    bool refuses; /* the system was asked to refuse descriptors */
};

/* `read` and `write_with` of struct hprpc_framed_ops. */
ssize_t hprpc__unix_read(struct hprpc_framed *stream, const struct iovec *runs, int count);
ssize_t hprpc__unix_write_with(struct hprpc_framed *stream, const struct iovec *runs, int count,
                               const struct hprpc_descriptors *descriptors);

/*
 * Makes a channel without a connection, for the next one that is accepted; before that only `free` may be called. It keeps
 * the pool; NULL for none.
 */
struct hprpc_channel *hprpc__unix_prepare(struct hprpc_context *context, const struct hprpc__socket_options *options,
                                          struct hprpc__pool *pool);

/* Gives such a channel its connection, and makes the socket ready. */
void hprpc__unix_begin(struct hprpc_channel *channel, int fd, const struct hprpc__local_peer *peer,
                       const struct hprpc__socket_options *options);

int hprpc__unix_connect(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                        struct hprpc_channel **ret_channel);
int hprpc__unix_connect_fd(struct hprpc_context *context, int fd, const struct hprpc_uri *uri,
                           struct hprpc_detail *detail, struct hprpc_channel **ret_channel);

/* ---- Listeners ---- */

int hprpc__unix_listen(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                       struct hprpc_listener **ret_listener);
int hprpc__unix_listen_fd(struct hprpc_context *context, int fd, const struct hprpc_uri *uri,
                          struct hprpc_detail *detail, struct hprpc_listener **ret_listener);

#endif
