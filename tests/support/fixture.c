/* SPDX-License-Identifier: MIT */
/* The table of the things that a test has open. If the test fails, it closes them. */
#include "support/fixture.h"

#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/patience.h"

/* ---- What is there: no lock, since a child of fork must not find one taken ---- */

enum { SLOTS = 16384, DESCRIPTORS = 65536, CLOSING_SECONDS = 60 };

static struct {
    _Atomic(const struct fixture_kind *) kind; /* NULL: the slot is free */
    _Atomic uintptr_t thing;                   /* 0: not entered yet, or taken out */
} slots[SLOTS];

static atomic_uint count;

/* Spreads things that are neighbours in memory over the table. */
static size_t first_slot(uintptr_t thing)
{
    return (size_t)((thing >> 4) * 2654435761u) % SLOTS;
}

void fixture_enter(const struct fixture_kind *kind, uintptr_t thing)
{
    for (size_t i = 0, at = first_slot(thing); i < SLOTS; i++, at = (at + 1) % SLOTS) {
        const struct fixture_kind *none = NULL;

        if (!atomic_compare_exchange_strong(&slots[at].kind, &none, kind))
            continue;
        atomic_fetch_add(&count, 1);
        atomic_store(&slots[at].thing, thing);
        return;
    }
    fprintf(stderr, "fixture.c: more than %d things are open\n", (int)SLOTS);
    abort();
}

void fixture_leave(const struct fixture_kind *kind, uintptr_t thing)
{
    for (size_t i = 0, at = first_slot(thing); i < SLOTS; i++, at = (at + 1) % SLOTS) {
        uintptr_t wanted = thing;

        if (atomic_load(&slots[at].kind) != kind || !atomic_compare_exchange_strong(&slots[at].thing, &wanted, 0))
            continue;
        atomic_fetch_sub(&count, 1);
        atomic_store(&slots[at].kind, NULL);
        return;
    }
}

unsigned fixture_count(void)
{
    return atomic_load(&count);
}

/* ---- The test ---- */

void (*fixture_sweep)(void);

static struct {
    bool returned;          /* the test returned, so no assertion failed */
    bool open[DESCRIPTORS]; /* the descriptors that were open before the test */
    sigset_t signals;       /* the signals that were blocked before the test */
    struct rlimit limit;    /* the limit of descriptors before the test */
} before;

/* Calls `visit` for each descriptor of this process, except the one that reads the directory. */
static void each_descriptor(void (*visit)(int fd))
{
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;

    while (directory && (entry = readdir(directory))) {
        int fd = atoi(entry->d_name);

        if (entry->d_name[0] != '.' && fd != dirfd(directory) && fd < DESCRIPTORS)
            visit(fd);
    }
    if (directory)
        closedir(directory);
}

static void remember(int fd)
{
    before.open[fd] = true;
}

int fixture_begin(void **state)
{
    (void)state;
    before.returned = false;
    memset(before.open, 0, sizeof(before.open));
    each_descriptor(remember);
    pthread_sigmask(SIG_SETMASK, NULL, &before.signals);
    getrlimit(RLIMIT_NOFILE, &before.limit);
    return 0;
}

/*
 * Runs the test. Threads use the variables of a test that failed until fixture_end has stopped them, so this frame puts a
 * margin above those variables: what longjmp, cmocka and fixture_end have on the stack lies inside the margin.
 */
void fixture_run(void **state)
{
    void (*test)(void **) = (void (*)(void **)) * state;
    volatile char margin[512 * 1024];
    void *none = NULL;

    margin[0] = 0;
    test(&none);
    margin[sizeof(margin) - 1] = margin[0];
    before.returned = true;
}

/* ---- What it left ---- */

static void visit(enum fixture_order order, bool closes)
{
    for (size_t i = 0; i < SLOTS; i++) {
        const struct fixture_kind *kind = atomic_load(&slots[i].kind);
        uintptr_t thing = atomic_load(&slots[i].thing);
        void (*act)(uintptr_t) = kind && closes ? kind->close : kind ? kind->stop : NULL;

        if (kind && kind->order == order && thing && act)
            act(thing);
    }
}

static void visit_all(bool closes)
{
    for (enum fixture_order order = 0; order < FIXTURE_ORDERS; order++)
        visit(order, closes);
}

/* If an assertion fails in a handler, it may leave a lock taken: then a thread that waits for the lock never ends. */
static void give_up(int signal)
{
    static const char text[] = "fixture.c: what a failed test left open cannot be closed: the program ends\n";

    (void)signal;
    if (write(2, text, sizeof(text) - 1) < 0)
        _exit(2);
    _exit(1);
}

static void close_new(int fd)
{
    if (!before.open[fd])
        close(fd);
}

static void clean_up(void)
{
    struct sigaction action = { .sa_handler = give_up }, kept;

    setrlimit(RLIMIT_NOFILE, &before.limit);
    pthread_sigmask(SIG_SETMASK, &before.signals, NULL);
    sigaction(SIGALRM, &action, &kept);
    alarm(CLOSING_SECONDS);
    patience_end(true);
    visit_all(false);
    visit_all(true);
    patience_end(false);
    alarm(0);
    sigaction(SIGALRM, &kept, NULL);
    each_descriptor(close_new);
    if (fixture_sweep)
        fixture_sweep();
}

int fixture_end(void **state)
{
    unsigned left = fixture_count();

    (void)state;
    if (before.returned && left)
        fprintf(stderr, "a test returned and left %u things open\n", left);
    if (!before.returned || left)
        clean_up();
    return before.returned && left ? -1 : 0;
}
