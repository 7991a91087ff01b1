/* SPDX-License-Identifier: MIT */
/*
 * The C shapes of Kodosis values: strings, bytes and lists as views, the status codes of encoding and decoding, and the
 * allocator that everything here takes its memory from.
 */
#ifndef KODOSIS_TYPES_H
#define KODOSIS_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Kodosis reads and writes its little-endian encoding in place: only little-endian hosts are supported"
#endif

#ifdef __cplusplus
#define KODOSIS_STATIC_ASSERT(condition, text) static_assert(condition, text)
#define KODOSIS_ALIGNOF(type) alignof(type)
#define KODOSIS_CAST(type, value) static_cast<type>(value)
#else
#define KODOSIS_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#define KODOSIS_ALIGNOF(type) _Alignof(type)
#define KODOSIS_CAST(type, value) ((type)(value))
#endif

#if defined(__GNUC__)
#define KODOSIS_API __attribute__((visibility("default")))
#define KODOSIS_DEPRECATED(sentence) __attribute__((deprecated(sentence)))
#define KODOSIS_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define KODOSIS_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#else
#define KODOSIS_API
#define KODOSIS_DEPRECATED(sentence)
#define KODOSIS_LIKELY(condition) (condition)
#define KODOSIS_UNLIKELY(condition) (condition)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The first fault of a writer or a reader. 0 is success; every other value stays until the cursor is initialised again. */
enum kodosis_status {
    KODOSIS_OK = 0,
    KODOSIS_TRUNCATED,       /* the bytes end before the value does */
    KODOSIS_TRAILING,        /* bytes are left after the last value */
    KODOSIS_OVERFLOW,        /* the value is longer than the room, or than the encoding allows */
    KODOSIS_BAD_LENGTH,      /* a length or count in a form the encoding forbids (an overlong or oversized varint) */
    KODOSIS_BAD_COUNT,       /* more elements than the remaining bytes can hold */
    KODOSIS_BAD_PADDING,     /* alignment padding that is not zero */
    KODOSIS_BAD_BOOL,        /* a bool or presence byte other than 0 and 1 */
    KODOSIS_BAD_ENUM,        /* an enum value that the interface does not declare */
    KODOSIS_BAD_TAG,         /* a union tag that the interface does not declare */
    KODOSIS_BAD_TEXT,        /* a string that is not UTF-8, contains U+0000, or lacks its final NUL */
    KODOSIS_TOO_DEEP,        /* nesting beyond the limit */
    KODOSIS_TOO_MUCH_MEMORY, /* decoded data beyond the limit */
    KODOSIS_NO_MEMORY,       /* the allocator returned NULL */
    KODOSIS_BAD_KEY,         /* a map that has one key twice */
    KODOSIS_BAD_DESCRIPTOR, /* a descriptor that is none, or did not come with the message; or one that no value names */
};

/* The sentence for a status; never NULL, static, any thread. */
KODOSIS_API const char *kodosis_status_text(enum kodosis_status status);

/* How deep a value of a recursive type may nest, where it is written and where it is read. */
enum { KODOSIS_DEPTH_MAX = 64 };

/*
 * Where memory comes from. `allocate` returns memory aligned for any type, or NULL; `release` takes what `allocate`
 * returned, with the size that was asked for, or NULL. Both may be called from any thread.
 */
struct kodosis_allocator {
    void *(*allocate)(void *self, size_t size);
    void (*release)(void *self, void *memory, size_t size);
    void *self;
};

/* A UTF-8 string without U+0000. `size` excludes the final NUL, which every decoded string has. */
struct kodosis_string {
    const char *data;
    size_t size;
};

struct kodosis_bytes {
    const uint8_t *data;
    size_t size;
};

/* Views over lists of scalars: `data` is aligned for its type and is not owned; it may be NULL only when `count` is 0. */
/* clang-format off */
struct kodosis_bool_list { const bool *data; size_t count; };
struct kodosis_int8_list { const int8_t *data; size_t count; };
struct kodosis_int16_list { const int16_t *data; size_t count; };
struct kodosis_int32_list { const int32_t *data; size_t count; };
struct kodosis_int64_list { const int64_t *data; size_t count; };
struct kodosis_uint8_list { const uint8_t *data; size_t count; };
struct kodosis_uint16_list { const uint16_t *data; size_t count; };
struct kodosis_uint32_list { const uint32_t *data; size_t count; };
struct kodosis_uint64_list { const uint64_t *data; size_t count; };
struct kodosis_float32_list { const float *data; size_t count; };
struct kodosis_float64_list { const double *data; size_t count; };
struct kodosis_string_list { const struct kodosis_string *data; size_t count; };
struct kodosis_bytes_list { const struct kodosis_bytes *data; size_t count; };
/* clang-format on */

/* A string value over a C string; the text is borrowed. NULL gives the empty string. */
static inline struct kodosis_string kodosis_str(const char *text)
{
    struct kodosis_string string;

    string.data = text ? text : "";
    string.size = text ? strlen(text) : 0;
    return string;
}

#ifdef __cplusplus
}
#endif

#endif
