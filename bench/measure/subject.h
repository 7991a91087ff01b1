/* SPDX-License-Identifier: MIT */
/*
 * A subject is what gets measured: a raw floor, a transport of ours, or another framework. It is a pair of processes, made
 * for one workload: a server that serves until it is killed, and a client that makes calls when it is told to. All
 * subjects look alike from outside, so that all are measured alike.
 */
#ifndef BENCH_MEASURE_SUBJECT_H
#define BENCH_MEASURE_SUBJECT_H

#include <sys/types.h>

#include "bench/measure/clock.h"
#include "bench/measure/crossing.h"
#include "bench/measure/histogram.h"
#include "bench/measure/placement.h"
#include "bench/measure/workload.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bench_subject_ops;

struct bench_subject {
    const char *name;
    const struct bench_subject_ops *ops;
    const void *config; /* of the ops' own */
};

/* What a client's run leaves behind. Lives in memory that both sides and the harness share. */
struct bench_sample {
    uint64_t calls;
    uint64_t ticks; /* from the first call's start to the last one's end */
    uint64_t client_cpu_ns, server_cpu_ns;
    uint64_t client_switches, server_switches;
    uint64_t crossed; /* calls after which the two sides were on different CPUs; 0 where that is not watched */
    bool watched;     /* whether it was */
    struct bench_histogram latency; /* in ticks */
};

struct bench_shared {
    struct bench_workload workload;
    enum bench_placement placement;
    pid_t server, client;
    uint64_t run_ns;          /* of the run that was asked for */
    uint64_t run_calls;       /* most calls of it; 0: any number */
    bool cold;                /* without warming up */
    char address[512];        /* where the server listens, for subjects that need one */
    char error[512];          /* why a side gave up */
    struct bench_where where; /* the server is */
    bool elsewhere;           /* a process that is not watched answers */
    struct bench_sample sample;
};

/* One side's view of the pair it belongs to. */
struct bench_session {
    const struct bench_subject *subject;
    struct bench_workload workload;
    void *state; /* what `prepare` made */
    struct bench_shared *shared;
    int control; /* a socket to the harness */
};

/* One run of calls on one thread. */
struct bench_run {
    uint64_t deadline; /* in ticks */
    uint64_t last;     /* when the last call ended */
    uint64_t calls, most;
    uint64_t due, interval; /* at a fixed rate: when the next call starts, whatever became of the last */
    struct bench_histogram *latency;
    const struct bench_where *server; /* NULL if the CPUs of the sides are not watched */
    uint64_t crossed;                 /* calls after which these were different ones */
};

struct bench_subject_ops {
    /* In the harness, before the sides exist: makes what they share. NULL if there is nothing. */
    void *(*prepare)(const struct bench_subject *subject, const struct bench_workload *workload);

    /* Undoes `prepare`, once both sides are gone. NULL with it. */
    void (*discard)(void *state);

    /* The server's process: calls bench_ready, then serves until it is killed. */
    void (*serve)(struct bench_session *session);

    /* The client's process: gets ready to call. What it returns is passed to `run`. */
    void *(*open)(struct bench_session *session);

    /* Makes calls, every reply's content checked, while bench_run_more says so. */
    void (*run)(void *client, struct bench_run *run);

    /* Ends the client in an orderly way. NULL if there is nothing to do. */
    void (*close)(void *client);

    /* Instead of `serve` and `open`: the program that is both sides, see bench_peer_main. */
    const char *program;
};

/* Gives up: the text reaches the user of the harness. For either side. */
void bench_fail(struct bench_session *session, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

/* The server serves from now on, at `address` (or NULL). */
void bench_ready(struct bench_session *session, const char *address);

/* A program that is both sides of a subject calls this from main. */
int bench_peer_main(int argc, char **argv, const struct bench_subject *subject);

/* ---- Within a run ---- */

static inline bool bench_run_more(const struct bench_run *run)
{
    return run->last < run->deadline && run->calls < run->most;
}

/* Sleeps until a call is due, and spins for the last stretch. */
void bench_run_await(struct bench_run *run);

/*
 * A call begins: the moment its latency counts from. That is the end of the one before, or, at a fixed rate, when it was
 * due: a call that had to wait for a slow one before it is charged for the waiting.
 */
static inline uint64_t bench_run_begin(struct bench_run *run)
{
    if (run->interval) {
        bench_run_await(run);
        return run->due - run->interval;
    }
    return run->last;
}

/* A call that began at `begun` has ended. */
static inline void bench_run_end(struct bench_run *run, uint64_t begun)
{
    run->last = bench_ticks();
    run->calls++;
    if (run->server && bench_crossed(run->server))
        run->crossed++;
    bench_histogram_add(run->latency, run->last > begun ? run->last - begun : 0);
}

#ifdef __cplusplus
}
#endif

#endif
