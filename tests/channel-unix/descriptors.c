/* SPDX-License-Identifier: MIT */
/* Descriptors that the other side sends unasked: refused where the system can, and closed where they come. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel/socket/socket.h"
#include "tests/channel/socket/end.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

enum { COUNT = 40, MANY = 200 };

static const uint8_t empty[] = { 0xb7, 0x15, 0, 0, 1, 7 }; /* a reply without a body */

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

/* Since Linux 6.16 the sender is told, on either side. */
static void the_system_refuses_them(void **state)
{
    struct pair pair;
    int yes = -1;
    socklen_t size = sizeof(yes);

    (void)state;
    open_named(&pair, "");
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

            open_named(&pair, "");
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
    open_named(&pair, "");
    setsockopt(descriptor_of(pair.server), SOL_SOCKET, SO_PASSRIGHTS, &yes, sizeof(yes));
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(send_with(descriptor_of(pair.client), empty, sizeof(empty), ends[1], 1), sizeof(empty));
    close(ends[1]);
    close_pair(&pair);
    assert_int_equal(poll(&(struct pollfd){ .fd = ends[0] }, 1, 20000), 1);
    close(ends[0]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        fixture_test(the_system_refuses_them),
        fixture_test(they_are_closed_where_they_come),
        fixture_test(they_end_with_the_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
