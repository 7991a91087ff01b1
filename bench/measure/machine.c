/* SPDX-License-Identifier: MIT */
/* Reads what kind of machine this is. */
#include "bench/measure/machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* Reads the value after `key`, from the first line of `path` that begins with it, without quotes and line end. */
static void find_value(const char *path, const char *key, char separator, char *ret_value, size_t capacity)
{
    FILE *file = fopen(path, "re");
    char line[256];

    snprintf(ret_value, capacity, "unknown");
    if (!file)
        return;
    while (fgets(line, sizeof(line), file)) {
        const char *value = line;

        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        if (separator)
            value = strchr(line, separator) ? strchr(line, separator) + 1 : line;
        value += strspn(value, " \t\"");
        snprintf(ret_value, capacity, "%.*s", (int)strcspn(value, "\"\n"), value);
        break;
    }
    fclose(file);
}

struct bench_machine bench_machine(void)
{
    struct bench_machine machine = { 0 };
    struct utsname name;
    struct sysinfo info;
    cpu_set_t set;

    find_value("/proc/cpuinfo", "model name", ':', machine.processor, sizeof(machine.processor));
    find_value("/etc/os-release", "PRETTY_NAME", '=', machine.system, sizeof(machine.system));
    find_value("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "", '\0', machine.governor,
               sizeof(machine.governor));
    snprintf(machine.compiler, sizeof(machine.compiler), "%s", COMPILER);
    if (uname(&name) == 0)
        snprintf(machine.kernel, sizeof(machine.kernel), "%.40s %.40s %.20s", name.sysname, name.release, name.machine);
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        machine.cpus = (uint32_t)CPU_COUNT(&set);
    if (sysinfo(&info) == 0)
        machine.memory_gib = (double)info.totalram * info.mem_unit / (1024.0 * 1024 * 1024);
    if (getloadavg(&machine.load, 1) != 1)
        machine.load = -1;
    return machine;
}
