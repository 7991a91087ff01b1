/* SPDX-License-Identifier: MIT */
/* Which connection a log line is about: its peer, its number, its age, its calls. */
#ifndef HPRPC_RPC_CONNECTION_IDENTITY_H
#define HPRPC_RPC_CONNECTION_IDENTITY_H

#include "rpc/connection/connection.h"

/* Room for the address of a peer and what is around it. */
struct hprpc__identity {
    char text[200];
};

/* "connection 17 from tcp 192.0.2.7:40112", or "connection to tcp 192.0.2.1:7788" of a client. Any thread, not under the lock. */
const char *hprpc__identity(struct hprpc_controller *controller, struct hprpc__identity *ret_identity);

/* The same with age and calls. */
const char *hprpc__identity_full(struct hprpc_controller *controller, struct hprpc__identity *ret_identity);

#endif
