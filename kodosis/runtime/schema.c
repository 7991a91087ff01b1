/* SPDX-License-Identifier: MIT */
/* What the functions over schemas share: finding types and enumerators, loading integers, members of unions. */
#include "kodosis/runtime/schema.h"

uint32_t kodosis_schema_find(const struct kodosis_schema *schema, const char *name)
{
    uint32_t i;

    for (i = 0; i < schema->type_count; i++)
        if (schema->types[i].name && strcmp(schema->types[i].name, name) == 0)
            return i;
    return UINT32_MAX;
}

const char *kodosis_schema_enumerator(const struct kodosis_schema *schema, uint32_t type, int64_t value)
{
    const kodosis__type *description = &schema->types[type];
    uint32_t i;

    for (i = 0; i < description->count; i++)
        if (schema->enumerators[description->first + i].value == value)
            return schema->enumerators[description->first + i].name;
    return NULL;
}

/* The bits that a value of a flags enum may have. */
static uint64_t mask_of(const struct kodosis_schema *schema, const kodosis__type *type)
{
    uint64_t mask = 0;
    uint32_t i;

    for (i = 0; i < type->count; i++)
        mask |= (uint64_t)schema->enumerators[type->first + i].value;
    return mask;
}

bool kodosis__enum_has(const struct kodosis_schema *schema, uint32_t type, int64_t value)
{
    const kodosis__type *description = &schema->types[type];

    if (description->flags & KODOSIS_FLAGS)
        return !((uint64_t)value & ~mask_of(schema, description));
    return kodosis_schema_enumerator(schema, type, value) != NULL;
}

bool kodosis_schema_is_pointer(const struct kodosis_schema *schema, uint32_t member_type)
{
    const kodosis__type *type = &schema->types[member_type];

    while (type->kind == KODOSIS_ARRAY)
        type = &schema->types[type->element];
    return (type->flags & KODOSIS_RECURSIVE) != 0;
}

int64_t kodosis__load_integer(uint32_t kind, const uint8_t *place)
{
    switch (kind) {
    case KODOSIS_INT8:
        return kodosis_load_int8(place);
    case KODOSIS_INT16:
        return kodosis_load_int16(place);
    case KODOSIS_INT32:
        return kodosis_load_int32(place);
    case KODOSIS_UINT16:
        return kodosis_load_uint16(place);
    case KODOSIS_UINT32:
        return kodosis_load_uint32(place);
    case KODOSIS_INT64:
    case KODOSIS_UINT64:
        return kodosis_load_int64(place);
    default:
        return kodosis_load_uint8(place);
    }
}

const uint8_t *kodosis__union_value(const struct kodosis_schema *schema, const kodosis__type *type,
                                    const uint8_t *value)
{
    const struct kodosis_member_description *member = kodosis__union_member(schema, type, *value);
    const void *pointer;

    value += type->value_offset;
    if (!member || !kodosis_schema_is_pointer(schema, member->type))
        return value;
    memcpy(&pointer, value, sizeof(pointer));
    return (const uint8_t *)pointer;
}

const struct kodosis_member_description *kodosis__union_member(const struct kodosis_schema *schema,
                                                               const kodosis__type *type, uint8_t tag)
{
    return tag && tag <= type->count ? &schema->members[type->first + tag - 1] : NULL;
}
