/* hprpc-bench: transports side by side, against the machine's floor, the project's goals, and other frameworks. */
#include <stdio.h>

#include "bench/floor/floor.h"
#include "bench/program/compare.h"
#include "bench/program/goals.h"
#include "bench/program/print.h"

static void list(void)
{
    for (size_t i = 0; bench_floors[i]; i++)
        puts(bench_floors[i]->name);
}

int main(int argc, char **argv)
{
    struct bench_options options;
    struct bench_outputs outputs;
    struct bench_machine machine;

    bench_options_parse(&options, argc, argv);
    if (options.task == BENCH_TASK_LIST) {
        list();
        return 0;
    }
    machine = bench_machine();
    bench_print_machine(&machine);
    bench_outputs_open(&outputs, options.json, options.csv, &machine);
    if (options.task == BENCH_TASK_GOALS)
        bench_goals_run(&options, &outputs);
    else
        bench_compare(&options, &outputs);
    bench_outputs_close(&outputs);
    return 0;
}
