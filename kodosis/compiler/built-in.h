/* SPDX-License-Identifier: MIT */
/*
 * kodosis.kod, the types that ship with the compiler. The program has its text in itself, so `import "kodosis.kod"` needs no path; a
 * file of that name and with that text, which an import path leads to, is the same one.
 */
#ifndef KODOSIS_COMPILER_BUILT_IN_H
#define KODOSIS_COMPILER_BUILT_IN_H

#include <stdbool.h>

#include "kodosis/compiler/sources.h"

#define KODOSIS_BUILT_IN "kodosis.kod"            /* as it is imported, and as its path is shown */
#define KODOSIS_BUILT_IN_NAME "kodosis/known.kod" /* names its header, <kodosis/known.h> */
#define KODOSIS_BUILT_IN_IDENTITY "built in: kodosis.kod"

extern const char kodosis_built_in_text[];

/*
 * Whether an import of `name` means the built-in file: it is called so, and the file that was found at `path` has the same text, or
 * none was found (NULL).
 */
bool kodosis_is_built_in(const struct kodosis_sources *sources, const char *name, const char *path);

/* Its identity, malloc'ed. */
char *kodosis_built_in_identity(void);

#endif
