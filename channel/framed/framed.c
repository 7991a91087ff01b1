/* SPDX-License-Identifier: MIT */
/* A framed channel: its life, and the slots that belong to neither side. */
#include "channel/framed/pool.h"
#include "channel/framed/sides.h"

static size_t watch(struct hprpc_channel *channel, struct hprpc_watch *ret_watches)
{
    struct hprpc_framed *stream = (struct hprpc_framed *)channel;

    return stream->ops->watch(stream, stream->queued, ret_watches);
}

static void disarm(struct hprpc_channel *channel)
{
    (void)channel; /* a stream wakes a thread that sleeps at no cost to the sender */
}

static void shut(struct hprpc_framed *stream)
{
    if (stream->shut)
        return;
    stream->shut = true;
    hprpc_framed_fail(stream, HPRPC_ECLOSED, "the connection was closed on this side");
    stream->ops->shut(stream);
}

/* Gives up all but the messages that are lent. */
static void let_go(struct hprpc_framed *stream)
{
    if (stream->let_go)
        return;
    stream->let_go = true;
    hprpc__framed_send_free(stream);
    stream->queued = 0;
    hprpc_channel_set_queued(&stream->channel, 0);
    if (stream->ops->let_go)
        stream->ops->let_go(stream);
}

static void close_stream(struct hprpc_channel *channel)
{
    struct hprpc_framed *stream = (struct hprpc_framed *)channel;

    shut(stream);
    if (channel->over)
        let_go(stream);
}

static void free_stream(struct hprpc_channel *channel)
{
    struct hprpc_framed *stream = (struct hprpc_framed *)channel;

    close_stream(channel);
    hprpc__framed_receive_free(stream);
    hprpc__framed_send_free(stream);
    hprpc__blocks_release(stream);
    hprpc__pool_drop(stream->pool);
    hprpc_channel_clear(channel);
    stream->ops->dispose(stream);
}

static void describe(struct hprpc_channel *channel, struct hprpc_peer *ret_peer)
{
    struct hprpc_framed *stream = (struct hprpc_framed *)channel;

    *ret_peer = (struct hprpc_peer){ .transport = stream->ops->name, .pid = -1, .uid = -1, .gid = -1 };
    stream->ops->describe(stream, ret_peer);
}

static const struct hprpc_channel_ops slots = {
    .start_call = hprpc__framed_start,
    .end_call = hprpc__framed_end,
    .cancel_call = hprpc__framed_cancel,
    .flush = hprpc__framed_flush,
    .receive = hprpc__framed_receive,
    .release = hprpc__framed_release,
    .watch = watch,
    .arm = hprpc__framed_arm,
    .disarm = disarm,
    .close = close_stream,
    .free = free_stream,
    .describe = describe,
};

void hprpc_framed_init(struct hprpc_framed *stream, const struct hprpc_framed_ops *ops, struct hprpc_context *context,
                       enum hprpc_wait wait, bool open)
{
    memset(stream, 0, sizeof(*stream));
    hprpc_channel_init(&stream->channel, &slots, context, wait); /* cannot fail: every slot is there */
    stream->ops = ops;
    stream->broken = 0;
    stream->open = open;
    for (size_t i = 0; i < HPRPC__SPARE_COUNT; i++)
        stream->spares[i] = NULL;
    stream->blocks = 0;
}
