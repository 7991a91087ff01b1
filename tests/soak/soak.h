/* SPDX-License-Identifier: MIT */
/* A server that is started again and again, and what else the parts of the soak share. */
#ifndef TESTS_SOAK_SOAK_H
#define TESTS_SOAK_SOAK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hprpc/hprpc.h>

#include "simulation/random.h"
#include "target.h"
#include "support/memory.h"

/* Prints what is wrong, and ends the program. */
void soak_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define check(condition) ((condition) ? (void)0 : soak_fail("%s:%d: %s", __FILE__, __LINE__, #condition))

/* A server that lives for a second or two, and comes again at the same URI. */
struct soak_server {
    struct hprpc_context *context;
    char uri[200]; /* that clients use, once the first server listens */
    uint64_t seed;
    atomic_bool over;
    unsigned lives; /* how many servers there were; read it when the thread has ended */
    pthread_t thread;
};

/* Starts the first server, and the thread that ends it and starts the next one, at a URI whose port may be 0. */
void soak_server_start(struct soak_server *server, struct hprpc_context *context, const char *uri, uint64_t seed);

/* Ends the last server. */
void soak_server_end(struct soak_server *server);

/* Byte `place` of what Fill returns. */
static inline uint8_t soak_byte(uint32_t seed, size_t place)
{
    return (uint8_t)(seed + place);
}

void soak_sleep_ms(unsigned milliseconds);

#endif
