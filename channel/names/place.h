/* SPDX-License-Identifier: MIT */
/*
 * Names on this host: where a bare name lives, which listener has it, and what a killed listener left behind. For the
 * transports whose listeners have a place in the file system.
 */
#ifndef HPRPC_CHANNEL_NAMES_PLACE_H
#define HPRPC_CHANNEL_NAMES_PLACE_H

#include <sys/types.h>

#include <hprpc/channel/transport.h>

enum { HPRPC__PATH_MAX = 100 }; /* fits a Unix-domain socket address, with a suffix to spare */

/*
 * The path that a URI's rest names. An absolute path is itself; a bare name, with `suffix` appended, lives in a private
 * directory (0700, owned by this uid, both checked) in the first of /run/user/UID and /dev/shm that exists; it is made
 * with `create`. Without it, a place where the name is there goes before one where it is not.
 * HPRPC_EURI (a name with a slash, too long), HPRPC_EADDRESS, HPRPC_EPERMISSION.
 */
int hprpc__place_find(const struct hprpc_uri *uri, const char *suffix, bool create, struct hprpc_detail *detail,
                      char ret_path[HPRPC__PATH_MAX]);

/* The same with other places for private directories than the two of the system: a NULL-terminated list. */
int hprpc__place_find_in(const char *const *directories, const struct hprpc_uri *uri, const char *suffix, bool create,
                         struct hprpc_detail *detail, char ret_path[HPRPC__PATH_MAX]);

/* The system's places for private directories, as a NULL-terminated list that points into `ret_places`. */
struct hprpc__places {
    char runtime[64];
    const char *directories[3];
};
const char *const *hprpc__places(struct hprpc__places *ret_places);

/*
 * The path of a bare name in one place, if that place has a private directory of this uid. False where there is none, and
 * for absolute paths.
 */
bool hprpc__place_of(const char *directory, const struct hprpc_uri *uri, const char *suffix,
                     char ret_path[HPRPC__PATH_MAX]);

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
 * is of type `type` (S_IFIFO, S_IFSOCK) and ours, and every "<path>.*" of that type and ours, but for the names of
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
