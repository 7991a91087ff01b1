/* SPDX-License-Identifier: MIT */
/* The other side of streams, played by hand over the fake transport: it says what it likes. */
#ifndef RPC_STREAM_LIAR_H
#define RPC_STREAM_LIAR_H

#include "support/fake.h"

/* What a liar says in HELLO about streams to it. */
struct liar_window {
    uint32_t elements;
    uint64_t bytes, total;
};

/* HELLO with the feature STREAMS, and with large limits. */
void liar_hello(struct fake_end *end, const struct liar_window *window);

/* HELLO without features. */
void liar_hello_without_streams(struct fake_end *end);

/* A BIND for test.Flow, with call id 0; and the BOUND that answers one: service 0, the procedures in order. */
void liar_bind(struct fake_end *end);
void liar_bound(struct fake_end *end, uint32_t call);

/* A REQUEST with STREAM and one or two numbers as parameters. */
void liar_request(struct fake_end *end, uint32_t call, uint16_t procedure, uint32_t first, uint32_t second);

/* A DATA of `size` bytes, the first piece of an element of `total` bytes, END, CREDIT; `flags` are those of the header. */
void liar_data(struct fake_end *end, uint32_t call, uint8_t flags, size_t size);
void liar_first_piece(struct fake_end *end, uint32_t call, uint8_t flags, uint64_t total, size_t size);
void liar_end(struct fake_end *end, uint32_t call, uint8_t flags);
void liar_credit(struct fake_end *end, uint32_t call, uint8_t flags, uint32_t elements, uint64_t bytes);

/* A REPLY without a body, an ERROR, a CANCEL. */
void liar_reply(struct fake_end *end, uint32_t call);
void liar_error(struct fake_end *end, uint32_t call, int code);
void liar_cancel(struct fake_end *end, uint32_t call);

/* Waits for a GOODBYE, and asserts that it is EPROTOCOL with this sentence in it. */
void liar_expect_breach(struct fake_end *end, const char *text);

/* Asserts that the connection goes on: PING is answered. Skips other messages before it. */
void liar_expect_pong(struct fake_end *end);

/* Waits for an ERROR, and asserts its code. */
void liar_expect_error(struct fake_end *end, uint32_t call, int code);

#endif
