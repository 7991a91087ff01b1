/* SPDX-License-Identifier: MIT */
/* Fibers: several flows of control on one thread. Only the simulation switches between them, so it decides their order. */
#ifndef SIMULATION_FIBER_H
#define SIMULATION_FIBER_H

#include <stdbool.h>

struct fiber;

/* Makes a fiber that will run `run(self)`. */
struct fiber *fiber_new(void (*run)(void *self), void *self);

/* Frees a fiber that has ended. Its stack is kept for the next one. */
void fiber_free(struct fiber *fiber);

/* Called outside fibers: runs the fiber until it yields or ends. */
void fiber_resume(struct fiber *fiber);

/* Called inside the fiber that runs: returns to fiber_resume(). */
void fiber_yield(struct fiber *fiber);

/* True if `run` has returned. */
bool fiber_ended(const struct fiber *fiber);

#endif
