/* SPDX-License-Identifier: MIT */
/* A peer that is killed: at any instruction of a send, asleep or awake, on either side. */
#include "tests/channel-shm/end.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARENA = 64 * 1024, STEPS_MAX = 2500, STRIDE = 97 };

static char uri[160];
static struct hprpc_listener *listener;
static int descriptors;

/* Counts the names that connections of this test may leave, without the listener's own. */
static int count_names(const char *directory)
{
    DIR *stream = opendir(directory);
    char mine[64];
    struct dirent *entry;
    int count = 0;

    snprintf(mine, sizeof(mine), "test-%d-", (int)getpid());
    while (stream && (entry = readdir(stream)))
        count += strstr(entry->d_name, mine) != NULL || !strncmp(entry->d_name, "memfd", 5);
    if (stream)
        closedir(stream);
    return count;
}

static int count_all_names(void)
{
    char private[2][64];

    snprintf(private[0], sizeof(private[0]), "/dev/shm/hprpc-%lu", (unsigned long)geteuid());
    snprintf(private[1], sizeof(private[1]), "/run/user/%lu/hprpc-%lu", (unsigned long)geteuid(),
             (unsigned long)geteuid());
    return count_names(private[0]) + count_names(private[1]) + count_names("/dev/shm");
}

static int set_up(void **state)
{
    (void)state;
    descriptors = count_descriptors();
    fresh_name(uri, sizeof(uri), "?ring=64KiB&slots=16");
    listener = listen_at(NULL, uri);
    assert_int_equal(count_all_names(), 2); /* the listener's socket and lock */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(count_all_names(), 2);
    listener->ops->free(listener);
    assert_int_equal(count_all_names(), 0);
    assert_int_equal(count_descriptors(), descriptors);
    return 0;
}

static struct hprpc_channel *connect_child(void)
{
    struct hprpc_header header = { .type = HPRPC_MESSAGE_PING };
    struct hprpc_reservation reservation;
    struct hprpc_channel *channel;
    struct hprpc_message message;
    struct hprpc_uri parsed;

    *strchrnul(uri, '?') = '\0';
    if (hprpc_uri_parse(uri, NULL, &parsed) || hprpc_transport_shm.connect(NULL, &parsed, NULL, &channel))
        _exit(2);
    while (channel->ops->start_call(channel, &header, 0, &reservation))
        if (channel->ops->receive(channel, &message))
            _exit(3);
    channel->ops->cancel_call(channel, &reservation);
    return channel;
}

/* Starts a child that connects, stops, sends one message of `size` bytes, and stops again. */
static pid_t start_sender(uint32_t size)
{
    struct hprpc_channel *channel;
    pid_t child = start_child();

    if (child)
        return child;
    channel = connect_child();
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
        _exit(77);
    raise(SIGSTOP);
    send_message(channel, HPRPC_MESSAGE_REPLY, 1, size);
    raise(SIGSTOP);
    _exit(0);
}

static struct hprpc_channel *accept_one(void)
{
    struct hprpc_channel *channel = NULL;
    struct hprpc_detail detail;
    double deadline = seconds() + 10;

    while (!listener->ops->accept(listener, &detail, &channel))
        assert_true(seconds() < deadline);
    /* the client's first packet may come after the connection, and the client waits for the answer */
    while (!hprpc__shm_not_open(shm_channel(channel), 0) && !shm_is_open(shm_channel(channel))) {
        shm_channel(channel)->open(shm_channel(channel));
        assert_true(seconds() < deadline);
    }
    channel->receive_limit = 64 * 1024 * 1024;
    return channel;
}

static void kill_child(pid_t child)
{
    int status;

    kill(child, SIGKILL);
    while (waitpid(child, &status, 0) == child && !WIFSIGNALED(status) && !WIFEXITED(status))
        ;
}

/* Lets the child execute some instructions. Returns false if its send has ended. */
static bool step(pid_t child, int count)
{
    int status;

    while (count--) {
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL))
            return false;
        if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
            return false;
    }
    return true;
}

/*
 * Kills the child after `steps` instructions of its send. Returns 1 if the send had ended, 0 if not, -1 where ptrace is not
 * allowed.
 */
static int kill_after(uint32_t size, int steps)
{
    pid_t child = start_sender(size);
    struct hprpc_channel *channel = accept_one();
    struct hprpc_message message;
    int status = 0, result;
    bool over;

    while (!(result = channel->ops->receive(channel, &message)) && !waitpid(child, &status, WNOHANG | WUNTRACED))
        ;
    if (result == HPRPC_EPEERDIED || !WIFSTOPPED(status)) {
        waitpid(child, &status, 0);
        channel->ops->free(channel);
        return -1;
    }
    over = !step(child, steps);
    kill_child(child);

    /* the whole message comes or nothing of it; then the end */
    while (!(result = channel->ops->receive(channel, &message)))
        ;
    if (result == 1) {
        check_body(&message, 1, size);
        channel->ops->release(channel, &message);
        result = receive_end(channel);
    } else {
        assert_false(over && size <= ARENA / 2);
    }
    assert_int_equal(result, HPRPC_EPEERDIED);
    assert_non_null(strstr(channel->reason.text, "is gone"));
    assert_int_equal(send_message(channel, HPRPC_MESSAGE_REPLY, 2, 10), HPRPC_EPEERDIED);
    channel->ops->free(channel);
    return over;
}

static void test_killed_at_any_step_of_a_send(void **state)
{
    static const uint32_t sizes[] = { 10, 200, 2 * ARENA };
    int steps, result;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (steps = 0; steps < STEPS_MAX; steps += STRIDE) {
            result = kill_after(sizes[i], steps);
            if (result < 0)
                skip();
            if (result)
                break;
        }
    }
}

/* ---- Asleep, and holding what the dead one lent ---- */

static void test_killed_while_the_other_sleeps(void **state)
{
    struct hprpc_channel *channel;
    struct hprpc_message message;
    double start;
    int ready[2];
    pid_t child;
    char byte;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    child = start_child();
    if (!child) {
        channel = connect_child();
        send_message(channel, HPRPC_MESSAGE_REPLY, 1, 5000);
        send_message(channel, HPRPC_MESSAGE_REPLY, 2, 10);
        if (write(ready[1], "r", 1) == 1)
            pause();
        _exit(0);
    }
    channel = accept_one();
    take(channel, NULL, &message);
    assert_true(message.lendable);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    expect(channel, NULL, HPRPC_MESSAGE_REPLY, 2, 10);
    start = seconds();
    kill(child, SIGKILL);
    sleep_on(channel, 20000);
    assert_true(seconds() - start < 20);
    assert_int_equal(receive_end(channel), HPRPC_EPEERDIED);
    check_body(&message, 1, 5000);
    channel->ops->release(channel, &message);
    channel->ops->free(channel);
    kill_child(child);
    close(ready[0]);
    close(ready[1]);
}

/* All messages that were complete before the death are delivered, however late it is noticed. */
static void test_everything_complete_is_delivered(void **state)
{
    struct hprpc_channel *channel;
    uint32_t i;
    int status;
    pid_t child = start_child();

    (void)state;
    if (!child) {
        channel = connect_child();
        for (i = 0; i < 10; i++)
            send_message(channel, HPRPC_MESSAGE_REQUEST, i, i * 100);
        _exit(0);
    }
    channel = accept_one();
    assert_int_equal(waitpid(child, &status, 0), child);
    for (i = 0; i < 10; i++)
        expect(channel, NULL, HPRPC_MESSAGE_REQUEST, i, i * 100);
    assert_int_equal(receive_end(channel), HPRPC_EPEERDIED);
    channel->ops->free(channel);
}

static void test_server_dies(void **state)
{
    struct hprpc_channel *channel, *server;
    int status;
    pid_t child = start_child();

    (void)state;
    if (!child) {
        server = accept_one();
        expect(server, NULL, HPRPC_MESSAGE_REQUEST, 1, 10);
        send_message(server, HPRPC_MESSAGE_REPLY, 1, 3 * ARENA);
        raise(SIGKILL);
    }
    channel = connect_child();
    channel->receive_limit = 64 * 1024 * 1024;
    assert_int_equal(send_message(channel, HPRPC_MESSAGE_REQUEST, 1, 10), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    /* only a part of the answer has come */
    assert_int_equal(receive_end(channel), HPRPC_EPEERDIED);
    channel->ops->free(channel);
}

static void test_one_death_disturbs_nobody_else(void **state)
{
    struct hprpc_channel *client, *server, *victim;
    int status;
    pid_t child;

    (void)state;
    connect_pair(NULL, listener, uri, &client, &server);
    child = start_child();
    if (!child) {
        connect_child();
        raise(SIGKILL);
    }
    victim = accept_one();
    waitpid(child, &status, 0);
    assert_int_equal(receive_end(victim), HPRPC_EPEERDIED);
    victim->ops->free(victim);
    assert_int_equal(send_message(client, HPRPC_MESSAGE_REQUEST, 1, 1000), 0);
    expect(server, client, HPRPC_MESSAGE_REQUEST, 1, 1000);
    client->ops->free(client);
    server->ops->free(server);
}

#define DEATH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DEATH(test_killed_at_any_step_of_a_send),     DEATH(test_killed_while_the_other_sleeps),
        DEATH(test_everything_complete_is_delivered), DEATH(test_server_dies),
        DEATH(test_one_death_disturbs_nobody_else),
    };

    return cmocka_run_group_tests_name("shm-death", tests, NULL, NULL);
}
