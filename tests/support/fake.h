/* SPDX-License-Identifier: MIT */
/*
 * A transport in memory, "fake://name", written with hprpc/channel/transport.h alone: each link is a pair of queues under a
 * lock, and each end has an eventfd to sleep on. A test can hold back, drop and break what travels, look at what was sent, and
 * play one end. Every end checks that its user keeps the contract of channel.h, and aborts if it does not.
 *
 * Options in URIs: capacity=N (messages that may lie at the other end before requests get HPRPC_EAGAIN; 0, the default, means
 * no limit), lend=yes|no (whether bodies that this end receives are lendable), doorbell=level|edge|none (none: ends and
 * listeners have no descriptor), wait=...
 */
#ifndef SUPPORT_FAKE_H
#define SUPPORT_FAKE_H

#include <hprpc/channel/transport.h>

extern const struct hprpc_transport fake_transport;

/* For hprpc_context_options.transports: the fake transport alone, NULL-terminated. */
extern const struct hprpc_transport *const fake_transports[];

struct fake_end;

/* Return the end that a channel belongs to, and the other end of its link. */
struct fake_end *fake_end_of(struct hprpc_channel *channel);
struct fake_end *fake_peer(struct fake_end *end);

/* ---- Disturbing what travels. Any thread. ---- */

/* Holds back messages for this end until fake_let_go(). */
void fake_hold(struct fake_end *end);
void fake_let_go(struct fake_end *end);

/* Messages that this end sends stay in it, queued for flush, until fake_unstall(). */
void fake_stall(struct fake_end *end);
void fake_unstall(struct fake_end *end);

/* Messages that wait in this end for flush count `bytes` more, as long as there are any. */
void fake_burden(struct fake_end *end, uint64_t bytes);

/* The next `count` messages of this type for this end are lost. */
void fake_drop(struct fake_end *end, enum hprpc_message_type type, unsigned count);

/* After what it has received, this end reports `code` with a reason. The other end sees its peer die. */
void fake_break(struct fake_end *end, int code, const char *reason);

/* Limits how many messages may lie at the other end before requests of this end get HPRPC_EAGAIN. 0: no limit. */
void fake_capacity(struct fake_end *end, unsigned messages);

/* Decides if bodies that come to this end are lendable. */
void fake_lend(struct fake_end *end, bool lendable);

/* While `starve`, receive() at this end returns HPRPC_ENOMEM for a message, which stays there. */
void fake_starve(struct fake_end *end, bool starve);

/* ---- Looking at what was sent ---- */

struct fake_record {
    struct hprpc_header header;
    uint32_t size;
    bool corked; /* it was left to the next flush */
};

/* Gives the nth message that this end sent, counted from 0. Returns false if there were fewer. */
bool fake_sent(struct fake_end *end, unsigned nth, struct fake_record *ret_record);

/* Returns how many messages of this type the end sent. */
unsigned fake_count(struct fake_end *end, enum hprpc_message_type type);

/* Return how many messages this end lent and did not get back, and how many bytes wait in it. */
unsigned fake_lent(struct fake_end *end);
uint64_t fake_waiting(struct fake_end *end);

/* Returns how many calls of the channel's slots there were: a sleeping connection has none. */
uint64_t fake_looks(struct fake_end *end);

/* ---- Playing one end by hand ---- */

/* Connects to a listener; the test plays the client. NULL if there is no listener. */
struct fake_end *fake_connect(const char *name);

/* Listen as the test. `fake_accept` returns the end of a client that connected, or NULL after its deadline. */
struct hprpc_listener *fake_listen(const char *name);
void fake_unlisten(struct hprpc_listener *listener);
struct fake_end *fake_accept(struct hprpc_listener *listener);

struct fake_message {
    struct hprpc_header header;
    uint32_t size;
    uint8_t *body; /* owned by the test; fake_message_clear() frees it */
};

/* Sends a message, which may be wrong in any way. */
void fake_send(struct fake_end *end, const struct hprpc_header *header, const void *body, size_t size);

/* Waits for the next message. Returns false if none came before the deadline, or if the other end closed. */
bool fake_receive(struct fake_end *end, struct fake_message *ret_message);

/* As fake_receive, but skips messages of other types. */
bool fake_expect(struct fake_end *end, enum hprpc_message_type type, struct fake_message *ret_message);

/* Takes a message if there is one. */
bool fake_poll(struct fake_end *end, struct fake_message *ret_message);

/* Waits until the other end has closed or died. Drops the messages that it sent before. */
bool fake_await_end(struct fake_end *end);

void fake_message_clear(struct fake_message *message);

/* Ends the part of the test: the other end sees its peer die. `end` may be NULL. */
void fake_leave(struct fake_end *end);

#endif
