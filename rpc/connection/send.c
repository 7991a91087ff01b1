/* SPDX-License-Identifier: MIT */
/* One message out, under the send lock. */
#include "rpc/connection/send.h"

#include "rpc/connection/waiters.h"

enum { UNREAD_LEAST = 64 * 1024 }; /* less on one connection is not worth counting */

void hprpc__count_unread(struct hprpc_controller *controller, uint64_t queued)
{
    uint64_t before = controller->unread, now = queued < UNREAD_LEAST ? 0 : queued;

    hprpc__assert_locked(&controller->lock);
    if (KODOSIS_LIKELY(now == before) || !controller->quota)
        return;
    controller->unread = now;
    hprpc__quota_count_unread(controller->quota, before, now);
}

/* Called after each operation that may have changed the channel's queue. */
static inline void look_at_queue(struct hprpc_controller *controller)
{
    if (KODOSIS_LIKELY(controller->channel->queued < UNREAD_LEAST && !controller->unread))
        return;
    if (hprpc__state(controller) != HPRPC__BROKEN)
        hprpc__count_unread(controller, controller->channel->queued);
}

int hprpc__publish(struct hprpc_controller *controller, struct hprpc_reservation *reservation)
{
    struct hprpc_channel *channel = controller->channel;
    bool batch = hprpc__pump_is_mine(&controller->pump) && controller->turning;
    int r;

    hprpc__assert_locked(&controller->lock);
    if (reservation->writer.status != KODOSIS_OK || reservation->writer.cursor != reservation->writer.end) {
        channel->ops->cancel_call(channel, reservation);
        return HPRPC_EINVAL;
    }
    channel->corked = batch;
    r = channel->ops->end_call(channel, reservation);
    channel->corked = false;
    look_at_queue(controller);
    if (r == 0 && channel->queued && !batch)
        controller->pump.host->watch_changed(controller->pump.host, controller);
    return r;
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
    look_at_queue(controller);
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
