/* SPDX-License-Identifier: MIT */
/* The page that a fork wipes, and the process id in its place where the kernel does not wipe. */
#include "base/fork.h"

#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

struct hprpc__fork_guard *hprpc__fork_guard_new(void)
{
    void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct hprpc__fork_guard *guard = page;
    bool wipes;

    if (page == MAP_FAILED)
        return NULL;
    wipes = madvise(page, page_size(), MADV_WIPEONFORK) == 0;
    guard->process = getpid();
    atomic_init(&guard->state, wipes ? HPRPC__FORK_OURS : HPRPC__FORK_ASK);
    return guard;
}

void hprpc__fork_guard_free(struct hprpc__fork_guard *guard)
{
    if (guard)
        munmap(guard, page_size());
}

bool hprpc__fork_guard_ask(const struct hprpc__fork_guard *guard)
{
    return atomic_load_explicit(&guard->state, memory_order_relaxed) == HPRPC__FORK_ASK && guard->process == getpid();
}
