/* SPDX-License-Identifier: MIT */
/* Who is at the other end of a connection. */
#ifndef HPRPC_PEER_H
#define HPRPC_PEER_H

#include <stdint.h>

/* Who is on the other side. Fields that the transport cannot know are -1, and say so in the text. */
struct hprpc_peer {
    char address[108];     /* "127.0.0.1:41234", "pid 4711": for people */
    const char *transport; /* "tcp", "pipe", "shm": the scheme, static */
    int64_t pid, uid, gid;
};

#endif
