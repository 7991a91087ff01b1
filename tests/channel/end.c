/* SPDX-License-Identifier: MIT */
/* One end of a byte stream under test: sends, receives, checks bodies, and counts memory and descriptors. */
#include "tests/channel/end.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t test_deadline(void)
{
    return now() + TEST_SECONDS * 1000000000ull;
}

bool test_is_past(uint64_t deadline)
{
    return now() > deadline;
}

uint8_t test_byte(uint32_t seed, size_t offset)
{
    return (uint8_t)((seed * 2654435761u + offset * 40503u) >> 8);
}

void test_fill(uint8_t *body, uint32_t seed, size_t size)
{
    for (size_t i = 0; i < size; i++)
        body[i] = test_byte(seed, i);
}

struct hprpc_header test_request(uint32_t call)
{
    return (struct hprpc_header){ .type = HPRPC_MESSAGE_REQUEST, .call = call, .service = 1, .procedure = 2 };
}

struct hprpc_header test_reply(uint32_t call)
{
    return (struct hprpc_header){ .type = HPRPC_MESSAGE_REPLY, .call = call };
}

int test_send(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size)
{
    struct hprpc_reservation reservation;
    int r = channel->ops->start_call(channel, header, size, &reservation);

    if (r)
        return r;
    assert_int_equal(reservation.size, size);
    assert_int_equal(reservation.writer.end - reservation.writer.cursor, size);
    assert_ptr_equal(reservation.writer.references, reservation.references);
    test_fill(reservation.writer.cursor, header->call, size);
    reservation.writer.cursor += size;
    return channel->ops->end_call(channel, &reservation);
}

int test_send_borrowed(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size, unsigned pieces)
{
    struct hprpc_reservation reservation;
    struct kodosis_writer *writer = &reservation.writer;
    uint8_t *body = malloc(size);
    size_t piece = size / pieces, small = piece / 8;
    int r = channel->ops->start_call(channel, header, size, &reservation);

    if (r) {
        free(body);
        return r;
    }
    test_fill(body, header->call, size);
    memset(writer->cursor, 0xee,
           size); /* if the writer leaves a gap, these bytes are sent, and test_check finds them */
    for (unsigned i = 0; i < pieces; i++) {
        size_t from = i * piece + small, to = i + 1 == pieces ? size - small : (i + 1) * piece;

        memcpy(writer->start + i * piece, body + i * piece, small);
        assert_true(writer->reference_count < writer->reference_capacity);
        writer->references[writer->reference_count++] =
            (struct kodosis_reference){ .data = body + from, .place = writer->start + from, .size = to - from };
    }
    memcpy(writer->end - small, body + size - small, small);
    writer->cursor = writer->end;
    r = channel->ops->end_call(channel, &reservation);
    memset(body, 0xdd, size); /* the body is borrowed only until end_call returns */
    free(body);
    return r;
}

void test_check(const struct hprpc_message *message, const struct hprpc_header *header, uint32_t size)
{
    assert_int_equal(message->header.type, header->type);
    assert_int_equal(message->header.call, header->call);
    assert_int_equal(message->header.flags, header->flags);
    assert_int_equal(message->header.service, header->service);
    assert_int_equal(message->header.procedure, header->procedure);
    assert_int_equal(message->size, size);
    assert_int_equal((uintptr_t)message->body % 8, 0);
    for (size_t i = 0; i < size; i++)
        if (message->body[i] != test_byte(header->call, i))
            fail_msg("message %u of %u bytes differs at byte %zu", header->call, size, i);
}

void test_wait(struct hprpc_channel *first, struct hprpc_channel *second, uint64_t deadline)
{
    struct hprpc_watch watches[2 * HPRPC_WATCH_MAX];
    struct pollfd watched[2 * HPRPC_WATCH_MAX];
    size_t count = 0, i;

    if (test_is_past(deadline))
        fail_msg("nothing happened for %d seconds", TEST_SECONDS);
    if (second && second->queued)
        second->ops->flush(second);
    if (!first->ops->arm(first)) {
        count = first->ops->watch(first, watches);
        if (second && second->queued)
            count += second->ops->watch(second, watches + count);
        for (i = 0; i < count; i++)
            watched[i] = (struct pollfd){ .fd = watches[i].fd, .events = watches[i].events };
        poll(watched, count, 100);
    }
    first->ops->disarm(first);
}

int test_receive(struct hprpc_channel *channel, struct hprpc_channel *other, struct hprpc_message *ret_message)
{
    uint64_t deadline = test_deadline();
    int r;

    while (!(r = channel->ops->receive(channel, ret_message)))
        test_wait(channel, other, deadline);
    return r;
}

void test_expect(struct hprpc_channel *channel, struct hprpc_channel *other, const struct hprpc_header *header,
                 uint32_t size)
{
    struct hprpc_message message;
    int r = test_receive(channel, other, &message);

    if (r != 1)
        fail_msg("%s: %s", hprpc_error_name(r), channel->reason.text);
    test_check(&message, header, size);
    channel->ops->release(channel, &message);
}

int test_break(struct hprpc_channel *channel)
{
    struct hprpc_message message;
    int r;

    while ((r = test_receive(channel, NULL, &message)) == 1)
        channel->ops->release(channel, &message);
    assert_non_null(channel->reason.text);
    return r;
}

struct hprpc_channel *test_accept(struct hprpc_listener *listener, struct hprpc_channel *opening)
{
    uint64_t deadline = test_deadline();
    struct hprpc_channel *channel = NULL;
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    struct pollfd watched[HPRPC_WATCH_MAX];
    struct hprpc_message message;
    struct hprpc_detail detail;
    size_t count, i;
    int r;

    while (!(r = listener->ops->accept(listener, &detail, &channel))) {
        if (test_is_past(deadline))
            fail_msg("nobody connected");
        if (opening) {
            r = opening->ops->receive(opening, &message);
            if (r)
                fail_msg("opening: %s", r < 0 ? opening->reason.text : "a message");
        }
        count = listener->ops->watch(listener, watches);
        for (i = 0; i < count; i++)
            watched[i] = (struct pollfd){ .fd = watches[i].fd, .events = watches[i].events };
        poll(watched, count, 10);
    }
    if (r != 1)
        fail_msg("accept: %s", detail.text);
    return channel;
}

/* ---- Both ways at once ---- */

enum { DUPLEX_MESSAGES = 3000 };

struct end {
    struct hprpc_channel *channel;
    pthread_mutex_t lock; /* of the side that sends */
    bool may_break;
    uint32_t received;
    int code; /* the code with which receiving ended */
};

static uint32_t duplex_size(uint32_t call)
{
    return call % 100 == 99 ? 90000 : call % 10 == 9 ? 7000 + call : call % 300;
}

/* Sleeps a moment on what the channel watches, for these events only. */
static void doze(struct end *end, short events)
{
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    struct pollfd watched[HPRPC_WATCH_MAX];
    size_t count;

    pthread_mutex_lock(&end->lock);
    count = end->channel->ops->watch(end->channel, watches);
    pthread_mutex_unlock(&end->lock);
    for (size_t i = 0; i < count; i++)
        watched[i] = (struct pollfd){ .fd = watches[i].fd, .events = watches[i].events & events };
    poll(watched, count, 10);
}

static int receive_dozing(struct end *end, struct hprpc_message *ret_message)
{
    uint64_t deadline = test_deadline();
    int r;

    while (!(r = end->channel->ops->receive(end->channel, ret_message))) {
        assert_false(test_is_past(deadline));
        if (!end->channel->ops->arm(end->channel))
            doze(end, POLLIN);
        end->channel->ops->disarm(end->channel);
    }
    return r;
}

static void *send_all(void *argument)
{
    struct end *end = argument;
    uint64_t deadline = test_deadline();
    int r = 0;

    for (uint32_t call = 0; call < DUPLEX_MESSAGES || end->channel->queued; call += !r) {
        struct hprpc_header header = test_request(call);

        pthread_mutex_lock(&end->lock);
        if (call >= DUPLEX_MESSAGES)
            r = end->channel->ops->flush(end->channel);
        else if (call % 5)
            r = test_send(end->channel, &header, duplex_size(call));
        else if ((r = end->channel->ops->flush(end->channel)) == 0)
            r = test_send_borrowed(end->channel, &header, duplex_size(call), 1);
        pthread_mutex_unlock(&end->lock);
        if (r && r != HPRPC_EAGAIN)
            break;
        if (r)
            doze(end, POLLOUT);
        assert_false(test_is_past(deadline));
    }
    assert_true(!r || end->may_break);
    return NULL;
}

static void *receive_all(void *argument)
{
    struct end *end = argument;

    /* only a thread that receives notices a break, so this thread goes on receiving if one may come */
    while (end->received < DUPLEX_MESSAGES || end->may_break) {
        struct hprpc_header header = test_request(end->received);
        struct hprpc_message message;
        int r = receive_dozing(end, &message);

        if (r < 0) {
            assert_non_null(end->channel->reason.text);
            end->code = r;
            break;
        }
        test_check(&message, &header, duplex_size(end->received++));
        end->channel->ops->release(end->channel, &message);
    }
    return NULL;
}

static void *close_soon(void *argument)
{
    struct end *end = argument;

    doze(end, POLLOUT); /* a moment, or not at all */
    pthread_mutex_lock(&end->lock);
    end->channel->ops->close(end->channel);
    pthread_mutex_unlock(&end->lock);
    return NULL;
}

void test_duplex(struct hprpc_channel *client, struct hprpc_channel *server, bool closing)
{
    struct end ends[2] = { { .channel = client, .may_break = closing }, { .channel = server, .may_break = closing } };
    pthread_t threads[5];
    int count = 0;

    for (int i = 0; i < 2; i++) {
        pthread_mutex_init(&ends[i].lock, NULL);
        ends[i].channel->receive_limit = 100000;
        assert_int_equal(pthread_create(&threads[count++], NULL, receive_all, &ends[i]), 0);
        assert_int_equal(pthread_create(&threads[count++], NULL, send_all, &ends[i]), 0);
    }
    if (closing)
        assert_int_equal(pthread_create(&threads[count++], NULL, close_soon, &ends[0]), 0);
    while (count)
        pthread_join(threads[--count], NULL);
    for (int i = 0; i < 2; i++) {
        pthread_mutex_destroy(&ends[i].lock);
        if (closing)
            assert_int_equal(ends[i].code, i ? HPRPC_EPEERDIED : HPRPC_ECLOSED);
        else
            assert_int_equal(ends[i].received, DUPLEX_MESSAGES);
    }
}

unsigned test_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* ---- Memory ---- */

static void *counting_allocate(void *self, size_t size)
{
    struct test_memory *memory = self;

    __atomic_fetch_add(&memory->allocations, 1, __ATOMIC_RELAXED);
    if (memory->fail_at && !--memory->fail_at) {
        if (memory->for_ever)
            memory->fail_at = 1;
        return NULL;
    }
    __atomic_fetch_add(&memory->live, 1, __ATOMIC_RELAXED);
    return malloc(size);
}

static void counting_release(void *self, void *place, size_t size)
{
    struct test_memory *memory = self;

    (void)size;
    if (place)
        __atomic_fetch_sub(&memory->live, 1, __ATOMIC_RELAXED);
    free(place);
}

void test_memory_init(struct test_memory *memory)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;

    memset(memory, 0, sizeof(*memory));
    options.allocator = (struct kodosis_allocator){ counting_allocate, counting_release, memory };
    assert_int_equal(hprpc_context_new(&options, &memory->context), 0);
}

void test_memory_free(struct test_memory *memory)
{
    hprpc_context_free(memory->context);
    assert_int_equal(memory->live, 0);
}
