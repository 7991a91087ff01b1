/* SPDX-License-Identifier: MIT */
/* Interface files below a folder. */
#ifndef KODOSIS_COMPILER_FIND_H
#define KODOSIS_COMPILER_FIND_H

#include <stdbool.h>
#include <stddef.h>

struct kodosis_found {
    char **paths; /* malloc'ed, each of them too */
    size_t count;
    size_t capacity;
};

/* Whether a path ends as those of interface files do. */
bool kodosis_is_interface_file(const char *path);

/*
 * Appends all interface files below a folder, sorted by their paths. Folders and files whose names begin with a '.' are left out, and
 * so are links to folders. 0, or an errno value, with `found` as far as it came; kodosis_found_clear() frees it in any case.
 */
int kodosis_find_files(const char *folder, struct kodosis_found *found);
void kodosis_found_clear(struct kodosis_found *found);

#endif
