/* SPDX-License-Identifier: MIT */
/*
 * The checker's first stage: gives each declaration its place in the model and its names, and reports names that come
 * twice.
 */
#include "kodosis/compiler/check/declare.h"

#include <stdio.h>
#include <string.h>

#include "kodosis/compiler/check/types.h"
#include "kodosis/compiler/limits.h"
#include "kodosis/compiler/text/name.h"

/* ---- The model's arrays ---- */

static void make_enumerators(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    struct kodosis_declaration *declaration = entry->declaration;
    struct kodosis_enumerator *each;

    entry->enumerators = kodosis_memory_take_array(checker->memory, entry->ast->count, sizeof(*each));
    declaration->enumerators = each = entry->enumerators;
    for (const struct kodosis_ast_enumerator *syntax = entry->ast->enumerators; syntax; syntax = syntax->next) {
        const char *full = kodosis_join(checker->memory, declaration->full_name, ".", syntax->name.text);

        *each = (struct kodosis_enumerator){
            .name = syntax->name.text,
            .snake = kodosis_snake_case(checker->memory, syntax->name.text),
            .doc = syntax->doc,
            .deprecated = syntax->deprecated,
            .position = syntax->name.position,
            .declaration = declaration,
        };
        kodosis_table_add(&checker->enumerators, full, each);
        declaration->enumerator_count++;
        each++;
    }
}

static struct kodosis_member *make_members(struct kodosis_checker *checker, const struct kodosis_ast_member *syntax,
                                           size_t count, size_t *ret_count)
{
    struct kodosis_member *members = kodosis_memory_take_array(checker->memory, count, sizeof(*members));
    struct kodosis_member *each = members;

    for (; syntax; syntax = syntax->next)
        *each++ = (struct kodosis_member){
            .name = syntax->name.text,
            .snake = kodosis_snake_case(checker->memory, syntax->name.text),
            .doc = syntax->doc,
            .deprecated = syntax->deprecated,
            .position = syntax->name.position,
        };
    *ret_count = (size_t)(each - members);
    return members;
}

static void make_procedures(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    struct kodosis_declaration *declaration = entry->declaration;
    struct kodosis_procedure *each;

    entry->procedures = kodosis_memory_take_array(checker->memory, entry->ast->count, sizeof(*each));
    declaration->procedures = each = entry->procedures;
    for (const struct kodosis_ast_procedure *syntax = entry->ast->procedures; syntax; syntax = syntax->next) {
        *each = (struct kodosis_procedure){
            .name = syntax->name.text,
            .snake = kodosis_snake_case(checker->memory, syntax->name.text),
            .doc = syntax->doc,
            .deprecated = syntax->deprecated,
            .position = syntax->name.position,
            .service = declaration,
            .index = (uint32_t)declaration->procedure_count++,
            .oneway = syntax->oneway,
            .idempotent = syntax->idempotent,
        };
        each->parameters = make_members(checker, syntax->parameters, syntax->parameter_count, &each->parameter_count);
        each++;
    }
}

static void make_type(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    static const enum kodosis_type_kind kinds[] = {
        [KODOSIS_ENUM] = KODOSIS_TYPE_ENUM,
        [KODOSIS_STRUCT] = KODOSIS_TYPE_STRUCT,
        [KODOSIS_UNION] = KODOSIS_TYPE_UNION,
        [KODOSIS_ERROR] = KODOSIS_TYPE_ERROR,
    };
    struct kodosis_declaration *declaration = entry->declaration;
    struct kodosis_type wanted = { .kind = kinds[declaration->kind], .declaration = declaration };

    entry->type = kodosis__intern(checker, &wanted, declaration->full_name);
    declaration->type = entry->type;
}

/* ---- Names ---- */

static void complain_twice(struct kodosis_checker *checker, const struct kodosis_position *again,
                           const struct kodosis_position *first, const char *message, const char *name)
{
    kodosis_error(checker->diagnostics, again, message, name);
    kodosis_note(checker->diagnostics, first, "the other one is here");
}

static void claim_generated(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    const struct kodosis_declaration *declaration = entry->declaration;
    const char *name = kodosis_join(checker->memory, entry->unit->file->namespace_snake, "_", declaration->snake);
    struct kodosis_entry *other = kodosis_table_add(&checker->lower, name, entry);

    if (other)
        complain_twice(checker, &declaration->position, &other->declaration->position,
                       "another declaration has the same name in generated code: '%s'", name);
}

static void claim_upper(struct kodosis_checker *checker, const struct kodosis_entry *entry, const char *suffix,
                        const struct kodosis_position *position)
{
    const char *name =
        kodosis_join(checker->memory, entry->unit->file->namespace_snake, "_", entry->declaration->snake);
    const struct kodosis_position *other;

    if (suffix)
        name = kodosis_join(checker->memory, name, "_", suffix);
    other = kodosis_table_add(&checker->upper, name, (void *)position);
    if (other)
        complain_twice(checker, position, other, "another constant or value has the same name in generated code: '%s'",
                       name);
}

/* Puts the entry into the table of names, a service under its alias if it has one. */
static void claim_name(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    struct kodosis_declaration *declaration = entry->declaration;
    const char *name = declaration->full_name;
    struct kodosis_entry *other;

    if (declaration->alias)
        name = kodosis_join(checker->memory, entry->unit->file->namespace_name, ".", declaration->alias);
    other = kodosis_table_add(&checker->names, name, entry);
    if (!other && declaration->kind != KODOSIS_CONST)
        claim_generated(checker, entry);
    else if (!other)
        return;
    else if (declaration->kind == KODOSIS_SERVICE && other->declaration->kind == KODOSIS_SERVICE && !declaration->alias)
        complain_twice(checker, &declaration->position, &other->declaration->position,
                       "service '%s' is declared twice; give one version another name in the program with 'as'",
                       declaration->name);
    else
        complain_twice(checker, &declaration->position, &other->declaration->position, "'%s' is declared twice",
                       declaration->alias ? declaration->alias : declaration->name);
}

static void check_version(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    const struct kodosis_ast_value *version = &entry->ast->version;
    struct kodosis_entry *other;
    char text[32];

    if (!version->present)
        entry->declaration->version = 1;
    else if ((version->negative || version->too_large || !version->integer || version->integer > UINT32_MAX))
        kodosis_error(checker->diagnostics, &version->position, "a version is between 1 and 4294967295");
    else
        entry->declaration->version = (uint32_t)version->integer;
    if (!entry->declaration->version)
        return;
    snprintf(text, sizeof(text), "%u", (unsigned)entry->declaration->version);
    other = kodosis_table_add(&checker->versions,
                              kodosis_join(checker->memory, entry->declaration->full_name, " version ", text), entry);
    if (other)
        complain_twice(checker, &entry->declaration->position, &other->declaration->position,
                       "this version of service '%s' is declared twice", entry->declaration->name);
}

/* ---- Declarations ---- */

static void declare(struct kodosis_checker *checker, struct kodosis_unit *unit, struct kodosis_entry *entry)
{
    const struct kodosis_ast_declaration *ast = entry->ast;
    struct kodosis_declaration *declaration = kodosis_memory_take(checker->memory, sizeof(*declaration));

    entry->unit = unit;
    entry->declaration = declaration;
    declaration->kind = ast->kind;
    declaration->name = ast->name.text;
    declaration->full_name = kodosis_join(checker->memory, unit->file->namespace_name, ".", ast->name.text);
    declaration->alias = ast->alias.text;
    declaration->snake = kodosis_snake_case(checker->memory, ast->alias.text ? ast->alias.text : ast->name.text);
    declaration->doc = ast->doc;
    declaration->deprecated = ast->deprecated;
    declaration->extensible = ast->extensible;
    declaration->flags = ast->flags;
    declaration->position = ast->alias.text ? ast->alias.position : ast->name.position;
    declaration->file = unit->file;
    if (ast->kind == KODOSIS_SERVICE) {
        make_procedures(checker, entry);
        check_version(checker, entry);
    } else if (ast->kind != KODOSIS_CONST && ast->kind != KODOSIS_ALIAS) {
        make_type(checker, entry);
    }
    if (ast->kind == KODOSIS_CONST)
        claim_upper(checker, entry, NULL, &declaration->position);
    if (ast->kind == KODOSIS_ENUM)
        make_enumerators(checker, entry);
    if (ast->kind == KODOSIS_STRUCT || ast->kind == KODOSIS_UNION || ast->kind == KODOSIS_ERROR) {
        entry->members = make_members(checker, ast->members, ast->count, &declaration->member_count);
        declaration->members = entry->members;
    }
    claim_name(checker, entry);
}

static void set_namespace(struct kodosis_checker *checker, struct kodosis_unit *unit)
{
    const struct kodosis_ast_name *name = &unit->ast->namespace_name;
    size_t parts = 1;

    for (const char *dot = name->text ? strchr(name->text, '.') : NULL; dot; dot = strchr(dot + 1, '.'))
        parts++;
    if (parts > KODOSIS_LIMIT_NAMESPACE)
        kodosis_error(checker->diagnostics, &name->position, "a namespace of more than %d parts",
                      KODOSIS_LIMIT_NAMESPACE);
    unit->file->doc = unit->ast->doc;
    unit->file->namespace_position = name->position;
    unit->file->namespace_name = name->text ? name->text : "?";
    unit->file->namespace_snake = kodosis_snake_case(checker->memory, unit->file->namespace_name);
}

void kodosis__declare_unit(struct kodosis_checker *checker, struct kodosis_unit *unit)
{
    const struct kodosis_declaration **declarations;
    struct kodosis_entry *entry;

    set_namespace(checker, unit);
    unit->entry_count = unit->ast->declaration_count;
    unit->entries = kodosis_memory_take_array(checker->memory, unit->entry_count, sizeof(*unit->entries));
    declarations = kodosis_memory_take_array(checker->memory, unit->entry_count, sizeof(*declarations));
    entry = unit->entries;
    for (const struct kodosis_ast_declaration *ast = unit->ast->declarations; ast; ast = ast->next) {
        entry->ast = ast;
        declare(checker, unit, entry);
        declarations[unit->file->declaration_count++] = entry->declaration;
        entry++;
    }
    unit->file->declarations = declarations;
}

/* ---- Scopes: members, enum values, procedures, parameters ---- */

/* What has a name in a scope: a member, a parameter, a procedure. */
struct named {
    const char *name;
    const char *snake;
    const struct kodosis_position *position;
};

static void claim_member(struct kodosis_checker *checker, struct kodosis_table *scope, const char *what,
                         const struct named *named)
{
    const struct named *other = kodosis_table_add(scope, named->snake, (void *)named);

    if (!other)
        return;
    if (!strcmp(other->name, named->name))
        kodosis_error(checker->diagnostics, named->position, "two %s are called '%s'", what, named->name);
    else
        kodosis_error(checker->diagnostics, named->position, "the %s '%s' and '%s' both become '%s' in generated code",
                      what, other->name, named->name, named->snake);
    kodosis_note(checker->diagnostics, other->position, "the other one is here");
}

static void check_member_names(struct kodosis_checker *checker, const struct kodosis_member *members, size_t count,
                               const char *what)
{
    struct named *named = kodosis_memory_take_array(checker->memory, count, sizeof(*named));
    struct kodosis_table scope = { 0 };

    for (size_t i = 0; i < count; i++) {
        named[i] = (struct named){ members[i].name, members[i].snake, &members[i].position };
        claim_member(checker, &scope, what, &named[i]);
    }
    kodosis_table_clear(&scope);
}

static void check_procedure_names(struct kodosis_checker *checker, const struct kodosis_declaration *service)
{
    struct named *named = kodosis_memory_take_array(checker->memory, service->procedure_count, sizeof(*named));
    struct kodosis_table scope = { 0 };

    for (size_t i = 0; i < service->procedure_count; i++) {
        const struct kodosis_procedure *procedure = &service->procedures[i];

        named[i] = (struct named){ procedure->name, procedure->snake, &procedure->position };
        claim_member(checker, &scope, "procedures", &named[i]);
        check_member_names(checker, procedure->parameters, procedure->parameter_count, "parameters");
    }
    kodosis_table_clear(&scope);
}

void kodosis__check_scopes(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    const struct kodosis_declaration *declaration = entry->declaration;

    check_member_names(checker, declaration->members, declaration->member_count, "members");
    check_procedure_names(checker, declaration);
    for (size_t i = 0; i < declaration->enumerator_count; i++)
        claim_upper(checker, entry, declaration->enumerators[i].snake, &declaration->enumerators[i].position);
    for (size_t i = 0; declaration->kind == KODOSIS_UNION && i < declaration->member_count; i++)
        claim_upper(checker, entry, declaration->members[i].snake, &declaration->members[i].position);
}
