/* SPDX-License-Identifier: MIT */
/* The slots of a framed channel, by the side that they belong to. */
#ifndef HPRPC_CHANNEL_FRAMED_SIDES_H
#define HPRPC_CHANNEL_FRAMED_SIDES_H

#include <hprpc/channel/framed.h>

/* The slots of each side. */
int hprpc__framed_receive(struct hprpc_channel *channel, struct hprpc_message *ret_message);
void hprpc__framed_release(struct hprpc_channel *channel, struct hprpc_message *message);
bool hprpc__framed_arm(struct hprpc_channel *channel);
int hprpc__framed_start(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size,
                        struct hprpc_reservation *ret_reservation);
int hprpc__framed_end(struct hprpc_channel *channel, struct hprpc_reservation *reservation);
void hprpc__framed_cancel(struct hprpc_channel *channel, struct hprpc_reservation *reservation);
int hprpc__framed_flush(struct hprpc_channel *channel);

/* As hprpc_framed_broken, which is called only for a stream that breaks just now. */
static inline int hprpc__framed_broken(struct hprpc_framed *stream)
{
    /* acquire: pairs with the release in hprpc_framed_fail; a thread that sees the code sees the reason */
    int code = __atomic_load_n(&stream->broken, __ATOMIC_ACQUIRE);

    return KODOSIS_LIKELY(code <= 0) ? code : hprpc_framed_broken(stream);
}

/*
 * Called when the receiving side met bytes that break the protocol: notes the reason, and does not break the sending side, which
 * can still say GOODBYE. Returns `code`, or the code that the stream broke with before.
 */
int hprpc__framed_breach(struct hprpc_framed *stream, int code, const char *text);

/* Frees what each side holds. */
void hprpc__framed_receive_free(struct hprpc_framed *stream);
void hprpc__framed_send_free(struct hprpc_framed *stream);

#endif
