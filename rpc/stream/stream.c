/* SPDX-License-Identifier: MIT */
/* The life of a stream: how it is made, is over, and is freed. */
#include "rpc/stream/stream.h"

#include "rpc/connection/message.h"

/* Makes what all streams of a connection have in common, with the first of them. */
static bool make_streams(struct hprpc_controller *controller)
{
    const struct hprpc__limits *own = controller->own;
    const struct hprpc__peer_limits *peer = &controller->peer;
    uint64_t count = (uint64_t)own->max_calls + peer->max_calls;
    struct hprpc__streams *streams = controller->streams;

    if (streams)
        return true;
    streams = hprpc_context_allocate(controller->context, sizeof(*streams));
    if (!streams)
        return false;
    memset(streams, 0, sizeof(*streams));
    streams->in = hprpc__window_make(own->stream_elements, own->stream_bytes, own->max_stream_bytes, count);
    streams->out = hprpc__window_make(peer->stream_elements, peer->stream_bytes, peer->streams_bytes, count);
    controller->streams = streams;
    return true;
}

static void join_open(struct hprpc__stream *stream)
{
    struct hprpc__streams *streams = stream->controller->streams;

    stream->next = streams->open;
    stream->place = &streams->open;
    if (stream->next)
        stream->next->place = &stream->next;
    streams->open = stream;
}

static void leave_open(struct hprpc__stream *stream)
{
    *stream->place = stream->next;
    if (stream->next)
        stream->next->place = stream->place;
}

int hprpc__stream_new(struct hprpc_controller *controller, uint32_t call, bool callee, uint32_t procedure_flags,
                      struct hprpc__stream **ret_stream)
{
    uint32_t outward = callee ? HPRPC_PROCEDURE_STREAMS_OUT : HPRPC_PROCEDURE_STREAMS_IN;
    uint32_t inward = callee ? HPRPC_PROCEDURE_STREAMS_IN : HPRPC_PROCEDURE_STREAMS_OUT;
    struct hprpc__stream *stream;

    hprpc__assert_locked(&controller->lock);
    if (!make_streams(controller))
        return HPRPC_ENOMEM;
    stream = hprpc_context_allocate(controller->context, sizeof(*stream));
    if (!stream)
        return HPRPC_ENOMEM;
    memset(stream, 0, sizeof(*stream));
    stream->controller = controller;
    stream->call = call;
    stream->callee = callee;
    stream->sends = procedure_flags & outward;
    stream->receives = procedure_flags & inward;
    stream->deadline = HPRPC__NEVER;
    kodosis_arena_init(&stream->arena, hprpc_context_allocator(controller->context),
                       (size_t)controller->own->max_decoded);
    join_open(stream);
    *ret_stream = stream;
    return 0;
}

/* Frees the memory of an element that is not complete. */
static void free_pieces(struct hprpc__pieces *pieces, struct hprpc_context *context)
{
    hprpc_context_release(context, pieces->memory, pieces->size);
    *pieces = (struct hprpc__pieces){ 0 };
}

/* Senders that found no window because of others may go on, and so may a long element that has not begun: no turn need come for it. */
static void end_crowd(struct hprpc__streams *streams)
{
    if (!streams->crowded)
        return;
    streams->crowded = false;
    for (struct hprpc__stream *other = streams->open; other; other = other->next) {
        if (hprpc__stream_has_pieces(other))
            hprpc__stream_push(other);
        hprpc__stream_stir(other);
    }
}

void hprpc__stream_finish(struct hprpc__stream *stream)
{
    struct hprpc_controller *controller = stream->controller;
    struct hprpc__streams *streams = controller->streams;

    hprpc__assert_locked(&controller->lock);
    if (stream->over)
        return;
    stream->over = true;
    leave_open(stream);
    streams->sum_in.bytes -= stream->in.bytes;
    streams->sum_in.beyond -= stream->beyond_in;
    streams->sum_out.bytes -= stream->out.bytes;
    streams->sum_out.beyond -= stream->beyond_out;
    if (stream->sending.under_way)
        hprpc__stream_end_pieces(stream);
    free_pieces(&stream->receiving, controller->context);
    hprpc__stream_stir(stream);
    end_crowd(streams);
}

void hprpc__stream_cut(struct hprpc__stream *stream)
{
    hprpc__assert_locked(&stream->controller->lock);
    stream->cut = true;
    stream->arrival = HPRPC__ARRIVAL_DROPPED;
    if (stream->sending.under_way)
        hprpc__stream_end_pieces(stream);
    hprpc__stream_stir(stream);
}

const char *hprpc__stream_credit(struct hprpc__stream *stream, const struct hprpc_message *message)
{
    struct hprpc__streams *streams = stream->controller->streams;
    struct hprpc__credit credit = { 0 };

    hprpc__assert_locked(&stream->controller->lock);
    if (!hprpc__credit_read(message->body, message->size, &credit) || credit.calls > stream->out.elements ||
        credit.bytes > stream->out.bytes)
        return "a CREDIT for a stream that is malformed, or larger than what was sent";
    hprpc__window_give(&streams->out, &stream->out, &streams->sum_out, &stream->beyond_out,
                       &(struct hprpc__flow){ credit.calls, credit.bytes });
    stream->moved = true;
    hprpc__stream_stir(stream);
    end_crowd(streams);
    return NULL;
}

/* Takes a stream out of the news. */
static void leave_news(struct hprpc__stream *stream)
{
    struct hprpc_controller *controller = stream->controller;

    if (!stream->stirred)
        return;
    hprpc__list_remove(&controller->streams->news, &stream->link);
    atomic_fetch_sub_explicit(&controller->tickets.later, 1, memory_order_relaxed);
    stream->stirred = false;
}

void hprpc__stream_free(struct hprpc__stream *stream)
{
    struct hprpc_controller *controller = stream->controller;

    hprpc__assert_locked(&controller->lock);
    hprpc__assert(!stream->notify);
    hprpc__stream_finish(stream);
    leave_news(stream);
    hprpc__queue_clear(&stream->queue, controller->channel);
    hprpc__stream_uncharge(stream);
    hprpc_context_release(controller->context, stream->sending.memory, stream->sending.size);
    kodosis_arena_clear(&stream->arena);
    hprpc_context_release(controller->context, stream, sizeof(*stream));
}

void hprpc__streams_clear(struct hprpc_controller *controller)
{
    if (controller->streams)
        hprpc_context_release(controller->context, controller->streams, sizeof(*controller->streams));
    controller->streams = NULL;
}
