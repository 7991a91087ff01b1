/* SPDX-License-Identifier: MIT */
/* Size, write and read of sequences of values. */
#include "kodosis/compiler/c/codec.h"

#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/stems.h"
#include "kodosis/compiler/c/shapes.h"

/* Fields of fixed size that follow each other form a run, which costs one addition or one bounds check. */
enum {
    RUN_MAX = 256,    /* KODOSIS_RUN_MAX of the runtime */
    FLATTEN_MAX = 64, /* small structs of fixed size join the run around them */
    COPY_MIN = 16,    /* this many neighbours of one type, or more, are copied in one piece */
};

/* The prefix of the runtime's functions: those of cold.h for code that calls seldom run, inline ones otherwise. */
static const char *family(const struct c_emitter *emitter)
{
    return emitter->cold ? "kodosis_cold" : "kodosis";
}

/* ---- Expressions ---- */

const char *c_address(struct c_emitter *emitter, const char *expression)
{
    return *expression == '*' ? expression + 1 : c_format(emitter, "&%s", expression);
}

const char *c_dot(struct c_emitter *emitter, const char *expression, const char *member)
{
    if (*expression == '*')
        return c_format(emitter, "%s->%s", expression + 1, member);
    return c_format(emitter, "%s.%s", expression, member);
}

const char *c_size_of(struct c_emitter *emitter, const struct kodosis_type *type)
{
    if (type->kind == KODOSIS_TYPE_ARRAY)
        return c_format(emitter, "%llu * %s", (unsigned long long)type->count, c_size_of(emitter, type->element));
    return c_format(emitter, "sizeof(%s)", c_type(emitter, type));
}

/* The innermost array of an array of arrays: it decays to the pointer to a scalar that the runtime takes. */
static const char *first_of(struct c_emitter *emitter, const struct kodosis_type *type, const char *expression)
{
    if (*expression == '*')
        expression = c_format(emitter, "(%s)", expression);
    for (; type->kind == KODOSIS_TYPE_ARRAY && type->element->kind == KODOSIS_TYPE_ARRAY; type = type->element)
        expression = c_format(emitter, "%s[0]", expression);
    return expression;
}

/* ---- Runs of scalars ---- */

static bool is_word(const struct kodosis_type *type)
{
    return type->kind <= KODOSIS_TYPE_FLOAT64 || type->kind == KODOSIS_TYPE_ENUM;
}

/* Fields with small structs of fixed size replaced by their members. */
struct flat {
    struct c_field *fields;
    size_t count;
    size_t capacity;
};

static void flatten(struct c_emitter *emitter, struct flat *flat, const struct c_field *field)
{
    const struct kodosis_type *type = field->type;
    const struct kodosis_declaration *declaration = type->declaration;
    size_t i;

    if (type->kind == KODOSIS_TYPE_STRUCT && type->exact && !type->blittable && declaration->member_count &&
        type->smallest <= FLATTEN_MAX) {
        for (i = 0; i < declaration->member_count; i++) {
            struct c_field member = { .type = declaration->members[i].type };

            member.expression =
                c_dot(emitter, field->expression, c_member(emitter, declaration, &declaration->members[i]));
            flatten(emitter, flat, &member);
        }
        return;
    }
    if (flat->count == flat->capacity) {
        flat->capacity = flat->capacity ? 2 * flat->capacity : 16;
        flat->fields = kodosis_reallocate(flat->fields, flat->capacity, sizeof(*flat->fields));
    }
    flat->fields[flat->count++] = *field;
}

static struct flat flatten_all(struct c_emitter *emitter, const struct c_field *fields, size_t count)
{
    struct flat flat = { NULL, 0, 0 };
    size_t i;

    for (i = 0; i < count; i++)
        flatten(emitter, &flat, &fields[i]);
    return flat;
}

/* How many fields from here on are scalars that fit a run of `most` bytes. */
static size_t run_length(const struct c_field *fields, size_t count, uint64_t most, uint64_t *ret_size)
{
    uint64_t size = 0;
    size_t length = 0;

    while (length < count && is_word(fields[length].type) && size + fields[length].type->size <= most)
        size += fields[length++].type->size;
    *ret_size = size;
    return length;
}

/*
 * How many numbers of one type lie side by side in a struct from fields[0] on; C leaves no gap between them. 1 if
 * they are fewer than COPY_MIN.
 */
static size_t row_length(const struct c_field *fields, size_t count)
{
    size_t length = 1;

    if (!fields[0].owner || fields[0].type->checked)
        return 1;
    while (length < count && fields[length].type == fields[0].type && fields[length].owner == fields[0].owner &&
           fields[length].index == fields[0].index + length)
        length++;
    return length < COPY_MIN ? 1 : length;
}

/* The expression for the memory of a row. */
static const char *row_place(struct c_emitter *emitter, const struct c_field *field, const char *pointer)
{
    return c_format(emitter, "(%s)%s + offsetof(struct %s, %s)", pointer, field->record, c_name(emitter, field->owner),
                    c_member(emitter, field->owner, &field->owner->members[field->index]));
}

static const char *row_size(struct c_emitter *emitter, const struct c_field *field, size_t length)
{
    return c_format(emitter, "%zu * %s", length, c_size_of(emitter, field->type));
}

bool c_fields_have_run(struct c_emitter *emitter, const struct c_field *fields, size_t count)
{
    struct flat flat = flatten_all(emitter, fields, count);
    bool have = false;
    size_t i;

    for (i = 0; i + 1 < flat.count && !have; i++)
        have = is_word(flat.fields[i].type) && is_word(flat.fields[i + 1].type);
    free(flat.fields);
    return have;
}

/* ---- Size ---- */

/* Emits code that sets `offset` to the offset behind the value. The value begins at `from`: `offset` itself, or 0. */
static void size_value(struct c_emitter *emitter, const struct kodosis_type *type, const char *x, const char *offset,
                       const char *from)
{
    const char *count;

    switch (type->kind) {
    case KODOSIS_TYPE_STRING:
    case KODOSIS_TYPE_BYTES:
        c_line(emitter, "%s = %s_size_%s(%s, %s);", offset, family(emitter), c_word(type), from, x);
        return;
    case KODOSIS_TYPE_STRUCT:
    case KODOSIS_TYPE_UNION:
    case KODOSIS_TYPE_ERROR:
        if (!type->blittable)
            c_line(emitter, "%s = %s(%s, %s);", offset, c_own(emitter, type->declaration, "_size"),
                   c_address(emitter, x), from);
        break;
    case KODOSIS_TYPE_LIST:
        count = c_dot(emitter, x, "count");
        if (type->element->blittable)
            c_line(emitter, "%s = %s_size_list(%s, %s, %s, %u);", offset, family(emitter), from, count,
                   c_size_of(emitter, type->element), type->element->alignment);
        else if (c_has_runtime_list(type))
            c_line(emitter, "%s = kodosis_size_%s_list(%s, %s);", offset, c_word(type->element), from, x);
        else
            c_line(emitter, "%s = %s(%s, %s);", offset, c_helper(emitter, "size", type), c_address(emitter, x), from);
        return;
    case KODOSIS_TYPE_MAP:
        c_line(emitter, "%s = %s(%s, %s);", offset, c_helper(emitter, "size", type), c_address(emitter, x), from);
        return;
    case KODOSIS_TYPE_OPTIONAL:
        c_line(emitter, "%s = %s(%s, %s);", offset, c_helper(emitter, "size", type), x, from);
        return;
    case KODOSIS_TYPE_ARRAY:
        if (!type->blittable)
            c_line(emitter, "%s = %s(%s, %s);", offset, c_helper(emitter, "size", type), x, from);
        break;
    default:
        break;
    }
    if (type->blittable)
        c_line(emitter, "%s = kodosis_size_aligned(%s, %s, %u);", offset, from, c_size_of(emitter, type),
               type->alignment);
}

static const char *add_fixed(struct c_emitter *emitter, uint64_t size, const char *offset, const char *from)
{
    if (size)
        c_line(emitter, strcmp(from, offset) == 0 ? "%s += %llu;" : "%s = %llu;", offset, (unsigned long long)size);
    return size ? offset : from;
}

void c_size_fields(struct c_emitter *emitter, const struct c_field *fields, size_t count, const char *offset,
                   const char *from)
{
    uint64_t fixed = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        if (fields[i].type->exact) {
            fixed += fields[i].type->smallest;
            continue;
        }
        from = add_fixed(emitter, fixed, offset, from);
        fixed = 0;
        size_value(emitter, fields[i].type, fields[i].expression, offset, from);
        from = offset;
    }
    add_fixed(emitter, fixed, offset, from);
}

/* ---- Write ---- */

static void write_value(struct c_emitter *emitter, const struct kodosis_type *type, const char *x)
{
    switch (type->kind) {
    case KODOSIS_TYPE_STRUCT:
    case KODOSIS_TYPE_UNION:
    case KODOSIS_TYPE_ERROR:
        c_line(emitter, "%s(writer, %s);", c_own(emitter, type->declaration, "_write"), c_address(emitter, x));
        return;
    case KODOSIS_TYPE_LIST:
        if (type->element->blittable)
            c_line(emitter, "%s_write_list(writer, %s, %s, %s, %u);", family(emitter), c_dot(emitter, x, "data"),
                   c_dot(emitter, x, "count"), c_size_of(emitter, type->element), type->element->alignment);
        else if (c_has_runtime_list(type))
            c_line(emitter, "kodosis_write_%s_list(writer, %s);", c_word(type->element), x);
        else
            c_line(emitter, "%s(writer, %s);", c_helper(emitter, "write", type), c_address(emitter, x));
        return;
    case KODOSIS_TYPE_MAP:
        c_line(emitter, "%s(writer, %s);", c_helper(emitter, "write", type), c_address(emitter, x));
        return;
    case KODOSIS_TYPE_ARRAY:
        if (type->blittable)
            c_line(emitter, "%s_write_aligned(writer, %s, %s, %u);", family(emitter), first_of(emitter, type, x),
                   c_size_of(emitter, type), type->alignment);
        else
            c_line(emitter, "%s(writer, %s);", c_helper(emitter, "write", type), x);
        return;
    case KODOSIS_TYPE_OPTIONAL:
        c_line(emitter, "%s(writer, %s);", c_helper(emitter, "write", type), x);
        return;
    case KODOSIS_TYPE_STRING:
    case KODOSIS_TYPE_BYTES:
        c_line(emitter, "%s_write_%s(writer, %s);", family(emitter), c_word(type), x);
        return;
    default:
        c_line(emitter, "kodosis_write_%s(writer, %s);", c_word(type), x);
        return;
    }
}

static size_t store(struct c_emitter *emitter, const struct c_field *fields, size_t count, const char *place)
{
    size_t length = row_length(fields, count);

    if (length > 1)
        c_line(emitter, "memcpy(%s, %s, %s);", place, row_place(emitter, fields, "const uint8_t *"),
               row_size(emitter, fields, length));
    else
        c_line(emitter, "kodosis_store_%s(%s, %s);", c_word(fields[0].type), place, fields[0].expression);
    return length;
}

static void write_run(struct c_emitter *emitter, const struct c_field *fields, size_t count, uint64_t size)
{
    uint64_t offset = 0;
    size_t i;

    c_line(emitter, "at = kodosis_writer_claim(writer, %llu);", (unsigned long long)size);
    c_line(emitter, "if (at) {");
    kodosis_text_indent(emitter->text);
    for (i = 0; i < count;) {
        const char *place = offset ? c_format(emitter, "at + %llu", (unsigned long long)offset) : "at";
        size_t length = store(emitter, fields + i, count - i, place);

        offset += length * fields[i].type->size;
        i += length;
    }
    c_close(emitter);
}

void c_write_fields(struct c_emitter *emitter, const struct c_field *fields, size_t count)
{
    struct flat flat = flatten_all(emitter, fields, count);
    size_t i = 0;

    while (i < flat.count) {
        uint64_t size;
        size_t length = run_length(flat.fields + i, flat.count - i, UINT64_MAX, &size);

        if (length > 1)
            write_run(emitter, flat.fields + i, length, size);
        else
            write_value(emitter, flat.fields[i].type, flat.fields[i].expression);
        i += length ? length : 1;
    }
    free(flat.fields);
}

/* ---- Read ---- */

void c_check_values(struct c_emitter *emitter, const struct kodosis_type *type, const char *first, const char *count,
                    const char *stride)
{
    if (type->kind == KODOSIS_TYPE_BOOL)
        c_line(emitter, "kodosis_check_bools(reader, %s, %s, %s);", first, count, stride);
    else
        c_line(emitter, "%s(reader, %s, %s, %s);", c_own(emitter, type->declaration, "_check"), first, count, stride);
}

/*
 * Emits the check of a list's or array's innermost elements, which lie side by side. A NULL `count` stands for one
 * element.
 */
static void check_row(struct c_emitter *emitter, const struct kodosis_type *element, const char *first,
                      const char *count)
{
    uint64_t times = 1;

    if (!element->checked)
        return;
    for (; element->kind == KODOSIS_TYPE_ARRAY; element = element->element)
        times *= element->count;
    if (!count)
        count = c_format(emitter, "%llu", (unsigned long long)times);
    else if (times > 1)
        count = c_format(emitter, "%s * %llu", count, (unsigned long long)times);
    c_check_values(emitter, element, first, count, c_size_of(emitter, element));
}

static void read_list_view(struct c_emitter *emitter, const struct kodosis_type *type, const char *x)
{
    const struct kodosis_type *element = type->element;
    const char *data = c_dot(emitter, x, "data");
    const char *count = c_dot(emitter, x, "count");
    const char *pointer = c_declare_whole(emitter, element, "", true);

    const char *items[4] = { "reader", c_size_of(emitter, element), c_format(emitter, "%u", element->alignment),
                             c_format(emitter, "&%s", count) };

    c_call(emitter, c_format(emitter, "%s = (%s)%s_read_list", data, pointer, family(emitter)), items, 4, ";");
    check_row(emitter, element, data, count);
}

void c_check_array(struct c_emitter *emitter, const struct kodosis_type *type, const char *expression)
{
    check_row(emitter, type, first_of(emitter, type, expression), NULL);
}

static void check_enum(struct c_emitter *emitter, const struct kodosis_type *type, const char *x)
{
    if (type->checked)
        c_line(emitter, "kodosis_check_enum(reader, %s(%s));", c_own(emitter, type->declaration, "_is_valid"), x);
}

static void read_value(struct c_emitter *emitter, const struct kodosis_type *type, const char *x)
{
    switch (type->kind) {
    case KODOSIS_TYPE_ENUM:
        c_line(emitter, "%s = %s_read_%s(reader);", x, family(emitter), c_word(type));
        check_enum(emitter, type, x);
        return;
    case KODOSIS_TYPE_STRUCT:
    case KODOSIS_TYPE_UNION:
    case KODOSIS_TYPE_ERROR:
        c_line(emitter, "%s(reader, %s);", c_own(emitter, type->declaration, "_read"), c_address(emitter, x));
        return;
    case KODOSIS_TYPE_LIST:
        if (type->element->blittable)
            read_list_view(emitter, type, x);
        else if (c_has_runtime_list(type))
            c_line(emitter, "%s = kodosis_read_%s_list(reader);", x, c_word(type->element));
        else
            c_line(emitter, "%s(reader, %s);", c_helper(emitter, "read", type), c_address(emitter, x));
        return;
    case KODOSIS_TYPE_MAP:
        c_line(emitter, "%s(reader, %s);", c_helper(emitter, "read", type), c_address(emitter, x));
        return;
    case KODOSIS_TYPE_ARRAY:
        if (type->blittable) {
            c_line(emitter, "%s_read_copy(reader, %s, %s, %u);", family(emitter), first_of(emitter, type, x),
                   c_size_of(emitter, type), type->alignment);
            check_row(emitter, type, first_of(emitter, type, x), NULL);
        } else {
            c_line(emitter, "%s(reader, %s);", c_helper(emitter, "read", type), x);
        }
        return;
    case KODOSIS_TYPE_OPTIONAL:
        c_line(emitter, "%s = %s(reader);", x, c_helper(emitter, "read", type));
        return;
    case KODOSIS_TYPE_STRING:
    case KODOSIS_TYPE_BYTES:
    case KODOSIS_TYPE_FD:
        c_line(emitter, "%s = kodosis_read_%s(reader);", x, c_word(type));
        return;
    default:
        c_line(emitter, "%s = %s_read_%s(reader);", x, family(emitter), c_word(type));
        return;
    }
}

static size_t load(struct c_emitter *emitter, const struct c_field *fields, size_t count, const char *place)
{
    const struct kodosis_type *type = fields[0].type;
    const char *x = fields[0].expression;
    size_t length = row_length(fields, count);

    if (length > 1)
        c_line(emitter, "memcpy(%s, %s, %s);", row_place(emitter, fields, "uint8_t *"), place,
               row_size(emitter, fields, length));
    else if (type->kind == KODOSIS_TYPE_BOOL)
        c_line(emitter, "%s = kodosis_check_bool(reader, kodosis_load_uint8(%s));", x, place);
    else
        c_line(emitter, "%s = kodosis_load_%s(%s);", x, c_word(type), place);
    if (type->kind == KODOSIS_TYPE_ENUM)
        check_enum(emitter, type, x);
    return length;
}

static void load_run(struct c_emitter *emitter, const struct c_field *fields, size_t count)
{
    uint64_t offset = 0;
    size_t i;

    for (i = 0; i < count;) {
        const char *place = offset ? c_format(emitter, "at + %llu", (unsigned long long)offset) : "at";
        size_t length = load(emitter, fields + i, count - i, place);

        offset += length * fields[i].type->size;
        i += length;
    }
}

static void read_run(struct c_emitter *emitter, const struct c_field *fields, size_t count, uint64_t size,
                     const char *record)
{
    if (size <= RUN_MAX) {
        c_line(emitter, "at = kodosis_read_run(reader, %llu);", (unsigned long long)size);
    } else {
        c_line(emitter, "at = kodosis_reader_take(reader, %llu);", (unsigned long long)size);
        c_line(emitter, "if (!at) {");
        c_line(emitter, "    memset(%s, 0, sizeof(*%s));", record, record);
        c_line(emitter, "    return;");
        c_line(emitter, "}");
    }
    load_run(emitter, fields, count);
}

void c_read_fields(struct c_emitter *emitter, const struct c_field *fields, size_t count, const char *record)
{
    struct flat flat = flatten_all(emitter, fields, count);
    size_t i = 0;

    while (i < flat.count) {
        uint64_t size;
        size_t length = run_length(flat.fields + i, flat.count - i, record ? UINT64_MAX : RUN_MAX, &size);

        if (length > 1)
            read_run(emitter, flat.fields + i, length, size, record);
        else
            read_value(emitter, flat.fields[i].type, flat.fields[i].expression);
        i += length ? length : 1;
    }
    free(flat.fields);
}

void c_enter_size(struct c_emitter *emitter)
{
    c_line(emitter, "if (!kodosis_size_enter(&offset))");
    c_line(emitter, "    return offset;");
}

void c_enter_write(struct c_emitter *emitter)
{
    c_line(emitter, "if (!kodosis_writer_enter(writer))");
    c_line(emitter, "    return;");
}

void c_enter_read(struct c_emitter *emitter)
{
    c_line(emitter, "if (!kodosis_reader_enter(reader)) {");
    c_line(emitter, "    memset(ret_value, 0, sizeof(*ret_value));");
    c_line(emitter, "    return;");
    c_line(emitter, "}");
}
