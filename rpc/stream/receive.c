/* SPDX-License-Identifier: MIT */
/* Elements as they arrive: counted, put together from pieces, kept for the reader, and given back once they are read. */
#include "rpc/stream/stream.h"

#include "rpc/connection/control.h"
#include "rpc/connection/life.h"
#include "rpc/connection/send.h"

enum {
    PREFIX = 8,         /* bytes before the first piece of an element: how long that is */
    CHARGED = 16 << 10, /* the server's quota counts a stream in multiples of this: most elements change no count */
};

/* ---- The server's quota ---- */

/* What the quota counts of so many bytes. */
static uint64_t charge_for(uint64_t bytes)
{
    return bytes - bytes % CHARGED;
}

/* Counts what has come. False: the quota is used up. */
static bool charge(struct hprpc__stream *stream)
{
    struct hprpc__quota *quota = stream->controller->quota;
    uint64_t now = charge_for(stream->in.bytes);

    if (KODOSIS_LIKELY(now <= stream->charged) || !quota)
        return true;
    if (!hprpc__quota_take_elements(quota, now - stream->charged))
        return false;
    stream->charged = now;
    return true;
}

/* Counts less after some was read. */
static void discharge(struct hprpc__stream *stream)
{
    uint64_t now = charge_for(stream->in.bytes);

    if (now >= stream->charged)
        return;
    hprpc__quota_give_elements(stream->controller->quota, stream->charged - now);
    stream->charged = now;
}

void hprpc__stream_uncharge(struct hprpc__stream *stream)
{
    hprpc__assert_locked(&stream->controller->lock);
    if (stream->charged)
        hprpc__quota_give_elements(stream->controller->quota, stream->charged);
    stream->charged = 0;
}

/* ---- Giving back ---- */

/* Sends CREDIT for all that was read. */
static int send_credit(struct hprpc__stream *stream)
{
    const struct hprpc__credit credit = { stream->read.elements, stream->read.bytes };
    struct hprpc_header header = { .type = HPRPC_MESSAGE_CREDIT,
                                   .call = stream->call,
                                   .flags =
                                       stream->callee ? HPRPC_FLAG_STREAM | HPRPC_FLAG_CALLEE : HPRPC_FLAG_STREAM };
    struct kodosis_writer writer;
    uint8_t body[HPRPC__CREDIT_SIZE];

    kodosis_writer_init(&writer, body, sizeof(body));
    hprpc__credit_write(&writer, &credit);
    return hprpc__send(stream->controller, &header, body, sizeof(body));
}

/* Gives back what was read, if that is so much that the other side may wait for it. Under the lock. */
static void give_back(struct hprpc__stream *stream)
{
    struct hprpc_controller *controller = stream->controller;
    struct hprpc__streams *streams = controller->streams;
    int r;

    hprpc__assert_locked(&controller->lock);
    if (stream->over || stream->arrival == HPRPC__ARRIVAL_DROPPED || hprpc__state(controller) != HPRPC__READY ||
        !hprpc__window_is_due(&streams->in, &stream->read))
        return;
    r = send_credit(stream);
    if (r == HPRPC_ENOMEM)
        hprpc__controller_starve(controller);
    if (r < 0)
        return;
    hprpc__window_give(&streams->in, &stream->in, &streams->sum_in, &stream->beyond_in, &stream->read);
    stream->read = (struct hprpc__flow){ 0 };
    discharge(stream);
}

/* ---- Arriving ---- */

/* No memory for an element: those that came before can be read, and then the failure. */
static void lose(struct hprpc__stream *stream)
{
    stream->failure = HPRPC_ENOMEM;
    stream->arrival = HPRPC__ARRIVAL_DROPPED;
    /* also amid the pieces of an element, the last of which may come late */
    hprpc__stream_stir(stream);
}

/* Counts an element that begins to arrive. NULL, or which rule it breaks. */
static const char *admit(struct hprpc__stream *stream, uint64_t size)
{
    struct hprpc__streams *streams = stream->controller->streams;
    enum hprpc__leave leave = hprpc__window_allows(&streams->in, &stream->in, &streams->sum_in, size);

    if (size > stream->controller->own->max_message)
        return "an element that is longer than the limit";
    if (leave == HPRPC__LEAVE_NONE)
        return "DATA beyond the window";
    hprpc__window_take(&stream->in, &streams->sum_in, &stream->beyond_in, leave, size);
    if (stream->arrival == HPRPC__ARRIVAL_KEPT && !charge(stream))
        lose(stream);
    return NULL;
}

/* A complete element has come that is not kept. */
static void let_pass(struct hprpc__stream *stream, uint32_t size)
{
    hprpc__flow_add(&stream->read, size);
    give_back(stream);
}

static void release(struct hprpc__stream *stream, struct hprpc_message *message)
{
    struct hprpc_channel *channel = stream->controller->channel;

    if (!message->holds_nothing)
        channel->ops->release(channel, message);
}

/* Takes an element over that came in one message. */
static void take_whole(struct hprpc__stream *stream, struct hprpc_message *message)
{
    uint32_t size = message->size;

    if (stream->arrival == HPRPC__ARRIVAL_KEPT) {
        if (hprpc__queue_put(&stream->queue, stream->controller->channel, message) < 0)
            lose(stream);
        return;
    }
    release(stream, message);
    let_pass(stream, size);
}

/* The size of the element that begins with this piece. 0: the piece makes no sense. */
static uint64_t read_prefix(const struct hprpc_message *message)
{
    struct kodosis_reader reader;
    uint64_t size;

    kodosis_reader_init(&reader, message->body, message->size, NULL);
    size = kodosis_read_uint64(&reader);
    return message->size > PREFIX && size > message->size - PREFIX ? size : 0;
}

/* Begins an element that comes in pieces. NULL, or which rule it breaks. */
static const char *begin_pieces(struct hprpc__stream *stream, const struct hprpc_message *message)
{
    uint64_t size = read_prefix(message);
    const char *fault = size ? admit(stream, size) : "the first piece of an element that makes no sense";

    if (fault)
        return fault;
    stream->receiving = (struct hprpc__pieces){ .size = (uint32_t)size, .under_way = true };
    if (stream->arrival == HPRPC__ARRIVAL_KEPT) {
        stream->receiving.memory = hprpc_context_allocate(stream->controller->context, (size_t)size);
        if (!stream->receiving.memory)
            lose(stream);
    }
    return NULL;
}

/* The last piece has come. */
static void complete(struct hprpc__stream *stream)
{
    struct hprpc__pieces pieces = stream->receiving;
    struct hprpc_context *context = stream->controller->context;

    stream->receiving = (struct hprpc__pieces){ 0 };
    if (stream->arrival != HPRPC__ARRIVAL_KEPT) {
        hprpc_context_release(context, pieces.memory, pieces.size);
        let_pass(stream, pieces.size);
    } else if (hprpc__queue_put_memory(&stream->queue, context, pieces.memory, pieces.size) < 0) {
        lose(stream);
    }
}

/* Adds a piece. NULL, or which rule it breaks. */
static const char *add_piece(struct hprpc__stream *stream, const uint8_t *data, uint32_t size, bool more)
{
    struct hprpc__pieces *pieces = &stream->receiving;

    if (!size || size > pieces->size - pieces->done || more != (size < pieces->size - pieces->done))
        return "pieces that are not as long as their element";
    if (pieces->memory)
        memcpy(pieces->memory + pieces->done, data, size);
    pieces->done += size;
    if (!more)
        complete(stream);
    return NULL;
}

static const char *take_piece(struct hprpc__stream *stream, struct hprpc_message *message)
{
    bool first = !stream->receiving.under_way;
    const char *fault = first ? begin_pieces(stream, message) : NULL;
    uint32_t prefix = first ? PREFIX : 0;

    if (!fault)
        fault =
            add_piece(stream, message->body + prefix, message->size - prefix, message->header.flags & HPRPC_FLAG_MORE);
    if (!fault)
        release(stream, message);
    return fault;
}

const char *hprpc__stream_data(struct hprpc__stream *stream, struct hprpc_message *message)
{
    const char *fault;

    hprpc__assert_locked(&stream->controller->lock);
    if (!stream->receives)
        return "DATA of a call that has no stream in this direction";
    if (stream->heard_end)
        return "DATA after END";
    if (message->size > HPRPC__PIECE_MAX)
        return "DATA with more than 64 KiB";
    stream->moved = true;
    if (stream->receiving.under_way || message->header.flags & HPRPC_FLAG_MORE) {
        fault = take_piece(stream, message);
        if (fault || stream->receiving.under_way)
            return fault;
    } else {
        fault = admit(stream, message->size);
        if (fault)
            return fault;
        take_whole(stream, message);
    }
    hprpc__stream_stir(stream);
    return NULL;
}

const char *hprpc__stream_end(struct hprpc__stream *stream)
{
    hprpc__assert_locked(&stream->controller->lock);
    if (!stream->receives)
        return "END of a call that has no stream in this direction";
    if (stream->heard_end)
        return "a second END";
    if (stream->receiving.under_way)
        return "END inside an element";
    stream->heard_end = true;
    stream->moved = true;
    hprpc__stream_stir(stream);
    return NULL;
}

/* ---- Reading ---- */

/* Lets the element go that was read last. */
static void drop_current(struct hprpc__stream *stream)
{
    struct hprpc__element *current = &stream->queue.current;

    if (current->place == HPRPC__BODY_NONE)
        return;
    hprpc__flow_add(&stream->taken, current->size);
    hprpc__queue_drop(&stream->queue, stream->controller->channel);
    if (stream->arena.blocks)
        kodosis_arena_reset(&stream->arena);
}

/* Tells the window what was read. Under the lock. */
static void count_taken(struct hprpc__stream *stream)
{
    stream->read.elements += stream->taken.elements;
    stream->read.bytes += stream->taken.bytes;
    stream->taken = (struct hprpc__flow){ 0 };
    give_back(stream);
}

bool hprpc__stream_take(struct hprpc__stream *stream)
{
    struct hprpc_controller *controller = stream->controller;
    bool due;

    drop_current(stream);
    /* what all streams have in common was made before this stream, and its windows never change */
    due = hprpc__window_is_due(&controller->streams->in, &stream->taken);
    if (!due && hprpc__queue_take(&stream->queue))
        return true;
    hprpc__mutex_lock(&controller->lock);
    count_taken(stream);
    if (!stream->queue.ready)
        hprpc__queue_look(&stream->queue, controller->context);
    hprpc__mutex_unlock(&controller->lock);
    return hprpc__queue_take(&stream->queue);
}

void hprpc__stream_discard(struct hprpc__stream *stream, enum hprpc__arrival arrival)
{
    struct hprpc_context *context = stream->controller->context;
    struct hprpc__pieces *pieces = &stream->receiving;

    hprpc__assert_locked(&stream->controller->lock);
    hprpc__queue_clear(&stream->queue, stream->controller->channel);
    hprpc_context_release(context, pieces->memory, pieces->size);
    pieces->memory = NULL;
    stream->taken = (struct hprpc__flow){ 0 };
    stream->read = stream->in;
    if (pieces->under_way) {
        stream->read.elements--;
        stream->read.bytes -= pieces->size;
    }
    /* also after a loss: the other side cannot answer before it has sent the rest, for which it needs window */
    if (stream->arrival != HPRPC__ARRIVAL_DROPPED || (stream->failure && !stream->cut))
        stream->arrival = arrival;
    hprpc__stream_uncharge(stream);
    give_back(stream);
}
