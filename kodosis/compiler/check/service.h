/* SPDX-License-Identifier: MIT */
/* Services: results, parameters, errors. */
#ifndef KODOSIS_COMPILER_CHECK_SERVICE_H
#define KODOSIS_COMPILER_CHECK_SERVICE_H

#include "kodosis/compiler/check/checker.h"

void kodosis__check_service(struct kodosis_checker *checker, struct kodosis_entry *entry);

#endif
