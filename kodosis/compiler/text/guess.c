/* SPDX-License-Identifier: MIT */
/* Finds the known word that is closest to an unknown one. */
#include "kodosis/compiler/text/guess.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "kodosis/compiler/limits.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Damerau-Levenshtein distance (adjacent swaps count one), case ignored. Both words are within the limit for names. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][KODOSIS_LIMIT_NAME + 1];
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];

    for (size_t j = 0; j <= b_size; j++)
        above[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *spare = before;

        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t change = above[j - 1] + !same_letter(a[i - 1], b[j - 1]);

            row[j] = smaller(change, smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]))
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
        before = above;
        above = row;
        row = spare;
    }
    return above[b_size];
}

struct kodosis_guess kodosis_guess_begin(const char *wrong, size_t size)
{
    /* a third of the letters, rounded up, may be wrong: one letter in a word of three, two in a word of four */
    return (struct kodosis_guess){ .wrong = wrong, .wrong_size = size, .distance = (size + 2) / 3 + 1 };
}

void kodosis_guess_consider(struct kodosis_guess *guess, const char *candidate)
{
    size_t size = strlen(candidate);
    size_t difference = size > guess->wrong_size ? size - guess->wrong_size : guess->wrong_size - size;
    size_t found;

    if (size > KODOSIS_LIMIT_NAME || guess->wrong_size > KODOSIS_LIMIT_NAME || difference >= guess->distance)
        return;
    found = distance(guess->wrong, guess->wrong_size, candidate, size);
    if (found < guess->distance) {
        guess->best = candidate;
        guess->distance = found;
    }
}
