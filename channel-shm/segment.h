/* SPDX-License-Identifier: MIT */
/* Making a segment and mapping it. */
#ifndef HPRPC_CHANNEL_SHM_SEGMENT_H
#define HPRPC_CHANNEL_SHM_SEGMENT_H

#include <hprpc/channel/transport.h>

#include "channel-shm/layout.h"

/* Lays out a segment; HPRPC_EINVAL unless all are powers of two within their limits; `extension` may be 0, too. */
int hprpc__shm_geometry_init(uint32_t slots, uint32_t arena, uint32_t extension, struct shm_geometry *ret_geometry);

/* Whether this process may make a file of this size. */
bool hprpc__shm_segment_allowed(size_t size);

/*
 * Makes a segment without a name, the first `allocated` bytes of its memory allocated: a file on `directory` (/dev/shm), or a
 * sealed memfd if `sealed` or if the directory is no tmpfs, cannot be written to, is small or has no room. The caller owns the
 * descriptor. HPRPC_ETOOBIG: over this process's limit on the size of files; HPRPC_ESYSTEM.
 */
int hprpc__shm_segment_make(const char *directory, size_t size, size_t allocated, bool sealed,
                            struct hprpc_detail *detail, int *ret_fd);

/*
 * Checks that a segment of the other side has this size, is allocated as far as it must be and, if `sealed`, cannot shrink; then
 * maps all of it, or, where addresses are short, the first `allocated` bytes. HPRPC_EPROTOCOL, HPRPC_ESYSTEM.
 */
int hprpc__shm_segment_map(int fd, size_t size, size_t allocated, bool sealed, struct hprpc_detail *detail,
                           void **ret_memory, size_t *ret_mapped);

/*
 * Allocates memory of an extension for the sender, so that touching it cannot fail. 0 or an errno number, and then it gives back
 * what it got.
 */
int hprpc__shm_extension_allocate(uint8_t *memory, size_t size);

/*
 * Maps memory of an extension for the receiver, which the sender has allocated, so that reading it cannot fail. 0 or an errno
 * number; with a size of 0 it tells whether the system has this at all.
 */
int hprpc__shm_extension_find(uint8_t *memory, size_t size);

/* Fills a lane with pointers into a segment, the first `mapped` bytes of which are mapped. */
void hprpc__shm_lane_init(struct shm_lane *lane, const struct shm_geometry *geometry, void *memory, size_t mapped,
                          int direction);

#endif
