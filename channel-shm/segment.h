/* SPDX-License-Identifier: MIT */
/* Making a segment and mapping it. */
#ifndef HPRPC_CHANNEL_SHM_SEGMENT_H
#define HPRPC_CHANNEL_SHM_SEGMENT_H

#include <hprpc/channel/transport.h>

#include "channel-shm/layout.h"

/* Lays out a segment; HPRPC_EINVAL unless `slots` and `arena` are powers of two within their limits. */
int hprpc__shm_geometry_init(uint32_t slots, uint32_t arena, struct shm_geometry *ret_geometry);

/*
 * Makes a segment without a name, all of its memory allocated: a file on `directory` (/dev/shm), or a sealed memfd if
 * `sealed` or if the directory is no tmpfs, cannot be written to or has no room. The caller owns the descriptor.
 * HPRPC_ETOOBIG: over this process's limit on the size of files; HPRPC_ESYSTEM.
 */
int hprpc__shm_segment_make(const char *directory, size_t size, bool sealed, struct hprpc_detail *detail, int *ret_fd);

/*
 * Checks that a segment of the other side has this size, is allocated and, if `sealed`, cannot shrink; then maps it.
 * HPRPC_EPROTOCOL, HPRPC_ESYSTEM.
 */
int hprpc__shm_segment_map(int fd, size_t size, bool sealed, struct hprpc_detail *detail, void **ret_memory);

/* Fills a lane with pointers into a mapped segment. */
void hprpc__shm_lane_init(struct shm_lane *lane, const struct shm_geometry *geometry, void *memory, int direction);

#endif
