/* SPDX-License-Identifier: MIT */
/*
 * A connection by a socket on a ring. A multishot receive fills buffers of the ring, which are copied into the channel's block; it
 * ends where more buffers are held than one connection should have, and begins again once they are read. Where much comes at once
 * nothing fills buffers: the ring only tells that there are bytes, and they are read straight into the block, or the memory of a
 * large body. So it is where the ring has no buffer left.
 *
 * One send at a time is under way. Its bytes lie in the channel's queue, which is abandoned to the driver when the channel ends
 * first.
 */
#include "channel/socket/uring.h"
#include "channel/socket/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/context.h"
#include "base/poller.h"
#include "base/system-calls.h"

enum {
    HELD_MAX = 8,                        /* buffers of the ring that one connection holds before it receives no more */
    BULK_LEAST = HPRPC__RING_BUFFER / 2, /* bytes at once after which copying them costs more than a system call */
    DIRECT_READS = 16,                   /* reads after so many bytes, in which as many are expected */
};

#define UNDER_WAY INT32_MIN /* in `sent` */

struct uring {
    struct hprpc__driver driver;
    struct hprpc_context *context;
    struct hprpc__ring *ring;
    void *owner;
    int fd;
    bool over; /* let go: it only waits until the kernel is done */

    /* the receiving side's */
    bool receiving; /* `receiver` is at work, */
    bool stopping;  /* and about to end */
    bool awaiting;  /* `waiter` is at work, */
    bool leaving;   /* and about to end */
    bool readable;  /* it told of something that may not be read, */
    bool told;      /* and nothing was read since; */
    bool hung_up;   /* it told of the end, which comes behind the bytes that are there */
    bool ended;
    int end;                                 /* 0, the end of the stream; or a negated errno */
    uint8_t direct;                          /* waits that do not fill buffers */
    uint32_t held;                           /* length of the list */
    struct hprpc__ring_buffer *first, *last; /* what was received and not read */
    struct hprpc__ring_task receiver, waiter;

    /* the sending side's, but for `sending` */
    bool sending; /* `sender` is at work; the ring's thread alone */
    _Atomic int32_t sent;
    struct hprpc__ring_task sender;
    struct hprpc__block *blocks; /* that were abandoned to it */
};

static struct uring *of(struct hprpc__driver *driver)
{
    return (struct uring *)driver;
}

static void tell(const struct uring *uring, void (*what)(void *self, void *owner))
{
    what(hprpc__ring_ears(uring->ring)->self, uring->owner);
}

/* ---- The end ---- */

static void release_blocks(struct uring *uring)
{
    struct hprpc__block *block;

    while ((block = uring->blocks)) {
        uring->blocks = block->next;
        hprpc_context_release(uring->context, block, sizeof(*block) + block->capacity);
    }
}

/* Frees a connection that was let go, once the kernel holds nothing of it. */
static void free_if_done(struct uring *uring)
{
    if (!uring->over || uring->receiving || uring->awaiting || uring->sending)
        return;
    hprpc__socket_close(uring->fd);
    release_blocks(uring);
    hprpc_context_release(uring->context, uring, sizeof(*uring));
}

/* ---- Receiving ---- */

static void give_back(struct uring *uring)
{
    struct hprpc__ring_buffer *buffer = uring->first;

    uring->first = buffer->next;
    uring->held--;
    hprpc__ring_give(uring->ring, buffer);
}

static void hold(struct uring *uring, struct hprpc__ring_buffer *buffer)
{
    if (uring->first)
        uring->last->next = buffer;
    else
        uring->first = buffer;
    uring->last = buffer;
    uring->held++;
}

/* Has the ring fill no more buffers. It may still fill some. */
static void stop_receiving(struct uring *uring)
{
    if (!uring->receiving || uring->stopping)
        return;
    uring->stopping = true;
    hprpc__ring_cancel(uring->ring, &uring->receiver);
}

/* Reads the socket itself from now on, and for some time. */
static void expect_bulk(struct uring *uring)
{
    uring->direct = DIRECT_READS;
    stop_receiving(uring);
}

static bool is_end(int32_t code)
{
    return code <= 0 && code != -ENOBUFS && code != -ECANCELED && code != -EINTR && code != -EAGAIN;
}

static void received(struct hprpc__ring_task *task, const struct hprpc__ring_result *result)
{
    struct uring *uring = (struct uring *)((char *)task - offsetof(struct uring, receiver));

    if (result->buffer) {
        hold(uring, result->buffer);
        if (result->buffer->end == HPRPC__RING_BUFFER)
            expect_bulk(uring);
    }
    if (!result->more) {
        uring->receiving = uring->stopping = false;
        if (result->code == -ENOBUFS)
            uring->direct = DIRECT_READS;
        if (is_end(result->code)) {
            uring->ended = true;
            uring->end = result->code;
        }
    }
    if (uring->over) {
        while (uring->first)
            give_back(uring);
        free_if_done(uring);
        return;
    }
    if (uring->held >= HELD_MAX)
        stop_receiving(uring);
    tell(uring, hprpc__ring_ears(uring->ring)->arrived);
}

static void came(struct hprpc__ring_task *task, const struct hprpc__ring_result *result)
{
    struct uring *uring = (struct uring *)((char *)task - offsetof(struct uring, waiter));

    uring->readable = true;
    uring->told = true;
    if (result->code > 0 && result->code & (POLLRDHUP | POLLHUP | POLLERR))
        uring->hung_up = true;
    if (!result->more)
        uring->awaiting = uring->leaving = false;
    if (uring->over)
        free_if_done(uring);
    else
        tell(uring, hprpc__ring_ears(uring->ring)->arrived);
}

/* Has the ring tell no more that there are bytes. */
static void stop_waiting(struct uring *uring)
{
    if (!uring->awaiting || uring->leaving)
        return;
    uring->leaving = true;
    hprpc__ring_cancel(uring->ring, &uring->waiter);
}

/*
 * Has the ring tell of what comes next. Where all of its buffers are in use, perhaps by connections that are not read while a
 * handler waits on this one, it only waits.
 */
static bool expect(struct uring *uring)
{
    if (!uring->direct)
        uring->receiving = hprpc__ring_receive(uring->ring, &uring->receiver, uring->fd);
    if (!uring->receiving)
        uring->awaiting = hprpc__ring_await(uring->ring, &uring->waiter, uring->fd, POLLIN | POLLRDHUP, true);
    return uring->receiving || uring->awaiting;
}

/* Copies what the buffers hold. */
static size_t take(struct uring *uring, const struct iovec *runs, int count)
{
    size_t taken = 0, at = 0;

    while (count && uring->first) {
        struct hprpc__ring_buffer *buffer = uring->first;
        size_t part = buffer->end - buffer->start, room = runs->iov_len - at;

        part = part < room ? part : room;
        memcpy((uint8_t *)runs->iov_base + at, buffer->data + buffer->start, part);
        buffer->start += (uint32_t)part;
        taken += part;
        at += part;
        if (buffer->start == buffer->end)
            give_back(uring);
        if (at == runs->iov_len) {
            runs++;
            count--;
            at = 0;
        }
    }
    return taken;
}

/* `ret_cut`: the read ended before its time, at descriptors that came unasked, which the system has closed. */
static ssize_t receive_now(const struct uring *uring, const struct iovec *runs, int count, bool *ret_cut)
{
    struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)runs, .msg_iovlen = (size_t)count };
    ssize_t n;

    do
        n = hprpc__recvmsg(uring->fd, &message, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    *ret_cut = n > 0 && message.msg_flags & MSG_CTRUNC;
    return n < 0 ? -hprpc__socket_loss(errno) : n;
}

/* Reads the socket itself, and decides how to wait for what follows. */
static ssize_t read_socket(struct uring *uring, const struct iovec *runs, int count)
{
    size_t asked = 0;
    bool cut;
    ssize_t n;

    for (int i = 0; i < count; i++)
        asked += runs[i].iov_len;
    n = receive_now(uring, runs, count, &cut);
    /* what comes from now on is told again, but an end that was told together with the last bytes is not */
    uring->readable = n == (ssize_t)asked || cut || (n > 0 && uring->hung_up);
    /* there is something that the system would not give: only a new task tells of it again */
    if (n == -EAGAIN && uring->told && hprpc__poll_now(uring->fd, POLLIN))
        stop_waiting(uring);
    uring->told = false;
    if (n >= BULK_LEAST)
        uring->direct = DIRECT_READS;
    else if (n > 0 && uring->direct && !--uring->direct)
        stop_waiting(uring);
    if (n == -EAGAIN && !uring->awaiting)
        expect(uring);
    return n;
}

static ssize_t read_runs(struct hprpc__driver *driver, const struct hprpc_framed *stream, const struct iovec *runs,
                         int count)
{
    struct uring *uring = of(driver);

    if (stream->large)
        expect_bulk(uring);
    /* a look that finds nothing drives the ring, also inside a handler that waits */
    if (!uring->first && !uring->readable && hprpc__ring_has_news(uring->ring))
        hprpc__ring_turn(uring->ring, 0);
    if (uring->first)
        return (ssize_t)take(uring, runs, count);
    if (uring->ended)
        return -hprpc__socket_loss(-uring->end);
    return uring->receiving || (uring->awaiting && !uring->readable) ? -EAGAIN : read_socket(uring, runs, count);
}

static bool arm(struct hprpc__driver *driver)
{
    struct uring *uring = of(driver);

    if (uring->first || uring->ended || (uring->readable && !uring->receiving))
        return true;
    return !uring->receiving && !uring->awaiting && !expect(uring);
}

/* ---- Sending ---- */

static void was_sent(struct hprpc__ring_task *task, const struct hprpc__ring_result *result)
{
    struct uring *uring = (struct uring *)((char *)task - offsetof(struct uring, sender));

    uring->sending = false;
    /* release: pairs with the acquire in finish; a thread that sees it may use the block again */
    atomic_store_explicit(&uring->sent, result->code, memory_order_release);
    if (uring->over)
        free_if_done(uring);
    else
        tell(uring, hprpc__ring_ears(uring->ring)->sent);
}

static bool begin(struct hprpc__driver *driver, const void *data, size_t size)
{
    struct uring *uring = of(driver);

    if (!hprpc__ring_is_mine(uring->ring) || uring->sending)
        return false;
    atomic_store_explicit(&uring->sent, UNDER_WAY, memory_order_relaxed);
    uring->sending = hprpc__ring_send(uring->ring, &uring->sender, uring->fd, data, size);
    return uring->sending;
}

static ssize_t finish(struct hprpc__driver *driver)
{
    /* acquire: pairs with the release in was_sent */
    int32_t sent = atomic_load_explicit(&of(driver)->sent, memory_order_acquire);

    return sent == UNDER_WAY ? -EAGAIN : sent < 0 ? -hprpc__socket_loss(-sent) : sent;
}

static void abandon(struct hprpc__driver *driver, struct hprpc__block *first)
{
    of(driver)->blocks = first;
}

/* Sends what is left of the abandoned blocks behind the first `count` bytes, as far as the kernel takes it at once. */
static void send_rest(struct uring *uring, size_t count)
{
    for (struct hprpc__block *block = uring->blocks; block; block = block->next) {
        size_t size = block->end - block->start;
        size_t part = size < count ? size : count;

        count -= part;
        if (part < size && hprpc__send_bytes(uring->fd, block->data + block->start + part, size - part,
                                             MSG_NOSIGNAL | MSG_DONTWAIT) < (ssize_t)(size - part))
            return;
    }
}

/* The last messages of a connection, perhaps GOODBYE, may stand behind bytes that are under way, and leave if there is room for them. */
static void let_last_words_leave(struct uring *uring)
{
    int32_t sent = atomic_load_explicit(&uring->sent, memory_order_relaxed);

    if (uring->sending) {
        hprpc__ring_submit(uring->ring);
        if (!hprpc__ring_peek(uring->ring, &uring->sender, &sent))
            return;
    }
    if (sent > 0)
        send_rest(uring, (size_t)sent);
}

/* ---- Life ---- */

static const struct hprpc__driver_ops ops = {
    .read = read_runs,
    .arm = arm,
    .begin = begin,
    .finish = finish,
    .abandon = abandon,
};

struct hprpc__driver *hprpc__socket_uring_new(const struct hprpc_channel *channel, int fd)
{
    struct uring *uring = hprpc_context_allocate(channel->context, sizeof(*uring));

    if (!uring)
        return NULL;
    memset(uring, 0, sizeof(*uring));
    uring->driver.ops = &ops;
    uring->context = channel->context;
    uring->ring = channel->ring;
    uring->owner = channel->owner;
    uring->fd = fd;
    uring->receiver.done = received;
    uring->waiter.done = came;
    uring->sender.done = was_sent;
    /* the ring gives up at once on a descriptor that does not block */
    fcntl(fd, F_SETFL, 0);
    return &uring->driver;
}

size_t hprpc__socket_uring_watch(const struct hprpc__driver *driver, bool writing, struct hprpc_watch *ret_watches)
{
    const struct uring *uring = (const struct uring *)driver;

    ret_watches[0] = (struct hprpc_watch){ .fd = hprpc__ring_descriptor(uring->ring), .events = POLLIN };
    if (!writing)
        return 1;
    ret_watches[1] = (struct hprpc_watch){ .fd = uring->fd, .events = POLLOUT };
    return 2;
}

void hprpc__socket_uring_shut(const struct hprpc__driver *driver, bool under_way)
{
    shutdown(((const struct uring *)driver)->fd, under_way ? SHUT_RD : SHUT_RDWR);
}

void hprpc__socket_uring_let_go(struct hprpc__driver *driver)
{
    struct uring *uring = of(driver);

    while (uring->first)
        give_back(uring);
    if (uring->blocks && hprpc__ring_is_mine(uring->ring))
        let_last_words_leave(uring);
    shutdown(uring->fd, SHUT_RDWR);
    if (hprpc__ring_is_mine(uring->ring))
        stop_waiting(uring);
    uring->over = true;
    free_if_done(uring);
}
