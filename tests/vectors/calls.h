/* SPDX-License-Identifier: MIT */
/* What scripts call through the client of the library, by name: `Sum.Add`, or `Sum` for its BIND. */
#ifndef VECTORS_CALLS_H
#define VECTORS_CALLS_H

#include <hprpc/hprpc.h>

#include "asked.h"
#include "vectors.h"

struct proxies {
    struct vectors_sum_proxy sum;
    struct vectors_notes_proxy notes;
    struct vectors_gate_proxy gate;
    struct vectors_doubt_proxy doubt;
    struct vectors_grid_proxy grid;
    struct vectors_bounce_proxy bounce;
    struct vectors_shape_proxy shape;
    struct vectors_future_proxy future;
    struct vectors_missing_proxy missing;
    struct vectors_flow_proxy flow;
    struct vectors_grown_proxy grown;
};

struct procedure {
    const char *name;
    int (*start)(struct proxies *proxies, struct hprpc_client *client, struct hprpc_call *call, const char *argument);
    /* Writes what was answered. NULL: it is one-way. */
    int (*finish)(struct proxies *proxies, struct hprpc_call *call, char *ret_outcome, size_t capacity);
    /* Of streams: sends an element; takes one, and writes it. NULL: there is no stream that way. */
    int (*send)(struct hprpc_call *call, const char *argument);
    int (*next)(struct hprpc_call *call, char *ret_outcome, size_t capacity);
};

/* Those of Flow, whose procedures have streams; NULL behind the last. */
extern const struct procedure flow_procedures[];

/* NULL: there is none of that name. */
const struct procedure *procedure_find(const char *name);

/* Appends the members of the typed error that a call ended with. */
void describe_raised(struct hprpc_call *call, char *outcome, size_t capacity);

#endif
