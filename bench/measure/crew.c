/* SPDX-License-Identifier: MIT */
/* The further processes of a client. */
#include "bench/measure/crew.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MEMBERS_MAX = 64 };

/* What a member is told, and what it says. */
struct order {
    uint64_t ns, calls;
};

struct result {
    uint64_t calls, ticks, crossed;
    struct bench_histogram latency;
};

struct bench_crew {
    uint32_t count;
    pid_t pids[MEMBERS_MAX];
    int controls[MEMBERS_MAX];
    struct result *results; /* shared memory */
    uint64_t begun;
};

/* ---- A member ---- */

static void work(struct bench_session *session, void *client, const struct order *order, struct result *result)
{
    struct bench_run run = { 0 };
    uint64_t begun = bench_ticks();

    memset(&result->latency, 0, sizeof(result->latency));
    run.latency = &result->latency;
    run.most = order->calls ? order->calls : UINT64_MAX;
    run.last = run.due = begun;
    run.deadline = begun + bench_ticks_of(order->ns);
    session->subject->ops->run(client, &run);
    result->calls = run.calls;
    result->ticks = run.last - begun;
    result->crossed = run.crossed;
}

static void be_member(struct bench_session *session, uint32_t connections, int control, struct result *result)
{
    struct order order;
    void *client;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    session->workload.connections = connections;
    client = session->subject->ops->open(session);
    while (send(control, "r", 1, MSG_NOSIGNAL) == 1 && recv(control, &order, sizeof(order), 0) == sizeof(order))
        work(session, client, &order, result);
    _exit(0);
}

/* ---- The first process ---- */

static void add(struct bench_session *session, struct bench_crew *crew, uint32_t connections)
{
    uint32_t index = crew->count++;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0 || (crew->pids[index] = fork()) < 0)
        bench_fail(session, "no process for a part of the connections");
    if (crew->pids[index] == 0) {
        close(ends[0]);
        be_member(session, connections, ends[1], &crew->results[index]);
    }
    close(ends[1]);
    crew->controls[index] = ends[0];
}

struct bench_crew *bench_crew_open(struct bench_session *session)
{
    uint32_t processes = session->workload.processes, rest = session->workload.connections;
    struct bench_crew *crew;

    if (processes < 2)
        return NULL;
    crew = calloc(1, sizeof(*crew));
    if (!crew || processes > MEMBERS_MAX)
        bench_fail(session, "too many processes");
    crew->results =
        mmap(NULL, processes * sizeof(*crew->results), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (crew->results == MAP_FAILED)
        bench_fail(session, "no shared memory");
    while (processes > 1) {
        add(session, crew, rest / processes);
        rest -= rest / processes--;
    }
    session->workload.connections = rest;
    return crew;
}

void bench_crew_await(struct bench_crew *crew)
{
    char word;

    for (uint32_t i = 0; crew && i < crew->count; i++) {
        /* the member has said why */
        if (recv(crew->controls[i], &word, 1, 0) != 1)
            _exit(1);
    }
}

void bench_crew_begin(struct bench_crew *crew, uint64_t ns, uint64_t calls)
{
    const struct order order = { ns, calls };

    for (uint32_t i = 0; crew && i < crew->count; i++) {
        if (send(crew->controls[i], &order, sizeof(order), MSG_NOSIGNAL) != sizeof(order))
            _exit(1);
    }
    if (crew)
        crew->begun = bench_ticks();
}

void bench_crew_end(struct bench_crew *crew, struct bench_run *run)
{
    bench_crew_await(crew);
    for (uint32_t i = 0; crew && i < crew->count; i++) {
        const struct result *result = &crew->results[i];

        run->calls += result->calls;
        run->crossed += result->crossed;
        bench_histogram_merge(run->latency, &result->latency);
        if (crew->begun + result->ticks > run->last)
            run->last = crew->begun + result->ticks;
    }
}

uint64_t bench_crew_share(const struct bench_crew *crew, uint64_t calls)
{
    return crew ? (calls + crew->count) / (crew->count + 1) : calls;
}

void bench_crew_usage(const struct bench_crew *crew, struct bench_usage *usage)
{
    for (uint32_t i = 0; crew && i < crew->count; i++) {
        struct bench_usage member;

        bench_usage_read(crew->pids[i], &member);
        usage->cpu_ns += member.cpu_ns;
        usage->switches += member.switches;
    }
}
