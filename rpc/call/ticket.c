/* SPDX-License-Identifier: MIT */
/* Tickets: their ids and credit, the pool, the outcome, deadlines, and the end of the connection. */
#include "rpc/call/ticket.h"

#include "base/single-thread.h"
#include "base/deadline.h"
#include "rpc/call/posted.h"
#include "rpc/connection/control.h"
#include "rpc/connection/descriptors.h"
#include "rpc/connection/life.h"
#include "rpc/connection/message.h"
#include "rpc/connection/waiters.h"

enum { FIRST_SLOTS = 16 };

int hprpc__ticket_more_ids(struct hprpc_controller *controller)
{
    struct hprpc__tickets *tickets = &controller->tickets;
    uint32_t capacity = tickets->capacity ? tickets->capacity * 2 : FIRST_SLOTS;
    struct hprpc__slot *slots;

    if (capacity > controller->peer.max_calls)
        capacity = controller->peer.max_calls;
    if (capacity <= tickets->capacity)
        return HPRPC_EAGAIN;
    slots = hprpc_context_allocate(controller->context, capacity * sizeof(*slots));
    if (!slots)
        return HPRPC_ENOMEM;

    if (tickets->capacity)
        memcpy(slots, tickets->slots, tickets->capacity * sizeof(*slots));
    for (uint32_t id = tickets->capacity; id < capacity; id++)
        slots[id] = (struct hprpc__slot){ NULL, id + 1, HPRPC__NO_DEPTH, false };
    hprpc_context_release(controller->context, tickets->slots, tickets->capacity * sizeof(*slots));
    tickets->slots = slots;
    tickets->free_id = tickets->capacity;
    tickets->capacity = capacity;
    return 0;
}

struct hprpc_pending_call *hprpc__ticket_make(struct hprpc_controller *controller)
{
    struct hprpc_pending_call *pending = hprpc_context_allocate(controller->context, sizeof(*pending));

    if (!pending)
        return NULL;
    pending->controller = controller;
    pending->interface = NULL;
    pending->copy = NULL;
    pending->stream = NULL;
    pending->untold = false;
    pending->body.place = HPRPC__BODY_NONE;
    kodosis_arena_init(&pending->arena, hprpc_context_allocator(controller->context),
                       (size_t)controller->own->max_decoded);
    return pending;
}

/* ---- Streams ---- */

/* Frees the streams of a call that no thread uses any more. */
static void free_stream(struct hprpc_pending_call *pending)
{
    if (pending->stream)
        hprpc__stream_free(pending->stream);
    pending->stream = NULL;
}

void hprpc__ticket_settle_stream(struct hprpc_pending_call *pending)
{
    hprpc__stream_finish(pending->stream);
    if (pending->stream->parted)
        free_stream(pending);
}

void hprpc__ticket_leave_stream(struct hprpc_pending_call *pending)
{
    struct hprpc_controller *controller = pending->controller;
    struct hprpc__notice notice;

    hprpc__mutex_lock(&controller->lock);
    notice = hprpc__stream_take_notice(pending->stream);
    hprpc__stream_discard(pending->stream, HPRPC__ARRIVAL_DROPPED);
    pending->stream->parted = true;
    /* before the answer the connection still finds the stream by the id */
    if (pending->answered)
        free_stream(pending);
    hprpc__mutex_unlock(&controller->lock);
    hprpc__notice_give(&notice);
}

enum { IDLE_LOOKS = 4 }; /* a call is idle when nothing has moved at so many looks in a row */

int hprpc__ticket_add_stream(struct hprpc_pending_call *pending, uint32_t procedure_flags)
{
    struct hprpc_controller *controller = pending->controller;

    hprpc__assert_locked(&controller->lock);
    controller->tickets.slots[pending->id].streamed = true;
    return hprpc__stream_new(controller, pending->id, false, procedure_flags, &pending->stream);
}

struct hprpc__stream *hprpc__ticket_find_stream(struct hprpc_controller *controller, uint32_t call, bool *ret_known)
{
    const struct hprpc__tickets *tickets = &controller->tickets;
    const struct hprpc__slot *slot;

    hprpc__assert_locked(&controller->lock);
    *ret_known = false;
    if (call >= tickets->capacity)
        return NULL;
    slot = &tickets->slots[call];
    *ret_known = slot->streamed && !slot->ticket;
    return slot->ticket ? slot->ticket->stream : NULL;
}

/* The ticket's deadline is the next look at whether something moves, if that comes before the deadline of the whole. */
static void set_next_look(struct hprpc_pending_call *pending, uint64_t now)
{
    uint32_t idle_ms = pending->controller->own->stream_idle_ms;
    uint64_t interval = idle_ms * HPRPC__MILLISECOND / IDLE_LOOKS;

    pending->deadline = hprpc__deadline_earlier(pending->stream->deadline, idle_ms ? now + interval : HPRPC__NEVER);
}

void hprpc__ticket_start_idle_clock(struct hprpc_pending_call *pending, uint64_t now)
{
    struct hprpc__stream *stream = pending->stream;

    if (stream->clocked)
        return;
    stream->clocked = true;
    stream->deadline = pending->deadline;
    set_next_look(pending, now);
}

/* Whether a call whose deadline has passed is really late. If not, its deadline is the next look. Under the lock. */
static bool is_late(struct hprpc_pending_call *pending, uint64_t now)
{
    struct hprpc__stream *stream = pending->stream;

    hprpc__assert_locked(&pending->controller->lock);
    if (!stream || !stream->clocked || stream->deadline <= now)
        return true;
    stream->silent = stream->moved ? 0 : (uint8_t)(stream->silent + 1);
    stream->moved = false;
    if (stream->silent >= IDLE_LOOKS) {
        stream->idle = true;
        return true;
    }
    set_next_look(pending, now);
    return false;
}

/* ---- Ids, the queue and the pool ---- */

int hprpc__ticket_new(struct hprpc_controller *controller, uint32_t timeout_ms, struct hprpc_pending_call **ret_pending)
{
    struct hprpc_pending_call *pending = hprpc__ticket_take(controller, timeout_ms);

    if (!pending)
        return HPRPC_ENOMEM;
    *ret_pending = pending;
    return 0;
}

int hprpc__ticket_assign_id(struct hprpc_pending_call *pending, uint32_t charge)
{
    int r = hprpc__ticket_find_id(pending->controller);

    hprpc__assert_locked(&pending->controller->lock);
    if (r == 0)
        hprpc__ticket_take_id(pending, charge);
    return r;
}

void hprpc__ticket_release(struct hprpc_pending_call *pending)
{
    hprpc__assert_locked(&pending->controller->lock);
    hprpc__ticket_settle(pending);
    free_stream(pending);
    pending->controller->tickets.held--;
    hprpc__ticket_pool(pending);
}

void hprpc__ticket_free_id(struct hprpc_pending_call *pending)
{
    hprpc__assert_locked(&pending->controller->lock);
    hprpc__ticket_settle(pending);
    pending->answered = false;
}

void hprpc__ticket_enqueue(struct hprpc_pending_call *pending, const struct hprpc_interface *interface)
{
    struct hprpc__tickets *tickets = &pending->controller->tickets;

    hprpc__assert_locked(&pending->controller->lock);
    hprpc__list_append(&tickets->queue, &pending->link);
    pending->interface = interface;
    atomic_fetch_add_explicit(&tickets->later, 1, memory_order_relaxed);
}

void hprpc__ticket_dequeue(struct hprpc_pending_call *pending)
{
    struct hprpc__tickets *tickets = &pending->controller->tickets;

    hprpc__assert_locked(&pending->controller->lock);
    hprpc__list_remove(&tickets->queue, &pending->link);
    pending->interface = NULL;
    atomic_fetch_sub_explicit(&tickets->later, 1, memory_order_relaxed);
}

void hprpc__ticket_notify(struct hprpc_pending_call *pending)
{
    const struct hprpc__shared *shared = pending->controller->shared;
    int cancellation = hprpc__cancellation_disable();

    pending->notify(pending->notify_self, pending);
    hprpc__cancellation_restore(cancellation);
    /* a child of fork that comes out of `notify` must not take the lock, which may be held for ever there */
    if (KODOSIS_UNLIKELY(!hprpc__shared_is_ours(shared)))
        return;
    /* pairs with hprpc__pending_call_let_go: the thread that sets the second of the two flags puts the ticket away */
    if (hprpc__set_bits(&pending->flags, HPRPC__TOLD) & HPRPC__DROPPED)
        hprpc__ticket_put_away(pending);
}

/* ---- Callbacks that wait until their thread has room for a request ---- */

/* Whether this thread waits for room: a callback might start a call, which would take the room. */
static inline bool waits_for_room(const struct hprpc_controller *controller)
{
    return hprpc__pump_is_mine(&controller->pump) && KODOSIS_UNLIKELY(controller->pump.rooms);
}

static __attribute__((noinline)) void tell_later(struct hprpc_pending_call *pending)
{
    struct hprpc__tickets *tickets = &pending->controller->tickets;

    hprpc__mutex_lock(&pending->controller->lock);
    pending->untold = true;
    hprpc__list_append(&tickets->untold, &pending->link);
    atomic_fetch_add_explicit(&tickets->later, 1, memory_order_relaxed);
    hprpc__mutex_unlock(&pending->controller->lock);
}

static inline void tell(struct hprpc_pending_call *pending)
{
    if (waits_for_room(pending->controller))
        tell_later(pending);
    else
        hprpc__ticket_notify(pending);
}

/* Takes a ticket out of the untold ones. Under the lock. */
static void leave_untold(struct hprpc_pending_call *pending)
{
    struct hprpc__tickets *tickets = &pending->controller->tickets;

    hprpc__assert_locked(&pending->controller->lock);
    hprpc__list_remove(&tickets->untold, &pending->link);
    atomic_fetch_sub_explicit(&tickets->later, 1, memory_order_relaxed);
    pending->untold = false;
}

/* Begins to run the callbacks of the untold tickets. Returns how many there are now; 0, too, if another thread or frame runs them. */
static size_t begin_telling(struct hprpc_controller *controller)
{
    struct hprpc__tickets *tickets = &controller->tickets;
    size_t count = 0;

    hprpc__mutex_lock(&controller->lock);
    if (!tickets->telling) {
        for (struct hprpc__link *link = tickets->untold.first; link; link = link->next)
            count++;
    }
    tickets->telling |= count > 0;
    hprpc__mutex_unlock(&controller->lock);
    return count;
}

/*
 * Takes the next untold ticket, or ends the telling: NULL. The calls that callbacks make may leave others untold, and so on without
 * end, so beyond `count` only those of a broken connection are taken.
 */
static struct hprpc_pending_call *tell_next(struct hprpc_controller *controller, size_t count)
{
    struct hprpc__tickets *tickets = &controller->tickets;
    struct hprpc_pending_call *next = NULL;
    bool broken;

    hprpc__mutex_lock(&controller->lock);
    broken = hprpc__state(controller) == HPRPC__BROKEN;
    if (count || broken)
        next = hprpc__ticket_of(tickets->untold.first);
    if (next)
        leave_untold(next);
    else
        tickets->telling = false;
    /* the next turn runs the others; a host may be gone when its connection has ended */
    if (!next && !broken && !hprpc__list_is_empty(&tickets->untold))
        controller->pump.host->watch_changed(controller->pump.host, controller);
    hprpc__mutex_unlock(&controller->lock);
    return next;
}

void hprpc__tickets_tell(struct hprpc_controller *controller)
{
    const struct hprpc__shared *shared = controller->shared;
    struct hprpc_pending_call *next;
    size_t count;

    if (waits_for_room(controller))
        return;
    count = begin_telling(controller);
    if (!count)
        return;
    while ((next = tell_next(controller, count))) {
        count -= count > 0;
        hprpc__ticket_notify(next);
        if (KODOSIS_UNLIKELY(!hprpc__shared_is_ours(shared)))
            return;
    }
}

void hprpc__ticket_tell_now(struct hprpc_pending_call *pending)
{
    struct hprpc_controller *controller = pending->controller;
    bool untold;

    hprpc__mutex_lock(&controller->lock);
    untold = pending->untold;
    if (untold)
        leave_untold(pending);
    hprpc__mutex_unlock(&controller->lock);
    if (untold)
        hprpc__ticket_notify(pending);
}

/* ---- The outcome ---- */

/* Tells of a finished ticket whose holder has registered a callback, and wakes threads that wait for it. */
static __attribute__((noinline)) void tell_and_wake(struct hprpc_pending_call *pending)
{
    const struct hprpc__shared *shared = pending->controller->shared;
    struct hprpc__pump *pump = &pending->controller->pump;

    tell(pending);
    if (KODOSIS_LIKELY(hprpc__shared_is_ours(shared)))
        hprpc__pump_wake(pump, pending);
}

static inline void finish(struct hprpc_pending_call *pending, int code)
{
    struct hprpc__pump *pump = &pending->controller->pump;

    pending->code = code;
    /*
     * Sequentially consistent: pairs with hprpc__ticket_is_done, with hprpc_pending_call_notify, and with hprpc__waiter_enlist:
     * a waiter counts itself in `pump.waiting` before it looks at DONE, and with release alone this thread could miss it.
     */
    if (hprpc__set_bits(&pending->flags, HPRPC__DONE) & HPRPC__NOTIFY)
        tell_and_wake(pending);
    else
        hprpc__pump_wake(pump, pending);
}

void hprpc__ticket_finish(struct hprpc_pending_call *pending, int code)
{
    finish(pending, code);
}

/* Reads the sentence and the typed error from the body of an ERROR. */
static int read_error(struct hprpc_pending_call *pending)
{
    struct kodosis_reader reader;
    struct hprpc__error_body error;

    kodosis_reader_init(&reader, pending->body.data, pending->body.size, &pending->arena);
    if (!hprpc__error_read(&reader, &error))
        return reader.status == KODOSIS_NO_MEMORY ? HPRPC_ENOMEM : HPRPC_EPROTOCOL;
    pending->text = error.text.size ? error.text.data : NULL;
    pending->raised = error.raised.size ? error.raised.data : NULL;
    pending->raised_body = reader.cursor;
    pending->raised_size = (size_t)(reader.end - reader.cursor);
    if (!pending->text && pending->raised) {
        hprpc_detail_set(&pending->own_text, 0, "the procedure raised %.200s", pending->raised);
        pending->text = pending->own_text.text;
    }
    return error.code < 0 && error.code >= HPRPC_ETWOWAY ? error.code : HPRPC_EINTERNAL;
}

/* Stores any answer. */
static __attribute__((noinline)) void store_any(struct hprpc_controller *controller, struct hprpc_pending_call *pending,
                                                struct hprpc_message *message)
{
    int r = hprpc__body_take(&pending->body, controller->channel, message);

    if (r == 0 && message->size > HPRPC__BODY_SMALL)
        hprpc__count(pending->body.place == HPRPC__BODY_LENT ? &controller->statistics.lent
                                                             : &controller->statistics.copied);
    if (r == 0 && message->header.type == HPRPC_MESSAGE_ERROR)
        r = read_error(pending);
    if (hprpc__descriptors_are_lost(&pending->body)) {
        pending->text = "descriptors came with the answer, and no more may be open here";
        pending->raised = NULL;
        r = HPRPC_ESYSTEM;
    }
    finish(pending, r);
}

static inline void store_answer(struct hprpc_controller *controller, struct hprpc_pending_call *pending,
                                struct hprpc_message *message)
{
    if (KODOSIS_UNLIKELY(message->header.type == HPRPC_MESSAGE_ERROR || !hprpc__body_is_small(message))) {
        store_any(controller, pending, message);
        return;
    }
    hprpc__body_copy(&pending->body, message);
    finish(pending, 0);
}

/* Releases an answer that no call waits for any more, or that none asked for. */
static __attribute__((noinline)) void drop_answer(struct hprpc_controller *controller, bool late,
                                                  struct hprpc_message *message)
{
    hprpc__count(late ? &controller->statistics.late_replies : &controller->statistics.stray_replies);
    controller->channel->ops->release(controller->channel, message);
}

int hprpc__ticket_answer(struct hprpc_controller *controller, struct hprpc_message *message)
{
    struct hprpc_pending_call *pending = NULL;
    bool wanted = false;

    hprpc__assert_pumping(&controller->pump);
    hprpc__count(&controller->statistics.replies_received);
    hprpc__mutex_lock(&controller->lock);
    if (message->header.call < controller->tickets.capacity)
        pending = controller->tickets.slots[message->header.call].ticket;
    if (pending) {
        hprpc__ticket_settle(pending);
        wanted = !hprpc__ticket_is_done(pending);
        pending->answer = message->header.type;
        if (!pending->held)
            hprpc__ticket_pool(pending);
    }
    hprpc__mutex_unlock(&controller->lock);

    if (KODOSIS_LIKELY(wanted))
        store_answer(controller, pending, message);
    else
        drop_answer(controller, pending, message);
    return 0;
}

/* Whether the ticket has no id, because its BIND or REQUEST waits to be sent. Under the lock. */
static inline bool is_queued(const struct hprpc_pending_call *pending)
{
    return pending->interface || pending->copy;
}

/* Takes a ticket out of its queue whose message will not be sent; only its outcome is still to come. Under the lock. */
static void leave_queue(struct hprpc_pending_call *pending)
{
    if (pending->copy)
        hprpc__posted_dequeue(pending);
    else
        hprpc__ticket_dequeue(pending);
    pending->answered = true;
}

/* Tells the other side. The id stays in use until it answers, so a late reply meets no other ticket. Under the lock. */
static void cancel_there(const struct hprpc_pending_call *pending)
{
    int r = hprpc__signal_send(pending->controller, HPRPC_MESSAGE_CANCEL, pending->id);

    /* a call is answered anyway; but one with streams may wait for elements, or for window, for ever */
    if (r == HPRPC_ENOMEM && pending->stream)
        hprpc__controller_starve(pending->controller);
}

/*
 * Completes a ticket that is still open, under the lock. After that only its holder may touch it, unless a callback is
 * registered: then `ret_notify` is true, and the ticket stays until hprpc__ticket_notify has called the callback.
 */
static bool abandon(struct hprpc_pending_call *pending, int code, bool *ret_notify)
{
    hprpc__assert_locked(&pending->controller->lock);
    if (pending->answered || hprpc__ticket_is_done(pending))
        return false;
    if (is_queued(pending)) {
        leave_queue(pending);
        /* a thread that pumps may wait for this ticket, and no answer will wake it */
        if (hprpc__pump_is_elsewhere(&pending->controller->pump))
            hprpc__pump_kick(&pending->controller->pump);
    } else {
        cancel_there(pending);
    }
    pending->text = NULL;
    if (KODOSIS_UNLIKELY(pending->stream))
        hprpc__stream_cut(pending->stream);
    /* relaxed: `hungry` only chooses the code; without memory the answer could not be received in time */
    if (code == HPRPC_EDEADLINE && atomic_load_explicit(&pending->controller->hungry, memory_order_relaxed))
        code = HPRPC_ENOMEM;
    pending->code = code;
    /* pairs as in hprpc__ticket_finish */
    *ret_notify = hprpc__set_bits(&pending->flags, HPRPC__DONE) & HPRPC__NOTIFY;
    return true;
}

static void announce(struct hprpc_controller *controller, struct hprpc_pending_call *pending, bool notify)
{
    if (notify)
        tell(pending);
    hprpc__pump_wake(&controller->pump, pending);
    /* relaxed: the lock, under which this thread has abandoned the ticket, orders it */
    if (atomic_load_explicit(&controller->tickets.later, memory_order_relaxed))
        hprpc__streams_tell(controller);
}

bool hprpc__ticket_cancel(struct hprpc_pending_call *pending, int code)
{
    struct hprpc_controller *controller = pending->controller;
    bool ours, notify = false;

    if (!hprpc__shared_is_ours(controller->shared))
        return false;
    hprpc__mutex_lock(&controller->lock);
    ours = abandon(pending, code, &notify);
    hprpc__mutex_unlock(&controller->lock);
    if (ours)
        announce(controller, pending, notify);
    return ours;
}

/* Abandons a ticket that is due, or notes its deadline if it is not. Under the lock. */
static bool expire(struct hprpc_pending_call *pending, uint64_t now, bool *ret_notify)
{
    if (hprpc__ticket_is_done(pending))
        return false;
    if (pending->deadline && pending->deadline <= now && is_late(pending, now))
        return abandon(pending, HPRPC_EDEADLINE, ret_notify);
    hprpc__ticket_start_clock(pending, now);
    return false;
}

hprpc__deadline hprpc__ticket_deadline(const struct hprpc_pending_call *pending)
{
    struct hprpc_controller *controller = pending->controller;
    hprpc__deadline deadline;

    /* of other calls it is fixed when the call is posted */
    if (KODOSIS_LIKELY(!pending->stream))
        return pending->deadline;
    hprpc__mutex_lock(&controller->lock);
    deadline = pending->deadline;
    hprpc__mutex_unlock(&controller->lock);
    return deadline;
}

bool hprpc__ticket_expire(struct hprpc_pending_call *pending, uint64_t now)
{
    struct hprpc_controller *controller = pending->controller;
    bool late, ours, notify = false;

    if (!hprpc__shared_is_ours(controller->shared))
        return false;
    hprpc__mutex_lock(&controller->lock);
    ours = expire(pending, now, &notify);
    late = ours || pending->answered || hprpc__ticket_is_done(pending);
    hprpc__mutex_unlock(&controller->lock);
    if (ours)
        announce(controller, pending, notify);
    return late;
}

/* Abandons the first ticket of a queue that is due. Under the lock. NULL: there is none. */
static struct hprpc_pending_call *expire_queued(struct hprpc__list *queue, uint64_t now, bool *ret_notify)
{
    for (struct hprpc__link *link = queue->first; link; link = link->next) {
        if (expire(hprpc__ticket_of(link), now, ret_notify))
            return hprpc__ticket_of(link);
    }
    return NULL;
}

/* Abandons the next ticket that is due, from `id` on or in a queue; NULL when there is none. Under the lock. */
static struct hprpc_pending_call *expire_next(struct hprpc_controller *controller, uint64_t now, uint32_t *id,
                                              bool *ret_notify)
{
    struct hprpc_pending_call *pending;

    hprpc__assert_locked(&controller->lock);
    while (*id < controller->tickets.capacity) {
        pending = controller->tickets.slots[(*id)++].ticket;
        if (pending && pending->sent && expire(pending, now, ret_notify))
            return pending;
    }
    pending = expire_queued(&controller->tickets.queue, now, ret_notify);
    return pending ? pending : expire_queued(&controller->tickets.posted, now, ret_notify);
}

/*
 * Abandons the tickets that are due, one by one, and notes the next deadline; true when there were any. `next_deadline` is 0
 * while their callbacks run: a callback that waits would otherwise sleep past the deadlines of the other tickets.
 */
static bool expire_due(struct hprpc_controller *controller, uint64_t now)
{
    struct hprpc_pending_call *pending;
    bool notify = false, any = false;
    uint32_t id = 0;

    hprpc__mutex_lock(&controller->lock);
    atomic_store_explicit(&controller->next_deadline, HPRPC__NEVER, memory_order_relaxed);
    while ((pending = expire_next(controller, now, &id, &notify))) {
        any = true;
        atomic_store_explicit(&controller->next_deadline, 0, memory_order_relaxed);
        hprpc__mutex_unlock(&controller->lock);
        announce(controller, pending, notify);
        hprpc__mutex_lock(&controller->lock);
    }
    hprpc__mutex_unlock(&controller->lock);
    return any;
}

void hprpc__tickets_expire(struct hprpc_controller *controller, uint64_t now)
{
    hprpc__assert_pumping(&controller->pump);
    if (atomic_load_explicit(&controller->next_deadline, memory_order_relaxed) > now)
        return;
    /* the second pass notes the deadlines that are left; callbacks may start calls that are due at once, so there is no third */
    /* NOLINTNEXTLINE(misc-redundant-expression) */
    if (!expire_due(controller, now) || !expire_due(controller, now))
        return;
    hprpc__mutex_lock(&controller->lock);
    atomic_store_explicit(&controller->next_deadline, 0, memory_order_relaxed);
    hprpc__mutex_unlock(&controller->lock);
}

/* Takes the next ticket, from `id` on or in a queue, whose answer will never come. NULL: there is none. */
static struct hprpc_pending_call *take_orphan(struct hprpc_controller *controller, uint32_t *id, bool *ret_wanted)
{
    struct hprpc_pending_call *orphan = NULL;

    hprpc__mutex_lock(&controller->lock);
    /* no ticket takes an id on a broken connection, so all ids before this one are free */
    while (*id < controller->tickets.capacity && !orphan)
        orphan = controller->tickets.slots[(*id)++].ticket;
    if (orphan)
        hprpc__ticket_settle(orphan);
    else if ((orphan = hprpc__ticket_of(controller->tickets.queue.first)) ||
             (orphan = hprpc__ticket_of(controller->tickets.posted.first)))
        leave_queue(orphan);
    if (orphan) {
        *ret_wanted = !hprpc__ticket_is_done(orphan);
        if (!orphan->held)
            hprpc__ticket_pool(orphan);
    }
    hprpc__mutex_unlock(&controller->lock);
    return orphan;
}

/* The code for a request whose connection ended with `code`: it depends on whether the request may have run. */
static int fate_of(const struct hprpc_pending_call *pending, int code)
{
    if (!pending->sent || pending->order == HPRPC__ORDER_CUT)
        return hprpc__code_of_unsent(pending->controller);
    return pending->order > pending->controller->taken_there ? HPRPC_ENOTSENT : code;
}

void hprpc__tickets_fail_all(struct hprpc_controller *controller, int code, const char *reason)
{
    struct hprpc_pending_call *pending;
    uint32_t id = 0;
    bool wanted;

    while ((pending = take_orphan(controller, &id, &wanted))) {
        if (!wanted)
            continue;
        hprpc_detail_set(&pending->own_text, 0, "%s", reason);
        pending->text = pending->own_text.text;
        hprpc__ticket_finish(pending, fate_of(pending, code));
    }
    /* relaxed: the lock, under which the streams have ended, orders it */
    if (atomic_load_explicit(&controller->tickets.later, memory_order_relaxed))
        hprpc__streams_tell(controller);
}

/* Takes the next ticket, from `id` on, whose request is not one of the first `taken`. NULL: there is none. */
static struct hprpc_pending_call *take_untaken(struct hprpc_controller *controller, uint64_t taken, uint32_t *id,
                                               bool *ret_wanted)
{
    struct hprpc_pending_call *pending = NULL;

    hprpc__mutex_lock(&controller->lock);
    while (*id < controller->tickets.capacity && !pending) {
        pending = controller->tickets.slots[(*id)++].ticket;
        if (pending && (!pending->sent || pending->order <= taken))
            pending = NULL;
    }
    if (pending) {
        hprpc__ticket_settle(pending);
        *ret_wanted = !hprpc__ticket_is_done(pending);
        if (!pending->held)
            hprpc__ticket_pool(pending);
    }
    hprpc__mutex_unlock(&controller->lock);
    return pending;
}

void hprpc__tickets_fail_untaken(struct hprpc_controller *controller, uint64_t taken)
{
    struct hprpc_pending_call *pending;
    uint32_t id = 0;
    bool wanted;

    hprpc__assert_pumping(&controller->pump);
    while ((pending = take_untaken(controller, taken, &id, &wanted))) {
        if (!wanted)
            continue;
        pending->text = "the other side is stopping, and did not take the request";
        hprpc__ticket_finish(pending, HPRPC_ENOTSENT);
    }
}

void hprpc__tickets_clear(struct hprpc_controller *controller)
{
    struct hprpc__tickets *tickets = &controller->tickets;
    struct hprpc_pending_call *pending;

    while ((pending = hprpc__ticket_of(hprpc__list_take(&tickets->pool)))) {
        kodosis_arena_clear(&pending->arena);
        hprpc_context_release(controller->context, pending, sizeof(*pending));
    }
    hprpc_context_release(controller->context, tickets->slots, tickets->capacity * sizeof(*tickets->slots));
    tickets->slots = NULL;
    tickets->capacity = 0;
}
