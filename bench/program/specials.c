/* SPDX-License-Identifier: MIT */
/* The list of the goals in specials.h. */
#include "bench/program/specials.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/measure/descriptors.h"
#include "bench/measure/progress.h"
#include "bench/program/resolve.h"

/* `outcomes` is how many results each has; `seconds` is about how long it takes, in addition to bench_set_measure. */
static const struct {
    const char *title;
    void (*measure)(const struct bench_options *options, struct bench_outcome *ret_outcomes);
    size_t outcomes;
    uint32_t seconds;
} specials[] = {
    { "memory per idle connection", bench_special_memory, 1, 2 },
    { "10,000 idle connections", bench_special_idle, 1, 4 },
    { "wake-ups of idle servers", bench_special_wakeups, 4, 10 },
    { "processor time of idle servers", bench_special_idle_time, 8, 45 },
    { "a polite connection among greedy ones", bench_special_greedy, 1, 2 },
    { "small calls beside large bodies", bench_special_bulk, 1, 2 },
    { "the first 1,000 calls", bench_special_first_calls, 1, 1 },
    { "local calls on one thread", bench_special_local, 2, 1 },
    { "streams beside calls", bench_special_elements, 4, 8 },
    { "1 GiB of a stream", bench_special_pour, 8, 40 },
    { "1,000 streams", bench_special_crowd, 4, 8 },
    { "instructions", bench_special_instructions, 3, 0 },
    { "compiling", bench_special_compiling, 1, 1 },
    { "size of the library", bench_special_library, 1, 0 },
};

struct bench_summary bench_special_single(double value)
{
    return (struct bench_summary){ 1, value, value, value, value, value, 0 };
}

struct bench_outcome bench_special_beside(const struct bench_options *options, struct bench_outcome outcome,
                                          const char *subject, const struct bench_workload *workload,
                                          enum bench_metric metric)
{
    const struct bench_workload plain = BENCH_WORKLOAD_INIT;
    const struct bench_subject *resolved = bench_resolve(subject, options->peers);
    struct bench_plan plan = options->plan;
    struct bench_set set = { 0 };
    struct bench_series *alone = bench_set_add(&set, resolved, &plain, BENCH_SPLIT_CORE);
    struct bench_series *beside = bench_set_add(&set, resolved, workload, BENCH_SPLIT_CORE);

    plan.title = outcome.name;
    bench_set_measure(&set, &plan);
    snprintf(outcome.why, sizeof(outcome.why), "%.120s", beside->error[0] ? beside->error : alone->error);
    outcome.ratio = bench_series_ratio(beside, alone, metric);
    outcome.measured = outcome.ratio.median > 0;
    bench_set_clear(&set);
    return outcome;
}

size_t bench_special_goals(const struct bench_options *options, struct bench_outcome *ret_outcomes, size_t capacity)
{
    size_t count = 0;

    bench_descriptors_raise();
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
