#include "kodosis/compiler/c/emitter.h"

#include <string.h>

bool c_is_record(const struct kodosis_type *type)
{
    return type->kind == KODOSIS_TYPE_STRUCT || type->kind == KODOSIS_TYPE_UNION || type->kind == KODOSIS_TYPE_ERROR;
}

bool c_has_runtime_list(const struct kodosis_type *list)
{
    return list->kind == KODOSIS_TYPE_LIST && list->element->kind <= KODOSIS_TYPE_BYTES;
}

bool c_is_pointer_member(const struct kodosis_declaration *declaration, const struct kodosis_member *member)
{
    const struct kodosis_type *type = member->type;

    while (type->kind == KODOSIS_TYPE_ARRAY)
        type = type->element;
    return declaration->kind == KODOSIS_UNION && type->recursive && c_is_record(type);
}

/* What stands to the left of the declarator. */
static const char *base_name(struct c_emitter *emitter, const struct kodosis_type *type)
{
    switch (type->kind) {
    case KODOSIS_TYPE_BOOL:
        return "bool";
    case KODOSIS_TYPE_FLOAT32:
        return "float";
    case KODOSIS_TYPE_FLOAT64:
        return "double";
    case KODOSIS_TYPE_STRING:
    case KODOSIS_TYPE_BYTES:
        return c_format(emitter, "struct kodosis_%s", c_word(type));
    case KODOSIS_TYPE_ENUM:
        return c_name(emitter, type->declaration);
    case KODOSIS_TYPE_STRUCT:
    case KODOSIS_TYPE_UNION:
    case KODOSIS_TYPE_ERROR:
        return c_format(emitter, "struct %s", c_name(emitter, type->declaration));
    case KODOSIS_TYPE_LIST:
    case KODOSIS_TYPE_MAP:
        return c_format(emitter, "struct %s", c_list_name(emitter, type));
    default:
        return c_format(emitter, "%s_t", c_word(type));
    }
}

const char *c_declare(struct c_emitter *emitter, const struct kodosis_type *type, const char *name, bool constant)
{
    const char *gap = *name ? " " : "";

    if (type->kind == KODOSIS_TYPE_ARRAY) {
        name = c_format(emitter, "%s[%llu]", name, (unsigned long long)type->count);
        return c_declare(emitter, type->element, name, constant);
    }
    if (type->kind == KODOSIS_TYPE_OPTIONAL)
        return c_declare_whole(emitter, type->element, constant ? c_format(emitter, "const%s%s", gap, name) : name,
                               true);
    return c_format(emitter, "%s%s%s%s", constant ? "const " : "", base_name(emitter, type), gap, name);
}

const char *c_declare_pointer(struct c_emitter *emitter, const struct kodosis_type *type, const char *name,
                              bool constant)
{
    name = c_format(emitter, "*%s", name);
    if (type->kind == KODOSIS_TYPE_ARRAY)
        type = type->element;
    if (type->kind == KODOSIS_TYPE_ARRAY)
        name = c_format(emitter, "(%s)", name);
    return c_declare(emitter, type, name, constant);
}

/* Arrays of structs and unions: C has no pointer to an array of what is not complete yet. */
bool c_whole_is_wrapped(const struct kodosis_type *type)
{
    if (type->kind != KODOSIS_TYPE_ARRAY)
        return false;
    while (type->kind == KODOSIS_TYPE_ARRAY)
        type = type->element;
    return c_is_record(type);
}

const char *c_declare_whole(struct c_emitter *emitter, const struct kodosis_type *type, const char *name, bool constant)
{
    name = c_format(emitter, "*%s", name);
    if (c_whole_is_wrapped(type))
        return c_format(emitter, "%sstruct %s %s", constant ? "const " : "", c_list_name(emitter, type), name);
    if (type->kind == KODOSIS_TYPE_ARRAY)
        name = c_format(emitter, "(%s)", name);
    return c_declare(emitter, type, name, constant);
}

const char *c_whole(struct c_emitter *emitter, const struct kodosis_type *type, const char *pointer)
{
    return c_format(emitter, c_whole_is_wrapped(type) ? "%s->items" : "*%s", pointer);
}

const char *c_type(struct c_emitter *emitter, const struct kodosis_type *type)
{
    return c_declare(emitter, type, "", false);
}

const char *c_argument(struct c_emitter *emitter, const struct kodosis_type *type, const char *name)
{
    if (c_is_record(type))
        return c_declare_pointer(emitter, type, name, true);
    return c_declare(emitter, type, name, type->kind == KODOSIS_TYPE_ARRAY);
}

static void declare_list_struct(struct c_emitter *emitter, const char *name, const char *data)
{
    c_line(emitter, "struct %s {", name);
    c_line(emitter, "    %s;", data);
    c_line(emitter, "    size_t count;");
    c_line(emitter, "};");
}

static void open_guard(struct c_emitter *emitter, const char *name)
{
    const char *guard = c_format(emitter, "%s_", c_upper(emitter, name));

    c_line(emitter, "#ifndef %s", guard);
    c_line(emitter, "#define %s", guard);
}

static void close_guard(struct c_emitter *emitter)
{
    c_line(emitter, "#endif");
    c_gap(emitter);
}

static void list_type(struct c_emitter *emitter, const struct kodosis_type *type)
{
    for (; type->element && type->kind != KODOSIS_TYPE_ENUM; type = type->element)
        if (type->kind == KODOSIS_TYPE_LIST)
            emitter->listed[type->index] = true;
}

/* Notes which lists the declarations of a file use. */
static void list_file(struct c_emitter *emitter, const struct kodosis_file *file)
{
    size_t i;
    size_t k;
    size_t m;

    emitter->listing = file;
    memset(emitter->listed, 0, emitter->model->type_count * sizeof(bool));
    for (i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *declaration = file->declarations[i];

        for (k = 0; k < declaration->member_count; k++)
            list_type(emitter, declaration->members[k].type);
        for (k = 0; k < declaration->procedure_count; k++) {
            const struct kodosis_procedure *procedure = &declaration->procedures[k];

            for (m = 0; m < procedure->parameter_count; m++)
                list_type(emitter, procedure->parameters[m].type);
            if (procedure->result)
                list_type(emitter, procedure->result);
        }
    }
}

/* Whether the header of the list's element has it. */
static bool is_at_home(struct c_emitter *emitter, const struct kodosis_type *list)
{
    if (!list->element->declaration)
        return false;
    if (emitter->listing != list->element->declaration->file)
        list_file(emitter, list->element->declaration->file);
    return emitter->listed[list->index];
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

/* These hold their values, so they come after all records; maps, lists and optionals only point to them. */
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
