/* SPDX-License-Identifier: MIT */
/*
 * Bytes that a peer wrote to a stream, as messages: whatever they are, and in whatever pieces they come, the channel delivers
 * messages within the limit, or breaks and says why. (Whether a header makes sense is for the controller to say.) The first byte says in what pieces; every message is kept for a while.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hprpc/channel/framed.h>

enum { LIMIT = 100, KEPT = 5, LOOKS = 20 };

struct feed {
    struct hprpc_framed stream;
    const uint8_t *data;
    size_t size, at;
    size_t piece; /* bytes at most that one read gives; every other read gives none */
    bool dry;
};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static int open_stream(struct hprpc_framed *stream)
{
    (void)stream;
    return 1;
}

static ssize_t read_runs(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    struct feed *feed = (struct feed *)stream;
    size_t done = 0;

    feed->dry = !feed->dry;
    if (feed->dry && feed->at < feed->size)
        return -EAGAIN;
    for (int i = 0; i < count && done < feed->piece && feed->at < feed->size; i++) {
        size_t part = runs[i].iov_len;

        part = part < feed->size - feed->at ? part : feed->size - feed->at;
        part = part < feed->piece - done ? part : feed->piece - done;
        memcpy(runs[i].iov_base, feed->data + feed->at, part);
        feed->at += part;
        done += part;
    }
    return (ssize_t)done; /* 0: the end */
}

static ssize_t write_runs(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    ssize_t size = 0;

    (void)stream;
    for (int i = 0; i < count; i++)
        size += (ssize_t)runs[i].iov_len;
    return size;
}

static size_t watch(struct hprpc_framed *stream, bool writing, struct hprpc_watch *ret_watches)
{
    (void)stream;
    (void)writing;
    (void)ret_watches;
    return 0;
}

static void nothing(struct hprpc_framed *stream)
{
    (void)stream;
}

static void describe(struct hprpc_framed *stream, struct hprpc_peer *ret_peer)
{
    (void)stream;
    (void)ret_peer;
}

static const struct hprpc_framed_ops ops = { .name = "fuzz",
                                             .open = open_stream,
                                             .read = read_runs,
                                             .write = write_runs,
                                             .watch = watch,
                                             .shut = nothing,
                                             .dispose = nothing,
                                             .describe = describe };

/* Reads a body to its last byte, so that the sanitizer sees what is not there. */
static unsigned sum_of(const struct hprpc_message *message)
{
    unsigned sum = 0;

    for (uint32_t i = 0; i < message->size; i++)
        sum += message->body[i];
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed feed = { .data = data + 1, .size = size - 1, .piece = size ? data[0] % 64 + 1u : 1 };
    struct hprpc_channel *channel = &feed.stream.channel;
    struct hprpc_message kept[KEPT];
    size_t count = 0;
    int r = 0;

    if (!size)
        return 0;
    hprpc_framed_init(&feed.stream, &ops, NULL, HPRPC_WAIT_SPIN, true);
    channel->receive_limit = LIMIT;
    for (size_t turn = 0; turn < LOOKS * (size + 1) && r >= 0; turn++) {
        struct hprpc_message message;

        r = channel->ops->receive(channel, &message);
        if (r <= 0)
            continue;
        must(message.size <= LIMIT && (uintptr_t)message.body % 8 == 0);
        must(sum_of(&message) <= 255u * LIMIT);
        if (count >= KEPT)
            channel->ops->release(channel, &kept[count % KEPT]);
        kept[count++ % KEPT] = message;
    }
    must(r < 0 && channel->reason.text);
    for (size_t i = count > KEPT ? count - KEPT : 0; i < count; i++)
        channel->ops->release(channel, &kept[i % KEPT]);
    channel->ops->free(channel);
    return 0;
}
