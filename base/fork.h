/* Telling a child of fork() from its parent, at the price of one load: a word in a page that a fork wipes. */
#ifndef HPRPC_BASE_FORK_H
#define HPRPC_BASE_FORK_H

#include <stdatomic.h>

/* 1 in the process that made it, 0 in its children. NULL when the kernel refuses. */
atomic_uint *hprpc__fork_guard_new(void);
void hprpc__fork_guard_free(atomic_uint *guard);

#endif
