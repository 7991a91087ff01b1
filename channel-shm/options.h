/* SPDX-License-Identifier: MIT */
/* What the URI of a shared-memory transport may say. */
#ifndef HPRPC_CHANNEL_SHM_OPTIONS_H
#define HPRPC_CHANNEL_SHM_OPTIONS_H

#include <sys/types.h>

#include <hprpc/channel/transport.h>

/* What a URI says. */
struct shm_options {
    enum hprpc_wait wait;
    uint32_t slots, arena; /* 0 where it says nothing */
    uint32_t extension;    /* likewise; SHM_NO_EXTENSION: none */
    mode_t mode;           /* of a listener's socket; to a client it says nothing */
    bool untrusted;        /* bodies are copied before they are read, and the segment cannot shrink */
};

/* HPRPC_EURI. */
int hprpc__shm_options(const struct hprpc_uri *uri, struct hprpc_detail *detail, struct shm_options *ret_options);

#endif
