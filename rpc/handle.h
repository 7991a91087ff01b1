/* SPDX-License-Identifier: MIT */
/* The function that client and server give a new controller. */
#ifndef HPRPC_RPC_HANDLE_H
#define HPRPC_RPC_HANDLE_H

#include "rpc/connection/connection.h"

/* Frees what calling and serving keep on a connection: for struct hprpc__controller_setup. */
void hprpc__controller_clear_roles(struct hprpc_controller *controller);

#endif
