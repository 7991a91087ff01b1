/* SPDX-License-Identifier: MIT */
/* Waiting for a condition with a deadline. */
#include "support/patience.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000u + (uint64_t)time.tv_nsec / 1000000u;
}

static atomic_bool is_over;

void patience_end(bool over)
{
    atomic_store(&is_over, over);
}

bool patience_is_over(void)
{
    return atomic_load(&is_over);
}

struct patience patience_begin(void)
{
    const char *wanted = getenv("HPRPC_TEST_PATIENCE_MS");

    return (struct patience){ now() + (wanted ? strtoull(wanted, NULL, 10) : 30000) };
}

bool is_patient(struct patience *patience)
{
    struct timespec moment = { 0, 50 * 1000 };

    if (patience_is_over() || now() > patience->until)
        return false;
    nanosleep(&moment, NULL);
    return true;
}

bool try_again_at(struct patience *patience, const char *file, int line, const char *function)
{
    if (is_patient(patience))
        return true;
    if (patience_is_over())
        return false;
    fprintf(stderr, "%s:%d: %s waits for what does not come about\n", file, line, function);
    abort();
}
