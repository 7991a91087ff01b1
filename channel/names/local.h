/* SPDX-License-Identifier: MIT */
/* Unix-domain sockets: how one listens at a name of this host, how one connects to it, and who is on the other side. */
#ifndef HPRPC_CHANNEL_NAMES_LOCAL_H
#define HPRPC_CHANNEL_NAMES_LOCAL_H

#include <sys/socket.h>
#include <sys/un.h>

#include "channel/names/claim.h"

enum {
    HPRPC__ABSTRACT_MAX =
        sizeof(((struct sockaddr_un *)0)->sun_path) - 1, /* bytes of an abstract name behind its "@" */
    HPRPC__LOCAL_MAX = HPRPC__ABSTRACT_MAX + 2, /* of a place: a path, or "@" and an abstract name; with the NUL */
};

/* The other side of such a socket: the process that connected, or listened, and whom it was run by then. */
struct hprpc__local_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

/* Whether the rest of a URI is "@" and an abstract name: one that the system keeps beside the file system. */
static inline bool hprpc__local_is_abstract(const char *place)
{
    return place[0] == '@';
}

/* HPRPC_EURI where an abstract name is empty, or longer than the system takes. */
int hprpc__local_check_abstract(const char *place, struct hprpc_detail *detail);

/*
 * Makes a socket of a type (SOCK_STREAM, SOCK_SEQPACKET) that listens at a path that was claimed; the name in the file system has
 * exactly these permissions. The descriptor; HPRPC_EPERMISSION, HPRPC_EADDRESS, HPRPC_ESYSTEM. None of these functions blocks.
 */
int hprpc__local_listen(int type, struct hprpc__claim *claim, mode_t mode, struct hprpc_detail *detail);

/* The same at an abstract name, which is free again when its last descriptor is closed. HPRPC_EINUSE, HPRPC_ESYSTEM. */
int hprpc__local_listen_abstract(int type, const char *place, struct hprpc_detail *detail);

/*
 * Connects to a path or an abstract name. The descriptor; HPRPC_EREFUSED, HPRPC_EADDRESS (a socket of another type),
 * HPRPC_EPERMISSION, HPRPC_ESYSTEM.
 */
int hprpc__local_connect(int type, const char *place, struct hprpc_detail *detail);

/* Who is on the other side. HPRPC_ESYSTEM. */
int hprpc__local_peer(int fd, struct hprpc_detail *detail, struct hprpc__local_peer *ret_peer);

/* Writes the place that a socket listens at, as a URI has it: a path, or "@" and an abstract name. False: the system does not tell. */
bool hprpc__local_place(int fd, char ret_place[HPRPC__LOCAL_MAX]);

#endif
