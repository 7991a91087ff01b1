/* SPDX-License-Identifier: MIT */
/* The byte form of a message's header on a stream; docs/wire-format.md defines it. */
#ifndef HPRPC_CHANNEL_FRAMED_HEADER_H
#define HPRPC_CHANNEL_FRAMED_HEADER_H

#include <hprpc/channel/transport.h>
#include <kodosis/scalar.h>

enum {
    HPRPC__PROTOCOL_MAGIC = 0xb7,
    HPRPC__PROTOCOL_VERSION = 1,
    HPRPC__HEADER_MAX = 28,    /* preamble 4, length 5, call 5, service 3, procedure 3, timeout 5, depth 3 */
    HPRPC__HEADER_REQUEST = 8, /* a short header of a request; preamble 4, and four numbers of one byte each */
    HPRPC__HEADER_REPLY = 6,   /* a short header of a reply */
};

/* The preamble of a message without flags, as a little-endian word. */
static inline uint32_t hprpc__header_preamble(enum hprpc_message_type type)
{
    return HPRPC__PROTOCOL_MAGIC | (uint32_t)(HPRPC__PROTOCOL_VERSION << 4 | type) << 8;
}

/* Adds a flag that brings no number to a header that is written. */
static inline void hprpc__header_set_flag(uint8_t *header, enum hprpc_message_flag flag)
{
    header[2] |= (uint8_t)flag;
}

/* Whether a header is short: a plain request or reply all of whose numbers, and its length, take one byte each. */
static inline bool hprpc__header_is_short(const struct hprpc_header *header, uint32_t size)
{
    return (header->type == HPRPC_MESSAGE_REQUEST || header->type == HPRPC_MESSAGE_REPLY) && !header->flags &&
           (header->call | header->service | header->procedure) < 0x80 && size < 0x80 - 4;
}

/* Writes a short header, and always HPRPC__HEADER_REQUEST bytes. Returns the header's own size. */
static inline size_t hprpc__header_write_short(const struct hprpc_header *header, uint32_t size, uint8_t *ret_bytes)
{
    bool request = header->type == HPRPC_MESSAGE_REQUEST;
    uint32_t numbers =
        request ? (size + 3) | header->call << 8 | (uint32_t)header->service << 16 | (uint32_t)header->procedure << 24
                : (size + 1) | header->call << 8;

    kodosis_store_uint64(ret_bytes,
                         hprpc__header_preamble((enum hprpc_message_type)header->type) | (uint64_t)numbers << 32);
    return request ? HPRPC__HEADER_REQUEST : HPRPC__HEADER_REPLY;
}

/* Reads a short header from HPRPC__HEADER_REQUEST bytes. Returns its own size, or 0 if it is not short, or has a fault. */
static inline size_t hprpc__header_read_short(const uint8_t *bytes, struct hprpc_header *ret_header, uint32_t *ret_size)
{
    uint64_t word = kodosis_load_uint64(bytes);
    uint32_t numbers = (uint32_t)(word >> 32), length = numbers & 0xff;
    bool request = (uint32_t)word == hprpc__header_preamble(HPRPC_MESSAGE_REQUEST);

    if (request ? numbers & 0x80808080 || length < 3
                : (uint32_t)word != hprpc__header_preamble(HPRPC_MESSAGE_REPLY) || numbers & 0x8080 || !length)
        return 0;
    *ret_header = (struct hprpc_header){ .call = numbers >> 8 & 0xff };
    ret_header->type = request ? HPRPC_MESSAGE_REQUEST : HPRPC_MESSAGE_REPLY;
    if (request) {
        ret_header->service = (uint16_t)(numbers >> 16 & 0xff);
        ret_header->procedure = (uint16_t)(numbers >> 24);
    }
    *ret_size = length - (request ? 3 : 1);
    return request ? HPRPC__HEADER_REQUEST : HPRPC__HEADER_REPLY;
}

/* The slow half of hprpc__header_write. */
int hprpc__header_write_long(const struct hprpc_header *header, uint32_t size, uint8_t *ret_bytes);

/*
 * Writes the header of a message with `size` bytes of body; `ret_bytes` has room for HPRPC__HEADER_MAX. Returns the bytes
 * written, or HPRPC_ETOOBIG when the length does not fit the format.
 */
static inline int hprpc__header_write(const struct hprpc_header *header, uint32_t size, uint8_t *ret_bytes)
{
    if (KODOSIS_LIKELY(hprpc__header_is_short(header, size)))
        return (int)hprpc__header_write_short(header, size, ret_bytes);
    return hprpc__header_write_long(header, size, ret_bytes);
}

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
