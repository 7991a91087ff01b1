/* SPDX-License-Identifier: MIT */
/* The goals that are not a ratio of two subjects. */
#include "bench/program/goals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/measure/progress.h"
#include "bench/measure/usage.h"
#include "bench/program/resolve.h"

enum { IDLE_FEW = 2000, IDLE_MANY = 10000, DESCRIPTORS = 60000, IDLE_WINDOW_US = 500000 };

/* The number itself, measured once. */
static struct bench_summary single(double value)
{
    return (struct bench_summary){ 1, value, value, value, value, value, 0 };
}

/* As many descriptors as the machine allows this process. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_max < DESCRIPTORS)
        limit.rlim_max = DESCRIPTORS;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* ---- Memory ---- */

/* The server's private memory with so many idle connections; 0 with the reason in `ret_why`. */
static double memory_with(const struct bench_subject *subject, uint32_t idle, char *ret_why, size_t capacity)
{
    struct bench_workload workload = BENCH_WORKLOAD_INIT;
    struct bench_pair pair;
    double memory;

    workload.idle = idle;
    if (bench_pair_open(&pair, subject, &workload, BENCH_UNPINNED, ret_why, capacity) != 0)
        return 0;
    memory = (double)bench_usage_memory(pair.server);
    bench_pair_close(&pair);
    return memory;
}

static struct bench_outcome measure_memory(const struct bench_options *options)
{
    struct bench_outcome outcome = {
        "bytes of server memory per idle TCP connection", "", BENCH_AT_MOST, 512, 256, false, .why = ""
    };
    const struct bench_subject *subject = bench_resolve("tcp block", options->peers);
    double few = memory_with(subject, IDLE_FEW, outcome.why, sizeof(outcome.why));
    double many = few > 0 ? memory_with(subject, 2 * IDLE_FEW, outcome.why, sizeof(outcome.why)) : 0;

    outcome.measured = many > 0;
    outcome.ratio = single((many - few) / IDLE_FEW);
    return outcome;
}

/* ---- Many idle connections ---- */

static struct bench_outcome measure_idle(const struct bench_options *options)
{
    struct bench_outcome outcome = { "TCP round trip with 10,000 idle connections / with none",
                                     "split-core",
                                     BENCH_AT_MOST,
                                     1.1,
                                     1.02,
                                     false,
                                     .why = "" };
    const struct bench_subject *subject = bench_resolve("tcp block", options->peers);
    struct bench_workload workload = BENCH_WORKLOAD_INIT;
    struct bench_plan plan = options->plan;
    struct bench_set set = { 0 };
    struct bench_series *none = bench_set_add(&set, subject, &workload, BENCH_SPLIT_CORE);
    struct bench_series *many;

    workload.idle = IDLE_MANY;
    many = bench_set_add(&set, subject, &workload, BENCH_SPLIT_CORE);
    plan.title = "10,000 idle connections";
    bench_set_measure(&set, &plan);
    snprintf(outcome.why, sizeof(outcome.why), "%.120s", many->error[0] ? many->error : none->error);
    outcome.ratio = bench_series_ratio(many, none, BENCH_MIDMEAN);
    outcome.measured = outcome.ratio.median > 0;
    bench_set_clear(&set);
    return outcome;
}

/* ---- Doing nothing ---- */

static struct bench_outcome measure_wakeups(const struct bench_options *options, const char *name, const char *title)
{
    struct bench_outcome outcome = { title, "", BENCH_AT_MOST, 0, 0, false, .why = "" };
    const struct bench_subject *subject = bench_resolve(name, options->peers);
    struct bench_workload workload = BENCH_WORKLOAD_INIT;
    struct bench_usage before, after;
    struct bench_pair pair;

    if (bench_pair_open(&pair, subject, &workload, BENCH_UNPINNED, outcome.why, sizeof(outcome.why)) != 0)
        return outcome;
    if (bench_pair_round(&pair, 10000000, 0, outcome.why, sizeof(outcome.why)) == 0) {
        bench_pair_resume(&pair);
        usleep(300000); /* the spin budget, many times over */
        bench_usage_read(pair.server, &before);
        sleep(2);
        bench_usage_read(pair.server, &after);
        outcome.ratio = single((double)(after.switches - before.switches) / 2);
        outcome.measured = true;
    }
    bench_pair_close(&pair);
    return outcome;
}

/* What the two sides of a subject used while nothing was to be done, in nanoseconds of processor time. */
struct idleness {
    uint64_t server, clients;
};

/* Some traffic, and then a window of idleness. False with the reason in `ret_why`. */
static bool idle_after(const struct bench_subject *subject, const struct bench_workload *workload,
                       struct idleness *ret_idleness, char *ret_why, size_t capacity)
{
    struct bench_usage server[2], clients[2];
    struct bench_pair pair;
    bool done;

    if (bench_pair_open(&pair, subject, workload, BENCH_UNPINNED, ret_why, capacity) != 0)
        return false;
    done = bench_pair_round(&pair, 20000000, 0, ret_why, capacity) == 0;
    if (done) {
        bench_pair_resume(&pair);
        usleep(300000); /* the spin budget, many times over */
        bench_usage_read(pair.server, &server[0]);
        bench_usage_read(pair.client, &clients[0]);
        usleep(IDLE_WINDOW_US);
        bench_usage_read(pair.server, &server[1]);
        bench_usage_read(pair.client, &clients[1]);
        *ret_idleness = (struct idleness){ server[1].cpu_ns - server[0].cpu_ns, clients[1].cpu_ns - clients[0].cpu_ns };
    }
    bench_pair_close(&pair);
    return done;
}

static void keep_worst(struct idleness *worst, const struct idleness *one)
{
    if (one->server > worst->server)
        worst->server = one->server;
    if (one->clients > worst->clients)
        worst->clients = one->clients;
}

/* The worst of several numbers of clients, after traffic of several kinds: two outcomes, of the server and of its clients. */
static void measure_idle_time(const struct bench_options *options, const char *name, const char *const titles[2],
                              struct bench_outcome ret_outcomes[2])
{
    static const uint32_t counts[] = { 1, 2, 3, 8, 150 };
    static const struct {
        enum bench_operation operation;
        uint32_t size, depth;
    } traffic[] = { { BENCH_SAY_HELLO, 0, 1 }, { BENCH_SAY_HELLO, 0, 64 }, { BENCH_ECHO, 1000000, 1 } };
    const struct bench_subject *subject = bench_resolve(name, options->peers);
    struct idleness worst = { 0, 0 }, one;
    char why[sizeof(ret_outcomes->why)] = "";
    bool measured = true;

    for (size_t i = 0; measured && i < 5 * 3; i++) {
        struct bench_workload workload = BENCH_WORKLOAD_INIT;

        workload.operation = traffic[i % 3].operation;
        workload.size = traffic[i % 3].size;
        workload.depth = traffic[i % 3].depth;
        workload.connections = counts[i / 3];
        workload.threads = workload.connections < 8 ? workload.connections : 8;
        measured = idle_after(subject, &workload, &one, why, sizeof(why));
        if (measured)
            keep_worst(&worst, &one);
    }
    for (int side = 0; side < 2; side++) {
        ret_outcomes[side] = (struct bench_outcome){ titles[side], "", BENCH_AT_MOST, 10, 0, measured, .why = "" };
        snprintf(ret_outcomes[side].why, sizeof(ret_outcomes[side].why), "%s", why);
        ret_outcomes[side].ratio = single((double)(side ? worst.clients : worst.server) / 1e6);
    }
}

static const char *const idle_titles[][2] = {
    { "ms of processor in 500 ms of an idle TCP server, 1 to 150 clients", "the same of its clients" },
    { "ms of processor in 500 ms of an idle FIFO server, 1 to 150 clients", "the same of its clients" },
    { "ms of processor in 500 ms of an idle shm server, 1 to 150 clients", "the same of its clients" },
};

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

static struct bench_outcome measure_compiling(void)
{
    struct bench_outcome outcome = {
        "seconds to compile the generated C of LargeData8192", "", BENCH_AT_MOST, 5, 1, false, .why = ""
    };
    char folder[] = "/tmp/hprpc-bench-XXXXXX";
    char command[2048];
    uint64_t begun;

    if (!mkdtemp(folder))
        return outcome;
    snprintf(command, sizeof(command), "%s/large.kod", folder);
    if (write_interface(command)) {
        snprintf(command, sizeof(command), "%s -o %s %s/large.kod >/dev/null 2>&1", BENCH_KODOSIS, folder, folder);
        if (system(command) == 0) {
            snprintf(command, sizeof(command), "%s -std=c11 -O2 -I%s -I%s -c -o %s/large.o %s/large.c >/dev/null 2>&1",
                     BENCH_COMPILER, BENCH_INCLUDE, folder, folder, folder);
            begun = bench_now();
            outcome.measured = system(command) == 0;
            outcome.ratio = single((double)(bench_now() - begun) / 1e9);
        }
    }
    if (!outcome.measured)
        snprintf(outcome.why, sizeof(outcome.why), "the compilers of the build are not there any more");
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    if (system(command) != 0)
        fprintf(stderr, "hprpc-bench: %s is left over\n", folder);
    return outcome;
}

static void measure_wakeups_of_all(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    ret_outcomes[0] = measure_wakeups(options, "tcp adaptive", "wake-ups a second of an idle TCP server");
    ret_outcomes[1] = measure_wakeups(options, "pipe adaptive", "wake-ups a second of an idle FIFO server");
    ret_outcomes[2] = measure_wakeups(options, "shm adaptive", "wake-ups a second of an idle shm server");
}

static void measure_idle_time_of_all(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    measure_idle_time(options, "tcp adaptive", idle_titles[0], ret_outcomes);
    measure_idle_time(options, "pipe adaptive", idle_titles[1], ret_outcomes + 2);
    measure_idle_time(options, "shm adaptive", idle_titles[2], ret_outcomes + 4);
}

static void measure_memory_of_one(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    *ret_outcomes = measure_memory(options);
}

static void measure_among_idle(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    *ret_outcomes = measure_idle(options);
}

static void measure_compiler(const struct bench_options *options, struct bench_outcome *ret_outcomes)
{
    (void)options;
    *ret_outcomes = measure_compiling();
}

/* What is measured, how many outcomes it has, and about how long it takes, in seconds, besides what bench_measure takes. */
static const struct {
    const char *title;
    void (*measure)(const struct bench_options *options, struct bench_outcome *ret_outcomes);
    size_t outcomes;
    uint32_t seconds;
} specials[] = {
    { "memory per idle connection", measure_memory_of_one, 1, 2 },
    { "10,000 idle connections", measure_among_idle, 1, 2 },
    { "wake-ups of idle servers", measure_wakeups_of_all, 3, 7 },
    { "processor time of idle servers", measure_idle_time_of_all, 6, 40 },
    { "compiling", measure_compiler, 1, 1 },
};

size_t bench_special_goals(const struct bench_options *options, struct bench_outcome *ret_outcomes, size_t capacity)
{
    size_t count = 0;

    raise_descriptors();
    for (size_t i = 0; i < sizeof(specials) / sizeof(*specials); i++) {
        uint64_t ns = specials[i].seconds * 1000000000ull;

        if (count + specials[i].outcomes > capacity)
            abort();
        if (options->plan.expected) {
            *options->plan.expected += ns;
            continue;
        }
        bench_progress_show(specials[i].title, "");
        specials[i].measure(options, ret_outcomes + count);
        bench_progress_add(ns);
        count += specials[i].outcomes;
    }
    for (size_t i = 0; i < count; i++)
        ret_outcomes[i].crossed[0] = ret_outcomes[i].crossed[1] = -1;
    bench_progress_clear();
    return count;
}
