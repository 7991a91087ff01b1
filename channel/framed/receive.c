/* SPDX-License-Identifier: MIT */
/*
 * The receiving side: many messages per read, each delivered where it lies.
 *
 * Bytes are received into a block that the messages in it share. A body there is aligned by moving it down over its own
 * header; a stream of similar messages starts where no move is needed. A body of more than HPRPC__FRAMED_DIRECT bytes that is
 * not complete yet gets memory of its own, and the rest of it is received straight there. That memory is allocated whole, not
 * grown: the size was checked against the limit, the credit that this side gave bounds the bytes, the allocator maps no
 * pages before bytes arrive, and growing would copy.
 */
#include "base/step.h"
#include "base/deadline.h"
#include "channel/framed/carried.h"
#include "channel/framed/driver.h"
#include "channel/framed/header.h"
#include "channel/framed/pool.h"
#include "channel/framed/sides.h"

#include <errno.h>

enum {
    ALIGNMENT = 8,
    READ_MIN = 4 * 1024, /* less room than this is not worth a read when the block can be cleared instead */
    /*
     * Looks that a read which took everything saves, because they would find nothing: the one that ends a turn, and the one
     * right after the next request. So a blocking call costs one read, and a spinning one none.
     */
    VAIN_LOOKS = 2,
    LOOK_BYTES = 512 * 1024,  /* of a large body, in one look */
    WINDOW_BYTES = 16 * 1024, /* bytes that must come in each window while a message is incomplete */
};

#define WINDOW (30 * HPRPC__SECOND)

/* ---- Memory ---- */

static void drop(struct hprpc_framed *stream, struct hprpc__block *block)
{
    bool large = block->capacity != HPRPC__FRAMED_BLOCK;

    if (!hprpc__references_drop(&block->references))
        return;
    if (!large)
        __atomic_fetch_sub(&stream->blocks, 1, __ATOMIC_RELAXED);
    hprpc__block_give(stream, large ? HPRPC__SPARE_LARGE : HPRPC__SPARE_RECEIVE, block);
}

/* Where to receive into an empty block, so that a body after a header of the last one's size is aligned. */
static size_t origin(const struct hprpc_framed *stream)
{
    return (size_t)-stream->header_size & (ALIGNMENT - 1);
}

/* Takes a fresh block and moves the bytes that are not delivered yet to it. */
static int renew(struct hprpc_framed *stream)
{
    struct hprpc__block *block = hprpc__block_take(stream, HPRPC__SPARE_RECEIVE, HPRPC__FRAMED_BLOCK);
    size_t count = stream->filled - stream->at, start = origin(stream);

    if (!block)
        return HPRPC_ENOMEM;
    __atomic_fetch_add(&stream->blocks, 1, __ATOMIC_RELAXED);
    if (stream->block) {
        memcpy(block->data + start, stream->block->data + stream->at, count);
        drop(stream, stream->block);
    }
    stream->block = block;
    stream->at = start;
    stream->filled = start + count;
    return 0;
}

/* Makes room after `filled`: for the rest of the message that is arriving, and for a read of at least READ_MIN bytes. */
static int make_room(struct hprpc_framed *stream)
{
    size_t start = origin(stream), count = stream->filled - stream->at;

    if (!stream->block)
        return renew(stream);
    if (!count && hprpc__references_is_only(&stream->block->references))
        stream->at = stream->filled = start;
    if (stream->at + stream->wanted <= HPRPC__FRAMED_BLOCK && HPRPC__FRAMED_BLOCK - stream->filled >= READ_MIN)
        return 0;
    if (!hprpc__references_is_only(&stream->block->references))
        return renew(stream);
    if (stream->at > start) { /* GCOVR_EXCL_BR_LINE: a message at the start of a block has room in it */
        memmove(stream->block->data + start, stream->block->data + stream->at, count);
        stream->at = start;
        stream->filled = start + count;
    }
    return 0;
}

/* ---- Delivery ---- */

/* Delivers a message whose header is in `ret_message` already. A small one is valid until the next look, and holds nothing. */
static inline void deliver(struct hprpc_framed *stream, size_t header_size, uint32_t size,
                           struct hprpc_message *ret_message)
{
    struct hprpc__block *block = stream->block;
    uint8_t *body = block->data + stream->at + header_size;
    size_t shift = (uintptr_t)body & (ALIGNMENT - 1);
    bool aside = shift > header_size && size;

    stream->at += header_size + size;
    stream->header_size = (uint8_t)header_size;
    stream->window_start = 0;
    /*
     * A header has at least 6 bytes. With exactly 6 the body may lack one byte of room, but has less than 128 bytes: it
     * is copied to `aside`.
     */
    if (aside)
        memcpy(block->aside, body, size);
    else if (shift && size)
        memmove(body - shift, body, size);

    ret_message->body = aside ? block->aside : body - shift;
    ret_message->size = size;
    ret_message->followed = stream->at != stream->filled;
    ret_message->holds_nothing = size <= HPRPC__FRAMED_COPIED;
    ret_message->lendable = false;
    ret_message->token[0] = 0;
    if (ret_message->holds_nothing)
        return;
    hprpc__references_take(&block->references);
    ret_message->lendable = __atomic_load_n(&stream->blocks, __ATOMIC_RELAXED) <= HPRPC__FRAMED_BLOCKS / 2;
    ret_message->token[0] = (uintptr_t)block;
}

/* Delivers the next message if its header is short and all of it has come. */
static inline bool take_short(struct hprpc_framed *stream, struct hprpc_message *ret_message)
{
    size_t count = stream->filled - stream->at, header_size;
    uint32_t size;

    if (count < HPRPC__HEADER_REQUEST || stream->large)
        return false;
    header_size = hprpc__header_read_short(stream->block->data + stream->at, &ret_message->header, &size);
    if (!header_size || count - header_size < size || size > stream->channel.receive_limit)
        return false;
    deliver(stream, header_size, size, ret_message);
    return true;
}

static int protocol_error(struct hprpc_framed *stream, int code, const char *text)
{
    stream->receive_broken = true;
    stream->breach = hprpc__framed_breach(stream, code, text);
    return stream->breach;
}

static int no_descriptors(struct hprpc_framed *stream)
{
    return protocol_error(stream, HPRPC_EPROTOCOL, "a message says that descriptors came with it, and none did");
}

static bool asks(const struct hprpc_header *header)
{
    return KODOSIS_UNLIKELY(header->flags & HPRPC_FLAG_DESCRIPTORS);
}

/* Delivers a whole message that descriptors came with. */
static int deliver_carrying(struct hprpc_framed *stream, size_t header_size, uint32_t size,
                            struct hprpc_message *ret_message)
{
    struct hprpc_descriptors *descriptors = hprpc__carried_take(stream);

    if (!descriptors)
        return no_descriptors(stream);
    deliver(stream, header_size, size, ret_message);
    ret_message->descriptors = descriptors;
    ret_message->holds_nothing = false;
    return 1;
}

/* A body in memory of its own costs no more when it is lent than when it is copied. */
static int deliver_large(struct hprpc_framed *stream, struct hprpc_message *ret_message)
{
    ret_message->header = stream->large->header;
    ret_message->body = stream->large->data;
    ret_message->size = (uint32_t)stream->large->end;
    ret_message->lendable = true;
    ret_message->token[0] = (uintptr_t)stream->large;
    ret_message->descriptors = stream->of_large;
    stream->of_large = NULL;
    stream->large = NULL;
    stream->window_start = 0;
    return 1;
}

static int start_large(struct hprpc_framed *stream, const struct hprpc_header *header, size_t header_size,
                       uint32_t size)
{
    size_t here = stream->filled - stream->at - header_size;
    /* one byte more than a block tells the two kinds apart */
    size_t capacity = size > HPRPC__FRAMED_BLOCK ? size : HPRPC__FRAMED_BLOCK + 1;
    struct hprpc__block *large = hprpc__block_take(stream, HPRPC__SPARE_LARGE, capacity);

    if (!large)
        return HPRPC_ENOMEM;
    if (asks(header)) {
        stream->of_large = hprpc__carried_take(stream);
        if (!stream->of_large) {
            hprpc__block_give(stream, HPRPC__SPARE_LARGE, large);
            return no_descriptors(stream);
        }
    }
    memcpy(large->data, stream->block->data + stream->at + header_size, here);
    stream->at = stream->filled;
    stream->large = large;
    stream->large->header = *header;
    large->end = size;
    large->start = here;
    stream->header_size = (uint8_t)header_size;
    return 0;
}

static int over_the_limit(struct hprpc_framed *stream, uint32_t size)
{
    struct hprpc_detail detail;

    hprpc_detail_set(&detail, HPRPC_EPROTOCOL, "a message of %lu bytes is over the limit of %lu", (unsigned long)size,
                     (unsigned long)stream->channel.receive_limit);
    return protocol_error(stream, HPRPC_EPROTOCOL, detail.text);
}

/* Takes the next message out of what was received: 1; 0, it is not complete; broken, HPRPC_ENOMEM. */
static int next_message(struct hprpc_framed *stream, struct hprpc_message *ret_message)
{
    size_t count = stream->filled - stream->at;
    struct hprpc_detail detail;
    size_t header_size;
    uint32_t size;
    int r;

    if (stream->large)
        return stream->large->start == stream->large->end ? deliver_large(stream, ret_message) : 0;
    stream->wanted = HPRPC__HEADER_MAX;
    if (!count)
        return 0;
    r = hprpc__header_read(stream->block->data + stream->at, count, &detail, &ret_message->header, &size);
    if (r < 0)
        return protocol_error(stream, r, detail.text);
    /* a length that is too large with any header is refused before the header is complete */
    if (r == 0 && hprpc__header_length(stream->block->data + stream->at, count, &size) && size > HPRPC__HEADER_MAX &&
        size - HPRPC__HEADER_MAX > stream->channel.receive_limit)
        return over_the_limit(stream, size);
    if (r == 0)
        return 0;
    header_size = (size_t)r;
    if (size > stream->channel.receive_limit)
        return over_the_limit(stream, size);
    if (count - header_size >= size && asks(&ret_message->header))
        return deliver_carrying(stream, header_size, size, ret_message);
    if (count - header_size >= size) {
        deliver(stream, header_size, size, ret_message);
        return 1;
    }
    if (size > HPRPC__FRAMED_DIRECT)
        return start_large(stream, &ret_message->header, header_size, size);
    stream->wanted = (uint32_t)header_size + size;
    return 0;
}

/* ---- Reading ---- */

static int end_of_stream(struct hprpc_framed *stream)
{
    size_t here = stream->large ? stream->large->start : stream->filled - stream->at;

    stream->receive_broken = true;
    if (!here && !stream->large)
        return hprpc_framed_fail(stream, HPRPC_EPEERDIED, "the other side closed the connection");
    return hprpc_framed_fail(stream, HPRPC_EPEERDIED,
                             "the other side closed the connection in the middle of a message, %zu bytes into it",
                             here);
}

/* Where bytes go: the rest of a large body, or LOOK_BYTES of it, and, behind the whole rest, the block. */
static int runs_of(const struct hprpc_framed *stream, struct iovec *ret_runs)
{
    size_t rest = stream->large ? stream->large->end - stream->large->start : 0;
    int count = 0;

    if (rest) /* GCOVR_EXCL_BR_LINE: a body that is complete is delivered before the next read */
        ret_runs[count++] =
            (struct iovec){ stream->large->data + stream->large->start, rest < LOOK_BYTES ? rest : LOOK_BYTES };
    if (rest <= LOOK_BYTES)
        ret_runs[count++] =
            (struct iovec){ stream->block->data + stream->filled, stream->block->capacity - stream->filled };
    return count;
}

static ssize_t read_runs(struct hprpc_framed *stream, const struct iovec *runs, int count)
{
    struct hprpc__driver *driver = hprpc__driver_of(stream);

    return driver ? driver->ops->read(driver, stream, runs, count) : stream->ops->read(stream, runs, count);
}

/* Receives what is there: the number of bytes that came; broken, HPRPC_ENOMEM. */
static int fill(struct hprpc_framed *stream)
{
    struct iovec runs[2];
    int count, r = make_room(stream);
    size_t asked = 0, taken, part = 0;
    ssize_t n;

    if (r)
        return r;
    count = runs_of(stream, runs);
    for (int i = 0; i < count; i++)
        asked += runs[i].iov_len;

    n = read_runs(stream, runs, count);
    hprpc__step(HPRPC__STEP_READ);
    if (!n)
        return end_of_stream(stream);
    if (n == -EAGAIN)
        return 0;
    if (n < 0) {
        if (n == -EPROTO && stream->channel.carries_descriptors)
            return protocol_error(stream, HPRPC_EPROTOCOL, "more than 16 descriptors came at once");
        stream->receive_broken = true;
        return hprpc_framed_fail_errno(stream, "receive", (int)-n);
    }
    taken = (size_t)n;
    stream->vain_looks = taken < asked ? VAIN_LOOKS : 0;
    stream->quiet = false;
    stream->window_bytes += taken;
    if (stream->large) {
        part = taken < runs[0].iov_len ? taken : runs[0].iov_len;
        stream->large->start += part;
    }
    stream->filled += taken - part;
    stream->received += taken;
    return (int)taken;
}

/*
 * Breaks the stream after a window of time with hardly any bytes: a message that comes so slowly would hold memory and a
 * connection for as long as its sender likes. Bytes that came while no thread received count.
 */
static int check_pace(struct hprpc_framed *stream)
{
    uint64_t now;

    if (!stream->large && stream->at == stream->filled) /* GCOVR_EXCL_BR_LINE: bytes came, and are no whole message */
        return 0;
    now = hprpc_context_now(stream->channel.context);
    if (stream->window_start && now - stream->window_start < WINDOW)
        return 0;
    if (stream->window_start && stream->window_bytes < WINDOW_BYTES)
        return protocol_error(stream, HPRPC_EPROTOCOL, "a message stayed incomplete for 30 seconds");
    stream->window_start = now;
    stream->window_bytes = 0;
    return 0;
}

static int open_stream(struct hprpc_framed *stream)
{
    int r = stream->ops->open(stream);

    if (r < 0)
        stream->receive_broken = true;
    if (r == 1) /* release: pairs with the acquires in hprpc__framed_start and is_open (channel-tcp/channel.c) */
        __atomic_store_n(&stream->open, true, __ATOMIC_RELEASE);
    return r;
}

/* Whether the last read took everything, and all of it is delivered: so it is in most looks that end a turn. */
static bool is_drained(const struct hprpc_framed *stream)
{
    return stream->vain_looks && stream->at == stream->filled && !stream->large;
}

/* Receives in all cases. */
static __attribute__((noinline)) int receive(struct hprpc_framed *stream, int broken, struct hprpc_message *ret_message)
{
    int r, came = 0; /* bytes */

    if (stream->breach)
        return broken ? broken : stream->breach;
    if (broken && (stream->receive_broken || broken == HPRPC_ECLOSED))
        return broken;
    if (!__atomic_load_n(&stream->open, __ATOMIC_RELAXED)) {
        r = open_stream(stream);
        if (r <= 0)
            return r;
    }
    if (broken)
        stream->vain_looks = 0; /* the sending side broke it; reads still deliver what came before */
    /* this loop ends: each pass that does not drain the connection brings a good part of one message */
    for (;;) {
        r = next_message(stream, ret_message);
        if (r)
            return r;
        if (KODOSIS_UNLIKELY(stream->incoming)) {
            if (hprpc__carried_is_stray(stream))
                return protocol_error(stream, HPRPC_EPROTOCOL, "descriptors came with no message that asks for them");
            stream->vain_looks = 0;
        }
        r = stream->vain_looks && !broken ? 0 : fill(stream);
        if (r < 0)
            return r;
        if (!r)
            break;
        came += r;
        /* other connections have their turn before the rest of a long body */
        if (stream->large && came >= LOOK_BYTES)
            break;
    }
    if (stream->vain_looks)
        stream->vain_looks--;
    if (came && !broken)
        return check_pace(stream);
    return broken;
}

/* Receives from a stream that is whole, and has more, or may have. */
static __attribute__((noinline)) int receive_whole(struct hprpc_framed *stream, struct hprpc_message *ret_message)
{
    return KODOSIS_LIKELY(take_short(stream, ret_message)) ? 1 : receive(stream, 0, ret_message);
}

int hprpc__framed_receive(struct hprpc_channel *channel, struct hprpc_message *ret_message)
{
    struct hprpc_framed *stream = (struct hprpc_framed *)channel;
    int broken = hprpc__framed_broken(stream);

    if (KODOSIS_UNLIKELY(broken || stream->breach))
        return receive(stream, broken, ret_message);
    /* every other look is one of these, and needs no more than this */
    if (is_drained(stream)) {
        stream->vain_looks--;
        return 0;
    }
    return receive_whole(stream, ret_message);
}

void hprpc__framed_release(struct hprpc_channel *channel, struct hprpc_message *message)
{
    if (message->token[0])
        drop((struct hprpc_framed *)channel, (struct hprpc__block *)message->token[0]);
    if (message->header.flags & HPRPC_FLAG_DESCRIPTORS) {
        hprpc_descriptors_free(channel->context, message->descriptors);
        message->descriptors = NULL;
    }
}

/* Whether what was received holds a whole message, or an error. */
static bool has_message(const struct hprpc_framed *stream)
{
    struct hprpc_header header;
    struct hprpc_detail detail;
    uint32_t size;
    size_t count = stream->filled - stream->at;
    int r;

    if (stream->large)
        return stream->large->start == stream->large->end;
    if (!count)
        return false;
    r = hprpc__header_read(stream->block->data + stream->at, count, &detail, &header, &size);
    return r < 0 || (r > 0 && (size > stream->channel.receive_limit || count - (size_t)r >= size));
}

/* Called before a sleep: gives empty blocks to the pool, for connections that are awake. */
static void share(struct hprpc_framed *stream)
{
    struct hprpc__block *block = stream->block;

    if (stream->pool && block && !stream->large && stream->at == stream->filled &&
        hprpc__references_is_only(&block->references) && hprpc__pool_give(stream->pool, block)) {
        stream->block = NULL;
        stream->at = stream->filled = 0;
        __atomic_fetch_sub(&stream->blocks, 1, __ATOMIC_RELAXED);
    }
    hprpc__blocks_share(stream);
}

bool hprpc__framed_arm(struct hprpc_channel *channel)
{
    struct hprpc_framed *stream = (struct hprpc_framed *)channel;
    struct hprpc__driver *driver = hprpc__driver_of(stream);

    if (hprpc__framed_broken(stream) || stream->breach || has_message(stream))
        return true;
    stream->vain_looks = 0;
    if (driver && driver->ops->arm(driver))
        return true;
    share(stream);
    if (stream->quiet) {
        /* armed twice, and received nothing in between: the connection idles, and keeps no memory */
        if (stream->block && stream->at == stream->filled && !stream->large) {
            drop(stream, stream->block);
            stream->block = NULL;
            stream->at = stream->filled = 0;
        }
        hprpc__blocks_release(stream);
        if (stream->ops->rest)
            stream->ops->rest(stream);
    }
    stream->quiet = true;
    return false;
}

void hprpc__framed_receive_free(struct hprpc_framed *stream)
{
    if (stream->block)
        drop(stream, stream->block);
    if (stream->large)
        drop(stream, stream->large);
    hprpc_descriptors_free(stream->channel.context, stream->of_large);
    hprpc__carried_drop_received(stream);
}
