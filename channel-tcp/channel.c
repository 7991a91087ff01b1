/* One TCP connection: its opening, address by address, and its reads and writes. */
#include "channel-tcp/tcp.h"

#include "base/poller.h"
#include "base/thread.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/errno-text.h"

/*
 * The opening of a connection. The receiving side goes from address to address, each with a socket of its own, while the
 * sending side may close or watch: the lock settles which socket is meant.
 */
struct opening {
    struct hprpc__mutex lock;
    bool closed;
    struct hprpc__tcp_options options;
    int error; /* of the attempts so far: a refusal goes before anything else */
    struct hprpc__tcp_address refused_at;
    size_t count, next;
    struct hprpc__tcp_address addresses[];
};

struct tcp {
    struct hprpc_framed stream;
    int fd; /* -1 before the first attempt */
    struct hprpc__tcp_address peer;
    struct opening *opening; /* NULL when it was accepted */
};

static size_t opening_size(size_t count)
{
    return sizeof(struct opening) + count * sizeof(struct hprpc__tcp_address);
}

/* ---- Reading and writing ---- */

static ssize_t read_runs(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    const struct tcp *tcp = (const struct tcp *)stream;
    struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)runs, .msg_iovlen = (size_t)count };
    ssize_t n;

    do
        n = count == 1 ? recv(tcp->fd, runs->iov_base, runs->iov_len, 0) : recvmsg(tcp->fd, &message, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static ssize_t write_runs(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    const struct tcp *tcp = (const struct tcp *)stream;
    struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)runs, .msg_iovlen = (size_t)count };
    ssize_t n;

    do
        n = count == 1 ? send(tcp->fd, runs->iov_base, runs->iov_len, MSG_NOSIGNAL)
                       : sendmsg(tcp->fd, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* ---- Opening ---- */

/* A connection to oneself happens when the port is one of those that the system picks from for clients. */
static bool reached_itself(int fd)
{
    struct hprpc__tcp_address here = { .size = sizeof(here.v6) }, there = { .size = sizeof(there.v6) };

    return !getsockname(fd, &here.any, &here.size) && !getpeername(fd, &there.any, &there.size) &&
           here.size == there.size && !memcmp(&here.any, &there.any, here.size);
}

static void note(struct opening *opening, int error)
{
    if (opening->error == ECONNREFUSED)
        return;
    opening->error = error;
    opening->refused_at = opening->addresses[opening->next - 1];
}

/* Begins with the next address: 1, it is connected; 0, it is on its way; -1, there are no more. */
static int attempt(struct tcp *tcp)
{
    struct opening *opening = tcp->opening;

    while (opening->next < opening->count) {
        const struct hprpc__tcp_address *address = &opening->addresses[opening->next++];
        int fd = hprpc__tcp_socket(address->any.sa_family, &opening->options), old = tcp->fd;

        if (fd < 0) {
            note(opening, -fd);
            continue;
        }
        /* the old one is closed last, so that a different socket is always a different number */
        tcp->fd = fd;
        tcp->peer = *address;
        if (old >= 0)
            close(old);
        if (!connect(fd, &address->any, address->size))
            return 1;
        if (errno == EINPROGRESS || errno == EINTR)
            return 0;
        note(opening, errno);
    }
    return -1;
}

/* How the present attempt stands: 1, 0 or -1. */
static int progress(struct tcp *tcp)
{
    int error = 0;
    socklen_t size = sizeof(error);

    if (!hprpc__poll_now(tcp->fd, POLLOUT))
        return 0;
    if (getsockopt(tcp->fd, SOL_SOCKET, SO_ERROR, &error, &size))
        error = errno;
    if (!error)
        return 1;
    note(tcp->opening, error);
    return -1;
}

static int failure(const struct opening *opening, struct hprpc_detail *detail)
{
    int code = hprpc__tcp_code(opening->error);
    char text[HPRPC__TCP_TEXT_MAX];

    hprpc__tcp_format(&opening->refused_at, text, sizeof(text));
    return hprpc_detail_set(detail, code, "%s %s (%s)",
                            opening->error == ECONNREFUSED ? "nobody listens at"
                            : code == HPRPC_EREFUSED       ? "nobody answers at"
                                                           : "cannot connect to",
                            text, hprpc__errno_text(opening->error));
}

/* Goes on as far as it can: 1, 0, or the code of the failure. */
static int advance(struct tcp *tcp, bool begun, struct hprpc_detail *detail)
{
    int r = begun ? progress(tcp) : -1;

    while (r < 0 || (r == 1 && reached_itself(tcp->fd))) {
        if (r == 1)
            note(tcp->opening, ECONNREFUSED);
        r = attempt(tcp);
        if (r < 0)
            return failure(tcp->opening, detail);
    }
    return r;
}

static int open_stream(struct hprpc_framed *stream)
{
    struct tcp *tcp = (struct tcp *)stream;
    struct hprpc_detail detail;
    int r = 0;

    hprpc__mutex_lock(&tcp->opening->lock);
    if (!tcp->opening->closed)
        r = advance(tcp, true, &detail);
    hprpc__mutex_unlock(&tcp->opening->lock);
    return r < 0 ? hprpc_framed_fail(stream, r, "%s", detail.text) : r;
}

/* ---- The rest ---- */

static bool is_open(struct hprpc_framed *stream)
{
    /* acquire: pairs with the release in the receiving side's open_stream; the descriptor is settled */
    return __atomic_load_n(&stream->open, __ATOMIC_ACQUIRE);
}

static size_t watch(struct hprpc_framed *stream, bool writing, struct hprpc_watch *ret_watches)
{
    struct tcp *tcp = (struct tcp *)stream;

    if (is_open(stream)) {
        ret_watches[0] = (struct hprpc_watch){ .fd = tcp->fd, .events = (short)(writing ? POLLIN | POLLOUT : POLLIN) };
        return 1;
    }
    hprpc__mutex_lock(&tcp->opening->lock);
    ret_watches[0] = (struct hprpc_watch){ .fd = tcp->fd, .events = POLLOUT };
    hprpc__mutex_unlock(&tcp->opening->lock);
    return 1;
}

static void shut(struct hprpc_framed *stream)
{
    struct tcp *tcp = (struct tcp *)stream;

    if (is_open(stream)) {
        shutdown(tcp->fd, SHUT_RDWR);
        return;
    }
    hprpc__mutex_lock(&tcp->opening->lock);
    tcp->opening->closed = true;
    if (tcp->fd >= 0)
        shutdown(tcp->fd, SHUT_RDWR);
    hprpc__mutex_unlock(&tcp->opening->lock);
}

static void dispose(struct hprpc_framed *stream)
{
    struct tcp *tcp = (struct tcp *)stream;
    struct hprpc_context *context = stream->channel.context;

    if (tcp->fd >= 0)
        close(tcp->fd);
    if (tcp->opening) {
        hprpc__mutex_destroy(&tcp->opening->lock);
        hprpc_context_release(context, tcp->opening, opening_size(tcp->opening->count));
    }
    hprpc_context_release(context, tcp, sizeof(*tcp));
}

static void describe(struct hprpc_framed *stream, struct hprpc_peer *ret_peer)
{
    struct tcp *tcp = (struct tcp *)stream;
    struct hprpc__tcp_address peer;

    if (is_open(stream)) {
        peer = tcp->peer;
    } else {
        hprpc__mutex_lock(&tcp->opening->lock);
        peer = tcp->peer;
        hprpc__mutex_unlock(&tcp->opening->lock);
    }
    hprpc__tcp_format(&peer, ret_peer->address, sizeof(ret_peer->address));
}

static const struct hprpc_framed_ops ops = {
    .name = "tcp",
    .open = open_stream,
    .read = read_runs,
    .write = write_runs,
    .watch = watch,
    .shut = shut,
    .dispose = dispose,
    .describe = describe,
};

struct hprpc_channel *hprpc__tcp_prepare(struct hprpc_context *context, enum hprpc_wait wait, struct hprpc__pool *pool)
{
    struct tcp *tcp = hprpc_context_allocate(context, sizeof(*tcp));

    if (!tcp)
        return NULL;
    hprpc_framed_init(&tcp->stream, &ops, context, wait, true);
    tcp->stream.pool = hprpc__pool_keep(pool);
    tcp->fd = -1;
    tcp->opening = NULL;
    return &tcp->stream.channel;
}

void hprpc__tcp_accepted(struct hprpc_channel *channel, int fd, const struct hprpc__tcp_address *peer)
{
    struct tcp *tcp = (struct tcp *)channel;

    tcp->fd = fd;
    tcp->peer = *peer;
}

/* A channel that is about to try its first address. */
static int new_channel(struct hprpc_context *context, const struct hprpc__tcp_options *options,
                       const struct hprpc__tcp_address *addresses, size_t count, struct tcp **ret_tcp)
{
    struct opening *opening = hprpc_context_allocate(context, opening_size(count));
    struct tcp *tcp = opening ? hprpc_context_allocate(context, sizeof(*tcp)) : NULL;

    if (!tcp || hprpc__mutex_init(&opening->lock)) {
        hprpc_context_release(context, tcp, sizeof(*tcp));
        hprpc_context_release(context, opening, opening_size(count));
        return HPRPC_ENOMEM;
    }
    opening->closed = false;
    opening->options = *options;
    opening->error = 0;
    opening->count = count;
    opening->next = 0;
    memcpy(opening->addresses, addresses, count * sizeof(*addresses));
    hprpc_framed_init(&tcp->stream, &ops, context, options->wait, false);
    tcp->fd = -1;
    tcp->peer = addresses[0];
    tcp->opening = opening;
    *ret_tcp = tcp;
    return 0;
}

int hprpc__tcp_connect(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                       struct hprpc_channel **ret_channel)
{
    struct hprpc__tcp_address addresses[HPRPC__TCP_ADDRESSES];
    struct hprpc__tcp_options options;
    struct hprpc__tcp_place place;
    struct tcp *tcp;
    size_t count;
    int r;

    r = hprpc__tcp_options(uri, detail, &options);
    if (!r)
        r = hprpc__tcp_place(uri, detail, &place);
    if (!r && !place.port)
        r = hprpc_detail_set(detail, HPRPC_EURI, "tcp://%.100s: nobody can connect to port 0", uri->rest);
    if (!r)
        r = hprpc__tcp_resolve(&place, false, detail, addresses, &count);
    if (!r)
        r = new_channel(context, &options, addresses, count, &tcp);
    if (r)
        return r;
    r = advance(tcp, false, detail);
    if (r < 0) {
        tcp->stream.channel.ops->free(&tcp->stream.channel);
        return r;
    }
    tcp->stream.open = r == 1;
    *ret_channel = &tcp->stream.channel;
    return 0;
}
