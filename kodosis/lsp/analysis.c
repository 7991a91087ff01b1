/* SPDX-License-Identifier: MIT */
/* Loading and checking for the language server, which keeps what the compiler throws away. */
#include "kodosis/lsp/analysis.h"

#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/check/check.h"
#include "kodosis/compiler/check/lookup.h"
#include "kodosis/compiler/emitters.h"
#include "kodosis/compiler/text/name.h"

static void add_names(struct lsp_analysis *analysis, struct kodosis_unit *unit)
{
    const char *scope = unit->ast->namespace_name.text;

    for (const struct kodosis_ast_declaration *each = unit->ast->declarations; each; each = each->next) {
        struct lsp_declared *declared = kodosis_memory_take(&analysis->memory, sizeof(*declared));
        const char *name = each->alias.text ? each->alias.text : each->name.text;

        *declared = (struct lsp_declared){ unit, each };
        kodosis_table_add(&analysis->names, scope ? kodosis_join(&analysis->memory, scope, ".", name) : name, declared);
    }
}

void lsp_analyse(struct lsp_analysis *analysis, const struct lsp_world *world, const char *path)
{
    *analysis = (struct lsp_analysis){ .sources = lsp_sources_of(world->documents) };
    analysis->diagnostics.most = LSP_ERRORS_KEPT;
    analysis->loader = (struct kodosis_loader){
        .sources = &analysis->sources,
        .import_paths = world->import_paths,
        .import_path_count = world->import_path_count,
        .memory = &analysis->memory,
        .diagnostics = &analysis->diagnostics,
    };
    kodosis_load(&analysis->loader, &path, 1);
    analysis->lines = kodosis_reallocate(NULL, analysis->loader.unit_count + 1, sizeof(*analysis->lines));
    for (size_t i = 0; i < analysis->loader.unit_count; i++) {
        struct kodosis_unit *unit = analysis->loader.units[i];

        unit->file->index = (uint32_t)i;
        lsp_lines_read(&analysis->lines[i], unit->file->source, unit->file->source_size);
        add_names(analysis, unit);
        if (unit->file->requested)
            analysis->root = unit;
    }
}

void lsp_analysis_check(struct lsp_analysis *analysis)
{
    analysis->model = kodosis_check(&(struct kodosis_check_input){
        .units = analysis->loader.units,
        .unit_count = analysis->loader.unit_count,
        .memory = &analysis->memory,
        .diagnostics = &analysis->diagnostics,
    });
    if (analysis->model)
        kodosis_emitter_find("c")->check(analysis->model, &analysis->diagnostics);
}

void lsp_analysis_clear(struct lsp_analysis *analysis)
{
    for (size_t i = 0; i < analysis->loader.unit_count; i++)
        lsp_lines_clear(&analysis->lines[i]);
    free(analysis->lines);
    kodosis_table_clear(&analysis->names);
    kodosis_loader_clear(&analysis->loader);
    kodosis_diagnostics_clear(&analysis->diagnostics);
    kodosis_memory_clear(&analysis->memory);
    *analysis = (struct lsp_analysis){ 0 };
}

const struct lsp_declared *lsp_look_up(const struct lsp_analysis *analysis, const struct kodosis_unit *unit,
                                       const char *name)
{
    const char *scope = unit->ast->namespace_name.text;

    return kodosis__find_in(&analysis->names, scope ? scope : "", name);
}

const struct kodosis_declaration *lsp_checked(const struct kodosis_unit *unit,
                                              const struct kodosis_ast_declaration *syntax)
{
    for (size_t i = 0; unit->entries && i < unit->entry_count; i++)
        if (unit->entries[i].ast == syntax)
            return unit->entries[i].declaration;
    return NULL;
}

const struct lsp_lines *lsp_lines_of(const struct lsp_analysis *analysis, const struct kodosis_file *file)
{
    return &analysis->lines[file->index];
}

size_t lsp_offset_in(const struct lsp_analysis *analysis, const struct kodosis_position *position)
{
    return lsp_offset_at(lsp_lines_of(analysis, position->file), position->line, position->column);
}
