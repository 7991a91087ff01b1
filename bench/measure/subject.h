/* SPDX-License-Identifier: MIT */
/*
 * A subject is what is measured: a floor, a transport of ours, or another framework. It is a pair of processes for one
 * workload: a server that serves until it is killed, and a client that makes calls when it is told to. All subjects have the
 * same interface, so all are measured alike.
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
    const void *config; /* for `ops` */
};

/* The results of a client's run, in memory that both sides and the harness share. */
struct bench_sample {
    uint64_t calls;
    uint64_t ticks; /* from the start of the first call to the end of the last */
    uint64_t client_cpu_ns, server_cpu_ns;
    uint64_t client_switches, server_switches;
    uint64_t crossed;               /* calls after which the two sides were on different CPUs; 0 if not watched */
    bool watched;                   /* true: `crossed` was counted */
    struct bench_histogram latency; /* in ticks */
};

struct bench_shared {
    struct bench_workload workload;
    enum bench_placement placement;
    pid_t server, client;
    uint64_t run_ns;          /* the length of the next run */
    uint64_t run_calls;       /* the most calls of the next run; 0: any number */
    bool cold;                /* no run to warm up */
    char address[512];        /* where the server listens, if the subject needs it */
    char error[512];          /* why a side gave up */
    struct bench_where where; /* the CPU of the server */
    bool elsewhere;           /* another process, which is not watched, answers */
    struct bench_sample sample;
};

/* A pair as one of its sides sees it. */
struct bench_session {
    const struct bench_subject *subject;
    struct bench_workload workload;
    void *state; /* the result of `prepare` */
    struct bench_shared *shared;
    int control; /* a socket to the harness */
};

/* One run of calls on one thread. */
struct bench_run {
    uint64_t deadline; /* in ticks */
    uint64_t last;     /* the time when the last call ended */
    uint64_t calls, most;
    uint64_t due, interval; /* at a fixed rate: when the next call starts, even if the last one is late */
    struct bench_histogram *latency;
    const struct bench_where *server; /* NULL if the CPUs of the sides are not watched */
    uint64_t crossed;                 /* calls after which the CPUs were different */
};

struct bench_subject_ops {
    /* Called in the harness before the sides exist: makes what they share. NULL if there is nothing to share. */
    void *(*prepare)(const struct bench_subject *subject, const struct bench_workload *workload);

    /* Called after both sides have ended: undoes `prepare`. NULL if `prepare` is. */
    void (*discard)(void *state);

    /* Called in the server's process: calls bench_ready, then serves until it is killed. */
    void (*serve)(struct bench_session *session);

    /* Called in the client's process: gets ready to call. Its result is passed to `run`. */
    void *(*open)(struct bench_session *session);

    /* Makes calls while bench_run_more returns true, and checks every reply's content. */
    void (*run)(void *client, struct bench_run *run);

    /* Ends the client in an orderly way. NULL if there is nothing to do. */
    void (*close)(void *client);

    /* In place of `serve` and `open`: a program that plays both sides, see bench_peer_main. */
    const char *program;
};

/* Gives up; the harness shows the text to its user. Both sides may call it. */
void bench_fail(struct bench_session *session, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

/* Tells the harness that the server serves, at `address` (or NULL). */
void bench_ready(struct bench_session *session, const char *address);

/* Plays a side in a program of its own, which calls this from main. */
int bench_peer_main(int argc, char **argv, const struct bench_subject *subject);

/* ---- Within a run ---- */

static inline bool bench_run_more(const struct bench_run *run)
{
    return run->last < run->deadline && run->calls < run->most;
}

/* Waits until the next call is due: sleeps, and spins at the end. */
void bench_run_await(struct bench_run *run);

/*
 * Begins a call. Returns the time from which its latency counts: the end of the call before it, or, at a fixed rate, the time
 * when it was due. So the latency of a call contains its wait for a slow call before it.
 */
static inline uint64_t bench_run_begin(struct bench_run *run)
{
    if (run->interval) {
        bench_run_await(run);
        return run->due - run->interval;
    }
    return run->last;
}

/* Ends a call that began at `begun`. */
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
