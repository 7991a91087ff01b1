/* SPDX-License-Identifier: MIT */
/*
 * Comments that switch rules off: `// lint: allow(rule, rule): why`. Behind code it is about that line, on a line of its own about what
 * begins behind it, with all that is in it, and in front of the namespace or behind it about the whole file.
 */
#ifndef KODOSIS_COMPILER_LINT_ALLOW_H
#define KODOSIS_COMPILER_LINT_ALLOW_H

#include "kodosis/compiler/model.h"

struct kodosis_allowance {
    const char *name; /* of the rule, in the source */
    size_t size;
    struct kodosis_position position; /* of the name */
    uint32_t first;                   /* line that it is about */
    uint32_t last;
    bool used;
};

struct kodosis_allowances {
    struct kodosis_allowance *data; /* malloc'ed */
    size_t count;
    size_t capacity;
};

/* Reads the comments of a file that has no errors of syntax. */
void kodosis_allowances_read(struct kodosis_allowances *allowances, const struct kodosis_file *file);
void kodosis_allowances_clear(struct kodosis_allowances *allowances);

/* Whether the rule is switched off at a line; what switches it off is marked as used. */
bool kodosis_is_allowed(struct kodosis_allowances *allowances, const char *rule, uint32_t line);

#endif
