/*
 * The compiler's front: from paths to a checked model. The program, the tests and the fuzzer all come in here.
 */
#ifndef KODOSIS_COMPILER_COMPILE_H
#define KODOSIS_COMPILER_COMPILE_H

#include "kodosis/compiler/diagnostic.h"

/* Where interface files come from. The program reads the file system; tests may hold them in memory. */
struct kodosis_sources {
    void *self;

    /* Reads at most `limit` bytes. 0 and a malloc'ed block, or an errno value. */
    int (*read)(void *self, const char *path, size_t limit, char **ret_data, size_t *ret_size);

    /* A malloc'ed string that is the same for all paths to one file; NULL if there is no such file. */
    char *(*identify)(void *self, const char *path);
};

extern const struct kodosis_sources kodosis_file_system;

struct kodosis_compilation {
    const struct kodosis_sources *sources;
    const char *const *import_paths;
    size_t import_path_count;
    bool flat_names; /* files are named by the last part of their path alone */

    struct kodosis_memory memory; /* the model and the sources */
    struct kodosis_diagnostics diagnostics;
    bool io_failed; /* a file given by the caller could not be read */
};

/* Loads, parses and checks. NULL after errors, which are in the diagnostics. The model lives until the clear. */
const struct kodosis_model *kodosis_compile(struct kodosis_compilation *compilation, const char *const *paths,
                                            size_t path_count);

void kodosis_compilation_clear(struct kodosis_compilation *compilation);

#endif
