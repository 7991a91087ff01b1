/* SPDX-License-Identifier: MIT */
/* The byte form of a message's header on a stream; docs/wire-format.md defines it. */
#ifndef HPRPC_CHANNEL_FRAMED_HEADER_H
#define HPRPC_CHANNEL_FRAMED_HEADER_H

#include <hprpc/channel/transport.h>

enum {
    HPRPC__PROTOCOL_VERSION = 1,
    HPRPC__HEADER_MAX = 28, /* preamble 4, length 5, call 5, service 3, procedure 3, timeout 5, depth 3 */
};

/*
 * Writes the header of a message with `size` bytes of body; `ret_bytes` has room for HPRPC__HEADER_MAX. Returns the bytes
 * written, or HPRPC_ETOOBIG when the length does not fit the format.
 */
int hprpc__header_write(const struct hprpc_header *header, uint32_t size, uint8_t *ret_bytes);

/*
 * Reads a header from the first `count` bytes of a message. Returns the header's own size, 0 when it goes on beyond
 * `count`, or HPRPC_EPROTOCOL or HPRPC_EVERSION with a sentence, as soon as the bytes show it.
 */
int hprpc__header_read(const uint8_t *bytes, size_t count, struct hprpc_detail *detail, struct hprpc_header *ret_header,
                       uint32_t *ret_size);

/*
 * The length that a header announces, which counts everything after it. False while the bytes do not show it yet. Called for
 * bytes that hprpc__header_read has found no fault in.
 */
bool hprpc__header_length(const uint8_t *bytes, size_t count, uint32_t *ret_length);

#endif
