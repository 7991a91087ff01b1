/* SPDX-License-Identifier: MIT */
/* Subjects by name: "shm spin" is ours, "raw slot" a floor, "gRPC TCP" a peer. */
#ifndef BENCH_PROGRAM_RESOLVE_H
#define BENCH_PROGRAM_RESOLVE_H

#include "bench/measure/subject.h"

/* Returns NULL if there is no such subject, or if its program was not built. `folder` contains the peers' programs. */
const struct bench_subject *bench_resolve(const char *name, const char *folder);

/* The names of all peers, NULL-terminated. */
extern const char *const bench_peer_names[];

#endif
