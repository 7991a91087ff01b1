/* SPDX-License-Identifier: MIT */
/* What a controller's makers give it. */
#ifndef HPRPC_RPC_HANDLE_H
#define HPRPC_RPC_HANDLE_H

#include "rpc/connection/connection.h"

/* Frees what calling and serving keep on a connection: for struct hprpc__controller_setup. */
void hprpc__controller_clear_roles(struct hprpc_controller *controller);

#endif
