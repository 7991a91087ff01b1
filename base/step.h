/* SPDX-License-Identifier: MIT */
/*
 * Steps of a send and of a receive at which the kill harness ends or stops the process (tests/kill). Only the harness is compiled
 * with HPRPC_TEST_STEPS, and defines hprpc__step; elsewhere a step does nothing.
 */
#ifndef HPRPC_BASE_STEP_H
#define HPRPC_BASE_STEP_H

enum hprpc__step {
    HPRPC__STEP_RESERVED,     /* room for a message is taken */
    HPRPC__STEP_COMMIT,       /* the message is complete, and about to be seen */
    HPRPC__STEP_COMMITTED,    /* it can be seen, and the receiver was not woken */
    HPRPC__STEP_RING,         /* a sleeper is marked as woken, and the bell has not rung */
    HPRPC__STEP_RUNG,         /* a message is sent */
    HPRPC__STEP_PIECE,        /* a piece of a body is sent */
    HPRPC__STEP_TAKEN,        /* a message is received */
    HPRPC__STEP_PUBLISHED,    /* slots are given back, and the sender was not woken */
    HPRPC__STEP_ENTRY,        /* an entry of the return ring is taken, and empty */
    HPRPC__STEP_GROWN,        /* the arena has more memory, which is not used yet */
    HPRPC__STEP_RETURNED,     /* a chunk is given back, and the sender was not woken */
    HPRPC__STEP_PARKED,       /* about to sleep */
    HPRPC__STEP_AWAKE,        /* back from sleep */
    HPRPC__STEP_END,          /* about to say that this side closes */
    HPRPC__STEP_WRITE,        /* bytes are about to go to a stream */
    HPRPC__STEP_WRITTEN,      /* some of them are written */
    HPRPC__STEP_READ,         /* bytes came from a stream */
    HPRPC__STEP_PARCEL,       /* descriptors are about to go, ahead of their message */
    HPRPC__STEP_PARCEL_SENT,  /* they are sent, and their message cannot be seen */
    HPRPC__STEP_PARCEL_FOUND, /* they came, and their message is not received */
    HPRPC__STEP_COUNT,
};

#ifdef HPRPC_TEST_STEPS
void hprpc__step(enum hprpc__step step);
#else
static inline void hprpc__step(enum hprpc__step step)
{
    (void)step;
}
#endif

#endif
