/* SPDX-License-Identifier: MIT */
/*
 * Memory as a processor shows it: what a thread stores is seen by itself at once, and by the others later. Stores leave a
 * thread's buffer in any order, but two to one word stay in order, and a store with release order waits until the buffer is
 * empty. An exchange waits for that too and then acts on the memory itself. Loads are carried out in the order of the program.
 */
#define NONE 255

/* The words of a lane, by the side that sends in it; `hungry` is private to that side, but two of its threads share it. */
#define LANE (4 + 2 * SLOTS + 2 * UNITS)
#define SLEEPING(lane) ((lane) * LANE)
#define STARVED(lane) ((lane) * LANE + 1)
#define CONSUMED(lane) ((lane) * LANE + 2)
#define HUNGRY(lane) ((lane) * LANE + 3)
#define COMMIT(lane, position) ((lane) * LANE + 4 + (position) % SLOTS)
#define REST(lane, position) ((lane) * LANE + 4 + SLOTS + (position) % SLOTS)
#define RETURNS(lane, position) ((lane) * LANE + 4 + 2 * SLOTS + (position) % UNITS)
#define ARENA(lane, unit) ((lane) * LANE + 4 + 2 * SLOTS + UNITS + (unit))

byte memory[2 * LANE];

typedef buffer {
	byte place[2] = NONE;
	byte value[2];
};
buffer buffers[THREADS];

#define is_drained(me) (buffers[me].place[0] == NONE && buffers[me].place[1] == NONE)

/*
 * A thread runs on alone until its next step that others could see: there it gives the processor away, and may die. What
 * lies between two such steps is one.
 */
chan step = [0] of { bit };

active proctype scheduler()
{
	do
	:: step?_
	od
}

inline load(me, at, ret)
{
	step!0;
	d_step {
		if
		:: buffers[me].place[0] == (at) -> ret = buffers[me].value[0]
		:: buffers[me].place[1] == (at) -> ret = buffers[me].value[1]
		:: else -> ret = memory[at]
		fi
	}
}

inline store_relaxed(me, at, stored)
{
	step!0;
	d_step {
		buffers[me].place[0] == NONE || buffers[me].place[1] == NONE;
		assert(buffers[me].place[0] != (at) && buffers[me].place[1] != (at));
		if
		:: buffers[me].place[0] == NONE -> buffers[me].value[0] = stored; buffers[me].place[0] = at
		:: else -> buffers[me].value[1] = stored; buffers[me].place[1] = at
		fi
	}
}

inline store_release(me, at, stored)
{
	step!0;
	d_step {
		is_drained(me) -> buffers[me].value[0] = stored;
		buffers[me].place[0] = at
	}
}

/* Acquire and release in one. */
inline exchange(me, at, stored, ret)
{
	step!0;
	d_step {
		is_drained(me) -> ret = memory[at];
		memory[at] = stored
	}
}

/* What the processors and the kernel do by themselves: stores become visible, and the socket of a dead process is hung up. */
#define flush(me, i)                                                                                           \
	atomic { buffers[me].place[i] != NONE -> memory[buffers[me].place[i]] = buffers[me].value[i];          \
		buffers[me].place[i] = NONE; buffers[me].value[i] = 0 }
