/* SPDX-License-Identifier: MIT */
/*
 * What has happened on streams, told at the end of a turn: threads that wait are woken, callbacks run, pieces go on. So the elements
 * of one turn wake a thread once.
 */
#include "rpc/stream/stream.h"

#include "rpc/connection/send.h"
#include "rpc/connection/waiters.h"

enum { ROUNDS = 8 }; /* of long elements that callbacks send, in one turn */

uint32_t hprpc__stream_events(const struct hprpc__stream *stream, uint32_t events)
{
    uint32_t come = 0;

    hprpc__assert_locked(&stream->controller->lock);
    if (stream->over || stream->cut)
        return events;
    if (stream->queue.arrived || stream->heard_end || stream->failure)
        come |= HPRPC_STREAM_READABLE;
    if (!hprpc__stream_has_pieces(stream))
        come |= HPRPC__STREAM_DRAINED;
    if (stream->said_end || (events & HPRPC_STREAM_WRITABLE && !hprpc__stream_has_pieces(stream) &&
                             !stream->lacks_room && hprpc__stream_window(stream) != HPRPC__LEAVE_NONE))
        come |= HPRPC_STREAM_WRITABLE;
    return come & events;
}

static void join_news(struct hprpc__stream *stream)
{
    struct hprpc_controller *controller = stream->controller;

    stream->stirred = true;
    hprpc__list_append(&controller->streams->news, &stream->link);
    /* relaxed: as for the tickets, the lock orders it */
    atomic_fetch_add_explicit(&controller->tickets.later, 1, memory_order_relaxed);
}

void hprpc__stream_stir(struct hprpc__stream *stream)
{
    struct hprpc__pump *pump = &stream->controller->pump;

    hprpc__assert_locked(&stream->controller->lock);
    if (stream->stirred)
        return;
    /* a waiter counts itself before it looks at the stream under the lock, so it is counted here or has seen what is new */
    if (stream->notify || atomic_load(&pump->waiting))
        join_news(stream);
}

struct hprpc__notice hprpc__stream_take_notice(struct hprpc__stream *stream)
{
    struct hprpc__notice notice = { stream->notify, stream->notify_self, stream->events };

    hprpc__assert_locked(&stream->controller->lock);
    stream->notify = NULL;
    return notice;
}

void hprpc__notice_give(const struct hprpc__notice *notice)
{
    int cancellation;

    if (!notice->notify)
        return;
    cancellation = hprpc__cancellation_disable();
    notice->notify(notice->self, notice->events);
    hprpc__cancellation_restore(cancellation);
}

/* Takes the callback out if it is due. Under the lock. */
static struct hprpc__notice take_due(struct hprpc__stream *stream)
{
    struct hprpc__notice notice = { NULL, NULL, 0 };
    uint32_t come = stream->notify ? hprpc__stream_events(stream, stream->events) : 0;

    if (!come)
        return notice;
    notice = hprpc__stream_take_notice(stream);
    notice.events = come;
    return notice;
}

int hprpc__stream_register(struct hprpc__stream *stream, const struct hprpc__notice *notice)
{
    struct hprpc_controller *controller = stream->controller;
    struct hprpc__notice due = { NULL, NULL, 0 };
    int r = HPRPC_EINVAL;

    hprpc__stream_flush(stream);
    hprpc__mutex_lock(&controller->lock);
    if (!stream->notify) {
        r = 0;
        stream->notify = notice->notify;
        stream->notify_self = notice->self;
        stream->events = notice->events;
        /* after another turn there may be room */
        if (stream->lacked_at != atomic_load_explicit(&controller->turns, memory_order_relaxed))
            stream->lacks_room = false;
        due = take_due(stream);
        if (!due.notify && notice->events & HPRPC_STREAM_READABLE && stream->queue.ready) {
            due = hprpc__stream_take_notice(stream);
            due.events = HPRPC_STREAM_READABLE;
        }
        if (!due.notify && stream->lacks_room)
            hprpc__stream_stir(stream);
    }
    hprpc__mutex_unlock(&controller->lock);
    hprpc__notice_give(&due);
    return r;
}

/* ---- Telling ---- */

/* Whether this thread waits for room: a callback might send, which would take the room. */
static bool waits_for_room(const struct hprpc_controller *controller)
{
    return hprpc__pump_is_mine(&controller->pump) && controller->pump.rooms;
}

/* How many streams have news now. */
static size_t count_news(struct hprpc_controller *controller)
{
    size_t count = 0;

    hprpc__mutex_lock(&controller->lock);
    if (controller->streams) {
        for (struct hprpc__link *link = controller->streams->news.first; link; link = link->next)
            count++;
    }
    hprpc__mutex_unlock(&controller->lock);
    return count;
}

/* Tells the news of one stream. False: there are none any more. */
static bool tell_one(struct hprpc_controller *controller, bool may_call)
{
    struct hprpc__notice notice = { NULL, NULL, 0 };
    struct hprpc__stream *stream;

    hprpc__mutex_lock(&controller->lock);
    stream = (struct hprpc__stream *)hprpc__list_take(&controller->streams->news);
    if (stream) {
        atomic_fetch_sub_explicit(&controller->tickets.later, 1, memory_order_relaxed);
        stream->stirred = false;
        stream->lacks_room = false;
        if (may_call)
            notice = take_due(stream);
        else if (stream->notify)
            join_news(stream);
    }
    hprpc__mutex_unlock(&controller->lock);
    if (!stream)
        return false;
    /* from here on the stream may be gone, and is only compared with */
    hprpc__pump_wake_stream(&controller->pump, stream);
    hprpc__notice_give(&notice);
    return true;
}

/* Tells the news of so many streams: callbacks may make more of them without end. False in a child of fork. */
static bool tell(struct hprpc_controller *controller, size_t count)
{
    const struct hprpc__shared *shared = controller->shared;
    bool may_call = !waits_for_room(controller), more = true;

    while (more && count--) {
        more = tell_one(controller, may_call);
        /* a child of fork that comes out of a callback must not take the lock, which may be held for ever there */
        if (KODOSIS_UNLIKELY(!hprpc__shared_is_ours(shared)))
            return false;
    }
    return true;
}

void hprpc__streams_tell(struct hprpc_controller *controller)
{
    bool mine = hprpc__pump_is_mine(&controller->pump), corks = mine && controller->corks;
    size_t count = count_news(controller);

    if (!count)
        return;
    if (!mine) {
        tell(controller, count);
        return;
    }
    /* what the callbacks send leaves together */
    controller->corks = true;
    if (!tell(controller, count))
        return;
    controller->corks = corks;
    if (!corks)
        hprpc__flush(controller);
}

bool hprpc__streams_room_has_come(struct hprpc_controller *controller)
{
    const struct hprpc__link *link;
    bool come = false;

    hprpc__mutex_lock(&controller->lock);
    for (link = controller->streams ? controller->streams->news.first : NULL; link && !come; link = link->next) {
        const struct hprpc__stream *stream = (const struct hprpc__stream *)link;

        come = stream->lacks_room && stream->lacked_after != controller->progress;
    }
    hprpc__mutex_unlock(&controller->lock);
    return come;
}

void hprpc__streams_end_turn(struct hprpc_controller *controller)
{
    const struct hprpc__shared *shared = controller->shared;
    struct hprpc__host *host = controller->pump.host;
    bool goes_on = hprpc__streams_push(controller) || hprpc__streams_room_has_come(controller);

    hprpc__assert_pumping(&controller->pump);
    for (int rounds = 0; goes_on && rounds < ROUNDS; rounds++) {
        hprpc__streams_tell(controller);
        if (KODOSIS_UNLIKELY(!hprpc__shared_is_ours(shared)))
            return;
        goes_on = hprpc__streams_push(controller) || hprpc__streams_room_has_come(controller);
    }
    if (!goes_on)
        return;
    /* the next turn goes on, after other connections had theirs */
    hprpc__mutex_lock(&controller->lock);
    if (hprpc__state(controller) != HPRPC__BROKEN)
        host->watch_changed(host, controller);
    hprpc__mutex_unlock(&controller->lock);
}
