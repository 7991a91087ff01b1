/* SPDX-License-Identifier: MIT */
/*
 * The inside of the pipe backend. A listener reads registrations from a FIFO, its door. A client makes two FIFOs beside it,
 * "<door>.<token>.up" towards the server and "<door>.<token>.down" back, opens both and writes the token to the door. The
 * server opens both and removes the names. Each end holds its outgoing FIFO open for both ways, so that it never gets EPIPE or
 * SIGPIPE; the end of file on the incoming FIFO tells that the other end is gone.
 */
#ifndef HPRPC_CHANNEL_PIPE_PIPE_H
#define HPRPC_CHANNEL_PIPE_PIPE_H

#include <stdatomic.h>
#include <sys/types.h>

#include <hprpc/channel/transport.h>

#include "base/alarm.h"
#include "channel/names/place.h"
#include <hprpc/channel/framed.h>

enum {
    HPRPC__PIPE_TOKEN = 32, /* hexadecimal digits: 128 random bits */
    HPRPC__PIPE_PATH_MAX = HPRPC__PATH_MAX + HPRPC__PIPE_TOKEN + 8,
    HPRPC__PIPE_RECORD = 10 + HPRPC__PIPE_TOKEN, /* a registration: "\nhprpc 1 <token>\n" */
};

struct hprpc__pipe_options {
    enum hprpc_wait wait;
    mode_t mode;  /* of the FIFOs that this end makes; bits for other users let those in */
    int capacity; /* that the outgoing FIFO may grow to */
};

/* The names of one connection while it opens. */
struct hprpc__pipe_names {
    char up[HPRPC__PIPE_PATH_MAX], down[HPRPC__PIPE_PATH_MAX];
};

struct hprpc__pipe_owner {
    uid_t uid;
    gid_t gid;
};

struct hprpc__pipe_opening;

/* One end of a connection. */
struct hprpc__pipe {
    struct hprpc_framed stream;
    int in, out;
    int capacity;         /* that `out` may grow to */
    atomic_bool grown;    /* `out` was asked to grow; the sending side sets this, the receiving side clears it */
    atomic_bool accepted; /* false only on a client whose FIFOs the server has not opened yet */
    struct hprpc__pipe_owner peer;
    struct hprpc__pipe_opening *opening; /* a client's, see opening.c; NULL on a server */
    char place[HPRPC__PATH_MAX];         /* the door */
};

/* ---- FIFOs ---- */

/*
 * Opens what must be a FIFO, never through a symbolic link and never blocking. Returns the descriptor, or a negated errno;
 * ENOTSUP when it is something else.
 */
int hprpc__fifo_open(const char *path, int flags, struct hprpc__pipe_owner *ret_owner);

/*
 * Makes a FIFO with exactly these permissions; 0 or a negated errno. Where they let a group in, it is `group`, if the system
 * lets this process give the FIFO to it.
 */
int hprpc__fifo_make(const char *path, mode_t mode, gid_t group);

/*
 * The FIFOs of one user have a common limit (/proc/sys/fs/pipe-user-pages-soft). Beyond it all new pipes of the user, also those
 * of other programs, get 8 KiB. So a FIFO begins with one page, grows when it is found full, only as far as that leaves room
 * for others, and shrinks when its connection idles.
 */
void hprpc__fifo_shrink(int fd);
void hprpc__fifo_grow(int fd, int capacity);

int hprpc__pipe_options(const struct hprpc_uri *uri, struct hprpc_detail *detail,
                        struct hprpc__pipe_options *ret_options);

/* Whether FIFOs of this owner are acceptable: our own, root's, or those of any user that the mode lets in. */
bool hprpc__pipe_trusts(const struct hprpc__pipe_options *options, const struct hprpc__pipe_owner *owner);

void hprpc__pipe_names(const char *place, const char *token, struct hprpc__pipe_names *ret_names);

/* ---- Registrations ---- */

/* Bytes that were read from a door and are no whole registration yet. */
struct hprpc__pipe_reader {
    char bytes[HPRPC__PIPE_RECORD];
    size_t filled;
};

void hprpc__registration_write(const char *token, char ret_bytes[HPRPC__PIPE_RECORD]);

/*
 * Reads at most one registration: 1 and its token, 0 when there is none now. Other bytes are dropped; `ret_dropped` says whether
 * there were any. Each call gives the same registration until it is taken.
 */
int hprpc__registration_read(int fd, struct hprpc__pipe_reader *reader, char ret_token[HPRPC__PIPE_TOKEN + 1],
                             bool *ret_dropped);
void hprpc__registration_take(struct hprpc__pipe_reader *reader);

/* ---- Connections ---- */

/* An end over two descriptors, which it takes over on success. */
int hprpc__pipe_new(struct hprpc_context *context, int in, int out, const char *place,
                    const struct hprpc__pipe_owner *peer, const struct hprpc__pipe_options *options,
                    struct hprpc__pipe **ret_pipe);

/* ---- The client's opening ---- */

struct hprpc__pipe_opening {
    int door;
    struct hprpc__alarm alarm; /* rings until the server has opened the FIFOs */
    uint64_t taken;            /* since when the registration is known to have been read; 0 before */
    atomic_bool registered;
    bool linked; /* the names of the FIFOs may still exist */
    char waits_for[HPRPC__PATH_MAX + 80];
    char token[HPRPC__PIPE_TOKEN + 1];
    struct hprpc__pipe_names names;
};

/* Makes an opening with the door, which it takes over on success, and a token. HPRPC_ENOMEM, HPRPC_ESYSTEM. */
int hprpc__pipe_opening_new(struct hprpc_context *context, int door, const char *place, struct hprpc_detail *detail,
                            struct hprpc__pipe_opening **ret_opening);
void hprpc__pipe_opening_free(struct hprpc_context *context, struct hprpc__pipe_opening *opening);

/* Registers: 1; 0, the door is full; or a negated errno. */
int hprpc__pipe_register(struct hprpc__pipe_opening *opening);

void hprpc__pipe_remove_names(struct hprpc__pipe_opening *opening);

/* `open` of struct hprpc_framed_ops. */
int hprpc__pipe_open(struct hprpc_framed *stream);

/* Decides what an end of file means before the client knows that it was accepted. 0: the end; -EAGAIN: wait; broken. */
ssize_t hprpc__pipe_not_accepted(struct hprpc__pipe *pipe, const struct iovec *runs, int count);
void hprpc__pipe_accepted(struct hprpc__pipe *pipe);
void hprpc__pipe_settled(struct hprpc__pipe *pipe);
size_t hprpc__pipe_watch_door(struct hprpc__pipe *pipe, struct hprpc_watch *ret_watches); /* door and alarm: two */

/* Plain readv, past interruptions: a count or a negated errno. */
ssize_t hprpc__pipe_read(int fd, const struct iovec *runs, int count);

int hprpc__pipe_connect(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                        struct hprpc_channel **ret_channel);
int hprpc__pipe_listen(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                       struct hprpc_listener **ret_listener);

#endif
