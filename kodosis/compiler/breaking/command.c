/* SPDX-License-Identifier: MIT */
/* `kodosis breaking`: both sides are compiled, then compared. */
#include "kodosis/compiler/breaking/command.h"

#include "kodosis/compiler/breaking/breaking.h"
#include "kodosis/compiler/breaking/sides.h"

enum { FINDINGS_SHOWN = 1000 };

static bool find_old(const struct kodosis_options *options, struct kodosis_side *side)
{
    if (!options->against)
        return kodosis_side_add_any(side, options->files[0]);
    for (size_t i = 0; i < options->file_count; i++)
        if (!kodosis_side_add_against(side, options->against, options->files[i]))
            return false;
    return true;
}

static bool find_new(const struct kodosis_options *options, struct kodosis_side *side)
{
    if (!options->against)
        return kodosis_side_add_any(side, options->files[1]);
    for (size_t i = 0; i < options->file_count; i++)
        if (!kodosis_side_add(side, options->files[i]))
            return false;
    return true;
}

static const struct kodosis_model *compile(struct kodosis_side *side, struct kodosis_compilation *compilation)
{
    compilation->sources = &side->sources;
    compilation->import_paths = side->import_paths;
    compilation->import_path_count = side->import_path_count;
    return kodosis_compile(compilation, side->paths, side->path_count);
}

static int compare(const struct kodosis_options *options, struct kodosis_side *old, struct kodosis_side *new,
                   struct kodosis_breaking_run *run, struct kodosis_diagnostics *diagnostics)
{
    struct kodosis_comparison comparison = { .kinds = options->kinds };

    comparison.old = compile(old, &run->old);
    comparison.new = compile(new, &run->new);
    diagnostics->most = FINDINGS_SHOWN;
    if (comparison.old && comparison.new)
        return kodosis_breaking(&comparison, diagnostics) ? KODOSIS_EXIT_FOUND : KODOSIS_EXIT_OK;
    kodosis_diagnostics_adopt(diagnostics, &run->old.diagnostics);
    kodosis_diagnostics_adopt(diagnostics, &run->new.diagnostics);
    return run->old.io_failed || run->new.io_failed ? KODOSIS_EXIT_IO : KODOSIS_EXIT_ERRORS;
}

int kodosis_breaking_files(const struct kodosis_options *options, struct kodosis_breaking_run *run,
                           struct kodosis_diagnostics *diagnostics)
{
    struct kodosis_side old;
    struct kodosis_side new;
    int status = KODOSIS_EXIT_IO;

    kodosis_side_open(&old, options->import_paths, options->import_path_count, &run->old.memory);
    kodosis_side_open(&new, options->import_paths, options->import_path_count, &run->new.memory);
    if (find_old(options, &old) && find_new(options, &new))
        status = compare(options, &old, &new, run, diagnostics);
    kodosis_side_close(&old);
    kodosis_side_close(&new);
    return status;
}

void kodosis_breaking_clear(struct kodosis_breaking_run *run)
{
    kodosis_compilation_clear(&run->old);
    kodosis_compilation_clear(&run->new);
}
