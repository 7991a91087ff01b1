/* SPDX-License-Identifier: MIT */
/*
 * What run-models breaks, one at a time, and under which of its settings the model must then fail. The program that checks
 * a setting takes the number from the environment, so that it is compiled once.
 */
c_decl {
\#include <stdlib.h>
static int mutation;
__attribute__((constructor)) static void choose_mutation(void)
{
	const char *chosen = getenv("MUTATION");

	mutation = chosen ? atoi(chosen) : 0;
}
}
#define mutated(name) c_expr { mutation == name }

/* No full barrier between a store and the look that follows it: shm_park or shm_wake without an exchange. */
#define PARK_SLEEPING_WITHOUT_BARRIER 1 /* immortal */
#define PARK_STARVED_WITHOUT_BARRIER 2  /* immortal */
#define WAKE_SLEEPING_WITHOUT_BARRIER 3 /* immortal */
#define WAKE_STARVED_WITHOUT_BARRIER 4  /* immortal */

/* No second look after parking. */
#define ARM_WITHOUT_LOOK 5   /* immortal */
#define REQUEST_LOOKS_ONCE 6 /* immortal */
#define FEED_LOOKS_ONCE 7    /* staged staged-packets */

/* Rings and ends that are taken for one, or are eaten. */
#define LIFELINE_BY_EDGE 8        /* packets */
#define PARK_WITHOUT_DRAIN 9      /* packets levels */
#define DRAIN_BEHIND_LOOK 10      /* packets levels */
#define GONE_WITHOUT_LAST_LOOK 11 /* doorbells packets */
#define CLOSE_WITHOUT_SHUTDOWN 12 /* closing closing-packets */
#define FLUSH_WITHOUT_RING 13     /* corked */

/* Room that comes, and is not noticed. */
#define SLEEP_WITHOUT_PUBLISH 14 /* immortal */
#define ROOM_FORGOTTEN 15        /* packets staged-packets */
#define HUNGRY_BEHIND_STARVED 16 /* staged-packets */
#define WISH_CALLED_OFF 17       /* two-callers */

/* Messages that are torn, stale or overwritten. */
#define COMMIT_BEFORE_BODY 18     /* immortal copied */
#define COMMIT_WITHOUT_RELEASE 19 /* immortal */
#define SLOTS_WITHOUT_LAP 20      /* immortal */
#define LENT_SLOT_FORGOTTEN 21    /* immortal */
#define RETURNS_WITHOUT_LAP 22    /* copied */
#define RETURN_BEFORE_COPY 23     /* copied */
#define RETURN_BEFORE_RELEASE 24  /* lent */
