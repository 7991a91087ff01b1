/* SPDX-License-Identifier: MIT */
/* The functions of unions: one tag byte, then the member that it names. */
#include "kodosis/compiler/c/unions.h"

#include "kodosis/compiler/c/codec.h"
#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/shapes.h"

static struct c_field union_field(struct c_emitter *emitter, const struct kodosis_declaration *declaration,
                                  size_t index, const char *record)
{
    const struct kodosis_member *member = &declaration->members[index];
    const char *as = c_format(emitter, "%s->as.%s", record, c_member(emitter, declaration, member));
    struct c_field field = { .type = member->type };

    field.expression = c_is_pointer_member(declaration, member) ? c_whole(emitter, member->type, as) : as;
    return field;
}

static bool union_has_run(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    size_t i;

    for (i = 0; i < declaration->member_count; i++) {
        struct c_field field = union_field(emitter, declaration, i, "value");

        if (c_fields_have_run(emitter, &field, 1))
            return true;
    }
    return false;
}

static void emit_case(struct c_emitter *emitter, const struct kodosis_declaration *declaration, size_t index)
{
    c_line(emitter, "case %s:", c_tag(emitter, declaration, index));
    kodosis_text_indent(emitter->text);
}

static void emit_break(struct c_emitter *emitter)
{
    c_line(emitter, "break;");
    kodosis_text_outdent(emitter->text);
}

/* No member has the tag 0. */
static void emit_zero_case(struct c_emitter *emitter)
{
    c_line(emitter, "case 0:");
    c_line(emitter, "    break;");
}

static void emit_union_size(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    size_t i;

    c_line(emitter, "uint64_t %s(const struct %s *value, uint64_t offset)", c_own(emitter, declaration, "_size"), name);
    c_open(emitter);
    if (declaration->type->recursive)
        c_enter_size(emitter);
    c_line(emitter, "offset += 1;");
    if (declaration->extensible)
        c_line(emitter, "offset = kodosis_size_extent(offset);");
    c_line(emitter, "switch (value->tag) {");
    for (i = 0; i < declaration->member_count; i++) {
        struct c_field field = union_field(emitter, declaration, i, "value");

        emit_case(emitter, declaration, i);
        c_size_fields(emitter, &field, 1, "offset", "offset");
        emit_break(emitter);
    }
    if (declaration->extensible)
        emit_zero_case(emitter);
    c_line(emitter, "default:");
    if (declaration->extensible)
        c_line(emitter, "    offset = kodosis_size_rest(offset, value->as.%s);", c_unknown(emitter, declaration));
    c_line(emitter, "    break;");
    c_line(emitter, "}");
    c_line(emitter, declaration->type->recursive ? "return kodosis_size_leave(offset);" : "return offset;");
    c_close(emitter);
    c_gap(emitter);
}

/* An extensible union: the member, or what came as one, inside of its extent. */
static void emit_extensible_write(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    size_t i;

    c_line(emitter, "if (!value->tag)");
    c_line(emitter, "    kodosis_writer_fail(writer, KODOSIS_BAD_TAG);");
    c_line(emitter, "extent = kodosis_write_extent(writer);");
    c_line(emitter, "switch (value->tag) {");
    for (i = 0; i < declaration->member_count; i++) {
        struct c_field field = union_field(emitter, declaration, i, "value");

        emit_case(emitter, declaration, i);
        c_write_fields(emitter, &field, 1);
        emit_break(emitter);
    }
    c_line(emitter, "default:");
    c_line(emitter, "    unknown = value->as.%s;", c_unknown(emitter, declaration));
    c_line(emitter, "    break;");
    c_line(emitter, "}");
    c_line(emitter, "kodosis_write_rest(writer, extent, unknown);");
}

static void emit_known_write(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    size_t i;

    c_line(emitter, "switch (value->tag) {");
    for (i = 0; i < declaration->member_count; i++) {
        struct c_field field = union_field(emitter, declaration, i, "value");

        emit_case(emitter, declaration, i);
        c_write_fields(emitter, &field, 1);
        emit_break(emitter);
    }
    c_line(emitter, "default:");
    c_line(emitter, "    kodosis_writer_fail(writer, KODOSIS_BAD_TAG);");
    c_line(emitter, "    break;");
    c_line(emitter, "}");
}

static void emit_union_write(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    bool run = union_has_run(emitter, declaration);

    c_line(emitter, "void %s(struct kodosis_writer *writer, const struct %s *value)",
           c_own(emitter, declaration, "_write"), name);
    c_open(emitter);
    if (declaration->extensible) {
        c_line(emitter, "struct kodosis_bytes unknown = { NULL, 0 };");
        c_line(emitter, "uint8_t *extent;");
    }
    if (run)
        c_line(emitter, "uint8_t *at;");
    if (run || declaration->extensible)
        c_gap(emitter);
    if (declaration->type->recursive)
        c_enter_write(emitter);
    c_line(emitter, "kodosis_write_uint8(writer, value->tag);");
    if (declaration->extensible)
        emit_extensible_write(emitter, declaration);
    else
        emit_known_write(emitter, declaration);
    if (declaration->type->recursive)
        c_line(emitter, "kodosis_writer_leave(writer);");
    c_close(emitter);
    c_gap(emitter);
}

/* Emits the read of a member that is a pointer; its value lies in the arena. */
static void emit_pointer_read(struct c_emitter *emitter, const struct kodosis_declaration *declaration,
                              const struct kodosis_member *member)
{
    c_line(emitter, "ret_value->as.%s = %s(reader);", c_member(emitter, declaration, member),
           c_helper(emitter, "read_new", member->type));
}

static void emit_new(struct c_emitter *emitter, const struct kodosis_type *type)
{
    const char *head = c_format(emitter, "%s(struct kodosis_reader *reader)", c_helper(emitter, "read_new", type));
    struct c_field field = { .type = type, .expression = c_whole(emitter, type, "value") };
    struct c_body body;

    if (emitter->renewed[type->index])
        return;
    emitter->renewed[type->index] = true;
    c_line(emitter, "static %s", c_declare_whole(emitter, type, head, true));
    c_open(emitter);
    c_line(emitter, "%s = (%s)kodosis_read_array(reader, 1, sizeof(*value));",
           c_declare_whole(emitter, type, "value", false), c_declare_whole(emitter, type, "", false));
    c_gap(emitter);
    c_body_begin(emitter, &body);
    c_read_fields(emitter, &field, 1, NULL);
    c_body_end(emitter, &body, "if (value)");
    c_line(emitter, "return value;");
    c_close(emitter);
    c_gap(emitter);
}

static void emit_union_read(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    bool run;
    size_t i;

    for (i = 0; i < declaration->member_count; i++)
        if (c_is_pointer_member(declaration, &declaration->members[i]))
            emit_new(emitter, declaration->members[i].type);
    c_line(emitter, "void %s(struct kodosis_reader *reader, struct %s *ret_value)",
           c_own(emitter, declaration, "_read"), name);
    c_open(emitter);
    run = union_has_run(emitter, declaration);
    if (declaration->extensible)
        c_line(emitter, "const uint8_t *end;");
    if (run)
        c_line(emitter, "const uint8_t *at;");
    if (run || declaration->extensible)
        c_gap(emitter);
    if (declaration->type->recursive)
        c_enter_read(emitter);
    c_line(emitter, "ret_value->tag = kodosis_read_uint8(reader);");
    if (declaration->extensible)
        c_line(emitter, "end = kodosis_read_extent(reader);");
    c_line(emitter, "switch (ret_value->tag) {");
    for (i = 0; i < declaration->member_count; i++) {
        struct c_field field = union_field(emitter, declaration, i, "ret_value");

        emit_case(emitter, declaration, i);
        if (c_is_pointer_member(declaration, &declaration->members[i]))
            emit_pointer_read(emitter, declaration, &declaration->members[i]);
        else
            c_read_fields(emitter, &field, 1, NULL);
        emit_break(emitter);
    }
    c_line(emitter, declaration->extensible ? "case 0:" : "default:");
    c_line(emitter, "    kodosis_reader_fail(reader, KODOSIS_BAD_TAG);");
    c_line(emitter, "    memset(ret_value, 0, sizeof(*ret_value));");
    c_line(emitter, "    break;");
    if (declaration->extensible) {
        c_line(emitter, "default:");
        c_line(emitter, "    ret_value->as.%s = kodosis_read_content(reader);", c_unknown(emitter, declaration));
        c_line(emitter, "    break;");
    }
    c_line(emitter, "}");
    if (declaration->extensible)
        c_line(emitter, "kodosis_read_extent_end(reader, end);");
    if (declaration->type->recursive)
        c_line(emitter, "kodosis_reader_leave(reader);");
    c_close(emitter);
    c_gap(emitter);
}

void c_emit_union(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    emit_union_size(emitter, declaration);
    emit_union_write(emitter, declaration);
    emit_union_read(emitter, declaration);
}
