/* SPDX-License-Identifier: MIT */
/*
 * A client of several processes, for more connections than one process has descriptors for. Each has a part of the connections and runs
 * at the same time as the others; what they measure is put together.
 */
#ifndef BENCH_MEASURE_CREW_H
#define BENCH_MEASURE_CREW_H

#include "bench/measure/subject.h"
#include "bench/measure/usage.h"

struct bench_crew;

/*
 * Starts the further processes of a client, and leaves this process its own part in `session->workload.connections`. They end with this
 * process. NULL: there are none.
 */
struct bench_crew *bench_crew_open(struct bench_session *session);

/* Waits until all are ready. */
void bench_crew_await(struct bench_crew *crew);

/* Has them run like this process, which does its part between the two; `run` gets what they did. NULL is accepted. */
void bench_crew_begin(struct bench_crew *crew, uint64_t ns, uint64_t calls);
void bench_crew_end(struct bench_crew *crew, struct bench_run *run);

/* Returns the calls of each process, for this many in all. */
uint64_t bench_crew_share(const struct bench_crew *crew, uint64_t calls);

/* Adds what they have used so far. NULL is accepted. */
void bench_crew_usage(const struct bench_crew *crew, struct bench_usage *usage);

#endif
