/* SPDX-License-Identifier: MIT */
/* The calculations that turn measurements into numbers: the histogram, the statistics over rounds, the bytes of a call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/measure/histogram.h"
#include "bench/measure/progress.h"
#include "bench/measure/statistics.h"
#include "bench/measure/touch.h"
#include "bench/measure/workload.h"

static void assert_near(double value, double expected, double share)
{
    if (value < expected * (1 - share) || value > expected * (1 + share))
        fail_msg("%g is not near %g", value, expected);
}

static void test_index_grows(void **state)
{
    uint32_t before = 0;

    (void)state;
    for (uint64_t value = 1; value < 1ull << 42; value += value / 300 + 1) {
        uint32_t index = bench_histogram_index(value);

        assert_true(index >= before);
        assert_true(index < BENCH_HISTOGRAM_BUCKETS);
        before = index;
    }
    assert_int_equal(bench_histogram_index(UINT64_MAX), BENCH_HISTOGRAM_BUCKETS - 1);
}

static void test_quantiles(void **state)
{
    struct bench_histogram *histogram = calloc(1, sizeof(*histogram));

    (void)state;
    assert_non_null(histogram);
    assert_true(bench_histogram_quantile(histogram, 0.5) == 0);
    for (uint64_t value = 1; value <= 100000; value++)
        bench_histogram_add(histogram, value);
    assert_near(bench_histogram_quantile(histogram, 0.5), 50000, 0.004);
    assert_near(bench_histogram_quantile(histogram, 0.99), 99000, 0.004);
    assert_near(bench_histogram_quantile(histogram, 0.999), 99900, 0.004);
    assert_true(bench_histogram_quantile(histogram, 1) <= 100000);
    assert_near(bench_histogram_midmean(histogram), 50000, 0.004);
    assert_int_equal(histogram->max, 100000);
    free(histogram);
}

/* The quantiles on either side of a step: an error of one value would show. */
static void test_quantiles_of_steps(void **state)
{
    struct bench_histogram *histogram = calloc(1, sizeof(*histogram));

    (void)state;
    assert_non_null(histogram);
    for (int i = 0; i < 1000; i++)
        bench_histogram_add(histogram, i < 900 ? 10 : i < 990 ? 100 : i < 999 ? 10000 : 5000000);
    assert_true((int)bench_histogram_quantile(histogram, 0.5) == 10);
    assert_true((int)bench_histogram_quantile(histogram, 0.899) == 10);
    assert_true((int)bench_histogram_quantile(histogram, 0.901) == 100);
    assert_true((int)bench_histogram_quantile(histogram, 0.989) == 100);
    assert_near(bench_histogram_quantile(histogram, 0.991), 10000, 0.004);
    assert_near(bench_histogram_quantile(histogram, 0.9989), 10000, 0.004);
    assert_near(bench_histogram_quantile(histogram, 0.9995), 5000000, 0.004);
    assert_true(bench_histogram_quantile(histogram, 1) <= 5000000);
    free(histogram);
}

/* A long tail changes the mean, but not the midmean. */
static void test_midmean_is_robust(void **state)
{
    struct bench_histogram *histogram = calloc(2, sizeof(*histogram));

    (void)state;
    assert_non_null(histogram);
    for (int i = 0; i < 900; i++)
        bench_histogram_add(&histogram[0], 100);
    for (int i = 0; i < 100; i++)
        bench_histogram_add(&histogram[1], 1000000);
    bench_histogram_merge(&histogram[0], &histogram[1]);
    assert_int_equal(histogram->total, 1000);
    assert_near(bench_histogram_midmean(histogram), 100, 0.001);
    assert_near(bench_histogram_quantile(histogram, 0.95), 1000000, 0.004);
    free(histogram);
}

static void test_summary(void **state)
{
    double seven[] = { 5, 1, 7, 3, 2, 6, 4 };
    double ten[] = { 10, 9, 8, 7, 6, 5, 4, 3, 2, 1 };
    double one[] = { 3 };
    double thirty[30];
    struct bench_summary summary = bench_summarize(seven, 7);

    (void)state;
    assert_true(summary.median == 4 && summary.least == 1 && summary.most == 7);
    /* with seven values, the smallest and the largest hold the median with 1 - 2 / 128 */
    assert_true(summary.lower == 1 && summary.upper == 7);
    assert_near(summary.confidence, 1 - 2.0 / 128, 1e-9);
    /* with ten values, the second from either end hold it with 1 - 2 * 11 / 1024 */
    summary = bench_summarize(ten, 10);
    assert_true(summary.median == 5.5 && summary.lower == 2 && summary.upper == 9);
    assert_near(summary.confidence, 1 - 22.0 / 1024, 1e-9);
    /* from the tables: of 20, the 6th and the 15th with 95.86 %; of 30, the 10th and the 21st with 95.72 % */
    for (int i = 0; i < 30; i++)
        thirty[i] = (i * 7) % 30 + 1;
    summary = bench_summarize(thirty, 30);
    assert_true(summary.median == 15.5 && summary.lower == 10 && summary.upper == 21);
    assert_near(summary.confidence, 0.9572, 1e-4);
    for (int i = 0; i < 20; i++)
        thirty[i] = (i * 7) % 20 + 1;
    summary = bench_summarize(thirty, 20);
    assert_true(summary.median == 10.5 && summary.lower == 6 && summary.upper == 15);
    assert_near(summary.confidence, 0.9586, 1e-4);
    summary = bench_summarize(one, 1);
    assert_true(summary.median == 3 && summary.confidence == 0);
}

static void test_sum(void **state)
{
    uint8_t bytes[100] = { 0 };

    (void)state;
    bytes[0] = 1;
    bytes[9] = 1;
    bytes[97] = 1;
    assert_int_equal(bench_sum(bytes, 1), 1);
    assert_int_equal(bench_sum(bytes, 10), 1 + 0x100);
    assert_int_equal(bench_sum(bytes, 97), 1 + 0x100);
    assert_int_equal(bench_sum(bytes, 98), 1 + 0x200);
}

/* SayHello("king") and its answer take 32 bytes on a byte stream. */
static void test_bytes(void **state)
{
    struct bench_workload workload = BENCH_WORKLOAD_INIT;
    uint32_t request, reply;

    (void)state;
    bench_workload_bytes(&workload, &request, &reply);
    assert_int_equal(request, 14);
    assert_int_equal(reply, 18);
    workload.operation = BENCH_AVERAGE;
    workload.size = 10000;
    bench_workload_bytes(&workload, &request, &reply);
    assert_int_equal(request, 4 + 3 + 3 + 4 + 40000);
    assert_int_equal(reply, 4 + 1 + 1 + 8);
}

/* The text of the progress: how much is done, and, once enough is done, the time that is left. */
static void test_progress(void **state)
{
    const uint64_t second = 1000000000;
    char text[200];

    (void)state;
    bench_progress_text(text, sizeof(text), 0, 100 * second, 5 * second);
    assert_non_null(strstr(text, "░   0 %"));
    assert_null(strstr(text, "left"));
    bench_progress_text(text, sizeof(text), 50 * second, 100 * second, 20 * second);
    assert_non_null(strstr(text, "█░"));
    assert_non_null(strstr(text, " 50 %, 20 s left"));
    bench_progress_text(text, sizeof(text), 10 * second, 100 * second, 10 * second);
    assert_non_null(strstr(text, " 10 %, 1 min 30 s left"));
    bench_progress_text(text, sizeof(text), second, 10000 * second, second);
    assert_non_null(strstr(text, "  0 %, 2 h 46 min left"));
    bench_progress_text(text, sizeof(text), 100 * second, 100 * second, 100 * second);
    assert_non_null(strstr(text, "█ 100 %, 0 s left"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_index_grows),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_quantiles_of_steps),
        cmocka_unit_test(test_midmean_is_robust),
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_sum),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_progress),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
