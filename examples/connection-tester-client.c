/* SPDX-License-Identifier: MIT */
/*
 * Tests a connection: connection-tester-client URI COUNT [INTERVAL_MS]
 * Calls KeepAlive COUNT times, INTERVAL_MS apart (a second if left out). Each call has that long to be answered.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <hprpc/hprpc.h>
#include "connection-tester.h"
#include "usage.h"

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/*
 * Tests the connection once and prints one line. After a late answer the next test may succeed; after a lost connection it
 * cannot.
 */
static int test_once(struct example_connection_tester_proxy *tester, int number, uint32_t timeout_ms)
{
    struct hprpc_call call = HPRPC_CALL_INIT;
    double start = now_us();
    int result;

    call.timeout_ms = timeout_ms;
    result = example_connection_tester_keep_alive(tester, &call);
    if (result == 0)
        printf("%d: alive, answered in %.1f us\n", number, now_us() - start);
    else if (result == HPRPC_EDEADLINE)
        printf("%d: no answer within %u ms\n", number, (unsigned)timeout_ms);
    else
        printf("%d: lost: %s\n", number, call.detail ? call.detail : hprpc_error_text(result));
    fflush(stdout);
    hprpc_call_clear(&call);
    return result;
}

static int test(struct hprpc_client *client, int count, int interval_ms, struct hprpc_detail *detail)
{
    struct timespec interval = { interval_ms / 1000, interval_ms % 1000 * 1000000L };
    struct example_connection_tester_proxy tester;
    int answered = 0, result = example_connection_tester_bind(client, detail, &tester);

    if (result < 0)
        return result;
    for (int number = 1; number <= count; number++) {
        result = test_once(&tester, number, (uint32_t)interval_ms);
        answered += result == 0;
        if (result < 0 && result != HPRPC_EDEADLINE)
            break;
        if (number < count)
            nanosleep(&interval, NULL);
    }
    printf("%d of %d calls were answered\n", answered, count);
    return answered == count ? 0 : HPRPC_EDEADLINE;
}

int main(int argc, char **argv)
{
    struct hprpc_detail detail = { "" };
    struct hprpc_client *client = NULL;
    int count = argc > 2 ? atoi(argv[2]) : 0, interval_ms = argc > 3 ? atoi(argv[3]) : 1000, result;

    usage_check(
        argc, argv, argc,
        "connection-tester-client URI COUNT [INTERVAL_MS]\n"
        "Calls KeepAlive COUNT times, INTERVAL_MS apart (1000 if left out), which is also how long each may take.");
    if (argc > 4 || count < 1 || interval_ms < 1)
        errx(1, "usage: connection-tester-client URI COUNT [INTERVAL_MS]");
    result = hprpc_client_connect(NULL, argv[1], NULL, &detail, &client);
    if (result == 0)
        result = test(client, count, interval_ms, &detail);
    if (result < 0 && detail.text[0])
        warnx("%s", detail.text);
    hprpc_client_free(client);
    return result < 0;
}
