/* SPDX-License-Identifier: MIT */
/* The context: allocator, log, clock and transports, with defaults for what the application leaves out. */
#include "base/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/thread.h"

static void *allocate_default(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static void release_default(void *self, void *memory, size_t size)
{
    (void)self;
    (void)size;
    free(memory);
}

static uint64_t now_default(void *self)
{
    (void)self;
    return hprpc__clock_now();
}

static uint64_t random_default(void *self)
{
    (void)self;
    return hprpc__random();
}

static const struct hprpc_context default_context = {
    .allocator = { allocate_default, release_default, NULL },
    .now = now_default,
    .random = random_default,
};

struct hprpc_context *hprpc__context(struct hprpc_context *context)
{
    /* the cast is safe: no function writes to a context once it is made */
    return context ? context : (struct hprpc_context *)&default_context;
}

int hprpc_context_new(const struct hprpc_context_options *options, struct hprpc_context **ret_context)
{
    struct hprpc_context_options given = HPRPC_CONTEXT_OPTIONS_INIT;
    struct hprpc_context *context;

    if (options) {
        if (!options->size || options->size > sizeof(given))
            return HPRPC_EINVAL;
        memcpy(&given, options, options->size);
    }
    if (!given.allocator.allocate != !given.allocator.release)
        return HPRPC_EINVAL;
    if (!given.allocator.allocate)
        given.allocator = default_context.allocator;

    context = given.allocator.allocate(given.allocator.self, sizeof(*context));
    if (!context)
        return HPRPC_ENOMEM;
    *context = (struct hprpc_context){
        .allocator = given.allocator,
        .log = given.log,
        .log_self = given.log_self,
        .now = given.now ? given.now : now_default,
        .now_self = given.now_self,
        .transports = given.transports,
        .random = given.random ? given.random : random_default,
        .random_self = given.random_self,
    };
    *ret_context = context;
    return 0;
}

void hprpc_context_free(struct hprpc_context *context)
{
    if (context)
        hprpc_context_release(context, context, sizeof(*context));
}

void *hprpc_context_allocate(struct hprpc_context *context, size_t size)
{
    const struct kodosis_allocator *allocator = hprpc_context_allocator(context);

    return allocator->allocate(allocator->self, size);
}

void hprpc_context_release(struct hprpc_context *context, void *memory, size_t size)
{
    /* a copy, because `memory` may be the context itself */
    struct kodosis_allocator allocator = *hprpc_context_allocator(context);

    if (memory)
        allocator.release(allocator.self, memory, size);
}

const struct kodosis_allocator *hprpc_context_allocator(struct hprpc_context *context)
{
    return &hprpc__context(context)->allocator;
}

bool hprpc__context_has_own_clock(struct hprpc_context *context)
{
    return hprpc__context(context)->now != now_default;
}

uint64_t hprpc_context_now(struct hprpc_context *context)
{
    context = hprpc__context(context);
    return context->now(context->now_self);
}

uint64_t hprpc__context_random(struct hprpc_context *context)
{
    context = hprpc__context(context);
    return context->random(context->random_self);
}

void hprpc_context_log(struct hprpc_context *context, enum hprpc_log_level level, const char *format, ...)
{
    char text[512];
    va_list arguments;
    int cancellation;

    context = hprpc__context(context);
    if (!context->log)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    /* a thread that is cancelled in the application's function would not come back */
    cancellation = hprpc__cancellation_disable();
    context->log(context->log_self, level, text);
    hprpc__cancellation_restore(cancellation);
}
