/* SPDX-License-Identifier: MIT */
/* One message out, under the send lock. */
#include "rpc/connection/send.h"

void hprpc__count_unread(struct hprpc_controller *controller, uint64_t queued)
{
    uint64_t before = controller->unread, now = queued < HPRPC__UNREAD_LEAST ? 0 : queued;

    hprpc__assert_locked(&controller->lock);
    if (KODOSIS_LIKELY(now == before) || !controller->quota)
        return;
    controller->unread = now;
    hprpc__quota_count_unread(controller->quota, before, now);
}

void hprpc__look_at_queue(struct hprpc_controller *controller, bool tells)
{
    struct hprpc__host *host = controller->pump.host;
    size_t queued = hprpc__queued(controller);

    if ((queued >= HPRPC__UNREAD_LEAST || controller->unread) && hprpc__state(controller) != HPRPC__BROKEN)
        hprpc__count_unread(controller, queued);
    if (tells && queued)
        host->watch_changed(host, controller);
}

int hprpc__flush(struct hprpc_controller *controller)
{
    struct hprpc_channel *channel = controller->channel;
    int r = 0;

    if (!hprpc__queued(controller))
        return 0;
    hprpc__mutex_lock(&controller->lock);
    r = channel->ops->flush(channel);
    if (r == 0)
        controller->progress++;
    hprpc__look_at_queue(controller, false);
    hprpc__mutex_unlock(&controller->lock);
    return r;
}

int hprpc__send(struct hprpc_controller *controller, const struct hprpc_header *header, const void *body, uint32_t size)
{
    struct hprpc_reservation reservation;
    int r;

    hprpc__assert_locked(&controller->lock);
    r = controller->channel->ops->start_call(controller->channel, header, size, &reservation);
    if (r < 0)
        return r;
    kodosis_write_run(&reservation.writer, body, size);
    return hprpc__publish(controller, &reservation);
}
