/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: they come with their messages, whatever the way of the body, and none stays open that no message has asked for, in
 * either kind of trust.
 */
#include "tests/channel-shm/end.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel-shm/carrying.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

enum { SLOTS = 16, ARENA = 64 * 1024, MANY = 200, MOST = KODOSIS_DESCRIPTORS_MAX };

/* ---- Memory and system calls that fail ---- */

static bool without_memory;
static int sendmsg_error, send_error; /* 0: the calls are made */

static void *allocate(void *self, size_t size)
{
    (void)self;
    return without_memory ? NULL : malloc(size);
}

static void release(void *self, void *memory, size_t size)
{
    (void)self;
    (void)size;
    free(memory);
}

ssize_t __real_hprpc__sendmsg(int, const struct msghdr *, int);
ssize_t __wrap_hprpc__sendmsg(int, const struct msghdr *, int);
ssize_t __real_hprpc__send_bytes(int, const void *, size_t, int);
ssize_t __wrap_hprpc__send_bytes(int, const void *, size_t, int);

ssize_t __wrap_hprpc__sendmsg(int fd, const struct msghdr *message, int flags)
{
    errno = sendmsg_error;
    return sendmsg_error ? -1 : __real_hprpc__sendmsg(fd, message, flags);
}

ssize_t __wrap_hprpc__send_bytes(int fd, const void *data, size_t size, int flags)
{
    errno = send_error;
    return send_error ? -1 : __real_hprpc__send_bytes(fd, data, size, flags);
}

/* ---- Both ends ---- */

static struct hprpc_context *context;
static struct pair pair;
static bool untrusted;
static int file; /* is sent; its offset tells it from others */

static void open_ends(uint32_t slots)
{
    pair_make(&pair, context, slots, ARENA, untrusted);
    pair.client->carries_descriptors = pair.server->carries_descriptors = true;
}

static int set_up(void **state)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;

    (void)state;
    options.allocator = (struct kodosis_allocator){ allocate, release, NULL };
    assert_int_equal(hprpc_context_new(&options, &context), 0);
    file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_int_equal(lseek(file, 7, SEEK_SET), 7);
    return 0;
}

static int set_up_trusted(void **state)
{
    untrusted = false;
    return set_up(state);
}

static int set_up_untrusted(void **state)
{
    untrusted = true;
    return set_up(state);
}

static int tear_down(void **state)
{
    (void)state;
    without_memory = false;
    sendmsg_error = send_error = 0;
    close(file);
    hprpc_context_free(context);
    return 0;
}

static struct shm_receiver *receiver_of(struct hprpc_channel *channel)
{
    return &shm_channel(channel)->receiver;
}

/* Sends a message with `count` copies of `file`, as the controller does. Returns the code of end_call. */
static int send_carrying(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size,
                         uint32_t count)
{
    struct hprpc_reservation reservation;

    assert_int_equal(channel->ops->start_call(channel, header, size, &reservation), 0);
    assert_int_equal(reservation.writer.descriptor_capacity, MOST);
    assert_ptr_equal(reservation.writer.descriptors, reservation.given);
    for (uint32_t i = 0; i < size; i++)
        reservation.writer.cursor[i] = pattern(header->call, i);
    if (count) {
        reservation.writer.descriptor_count = count;
        reservation.carried = hprpc_descriptors_new(channel->context);
        assert_non_null(reservation.carried);
        for (uint32_t i = 0; i < count; i++)
            reservation.carried->fds[i] = fcntl(file, F_DUPFD_CLOEXEC, 0);
        reservation.carried->count = count;
    }
    return channel->ops->end_call(channel, &reservation);
}

static int send_reply(uint32_t call, uint32_t size, uint32_t count)
{
    struct hprpc_header header = { .call = call, .type = HPRPC_MESSAGE_REPLY };

    return send_carrying(pair.client, &header, size, count);
}

/* Checks what came with a message, and releases it. */
static void check_carrying(struct hprpc_channel *channel, struct hprpc_message *message, uint32_t call, uint32_t size,
                           uint32_t count)
{
    assert_int_equal(message->header.call, call);
    check_body(message, call, size);
    assert_int_equal(message->header.flags & HPRPC_FLAG_DESCRIPTORS, count ? HPRPC_FLAG_DESCRIPTORS : 0);
    if (count) {
        assert_false(message->holds_nothing);
        assert_false(message->descriptors->lost);
        assert_int_equal(message->descriptors->count, count);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(fcntl(message->descriptors->fds[i], F_GETFD), FD_CLOEXEC);
            assert_int_equal(lseek(message->descriptors->fds[i], 0, SEEK_CUR), 7);
        }
    }
    channel->ops->release(channel, message);
}

/* Takes the next message of the server. `other` is flushed meanwhile. */
static struct hprpc_message take_next(struct hprpc_channel *other)
{
    struct hprpc_message message = { .size = 0 };

    take(pair.server, other, &message);
    return message;
}

static void expect_carrying(uint32_t call, uint32_t size, uint32_t count)
{
    struct hprpc_message message = take_next(pair.client);

    check_carrying(pair.server, &message, call, size, count);
}

/* ---- Tests ---- */

static uint32_t count_of(uint32_t call)
{
    return call % 3 == 2 ? call % MOST + 1 : call % 3;
}

/* In slots with and without options, in chunks, in pieces and staged; at once and corked; asleep in between or not. */
static void they_come_with_their_messages(void **state)
{
    static const uint32_t sizes[] = { 0, 1, 48, 49, 300, 15000, ARENA / 2, ARENA, 5 * ARENA };
    static const uint8_t flags[] = { 0, HPRPC_FLAG_TIMEOUT, HPRPC_FLAG_DEPTH };
    enum { SIZES = sizeof(sizes) / sizeof(sizes[0]), MESSAGES = 120 };
    int before = count_descriptors();

    (void)state;
    for (int way = 0; way < 4; way++) {
        open_ends(SLOTS);
        pair.client->corked = way & 1;
        for (uint32_t sent = 0, came = 0; came < MESSAGES;) {
            /* answers are staged where there is no room */
            for (; sent < MESSAGES && sent < came + 30; sent++) {
                struct hprpc_header header = { .call = sent, .type = HPRPC_MESSAGE_REPLY };

                if (flags[sent % 3] && sent % 2) {
                    header.type = HPRPC_MESSAGE_REQUEST;
                    header.flags = flags[sent % 3];
                    header.timeout_ms = header.flags & HPRPC_FLAG_TIMEOUT ? 5 : 0;
                    header.depth = header.flags & HPRPC_FLAG_DEPTH ? 5 : 0;
                    if (!hprpc__list_is_empty(&shm_channel(pair.client)->sender.queue))
                        break;
                }
                assert_int_equal(send_carrying(pair.client, &header, sizes[sent % SIZES], count_of(sent)), 0);
            }
            pair.client->ops->flush(pair.client);
            if (way & 2)
                sleep_on(pair.server, 0);
            expect_carrying(came, sizes[came % SIZES], count_of(came));
            came++;
        }
        pair_free(&pair);
        assert_int_equal(count_descriptors(), before);
    }
}

/* Hundreds fill the lifeline. Those behind wait, in their order, and room wakes their sender. */
static void a_full_lifeline_takes_more_later(void **state)
{
    enum { FILL = 2000 };
    struct hprpc_message message;
    int before = count_descriptors();
    uint32_t sent, came = 0;

    (void)state;
    open_ends(4096);
    for (sent = 0; sent < FILL && !pair.client->queued; sent++)
        assert_int_equal(send_reply(sent, sent % 2 ? 60 : 20, 1), 0);
    assert_true(sent < FILL);
    /* and some behind it, of every kind */
    for (uint32_t end = sent + 20; sent < end; sent++)
        assert_int_equal(send_reply(sent, sent % 2 ? 60 : 20, sent % 4 ? 1 : 0), 0);
    assert_int_equal(pair.client->ops->flush(pair.client), HPRPC_EAGAIN);
    while (pair.client->ops->arm(pair.client))
        pair.client->ops->disarm(pair.client);
    message = take_next(NULL);
    check_carrying(pair.server, &message, came, came % 2 ? 60 : 20, 1);
    came++;
    /* the sender is rung for the room on the lifeline */
    assert_int_equal(poll(&(struct pollfd){ shm_channel(pair.client)->bell.fd, POLLIN, 0 }, 1, 10000), 1);
    pair.client->ops->disarm(pair.client);
    for (; came < sent; came++)
        expect_carrying(came, came % 2 ? 60 : 20, came < sent - 20 || came % 4 ? 1 : 0);
    assert_int_equal(pair.client->queued, 0);
    pair_free(&pair);
    assert_int_equal(count_descriptors(), before);
}

/* Those that were not sent, received or taken go with the channel; in time, also where a body is lent for long. */
static void they_end_with_their_channel(void **state)
{
    struct hprpc_message lent, message;
    int before = count_descriptors();

    (void)state;
    for (int over = 0; over < 2; over++) {
        open_ends(SLOTS);
        assert_int_equal(send_reply(1, 1000, 3), 0);
        for (uint32_t i = 0; i < 12; i++)
            assert_int_equal(send_reply(2, i == 6 ? 20 * ARENA : 10, MOST), 0);
        lent = take_next(NULL);
        for (int i = 0; i < 6; i++) {
            message = take_next(NULL);
            pair.server->ops->release(pair.server, &message);
        }
        /* the first pieces of a long body, and what the lifeline still holds */
        assert_int_equal(pair.server->ops->receive(pair.server, &message), 0);
        assert_non_null(receiver_of(pair.server)->of_whole);
        sleep_on(pair.server, 0);
        pair.server->over = pair.client->over = over;
        pair.client->ops->close(pair.client);
        pair.server->ops->close(pair.server);
        if (over)
            assert_int_equal(count_descriptors(), before + 3);
        pair.server->ops->release(pair.server, &lent);
        pair_free(&pair);
        assert_int_equal(count_descriptors(), before);
    }
}

/* What a side has sent before it died is received, though it left rings unread. */
static void they_outlive_their_sender(void **state)
{
    struct hprpc_message message;
    int before = count_descriptors();

    (void)state;
    open_ends(SLOTS);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(send_reply(i, 10, 2), 0);
    hprpc__shm_bell_ring((struct shm_bell){ shm_channel(pair.server)->socket, true });
    close(shm_channel(pair.client)->socket);
    shm_channel(pair.client)->socket = -1;
    for (uint32_t i = 0; i < 10; i++) {
        message = take_next(NULL);
        check_carrying(pair.server, &message, i, 10, 2);
    }
    /* and a side that is alone finds its end where it receives, not where it sends */
    shm_channel(pair.server)->sender.roomy_until = 0;
    assert_int_equal(send_carrying(pair.server, &(struct hprpc_header){ .type = HPRPC_MESSAGE_REPLY }, 1, 1), 0);
    assert_int_equal(receive_end(pair.server), HPRPC_EPEERDIED);
    pair_free(&pair);
    assert_int_equal(count_descriptors(), before);
}

/* This process has no room for them, or the system of the sender refuses to carry them: the message comes, and says so. */
static void expect_lost(void)
{
    struct hprpc_message message = take_next(NULL);

    assert_true(message.header.flags & HPRPC_FLAG_DESCRIPTORS);
    assert_true(message.descriptors->lost);
    assert_int_equal(message.descriptors->count, 0);
    pair.server->ops->release(pair.server, &message);
}

static void they_are_lost_where_there_is_no_room(void **state)
{
    static const int errors[] = { ETOOMANYREFS, ENOBUFS, ENOMEM, EPERM };
    struct rlimit limits, less;
    int before, lowest;

    (void)state;
    open_ends(SLOTS);
    assert_int_equal(send_reply(1, 10, 1), 0);
    expect_carrying(1, 10, 1);
    before = count_descriptors();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limits), 0);
    for (uint32_t count = 1; count <= MOST; count += MOST - 1) {
        for (rlim_t left = 0; left < count; left += 5) {
            assert_int_equal(send_reply(1, left % 2 ? 10 : 1000, count), 0);
            lowest = dup(0);
            close(lowest);
            less = limits;
            less.rlim_cur = (rlim_t)lowest + left;
            assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
            expect_lost();
            assert_int_equal(setrlimit(RLIMIT_NOFILE, &limits), 0);
            assert_int_equal(count_descriptors(), before);
            assert_int_equal(send_reply(2, 10, count), 0);
            expect_carrying(2, 10, count);
        }
    }
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        sendmsg_error = errors[i];
        assert_int_equal(send_reply(1, 10, MOST), 0);
        sendmsg_error = 0;
        expect_lost();
        assert_int_equal(send_reply(2, 10, MOST), 0);
        expect_carrying(2, 10, MOST);
    }
    assert_int_equal(count_descriptors(), before);
    /* nor can the other side be told */
    sendmsg_error = send_error = ENOMEM;
    assert_int_equal(send_reply(1, 10, MOST), HPRPC_ESYSTEM);
    assert_int_equal(send_message(pair.client, HPRPC_MESSAGE_REPLY, 1, 10), HPRPC_ESYSTEM);
    sendmsg_error = send_error = 0;
    pair_free(&pair);
}

/* Without memory a message waits, as do the packets on a lifeline that rings. */
static void without_memory_they_wait(void **state)
{
    static const uint32_t sizes[] = { 10, 1000, 3 * ARENA };
    struct hprpc_message message = { .size = 0 };
    int before = count_descriptors();

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        open_ends(SLOTS);
        assert_int_equal(send_reply(1, sizes[i], 2), 0);
        without_memory = true;
        assert_int_equal(pair.server->ops->receive(pair.server, &message), HPRPC_ENOMEM);
        assert_int_equal(pair.server->ops->receive(pair.server, &message), HPRPC_ENOMEM);
        without_memory = false;
        expect_carrying(1, sizes[i], 2);
        pair_free(&pair);
    }
    open_ends(SLOTS);
    without_memory = untrusted;
    for (int i = 0; i < 3 && untrusted; i++) {
        assert_true(pair.server->ops->arm(pair.server));
        assert_int_equal(pair.server->ops->receive(pair.server, &message), HPRPC_ENOMEM);
    }
    without_memory = false;
    assert_int_equal(pair.server->ops->receive(pair.server, &message), 0);
    assert_false(pair.server->ops->arm(pair.server));
    pair.server->ops->disarm(pair.server);

    /* on a full lifeline a message that cannot be kept is the end */
    for (uint32_t i = 0; i < 5; i++) {
        struct hprpc_header header = { .call = i, .type = HPRPC_MESSAGE_REPLY };
        struct hprpc_reservation reservation;

        assert_int_equal(pair.client->ops->start_call(pair.client, &header, 10, &reservation), 0);
        reservation.writer.descriptor_count = 1;
        reservation.carried = hprpc_descriptors_new(context);
        reservation.carried->fds[reservation.carried->count++] = fcntl(file, F_DUPFD_CLOEXEC, 0);
        sendmsg_error = i < 4 ? 0 : EAGAIN;
        without_memory = i == 4;
        assert_int_equal(pair.client->ops->end_call(pair.client, &reservation), i < 4 ? 0 : HPRPC_ENOMEM);
        without_memory = false;
        sendmsg_error = 0;
    }
    pair_free(&pair);
    assert_int_equal(count_descriptors(), before);
}

/* ---- A hostile side ---- */

/* Sends a packet with `copies` descriptors over the lifeline. */
static void send_packet(const void *bytes, size_t size, size_t copies)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(MANY * sizeof(int))];
    } control = { .bytes = { 0 } };
    struct iovec run = { (void *)(uintptr_t)bytes, size };
    struct msghdr message = { .msg_iov = &run, .msg_iovlen = 1 };

    if (copies) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(copies * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(copies * sizeof(int));
        for (size_t i = 0; i < copies; i++)
            memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &file, sizeof(int));
    }
    sendmsg(shm_channel(pair.client)->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void send_parcel(uint32_t magic, uint32_t count, uint64_t slot, size_t copies)
{
    struct shm_parcel parcel = { magic, count, slot };

    send_packet(&parcel, sizeof(parcel), copies);
}

/* Publishes a message that says that descriptors came with it, without any. */
static void send_flagged(uint32_t size)
{
    struct shm_slot *slot = shm_channel(pair.client)->sender.next;

    assert_int_equal(send_reply(1, size, 0), 0);
    atomic_fetch_or(&slot->commit, (uint64_t)HPRPC_FLAG_DESCRIPTORS << 40);
}

/* The server finds a violation, while it receives, looks at the lifeline or is about to sleep; then nothing is left open. */
static void expect_breach(int before, const char *text)
{
    struct hprpc_message message = { .size = 0 };
    int r = 0;

    for (int i = 0; i < 40000 && r >= 0; i++) {
        r = pair.server->ops->receive(pair.server, &message);
        if (r == 1)
            pair.server->ops->release(pair.server, &message);
        else if (r == 0 && i % 1000 == 0)
            sleep_on(pair.server, 0);
        assert_true(receiver_of(pair.server)->early_count <= SHM_EARLY_MAX);
    }
    assert_int_equal(r, HPRPC_EPROTOCOL);
    if (!strstr(pair.server->reason.text, text))
        fail_msg("\"%s\" instead of \"%s\"", pair.server->reason.text, text);
    pair_free(&pair);
    assert_int_equal(count_descriptors(), before);
}

static void a_hostile_side_gets_an_orderly_end(void **state)
{
    static const uint64_t slots[] = { 1, SLOTS, SLOTS + 1, UINT64_MAX, (uint64_t)1 << 32 };
    static const uint8_t nonsense[40];
    int before = count_descriptors();

    (void)state;
    open_ends(SLOTS);
    send_flagged(10);
    expect_breach(before, "none did");
    open_ends(SLOTS);
    send_flagged(2 * ARENA);
    expect_breach(before, "none did");

    open_ends(SLOTS);
    send_flagged(10);
    shutdown(shm_channel(pair.client)->socket, SHUT_WR);
    assert_int_equal(receive_end(pair.server), HPRPC_EPEERDIED);
    pair_free(&pair);

    /* for slots that are not next, or never come */
    for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        open_ends(SLOTS);
        send_parcel(SHM_PARCEL_MAGIC, 2, slots[i], 2);
        expect_breach(before, slots[i] < SLOTS ? "not the messages" : "cannot ask");
        open_ends(SLOTS);
        send_parcel(SHM_PARCEL_MAGIC, 2, slots[i], 2);
        send_flagged(10);
        expect_breach(before, slots[i] < SLOTS ? "of slot 1 came where those of 0" : "cannot ask");
    }
    /* for a slot that is past, and twice for one */
    open_ends(SLOTS);
    assert_int_equal(send_reply(1, 10, 0), 0);
    expect_carrying(1, 10, 0);
    send_parcel(SHM_PARCEL_MAGIC, 2, 0, 2);
    expect_breach(before, "cannot ask");
    open_ends(SLOTS);
    send_parcel(SHM_PARCEL_MAGIC, 2, 0, 2);
    send_parcel(SHM_PARCEL_MAGIC, 2, 0, 2);
    expect_breach(before, "cannot ask");

    /* other than a packet says; a count that cannot be; packets of another kind */
    open_ends(SLOTS);
    send_parcel(SHM_PARCEL_MAGIC, 2, 0, 3);
    expect_breach(before, "other descriptors");
    open_ends(SLOTS);
    send_parcel(SHM_PARCEL_MAGIC, 2, 0, 0);
    expect_breach(before, "other descriptors");
    open_ends(SLOTS);
    send_parcel(SHM_PARCEL_MAGIC, MOST + 1, 0, MOST + 1);
    expect_breach(before, "more than 16");
    open_ends(SLOTS);
    send_parcel(SHM_PARCEL_MAGIC, MANY, 0, MANY);
    expect_breach(before, "more than 16");
    open_ends(SLOTS);
    send_parcel(SHM_PARCEL_MAGIC + 1, 2, 0, 2);
    expect_breach(before, "neither a ring");
    for (size_t size = 0; size <= sizeof(nonsense); size++) {
        open_ends(SLOTS);
        send_packet(nonsense, size, size < 2 ? 1 : size % 3);
        expect_breach(before, "neither a ring");
    }
}

/* Unasked for: the slot that they are for is an ordinary one. In the meantime it holds up nothing. */
static void those_that_no_message_asks_for_are_a_breach(void **state)
{
    int before = count_descriptors();

    (void)state;
    for (int asleep = 0; asleep < 2; asleep++) {
        open_ends(SLOTS);
        send_parcel(SHM_PARCEL_MAGIC, MOST, 0, MOST);
        if (asleep)
            sleep_on(pair.server, 0);
        for (uint32_t i = 0; i < 3; i++) {
            assert_int_equal(send_reply(i, 10, 0), 0);
            expect_carrying(i, 10, 0);
        }
        expect_breach(before, asleep && untrusted ? "no message that asks" : "cannot ask");
    }
    /* a message that asks comes first */
    open_ends(SLOTS);
    send_parcel(SHM_PARCEL_MAGIC, 1, 0, 1);
    assert_int_equal(send_reply(1, 10, 0), 0);
    expect_carrying(1, 10, 0);
    assert_int_equal(send_reply(2, 10, 1), 0);
    expect_breach(before, "cannot ask");
}

/* Parcels for slots that are to come, as many as the lifeline takes: few of them are open at a time. */
static void a_flood_is_bounded(void **state)
{
    int before = count_descriptors();

    (void)state;
    open_ends(SLOTS);
    for (uint64_t slot = 0; slot < MANY; slot++)
        send_parcel(SHM_PARCEL_MAGIC, MOST, slot % SLOTS, MOST);
    expect_breach(before, "");

    /* rings without end hide none */
    open_ends(SLOTS);
    for (int i = 0; i < 20; i++)
        send_packet("", 1, 0);
    assert_int_equal(send_reply(1, 10, 1), 0);
    expect_carrying(1, 10, 1);
    for (int i = 0; i < MANY; i++)
        send_packet("", 1, 0);
    send_flagged(10);
    expect_breach(before, "none did");
}

/* Since Linux 6.16 the system refuses them on a lifeline that rings, where none are carried. */
static void where_none_are_carried_they_are_refused(void **state)
{
    struct shm_parcel parcel = { SHM_PARCEL_MAGIC, 1, 0 };
    struct hprpc_message message = { .size = 0 };
    int before = count_descriptors(), yes = -1;
    socklen_t size = sizeof(yes);

    (void)state;
    open_ends(SLOTS);
    pair.server->carries_descriptors = false;
    assert_false(pair.server->ops->arm(pair.server));
    pair.server->ops->disarm(pair.server);
    if (!getsockopt(shm_channel(pair.server)->socket, SOL_SOCKET, SO_PASSRIGHTS, &yes, &size))
        assert_int_equal(yes, !untrusted);
    send_packet(&parcel, sizeof(parcel), 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pair.server->ops->receive(pair.server, &message), 0);
        sleep_on(pair.server, 0);
    }
    assert_int_equal(send_reply(1, 10, 0), 0);
    message = take_next(NULL);
    check_carrying(pair.server, &message, 1, 10, 0);
    assert_int_equal(send_reply(1, 10, 1), 0);
    assert_int_equal(receive_end(pair.server), HPRPC_EPROTOCOL);
    pair_free(&pair);
    assert_int_equal(count_descriptors(), before);
}

#define BOTH(test)                                                    \
    cmocka_unit_test_setup_teardown(test, set_up_trusted, tear_down), \
        cmocka_unit_test_setup_teardown(test, set_up_untrusted, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        BOTH(they_come_with_their_messages),
        BOTH(a_full_lifeline_takes_more_later),
        BOTH(they_end_with_their_channel),
        BOTH(they_outlive_their_sender),
        BOTH(they_are_lost_where_there_is_no_room),
        BOTH(without_memory_they_wait),
        BOTH(a_hostile_side_gets_an_orderly_end),
        BOTH(those_that_no_message_asks_for_are_a_breach),
        BOTH(a_flood_is_bounded),
        BOTH(where_none_are_carried_they_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
