/* SPDX-License-Identifier: MIT */
/* Both ends of a shared-memory connection, for tests that play both. */
#ifndef HPRPC_TESTS_SHM_END_H
#define HPRPC_TESTS_SHM_END_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "channel-shm/shm.h"

/* Both ends use one mapping, so that the thread sanitizer sees races between them. */
struct pair {
    struct hprpc_channel *client, *server;
    void *memory;
    struct shm_geometry geometry;
};

void pair_make(struct pair *pair, struct hprpc_context *context, uint32_t slots, uint32_t arena, bool untrusted);
/* As pair_make, with arenas that may grow. `fd` is a file for the segment, or -1. */
void pair_make_growing(struct pair *pair, struct hprpc_context *context, uint32_t slots, uint32_t arena,
                       uint32_t extension, bool untrusted, int fd);
void pair_free(struct pair *pair);

/* Make both ends through the transport: a listener at `uri`, which stays open, and a client. */
struct hprpc_listener *listen_at(struct hprpc_context *context, const char *uri);
void connect_pair(struct hprpc_context *context, struct hprpc_listener *listener, const char *uri,
                  struct hprpc_channel **ret_client, struct hprpc_channel **ret_server);

/* Writes a URI with a name that no other test run has. */
void fresh_name(char *ret_uri, size_t capacity, const char *options);

/* The byte at `offset` of the body of message `call`. */
static inline uint8_t pattern(uint32_t call, uint32_t offset)
{
    return (uint8_t)(call * 31 + offset * 7 + (offset >> 8));
}

/* Send a message with the pattern as its body. Return the code of start_call or end_call. */
int send_message(struct hprpc_channel *channel, enum hprpc_message_type type, uint32_t call, uint32_t size);
int send_header(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size);

/* Takes the next message, and flushes `other` meanwhile. Fails the test if none comes within ten seconds. */
void take(struct hprpc_channel *channel, struct hprpc_channel *other, struct hprpc_message *ret_message);

/* Takes the next message, checks it and releases it. */
void expect(struct hprpc_channel *channel, struct hprpc_channel *other, enum hprpc_message_type type, uint32_t call,
            uint32_t size);

void check_body(const struct hprpc_message *message, uint32_t call, uint32_t size);

/* Calls receive until the channel ends. Returns the code. */
int receive_end(struct hprpc_channel *channel);

/* As fork(). The child dies with this process: one that sleeps or is stopped would hold names for ever. */
pid_t start_child(void);

/* Returns seconds of the monotonic clock, for deadlines. */
double seconds(void);

/* Returns how many descriptors this process has. */
int count_descriptors(void);

/* Sleeps on the channel as the controller does, at most `timeout_ms`, unless arm says that there is something to do. */
void sleep_on(struct hprpc_channel *channel, int timeout_ms);

#endif
