/* SPDX-License-Identifier: MIT */
/*
 * Which incoming call ids are in use. Ids are small numbers, dense from 0, so this is a table. Its pages are made when they are
 * needed and never move, because answers clear their cells on any thread.
 */
#include "rpc/serve/call-ids.h"

static size_t size_of(uint32_t page_count)
{
    return sizeof(struct hprpc__call_ids) + page_count * sizeof(struct hprpc__call_ids_page *);
}

static struct hprpc__call_ids *live(struct hprpc_controller *controller)
{
    uint32_t page_count = (controller->own->max_calls + HPRPC__CALL_IDS_PAGE - 1) / HPRPC__CALL_IDS_PAGE;

    if (controller->live)
        return controller->live;
    controller->live = hprpc_context_allocate(controller->context, size_of(page_count));
    if (!controller->live)
        return NULL;
    memset(controller->live, 0, size_of(page_count));
    controller->live->page_count = page_count;
    return controller->live;
}

_Atomic(struct hprpc_request *) *hprpc__call_ids_make(struct hprpc_controller *controller, uint32_t call)
{
    struct hprpc__call_ids *table = live(controller);
    struct hprpc__call_ids_page *page;

    hprpc__assert_pumping(&controller->pump);
    if (!table)
        return NULL;
    if (!table->pages[call / HPRPC__CALL_IDS_PAGE]) {
        page = hprpc_context_allocate(controller->context, sizeof(*page));
        if (!page)
            return NULL;
        for (uint32_t i = 0; i < HPRPC__CALL_IDS_PAGE; i++)
            atomic_init(&page->cells[i], NULL);
        page->streamed = 0;
        table->pages[call / HPRPC__CALL_IDS_PAGE] = page;
    }
    return hprpc__call_ids_find(controller, call);
}

void hprpc__call_ids_each(struct hprpc_controller *controller, void (*visit)(struct hprpc_request *request))
{
    for (uint32_t call = 0; controller->live && call < controller->own->max_calls; call++) {
        _Atomic(struct hprpc_request *) *cell = hprpc__call_ids_find(controller, call);
        struct hprpc_request *request = cell ? atomic_load(cell) : NULL;

        if (request)
            visit(request);
    }
}

void hprpc__call_ids_clear(struct hprpc_controller *controller)
{
    struct hprpc__call_ids *table = controller->live;

    for (uint32_t i = 0; table && i < table->page_count; i++)
        hprpc_context_release(controller->context, table->pages[i], sizeof(struct hprpc__call_ids_page));
    if (table)
        hprpc_context_release(controller->context, table, size_of(table->page_count));
    controller->live = NULL;
}
