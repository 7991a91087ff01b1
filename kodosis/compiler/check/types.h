/* SPDX-License-Identifier: MIT */
/* Types that are not made of others. */
#ifndef KODOSIS_COMPILER_CHECK_TYPES_H
#define KODOSIS_COMPILER_CHECK_TYPES_H

#include "kodosis/compiler/check/checker.h"

/* The one type like `wanted`, whose text is `text`; made if it is new. */
struct kodosis_type *kodosis__intern(struct kodosis_checker *checker, const struct kodosis_type *wanted,
                                     const char *text);
const struct kodosis_type *kodosis__builtin(struct kodosis_checker *checker, enum kodosis_type_kind kind);

/* The type that takes the place of one that was reported as wrong, so that the rest can be checked. */
const struct kodosis_type *kodosis__no_type(struct kodosis_checker *checker);

/* The enum, struct or union that a name means; kodosis__no_type, with an error reported, if it means none. */
const struct kodosis_type *kodosis__named_type(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                               const struct kodosis_ast_name *name);

/*
 * The type that the syntax means, if that is a scalar, a string, bytes or a declared type. NULL, without an error
 * reported, if it is made of other types.
 */
const struct kodosis_type *kodosis__simple_type(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                                const struct kodosis_ast_type *ast);

#endif
