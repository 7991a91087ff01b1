/* SPDX-License-Identifier: MIT */
/* Makes the calls of our own subjects: threads, connections, and calls in flight on each. */
#ifndef BENCH_PAPER_DRIVE_H
#define BENCH_PAPER_DRIVE_H

#include "bench/measure/subject.h"

/* Makes the connections of the session's workload. */
void *paper_drive_open(struct bench_session *session, const char *uri);

/* The functions `run` and `close` of a subject. */
void paper_drive_run(void *self, struct bench_run *run);
void paper_drive_close(void *self);

#endif
