/* SPDX-License-Identifier: MIT */
/* The queues of descriptors on a byte stream. */
#include "channel/framed/carried.h"

static void drop_all(struct hprpc_framed *stream, struct hprpc_descriptors **first)
{
    struct hprpc_descriptors *descriptors;

    while ((descriptors = *first)) {
        *first = descriptors->next;
        hprpc_descriptors_free(stream->channel.context, descriptors);
    }
}

/* ---- Sending ---- */

void hprpc__carried_queue(struct hprpc_framed *stream, struct hprpc_descriptors *descriptors)
{
    struct hprpc_descriptors **end = &stream->outgoing;

    while (*end)
        end = &(*end)->next;
    descriptors->from = stream->sent + stream->queued;
    descriptors->next = NULL;
    *end = descriptors;
}

int hprpc__carried_cut(const struct hprpc_framed *stream, struct iovec *runs, int count,
                       const struct hprpc_descriptors **ret_descriptors)
{
    const struct hprpc_descriptors *first = stream->outgoing; /* there is at least one */
    uint64_t room = UINT64_MAX;
    int kept = 0;

    *ret_descriptors = NULL;
    if (first->from == stream->sent) {
        *ret_descriptors = first;
        first = first->next;
    }
    if (first)
        room = first->from - stream->sent;
    while (kept < count && room) {
        if (runs[kept].iov_len > room)
            runs[kept].iov_len = (size_t)room;
        room -= runs[kept++].iov_len;
    }
    return kept;
}

void hprpc__carried_sent(struct hprpc_framed *stream, size_t count)
{
    struct hprpc_descriptors *first = stream->outgoing;

    if (first && count && first->from == stream->sent) {
        stream->outgoing = first->next;
        hprpc_descriptors_free(stream->channel.context, first);
    }
    stream->sent += count;
}

void hprpc__carried_drop_sent(struct hprpc_framed *stream)
{
    drop_all(stream, &stream->outgoing);
}

/* ---- Receiving ---- */

/* The place of the byte that is delivered next. */
static uint64_t place_of(const struct hprpc_framed *stream)
{
    return stream->received - (stream->filled - stream->at);
}

/* Whether the byte that is delivered next came in the read that these came with. */
static bool came_with(const struct hprpc_framed *stream, const struct hprpc_descriptors *descriptors)
{
    uint64_t place = place_of(stream);

    return place >= descriptors->from && place < descriptors->to;
}

struct hprpc_descriptors *hprpc__carried_take(struct hprpc_framed *stream)
{
    struct hprpc_descriptors *first = stream->incoming;

    if (!first || !came_with(stream, first))
        return NULL;
    stream->incoming = first->next;
    /* the read ended behind them, whether or not more is there */
    stream->vain_looks = 0;
    return first;
}

bool hprpc__carried_is_stray(const struct hprpc_framed *stream)
{
    const struct hprpc_descriptors *first = stream->incoming;

    /* the message that is read can still ask if it began in the same read, and nothing else came with that read */
    return !came_with(stream, first) || first->next;
}

void hprpc__carried_drop_received(struct hprpc_framed *stream)
{
    drop_all(stream, &stream->incoming);
}
