/* SPDX-License-Identifier: MIT */
/*
 * Schemas at run time: generated code carries a constant description of its interface file, and these functions handle any
 * value by it: size, write, read, compare and print. A value is the memory of its C type, as generated code has it; a program
 * that was not compiled with the generated header finds members by the offsets in the description.
 *
 * Compiling generated code with KODOSIS_NO_SCHEMA leaves the description, _equal and _print out.
 */
#ifndef KODOSIS_SCHEMA_H
#define KODOSIS_SCHEMA_H

#include <kodosis/reader.h>
#include <kodosis/writer.h>

#ifdef __cplusplus
extern "C" {
#endif

enum kodosis_kind {
    KODOSIS_BOOL,
    KODOSIS_INT8,
    KODOSIS_INT16,
    KODOSIS_INT32,
    KODOSIS_INT64,
    KODOSIS_UINT8,
    KODOSIS_UINT16,
    KODOSIS_UINT32,
    KODOSIS_UINT64,
    KODOSIS_FLOAT32,
    KODOSIS_FLOAT64,
    KODOSIS_STRING, /* struct kodosis_string */
    KODOSIS_BYTES,  /* struct kodosis_bytes */
    KODOSIS_FD,     /* int: an open file descriptor, which travels beside the body */
    KODOSIS_ENUM,   /* its integer, whose kind is in `element` */
    KODOSIS_STRUCT, /* also a typed error */
    KODOSIS_UNION,  /* a tag byte, and a C union at `value_offset`: struct kodosis_bytes for a tag that is not known */
    KODOSIS_ARRAY,  /* `count` times `element` */
    KODOSIS_LIST,   /* struct kodosis_any_list of `element` */
    KODOSIS_OPTIONAL, /* a pointer to `element`, NULL for none */
    KODOSIS_MAP,      /* struct kodosis_any_list of entries: a key, and an `element` at `value_offset` */
};

/* Every list and every map has this layout in memory. */
struct kodosis_any_list {
    const void *data;
    size_t count;
};

enum kodosis_type_flag {
    KODOSIS_BLITTABLE = 1,  /* the C value's bytes are the encoding, aligned to `alignment` */
    KODOSIS_CHECKED = 2,    /* blittable, but not every bit pattern is a value */
    KODOSIS_RECURSIVE = 4,  /* a struct or union that may contain its own kind */
    KODOSIS_EXTENSIBLE = 8, /* a struct, union or enum to which later versions may add */
    KODOSIS_FLAGS = 16,     /* an enum whose values are unions of the declared ones */
};

/* Types refer to each other by their index in the schema. */
struct kodosis_type_description {
    uint8_t kind;
    uint8_t flags;
    uint16_t alignment;
    uint32_t smallest; /* fewest bytes of an encoding */
    uint32_t
        element; /* of an enum, the kind of its integer; of an extensible struct, how many members every version sends */
    uint32_t key;          /* of a map */
    uint32_t count;        /* of a fixed array; otherwise how many members or enumerators there are, from `first` on */
    uint32_t first;        /* in the schema's members or enumerators */
    uint32_t value_offset; /* of an extensible struct, where its struct kodosis_bytes of unknown members is */
    size_t size;           /* in memory; of a map, that of an entry */
    const char *name;      /* the dotted full name of a declared type; otherwise NULL */
    const char *doc;       /* of the interface file, or NULL: here and below */
};

struct kodosis_member_description {
    const char *name;
    const char *doc;
    uint32_t type;
    uint32_t offset; /* in the struct; 0 in a union, where a recursive struct, union or array of such is a pointer */
    const void *initial; /* the value in memory where an extensible struct lacks the member; NULL: all bits are 0 */
};

struct kodosis_enumerator_description {
    const char *name;
    const char *doc;
    int64_t value; /* of a uint64 enum: its bits */
};

struct kodosis_procedure_description {
    const char *name;
    const char *doc;
    uint64_t hash;
    uint32_t flags; /* 1 one-way, 2 idempotent, 4 the last parameter is a stream of its type, 8 the result is one */
    uint32_t first; /* parameter, in the schema's members; their offsets mean nothing */
    uint32_t count;
    uint32_t result;      /* a type, or UINT32_MAX for none */
    uint32_t first_raise; /* in the schema's raises, which are types */
    uint32_t raise_count;
};

struct kodosis_service_description {
    const char *name;
    const char *doc;
    uint32_t version;
    uint32_t first; /* in the schema's procedures */
    uint32_t count;
};

/* Tables that would be empty are NULL. */
struct kodosis_schema {
    const char *file;
    const struct kodosis_type_description *types;
    const struct kodosis_member_description *members;
    const struct kodosis_enumerator_description *enumerators;
    const struct kodosis_service_description *services;
    const struct kodosis_procedure_description *procedures;
    const uint32_t *raises;
    uint32_t type_count;
    uint32_t service_count;
};

/* The index of the declared type with this full name; UINT32_MAX if there is none. */
KODOSIS_API uint32_t kodosis_schema_find(const struct kodosis_schema *schema, const char *name);

/* The name of an enum's value as in the interface file; NULL if it is not declared. */
KODOSIS_API const char *kodosis_schema_enumerator(const struct kodosis_schema *schema, uint32_t type, int64_t value);

/* Whether a union's member of this type is a pointer. */
KODOSIS_API bool kodosis_schema_is_pointer(const struct kodosis_schema *schema, uint32_t member_type);

/*
 * These do what the generated _size, _write and _read do: same bytes, same checks. The value takes the type's `size` in
 * memory; a map takes a struct kodosis_any_list, since its `size` is that of an entry.
 */
KODOSIS_API uint64_t kodosis_schema_size(const struct kodosis_schema *schema, uint32_t type, const void *value,
                                         uint64_t offset);
KODOSIS_API void kodosis_schema_write(const struct kodosis_schema *schema, uint32_t type, struct kodosis_writer *writer,
                                      const void *value);
KODOSIS_API void kodosis_schema_read(const struct kodosis_schema *schema, uint32_t type, struct kodosis_reader *reader,
                                     void *ret_value);

/*
 * Whether two values are the same: the same text, numbers and structure. Floats are compared by their bits, so that a NaN
 * equals itself and the two zeros differ. The order of a map's entries means nothing. Values that nest deeper than can be
 * encoded are different, unless they are one and the same memory.
 */
KODOSIS_API bool kodosis_schema_equal(const struct kodosis_schema *schema, uint32_t type, const void *left,
                                      const void *right);

/*
 * Writes a value as text on one line, like { name: "door", color: Red, path: [{ x: 1, y: -2 }] }. As snprintf: at most
 * `capacity` bytes with the final NUL, and the length of the whole text is returned. Where a value nests more than 256 deep, "..."
 * stands for it and for all that would follow.
 */
KODOSIS_API size_t kodosis_schema_print(const struct kodosis_schema *schema, uint32_t type, const void *value,
                                        char *ret_text, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
