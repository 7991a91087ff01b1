/* SPDX-License-Identifier: MIT */
/* Sockets that are handed in: what they must be before a transport takes them over. */
#ifndef HPRPC_CHANNEL_HANDED_H
#define HPRPC_CHANNEL_HANDED_H

#include <hprpc/error.h>

#include <stdbool.h>

/*
 * Looks whether a descriptor is a stream socket that listens, or is connected, and then makes it non-blocking.
 * Returns its family (AF_INET ...), or HPRPC_EINVAL, HPRPC_ESYSTEM; the sentence is about "it", so that
 * the caller can say which one.
 */
int hprpc__handed_look(int fd, bool listens, struct hprpc_detail *detail);

#endif
