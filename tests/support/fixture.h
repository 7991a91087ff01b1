/* SPDX-License-Identifier: MIT */
/*
 * What a test opened and has not closed. A failing assertion leaves the test at once, by longjmp; what was open then would meet
 * the next test. So servers, clients, processes and threads are entered here when they begin, and taken out when they end, and
 * the teardown of fixture_test closes what is still there.
 *
 * fixture-calls.c enters what a test opens with functions of hprpc, of threads and of processes; the test does nothing for it.
 * Helpers enter what else must be closed. Memory that a failed test had is not given back.
 */
#ifndef SUPPORT_FIXTURE_H
#define SUPPORT_FIXTURE_H

#include <stdint.h>

/* A test of cmocka with this setup and teardown. A test that returns, and leaves something open, fails. */
#define fixture_test(f)                                                                                  \
    {                                                                                                    \
        .name = #f, .test_func = fixture_run, .setup_func = fixture_begin, .teardown_func = fixture_end, \
        .initial_state = (void *)(f)                                                                     \
    }

int fixture_begin(void **state);
void fixture_run(void **state);
int fixture_end(void **state);

/* Kinds are stopped, and then closed, in this order. */
enum fixture_order {
    FIXTURE_PROCESS,
    FIXTURE_THREAD,
    FIXTURE_END,
    FIXTURE_CLIENT,
    FIXTURE_LISTENER,
    FIXTURE_SERVER,
    FIXTURE_PROBE,
    FIXTURE_ORDERS,
};

struct fixture_kind {
    const char *name;
    enum fixture_order order;
    void (*stop)(
        uintptr_t thing); /* before anything is closed, so that threads which use it return; NULL for nothing */
    void (*close)(uintptr_t thing); /* ends in fixture_leave */
};

/* Any thread. A thing is a pointer or a number of the system, not 0. Leaving does nothing for what is not there. */
void fixture_enter(const struct fixture_kind *kind, uintptr_t thing);
void fixture_leave(const struct fixture_kind *kind, uintptr_t thing);

/* How many things are there. */
unsigned fixture_count(void);

/* Called last after a test that failed, to remove the names that processes left when they were killed. NULL for nothing. */
extern void (*fixture_sweep)(void);

/* What fixture-calls.c enters. */
extern const struct fixture_kind fixture_process, fixture_thread, fixture_client, fixture_server;

#endif
