/* SPDX-License-Identifier: MIT */
/* Measures series in turns, round by round, and summarizes them. */
#include "bench/measure/series.h"

#include <stdio.h>
#include <string.h>

#include "bench/measure/progress.h"
#include "bench/measure/usage.h"

enum {
    NEAR_NS = 200,   /* a cache line takes 70 to 90 there and back within a core, and 350 to 490 between two cores */
    ALIKE_LEAST = 6, /* rounds; with fewer there is no confidence interval */
    OPENING_NS = 50000000,  /* about the time to start and end a pair */
    CALL_NS_GUESSED = 50000 /* if a number of calls is the experiment */
};

const char *bench_metric_name(enum bench_metric metric)
{
    static const char *const names[BENCH_METRICS] = {
        [BENCH_MEDIAN] = "median_ns",
        [BENCH_MIDMEAN] = "midmean_ns",
        [BENCH_P90] = "p90_ns",
        [BENCH_P99] = "p99_ns",
        [BENCH_P999] = "p999_ns",
        [BENCH_MAX] = "max_ns",
        [BENCH_MEAN] = "mean_ns",
        [BENCH_RATE] = "calls_per_second",
        [BENCH_RATE_PER_CPU] = "calls_per_server_cpu_second",
        [BENCH_CLIENT_CPU] = "client_cpu_ns_per_call",
        [BENCH_SERVER_CPU] = "server_cpu_ns_per_call",
        [BENCH_CPU] = "cpu_ns_per_call",
        [BENCH_CLIENT_SWITCHES] = "client_switches_per_call",
        [BENCH_SERVER_SWITCHES] = "server_switches_per_call",
        [BENCH_TOTAL] = "total_ns",
        [BENCH_CROSSED] = "crossed_share",
    };

    return names[metric];
}

static void note(struct bench_series *series, enum bench_metric metric, double value)
{
    series->values[metric][series->rounds] = value;
}

static void note_round(struct bench_series *series, const struct bench_sample *sample)
{
    const struct bench_histogram *latency = &sample->latency;
    double tick = bench_tick_length();
    double calls = (double)sample->calls;

    note(series, BENCH_MEDIAN, tick * bench_histogram_quantile(latency, 0.5));
    note(series, BENCH_MIDMEAN, tick * bench_histogram_midmean(latency));
    note(series, BENCH_P90, tick * bench_histogram_quantile(latency, 0.9));
    note(series, BENCH_P99, tick * bench_histogram_quantile(latency, 0.99));
    note(series, BENCH_P999, tick * bench_histogram_quantile(latency, 0.999));
    note(series, BENCH_MAX, tick * (double)latency->max);
    note(series, BENCH_MEAN, tick * (double)latency->sum / calls);
    note(series, BENCH_RATE, calls * 1e9 / (tick * (double)sample->ticks));
    note(series, BENCH_RATE_PER_CPU, sample->server_cpu_ns ? calls * 1e9 / (double)sample->server_cpu_ns : 0);
    note(series, BENCH_CLIENT_CPU, (double)sample->client_cpu_ns / calls);
    note(series, BENCH_SERVER_CPU, (double)sample->server_cpu_ns / calls);
    note(series, BENCH_CPU, (double)(sample->client_cpu_ns + sample->server_cpu_ns) / calls);
    note(series, BENCH_CLIENT_SWITCHES, (double)sample->client_switches / calls);
    note(series, BENCH_SERVER_SWITCHES, (double)sample->server_switches / calls);
    note(series, BENCH_TOTAL, tick * (double)sample->ticks);
    note(series, BENCH_CROSSED, sample->watched ? (double)sample->crossed / calls : -1);
    bench_histogram_merge(&series->latency, latency);
    series->calls += sample->calls;
    series->rounds++;
}

static void run_round(struct bench_series *series, const struct bench_plan *plan)
{
    if (series->error[0])
        return;
    if (bench_pair_round(&series->pair, plan->run_ns, plan->run_calls, series->error, sizeof(series->error)) != 0)
        return;
    if (series->pair.session.shared->sample.calls == 0)
        snprintf(series->error, sizeof(series->error), "no call was completed");
    else
        note_round(series, &series->pair.session.shared->sample);
}

static void open_series(struct bench_series *series)
{
    if (!bench_placement_possible(series->placement))
        snprintf(series->error, sizeof(series->error), "this machine has too few CPUs for %s",
                 bench_placement_name(series->placement));
    else
        bench_pair_open(&series->pair, series->subject, &series->workload, series->placement, series->error,
                        sizeof(series->error));
}

/* True if each round is divided into parts: if the scheduler places the sides, and a number of calls is not the experiment. */
static bool divided(struct bench_series *const *series, size_t count, const struct bench_plan *plan)
{
    bool unpinned = !plan->run_calls;

    for (size_t i = 0; i < count; i++)
        unpinned = unpinned && series[i]->placement == BENCH_UNPINNED;
    return unpinned;
}

/* Returns about how long a round of one series takes, including its warm-up. */
static uint64_t round_time(const struct bench_plan *plan)
{
    uint64_t ns = plan->run_ns;

    if (plan->run_calls && plan->run_calls < ns / CALL_NS_GUESSED)
        ns = plan->run_calls * CALL_NS_GUESSED;
    return ns + ns / 8;
}

uint64_t bench_measure_time(size_t count, const struct bench_plan *plan)
{
    return count * (OPENING_NS + plan->rounds * round_time(plan));
}

static void note_memory(struct bench_series *series)
{
    if (series->error[0])
        return;
    series->server_memory = bench_usage_resident(series->pair.server);
    series->client_memory = bench_usage_resident(series->pair.client);
}

void bench_measure(struct bench_series *const *series, size_t count, const struct bench_plan *plan)
{
    uint32_t slices = divided(series, count, plan) ? BENCH_SLICES : 1;
    uint32_t rounds = plan->rounds < BENCH_ROUNDS_MAX ? plan->rounds : BENCH_ROUNDS_MAX;
    const char *title = plan->title ? plan->title : "measuring";
    struct bench_plan part = *plan;

    part.run_ns /= slices;
    for (size_t i = 0; i < count; i++) {
        bench_progress_show(title, series[i]->subject->name);
        open_series(series[i]);
        bench_progress_add(OPENING_NS);
    }
    for (uint32_t round = 0; round < rounds * slices; round++) {
        for (size_t i = 0; i < count; i++) {
            struct bench_series *one = series[(round + i) % count];

            bench_progress_show(title, one->subject->name);
            run_round(one, &part);
            bench_progress_add(round_time(&part));
        }
    }
    for (size_t i = 0; i < count; i++) {
        note_memory(series[i]);
        bench_pair_close(&series[i]->pair);
    }
    bench_progress_clear();
}

struct bench_summary bench_series_metric(const struct bench_series *series, enum bench_metric metric)
{
    double values[BENCH_PARTS_MAX];

    if (!series->rounds)
        return (struct bench_summary){ 0 };
    memcpy(values, series->values[metric], series->rounds * sizeof(*values));
    return bench_summarize(values, series->rounds);
}

double bench_series_crossed(const struct bench_series *series)
{
    double sum = 0;

    for (uint32_t i = 0; i < series->rounds; i++) {
        if (series->values[BENCH_CROSSED][i] < 0)
            return -1;
        sum += series->values[BENCH_CROSSED][i];
    }
    return series->rounds ? sum / series->rounds : -1;
}

/* True if, for nearly all of a round, the sides of both subjects were on one CPU, or if both were on two. */
static bool alike(const struct bench_series *left, const struct bench_series *right, uint32_t round)
{
    double a = left->values[BENCH_CROSSED][round];
    double b = right->values[BENCH_CROSSED][round];

    return a >= 0 && b >= 0 && ((a < 0.1 && b < 0.1) || (a > 0.9 && b > 0.9));
}

struct bench_summary bench_series_ratio(const struct bench_series *left, const struct bench_series *right,
                                        enum bench_metric metric)
{
    uint32_t rounds = left->rounds < right->rounds ? left->rounds : right->rounds;
    double ratios[BENCH_PARTS_MAX], same[BENCH_PARTS_MAX];
    uint32_t count = 0;
    uint32_t same_count = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        if (right->values[metric][i] <= 0)
            continue;
        ratios[count] = left->values[metric][i] / right->values[metric][i];
        if (alike(left, right, i))
            same[same_count++] = ratios[count];
        count++;
    }
    if (same_count >= ALIKE_LEAST)
        return bench_summarize(same, same_count);
    return count ? bench_summarize(ratios, count) : (struct bench_summary){ 0 };
}

struct bench_summary bench_series_ratio_at(const struct bench_series *left, const struct bench_series *right,
                                           enum bench_metric metric, enum bench_distance distance)
{
    uint32_t rounds = left->rounds < right->rounds ? left->rounds : right->rounds;
    double ratios[BENCH_PARTS_MAX];
    uint32_t count = 0;

    if (distance == BENCH_ANY_DISTANCE)
        return bench_series_ratio(left, right, metric);
    for (uint32_t i = 0; i < rounds; i++) {
        bool near = right->values[BENCH_MIDMEAN][i] < NEAR_NS;

        if (near == (distance == BENCH_SHARED_CORE) && right->values[metric][i] > 0)
            ratios[count++] = left->values[metric][i] / right->values[metric][i];
    }
    return count ? bench_summarize(ratios, count) : (struct bench_summary){ 0 };
}

double bench_series_quantile(const struct bench_series *series, double quantile)
{
    return bench_tick_length() * bench_histogram_quantile(&series->latency, quantile);
}
