/* SPDX-License-Identifier: MIT */
/* The harness's end of a subject: two processes that sleep, stopped, except in their rounds. */
#ifndef BENCH_MEASURE_PAIR_H
#define BENCH_MEASURE_PAIR_H

#include "bench/measure/relay.h"
#include "bench/measure/subject.h"

struct bench_pair {
    struct bench_session session;
    int shared_fd;
    int server_control, client_control;
    pid_t server, client;
    struct bench_relay relay; /* between them, where one was asked for */
};

/*
 * Starts both sides and waits until they are ready; they are left stopped. 0, or -1 with the reason in `ret_error`, and
 * nothing is left behind. `subject` is borrowed.
 */
int bench_pair_open(struct bench_pair *pair, const struct bench_subject *subject, const struct bench_workload *workload,
                    enum bench_placement placement, char *ret_error, size_t capacity);

/* The same with a relay between the two that counts the bytes. Only for subjects on TCP. */
int bench_pair_open_relayed(struct bench_pair *pair, const struct bench_subject *subject,
                            const struct bench_workload *workload, char *ret_error, size_t capacity);

/* Lets both sides run one round of `ns` nanoseconds, or at most `calls` calls, after a short one to warm up. As above. */
int bench_pair_round(struct bench_pair *pair, uint64_t ns, uint64_t calls, char *ret_error, size_t capacity);

/* The same, but leaves both running. */
int bench_pair_run(struct bench_pair *pair, uint64_t ns, uint64_t calls, char *ret_error, size_t capacity);

/* Lets both sides go on, or stops them, outside of a round. */
void bench_pair_resume(struct bench_pair *pair);
void bench_pair_pause(struct bench_pair *pair);

/* Ends both sides. Safe on a zeroed pair. */
void bench_pair_close(struct bench_pair *pair);

#endif
