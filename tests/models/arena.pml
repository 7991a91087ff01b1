/* SPDX-License-Identifier: MIT */
/* channel-shm/arena.c: the sender alone knows which units are free; the receiver returns chunks through a ring. */
#define HANDED_OVER 128

/* A run of `units` units; arenas of the model are so small that the next fit is any. */
inline take_run(side, units)
{
	d_step {
		unit = NONE;
		if
		:: (units) == 1 && sender[side].length[0] == 0 -> unit = 0
		:: (units) == 1 && sender[side].length[0] == 1 && sender[side].length[1] == 0 -> unit = 1
		:: (units) == 1 && sender[side].length[0] == (1 | HANDED_OVER) && sender[side].length[1] == 0 -> unit = 1
		:: (units) == 2 && sender[side].length[0] == 0 && sender[side].length[1] == 0 -> unit = 0
		:: else
		fi;
		if
		:: unit != NONE -> sender[side].length[unit] = units
		:: else
		fi
	}
}

inline hprpc__shm_arena_collect(me, side)
{
	do
	:: load(me, RETURNS(side, sender[side].returned), word);
		if
		:: !mutated(RETURNS_WITHOUT_LAP) && word >> 3 == sender[side].returned / UNITS -> break
		:: mutated(RETURNS_WITHOUT_LAP) && word == 0 -> break
		:: else ->
			d_step {
				/* anything else is HPRPC_EPROTOCOL, and the other side has not broken it */
				assert(mutated(RETURNS_WITHOUT_LAP) || word >> 3 == sender[side].returned / UNITS + 1);
				assert(sender[side].length[word & 7] & HANDED_OVER);
				sender[side].length[word & 7] = 0;
				sender[side].returned++;
				word = 0
			}
		fi
	od;
	word = 0
}

inline hprpc__shm_arena_allocate(me, side, units)
{
	take_run(side, units);
	if
	:: unit == NONE -> hprpc__shm_arena_collect(me, side); take_run(side, units)
	:: else
	fi
}
