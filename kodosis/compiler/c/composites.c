/* SPDX-License-Identifier: MIT */
/* The structs of lists and maps, and the code around arrays. */
#include "kodosis/compiler/c/composites.h"

#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/shapes.h"

static void declare_list_struct(struct c_emitter *emitter, const char *name, const char *data)
{
    c_line(emitter, "struct %s {", name);
    c_line(emitter, "    %s;", data);
    c_line(emitter, "    size_t count;");
    c_line(emitter, "};");
}

static void open_guard(struct c_emitter *emitter, const char *name)
{
    const char *guard = c_guard(emitter, name);

    c_line(emitter, "#ifndef %s", guard);
    c_line(emitter, "#define %s", guard);
}

static void close_guard(struct c_emitter *emitter)
{
    c_line(emitter, "#endif");
    c_gap(emitter);
}

/* Whether the header that declares the list's element also declares the list. */
static bool is_at_home(struct c_emitter *emitter, const struct kodosis_type *list)
{
    return list->element->declaration && emitter->listed[list->index];
}

static void declare_list(struct c_emitter *emitter, const struct kodosis_type *list)
{
    bool home = is_at_home(emitter, list);

    if (home && list->element->declaration->file != emitter->file)
        return;
    if (!home)
        open_guard(emitter, c_list_name(emitter, list));
    declare_list_struct(emitter, c_list_name(emitter, list), c_declare_whole(emitter, list->element, "data", true));
    if (home)
        c_gap(emitter);
    else
        close_guard(emitter);
}

static void declare_map(struct c_emitter *emitter, const struct kodosis_type *map)
{
    const char *name = c_list_name(emitter, map);

    open_guard(emitter, name);
    declare_list_struct(emitter, name, c_format(emitter, "const struct %s *data", c_entry_name(emitter, map)));
    close_guard(emitter);
}

static void list_type(struct c_emitter *emitter, const struct kodosis_file *file, const struct kodosis_type *type)
{
    for (; type->element && type->kind != KODOSIS_TYPE_ENUM; type = type->element)
        if (type->kind == KODOSIS_TYPE_LIST && type->element->declaration && type->element->declaration->file == file)
            emitter->listed[type->index] = true;
}

static void list_file(struct c_emitter *emitter, const struct kodosis_file *file)
{
    size_t i;
    size_t k;
    size_t m;

    for (i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *declaration = file->declarations[i];

        for (k = 0; k < declaration->member_count; k++)
            list_type(emitter, file, declaration->members[k].type);
        for (k = 0; k < declaration->procedure_count; k++) {
            const struct kodosis_procedure *procedure = &declaration->procedures[k];

            for (m = 0; m < procedure->parameter_count; m++)
                list_type(emitter, file, procedure->parameters[m].type);
            if (procedure->result)
                list_type(emitter, file, procedure->result);
        }
    }
}

void c_note_lists(struct c_emitter *emitter)
{
    size_t i;

    for (i = 0; i <= emitter->file->index; i++)
        list_file(emitter, emitter->model->files[i]);
}

void c_note_pointer(struct c_emitter *emitter, const struct kodosis_type *type)
{
    if (c_whole_is_wrapped(type))
        emitter->wrapped[type->index] = true;
}

void c_declare_composites(struct c_emitter *emitter, const struct kodosis_type *type)
{
    if (!type->element || type->kind == KODOSIS_TYPE_ENUM || c_has_runtime_list(type))
        return;
    c_declare_composites(emitter, type->element);
    if (type->kind != KODOSIS_TYPE_ARRAY)
        c_note_pointer(emitter, type->element);
    if (emitter->declared[type->index])
        return;
    emitter->declared[type->index] = true;
    if (type->kind == KODOSIS_TYPE_MAP)
        declare_map(emitter, type);
    else if (type->kind == KODOSIS_TYPE_LIST)
        declare_list(emitter, type);
}

static void declare_wrapper(struct c_emitter *emitter, const struct kodosis_type *array)
{
    const char *name = c_list_name(emitter, array);

    open_guard(emitter, name);
    c_line(emitter, "struct %s {", name);
    c_line(emitter, "    %s;", c_declare(emitter, array, "items", false));
    c_line(emitter, "};");
    close_guard(emitter);
}

/*
 * Entries and structs around arrays hold their values, so they come after all records; maps, lists and optionals only
 * point to them.
 */
void c_declare_entries(struct c_emitter *emitter)
{
    size_t i;

    for (i = 0; i < emitter->model->type_count; i++)
        if (emitter->wrapped[i])
            declare_wrapper(emitter, emitter->model->types[i]);
    for (i = 0; i < emitter->model->type_count; i++) {
        const struct kodosis_type *map = emitter->model->types[i];

        if (map->kind != KODOSIS_TYPE_MAP || !emitter->declared[i])
            continue;
        open_guard(emitter, c_entry_name(emitter, map));
        c_line(emitter, "struct %s {", c_entry_name(emitter, map));
        c_line(emitter, "    %s;", c_declare(emitter, map->key, "key", false));
        c_line(emitter, "    %s;", c_declare(emitter, map->element, "value", false));
        c_line(emitter, "};");
        close_guard(emitter);
    }
}
