/* SPDX-License-Identifier: MIT */
/* Fibers: each has a stack, and fiber_resume() and fiber_yield() switch stacks. */
#include "simulation/fiber.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "simulation/sanitizers.h"

/* Sanitizers must be told of every switch; otherwise they report one stack's accesses on the other. */
enum { STACK_SIZE = 512 * 1024, SPARE_MAX = 32 };

struct fiber {
    ucontext_t own, outer;
    jmp_buf own_place, outer_place;
    bool started;
    void (*run)(void *self);
    void *self;
    bool ended;
    uint8_t *stack;
    void *own_fake, *outer_fake; /* the address sanitizer's record of a flow that does not run */
    const void *outer_stack;
    size_t outer_size;
    void *own_thread, *outer_thread; /* the thread sanitizer's names for the flows */
};

static uint8_t *spare[SPARE_MAX];
static unsigned spare_count;

/* ---- Telling the sanitizers ---- */

static void leave_outer(struct fiber *fiber)
{
#ifdef HAS_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(&fiber->outer_fake, fiber->stack, STACK_SIZE);
#endif
#ifdef HAS_THREAD_SANITIZER
    fiber->outer_thread = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber->own_thread, 0);
#endif
    (void)fiber;
}

static void enter_outer(struct fiber *fiber)
{
#ifdef HAS_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(fiber->outer_fake, NULL, NULL);
#endif
    (void)fiber;
}

static void enter_own(struct fiber *fiber)
{
#ifdef HAS_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(fiber->own_fake, &fiber->outer_stack, &fiber->outer_size);
#endif
    (void)fiber;
}

static void leave_own(struct fiber *fiber)
{
#ifdef HAS_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(fiber->ended ? NULL : &fiber->own_fake, fiber->outer_stack, fiber->outer_size);
#endif
#ifdef HAS_THREAD_SANITIZER
    __tsan_switch_to_fiber(fiber->outer_thread, 0);
#endif
    (void)fiber;
}

/* ---- Switching ---- */

/*
 * swapcontext() asks the kernel for the signal mask, so it only starts a fiber; later switches jump. Sanitizers follow
 * swapcontext() only.
 */
static void switch_to_own(struct fiber *fiber)
{
#ifndef HAS_SANITIZER
    if (_setjmp(fiber->outer_place))
        return;
    if (fiber->started)
        _longjmp(fiber->own_place, 1);
    fiber->started = true;
#endif
    swapcontext(&fiber->outer, &fiber->own);
}

static void switch_to_outer(struct fiber *fiber)
{
#ifndef HAS_SANITIZER
    if (!_setjmp(fiber->own_place))
        _longjmp(fiber->outer_place, 1);
#else
    swapcontext(&fiber->own, &fiber->outer);
#endif
}

/* ---- Life ---- */

/* makecontext() passes only ints, so the pointer comes in two halves. */
static void start(unsigned high, unsigned low)
{
    struct fiber *fiber = (struct fiber *)(uintptr_t)((uint64_t)high << 32 | low);

    enter_own(fiber);
    fiber->run(fiber->self);
    fiber->ended = true;
    leave_own(fiber);
    switch_to_outer(fiber);
}

static uint8_t *new_stack(void)
{
    if (spare_count)
        return spare[--spare_count];
    return mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

struct fiber *fiber_new(void (*run)(void *self), void *self)
{
    struct fiber *fiber = calloc(1, sizeof(*fiber));

    fiber->run = run;
    fiber->self = self;
    fiber->stack = new_stack();
#ifdef HAS_THREAD_SANITIZER
    fiber->own_thread = __tsan_create_fiber(0);
#endif
    getcontext(&fiber->own);
    fiber->own.uc_stack.ss_sp = fiber->stack;
    fiber->own.uc_stack.ss_size = STACK_SIZE;
    fiber->own.uc_link = NULL;
    makecontext(&fiber->own, (void (*)(void))start, 2, (unsigned)((uint64_t)(uintptr_t)fiber >> 32),
                (unsigned)(uintptr_t)fiber);
    return fiber;
}

void fiber_free(struct fiber *fiber)
{
#ifdef HAS_THREAD_SANITIZER
    __tsan_destroy_fiber(fiber->own_thread);
#endif
    if (spare_count < SPARE_MAX)
        spare[spare_count++] = fiber->stack;
    else
        munmap(fiber->stack, STACK_SIZE);
    free(fiber);
}

void fiber_resume(struct fiber *fiber)
{
    leave_outer(fiber);
    switch_to_own(fiber);
    enter_outer(fiber);
}

void fiber_yield(struct fiber *fiber)
{
    leave_own(fiber);
    switch_to_outer(fiber);
    enter_own(fiber);
}

bool fiber_ended(const struct fiber *fiber)
{
    return fiber->ended;
}
