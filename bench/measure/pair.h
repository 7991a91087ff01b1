/* SPDX-License-Identifier: MIT */
/* The two processes of a subject, as the harness sees them: they are stopped except during their rounds. */
#ifndef BENCH_MEASURE_PAIR_H
#define BENCH_MEASURE_PAIR_H

#include "bench/measure/relay.h"
#include "bench/measure/subject.h"

struct bench_pair {
    struct bench_session session;
    int shared_fd;
    int server_control, client_control;
    pid_t server, client;
    struct bench_relay relay; /* between the two sides, if the pair was opened with one */
};

/*
 * Starts both sides, waits until they are ready, and stops them. Returns 0, or -1 with the reason in `ret_error`; then nothing
 * is left behind. `subject` is borrowed.
 */
int bench_pair_open(struct bench_pair *pair, const struct bench_subject *subject, const struct bench_workload *workload,
                    enum bench_placement placement, char *ret_error, size_t capacity);

/* As bench_pair_open, with a relay between the two sides that counts the bytes. For subjects on TCP only. */
int bench_pair_open_relayed(struct bench_pair *pair, const struct bench_subject *subject,
                            const struct bench_workload *workload, char *ret_error, size_t capacity);

/*
 * Lets both sides run one round of `ns` nanoseconds, or of at most `calls` calls, after a short round to warm up. Returns as
 * bench_pair_open.
 */
int bench_pair_round(struct bench_pair *pair, uint64_t ns, uint64_t calls, char *ret_error, size_t capacity);

/* As bench_pair_round, but leaves both sides running. */
int bench_pair_run(struct bench_pair *pair, uint64_t ns, uint64_t calls, char *ret_error, size_t capacity);

/* Lets both sides continue outside a round, or stops them. */
void bench_pair_resume(struct bench_pair *pair);
void bench_pair_pause(struct bench_pair *pair);

/* Ends both sides. A zeroed pair is accepted. */
void bench_pair_close(struct bench_pair *pair);

#endif
