/* SPDX-License-Identifier: MIT */
/*
 * A transport in memory, "fake://name", made through hprpc/channel/transport.h alone: pairs of queues under a lock, with an eventfd
 * for each end to sleep on. A test can hold back, drop and break what travels, look at what was sent, and play one end by
 * hand. Every end checks that its user keeps the contract of channel.h, and aborts where it does not.
 *
 * Options in URIs: capacity=N (messages that may lie at the other end before requests get HPRPC_EAGAIN; 0, the default,
 * means no limit), lend=yes|no (whether bodies that this end receives are lendable), doorbell=level|edge|none (none: no descriptor at
 * all, of ends and of listeners), wait=...
 */
#ifndef SUPPORT_FAKE_H
#define SUPPORT_FAKE_H

#include <hprpc/channel/transport.h>

extern const struct hprpc_transport fake_transport;

/* NULL-terminated, with the fake alone, for hprpc_context_options.transports. */
extern const struct hprpc_transport *const fake_transports[];

struct fake_end;

/* The end under a channel of this transport, and the end on its other side. */
struct fake_end *fake_end_of(struct hprpc_channel *channel);
struct fake_end *fake_peer(struct fake_end *end);

/* ---- Disturbing what travels. Any thread. ---- */

/* Holds back what comes to this end, until it is released. */
void fake_hold(struct fake_end *end);
void fake_let_go(struct fake_end *end);

/* What this end sends stays in it, queued for flush, until it is released. */
void fake_stall(struct fake_end *end);
void fake_unstall(struct fake_end *end);

/* What waits in this end for flush counts for so many bytes more, as long as anything does. */
void fake_burden(struct fake_end *end, uint64_t bytes);

/* The next `count` messages of a type that come to this end are lost. */
void fake_drop(struct fake_end *end, enum hprpc_message_type type, unsigned count);

/* From now on this end reports `code` with a reason, after what it received; the other end sees its peer die. */
void fake_break(struct fake_end *end, int code, const char *reason);

/* Limits how many messages may lie at the other end before requests from this one get HPRPC_EAGAIN. 0: no limit. */
void fake_capacity(struct fake_end *end, unsigned messages);

/* Whether bodies that come to this end may be kept. */
void fake_lend(struct fake_end *end, bool lendable);

/* What comes to this end finds no memory: receive says HPRPC_ENOMEM, and leaves it where it is. */
void fake_starve(struct fake_end *end, bool starve);

/* ---- Looking at what was sent ---- */

struct fake_record {
    struct hprpc_header header;
    uint32_t size;
};

/* The nth message that this end sent, counted from 0; false when there were not so many. */
bool fake_sent(struct fake_end *end, unsigned nth, struct fake_record *ret_record);

/* How many messages of a type this end sent. */
unsigned fake_count(struct fake_end *end, enum hprpc_message_type type);

/* How many messages this end lent and has not got back; how many bytes wait at it. */
unsigned fake_lent(struct fake_end *end);
uint64_t fake_waiting(struct fake_end *end);

/* Calls into the backend so far, to see that a sleeping connection costs nothing. */
uint64_t fake_looks(struct fake_end *end);

/* ---- Playing one end by hand ---- */

/* Connects to a listener as its peer; NULL when there is none. */
struct fake_end *fake_connect(const char *name);

/* Listens by hand; `fake_accept` gives the end of a client that connected, or NULL after its deadline. */
struct hprpc_listener *fake_listen(const char *name);
void fake_unlisten(struct hprpc_listener *listener);
struct fake_end *fake_accept(struct hprpc_listener *listener);

struct fake_message {
    struct hprpc_header header;
    uint32_t size;
    uint8_t *body; /* the test's own: fake_message_clear */
};

/* Sends anything at all. */
void fake_send(struct fake_end *end, const struct hprpc_header *header, const void *body, size_t size);

/* Waits for the next message; false when none came before a deadline, or the other end closed. */
bool fake_receive(struct fake_end *end, struct fake_message *ret_message);

/* The same, passing over what is not of this type. */
bool fake_expect(struct fake_end *end, enum hprpc_message_type type, struct fake_message *ret_message);

/* Takes a message if one is there. */
bool fake_poll(struct fake_end *end, struct fake_message *ret_message);

/* Waits until the other end has closed or died; what it sent before is thrown away. */
bool fake_await_end(struct fake_end *end);

void fake_message_clear(struct fake_message *message);

/* Ends the part that the test played: the other end sees its peer die. NULL is accepted. */
void fake_leave(struct fake_end *end);

#endif
