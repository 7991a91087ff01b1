/* SPDX-License-Identifier: MIT */
/* Measures the project's goals, and prints and writes the results. */
#include "bench/program/goals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure/table.h"
#include "bench/program/print.h"
#include "bench/program/resolve.h"

enum { SPECIAL_MAX = 48, ALTERNATIVES_MAX = 4 };

static bool together(const struct bench_goal *left, const struct bench_goal *right)
{
    return left->placement == right->placement && bench_workload_equal(&left->workload, &right->workload);
}

/* Adds a series for one side of a goal. Returns NULL, with the reason in `outcome`, if the series cannot be measured. */
static struct bench_series *add(struct bench_set *set, const struct bench_goal *goal, const char *name,
                                const struct bench_options *options, struct bench_outcome *outcome)
{
    const struct bench_subject *subject = bench_resolve(name, options->peers);
    struct bench_series *series = NULL;

    if (!subject && !outcome->why[0])
        snprintf(outcome->why, sizeof(outcome->why), "%s is not built (make bench-peers)", name);
    else if (!subject)
        return NULL; /* if there are several reasons, the first is kept */
    else if (!(series = bench_set_add(set, subject, &goal->workload, goal->placement)))
        snprintf(outcome->why, sizeof(outcome->why), "too many subjects");
    return series;
}

/* The series of a goal: `left`, of which the best counts, and `right`, with which it is compared. */
struct sides {
    struct bench_series *left[ALTERNATIVES_MAX];
    struct bench_series *right;
};

static void add_sides(struct bench_set *set, const struct bench_goal *goal, const struct bench_options *options,
                      struct bench_outcome *outcome, struct sides *ret_sides)
{
    char names[128];
    char *rest = NULL;
    size_t count = 0;

    snprintf(names, sizeof(names), "%s", goal->left);
    if (goal->right)
        ret_sides->right = add(set, goal, goal->right, options, outcome);
    for (char *name = strtok_r(names, "|", &rest); name && count < ALTERNATIVES_MAX;
         name = strtok_r(NULL, "|", &rest)) {
        struct bench_series *series = add(set, goal, name, options, outcome);

        if (!series)
            continue;
        ret_sides->left[count++] = series;
        if (ret_sides->right)
            bench_set_compare(set, series, ret_sides->right);
    }
}

/*
 * Returns the best of several series: the fastest, or the one that uses least, as the goal's metric says. A series that failed
 * is never better.
 */
static const struct bench_series *best_of(const struct bench_goal *goal, struct bench_series *const *left)
{
    bool rate = goal->metric == BENCH_RATE || goal->metric == BENCH_RATE_PER_CPU;
    const struct bench_series *best = left[0];

    for (size_t i = 1; i < ALTERNATIVES_MAX && left[i]; i++) {
        double one = bench_series_metric(left[i], goal->metric).median;
        double other = bench_series_metric(best, goal->metric).median;

        if (!left[i]->error[0] && (best->error[0] || (rate ? one > other : one < other)))
            best = left[i];
    }
    return best;
}

static struct bench_summary divided(struct bench_summary summary, double divisor)
{
    summary.median /= divisor;
    summary.least /= divisor;
    summary.most /= divisor;
    summary.lower /= divisor;
    summary.upper /= divisor;
    return summary;
}

static void conclude(const struct bench_goal *goal, const struct sides *sides, struct bench_outcome *outcome)
{
    const struct bench_series *left = best_of(goal, sides->left);
    const struct bench_series *right = sides->right;
    const struct bench_series *failed = left->error[0] ? left : right && right->error[0] ? right : NULL;

    if (failed) {
        snprintf(outcome->why, sizeof(outcome->why), "%.30s: %.90s", failed->subject->name, failed->error);
        return;
    }
    if (right)
        outcome->ratio = bench_series_ratio_at(left, right, goal->metric, goal->distance);
    else
        outcome->ratio = divided(bench_series_metric(left, goal->metric), goal->divisor);
    outcome->measured = outcome->ratio.median > 0;
    if (!outcome->measured && goal->distance != BENCH_ANY_DISTANCE)
        snprintf(outcome->why, sizeof(outcome->why), "the two CPUs %s a core",
                 goal->distance == BENCH_SHARED_CORE ? "never shared" : "always shared");
    if (sides->left[1])
        snprintf(outcome->left, sizeof(outcome->left), "%s", left->subject->name);
    outcome->crossed[0] = bench_series_crossed(left);
    outcome->crossed[1] = right ? bench_series_crossed(right) : -1;
}

/* Measures together, round by round, all goals with the workload and placement of the goal `first`. */
static void measure_together(size_t first, const struct bench_options *options, struct bench_outputs *outputs,
                             struct bench_outcome *outcomes)
{
    struct sides *sides = calloc(bench_goal_count, sizeof(*sides));
    struct bench_plan plan = options->plan;
    struct bench_set set = { 0 };
    char name[64];

    if (!sides)
        abort();
    for (size_t i = first; i < bench_goal_count; i++) {
        if (together(&bench_goals[i], &bench_goals[first]))
            add_sides(&set, &bench_goals[i], options, &outcomes[i], &sides[i]);
    }
    bench_workload_name(&bench_goals[first].workload, name, sizeof(name));
    plan.title = name;
    if (bench_set_measure(&set, &plan)) {
        bench_print_set(&set);
        for (size_t i = first; i < bench_goal_count; i++) {
            if (sides[i].left[0] && (sides[i].right || !bench_goals[i].right))
                conclude(&bench_goals[i], &sides[i], &outcomes[i]);
        }
        bench_outputs_write(outputs, &set);
    }
    bench_set_clear(&set);
    free(sides);
}

static void measure_ratios(const struct bench_options *options, struct bench_outputs *outputs,
                           struct bench_outcome *outcomes)
{
    for (size_t i = 0; i < bench_goal_count; i++) {
        const struct bench_goal *goal = &bench_goals[i];

        outcomes[i] = (struct bench_outcome){
            .name = goal->name,
            .where = bench_placement_name(goal->placement),
            .sense = goal->sense,
            .pass = goal->pass,
            .aim = goal->aim,
            .crossed = { -1, -1 },
        };
    }
    for (size_t i = 0; i < bench_goal_count; i++) {
        bool earlier = false;

        for (size_t j = 0; j < i && !earlier; j++)
            earlier = together(&bench_goals[j], &bench_goals[i]);
        if (!earlier)
            measure_together(i, options, outputs, outcomes);
    }
}

/* ---- Telling ---- */

static bool reached(const struct bench_outcome *outcome, double goal)
{
    if (!outcome->measured)
        return false;
    return outcome->sense == BENCH_AT_LEAST ? outcome->ratio.median >= goal : outcome->ratio.median <= goal;
}

static const char *verdict(const struct bench_outcome *outcome)
{
    if (!outcome->measured)
        return "not measured";
    if (outcome->sense == BENCH_REPORTED)
        return "reported";
    if (reached(outcome, outcome->aim))
        return "met, and the aim";
    return reached(outcome, outcome->pass) ? "met" : "short";
}

static void add_number(struct bench_table *table, double value)
{
    bench_table_cell(table, "%.*f", value < 10 ? 2 : value < 100 ? 1 : 0, value);
}

static void print_outcome(struct bench_table *table, const struct bench_outcome *outcome)
{
    const char *sign = outcome->sense == BENCH_AT_LEAST ? "≥" : "≤";

    bench_table_cell(table, "%s", outcome->name);
    bench_table_cell(table, "%s", outcome->where);
    if (outcome->measured) {
        add_number(table, outcome->ratio.median);
        bench_table_cell(table, "%.2f–%.2f", outcome->ratio.lower, outcome->ratio.upper);
    } else {
        bench_table_cell(table, "-");
        bench_table_cell(table, "-");
    }
    if (outcome->sense == BENCH_REPORTED) {
        bench_table_cell(table, "-");
        bench_table_cell(table, "-");
    } else {
        bench_table_cell(table, "%s %g", sign, outcome->pass);
        bench_table_cell(table, "%s %g", sign, outcome->aim);
    }
    bench_table_cell(table, "%s%s%s", verdict(outcome), outcome->measured || !outcome->why[0] ? "" : ": ",
                     outcome->measured ? "" : outcome->why);
}

static void print_outcomes(const struct bench_outcome *outcomes, size_t count)
{
    static const char *const titles[] = { "goal", "where", "ratio", "interval", "pass", "aim", "" };
    struct bench_table *table = bench_table_new("llrrrrl");

    for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++)
        bench_table_cell(table, "%s", titles[i]);
    for (size_t i = 0; i < count; i++)
        print_outcome(table, &outcomes[i]);
    putchar('\n');
    bench_table_print(table, stdout);
}

static void write_outcomes(struct bench_json *json, const struct bench_outcome *outcomes, size_t count)
{
    bench_json_open(json, "goals", '[');
    for (size_t i = 0; i < count; i++) {
        const struct bench_outcome *outcome = &outcomes[i];
        bool gate = outcome->sense != BENCH_REPORTED;

        bench_json_open(json, NULL, '{');
        bench_json_text(json, "name", outcome->name);
        bench_json_text(json, "where", outcome->where);
        if (outcome->measured)
            bench_json_number(json, "ratio", outcome->ratio.median);
        else
            bench_json_null(json, "ratio");
        if (gate) {
            bench_json_text(json, "sense", outcome->sense == BENCH_AT_LEAST ? "at least" : "at most");
            bench_json_number(json, "pass", outcome->pass);
            bench_json_number(json, "aim", outcome->aim);
        } else {
            bench_json_text(json, "sense", "reported");
            bench_json_null(json, "pass");
            bench_json_null(json, "aim");
        }
        if (gate && outcome->measured)
            bench_json_bool(json, "met", reached(outcome, outcome->pass));
        else
            bench_json_null(json, "met");
        bench_json_text(json, "verdict", verdict(outcome));
        if (outcome->left[0])
            bench_json_text(json, "left", outcome->left);
        if (outcome->crossed[0] >= 0 && outcome->crossed[1] >= 0) {
            bench_json_number(json, "crossed_left", outcome->crossed[0]);
            bench_json_number(json, "crossed_right", outcome->crossed[1]);
        }
        if (outcome->measured)
            bench_json_summary(json, "summary", &outcome->ratio);
        else
            bench_json_text(json, "why", outcome->why);
        bench_json_close(json, '}');
    }
    bench_json_close(json, ']');
}

void bench_goals_run(const struct bench_options *options, struct bench_outputs *outputs)
{
    struct bench_outcome *outcomes = calloc(bench_goal_count + SPECIAL_MAX, sizeof(*outcomes));
    size_t count = bench_goal_count;

    if (!outcomes)
        abort();
    bench_outputs_open_array(outputs, "series");
    measure_ratios(options, outputs, outcomes);
    bench_outputs_close_array(outputs);
    count += bench_special_goals(options, outcomes + count, SPECIAL_MAX);
    if (!options->plan.expected) {
        print_outcomes(outcomes, count);
        if (outputs->json_file)
            write_outcomes(&outputs->json, outcomes, count);
    }
    free(outcomes);
}
