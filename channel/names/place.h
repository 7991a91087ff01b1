/* SPDX-License-Identifier: MIT */
/* Names on this host: where a bare name lives. For the transports whose listeners have a place in the file system. */
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

/*
 * For the slot `name` of a transport: the path that a listener at the URI has, or will have when it comes. False: there is no place
 * for it, or the path does not fit.
 */
bool hprpc__place_name(const struct hprpc_uri *uri, const char *suffix, char *ret_path, size_t capacity);

#endif
