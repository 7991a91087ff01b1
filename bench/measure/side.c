/* SPDX-License-Identifier: MIT */
/* The two sides of a subject: what the processes do that the harness makes. */
#include "bench/measure/side.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/measure/crew.h"
#include "bench/measure/usage.h"

void bench_fail(struct bench_session *session, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(session->shared->error, sizeof(session->shared->error), format, arguments);
    va_end(arguments);
    _exit(1);
}

void bench_ready(struct bench_session *session, const char *address)
{
    if (address)
        snprintf(session->shared->address, sizeof(session->shared->address), "%s", address);
    if (send(session->control, "r", 1, MSG_NOSIGNAL) != 1)
        _exit(1);
}

void bench_run_await(struct bench_run *run)
{
    const uint64_t stretch = bench_ticks_of(60000);
    uint64_t now = bench_ticks();

    while (now < run->due) {
        if (run->due - now > stretch) {
            uint64_t ns = (uint64_t)((double)(run->due - now - stretch) * bench_tick_length());
            struct timespec pause = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

            nanosleep(&pause, NULL);
        } else {
            bench_pause();
        }
        now = bench_ticks();
    }
    run->due += run->interval;
}

static void run_for(struct bench_session *session, void *client, struct bench_crew *crew, uint64_t ns, uint64_t calls)
{
    struct bench_sample *sample = &session->shared->sample;
    struct bench_run run = { 0 };
    uint64_t begun;

    calls = bench_crew_share(crew, calls);
    bench_crew_begin(crew, ns, calls);
    memset(&sample->latency, 0, sizeof(sample->latency));
    run.latency = &sample->latency;
    run.server = sample->watched ? &session->shared->where : NULL;
    run.most = calls ? calls : UINT64_MAX;
    begun = bench_ticks();
    run.last = run.due = begun;
    run.deadline = begun + bench_ticks_of(ns);
    if (session->workload.rate)
        run.interval = bench_ticks_of(1000000000u / session->workload.rate);
    session->subject->ops->run(client, &run);
    bench_crew_end(crew, &run);
    sample->calls = run.calls;
    sample->ticks = run.last - begun;
    sample->crossed = run.crossed;
}

/*
 * Makes one round: a short run to warm up, unless the first calls are the experiment, then the measured run, with what both
 * sides use during it.
 */
static void measure(struct bench_session *session, void *client, struct bench_crew *crew)
{
    struct bench_shared *shared = session->shared;
    struct bench_usage before[2], after[2];

    /* pinned sides do not move, and in a server with several threads it is not known which of them answers */
    shared->sample.watched = shared->placement == BENCH_UNPINNED && !shared->elsewhere &&
                             bench_where_known(&shared->where) && bench_usage_threads(shared->server) == 1;
    if (!shared->cold)
        run_for(session, client, crew, shared->run_ns / 8, shared->run_calls ? (shared->run_calls + 7) / 8 : 0);
    bench_usage_read(getpid(), &before[BENCH_CLIENT]);
    bench_crew_usage(crew, &before[BENCH_CLIENT]);
    bench_usage_read(shared->server, &before[BENCH_SERVER]);
    run_for(session, client, crew, shared->run_ns, shared->run_calls);
    bench_usage_read(shared->server, &after[BENCH_SERVER]);
    bench_usage_read(getpid(), &after[BENCH_CLIENT]);
    bench_crew_usage(crew, &after[BENCH_CLIENT]);
    shared->sample.client_cpu_ns = after[BENCH_CLIENT].cpu_ns - before[BENCH_CLIENT].cpu_ns;
    shared->sample.server_cpu_ns = after[BENCH_SERVER].cpu_ns - before[BENCH_SERVER].cpu_ns;
    shared->sample.client_switches = after[BENCH_CLIENT].switches - before[BENCH_CLIENT].switches;
    shared->sample.server_switches = after[BENCH_SERVER].switches - before[BENCH_SERVER].switches;
}

void bench_side(struct bench_session *session, enum bench_side side)
{
    const struct bench_subject_ops *ops = session->subject->ops;
    struct bench_crew *crew;
    void *client;
    char command;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    bench_place(session->shared->placement, side);
    if (side == BENCH_SERVER) {
        if (session->shared->placement == BENCH_UNPINNED)
            bench_where_watch(&session->shared->where);
        ops->serve(session);
        _exit(0);
    }
    crew = bench_crew_open(session);
    client = ops->open(session);
    bench_crew_await(crew);
    bench_ready(session, NULL);
    while (recv(session->control, &command, 1, 0) == 1 && command == 'm') {
        measure(session, client, crew);
        bench_ready(session, NULL);
    }
    if (ops->close)
        ops->close(client);
    _exit(0);
}

void bench_side_execute(struct bench_session *session, enum bench_side side, int shared_fd)
{
    const char *program = session->subject->ops->program;
    char shared[16], control[16];

    fcntl(shared_fd, F_SETFD, 0);
    fcntl(session->control, F_SETFD, 0);
    snprintf(shared, sizeof(shared), "%d", shared_fd);
    snprintf(control, sizeof(control), "%d", session->control);
    execl(program, program, side == BENCH_SERVER ? "--server" : "--client", shared, control, session->subject->name,
          NULL);
    bench_fail(session, "cannot run %s", program);
}

int bench_peer_main(int argc, char **argv, const struct bench_subject *subject)
{
    struct bench_subject named = *subject;
    struct bench_session session = { 0 };
    struct stat memory;
    void *shared;

    if (argc != 5) {
        bool asked = argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);

        fprintf(asked ? stdout : stderr, "%s is one side of a measurement: hprpc-bench starts it\n", argv[0]);
        return asked ? 0 : 2;
    }
    if (fstat(atoi(argv[2]), &memory) != 0 || memory.st_size != sizeof(struct bench_shared)) {
        fprintf(stderr, "%s is not of the same build as hprpc-bench\n", argv[0]);
        return 1;
    }
    shared = mmap(NULL, sizeof(struct bench_shared), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[2]), 0);
    if (shared == MAP_FAILED)
        return 1;
    named.name = argv[4];
    session.subject = &named;
    session.shared = (struct bench_shared *)shared;
    session.workload = session.shared->workload;
    session.control = atoi(argv[3]);
    bench_side(&session, strcmp(argv[1], "--server") == 0 ? BENCH_SERVER : BENCH_CLIENT);
    return 0;
}
