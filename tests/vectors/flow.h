/* SPDX-License-Identifier: MIT */
/* The service whose procedures have streams. */
#ifndef VECTORS_FLOW_H
#define VECTORS_FLOW_H

#include "vectors.h"

extern const struct vectors_flow_service flow_service;

#endif
