/* SPDX-License-Identifier: MIT */
/* What the harness does around measurements: relays that count, calls at a fixed rate, pairs of rounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/measure/relay.h"
#include "bench/measure/series.h"

enum { PATIENCE_MS = 20000 };

/* ---- A fixed rate ---- */

/*
 * A hundred calls are overdue when the first one begins, as after a stall. Each counts from the time when it was due, so its
 * latency contains the wait, and none is left out.
 */
static void test_overdue_calls_are_charged(void **state)
{
    struct bench_histogram *latency = calloc(1, sizeof(*latency));
    struct bench_run run = { .most = 100, .latency = latency, .deadline = UINT64_MAX };
    uint64_t interval = bench_ticks_of(1000000);
    uint64_t first;

    (void)state;
    assert_non_null(latency);
    run.last = bench_ticks();
    run.interval = interval;
    run.due = first = run.last - 100 * interval;
    for (uint64_t i = 0; bench_run_more(&run); i++) {
        uint64_t begun = bench_run_begin(&run);

        assert_true(begun == first + i * interval);
        bench_run_end(&run, begun);
    }
    assert_int_equal(latency->total, 100);
    /* the first call waited for 100 intervals, the last for one; the middle half for about 25 to 75 */
    assert_true(bench_histogram_quantile(latency, 0.5) >= 50.0 * (double)interval * 0.99);
    assert_true(latency->max >= 100 * interval);
    assert_true(bench_histogram_quantile(latency, 0) >= (double)interval * 0.99);
    free(latency);
}

/* A call does not begin before it is due. */
static void test_calls_wait_until_due(void **state)
{
    struct bench_histogram *latency = calloc(1, sizeof(*latency));
    struct bench_run run = { .most = 3, .latency = latency, .deadline = UINT64_MAX };

    (void)state;
    assert_non_null(latency);
    run.interval = bench_ticks_of(200000);
    run.last = bench_ticks();
    run.due = run.last + run.interval;
    while (bench_run_more(&run)) {
        uint64_t begun = bench_run_begin(&run);

        assert_true(bench_ticks() >= begun);
        bench_run_end(&run, begun);
    }
    assert_int_equal(run.calls, 3);
    free(latency);
}

/* ---- The relay ---- */

static int listen_on_loopback(int *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return listener;
}

static int connect_to(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void wait_for(int fd)
{
    struct pollfd wait = { fd, POLLIN, 0 };

    assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
}

/* Sends `size` bytes from one end to the other, and checks them. */
static void pass(int from, int to, size_t size)
{
    uint8_t sent[4096] = { 0 };
    uint8_t received[4096];
    size_t done = 0;

    for (size_t i = 0; i < size; i++)
        sent[i] = (uint8_t)(i * 7 + size);
    assert_int_equal(send(from, sent, size, MSG_NOSIGNAL), size);
    while (done < size) {
        ssize_t count;

        wait_for(to);
        count = recv(to, received + done, size - done, 0);
        assert_true(count > 0);
        done += (size_t)count;
    }
    assert_memory_equal(sent, received, size);
}

static void test_relay_counts(void **state)
{
    struct bench_relay relay = { 0 };
    char address[64];
    int port, listener, client, server;
    char rest[16] = "";

    (void)state;
    listener = listen_on_loopback(&port);
    snprintf(address, sizeof(address), "tcp://127.0.0.1:%d?wait=spin", port);
    assert_int_equal(bench_relay_start(&relay, address, sizeof(address)), 0);
    /* the relay's port replaces the server's in the address, and the rest stays */
    assert_int_equal(sscanf(address, "tcp://127.0.0.1:%d?%15s", &client, rest), 2);
    assert_int_not_equal(client, port);
    assert_string_equal(rest, "wait=spin");
    client = connect_to(client);
    wait_for(listener);
    server = accept(listener, NULL, NULL);
    assert_true(server >= 0);
    pass(client, server, 14);
    pass(server, client, 18);
    assert_int_equal(relay.count->requests, 14);
    assert_int_equal(relay.count->replies, 18);
    pass(client, server, 4000);
    pass(client, server, 1);
    assert_int_equal(relay.count->requests, 14 + 4000 + 1);
    assert_int_equal(relay.count->replies, 18);
    bench_relay_stop(&relay);
    assert_null(relay.count);
    close(client);
    close(server);
    close(listener);
}

static void test_relay_needs_a_port(void **state)
{
    const char *const without[] = { "shm://bench", "", "pipe://bench?x=1", "tcp://host" };
    struct bench_relay relay = { 0 };
    char address[64];

    (void)state;
    for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++) {
        snprintf(address, sizeof(address), "%s", without[i]);
        assert_int_equal(bench_relay_start(&relay, address, sizeof(address)), -1);
        assert_string_equal(address, without[i]);
    }
}

/* ---- Ratios ---- */

static struct bench_series *series_of(const double *medians, const double *crossed, uint32_t count)
{
    struct bench_series *series = calloc(1, sizeof(*series));

    assert_non_null(series);
    series->rounds = count;
    for (uint32_t i = 0; i < count; i++) {
        series->values[BENCH_MEDIAN][i] = medians[i];
        series->values[BENCH_CROSSED][i] = crossed ? crossed[i] : -1;
    }
    return series;
}

/* A ratio compares rounds that were measured next to each other, so a machine that gets slower does not change it. */
static void test_ratio_is_by_rounds(void **state)
{
    const double left[] = { 2, 4, 8, 16, 32, 64, 128 };
    const double right[] = { 1, 2, 4, 8, 16, 32, 64 };
    struct bench_series *a = series_of(left, NULL, 7);
    struct bench_series *b = series_of(right, NULL, 7);
    struct bench_summary ratio = bench_series_ratio(a, b, BENCH_MEDIAN);

    (void)state;
    assert_true(ratio.median == 2 && ratio.least == 2 && ratio.most == 2);
    assert_int_equal(ratio.count, 7);
    assert_true(bench_series_crossed(a) == -1);
    free(a);
    free(b);
}

/* Of rounds on one CPU and rounds on two, only those pairs count in which both subjects used the same number. */
static void test_ratio_of_rounds_alike(void **state)
{
    const double left[] = { 3, 12, 3, 12, 3, 12, 3, 12, 3, 12 };
    const double right[] = { 3, 3, 3, 12, 3, 12, 3, 3, 12, 12 };
    const double left_crossed[] = { 0, 1, 0, 1, 0, 1, 0, 1, 0, 1 };
    const double right_crossed[] = { 0, 0, 0, 1, 0, 0.95, 0.05, 0, 1, 1 };
    struct bench_series *a = series_of(left, left_crossed, 10);
    struct bench_series *b = series_of(right, right_crossed, 10);
    struct bench_summary ratio = bench_series_ratio(a, b, BENCH_MEDIAN);

    (void)state;
    assert_int_equal(ratio.count, 7);
    assert_true(ratio.least == 1 && ratio.most == 1);
    assert_true(bench_series_crossed(a) == 0.5);
    /* if there are too few of them, all rounds count */
    a->rounds = b->rounds = 6;
    ratio = bench_series_ratio(a, b, BENCH_MEDIAN);
    assert_int_equal(ratio.count, 6);
    assert_true(ratio.most == 4);
    free(a);
    free(b);
}

/* Rounds on CPUs that share a core are told from others by the time that a cache line takes. */
static void test_ratio_by_distance(void **state)
{
    const double left[] = { 270, 600, 280, 620, 610 };
    const double right[] = { 90, 480, 80, 470, 490 };
    struct bench_series *a = series_of(left, NULL, 5);
    struct bench_series *b = series_of(right, NULL, 5);
    struct bench_summary near, far, none;

    (void)state;
    memcpy(b->values[BENCH_MIDMEAN], right, sizeof(right));
    near = bench_series_ratio_at(a, b, BENCH_MEDIAN, BENCH_SHARED_CORE);
    assert_int_equal(near.count, 2);
    assert_true(near.least == 3 && near.most == 3.5);
    far = bench_series_ratio_at(a, b, BENCH_MEDIAN, BENCH_SEPARATE_CORES);
    assert_int_equal(far.count, 3);
    assert_true(far.least >= 1.2 && far.most <= 1.4);
    assert_int_equal(bench_series_ratio_at(a, b, BENCH_MEDIAN, BENCH_ANY_DISTANCE).count, 5);
    /* there is no such round */
    b->values[BENCH_MIDMEAN][0] = b->values[BENCH_MIDMEAN][2] = 400;
    none = bench_series_ratio_at(a, b, BENCH_MEDIAN, BENCH_SHARED_CORE);
    assert_true(none.count == 0 && none.median == 0);
    free(a);
    free(b);
}

/* A thread that watches where it runs finds its own CPU. */
static void test_where(void **state)
{
    static struct bench_where where;
    cpu_set_t set;

    (void)state;
    bench_where_watch(&where);
    if (!bench_where_known(&where))
        return; /* this kernel does not tell: nothing is watched */
    CPU_ZERO(&set);
    CPU_SET((size_t)sched_getcpu(), &set);
    assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
    assert_false(bench_crossed(&where));
    where.cpu ^= 1;
    assert_true(bench_crossed(&where));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overdue_calls_are_charged),
        cmocka_unit_test(test_calls_wait_until_due),
        cmocka_unit_test(test_relay_counts),
        cmocka_unit_test(test_relay_needs_a_port),
        cmocka_unit_test(test_ratio_is_by_rounds),
        cmocka_unit_test(test_ratio_of_rounds_alike),
        cmocka_unit_test(test_ratio_by_distance),
        cmocka_unit_test(test_where),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
