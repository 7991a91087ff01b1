/* SPDX-License-Identifier: MIT */
/*
 * Writes files, whole or not at all.
 */
#ifndef KODOSIS_COMPILER_WRITE_H
#define KODOSIS_COMPILER_WRITE_H

#include "kodosis/compiler/text/text.h"

/*
 * Writes a file under a temporary name beside it and renames it; missing directories are made. 0, or an errno value and no
 * file but the one that was there before.
 */
int kodosis_write_file(const char *path, const struct kodosis_text *text);

/* Whether a file has this text. False also where it cannot be read. */
bool kodosis_file_has(const char *path, const struct kodosis_text *text);

/* Appends a path as makefiles want it: blanks, '#' and '$' escaped. */
void kodosis_depfile_add(struct kodosis_text *text, const char *path);

#endif
