/* SPDX-License-Identifier: MIT */
/* Interface files that exist only in memory. */
#ifndef TESTS_COMPILER_MEMORY_SOURCES_H
#define TESTS_COMPILER_MEMORY_SOURCES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kodosis/compiler/compile.h"

enum { MEMORY_FILES_MAX = 2048 };

struct memory_file {
    const char *path;
    const char *text;
    size_t size;
};

struct memory_sources {
    struct memory_file files[MEMORY_FILES_MAX];
    size_t count;
};

/* Puts a file there; path and text are borrowed. */
void memory_sources_add(struct memory_sources *sources, const char *path, const char *text, size_t size);

/* Compiles the files called `path`; the import path is "include". */
const struct kodosis_model *memory_sources_compile(struct memory_sources *sources, const char *path,
                                                   struct kodosis_compilation *compilation);

/* Compiles one text, "a.kod". */
const struct kodosis_model *compile_text(const char *text, size_t size, struct kodosis_compilation *compilation);

/* Fails the test unless the text compiles without a word. */
const struct kodosis_model *compile_good(const char *text, struct kodosis_compilation *compilation);

/* Fails the test unless compiling the text gives exactly one error, with this place and message. */
void expect_error(const char *text, size_t size, const char *expected);

/* The declaration with this name in the last file. */
const struct kodosis_declaration *declaration_of(const struct kodosis_model *model, const char *name);

#endif
