/* SPDX-License-Identifier: MIT */
/*
 * The demo: one server on all transports, and the paper's operations over each of them, side by side. Every reply's content
 * is checked. The same stubs make all calls; only the URI differs.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure/histogram.h"
#include "bench/measure/machine.h"
#include "bench/measure/placement.h"
#include "bench/measure/subject.h"
#include "bench/measure/table.h"
#include "bench/paper/operations.h"
#include "bench/paper/paper-sizes.h"
#include "bench/paper/service.h"
#include "examples/usage.h"

enum { TRANSPORTS = 4, RUN_MS = 200, WARM_MS = 30, CALLS_LEAST = 20 };

static const char *const names[TRANSPORTS] = { "tcp", "unix", "pipe", "shm" };

struct addresses {
    char uris[TRANSPORTS][HPRPC_URI_MAX + 1];
};

/* ---- The server, in a process of its own ---- */

static void tell_addresses(struct hprpc_server *server, int fd)
{
    struct addresses addresses = { { "" } };

    for (size_t i = 0; i < TRANSPORTS; i++)
        hprpc_server_address(server, i, addresses.uris[i], sizeof(addresses.uris[i]));
    if (write(fd, &addresses, sizeof(addresses)) != (ssize_t)sizeof(addresses))
        _exit(1);
}

/* Gives each side a CPU of its own, if there are two: otherwise the scheduler's choice would change from row to row. */
static bool place(enum bench_side side)
{
    bool possible = bench_placement_possible(BENCH_SPLIT_CORE);

    if (possible)
        bench_place(BENCH_SPLIT_CORE, side);
    return possible;
}

static void serve(int fd, pid_t parent)
{
    char unix_uri[64], pipe_uri[64], shm_uri[64];
    const char *const uris[TRANSPORTS] = { "tcp://127.0.0.1:0", unix_uri, pipe_uri, shm_uri };
    struct hprpc_detail detail = { "" };
    struct hprpc_server *server = NULL;
    int result;

    snprintf(unix_uri, sizeof(unix_uri), "unix://demo-%d", (int)parent);
    snprintf(pipe_uri, sizeof(pipe_uri), "pipe://demo-%d", (int)parent);
    snprintf(shm_uri, sizeof(shm_uri), "shm://demo-%d", (int)parent);
    place(BENCH_SERVER);
    result = paper_server_new(uris, TRANSPORTS, &detail, &server);
    if (result == 0)
        result = hprpc_server_stop_on_signal(server, SIGTERM);
    if (result == 0)
        result = hprpc_server_stop_on_signal(server, SIGINT);
    if (result < 0) {
        fprintf(stderr, "demo: the server: %s\n", detail.text[0] ? detail.text : hprpc_error_text(result));
        _exit(1);
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* the parent died before prctl() */
        hprpc_server_stop(server);
    tell_addresses(server, fd);
    result = hprpc_server_run(server);
    hprpc_server_free(server);
    _exit(result < 0);
}

static pid_t start_server(struct addresses *ret_addresses)
{
    pid_t parent = getpid();
    int ends[2];
    pid_t pid;

    if (pipe(ends) != 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        serve(ends[1], parent);
    }
    close(ends[1]);
    if (pid > 0 && read(ends[0], ret_addresses, sizeof(*ret_addresses)) != (ssize_t)sizeof(*ret_addresses)) {
        waitpid(pid, NULL, 0);
        pid = -1;
    }
    close(ends[0]);
    return pid;
}

static int end_server(pid_t pid)
{
    int status = 0;

    kill(pid, SIGTERM);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* ---- The client ---- */

struct result {
    double median, p99, rate;
};

static int call_for(struct paper_caller *caller, struct bench_run *run)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    int result = 0;

    while (result == 0 && (bench_run_more(run) || run->calls < CALLS_LEAST)) {
        uint64_t begun = bench_run_begin(run);

        result = caller->operation->call(caller, &call, run->calls);
        if (result < 0)
            fprintf(stderr, "demo: %s\n", paper_result_text(&call, result));
        hprpc_call_clear(&call);
        bench_run_end(run, begun);
    }
    return result;
}

static struct bench_run begin_run(struct bench_histogram *latency, uint64_t ms)
{
    struct bench_run run = { .latency = latency, .most = UINT64_MAX, .last = bench_ticks() };

    memset(latency, 0, sizeof(*latency));
    run.deadline = run.last + bench_ticks_of(ms * 1000000u);
    return run;
}

static int measure(const char *uri, const struct bench_workload *workload, const struct paper_values *values,
                   struct result *ret_result)
{
    static struct bench_histogram latency;
    struct hprpc_detail detail = { "" };
    struct paper_caller caller;
    struct bench_run run;
    uint64_t begun;
    int result = paper_caller_open(&caller, uri, workload, values, &detail);

    if (result < 0) {
        fprintf(stderr, "demo: %s: %s\n", uri, detail.text[0] ? detail.text : hprpc_error_text(result));
        return result;
    }
    run = begin_run(&latency, WARM_MS);
    result = call_for(&caller, &run);
    run = begin_run(&latency, RUN_MS);
    begun = run.last;
    if (result == 0)
        result = call_for(&caller, &run);
    paper_caller_close(&caller);
    ret_result->median = bench_tick_length() * bench_histogram_quantile(&latency, 0.5);
    ret_result->p99 = bench_tick_length() * bench_histogram_quantile(&latency, 0.99);
    ret_result->rate = (double)run.calls * 1e9 / (bench_tick_length() * (double)(run.last - begun));
    return result;
}

/* Adds a row: an operation over each transport. Returns on how many transports something was wrong. */
static int add_row(struct bench_table *table, const struct addresses *addresses, const struct bench_workload *workload,
                   const struct paper_values *values)
{
    struct result result;
    char name[64];
    int wrong = 0;

    bench_workload_name(workload, name, sizeof(name));
    bench_table_cell(table, "%s", name);
    for (int i = 0; i < TRANSPORTS; i++) {
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "\r\033[K%s over %s", name, names[i]);
        if (measure(addresses->uris[i], workload, values, &result) == 0) {
            bench_table_time(table, result.median);
            bench_table_time(table, result.p99);
            bench_table_count(table, result.rate);
        } else {
            for (int j = 0; j < 3; j++)
                bench_table_cell(table, "wrong");
            wrong++;
        }
    }
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    return wrong;
}

static int demonstrate(const struct addresses *addresses, const struct paper_values *values)
{
    struct bench_table *table = bench_table_new("lrrrrrrrrrrrr");
    int wrong = 0;

    bench_table_cell(table, "operation");
    for (int i = 0; i < TRANSPORTS; i++) {
        bench_table_cell(table, "%s median", names[i]);
        bench_table_cell(table, "p99");
        bench_table_cell(table, "calls/s");
    }
    for (size_t i = 0; i < paper_workload_count; i++)
        wrong += add_row(table, addresses, &paper_workloads[i], values);
    bench_table_print(table, stdout);
    return wrong;
}

int main(int argc, char **argv)
{
    struct bench_machine machine = bench_machine();
    struct paper_values values = { 0 };
    struct addresses addresses;
    pid_t pid;
    int wrong;

    usage_check(argc, argv, argc, "demo\nTimes the paper's operations over tcp, unix, pipe and shm, with one server.");
    if (!paper_values_make(&values, 10000) || (pid = start_server(&addresses)) < 0) {
        fputs("demo: the server did not start\n", stderr);
        return 1;
    }
    printf("One server on %s, %s, %s and %s\n%s, %u CPUs%s\n\n", addresses.uris[0], addresses.uris[1],
           addresses.uris[2], addresses.uris[3], machine.processor, machine.cpus,
           place(BENCH_CLIENT) ? "; client and server each on one of its own" : "");
    fflush(stdout);
    wrong = demonstrate(&addresses, &values);
    if (end_server(pid) != 0) {
        fputs("demo: the server did not end well\n", stderr);
        wrong++;
    }
    if (!wrong)
        puts("\nThe content of every reply was checked, and all were right.");
    return wrong > 0;
}
