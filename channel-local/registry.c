/* SPDX-License-Identifier: MIT */
/*
 * The one registry of a process, and how it is found. A name of local:// stands for a listener of this process, whatever context,
 * client or server asks for it, so it has to be kept where the process is: this pointer is the library's only mutable global.
 */
#include "channel-local/registry.h"

#include <stddef.h>

static _Atomic(struct local_registry *) current;

/* A page holds a guard, and leaves the rest to its owner. */
_Static_assert(sizeof(struct local_registry) <= 4096, "a page is at least so long");

struct local_registry *hprpc__local_registry(void)
{
    /* acquire: pairs with the release below */
    struct local_registry *registry = atomic_load_explicit(&current, memory_order_acquire), *made;

    if (registry && hprpc__fork_guard_is_ours(&registry->guard))
        return registry;
    made = (struct local_registry *)hprpc__fork_guard_new();
    if (!made)
        return NULL;
    hprpc__mutex_init(&made->lock);
    made->listeners = NULL;
    /* in a child of fork the page of its parent stays behind: nothing in it is the child's */
    if (atomic_compare_exchange_strong_explicit(&current, &registry, made, memory_order_acq_rel, memory_order_acquire))
        return made;
    /* another thread was faster */
    hprpc__fork_guard_free(&made->guard);
    return registry;
}
