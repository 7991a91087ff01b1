/* SPDX-License-Identifier: MIT */
/* Fibers: several flows of control on one thread, switched by hand, so that their interleaving is the simulation's choice. */
#ifndef SIMULATION_FIBER_H
#define SIMULATION_FIBER_H

#include <stdbool.h>

struct fiber;

/* A fiber that will run `run(self)`. */
struct fiber *fiber_new(void (*run)(void *self), void *self);

/* Frees a fiber that has ended. Its stack is kept for the next one. */
void fiber_free(struct fiber *fiber);

/* From the thread's own flow: runs the fiber until it yields or ends. */
void fiber_resume(struct fiber *fiber);

/* From within the fiber that runs: back to the thread's own flow. */
void fiber_yield(struct fiber *fiber);

/* Whether `run` has returned. */
bool fiber_ended(const struct fiber *fiber);

#endif
