/* SPDX-License-Identifier: MIT */
/* What the tests of byte streams share: messages whose bodies can be checked, and pumping with a deadline. */
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

/* The time at which a test gives up waiting. */
uint64_t test_deadline(void);
bool test_is_past(uint64_t deadline);

/* The byte that belongs at `offset` of the body of message `seed`. */
uint8_t test_byte(uint32_t seed, size_t offset);
void test_fill(uint8_t *body, uint32_t seed, size_t size);

struct hprpc_header test_request(uint32_t call);
struct hprpc_header test_reply(uint32_t call);

/* Sends a message whose body depends on its call id. Returns the code of start_call or end_call. */
int test_send(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size);

/* As test_send, with the body borrowed as `pieces` runs between small copied ones. */
int test_send_borrowed(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size,
                       unsigned pieces);

/* Checks type, call id, size, alignment and content. */
void test_check(const struct hprpc_message *message, const struct hprpc_header *header, uint32_t size);

/* Sleeps until one of the channels has something to do, and flushes what waits. `second` may be NULL. */
void test_wait(struct hprpc_channel *first, struct hprpc_channel *second, uint64_t deadline);

/* Waits for one message, and flushes `other` meanwhile. Returns 1, or the code of the break. */
int test_receive(struct hprpc_channel *channel, struct hprpc_channel *other, struct hprpc_message *ret_message);

/* Receives one message, checks and releases it. */
void test_expect(struct hprpc_channel *channel, struct hprpc_channel *other, const struct hprpc_header *header,
                 uint32_t size);

/* Waits until the channel is broken, and releases messages that come before. Returns the code. */
int test_break(struct hprpc_channel *channel);

/* Waits for the listener's next connection while `opening` (or NULL) is driven. */
struct hprpc_channel *test_accept(struct hprpc_listener *listener, struct hprpc_channel *opening);

/*
 * Both ends send and receive at once, each direction of each end on a thread of its own, with messages of all sizes. With
 * `closing`, one end is closed in the middle, and every thread must notice.
 */
void test_duplex(struct hprpc_channel *client, struct hprpc_channel *server, bool closing);

/* Returns how many descriptors this process has open. */
unsigned test_descriptors(void);

/* A context whose allocator counts. It fails at the nth allocation, alone or with all that follow. */
struct test_memory {
    struct hprpc_context *context;
    long allocations, live, fail_at; /* `fail_at` is counted down; at 0 no allocation fails */
    bool for_ever;
};

void test_memory_init(struct test_memory *memory);
void test_memory_free(struct test_memory *memory); /* fails the test if something is still allocated */

#endif
