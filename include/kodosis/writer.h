/* SPDX-License-Identifier: MIT */
/*
 * The writer (the paper's BinaryWriter): a cursor over memory that it does not own, usually a transport's. The room is
 * exact: generated code computes the encoded size first. Offsets, and so alignment, count from the start of the body.
 */
#ifndef KODOSIS_WRITER_H
#define KODOSIS_WRITER_H

#include <kodosis/scalar.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Blittable runs from this size on may be borrowed by a writer that has references to spare. */
enum { KODOSIS_REFERENCE_MIN = 16 * 1024 };

/* Open file descriptors that one message can carry. */
enum { KODOSIS_DESCRIPTORS_MAX = 16 };

/* A run that was not copied: `size` bytes at `data` belong at `place`, which was left unwritten. */
struct kodosis_reference {
    const uint8_t *data;
    uint8_t *place;
    size_t size;
};

struct kodosis_writer {
    uint8_t *cursor;
    uint8_t *end;
    uint8_t *start;
    enum kodosis_status status; /* the first fault; nothing is written from then on */
    uint32_t descriptor_count;  /* directly behind `status`: see kodosis_writer_is_plain */
    uint32_t reference_count;
    uint32_t reference_capacity;  /* 0: everything is copied */
    uint32_t depth;               /* levels of nesting that were entered */
    uint32_t descriptor_capacity; /* 0: none can be carried */
    struct kodosis_reference *references;
    int *descriptors; /* those that were written, in order; borrowed */
};

/* Opens a writer over `size` bytes. */
static inline void kodosis_writer_init(struct kodosis_writer *writer, void *memory, size_t size)
{
    writer->start = KODOSIS_CAST(uint8_t *, memory);
    writer->cursor = writer->start;
    writer->end = size ? writer->start + size : writer->start;
    writer->status = KODOSIS_OK;
    writer->descriptor_count = 0;
    writer->reference_count = 0;
    writer->reference_capacity = 0;
    writer->depth = 0;
    writer->descriptor_capacity = 0;
    writer->references = NULL;
}

/* Remembers the first fault; there is no room from then on. */
KODOSIS_API void kodosis_writer_fail(struct kodosis_writer *writer, enum kodosis_status status);

/* Records a run that is not copied. The writer has a reference to spare, and room. */
KODOSIS_API void kodosis_writer_refer(struct kodosis_writer *writer, const void *data, size_t size);

/* The writer's status; KODOSIS_TRAILING when there was no fault but some of the exact room is left. */
static inline enum kodosis_status kodosis_writer_finish(const struct kodosis_writer *writer)
{
    if (writer->status == KODOSIS_OK && writer->cursor != writer->end)
        return KODOSIS_TRAILING;
    return writer->status;
}

/* Whether there was no fault, no room is left, and no descriptors were written, as of most bodies: one test for status and count. */
static inline bool kodosis_writer_is_plain(const struct kodosis_writer *writer)
{
    uint64_t status_and_count;

    memcpy(&status_and_count, &writer->status, sizeof(status_and_count));
    return !status_and_count && writer->cursor == writer->end;
}

/*
 * Steps into a value that may contain its own kind; false after a fault. Nesting beyond KODOSIS_DEPTH_MAX is a fault.
 */
static inline bool kodosis_writer_enter(struct kodosis_writer *writer)
{
    if (KODOSIS_UNLIKELY(writer->status != KODOSIS_OK || writer->depth == KODOSIS_DEPTH_MAX)) {
        kodosis_writer_fail(writer, KODOSIS_TOO_DEEP);
        return false;
    }
    writer->depth++;
    return true;
}

/* Steps out of a value for which kodosis_writer_enter returned true. */
static inline void kodosis_writer_leave(struct kodosis_writer *writer)
{
    writer->depth--;
}

/*
 * ---- Sizes: each takes the offset where a value starts and gives the offset after it ----
 *
 * An offset also carries faults, so that a size which cannot be encoded is larger than any that can: an offset of
 * KODOSIS_SIZE_TOO_BIG or more says that a list is too long, one of KODOSIS_SIZE_TOO_DEEP or more that a value nests
 * too deep. The bits in between count the levels that were entered.
 */
#define KODOSIS_SIZE_TOO_BIG (UINT64_C(1) << 55)
#define KODOSIS_SIZE_LEVEL (UINT64_C(1) << 56)
#define KODOSIS_SIZE_TOO_DEEP (UINT64_C(1) << 63)

/* Steps into a value that may contain its own kind; false beyond the limit, and `offset` becomes KODOSIS_SIZE_TOO_DEEP. */
static inline bool kodosis_size_enter(uint64_t *offset)
{
    if (KODOSIS_UNLIKELY(*offset >= KODOSIS_DEPTH_MAX * KODOSIS_SIZE_LEVEL)) {
        *offset |= KODOSIS_SIZE_TOO_DEEP;
        return false;
    }
    *offset += KODOSIS_SIZE_LEVEL;
    return true;
}

/* Steps out of a value for which kodosis_size_enter returned true. */
static inline uint64_t kodosis_size_leave(uint64_t offset)
{
    return offset - KODOSIS_SIZE_LEVEL;
}

/* The zero bytes that bring an offset to the next multiple of `alignment`, a power of two. */
static inline size_t kodosis_padding(uint64_t offset, size_t alignment)
{
    return KODOSIS_CAST(size_t, 0 - offset) & (alignment - 1);
}

static inline uint64_t kodosis_size_varint(uint64_t offset, uint64_t value)
{
    if (value < 0x80)
        return offset + 1;
    if (value < 0x4000)
        return offset + 2;
    if (value < 0x200000)
        return offset + 3;
    return offset + (value < 0x10000000 ? 4 : 5);
}

static inline uint64_t kodosis_size_string(uint64_t offset, struct kodosis_string value)
{
    return kodosis_size_varint(offset, value.size) + value.size + 1;
}

static inline uint64_t kodosis_size_bytes(uint64_t offset, struct kodosis_bytes value)
{
    return kodosis_size_varint(offset, value.size) + value.size;
}

/* `size` bytes that start at a multiple of `alignment`. */
static inline uint64_t kodosis_size_aligned(uint64_t offset, uint64_t size, size_t alignment)
{
    return offset + kodosis_padding(offset, alignment) + size;
}

/* The offset of an extensible value's content, behind its size. */
static inline uint64_t kodosis_size_extent(uint64_t offset)
{
    return kodosis_size_aligned(offset + 4, 0, 8);
}

/* The offset behind the content's members that are not known. */
static inline uint64_t kodosis_size_rest(uint64_t offset, struct kodosis_bytes rest)
{
    return rest.size ? kodosis_size_aligned(offset, rest.size, 8) : offset;
}

/* A list of `count` blittable elements of `size` bytes each. */
static inline uint64_t kodosis_size_list(uint64_t offset, size_t count, size_t size, size_t alignment)
{
    offset = kodosis_size_varint(offset, count);
    if (!count)
        return offset;
    if (KODOSIS_UNLIKELY(count > UINT32_MAX))
        return offset | KODOSIS_SIZE_TOO_BIG;
    return kodosis_size_aligned(offset, KODOSIS_CAST(uint64_t, count) * size, alignment);
}

KODOSIS_API uint64_t kodosis_size_string_list(uint64_t offset, struct kodosis_string_list value);
KODOSIS_API uint64_t kodosis_size_bytes_list(uint64_t offset, struct kodosis_bytes_list value);

/* ---- Writing ---- */

/* Room for `size` bytes, which the caller fills; NULL when there is none (KODOSIS_OVERFLOW). */
static inline uint8_t *kodosis_writer_claim(struct kodosis_writer *writer, size_t size)
{
    uint8_t *place = writer->cursor;

    if (KODOSIS_UNLIKELY(size > KODOSIS_CAST(size_t, writer->end - place))) {
        kodosis_writer_fail(writer, KODOSIS_OVERFLOW);
        return NULL;
    }
    writer->cursor = place + size;
    return place;
}

static inline void kodosis_write_int8(struct kodosis_writer *writer, int8_t value)
{
    uint8_t *place = kodosis_writer_claim(writer, sizeof(value));

    if (place)
        kodosis_store_int8(place, value);
}

static inline void kodosis_write_int16(struct kodosis_writer *writer, int16_t value)
{
    uint8_t *place = kodosis_writer_claim(writer, sizeof(value));

    if (place)
        kodosis_store_int16(place, value);
}

static inline void kodosis_write_int32(struct kodosis_writer *writer, int32_t value)
{
    uint8_t *place = kodosis_writer_claim(writer, sizeof(value));

    if (place)
        kodosis_store_int32(place, value);
}

static inline void kodosis_write_int64(struct kodosis_writer *writer, int64_t value)
{
    uint8_t *place = kodosis_writer_claim(writer, sizeof(value));

    if (place)
        kodosis_store_int64(place, value);
}

static inline void kodosis_write_uint8(struct kodosis_writer *writer, uint8_t value)
{
    uint8_t *place = kodosis_writer_claim(writer, sizeof(value));

    if (place)
        kodosis_store_uint8(place, value);
}

static inline void kodosis_write_uint16(struct kodosis_writer *writer, uint16_t value)
{
    uint8_t *place = kodosis_writer_claim(writer, sizeof(value));

    if (place)
        kodosis_store_uint16(place, value);
}

static inline void kodosis_write_uint32(struct kodosis_writer *writer, uint32_t value)
{
    uint8_t *place = kodosis_writer_claim(writer, sizeof(value));

    if (place)
        kodosis_store_uint32(place, value);
}

static inline void kodosis_write_uint64(struct kodosis_writer *writer, uint64_t value)
{
    uint8_t *place = kodosis_writer_claim(writer, sizeof(value));

    if (place)
        kodosis_store_uint64(place, value);
}

static inline void kodosis_write_float32(struct kodosis_writer *writer, float value)
{
    uint8_t *place = kodosis_writer_claim(writer, sizeof(value));

    if (place)
        kodosis_store_float32(place, value);
}

static inline void kodosis_write_float64(struct kodosis_writer *writer, double value)
{
    uint8_t *place = kodosis_writer_claim(writer, sizeof(value));

    if (place)
        kodosis_store_float64(place, value);
}

/*
 * An open file descriptor: the message carries it, and the body holds its number in the message, in one byte. KODOSIS_BAD_DESCRIPTOR: it
 * is negative, or there are more than the message can carry.
 */
KODOSIS_API void kodosis_write_fd(struct kodosis_writer *writer, int value);

static inline void kodosis_write_bool(struct kodosis_writer *writer, bool value)
{
    uint8_t *place = kodosis_writer_claim(writer, 1);

    if (place)
        kodosis_store_bool(place, value);
}

/* A length or count. KODOSIS_OVERFLOW beyond 32 bits. */
static inline void kodosis_write_varint(struct kodosis_writer *writer, uint64_t value)
{
    uint8_t *place;

    if (KODOSIS_UNLIKELY(value > UINT32_MAX)) {
        kodosis_writer_fail(writer, KODOSIS_OVERFLOW);
        return;
    }
    place = kodosis_writer_claim(writer, KODOSIS_CAST(size_t, kodosis_size_varint(0, value)));
    if (!place)
        return;
    while (value >= 0x80) {
        *place++ = KODOSIS_CAST(uint8_t, value | 0x80);
        value >>= 7;
    }
    *place = KODOSIS_CAST(uint8_t, value);
}

/* Bytes as they are, copied now or borrowed until the message is sent. */
static inline void kodosis_write_run(struct kodosis_writer *writer, const void *data, size_t size)
{
    uint8_t *place;

    if (size >= KODOSIS_REFERENCE_MIN && writer->reference_count < writer->reference_capacity &&
        size <= KODOSIS_CAST(size_t, writer->end - writer->cursor)) {
        kodosis_writer_refer(writer, data, size);
        return;
    }
    place = kodosis_writer_claim(writer, size);
    if (place && size)
        memcpy(place, data, size);
}

/* A string. The reader checks that it is UTF-8 without U+0000; the writer does not. */
static inline void kodosis_write_string(struct kodosis_writer *writer, struct kodosis_string value)
{
    uint8_t *place = writer->cursor;

    /* a short one takes a byte for its size, itself, and its NUL */
    if (KODOSIS_LIKELY(value.size && value.size < 0x80 &&
                       value.size + 2 <= KODOSIS_CAST(size_t, writer->end - place))) {
        *place = KODOSIS_CAST(uint8_t, value.size);
        kodosis_copy_short(place + 1, value.data, value.size);
        place[value.size + 1] = 0;
        writer->cursor = place + value.size + 2;
        return;
    }
    kodosis_write_varint(writer, value.size);
    kodosis_write_run(writer, value.data, value.size);
    kodosis_write_uint8(writer, 0);
}

static inline void kodosis_write_bytes(struct kodosis_writer *writer, struct kodosis_bytes value)
{
    kodosis_write_varint(writer, value.size);
    kodosis_write_run(writer, value.data, value.size);
}

/* Zero bytes up to the next multiple of `alignment`, a power of two of at most 8. */
static inline void kodosis_write_padding(struct kodosis_writer *writer, size_t alignment)
{
    size_t padding = kodosis_padding(KODOSIS_CAST(uint64_t, writer->cursor - writer->start), alignment);
    uint8_t *place;

    if (!padding)
        return;
    place = kodosis_writer_claim(writer, padding);
    if (place)
        memset(place, 0, padding);
}

/* A blittable struct or array: padding, then `size` bytes. */
static inline void kodosis_write_aligned(struct kodosis_writer *writer, const void *data, size_t size, size_t alignment)
{
    kodosis_write_padding(writer, alignment);
    kodosis_write_run(writer, data, size);
}

/* A list of `count` blittable elements of `size` bytes each. */
static inline void kodosis_write_list(struct kodosis_writer *writer, const void *data, size_t count, size_t size,
                                      size_t alignment)
{
    kodosis_write_varint(writer, count);
    if (count && writer->status == KODOSIS_OK)
        kodosis_write_aligned(writer, data, count * size, alignment);
}

/*
 * ---- Extensible values: a size, and content of that size ----
 *
 * kodosis_write_extent leaves room for the size and returns its place, NULL after a fault; kodosis_write_rest fills it in, behind
 * members that were not known when they were read: `rest` as it came, or nothing.
 */
KODOSIS_API uint8_t *kodosis_write_extent(struct kodosis_writer *writer);
KODOSIS_API void kodosis_write_rest(struct kodosis_writer *writer, uint8_t *extent, struct kodosis_bytes rest);

KODOSIS_API void kodosis_write_string_list(struct kodosis_writer *writer, struct kodosis_string_list value);
KODOSIS_API void kodosis_write_bytes_list(struct kodosis_writer *writer, struct kodosis_bytes_list value);

#ifdef __cplusplus
}
#endif

#endif
