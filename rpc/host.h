/* SPDX-License-Identifier: MIT */
/* Making the inside of a client, and handing its connection over to an event loop. */
#ifndef HPRPC_RPC_HOST_H
#define HPRPC_RPC_HOST_H

#include "rpc/client.h"

/*
 * Makes a client without a connection: descriptors to sleep on, and what connections share. `options` are complete but for the limits.
 * HPRPC_EINVAL, HPRPC_ENOMEM, HPRPC_ESYSTEM; `detail` (or NULL) gets the sentence.
 */
int hprpc__client_new(struct hprpc_context *context, const struct hprpc_client_options *options,
                      struct hprpc_detail *detail, struct hprpc__client **ret_client);

/* Frees it; its connections may live on. */
void hprpc__client_free(struct hprpc__client *client);

/* Starts the thread of a client with HPRPC_PUMP_THREAD. HPRPC_ESYSTEM. */
int hprpc__client_start_thread(struct hprpc__client *client, struct hprpc_detail *detail);

/* Joins that thread, if it runs; it ends because the client is closed. */
void hprpc__client_join_thread(struct hprpc__client *client);

/* Tells the first state, before any thread can pump. */
void hprpc__client_tell_connecting(struct hprpc__client *client);

/* Gives a connection back to the application's loop after a wait; a kick makes the loop ask for its time-out again. */
void hprpc__client_handed_back(struct hprpc__host *host, struct hprpc_controller *controller);

/* The connection of the moment, kept for the caller. */
struct hprpc_controller *hprpc__client_keep(struct hprpc__client *client);

#endif
