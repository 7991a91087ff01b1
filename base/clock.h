/* The machine's monotonic clock. */
#ifndef HPRPC_BASE_CLOCK_H
#define HPRPC_BASE_CLOCK_H

#include <stdint.h>

/* Deadlines that never come. */
#define HPRPC__NEVER UINT64_MAX

/* Nanoseconds since an origin that does not change while the machine runs; setting the time of day does not move it. */
uint64_t hprpc__clock_now(void);

#endif
