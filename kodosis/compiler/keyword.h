/*
 * The words of the language, and what somebody may have meant who wrote another.
 */
#ifndef KODOSIS_COMPILER_KEYWORD_H
#define KODOSIS_COMPILER_KEYWORD_H

#include "kodosis/compiler/model.h"

/* Scalars, string and bytes by name: true and the kind, or false. */
bool kodosis_builtin_find(const char *name, size_t size, enum kodosis_type_kind *ret_kind);

/* The name of a scalar, string or bytes. */
const char *kodosis_builtin_name(enum kodosis_type_kind kind);

/* Words that name nothing, not even a member: the types, true, false, void and stream. */
bool kodosis_is_reserved(const char *name, size_t size);

/* All words of the language: no declaration has such a name. */
bool kodosis_is_keyword(const char *name, size_t size);

/* The best match found so far for a word that is unknown. */
struct kodosis_guess {
    const char *wrong;
    size_t wrong_size;
    const char *best; /* NULL: nothing is close enough */
    size_t distance;
};

struct kodosis_guess kodosis_guess_begin(const char *wrong, size_t size);

/* Considers a candidate, which must stay where it is. The earlier one wins between equals. */
void kodosis_guess_consider(struct kodosis_guess *guess, const char *candidate);

/* Considers every word that may begin a type. */
void kodosis_guess_consider_types(struct kodosis_guess *guess);

#endif
