/* SPDX-License-Identifier: MIT */
/* What makes the calls of our own subjects: threads, connections, and calls in flight on each. */
#ifndef BENCH_PAPER_DRIVE_H
#define BENCH_PAPER_DRIVE_H

#include "bench/measure/subject.h"

/* Connects as often as the session's workload says. */
void *paper_drive_open(struct bench_session *session, const char *uri);

/* As the slots of a subject. */
void paper_drive_run(void *self, struct bench_run *run);
void paper_drive_close(void *self);

#endif
