/* SPDX-License-Identifier: MIT */
/* Chooses CPUs for the two sides, and pins processes to them. */
#include "bench/measure/placement.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    [BENCH_UNPINNED] = "unpinned",
    [BENCH_SPLIT_CORE] = "split-core",
    [BENCH_SAME_CORE] = "same-core",
};

const char *bench_placement_name(enum bench_placement placement)
{
    return names[placement];
}

bool bench_placement_parse(const char *text, enum bench_placement *ret_placement)
{
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_placement = (enum bench_placement)i;
            return true;
        }
    }
    return false;
}

/* True if two CPUs are hyper-threads of one core: a pair of them would be neither "split" nor "same". */
static bool siblings(int left, int right)
{
    char path[96];
    FILE *file;
    int first = left;
    int other = right;

    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/core_cpus_list", i ? right : left);
        file = fopen(path, "re");
        if (!file)
            return false;
        if (fscanf(file, "%d", i ? &other : &first) != 1)
            other = first = -1;
        fclose(file);
    }
    return first == other && first >= 0;
}

/*
 * Chooses the CPUs of the two sides: the first allowed one, and the first allowed one on another core. Returns false if there
 * is none.
 */
static bool choose(int *ret_first, int *ret_second)
{
    cpu_set_t set;
    int first = -1;

    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return false;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET((size_t)cpu, &set))
            continue;
        if (first < 0) {
            first = cpu;
        } else if (!siblings(first, cpu)) {
            *ret_first = first;
            *ret_second = cpu;
            return true;
        }
    }
    *ret_first = *ret_second = first;
    return false;
}

bool bench_placement_possible(enum bench_placement placement)
{
    int first, second;

    return placement != BENCH_SPLIT_CORE || choose(&first, &second);
}

void bench_place(enum bench_placement placement, enum bench_side side)
{
    cpu_set_t set;
    int first = 0;
    int second = 0;

    if (placement == BENCH_UNPINNED)
        return;
    choose(&first, &second);
    CPU_ZERO(&set);
    CPU_SET((size_t)(placement == BENCH_SPLIT_CORE && side == BENCH_SERVER ? second : first), &set);
    sched_setaffinity(0, sizeof(set), &set);
}
