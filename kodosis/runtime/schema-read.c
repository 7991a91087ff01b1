/* SPDX-License-Identifier: MIT */
/* Decoding of values that only a schema describes, with the same checks that generated code makes. */
#include "kodosis/runtime/schema.h"

/* Checks the bools and enums inside blittable memory. */
static void check(const struct kodosis_schema *schema, uint32_t index, struct kodosis_reader *reader,
                  const uint8_t *value)
{
    const kodosis__type *type = &schema->types[index];
    uint32_t i;

    if (!(type->flags & KODOSIS_CHECKED) || reader->status != KODOSIS_OK)
        return;
    switch (type->kind) {
    case KODOSIS_BOOL:
        kodosis_check_bool(reader, *value);
        break;
    case KODOSIS_ENUM:
        kodosis_check_enum(reader, kodosis__enum_has(schema, index, kodosis__load_integer(type->element, value)));
        break;
    case KODOSIS_ARRAY:
        for (i = 0; i < type->count; i++)
            check(schema, type->element, reader, value + i * (type->size / type->count));
        break;
    default:
        for (i = 0; i < type->count; i++)
            check(schema, schema->members[type->first + i].type, reader,
                  value + schema->members[type->first + i].offset);
        break;
    }
}

static void read_blittable(const struct kodosis_schema *schema, uint32_t index, struct kodosis_reader *reader,
                           uint8_t *ret_value)
{
    const kodosis__type *type = &schema->types[index];
    bool alone = type->kind <= KODOSIS_FLOAT64 || type->kind == KODOSIS_ENUM;

    kodosis_read_copy(reader, ret_value, type->size, alone ? 1 : type->alignment);
    check(schema, index, reader, ret_value);
}

static void read_view_list(const struct kodosis_schema *schema, const kodosis__type *type,
                           struct kodosis_reader *reader, struct kodosis_any_list *ret_list)
{
    const kodosis__type *element = &schema->types[type->element];
    size_t i;

    ret_list->data = kodosis_read_list(reader, element->size, element->alignment, &ret_list->count);
    if (element->flags & KODOSIS_CHECKED)
        for (i = 0; i < ret_list->count; i++)
            check(schema, type->element, reader, (const uint8_t *)ret_list->data + i * element->size);
}

static void check_keys(const struct kodosis_schema *schema, const kodosis__type *map, struct kodosis_reader *reader,
                       const struct kodosis_any_list *list)
{
    const kodosis__type *key = &schema->types[map->key];

    if (key->kind == KODOSIS_STRING)
        kodosis_check_string_keys(reader, list->data, list->count, map->size);
    else
        kodosis_check_keys(reader, list->data, list->count, map->size, key->size);
}

static void read_list(const struct kodosis_schema *schema, const kodosis__type *type, struct kodosis_reader *reader,
                      struct kodosis_any_list *ret_list)
{
    const kodosis__type *element = &schema->types[type->element];
    bool map = type->kind == KODOSIS_MAP;
    size_t size = map ? type->size : kodosis__size_in_memory(element);
    uint32_t count = kodosis_read_count(reader, element->smallest + (map ? schema->types[type->key].smallest : 0));
    uint8_t *data = (uint8_t *)kodosis_read_array(reader, count, size);
    size_t i;

    ret_list->data = data;
    ret_list->count = data ? count : 0;
    for (i = 0; i < ret_list->count; i++) {
        uint8_t *at = data + i * size;

        if (map) {
            kodosis_schema_read(schema, type->key, reader, at);
            at += type->value_offset;
        }
        kodosis_schema_read(schema, type->element, reader, at);
    }
    if (map)
        check_keys(schema, type, reader, ret_list);
}

/* Reads a value into the arena; NULL after a fault. */
static const void *read_new(const struct kodosis_schema *schema, uint32_t index, struct kodosis_reader *reader)
{
    void *value = kodosis_read_array(reader, 1, kodosis__size_in_memory(&schema->types[index]));

    if (value)
        kodosis_schema_read(schema, index, reader, value);
    return value;
}

/* Sets a member that is not there to its default. */
static void set_initial(const struct kodosis_schema *schema, const struct kodosis_member_description *member,
                        uint8_t *ret_value)
{
    size_t size = kodosis__size_in_memory(&schema->types[member->type]);

    if (member->initial)
        memcpy(ret_value, member->initial, size);
    else
        memset(ret_value, 0, size);
}

static void read_extensible_struct(const struct kodosis_schema *schema, const kodosis__type *type,
                                   struct kodosis_reader *reader, uint8_t *ret_value)
{
    const uint8_t *end = kodosis_read_extent(reader);
    struct kodosis_bytes unknown;
    uint32_t i;

    for (i = 0; i < type->count; i++) {
        const struct kodosis_member_description *member = &schema->members[type->first + i];

        if (i < type->element || kodosis_read_more(reader))
            kodosis_schema_read(schema, member->type, reader, ret_value + member->offset);
        else
            set_initial(schema, member, ret_value + member->offset);
    }
    unknown = kodosis_read_rest(reader, end);
    memcpy(ret_value + type->value_offset, &unknown, sizeof(unknown));
}

static void read_struct(const struct kodosis_schema *schema, const kodosis__type *type, struct kodosis_reader *reader,
                        uint8_t *ret_value)
{
    uint32_t i;

    if (!type->count)
        *ret_value = kodosis_read_empty(reader);
    for (i = 0; i < type->count; i++) {
        const struct kodosis_member_description *member = &schema->members[type->first + i];

        kodosis_schema_read(schema, member->type, reader, ret_value + member->offset);
    }
}

/* Reads the member that the tag says. */
static void read_union_member(const struct kodosis_schema *schema, const kodosis__type *type,
                              const struct kodosis_member_description *member, struct kodosis_reader *reader,
                              uint8_t *ret_value)
{
    const void *pointer;

    if (!kodosis_schema_is_pointer(schema, member->type)) {
        kodosis_schema_read(schema, member->type, reader, ret_value + type->value_offset);
        return;
    }
    pointer = read_new(schema, member->type, reader);
    memcpy(ret_value + type->value_offset, &pointer, sizeof(pointer));
}

static void read_extensible_union(const struct kodosis_schema *schema, const kodosis__type *type,
                                  struct kodosis_reader *reader, uint8_t *ret_value)
{
    const uint8_t *end = kodosis_read_extent(reader);
    const struct kodosis_member_description *member = kodosis__union_member(schema, type, *ret_value);
    struct kodosis_bytes unknown;

    if (member) {
        read_union_member(schema, type, member, reader, ret_value);
    } else if (!kodosis__is_foreign(type, *ret_value)) {
        kodosis_reader_fail(reader, KODOSIS_BAD_TAG);
    } else {
        unknown = kodosis_read_content(reader);
        memcpy(ret_value + type->value_offset, &unknown, sizeof(unknown));
    }
    kodosis_read_extent_end(reader, end);
}

static void read_union(const struct kodosis_schema *schema, const kodosis__type *type, struct kodosis_reader *reader,
                       uint8_t *ret_value)
{
    const struct kodosis_member_description *member;

    memset(ret_value, 0, type->size);
    *ret_value = kodosis_read_uint8(reader);
    member = kodosis__union_member(schema, type, *ret_value);
    if (type->flags & KODOSIS_EXTENSIBLE)
        read_extensible_union(schema, type, reader, ret_value);
    else if (member)
        read_union_member(schema, type, member, reader, ret_value);
    else
        kodosis_reader_fail(reader, KODOSIS_BAD_TAG);
}

static void read_variable(const struct kodosis_schema *schema, const kodosis__type *type, struct kodosis_reader *reader,
                          uint8_t *ret_value)
{
    struct kodosis_any_list list;
    struct kodosis_string string;
    struct kodosis_bytes bytes;
    const void *pointer;
    uint32_t i;
    int fd;

    switch (type->kind) {
    case KODOSIS_FD:
        fd = kodosis_read_fd(reader);
        memcpy(ret_value, &fd, sizeof(fd));
        break;
    case KODOSIS_STRING:
        string = kodosis_read_string(reader);
        memcpy(ret_value, &string, sizeof(string));
        break;
    case KODOSIS_BYTES:
        bytes = kodosis_read_bytes(reader);
        memcpy(ret_value, &bytes, sizeof(bytes));
        break;
    case KODOSIS_ARRAY:
        for (i = 0; i < type->count; i++)
            kodosis_schema_read(schema, type->element, reader, ret_value + i * (type->size / type->count));
        break;
    case KODOSIS_OPTIONAL:
        pointer = kodosis_read_bool(reader) ? read_new(schema, type->element, reader) : NULL;
        memcpy(ret_value, &pointer, sizeof(pointer));
        break;
    default:
        if (type->kind == KODOSIS_LIST && schema->types[type->element].flags & KODOSIS_BLITTABLE)
            read_view_list(schema, type, reader, &list);
        else
            read_list(schema, type, reader, &list);
        memcpy(ret_value, &list, sizeof(list));
        break;
    }
}

void kodosis_schema_read(const struct kodosis_schema *schema, uint32_t index, struct kodosis_reader *reader,
                         void *ret_value)
{
    const kodosis__type *type = &schema->types[index];
    bool recursive = (type->flags & KODOSIS_RECURSIVE) != 0;

    if (type->flags & KODOSIS_BLITTABLE) {
        read_blittable(schema, index, reader, (uint8_t *)ret_value);
        return;
    }
    if (recursive && !kodosis_reader_enter(reader)) {
        memset(ret_value, 0, type->size);
        return;
    }
    if (type->kind == KODOSIS_STRUCT && type->flags & KODOSIS_EXTENSIBLE)
        read_extensible_struct(schema, type, reader, (uint8_t *)ret_value);
    else if (type->kind == KODOSIS_STRUCT)
        read_struct(schema, type, reader, (uint8_t *)ret_value);
    else if (type->kind == KODOSIS_UNION)
        read_union(schema, type, reader, (uint8_t *)ret_value);
    else
        read_variable(schema, type, reader, (uint8_t *)ret_value);
    if (recursive)
        kodosis_reader_leave(reader);
}
