/* SPDX-License-Identifier: MIT */
/* The other side of a connection. */
#ifndef HPRPC_PEER_H
#define HPRPC_PEER_H

#include <stdint.h>

/* How the bytes of a connection move. */
enum hprpc_engine {
    HPRPC_ENGINE_AUTO = 0,  /* the library chooses */
    HPRPC_ENGINE_EPOLL = 1, /* by system calls, once a descriptor is ready */
    HPRPC_ENGINE_URING = 2, /* by io_uring, where that can be: on the ring of a server's loop */
};

/* Describes the other side. Numbers that the transport cannot know are -1, and the text says so. */
struct hprpc_peer {
    char address[108];     /* "127.0.0.1:41234", "pid 4711": for people */
    const char *transport; /* "tcp", "unix", "pipe", "shm", "local": the scheme, static */
    int64_t pid, uid, gid;
    /*
     * How the bytes of a connection by sockets (tcp, unix) move, for people: "uring", "epoll", or "epoll: " and why it is not io_uring. NULL for other
     * transports. Static.
     */
    const char *engine;
};

#endif
