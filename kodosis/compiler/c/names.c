/* SPDX-License-Identifier: MIT */
/* The names of things in C. */
#include "kodosis/compiler/c/names.h"

#include <ctype.h>
#include <string.h>

#include "kodosis/compiler/c/scope.h"
#include "kodosis/compiler/c/stems.h"
#include "kodosis/compiler/c/words.h"

/* ---- File scope ---- */

const char *c_name(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    return c_scoped(emitter, declaration->file, declaration->snake);
}

const char *c_own(struct c_emitter *emitter, const struct kodosis_declaration *declaration, const char *suffix)
{
    return c_yielding(emitter, declaration->file, c_format(emitter, "%s%s", declaration->snake, suffix));
}

/*
 * A service's own functions and tables have these words behind its name, so a procedure with such a name gets an
 * underscore.
 */
static const char *const service_words[] = { "add",   "bind",       "bind_finish", "bind_start", "interface",
                                             "offer", "procedures", "proxy",       "serve",      "service" };

const char *c_procedure(struct c_emitter *emitter, const struct kodosis_procedure *procedure, const char *suffix)
{
    const char *own = c_format(emitter, "%s%s", procedure->snake, suffix);
    const char *tail = "";
    size_t i;

    for (i = 0; i < sizeof(service_words) / sizeof(*service_words); i++)
        if (strcmp(service_words[i], own) == 0)
            tail = "_";
    return c_yielding(emitter, procedure->service->file,
                      c_format(emitter, "%s_%s%s", procedure->service->snake, own, tail));
}

const char *c_static(struct c_emitter *emitter, const char *name)
{
    while (c_owner_of(emitter, name) || c_is_word(name))
        name = c_aside(emitter, name);
    return name;
}

const char *c_procedure_static(struct c_emitter *emitter, const struct kodosis_procedure *procedure, const char *suffix)
{
    const struct kodosis_declaration *service = procedure->service;

    return c_static(emitter, c_format(emitter, "%s_%s_%s%s", service->file->namespace_snake, service->snake,
                                      procedure->snake, suffix));
}

const char *c_base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

const char *c_file_word(struct c_emitter *emitter, const struct kodosis_file *file)
{
    const char *base = c_base_of(file->name);
    size_t size = strlen(base);
    char *word;
    char *at;

    if (size > 4 && strcmp(base + size - 4, ".kod") == 0)
        size -= 4;
    word = kodosis_memory_copy(&emitter->memory, base, size);
    for (at = word; *at; at++)
        if (!isalnum((unsigned char)*at))
            *at = '_';
    return word;
}

const char *c_schema(struct c_emitter *emitter, const struct kodosis_file *file)
{
    return emitter->names->schemas[file->index];
}

/* ---- Macros and enumerators ---- */

const char *c_constant(struct c_emitter *emitter, const struct kodosis_declaration *constant)
{
    return c_upper(emitter, constant->file, constant->snake);
}

const char *c_enumerator(struct c_emitter *emitter, const struct kodosis_enumerator *enumerator)
{
    const struct kodosis_declaration *declaration = enumerator->declaration;

    return c_upper(emitter, declaration->file, c_format(emitter, "%s_%s", declaration->snake, enumerator->snake));
}

const char *c_tag(struct c_emitter *emitter, const struct kodosis_declaration *declaration, size_t index)
{
    return c_upper(emitter, declaration->file,
                   c_format(emitter, "%s_%s", declaration->snake, declaration->members[index].snake));
}

const char *c_header_guard(struct c_emitter *emitter, const struct kodosis_file *file)
{
    return c_format(emitter, "%s_H_", c_upper(emitter, file, c_file_word(emitter, file)));
}

const char *c_guard(struct c_emitter *emitter, const char *name)
{
    char *capitals = (char *)c_format(emitter, "%s_", name);
    char *at;

    for (at = capitals; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return capitals;
}

/* ---- Inside of structs and functions ---- */

const char *c_member(struct c_emitter *emitter, const struct kodosis_declaration *declaration,
                     const struct kodosis_member *member)
{
    return c_inside(emitter, declaration->file, member->snake);
}

static bool has_member(struct c_emitter *emitter, const struct kodosis_declaration *declaration, const char *name)
{
    size_t i;

    for (i = 0; i < declaration->member_count; i++)
        if (strcmp(c_member(emitter, declaration, &declaration->members[i]), name) == 0)
            return true;
    return false;
}

const char *c_unknown(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_inside(emitter, declaration->file, "unknown");

    while (has_member(emitter, declaration, name))
        name = c_inside(emitter, declaration->file, c_aside(emitter, name));
    return name;
}

const char *c_handler(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    return c_inside(emitter, procedure->service->file, procedure->snake);
}

const char *c_parameter(struct c_emitter *emitter, const struct kodosis_procedure *procedure,
                        const struct kodosis_member *parameter, const char *const *taken)
{
    const struct kodosis_file *file = procedure->service->file;
    const char *name = c_inside(emitter, file, parameter->snake);

    for (; *taken; taken++)
        if (strcmp(*taken, name) == 0)
            name = c_inside(emitter, file, c_aside(emitter, name));
    while (kodosis_table_find(&emitter->names->statics, name))
        name = c_inside(emitter, file, c_aside(emitter, name));
    return name;
}

/* ---- Structs of lists and maps, and around arrays ---- */

/*
 * The name of the struct: in the namespace of the file that declares the type's namesake, or in the runtime's. A stem
 * that can be read as another type of that file gets a hash of the type's text behind it, and underscores where the
 * file has another thing of that name.
 */
static const char *composite_name(struct c_emitter *emitter, const struct kodosis_type *type)
{
    const struct kodosis_declaration *namesake = c_namesake(type);
    const struct kodosis_file *file = namesake ? namesake->file : NULL;
    const char *stem = c_stem(emitter, type, file);

    if (!file)
        return c_format(emitter, "kodosis_%s", stem);
    if (c_is_ambiguous(emitter, type, file, stem))
        stem = c_format(emitter, "%s_%08x", stem, (unsigned)kodosis_hash(type->text, strlen(type->text)));
    return c_clear_of(emitter, file, c_scoped(emitter, file, stem));
}

const char *c_list_name(struct c_emitter *emitter, const struct kodosis_type *type)
{
    const char **name = &emitter->composites[type->index];

    if (!*name)
        *name = composite_name(emitter, type);
    return *name;
}

const char *c_entry_name(struct c_emitter *emitter, const struct kodosis_type *map)
{
    const struct kodosis_declaration *namesake = c_namesake(map);
    const char *name = c_format(emitter, "%s_entry", c_list_name(emitter, map));

    return namesake ? c_clear_of(emitter, namesake->file, name) : name;
}

/* ---- Helpers ---- */

static bool is_free(struct c_emitter *emitter, const char *stem)
{
    static const char *const verbs[] = { "size", "write", "read", "read_new" };
    size_t i;

    for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
        const char *name = c_format(emitter, "%s_%s", verbs[i], stem);

        if (c_owner_of(emitter, name) || c_is_word(name) || c_is_system_name(name) ||
            kodosis_table_find(&emitter->names->statics, name))
            return false;
    }
    return true;
}

void c_claim_helpers(struct c_emitter *emitter, const struct kodosis_type *type)
{
    static const char *const verbs[] = { "size", "write", "read", "read_new" };
    const struct kodosis_declaration *namesake = c_namesake(type);
    const char *base = c_stem(emitter, type, namesake ? namesake->file : NULL);
    const char *stem;
    unsigned number;
    size_t i;

    if (emitter->stems[type->index])
        return;
    if (namesake)
        base = c_format(emitter, "%s_%s", namesake->file->namespace_snake, base);
    stem = base;
    for (number = 2; !is_free(emitter, stem); number++)
        stem = c_format(emitter, "%s_%u", base, number);
    for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
        kodosis_table_add(&emitter->names->statics, c_format(emitter, "%s_%s", verbs[i], stem), emitter->names);
    emitter->stems[type->index] = stem;
}

const char *c_helper(struct c_emitter *emitter, const char *verb, const struct kodosis_type *type)
{
    return c_format(emitter, "%s_%s", verb, emitter->stems[type->index]);
}
