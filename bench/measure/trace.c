#include "bench/measure/trace.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FEW_CALLS = 80, MORE_CALLS = 400, THREADS_MAX = 256, PATIENCE_MS = 30000 };

/* A traced thread, and the side it belongs to. */
struct thread {
    pid_t id;
    enum bench_side side;
    bool inside; /* of a system call */
};

struct tracer {
    struct thread threads[THREADS_MAX];
    size_t count;
    uint64_t calls[2]; /* system calls of each side */
};

static struct thread *find(struct tracer *tracer, pid_t id)
{
    for (size_t i = 0; i < tracer->count; i++) {
        if (tracer->threads[i].id == id)
            return &tracer->threads[i];
    }
    return NULL;
}

static void seize(struct tracer *tracer, pid_t id, enum bench_side side)
{
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE;

    if (tracer->count < THREADS_MAX && ptrace(PTRACE_SEIZE, id, NULL, options) == 0)
        tracer->threads[tracer->count++] = (struct thread){ id, side, false };
}

static void seize_all(struct tracer *tracer, pid_t pid, enum bench_side side)
{
    char path[64];
    struct dirent *entry;
    DIR *folder;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    folder = opendir(path);
    if (!folder)
        return;
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] != '.')
            seize(tracer, atoi(entry->d_name), side);
    }
    closedir(folder);
}

/* A thread has stopped: counts, and lets it go on. */
static void attend(struct tracer *tracer, pid_t id, int status)
{
    struct thread *thread = find(tracer, id);
    int signal = WSTOPSIG(status);
    int event = status >> 16;

    if (!thread && tracer->count < THREADS_MAX) {
        /* a new one, which belongs to whoever made it: only servers make threads while they are watched */
        tracer->threads[tracer->count] = (struct thread){ id, BENCH_SERVER, false };
        thread = &tracer->threads[tracer->count++];
    }
    if (thread && signal == (SIGTRAP | 0x80)) {
        thread->inside = !thread->inside;
        tracer->calls[thread->side] += thread->inside;
    }
    if (event || signal == (SIGTRAP | 0x80) || signal == SIGTRAP)
        signal = 0;
    ptrace(PTRACE_SYSCALL, id, NULL, (long)signal);
}

/* Watches until the client says that its round is over. */
static int watch(struct tracer *tracer, struct bench_pair *pair)
{
    struct pollfd control = { .fd = pair->client_control, .events = POLLIN };
    uint64_t deadline = bench_now() + PATIENCE_MS * 1000000ull;
    char word;

    while (bench_now() < deadline) {
        int status;
        pid_t id = waitpid(-1, &status, __WALL | WNOHANG);

        if (id > 0 && WIFSTOPPED(status))
            attend(tracer, id, status);
        else if (id > 0 && (id == pair->client || id == pair->server))
            return -1;
        else if (id == 0 && poll(&control, 1, 0) == 1)
            return recv(pair->client_control, &word, 1, 0) == 1 ? 0 : -1;
        else if (id < 0 && errno != EINTR)
            return -1;
    }
    return -1;
}

static int run_traced(struct tracer *tracer, struct bench_pair *pair, uint64_t calls)
{
    struct bench_shared *shared = pair->session.shared;

    shared->run_ns = 60000000000u;
    shared->run_calls = calls;
    tracer->calls[BENCH_CLIENT] = tracer->calls[BENCH_SERVER] = 0;
    if (send(pair->client_control, "m", 1, MSG_NOSIGNAL) != 1)
        return -1;
    return watch(tracer, pair);
}

int bench_trace_count(const struct bench_subject *subject, const struct bench_workload *workload,
                      struct bench_trace *ret_trace, char *ret_error, size_t capacity)
{
    struct tracer *tracer = calloc(1, sizeof(*tracer));
    struct bench_pair pair;
    uint64_t few[2];
    /* a round of n calls comes after a short one of n / 8 */
    const double difference = (MORE_CALLS - FEW_CALLS) * 9.0 / 8;
    int result;

    if (!tracer || bench_pair_open(&pair, subject, workload, BENCH_UNPINNED, ret_error, capacity) != 0) {
        free(tracer);
        return -1;
    }
    seize_all(tracer, pair.client, BENCH_CLIENT);
    seize_all(tracer, pair.server, BENCH_SERVER);
    bench_pair_resume(&pair);
    for (size_t i = 0; i < tracer->count; i++)
        ptrace(PTRACE_INTERRUPT, tracer->threads[i].id, NULL, NULL);
    result = run_traced(tracer, &pair, FEW_CALLS);
    memcpy(few, tracer->calls, sizeof(few));
    if (result == 0)
        result = run_traced(tracer, &pair, MORE_CALLS);
    ret_trace->client = (double)(tracer->calls[BENCH_CLIENT] - few[BENCH_CLIENT]) / difference;
    ret_trace->server = (double)(tracer->calls[BENCH_SERVER] - few[BENCH_SERVER]) / difference;
    if (result != 0)
        snprintf(ret_error, capacity, "%s",
                 pair.session.shared->error[0] ? pair.session.shared->error : "it cannot be traced here");
    kill(pair.client, SIGKILL);
    kill(pair.server, SIGKILL);
    bench_pair_close(&pair);
    free(tracer);
    return result;
}
