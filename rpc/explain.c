/* SPDX-License-Identifier: MIT */
/* How a sentence comes to a call: as it is, or as a copy in a ticket that holds nothing else. */
#include "rpc/explain.h"

struct hprpc_pending_call *hprpc__sentence_ticket(struct hprpc_stub *stub, int code)
{
    struct hprpc_controller *controller = stub->client->controller;
    struct hprpc_pending_call *pending = NULL;

    if (!stub->call)
        return NULL;
    hprpc__mutex_lock(&controller->lock);
    if (hprpc__ticket_new(controller, HPRPC_NO_TIMEOUT, &pending) == 0)
        pending->answered = true; /* no answer will come, so clearing the call puts the ticket away */
    hprpc__mutex_unlock(&controller->lock);
    if (pending)
        hprpc__ticket_finish(pending, code);
    stub->call->pending = pending;
    return pending;
}

/* Copies a sentence into a ticket. NULL: no memory. */
static const char *copy_sentence(struct hprpc_pending_call *pending, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = pending->own_text.text;

    if (size > sizeof(pending->own_text.text))
        copy = kodosis_arena_allocate(&pending->arena, size);
    return copy ? memcpy(copy, text, size) : NULL;
}

int hprpc__explain_copy(struct hprpc_stub *stub, int code, const char *text)
{
    struct hprpc_pending_call *pending = text ? hprpc__sentence_ticket(stub, code) : NULL;

    return hprpc__explain(stub->call, code, pending ? copy_sentence(pending, text) : NULL);
}

int hprpc__explain_end(struct hprpc_stub *stub, int code)
{
    const struct hprpc_controller *controller = stub->client->controller;

    /* the reason is written once, before the state says BROKEN; without memory for it, it tells about other requests */
    if (controller->reason.text == hprpc_error_text(controller->code))
        return hprpc__explain(stub->call, code, NULL);
    return hprpc__explain_copy(stub, code, controller->reason.text);
}

int hprpc__explain_value(struct hprpc_stub *stub, int code)
{
    const struct kodosis_writer *writer = &stub->reservation.writer;

    if (code == HPRPC_ESYSTEM)
        return hprpc__explain(stub->call, code, "an fd cannot be copied: no more descriptors may be open");
    if (code == HPRPC_EINVAL && writer->status == KODOSIS_OK && writer->cursor == writer->end)
        return hprpc__explain(stub->call, code, "an fd among the arguments is not open");
    if (code == HPRPC_EINVAL && writer->status == KODOSIS_BAD_DESCRIPTOR)
        return hprpc__explain(stub->call, code, "an fd among the arguments is negative, or there are more than 16");
    if (code != HPRPC_EINVAL)
        return hprpc__explain(stub->call, code, NULL);
    return hprpc__explain(stub->call, HPRPC_EINVAL,
                          "the arguments cannot be encoded: a string or list is too long, or changed meanwhile");
}
