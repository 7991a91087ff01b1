/* SPDX-License-Identifier: MIT */
/* The functions of structs and errors. */
#include "kodosis/compiler/c/structs.h"

#include "kodosis/compiler/c/codec.h"
#include "kodosis/compiler/c/literals.h"
#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/shapes.h"

enum { OFFSETS_MAX = 64 }; /* a struct with more members is checked by its size and its last offset */

/* ---- Blittable structs ---- */

static void emit_layout(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    size_t count = declaration->member_count;
    size_t i;

    c_line(emitter, "KODOSIS_STATIC_ASSERT(sizeof(struct %s) == %llu, \"the size of %s\");", name,
           (unsigned long long)declaration->type->size, name);
    for (i = count > OFFSETS_MAX ? count - 1 : 0; i < count; i++) {
        const char *member = c_member(emitter, declaration, &declaration->members[i]);

        c_line(emitter, "KODOSIS_STATIC_ASSERT(offsetof(struct %s, %s) == %llu, \"the place of %s\");", name, member,
               (unsigned long long)declaration->members[i].offset, member);
    }
    c_gap(emitter);
}

/* The innermost element of arrays, and how many there are. */
static const struct kodosis_type *innermost(const struct kodosis_type *type, uint64_t *ret_count)
{
    uint64_t count = 1;

    for (; type->kind == KODOSIS_TYPE_ARRAY; type = type->element)
        count *= type->count;
    *ret_count = count;
    return type;
}

static void emit_struct_check(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    bool rows = false;
    size_t i;

    for (i = 0; i < declaration->member_count; i++)
        rows |= declaration->members[i].type->checked && declaration->members[i].type->kind == KODOSIS_TYPE_ARRAY;
    c_line(emitter, "void %s(struct kodosis_reader *reader, const void *first, size_t count, size_t stride)",
           c_own(emitter, declaration, "_check"));
    c_open(emitter);
    c_line(emitter, "const uint8_t *place = (const uint8_t *)first;");
    if (rows)
        c_line(emitter, "size_t i;");
    c_gap(emitter);
    c_line(emitter, "if (!count)");
    c_line(emitter, "    return;");
    for (i = 0; i < declaration->member_count; i++) {
        const struct kodosis_member *member = &declaration->members[i];
        uint64_t times;
        const struct kodosis_type *type = innermost(member->type, &times);
        const char *at =
            c_format(emitter, "place + offsetof(struct %s, %s)", name, c_member(emitter, declaration, member));

        if (!member->type->checked)
            continue;
        if (member->type->kind != KODOSIS_TYPE_ARRAY) {
            c_check_values(emitter, type, at, "count", "stride");
            continue;
        }
        c_line(emitter, "for (i = 0; i < count; i++)");
        kodosis_text_indent(emitter->text);
        c_check_values(emitter, type, c_format(emitter, "%s + i * stride", at),
                       c_format(emitter, "%llu", (unsigned long long)times),
                       c_format(emitter, "sizeof(%s)", c_type(emitter, type)));
        kodosis_text_outdent(emitter->text);
    }
    c_close(emitter);
    c_gap(emitter);
}

static void emit_blittable(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const struct kodosis_type *type = declaration->type;
    const char *name = c_name(emitter, declaration);

    emit_layout(emitter, declaration);
    if (type->checked)
        emit_struct_check(emitter, declaration);

    c_line(emitter, "uint64_t %s(const struct %s *value, uint64_t offset)", c_own(emitter, declaration, "_size"), name);
    c_open(emitter);
    c_line(emitter, "return kodosis_size_aligned(offset, sizeof(*value), %u);", type->alignment);
    c_close(emitter);
    c_gap(emitter);
    c_line(emitter, "void %s(struct kodosis_writer *writer, const struct %s *value)",
           c_own(emitter, declaration, "_write"), name);
    c_open(emitter);
    c_line(emitter, "kodosis_write_aligned(writer, value, sizeof(*value), %u);", type->alignment);
    c_close(emitter);
    c_gap(emitter);
    c_line(emitter, "const struct %s *%s(struct kodosis_reader *reader)", name, c_own(emitter, declaration, "_view"));
    c_open(emitter);
    if (type->checked) {
        c_line(emitter, "const void *view = kodosis_read_view(reader, sizeof(struct %s), %u);", name, type->alignment);
        c_gap(emitter);
        c_line(emitter, "if (view)");
        c_line(emitter, "    %s(reader, view, 1, sizeof(struct %s));", c_own(emitter, declaration, "_check"), name);
        c_line(emitter, "return reader->status == KODOSIS_OK ? (const struct %s *)view : NULL;", name);
    } else {
        c_line(emitter, "return (const struct %s *)kodosis_read_view(reader, sizeof(struct %s), %u);", name, name,
               type->alignment);
    }
    c_close(emitter);
    c_gap(emitter);
    c_line(emitter, "void %s(struct kodosis_reader *reader, struct %s *ret_value)",
           c_own(emitter, declaration, "_read"), name);
    c_open(emitter);
    /* check the copy, not the message: the peer may share the message and change it between check and copy */
    c_line(emitter, "kodosis_read_copy(reader, ret_value, sizeof(*ret_value), %u);", type->alignment);
    if (type->checked)
        c_line(emitter, "%s(reader, ret_value, 1, sizeof(*ret_value));", c_own(emitter, declaration, "_check"));
    c_close(emitter);
    c_gap(emitter);
}

/* ---- Other structs, and errors ---- */

static struct c_field *fields_of(struct c_emitter *emitter, const struct kodosis_declaration *declaration,
                                 const char *record)
{
    size_t count = declaration->member_count;
    struct c_field *fields = kodosis_memory_take_array(&emitter->memory, count + 1, sizeof(*fields));
    size_t i;

    for (i = 0; i < count; i++) {
        fields[i].type = declaration->members[i].type;
        fields[i].expression =
            c_format(emitter, "%s->%s", record, c_member(emitter, declaration, &declaration->members[i]));
        fields[i].record = record;
        fields[i].owner = declaration;
        fields[i].index = i;
    }
    return fields;
}

/* Whether the size depends on the value: padding depends on the offset alone. */
static bool has_variable_size(const struct kodosis_declaration *declaration)
{
    size_t i;

    for (i = 0; i < declaration->member_count; i++)
        if (!declaration->members[i].type->exact && !declaration->members[i].type->blittable)
            return true;
    return false;
}

static void emit_struct_size(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);

    c_line(emitter, "uint64_t %s(const struct %s *value, uint64_t offset)", c_own(emitter, declaration, "_size"), name);
    c_open(emitter);
    if (!has_variable_size(declaration))
        c_line(emitter, "(void)value;");
    if (declaration->type->exact) {
        c_line(emitter, "return offset + %llu;", (unsigned long long)declaration->type->smallest);
    } else {
        if (declaration->type->recursive)
            c_enter_size(emitter);
        c_size_fields(emitter, fields_of(emitter, declaration, "value"), declaration->member_count, "offset", "offset");
        c_line(emitter, declaration->type->recursive ? "return kodosis_size_leave(offset);" : "return offset;");
    }
    c_close(emitter);
    c_gap(emitter);
}

static void emit_struct_write(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    struct c_field *fields = fields_of(emitter, declaration, "value");

    c_line(emitter, "void %s(struct kodosis_writer *writer, const struct %s *value)",
           c_own(emitter, declaration, "_write"), name);
    c_open(emitter);
    if (c_fields_have_run(emitter, fields, declaration->member_count)) {
        c_line(emitter, "uint8_t *at;");
        c_gap(emitter);
    }
    if (declaration->type->recursive)
        c_enter_write(emitter);
    c_write_fields(emitter, fields, declaration->member_count);
    if (declaration->type->recursive)
        c_line(emitter, "kodosis_writer_leave(writer);");
    if (!declaration->member_count) {
        c_line(emitter, "(void)value;");
        c_line(emitter, "kodosis_write_uint8(writer, 0);");
    }
    c_close(emitter);
    c_gap(emitter);
}

static void emit_struct_read(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    struct c_field *fields = fields_of(emitter, declaration, "ret_value");

    c_line(emitter, "void %s(struct kodosis_reader *reader, struct %s *ret_value)",
           c_own(emitter, declaration, "_read"), name);
    c_open(emitter);
    if (c_fields_have_run(emitter, fields, declaration->member_count)) {
        c_line(emitter, "const uint8_t *at;");
        c_gap(emitter);
    }
    if (declaration->type->recursive)
        c_enter_read(emitter);
    c_read_fields(emitter, fields, declaration->member_count, "ret_value");
    if (declaration->type->recursive)
        c_line(emitter, "kodosis_reader_leave(reader);");
    if (!declaration->member_count)
        c_line(emitter, "ret_value->empty = kodosis_read_empty(reader);");
    c_close(emitter);
    c_gap(emitter);
}

/* ---- Extensible structs ---- */

static bool extensible_has_run(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    struct c_field *fields = fields_of(emitter, declaration, "value");
    size_t i;

    if (c_fields_have_run(emitter, fields, declaration->required))
        return true;
    for (i = declaration->required; i < declaration->member_count; i++)
        if (c_fields_have_run(emitter, &fields[i], 1))
            return true;
    return false;
}

static void emit_extensible_size(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    struct c_field *fields = fields_of(emitter, declaration, "value");
    bool recursive = declaration->type->recursive;
    const char *rest = c_format(emitter, "kodosis_size_rest(offset, value->%s)", c_unknown(emitter, declaration));
    size_t i;

    c_line(emitter, "uint64_t %s(const struct %s *value, uint64_t offset)", c_own(emitter, declaration, "_size"),
           c_name(emitter, declaration));
    c_open(emitter);
    if (recursive)
        c_enter_size(emitter);
    c_line(emitter, "offset = kodosis_size_extent(offset);");
    c_size_fields(emitter, fields, declaration->required, "offset", "offset");
    for (i = declaration->required; i < declaration->member_count; i++) {
        c_line(emitter, "offset = kodosis_size_aligned(offset, 0, 8);");
        c_size_fields(emitter, &fields[i], 1, "offset", "offset");
    }
    c_line(emitter, recursive ? "return kodosis_size_leave(%s);" : "return %s;", rest);
    c_close(emitter);
    c_gap(emitter);
}

static void emit_extensible_write(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    struct c_field *fields = fields_of(emitter, declaration, "value");
    size_t i;

    c_line(emitter, "void %s(struct kodosis_writer *writer, const struct %s *value)",
           c_own(emitter, declaration, "_write"), c_name(emitter, declaration));
    c_open(emitter);
    c_line(emitter, "uint8_t *extent;");
    if (extensible_has_run(emitter, declaration))
        c_line(emitter, "uint8_t *at;");
    c_gap(emitter);
    if (declaration->type->recursive)
        c_enter_write(emitter);
    c_line(emitter, "extent = kodosis_write_extent(writer);");
    c_write_fields(emitter, fields, declaration->required);
    for (i = declaration->required; i < declaration->member_count; i++) {
        c_line(emitter, "kodosis_write_padding(writer, 8);");
        c_write_fields(emitter, &fields[i], 1);
    }
    c_line(emitter, "kodosis_write_rest(writer, extent, value->%s);", c_unknown(emitter, declaration));
    if (declaration->type->recursive)
        c_line(emitter, "kodosis_writer_leave(writer);");
    c_close(emitter);
    c_gap(emitter);
}

/* Sets a member that is missing to its default. */
static void emit_initial(struct c_emitter *emitter, const struct kodosis_member *member, const char *x)
{
    const struct kodosis_value *initial = member->initial;

    if (initial && initial->type->kind == KODOSIS_TYPE_STRING)
        c_line(emitter, "%s = kodosis_str(%s);", x, c_literal(emitter, initial));
    else if (initial)
        c_line(emitter, "%s = %s;", x, c_literal(emitter, initial));
    else if (member->type->kind == KODOSIS_TYPE_OPTIONAL)
        c_line(emitter, "%s = NULL;", x);
    else
        c_line(emitter, "memset(&%s, 0, sizeof(%s));", x, x);
}

static void emit_extensible_read(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    struct c_field *fields = fields_of(emitter, declaration, "ret_value");
    size_t i;

    c_line(emitter, "void %s(struct kodosis_reader *reader, struct %s *ret_value)",
           c_own(emitter, declaration, "_read"), c_name(emitter, declaration));
    c_open(emitter);
    c_line(emitter, "const uint8_t *end;");
    if (extensible_has_run(emitter, declaration))
        c_line(emitter, "const uint8_t *at;");
    c_gap(emitter);
    if (declaration->type->recursive)
        c_enter_read(emitter);
    c_line(emitter, "end = kodosis_read_extent(reader);");
    c_read_fields(emitter, fields, declaration->required, NULL);
    for (i = declaration->required; i < declaration->member_count; i++) {
        c_line(emitter, "if (kodosis_read_more(reader)) {");
        kodosis_text_indent(emitter->text);
        c_read_fields(emitter, &fields[i], 1, NULL);
        kodosis_text_outdent(emitter->text);
        c_line(emitter, "} else {");
        kodosis_text_indent(emitter->text);
        emit_initial(emitter, &declaration->members[i], fields[i].expression);
        c_close(emitter);
    }
    c_line(emitter, "ret_value->%s = kodosis_read_rest(reader, end);", c_unknown(emitter, declaration));
    if (declaration->type->recursive)
        c_line(emitter, "kodosis_reader_leave(reader);");
    c_close(emitter);
    c_gap(emitter);
}

static void emit_extensible(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    emit_extensible_size(emitter, declaration);
    emit_extensible_write(emitter, declaration);
    emit_extensible_read(emitter, declaration);
}

void c_emit_struct(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    if (declaration->type->blittable) {
        emit_blittable(emitter, declaration);
        return;
    }
    if (declaration->extensible) {
        emit_extensible(emitter, declaration);
        return;
    }
    emit_struct_size(emitter, declaration);
    emit_struct_write(emitter, declaration);
    emit_struct_read(emitter, declaration);
}
