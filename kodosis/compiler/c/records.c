#include "kodosis/compiler/c/records.h"

#include "kodosis/compiler/c/enums.h"
#include "kodosis/compiler/c/helpers.h"
#include "kodosis/compiler/c/structs.h"
#include "kodosis/compiler/c/unions.h"

static void emit_record(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    size_t i;

    c_line(emitter, "/* ---- %s ---- */", declaration->name);
    c_gap(emitter);
    if (declaration->kind == KODOSIS_ENUM) {
        c_emit_enum(emitter, declaration);
        return;
    }
    for (i = 0; i < declaration->member_count && !declaration->type->blittable; i++)
        c_emit_helpers(emitter, declaration->members[i].type);
    if (declaration->kind == KODOSIS_UNION)
        c_emit_union(emitter, declaration);
    else
        c_emit_struct(emitter, declaration);
}

void c_emit_records(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    size_t i;

    c_gap(emitter);
    for (i = 0; i < file->ordered_count; i++)
        if (file->ordered[i]->kind == KODOSIS_ENUM)
            emit_record(emitter, file->ordered[i]);
    for (i = 0; i < file->ordered_count; i++)
        if (file->ordered[i]->kind != KODOSIS_ENUM)
            emit_record(emitter, file->ordered[i]);
}
