/* SPDX-License-Identifier: MIT */
/* The header's constants, types and prototypes. */
#include "kodosis/compiler/c/declarations.h"

#include <inttypes.h>

#include "kodosis/compiler/c/composites.h"
#include "kodosis/compiler/c/literals.h"
#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/stems.h"
#include "kodosis/compiler/c/shapes.h"

/* ---- Constants ---- */

/* Whether a constant is an object of C, because it is made of several values; others are macros. */
static bool is_object(const struct kodosis_declaration *declaration)
{
    return declaration->kind == KODOSIS_CONST && declaration->type->kind >= KODOSIS_TYPE_STRUCT;
}

static void emit_constant(struct c_emitter *emitter, const struct kodosis_declaration *constant)
{
    c_doc(emitter, constant->doc);
    c_line(emitter, "#define %s %s", c_constant(emitter, constant), c_literal(emitter, &constant->value));
}

void c_emit_constants(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    bool any = false;
    size_t i;

    for (i = 0; i < file->declaration_count; i++) {
        if (file->declarations[i]->kind != KODOSIS_CONST || is_object(file->declarations[i]))
            continue;
        emit_constant(emitter, file->declarations[i]);
        any = true;
    }
    if (any)
        c_gap(emitter);
}

/* ---- Enums ---- */

static bool fits_int(const struct kodosis_declaration *declaration)
{
    size_t i;

    for (i = 0; i < declaration->enumerator_count; i++) {
        int64_t value = declaration->enumerators[i].value;

        if (value > INT32_MAX || value < (declaration->type->element->kind == KODOSIS_TYPE_UINT64 ? 0 : INT32_MIN))
            return false;
    }
    return true;
}

/*
 * Declares a value that no enumerator of C can hold, as a macro. A macro cannot be deprecated: to one that is an enumerator
 * is added that is 0, and deprecated.
 */
static void declare_large(struct c_emitter *emitter, const struct kodosis_enumerator *enumerator)
{
    const char *name = c_enumerator(emitter, enumerator);
    const char *literal = c_integer_literal(emitter, enumerator->declaration->type->element, enumerator->value);

    if (!enumerator->deprecated) {
        c_line(emitter, "#define %s %s", name, literal);
        return;
    }
    c_line(emitter, "enum { %s_deprecated_%s = 0 };", name, c_deprecated_behind(emitter, enumerator->deprecated));
    c_line(emitter, "#define %s (%s + %s_deprecated_)", name, literal, name);
}

/* Enumerators of C are ints; the values of an enum that has larger ones are written as macros. */
static void declare_enumerators(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    bool plain = fits_int(declaration);
    size_t i;

    if (plain) {
        c_line(emitter, "enum {");
        kodosis_text_indent(emitter->text);
    }
    for (i = 0; i < declaration->enumerator_count; i++) {
        const struct kodosis_enumerator *enumerator = &declaration->enumerators[i];
        const char *name = c_enumerator(emitter, enumerator);

        c_doc(emitter, enumerator->doc);
        if (plain)
            c_line(emitter, "%s%s = %" PRId64 ",", name, c_deprecated_behind(emitter, enumerator->deprecated),
                   enumerator->value);
        else
            declare_large(emitter, enumerator);
    }
    if (plain) {
        kodosis_text_outdent(emitter->text);
        c_line(emitter, "};");
    }
    c_gap(emitter);
}

static void declare_enum(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);

    c_doc(emitter, declaration->doc);
    c_line(emitter, "typedef %s_t %s%s;", c_word(declaration->type), name,
           c_deprecated_behind(emitter, declaration->deprecated));
    c_gap(emitter);
    declare_enumerators(emitter, declaration);
    c_line(emitter, "/* The name as in the interface file; NULL for a value that is not declared. */");
    c_line(emitter, "const char *%s(%s value);", c_own(emitter, declaration, "_name"), name);
    c_gap(emitter);
    if (declaration->extensible)
        c_line(emitter, "/* Whether the value is declared; others may come from later versions. */");
    else if (declaration->flags)
        c_line(emitter, "/* Whether all bits of the value are declared. */");
    c_line(emitter, "bool %s(%s value);", c_own(emitter, declaration, "_is_valid"), name);
    if (declaration->type->checked)
        c_line(emitter, "void %s(struct kodosis_reader *reader, const void *first, size_t count, size_t stride);",
               c_own(emitter, declaration, "_check"));
    c_gap(emitter);
}

/* ---- Structs, unions and errors ---- */

static void declare_members(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    size_t i;

    for (i = 0; i < declaration->member_count; i++) {
        const struct kodosis_member *member = &declaration->members[i];
        const char *name = c_member(emitter, declaration, member);

        c_doc(emitter, member->doc);
        if (c_is_pointer_member(declaration, member))
            name = c_declare_whole(emitter, member->type, name, true);
        else
            name = c_declare(emitter, member->type, name, false);
        c_line(emitter, "%s%s;", name, c_deprecated_behind(emitter, member->deprecated));
    }
}

static void declare_struct(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    c_doc(emitter, declaration->doc);
    c_line(emitter, "struct %s%s {", c_deprecated_before(emitter, declaration->deprecated),
           c_name(emitter, declaration));
    kodosis_text_indent(emitter->text);
    declare_members(emitter, declaration);
    if (declaration->extensible)
        c_line(emitter, "struct kodosis_bytes %s; /* members of later versions, as they came */",
               c_unknown(emitter, declaration));
    else if (!declaration->member_count)
        c_line(emitter, "uint8_t empty; /* C has no struct without members */");
    kodosis_text_outdent(emitter->text);
    c_line(emitter, "};");
    c_gap(emitter);
}

static void declare_union(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    size_t i;

    c_line(emitter, "/* The tags of struct %s. */", c_name(emitter, declaration));
    c_line(emitter, "enum {");
    for (i = 0; i < declaration->member_count; i++)
        c_line(emitter, "    %s%s = %zu,", c_tag(emitter, declaration, i),
               c_deprecated_behind(emitter, declaration->members[i].deprecated), i + 1);
    c_line(emitter, "};");
    c_gap(emitter);
    c_doc(emitter, declaration->doc);
    c_line(emitter, "struct %s%s {", c_deprecated_before(emitter, declaration->deprecated),
           c_name(emitter, declaration));
    kodosis_text_indent(emitter->text);
    c_line(emitter, "uint8_t tag; /* says which member of `as` is set */");
    c_line(emitter, "union {");
    kodosis_text_indent(emitter->text);
    declare_members(emitter, declaration);
    if (declaration->extensible)
        c_line(emitter, "struct kodosis_bytes %s; /* with a tag of a later version: its value, as it came */",
               c_unknown(emitter, declaration));
    kodosis_text_outdent(emitter->text);
    c_line(emitter, "} as;");
    kodosis_text_outdent(emitter->text);
    c_line(emitter, "};");
    c_gap(emitter);
}

static void declare_trio(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);

    c_line(emitter, "uint64_t %s(const struct %s *value, uint64_t offset);", c_own(emitter, declaration, "_size"),
           name);
    c_line(emitter, "void %s(struct kodosis_writer *writer, const struct %s *value);",
           c_own(emitter, declaration, "_write"), name);
    c_line(emitter, "void %s(struct kodosis_reader *reader, struct %s *ret_value);",
           c_own(emitter, declaration, "_read"), name);
    if (declaration->type->blittable)
        c_line(emitter, "const struct %s *%s(struct kodosis_reader *reader);", name,
               c_own(emitter, declaration, "_view"));
    if (declaration->type->blittable && declaration->type->checked)
        c_line(emitter, "void %s(struct kodosis_reader *reader, const void *first, size_t count, size_t stride);",
               c_own(emitter, declaration, "_check"));
    c_line(emitter, "bool %s(const struct %s *left, const struct %s *right);", c_own(emitter, declaration, "_equal"),
           name, name);
    c_line(emitter, "size_t %s(const struct %s *value, char *ret_text, size_t capacity);",
           c_own(emitter, declaration, "_print"), name);
    c_gap(emitter);
}

static void declare_parts(struct c_emitter *emitter, const struct kodosis_declaration *declaration,
                          const struct kodosis_member *member)
{
    c_declare_composites(emitter, member->type);
    if (c_is_pointer_member(declaration, member))
        c_note_pointer(emitter, member->type);
}

static void declare_all_parts(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    size_t i;

    for (i = 0; i < declaration->member_count; i++)
        declare_parts(emitter, declaration, &declaration->members[i]);
}

static void declare_record_alone(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    if (declaration->kind == KODOSIS_UNION)
        declare_union(emitter, declaration);
    else
        declare_struct(emitter, declaration);
    declare_trio(emitter, declaration);
}

static void declare_record(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    declare_all_parts(emitter, declaration);
    declare_record_alone(emitter, declaration);
}

/* The composite types of parameters and results. */
static void declare_service_types(struct c_emitter *emitter, const struct kodosis_declaration *service)
{
    size_t i;
    size_t k;

    for (i = 0; i < service->procedure_count; i++) {
        const struct kodosis_procedure *procedure = &service->procedures[i];

        for (k = 0; k < procedure->parameter_count; k++)
            c_declare_composites(emitter, procedure->parameters[k].type);
        if (procedure->result)
            c_declare_composites(emitter, procedure->result);
    }
}

/* The composite types of what has another name. */
static void declare_named_types(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    size_t i;

    for (i = 0; i < file->declaration_count; i++)
        if (file->declarations[i]->kind == KODOSIS_ALIAS || is_object(file->declarations[i]))
            c_declare_composites(emitter, file->declarations[i]->type);
}

static void declare_alias(struct c_emitter *emitter, const struct kodosis_declaration *alias)
{
    c_doc(emitter, alias->doc);
    c_line(emitter, "typedef %s%s;", c_declare(emitter, alias->type, c_name(emitter, alias), false),
           c_deprecated_behind(emitter, alias->deprecated));
}

/* Other names for types, which nothing in the header needs, behind all types that they may name. */
static void declare_aliases(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    bool any = false;
    size_t i;

    for (i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *alias = file->declarations[i];

        if (alias->kind != KODOSIS_ALIAS)
            continue;
        any = true;
        declare_alias(emitter, alias);
    }
    if (any)
        c_gap(emitter);
}

static void declare_object(struct c_emitter *emitter, const struct kodosis_declaration *constant)
{
    c_doc(emitter, constant->doc);
    c_line(emitter, "extern %s;", c_declare(emitter, constant->type, c_constant(emitter, constant), true));
}

static void declare_objects(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    bool any = false;
    size_t i;

    for (i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *constant = file->declarations[i];

        if (!is_object(constant))
            continue;
        any = true;
        declare_object(emitter, constant);
    }
    if (any)
        c_gap(emitter);
}

void c_define_constants(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    size_t i;

    for (i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *constant = file->declarations[i];
        const char *name;

        if (!is_object(constant))
            continue;
        name = c_constant(emitter, constant);
        c_gap(emitter);
        c_emit_object(emitter, name, constant->type, &constant->value);
    }
}

static void explain_functions(struct c_emitter *emitter)
{
    if (!emitter->file->ordered_count)
        return;
    c_line(
        emitter, "%s",
        "/*\n"
        " * For each type below: _size gives the offset behind the encoding of a value that starts at `offset`; _write and\n"
        " * _read move a value into and out of a message; what was read points into the message and the reader's arena. _view\n"
        " * gives a value where it lies in the message, NULL after a fault. _check is for the reading functions. _equal compares\n"
        " * as kodosis_schema_equal does, _print writes one line as snprintf does.\n"
        " */\n");
}

void c_emit_declarations(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    size_t i;

    explain_functions(emitter);
    for (i = 0; i < file->ordered_count; i++)
        if (file->ordered[i]->kind == KODOSIS_ENUM)
            declare_enum(emitter, file->ordered[i]);
    for (i = 0; i < file->ordered_count; i++)
        if (file->ordered[i]->kind != KODOSIS_ENUM)
            declare_record(emitter, file->ordered[i]);
    for (i = 0; i < file->declaration_count; i++)
        if (file->declarations[i]->kind == KODOSIS_SERVICE)
            declare_service_types(emitter, file->declarations[i]);
    declare_named_types(emitter);
    c_declare_entries(emitter);
    declare_aliases(emitter);
    declare_objects(emitter);
}

/* ---- One declaration ---- */

void c_declare_shared(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    if (declaration->kind == KODOSIS_SERVICE)
        declare_service_types(emitter, declaration);
    else if (declaration->kind == KODOSIS_ALIAS || is_object(declaration))
        c_declare_composites(emitter, declaration->type);
    else
        declare_all_parts(emitter, declaration);
}

void c_declare_alone(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    switch (declaration->kind) {
    case KODOSIS_CONST:
        if (is_object(declaration))
            declare_object(emitter, declaration);
        else
            emit_constant(emitter, declaration);
        break;
    case KODOSIS_ENUM:
        declare_enum(emitter, declaration);
        break;
    case KODOSIS_STRUCT:
    case KODOSIS_UNION:
    case KODOSIS_ERROR:
        declare_record_alone(emitter, declaration);
        break;
    case KODOSIS_ALIAS:
        declare_alias(emitter, declaration);
        break;
    case KODOSIS_SERVICE:
        break; /* the client and the server declare it */
    }
}
