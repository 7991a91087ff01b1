/* SPDX-License-Identifier: MIT */
/* The outline of a file. */
#include "kodosis/lsp/outline.h"

#include "kodosis/lsp/words.h"

/* SymbolKind of the protocol. */
enum {
    KIND_CLASS = 5,
    KIND_METHOD = 6,
    KIND_FIELD = 8,
    KIND_ENUM = 10,
    KIND_INTERFACE = 11,
    KIND_CONSTANT = 14,
    KIND_ENUM_MEMBER = 22,
    KIND_STRUCT = 23,
    KIND_EVENT = 24,
    KIND_TYPE_PARAMETER = 26,
};

static uint32_t kind_of(enum kodosis_declaration_kind kind)
{
    static const uint32_t kinds[] = {
        [KODOSIS_CONST] = KIND_CONSTANT,       [KODOSIS_ENUM] = KIND_ENUM,   [KODOSIS_STRUCT] = KIND_STRUCT,
        [KODOSIS_UNION] = KIND_CLASS,          [KODOSIS_ERROR] = KIND_EVENT, [KODOSIS_SERVICE] = KIND_INTERFACE,
        [KODOSIS_ALIAS] = KIND_TYPE_PARAMETER,
    };

    return kinds[kind];
}

/* A symbol whose text begins at `start`, which may be a little behind its real beginning, and whose name is at `name`. */
static struct json_object *make(const struct lsp_analysis *analysis, const struct kodosis_ast_name *name, uint32_t kind,
                                const struct kodosis_position *start, const char *deprecated)
{
    const struct lsp_lines *lines = lsp_lines_of(analysis, name->position.file);
    size_t from = lsp_offset_in(analysis, start);
    size_t at = lsp_offset_in(analysis, &name->position);
    size_t end = lsp_behind_item(lines->text, lines->size, from);
    struct json_object *symbol = json_object_new_object();

    if (end < at + name->position.length)
        end = at + name->position.length; /* the file ends too early */
    lsp_put_string(symbol, "name", name->text);
    lsp_put_number(symbol, "kind", kind);
    lsp_put(symbol, "range", lsp_make_range(lines, from, end));
    lsp_put(symbol, "selectionRange", lsp_make_range(lines, at, at + name->position.length));
    if (deprecated)
        lsp_put(symbol, "deprecated", json_object_new_boolean(true));
    return symbol;
}

static struct json_object *make_children(const struct lsp_analysis *analysis,
                                         const struct kodosis_ast_declaration *syntax)
{
    struct json_object *children = json_object_new_array();

    for (const struct kodosis_ast_enumerator *each = syntax->enumerators; each; each = each->next)
        json_object_array_add(children,
                              make(analysis, &each->name, KIND_ENUM_MEMBER, &each->name.position, each->deprecated));
    for (const struct kodosis_ast_member *each = syntax->members; each; each = each->next)
        json_object_array_add(children,
                              make(analysis, &each->name, KIND_FIELD, &each->type->position, each->deprecated));
    for (const struct kodosis_ast_procedure *each = syntax->procedures; each; each = each->next)
        json_object_array_add(children,
                              make(analysis, &each->name, KIND_METHOD, &each->result->position, each->deprecated));
    return children;
}

struct json_object *lsp_outline(const struct lsp_analysis *analysis)
{
    struct json_object *symbols = json_object_new_array();

    for (const struct kodosis_ast_declaration *each = analysis->root->ast->declarations; each; each = each->next) {
        struct json_object *symbol = make(analysis, &each->name, kind_of(each->kind), &each->start, each->deprecated);

        lsp_put(symbol, "children", make_children(analysis, each));
        json_object_array_add(symbols, symbol);
    }
    return symbols;
}

/* Appends the symbols of a tree to a list. */
static void flatten(struct json_object *list, struct json_object *symbols, const char *holder, const char *uri)
{
    for (size_t i = 0; i < json_object_array_length(symbols); i++) {
        struct json_object *symbol = json_object_array_get_idx(symbols, i);
        struct json_object *children = lsp_member(symbol, "children");
        struct json_object *flat = json_object_new_object();
        struct json_object *location = json_object_new_object();

        lsp_put_string(location, "uri", uri);
        lsp_put(location, "range", json_object_get(lsp_member(symbol, "selectionRange")));
        lsp_put(flat, "name", json_object_get(lsp_member(symbol, "name")));
        lsp_put(flat, "kind", json_object_get(lsp_member(symbol, "kind")));
        lsp_put(flat, "location", location);
        if (holder)
            lsp_put_string(flat, "containerName", holder);
        json_object_array_add(list, flat);
        if (children)
            flatten(list, children, lsp_string(symbol, "name"), uri);
    }
}

struct json_object *lsp_flat_outline(const struct lsp_analysis *analysis, const char *uri)
{
    struct json_object *tree = lsp_outline(analysis);
    struct json_object *list = json_object_new_array();

    flatten(list, tree, NULL, uri);
    json_object_put(tree);
    return list;
}
