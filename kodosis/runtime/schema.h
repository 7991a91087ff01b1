/* SPDX-License-Identifier: MIT */
/* What the functions over schemas share. */
#ifndef KODOSIS_RUNTIME_SCHEMA_H
#define KODOSIS_RUNTIME_SCHEMA_H

#include <kodosis/schema.h>

typedef struct kodosis_type_description kodosis__type;

/* The bytes that a value of this type takes in memory: a map's `size` is that of its entries. */
static inline size_t kodosis__size_in_memory(const kodosis__type *type)
{
    return type->kind == KODOSIS_MAP ? sizeof(struct kodosis_any_list) : type->size;
}

/* Whether a union has a tag that is not known and may be. */
static inline bool kodosis__is_foreign(const kodosis__type *type, uint8_t tag)
{
    return type->flags & KODOSIS_EXTENSIBLE && tag > type->count;
}

/* The bytes that an extensible struct or union does not know, at `value_offset` of its value. */
static inline struct kodosis_bytes kodosis__unknown(const kodosis__type *type, const uint8_t *value)
{
    struct kodosis_bytes unknown;

    memcpy(&unknown, value + type->value_offset, sizeof(unknown));
    return unknown;
}

/* Whether an enum may have this value. */
bool kodosis__enum_has(const struct kodosis_schema *schema, uint32_t type, int64_t value);

/* The bits of an integer of this kind, with its sign. */
int64_t kodosis__load_integer(uint32_t kind, const uint8_t *place);

/* The value behind a union's member, which may be a pointer. */
const uint8_t *kodosis__union_value(const struct kodosis_schema *schema, const kodosis__type *type,
                                    const uint8_t *value);

/* The member that a union's tag says; NULL if there is none. */
const struct kodosis_member_description *kodosis__union_member(const struct kodosis_schema *schema,
                                                               const kodosis__type *type, uint8_t tag);

#endif
