#include "simulation/fiber.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

/* Sanitizers must be told of every switch, or they take one stack for the other. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define HAS_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_THREAD_SANITIZER 1
#endif
#endif

#ifdef HAS_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef HAS_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

enum { STACK_SIZE = 512 * 1024, SPARE_MAX = 32 };

struct fiber {
    ucontext_t own, outer;
    void (*run)(void *self);
    void *self;
    bool ended;
    uint8_t *stack;
    void *own_fake, *outer_fake; /* what the address sanitizer keeps of a flow that is not running */
    const void *outer_stack;
    size_t outer_size;
    void *own_thread, *outer_thread; /* what the thread sanitizer takes the flows for */
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

/* ---- Life ---- */

/* makecontext passes only ints. */
static void start(unsigned high, unsigned low)
{
    struct fiber *fiber = (struct fiber *)((uintptr_t)high << 32 | low);

    enter_own(fiber);
    fiber->run(fiber->self);
    fiber->ended = true;
    leave_own(fiber);
    swapcontext(&fiber->own, &fiber->outer);
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
    makecontext(&fiber->own, (void (*)(void))start, 2, (unsigned)((uintptr_t)fiber >> 32), (unsigned)(uintptr_t)fiber);
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
    swapcontext(&fiber->outer, &fiber->own);
    enter_outer(fiber);
}

void fiber_yield(struct fiber *fiber)
{
    leave_own(fiber);
    swapcontext(&fiber->own, &fiber->outer);
    enter_own(fiber);
}

bool fiber_ended(const struct fiber *fiber)
{
    return fiber->ended;
}
