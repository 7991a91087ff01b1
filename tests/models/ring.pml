/* SPDX-License-Identifier: MIT */
/*
 * A model of the shared-memory ring with parking (channel-shm/), for Spin: a client that sends, a server that receives, and
 * death at any step. tests/models/run-models checks it with the settings and the mutations that it lists.
 *
 * What stands for what. Inlines have the names of the functions that they stand for, and lie in files of the same names:
 *   memory.pml    the shared words of layout.h (struct shm_words, shm_slot, shm_lane), and when others see a store
 *   bell.pml      bell.h and bell.c; hang_up and sleep_on_watches are the kernel's part
 *   arena.pml     arena.c
 *   sender.pml    sender.c, staging.c; start_request and send_reply are hprpc__shm_start_call and hprpc__shm_end_call of
 *                 messages that are turned away, or staged, where there is no room
 *   receiver.pml  receiver.c; end_of_lent is the moment at which hprpc__shm_receive may be called again
 *   ring.pml      channel.c's close_channel; the threads: pump stands for a loop or a client in thread mode
 *                 (rpc/pump/loop.c), caller_that_pumps for one in caller mode (rpc/pump/wait.c), caller for a thread beside a pump,
 *                 releaser for any thread that calls hprpc__shm_release
 * Members have the names that they have in struct shm_sender, shm_receiver and shm_arena, except that `next` and `tag` are
 * computed from `head` or `tail`, and that an arena's members stand with the sender's.
 *
 * What must be true. At any time: a body that is read, or may still be read, is the one that was sent (the asserts in
 * receiver.pml and releaser); nobody breaks the protocol; nobody wakes up in vain again and again. When nothing moves
 * any more (judge): no message is left in the ring of a living receiver, no side that died or closed is unseen, nobody
 * waits for room, and nothing is staged or unrung.
 *
 * What is left out. One direction carries messages; the other is there for its rings and its end alone. Headers and pieces
 * are like bodies; a body is one word, its number. Loads happen in the order of the program, so an acquire that is missing
 * is not found (the thread sanitizer does). Positions do not wrap (tests/channel-shm/exchange.c has them wrap). Memory and system
 * calls do not fail. How a pump tells its waiting callers of a turn is one flag. A stopped process is a slow one. A peer
 * that breaks the protocol is the matter of tests/channel-shm/corrupt.c.
 */
#include "bounds.pml"
#include "mutations.pml"
#include "memory.pml"

mtype = { OPEN, BROKEN };
mtype state[2] = OPEN;
bool dead[2];      /* killed */
bool closed[2];    /* of its own will */
bool lock[2];      /* the controller's: who holds it sends */
bool stirred[THREADS]; /* the pump has made a turn since a thread's last attempt to send */
byte budget[2];    /* messages that a side may still send */
byte waiting[2];   /* threads that wait for room */

#include "bell.pml"
#include "arena.pml"
#include "sender.pml"
#include "receiver.pml"

#define LOCALS                                                                       \
	byte word, scratch, unit, looks, position, done;                                   \
	bool room, waits, parked, gone, kind, got, fed, sleeps, slept, ended

inline acquire_lock(side) { step!0; !lock[side] -> lock[side] = true }
inline release_lock(side) { lock[side] = false }

/* rpc/pump/turn.c: hprpc__controller_turn */
inline turn(me, side)
{
	hprpc__shm_receive(me, side);
#if REPLIES || CORKED
	if
	:: !got && state[side] == OPEN && is_queued(side) ->
		acquire_lock(side);
		hprpc__shm_flush(me, side);
		release_lock(side)
	:: else
	fi;
#endif
#if THREADED
	d_step { stirred[0] = stirred[0] || side == CLIENT; stirred[3] = stirred[3] || side == CLIENT }
#endif
}

/* rpc/pump/wait.c: sleep_on_channel; rpc/pump/loop.c: park, and the events that activate. */
inline sleep_on_channel(me, side)
{
	sleeps = false;
	hprpc__shm_arm(me, side);
	if
	:: sleeps -> sleep_on_watches(side); sleeps = false
	:: else
	fi;
	hprpc__shm_disarm(me, side)
}

/* channel.c: close_channel */
inline close_channel(me, side)
{
	acquire_lock(side);
	if
	:: state[side] == OPEN ->
		hprpc__shm_send_end(me, side);
		d_step { closed[side] = true; state[side] = BROKEN };
		if
		:: mutated(CLOSE_WITHOUT_SHUTDOWN)
		:: else -> step!0; is_drained(me); hang_up(side); hang_up(1 - (side))
		fi
	:: else
	fi;
	release_lock(side)
}

/* A thread that pumps for good: a server's loop, or a client in thread mode. */
proctype pump(byte me; byte side)
{
	LOCALS;
	atomic {
		do
		:: state[side] != OPEN -> break
		:: state[side] == OPEN ->
			turn(me, side);
			if
			:: state[side] == OPEN -> sleep_on_channel(me, side)
			:: SPINS || got || state[side] != OPEN
			fi;
			got = false
		od
	} unless { dead[side] }
}

#if THREADED
/* A thread that sends, and leaves the pump to another. */
proctype caller(byte me; byte side; byte units)
{
	LOCALS;
	atomic {
		do
		:: state[side] != OPEN || budget[side] == 0 -> break
		:: state[side] == OPEN && budget[side] != 0 ->
			acquire_lock(side);
			if
			:: budget[side] == 0 || state[side] != OPEN -> release_lock(side)
#if REQUESTS
			:: budget[side] != 0 && state[side] == OPEN ->
				stirred[me] = false;
				start_request(me, side, units);
				if
				:: room ->
					d_step { budget[side]--; room = false };
					hprpc__shm_end_call(me, side);
					release_lock(side)
				:: else ->
					release_lock(side);
					waiting[side]++;
					/* rpc/pump/wait.c: wait_for_pumper */
					stirred[me] || state[side] != OPEN;
					waiting[side]--
				fi
#endif
#if REPLIES
			:: budget[side] != 0 && state[side] == OPEN ->
				budget[side]--;
				send_reply(me, side);
				release_lock(side)
#endif
			fi
		od
#if CLOSES
		;
		if
		:: close_channel(me, side)
		:: true
		fi
#endif
	} unless { dead[side] }
}
#else
/*
 * A thread that pumps only while it waits (caller mode), for room or for an answer. Between an attempt that found no room
 * and the sleep lies no turn.
 */
proctype caller_that_pumps(byte me; byte side)
{
	LOCALS;
	atomic {
		do
		:: state[side] != OPEN -> break
		:: state[side] == OPEN && budget[side] != 0 && !waiting[side] ->
			if
#if REQUESTS
			:: start_request(me, side, CHUNK);
				if
				:: room -> d_step { budget[side]--; room = false }; hprpc__shm_end_call(me, side)
				:: else -> waiting[side] = 1
				fi
#endif
#if REPLIES
			:: budget[side]--; send_reply(me, side)
#endif
			fi
		:: state[side] == OPEN && !slept && !sender[side].unrung -> sleep_on_channel(me, side); slept = true
		:: state[side] == OPEN && (slept || sender[side].unrung || SPINS) ->
			turn(me, side);
			d_step { slept = false; got = false; waiting[side] = 0 }
#if CLOSES
		:: state[side] == OPEN -> close_channel(me, side); break
#endif
		od
	} unless { dead[side] }
}
#endif

#if CHUNKS && !COPIED
/* A thread that is done with a lent chunk some time, in any order with others: hprpc__shm_release. */
proctype releaser(byte me; byte side)
{
	byte word, position, unit, number;
	atomic {
		do
		:: step!0; held[side]?unit,number ->
			if
			:: mutated(RETURN_BEFORE_RELEASE) -> give_back(me, side, unit)
			:: else
			fi;
			load(me, ARENA(from(side), unit), word);
			d_step { assert(word == number); word = 0; number = 0 };
			if
			:: mutated(RETURN_BEFORE_RELEASE)
			:: else -> give_back(me, side, unit)
			fi;
			unit = 0
		od
	} unless { dead[side] }
}

#endif

#define is_silent(side) (dead[side] && !hung[1 - (side)])

active proctype kernel()
{
	do
	:: flush(0, 0)
	:: flush(0, 1)
	:: flush(1, 0)
	:: flush(1, 1)
	:: flush(2, 0)
	:: flush(2, 1)
	:: flush(3, 0)
	:: flush(3, 1)
	:: flush(4, 0)
	:: flush(5, 0)
	:: atomic { is_silent(CLIENT) && is_drained(0) && is_drained(1) && is_drained(3) -> hang_up(SERVER) }
	:: atomic { is_silent(SERVER) && is_drained(2) && is_drained(4) && is_drained(5) -> hang_up(CLIENT) }
	od
}

active proctype death()
{
	if
	:: DEATHS -> dead[CLIENT] = true
	:: DEATHS -> dead[SERVER] = true
	:: true
	fi
}

/* Nothing moves any more: what must be true then? */
#define is_left(side) (memory[COMMIT(from(side), receiver[side].tail)] % END == expected_tag(side))

active proctype judge()
{
	byte side;

	timeout ->
	do
	:: side < 2 ->
		if
		:: dead[side] || closed[side]
		:: !dead[side] && !closed[side] ->
			assert(!is_left(side));                                       /* a message, and nobody will wake its receiver */
			assert(state[side] == BROKEN || !(dead[1 - side] || closed[1 - side])); /* an end that was not seen */
			assert(waiting[side] == 0);                                   /* for room, though everything was received */
			assert(state[side] == BROKEN || !is_queued(side))
		fi;
		side++
	:: else -> break
	od
}

init {
	atomic {
		budget[CLIENT] = MESSAGES;
#if THREADED
		run pump(1, CLIENT);
		run caller(0, CLIENT, 1);
#if THREADED == 2
		run caller(3, CLIENT, 2);
#endif
#else
		run caller_that_pumps(0, CLIENT);
#endif
		run pump(2, SERVER);
#if CHUNKS && !COPIED
		run releaser(4, SERVER);
#if RELEASERS == 2
		run releaser(5, SERVER)
#endif
#endif
	}
}
