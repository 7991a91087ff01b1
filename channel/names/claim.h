/* SPDX-License-Identifier: MIT */
/* Names on this host: which listener has one, and what a killed listener left behind. */
#ifndef HPRPC_CHANNEL_NAMES_CLAIM_H
#define HPRPC_CHANNEL_NAMES_CLAIM_H

#include "channel/names/place.h"

/* A claim on a path, held by a lock on "<path>.lock" for as long as the listener lives. */
struct hprpc__claim {
    int lock_fd;
    bool made; /* `device` and `inode` tell what the listener made at the path */
    dev_t device;
    ino_t inode;
    char path[HPRPC__PATH_MAX];
};

/*
 * Claims a path: HPRPC_EINUSE when a live process holds it. Otherwise removes what a dead one left: the path itself, if it
 * is of type `type` (S_IFIFO, S_IFSOCK) and ours, and where that is a FIFO every FIFO "<path>.*" that is ours, but for the names of
 * another claim ("<path>.x" and "<path>.x.*" while "<path>.x.lock" exists).
 * HPRPC_EADDRESS (something else is at the path), HPRPC_EPERMISSION (it is another user's), HPRPC_ESYSTEM.
 */
int hprpc__claim_take(struct hprpc__claim *claim, const char *path, mode_t type, struct hprpc_detail *detail);

/*
 * Finds the place of a URI's rest, as hprpc__place_find does with `create`, and claims it. A bare name that is held in another
 * of its places is HPRPC_EINUSE too: /run/user/UID comes when a user logs in and goes with the last logout, so two listeners
 * of one name may have found different places.
 */
int hprpc__claim_take_uri(struct hprpc__claim *claim, const struct hprpc_uri *uri, const char *suffix, mode_t type,
                          struct hprpc_detail *detail);

/* The same with other places than the two of the system: a NULL-terminated list. */
int hprpc__claim_take_name(struct hprpc__claim *claim, const char *const *directories, const struct hprpc_uri *uri,
                           const char *suffix, mode_t type, struct hprpc_detail *detail);

/*
 * Remembers what is at the path now, for hprpc__claim_drop. Call it once the listener has made its FIFO or socket there.
 * HPRPC_ESYSTEM when nothing is there.
 */
int hprpc__claim_made(struct hprpc__claim *claim);

/*
 * Removes the path and the lock file, if they are still the claim's own, and gives the claim up. The listener must still have
 * open what it made at the path. Safe on a claim that was never taken (lock_fd -1).
 */
void hprpc__claim_drop(struct hprpc__claim *claim);

#endif
