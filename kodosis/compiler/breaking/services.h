/* SPDX-License-Identifier: MIT */
/* Services and procedures of two versions. */
#ifndef KODOSIS_COMPILER_BREAKING_SERVICES_H
#define KODOSIS_COMPILER_BREAKING_SERVICES_H

#include "kodosis/compiler/breaking/graph.h"

/* Compares the services of the requested files, those with one name and version. Adds their pairs of procedures. */
void kodosis__break_services(struct kodosis_breaks *breaks);

#endif
