/* SPDX-License-Identifier: MIT */
/* What dotted names mean. */
#ifndef KODOSIS_COMPILER_CHECK_LOOKUP_H
#define KODOSIS_COMPILER_CHECK_LOOKUP_H

#include "kodosis/compiler/check/checker.h"

/* What a name means in a table of full names: in the namespace a.b the name X is a.b.X, or else a.X, or else X. */
void *kodosis__find_in(const struct kodosis_table *table, const char *scope, const char *name);

/* The declaration that a dotted name means in this unit; NULL if there is none, without a complaint. */
struct kodosis_entry *kodosis__find(struct kodosis_checker *checker, struct kodosis_unit *unit, const char *name);
struct kodosis_enumerator *kodosis__find_enumerator(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                                    const char *name);

/*
 * Whether the unit may use the entry: it is its own, or that of a file that it imports directly. Reports an error if it
 * may not.
 */
bool kodosis__use(struct kodosis_checker *checker, struct kodosis_unit *unit, const struct kodosis_entry *entry,
                  const struct kodosis_position *position);

/* "unknown WHAT 'name'; did you mean ...?", among declarations of the kinds whose bits (1 << kind) are set. */
void kodosis__unknown(struct kodosis_checker *checker, struct kodosis_unit *unit, const struct kodosis_ast_name *name,
                      const char *what, unsigned kinds);

/* Whether to search for suggestions: not after many errors, because each search takes time. */
bool kodosis__may_guess(const struct kodosis_checker *checker);

/* "a struct", "an error" */
const char *kodosis__kind_text(enum kodosis_declaration_kind kind);

#endif
