/* SPDX-License-Identifier: MIT */
/* Chooses the floor with which a transport is compared. */
#ifndef BENCH_PROGRAM_CHOOSE_H
#define BENCH_PROGRAM_CHOOSE_H

#include <hprpc/channel/transport.h>

#include "bench/measure/subject.h"

/* Returns the floor that moves the same bytes and waits in the same way; NULL if there is none. */
const struct bench_subject *bench_choose_floor(const char *uri, enum hprpc_wait wait,
                                               const struct bench_workload *workload);

/* True if this wait makes sense with this placement: two sides that spin on one CPU only wait for the scheduler. */
bool bench_choose_allowed(enum hprpc_wait wait, enum bench_placement placement);

const char *bench_wait_name(enum hprpc_wait wait);

#endif
