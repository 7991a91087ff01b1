/* SPDX-License-Identifier: MIT */
/* The procedures of a service. */
#ifndef KODOSIS_COMPILER_DOC_SERVICES_H
#define KODOSIS_COMPILER_DOC_SERVICES_H

#include "kodosis/compiler/doc/links.h"

/* Appends each procedure: what it is called with, what it gives, what it raises, its bytes and its hash. */
void doc_add_procedures(const struct doc_page *page, const struct kodosis_declaration *service);

#endif
