/* SPDX-License-Identifier: MIT */
/*
 * How long to look before sleeping: the one strategy behind HPRPC_WAIT_SPIN, _ADAPTIVE and _BLOCK. Adaptive spins for about
 * the cost of being woken up, which loses at most as much again. Where that is in vain again and again, the other side
 * probably shares this processor, and cannot run while this one spins: then it spins and yields, which is cheaper than to
 * sleep and be woken, and keeps both sides runnable, so that the scheduler moves one of them to a processor that is idle.
 * Where that is in vain as well (the other side answers slowly, or others want the processor), it sleeps at once. Now and
 * then the next more eager manner is tried again, less and less often as long as it is in vain.
 */
#ifndef HPRPC_RPC_CONNECTION_SPIN_H
#define HPRPC_RPC_CONNECTION_SPIN_H

#include <sched.h>

#include <hprpc/channel/transport.h>

enum {
    HPRPC__SPIN_NANOSECONDS = 50 * 1000,  /* a wake-up costs 10 to 50 microseconds */
    HPRPC__NAP_NANOSECONDS = 1000 * 1000, /* between two looks at what nothing can wake anybody for */
    HPRPC__SPIN_SLOW_YIELD = 500 * 1000,  /* who gets the processor back so late has company that does not yield */
    HPRPC__SPIN_CLOCK_EVERY = 16,         /* looks at the channel between two looks at the clock */
    HPRPC__SPIN_VAIN_MAX = 4,             /* so many vain spins in a row, and the manner changes */
    HPRPC__SPIN_TRY_FIRST = 64,           /* waits before the next more eager manner is tried */
    HPRPC__SPIN_TRY_VAIN = 1024,          /* at most, while trials are in vain: one costs about a percent of these */
    HPRPC__SPIN_TRY_SLOW = 8 * 1024,      /* at least, after it has cost a time slice */
    HPRPC__SPIN_TRY_LAST = 1024 * 1024,   /* and at most */
};

enum hprpc__spin_manner { HPRPC__SPIN_PLAINLY, HPRPC__SPIN_YIELDING, HPRPC__SPIN_SLEEPING };

/* What all the waits of one pump have learned; zeroed to begin with. */
struct hprpc__spin_history {
    enum hprpc__spin_manner manner;
    uint32_t vain;     /* spins in a row that ended in a sleep */
    uint32_t waits;    /* since the last change or trial */
    uint32_t patience; /* waits before the next trial */
};

/* One wait. */
struct hprpc__spin {
    enum hprpc_wait wait;
    enum hprpc__spin_manner manner;
    bool trial;       /* more eager than the history suggests */
    bool looked;      /* in vain, at least once */
    uint32_t looks;   /* in vain, since the last look at the clock */
    uint64_t started; /* 0 before the first look at the clock */
    struct hprpc__spin_history *history;
};

static inline void hprpc__spin_change(struct hprpc__spin_history *history, enum hprpc__spin_manner manner)
{
    history->manner = manner;
    history->vain = 0;
    history->waits = 0;
    history->patience = HPRPC__SPIN_TRY_FIRST;
}

/* After a sleep, when there is nothing to learn: what is waited for is probably there. */
static inline void hprpc__spin_resume(struct hprpc__spin *spin, enum hprpc_wait wait,
                                      struct hprpc__spin_history *history)
{
    spin->wait = wait;
    spin->looked = false;
    spin->looks = 0;
    spin->started = 0;
    spin->trial = false;
    spin->history = history;
    spin->manner = wait == HPRPC_WAIT_BLOCK      ? HPRPC__SPIN_SLEEPING
                   : wait == HPRPC_WAIT_ADAPTIVE ? history->manner
                                                 : HPRPC__SPIN_PLAINLY;
}

/* Before a wait for something that is not there yet. */
static inline void hprpc__spin_start(struct hprpc__spin *spin, enum hprpc_wait wait,
                                     struct hprpc__spin_history *history)
{
    hprpc__spin_resume(spin, wait, history);
    if (wait != HPRPC_WAIT_ADAPTIVE || KODOSIS_LIKELY(history->manner == HPRPC__SPIN_PLAINLY))
        return;
    spin->trial = ++history->waits >= history->patience;
    if (!spin->trial)
        return;
    spin->manner = history->manner - 1;
    history->waits = 0;
}

/* Whether to go straight to sleep, without a first look at the channel. */
static inline bool hprpc__spin_sleeps_at_once(const struct hprpc__spin *spin)
{
    return spin->manner == HPRPC__SPIN_SLEEPING;
}

/* Between two looks: leaves the processor's resources to its other half. */
static inline void hprpc__relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

/* How often to look in one turn: without anything in between, so that what comes is seen at once. */
static inline uint32_t hprpc__spin_looks(const struct hprpc__spin *spin)
{
    return spin->manner == HPRPC__SPIN_PLAINLY ? HPRPC__SPIN_CLOCK_EVERY : 1;
}

/*
 * Counts vain looks; true when it is time to look at the clock. They come one by one in company and several at once alone,
 * in any order: the count is compared, because no multiple of anything need ever be met.
 */
static inline bool hprpc__spin_wants_clock(struct hprpc__spin *spin, uint32_t looks)
{
    if (spin->manner == HPRPC__SPIN_SLEEPING)
        return true;
    hprpc__relax();
    spin->looked = true;
    spin->looks += looks;
    if (spin->manner != HPRPC__SPIN_YIELDING && spin->looks < HPRPC__SPIN_CLOCK_EVERY)
        return false;
    spin->looks = 0;
    return true;
}

/* A spin was in vain: changes the manner after several, and tries a more eager one less often. */
static inline void hprpc__spin_vain(struct hprpc__spin *spin)
{
    struct hprpc__spin_history *history = spin->history;

    if (spin->wait != HPRPC_WAIT_ADAPTIVE || spin->manner == HPRPC__SPIN_SLEEPING)
        return;
    if (spin->trial)
        history->patience *= history->patience < HPRPC__SPIN_TRY_VAIN ? 2 : 1;
    else if (++history->vain >= HPRPC__SPIN_VAIN_MAX)
        hprpc__spin_change(history, spin->manner + 1);
}

/*
 * Gives the processor away. Whoever gets it back late has company that does not yield, and is better off asleep, for the
 * scheduler prefers those that wake up: the manner changes at once, and yielding is tried again ever more seldom.
 */
static inline void hprpc__spin_yield(struct hprpc__spin *spin, struct hprpc_context *context, uint64_t now)
{
    struct hprpc__spin_history *history = spin->history;
    uint32_t patience = spin->trial ? history->patience * 2 : 0;

    sched_yield();
    if (KODOSIS_LIKELY(hprpc_context_now(context) - now < HPRPC__SPIN_SLOW_YIELD))
        return;
    hprpc__spin_change(history, HPRPC__SPIN_SLEEPING);
    history->patience = patience < HPRPC__SPIN_TRY_SLOW ? HPRPC__SPIN_TRY_SLOW : patience;
    if (history->patience > HPRPC__SPIN_TRY_LAST)
        history->patience = HPRPC__SPIN_TRY_LAST;
    spin->manner = HPRPC__SPIN_SLEEPING;
}

/* Whether to look again at this time, rather than to sleep. */
static inline bool hprpc__spin_goes_on(struct hprpc__spin *spin, struct hprpc_context *context, uint64_t now)
{
    if (spin->wait == HPRPC_WAIT_SPIN)
        return true;
    if (spin->manner == HPRPC__SPIN_SLEEPING)
        return false;
    if (!spin->started)
        spin->started = now;
    if (now - spin->started >= HPRPC__SPIN_NANOSECONDS)
        return false;
    if (spin->manner == HPRPC__SPIN_YIELDING)
        hprpc__spin_yield(spin, context, now);
    return true;
}

/* A spin that was in vain, and the sleep behind it, are over. */
static inline void hprpc__spin_slept(struct hprpc__spin *spin)
{
    hprpc__spin_vain(spin);
    hprpc__spin_resume(spin, spin->wait, spin->history);
}

/* A spin that found what it waited for. */
static inline void hprpc__spin_paid(struct hprpc__spin *spin)
{
    if (spin->wait != HPRPC_WAIT_ADAPTIVE || spin->manner == HPRPC__SPIN_SLEEPING || !(spin->looked || spin->trial))
        return;
    spin->history->vain = 0;
    if (spin->trial)
        hprpc__spin_change(spin->history, spin->manner);
}

#endif
