/* SPDX-License-Identifier: MIT */
/* A count of references: what it counts is freed by the thread that drops the last one. */
#ifndef HPRPC_BASE_REFERENCES_H
#define HPRPC_BASE_REFERENCES_H

#include <stdatomic.h>
#include <stdbool.h>

struct hprpc__references {
    atomic_uint count;
};

/* Begins with one reference. */
static inline void hprpc__references_init(struct hprpc__references *references)
{
    atomic_init(&references->count, 1);
}

/* Takes one more. The caller has one already. */
static inline void hprpc__references_take(struct hprpc__references *references)
{
    /* relaxed: a reference that is there keeps the memory */
    atomic_fetch_add_explicit(&references->count, 1, memory_order_relaxed);
}

/* Gives one back. True: it was the last, and what all other holders did is visible to the caller, who frees. */
static inline bool hprpc__references_drop(struct hprpc__references *references)
{
    /* release and acquire: the drops pair with each other, so that every use comes before the last holder frees */
    return atomic_fetch_sub_explicit(&references->count, 1, memory_order_acq_rel) == 1;
}

/* Whether the caller holds the only one. */
static inline bool hprpc__references_is_only(struct hprpc__references *references)
{
    /* acquire: pairs with the release in hprpc__references_drop; the others are through with the memory */
    return atomic_load_explicit(&references->count, memory_order_acquire) == 1;
}

#endif
