/* SPDX-License-Identifier: MIT */
/*
 * Which known word the author of an unknown one may have meant.
 */
#ifndef KODOSIS_COMPILER_TEXT_GUESS_H
#define KODOSIS_COMPILER_TEXT_GUESS_H

#include <stddef.h>

/* The best match found so far for a word that is unknown. */
struct kodosis_guess {
    const char *wrong;
    size_t wrong_size;
    const char *best; /* NULL: nothing is close enough */
    size_t distance;
};

struct kodosis_guess kodosis_guess_begin(const char *wrong, size_t size);

/* Considers a candidate; its text must outlive the guess. Of two that are equally close the first is kept. */
void kodosis_guess_consider(struct kodosis_guess *guess, const char *candidate);

#endif
