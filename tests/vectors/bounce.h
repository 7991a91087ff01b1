/* SPDX-License-Identifier: MIT */
/* The service Bounce, which both sides offer to each other. */
#ifndef VECTORS_BOUNCE_H
#define VECTORS_BOUNCE_H

#include "vectors.h"

extern const struct vectors_bounce_service bounce_service;

#endif
