/* SPDX-License-Identifier: MIT */
/*
 * Whether this process has one thread. Then a read-modify-write between threads need not be a locked instruction, which costs as
 * much as a dozen plain ones. libc does the same inside its mutexes.
 */
#ifndef HPRPC_BASE_SINGLE_THREAD_H
#define HPRPC_BASE_SINGLE_THREAD_H

#include <stdatomic.h>
#include <stdbool.h>

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define HPRPC__KNOWS_ALONE 1
#endif
#endif

static inline bool hprpc__single_threaded(void)
{
#ifdef HPRPC__KNOWS_ALONE
    return __libc_single_threaded;
#else
    return false;
#endif
}

/* Sets bits and returns the word as it was before; sequentially consistent. */
static inline unsigned hprpc__set_bits(atomic_uint *word, unsigned bits)
{
    unsigned before;

    if (!hprpc__single_threaded())
        return atomic_fetch_or(word, bits);
    before = atomic_load_explicit(word, memory_order_relaxed);
    atomic_store_explicit(word, before | bits, memory_order_relaxed);
    return before;
}

#endif
