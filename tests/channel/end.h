/* SPDX-License-Identifier: MIT */
/* What the tests of the byte streams share: messages with recognisable bodies, and pumping with a deadline. */
#ifndef TESTS_STREAMS_END_H
#define TESTS_STREAMS_END_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hprpc/channel/transport.h>

enum { TEST_SECONDS = 20 };

/* A moment after which a test gives up waiting. */
uint64_t test_deadline(void);
bool test_is_past(uint64_t deadline);

/* The byte that belongs at `offset` of the body of message `seed`. */
uint8_t test_byte(uint32_t seed, size_t offset);
void test_fill(uint8_t *body, uint32_t seed, size_t size);

struct hprpc_header test_request(uint32_t call);
struct hprpc_header test_reply(uint32_t call);

/* Sends a message whose body is made of its call id; what start_call or end_call said. */
int test_send(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size);

/* The same, with the body borrowed as `pieces` runs between small copied ones. */
int test_send_borrowed(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size,
                       unsigned pieces);

/* Checks type, call id, size, alignment and content. */
void test_check(const struct hprpc_message *message, const struct hprpc_header *header, uint32_t size);

/* Sleeps until one of the channels has something to do; flushes what waits. `second` may be NULL. */
void test_wait(struct hprpc_channel *first, struct hprpc_channel *second, uint64_t deadline);

/* Receives one message, waiting for it and flushing `other` meanwhile; 1 or the code of the break. */
int test_receive(struct hprpc_channel *channel, struct hprpc_channel *other, struct hprpc_message *ret_message);

/* Receives one message, checks and releases it. */
void test_expect(struct hprpc_channel *channel, struct hprpc_channel *other, const struct hprpc_header *header,
                 uint32_t size);

/* Waits until the channel is broken, releasing what still comes; the code. */
int test_break(struct hprpc_channel *channel);

/* Waits for the listener's next connection while `opening` (or NULL) is driven. */
struct hprpc_channel *test_accept(struct hprpc_listener *listener, struct hprpc_channel *opening);

/*
 * Both ends send and receive at once, each side of each end in a thread of its own, with messages of all sizes. With
 * `closing`, one end is closed in the midst of it, and every thread has to notice.
 */
void test_duplex(struct hprpc_channel *client, struct hprpc_channel *server, bool closing);

/* Number of descriptors that this process has open. */
unsigned test_descriptors(void);

/* A context whose allocator counts, and fails from the nth allocation on: once, or for ever. */
struct test_memory {
    struct hprpc_context *context;
    long allocations, live, fail_at; /* fail_at: counted down; 0 never fails */
    bool for_ever;
};

void test_memory_init(struct test_memory *memory);
void test_memory_free(struct test_memory *memory); /* fails the test when something is still allocated */

#endif
