/* SPDX-License-Identifier: MIT */
/* Which incoming call ids are in use. */
#ifndef HPRPC_RPC_SERVE_CALL_IDS_H
#define HPRPC_RPC_SERVE_CALL_IDS_H

#include "rpc/connection/connection.h"

/* The cell that marks an id as in use; NULL when there is no memory. `call` is below the limit. By the pump's owner. */
_Atomic(struct hprpc_request *) *hprpc__call_ids_cell(struct hprpc_controller *controller, uint32_t call);

/* The cell of an id, or NULL if it was never used. By the pump's owner. */
_Atomic(struct hprpc_request *) *hprpc__call_ids_find(struct hprpc_controller *controller, uint32_t call);

/* Calls `visit` with every request that is marked. By the pump's owner. */
void hprpc__call_ids_each(struct hprpc_controller *controller, void (*visit)(struct hprpc_request *request));

void hprpc__call_ids_clear(struct hprpc_controller *controller);

#endif
