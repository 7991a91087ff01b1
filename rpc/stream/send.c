/* SPDX-License-Identifier: MIT */
/* Elements as they are sent: a short one is written where the channel has room for it, a long one to memory, and goes in pieces. */
#include "rpc/stream/stream.h"

#include "rpc/connection/control.h"
#include "rpc/connection/life.h"
#include "rpc/connection/line.h"
#include "rpc/connection/send.h"

enum {
    PREFIX = 8,     /* bytes before the first piece of an element: how long that is */
    HELD_MOST = 64, /* elements that leave together, where the sender corks; see HPRPC__UNREAD_LEAST for their bytes */
};

/* ---- Whether an element may go ---- */

static uint32_t piece_max(const struct hprpc_controller *controller)
{
    return controller->peer.max_message < HPRPC__PIECE_MAX ? controller->peer.max_message : HPRPC__PIECE_MAX;
}

/* Whether the window has room for an element of that size. Under the lock. */
static bool has_window_for(struct hprpc__stream *stream, uint64_t size)
{
    stream->wanted = size;
    stream->leave = hprpc__stream_window(stream);
    return stream->leave != HPRPC__LEAVE_NONE;
}

static int may_send(struct hprpc__stream *stream, uint64_t size)
{
    struct hprpc_controller *controller = stream->controller;

    if (!stream->sends || stream->said_end || stream->ends_after || size >= KODOSIS_SIZE_TOO_BIG)
        return HPRPC_EINVAL;
    if (stream->over || stream->cut || hprpc__state(controller) != HPRPC__READY)
        return HPRPC_ECLOSED;
    if (size > controller->peer.max_message)
        return HPRPC_ETOOBIG;
    if (hprpc__stream_has_pieces(stream)) {
        stream->wanted = size;
        return HPRPC_EBUSY;
    }
    return has_window_for(stream, size) ? 0 : HPRPC_EBUSY;
}

/* Whether a request waits for room in the channel, not for credit: streams leave it to that. */
static bool request_goes_first(const struct hprpc_controller *controller)
{
    const struct hprpc__link *first = controller->line.first;

    return first && ((const struct hprpc__room *)first)->lacks_room && !hprpc__pump_is_mine(&controller->pump);
}

/* Notes whether an attempt found room. Returns the code that it fails with. */
static int note_room(struct hprpc__stream *stream, int r)
{
    stream->lacks_room = r == HPRPC_EAGAIN;
    if (stream->lacks_room) {
        stream->lacked_at = atomic_load_explicit(&stream->controller->turns, memory_order_relaxed);
        stream->lacked_after = stream->controller->progress;
    }
    return r == 0 || r == HPRPC_EAGAIN || r == HPRPC_ENOMEM ? r : HPRPC_ECLOSED;
}

/* Reserves room for a DATA. Flushes what waits in the channel if that takes the room. HPRPC_EAGAIN: there is none. */
static int reserve(struct hprpc__stream *stream, uint32_t size, uint8_t flags,
                   struct hprpc_reservation *ret_reservation)
{
    struct hprpc_controller *controller = stream->controller;
    struct hprpc_channel *channel = controller->channel;
    struct hprpc_header header = { .type = HPRPC_MESSAGE_DATA, .call = stream->call, .flags = flags };
    int r;

    header.flags |= stream->callee ? HPRPC_FLAG_CALLEE : 0;
    r = channel->ops->start_call(channel, &header, size, ret_reservation);
    if (r == HPRPC_EAGAIN && channel->queued && channel->ops->flush(channel) == 0)
        r = channel->ops->start_call(channel, &header, size, ret_reservation);
    return note_room(stream, r);
}

/* ---- Publishing ---- */

/* Whether what this thread sends leaves at the end of the turn that it is inside of. */
static bool is_inside_turn(const struct hprpc_controller *controller)
{
    return hprpc__pump_is_mine(&controller->pump) && controller->running;
}

static void publish(struct hprpc__stream *stream, struct hprpc_reservation *reservation, bool holds)
{
    struct hprpc_controller *controller = stream->controller;

    stream->moved = true;
    /* if the channel breaks just now, the pump's next turn ends the call */
    if (holds || is_inside_turn(controller))
        hprpc__publish_as(controller, reservation, true);
    else
        hprpc__publish(controller, reservation);
}

/* Whether the next element waits for those that follow it. */
static bool holds(struct hprpc__stream *stream)
{
    if (KODOSIS_LIKELY(!stream->corks))
        return false;
    if (++stream->held < HELD_MOST && stream->controller->channel->queued < HPRPC__UNREAD_LEAST)
        return true;
    stream->held = 0;
    return false;
}

void hprpc__stream_flush(struct hprpc__stream *stream)
{
    struct hprpc_controller *controller = stream->controller;
    struct hprpc_channel *channel = controller->channel;

    hprpc__mutex_lock(&controller->lock);
    /* a channel that is broken, or has no room, is the next turn's */
    if (stream->held && channel->queued && hprpc__state(controller) == HPRPC__READY) {
        if (channel->ops->flush(channel) == 0)
            controller->progress++;
        /* also the thread that pumps: it may be between two turns */
        hprpc__look_at_queue(controller, true);
    }
    stream->held = 0;
    hprpc__mutex_unlock(&controller->lock);
}

void hprpc__stream_cork(struct hprpc__stream *stream, bool corked)
{
    hprpc__mutex_lock(&stream->controller->lock);
    stream->corks = corked;
    hprpc__mutex_unlock(&stream->controller->lock);
    if (!corked)
        hprpc__stream_flush(stream);
}

static void charge(struct hprpc__stream *stream, uint64_t size)
{
    hprpc__window_take(&stream->out, &stream->controller->streams->sum_out, &stream->beyond_out, stream->leave, size);
}

/* ---- Pieces ---- */

/* Memory for an element that is too long for one DATA. */
static int begin_long(struct hprpc__stream *stream, uint32_t size)
{
    struct hprpc__pieces *pieces = &stream->sending;

    pieces->memory = hprpc_context_allocate(stream->controller->context, size);
    if (!pieces->memory)
        return HPRPC_ENOMEM;
    pieces->size = size;
    pieces->done = 0;
    kodosis_writer_init(&stream->writer, pieces->memory, size);
    return 0;
}

/* From now on the turns of the pump send the pieces, too. */
static void begin_pieces(struct hprpc__stream *stream)
{
    struct hprpc_controller *controller = stream->controller;

    stream->sending.under_way = true;
    controller->streams->pushing++;
    /* relaxed: as for the tickets, the lock orders it */
    atomic_fetch_add_explicit(&controller->tickets.later, 1, memory_order_relaxed);
}

void hprpc__stream_end_pieces(struct hprpc__stream *stream)
{
    struct hprpc_controller *controller = stream->controller;

    hprpc__assert_locked(&controller->lock);
    if (stream->sending.under_way) {
        controller->streams->pushing--;
        atomic_fetch_sub_explicit(&controller->tickets.later, 1, memory_order_relaxed);
    }
    hprpc_context_release(controller->context, stream->sending.memory, stream->sending.size);
    stream->sending = (struct hprpc__pieces){ 0 };
}

static int push_one(struct hprpc__stream *stream)
{
    struct hprpc__pieces *pieces = &stream->sending;
    uint32_t prefix = pieces->done ? 0 : PREFIX, room = piece_max(stream->controller) - prefix;
    uint32_t left = pieces->size - pieces->done, size = left < room ? left : room;
    struct hprpc_reservation reservation;
    int r;

    /*
     * The receiver judges the element by what came before its first piece. Since it was begun, other streams may have sent some, so it
     * is judged here, and counted, too.
     */
    if (!pieces->done && !has_window_for(stream, pieces->size))
        return HPRPC_EAGAIN;
    r = reserve(stream, size + prefix, size < left ? HPRPC_FLAG_MORE : 0, &reservation);
    if (r < 0)
        return r;
    if (prefix) {
        charge(stream, pieces->size);
        kodosis_write_uint64(&reservation.writer, pieces->size);
    }
    kodosis_write_run(&reservation.writer, pieces->memory + pieces->done, size);
    pieces->done += size;
    publish(stream, &reservation, false);
    return 0;
}

int hprpc__stream_push(struct hprpc__stream *stream)
{
    struct hprpc__pieces *pieces = &stream->sending;
    int r = 0;

    hprpc__assert_locked(&stream->controller->lock);
    if (hprpc__state(stream->controller) != HPRPC__READY)
        return HPRPC_ECLOSED;
    while (r == 0 && pieces->under_way && pieces->done < pieces->size)
        r = push_one(stream);
    if (r == HPRPC_ENOMEM && pieces->done) {
        /* the other side waits for the rest, and nothing would tell when there is memory */
        hprpc__controller_starve(stream->controller);
        return HPRPC_ECLOSED;
    }
    if (r < 0 || !pieces->under_way)
        return r;
    hprpc__stream_end_pieces(stream);
    if (stream->ends_after)
        hprpc__stream_say_end(stream);
    hprpc__stream_stir(stream);
    return 0;
}

bool hprpc__streams_push(struct hprpc_controller *controller)
{
    struct hprpc__streams *streams;
    bool complete = false;

    hprpc__mutex_lock(&controller->lock);
    streams = controller->streams;
    if (streams && streams->pushing) {
        for (struct hprpc__stream *stream = streams->open; stream; stream = stream->next) {
            int r = hprpc__stream_has_pieces(stream) ? hprpc__stream_push(stream) : HPRPC_EAGAIN;

            complete |= r == 0;
            if (r == HPRPC_ENOMEM)
                hprpc__controller_starve(controller);
        }
    }
    hprpc__mutex_unlock(&controller->lock);
    return complete;
}

/* Ends what begin_long has begun. Not under the lock. */
static int send_long(struct hprpc__stream *stream)
{
    struct hprpc_controller *controller = stream->controller;
    bool written = stream->writer.status == KODOSIS_OK && stream->writer.cursor == stream->writer.end;
    int r = HPRPC_EINVAL;

    hprpc__mutex_lock(&controller->lock);
    if (!written || stream->over) {
        hprpc__stream_end_pieces(stream);
        r = written ? HPRPC_ECLOSED : HPRPC_EINVAL;
    } else {
        begin_pieces(stream);
        r = hprpc__stream_push(stream);
        if (r == HPRPC_ENOMEM) { /* nothing was sent yet */
            hprpc__stream_end_pieces(stream);
        }
    }
    hprpc__mutex_unlock(&controller->lock);
    return r;
}

/* ---- One element ---- */

int hprpc__stream_begin(struct hprpc__stream *stream, uint64_t size, struct kodosis_writer **ret_writer)
{
    struct hprpc_controller *controller = stream->controller;
    bool is_long;
    int r;

    hprpc__mutex_lock(&controller->lock);
    r = may_send(stream, size);
    if (r == 0 && request_goes_first(controller))
        r = note_room(stream, HPRPC_EAGAIN);
    is_long = r == 0 && size > piece_max(controller);
    if (is_long)
        r = begin_long(stream, (uint32_t)size);
    else if (r == 0)
        r = reserve(stream, (uint32_t)size, 0, &stream->reservation);
    if (r < 0 || is_long)
        hprpc__mutex_unlock(&controller->lock);
    if (r == 0)
        *ret_writer = is_long ? &stream->writer : &stream->reservation.writer;
    return r;
}

int hprpc__stream_send(struct hprpc__stream *stream)
{
    struct hprpc_controller *controller = stream->controller;
    struct hprpc_reservation *reservation = &stream->reservation;
    int r = 0;

    /* only this thread begins an element of the stream */
    if (stream->sending.memory && !stream->sending.under_way)
        return send_long(stream);
    hprpc__assert_locked(&controller->lock);
    if (KODOSIS_LIKELY(hprpc__is_written(reservation))) {
        charge(stream, reservation->size);
        publish(stream, reservation, holds(stream));
    } else {
        controller->channel->ops->cancel_call(controller->channel, reservation);
        r = HPRPC_EINVAL;
    }
    hprpc__mutex_unlock(&controller->lock);
    return r;
}

/* ---- END ---- */

void hprpc__stream_say_end(struct hprpc__stream *stream)
{
    struct hprpc_controller *controller = stream->controller;
    struct hprpc_header header = { .type = HPRPC_MESSAGE_END,
                                   .call = stream->call,
                                   .flags = stream->callee ? HPRPC_FLAG_CALLEE : 0 };

    hprpc__assert_locked(&controller->lock);
    if (!stream->sends || stream->said_end || stream->over || stream->cut || hprpc__state(controller) != HPRPC__READY)
        return;
    if (hprpc__stream_has_pieces(stream)) {
        stream->ends_after = true;
        return;
    }
    stream->said_end = true;
    if (hprpc__send(controller, &header, "", 0) == HPRPC_ENOMEM)
        hprpc__controller_starve(controller);
}
