/* A byte stream as a channel: its life, its break, and the slots that belong to neither side. */
#include "rpc/stream-pool.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>

#include "rpc/errno-text.h"

enum { BREAKING = 1 }; /* in `broken`: the reason is being written */

int hprpc__stream_broken(struct hprpc__stream *stream)
{
    /* acquire: pairs with the release in hprpc__stream_break; who sees the code sees the reason */
    int code = atomic_load_explicit(&stream->broken, memory_order_acquire);

    while (code == BREAKING) {
        sched_yield(); /* the other side is formatting one sentence */
        code = atomic_load_explicit(&stream->broken, memory_order_acquire);
    }
    return code;
}

int hprpc__stream_break(struct hprpc__stream *stream, int code, const char *format, ...)
{
    struct hprpc_detail detail;
    va_list arguments;
    int whole = 0;

    /* relaxed: only decides who writes */
    if (!atomic_compare_exchange_strong_explicit(&stream->broken, &whole, BREAKING, memory_order_relaxed,
                                                 memory_order_relaxed))
        return hprpc__stream_broken(stream);
    va_start(arguments, format);
    vsnprintf(detail.text, sizeof(detail.text), format, arguments);
    va_end(arguments);
    hprpc_channel_break(&stream->channel, code, "%s", detail.text);
    /* release: pairs with the acquire in hprpc__stream_broken */
    atomic_store_explicit(&stream->broken, code, memory_order_release);
    return code;
}

int hprpc__stream_fail(struct hprpc__stream *stream, const char *verb, int number)
{
    bool system = number == ENOBUFS || number == ENOMEM || number == EBADF || number == EINVAL || number == EFAULT;

    return hprpc__stream_break(stream, system ? HPRPC_ESYSTEM : HPRPC_EPEERDIED, "cannot %s: %s", verb,
                               hprpc__errno_text(number));
}

static size_t watch(struct hprpc_channel *channel, struct hprpc_watch *ret_watches)
{
    struct hprpc__stream *stream = (struct hprpc__stream *)channel;

    return stream->ops->watch(stream, stream->queued, ret_watches);
}

static void disarm(struct hprpc_channel *channel)
{
    (void)channel; /* a stream wakes whoever sleeps at no cost to the sender */
}

static void close_stream(struct hprpc_channel *channel)
{
    struct hprpc__stream *stream = (struct hprpc__stream *)channel;

    if (stream->shut)
        return;
    stream->shut = true;
    hprpc__stream_break(stream, HPRPC_ECLOSED, "the connection was closed on this side");
    stream->ops->shut(stream);
}

static void free_stream(struct hprpc_channel *channel)
{
    struct hprpc__stream *stream = (struct hprpc__stream *)channel;

    close_stream(channel);
    hprpc__stream_receive_free(stream);
    hprpc__stream_send_free(stream);
    hprpc__blocks_release(stream);
    hprpc__pool_drop(stream->pool);
    stream->ops->dispose(stream);
}

static void describe(struct hprpc_channel *channel, struct hprpc_peer *ret_peer)
{
    struct hprpc__stream *stream = (struct hprpc__stream *)channel;

    *ret_peer = (struct hprpc_peer){ .transport = stream->ops->name, .pid = -1, .uid = -1, .gid = -1 };
    stream->ops->describe(stream, ret_peer);
}

static const struct hprpc_channel_ops slots = {
    .start_call = hprpc__stream_start,
    .end_call = hprpc__stream_end,
    .cancel_call = hprpc__stream_cancel,
    .flush = hprpc__stream_flush,
    .receive = hprpc__stream_receive,
    .release = hprpc__stream_release,
    .watch = watch,
    .arm = hprpc__stream_arm,
    .disarm = disarm,
    .close = close_stream,
    .free = free_stream,
    .describe = describe,
};

void hprpc__stream_init(struct hprpc__stream *stream, const struct hprpc__stream_ops *ops,
                        struct hprpc_context *context, enum hprpc_wait wait, bool open)
{
    memset(stream, 0, sizeof(*stream));
    hprpc_channel_init(&stream->channel, &slots, context, wait); /* cannot fail: every slot is there */
    stream->ops = ops;
    atomic_init(&stream->broken, 0);
    atomic_init(&stream->open, open);
    for (size_t i = 0; i < HPRPC__SPARE_COUNT; i++)
        atomic_init(&stream->spares[i], NULL);
    atomic_init(&stream->blocks, 0);
}
