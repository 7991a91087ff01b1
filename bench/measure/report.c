/* SPDX-License-Identifier: MIT */
/* Writes results as JSON and CSV. */
#include "bench/measure/report.h"

#include <math.h>

static void begin(struct bench_json *json, const char *key)
{
    if (json->inner)
        fputc(',', json->out);
    if (json->depth)
        fprintf(json->out, "\n%*s", json->depth * 2, "");
    if (key)
        fprintf(json->out, "\"%s\": ", key);
    json->inner = true;
}

void bench_json_open(struct bench_json *json, const char *key, char bracket)
{
    begin(json, key);
    fputc(bracket, json->out);
    json->depth++;
    json->inner = false;
}

void bench_json_close(struct bench_json *json, char bracket)
{
    json->depth--;
    if (json->inner)
        fprintf(json->out, "\n%*s", json->depth * 2, "");
    fputc(bracket, json->out);
    json->inner = true;
    if (!json->depth)
        fputc('\n', json->out);
}

void bench_json_text(struct bench_json *json, const char *key, const char *value)
{
    begin(json, key);
    fputc('"', json->out);
    for (const char *c = value; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(json->out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            fprintf(json->out, "\\u%04x", (unsigned char)*c);
        else
            fputc(*c, json->out);
    }
    fputc('"', json->out);
}

void bench_json_number(struct bench_json *json, const char *key, double value)
{
    if (!isfinite(value)) {
        bench_json_null(json, key);
        return;
    }
    begin(json, key);
    fprintf(json->out, "%.10g", value);
}

void bench_json_bool(struct bench_json *json, const char *key, bool value)
{
    begin(json, key);
    fputs(value ? "true" : "false", json->out);
}

void bench_json_null(struct bench_json *json, const char *key)
{
    begin(json, key);
    fputs("null", json->out);
}

void bench_json_machine(struct bench_json *json, const struct bench_machine *machine)
{
    bench_json_open(json, "machine", '{');
    bench_json_text(json, "processor", machine->processor);
    bench_json_number(json, "cpus", machine->cpus);
    bench_json_number(json, "memory_gib", machine->memory_gib);
    bench_json_text(json, "kernel", machine->kernel);
    bench_json_text(json, "system", machine->system);
    bench_json_text(json, "compiler", machine->compiler);
    bench_json_text(json, "governor", machine->governor);
    bench_json_number(json, "load", machine->load);
    bench_json_close(json, '}');
}

void bench_json_summary(struct bench_json *json, const char *key, const struct bench_summary *summary)
{
    bench_json_open(json, key, '{');
    bench_json_number(json, "median", summary->median);
    bench_json_number(json, "least", summary->least);
    bench_json_number(json, "most", summary->most);
    bench_json_number(json, "lower", summary->lower);
    bench_json_number(json, "upper", summary->upper);
    bench_json_number(json, "confidence", summary->confidence);
    bench_json_number(json, "rounds", (double)summary->count);
    bench_json_close(json, '}');
}

/*
 * Writes the latencies of all rounds as pairs: a share, and the nanoseconds that this share of the calls did not exceed. A
 * picture of the distribution needs more of them in the tail.
 */
static void write_distribution(struct bench_json *json, const struct bench_series *series)
{
    static const double shares[] = { 0,     0.001, 0.01,   0.05,   0.1,    0.2,     0.25,    0.3,      0.4,  0.5,
                                     0.6,   0.7,   0.75,   0.8,    0.85,   0.9,     0.95,    0.98,     0.99, 0.995,
                                     0.998, 0.999, 0.9995, 0.9998, 0.9999, 0.99995, 0.99999, 0.999999, 1 };
    bool first = true;

    bench_json_open(json, "distribution", '[');
    for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
        /* if fewer than one call exceeds a share, it says only what the longest call says */
        if (shares[i] < 1 && (1 - shares[i]) * (double)series->latency.total < 1)
            continue;
        fprintf(json->out, "%s[%g, %.6g]", first ? "" : ", ", shares[i], bench_series_quantile(series, shares[i]));
        first = false;
    }
    json->inner = false;
    bench_json_close(json, ']');
}

static void write_workload(struct bench_json *json, const struct bench_workload *workload)
{
    bench_json_text(json, "operation", bench_operation_name(workload->operation));
    bench_json_number(json, "size", workload->size);
    bench_json_number(json, "depth", workload->depth);
    bench_json_number(json, "connections", workload->connections);
    bench_json_number(json, "threads", workload->threads);
    bench_json_number(json, "idle", workload->idle);
    bench_json_number(json, "rate", (double)workload->rate);
    bench_json_number(json, "greedy", workload->greedy);
    bench_json_number(json, "bulk", workload->bulk);
}

void bench_json_series(struct bench_json *json, const struct bench_series *series)
{
    bench_json_open(json, NULL, '{');
    bench_json_text(json, "subject", series->subject->name);
    write_workload(json, &series->workload);
    bench_json_text(json, "placement", bench_placement_name(series->placement));
    if (series->error[0])
        bench_json_text(json, "error", series->error);
    bench_json_number(json, "calls", (double)series->calls);
    bench_json_number(json, "rounds", series->rounds);
    for (int i = 0; i < BENCH_METRICS && series->rounds; i++) {
        struct bench_summary summary = bench_series_metric(series, (enum bench_metric)i);

        if (i == BENCH_CROSSED && bench_series_crossed(series) < 0)
            continue;
        bench_json_summary(json, bench_metric_name((enum bench_metric)i), &summary);
    }
    if (series->rounds) {
        bench_json_number(json, "server_memory_bytes", (double)series->server_memory);
        bench_json_number(json, "client_memory_bytes", (double)series->client_memory);
        write_distribution(json, series);
    }
    bench_json_close(json, '}');
}

void bench_csv_heading(FILE *out, const struct bench_machine *machine)
{
    fprintf(out, "# %s, %u CPUs, %.1f GiB; %s; %s; %s; load %.2f\n", machine->processor, machine->cpus,
            machine->memory_gib, machine->kernel, machine->system, machine->compiler, machine->load);
    fputs("subject,operation,size,depth,connections,threads,rate,placement,round", out);
    for (int i = 0; i < BENCH_METRICS; i++)
        fprintf(out, ",%s", bench_metric_name((enum bench_metric)i));
    fputc('\n', out);
}

void bench_csv_series(FILE *out, const struct bench_series *series)
{
    const struct bench_workload *workload = &series->workload;

    for (uint32_t round = 0; round < series->rounds; round++) {
        fprintf(out, "\"%s\",%s,%u,%u,%u,%u,%llu,%s,%u", series->subject->name,
                bench_operation_name(workload->operation), workload->size, workload->depth, workload->connections,
                workload->threads, (unsigned long long)workload->rate, bench_placement_name(series->placement),
                round + 1);
        for (int i = 0; i < BENCH_METRICS; i++)
            fprintf(out, ",%.10g", series->values[i][round]);
        fputc('\n', out);
    }
}
