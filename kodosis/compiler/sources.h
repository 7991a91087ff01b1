/* SPDX-License-Identifier: MIT */
/*
 * Where interface files come from. The program reads the file system; tests may hold them in memory.
 */
#ifndef KODOSIS_COMPILER_SOURCES_H
#define KODOSIS_COMPILER_SOURCES_H

#include <stddef.h>

struct kodosis_sources {
    void *self;

    /* Reads at most `limit` bytes. 0 and a malloc'ed block, or an errno value. */
    int (*read)(void *self, const char *path, size_t limit, char **ret_data, size_t *ret_size);

    /* A malloc'ed string that is the same for all paths to one file; NULL if there is no such file. */
    char *(*identify)(void *self, const char *path);
};

extern const struct kodosis_sources kodosis_file_system;

#endif
