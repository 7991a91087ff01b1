/* SPDX-License-Identifier: MIT */
/*
 * Calls each of the paper's operations at the paper's sizes, some times, and checks every reply: paper-client URI [TIMES]
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/paper/paper-sizes.h"
#include "bench/paper/operations.h"
#include "examples/usage.h"

static int call_all(const char *uri, const struct bench_workload *workload, const struct paper_values *values,
                    int times)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    struct hprpc_detail detail = { "" };
    struct paper_caller caller;
    char name[64];
    int result = paper_caller_open(&caller, uri, workload, values, &detail);

    if (result < 0)
        errx(1, "%s", detail.text[0] ? detail.text : hprpc_error_text(result));
    bench_workload_name(workload, name, sizeof(name));
    for (int i = 0; i < times && result == 0; i++)
        result = caller.operation->call(&caller, &call, (uint64_t)i);
    printf("%-24s %s\n", name, result == 0 ? "right" : paper_result_text(&call, result));
    hprpc_call_clear(&call);
    paper_caller_close(&caller);
    return result;
}

int main(int argc, char **argv)
{
    int times = argc > 2 ? atoi(argv[2]) : 10;
    struct paper_values values = { 0 };
    int wrong = 0;

    usage_check(argc, argv, argc,
                "paper-client URI [TIMES]\n"
                "Calls every operation of the paper TIMES times (10 if left out) and checks each reply.");
    if (argc < 2 || argc > 3 || times < 1)
        errx(2, "usage: paper-client URI [TIMES]");
    if (!paper_values_make(&values, 10000))
        errx(1, "out of memory");
    for (size_t i = 0; i < paper_workload_count; i++)
        wrong += call_all(argv[1], &paper_workloads[i], &values, times) != 0;
    return wrong > 0;
}
