/* SPDX-License-Identifier: MIT */
/* Random values, built by nothing but a schema. */
#include "kodosis/runtime/build-value.h"

#include <stdlib.h>

#include "kodosis/runtime/random.h"

struct builder {
    const struct kodosis_schema *schema;
    struct kodosis_arena *arena;
    uint64_t *random;
    int *size;
};

static void build(const struct builder *builder, uint32_t index, uint8_t *ret_value);

static void *take(const struct builder *builder, size_t size)
{
    void *memory = kodosis_arena_allocate(builder->arena, size);

    if (!memory)
        abort();
    memset(memory, 0, size);
    return memory;
}

static size_t size_of(const struct kodosis_type_description *type)
{
    return type->kind == KODOSIS_MAP ? sizeof(struct kodosis_any_list) : type->size;
}

/* Boundary values are as likely as all others together. */
static void build_number(const struct builder *builder, const struct kodosis_type_description *type, uint8_t *ret_value)
{
    static const uint64_t boundaries[] = {
        0, 1, UINT64_MAX, 0x8080808080808080u, 0x7f7f7f7f7f7f7f7fu, 0x7ff0000000000000u
    };
    uint64_t bits = random_bits(builder->random);

    if (bits & 1)
        bits = boundaries[random_below(builder->random, 6)];
    memcpy(ret_value, &bits, type->size);
}

static void build_string(const struct builder *builder, uint8_t *ret_value)
{
    static const char *const pieces[] = { "a",    "bc",   "\xc3\xa4",  "\xe2\x82\xac", "\xf0\x9f\x8e\x89",
                                          "\x01", "\x7f", "0123456789" };
    struct kodosis_string string = { "", 0 };
    uint32_t count = random_below(builder->random, 5);
    char *text = (char *)take(builder, 64);

    string.data = text;
    while (count--)
        strcat(text, pieces[random_below(builder->random, 8)]);
    string.size = strlen(text);
    memcpy(ret_value, &string, sizeof(string));
}

static void build_bytes(const struct builder *builder, uint8_t *ret_value)
{
    struct kodosis_bytes bytes = { NULL, random_below(builder->random, 9) };
    uint8_t *data = (uint8_t *)take(builder, 9);
    size_t i;

    for (i = 0; i < bytes.size; i++)
        data[i] = (uint8_t)random_bits(builder->random);
    bytes.data = data;
    memcpy(ret_value, &bytes, sizeof(bytes));
}

/* Any number of the declared bits. */
static void build_flags(const struct builder *builder, const struct kodosis_type_description *type, uint8_t *ret_value)
{
    uint64_t bits = 0;
    uint32_t i;

    for (i = 0; i < type->count; i++)
        if (random_below(builder->random, 2))
            bits |= (uint64_t)builder->schema->enumerators[type->first + i].value;
    memcpy(ret_value, &bits, type->size);
}

static void build_enum(const struct builder *builder, const struct kodosis_type_description *type, uint8_t *ret_value)
{
    uint32_t index = type->first + random_below(builder->random, type->count);

    if (type->flags & KODOSIS_EXTENSIBLE && random_below(builder->random, 3) == 0) {
        build_number(builder, type, ret_value); /* of a later version */
        return;
    }
    if (type->flags & KODOSIS_FLAGS) {
        build_flags(builder, type, ret_value);
        return;
    }
    memcpy(ret_value, &builder->schema->enumerators[index].value, type->size);
}

static uint32_t random_count(const struct builder *builder)
{
    return *builder->size > 0 ? random_below(builder->random, 4) : 0;
}

static bool has_key(const struct builder *builder, const struct kodosis_type_description *type, const uint8_t *data,
                    size_t count, const uint8_t *key)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (kodosis_schema_equal(builder->schema, type->key, data + i * type->size, key))
            return true;
    return false;
}

static void build_map(const struct builder *builder, const struct kodosis_type_description *type, uint8_t *ret_value)
{
    uint32_t wanted = random_count(builder);
    uint8_t *data = (uint8_t *)take(builder, (wanted + 1) * type->size);
    struct kodosis_any_list map = { data, 0 };

    while (wanted--) {
        uint8_t *entry = data + map.count * type->size;

        build(builder, type->key, entry);
        if (has_key(builder, type, data, map.count, entry))
            continue;
        build(builder, type->element, entry + type->value_offset);
        map.count++;
    }
    memcpy(ret_value, &map, sizeof(map));
}

static void build_list(const struct builder *builder, const struct kodosis_type_description *type, uint8_t *ret_value)
{
    size_t size = size_of(&builder->schema->types[type->element]);
    struct kodosis_any_list list = { NULL, random_count(builder) };
    uint8_t *data = (uint8_t *)take(builder, (list.count + 1) * size);
    size_t i;

    for (i = 0; i < list.count; i++)
        build(builder, type->element, data + i * size);
    list.data = data;
    memcpy(ret_value, &list, sizeof(list));
}

static const void *build_new(const struct builder *builder, uint32_t index)
{
    uint8_t *value = (uint8_t *)take(builder, size_of(&builder->schema->types[index]));

    build(builder, index, value);
    return value;
}

static void build_union(const struct builder *builder, const struct kodosis_type_description *type, uint8_t *ret_value)
{
    /* the first member is a scalar, so that values come to an end */
    uint32_t tag = *builder->size > 0 ? random_below(builder->random, type->count) : 0;
    const struct kodosis_member_description *member = &builder->schema->members[type->first + tag];
    const void *pointer;

    if (type->flags & KODOSIS_EXTENSIBLE && random_below(builder->random, 4) == 0) {
        *ret_value = (uint8_t)(type->count + 1 + random_below(builder->random, 255 - type->count));
        build_bytes(builder, ret_value + type->value_offset); /* of a later version */
        return;
    }
    *ret_value = (uint8_t)(tag + 1);
    if (!kodosis_schema_is_pointer(builder->schema, member->type)) {
        build(builder, member->type, ret_value + type->value_offset);
        return;
    }
    pointer = build_new(builder, member->type);
    memcpy(ret_value + type->value_offset, &pointer, sizeof(pointer));
}

static void build_struct(const struct builder *builder, const struct kodosis_type_description *type, uint8_t *ret_value)
{
    uint32_t i;

    for (i = 0; i < type->count; i++) {
        const struct kodosis_member_description *member = &builder->schema->members[type->first + i];

        build(builder, member->type, ret_value + member->offset);
    }
    if (type->flags & KODOSIS_EXTENSIBLE && random_below(builder->random, 2))
        build_bytes(builder, ret_value + type->value_offset); /* members of a later version */
}

static void build_optional(const struct builder *builder, const struct kodosis_type_description *type,
                           uint8_t *ret_value)
{
    const void *pointer = random_count(builder) > 1 ? build_new(builder, type->element) : NULL;

    memcpy(ret_value, &pointer, sizeof(pointer));
}

static void build(const struct builder *builder, uint32_t index, uint8_t *ret_value)
{
    const struct kodosis_type_description *type = &builder->schema->types[index];
    uint32_t i;

    --*builder->size;
    switch (type->kind) {
    case KODOSIS_BOOL:
        *ret_value = random_below(builder->random, 2) != 0;
        break;
    case KODOSIS_STRING:
        build_string(builder, ret_value);
        break;
    case KODOSIS_BYTES:
        build_bytes(builder, ret_value);
        break;
    case KODOSIS_ENUM:
        build_enum(builder, type, ret_value);
        break;
    case KODOSIS_STRUCT:
        build_struct(builder, type, ret_value);
        break;
    case KODOSIS_UNION:
        build_union(builder, type, ret_value);
        break;
    case KODOSIS_ARRAY:
        for (i = 0; i < type->count; i++)
            build(builder, type->element, ret_value + i * (type->size / type->count));
        break;
    case KODOSIS_LIST:
        build_list(builder, type, ret_value);
        break;
    case KODOSIS_OPTIONAL:
        build_optional(builder, type, ret_value);
        break;
    case KODOSIS_MAP:
        build_map(builder, type, ret_value);
        break;
    default:
        build_number(builder, type, ret_value);
        break;
    }
}

void build_value(const struct kodosis_schema *schema, uint32_t type, struct kodosis_arena *arena, uint64_t *random,
                 int *size, void *ret_value)
{
    struct builder builder = { schema, arena, random, size };

    build(&builder, type, (uint8_t *)ret_value);
}
