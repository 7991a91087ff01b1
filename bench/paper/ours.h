/* SPDX-License-Identifier: MIT */
/* Our transports as subjects. */
#ifndef BENCH_PAPER_OURS_H
#define BENCH_PAPER_OURS_H

#include <hprpc/channel/transport.h>

#include "bench/measure/subject.h"

/*
 * Returns a subject that calls over `uri` (borrowed), where both sides wait as `wait` says. The server's process listens there;
 * names and ports are made unique, so that several subjects with one URI can be open. With `connect`, the subject calls a
 * server that runs already. The same arguments give the same subject, which lives as long as the program.
 */
const struct bench_subject *bench_ours(const char *uri, enum hprpc_wait wait, bool connect);

/* The same with the bare client (bench/paper/bare.h), for SayHello and Echo over tcp:// at 127.0.0.1. */
const struct bench_subject *bench_ours_bare(const char *uri, enum hprpc_wait wait);

#endif
