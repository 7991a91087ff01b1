/* SPDX-License-Identifier: MIT */
/*
 * The things that a test has opened and not closed: servers, clients, processes, threads. A failing assertion leaves the test
 * at once, by longjmp, and an open thing would disturb the next test. So each thing is entered in a table when it begins, and
 * taken out when it ends, and the teardown of fixture_test closes what is left in the table.
 *
 * fixture-calls.c enters what a test opens with functions of hprpc, of threads and of processes. Helpers enter everything else
 * that must be closed. Memory of a failed test is not freed.
 */
#ifndef SUPPORT_FIXTURE_H
#define SUPPORT_FIXTURE_H

#include <stdint.h>

/* A test of cmocka with this setup and teardown. If the test returns and leaves something open, it fails. */
#define fixture_test(f)                                                                                  \
    {                                                                                                    \
        .name = #f, .test_func = fixture_run, .setup_func = fixture_begin, .teardown_func = fixture_end, \
        .initial_state = (void *)(f)                                                                     \
    }

int fixture_begin(void **state);
void fixture_run(void **state);
int fixture_end(void **state);

/* The order in which kinds are stopped, and then closed. */
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
    /* called before anything is closed, so that threads which use the thing return; may be NULL */
    void (*stop)(uintptr_t thing);
    void (*close)(uintptr_t thing); /* must call fixture_leave() */
};

/*
 * Enter a thing in the table, and take it out. Any thread may call them. A thing is a pointer or a number of the system, not 0.
 * fixture_leave does nothing if the thing is not there.
 */
void fixture_enter(const struct fixture_kind *kind, uintptr_t thing);
void fixture_leave(const struct fixture_kind *kind, uintptr_t thing);

/* Returns how many things are in the table. */
unsigned fixture_count(void);

/* Called after a test that failed, when all else is closed: removes names that killed processes left. May be NULL. */
extern void (*fixture_sweep)(void);

/* The kinds that fixture-calls.c enters. */
extern const struct fixture_kind fixture_process, fixture_thread, fixture_client, fixture_server;

#endif
