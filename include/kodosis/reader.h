/* SPDX-License-Identifier: MIT */
/*
 * The reader (the paper's BinaryReader): a cursor over a received body. It never reads outside the body, checks everything,
 * and remembers the first fault: from then on every read gives zero, so that generated code checks once, at the end.
 */
#ifndef KODOSIS_READER_H
#define KODOSIS_READER_H

#include <kodosis/arena.h>
#include <kodosis/scalar.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { KODOSIS_RUN_MAX = 256 }; /* the longest run of kodosis_read_run */

struct kodosis_reader {
    const uint8_t *cursor;
    const uint8_t *end;
    const uint8_t *start; /* aligned to 8 */
    enum kodosis_status status;
    uint32_t unread;             /* descriptors that no value of the body has named yet; directly behind `status` */
    uint32_t depth;              /* levels of nesting that may still be entered */
    uint32_t named;              /* descriptors that a value has named; set with `descriptors` */
    struct kodosis_arena *arena; /* for values that cannot be views; its limit bounds the decoded memory */
    const uint8_t *fault;        /* where the first fault was found */
    const int *descriptors;      /* the next one that came with the body, if `unread` says that there is one */
};

/*
 * Opens a reader over `size` bytes at `body`, which is aligned to 8. `arena` is borrowed, and may be NULL if all values that are
 * read can be views; views point into both.
 */
static inline void kodosis_reader_init(struct kodosis_reader *reader, const void *body, size_t size,
                                       struct kodosis_arena *arena)
{
    reader->start = KODOSIS_CAST(const uint8_t *, body);
    reader->cursor = reader->start;
    reader->end = size ? reader->start + size : reader->start; /* NULL plus 0 is nothing in C */
    reader->status = KODOSIS_OK;
    reader->unread = 0;
    reader->depth = KODOSIS_DEPTH_MAX;
    reader->arena = arena;
    reader->fault = NULL;
}

/* Gives the reader the descriptors that came with the body; borrowed. */
static inline void kodosis_reader_attach(struct kodosis_reader *reader, const int *descriptors, uint32_t count)
{
    reader->descriptors = descriptors;
    reader->unread = count;
    reader->named = 0;
}

/* Remembers the first fault and its place; nothing is left to read from then on. */
KODOSIS_API void kodosis_reader_fail(struct kodosis_reader *reader, enum kodosis_status status);

/* The slow half of the function below. */
KODOSIS_API enum kodosis_status kodosis_reader_finish_slowly(struct kodosis_reader *reader);

/*
 * The reader's status; a reader without fault that has bytes left gets KODOSIS_TRAILING, and one that has descriptors left
 * KODOSIS_BAD_DESCRIPTOR.
 */
static inline enum kodosis_status kodosis_reader_finish(struct kodosis_reader *reader)
{
    uint64_t status_and_unread;

    memcpy(&status_and_unread, &reader->status, sizeof(status_and_unread));
    if (KODOSIS_UNLIKELY(reader->cursor != reader->end || status_and_unread))
        return kodosis_reader_finish_slowly(reader);
    return KODOSIS_OK;
}

static inline size_t kodosis_reader_remaining(const struct kodosis_reader *reader)
{
    return KODOSIS_CAST(size_t, reader->end - reader->cursor);
}

/* ---- Bytes in place ---- */

/* The next `size` bytes; NULL when there are not so many (KODOSIS_TRUNCATED). */
static inline const uint8_t *kodosis_reader_take(struct kodosis_reader *reader, size_t size)
{
    const uint8_t *place = reader->cursor;

    if (KODOSIS_UNLIKELY(size > kodosis_reader_remaining(reader))) {
        kodosis_reader_fail(reader, KODOSIS_TRUNCATED);
        return NULL;
    }
    reader->cursor = place + size;
    return place;
}

/* kodosis_read_run returns these zeros after a fault. */
extern KODOSIS_API const uint8_t kodosis_zeros[KODOSIS_RUN_MAX];

/* The next `size` bytes, at most KODOSIS_RUN_MAX, for the load functions; never NULL: zeros after a fault. */
static inline const uint8_t *kodosis_read_run(struct kodosis_reader *reader, size_t size)
{
    const uint8_t *place = kodosis_reader_take(reader, size);

    return place ? place : kodosis_zeros;
}

/* Passes over the padding before a value of this alignment (1, 2, 4 or 8), which must be zero bytes. */
static inline void kodosis_read_padding(struct kodosis_reader *reader, size_t alignment)
{
    size_t padding = KODOSIS_CAST(size_t, reader->start - reader->cursor) & (alignment - 1);
    const uint8_t *place;
    uint8_t bits = 0;

    if (!padding)
        return;
    place = kodosis_reader_take(reader, padding);
    if (!place)
        return;
    while (padding)
        bits |= place[--padding];
    if (KODOSIS_UNLIKELY(bits))
        kodosis_reader_fail(reader, KODOSIS_BAD_PADDING);
}

/* A blittable struct or array in place, aligned; NULL after a fault. */
static inline const void *kodosis_read_view(struct kodosis_reader *reader, size_t size, size_t alignment)
{
    kodosis_read_padding(reader, alignment);
    return kodosis_reader_take(reader, size);
}

/* Copies a blittable struct or array into the caller's memory; zeros after a fault. */
static inline void kodosis_read_copy(struct kodosis_reader *reader, void *ret_memory, size_t size, size_t alignment)
{
    const void *place = kodosis_read_view(reader, size, alignment);

    if (place)
        memcpy(ret_memory, place, size);
    else
        memset(ret_memory, 0, size);
}

/* ---- Scalars ---- */

static inline int8_t kodosis_read_int8(struct kodosis_reader *reader)
{
    return kodosis_load_int8(kodosis_read_run(reader, 1));
}

static inline int16_t kodosis_read_int16(struct kodosis_reader *reader)
{
    return kodosis_load_int16(kodosis_read_run(reader, 2));
}

static inline int32_t kodosis_read_int32(struct kodosis_reader *reader)
{
    return kodosis_load_int32(kodosis_read_run(reader, 4));
}

static inline int64_t kodosis_read_int64(struct kodosis_reader *reader)
{
    return kodosis_load_int64(kodosis_read_run(reader, 8));
}

static inline uint8_t kodosis_read_uint8(struct kodosis_reader *reader)
{
    return kodosis_load_uint8(kodosis_read_run(reader, 1));
}

static inline uint16_t kodosis_read_uint16(struct kodosis_reader *reader)
{
    return kodosis_load_uint16(kodosis_read_run(reader, 2));
}

static inline uint32_t kodosis_read_uint32(struct kodosis_reader *reader)
{
    return kodosis_load_uint32(kodosis_read_run(reader, 4));
}

static inline uint64_t kodosis_read_uint64(struct kodosis_reader *reader)
{
    return kodosis_load_uint64(kodosis_read_run(reader, 8));
}

static inline float kodosis_read_float32(struct kodosis_reader *reader)
{
    return kodosis_load_float32(kodosis_read_run(reader, 4));
}

static inline double kodosis_read_float64(struct kodosis_reader *reader)
{
    return kodosis_load_float64(kodosis_read_run(reader, 8));
}

/* The bool that a byte stands for; a fault when it is neither 0 nor 1. */
static inline bool kodosis_check_bool(struct kodosis_reader *reader, uint8_t byte)
{
    if (KODOSIS_UNLIKELY(byte > 1)) {
        kodosis_reader_fail(reader, KODOSIS_BAD_BOOL);
        return false;
    }
    return byte == 1;
}

static inline bool kodosis_read_bool(struct kodosis_reader *reader)
{
    return kodosis_check_bool(reader, kodosis_read_uint8(reader));
}

/* A fault when an enum's value is not declared. */
static inline void kodosis_check_enum(struct kodosis_reader *reader, bool declared)
{
    if (KODOSIS_UNLIKELY(!declared))
        kodosis_reader_fail(reader, KODOSIS_BAD_ENUM);
}

/* The one byte of a struct without members, which is 0. */
static inline uint8_t kodosis_read_empty(struct kodosis_reader *reader)
{
    if (KODOSIS_UNLIKELY(kodosis_read_uint8(reader)))
        kodosis_reader_fail(reader, KODOSIS_BAD_PADDING);
    return 0;
}

/* A fault unless all of `count` bytes, `stride` apart from `first` on, are 0 or 1. */
KODOSIS_API void kodosis_check_bools(struct kodosis_reader *reader, const void *first, size_t count, size_t stride);

/*
 * The descriptor that a value names: its byte counts from 0, in the order of the values, so that each is named once. -1 after a fault.
 * It stays with whom the body belongs to.
 */
KODOSIS_API int kodosis_read_fd(struct kodosis_reader *reader);

/* ---- Lengths, counts and nesting ---- */

/* The rest of a varint that is longer than one byte. */
KODOSIS_API uint32_t kodosis_read_long_varint(struct kodosis_reader *reader);

/* A length or count in its shortest form. */
static inline uint32_t kodosis_read_varint(struct kodosis_reader *reader)
{
    if (KODOSIS_LIKELY(reader->cursor != reader->end)) {
        uint8_t byte = *reader->cursor; /* read once: the body may be shared with the peer */

        if (KODOSIS_LIKELY(byte < 0x80)) {
            reader->cursor++;
            return byte;
        }
    }
    return kodosis_read_long_varint(reader);
}

/*
 * The number of elements that follow, each of at least `minimum` bytes. A number for which too few bytes are left is a
 * fault, so that no memory is taken for it.
 */
static inline uint32_t kodosis_read_count(struct kodosis_reader *reader, size_t minimum)
{
    uint32_t count = kodosis_read_varint(reader);

    if (KODOSIS_UNLIKELY(KODOSIS_CAST(uint64_t, count) * (minimum ? minimum : 1) > kodosis_reader_remaining(reader))) {
        kodosis_reader_fail(reader, KODOSIS_BAD_COUNT);
        return 0;
    }
    return count;
}

/* Fails because the arena has no room for `count` values of `size` bytes; after a fault, does nothing more. */
KODOSIS_API void kodosis_reader_fail_memory(struct kodosis_reader *reader, size_t count, size_t size);

/* Room for `count` values of `size` bytes in the arena, not cleared; NULL after a fault or for none. */
static inline void *kodosis_read_array(struct kodosis_reader *reader, size_t count, size_t size)
{
    void *memory = NULL;

    if (!count || KODOSIS_UNLIKELY(reader->status != KODOSIS_OK))
        return NULL;
    if (KODOSIS_LIKELY(reader->arena && count <= SIZE_MAX / size))
        memory = kodosis_arena_allocate(reader->arena, count * size);
    if (KODOSIS_UNLIKELY(!memory))
        kodosis_reader_fail_memory(reader, count, size);
    return memory;
}

/* Steps into a value that may contain its own kind; false, and a fault, beyond the limit. */
static inline bool kodosis_reader_enter(struct kodosis_reader *reader)
{
    if (KODOSIS_UNLIKELY(!reader->depth)) {
        kodosis_reader_fail(reader, KODOSIS_TOO_DEEP);
        return false;
    }
    reader->depth--;
    return true;
}

/* Steps out of a value for which kodosis_reader_enter returned true. */
static inline void kodosis_reader_leave(struct kodosis_reader *reader)
{
    reader->depth++;
}

/*
 * ---- Extensible values: a size, and content of that size, of which a reader knows the beginning ----
 *
 * kodosis_read_extent narrows the reader to the content and returns the end that it had; kodosis_read_rest or
 * kodosis_read_extent_end gives that back. kodosis_read_more says whether the content goes on with a further member.
 */
KODOSIS_API const uint8_t *kodosis_read_extent(struct kodosis_reader *reader);

/* Passes over the padding in front of the next member; false where the content ends. */
static inline bool kodosis_read_more(struct kodosis_reader *reader)
{
    if (reader->cursor == reader->end)
        return false;
    kodosis_read_padding(reader, 8);
    return true;
}

/* Takes the rest of the content, which is members that the reader does not know, and gives the end back. */
KODOSIS_API struct kodosis_bytes kodosis_read_rest(struct kodosis_reader *reader, const uint8_t *end);

/* Takes all that is left of the content: a view, empty if there is nothing. */
KODOSIS_API struct kodosis_bytes kodosis_read_content(struct kodosis_reader *reader);

/* Gives the end back where the content is read to its own: a rest is a fault, KODOSIS_TRAILING. */
KODOSIS_API void kodosis_read_extent_end(struct kodosis_reader *reader, const uint8_t *end);

/* ---- Views of variable length ---- */

/* A string in place: UTF-8 without U+0000, followed by a NUL. After a fault the empty string. */
KODOSIS_API struct kodosis_string kodosis_read_string(struct kodosis_reader *reader);

/* Bytes in place. */
KODOSIS_API struct kodosis_bytes kodosis_read_bytes(struct kodosis_reader *reader);

/* Lists of strings and of bytes: the texts in place, the list in the arena. */
KODOSIS_API struct kodosis_string_list kodosis_read_string_list(struct kodosis_reader *reader);
KODOSIS_API struct kodosis_bytes_list kodosis_read_bytes_list(struct kodosis_reader *reader);

/*
 * A fault (KODOSIS_BAD_KEY) when two of `count` map entries, `stride` bytes apart from `first` on, have the same key. The key
 * comes first in its entry: a scalar of `size` bytes, or a string. Ascending keys cost one pass; others are sorted, in the arena.
 */
KODOSIS_API void kodosis_check_keys(struct kodosis_reader *reader, const void *first, size_t count, size_t stride,
                                    size_t size);
KODOSIS_API void kodosis_check_string_keys(struct kodosis_reader *reader, const void *first, size_t count,
                                           size_t stride);

/* A list of blittable elements in place, aligned; NULL and a count of 0 after a fault or when it is empty. */
static inline const void *kodosis_read_list(struct kodosis_reader *reader, size_t size, size_t alignment,
                                            size_t *ret_count)
{
    uint32_t count = kodosis_read_varint(reader);

    *ret_count = 0;
    if (!count)
        return NULL;
    kodosis_read_padding(reader, alignment);
    if (KODOSIS_UNLIKELY(KODOSIS_CAST(uint64_t, count) * size > kodosis_reader_remaining(reader))) {
        kodosis_reader_fail(reader, KODOSIS_BAD_COUNT);
        return NULL;
    }
    *ret_count = count;
    return kodosis_reader_take(reader, count * size);
}

#ifdef __cplusplus
}
#endif

#endif
