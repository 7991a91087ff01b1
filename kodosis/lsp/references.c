/* SPDX-License-Identifier: MIT */
/* Searching a project for a symbol. */
#include "kodosis/lsp/references.h"

#include <stdlib.h>
#include <string.h>

struct search {
    struct lsp_analysis *analysis;
    const struct lsp_symbol *symbol;
    struct lsp_mentions found;
};

static void add(struct lsp_mentions *mentions, const struct lsp_mention *mention)
{
    if (mentions->count == mentions->capacity) {
        mentions->capacity = mentions->capacity ? 2 * mentions->capacity : 16;
        mentions->items = kodosis_reallocate(mentions->items, mentions->capacity, sizeof(*mentions->items));
    }
    mentions->items[mentions->count++] = *mention;
}

static void consider(void *context, const struct lsp_occurrence *occurrence)
{
    struct search *search = context;

    if (lsp_same_symbol(&occurrence->symbol, search->symbol))
        add(&search->found, &(struct lsp_mention){ lsp_offset_in(search->analysis, &occurrence->position),
                                                   occurrence->position.length, occurrence->declares });
}

static int compare(const void *left, const void *right)
{
    const struct lsp_mention *a = left;
    const struct lsp_mention *b = right;

    return a->start < b->start ? -1 : a->start > b->start;
}

/* Keeps what was found in a file; its text goes with the analysis. */
static void keep(struct lsp_references *references, struct search *search)
{
    const struct kodosis_unit *unit = search->analysis->root;
    struct lsp_mentions *found = &search->found;

    qsort(found->items, found->count, sizeof(*found->items), compare);
    found->path = kodosis_memory_copy(&references->memory, unit->file->path, strlen(unit->file->path));
    found->identity = kodosis_memory_copy(&references->memory, unit->identity, strlen(unit->identity));
    found->text = kodosis_memory_copy(&references->memory, unit->file->source, unit->file->source_size);
    found->text_size = unit->file->source_size;
    references->files = kodosis_reallocate(references->files, references->count + 1, sizeof(*references->files));
    references->files[references->count++] = *found;
}

static bool is_known(const struct kodosis_table *seen, const char *identity)
{
    return kodosis_table_find(seen, identity);
}

static void search_file(struct lsp_references *references, const struct lsp_world *world,
                        const struct lsp_symbol *symbol, const char *path, struct kodosis_table *seen)
{
    struct lsp_analysis analysis;
    struct search search = { .analysis = &analysis, .symbol = symbol };
    const char *identity;

    lsp_analyse(&analysis, world, path);
    if (analysis.root && !is_known(seen, analysis.root->identity)) {
        identity = kodosis_memory_copy(&references->memory, analysis.root->identity, strlen(analysis.root->identity));
        kodosis_table_add(seen, identity, references);
        lsp_each_occurrence(&analysis, analysis.root, consider, &search);
        if (search.found.count)
            keep(references, &search);
    }
    lsp_analysis_clear(&analysis);
}

void lsp_references_find(struct lsp_references *references, const struct lsp_world *world,
                         const struct lsp_symbol *symbol, const struct lsp_paths *paths)
{
    struct kodosis_table seen = { 0 };

    *references = (struct lsp_references){ 0 };
    search_file(references, world, symbol, symbol->unit->identity, &seen);
    for (size_t i = 0; i < paths->count; i++)
        search_file(references, world, symbol, paths->items[i], &seen);
    kodosis_table_clear(&seen);
}

void lsp_references_clear(struct lsp_references *references)
{
    for (size_t i = 0; i < references->count; i++)
        free(references->files[i].items);
    free(references->files);
    kodosis_memory_clear(&references->memory);
    *references = (struct lsp_references){ 0 };
}
