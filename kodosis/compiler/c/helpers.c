/* SPDX-License-Identifier: MIT */
/*
 * Static functions for the values that no declaration names: lists and arrays of what is not blittable, optionals and
 * maps. Each is written once per source file, inner ones first.
 */
#include "kodosis/compiler/c/helpers.h"

#include "kodosis/compiler/c/codec.h"
#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/shapes.h"

static void declare_at(struct c_emitter *emitter, const struct c_field *fields, size_t count, bool constant)
{
    if (c_fields_have_run(emitter, fields, count))
        c_line(emitter, constant ? "const uint8_t *at;" : "uint8_t *at;");
}

static const char *number(struct c_emitter *emitter, uint64_t value)
{
    return c_format(emitter, "%llu", (unsigned long long)value);
}

/* ---- Lists and maps: `count` elements behind a count ---- */

/* The expression for data[i]. An array that has a struct around it is the struct's member `items`. */
static const char *element_at(struct c_emitter *emitter, const struct kodosis_type *type, const char *data)
{
    const char *whole = c_whole(emitter, type, "p");

    return c_format(emitter, *whole == '*' ? "%s[i]" : "%s[i].items", data);
}

struct elements {
    struct c_field fields[2]; /* of data[i] */
    size_t count;
    bool exact;
    uint64_t smallest;
};

static struct elements elements_of(struct c_emitter *emitter, const struct kodosis_type *type, const char *data)
{
    struct elements elements = { .count = 1, .exact = type->element->exact, .smallest = type->element->smallest };

    if (type->kind == KODOSIS_TYPE_MAP) {
        elements.fields[0].type = type->key;
        elements.fields[0].expression = c_format(emitter, "%s[i].key", data);
        elements.fields[1].type = type->element;
        elements.fields[1].expression = c_format(emitter, "%s[i].value", data);
        elements.count = 2;
        elements.exact = type->key->exact && type->element->exact;
        elements.smallest += type->key->smallest;
    } else {
        elements.fields[0].type = type->element;
        elements.fields[0].expression = element_at(emitter, type->element, data);
    }
    return elements;
}

static void emit_list_size(struct c_emitter *emitter, const struct kodosis_type *type)
{
    struct elements elements = elements_of(emitter, type, "value->data");
    struct c_body body;

    c_line(emitter, "static uint64_t %s(const %s *value, uint64_t offset)", c_helper(emitter, "size", type),
           c_type(emitter, type));
    c_open(emitter);
    if (elements.exact) {
        c_line(emitter, "return kodosis_size_varint(offset, value->count) + (uint64_t)value->count * %s;",
               number(emitter, elements.smallest));
    } else {
        c_line(emitter, "size_t i;");
        c_gap(emitter);
        c_line(emitter, "offset = kodosis_size_varint(offset, value->count);");
        c_body_begin(emitter, &body);
        c_size_fields(emitter, elements.fields, elements.count, "offset", "offset");
        c_body_end(emitter, &body, "for (i = 0; i < value->count; i++)");
        c_line(emitter, "return offset;");
    }
    c_close(emitter);
    c_gap(emitter);
}

static void emit_list_write(struct c_emitter *emitter, const struct kodosis_type *type)
{
    struct elements elements = elements_of(emitter, type, "value->data");
    struct c_body body;

    c_line(emitter, "static void %s(struct kodosis_writer *writer, const %s *value)", c_helper(emitter, "write", type),
           c_type(emitter, type));
    c_open(emitter);
    declare_at(emitter, elements.fields, elements.count, false);
    c_line(emitter, "size_t i;");
    c_gap(emitter);
    c_line(emitter, "kodosis_write_varint(writer, value->count);");
    c_body_begin(emitter, &body);
    c_write_fields(emitter, elements.fields, elements.count);
    c_body_end(emitter, &body, "for (i = 0; i < value->count; i++)");
    c_close(emitter);
    c_gap(emitter);
}

static void emit_key_check(struct c_emitter *emitter, const struct kodosis_type *key)
{
    if (key->kind == KODOSIS_TYPE_STRING)
        c_line(emitter, "kodosis_check_string_keys(reader, data, ret_value->count, sizeof(*data));");
    else
        c_line(emitter, "kodosis_check_keys(reader, data, ret_value->count, sizeof(*data), sizeof(data->key));");
}

static void emit_list_read(struct c_emitter *emitter, const struct kodosis_type *type)
{
    struct elements elements = elements_of(emitter, type, "data");
    bool array = type->kind == KODOSIS_TYPE_LIST && type->element->kind == KODOSIS_TYPE_ARRAY;
    const char *pointer;
    const char *variable;
    struct c_body body;

    if (type->kind == KODOSIS_TYPE_MAP) {
        pointer = c_format(emitter, "struct %s *", c_entry_name(emitter, type));
        variable = c_format(emitter, "%sdata", pointer);
    } else {
        pointer = c_declare_whole(emitter, type->element, "", false);
        variable = c_declare_whole(emitter, type->element, "data", false);
    }
    c_line(emitter, "static void %s(struct kodosis_reader *reader, %s *ret_value)", c_helper(emitter, "read", type),
           c_type(emitter, type));
    c_open(emitter);
    c_line(emitter, "uint32_t count = kodosis_read_count(reader, %s);", number(emitter, elements.smallest));
    c_line(emitter, "%s;", variable);
    declare_at(emitter, elements.fields, elements.count, true);
    c_line(emitter, "size_t i;");
    c_gap(emitter);
    c_line(emitter, "data = (%s)kodosis_read_array(reader, count, sizeof(*data));", pointer);
    if (array)
        c_line(emitter, "ret_value->data = (%s)data;", c_declare_whole(emitter, type->element, "", true));
    else
        c_line(emitter, "ret_value->data = data;");
    c_line(emitter, "ret_value->count = data ? count : 0;");
    c_body_begin(emitter, &body);
    c_read_fields(emitter, elements.fields, elements.count, NULL);
    c_body_end(emitter, &body, "for (i = 0; i < ret_value->count; i++)");
    if (type->kind == KODOSIS_TYPE_MAP)
        emit_key_check(emitter, type->key);
    c_close(emitter);
    c_gap(emitter);
}

/* ---- Optionals: a pointer, NULL for none ---- */

static void emit_optional_size(struct c_emitter *emitter, const struct kodosis_type *type)
{
    struct c_field field = { .type = type->element, .expression = c_whole(emitter, type->element, "value") };
    struct c_body body;

    c_line(emitter, "static uint64_t %s(%s, uint64_t offset)", c_helper(emitter, "size", type),
           c_declare(emitter, type, "value", false));
    c_open(emitter);
    c_line(emitter, "offset += 1;");
    c_body_begin(emitter, &body);
    c_size_fields(emitter, &field, 1, "offset", "offset");
    c_body_end(emitter, &body, "if (value)");
    c_line(emitter, "return offset;");
    c_close(emitter);
    c_gap(emitter);
}

static void emit_optional_write(struct c_emitter *emitter, const struct kodosis_type *type)
{
    struct c_field field = { .type = type->element, .expression = c_whole(emitter, type->element, "value") };
    struct c_body body;

    c_line(emitter, "static void %s(struct kodosis_writer *writer, %s)", c_helper(emitter, "write", type),
           c_declare(emitter, type, "value", false));
    c_open(emitter);
    if (c_fields_have_run(emitter, &field, 1)) {
        c_line(emitter, "uint8_t *at;");
        c_gap(emitter);
    }
    c_line(emitter, "kodosis_write_bool(writer, value != NULL);");
    c_body_begin(emitter, &body);
    c_write_fields(emitter, &field, 1);
    c_body_end(emitter, &body, "if (value)");
    c_close(emitter);
    c_gap(emitter);
}

static void emit_optional_read(struct c_emitter *emitter, const struct kodosis_type *type)
{
    const struct kodosis_type *element = type->element;
    bool array = element->kind == KODOSIS_TYPE_ARRAY;
    struct c_field field = { .type = element, .expression = c_whole(emitter, element, "value") };
    struct c_body body;

    c_line(emitter, "static %s",
           c_declare(emitter, type,
                     c_format(emitter, "%s(struct kodosis_reader *reader)", c_helper(emitter, "read", type)), false));
    c_open(emitter);
    if (element->blittable && c_is_record(element)) {
        c_line(emitter, "return kodosis_read_bool(reader) ? %s(reader) : NULL;",
               c_own(emitter, element->declaration, "_view"));
        c_close(emitter);
        c_gap(emitter);
        return;
    }
    declare_at(emitter, &field, 1, true);
    c_line(emitter, "%s;", c_declare_whole(emitter, element, "value", false));
    c_gap(emitter);
    c_line(emitter, "if (!kodosis_read_bool(reader))");
    c_line(emitter, "    return NULL;");
    c_line(emitter, "value = (%s)kodosis_read_array(reader, 1, sizeof(*value));",
           c_declare_whole(emitter, element, "", false));
    c_body_begin(emitter, &body);
    c_read_fields(emitter, &field, 1, NULL);
    c_body_end(emitter, &body, "if (value)");
    if (array)
        c_line(emitter, "return (%s)value;", c_declare_whole(emitter, element, "", true));
    else
        c_line(emitter, "return value;");
    c_close(emitter);
    c_gap(emitter);
}

/* ---- Arrays of what is not blittable ---- */

static void emit_array_size(struct c_emitter *emitter, const struct kodosis_type *type)
{
    struct c_field field = { .type = type->element, .expression = "value[i]" };
    struct c_body body;

    if (type->exact)
        return;
    c_line(emitter, "static uint64_t %s(%s, uint64_t offset)", c_helper(emitter, "size", type),
           c_declare_pointer(emitter, type, "value", true));
    c_open(emitter);
    c_line(emitter, "size_t i;");
    c_gap(emitter);
    c_body_begin(emitter, &body);
    c_size_fields(emitter, &field, 1, "offset", "offset");
    c_body_end(emitter, &body, c_format(emitter, "for (i = 0; i < %s; i++)", number(emitter, type->count)));
    c_line(emitter, "return offset;");
    c_close(emitter);
    c_gap(emitter);
}

static void emit_array_write(struct c_emitter *emitter, const struct kodosis_type *type)
{
    struct c_field field = { .type = type->element, .expression = "value[i]" };
    struct c_body body;

    c_line(emitter, "static void %s(struct kodosis_writer *writer, %s)", c_helper(emitter, "write", type),
           c_declare_pointer(emitter, type, "value", true));
    c_open(emitter);
    declare_at(emitter, &field, 1, false);
    c_line(emitter, "size_t i;");
    c_gap(emitter);
    c_body_begin(emitter, &body);
    c_write_fields(emitter, &field, 1);
    c_body_end(emitter, &body, c_format(emitter, "for (i = 0; i < %s; i++)", number(emitter, type->count)));
    c_close(emitter);
    c_gap(emitter);
}

static void emit_array_read(struct c_emitter *emitter, const struct kodosis_type *type)
{
    struct c_field field = { .type = type->element, .expression = "ret_value[i]" };
    struct c_body body;

    c_line(emitter, "static void %s(struct kodosis_reader *reader, %s)", c_helper(emitter, "read", type),
           c_declare_pointer(emitter, type, "ret_value", false));
    c_open(emitter);
    declare_at(emitter, &field, 1, true);
    c_line(emitter, "size_t i;");
    c_gap(emitter);
    c_body_begin(emitter, &body);
    c_read_fields(emitter, &field, 1, NULL);
    c_body_end(emitter, &body, c_format(emitter, "for (i = 0; i < %s; i++)", number(emitter, type->count)));
    c_close(emitter);
    c_gap(emitter);
}

/* ---- All of them ---- */

void c_name_helpers(struct c_emitter *emitter, const struct kodosis_type *type)
{
    for (; type->kind != KODOSIS_TYPE_ENUM && type->element; type = type->element)
        c_claim_helpers(emitter, type);
    if (c_is_record(type))
        c_claim_helpers(emitter, type); /* the read function of a union may call read_new of this type */
}

void c_emit_helpers(struct c_emitter *emitter, const struct kodosis_type *type)
{
    if (type->blittable || !type->element || type->kind == KODOSIS_TYPE_ENUM)
        return;
    if (type->kind == KODOSIS_TYPE_LIST && (type->element->blittable || c_has_runtime_list(type)))
        return;
    if (emitter->helped[type->index])
        return;
    emitter->helped[type->index] = true;
    c_emit_helpers(emitter, type->element);
    switch (type->kind) {
    case KODOSIS_TYPE_OPTIONAL:
        emit_optional_size(emitter, type);
        emit_optional_write(emitter, type);
        emit_optional_read(emitter, type);
        break;
    case KODOSIS_TYPE_ARRAY:
        emit_array_size(emitter, type);
        emit_array_write(emitter, type);
        emit_array_read(emitter, type);
        break;
    default:
        emit_list_size(emitter, type);
        emit_list_write(emitter, type);
        emit_list_read(emitter, type);
        break;
    }
}
