/* SPDX-License-Identifier: MIT */
/*
 * Telling a child of fork() from its parent, at the price of one load: a word in a page that a fork wipes. Where the kernel
 * (before 4.14, or a sandbox) has no MADV_WIPEONFORK, the process id is compared instead, which costs a system call each time
 * (about 0.1 to 0.3 us, a few times in each call). A child that gets the very same id in a new PID namespace is then
 * taken for its parent.
 */
#ifndef HPRPC_BASE_FORK_H
#define HPRPC_BASE_FORK_H

#include <stdatomic.h>
#include <stdbool.h>

enum {
    HPRPC__FORK_CHILD = 0, /* the page was wiped */
    HPRPC__FORK_OURS = 1,
    HPRPC__FORK_ASK = 2, /* the kernel does not wipe the page: compare `process` */
};

struct hprpc__fork_guard {
    atomic_uint state;
    int process; /* the one that made the guard */
};

/* Makes a guard of this process. NULL: no memory for a page. */
struct hprpc__fork_guard *hprpc__fork_guard_new(void);
void hprpc__fork_guard_free(struct hprpc__fork_guard *guard); /* NULL is accepted */

/* The slow half of hprpc__fork_guard_is_ours. */
bool hprpc__fork_guard_ask(const struct hprpc__fork_guard *guard);

/* False in a child of the process that made it. Any thread. */
static inline bool hprpc__fork_guard_is_ours(const struct hprpc__fork_guard *guard)
{
    /* relaxed: `state` is written before other threads get the guard, and by the kernel in a fork */
    return atomic_load_explicit(&guard->state, memory_order_relaxed) == HPRPC__FORK_OURS ||
           hprpc__fork_guard_ask(guard);
}

#endif
