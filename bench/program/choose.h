/* SPDX-License-Identifier: MIT */
/* Which floor a transport is measured against. */
#ifndef BENCH_PROGRAM_CHOOSE_H
#define BENCH_PROGRAM_CHOOSE_H

#include <hprpc/channel/transport.h>

#include "bench/measure/subject.h"

/* The floor that moves the same bytes in the same way of waiting; NULL where none of them does. */
const struct bench_subject *bench_choose_floor(const char *uri, enum hprpc_wait wait,
                                               const struct bench_workload *workload);

/* Whether this way of waiting makes sense there: two spinners on one CPU only wait for the scheduler. */
bool bench_choose_allowed(enum hprpc_wait wait, enum bench_placement placement);

const char *bench_wait_name(enum hprpc_wait wait);

#endif
