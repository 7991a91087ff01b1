/* SPDX-License-Identifier: MIT */
/* Declarations and their names. */
#ifndef KODOSIS_COMPILER_CHECK_DECLARE_H
#define KODOSIS_COMPILER_CHECK_DECLARE_H

#include "kodosis/compiler/check/checker.h"

void kodosis__declare_unit(struct kodosis_checker *checker, struct kodosis_unit *unit);
void kodosis__check_scopes(struct kodosis_checker *checker, struct kodosis_entry *entry);

#endif
