/* SPDX-License-Identifier: MIT */
/* The byte form of a header: writing it, and reading it as far as its bytes have arrived. */
#include "channel/framed/header.h"

enum { MAGIC = HPRPC__PROTOCOL_MAGIC, PREAMBLE_SIZE = 4, VARINT_MAX = 5 };

static uint8_t *write_varint(uint8_t *place, uint32_t value)
{
    while (value >= 0x80) {
        *place++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *place++ = (uint8_t)value;
    return place;
}

/* Writes everything between the length and the body. */
static uint8_t *write_fields(uint8_t *place, const struct hprpc_header *header)
{
    place = write_varint(place, header->call);
    if (header->type == HPRPC_MESSAGE_REQUEST) {
        place = write_varint(place, header->service);
        place = write_varint(place, header->procedure);
    }
    if (header->flags & HPRPC_FLAG_TIMEOUT)
        place = write_varint(place, header->timeout_ms);
    if (header->flags & HPRPC_FLAG_DEPTH)
        place = write_varint(place, header->depth);
    return place;
}

int hprpc__header_write_long(const struct hprpc_header *header, uint32_t size, uint8_t *ret_bytes)
{
    uint8_t fields[HPRPC__HEADER_MAX];
    size_t count = (size_t)(write_fields(fields, header) - fields);
    uint8_t *place = ret_bytes;

    if (size > UINT32_MAX - count)
        return HPRPC_ETOOBIG;
    *place++ = MAGIC;
    *place++ = (uint8_t)(HPRPC__PROTOCOL_VERSION << 4 | (header->type & 15));
    *place++ = header->flags;
    *place++ = 0;
    place = write_varint(place, (uint32_t)count + size);
    memcpy(place, fields, count);
    return (int)(place + count - ret_bytes);
}

/* A cursor over the header's bytes as far as they have arrived. */
struct cursor {
    const uint8_t *at;
    const uint8_t *arrived; /* the end of the bytes that are here */
    size_t left;            /* bytes up to the end of the message, once the length is known */
    struct hprpc_detail *detail;
};

enum step { STEP_TAKEN, STEP_INCOMPLETE, STEP_BAD };

static enum step bad(const struct cursor *cursor, const char *what, const char *problem)
{
    hprpc_detail_set(cursor->detail, HPRPC_EPROTOCOL, "the %s in a message's header %s", what, problem);
    return STEP_BAD;
}

static enum step read_long_varint(struct cursor *cursor, uint32_t most, const char *what, uint32_t *ret_value)
{
    uint64_t value = 0;
    size_t i;

    for (i = 0; i < VARINT_MAX; i++) {
        uint8_t byte;

        if (i == cursor->left)
            return bad(cursor, what, "goes beyond the message's length");
        if (cursor->at + i == cursor->arrived)
            return STEP_INCOMPLETE;
        byte = cursor->at[i];
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte & 0x80)
            continue;
        if (i && !byte)
            return bad(cursor, what, "is not in its shortest form");
        if (value > most)
            return bad(cursor, what, "is out of range");
        cursor->at += i + 1;
        cursor->left -= i + 1;
        *ret_value = (uint32_t)value;
        return STEP_TAKEN;
    }
    return bad(cursor, what, "is longer than five bytes");
}

/* Reads a varint up to `most`, which is at least 127. Nearly all of them take one byte. */
static inline enum step read_varint(struct cursor *cursor, uint32_t most, const char *what, uint32_t *ret_value)
{
    if (cursor->at == cursor->arrived || !cursor->left || *cursor->at & 0x80)
        return read_long_varint(cursor, most, what, ret_value);
    *ret_value = *cursor->at++;
    cursor->left--;
    return STEP_TAKEN;
}

static bool is_known(int type)
{
    return type >= HPRPC_MESSAGE_HELLO && type <= HPRPC_MESSAGE_DRAIN;
}

/* Checks the preamble as far as it has arrived; 0, HPRPC_EPROTOCOL or HPRPC_EVERSION. */
static int check_preamble(const uint8_t *bytes, size_t count, struct hprpc_detail *detail)
{
    if (count > 0 && bytes[0] != MAGIC)
        return hprpc_detail_set(detail, HPRPC_EPROTOCOL, "a message begins with 0x%02x instead of 0x%02x", bytes[0],
                                MAGIC);
    if (count > 1 && bytes[1] >> 4 != HPRPC__PROTOCOL_VERSION)
        return hprpc_detail_set(detail, HPRPC_EVERSION,
                                "the other side speaks version %d of the protocol, this side %d", bytes[1] >> 4,
                                HPRPC__PROTOCOL_VERSION);
    if (count > 1 && !is_known(bytes[1] & 15))
        return hprpc_detail_set(detail, HPRPC_EPROTOCOL, "a message has the unknown type %d", bytes[1] & 15);
    if (count > 2 && bytes[2] && bytes[2] & ~hprpc_message_flags(bytes[1] & 15))
        return hprpc_detail_set(detail, HPRPC_EPROTOCOL, "a message of type %d has the flags 0x%02x", bytes[1] & 15,
                                bytes[2]);
    if (count > 3 && bytes[3])
        return hprpc_detail_set(detail, HPRPC_EPROTOCOL, "the reserved byte of a message is 0x%02x", bytes[3]);
    return 0;
}

static enum step read_fields(struct cursor *cursor, struct hprpc_header *header)
{
    uint32_t service = 0, procedure = 0, depth = 0;
    enum step step = read_varint(cursor, UINT32_MAX, "call id", &header->call);

    if (step == STEP_TAKEN && header->type == HPRPC_MESSAGE_REQUEST) {
        step = read_varint(cursor, UINT16_MAX, "service number", &service);
        if (step == STEP_TAKEN)
            step = read_varint(cursor, UINT16_MAX, "procedure number", &procedure);
    }
    if (step == STEP_TAKEN && header->flags & HPRPC_FLAG_TIMEOUT)
        step = read_varint(cursor, UINT32_MAX, "timeout", &header->timeout_ms);
    if (step == STEP_TAKEN && header->flags & HPRPC_FLAG_DEPTH)
        step = read_varint(cursor, UINT16_MAX, "nesting depth", &depth);
    header->service = (uint16_t)service;
    header->procedure = (uint16_t)procedure;
    header->depth = (uint16_t)depth;
    return step;
}

int hprpc__header_read(const uint8_t *bytes, size_t count, struct hprpc_detail *detail, struct hprpc_header *ret_header,
                       uint32_t *ret_size)
{
    struct cursor cursor = { .arrived = bytes + count, .left = SIZE_MAX, .detail = detail };
    struct hprpc_header header = { 0 };
    uint32_t length;
    enum step step;
    int r;

    if (count >= HPRPC__HEADER_REQUEST) {
        r = (int)hprpc__header_read_short(bytes, ret_header, ret_size);
        if (r)
            return r;
    }
    r = check_preamble(bytes, count, detail);
    if (r || count <= PREAMBLE_SIZE)
        return r;
    header.type = bytes[1] & 15;
    header.flags = bytes[2];
    cursor.at = bytes + PREAMBLE_SIZE;
    step = read_varint(&cursor, UINT32_MAX, "length", &length);
    if (step == STEP_TAKEN) {
        cursor.left = length;
        step = read_fields(&cursor, &header);
    }
    if (step != STEP_TAKEN)
        return step == STEP_BAD ? HPRPC_EPROTOCOL : 0;
    *ret_header = header;
    *ret_size = (uint32_t)cursor.left;
    return (int)(cursor.at - bytes);
}

bool hprpc__header_length(const uint8_t *bytes, size_t count, uint32_t *ret_length)
{
    struct hprpc_detail detail;
    struct cursor cursor = { bytes + PREAMBLE_SIZE, bytes + count, SIZE_MAX, &detail };

    return count > PREAMBLE_SIZE && read_varint(&cursor, UINT32_MAX, "length", ret_length) == STEP_TAKEN;
}
