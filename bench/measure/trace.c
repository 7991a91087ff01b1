/* SPDX-License-Identifier: MIT */
/* Counts system calls by ptrace. */
#include "bench/measure/trace.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FEW_CALLS = 80, MORE_CALLS = 400, THREADS_MAX = 256, PATIENCE_MS = 30000, REAP_MS = 5000 };

/* A traced thread, and the side it belongs to. */
struct thread {
    pid_t id;
    enum bench_side side;
    bool inside; /* it is inside a system call */
};

struct tracer {
    struct bench_pair pair;
    struct thread threads[THREADS_MAX];
    size_t count;
    uint64_t calls[2]; /* system calls of each side */
    sigset_t mask;     /* of signals, before the measurement */
    int children;      /* a descriptor that is readable when a thread has stopped */
};

static struct thread *find(const struct tracer *tracer, pid_t id)
{
    for (size_t i = 0; i < tracer->count; i++) {
        if (tracer->threads[i].id == id)
            return (struct thread *)&tracer->threads[i];
    }
    return NULL;
}

/* Returns the process of a thread; 0 if the thread is gone. */
static pid_t process_of(pid_t id)
{
    char path[64], line[128];
    pid_t process = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)id);
    file = fopen(path, "re");
    while (file && !process && fgets(line, sizeof(line), file)) {
        if (strncmp(line, "Tgid:", 5) == 0)
            process = atoi(line + 5);
    }
    if (file)
        fclose(file);
    return process;
}

/* Finds a thread, or adds it: the kernel may report a new thread before it reports who made it. */
static struct thread *note(struct tracer *tracer, pid_t id)
{
    struct thread *thread = find(tracer, id);

    if (!thread && tracer->count < THREADS_MAX) {
        thread = &tracer->threads[tracer->count++];
        *thread = (struct thread){ id, process_of(id) == tracer->pair.client ? BENCH_CLIENT : BENCH_SERVER, false };
    }
    return thread;
}

/* Traces all threads of a stopped process, and those that they make later. */
static void seize_all(struct tracer *tracer, pid_t pid)
{
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    char path[64];
    struct dirent *entry;
    DIR *folder;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    folder = opendir(path);
    if (!folder)
        return;
    while ((entry = readdir(folder))) {
        pid_t id = atoi(entry->d_name);

        if (id > 0 && ptrace(PTRACE_SEIZE, id, NULL, options) == 0)
            note(tracer, id);
    }
    closedir(folder);
}

/* Handles a thread that has stopped: counts the system call, and lets the thread continue. */
static void attend(struct tracer *tracer, pid_t id, int status)
{
    struct thread *thread = note(tracer, id);
    int signal = WSTOPSIG(status);
    bool call = signal == (SIGTRAP | 0x80);
    bool event = status >> 16;

    if (thread && call) {
        thread->inside = !thread->inside;
        tracer->calls[thread->side] += thread->inside;
    }
    if (event || call || signal == SIGTRAP)
        signal = 0;
    ptrace(PTRACE_SYSCALL, id, NULL, (long)signal);
}

/* Handles every thread that has stopped. Returns 0 when no other has stopped, -1 when a side is gone. */
static int attend_all(struct tracer *tracer)
{
    for (;;) {
        int status;
        pid_t id = waitpid(-1, &status, __WALL | WNOHANG);

        if (id == 0)
            return 0;
        if (id < 0 && errno != EINTR)
            return -1;
        if (id > 0 && WIFSTOPPED(status))
            attend(tracer, id, status);
        else if (id == tracer->pair.client || id == tracer->pair.server)
            return -1;
    }
}

/* Traces until the client says that its round is over. Returns 0, or -1 if a side is gone or takes too long. */
static int watch(struct tracer *tracer)
{
    struct pollfd wait[2] = { { tracer->pair.client_control, POLLIN, 0 }, { tracer->children, POLLIN, 0 } };
    uint64_t deadline = bench_now() + PATIENCE_MS * 1000000ull;
    struct signalfd_siginfo told;
    char word;

    while (bench_now() < deadline) {
        if (attend_all(tracer) != 0)
            return -1;
        if (poll(wait, 2, 100) < 0 && errno != EINTR)
            return -1;
        if (wait[1].revents && read(tracer->children, &told, sizeof(told)) < 0 && errno != EAGAIN)
            return -1;
        if (wait[0].revents)
            return recv(tracer->pair.client_control, &word, 1, 0) == 1 ? 0 : -1;
    }
    return -1;
}

static int run_traced(struct tracer *tracer, uint64_t calls)
{
    struct bench_shared *shared = tracer->pair.session.shared;

    shared->run_ns = 60000000000u;
    shared->run_calls = calls;
    tracer->calls[BENCH_CLIENT] = tracer->calls[BENCH_SERVER] = 0;
    if (send(tracer->pair.client_control, "m", 1, MSG_NOSIGNAL) != 1)
        return -1;
    return watch(tracer);
}

/* Counts the system calls of both sides: the difference between many calls and few. */
static int count_calls(struct tracer *tracer, struct bench_trace *ret_trace)
{
    /* a round of n calls follows a short round of n / 8 */
    const double difference = (MORE_CALLS - FEW_CALLS) * 9.0 / 8;
    uint64_t few[2];

    if (run_traced(tracer, FEW_CALLS) != 0)
        return -1;
    memcpy(few, tracer->calls, sizeof(few));
    if (run_traced(tracer, MORE_CALLS) != 0)
        return -1;
    ret_trace->client = (double)(tracer->calls[BENCH_CLIENT] - few[BENCH_CLIENT]) / difference;
    ret_trace->server = (double)(tracer->calls[BENCH_SERVER] - few[BENCH_SERVER]) / difference;
    return 0;
}

/* A stopped thread causes a SIGCHLD, which is read from a descriptor instead. */
static int listen_to_children(struct tracer *tracer)
{
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &child, &tracer->mask) != 0)
        return -1;
    tracer->children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    return tracer->children < 0 ? -1 : 0;
}

/*
 * Kills both sides and waits for all their threads: a process does not end for its parent before its tracer has waited for all
 * traced threads.
 */
static void end_all(struct tracer *tracer)
{
    uint64_t deadline = bench_now() + REAP_MS * 1000000ull;
    pid_t *const sides[] = { &tracer->pair.client, &tracer->pair.server };

    kill(tracer->pair.client, SIGKILL);
    kill(tracer->pair.server, SIGKILL);
    while ((tracer->pair.client || tracer->pair.server) && bench_now() < deadline) {
        int status;
        pid_t id = waitpid(-1, &status, __WALL | WNOHANG);

        for (int i = 0; i < 2; i++) {
            if (id < 0 || (id == *sides[i] && !WIFSTOPPED(status)))
                *sides[i] = 0;
        }
        if (id == 0)
            usleep(1000);
    }
    close(tracer->children);
    sigprocmask(SIG_SETMASK, &tracer->mask, NULL);
}

static int trace_pair(struct tracer *tracer, struct bench_trace *ret_trace)
{
    int result = listen_to_children(tracer);

    seize_all(tracer, tracer->pair.client);
    seize_all(tracer, tracer->pair.server);
    bench_pair_resume(&tracer->pair);
    for (size_t i = 0; i < tracer->count; i++)
        ptrace(PTRACE_INTERRUPT, tracer->threads[i].id, NULL, NULL);
    if (result == 0)
        result = count_calls(tracer, ret_trace);
    end_all(tracer);
    return result;
}

int bench_trace_count(const struct bench_subject *subject, const struct bench_workload *workload,
                      struct bench_trace *ret_trace, char *ret_error, size_t capacity)
{
    struct tracer *tracer = calloc(1, sizeof(*tracer));
    const char *why;
    int result;

    if (!tracer || bench_pair_open(&tracer->pair, subject, workload, BENCH_UNPINNED, ret_error, capacity) != 0) {
        free(tracer);
        return -1;
    }
    result = trace_pair(tracer, ret_trace);
    why = tracer->pair.session.shared->error;
    if (result != 0)
        snprintf(ret_error, capacity, "%s", why[0] ? why : "it cannot be traced here");
    bench_pair_close(&tracer->pair);
    free(tracer);
    return result;
}
