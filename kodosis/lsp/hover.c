/* SPDX-License-Identifier: MIT */
/* The text about a symbol. */
#include "kodosis/lsp/hover.h"

#include <inttypes.h>
#include <string.h>

#include "kodosis/lsp/words.h"

enum { EXCERPT_SIZE = 1500, SHAPE_SIZE = 400 };

/* ---- How it is declared ---- */

static const struct kodosis_position *start_of(const struct lsp_symbol *symbol)
{
    switch (symbol->kind) {
    case LSP_MEMBER:
    case LSP_PARAMETER:
        return &symbol->member->type->position;
    case LSP_ENUMERATOR:
        return &symbol->position;
    case LSP_PROCEDURE:
        return &symbol->procedure->result->position;
    default:
        return &symbol->declaration->start;
    }
}

/* Cuts a text so that no character is torn. */
static size_t cut(const char *text, size_t size, size_t limit)
{
    if (size <= limit)
        return size;
    while (limit && ((unsigned char)text[limit] & 0xc0) == 0x80)
        limit--;
    return limit;
}

/* Adds the lines of a declaration as they stand in the file. A fence in them would end that of the Markdown, so they stop there. */
static void add_excerpt(struct kodosis_text *text, const struct lsp_analysis *analysis, const struct lsp_symbol *symbol)
{
    const struct kodosis_position *position = start_of(symbol);
    const struct lsp_lines *lines = lsp_lines_of(analysis, position->file);
    size_t start = lsp_offset_in(analysis, position);
    size_t whole = lsp_behind_item(lines->text, lines->size, start) - start;
    size_t size = cut(lines->text + start, whole, EXCERPT_SIZE);
    const char *fence = memmem(lines->text + start, size, "```", 3);

    if (symbol->kind == LSP_PROCEDURE)
        kodosis_text_add(text, "%s%s", symbol->procedure->oneway ? "oneway " : "",
                         symbol->procedure->idempotent ? "idempotent " : "");
    if (fence)
        size = (size_t)(fence - lines->text) - start;
    kodosis_text_add_bytes(text, lines->text + start, size);
    kodosis_text_add(text, size < whole ? "\n...\n" : "\n");
}

static const char *doc_of(const struct lsp_symbol *symbol)
{
    switch (symbol->kind) {
    case LSP_MEMBER:
    case LSP_PARAMETER:
        return symbol->member->doc;
    case LSP_ENUMERATOR:
        return symbol->enumerator->doc;
    case LSP_PROCEDURE:
        return symbol->procedure->doc;
    default:
        return symbol->declaration->doc;
    }
}

static const char *sentence_of(const struct lsp_symbol *symbol)
{
    switch (symbol->kind) {
    case LSP_MEMBER:
    case LSP_PARAMETER:
        return symbol->member->deprecated;
    case LSP_ENUMERATOR:
        return symbol->enumerator->deprecated;
    case LSP_PROCEDURE:
        return symbol->procedure->deprecated;
    default:
        return symbol->declaration->deprecated;
    }
}

/* ---- What it is on the wire ---- */

static void add_size(struct kodosis_text *text, const struct kodosis_type *type)
{
    if (type->blittable)
        kodosis_text_add(text, "%" PRIu64 " byte%s, aligned to %u, blittable", type->size, type->size == 1 ? "" : "s",
                         (unsigned)type->alignment);
    else
        kodosis_text_add(text, "at least %" PRIu64 " byte%s", type->smallest, type->smallest == 1 ? "" : "s");
    if (type->recursive)
        kodosis_text_add(text, ", may contain itself");
    if (type->carries)
        kodosis_text_add(text, ", carries descriptors");
}

static void add_declaration(struct kodosis_text *text, const struct kodosis_declaration *declaration)
{
    kodosis_text_add(text, "%s: ", declaration->full_name);
    if (declaration->kind == KODOSIS_SERVICE)
        kodosis_text_add(text, "version %u, %zu procedure%s", (unsigned)declaration->version,
                         declaration->procedure_count, declaration->procedure_count == 1 ? "" : "s");
    else if (declaration->kind == KODOSIS_ALIAS || declaration->kind == KODOSIS_CONST)
        kodosis_text_add(text, "%s, ", declaration->type->text);
    if (declaration->kind != KODOSIS_SERVICE)
        add_size(text, declaration->type);
}

static void add_member(struct kodosis_text *text, const struct kodosis_declaration *declaration, size_t index)
{
    const struct kodosis_member *member = &declaration->members[index];

    kodosis_text_add(text, "%s.%s: %s, ", declaration->full_name, member->name, member->type->text);
    add_size(text, member->type);
    if (declaration->kind == KODOSIS_UNION)
        kodosis_text_add(text, ", tag %zu", index + 1);
    else if (declaration->type->blittable)
        kodosis_text_add(text, ", at offset %" PRIu64, member->offset);
}

static void add_procedure(struct kodosis_text *text, const struct kodosis_procedure *procedure)
{
    size_t size = strlen(procedure->shape);
    size_t shown = cut(procedure->shape, size, SHAPE_SIZE);

    kodosis_text_add(text, "hash 0x%016" PRIx64 " of ", procedure->hash);
    kodosis_text_add_bytes(text, procedure->shape, shown);
    kodosis_text_add(text, "%s", shown < size ? "..." : "");
}

static void add_enumerator(struct kodosis_text *text, const struct kodosis_enumerator *enumerator)
{
    bool is_signed = enumerator->declaration->type->element->kind <= KODOSIS_TYPE_INT64;

    kodosis_text_add(text, "%s.%s = ", enumerator->declaration->full_name, enumerator->name);
    if (is_signed)
        kodosis_text_add(text, "%" PRId64, enumerator->value);
    else
        kodosis_text_add(text, "%" PRIu64, (uint64_t)enumerator->value);
    if (enumerator->value >= 10)
        kodosis_text_add(text, " (0x%" PRIx64 ")", (uint64_t)enumerator->value);
}

/* The place of a member, value, procedure or parameter in its list. */
static size_t index_of(const struct lsp_symbol *symbol)
{
    const struct kodosis_ast_member *member =
        symbol->procedure ? symbol->procedure->parameters : symbol->declaration->members;
    const struct kodosis_ast_enumerator *enumerator = symbol->declaration->enumerators;
    const struct kodosis_ast_procedure *procedure = symbol->declaration->procedures;
    size_t index = 0;

    if (symbol->kind == LSP_ENUMERATOR)
        for (; enumerator != symbol->enumerator; enumerator = enumerator->next)
            index++;
    else if (symbol->kind == LSP_PROCEDURE)
        for (; procedure != symbol->procedure; procedure = procedure->next)
            index++;
    else
        for (; member != symbol->member; member = member->next)
            index++;
    return index;
}

static void add_parameter(struct kodosis_text *text, const struct kodosis_declaration *service,
                          const struct lsp_symbol *symbol)
{
    struct lsp_symbol holder = *symbol;
    const struct kodosis_procedure *procedure;
    const struct kodosis_member *parameter;
    size_t index = index_of(symbol);

    holder.kind = LSP_PROCEDURE;
    procedure = &service->procedures[index_of(&holder)];
    parameter = &procedure->parameters[index];
    kodosis_text_add(text, index == kodosis_argument_count(procedure) ? "stream<%s>, elements of " : "%s, ",
                     parameter->type->text);
    add_size(text, parameter->type);
}

static void add_facts(struct kodosis_text *text, const struct kodosis_declaration *checked,
                      const struct lsp_symbol *symbol)
{
    switch (symbol->kind) {
    case LSP_MEMBER:
        add_member(text, checked, index_of(symbol));
        break;
    case LSP_PARAMETER:
        add_parameter(text, checked, symbol);
        break;
    case LSP_ENUMERATOR:
        add_enumerator(text, &checked->enumerators[index_of(symbol)]);
        break;
    case LSP_PROCEDURE:
        add_procedure(text, &checked->procedures[index_of(symbol)]);
        break;
    default:
        add_declaration(text, checked);
        break;
    }
}

/* ---- All of it ---- */

static void describe_file(struct kodosis_text *text, const struct kodosis_unit *unit)
{
    const char *name = unit->ast->namespace_name.text;

    kodosis_text_add(text, "%s: namespace %s\n", unit->file->name, name ? name : "?");
    if (unit->ast->doc)
        kodosis_text_add(text, "\n%s\n", unit->ast->doc);
}

void lsp_describe(struct kodosis_text *text, const struct lsp_analysis *analysis, const struct lsp_symbol *symbol,
                  bool markdown)
{
    const struct kodosis_declaration *checked;

    if (symbol->kind == LSP_IMPORT) {
        describe_file(text, symbol->unit);
        return;
    }
    checked = analysis->model ? lsp_checked(symbol->unit, symbol->declaration) : NULL;
    kodosis_text_add(text, "%s", markdown ? "```kodosis\n" : "");
    add_excerpt(text, analysis, symbol);
    kodosis_text_add(text, "%s", markdown ? "```\n" : "");
    if (sentence_of(symbol))
        kodosis_text_add(text, "\n%sDeprecated:%s %s\n", markdown ? "**" : "", markdown ? "**" : "",
                         sentence_of(symbol));
    if (doc_of(symbol))
        kodosis_text_add(text, "\n%s\n", doc_of(symbol));
    if (!checked)
        return;
    kodosis_text_add(text, "\n%s", markdown ? "`" : "");
    add_facts(text, checked, symbol);
    kodosis_text_add(text, "%s\n", markdown ? "`" : "");
}
