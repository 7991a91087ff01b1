/* SPDX-License-Identifier: MIT */
/*
 * Connections by a socket on a ring: messages of all sizes, sends that are under way when the connection ends, and neighbours.
 * The argument is the transport.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ring.h"
#include "channel/socket/socket.h"
#include "tests/channel/socket/end.h"

/* A connection whose server's end is on a ring of this thread. */
struct driven {
    struct pair pair;
    struct hprpc__ring *ring;
    unsigned arrived, sent;
};

static void note_arrived(void *self, void *owner)
{
    (void)self;
    ((struct driven *)owner)->arrived++;
}

/* As a loop does: what was sent makes room for what waits. */
static void note_sent(void *self, void *owner)
{
    struct driven *driven = owner;

    (void)self;
    driven->sent++;
    driven->pair.server->ops->flush(driven->pair.server);
}

static struct hprpc__ring *open_ring(uint32_t buffers)
{
    const struct hprpc__ring_ears ears = { note_arrived, note_sent, NULL };
    struct hprpc__ring *ring = NULL;
    int r = hprpc__ring_open(NULL, buffers, &ears, &ring);

    if (r == -EPERM || r == -ENOSYS || r == -EINVAL) {
        print_message("%s\n", hprpc__ring_refusal(r));
        skip();
    }
    assert_int_equal(r, 0);
    return ring;
}

static const char *scheme; /* the program's argument */

static bool scheme_is(const char *name)
{
    return strcmp(scheme, name) == 0;
}

static void open_driven(struct driven *driven, struct hprpc__ring *ring, const char *options)
{
    static unsigned count;
    struct hprpc_message message;
    char uri[100];

    memset(driven, 0, sizeof(*driven));
    driven->ring = ring;
    if (scheme_is("tcp"))
        snprintf(uri, sizeof(uri), "tcp://127.0.0.1:0?engine=uring%s", options);
    else
        snprintf(uri, sizeof(uri), "unix://uring-%d-%u?engine=uring%s", (int)getpid(), count++, options);
    driven->pair = open_pair(uri);
    assert_true(driven->pair.server->completes);
    assert_int_equal(driven->pair.server->wanted, HPRPC_ENGINE_URING);
    driven->pair.server->ring = ring;
    driven->pair.server->owner = driven;
    assert_int_equal(driven->pair.server->ops->receive(driven->pair.server, &message), 0);
    assert_null(driven->pair.server->ring);
    assert_string_equal(driven->pair.server->engine, "uring");
}

static void close_driven(struct driven *driven)
{
    close_pair(&driven->pair);
}

static void turn(struct driven *driven)
{
    assert_int_equal(hprpc__ring_turn(driven->ring, 1000000), 0);
}

/* Receives the next message at the server's end; 1 or the code of the break. */
static int receive(struct driven *driven, struct hprpc_message *ret_message)
{
    struct hprpc_channel *server = driven->pair.server, *client = driven->pair.client;
    uint64_t deadline = test_deadline();
    int r;

    while (!(r = server->ops->receive(server, ret_message))) {
        assert_false(test_is_past(deadline));
        if (client->queued)
            client->ops->flush(client);
        if (!server->ops->arm(server))
            turn(driven);
    }
    return r;
}

static void expect(struct driven *driven, const struct hprpc_header *header, uint32_t size)
{
    struct hprpc_message message;
    int r = receive(driven, &message);

    if (r != 1)
        fail_msg("%s: %s", hprpc_error_name(r), driven->pair.server->reason.text);
    test_check(&message, header, size);
    driven->pair.server->ops->release(driven->pair.server, &message);
}

/* Receives the next message at the client's end, while the ring goes on. */
static void expect_reply(struct driven *driven, const struct hprpc_header *header, uint32_t size)
{
    struct hprpc_channel *client = driven->pair.client;
    uint64_t deadline = test_deadline();
    struct hprpc_message message;
    int r;

    while (!(r = client->ops->receive(client, &message))) {
        assert_false(test_is_past(deadline));
        client->ops->arm(client);
        turn(driven);
    }
    assert_int_equal(r, 1);
    test_check(&message, header, size);
    client->ops->release(client, &message);
}

/* Sends at the server's end as the later answers of a turn leave: corked, and then flushed. */
static int send_corked(struct driven *driven, const struct hprpc_header *header, uint32_t size)
{
    int r;

    driven->pair.server->corked = true;
    r = test_send(driven->pair.server, header, size);
    driven->pair.server->corked = false;
    return r;
}

/* ---- Messages ---- */

static void exchanges_messages(void **state)
{
    static const uint32_t sizes[] = { 0, 1, 7, 100, 300, 5000, 16380, 16384, 40000, 100000, 3000000, 5, 200 };
    static const uint32_t buffers[] = { 1, 2, 0 };
    unsigned before = test_descriptors();

    (void)state;
    for (size_t b = 0; b < 3; b++) {
        struct hprpc__ring *ring = open_ring(buffers[b]);
        struct driven driven;

        open_driven(&driven, ring, "");
        driven.pair.client->receive_limit = driven.pair.server->receive_limit = 1 << 22;
        for (uint32_t i = 0; i < 4 * sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct hprpc_header request = test_request(i), reply = test_reply(i);
            uint32_t size = sizes[i % (sizeof(sizes) / sizeof(sizes[0]))];

            send_when_open(driven.pair.client, &request, size);
            expect(&driven, &request, size);
            assert_int_equal(i % 2 ? send_corked(&driven, &reply, size) : test_send(driven.pair.server, &reply, size),
                             0);
            driven.pair.server->ops->flush(driven.pair.server);
            expect_reply(&driven, &reply, size);
        }
        assert_true(driven.arrived && driven.sent);
        close_driven(&driven);
        hprpc__ring_close(ring);
    }
    assert_int_equal(test_descriptors(), before);
}

/* What came while the connection was not read, keeps it from going to sleep: in buffers, as the end, and by a poll. */
static void what_came_is_not_slept_on(void **state)
{
    static const uint32_t sizes[] = { 100, 100000 };
    struct hprpc__ring *ring = open_ring(0);
    struct hprpc_message message;
    struct driven driven;

    (void)state;
    open_driven(&driven, ring, "");
    driven.pair.client->receive_limit = driven.pair.server->receive_limit = 1 << 20;
    for (uint32_t i = 0; i < 40; i++) {
        struct hprpc_header header = test_request(i);

        send_when_open(driven.pair.client, &header, sizes[i / 4 % 2]);
        for (uint64_t deadline = test_deadline(); !driven.pair.server->ops->arm(driven.pair.server);) {
            assert_false(test_is_past(deadline));
            turn(&driven);
        }
        expect(&driven, &header, sizes[i / 4 % 2]);
        while (driven.pair.server->ops->arm(driven.pair.server))
            assert_int_equal(driven.pair.server->ops->receive(driven.pair.server, &message), 0);
    }
    driven.pair.client->ops->close(driven.pair.client);
    for (uint64_t deadline = test_deadline(); !driven.pair.server->ops->arm(driven.pair.server);) {
        assert_false(test_is_past(deadline));
        turn(&driven);
    }
    assert_int_equal(receive(&driven, &message), HPRPC_EPEERDIED);
    close_driven(&driven);
    hprpc__ring_close(ring);
}

/* The client sends far more than is read, and all of it arrives, in order. */
static void a_flood_is_held_back(void **state)
{
    enum { MESSAGES = 30000 };
    struct hprpc__ring *ring = open_ring(64);
    struct driven flood, quiet;
    struct hprpc_header header = test_request(0);
    uint32_t sent = 0;

    (void)state;
    open_driven(&flood, ring, scheme_is("tcp") ? "&sndbuf=64KiB&rcvbuf=64KiB" : "&sndbuf=64KiB");
    open_driven(&quiet, ring, "");
    send_when_open(flood.pair.client, &header, 0);
    for (uint32_t received = 0; received < MESSAGES; received++) {
        while (++sent < MESSAGES) {
            header = test_request(sent);
            if (test_send(flood.pair.client, &header, sent % 300)) {
                sent--;
                break;
            }
        }
        /* the quiet connection has its answer whatever the other one sends */
        if (received % 3000 == 0) {
            struct hprpc_header own = test_request(received);

            for (int i = 0; i < 3; i++)
                turn(&flood);
            send_when_open(quiet.pair.client, &own, 100);
            expect(&quiet, &own, 100);
        }
        header = test_request(received);
        expect(&flood, &header, received % 300);
    }
    close_driven(&flood);
    close_driven(&quiet);
    hprpc__ring_close(ring);
}

/* The client reads nothing for a while: one send is under way, and the rest waits behind it. */
static void a_slow_reader_gets_all(void **state)
{
    enum { REPLIES = 40, SIZE = 200000 };
    struct hprpc__ring *ring = open_ring(0);
    struct driven driven;
    struct hprpc_header header = test_request(1);
    struct hprpc_watch watches[HPRPC_WATCH_MAX];

    (void)state;
    open_driven(&driven, ring, "&sndbuf=64KiB");
    driven.pair.client->receive_limit = 1 << 20;
    send_when_open(driven.pair.client, &header, 0);
    expect(&driven, &header, 0);
    for (uint32_t i = 0; i < REPLIES; i++) {
        header = test_reply(i);
        assert_int_equal(i % 3 ? test_send(driven.pair.server, &header, SIZE)
                               : test_send_borrowed(driven.pair.server, &header, SIZE, 3),
                         0);
    }
    for (int i = 0; i < 3; i++)
        turn(&driven);
    assert_true(driven.pair.server->queued > SIZE);
    /* what is under way wakes by the ring, and not by room in the socket */
    assert_int_equal(driven.pair.server->ops->watch(driven.pair.server, watches), 1);
    assert_int_equal(watches[0].fd, hprpc__ring_descriptor(ring));
    for (uint32_t i = 0; i < REPLIES; i++) {
        header = test_reply(i);
        expect_reply(&driven, &header, SIZE);
    }
    for (uint64_t deadline = test_deadline(); driven.pair.server->queued;) {
        assert_false(test_is_past(deadline));
        turn(&driven);
    }
    close_driven(&driven);
    hprpc__ring_close(ring);
}

static void *send_one(void *argument)
{
    struct hprpc_header header = test_reply(7);

    assert_int_equal(test_send(argument, &header, 100), 0);
    return NULL;
}

/* A worker's thread cannot use the ring: it sends at once, or leaves the message to the thread of the ring. */
static void another_thread_sends(void **state)
{
    struct hprpc__ring *ring = open_ring(0);
    struct hprpc_header header = test_request(1), last = test_reply(7);
    struct driven driven;
    pthread_t thread;

    (void)state;
    open_driven(&driven, ring, "");
    send_when_open(driven.pair.client, &header, 0);
    expect(&driven, &header, 0);
    assert_int_equal(pthread_create(&thread, NULL, send_one, driven.pair.server), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(driven.pair.server->queued, 0);
    expect_reply(&driven, &last, 100);
    /* behind bytes that are under way */
    header = test_reply(1);
    assert_int_equal(send_corked(&driven, &header, 100), 0);
    assert_int_equal(driven.pair.server->ops->flush(driven.pair.server), HPRPC_EAGAIN);
    assert_int_equal(pthread_create(&thread, NULL, send_one, driven.pair.server), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(driven.pair.server->queued > 200);
    expect_reply(&driven, &header, 100);
    expect_reply(&driven, &last, 100);
    close_driven(&driven);
    hprpc__ring_close(ring);
}

/* ---- Ends ---- */

/* Closed with a send under way that the client does not read: its memory stays until the kernel is done with it. */
static void closing_with_sends_under_way(void **state)
{
    static const uint32_t sizes[] = { 100, 100000, 20000000 };
    unsigned before = test_descriptors();

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (int over = 0; over < 2; over++) {
            struct hprpc__ring *ring = open_ring(0);
            struct hprpc_header header = test_request(1);
            struct driven driven;

            open_driven(&driven, ring, "&sndbuf=64KiB");
            send_when_open(driven.pair.client, &header, 0);
            expect(&driven, &header, 0);
            for (uint32_t j = 0; j < 3; j++) {
                header = test_reply(j);
                assert_int_equal(send_corked(&driven, &header, sizes[i]), 0);
            }
            /* a socket may take 300,000 bytes at once */
            if (driven.pair.server->ops->flush(driven.pair.server) == 0)
                assert_int_equal(i, 1);
            if (over)
                turn(&driven);
            driven.pair.server->ops->close(driven.pair.server);
            driven.pair.server->over = over;
            driven.pair.server->ops->close(driven.pair.server);
            driven.pair.server->ops->free(driven.pair.server);
            driven.pair.server = NULL;
            close_driven(&driven);
            hprpc__ring_close(ring);
        }
    }
    assert_int_equal(test_descriptors(), before);
}

/* What was said before the end arrives, though an earlier message is under way when it is said. */
static void last_words_arrive(void **state)
{
    struct hprpc__ring *ring = open_ring(0);
    struct hprpc_header header = test_request(1), first = test_reply(1), last = test_reply(2);
    struct driven driven;

    (void)state;
    open_driven(&driven, ring, "");
    send_when_open(driven.pair.client, &header, 0);
    expect(&driven, &header, 0);
    assert_int_equal(send_corked(&driven, &first, 1000), 0);
    assert_int_equal(driven.pair.server->ops->flush(driven.pair.server), HPRPC_EAGAIN);
    assert_int_equal(test_send(driven.pair.server, &last, 2000), 0);
    driven.pair.server->ops->close(driven.pair.server);
    driven.pair.server->over = true;
    driven.pair.server->ops->close(driven.pair.server);
    expect_reply(&driven, &first, 1000);
    expect_reply(&driven, &last, 2000);
    assert_int_equal(test_break(driven.pair.client), HPRPC_EPEERDIED);
    close_driven(&driven);
    hprpc__ring_close(ring);
}

/* The other side goes: closed, or with a reset; with nothing, or with a send under way. */
static void the_other_side_goes(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        const struct linger reset = { 1, 0 };
        struct hprpc__ring *ring = open_ring(0);
        struct hprpc_header header = test_request(1);
        struct hprpc_watch watches[HPRPC_WATCH_MAX];
        struct hprpc_message message;
        struct driven driven;

        open_driven(&driven, ring, "&sndbuf=64KiB");
        send_when_open(driven.pair.client, &header, 0);
        expect(&driven, &header, 0);
        header = test_reply(1);
        if (way & 1) {
            assert_int_equal(test_send(driven.pair.server, &header, 8000000), 0);
            turn(&driven);
        }
        assert_int_equal(driven.pair.client->ops->watch(driven.pair.client, watches), 1);
        if (way & 2)
            setsockopt(watches[0].fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        driven.pair.client->ops->free(driven.pair.client);
        driven.pair.client = connect_to(driven.pair.listener); /* so that there is one to flush */
        assert_int_equal(receive(&driven, &message), HPRPC_EPEERDIED);
        close_driven(&driven);
        hprpc__ring_close(ring);
    }
}

static int last_readable(int fd)
{
    struct pollfd watched = { .fd = fd, .events = POLLIN };

    return poll(&watched, 1, 20000) == 1;
}

/* A child process dies by SIGKILL while bytes go both ways. */
static void a_killed_process(void **state)
{
    struct hprpc__ring *ring = open_ring(0);
    struct hprpc_message message;
    struct driven driven;
    struct hprpc_header header = test_reply(1);
    int pipes[2], status, r;
    pid_t child;

    (void)state;
    open_driven(&driven, ring, "&sndbuf=64KiB");
    assert_int_equal(pipe(pipes), 0);
    child = fork();
    if (!child) {
        for (uint32_t i = 0;; i++) {
            header = test_request(i);
            test_send(driven.pair.client, &header, 1000);
            if (i == 50 && write(pipes[1], "x", 1) != 1)
                _exit(1);
            if (driven.pair.client->ops->receive(driven.pair.client, &message) < 0)
                _exit(1);
        }
    }
    /* the parent's copy of the client's end */
    {
        struct hprpc_watch watches[HPRPC_WATCH_MAX];

        assert_int_equal(driven.pair.client->ops->watch(driven.pair.client, watches), 1);
        assert_true(last_readable(pipes[0]));
        assert_true(dup2(pipes[0], watches[0].fd) >= 0);
    }
    assert_int_equal(test_send(driven.pair.server, &header, 8000000), 0);
    turn(&driven);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    while ((r = receive(&driven, &message)) == 1)
        driven.pair.server->ops->release(driven.pair.server, &message);
    assert_int_equal(r, HPRPC_EPEERDIED);
    close(pipes[0]);
    close(pipes[1]);
    close_driven(&driven);
    hprpc__ring_close(ring);
}

/* The end comes with the last bytes, while the connection is told of both by one poll: the bytes are read, and then the end. */
static void an_end_comes_with_the_last_bytes(void **state)
{
    static const uint32_t sizes[] = { 0, 100, 5000, 100000 };
    enum { ROUNDS = 20 }; /* as often as not the poll tells of the two one after the other */

    (void)state;
    for (size_t i = 0; i < ROUNDS * sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct hprpc__ring *ring = open_ring(0);
        struct hprpc_header header = test_request(1);
        struct hprpc_message message;
        uint32_t size = sizes[i / ROUNDS];
        struct driven driven;

        open_driven(&driven, ring, "");
        driven.pair.client->receive_limit = driven.pair.server->receive_limit = 1 << 20;
        /* after so much at once the connection reads its socket itself, and is about to sleep until the poll tells it */
        send_when_open(driven.pair.client, &header, 100000);
        expect(&driven, &header, 100000);
        while (driven.pair.server->ops->arm(driven.pair.server))
            assert_int_equal(driven.pair.server->ops->receive(driven.pair.server, &message), 0);
        header = test_request(2);
        send_when_open(driven.pair.client, &header, size);
        while (driven.pair.client->queued)
            driven.pair.client->ops->flush(driven.pair.client);
        driven.pair.client->ops->free(driven.pair.client);
        driven.pair.client = connect_to(driven.pair.listener); /* so that there is one to flush */
        expect(&driven, &header, size);
        assert_int_equal(receive(&driven, &message), HPRPC_EPEERDIED);
        close_driven(&driven);
        hprpc__ring_close(ring);
    }
}

/* ---- What comes unasked ---- */

/* Lets the system hand on descriptors, as it always did before Linux 6.16. */
static void let_descriptors_pass(const struct hprpc_channel *channel)
{
    const int name = 83, yes = 1; /* SO_PASSRIGHTS */

    setsockopt(((const struct hprpc__socket *)channel)->fd, SOL_SOCKET, name, &yes, sizeof(yes));
}

static void send_with_descriptors(int fd, const void *bytes, size_t size, int carried)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { .bytes = { 0 } };
    struct iovec run = { (void *)(uintptr_t)bytes, size };
    struct msghdr message = {
        .msg_iov = &run, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &carried, sizeof(int));
    assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), size);
}

/* The other side sends a descriptor with each message: all are closed, and the messages arrive. */
static void descriptors_that_come_unasked_are_closed(void **state)
{
    static const uint8_t empty[] = { 0xb7, 0x15, 0, 0, 1, 7 }; /* a reply without a body */
    enum { COUNT = 40 };
    struct hprpc__ring *ring;
    struct hprpc_header header = test_request(1), small = test_reply(7);
    struct driven driven;

    (void)state;
    if (!scheme_is("unix"))
        skip();
    ring = open_ring(0);
    for (int bulk = 0; bulk < 2; bulk++) {
        int ends[2], fd;

        open_driven(&driven, ring, "");
        driven.pair.server->receive_limit = 1 << 20;
        let_descriptors_pass(driven.pair.server);
        assert_int_equal(pipe(ends), 0);
        /* after so much at once the connection reads its socket itself */
        send_when_open(driven.pair.client, &header, bulk ? 100000 : 10);
        expect(&driven, &header, bulk ? 100000 : 10);
        fd = ((struct hprpc__socket *)driven.pair.client)->fd;
        for (int i = 0; i < COUNT; i++)
            send_with_descriptors(fd, empty, sizeof(empty), ends[1]);
        for (int i = 0; i < COUNT; i++)
            expect(&driven, &small, 0);
        /* the reading end tells that this is the last writer */
        close(ends[1]);
        assert_int_equal(poll(&(struct pollfd){ .fd = ends[0] }, 1, 20000), 1);
        close(ends[0]);
        close_driven(&driven);
    }
    hprpc__ring_close(ring);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        fixture_test(exchanges_messages),
        fixture_test(what_came_is_not_slept_on),
        fixture_test(a_flood_is_held_back),
        fixture_test(a_slow_reader_gets_all),
        fixture_test(another_thread_sends),
        fixture_test(closing_with_sends_under_way),
        fixture_test(last_words_arrive),
        fixture_test(the_other_side_goes),
        fixture_test(a_killed_process),
        fixture_test(an_end_comes_with_the_last_bytes),
        fixture_test(descriptors_that_come_unasked_are_closed),
    };

    if (argc != 2 || (strcmp(argv[1], "tcp") != 0 && strcmp(argv[1], "unix") != 0)) {
        fprintf(stderr, "usage: test-socket-uring tcp|unix\n");
        return 2;
    }
    scheme = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
