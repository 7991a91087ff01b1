/* SPDX-License-Identifier: MIT */
/* The other side of a connection. */
#ifndef HPRPC_PEER_H
#define HPRPC_PEER_H

#include <stdint.h>

/* Describes the other side. Numbers that the transport cannot know are -1, and the text says so. */
struct hprpc_peer {
    char address[108];     /* "127.0.0.1:41234", "pid 4711": for people */
    const char *transport; /* "tcp", "pipe", "shm": the scheme, static */
    int64_t pid, uid, gid;
};

#endif
