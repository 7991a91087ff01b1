/* SPDX-License-Identifier: MIT */
/* A ring: where it is refused, what it completes, and its buffers. Where there is none, only the refusals are tested. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <hprpc/hprpc.h>

#include "base/ring.h"
#include "support/memory.h"
#include "support/refuse.h"

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#define SYS_io_uring_enter 426
#define SYS_io_uring_register 427
#endif

static const struct hprpc__ring_ears deaf;

/* A ring of the test's own; the test is over where there is none. */
static struct hprpc__ring *open_ring(uint32_t buffers)
{
    struct hprpc__ring *ring = NULL;
    int r = hprpc__ring_open(NULL, buffers, &deaf, &ring);

    if (r == -EPERM || r == -ENOSYS || r == -EINVAL) {
        print_message("%s\n", hprpc__ring_refusal(r));
        skip();
    }
    assert_int_equal(r, 0);
    return ring;
}

struct counted {
    struct hprpc__ring_task task;
    unsigned done;
    int32_t code;
    size_t bytes;
    bool more;
    struct hprpc__ring *gives; /* buffers back, at once; NULL: it keeps them */
    struct hprpc__ring_buffer *kept;
};

static void count(struct hprpc__ring_task *task, const struct hprpc__ring_result *result)
{
    struct counted *counted = (struct counted *)task;

    counted->done++;
    counted->code = result->code;
    counted->more = result->more;
    if (!result->buffer)
        return;
    counted->bytes += result->buffer->end - result->buffer->start;
    if (counted->gives) {
        hprpc__ring_give(counted->gives, result->buffer);
    } else {
        result->buffer->next = counted->kept;
        counted->kept = result->buffer;
    }
}

static void turn_until(struct hprpc__ring *ring, const unsigned *value, unsigned wanted)
{
    for (int i = 0; i < 3000 && *value < wanted; i++)
        assert_int_equal(hprpc__ring_turn(ring, 10000000), 0);
    assert_true(*value >= wanted);
}

/* ---- Refusals ---- */

struct refusal {
    long number;
    int error;
    const char *text;
};

static int open_refused(void *argument)
{
    const struct refusal *refusal = argument;
    struct hprpc__ring *ring = NULL;
    int r = hprpc__ring_open(NULL, 4, &deaf, &ring);

    return r < 0 && !ring && (!refusal->text || strstr(hprpc__ring_refusal(r), refusal->text)) ? 0 : 1;
}

static void refused_by_policies(void **state)
{
    static const struct refusal refusals[] = {
        { SYS_io_uring_setup, EPERM, "not permitted" },  { SYS_io_uring_setup, ENOSYS, "has no io_uring" },
        { SYS_io_uring_setup, ENOMEM, "no memory" },     { SYS_io_uring_setup, EINVAL, "too old" },
        { SYS_io_uring_setup, EMFILE, "no descriptor" }, { SYS_io_uring_setup, EIO, "does not work" },
        { SYS_io_uring_register, EPERM, NULL },          { SYS_io_uring_enter, EPERM, NULL },
    };
    struct hprpc__ring *ring = open_ring(4);

    (void)state;
    hprpc__ring_close(ring);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        int r = refuse_in_child(refusals[i].number, refusals[i].error, open_refused, (void *)&refusals[i]);

        if (r == 77)
            skip();
        assert_int_equal(r, 0);
    }
}

static void every_reason_begins_with_what_serves(void **state)
{
    static const int codes[] = { EPERM, EACCES, ENOSYS, EINVAL, ENOMEM, EMFILE, ENFILE, EIO };

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_ptr_equal(strstr(hprpc__ring_refusal(-codes[i]), "epoll: "), hprpc__ring_refusal(-codes[i]));
}

/* No locked memory is needed, however little a process may have. */
static int open_without_locked_memory(void *argument)
{
    const struct rlimit none = { 0, 0 };
    struct hprpc__ring *ring = NULL;
    int r;

    (void)argument;
    if (setrlimit(RLIMIT_MEMLOCK, &none))
        return 1;
    r = hprpc__ring_open(NULL, 4, &deaf, &ring);
    hprpc__ring_close(ring);
    return r == 0 || r == -ENOMEM ? 0 : 1;
}

static void opens_without_locked_memory(void **state)
{
    int status = -1;
    pid_t child = fork();

    (void)state;
    if (!child)
        _exit(open_without_locked_memory(NULL));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void opens_or_gives_everything_back(void **state)
{
    struct hprpc_context_options options = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_context *context;
    struct hprpc__ring *ring;
    struct memory memory;
    long before, failures = 0;

    (void)state;
    hprpc__ring_close(open_ring(4));
    memory_init(&memory);
    options.allocator = memory_allocator(&memory);
    assert_int_equal(hprpc_context_new(&options, &context), 0);
    before = atomic_load(&memory.pieces);
    for (long nth = 1;; nth++) {
        int r;

        ring = NULL;
        memory_fail(&memory, nth, false);
        r = hprpc__ring_open(context, 4, &deaf, &ring);
        memory_fail(&memory, 0, false);
        hprpc__ring_close(ring);
        assert_int_equal(atomic_load(&memory.pieces), before);
        if (r == 0)
            break;
        assert_int_equal(r, -ENOMEM);
        failures++;
    }
    assert_int_equal(failures, 3);
    hprpc_context_free(context);
}

/* ---- Completions ---- */

/* More completions than the kernel's queue of them has places. */
static void none_is_lost_when_the_queue_is_full(void **state)
{
    enum { MANY = 10000 };
    struct hprpc__ring *ring = open_ring(1);
    struct counted *counted = calloc(MANY, sizeof(*counted));
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    unsigned all = 0;

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        counted[i].task.done = count;
        assert_true(hprpc__ring_await(ring, &counted[i].task, fd, POLLIN, false));
    }
    assert_int_equal(hprpc__ring_turn(ring, 0), 0);
    assert_int_equal(eventfd_write(fd, 1), 0);
    for (int i = 0; i < 1000 && all < MANY; i++) {
        assert_int_equal(hprpc__ring_turn(ring, 10000000), 0);
        all = 0;
        for (unsigned j = 0; j < MANY; j++)
            all += counted[j].done;
    }
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(counted[i].done, 1);
    close(fd);
    free(counted);
    hprpc__ring_close(ring);
}

/* One task tells of each event, until it is cancelled. */
static void waits_again_and_again(void **state)
{
    struct hprpc__ring *ring = open_ring(1);
    struct counted counted = { .task.done = count };
    char byte;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[1], "x", 1), 1);
    assert_true(hprpc__ring_await(ring, &counted.task, pair[0], POLLIN, true));
    for (unsigned i = 1; i <= 50; i++) {
        turn_until(ring, &counted.done, i);
        assert_true(counted.more);
        assert_true(counted.code & POLLIN);
        assert_int_equal(read(pair[0], &byte, 1), 1);
        assert_int_equal(write(pair[1], "x", 1), 1);
    }
    turn_until(ring, &counted.done, 51);
    hprpc__ring_cancel(ring, &counted.task);
    turn_until(ring, &counted.done, 52);
    assert_false(counted.more);
    close(pair[0]);
    close(pair[1]);
    hprpc__ring_close(ring);
}

/* Sends of more than one batch leave, each once; a send that finds the socket full waits for room. */
static void sends(void **state)
{
    enum { SENDS = 50 };
    struct hprpc__ring *ring = open_ring(1);
    struct counted counted[SENDS] = { 0 }, large = { .task.done = count };
    size_t size = 8 << 20, got = 0;
    char *bytes = calloc(1, size), buffer[65536];
    int pairs[SENDS][2], pair[2];
    int32_t code;
    ssize_t n;

    (void)state;
    for (int i = 0; i < SENDS; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
        counted[i].task.done = count;
        assert_true(hprpc__ring_send(ring, &counted[i].task, pairs[i][0], "hello", 5));
    }
    assert_true(hprpc__ring_has_news(ring));
    hprpc__ring_submit(ring);
    assert_true(hprpc__ring_peek(ring, &counted[SENDS - 1].task, &code));
    assert_int_equal(code, 5);
    assert_int_equal(counted[SENDS - 1].done, 0);
    for (int i = 0; i < SENDS; i++) {
        turn_until(ring, &counted[i].done, 1);
        assert_int_equal(counted[i].code, 5);
        assert_int_equal(read(pairs[i][1], buffer, sizeof(buffer)), 5);
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    for (size_t sent = 0; sent < size; sent += (size_t)large.code) {
        unsigned before = large.done;

        assert_true(hprpc__ring_send(ring, &large.task, pair[0], bytes + sent, size - sent));
        while (large.done == before) {
            assert_int_equal(hprpc__ring_turn(ring, 0), 0);
            while ((n = recv(pair[1], buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
                got += (size_t)n;
        }
        assert_true(large.code > 0);
    }
    while ((n = recv(pair[1], buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
        got += (size_t)n;
    assert_int_equal(got, size);
    close(pair[0]);
    close(pair[1]);
    free(bytes);
    hprpc__ring_close(ring);
}

/* ---- Receiving ---- */

static void a_receiver_goes_on(void **state)
{
    struct hprpc__ring *ring = open_ring(2);
    struct counted counted = { .task.done = count, .gives = ring };
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_true(hprpc__ring_receive(ring, &counted.task, pair[0]));
    for (unsigned i = 1; i <= 100; i++) {
        assert_int_equal(write(pair[1], "hello", 5), 5);
        turn_until(ring, &counted.done, i);
        assert_int_equal(counted.bytes, 5 * i);
        assert_true(counted.more);
    }
    hprpc__ring_cancel(ring, &counted.task);
    turn_until(ring, &counted.done, 101);
    assert_int_equal(counted.code, -ECANCELED);
    assert_false(counted.more);
    assert_true(hprpc__ring_receive(ring, &counted.task, pair[0]));
    close(pair[1]);
    turn_until(ring, &counted.done, 102);
    assert_int_equal(counted.code, 0);
    assert_false(counted.more);
    close(pair[0]);
    hprpc__ring_close(ring);
}

/* A receiver ends where all buffers are kept, and begins where one is given back. More are made up to the limit. */
static void buffers_run_out(void **state)
{
    static const uint32_t limits[] = { 1, 2, 31, 32, 33, 64, 100 };

    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct hprpc__ring *ring = open_ring(limits[i]);
        struct counted counted = { .task.done = count };
        unsigned ends = 0;
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
        while (counted.bytes < limits[i]) {
            assert_true(hprpc__ring_receive(ring, &counted.task, pair[0]));
            do {
                unsigned done = counted.done;

                assert_int_equal(write(pair[1], "x", 1), 1);
                turn_until(ring, &counted.done, done + 1);
            } while (counted.more);
            ends += counted.code == -ENOBUFS;
            assert_true(ends <= limits[i]);
        }
        while (counted.more) {
            assert_int_equal(write(pair[1], "x", 1), 1);
            turn_until(ring, &counted.done, counted.done + 1);
        }
        assert_int_equal(counted.code, -ENOBUFS);
        assert_false(hprpc__ring_receive(ring, &counted.task, pair[0]));
        hprpc__ring_give(ring, counted.kept);
        assert_int_equal(write(pair[1], "x", 1), 1);
        assert_true(hprpc__ring_receive(ring, &counted.task, pair[0]));
        turn_until(ring, &counted.done, counted.done + 1);
        assert_int_equal(counted.bytes, limits[i] + 1);
        close(pair[0]);
        close(pair[1]);
        hprpc__ring_close(ring);
    }
}

/* A child of fork has neither the ring nor its buffers, and the parent's go on. */
static void goes_on_after_a_fork(void **state)
{
    struct hprpc__ring *ring = open_ring(2);
    struct counted counted = { .task.done = count, .gives = ring };
    int pair[2], status;
    pid_t child;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_true(hprpc__ring_receive(ring, &counted.task, pair[0]));
    assert_int_equal(hprpc__ring_turn(ring, 0), 0);
    for (unsigned i = 1; i <= 20; i++) {
        child = fork();
        if (!child)
            _exit(0);
        assert_int_equal(write(pair[1], "hello", 5), 5);
        turn_until(ring, &counted.done, i);
        assert_int_equal(counted.bytes, 5 * i);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    close(pair[0]);
    close(pair[1]);
    hprpc__ring_close(ring);
}

/* ---- Threads and time ---- */

static void *ask(void *argument)
{
    return hprpc__ring_is_mine(argument) ? argument : NULL;
}

static void belongs_to_one_thread(void **state)
{
    struct hprpc__ring *ring = open_ring(1);
    pthread_t thread;
    void *result = ring;

    (void)state;
    assert_true(hprpc__ring_is_mine(ring));
    assert_int_equal(pthread_create(&thread, NULL, ask, ring), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_null(result);
    assert_int_equal(hprpc__ring_turn(ring, 1000000), 0);
    assert_false(hprpc__ring_has_news(ring));
    hprpc__ring_close(ring);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_by_policies),
        cmocka_unit_test(every_reason_begins_with_what_serves),
        cmocka_unit_test(opens_without_locked_memory),
        cmocka_unit_test(opens_or_gives_everything_back),
        cmocka_unit_test(none_is_lost_when_the_queue_is_full),
        cmocka_unit_test(waits_again_and_again),
        cmocka_unit_test(sends),
        cmocka_unit_test(a_receiver_goes_on),
        cmocka_unit_test(buffers_run_out),
        cmocka_unit_test(goes_on_after_a_fork),
        cmocka_unit_test(belongs_to_one_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
