/* SPDX-License-Identifier: MIT */
/* Reads from /proc what a process has used. */
#include "bench/measure/usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Adds up the numbers of all lines of a /proc file whose name contains `key`. */
static uint64_t sum_lines(const char *path, const char *key)
{
    FILE *file = fopen(path, "re");
    char line[256];
    uint64_t sum = 0;

    if (!file)
        return 0;
    while (fgets(line, sizeof(line), file)) {
        const char *colon = strchr(line, ':');

        if (colon && strstr(line, key))
            sum += strtoull(colon + 1, NULL, 10);
    }
    fclose(file);
    return sum;
}

static uint64_t switches(pid_t pid)
{
    char path[64], status[384];
    struct dirent *entry;
    uint64_t sum = 0;
    DIR *folder;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    folder = opendir(path);
    if (!folder)
        return 0;
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(status, sizeof(status), "%s/%s/status", path, entry->d_name);
        sum += sum_lines(status, "ctxt_switches");
    }
    closedir(folder);
    return sum;
}

void bench_usage_read(pid_t pid, struct bench_usage *ret_usage)
{
    struct bench_usage usage = { 0 };
    struct timespec time;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &time) == 0)
        usage.cpu_ns = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
    usage.switches = switches(pid);
    *ret_usage = usage;
}

uint32_t bench_usage_threads(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    return (uint32_t)sum_lines(path, "Threads");
}

uint64_t bench_usage_memory(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    return sum_lines(path, "Private_") * 1024;
}

uint64_t bench_usage_resident(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    return sum_lines(path, "Pss") * 1024;
}
