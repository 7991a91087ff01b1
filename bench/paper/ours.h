/* SPDX-License-Identifier: MIT */
/* Our transports as subjects. */
#ifndef BENCH_PAPER_OURS_H
#define BENCH_PAPER_OURS_H

#include <hprpc/channel/transport.h>

#include "bench/measure/subject.h"

/*
 * Calls over `uri` (borrowed), both sides waiting as `wait` says. The server's process listens there; names and ports are
 * made unique, so that several subjects of one URI can be open. With `connect`, a server that runs already is called
 * instead. The same arguments give the same subject; it lives as long as the program.
 */
const struct bench_subject *bench_ours(const char *uri, enum hprpc_wait wait, bool connect);

#endif
