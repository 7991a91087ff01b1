/* SPDX-License-Identifier: MIT */
/* Sizes and encodings of values that only a schema describes. */
#include "kodosis/runtime/schema.h"

static uint64_t list_size(const struct kodosis_schema *schema, const kodosis__type *type, const uint8_t *value,
                          uint64_t offset)
{
    const kodosis__type *element = &schema->types[type->element];
    struct kodosis_any_list list;
    size_t i;

    memcpy(&list, value, sizeof(list));
    if (type->kind == KODOSIS_LIST && element->flags & KODOSIS_BLITTABLE)
        return kodosis_size_list(offset, list.count, element->size, element->alignment);
    offset = kodosis_size_varint(offset, list.count);
    for (i = 0; i < list.count; i++) {
        const uint8_t *at = (const uint8_t *)list.data;

        if (type->kind == KODOSIS_MAP) {
            at += i * type->size;
            offset = kodosis_schema_size(schema, type->key, at, offset);
            at += type->value_offset;
        } else {
            at += i * kodosis__size_in_memory(element);
        }
        offset = kodosis_schema_size(schema, type->element, at, offset);
    }
    return offset;
}

static uint64_t struct_size(const struct kodosis_schema *schema, const kodosis__type *type, const uint8_t *value,
                            uint64_t offset)
{
    uint32_t i;

    if (!type->count)
        return offset + 1;
    for (i = 0; i < type->count; i++) {
        const struct kodosis_member_description *member = &schema->members[type->first + i];

        offset = kodosis_schema_size(schema, member->type, value + member->offset, offset);
    }
    return offset;
}

static uint64_t extensible_struct_size(const struct kodosis_schema *schema, const kodosis__type *type,
                                       const uint8_t *value, uint64_t offset)
{
    uint32_t i;

    offset = kodosis_size_extent(offset);
    for (i = 0; i < type->count; i++) {
        const struct kodosis_member_description *member = &schema->members[type->first + i];

        if (i >= type->element)
            offset = kodosis_size_aligned(offset, 0, 8);
        offset = kodosis_schema_size(schema, member->type, value + member->offset, offset);
    }
    return kodosis_size_rest(offset, kodosis__unknown(type, value));
}

static uint64_t union_size(const struct kodosis_schema *schema, const kodosis__type *type, const uint8_t *value,
                           uint64_t offset)
{
    const struct kodosis_member_description *member = kodosis__union_member(schema, type, *value);

    offset += 1;
    if (type->flags & KODOSIS_EXTENSIBLE)
        offset = kodosis_size_extent(offset);
    if (member)
        return kodosis_schema_size(schema, member->type, kodosis__union_value(schema, type, value), offset);
    return kodosis__is_foreign(type, *value) ? kodosis_size_rest(offset, kodosis__unknown(type, value)) : offset;
}

/* Scalars are aligned inside blittable arrays, lists and structs, but not where they stand alone. */
static bool is_alone(const kodosis__type *type)
{
    return type->kind <= KODOSIS_FLOAT64 || type->kind == KODOSIS_ENUM;
}

static uint64_t size_of(const struct kodosis_schema *schema, const kodosis__type *type, const uint8_t *value,
                        uint64_t offset)
{
    struct kodosis_string string;
    struct kodosis_bytes bytes;
    const void *pointer;
    uint32_t i;

    if (is_alone(type))
        return offset + type->size;
    if (type->flags & KODOSIS_BLITTABLE)
        return kodosis_size_aligned(offset, type->size, type->alignment);
    switch (type->kind) {
    case KODOSIS_FD:
        return offset + 1;
    case KODOSIS_STRING:
        memcpy(&string, value, sizeof(string));
        return kodosis_size_string(offset, string);
    case KODOSIS_BYTES:
        memcpy(&bytes, value, sizeof(bytes));
        return kodosis_size_bytes(offset, bytes);
    case KODOSIS_STRUCT:
        if (type->flags & KODOSIS_EXTENSIBLE)
            return extensible_struct_size(schema, type, value, offset);
        return struct_size(schema, type, value, offset);
    case KODOSIS_UNION:
        return union_size(schema, type, value, offset);
    case KODOSIS_ARRAY:
        for (i = 0; i < type->count; i++)
            offset = kodosis_schema_size(schema, type->element, value + i * (type->size / type->count), offset);
        return offset;
    case KODOSIS_OPTIONAL:
        memcpy(&pointer, value, sizeof(pointer));
        return pointer ? kodosis_schema_size(schema, type->element, pointer, offset + 1) : offset + 1;
    default:
        return list_size(schema, type, value, offset);
    }
}

uint64_t kodosis_schema_size(const struct kodosis_schema *schema, uint32_t index, const void *memory, uint64_t offset)
{
    const kodosis__type *type = &schema->types[index];

    if (!(type->flags & KODOSIS_RECURSIVE))
        return size_of(schema, type, (const uint8_t *)memory, offset);
    if (!kodosis_size_enter(&offset))
        return offset;
    return kodosis_size_leave(size_of(schema, type, (const uint8_t *)memory, offset));
}

static void write_list(const struct kodosis_schema *schema, const kodosis__type *type, struct kodosis_writer *writer,
                       const uint8_t *value)
{
    const kodosis__type *element = &schema->types[type->element];
    struct kodosis_any_list list;
    size_t i;

    memcpy(&list, value, sizeof(list));
    if (type->kind == KODOSIS_LIST && element->flags & KODOSIS_BLITTABLE) {
        kodosis_write_list(writer, list.data, list.count, element->size, element->alignment);
        return;
    }
    kodosis_write_varint(writer, list.count);
    for (i = 0; i < list.count && writer->status == KODOSIS_OK; i++) {
        const uint8_t *at = (const uint8_t *)list.data;

        if (type->kind == KODOSIS_MAP) {
            at += i * type->size;
            kodosis_schema_write(schema, type->key, writer, at);
            at += type->value_offset;
        } else {
            at += i * kodosis__size_in_memory(element);
        }
        kodosis_schema_write(schema, type->element, writer, at);
    }
}

static void write_struct(const struct kodosis_schema *schema, const kodosis__type *type, struct kodosis_writer *writer,
                         const uint8_t *value)
{
    uint32_t i;

    if (!type->count)
        kodosis_write_uint8(writer, 0);
    for (i = 0; i < type->count; i++) {
        const struct kodosis_member_description *member = &schema->members[type->first + i];

        kodosis_schema_write(schema, member->type, writer, value + member->offset);
    }
}

static void write_extensible_struct(const struct kodosis_schema *schema, const kodosis__type *type,
                                    struct kodosis_writer *writer, const uint8_t *value)
{
    uint8_t *extent = kodosis_write_extent(writer);
    uint32_t i;

    for (i = 0; i < type->count; i++) {
        const struct kodosis_member_description *member = &schema->members[type->first + i];

        if (i >= type->element)
            kodosis_write_padding(writer, 8);
        kodosis_schema_write(schema, member->type, writer, value + member->offset);
    }
    kodosis_write_rest(writer, extent, kodosis__unknown(type, value));
}

static void write_extensible_union(const struct kodosis_schema *schema, const kodosis__type *type,
                                   const struct kodosis_member_description *member, struct kodosis_writer *writer,
                                   const uint8_t *value)
{
    struct kodosis_bytes unknown = { NULL, 0 };
    uint8_t *extent = kodosis_write_extent(writer);

    if (member)
        kodosis_schema_write(schema, member->type, writer, kodosis__union_value(schema, type, value));
    else
        unknown = kodosis__unknown(type, value);
    kodosis_write_rest(writer, extent, unknown);
}

static void write_union(const struct kodosis_schema *schema, const kodosis__type *type, struct kodosis_writer *writer,
                        const uint8_t *value)
{
    const struct kodosis_member_description *member = kodosis__union_member(schema, type, *value);

    kodosis_write_uint8(writer, *value);
    if (type->flags & KODOSIS_EXTENSIBLE && (member || kodosis__is_foreign(type, *value)))
        write_extensible_union(schema, type, member, writer, value);
    else if (member)
        kodosis_schema_write(schema, member->type, writer, kodosis__union_value(schema, type, value));
    else
        kodosis_writer_fail(writer, KODOSIS_BAD_TAG);
}

static void write_optional(const struct kodosis_schema *schema, const kodosis__type *type,
                           struct kodosis_writer *writer, const uint8_t *value)
{
    const void *pointer;

    memcpy(&pointer, value, sizeof(pointer));
    kodosis_write_bool(writer, pointer != NULL);
    if (pointer)
        kodosis_schema_write(schema, type->element, writer, pointer);
}

static void write_value(const struct kodosis_schema *schema, const kodosis__type *type, struct kodosis_writer *writer,
                        const uint8_t *value)
{
    struct kodosis_string string;
    struct kodosis_bytes bytes;
    uint32_t i;
    int fd;

    if (is_alone(type)) {
        kodosis_write_run(writer, value, type->size);
        return;
    }
    if (type->flags & KODOSIS_BLITTABLE) {
        kodosis_write_aligned(writer, value, type->size, type->alignment);
        return;
    }
    switch (type->kind) {
    case KODOSIS_FD:
        memcpy(&fd, value, sizeof(fd));
        kodosis_write_fd(writer, fd);
        break;
    case KODOSIS_STRING:
        memcpy(&string, value, sizeof(string));
        kodosis_write_string(writer, string);
        break;
    case KODOSIS_BYTES:
        memcpy(&bytes, value, sizeof(bytes));
        kodosis_write_bytes(writer, bytes);
        break;
    case KODOSIS_STRUCT:
        if (type->flags & KODOSIS_EXTENSIBLE)
            write_extensible_struct(schema, type, writer, value);
        else
            write_struct(schema, type, writer, value);
        break;
    case KODOSIS_UNION:
        write_union(schema, type, writer, value);
        break;
    case KODOSIS_ARRAY:
        for (i = 0; i < type->count; i++)
            kodosis_schema_write(schema, type->element, writer, value + i * (type->size / type->count));
        break;
    case KODOSIS_OPTIONAL:
        write_optional(schema, type, writer, value);
        break;
    default:
        write_list(schema, type, writer, value);
        break;
    }
}

void kodosis_schema_write(const struct kodosis_schema *schema, uint32_t index, struct kodosis_writer *writer,
                          const void *memory)
{
    const kodosis__type *type = &schema->types[index];
    bool recursive = (type->flags & KODOSIS_RECURSIVE) != 0;

    if (recursive && !kodosis_writer_enter(writer))
        return;
    write_value(schema, type, writer, (const uint8_t *)memory);
    if (recursive)
        kodosis_writer_leave(writer);
}
