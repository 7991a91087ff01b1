/* SPDX-License-Identifier: MIT */
/*
 * How a client reaches one of several addresses: an attempt at each, in their order. The next one begins some time
 * after the last, or as soon as one has failed; the first that connects wins. Before that, a host's name is looked up. The receiving
 * side drives the opening, while the sending side may close or watch.
 */
#ifndef HPRPC_CHANNEL_TCP_OPENING_H
#define HPRPC_CHANNEL_TCP_OPENING_H

#include "channel-tcp/tcp.h"

struct hprpc__tcp_opening;

/*
 * Makes an opening to a place whose host must be looked up, or, where that is NULL, to `count` addresses, 1 to
 * HPRPC__TCP_ADDRESSES. HPRPC_ENOMEM, HPRPC_ESYSTEM, with a sentence.
 */
int hprpc__tcp_opening_new(struct hprpc_context *context, const struct hprpc__tcp_options *options,
                           const struct hprpc__tcp_place *place, const struct hprpc__tcp_address *addresses,
                           size_t count, struct hprpc_detail *detail, struct hprpc__tcp_opening **ret_opening);

/* Frees the opening and closes the attempts that have not won. NULL is accepted. */
void hprpc__tcp_opening_free(struct hprpc__tcp_opening *opening);

/*
 * Goes on as far as it can: 1, a connected descriptor, which is the caller's, and the address; 0, not yet; HPRPC_ECLOSED after
 * hprpc__tcp_opening_close; or the code of the failure, with a sentence. On the receiving side.
 */
int hprpc__tcp_opening_advance(struct hprpc__tcp_opening *opening, struct hprpc_detail *detail, int *ret_fd,
                               struct hprpc__tcp_address *ret_peer);

/* The text for `waits_for` of struct hprpc_channel. */
const char *hprpc__tcp_opening_waits_for(const struct hprpc__tcp_opening *opening);

/* As `watch` of struct hprpc_channel_ops. Any side. */
size_t hprpc__tcp_opening_watch(struct hprpc__tcp_opening *opening, struct hprpc_watch *ret_watches);

/* Ends the opening, and wakes a thread that sleeps on it. Any side. */
void hprpc__tcp_opening_close(struct hprpc__tcp_opening *opening);

/* Writes the address that was tried last, or the name that is looked up. Any side. */
void hprpc__tcp_opening_describe(struct hprpc__tcp_opening *opening, char *ret_text, size_t capacity);

#endif
