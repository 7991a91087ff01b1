/* SPDX-License-Identifier: MIT */
/* The two packets that open a connection, and the descriptors that come with the second. */
#ifndef HPRPC_CHANNEL_SHM_HANDSHAKE_H
#define HPRPC_CHANNEL_SHM_HANDSHAKE_H

#include "channel-shm/shm.h"

enum {
    SHM_MAGIC = 0x6d685348, /* "HShm" */
    SHM_VERSION = 2,
    SHM_DESCRIPTORS = 3, /* the segment, the server's and the client's doorbell; with SHM_SEALED the segment alone */
    SHM_REASON_MAX = 200,
};

enum shm_handshake_flag {
    SHM_SEALED = 0x01, /* hello: do not ask for trust; answer: the segment cannot shrink, and packets are rings */
};

/* The first packet, client to server. */
struct shm_hello {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t slots;     /* wanted, or 0 */
    uint32_t arena;     /* wanted, or 0 */
    uint32_t extension; /* wanted, or 0, or SHM_NO_EXTENSION */
};

/* The answer. With code 0 it carries the descriptors; else it is the last packet, and its reason is a sentence. */
struct shm_answer {
    uint32_t magic;
    uint32_t version;
    int32_t code;
    uint32_t flags;
    uint32_t slots;
    uint32_t arena;
    uint32_t extension;
    uint32_t reserved; /* 0 */
    uint64_t size;     /* of the segment */
    char reason[SHM_REASON_MAX];
};

_Static_assert(sizeof(struct shm_hello) == 24 && sizeof(struct shm_answer) == 240, "packets have no padding");

/* Sends one packet with `count` descriptors. 0, HPRPC_EPEERDIED, HPRPC_ESYSTEM. */
int hprpc__shm_packet_send(int socket, const void *packet, size_t size, const int *fds, size_t count,
                           struct hprpc_detail *detail);

/*
 * Takes one packet of exactly `size` bytes with at most `count` descriptors (`ret_fds`, -1 where none came; the caller
 * owns them, and gets none on failure). 1; 0, none is there; HPRPC_EPEERDIED, HPRPC_EPROTOCOL, HPRPC_ESYSTEM.
 */
int hprpc__shm_packet_receive(int socket, void *ret_packet, size_t size, int *ret_fds, size_t count,
                              struct hprpc_detail *detail);

#endif
