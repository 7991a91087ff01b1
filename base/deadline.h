/* SPDX-License-Identifier: MIT */
/* Deadlines: times of a context's clock, in nanoseconds, at which something is over or is looked at again. */
#ifndef HPRPC_BASE_DEADLINE_H
#define HPRPC_BASE_DEADLINE_H

#include <stdint.h>

#define HPRPC__MILLISECOND UINT64_C(1000000)
#define HPRPC__SECOND UINT64_C(1000000000)

typedef uint64_t hprpc__deadline;

#define HPRPC__NEVER UINT64_MAX  /* the deadline, or the time-out, that never comes */
#define HPRPC__UNSET UINT64_C(0) /* a deadline that is counted from the first look at the clock */

/* The deadline that is `timeout_ms` away; UINT32_MAX (HPRPC_NO_TIMEOUT) is HPRPC__NEVER. */
static inline hprpc__deadline hprpc__deadline_after_ms(uint64_t now, uint32_t timeout_ms)
{
    return timeout_ms == UINT32_MAX ? HPRPC__NEVER : now + timeout_ms * HPRPC__MILLISECOND;
}

static inline hprpc__deadline hprpc__deadline_earlier(hprpc__deadline one, hprpc__deadline other)
{
    return one < other ? one : other;
}

#endif
