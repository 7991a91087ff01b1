/* SPDX-License-Identifier: MIT */
/* C types, and declarations with them. */
#include "kodosis/compiler/c/shapes.h"

#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/stems.h"

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

/* The type specifier of a declaration, which stands to the left of the declarator. */
static const char *base_name(struct c_emitter *emitter, const struct kodosis_type *type)
{
    switch (type->kind) {
    case KODOSIS_TYPE_BOOL:
        return "bool";
    case KODOSIS_TYPE_FLOAT32:
        return "float";
    case KODOSIS_TYPE_FLOAT64:
        return "double";
    case KODOSIS_TYPE_FD:
        return "int";
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

/* Arrays of structs and unions have a struct around them: C has no array of an incomplete type to point to. */
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
