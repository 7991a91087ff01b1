/* SPDX-License-Identifier: MIT */
/* Interface files that exist only in memory, and compiling them. */
#include "kodosis/compiler/memory-sources.h"
#include "kodosis/compiler/text/render.h"

#include <errno.h>

static const struct memory_file *find(const struct memory_sources *sources, const char *path)
{
    for (size_t i = 0; i < sources->count; i++)
        if (!strcmp(sources->files[i].path, path))
            return &sources->files[i];
    return NULL;
}

static int read_file(void *self, const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
    const struct memory_file *file = find(self, path);
    size_t size;

    if (!file)
        return ENOENT;
    size = file->size < limit ? file->size : limit;
    *ret_data = malloc(size + 1);
    assert_non_null(*ret_data);
    memcpy(*ret_data, file->text, size);
    *ret_size = size;
    return 0;
}

static char *identify(void *self, const char *path)
{
    return find(self, path) || !strcmp(path, "include") ? strdup(path) : NULL;
}

void memory_sources_add(struct memory_sources *sources, const char *path, const char *text, size_t size)
{
    assert_true(sources->count < MEMORY_FILES_MAX);
    sources->files[sources->count++] = (struct memory_file){ path, text, size };
}

const struct kodosis_model *memory_sources_compile(struct memory_sources *sources, const char *path,
                                                   struct kodosis_compilation *compilation)
{
    static const char *const import_paths[] = { "include" };
    struct kodosis_sources callbacks = { sources, read_file, identify };

    *compilation = (struct kodosis_compilation){
        .sources = &callbacks,
        .import_paths = import_paths,
        .import_path_count = 1,
    };
    return kodosis_compile(compilation, &path, 1);
}

const struct kodosis_model *compile_text(const char *text, size_t size, struct kodosis_compilation *compilation)
{
    struct memory_sources *sources = calloc(1, sizeof(*sources));
    const struct kodosis_model *model;

    assert_non_null(sources);
    memory_sources_add(sources, "a.kod", text, size);
    model = memory_sources_compile(sources, "a.kod", compilation);
    free(sources);
    return model;
}

const struct kodosis_model *compile_good(const char *text, struct kodosis_compilation *compilation)
{
    const struct kodosis_model *model = compile_text(text, strlen(text), compilation);
    struct kodosis_text messages = KODOSIS_TEXT_INIT;

    kodosis_diagnostics_render(&compilation->diagnostics, &messages, false);
    if (messages.size)
        fail_msg("%s", messages.data);
    assert_non_null(model);
    return model;
}

void expect_error(const char *text, size_t size, const char *expected)
{
    struct kodosis_compilation compilation;
    struct kodosis_text messages = KODOSIS_TEXT_INIT;

    assert_null(compile_text(text, size, &compilation));
    kodosis_diagnostics_render(&compilation.diagnostics, &messages, false);
    assert_non_null(messages.data);
    *strchr(messages.data, '\n') = '\0';
    assert_string_equal(messages.data, expected);
    assert_int_equal(compilation.diagnostics.error_count, 1);
    kodosis_text_clear(&messages);
    kodosis_compilation_clear(&compilation);
}

const struct kodosis_declaration *declaration_of(const struct kodosis_model *model, const char *name)
{
    const struct kodosis_file *file = model->files[model->file_count - 1];

    for (size_t i = 0; i < file->declaration_count; i++)
        if (!strcmp(file->declarations[i]->name, name))
            return file->declarations[i];
    fail_msg("no declaration '%s'", name);
    return NULL;
}
