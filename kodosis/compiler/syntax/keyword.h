/* SPDX-License-Identifier: MIT */
/*
 * The words of the language, and which of them the author of an unknown word may have meant.
 */
#ifndef KODOSIS_COMPILER_SYNTAX_KEYWORD_H
#define KODOSIS_COMPILER_SYNTAX_KEYWORD_H

#include "kodosis/compiler/model.h"
#include "kodosis/compiler/text/guess.h"

/* The words that declarations begin with, in the order of enum kodosis_declaration_kind. */
enum { KODOSIS_DECLARATION_WORDS = KODOSIS_ALIAS + 1 };
extern const char *const kodosis_declaration_words[KODOSIS_DECLARATION_WORDS];

/* Scalars, string and bytes by name: true and the kind, or false. */
bool kodosis_builtin_find(const char *name, size_t size, enum kodosis_type_kind *ret_kind);

/* The name of a scalar, string or bytes. */
const char *kodosis_builtin_name(enum kodosis_type_kind kind);

/* Words that not even a member can have as its name: the types, true, false, void and stream. */
bool kodosis_is_reserved(const char *name, size_t size);

/* All words of the language: no declaration has such a name. */
bool kodosis_is_keyword(const char *name, size_t size);

/* Considers the names that other languages have for list, optional and map. */
void kodosis_guess_consider_brackets(struct kodosis_guess *guess);

/* Considers every word that may begin a type. */
void kodosis_guess_consider_types(struct kodosis_guess *guess);

#endif
