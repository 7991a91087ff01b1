/* SPDX-License-Identifier: MIT */
/*
 * The sending side: messages are written into blocks that form a queue, and are sent as soon as the kernel takes them.
 * Blocks never move, so a transport that completes later may still point into them. Runs that the writer borrowed are
 * sent from where they lie; only what the kernel does not take at once is copied into the gap that was left for them.
 */
#include "base/step.h"
#include "channel/framed/carried.h"
#include "channel/framed/driver.h"
#include "channel/framed/header.h"
#include "channel/framed/sides.h"

#include <errno.h>

enum {
    ALIGNMENT = 8,
    REFERENCES = sizeof(((struct hprpc_reservation *)0)->references) / sizeof(struct kodosis_reference)
};

_Static_assert(2 * REFERENCES + 1 <= HPRPC__FRAMED_RUNS, "one message with all its references leaves in one call");

/* ---- The queue ---- */

/* Room for `total` bytes in one piece at the end of the queue, `header_size` of them before the body. */
static struct hprpc__block *make_room(struct hprpc_framed *stream, size_t total, size_t header_size)
{
    struct hprpc__block *block = stream->last;
    size_t capacity = total + ALIGNMENT;

    if (block && block->capacity - block->end >= total)
        return block;
    if (capacity < HPRPC__FRAMED_BLOCK)
        capacity = HPRPC__FRAMED_BLOCK;
    /* GCOVR_EXCL_BR_START: a size_t of 64 bits does not overflow */
    block = capacity < total ? NULL : hprpc__block_take(stream, HPRPC__SPARE_SEND, capacity);
    /* GCOVR_EXCL_BR_STOP */
    if (!block)
        return NULL;
    block->start = block->end = (size_t)-header_size & (ALIGNMENT - 1);
    if (stream->last)
        stream->last->next = block;
    else
        stream->first = block;
    stream->last = block;
    return block;
}

/* Removes the blocks at the front that hold nothing any more. */
static void trim(struct hprpc_framed *stream)
{
    struct hprpc__block *block;

    while ((block = stream->first) && block->start == block->end) {
        stream->first = block->next;
        if (!stream->first)
            stream->last = NULL;
        hprpc__block_give(stream, HPRPC__SPARE_SEND, block);
    }
}

/* Takes `count` bytes that were sent off the front. */
static void consume(struct hprpc_framed *stream, size_t count)
{
    struct hprpc__block *block;

    stream->queued -= count;
    for (block = stream->first; block && count; block = block->next) {
        size_t part = block->end - block->start < count ? block->end - block->start : count;

        block->start += part;
        count -= part;
    }
}

/* Copies borrowed runs to their places, except for the part before `from`, which was sent. */
static void copy_borrowed(const struct kodosis_writer *writer, const uint8_t *from)
{
    for (uint32_t i = 0; i < writer->reference_count; i++) {
        const struct kodosis_reference *reference = &writer->references[i];
        size_t skip = from > reference->place ? (size_t)(from - reference->place) : 0;

        if (skip < reference->size)
            memcpy(reference->place + skip, reference->data + skip, reference->size - skip);
    }
}

/* ---- Sending ---- */

static int gather(const struct hprpc_framed *stream, struct iovec *runs)
{
    int count = 0;

    for (struct hprpc__block *block = stream->first; block && count < HPRPC__FRAMED_RUNS; block = block->next) {
        if (block->start == block->end)
            continue;
        runs[count].iov_base = block->data + block->start;
        runs[count++].iov_len = block->end - block->start;
    }
    return count;
}

/* The same for a queue of one block whose last message borrows. */
static int gather_borrowed(const struct hprpc_framed *stream, const struct kodosis_writer *writer, struct iovec *runs)
{
    struct hprpc__block *block = stream->first;
    uint8_t *from = block->data + block->start;
    int count = 0;

    for (uint32_t i = 0; i < writer->reference_count; i++) {
        const struct kodosis_reference *reference = &writer->references[i];

        if (reference->place > from) {
            runs[count].iov_base = from;
            runs[count++].iov_len = (size_t)(reference->place - from);
        }
        runs[count].iov_base = (void *)(uintptr_t)reference->data;
        runs[count++].iov_len = reference->size;
        from = reference->place + reference->size;
    }
    if (from < block->data + block->end) {
        runs[count].iov_base = from;
        runs[count++].iov_len = (size_t)(block->data + block->end - from);
    }
    return count;
}

static size_t size_of(const struct iovec *runs, int count)
{
    size_t size = 0;

    for (int i = 0; i < count; i++)
        size += runs[i].iov_len;
    return size;
}

/* After an attempt to send `asked` bytes, of which `n` were taken: returns as send_runs. */
static inline int note_sent(struct hprpc_framed *stream, ssize_t n, size_t asked)
{
    hprpc__step(HPRPC__STEP_WRITTEN);
    if (n < 0 && n != -EAGAIN)
        return hprpc_framed_fail_errno(stream, "send", (int)-n);
    if (n > 0)
        consume(stream, (size_t)n);
    if (n == (ssize_t)asked)
        return 1;
    stream->blocked = true;
    return HPRPC_EAGAIN;
}

/* The same as send_runs where descriptors wait: the runs are cut where a message with some begins. */
static __attribute__((noinline)) int send_carrying(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    const struct hprpc_descriptors *descriptors;
    struct iovec cut[HPRPC__FRAMED_RUNS];
    ssize_t n;

    memcpy(cut, runs, (size_t)count * sizeof(*runs));
    count = hprpc__carried_cut(stream, cut, count, &descriptors);
    hprpc__step(HPRPC__STEP_WRITE);
    n = descriptors ? stream->ops->write_with(stream, cut, count, descriptors) : stream->ops->write(stream, cut, count);
    if (n > 0)
        hprpc__carried_sent(stream, (size_t)n);
    return note_sent(stream, n, size_of(cut, count));
}

/* One attempt: 1, all of the runs were taken; HPRPC_EAGAIN, the kernel is full; broken. */
static int send_runs(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    if (KODOSIS_UNLIKELY(stream->outgoing))
        return send_carrying(stream, runs, count);
    hprpc__step(HPRPC__STEP_WRITE);
    return note_sent(stream, stream->ops->write(stream, runs, count), size_of(runs, count));
}

static int send_queue(struct hprpc_framed *stream)
{
    struct iovec runs[HPRPC__FRAMED_RUNS];
    int r = 1;

    while (r == 1 && stream->queued)
        r = send_runs(stream, runs, gather(stream, runs));
    return r == 1 ? 0 : r;
}

/* Whether the queue is so short that a driver may as well send it together with those of other connections. */
static bool is_short(const struct hprpc_framed *stream)
{
    return stream->first == stream->last && stream->queued < HPRPC__FRAMED_DIRECT;
}

/* Has a driver send the front of the queue; false where there is none, or it cannot. */
static bool begin(struct hprpc_framed *stream)
{
    struct hprpc__driver *driver = hprpc__driver_of(stream);
    struct hprpc__block *front;

    if (!driver || !stream->queued)
        return false;
    trim(stream);
    front = stream->first;
    stream->under_way = driver->ops->begin(driver, front->data + front->start, front->end - front->start);
    if (!stream->under_way)
        return false;
    stream->blocked = true;
    return true;
}

/* Takes note of what a driver has sent: 0, nothing is under way; HPRPC_EAGAIN, something is; broken. */
static int finish(struct hprpc_framed *stream)
{
    struct hprpc__driver *driver = hprpc__driver_of(stream);
    ssize_t n;

    if (!stream->under_way)
        return 0;
    n = driver->ops->finish(driver);
    if (n == -EAGAIN)
        return HPRPC_EAGAIN;
    stream->under_way = false;
    if (n < 0)
        return hprpc_framed_fail_errno(stream, "send", (int)-n);
    consume(stream, (size_t)n);
    return 0;
}

/* Sends a message that borrows at once, and copies what the kernel does not take. */
static int send_borrowed(struct hprpc_framed *stream, const struct kodosis_writer *writer)
{
    struct iovec runs[HPRPC__FRAMED_RUNS];
    int r = send_runs(stream, runs, gather_borrowed(stream, writer, runs));

    if (r == HPRPC_EAGAIN)
        copy_borrowed(writer, stream->first->data + stream->first->start);
    return r == 1 ? 0 : r;
}

/* Lets the writer of a message be given descriptors, if its type may have some. */
static __attribute__((noinline)) void offer_descriptors(struct hprpc_reservation *reservation, uint8_t type)
{
    if (type != HPRPC_MESSAGE_REQUEST && type != HPRPC_MESSAGE_REPLY && type != HPRPC_MESSAGE_ERROR)
        return;
    reservation->writer.descriptors = reservation->given;
    reservation->writer.descriptor_capacity = KODOSIS_DESCRIPTORS_MAX;
}

/* ---- The slots ---- */

int hprpc__framed_start(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size,
                        struct hprpc_reservation *ret_reservation)
{
    struct hprpc_framed *stream = (struct hprpc_framed *)channel;
    struct hprpc__block *block = stream->last;
    uint8_t bytes[HPRPC__HEADER_MAX], *place = bytes;
    size_t total;
    int header_size, r = hprpc__framed_broken(stream);

    if (r)
        return r;
    /* acquire: pairs with the release in open_stream (receive.c) */
    if (!__atomic_load_n(&stream->open, __ATOMIC_ACQUIRE))
        return HPRPC_EAGAIN;
    if (hprpc_message_takes_share(header) && stream->queued && (uint64_t)stream->queued + size > HPRPC__FRAMED_QUEUE)
        return HPRPC_EAGAIN;
    /* as a rule there is room for any header, and it is written in place */
    if (KODOSIS_LIKELY(block && block->capacity - block->end >= HPRPC__HEADER_MAX + (uint64_t)size))
        place = block->data + block->end;
    header_size = hprpc__header_write(header, size, place);
    if (header_size < 0)
        return header_size;
    total = (size_t)header_size + size;
    if (place == bytes) {
        /* GCOVR_EXCL_BR_START: a size_t of 64 bits does not overflow */
        block = total < size ? NULL : make_room(stream, total, (size_t)header_size);
        /* GCOVR_EXCL_BR_STOP */
        if (!block)
            return HPRPC_ENOMEM;
        place = block->data + block->end;
        memcpy(place, bytes, (size_t)header_size);
    }
    hprpc__step(HPRPC__STEP_RESERVED);
    kodosis_writer_init(&ret_reservation->writer, place + header_size, size);
    ret_reservation->writer.references = ret_reservation->references;
    ret_reservation->writer.reference_capacity = REFERENCES;
    if (KODOSIS_UNLIKELY(channel->carries_descriptors))
        offer_descriptors(ret_reservation, header->type);
    ret_reservation->size = size;
    ret_reservation->token[0] = total;
    return 0;
}

/* Sends the queue, at whose end a message stands that may borrow. 0 or broken. */
static __attribute__((noinline)) int send_now(struct hprpc_framed *stream, const struct kodosis_writer *writer)
{
    int r;

    trim(stream);
    if (writer->reference_count && stream->first == stream->last && !stream->outgoing) {
        r = send_borrowed(stream, writer);
    } else {
        copy_borrowed(writer, NULL);
        r = send_queue(stream);
    }
    if (r == HPRPC_EAGAIN)
        begin(stream);
    trim(stream);
    return r == HPRPC_EAGAIN ? 0 : r;
}

/* The descriptors of the message that is published go along with its first byte, and its header says so. */
static __attribute__((noinline)) void carry(struct hprpc_framed *stream, struct hprpc_descriptors *descriptors)
{
    const struct hprpc__block *block = stream->last;

    hprpc__header_set_flag((uint8_t *)block->data + block->end, HPRPC_FLAG_DESCRIPTORS);
    hprpc__carried_queue(stream, descriptors);
}

int hprpc__framed_end(struct hprpc_channel *channel, struct hprpc_reservation *reservation)
{
    struct hprpc_framed *stream = (struct hprpc_framed *)channel;
    const struct kodosis_writer *writer = &reservation->writer;
    size_t total = (size_t)reservation->token[0];
    int r = hprpc__framed_broken(stream);

    if (r) {
        if (writer->descriptor_count)
            hprpc_descriptors_free(channel->context, reservation->carried);
        return r;
    }
    if (KODOSIS_UNLIKELY(writer->descriptor_count))
        carry(stream, reservation->carried);
    stream->last->end += total;
    stream->queued += total;
    if (!channel->corked && !stream->blocked)
        r = send_now(stream, writer);
    else if (writer->reference_count)
        copy_borrowed(writer, NULL);
    hprpc_channel_set_queued(channel, stream->queued);
    return r;
}

void hprpc__framed_cancel(struct hprpc_channel *channel, struct hprpc_reservation *reservation)
{
    (void)reservation;
    trim((struct hprpc_framed *)channel);
}

int hprpc__framed_flush(struct hprpc_channel *channel)
{
    struct hprpc_framed *stream = (struct hprpc_framed *)channel;
    int r = hprpc__framed_broken(stream);

    if (r)
        return r;
    r = finish(stream);
    if (r == 0) {
        stream->blocked = false;
        r = is_short(stream) && begin(stream) ? HPRPC_EAGAIN : send_queue(stream);
        if (r == HPRPC_EAGAIN && !stream->under_way)
            begin(stream);
    }
    trim(stream);
    hprpc_channel_set_queued(channel, stream->queued);
    return r;
}

void hprpc__framed_send_free(struct hprpc_framed *stream)
{
    struct hprpc__driver *driver = hprpc__driver_of(stream);
    struct hprpc__block *block;

    if (stream->under_way) {
        driver->ops->abandon(driver, stream->first);
        stream->first = NULL;
        stream->under_way = false;
    }
    while ((block = stream->first)) {
        stream->first = block->next;
        hprpc__block_give(stream, HPRPC__SPARE_SEND, block);
    }
    stream->last = NULL;
    hprpc__carried_drop_sent(stream);
}
