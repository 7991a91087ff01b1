/* SPDX-License-Identifier: MIT */
/* The server's side of the door: it reads registrations and opens the FIFOs that they name. */
#include "channel-pipe/pipe.h"

#include "channel/names/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errno-text.h"
#include "channel/framed/pool.h"
#include "channel/spare.h"
#include <hprpc/channel/uri.h>

enum { REGISTRATIONS = 64 }; /* that one turn looks at */

struct listener {
    struct hprpc_listener base;
    struct hprpc__claim claim;
    struct hprpc__pipe_options options;
    struct hprpc__pool *pool;
    int door;
    struct hprpc__pipe_reader reader;
    struct hprpc__spares spares;
    char rest[HPRPC__PATH_MAX]; /* of the URI */
};

/* ---- Taking one client in ---- */

static bool machine_failed(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

/* Opens one FIFO of a client, if its owner is trusted; the descriptor, or a negated errno. */
static int open_end(const struct listener *listener, const char *path, int flags, struct hprpc__pipe_owner *ret_owner)
{
    int fd = hprpc__fifo_open(path, flags, ret_owner);

    if (fd < 0 || hprpc__pipe_trusts(&listener->options, ret_owner))
        return fd;
    close(fd);
    return -EPERM;
}

/*
 * Opens the way back: for writing alone first, which fails unless the client is there to read, then for both ways. Keeps the
 * first descriptor until the second is open; otherwise the client would read end-of-file.
 */
static int open_down(const struct listener *listener, const char *path, struct hprpc__pipe_owner *ret_owner)
{
    int probe = open_end(listener, path, O_WRONLY, ret_owner), fd;

    if (probe < 0)
        return probe;
    fd = open_end(listener, path, O_RDWR, ret_owner);
    close(probe);
    return fd;
}

/* Opens both ends: 0, or a negated errno with nothing left open. */
static int open_ends(const struct listener *listener, const struct hprpc__pipe_names *names, int *ret_in, int *ret_out,
                     struct hprpc__pipe_owner *ret_owner)
{
    struct hprpc__pipe_owner owner;
    int in = open_end(listener, names->up, O_RDONLY, ret_owner), out;

    if (in < 0)
        return in;
    out = open_down(listener, names->down, &owner);
    if (out >= 0 && owner.uid == ret_owner->uid) {
        *ret_in = in;
        *ret_out = out;
        return 0;
    }
    close(in);
    if (out >= 0)
        close(out);
    return out < 0 ? out : -EPERM;
}

/* Removes the names of a connection, if they are FIFOs that a client of ours would have made. */
static void remove_names(const struct listener *listener, const struct hprpc__pipe_names *names)
{
    const char *const paths[] = { names->up, names->down };
    struct hprpc__pipe_owner owner;

    for (size_t i = 0; i < 2; i++) {
        int fd = open_end(listener, paths[i], O_RDONLY, &owner);

        if (fd < 0)
            continue;
        unlink(paths[i]);
        close(fd);
    }
}

/* Logs that a client was dropped. One that this process may not serve still waits, so its user must see why. */
static void log_dropped(const struct listener *listener, const char *token, int error)
{
    bool forbidden = error == -EACCES || error == -EPERM;

    hprpc_context_log(listener->base.context, forbidden ? HPRPC_LOG_INFO : HPRPC_LOG_DEBUG,
                      "dropped a registration at %s: %s: %s%s", listener->claim.path, token,
                      error == -ENXIO ? "the client is gone" : hprpc__errno_text(-error),
                      forbidden ? " (the client's FIFOs and this process have different users; see mode=)" : "");
}

/* Accepts the client of a token. Returns as `accept` of struct hprpc_listener_ops; 0: the client was dropped. */
static int admit(struct listener *listener, const char *token, struct hprpc_detail *detail,
                 struct hprpc_channel **ret_channel)
{
    struct hprpc__pipe_names names;
    struct hprpc__pipe_owner owner;
    struct hprpc__pipe *pipe;
    bool refuses = false;
    int in, out, r;

    hprpc__pipe_names(listener->claim.path, token, &names);
    r = open_ends(listener, &names, &in, &out, &owner);
    if (hprpc__spares_let_go(&listener->spares, -r)) {
        refuses = true;
        hprpc_detail_set(detail, HPRPC_ESYSTEM, "the server has no descriptor left: %s", hprpc__errno_text(-r));
        r = open_ends(listener, &names, &in, &out, &owner);
    }
    if (machine_failed(r))
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot open the FIFOs of a client: %s", hprpc__errno_text(-r));
    if (r) {
        log_dropped(listener, token, r);
        remove_names(listener, &names);
        return 0;
    }
    r = hprpc__pipe_new(listener->base.context, in, out, listener->claim.path, &owner, &listener->options, &pipe);
    if (r) {
        close(in);
        close(out);
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "no memory for another connection");
    }
    pipe->stream.pool = hprpc__pool_keep(listener->pool);
    unlink(names.up);
    unlink(names.down);
    *ret_channel = &pipe->stream.channel;
    return refuses ? HPRPC_ACCEPTED_TO_REFUSE : 1;
}

/* ---- The slots ---- */

/* Reads the next registration, if there is one; logs when it dropped other bytes. */
static bool next_token(struct listener *listener, char *ret_token)
{
    bool dropped;
    int r = hprpc__registration_read(listener->door, &listener->reader, ret_token, &dropped);

    if (dropped)
        hprpc_context_log(listener->base.context, HPRPC_LOG_DEBUG, "dropped something at %s that is not a registration",
                          listener->claim.path);
    return r == 1;
}

static int accept_one(struct hprpc_listener *base, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct listener *listener = (struct listener *)base;
    char token[HPRPC__PIPE_TOKEN + 1];
    int r;

    hprpc__spares_refill(&listener->spares);
    for (int i = 0; i < REGISTRATIONS; i++) {
        if (!next_token(listener, token))
            return 0;
        r = admit(listener, token, detail, ret_channel);
        if (r < 0)
            return r;
        hprpc__registration_take(&listener->reader);
        if (r)
            return r;
    }
    return 0;
}

static size_t watch(struct hprpc_listener *base, struct hprpc_watch *ret_watches)
{
    ret_watches[0] = (struct hprpc_watch){ .fd = ((struct listener *)base)->door, .events = POLLIN };
    return 1;
}

static void address(struct hprpc_listener *base, char *ret_uri, size_t capacity)
{
    hprpc_uri_format("pipe", ((struct listener *)base)->rest, ret_uri, capacity);
}

/* Removes the FIFOs of the clients whose registrations are still in the door; they see that the door is closed. */
static void turn_away(struct listener *listener)
{
    char token[HPRPC__PIPE_TOKEN + 1];
    struct hprpc__pipe_names names;

    while (next_token(listener, token)) {
        hprpc__pipe_names(listener->claim.path, token, &names);
        remove_names(listener, &names);
        hprpc__registration_take(&listener->reader);
    }
}

static void free_listener(struct hprpc_listener *base)
{
    struct listener *listener = (struct listener *)base;

    /* the name first: a client that finds it must find a listener; and the claim needs the door open */
    hprpc__claim_drop(&listener->claim);
    turn_away(listener);
    close(listener->door);
    hprpc__spares_clear(&listener->spares);
    hprpc__pool_drop(listener->pool);
    hprpc_context_release(base->context, listener, sizeof(*listener));
}

static const struct hprpc_listener_ops ops = {
    .accept = accept_one,
    .watch = watch,
    .address = address,
    .free = free_listener,
};

/* ---- Listening ---- */

/* Makes the door: other users may write to it if the mode says so, but only its owner reads. */
static int make_door(struct hprpc__claim *claim, mode_t mode, struct hprpc_detail *detail)
{
    const char *path = claim->path;
    struct hprpc__pipe_owner owner;
    int fd = hprpc__fifo_make(path, 0600 | (mode & 0022), getegid());

    if (fd >= 0) {
        hprpc__claim_made(claim);
        fd = hprpc__fifo_open(path, O_RDWR, &owner);
    }
    if (fd < 0)
        return hprpc_detail_set(detail,
                                fd == -EACCES || fd == -EPERM || fd == -ELOOP ? HPRPC_EPERMISSION
                                : fd == -EEXIST || fd == -ENOTSUP             ? HPRPC_EADDRESS
                                                                              : HPRPC_ESYSTEM,
                                "cannot make the FIFO %s: %s", path, hprpc__errno_text(-fd));
    if (owner.uid == geteuid())
        return fd;
    close(fd);
    return hprpc_detail_set(detail, HPRPC_EPERMISSION, "the FIFO %s was taken by user %lu", path,
                            (unsigned long)owner.uid);
}

int hprpc__pipe_listen(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                       struct hprpc_listener **ret_listener)
{
    struct hprpc__pipe_options options;
    struct listener *listener;
    int r = hprpc__pipe_options(uri, detail, &options);

    if (r)
        return r;
    listener = hprpc_context_allocate(context, sizeof(*listener));
    if (!listener)
        return HPRPC_ENOMEM;
    *listener = (struct listener){ .base = { &ops, context }, .claim = { .lock_fd = -1 }, .options = options };
    snprintf(listener->rest, sizeof(listener->rest), "%s", uri->rest);
    listener->pool = hprpc__pool_new(context);
    r = listener->pool ? hprpc__claim_take_uri(&listener->claim, uri, ".pipe", S_IFIFO, detail) : HPRPC_ENOMEM;
    if (r)
        goto release;
    r = make_door(&listener->claim, options.mode, detail);
    if (r < 0)
        goto drop_claim;
    listener->door = r;
    /* the two FIFOs of a client, and one of them for a moment a second time */
    hprpc__spares_init(&listener->spares, HPRPC__SPARES_MAX);
    *ret_listener = &listener->base;
    return 0;

drop_claim:
    hprpc__claim_drop(&listener->claim);
release:
    hprpc__pool_drop(listener->pool);
    hprpc_context_release(context, listener, sizeof(*listener));
    return r;
}
