/* SPDX-License-Identifier: MIT */
/*
 * How long to look before sleeping: the one strategy behind HPRPC_WAIT_SPIN, _ADAPTIVE and _BLOCK. Adaptive spins for about
 * the cost of a wake-up, which loses at most as much again. Where that fails again and again, the other side probably shares
 * this processor, and cannot run while this side spins. Then adaptive spins and yields: that is cheaper than a sleep and a
 * wake-up, and both sides stay runnable, so the scheduler moves one of them to an idle processor. Where that fails too (the
 * other side answers slowly, or other threads want the processor), adaptive sleeps at once. Now and then it tries the next more
 * eager manner again, less and less often as long as that fails.
 */
#ifndef HPRPC_RPC_CONNECTION_SPIN_H
#define HPRPC_RPC_CONNECTION_SPIN_H

#include <sched.h>

#include <hprpc/channel/transport.h>

enum {
    HPRPC__SPIN_NANOSECONDS = 50 * 1000,  /* a wake-up costs 10 to 50 microseconds */
    HPRPC__NAP_NANOSECONDS = 1000 * 1000, /* between two looks at a connection that cannot wake its thread */
    HPRPC__SPIN_SLOW_YIELD = 500 * 1000,  /* a yield that takes so long met a busy thread: stop yielding, and sleep */
    HPRPC__SPIN_CLOCK_EVERY = 16,         /* looks at the channel between two looks at the clock */
    HPRPC__SPIN_VAIN_MAX = 4,             /* spins in a row that find nothing, after which the manner changes */
    HPRPC__SPIN_TRY_FIRST = 64,           /* waits before the next more eager manner is tried */
    HPRPC__SPIN_TRY_VAIN = 1024,        /* most such waits, while trials fail: a trial costs about a percent of them */
    HPRPC__SPIN_TRY_SLOW = 8 * 1024,    /* least such waits, after a trial has cost a time slice */
    HPRPC__SPIN_TRY_LAST = 1024 * 1024, /* most such waits, after that */
};

enum hprpc__spin_manner { HPRPC__SPIN_PLAINLY, HPRPC__SPIN_YIELDING, HPRPC__SPIN_SLEEPING };

/* What all the waits of one pump have learned; zeroed to begin with. */
struct hprpc__spin_history {
    uint32_t waits;    /* since the last change or trial */
    uint32_t patience; /* waits before the next trial */
    uint8_t manner;    /* enum hprpc__spin_manner */
    uint8_t vain;      /* spins in a row that ended in a sleep; HPRPC__SPIN_VAIN_MAX at most */
};

/* One wait. */
struct hprpc__spin {
    uint8_t wait;     /* enum hprpc_wait */
    uint8_t manner;   /* enum hprpc__spin_manner */
    bool trial;       /* more eager than the history suggests */
    bool looked;      /* at least one look found nothing */
    uint32_t looks;   /* looks that found nothing, since the last look at the clock */
    uint64_t started; /* 0 before the first look at the clock */
    struct hprpc__spin_history *history;
};

static inline void hprpc__spin_change(struct hprpc__spin_history *history, enum hprpc__spin_manner manner)
{
    history->manner = (uint8_t)manner;
    history->vain = 0;
    history->waits = 0;
    history->patience = HPRPC__SPIN_TRY_FIRST;
}

/* Begins a wait after a sleep, which teaches nothing: what it waits for is probably there. */
static inline void hprpc__spin_resume(struct hprpc__spin *spin, enum hprpc_wait wait,
                                      struct hprpc__spin_history *history)
{
    spin->wait = (uint8_t)wait;
    spin->looked = false;
    spin->looks = 0;
    spin->started = 0;
    spin->trial = false;
    spin->history = history;
    spin->manner = wait == HPRPC_WAIT_BLOCK      ? (uint8_t)HPRPC__SPIN_SLEEPING
                   : wait == HPRPC_WAIT_ADAPTIVE ? history->manner
                                                 : (uint8_t)HPRPC__SPIN_PLAINLY;
}

/* Begins a wait for something that is not there yet. */
static inline void hprpc__spin_start(struct hprpc__spin *spin, enum hprpc_wait wait,
                                     struct hprpc__spin_history *history)
{
    hprpc__spin_resume(spin, wait, history);
    if (wait != HPRPC_WAIT_ADAPTIVE || KODOSIS_LIKELY(history->manner == HPRPC__SPIN_PLAINLY))
        return;
    spin->trial = ++history->waits >= history->patience;
    if (!spin->trial)
        return;
    spin->manner = (uint8_t)(history->manner - 1);
    history->waits = 0;
}

/* Whether to go straight to sleep, without a first look at the channel. */
static inline bool hprpc__spin_sleeps_at_once(const struct hprpc__spin *spin)
{
    return spin->manner == HPRPC__SPIN_SLEEPING;
}

/* Called between two looks: leaves resources to the other thread of the processor's core. */
static inline void hprpc__relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

/* How often to look in one turn. Nothing else is done between these looks, so a message is seen at once. */
static inline uint32_t hprpc__spin_looks(const struct hprpc__spin *spin)
{
    return spin->manner == HPRPC__SPIN_PLAINLY ? HPRPC__SPIN_CLOCK_EVERY : 1;
}

/*
 * Counts looks that found nothing; true when it is time to look at the clock. A connection that is active alone adds several
 * looks at once, others add one, so the count is compared with >= and may pass the limit.
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

/* Counts a spin that found nothing: several change the manner, and a trial that fails makes trials less frequent. */
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
 * Yields the processor. If sched_yield() takes longer than HPRPC__SPIN_SLOW_YIELD, a busy thread shares the processor, and the
 * scheduler prefers threads that wake up: the manner changes to sleeping at once, and yielding is tried less and less often.
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

/* Whether to look again at this time; false: sleep. */
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

/* Called after a spin that found nothing and the sleep that followed. */
static inline void hprpc__spin_slept(struct hprpc__spin *spin)
{
    hprpc__spin_vain(spin);
    hprpc__spin_resume(spin, (enum hprpc_wait)spin->wait, spin->history);
}

/* Called after a spin that found what it waited for. */
static inline void hprpc__spin_paid(struct hprpc__spin *spin)
{
    if (spin->wait != HPRPC_WAIT_ADAPTIVE || spin->manner == HPRPC__SPIN_SLEEPING || !(spin->looked || spin->trial))
        return;
    spin->history->vain = 0;
    if (spin->trial)
        hprpc__spin_change(spin->history, spin->manner);
}

#endif
