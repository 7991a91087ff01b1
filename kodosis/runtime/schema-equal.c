/* SPDX-License-Identifier: MIT */
/* Comparison of values that a schema describes. */
#include "kodosis/runtime/schema.h"

/* Two values being compared. */
struct pair {
    const struct kodosis_schema *schema;
    unsigned depth; /* levels of nesting that were entered */
};

static bool same(struct pair *pair, uint32_t index, const void *left_memory, const void *right_memory);

static bool same_bytes(const void *left, size_t left_size, const void *right, size_t right_size)
{
    return left_size == right_size && (!left_size || memcmp(left, right, left_size) == 0);
}

/* The entry of `map` with this key; NULL if there is none. If it is at index `guess`, one comparison finds it. */
static const uint8_t *find_entry(struct pair *pair, const kodosis__type *type, const struct kodosis_any_list *map,
                                 const void *key, size_t guess)
{
    const uint8_t *data = (const uint8_t *)map->data;
    size_t i;

    for (i = 0; i < map->count; i++) {
        const uint8_t *entry = data + (i + guess) % map->count * type->size;

        if (same(pair, type->key, key, entry))
            return entry;
    }
    return NULL;
}

static bool same_map(struct pair *pair, const kodosis__type *type, const struct kodosis_any_list *left,
                     const struct kodosis_any_list *right)
{
    size_t i;

    for (i = 0; i < left->count; i++) {
        const uint8_t *mine = (const uint8_t *)left->data + i * type->size;
        const uint8_t *other = find_entry(pair, type, right, mine, i);

        if (!other || !same(pair, type->element, mine + type->value_offset, other + type->value_offset))
            return false;
    }
    return true;
}

static bool same_list(struct pair *pair, const kodosis__type *type, const struct kodosis_any_list *left,
                      const struct kodosis_any_list *right)
{
    const kodosis__type *element = &pair->schema->types[type->element];
    size_t size = kodosis__size_in_memory(element);
    size_t i;

    if (left->count != right->count)
        return false;
    if (type->kind == KODOSIS_MAP)
        return same_map(pair, type, left, right);
    if (element->flags & KODOSIS_BLITTABLE)
        return same_bytes(left->data, left->count * size, right->data, right->count * size);
    for (i = 0; i < left->count; i++)
        if (!same(pair, type->element, (const uint8_t *)left->data + i * size, (const uint8_t *)right->data + i * size))
            return false;
    return true;
}

static bool same_unknown(const kodosis__type *type, const uint8_t *left, const uint8_t *right)
{
    struct kodosis_bytes mine = kodosis__unknown(type, left);
    struct kodosis_bytes other = kodosis__unknown(type, right);

    return same_bytes(mine.data, mine.size, other.data, other.size);
}

static bool same_struct(struct pair *pair, const kodosis__type *type, const uint8_t *left, const uint8_t *right)
{
    uint32_t i;

    for (i = 0; i < type->count; i++) {
        const struct kodosis_member_description *member = &pair->schema->members[type->first + i];

        if (!same(pair, member->type, left + member->offset, right + member->offset))
            return false;
    }
    return !(type->flags & KODOSIS_EXTENSIBLE) || same_unknown(type, left, right);
}

static bool same_union(struct pair *pair, const kodosis__type *type, const uint8_t *left, const uint8_t *right)
{
    const struct kodosis_member_description *member = kodosis__union_member(pair->schema, type, *left);

    if (*left != *right)
        return false;
    if (kodosis__is_foreign(type, *left))
        return same_unknown(type, left, right);
    return !member || same(pair, member->type, kodosis__union_value(pair->schema, type, left),
                           kodosis__union_value(pair->schema, type, right));
}

static bool same_optional(struct pair *pair, const kodosis__type *type, const uint8_t *left, const uint8_t *right)
{
    const void *mine;
    const void *other;

    memcpy(&mine, left, sizeof(mine));
    memcpy(&other, right, sizeof(other));
    if (!mine || !other)
        return mine == other;
    return same(pair, type->element, mine, other);
}

static bool same_array(struct pair *pair, const kodosis__type *type, const uint8_t *left, const uint8_t *right)
{
    size_t size = type->size / type->count;
    uint32_t i;

    for (i = 0; i < type->count; i++)
        if (!same(pair, type->element, left + i * size, right + i * size))
            return false;
    return true;
}

/* Strings, bytes, lists and maps: a pointer and a count. */
static bool same_row(struct pair *pair, const kodosis__type *type, const uint8_t *left, const uint8_t *right)
{
    struct kodosis_any_list mine;
    struct kodosis_any_list other;

    memcpy(&mine, left, sizeof(mine));
    memcpy(&other, right, sizeof(other));
    if (type->kind == KODOSIS_STRING || type->kind == KODOSIS_BYTES)
        return same_bytes(mine.data, mine.count, other.data, other.count);
    return same_list(pair, type, &mine, &other);
}

static bool same_value(struct pair *pair, const kodosis__type *type, const uint8_t *left, const uint8_t *right)
{
    if (type->flags & KODOSIS_BLITTABLE || type->kind == KODOSIS_FD)
        return memcmp(left, right, type->size) == 0;
    switch (type->kind) {
    case KODOSIS_STRUCT:
        return same_struct(pair, type, left, right);
    case KODOSIS_UNION:
        return same_union(pair, type, left, right);
    case KODOSIS_ARRAY:
        return same_array(pair, type, left, right);
    case KODOSIS_OPTIONAL:
        return same_optional(pair, type, left, right);
    default:
        return same_row(pair, type, left, right);
    }
}

static bool same(struct pair *pair, uint32_t index, const void *left_memory, const void *right_memory)
{
    const kodosis__type *type = &pair->schema->types[index];
    bool equal;

    if (left_memory == right_memory)
        return true;
    if (!(type->flags & KODOSIS_RECURSIVE))
        return same_value(pair, type, (const uint8_t *)left_memory, (const uint8_t *)right_memory);
    if (pair->depth == KODOSIS_DEPTH_MAX)
        return false;
    pair->depth++;
    equal = same_value(pair, type, (const uint8_t *)left_memory, (const uint8_t *)right_memory);
    pair->depth--;
    return equal;
}

bool kodosis_schema_equal(const struct kodosis_schema *schema, uint32_t index, const void *left, const void *right)
{
    struct pair pair = { schema, 0 };

    return same(&pair, index, left, right);
}
