/* SPDX-License-Identifier: MIT */
/* channel-shm/receiver.c. A side receives in the lane of the other. */
typedef shm_receiver {
	byte tail;
	byte published;
	byte idle;
	bool lent;
	bool armed;
	bool unread;
	bool drains;
	bool woken;
	byte returned; /* entries of the return ring given out */
};
shm_receiver receiver[2];

/* Chunks that a side's other threads hold: unit and number. */
chan held[2] = [UNITS] of { byte, byte };

#define from(side) (1 - (side))

inline publish(me, side, position)
{
	d_step { receiver[side].published = position };
	store_release(me, CONSUMED(from(side)), receiver[side].published);
	shm_wake(me, STARVED(from(side)), from(side))
}

/* `position` is the calling thread's own. */
inline give_back(me, side, chunk)
{
	d_step { position = receiver[side].returned; receiver[side].returned++ };
	store_release(me, RETURNS(from(side), position), (position / UNITS + 1) << 3 | (chunk));
	position = 0;
	shm_wake(me, STARVED(from(side)), from(side))
}

#define expected_tag(side) tag_at(receiver[side].tail)

/* What a receiver sees in the next slot. */
#define is_message(side, commit)                                                        \
	((commit) % END == expected_tag(side) || (mutated(SLOTS_WITHOUT_LAP) && (commit) % END != 0))

inline load_commit(me, side)
{
	load(me, COMMIT(from(side), receiver[side].tail), word)
}

/* Whoever is still reading the body in the last slot must find it as it was. */
inline end_of_lent(me, side)
{
	if
	:: receiver[side].lent ->
		load(me, REST(from(side), receiver[side].tail - 1), word);
		d_step { assert(word == receiver[side].tail); word = 0; receiver[side].lent = false }
	:: else
	fi
}

inline hprpc__shm_break(side)
{
	state[side] = BROKEN
}

inline look_at_lifeline(me, side)
{
	step!0;
	d_step { /* is_hung_up: one poll */
		if
		:: receiver[side].woken && (rung[side] || packets[side]) ->
			receiver[side].unread = true;
			receiver[side].drains = true
		:: else
		fi;
		receiver[side].woken = false;
		receiver[side].idle = 0;
		gone = hung[side]
	};
	if
	:: gone ->
		d_step { gone = false; receiver[side].idle = IDLE_MAX };
		if
		:: mutated(GONE_WITHOUT_LAST_LOOK) -> hprpc__shm_break(side)
		:: else ->
			load_commit(me, side);
			if
			:: is_message(side, word)
			:: else -> hprpc__shm_break(side)
			fi;
			word = 0
		fi
	:: else
	fi
}

inline receive_nothing(me, side)
{
	if
	:: receiver[side].tail != receiver[side].published ->
		if
		:: receiver[side].tail - receiver[side].published < PUBLISH_IDLE -> load(me, STARVED(from(side)), word)
		:: else -> word = 1
		fi;
		if
		:: word -> word = 0; publish(me, side, receiver[side].tail)
		:: else
		fi
	:: else
	fi;
	if
	:: receiver[side].woken || receiver[side].idle >= IDLE_MAX -> look_at_lifeline(me, side)
	:: else -> receiver[side].idle++
	fi
}

/* A chunk: copied at once by receive_piece, or by receive_chunk where nobody is trusted, or lent to another thread. */
inline receive_chunk(me, side)
{
	load(me, REST(from(side), receiver[side].tail), unit);
#if COPIED
	if
	:: mutated(RETURN_BEFORE_COPY) -> give_back(me, side, unit)
	:: else
	fi;
#endif
	load(me, ARENA(from(side), unit), word);
	d_step { assert(word == receiver[side].tail + 1); word = 0; receiver[side].tail++ };
#if COPIED
	if
	:: mutated(RETURN_BEFORE_COPY)
	:: else -> give_back(me, side, unit)
	fi;
#else
	held[side]!unit,receiver[side].tail;
#endif
	unit = 0
}

inline receive_inline(me, side)
{
	load(me, REST(from(side), receiver[side].tail), word);
	d_step {
		assert(word == receiver[side].tail + 1);
		word = 0;
		receiver[side].lent = true;
		receiver[side].tail++
	}
}

/* `got`: there was a message. */
inline hprpc__shm_receive(me, side)
{
	end_of_lent(me, side);
	load_commit(me, side);
	if
	:: !is_message(side, word) ->
		d_step {
			assert(word % END == expected_tag(side) - 1); /* anything else is HPRPC_EPROTOCOL */
			word = 0
		};
		receive_nothing(me, side)
	:: else ->
		d_step { receiver[side].idle = 0; receiver[side].woken = false; vain[side] = 0; kind = word / END; word = 0 };
		if
		:: receiver[side].tail - receiver[side].published >= PUBLISH_BUSY -> publish(me, side, receiver[side].tail)
		:: else
		fi;
		if
		:: kind -> d_step { kind = 0; receiver[side].tail++; }; hprpc__shm_break(side)
#if CHUNKS
		:: else -> receive_chunk(me, side); got = true
#else
		:: else -> receive_inline(me, side); got = true
#endif
		fi
	fi
}

inline is_fed(me, side)
{
	if
	:: mutated(ROOM_FORGOTTEN)
	:: else -> load(me, HUNGRY(side), word);
		if
		:: word ->
			load(me, STARVED(side), word);
			if
			:: word == 0 -> fed = true; exchange(me, HUNGRY(side), 0, word)
			:: else
			fi
		:: else
		fi;
		word = 0
	fi
}

inline stop_sleeping(me, side)
{
	receiver[side].armed = false;
	shm_unpark(me, SLEEPING(from(side)));
	if
	:: word -> word = 0
	:: else -> receiver[side].unread = receiver[side].drains
	fi
}

inline drain_if_need_be(side)
{
	if
	:: receiver[side].unread || PACKETS ->
		receiver[side].unread = false;
		hprpc__shm_bell_drain(side);
		receiver[side].woken = receiver[side].woken || ended
	:: else
	fi
}

/* `sleeps`: false where the code returns true, that is when there is something to do. */
inline hprpc__shm_arm(me, side)
{
	if
	:: mutated(PARK_WITHOUT_DRAIN) || mutated(DRAIN_BEHIND_LOOK)
	:: else -> drain_if_need_be(side)
	fi;
	if
	:: ended && !mutated(DRAIN_BEHIND_LOOK)
	:: else -> park_and_look(me, side)
	fi;
	ended = false
}

inline park_and_look(me, side)
{
	done = receiver[side].tail - (receiver[side].lent && !mutated(LENT_SLOT_FORGOTTEN));
	if
	:: done > receiver[side].published && !mutated(SLEEP_WITHOUT_PUBLISH) -> publish(me, side, done)
	:: else
	fi;
	done = 0;
	receiver[side].armed = true;
	shm_park(me, SLEEPING(from(side)));
	if
	:: mutated(ARM_WITHOUT_LOOK)
	:: else -> load_commit(me, side)
	fi;
	if
	:: !is_message(side, word) && state[side] == OPEN -> word = 0; is_fed(me, side); sleeps = !fed
	:: else -> word = 0
	fi;
	fed = false;
	if
	:: mutated(DRAIN_BEHIND_LOOK) -> drain_if_need_be(side)
	:: else
	fi;
	if
	:: !sleeps -> stop_sleeping(me, side)
	:: else
	fi
}

inline hprpc__shm_disarm(me, side)
{
	if
	:: receiver[side].armed -> stop_sleeping(me, side); receiver[side].woken = true
	:: else
	fi
}
