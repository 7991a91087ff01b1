/* SPDX-License-Identifier: MIT */
/* Trying new names before anything is written. */
#include "kodosis/lsp/rename.h"

#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/syntax/keyword.h"
#include "kodosis/lsp/words.h"

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* Whether a text is letters, digits and single underscores, begins with a letter and ends in none. */
static bool is_name(const char *text)
{
    size_t size = strlen(text);

    if (!size || !is_letter(*text) || text[size - 1] == '_')
        return false;
    for (size_t i = 0; i < size; i++)
        if (!lsp_is_word(text[i]) || (text[i] == '_' && text[i + 1] == '_'))
            return false;
    return true;
}

void lsp_name_fault(struct kodosis_text *ret_fault, const struct lsp_symbol *symbol, const char *name)
{
    bool declares = symbol->kind == LSP_DECLARATION || symbol->kind == LSP_SERVICE_ALIAS;
    size_t size = strlen(name);

    if (symbol->kind == LSP_IMPORT)
        kodosis_text_add(ret_fault, "files are not renamed here");
    else if (symbol->unit->file->built_in)
        kodosis_text_add(ret_fault, "what ships with the compiler is not renamed");
    else if (size > KODOSIS_LIMIT_NAME)
        kodosis_text_add(ret_fault, "a name has at most %d bytes", KODOSIS_LIMIT_NAME);
    else if (!is_name(name))
        kodosis_text_add(ret_fault,
                         "'%s' is no name: letters, digits and single underscores, a letter first, no underscore "
                         "last",
                         name);
    else if (declares ? kodosis_is_keyword(name, size) : kodosis_is_reserved(name, size))
        kodosis_text_add(ret_fault, "'%s' is a word of the language", name);
}

/* ---- Trials ---- */

/* The text of a file with the new name at every mention. */
static void apply(struct kodosis_text *text, const struct lsp_mentions *mentions, const char *name)
{
    size_t at = 0;

    for (size_t i = 0; i < mentions->count; i++) {
        const struct lsp_mention *mention = &mentions->items[i];

        kodosis_text_add_bytes(text, mentions->text + at, mention->start - at);
        kodosis_text_add_bytes(text, name, strlen(name));
        at = mention->start + mention->size;
    }
    kodosis_text_add_bytes(text, mentions->text + at, mentions->text_size - at);
}

struct trials {
    struct lsp_trial *items; /* malloc'ed, one for each file with mentions; linked */
    struct kodosis_text *texts;
};

static void make_trials(struct trials *trials, const struct lsp_references *references, const char *name)
{
    trials->items = kodosis_reallocate(NULL, references->count, sizeof(*trials->items));
    trials->texts = kodosis_reallocate(NULL, references->count, sizeof(*trials->texts));
    for (size_t i = 0; i < references->count; i++) {
        trials->texts[i] = (struct kodosis_text)KODOSIS_TEXT_INIT;
        apply(&trials->texts[i], &references->files[i], name);
        trials->items[i] = (struct lsp_trial){
            .identity = references->files[i].identity,
            .text = trials->texts[i].data,
            .size = trials->texts[i].size,
            .next = i + 1 < references->count ? &trials->items[i + 1] : NULL,
        };
    }
}

static void clear_trials(struct trials *trials, size_t count)
{
    for (size_t i = 0; i < count; i++)
        kodosis_text_clear(&trials->texts[i]);
    free(trials->items);
    free(trials->texts);
}

/* The number of errors of a file and what it imports; with the first of them, if it is asked for. */
static size_t count_errors(const struct lsp_world *world, const char *path, struct kodosis_text *ret_first)
{
    struct lsp_analysis analysis;
    const struct kodosis_diagnostic *each;
    size_t count;

    lsp_analyse(&analysis, world, path);
    lsp_analysis_check(&analysis);
    count = analysis.diagnostics.error_count;
    each = analysis.diagnostics.first;
    while (each && each->severity != KODOSIS_SEVERITY_ERROR)
        each = each->next;
    if (ret_first && each)
        kodosis_text_add(ret_first, "%s", each->message);
    lsp_analysis_clear(&analysis);
    return count;
}

/* Tries one file: first as it is, then with the trials. */
static void try_file(struct kodosis_text *ret_fault, const struct lsp_world *world, const struct lsp_trial *trials,
                     const struct lsp_mentions *file)
{
    struct kodosis_text first = KODOSIS_TEXT_INIT;
    size_t before = count_errors(world, file->path, NULL);
    size_t after;

    world->documents->trials = trials;
    after = count_errors(world, file->path, &first);
    world->documents->trials = NULL;
    if (after > before)
        kodosis_text_add(ret_fault, "%s: %s", file->path, first.data);
    kodosis_text_clear(&first);
}

/* Where the name stands in its own file once all mentions in front of it have the new length. */
static size_t moved(const struct lsp_references *references, const struct lsp_symbol *symbol, const char *name,
                    size_t offset)
{
    size_t size = strlen(name);
    size_t at = offset;

    for (size_t i = 0; i < references->count; i++)
        for (size_t k = 0; k < references->files[i].count; k++)
            if (!strcmp(references->files[i].identity, symbol->unit->identity) &&
                references->files[i].items[k].start < offset)
                at += size - references->files[i].items[k].size; /* modulo 2^64, where the new name is shorter */
    return at;
}

static size_t count_mentions(const struct lsp_references *references)
{
    size_t count = 0;

    for (size_t i = 0; i < references->count; i++)
        count += references->files[i].count;
    return count;
}

/* Counts the mentions of what is declared at an offset of a file. */
static size_t count_at(const struct lsp_world *world, const char *path, size_t offset, const struct lsp_paths *paths)
{
    struct lsp_analysis analysis;
    struct lsp_occurrence occurrence;
    struct lsp_references references;
    size_t count = 0;

    lsp_analyse(&analysis, world, path);
    if (analysis.root && lsp_occurrence_at(&analysis, analysis.root, offset, &occurrence)) {
        lsp_references_find(&references, world, &occurrence.symbol, paths);
        count = count_mentions(&references);
        lsp_references_clear(&references);
    }
    lsp_analysis_clear(&analysis);
    return count;
}

/* The offset at which the symbol is declared. */
static size_t offset_of(const struct lsp_symbol *symbol)
{
    struct lsp_lines lines;
    size_t offset;

    lsp_lines_read(&lines, symbol->unit->file->source, symbol->unit->file->source_size);
    offset = lsp_offset_at(&lines, symbol->position.line, symbol->position.column);
    lsp_lines_clear(&lines);
    return offset;
}

void lsp_rename_try(struct kodosis_text *ret_fault, const struct lsp_world *world, const struct lsp_symbol *symbol,
                    const struct lsp_references *references, const struct lsp_paths *paths, const char *name)
{
    struct trials trials;
    size_t offset = moved(references, symbol, name, offset_of(symbol));
    size_t count;

    make_trials(&trials, references, name);
    for (size_t i = 0; i < references->count && !ret_fault->size; i++)
        try_file(ret_fault, world, trials.items, &references->files[i]);
    world->documents->trials = trials.items;
    count = ret_fault->size ? 0 : count_at(world, symbol->unit->identity, offset, paths);
    world->documents->trials = NULL;
    if (!ret_fault->size && count != count_mentions(references))
        kodosis_text_add(ret_fault, "where '%s' is named, '%s' would mean something else, or the other way round",
                         symbol->name, name);
    clear_trials(&trials, references->count);
}
