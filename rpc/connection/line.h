/* SPDX-License-Identifier: MIT */
/*
 * The line of a connection: requests that found no credit or no room. The first in the line is served first, and a request that
 * comes later waits behind it, however small it is. So a large request is not overtaken for ever by small ones.
 *
 * Two kinds of request would wait for ever behind the line, and go to its front: those of handlers on this connection, for which
 * the other side may wait, and those that the pumping thread makes inside its own wait for room. Callbacks of finished calls do
 * not run inside that wait (hprpc__ticket_finish): they could make such requests without end.
 */
#ifndef HPRPC_RPC_CONNECTION_LINE_H
#define HPRPC_RPC_CONNECTION_LINE_H

#include "rpc/connection/connection.h"
#include "rpc/connection/waiters.h"

/* Whether other requests wait that come before this one; `room` is NULL where it is not in the line. Under the lock. */
static inline bool hprpc__line_is_behind(const struct hprpc_controller *controller, const struct hprpc__room *room)
{
    return KODOSIS_UNLIKELY(!hprpc__list_is_empty(&controller->line)) &&
           (!room || controller->line.first != &room->link);
}

/* Puts a request into the line, at its end or at its front. Under the lock. */
static inline void hprpc__line_join(struct hprpc_controller *controller, struct hprpc__room *room, bool goes_first)
{
    hprpc__assert_locked(&controller->lock);
    room->in_line = true;
    if (goes_first)
        hprpc__list_put_in_front(&controller->line, &room->link);
    else
        hprpc__list_append(&controller->line, &room->link);
}

/*
 * Takes a request out of the line: the next may go. Under the lock. After that the caller stirs (hprpc__pump_stir) and kicks the
 * pump, not under the lock; a waiter that counts itself too late for that sees `progress`.
 */
static inline void hprpc__line_leave(struct hprpc_controller *controller, struct hprpc__room *room)
{
    hprpc__assert_locked(&controller->lock);
    if (!room->in_line)
        return;
    hprpc__list_remove(&controller->line, &room->link);
    room->in_line = false;
    controller->progress++;
}

#endif
