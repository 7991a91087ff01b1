/* SPDX-License-Identifier: MIT */
/*
 * Descriptors on a byte stream: they go out with the first byte of their message, and come in with a read that holds it. The queues
 * here are in the order of the bytes, which both sides count from the beginning of the stream.
 */
#ifndef HPRPC_CHANNEL_FRAMED_CARRIED_H
#define HPRPC_CHANNEL_FRAMED_CARRIED_H

#include <hprpc/channel/framed.h>

/* ---- Sending ---- */

/* Queues the descriptors of the message that begins behind all bytes that are queued so far, and takes them over. */
void hprpc__carried_queue(struct hprpc_framed *stream, struct hprpc_descriptors *descriptors);

/*
 * Cuts runs that begin at the front of the queue of bytes, so that the next message with descriptors begins a write of its own. Returns
 * how many are left; `ret_descriptors`: what this write carries, or NULL.
 */
int hprpc__carried_cut(const struct hprpc_framed *stream, struct iovec *runs, int count,
                       const struct hprpc_descriptors **ret_descriptors);

/* Takes note that `count` bytes were sent: descriptors whose first byte is among them are closed here. */
void hprpc__carried_sent(struct hprpc_framed *stream, size_t count);

/* ---- Receiving ---- */

/* The descriptors of the message that begins at the byte that is delivered next; NULL: none came with it. */
struct hprpc_descriptors *hprpc__carried_take(struct hprpc_framed *stream);

/* Whether descriptors have come that no message can ask for any more: the bytes that they came with belong to none that does. */
bool hprpc__carried_is_stray(const struct hprpc_framed *stream);

/* Closes all that were not delivered, of the sending or the receiving side. */
void hprpc__carried_drop_sent(struct hprpc_framed *stream);
void hprpc__carried_drop_received(struct hprpc_framed *stream);

#endif
