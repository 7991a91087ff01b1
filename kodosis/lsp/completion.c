/* SPDX-License-Identifier: MIT */
/* The words, types, values and files that may come next. */
#include "kodosis/lsp/completion.h"

#include <dirent.h>
#include <string.h>

#include "kodosis/compiler/built-in.h"
#include "kodosis/compiler/syntax/keyword.h"
#include "kodosis/compiler/text/name.h"
#include "kodosis/lsp/situation.h"

/* CompletionItemKind of the protocol. */
enum {
    ITEM_CLASS = 7,
    ITEM_INTERFACE = 8,
    ITEM_ENUM = 13,
    ITEM_KEYWORD = 14,
    ITEM_FILE = 17,
    ITEM_ENUM_MEMBER = 20,
    ITEM_CONSTANT = 21,
    ITEM_STRUCT = 22,
    ITEM_EVENT = 23,
    ITEM_TYPE_PARAMETER = 25,
};

struct completion {
    struct lsp_analysis *analysis;
    struct json_object *items;
    const char *prefix; /* what stands in front of the last dot, or NULL */
};

static void add(struct completion *completion, const char *label, uint32_t kind, const char *detail, const char *doc)
{
    struct json_object *item = json_object_new_object();

    lsp_put_string(item, "label", label);
    lsp_put_number(item, "kind", kind);
    if (detail)
        lsp_put_string(item, "detail", detail);
    if (doc)
        lsp_put_string(item, "documentation", doc);
    json_object_array_add(completion->items, item);
}

/* Adds words, separated by blanks. */
static void add_words(struct completion *completion, const char *words)
{
    while (*words) {
        size_t size = strcspn(words, " ");

        add(completion, kodosis_memory_copy(&completion->analysis->memory, words, size), ITEM_KEYWORD, NULL, NULL);
        words += size + (words[size] == ' ');
    }
}

/* ---- Declarations ---- */

/*
 * What has to be written for a declaration: the shortest end of its full name that means it here, or, behind a prefix, its name. NULL if
 * nothing does.
 */
static const char *spelling_of(struct completion *completion, const struct lsp_declared *declared)
{
    struct lsp_analysis *analysis = completion->analysis;
    const char *scope = declared->unit->ast->namespace_name.text;
    const char *name = declared->syntax->name.text;
    const char *full = scope ? kodosis_join(&analysis->memory, scope, ".", name) : name;
    const char *end = full + strlen(full) - strlen(name);

    if (completion->prefix) {
        const char *whole = kodosis_join(&analysis->memory, completion->prefix, ".", name);
        const struct lsp_declared *found = lsp_look_up(analysis, analysis->root, whole);

        return found && found->syntax == declared->syntax ? name : NULL;
    }
    for (;;) {
        const struct lsp_declared *found = lsp_look_up(analysis, analysis->root, end);

        if (found && found->syntax == declared->syntax)
            return end;
        if (end == full)
            return NULL;
        for (end -= 2; end > full && end[-1] != '.';)
            end--;
    }
}

static uint32_t kind_of(enum kodosis_declaration_kind kind)
{
    static const uint32_t kinds[] = {
        [KODOSIS_CONST] = ITEM_CONSTANT,       [KODOSIS_ENUM] = ITEM_ENUM,   [KODOSIS_STRUCT] = ITEM_STRUCT,
        [KODOSIS_UNION] = ITEM_CLASS,          [KODOSIS_ERROR] = ITEM_EVENT, [KODOSIS_SERVICE] = ITEM_INTERFACE,
        [KODOSIS_ALIAS] = ITEM_TYPE_PARAMETER,
    };

    return kinds[kind];
}

static void add_unit(struct completion *completion, struct kodosis_unit *unit, unsigned kinds)
{
    for (const struct kodosis_ast_declaration *each = unit->ast->declarations; each; each = each->next) {
        struct lsp_declared declared = { unit, each };
        const char *spelling = kinds & 1u << each->kind ? spelling_of(completion, &declared) : NULL;

        if (spelling)
            add(completion, spelling, kind_of(each->kind), kodosis_declaration_words[each->kind], each->doc);
    }
}

/* Adds the declarations that the file may use, of the kinds whose bits (1 << kind) are set. */
static void add_declarations(struct completion *completion, unsigned kinds)
{
    struct kodosis_unit *root = completion->analysis->root;

    add_unit(completion, root, kinds);
    for (size_t i = 0; i < root->import_count; i++)
        if (root->imports[i])
            add_unit(completion, root->imports[i], kinds);
}

/* ---- Values ---- */

static void add_enumerators(struct completion *completion, const struct lsp_declared *declared)
{
    for (const struct kodosis_ast_enumerator *each = declared->syntax->enumerators; each; each = each->next)
        add(completion, each->name.text, ITEM_ENUM_MEMBER, declared->syntax->name.text, each->doc);
}

static void add_values(struct completion *completion, const char *type)
{
    struct lsp_analysis *analysis = completion->analysis;
    struct kodosis_ast_type named = { .kind = KODOSIS_AST_TYPE_NAMED, .name.text = type };
    const struct lsp_declared *declared;

    if (completion->prefix)
        named.name.text = completion->prefix;
    declared = lsp_enum_of(analysis, analysis->root, &named);
    if (declared)
        add_enumerators(completion, declared);
    else
        add_declarations(completion, 1u << KODOSIS_CONST);
    if (!completion->prefix && !strcmp(type, "bool"))
        add_words(completion, "true false");
}

/* ---- Files ---- */

static void add_files(struct completion *completion, const char *folder)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;

    while (directory && (entry = readdir(directory))) {
        size_t size = strlen(entry->d_name);

        if (size > 4 && *entry->d_name != '.' && !strcmp(entry->d_name + size - 4, ".kod"))
            add(completion, entry->d_name, ITEM_FILE, NULL, NULL);
    }
    if (directory)
        closedir(directory);
}

/* Adds the files that an import may name: those beside the file, and those in the import paths. */
static void add_importable(struct completion *completion)
{
    const struct kodosis_loader *loader = &completion->analysis->loader;
    const char *path = completion->analysis->root->file->path;
    const char *slash = strrchr(path, '/');

    add(completion, KODOSIS_BUILT_IN, ITEM_FILE, "ships with the compiler", NULL);
    if (slash)
        add_files(completion, kodosis_memory_copy(&completion->analysis->memory, path, (size_t)(slash - path) + 1));
    for (size_t i = 0; i < loader->import_path_count; i++)
        add_files(completion, loader->import_paths[i]);
}

/* ---- All of it ---- */

static const char *copy(struct completion *completion, struct lsp_span span)
{
    const char *text = completion->analysis->root->file->source;

    return kodosis_memory_copy(&completion->analysis->memory, text + span.start, span.size);
}

static void add_keywords(struct completion *completion, unsigned expected)
{
    if (expected & LSP_EXPECTS_DECLARATION)
        add_words(completion, "const enum struct union error service type extensible flags import namespace");
    if (expected & LSP_EXPECTS_KIND)
        add_words(completion, "struct union enum flags");
    if (expected & LSP_EXPECTS_DEPRECATED)
        add_words(completion, "deprecated");
    if (expected & LSP_EXPECTS_PROCEDURE)
        add_words(completion, "oneway idempotent void");
    if (expected & LSP_EXPECTS_STREAM)
        add_words(completion, "stream");
    if (expected & LSP_EXPECTS_RAISES)
        add_words(completion, "raises");
    if (expected & LSP_EXPECTS_VERSION)
        add_words(completion, "version as");
    if (expected & (LSP_EXPECTS_TYPE | LSP_EXPECTS_INTEGER_TYPE))
        add_words(completion, "int8 int16 int32 int64 uint8 uint16 uint32 uint64");
    if (expected & LSP_EXPECTS_TYPE)
        add_words(completion, "bool float32 float64 string bytes fd list optional map");
}

struct json_object *lsp_complete(struct lsp_analysis *analysis, size_t offset)
{
    const struct kodosis_file *file = analysis->root->file;
    struct lsp_situation situation = lsp_situation_at(file->source, file->source_size, offset);
    struct completion completion = { .analysis = analysis, .items = json_object_new_array() };

    if (situation.prefix.size)
        completion.prefix = copy(&completion, situation.prefix);
    else
        add_keywords(&completion, situation.expected);
    if (situation.expected & LSP_EXPECTS_TYPE)
        add_declarations(&completion,
                         1u << KODOSIS_ENUM | 1u << KODOSIS_STRUCT | 1u << KODOSIS_UNION | 1u << KODOSIS_ALIAS);
    if (situation.expected & LSP_EXPECTS_ERROR)
        add_declarations(&completion, 1u << KODOSIS_ERROR);
    if (situation.expected & LSP_EXPECTS_VALUE)
        add_values(&completion, copy(&completion, situation.type));
    if (situation.expected & LSP_EXPECTS_FILE)
        add_importable(&completion);
    return completion.items;
}
