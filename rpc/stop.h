/* SPDX-License-Identifier: MIT */
/* The end of a server: it stops listening, and its connections drain. */
#ifndef HPRPC_RPC_STOP_H
#define HPRPC_RPC_STOP_H

#include "rpc/server.h"

bool hprpc__server_is_told_to_stop(struct hprpc_server *server);

/* When all connections of a host must end: `stop_deadline` of struct hprpc__host. */
hprpc__deadline hprpc__server_ends(struct hprpc__host *host);

/* Stops listening, and serves until the requests that are kept have finished, or the stop deadline. 0 or HPRPC_ESYSTEM. */
int hprpc__server_drain(struct hprpc_server *server);

/* Sends what a loop's connections have not sent yet, until the stop deadline at most. On the loop's thread. */
void hprpc__server_send_rest(struct hprpc_server *server, struct hprpc__loop *loop);

/* The same two in steps that do not wait. 0: it goes on; HPRPC_ECLOSED: the end is reached. */
int hprpc__server_go_on_stopping(struct hprpc_server *server);

/* When the next of these steps is due, at the latest: `deadline` is the loop's own. */
hprpc__deadline hprpc__server_next_look(struct hprpc_server *server, uint64_t now, hprpc__deadline deadline);

/* Takes a signal of hprpc_server_stop_on_signal. */
void hprpc__server_take_signal(struct hprpc_server *server);

void hprpc__server_forget_signals(struct hprpc_server *server);

#endif
