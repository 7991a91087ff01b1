/* SPDX-License-Identifier: MIT */
/*
 * The checker: from the syntax of all files to the model. Each stage goes over all files, so that the errors of one come out
 * together; a stage that needs sound input is left out after errors.
 */
#include "kodosis/compiler/check/check.h"

#include <stdlib.h>

#include "kodosis/compiler/check/constant.h"
#include "kodosis/compiler/check/declare.h"
#include "kodosis/compiler/check/initial.h"
#include "kodosis/compiler/check/layout.h"
#include "kodosis/compiler/check/recursion.h"
#include "kodosis/compiler/check/resolve.h"
#include "kodosis/compiler/check/service.h"
#include "kodosis/compiler/check/shape.h"

static void make_imports(struct kodosis_checker *checker, struct kodosis_unit *unit)
{
    const struct kodosis_file **imports =
        kodosis_memory_take_array(checker->memory, unit->import_count, sizeof(*imports));
    size_t count = 0;

    for (size_t i = 0; i < unit->import_count; i++) {
        bool again = !unit->imports[i];

        for (size_t j = 0; j < i; j++)
            again |= unit->imports[j] == unit->imports[i];
        if (!again)
            imports[count++] = unit->imports[i]->file;
    }
    unit->file->imports = imports;
    unit->file->import_count = count;
}

/* Warns of imports that the file does not use. */
static void check_imports(struct kodosis_checker *checker, struct kodosis_unit *unit)
{
    size_t i = 0;

    if (unit->incomplete || checker->diagnostics->error_count)
        return;
    for (const struct kodosis_ast_import *import = unit->ast->imports; import; import = import->next, i++)
        if (unit->imports[i] && unit->imports[i]->used != checker->current)
            kodosis_warning(checker->diagnostics, &import->position, "nothing of '%s' is used here", import->path);
}

static void resolve_members(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    if (!entry->members)
        return;
    kodosis__resolve_members(checker, entry->unit, entry->ast->members, entry->members);
    kodosis__check_initials(checker, entry);
    if (entry->declaration->kind == KODOSIS_UNION && !entry->declaration->member_count && !entry->ast->broken)
        kodosis_error(checker->diagnostics, &entry->declaration->position, "a union has at least one member");
}

/* Resolves all names of one file, which sees itself and the files that it imports directly. */
static void resolve_unit(struct kodosis_checker *checker, struct kodosis_unit *unit)
{
    unit->visible = checker->current;
    for (size_t i = 0; i < unit->import_count; i++)
        if (unit->imports[i])
            unit->imports[i]->visible = checker->current;
    for (size_t i = 0; i < unit->entry_count; i++)
        if (unit->entries[i].declaration->kind == KODOSIS_ALIAS)
            kodosis__check_alias(checker, &unit->entries[i]);
    for (size_t i = 0; i < unit->entry_count; i++)
        kodosis__check_constant(checker, &unit->entries[i]);
    for (size_t i = 0; i < unit->entry_count; i++)
        kodosis__check_enum(checker, &unit->entries[i]);
    for (size_t i = 0; i < unit->entry_count; i++)
        resolve_members(checker, &unit->entries[i]);
    checker->members_known = true;
    for (size_t i = 0; i < unit->entry_count; i++)
        kodosis__check_constant(checker, &unit->entries[i]);
    checker->members_known = false;
    for (size_t i = 0; i < unit->entry_count; i++)
        kodosis__check_service(checker, &unit->entries[i]);
    check_imports(checker, unit);
}

static void reset_state(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    (void)checker;
    entry->state = KODOSIS_FRESH;
}

static void shape_service(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    for (size_t i = 0; i < entry->declaration->procedure_count; i++)
        kodosis__shape(checker, &entry->procedures[i]);
}

static bool has_service(const struct kodosis_unit *unit)
{
    for (size_t i = 0; i < unit->entry_count; i++)
        if (unit->entries[i].declaration->kind == KODOSIS_SERVICE)
            return true;
    return false;
}

static void check_raised(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    if (entry->declaration->kind == KODOSIS_ERROR && !entry->raised && entry->unit->file->requested &&
        has_service(entry->unit))
        kodosis_warning(checker->diagnostics, &entry->declaration->position, "no procedure raises '%s'",
                        entry->declaration->name);
}

static void check(struct kodosis_checker *checker)
{
    size_t errors;

    for (size_t i = 0; i < checker->unit_count; i++) {
        make_imports(checker, checker->units[i]);
        kodosis__declare_unit(checker, checker->units[i]);
    }
    for (checker->current = 1; checker->current <= checker->unit_count; checker->current++)
        resolve_unit(checker, checker->units[checker->current - 1]);
    kodosis__for_each_entry(checker, kodosis__check_scopes);
    errors = checker->diagnostics->error_count;
    kodosis__for_each_entry(checker, reset_state);
    kodosis__check_recursion(checker);
    if (checker->diagnostics->error_count == errors)
        kodosis__check_layout(checker);
    kodosis__check_descriptors(checker);
    if (checker->diagnostics->error_count)
        return;
    kodosis__for_each_entry(checker, shape_service);
    kodosis__for_each_entry(checker, check_raised);
}

static const struct kodosis_model *make_model(struct kodosis_checker *checker)
{
    struct kodosis_model *model = kodosis_memory_take(checker->memory, sizeof(*model));
    const struct kodosis_file **files = kodosis_memory_take_array(checker->memory, checker->unit_count, sizeof(*files));
    const struct kodosis_type **types = kodosis_memory_take_array(checker->memory, checker->type_count, sizeof(*types));

    for (size_t i = 0; i < checker->unit_count; i++) {
        checker->units[i]->file->index = (uint32_t)i;
        files[i] = checker->units[i]->file;
    }
    for (size_t i = 0; i < checker->type_count; i++)
        types[i] = checker->types[i];
    model->files = files;
    model->file_count = checker->unit_count;
    model->types = types;
    model->type_count = checker->type_count;
    return model;
}

const struct kodosis_model *kodosis_check(const struct kodosis_check_input *input)
{
    struct kodosis_checker checker = {
        .memory = input->memory,
        .diagnostics = input->diagnostics,
        .units = input->units,
        .unit_count = input->unit_count,
    };
    const struct kodosis_model *model = NULL;

    check(&checker);
    if (!checker.diagnostics->error_count)
        model = make_model(&checker);
    kodosis_table_clear(&checker.names);
    kodosis_table_clear(&checker.enumerators);
    kodosis_table_clear(&checker.lower);
    kodosis_table_clear(&checker.upper);
    kodosis_table_clear(&checker.versions);
    kodosis_table_clear(&checker.interned);
    free(checker.types);
    return model;
}
