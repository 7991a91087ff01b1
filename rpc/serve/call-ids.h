/* SPDX-License-Identifier: MIT */
/* Which incoming call ids are in use. */
#ifndef HPRPC_RPC_SERVE_CALL_IDS_H
#define HPRPC_RPC_SERVE_CALL_IDS_H

#include "rpc/connection/connection.h"

enum { HPRPC__CALL_IDS_PAGE = 64 };

struct hprpc__call_ids_page {
    _Atomic(struct hprpc_request *) cells[HPRPC__CALL_IDS_PAGE];
    uint64_t streamed; /* a bit for each id: a request with it came with STREAM */
};

struct hprpc__call_ids {
    uint32_t page_count;
    struct hprpc__call_ids_page *pages[]; /* NULL where no id was used yet */
};

/* The cell of an id, or NULL if it was never used. By the pump's owner. */
static inline _Atomic(struct hprpc_request *) *hprpc__call_ids_find(const struct hprpc_controller *controller,
                                                                    uint32_t call)
{
    const struct hprpc__call_ids *table = controller->live;
    uint32_t page = call / HPRPC__CALL_IDS_PAGE;

    return table && page < table->page_count && table->pages[page]
               ? &table->pages[page]->cells[call % HPRPC__CALL_IDS_PAGE]
               : NULL;
}

/* Notes that a request with this id, which has a cell, came with STREAM; and asks it. By the pump's owner. */
static inline void hprpc__call_ids_set_streamed(struct hprpc_controller *controller, uint32_t call)
{
    controller->live->pages[call / HPRPC__CALL_IDS_PAGE]->streamed |= UINT64_C(1) << call % HPRPC__CALL_IDS_PAGE;
}

static inline bool hprpc__call_ids_was_streamed(const struct hprpc_controller *controller, uint32_t call)
{
    return hprpc__call_ids_find(controller, call) &&
           controller->live->pages[call / HPRPC__CALL_IDS_PAGE]->streamed >> call % HPRPC__CALL_IDS_PAGE & 1;
}

/* The slow half of hprpc__call_ids_cell. */
_Atomic(struct hprpc_request *) *hprpc__call_ids_make(struct hprpc_controller *controller, uint32_t call);

/* The cell that marks an id as in use; NULL when there is no memory. `call` is below the limit. By the pump's owner. */
static inline _Atomic(struct hprpc_request *) *hprpc__call_ids_cell(struct hprpc_controller *controller, uint32_t call)
{
    _Atomic(struct hprpc_request *) *cell = hprpc__call_ids_find(controller, call);

    return cell ? cell : hprpc__call_ids_make(controller, call);
}

/* Calls `visit` with every request that is marked. By the pump's owner. */
void hprpc__call_ids_each(struct hprpc_controller *controller, void (*visit)(struct hprpc_request *request));

void hprpc__call_ids_clear(struct hprpc_controller *controller);

#endif
