/* SPDX-License-Identifier: MIT */
/* Services and procedures of two versions. A service is known by its name and version, a procedure by its name. */
#include "kodosis/compiler/breaking/services.h"

#include <inttypes.h>
#include <string.h>

#include <kodosis/shape.h>

#include "kodosis/compiler/breaking/types.h"

enum {
    WIRE = KODOSIS_BREAK_WIRE,
    SOURCE = KODOSIS_BREAK_SOURCE,
    BEHAVIOUR = KODOSIS_BREAK_BEHAVIOUR,
    SHAPES_MEMORY = 64 * 1024 * 1024, /* as a server has for two texts when it answers a BIND */
};

bool kodosis_procedures_match(const struct kodosis_procedure *old, const struct kodosis_procedure *new)
{
    struct kodosis_arena arena;
    bool match;

    if (old->hash == new->hash)
        return true;
    if (!old->growing || !new->growing)
        return false;
    kodosis_arena_init(&arena, NULL, SHAPES_MEMORY);
    match = kodosis_shapes_match(old->shape, strlen(old->shape), new->shape, strlen(new->shape), &arena);
    kodosis_arena_clear(&arena);
    return match;
}

/* ---- Procedures ---- */

static void compare_results(struct kodosis_breaks *breaks, const struct kodosis_procedure *old,
                            const struct kodosis_procedure *new)
{
    bool alike = old->streams_out == new->streams_out && !old->result == !new->result;

    if (alike && new->result)
        alike = kodosis__break_alike(old->result, new->result);
    if (old->oneway != new->oneway)
        kodosis__break_find(
            breaks, WIRE, &new->position, &old->position,
            new->oneway ? "'%s' is oneway now, and had a reply" : "'%s' was oneway, and has a reply now", new->name);
    if (alike && new->result)
        kodosis__break_follow(breaks, old->result, new->result, new->name, &new->position, &old->position);
    if (!alike)
        kodosis__break_find(breaks, WIRE | SOURCE, &new->position, &old->position,
                            "'%s' returns %s%s%s now, and returned %s%s%s", new->name,
                            new->streams_out ? "stream<" : "", new->result ? new->result->text : "void",
                            new->streams_out ? ">" : "", old->streams_out ? "stream<" : "",
                            old->result ? old->result->text : "void", old->streams_out ? ">" : "");
}

static const struct kodosis_declaration *find_raise(const struct kodosis_procedure *procedure, const char *name)
{
    for (size_t i = 0; i < procedure->raise_count; i++)
        if (!strcmp(procedure->raises[i]->full_name, name))
            return procedure->raises[i];
    return NULL;
}

static void compare_raises(struct kodosis_breaks *breaks, const struct kodosis_procedure *old,
                           const struct kodosis_procedure *new)
{
    for (size_t i = 0; i < old->raise_count; i++) {
        const struct kodosis_declaration *one = old->raises[i];
        const struct kodosis_declaration *other = find_raise(new, one->full_name);

        if (other)
            kodosis__break_add_edge(breaks, kodosis__break_add_types(breaks, one, other));
        else
            kodosis__break_find(breaks, WIRE, &new->position, &old->position, "'%s' does not raise %s any more",
                                new->name, one->full_name);
    }
    for (size_t i = 0; i < new->raise_count; i++)
        if (!find_raise(old, new->raises[i]->full_name))
            kodosis__break_find(breaks, WIRE, &new->position, &old->position, "'%s' raises %s, and did not", new->name,
                                new->raises[i]->full_name);
}

static void compare_procedures(struct kodosis_breaks *breaks, const struct kodosis_procedure *old,
                               const struct kodosis_procedure *new)
{
    const struct kodosis_break_members parameters = {
        .what = "parameter",
        .old = old->parameters,
        .old_count = old->parameter_count,
        .new = new->parameters,
        .new_count = new->parameter_count,
        .old_stream = old->streams_in,
        .new_stream = new->streams_in,
        .place = &new->position,
        .before = &old->position,
    };

    breaks->current = kodosis__break_add_procedures(breaks, old, new);
    kodosis__break_members(breaks, &parameters);
    compare_results(breaks, old, new);
    compare_raises(breaks, old, new);
    if (old->idempotent && !new->idempotent)
        kodosis__break_find(breaks, BEHAVIOUR, &new->position, &old->position,
                            "'%s' is not idempotent any more; callers that were built before may still send it again",
                            new->name);
    kodosis__break_deprecation(breaks, "procedure", new->name, &new->position, old->deprecated, new->deprecated);
    breaks->current = 0;
}

/* ---- Services ---- */

/* A procedure of the service that has the same shape and a name which the old service has not. */
static const struct kodosis_procedure *heir_of(const struct kodosis_procedure *old, struct kodosis_table *old_names,
                                               const struct kodosis_declaration *service)
{
    for (size_t i = 0; i < service->procedure_count; i++)
        if (service->procedures[i].hash == old->hash && !kodosis_table_find(old_names, service->procedures[i].name))
            return &service->procedures[i];
    return NULL;
}

static void tell_removed(struct kodosis_breaks *breaks, const struct kodosis_procedure *old,
                         struct kodosis_table *old_names, const struct kodosis_declaration *service)
{
    const struct kodosis_procedure *heir = heir_of(old, old_names, service);

    if (heir)
        kodosis__break_find(breaks, WIRE | SOURCE, &heir->position, &old->position,
                            "the procedure '%s' was removed: its callers are told that it is not there ('%s' has its "
                            "shape; procedures are found by their names)",
                            old->name, heir->name);
    else
        kodosis__break_find(breaks, WIRE | SOURCE, &service->position, &old->position,
                            "the procedure '%s' was removed: its callers are told that it is not there", old->name);
}

static void add_procedures(struct kodosis_table *table, const struct kodosis_declaration *service)
{
    for (size_t i = 0; i < service->procedure_count; i++)
        kodosis_table_add(table, service->procedures[i].name, (void *)&service->procedures[i]);
}

static void compare_services(struct kodosis_breaks *breaks, const struct kodosis_declaration *old,
                             const struct kodosis_declaration *new)
{
    struct kodosis_table old_names = { 0 };
    struct kodosis_table new_names = { 0 };

    add_procedures(&old_names, old);
    add_procedures(&new_names, new);
    for (size_t i = 0; i < old->procedure_count; i++) {
        const struct kodosis_procedure *one = &old->procedures[i];
        const struct kodosis_procedure *other = kodosis_table_find(&new_names, one->name);

        if (other)
            compare_procedures(breaks, one, other);
        else
            tell_removed(breaks, one, &old_names, new);
    }
    kodosis_table_clear(&old_names);
    kodosis_table_clear(&new_names);
    if (strcmp(kodosis__break_name_of(breaks, old), kodosis__break_name_of(breaks, new)) != 0)
        kodosis__break_find(breaks, SOURCE, &new->position, &old->position,
                            "the service is called '%s' in C now, and was called '%s'",
                            new->alias ? new->alias : new->name, old->alias ? old->alias : old->name);
    kodosis__break_deprecation(breaks, "service", new->name, &new->position, old->deprecated, new->deprecated);
}

static const char *key_of(struct kodosis_breaks *breaks, const struct kodosis_declaration *service)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    const char *key;

    kodosis_text_add(&text, "%s version %" PRIu32, service->full_name, service->version);
    key = kodosis_memory_copy(breaks->memory, text.data, text.size);
    kodosis_text_clear(&text);
    return key;
}

typedef void visit_service(struct kodosis_breaks *breaks, const struct kodosis_declaration *service,
                           struct kodosis_table *table);

static void visit_services(struct kodosis_breaks *breaks, const struct kodosis_model *model, visit_service *visit,
                           struct kodosis_table *table)
{
    for (size_t i = 0; i < model->file_count; i++)
        for (size_t k = 0; k < model->files[i]->declaration_count; k++)
            if (model->files[i]->declarations[k]->kind == KODOSIS_SERVICE)
                visit(breaks, model->files[i]->declarations[k], table);
}

/* By the name with the version, and by the name alone. */
static void add_service(struct kodosis_breaks *breaks, const struct kodosis_declaration *service,
                        struct kodosis_table *table)
{
    kodosis_table_add(table, key_of(breaks, service), (void *)service);
    kodosis_table_add(table, service->full_name, (void *)service);
}

static void visit_old(struct kodosis_breaks *breaks, const struct kodosis_declaration *old, struct kodosis_table *table)
{
    const struct kodosis_declaration *new = kodosis_table_find(table, key_of(breaks, old));
    unsigned source = kodosis_table_find(&breaks->new_names, kodosis__break_name_of(breaks, old)) ? 0 : SOURCE;

    if (!old->file->requested)
        return;
    if (new) {
        compare_services(breaks, old, new);
        return;
    }
    new = kodosis_table_find(table, old->full_name);
    if (new)
        kodosis__break_find(breaks, WIRE | source, &new->position, &old->position,
                            "version %" PRIu32 " of the service '%s' is not there any more: no caller of it can bind",
                            old->version, old->name);
    else
        kodosis__break_find(breaks, WIRE | source, &old->position, NULL,
                            "the service '%s' is not there any more: no caller of it can bind", old->name);
}

void kodosis__break_services(struct kodosis_breaks *breaks)
{
    struct kodosis_table table = { 0 };

    visit_services(breaks, breaks->new, add_service, &table);
    visit_services(breaks, breaks->old, visit_old, &table);
    kodosis_table_clear(&table);
}
