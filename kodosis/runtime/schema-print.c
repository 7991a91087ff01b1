/* SPDX-License-Identifier: MIT */
/* Values as text, on one line. */
#include "kodosis/runtime/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { NESTING_MAX = 256 }; /* a value in memory may contain itself, and so nest without end */

struct printer {
    const struct kodosis_schema *schema;
    char *text;
    size_t capacity;
    size_t size; /* of the whole text, whether there is room or not */
    unsigned nesting;
    bool cut; /* NESTING_MAX was reached: the rest, which may never end, is not visited */
};

static void add(struct printer *printer, const char *text, size_t size)
{
    if (printer->size < printer->capacity) {
        size_t room = printer->capacity - printer->size;

        memcpy(printer->text + printer->size, text, size < room ? size : room);
    }
    printer->size += size;
}

static void add_text(struct printer *printer, const char *text)
{
    add(printer, text, strlen(text));
}

static void print_value(struct printer *printer, uint32_t index, const uint8_t *value);

/* ---- Scalars ---- */

/* The shortest text that reads back as the same number. */
static void print_real(struct printer *printer, double value, bool single)
{
    char text[40];
    char *at;
    int digits;

    for (digits = single ? 6 : 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value)
            break;
    }
    for (at = text; *at; at++)
        if (!strchr("0123456789+-einfa", *at))
            *at = '.'; /* the decimal point, which a locale may write otherwise */
    add_text(printer, text);
}

static void print_integer(struct printer *printer, uint32_t kind, const uint8_t *value)
{
    int64_t integer = kodosis__load_integer(kind, value);
    char text[24];

    if (kind == KODOSIS_UINT64)
        snprintf(text, sizeof(text), "%" PRIu64, (uint64_t)integer);
    else
        snprintf(text, sizeof(text), "%" PRId64, integer);
    add_text(printer, text);
}

/* Prints the flags that are set, joined by " | ", and the bits that have no name as a number. */
static void print_flags(struct printer *printer, const kodosis__type *type, uint64_t value)
{
    bool any = false;
    char text[24];
    uint32_t i;

    for (i = 0; i < type->count; i++) {
        const struct kodosis_enumerator_description *flag = &printer->schema->enumerators[type->first + i];
        uint64_t bits = (uint64_t)flag->value;

        if (!bits || (value & bits) != bits)
            continue;
        add_text(printer, any ? " | " : "");
        add_text(printer, flag->name);
        any = true;
        value &= ~bits;
    }
    snprintf(text, sizeof(text), "%s%" PRIu64, any ? " | " : "", value);
    if (value || !any)
        add_text(printer, text);
}

static void print_enum(struct printer *printer, uint32_t index, const uint8_t *value)
{
    const kodosis__type *type = &printer->schema->types[index];
    uint32_t kind = type->element;
    int64_t integer = kodosis__load_integer(kind, value);
    const char *name = kodosis_schema_enumerator(printer->schema, index, integer);

    if (!name && type->flags & KODOSIS_FLAGS)
        print_flags(printer, type, (uint64_t)integer);
    else if (name)
        add_text(printer, name);
    else
        print_integer(printer, kind, value);
}

/* ---- Text and bytes ---- */

static void print_character(struct printer *printer, unsigned char character)
{
    char text[8];

    if (character == '"' || character == '\\')
        snprintf(text, sizeof(text), "\\%c", character);
    else if (character == '\n')
        snprintf(text, sizeof(text), "\\n");
    else if (character == '\t')
        snprintf(text, sizeof(text), "\\t");
    else if (character < 0x20 || character == 0x7f)
        snprintf(text, sizeof(text), "\\x%02x", character);
    else
        snprintf(text, sizeof(text), "%c", character);
    add_text(printer, text);
}

static void print_string(struct printer *printer, const uint8_t *value)
{
    struct kodosis_string string;
    size_t i;

    memcpy(&string, value, sizeof(string));
    add_text(printer, "\"");
    for (i = 0; i < string.size; i++)
        print_character(printer, (unsigned char)string.data[i]);
    add_text(printer, "\"");
}

static void add_bytes(struct printer *printer, struct kodosis_bytes bytes)
{
    char text[4];
    size_t i;

    add_text(printer, "<");
    for (i = 0; i < bytes.size; i++) {
        snprintf(text, sizeof(text), "%02x", bytes.data[i]);
        add_text(printer, text);
    }
    add_text(printer, ">");
}

static void print_bytes(struct printer *printer, const uint8_t *value)
{
    struct kodosis_bytes bytes;

    memcpy(&bytes, value, sizeof(bytes));
    add_bytes(printer, bytes);
}

/* ---- Values made of values ---- */

static void print_member(struct printer *printer, const struct kodosis_member_description *member, const uint8_t *value)
{
    add_text(printer, member->name);
    add_text(printer, ": ");
    print_value(printer, member->type, value);
}

/* Prints the members that are not known, if there are any, as the bytes that they are. */
static bool print_unknown(struct printer *printer, const kodosis__type *type, const uint8_t *value)
{
    struct kodosis_bytes unknown = { NULL, 0 };

    if (type->flags & KODOSIS_EXTENSIBLE)
        unknown = kodosis__unknown(type, value);
    if (!unknown.size)
        return false;
    add_text(printer, type->count ? ", unknown: " : "{ unknown: ");
    add_bytes(printer, unknown);
    return true;
}

static void print_struct(struct printer *printer, const kodosis__type *type, const uint8_t *value)
{
    bool any = type->count;
    uint32_t i;

    add_text(printer, type->count ? "{ " : "");
    for (i = 0; i < type->count; i++) {
        const struct kodosis_member_description *member = &printer->schema->members[type->first + i];

        if (i)
            add_text(printer, ", ");
        print_member(printer, member, value + member->offset);
    }
    any |= print_unknown(printer, type, value);
    add_text(printer, any ? " }" : "{}");
}

static void print_union(struct printer *printer, const kodosis__type *type, const uint8_t *value)
{
    const struct kodosis_member_description *member = kodosis__union_member(printer->schema, type, *value);
    char text[32];

    if (member) {
        print_member(printer, member, kodosis__union_value(printer->schema, type, value));
        return;
    }
    snprintf(text, sizeof(text), "tag %u", *value);
    add_text(printer, text);
    if (kodosis__is_foreign(type, *value)) {
        add_text(printer, ": ");
        add_bytes(printer, kodosis__unknown(type, value));
    }
}

static void print_row(struct printer *printer, uint32_t element, const uint8_t *data, size_t count)
{
    size_t size = kodosis__size_in_memory(&printer->schema->types[element]);
    size_t i;

    add_text(printer, "[");
    for (i = 0; i < count; i++) {
        if (i)
            add_text(printer, ", ");
        print_value(printer, element, data + i * size);
    }
    add_text(printer, "]");
}

static void print_list(struct printer *printer, const kodosis__type *type, const uint8_t *value)
{
    struct kodosis_any_list list;

    memcpy(&list, value, sizeof(list));
    print_row(printer, type->element, (const uint8_t *)list.data, list.count);
}

static void print_map(struct printer *printer, const kodosis__type *type, const uint8_t *value)
{
    struct kodosis_any_list map;
    size_t i;

    memcpy(&map, value, sizeof(map));
    add_text(printer, map.count ? "{ " : "{");
    for (i = 0; i < map.count; i++) {
        const uint8_t *entry = (const uint8_t *)map.data + i * type->size;

        if (i)
            add_text(printer, ", ");
        print_value(printer, type->key, entry);
        add_text(printer, ": ");
        print_value(printer, type->element, entry + type->value_offset);
    }
    add_text(printer, map.count ? " }" : "}");
}

static void print_optional(struct printer *printer, const kodosis__type *type, const uint8_t *value)
{
    const void *pointer;

    memcpy(&pointer, value, sizeof(pointer));
    if (pointer)
        print_value(printer, type->element, (const uint8_t *)pointer);
    else
        add_text(printer, "none");
}

static void print_fd(struct printer *printer, const uint8_t *value)
{
    char text[24];
    int fd;

    memcpy(&fd, value, sizeof(fd));
    snprintf(text, sizeof(text), "fd %d", fd);
    add_text(printer, text);
}

static void print_nested(struct printer *printer, uint32_t index, const uint8_t *value)
{
    const kodosis__type *type = &printer->schema->types[index];

    switch (type->kind) {
    case KODOSIS_BOOL:
        add_text(printer, *value ? "true" : "false");
        break;
    case KODOSIS_FLOAT32:
        print_real(printer, (double)kodosis_load_float32(value), true);
        break;
    case KODOSIS_FLOAT64:
        print_real(printer, kodosis_load_float64(value), false);
        break;
    case KODOSIS_STRING:
        print_string(printer, value);
        break;
    case KODOSIS_BYTES:
        print_bytes(printer, value);
        break;
    case KODOSIS_FD:
        print_fd(printer, value);
        break;
    case KODOSIS_ENUM:
        print_enum(printer, index, value);
        break;
    case KODOSIS_STRUCT:
        print_struct(printer, type, value);
        break;
    case KODOSIS_UNION:
        print_union(printer, type, value);
        break;
    case KODOSIS_ARRAY:
        print_row(printer, type->element, value, type->count);
        break;
    case KODOSIS_LIST:
        print_list(printer, type, value);
        break;
    case KODOSIS_MAP:
        print_map(printer, type, value);
        break;
    case KODOSIS_OPTIONAL:
        print_optional(printer, type, value);
        break;
    default:
        print_integer(printer, type->kind, value);
        break;
    }
}

static void print_value(struct printer *printer, uint32_t index, const uint8_t *value)
{
    if (printer->cut || printer->nesting == NESTING_MAX) {
        printer->cut = true;
        add_text(printer, "...");
        return;
    }
    printer->nesting++;
    print_nested(printer, index, value);
    printer->nesting--;
}

size_t kodosis_schema_print(const struct kodosis_schema *schema, uint32_t type, const void *value, char *ret_text,
                            size_t capacity)
{
    struct printer printer = { schema, ret_text, capacity, 0, 0, false };

    print_value(&printer, type, (const uint8_t *)value);
    if (capacity)
        ret_text[printer.size < capacity ? printer.size : capacity - 1] = '\0';
    return printer.size;
}
