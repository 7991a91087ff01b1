/* SPDX-License-Identifier: MIT */
/* Starts, runs, stops and ends the two processes of a subject. */
#include "bench/measure/pair.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure/side.h"

enum { PATIENCE_MS = 20000, PATIENCE_PER_CONNECTION_MS = 10, REAP_MS = 2000 };

static int say(char *ret_error, size_t capacity, const char *text)
{
    snprintf(ret_error, capacity, "%s", text);
    return -1;
}

/* Waits until a side says that it is ready. */
static int await(struct bench_pair *pair, int control, uint64_t patience_ms, char *ret_error, size_t capacity)
{
    struct pollfd wait = { .fd = control, .events = POLLIN };
    char word = 0;
    int count;

    do
        count = poll(&wait, 1, (int)patience_ms);
    while (count < 0 && errno == EINTR);
    if (count == 0)
        return say(ret_error, capacity, "it stalled");
    if (recv(control, &word, 1, 0) == 1)
        return 0;
    /* a side that gave up writes its text before its socket closes; the other side's text may come a moment later */
    usleep(1000);
    return say(ret_error, capacity, pair->session.shared->error[0] ? pair->session.shared->error : "it died");
}

static pid_t start(struct bench_pair *pair, enum bench_side side, int *ret_control)
{
    int ends[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        pair->session.control = ends[1];
        if (pair->session.subject->ops->program)
            bench_side_execute(&pair->session, side, pair->shared_fd);
        bench_side(&pair->session, side);
    }
    close(ends[1]);
    *ret_control = ends[0];
    return pid;
}

static int share(struct bench_pair *pair)
{
    void *memory;

    pair->shared_fd = memfd_create("hprpc-bench", MFD_CLOEXEC);
    if (pair->shared_fd < 0 || ftruncate(pair->shared_fd, sizeof(struct bench_shared)) != 0)
        return -1;
    memory = mmap(NULL, sizeof(struct bench_shared), PROT_READ | PROT_WRITE, MAP_SHARED, pair->shared_fd, 0);
    if (memory == MAP_FAILED)
        return -1;
    pair->session.shared = memory;
    return 0;
}

static int add_relay(struct bench_pair *pair, char *ret_error, size_t capacity)
{
    struct bench_shared *shared = pair->session.shared;

    if (bench_relay_start(&pair->relay, shared->address, sizeof(shared->address)) == 0)
        return 0;
    return say(ret_error, capacity, "nothing to relay: it has no TCP port");
}

static int open_pair(struct bench_pair *pair, const struct bench_subject *subject,
                     const struct bench_workload *workload, enum bench_placement placement, bool relayed,
                     char *ret_error, size_t capacity)
{
    uint64_t patience_ms = PATIENCE_MS;
    struct bench_shared *shared;

    *pair = (struct bench_pair){ .shared_fd = -1, .server_control = -1, .client_control = -1 };
    pair->session.subject = subject;
    pair->session.workload = *workload;
    bench_tick_length();
    if (share(pair) != 0) {
        bench_pair_close(pair);
        return say(ret_error, capacity, "no shared memory");
    }
    patience_ms += (uint64_t)PATIENCE_PER_CONNECTION_MS * (workload->idle + workload->connections);
    shared = pair->session.shared;
    shared->workload = *workload;
    shared->placement = placement;
    if (subject->ops->prepare)
        pair->session.state = subject->ops->prepare(subject, workload);

    pair->server = start(pair, BENCH_SERVER, &pair->server_control);
    shared->server = pair->server;
    if (pair->server > 0 && await(pair, pair->server_control, PATIENCE_MS, ret_error, capacity) == 0 &&
        (!relayed || add_relay(pair, ret_error, capacity) == 0)) {
        pair->client = start(pair, BENCH_CLIENT, &pair->client_control);
        shared->client = pair->client;
        if (pair->client > 0 && await(pair, pair->client_control, patience_ms, ret_error, capacity) == 0) {
            bench_pair_pause(pair);
            return 0;
        }
    }
    bench_pair_close(pair);
    return -1;
}

int bench_pair_open(struct bench_pair *pair, const struct bench_subject *subject, const struct bench_workload *workload,
                    enum bench_placement placement, char *ret_error, size_t capacity)
{
    return open_pair(pair, subject, workload, placement, false, ret_error, capacity);
}

int bench_pair_open_relayed(struct bench_pair *pair, const struct bench_subject *subject,
                            const struct bench_workload *workload, char *ret_error, size_t capacity)
{
    return open_pair(pair, subject, workload, BENCH_UNPINNED, true, ret_error, capacity);
}

/* Signals a side and the processes that it made: a side has a process group of its own once it is ready. */
static int signal_side(pid_t pid, int signal)
{
    return kill(-pid, signal) == 0 ? 0 : kill(pid, signal);
}

void bench_pair_resume(struct bench_pair *pair)
{
    signal_side(pair->server, SIGCONT);
    signal_side(pair->client, SIGCONT);
}

/* Waits for a limited time until a process has stopped or ended. Returns true if it has. */
static bool wait_for_change(pid_t pid, int options)
{
    const struct timespec pause = { 0, 50000 };

    for (uint64_t end = bench_now() + REAP_MS * 1000000ull; bench_now() < end;) {
        pid_t changed = waitpid(pid, NULL, options | WNOHANG);

        if (changed == pid || (changed < 0 && errno == ECHILD))
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

void bench_pair_pause(struct bench_pair *pair)
{
    const pid_t sides[] = { pair->client, pair->server };

    for (int i = 0; i < 2; i++) {
        if (signal_side(sides[i], SIGSTOP) == 0)
            wait_for_change(sides[i], WUNTRACED);
    }
}

int bench_pair_run(struct bench_pair *pair, uint64_t ns, uint64_t calls, char *ret_error, size_t capacity)
{
    struct bench_shared *shared = pair->session.shared;
    int result = -1;

    shared->run_ns = ns;
    shared->run_calls = calls;
    bench_pair_resume(pair);
    if (send(pair->client_control, "m", 1, MSG_NOSIGNAL) == 1)
        result = await(pair, pair->client_control, PATIENCE_MS + ns / 500000, ret_error, capacity);
    else
        say(ret_error, capacity, "its client died");
    return result;
}

int bench_pair_round(struct bench_pair *pair, uint64_t ns, uint64_t calls, char *ret_error, size_t capacity)
{
    int result = bench_pair_run(pair, ns, calls, ret_error, capacity);

    if (result == 0)
        bench_pair_pause(pair);
    return result;
}

/* Asks a side to end, and kills it if it has not ended after two seconds. */
static void end(pid_t pid, int signal)
{
    if (pid <= 0)
        return;
    signal_side(pid, SIGCONT);
    if (signal)
        kill(pid, signal);
    if (wait_for_change(pid, 0))
        return;
    kill(pid, SIGKILL);
    wait_for_change(pid, 0);
}

void bench_pair_close(struct bench_pair *pair)
{
    if (!pair->session.subject)
        return;
    if (pair->server > 0)
        signal_side(pair->server, SIGCONT);
    if (pair->client_control >= 0)
        send(pair->client_control, "q", 1, MSG_NOSIGNAL);
    end(pair->client, 0);
    end(pair->server, SIGTERM);
    bench_relay_stop(&pair->relay);
    if (pair->client_control >= 0)
        close(pair->client_control);
    if (pair->server_control >= 0)
        close(pair->server_control);
    if (pair->session.state)
        pair->session.subject->ops->discard(pair->session.state);
    if (pair->session.shared)
        munmap(pair->session.shared, sizeof(struct bench_shared));
    if (pair->shared_fd >= 0)
        close(pair->shared_fd);
    *pair = (struct bench_pair){ 0 };
}
