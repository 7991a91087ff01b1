/* SPDX-License-Identifier: MIT */
/*
 * Goals that need no measurement of calls: instructions that were counted before, the time to compile, the size of the library.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/program/specials.h"

/* ---- Instructions ---- */

/* Returns the count of a call in bench/baseline.json; 0 if there is none. */
static double counted(const char *name)
{
    FILE *file = fopen(BENCH_BASELINE, "re");
    char line[256], key[128];
    double count = 0;

    snprintf(key, sizeof(key), "\"%s\":", name);
    while (file && count == 0 && fgets(line, sizeof(line), file)) {
        const char *at = strstr(line, key);

        if (at)
            count = strtod(at + strlen(key), NULL);
    }
    if (file)
        fclose(file);
    return count;
}

static struct bench_outcome instructions(const char *title, const char *name, double pass, double aim)
{
    struct bench_outcome outcome = { .name = title, .where = "", .sense = BENCH_AT_MOST, .pass = pass, .aim = aim };
    double count = counted(name);

    outcome.measured = count > 0;
    outcome.ratio = bench_special_single(count);
    if (!outcome.measured)
        snprintf(outcome.why, sizeof(outcome.why), "bench/baseline.json has no \"%s\" (make bench-instructions)", name);
    return outcome;
}

void bench_special_instructions(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    (void)options;
    ret_outcomes[0] =
        instructions("instructions of SayHello over shm, both sides, one at a time", "shm SayHello caller", 1800, 1200);
    ret_outcomes[1] =
        instructions("instructions of SayHello over shm, both sides, depth 64", "shm SayHello depth-64", 900, 600);
    ret_outcomes[2] = instructions("instructions of SayHello over local, both sides, one thread",
                                   "local SayHello one-thread", 1800, 1200);
}

/* ---- Folders and commands ---- */

/* Makes a temporary folder for builds. */
static bool make_folder(char *folder)
{
    strcpy(folder, "/tmp/hprpc-bench-XXXXXX");
    return mkdtemp(folder) != NULL;
}

static void remove_folder(const char *folder)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    if (system(command) != 0)
        fprintf(stderr, "hprpc-bench: %s is left over\n", folder);
}

/* ---- Compiling ---- */

static bool write_interface(const char *path)
{
    FILE *file = fopen(path, "we");

    if (!file)
        return false;
    fputs("namespace large;\nstruct LargeData8192 {\n", file);
    for (int i = 0; i < 8192; i++)
        fprintf(file, "    int32 m%d;\n", i);
    fputs("}\nservice Large { LargeData8192 SendRcv(LargeData8192 data); }\n", file);
    return fclose(file) == 0;
}

void bench_special_compiling(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    struct bench_outcome outcome = { .name = "seconds to compile the generated C of LargeData8192",
                                     .where = "",
                                     .sense = BENCH_AT_MOST,
                                     .pass = 5,
                                     .aim = 1 };
    char folder[64], command[2048];
    uint64_t begun;

    (void)options;
    if (!make_folder(folder)) {
        *ret_outcomes = outcome;
        return;
    }
    snprintf(command, sizeof(command), "%s/large.kod", folder);
    if (write_interface(command)) {
        snprintf(command, sizeof(command), "%s -o %s %s/large.kod >/dev/null 2>&1", BENCH_KODOSIS, folder, folder);
        if (system(command) == 0) {
            snprintf(command, sizeof(command), "%s -std=c11 -O2 -I%s -I%s -c -o %s/large.o %s/large.c >/dev/null 2>&1",
                     BENCH_COMPILER, BENCH_INCLUDE, folder, folder, folder);
            begun = bench_now();
            outcome.measured = system(command) == 0;
            outcome.ratio = bench_special_single((double)(bench_now() - begun) / 1e9);
        }
    }
    if (!outcome.measured)
        snprintf(outcome.why, sizeof(outcome.why), "the compilers of the build are not there any more");
    remove_folder(folder);
    *ret_outcomes = outcome;
}

/* ---- The library ---- */

void bench_special_library(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    struct bench_outcome outcome = {
        .name = "KiB of libhprpc, stripped", .where = "", .sense = BENCH_AT_MOST, .pass = 300, .aim = 256
    };
    char folder[64], path[128], command[1024];
    struct stat file;

    (void)options;
    if (make_folder(folder)) {
        snprintf(path, sizeof(path), "%s/library", folder);
        snprintf(command, sizeof(command), "strip -o %s %s >/dev/null 2>&1", path, BENCH_LIBRARY);
        outcome.measured = system(command) == 0 && stat(path, &file) == 0;
        if (outcome.measured)
            outcome.ratio = bench_special_single((double)file.st_size / 1024);
        else
            snprintf(outcome.why, sizeof(outcome.why), "the library is not there any more, or strip is not");
        remove_folder(folder);
    }
    *ret_outcomes = outcome;
}
