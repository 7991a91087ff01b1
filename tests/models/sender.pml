/* SPDX-License-Identifier: MIT */
/* channel-shm/sender.c and staging.c. The lane that a side sends in has its number. */
typedef shm_sender {
	byte head;
	byte consumed;
	byte staged;   /* messages that found no room, of those that may be staged */
	bool unrung;
	byte returned; /* of its arena: entries of the return ring taken */
	byte length[UNITS];
};
shm_sender sender[2];

#define in_slots(side) (sender[side].head - sender[side].consumed)

inline look_for_room(me, side)
{
	load(me, CONSUMED(side), word);
	d_step {
		/* anything else is HPRPC_EPROTOCOL, and the other side has not broken it */
		assert(word >= sender[side].consumed && word <= sender[side].head);
		sender[side].consumed = word;
		word = 0
	}
}

inline hprpc__shm_slot_room(me, side, reserve)
{
	if
	:: SLOTS - in_slots(side) > reserve
	:: else -> look_for_room(me, side)
	fi;
	room = SLOTS - in_slots(side) > reserve
}

inline start_in_ring(me, side, units, reserve)
{
	hprpc__shm_slot_room(me, side, reserve);
#if CHUNKS
	if
	:: room -> hprpc__shm_arena_allocate(me, side, units); room = unit != NONE
	:: else
	fi
#endif
}

/* Encoding, by whoever reserved: into the slot, or into the chunk that the slot describes. The nth body is n + 1. */
inline write_body(me, side, position)
{
#if CHUNKS
	store_relaxed(me, REST(side, position), unit);
	store_relaxed(me, ARENA(side, unit), (position) + 1)
#else
	store_relaxed(me, REST(side, position), (position) + 1)
#endif
}

/* The commit word: the lap, and whether the kind is SHM_END. */
#define END 64
#define tag_at(position) ((position) / SLOTS + 1)

inline shm_slot_commit(me, side, kind)
{
	step!0;
	d_step {
		is_drained(me) || (mutated(COMMIT_WITHOUT_RELEASE) && buffers[me].place[1] == NONE) ->
		if
		:: buffers[me].place[0] == NONE ->
			buffers[me].value[0] = tag_at(sender[side].head) + (kind);
			buffers[me].place[0] = COMMIT(side, sender[side].head)
		:: else ->
			buffers[me].value[1] = tag_at(sender[side].head) + (kind);
			buffers[me].place[1] = COMMIT(side, sender[side].head)
		fi;
		sender[side].head++
	}
}

inline write_and_commit(me, side)
{
#if CHUNKS
	sender[side].length[unit] = sender[side].length[unit] | HANDED_OVER;
#endif
	if
	:: mutated(COMMIT_BEFORE_BODY) ->
		shm_slot_commit(me, side, 0);
		write_body(me, side, sender[side].head - 1)
	:: else ->
		write_body(me, side, sender[side].head);
		shm_slot_commit(me, side, 0)
	fi
}

/* The lane's `sleeping` says whether the receiver sleeps. */
inline wake_receiver(me, side)
{
	shm_wake(me, SLEEPING(side), 1 - (side))
}

inline hprpc__shm_end_call(me, side)
{
	write_and_commit(me, side);
	if
#if CORKED
	:: sender[side].unrung = true
#endif
	:: wake_receiver(me, side);
		if
		:: in_slots(side) > SLOTS / 2 -> look_for_room(me, side)
		:: else
		fi
	fi
}

inline hprpc__shm_waits_for_room(me, side)
{
	if
	:: mutated(HUNGRY_BEHIND_STARVED) -> load(me, STARVED(side), word); exchange(me, HUNGRY(side), 1, scratch)
	:: else -> exchange(me, HUNGRY(side), 1, scratch); load(me, STARVED(side), word)
	fi;
	d_step { waits = word; word = 0; scratch = 0 }
}

inline start_request_again(me, side, units)
{
	looks = 0;
	do
	:: looks == SHM_LOOKS || room -> break
	:: looks < SHM_LOOKS && !room ->
		looks++;
		shm_park(me, STARVED(side));
		if
		:: mutated(REQUEST_LOOKS_ONCE)
		:: else -> start_in_ring(me, side, units, RESERVE)
		fi;
		if
		:: room && mutated(WISH_CALLED_OFF) -> shm_unpark(me, STARVED(side)); word = 0
		:: room && !mutated(WISH_CALLED_OFF)
		:: !room -> hprpc__shm_waits_for_room(me, side);
			if
			:: waits -> waits = false; break
			:: else
			fi
		fi
	od;
	looks = 0
}

/* hprpc__shm_start_call and start_slowly, of a request. `room`: it is reserved; else HPRPC_EAGAIN. */
inline start_request(me, side, units)
{
	room = false;
	if
	:: sender[side].staged == 0 -> start_in_ring(me, side, units, RESERVE)
#if REPLIES
	:: else -> hprpc__shm_feed(me, side)
#endif
	fi;
	if
	:: !room && sender[side].staged == 0 -> start_request_again(me, side, units)
	:: else
	fi
}

inline feed_slot(me, side)
{
	start_in_ring(me, side, CHUNK, 0);
	if
	:: room -> write_and_commit(me, side); wake_receiver(me, side)
	:: else
	fi
}

/* Leaves `room` false, as every way of it ends in HPRPC_EAGAIN or with nothing left. */
inline hprpc__shm_feed(me, side)
{
	looks = 0;
	parked = false;
	do
	:: sender[side].staged == 0 -> break
	:: sender[side].staged != 0 ->
		feed_slot(me, side);
		if
		:: room -> d_step { sender[side].staged--; parked = false; room = false }
		:: !room && parked ->
			hprpc__shm_waits_for_room(me, side);
			looks++;
			if
			:: waits || looks == SHM_LOOKS -> waits = false; break
			:: else -> shm_park(me, STARVED(side))
			fi
		:: !room && !parked ->
			shm_park(me, STARVED(side));
			parked = true;
			if
			:: mutated(FEED_LOOKS_ONCE) -> hprpc__shm_waits_for_room(me, side); waits = false; break
			:: else
			fi
		fi
	od;
	atomic { looks = 0; parked = false }
}

/* end_staged and hprpc__shm_enqueue: a reply finds memory where it finds no room. */
inline send_reply(me, side)
{
	room = false;
	if
	:: sender[side].staged == 0 -> start_in_ring(me, side, CHUNK, 0)
	:: else
	fi;
	if
	:: room -> room = false; hprpc__shm_end_call(me, side)
	:: else -> sender[side].staged++; hprpc__shm_feed(me, side)
	fi
}

#define is_queued(side) (sender[side].staged || sender[side].unrung)

inline hprpc__shm_flush(me, side)
{
#if CORKED
	if
	:: sender[side].unrung ->
		sender[side].unrung = false;
		if
		:: mutated(FLUSH_WITHOUT_RING)
		:: else -> wake_receiver(me, side)
		fi
	:: else
	fi;
#endif
#if REPLIES
	hprpc__shm_feed(me, side)
#endif
}

inline hprpc__shm_send_end(me, side)
{
	if
	:: sender[side].staged == 0 ->
		hprpc__shm_slot_room(me, side, 0);
		if
		:: room -> shm_slot_commit(me, side, END); wake_receiver(me, side); room = false
		:: else
		fi
	:: else
	fi
}
