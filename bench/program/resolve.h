/* SPDX-License-Identifier: MIT */
/* Subjects by name: "shm spin" is ours, "raw slot" a floor, "gRPC TCP" a peer. */
#ifndef BENCH_PROGRAM_RESOLVE_H
#define BENCH_PROGRAM_RESOLVE_H

#include "bench/measure/subject.h"

/* NULL where there is no such subject, or its program was not built. `folder` is where the peers' programs lie. */
const struct bench_subject *bench_resolve(const char *name, const char *folder);

/* The names of all peers, NULL-terminated. */
extern const char *const bench_peer_names[];

#endif
