/* SPDX-License-Identifier: MIT */
/* Loading files and what they import. */
#include "kodosis/compiler/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/built-in.h"
#include "kodosis/compiler/syntax/parser.h"
#include "kodosis/compiler/text/name.h"

enum { PATH_SIZE_MAX = 4096 };

/* ---- Names of generated files ---- */

/* The part of `identity` below the directory; NULL if it is not below. */
static const char *below(const struct kodosis_sources *sources, const char *directory, const char *identity)
{
    char *root = sources->identify(sources->self, directory);
    size_t size = root ? strlen(root) : 0;
    const char *rest = NULL;

    while (size && root[size - 1] == '/')
        size--;
    if (root && !strncmp(identity, root, size) && identity[size] == '/')
        rest = identity + size + 1;
    free(root);
    return rest;
}

static const char *name_of(struct kodosis_loader *loader, const char *path, const char *identity)
{
    const char *slash = strrchr(path, '/');

    for (size_t i = 0; !loader->flat_names && i < loader->import_path_count; i++) {
        const char *rest = below(loader->sources, loader->import_paths[i], identity);

        if (rest)
            return kodosis_memory_copy(loader->memory, rest, strlen(rest));
    }
    return slash ? slash + 1 : path;
}

/* Whether #include lines and makefiles can have the name in them. */
static bool is_sound(const char *name)
{
    for (const char *byte = name; *byte; byte++)
        if ((unsigned char)*byte < 0x20 || *byte == '"' || *byte == '\\' || *byte == 0x7f)
            return false;
    return *name;
}

static void check_name(struct kodosis_loader *loader, struct kodosis_unit *unit,
                       const struct kodosis_position *position)
{
    struct kodosis_diagnostics *diagnostics = loader->diagnostics;
    size_t size = strlen(unit->file->name);
    struct kodosis_unit *other;
    const char *stem;

    if (!is_sound(unit->file->name)) {
        kodosis_error(diagnostics, position, "%s: a file name with quotes, backslashes or control characters",
                      unit->file->name);
        return;
    }
    size -= size > 4 && !strcmp(unit->file->name + size - 4, ".kod") ? 4 : 0;
    stem = kodosis_memory_copy(loader->memory, unit->file->name, size);
    other = kodosis_table_add(&loader->by_name, stem, unit);
    if (other)
        kodosis_error(diagnostics, position, "%s and %s would both become '%s.h'; name a directory above both with -I",
                      other->file->path, unit->file->path, stem);
}

/* ---- Files ---- */

static struct kodosis_unit *load_file(struct kodosis_loader *loader, const char *path, const char *identity,
                                      const struct kodosis_position *position);

static void report_cycle(struct kodosis_loader *loader, const struct kodosis_unit *unit,
                         const struct kodosis_position *position)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    size_t i = 0;

    while (loader->chain[i] != unit)
        i++;
    for (; i < loader->depth; i++)
        kodosis_text_add(&text, "%s imports ", loader->chain[i]->file->name);
    kodosis_error(loader->diagnostics, position, "files import each other: %s%s", text.data, unit->file->name);
    kodosis_text_clear(&text);
}

/* Finds the path and identity of the file that an import means. False, with an error reported, if there is none. */
static bool find_import(struct kodosis_loader *loader, const struct kodosis_unit *unit,
                        const struct kodosis_ast_import *import, const char **ret_path, char **ret_identity)
{
    const struct kodosis_sources *sources = loader->sources;
    const char *slash = strrchr(unit->file->path, '/');
    const char *path = import->path;

    if (slash) {
        const char *directory =
            kodosis_memory_copy(loader->memory, unit->file->path, (size_t)(slash - unit->file->path));

        path = kodosis_join(loader->memory, directory, "/", import->path);
    }
    *ret_identity = sources->identify(sources->self, path);
    for (size_t i = 0; !*ret_identity && i < loader->import_path_count; i++) {
        path = kodosis_join(loader->memory, loader->import_paths[i], "/", import->path);
        *ret_identity = sources->identify(sources->self, path);
    }
    if (kodosis_is_built_in(sources, import->path, *ret_identity ? path : NULL)) {
        free(*ret_identity);
        *ret_identity = kodosis_built_in_identity();
        path = KODOSIS_BUILT_IN;
    }
    if (!*ret_identity) {
        kodosis_error(loader->diagnostics, &import->position, "cannot find '%s' beside this file%s", import->path,
                      loader->import_path_count ? " or in the import paths (-I)" : "; is an import path (-I) missing?");
        return false;
    }
    *ret_path = path;
    return true;
}

static bool is_importable(struct kodosis_loader *loader, const struct kodosis_ast_import *import)
{
    const char *fault = NULL;

    if (!*import->path)
        fault = "the name of a file is expected here";
    else if (*import->path == '/')
        fault = "an import is relative to this file or to an import path (-I)";
    else if (strlen(import->path) > PATH_SIZE_MAX / 2)
        fault = "this path is too long";
    if (fault)
        kodosis_error(loader->diagnostics, &import->position, "%s", fault);
    return !fault;
}

static struct kodosis_unit *load_import(struct kodosis_loader *loader, struct kodosis_unit *unit,
                                        const struct kodosis_ast_import *import)
{
    struct kodosis_unit *imported;
    const char *path;
    char *identity;

    if (!is_importable(loader, import) || !find_import(loader, unit, import, &path, &identity))
        return NULL;
    imported = kodosis_table_find(&loader->by_identity, identity);
    if (!imported)
        imported = load_file(loader, path, identity, &import->position);
    free(identity);
    if (imported && !imported->loaded) {
        report_cycle(loader, imported, &import->position);
        return NULL;
    }
    return imported;
}

static void load_imports(struct kodosis_loader *loader, struct kodosis_unit *unit)
{
    size_t count = 0;

    for (const struct kodosis_ast_import *import = unit->ast->imports; import; import = import->next)
        count++;
    unit->imports = kodosis_memory_take_array(loader->memory, count, sizeof(*unit->imports));
    for (const struct kodosis_ast_import *import = unit->ast->imports; import; import = import->next) {
        struct kodosis_unit *imported = load_import(loader, unit, import);

        for (size_t i = 0; imported && i < unit->import_count; i++)
            if (unit->imports[i] == imported)
                kodosis_warning(loader->diagnostics, &import->position, "'%s' is imported already", import->path);
        if (!imported || imported->incomplete)
            unit->incomplete = true;
        unit->imports[unit->import_count++] = imported;
    }
}

static struct kodosis_unit *make_unit(struct kodosis_loader *loader, const char *path, const char *identity)
{
    struct kodosis_unit *unit = kodosis_memory_take(loader->memory, sizeof(*unit));

    unit->file = kodosis_memory_take(loader->memory, sizeof(*unit->file));
    unit->file->path = kodosis_memory_copy(loader->memory, path, strlen(path));
    unit->identity = kodosis_memory_copy(loader->memory, identity, strlen(identity));
    unit->file->built_in = !strcmp(identity, KODOSIS_BUILT_IN_IDENTITY);
    unit->file->name = unit->file->built_in ? KODOSIS_BUILT_IN_NAME : name_of(loader, unit->file->path, unit->identity);
    return unit;
}

/* Reads the file into the unit. False with an error reported. */
static bool read_unit(struct kodosis_loader *loader, struct kodosis_unit *unit, const struct kodosis_position *position)
{
    const struct kodosis_sources *sources = loader->sources;
    char *data;
    size_t size;
    int error;

    if (unit->file->built_in) {
        unit->file->source = kodosis_built_in_text;
        unit->file->source_size = strlen(kodosis_built_in_text);
        return true;
    }
    error = sources->read(sources->self, unit->file->path, KODOSIS_LIMIT_FILE_SIZE + 1, &data, &size);

    if (error) {
        kodosis_error(loader->diagnostics, position, "cannot read %s: %s", unit->file->path, strerror(error));
        loader->io_failed |= !position;
        return false;
    }
    unit->file->source = kodosis_memory_copy(loader->memory, data, size);
    unit->file->source_size = size;
    free(data);
    return true;
}

static struct kodosis_unit *load_file(struct kodosis_loader *loader, const char *path, const char *identity,
                                      const struct kodosis_position *position)
{
    struct kodosis_unit *unit;

    if (loader->depth == KODOSIS_LIMIT_IMPORT_DEPTH || loader->started == KODOSIS_LIMIT_FILES) {
        kodosis_error(loader->diagnostics, position,
                      loader->started == KODOSIS_LIMIT_FILES ? "more than %d files" : "imports nest more than %d deep",
                      loader->started == KODOSIS_LIMIT_FILES ? KODOSIS_LIMIT_FILES : KODOSIS_LIMIT_IMPORT_DEPTH);
        return NULL;
    }
    unit = make_unit(loader, path, identity);
    if (!read_unit(loader, unit, position))
        return NULL;
    check_name(loader, unit, position);
    kodosis_table_add(&loader->by_identity, unit->identity, unit);
    loader->started++;
    loader->chain[loader->depth++] = unit;
    unit->ast = kodosis_parse(unit->file, loader->memory, loader->diagnostics);
    unit->incomplete = unit->ast->incomplete;
    load_imports(loader, unit);
    loader->depth--;
    unit->loaded = true;
    if (loader->unit_count == loader->unit_capacity) {
        loader->unit_capacity = loader->unit_capacity ? 2 * loader->unit_capacity : 16;
        loader->units = kodosis_reallocate(loader->units, loader->unit_capacity, sizeof(struct kodosis_unit *));
    }
    loader->units[loader->unit_count++] = unit;
    return unit;
}

static void load_requested(struct kodosis_loader *loader, const char *path)
{
    const struct kodosis_sources *sources = loader->sources;
    char *identity = sources->identify(sources->self, path);
    struct kodosis_unit *unit;

    if (identity && kodosis_is_built_in(sources, path, path)) {
        free(identity);
        identity = kodosis_built_in_identity();
    }
    unit = kodosis_table_find(&loader->by_identity, identity ? identity : path);
    if (!unit)
        unit = load_file(loader, path, identity ? identity : path, NULL);
    if (unit)
        unit->file->requested = true;
    free(identity);
}

void kodosis_load(struct kodosis_loader *loader, const char *const *paths, size_t path_count)
{
    for (size_t i = 0; i < path_count; i++)
        load_requested(loader, paths[i]);
}

void kodosis_loader_clear(struct kodosis_loader *loader)
{
    free(loader->units);
    kodosis_table_clear(&loader->by_identity);
    kodosis_table_clear(&loader->by_name);
}
