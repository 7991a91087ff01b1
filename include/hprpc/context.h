/* SPDX-License-Identifier: MIT */
/*
 * A context is what clients, servers and channels share: the allocator, the log, the clock, random numbers, and further
 * transports. It never changes once it is made, so any number of threads may use it; it must outlive everything that was made
 * with it. NULL stands for the default context in every function: malloc, no log, CLOCK_MONOTONIC, the system's random numbers,
 * the built-in transports.
 */
#ifndef HPRPC_CONTEXT_H
#define HPRPC_CONTEXT_H

#include <hprpc/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hprpc_context;
struct hprpc_transport;

/* Longest URI, without the NUL: "tcp://127.0.0.1:7788", "shm://name?wait=spin". */
enum { HPRPC_URI_MAX = 512 };

enum hprpc_log_level {
    HPRPC_LOG_ERROR = 1, /* a loss, such as a connection that is closed because the other side broke the protocol */
    HPRPC_LOG_INFO = 2,  /* life of connections and listeners */
    HPRPC_LOG_DEBUG = 3, /* single messages that were dropped, and why */
};

struct hprpc_context_options {
    /* sizeof(struct hprpc_context_options): fields beyond it take their defaults */
    size_t size;

    /* NULL functions mean malloc and free */
    struct kodosis_allocator allocator;

    /* Called on any thread, with no lock held. `text` is one sentence, borrowed. */
    void (*log)(void *self, enum hprpc_log_level level, const char *text);
    void *log_self;

    /* Monotonic time in nanoseconds from any origin; NULL means CLOCK_MONOTONIC. A simulation puts its own clock here. */
    uint64_t (*now)(void *self);
    void *now_self;

    /* A NULL-terminated array of transports beside the built-in ones, borrowed; NULL for none. See hprpc/channel/transport.h. */
    const struct hprpc_transport *const *transports;

    /* 64 random bits, for the jitter of reconnecting; any thread. NULL means the system's. A simulation puts its own source here. */
    uint64_t (*random)(void *self);
    void *random_self;
};

/* clang-format off */
#define HPRPC_CONTEXT_OPTIONS_INIT \
    { sizeof(struct hprpc_context_options), { NULL, NULL, NULL }, NULL, NULL, NULL, NULL, NULL, NULL, NULL }
/* clang-format on */

/* Makes a context. The caller owns it. Errors: HPRPC_EINVAL, HPRPC_ENOMEM. */
HPRPC_API int hprpc_context_new(const struct hprpc_context_options *options, struct hprpc_context **ret_context);

/* Frees a context that nothing uses any more; NULL is accepted. */
HPRPC_API void hprpc_context_free(struct hprpc_context *context);

/* ---- What the context offers to backends ---- */

HPRPC_API void *hprpc_context_allocate(struct hprpc_context *context, size_t size);
HPRPC_API void hprpc_context_release(struct hprpc_context *context, void *memory, size_t size);
HPRPC_API const struct kodosis_allocator *hprpc_context_allocator(struct hprpc_context *context);
HPRPC_API uint64_t hprpc_context_now(struct hprpc_context *context);
HPRPC_API void hprpc_context_log(struct hprpc_context *context, enum hprpc_log_level level, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#ifdef __cplusplus
}
#endif

#endif
