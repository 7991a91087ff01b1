/*
 * How long to look before sleeping: the one strategy behind HPRPC_WAIT_SPIN, _ADAPTIVE and _BLOCK. Adaptive spins for
 * about the cost of being woken up, which loses at most as much again, and less where spinning has lately been in vain
 * (the other side shares this processor, or answers slowly).
 */
#ifndef HPRPC_RPC_SPIN_H
#define HPRPC_RPC_SPIN_H

#include <hprpc/channel.h>

enum {
    HPRPC__SPIN_NANOSECONDS = 50 * 1000, /* adaptive: a wake-up costs 10 to 50 microseconds */
    HPRPC__SPIN_CLOCK_EVERY = 16,        /* looks at the channel between two looks at the clock */
    HPRPC__SPIN_FAILED_MAX = 8,          /* after so many vain spins in a row, spin only now and then */
    HPRPC__SPIN_PROBE = 32,              /* namely every so many waits */
};

struct hprpc__spin {
    enum hprpc_wait wait;
    uint32_t looks;
    uint64_t started; /* 0 before the first look at the clock */
    bool sleeps;      /* now: do not spin at all */
    int *failed;      /* shared by all waits of one pump: how many in a row ended in a sleep */
};

static inline void hprpc__spin_start(struct hprpc__spin *spin, enum hprpc_wait wait, int *failed)
{
    spin->wait = wait;
    spin->looks = 0;
    spin->started = 0;
    spin->failed = failed;
    spin->sleeps = wait == HPRPC_WAIT_BLOCK;
    if (wait == HPRPC_WAIT_ADAPTIVE && *failed > HPRPC__SPIN_FAILED_MAX)
        spin->sleeps = ++*failed % HPRPC__SPIN_PROBE != 0;
}

/* Whether to go straight to sleep, without a first look at the channel. */
static inline bool hprpc__spin_sleeps_at_once(const struct hprpc__spin *spin)
{
    return spin->sleeps;
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
    return spin->sleeps ? 1 : HPRPC__SPIN_CLOCK_EVERY;
}

/* Counts vain looks; true when it is time to look at the clock. */
static inline bool hprpc__spin_wants_clock(struct hprpc__spin *spin, uint32_t looks)
{
    if (spin->sleeps)
        return true;
    hprpc__relax();
    spin->looks += looks;
    return spin->looks % HPRPC__SPIN_CLOCK_EVERY == 0;
}

/* Whether to keep spinning at this time. */
static inline bool hprpc__spin_goes_on(struct hprpc__spin *spin, uint64_t now)
{
    if (spin->sleeps)
        return false;
    if (spin->wait == HPRPC_WAIT_SPIN)
        return true;
    if (!spin->started)
        spin->started = now;
    return now - spin->started < HPRPC__SPIN_NANOSECONDS;
}

/* A spin that was in vain, and the sleep behind it, are over. */
static inline void hprpc__spin_slept(struct hprpc__spin *spin, enum hprpc_wait wait)
{
    if (wait == HPRPC_WAIT_ADAPTIVE && !spin->sleeps && *spin->failed <= HPRPC__SPIN_FAILED_MAX)
        ++*spin->failed;
    spin->looks = 0;
    spin->started = 0;
    spin->sleeps = wait == HPRPC_WAIT_BLOCK;
}

/* A spin that found what it waited for. */
static inline void hprpc__spin_paid(struct hprpc__spin *spin)
{
    if (spin->looks && !spin->sleeps)
        *spin->failed = 0;
}

#endif
