/* SPDX-License-Identifier: MIT */
/* Descriptors: they come and go with their messages, and those that no message asks for are refused, or closed where they come. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel/socket/socket.h"
#include "tests/channel/socket/end.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

enum { COUNT = 40, MANY = 200, LARGE = 4 * 1024 * 1024 };

static const uint8_t empty[] = { 0xb7, 0x15, 0, 0, 1, 7 }; /* a reply without a body */
static const uint8_t carrying[] = {
    0xb7, 0x15, 0x80, 0, 1, 7
}; /* the same, which says that descriptors came with it */

static int descriptor_of(const struct hprpc_channel *channel)
{
    return ((const struct hprpc__socket *)channel)->fd;
}

/* Sends bytes with so many copies of a descriptor. Returns what sendmsg does. */
static ssize_t send_with(int fd, const void *bytes, size_t size, int carried, size_t copies)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(MANY * sizeof(int))];
    } control = { .bytes = { 0 } };
    struct iovec run = { (void *)(uintptr_t)bytes, size };
    struct msghdr message = { .msg_iov = &run, .msg_iovlen = 1, .msg_control = &control };

    message.msg_controllen = CMSG_SPACE(copies * sizeof(int));
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(copies * sizeof(int));
    for (size_t i = 0; i < copies; i++)
        memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &carried, sizeof(int));
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static void open_named(struct pair *pair, const char *query)
{
    static unsigned count;
    char uri[100];

    snprintf(uri, sizeof(uri), "unix://descriptors-%d-%u%s", (int)getpid(), count++, query);
    *pair = open_pair(uri);
}

/* As open_named, on channels that carry no descriptors: each has looked once. */
static void open_without(struct pair *pair)
{
    struct hprpc_message message = { .size = 0 };

    open_named(pair, "");
    pair->client->carries_descriptors = pair->server->carries_descriptors = false;
    assert_int_equal(pair->client->ops->receive(pair->client, &message), 0);
    assert_int_equal(pair->server->ops->receive(pair->server, &message), 0);
}

/* Since Linux 6.16 the sender is told, on either side. */
static void the_system_refuses_them(void **state)
{
    struct pair pair;
    int yes = -1;
    socklen_t size = sizeof(yes);

    (void)state;
    open_without(&pair);
    if (getsockopt(descriptor_of(pair.server), SOL_SOCKET, SO_PASSRIGHTS, &yes, &size) && errno == ENOPROTOOPT) {
        close_pair(&pair);
        skip();
    }
    assert_int_equal(yes, 0);
    assert_int_equal(send_with(descriptor_of(pair.client), empty, sizeof(empty), 0, 1), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(send_with(descriptor_of(pair.server), empty, sizeof(empty), 0, 1), -1);
    assert_int_equal(errno, EPERM);
    close_pair(&pair);
}

/* Older systems hand them on. They are closed with the bytes that they came with, and those arrive. */
static void they_are_closed_where_they_come(void **state)
{
    static const size_t copies[] = { 1, MANY };

    (void)state;
    for (size_t c = 0; c < 2; c++) {
        for (int at_server = 0; at_server < 2; at_server++) {
            struct hprpc_header header = test_reply(7);
            struct hprpc_channel *sender, *receiver;
            struct pair pair;
            const int yes = 1;
            unsigned before;
            int ends[2];

            open_without(&pair);
            sender = at_server ? pair.client : pair.server;
            receiver = at_server ? pair.server : pair.client;
            setsockopt(descriptor_of(receiver), SOL_SOCKET, SO_PASSRIGHTS, &yes, sizeof(yes));
            assert_int_equal(pipe(ends), 0);
            before = test_descriptors();
            for (int i = 0; i < COUNT; i++)
                assert_int_equal(send_with(descriptor_of(sender), empty, sizeof(empty), ends[1], copies[c]),
                                 sizeof(empty));
            for (int i = 0; i < COUNT; i++)
                test_expect(receiver, NULL, &header, 0);
            assert_int_equal(test_descriptors(), before);
            /* the reading end tells that this is the last writer */
            close(ends[1]);
            assert_int_equal(poll(&(struct pollfd){ .fd = ends[0] }, 1, 20000), 1);
            close(ends[0]);
            close_pair(&pair);
        }
    }
}

/* Those that were never read go with the connection. */
static void they_end_with_the_connection(void **state)
{
    struct pair pair;
    const int yes = 1;
    int ends[2];

    (void)state;
    open_without(&pair);
    setsockopt(descriptor_of(pair.server), SOL_SOCKET, SO_PASSRIGHTS, &yes, sizeof(yes));
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(send_with(descriptor_of(pair.client), empty, sizeof(empty), ends[1], 1), sizeof(empty));
    close(ends[1]);
    close_pair(&pair);
    assert_int_equal(poll(&(struct pollfd){ .fd = ends[0] }, 1, 20000), 1);
    close(ends[0]);
}

/* ---- Channels that carry them ---- */

/* Sends a message of `size` bytes with `count` copies of a descriptor, as the controller does. */
static void send_carrying(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size, int fd,
                          uint32_t count)
{
    struct hprpc_reservation reservation;

    assert_int_equal(channel->ops->start_call(channel, header, size, &reservation), 0);
    assert_int_equal(reservation.writer.descriptor_capacity, KODOSIS_DESCRIPTORS_MAX);
    test_fill(reservation.writer.cursor, header->call, size);
    reservation.writer.cursor += size;
    if (count) {
        reservation.writer.descriptor_count = count;
        reservation.carried = hprpc_descriptors_new(channel->context);
        assert_non_null(reservation.carried);
        for (uint32_t i = 0; i < count; i++)
            reservation.carried->fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        reservation.carried->count = count;
    }
    assert_int_equal(channel->ops->end_call(channel, &reservation), 0);
}

/* Receives a message that says that `count` descriptors came, which are copies of `fd`. */
static void expect_carrying(struct hprpc_channel *channel, struct hprpc_channel *other, struct hprpc_header header,
                            uint32_t size, int fd, uint32_t count)
{
    struct hprpc_message message;

    assert_int_equal(test_receive(channel, other, &message), 1);
    if (count)
        header.flags |= HPRPC_FLAG_DESCRIPTORS;
    test_check(&message, &header, size);
    if (count) {
        assert_false(message.holds_nothing);
        assert_int_equal(message.descriptors->count, count);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(fcntl(message.descriptors->fds[i], F_GETFD), FD_CLOEXEC);
            assert_int_equal(lseek(message.descriptors->fds[i], 0, SEEK_CUR), lseek(fd, 0, SEEK_CUR));
        }
    }
    channel->ops->release(channel, &message);
}

/* Messages of all sizes, with and without descriptors, that leave at once, and in batches that the kernel takes in parts. */
static void they_come_with_their_messages(void **state)
{
    static const uint32_t sizes[] = { 0, 1, 200, 300, 15000, 70000, 2000000 };
    enum { SIZES = sizeof(sizes) / sizeof(sizes[0]), MESSAGES = 60 };
    struct hprpc_header header;
    struct pair pair;
    unsigned before;
    int fd;

    (void)state;
    for (int corked = 0; corked < 2; corked++) {
        open_named(&pair, "");
        pair.server->receive_limit = LARGE;
        fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        assert_int_equal(lseek(fd, 7, SEEK_SET), 7);
        before = test_descriptors();
        pair.client->corked = corked;
        for (uint32_t i = 0; i < MESSAGES; i++) {
            header = test_reply(i);
            send_carrying(pair.client, &header, sizes[i % SIZES], fd, i % 3 == 2 ? i % 16 + 1 : i % 3);
        }
        for (uint32_t i = 0; i < MESSAGES; i++)
            expect_carrying(pair.server, pair.client, test_reply(i), sizes[i % SIZES], fd,
                            i % 3 == 2 ? i % 16 + 1 : i % 3);
        assert_int_equal(test_descriptors(), before);
        close(fd);
        close_pair(&pair);
    }
}

/* Those that were not sent, received or taken go with the channel. */
static void they_end_with_their_channel(void **state)
{
    struct hprpc_header header = test_reply(1);
    struct hprpc_message message;
    struct pair pair;
    unsigned before;

    (void)state;
    before = test_descriptors();
    open_named(&pair, "");
    pair.server->receive_limit = LARGE;
    for (int i = 0; i < 20; i++)
        send_carrying(pair.client, &header, 1000000, 0, 16);
    assert_int_equal(test_receive(pair.server, pair.client, &message), 1);
    pair.server->ops->release(pair.server, &message);
    for (int i = 0; i < 100; i++)
        pair.server->ops->receive(pair.server, &message);
    close_pair(&pair);
    assert_int_equal(test_descriptors(), before);
}

/* Sends raw bytes with descriptors and expects the channel to break with a sentence that contains `text`; nothing stays open. */
static void expect_breach(const void *bytes, size_t size, size_t copies, size_t rounds, const char *text)
{
    struct hprpc_message message;
    struct pair pair;
    unsigned before;
    int r = 0;

    open_named(&pair, "");
    pair.server->receive_limit = LARGE;
    before = test_descriptors();
    for (size_t i = 0; i < rounds; i++) {
        if (copies)
            assert_int_equal(send_with(descriptor_of(pair.client), bytes, size, 0, copies), size);
        else
            assert_int_equal(write(descriptor_of(pair.client), bytes, size), size);
    }
    while ((r = test_receive(pair.server, NULL, &message)) == 1)
        pair.server->ops->release(pair.server, &message);
    assert_true(r == HPRPC_EPROTOCOL || r == HPRPC_EVERSION);
    if (!strstr(pair.server->reason.text, text))
        fail_msg("\"%s\" instead of \"%s\"", pair.server->reason.text, text);
    assert_true(test_descriptors() <= before + 2 * MANY);
    close_pair(&pair);
}

/* As expect_breach, of two parts of which the first is read before the second comes, with descriptors. */
static void expect_breach_of_parts(const void *first, size_t first_size, const void *second, size_t second_size,
                                   const char *text)
{
    struct hprpc_message message;
    struct pair pair;

    open_named(&pair, "");
    assert_int_equal(write(descriptor_of(pair.client), first, first_size), first_size);
    assert_int_equal(pair.server->ops->receive(pair.server, &message), 0);
    assert_int_equal(send_with(descriptor_of(pair.client), second, second_size, 0, 1), second_size);
    assert_int_equal(test_receive(pair.server, NULL, &message), HPRPC_EPROTOCOL);
    if (!strstr(pair.server->reason.text, text))
        fail_msg("\"%s\" instead of \"%s\"", pair.server->reason.text, text);
    close_pair(&pair);
}

static void a_hostile_side_gets_an_orderly_end(void **state)
{
    static const uint8_t half[] = { 0xb7 };
    static const uint8_t start[] = { 0xb7, 0x15, 0x80, 0, 0xff, 0x7f, 7 };
    static const uint8_t long_start[] = { 0xb7, 0x15, 0x80, 0, 0x81, 0x80, 0x80, 1, 7 }; /* of more than a block */
    static const uint8_t twice[] = { 0xb7, 0x15, 0x80, 0, 1, 7, 0xb7, 0x15, 0x80, 0, 1, 7 };
    unsigned before = test_descriptors();

    (void)state;
    expect_breach(carrying, sizeof(carrying), 0, 1, "none did");
    expect_breach(long_start, sizeof(long_start), 0, 1, "none did");
    expect_breach(empty, sizeof(empty), 1, 1, "no message");
    expect_breach(carrying, sizeof(carrying), 17, 1, "more than 16");
    expect_breach(twice, sizeof(twice), 2, 1, "none did");
    /* with each part of a message some more */
    expect_breach(half, sizeof(half), 1, 100, "speaks version");
    /* the second time in the middle of a long body */
    expect_breach(start, sizeof(start), 2, 2, "no message");
    /* with a later part of the message that asks for them, which is then whole, or not yet */
    expect_breach_of_parts(carrying, 3, carrying + 3, sizeof(carrying) - 3, "none did");
    expect_breach_of_parts(carrying, 3, carrying + 3, 1, "no message");
    assert_int_equal(test_descriptors(), before);
}

/* This process has no room for them: the message comes, and says so; the next one is as it should be. */
static void they_are_lost_where_there_is_no_room(void **state)
{
    static const uint32_t counts[] = { 1, 16 };
    struct hprpc_header header = test_reply(1);
    struct rlimit limits, less;
    struct hprpc_message message;
    struct pair pair;
    unsigned before;
    int lowest;

    (void)state;
    open_named(&pair, "");
    before = test_descriptors();
    for (size_t c = 0; c < 2; c++) {
        for (rlim_t left = 0; left < counts[c]; left += 5) {
            send_carrying(pair.client, &header, 100, 0, counts[c]);
            lowest = dup(0);
            close(lowest);
            assert_int_equal(getrlimit(RLIMIT_NOFILE, &limits), 0);
            less = limits;
            less.rlim_cur = (rlim_t)lowest + left;
            assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
            assert_int_equal(test_receive(pair.server, NULL, &message), 1);
            assert_int_equal(setrlimit(RLIMIT_NOFILE, &limits), 0);
            assert_true(message.header.flags & HPRPC_FLAG_DESCRIPTORS);
            assert_true(message.descriptors->lost);
            assert_int_equal(message.descriptors->count, 0);
            pair.server->ops->release(pair.server, &message);
            assert_int_equal(test_descriptors(), before);
            send_carrying(pair.client, &header, 100, 0, counts[c]);
            expect_carrying(pair.server, pair.client, header, 100, 0, counts[c]);
        }
    }
    close_pair(&pair);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        fixture_test(the_system_refuses_them),
        fixture_test(they_are_closed_where_they_come),
        fixture_test(they_end_with_the_connection),
        fixture_test(they_come_with_their_messages),
        fixture_test(they_end_with_their_channel),
        fixture_test(a_hostile_side_gets_an_orderly_end),
        fixture_test(they_are_lost_where_there_is_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
