/* SPDX-License-Identifier: MIT */
/* Registers the server's restartable-sequences area, in which the kernel writes its CPU. */
#include "bench/measure/crossing.h"

#include <string.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

void bench_where_watch(struct bench_where *where)
{
    char *registered = (char *)__builtin_thread_pointer() + __rseq_offset;

    memset(where, 0, sizeof(*where));
    where->cpu = UINT32_MAX;
    /* A thread has one such area, and the C library has registered it already: sched_getcpu is a system call without it. */
    if (__rseq_size)
        syscall(SYS_rseq, registered, sizeof(struct rseq), RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
    syscall(SYS_rseq, where, sizeof(struct rseq), 0, RSEQ_SIG);
}
