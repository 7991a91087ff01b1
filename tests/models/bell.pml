/* SPDX-License-Identifier: MIT */
/* channel-shm/bell.h and bell.c, and the kernel's part in them: doorbells, packets, and the two ways to sleep on them. */
bool rung[2];    /* an eventfd's count is not 0 */
byte packets[2]; /* in the socket of a side */
bool hung[2];    /* the socket of a side is hung up */
bool edge[2];    /* something happened on the bell since the last wake-up */
byte vain[2];    /* wake-ups since the last ring or message */

inline shm_park(me, at)
{
	if
	:: mutated(PARK_SLEEPING_WITHOUT_BARRIER) && (at) % LANE == SLEEPING(0) -> store_release(me, at, 1)
	:: mutated(PARK_STARVED_WITHOUT_BARRIER) && (at) % LANE == STARVED(0) -> store_release(me, at, 1)
	:: else -> exchange(me, at, 1, word); word = 0
	fi
}

inline shm_unpark(me, at)
{
	exchange(me, at, 0, word)
}

inline shm_wake(me, at, whom)
{
	if
	:: (mutated(WAKE_SLEEPING_WITHOUT_BARRIER) && (at) % LANE == SLEEPING(0)) ||
		   (mutated(WAKE_STARVED_WITHOUT_BARRIER) && (at) % LANE == STARVED(0)) ->
		load(me, at, word);
		if
		:: word -> store_release(me, at, 0)
		:: else
		fi
	:: else -> exchange(me, at, 0, word)
	fi;
	if
	:: word -> word = 0; hprpc__shm_bell_ring(whom)
	:: else
	fi
}

inline hprpc__shm_bell_ring(whom)
{
	step!0;
	d_step {
		if
		:: PACKETS && packets[whom] < PACKETS_ROOM -> packets[whom]++; edge[whom] = true
		:: PACKETS && packets[whom] == PACKETS_ROOM
		:: !PACKETS -> rung[whom] = true; edge[whom] = true
		fi;
		vain[whom] = 0
	}
}

/* `ended`: the other side has hung up. */
inline hprpc__shm_bell_drain(side)
{
	step!0;
	d_step {
		ended = PACKETS && hung[side] && packets[side] < PACKETS_MAX;
		if
		:: PACKETS && packets[side] > PACKETS_MAX -> packets[side] = packets[side] - PACKETS_MAX
		:: PACKETS && packets[side] <= PACKETS_MAX -> packets[side] = 0
		:: !PACKETS -> rung[side] = false
		fi
	}
}

inline hang_up(side)
{
	d_step { hung[side] = true; edge[side] = edge[side] || PACKETS; vain[side] = 0 }
}

/*
 * hprpc__loop and hprpc__sleeper sleep in epoll on what `watch` (channel.c) names: the doorbell by edges, the lifeline by
 * level. The pump of a client in somebody else's loop polls both by level.
 */
inline sleep_on_watches(side)
{
	step!0;
	if
	:: !PACKETS && !LEVELS && edge[side] && rung[side] -> edge[side] = false
	:: !PACKETS && LEVELS && rung[side]
	:: !PACKETS && hung[side]
	:: PACKETS && !mutated(LIFELINE_BY_EDGE) && (packets[side] || hung[side])
	:: PACKETS && mutated(LIFELINE_BY_EDGE) && edge[side] && (packets[side] || hung[side]) -> edge[side] = false
	fi;
	d_step { vain[side]++; assert(vain[side] <= VAIN_MAX) }
}
