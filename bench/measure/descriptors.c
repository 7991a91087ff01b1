/* SPDX-License-Identifier: MIT */
/* Raises the limit of descriptors. */
#include "bench/measure/descriptors.h"

#include <sys/resource.h>

enum { ENOUGH = 60000 };

uint64_t bench_descriptors_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    if (limit.rlim_max < ENOUGH)
        limit.rlim_max = ENOUGH;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur;
}
