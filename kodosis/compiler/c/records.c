/* SPDX-License-Identifier: MIT */
/* The functions of all types of a file. */
#include "kodosis/compiler/c/records.h"

#include "kodosis/compiler/c/enums.h"
#include "kodosis/compiler/c/helpers.h"
#include "kodosis/compiler/c/shapes.h"
#include "kodosis/compiler/c/structs.h"
#include "kodosis/compiler/c/unions.h"

/* The struct or union that a type is made of, or NULL. */
static const struct kodosis_type *innermost(const struct kodosis_type *type)
{
    while (type->kind != KODOSIS_TYPE_ENUM && type->element)
        type = type->element;
    return c_is_record(type) ? type : NULL;
}

static void note(struct c_emitter *emitter, const struct kodosis_type *type, bool inner)
{
    type = type ? innermost(type) : NULL;
    if (type)
        emitter->inner[type->index] = inner;
}

static void note_procedure(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    size_t i;

    for (i = 0; i < procedure->parameter_count; i++)
        note(emitter, procedure->parameters[i].type, false);
    note(emitter, procedure->result, false);
}

/*
 * Sets emitter->inner for types that calls seldom pass by themselves: in a file with procedures those that no procedure
 * passes, in a file without procedures those that other types hold.
 */
static void note_inner(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    size_t procedures = 0;
    size_t i;
    size_t k;

    for (i = 0; i < file->declaration_count; i++)
        procedures += file->declarations[i]->procedure_count;
    for (i = 0; i < file->ordered_count; i++) {
        if (procedures)
            note(emitter, file->ordered[i]->type, true);
        for (k = 0; k < file->ordered[i]->member_count; k++)
            note(emitter, file->ordered[i]->members[k].type, true);
    }
    for (i = 0; i < file->declaration_count; i++)
        for (k = 0; k < file->declarations[i]->procedure_count; k++)
            note_procedure(emitter, &file->declarations[i]->procedures[k]);
}

static void emit_record(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    size_t i;

    c_line(emitter, "/* ---- %s ---- */", declaration->name);
    c_gap(emitter);
    if (declaration->kind == KODOSIS_ENUM) {
        c_emit_enum(emitter, declaration);
        return;
    }
    emitter->cold = emitter->inner[declaration->type->index];
    for (i = 0; i < declaration->member_count && !declaration->type->blittable; i++)
        c_emit_helpers(emitter, declaration->members[i].type);
    if (declaration->kind == KODOSIS_UNION)
        c_emit_union(emitter, declaration);
    else
        c_emit_struct(emitter, declaration);
    emitter->cold = false;
}

void c_emit_records(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    size_t i;

    note_inner(emitter);
    c_gap(emitter);
    for (i = 0; i < file->ordered_count; i++)
        if (file->ordered[i]->kind == KODOSIS_ENUM)
            emit_record(emitter, file->ordered[i]);
    for (i = 0; i < file->ordered_count; i++)
        if (file->ordered[i]->kind != KODOSIS_ENUM)
            emit_record(emitter, file->ordered[i]);
}
