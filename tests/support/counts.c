/* SPDX-License-Identifier: MIT */
/* For objects that count: a process that ends with _exit() keeps its counts, as one does that ends with exit(). */
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

void __gcov_dump(void);

/* A limit on the size of files, which some tests set, would end this process in the middle of a file of counts. */
static bool may_write(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

/* In the place of libc's. */
void _exit(int status)
{
    if (may_write())
        __gcov_dump();
    for (;;)
        syscall(SYS_exit_group, status);
}
