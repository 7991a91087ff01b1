/* SPDX-License-Identifier: MIT */
/* A server of test.Tiny on a thread of its own, which may come and go at one address. */
#ifndef TESTS_RPC_PLACE_H
#define TESTS_RPC_PLACE_H

#include <pthread.h>

#include "support/tiny.h"

struct place {
    struct hprpc_server *server;
    pthread_t thread;
    char uri[HPRPC_URI_MAX];
};

/* Opens a server; `uri` may be the one that `place` had before. The test fails where it cannot listen. */
void place_open(struct place *place, const char *uri);
void place_close(struct place *place);

#endif
