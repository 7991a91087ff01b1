/*
 * Names on this host: where a bare name lives, who may claim it, and what a killed owner left behind. Shared by the
 * transports whose listeners have a place in the file system.
 */
#ifndef HPRPC_CHANNEL_NAMES_PLACE_H
#define HPRPC_CHANNEL_NAMES_PLACE_H

#include <sys/types.h>

#include <hprpc/channel/transport.h>

enum { HPRPC__PATH_MAX = 100 }; /* fits a Unix-domain socket address, with a suffix to spare */

/*
 * The path behind a URI's rest. An absolute path is itself; a bare name, with `suffix` behind it, lives in a private
 * directory (0700, owned by this uid, both checked) in the first of /run/user/UID and /dev/shm that exists; it is made
 * with `create`. Without it, a place where the name is there goes before one where it is not.
 * HPRPC_EURI (a name with a slash, too long), HPRPC_EADDRESS, HPRPC_EPERMISSION.
 */
int hprpc__place_find(const struct hprpc_uri *uri, const char *suffix, bool create, struct hprpc_detail *detail,
                      char ret_path[HPRPC__PATH_MAX]);

/* The same with other places for private directories than the two of the system: a NULL-terminated list. */
int hprpc__place_find_in(const char *const *directories, const struct hprpc_uri *uri, const char *suffix, bool create,
                         struct hprpc_detail *detail, char ret_path[HPRPC__PATH_MAX]);

/* A claim on a path, held by a lock on "<path>.lock" for as long as the listener lives. */
struct hprpc__claim {
    int lock_fd;
    char path[HPRPC__PATH_MAX];
};

/*
 * Claims a path: HPRPC_EINUSE when a live process holds it. Otherwise removes what a dead one left: the path itself, if it
 * is of type `type` (S_IFIFO, S_IFSOCK) and ours, and every "<path>.*" of that type and ours, but for the names of
 * another claim ("<path>.x" and "<path>.x.*" while "<path>.x.lock" exists).
 * HPRPC_EADDRESS (something else is at the path), HPRPC_EPERMISSION (it is another user's), HPRPC_ESYSTEM.
 */
int hprpc__claim_take(struct hprpc__claim *claim, const char *path, mode_t type, struct hprpc_detail *detail);

/* Removes the path and the lock file, and gives the claim up. Safe on a claim that was never taken (lock_fd -1). */
void hprpc__claim_drop(struct hprpc__claim *claim);

#endif
