/* SPDX-License-Identifier: MIT */
/* One end of a connection over two FIFOs. */
#include "channel-pipe/pipe.h"
#include "base/system-calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static bool is_accepted(struct hprpc__pipe *pipe)
{
    /* acquire: pairs with the release in hprpc__pipe_accepted; the door is closed */
    return atomic_load_explicit(&pipe->accepted, memory_order_acquire);
}

ssize_t hprpc__pipe_read(int fd, const struct iovec *runs, int count)
{
    ssize_t n;

    do
        n = count == 1 ? hprpc__read(fd, runs->iov_base, runs->iov_len) : hprpc__readv(fd, runs, count);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static ssize_t read_runs(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    struct hprpc__pipe *pipe = (struct hprpc__pipe *)stream;
    ssize_t n = hprpc__pipe_read(pipe->in, runs, count);

    if (!is_accepted(pipe)) {
        if (!n)
            return hprpc__pipe_not_accepted(pipe, runs, count);
        hprpc__pipe_accepted(pipe); /* bytes came, or the FIFO is empty: there is a writer */
    }
    if (n > 0 && pipe->opening)
        hprpc__pipe_settled(pipe);
    return n;
}

static ssize_t write_once(const struct hprpc__pipe *pipe, const struct iovec *runs, int count)
{
    ssize_t n;

    do
        n = count == 1 ? hprpc__write(pipe->out, runs->iov_base, runs->iov_len) : hprpc__writev(pipe->out, runs, count);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* Asks for a larger FIFO, once; false where that was done already. */
static bool grow(struct hprpc__pipe *pipe)
{
    /* relaxed: this only decides which call asks */
    if (atomic_exchange_explicit(&pipe->grown, true, memory_order_relaxed))
        return false;
    hprpc__fifo_grow(pipe->out, pipe->capacity);
    return true;
}

/*
 * The other end sees the end of file when the last writer is gone, but the descriptor's number must stay ours until `free`:
 * it becomes a second descriptor of the incoming FIFO, which this end does not write to.
 */
static void end_writing(const struct hprpc__pipe *pipe)
{
    while (dup3(pipe->in, pipe->out, O_CLOEXEC) < 0 && (errno == EINTR || errno == EBUSY))
        ;
}

static ssize_t write_runs(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    struct hprpc__pipe *pipe = (struct hprpc__pipe *)stream;
    size_t asked = 0;
    ssize_t n;

    for (int i = 0; i < count; i++)
        asked += runs[i].iov_len;
    if (asked > PIPE_BUF)
        grow(pipe);
    n = write_once(pipe, runs, count);
    if (n == -EAGAIN && grow(pipe))
        n = write_once(pipe, runs, count);
    /* there was no memory: the other end hears of the end, and hangs up, which wakes the thread that sleeps until something comes */
    if (n < 0 && n != -EAGAIN)
        end_writing(pipe);
    return n;
}

/* Called when the connection idles: shrinks its FIFO, so that others can grow. */
static void rest(struct hprpc_framed *stream)
{
    struct hprpc__pipe *pipe = (struct hprpc__pipe *)stream;

    if (atomic_load_explicit(&pipe->grown, memory_order_relaxed) &&
        atomic_exchange_explicit(&pipe->grown, false, memory_order_relaxed))
        hprpc__fifo_shrink(pipe->out);
}

static size_t watch(struct hprpc_framed *stream, bool writing, struct hprpc_watch *ret_watches)
{
    struct hprpc__pipe *pipe = (struct hprpc__pipe *)stream;
    size_t count = 0;

    ret_watches[count++] = (struct hprpc_watch){ .fd = pipe->in, .events = POLLIN };
    if (writing)
        ret_watches[count++] = (struct hprpc_watch){ .fd = pipe->out, .events = POLLOUT };
    if (!is_accepted(pipe))
        count += hprpc__pipe_watch_door(pipe, ret_watches + count);
    return count;
}

/* Makes our own incoming FIFO readable: one byte, which is never read, because a closed stream is not read. */
static void wake_reader(int in)
{
    char path[32];
    int fd;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", in);
    fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return; /* without /proc, the end of file that follows when the other end closes must suffice */
    if (hprpc__write(fd, "", 1) < 0)
        fcntl(fd, F_GETFD); /* the FIFO is full, and so it is readable already */
    close(fd);
}

static void shut(struct hprpc_framed *stream)
{
    const struct hprpc__pipe *pipe = (const struct hprpc__pipe *)stream;

    end_writing(pipe);
    wake_reader(pipe->in);
}

static void let_go(struct hprpc_framed *stream)
{
    struct hprpc__pipe *pipe = (struct hprpc__pipe *)stream;

    close(pipe->in);
    close(pipe->out);
    if (pipe->opening)
        hprpc__pipe_opening_free(stream->channel.context, pipe->opening);
    pipe->in = pipe->out = -1;
    pipe->opening = NULL;
}

static void dispose(struct hprpc_framed *stream)
{
    struct hprpc__pipe *pipe = (struct hprpc__pipe *)stream;

    if (pipe->in >= 0)
        let_go(stream);
    hprpc_context_release(stream->channel.context, pipe, sizeof(*pipe));
}

static void describe(struct hprpc_framed *stream, struct hprpc_peer *ret_peer)
{
    const struct hprpc__pipe *pipe = (const struct hprpc__pipe *)stream;

    snprintf(ret_peer->address, sizeof(ret_peer->address), "uid %lu at %.80s", (unsigned long)pipe->peer.uid,
             pipe->place);
    ret_peer->uid = pipe->peer.uid;
    ret_peer->gid = pipe->peer.gid;
}

static const struct hprpc_framed_ops ops = {
    .name = "pipe",
    .open = hprpc__pipe_open,
    .read = read_runs,
    .write = write_runs,
    .watch = watch,
    .rest = rest,
    .shut = shut,
    .let_go = let_go,
    .dispose = dispose,
    .describe = describe,
};

int hprpc__pipe_new(struct hprpc_context *context, int in, int out, const char *place,
                    const struct hprpc__pipe_owner *peer, const struct hprpc__pipe_options *options,
                    struct hprpc__pipe **ret_pipe)
{
    struct hprpc__pipe *pipe = hprpc_context_allocate(context, sizeof(*pipe));

    if (!pipe)
        return HPRPC_ENOMEM;
    hprpc_framed_init(&pipe->stream, &ops, context, options->wait, true);
    pipe->stream.channel.no_cancellation_points = true;
    pipe->in = in;
    pipe->out = out;
    pipe->capacity = options->capacity;
    atomic_init(&pipe->grown, false);
    atomic_init(&pipe->accepted, true);
    pipe->peer = *peer;
    pipe->opening = NULL;
    snprintf(pipe->place, sizeof(pipe->place), "%s", place);
    hprpc__fifo_shrink(out);
    *ret_pipe = pipe;
    return 0;
}
