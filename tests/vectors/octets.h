/* SPDX-License-Identifier: MIT */
/* The bytes of a step, as they are written: `b7 "text" s"string" len ( 00 )*3`. */
#ifndef VECTORS_OCTETS_H
#define VECTORS_OCTETS_H

#include "vectors/script.h"

/*
 * Appends what a line says to a step. Words are taken up to the end of the line or a `#`. NULL, or what is wrong. A `len`
 * stands for the number of bytes behind it and is filled in by octets_finish, once the step is complete.
 */
const char *octets_append(struct step *step, const char *text, unsigned line);
void octets_finish(struct step *step);

#endif
