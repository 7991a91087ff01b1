#include "support/patience.h"

#include <stdio.h>
#include <time.h>

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000u + (uint64_t)time.tv_nsec / 1000000u;
}

struct patience patience_begin(void)
{
    return (struct patience){ now() + 30000 };
}

bool try_again(struct patience *patience)
{
    struct timespec moment = { 0, 50 * 1000 };

    if (now() > patience->until) {
        fprintf(stderr, "a condition that a test waits for did not come about\n");
        return false;
    }
    nanosleep(&moment, NULL);
    return true;
}
