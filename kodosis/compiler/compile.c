/* SPDX-License-Identifier: MIT */
/* From paths to a checked model. */
#include "kodosis/compiler/compile.h"

#include "kodosis/compiler/check/check.h"
#include "kodosis/compiler/load.h"

const struct kodosis_model *kodosis_compile(struct kodosis_compilation *compilation, const char *const *paths,
                                            size_t path_count)
{
    struct kodosis_loader loader = {
        .sources = compilation->sources,
        .import_paths = compilation->import_paths,
        .import_path_count = compilation->import_path_count,
        .flat_names = compilation->flat_names,
        .memory = &compilation->memory,
        .diagnostics = &compilation->diagnostics,
    };
    const struct kodosis_model *model;

    kodosis_load(&loader, paths, path_count);
    compilation->io_failed |= loader.io_failed;
    model = kodosis_check(&(struct kodosis_check_input){
        .units = loader.units,
        .unit_count = loader.unit_count,
        .memory = &compilation->memory,
        .diagnostics = &compilation->diagnostics,
    });
    kodosis_loader_clear(&loader);
    return model;
}

void kodosis_compilation_clear(struct kodosis_compilation *compilation)
{
    kodosis_diagnostics_clear(&compilation->diagnostics);
    kodosis_memory_clear(&compilation->memory);
}
