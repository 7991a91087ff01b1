/* SPDX-License-Identifier: MIT */
/* Walks over the syntax of a file, and finds what its names stand for. */
#include "kodosis/lsp/symbols.h"

#include <string.h>

#include "kodosis/compiler/syntax/lexer.h"
#include "kodosis/lsp/words.h"

struct walk {
    struct lsp_analysis *analysis;
    struct kodosis_unit *unit;
    lsp_visit *visit;
    void *context;
};

/* A type, and the file in which its names are looked up. */
struct typed {
    const struct kodosis_unit *unit;
    const struct kodosis_ast_type *type; /* NULL: nothing is known */
};

static struct lsp_symbol symbol_of(const struct lsp_declared *declared)
{
    const struct kodosis_ast_declaration *syntax = declared->syntax;
    const struct kodosis_ast_name *name = syntax->alias.text ? &syntax->alias : &syntax->name;

    return (struct lsp_symbol){
        .kind = syntax->alias.text ? LSP_SERVICE_ALIAS : LSP_DECLARATION,
        .unit = declared->unit,
        .declaration = syntax,
        .name = name->text,
        .position = name->position,
    };
}

static struct lsp_symbol enumerator_of(const struct lsp_declared *declared,
                                       const struct kodosis_ast_enumerator *enumerator)
{
    return (struct lsp_symbol){
        .kind = LSP_ENUMERATOR,
        .unit = declared->unit,
        .declaration = declared->syntax,
        .enumerator = enumerator,
        .name = enumerator->name.text,
        .position = enumerator->name.position,
    };
}

static void report(struct walk *walk, const struct lsp_symbol *symbol, const struct kodosis_position *position,
                   bool declares)
{
    struct lsp_occurrence occurrence = { *symbol, *position, declares };

    walk->visit(walk->context, &occurrence);
}

/* Visits the part of a dotted name that is so many parts in front of the last. */
static void visit_part(struct walk *walk, const struct lsp_symbol *symbol, const struct kodosis_ast_name *name,
                       size_t from_end)
{
    struct kodosis_position position;

    if (lsp_part_of_name(walk->analysis, name, from_end, &position))
        report(walk, symbol, &position, false);
}

/* ---- Types ---- */

/* Takes other names of a type away. */
static struct typed strip(const struct lsp_analysis *analysis, struct typed typed)
{
    for (int i = 0; i < KODOSIS_LIMIT_ALIAS_DEPTH && typed.type && typed.type->kind == KODOSIS_AST_TYPE_NAMED; i++) {
        const struct lsp_declared *declared = lsp_look_up(analysis, typed.unit, typed.type->name.text);

        if (!declared || declared->syntax->kind != KODOSIS_ALIAS)
            break;
        typed = (struct typed){ declared->unit, declared->syntax->type };
    }
    return typed;
}

static const struct lsp_declared *declared_of(const struct lsp_analysis *analysis, struct typed typed)
{
    typed = strip(analysis, typed);
    return typed.type && typed.type->kind == KODOSIS_AST_TYPE_NAMED
               ? lsp_look_up(analysis, typed.unit, typed.type->name.text)
               : NULL;
}

const struct lsp_declared *lsp_enum_of(const struct lsp_analysis *analysis, const struct kodosis_unit *unit,
                                       const struct kodosis_ast_type *type)
{
    const struct lsp_declared *declared = declared_of(analysis, (struct typed){ unit, type });

    return declared && declared->syntax->kind == KODOSIS_ENUM ? declared : NULL;
}

static void walk_value(struct walk *walk, const struct kodosis_ast_value *value, struct typed typed);

/* The parser bounds the recursion. */
static void walk_type(struct walk *walk, const struct kodosis_ast_type *type)
{
    for (; type; type = type->element) {
        if (type->kind == KODOSIS_AST_TYPE_NAMED) {
            const struct lsp_declared *declared = lsp_look_up(walk->analysis, walk->unit, type->name.text);
            struct lsp_symbol symbol;

            if (!declared)
                return;
            symbol = symbol_of(declared);
            visit_part(walk, &symbol, &type->name, 0);
        }
        if (type->key)
            walk_type(walk, type->key);
        if (type->kind == KODOSIS_AST_TYPE_ARRAY)
            walk_value(walk, &type->count, (struct typed){ walk->unit, NULL });
    }
}

/* ---- Values ---- */

static const struct kodosis_ast_enumerator *find_enumerator(const struct lsp_declared *declared, const char *name)
{
    const struct kodosis_ast_enumerator *each = declared->syntax->enumerators;

    while (each && strcmp(each->name.text, name))
        each = each->next;
    return each;
}

/* Visits "Color.Red": its last part, and the enum in front of it. False if the front is no enum with this value. */
static bool walk_qualified(struct walk *walk, const struct kodosis_ast_name *name)
{
    const char *dot = strrchr(name->text, '.');
    const struct lsp_declared *declared;
    const struct kodosis_ast_enumerator *enumerator;
    struct lsp_symbol symbol;

    if (!dot)
        return false;
    declared = lsp_look_up(walk->analysis, walk->unit,
                           kodosis_memory_copy(&walk->analysis->memory, name->text, (size_t)(dot - name->text)));
    enumerator = declared && declared->syntax->kind == KODOSIS_ENUM ? find_enumerator(declared, dot + 1) : NULL;
    if (!enumerator)
        return false;
    symbol = symbol_of(declared);
    visit_part(walk, &symbol, name, 1);
    symbol = enumerator_of(declared, enumerator);
    visit_part(walk, &symbol, name, 0);
    return true;
}

static void walk_named_value(struct walk *walk, const struct kodosis_ast_name *name, struct typed typed)
{
    const struct lsp_declared *declared = declared_of(walk->analysis, typed);
    const struct kodosis_ast_enumerator *enumerator = NULL;
    struct lsp_symbol symbol;

    if (declared && declared->syntax->kind == KODOSIS_ENUM && !strchr(name->text, '.'))
        enumerator = find_enumerator(declared, name->text);
    if (!enumerator && walk_qualified(walk, name))
        return;
    if (!enumerator)
        declared = lsp_look_up(walk->analysis, walk->unit, name->text);
    if (!declared)
        return;
    symbol = enumerator ? enumerator_of(declared, enumerator) : symbol_of(declared);
    visit_part(walk, &symbol, name, 0);
}

/* Visits the values in brackets or braces, each by its type. The parser bounds the recursion. */
static void walk_items(struct walk *walk, const struct kodosis_ast_value *value, struct typed typed)
{
    const struct lsp_declared *declared = declared_of(walk->analysis, typed);
    const struct kodosis_ast_member *member =
        declared && declared->syntax->kind == KODOSIS_STRUCT ? declared->syntax->members : NULL;

    typed = strip(walk->analysis, typed);
    for (const struct kodosis_ast_item *item = value->items; item; item = item->next) {
        struct typed one = { typed.unit, typed.type ? typed.type->element : NULL };

        if (member) {
            one = (struct typed){ declared->unit, member->type };
            member = member->next;
        }
        walk_value(walk, &item->value, one);
    }
}

static void walk_value(struct walk *walk, const struct kodosis_ast_value *value, struct typed typed)
{
    if (!value->present)
        return;
    if (value->kind == KODOSIS_AST_NAME)
        walk_named_value(walk, &value->name, typed);
    else if (value->kind == KODOSIS_AST_ROW || value->kind == KODOSIS_AST_BRACES)
        walk_items(walk, value, typed);
}

/* ---- Declarations ---- */

static void walk_members(struct walk *walk, const struct lsp_symbol *holder, const struct kodosis_ast_member *member)
{
    for (; member; member = member->next) {
        struct lsp_symbol symbol = *holder;

        symbol.member = member;
        symbol.name = member->name.text;
        symbol.position = member->name.position;
        walk_type(walk, member->type);
        report(walk, &symbol, &symbol.position, true);
        walk_value(walk, &member->initial, (struct typed){ walk->unit, member->type });
    }
}

static void walk_enumerators(struct walk *walk, const struct lsp_declared *declared)
{
    for (const struct kodosis_ast_enumerator *each = declared->syntax->enumerators; each; each = each->next) {
        struct lsp_symbol symbol = enumerator_of(declared, each);

        report(walk, &symbol, &symbol.position, true);
        walk_value(walk, &each->value, (struct typed){ walk->unit, NULL });
    }
}

static void walk_raises(struct walk *walk, const struct kodosis_ast_raise *raise)
{
    for (; raise; raise = raise->next) {
        const struct lsp_declared *declared = lsp_look_up(walk->analysis, walk->unit, raise->name.text);
        struct lsp_symbol symbol;

        if (!declared)
            continue;
        symbol = symbol_of(declared);
        visit_part(walk, &symbol, &raise->name, 0);
    }
}

static void walk_procedures(struct walk *walk, const struct lsp_symbol *service)
{
    for (const struct kodosis_ast_procedure *each = service->declaration->procedures; each; each = each->next) {
        struct lsp_symbol symbol = *service;

        symbol.kind = LSP_PROCEDURE;
        symbol.procedure = each;
        symbol.name = each->name.text;
        symbol.position = each->name.position;
        walk_type(walk, each->result);
        report(walk, &symbol, &symbol.position, true);
        symbol.kind = LSP_PARAMETER;
        walk_members(walk, &symbol, each->parameters);
        walk_raises(walk, each->raises);
    }
}

static void walk_declaration(struct walk *walk, const struct kodosis_ast_declaration *syntax)
{
    struct lsp_declared declared = { walk->unit, syntax };
    struct lsp_symbol symbol = symbol_of(&declared);

    if (syntax->alias.text)
        report(walk, &symbol, &symbol.position, true);
    symbol.kind = LSP_DECLARATION;
    symbol.name = syntax->name.text;
    symbol.position = syntax->name.position;
    walk_type(walk, syntax->type);
    report(walk, &symbol, &symbol.position, true);
    walk_value(walk, &syntax->value, (struct typed){ walk->unit, syntax->type });
    walk_enumerators(walk, &declared);
    symbol.kind = LSP_MEMBER;
    walk_members(walk, &symbol, syntax->members);
    walk_procedures(walk, &symbol);
}

static void walk_imports(struct walk *walk)
{
    size_t i = 0;

    for (const struct kodosis_ast_import *each = walk->unit->ast->imports; each; each = each->next, i++) {
        struct kodosis_unit *imported = i < walk->unit->import_count ? walk->unit->imports[i] : NULL;
        struct lsp_symbol symbol = { .kind = LSP_IMPORT, .unit = imported, .name = each->path };

        if (!imported)
            continue;
        symbol.position = (struct kodosis_position){ .file = imported->file, .line = 1, .column = 1 };
        report(walk, &symbol, &each->position, false);
    }
}

void lsp_each_occurrence(struct lsp_analysis *analysis, struct kodosis_unit *unit, lsp_visit *visit, void *context)
{
    struct walk walk = { analysis, unit, visit, context };

    walk_imports(&walk);
    for (const struct kodosis_ast_declaration *each = unit->ast->declarations; each; each = each->next)
        walk_declaration(&walk, each);
}

/* ---- The occurrence at a place ---- */

struct search {
    struct lsp_analysis *analysis;
    size_t offset;
    bool found;
    struct lsp_occurrence occurrence;
};

static void consider(void *context, const struct lsp_occurrence *occurrence)
{
    struct search *search = context;
    size_t start = lsp_offset_in(search->analysis, &occurrence->position);
    size_t end = start + occurrence->position.length;

    /* of two that meet at the offset, the one that begins there is meant */
    if (search->offset < start || search->offset > end || (search->found && search->offset == end))
        return;
    search->found = true;
    search->occurrence = *occurrence;
}

bool lsp_occurrence_at(struct lsp_analysis *analysis, struct kodosis_unit *unit, size_t offset,
                       struct lsp_occurrence *ret_occurrence)
{
    struct search search = { .analysis = analysis, .offset = offset };

    lsp_each_occurrence(analysis, unit, consider, &search);
    if (search.found)
        *ret_occurrence = search.occurrence;
    return search.found;
}

bool lsp_same_symbol(const struct lsp_symbol *left, const struct lsp_symbol *right)
{
    return left->kind == right->kind && !strcmp(left->unit->identity, right->unit->identity) &&
           left->position.line == right->position.line && left->position.column == right->position.column;
}
