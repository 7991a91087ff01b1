/* SPDX-License-Identifier: MIT */
/* The inside of a context, and of the default one. */
#ifndef HPRPC_BASE_CONTEXT_H
#define HPRPC_BASE_CONTEXT_H

#include <hprpc/context.h>

struct hprpc_context {
    struct kodosis_allocator allocator;
    void (*log)(void *self, enum hprpc_log_level level, const char *text);
    void *log_self;
    uint64_t (*now)(void *self);
    void *now_self;
    const struct hprpc_transport *const *transports;
    uint64_t (*random)(void *self);
    void *random_self;
};

/* Whether the application gave the context a clock of its own. */
bool hprpc__context_has_own_clock(struct hprpc_context *context);

/* 64 random bits, from the context's source. Any thread. */
uint64_t hprpc__context_random(struct hprpc_context *context);

/* `context` itself; for NULL the default context. */
struct hprpc_context *hprpc__context(struct hprpc_context *context);

#endif
