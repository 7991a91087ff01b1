/* SPDX-License-Identifier: MIT */
/* The functions with which a test disturbs a link, looks at it, and plays one end. */
#include <stdlib.h>

#include "support/fake-inside.h"
#include "support/fixture.h"
#include "support/patience.h"

static void lock(struct fake_end *end)
{
    pthread_mutex_lock(&end->link->lock);
}

static void unlock(struct fake_end *end)
{
    pthread_mutex_unlock(&end->link->lock);
}

struct fake_end *fake_end_of(struct hprpc_channel *channel)
{
    return (struct fake_end *)channel;
}

struct fake_end *fake_peer(struct fake_end *end)
{
    return end->peer;
}

/* ---- Disturbing ---- */

void fake_hold(struct fake_end *end)
{
    lock(end);
    end->held = true;
    unlock(end);
}

void fake_let_go(struct fake_end *end)
{
    lock(end);
    end->held = false;
    fake_ring(end);
    unlock(end);
}

void fake_stall(struct fake_end *end)
{
    lock(end);
    end->stalled = true;
    unlock(end);
}

void fake_unstall(struct fake_end *end)
{
    lock(end);
    end->stalled = false;
    fake_ring(end);
    unlock(end);
}

void fake_burden(struct fake_end *end, uint64_t bytes)
{
    lock(end);
    end->burden = bytes;
    unlock(end);
}

void fake_drop(struct fake_end *end, enum hprpc_message_type type, unsigned count)
{
    lock(end);
    end->drop.type = (uint8_t)type;
    end->drop.count = count;
    unlock(end);
}

/* Breaks an end. If its channel is not made yet, fake_put_under() notes the reason. */
static void fail(struct fake_end *end, int code, const char *reason)
{
    if (!end->code && !end->closed)
        end->code = end->channel.ops ? hprpc_channel_fail(&end->channel, code, "%s", reason) : code;
}

void fake_break(struct fake_end *end, int code, const char *reason)
{
    lock(end);
    fail(end, code, reason);
    fail(end->peer, HPRPC_EPEERDIED, "the other side went away");
    fake_ring(end);
    fake_ring(end->peer);
    unlock(end);
}

void fake_capacity(struct fake_end *end, unsigned messages)
{
    lock(end);
    end->capacity = messages;
    fake_ring(end);
    unlock(end);
}

void fake_lend(struct fake_end *end, bool lendable)
{
    lock(end);
    end->lendable = lendable;
    unlock(end);
}

void fake_starve(struct fake_end *end, bool starve)
{
    lock(end);
    end->needs_memory = starve;
    unlock(end);
}

/* ---- Looking ---- */

bool fake_sent(struct fake_end *end, unsigned nth, struct fake_record *ret_record)
{
    bool there;

    lock(end);
    there = nth < end->record_count;
    if (there)
        *ret_record = end->records[nth];
    unlock(end);
    return there;
}

unsigned fake_count(struct fake_end *end, enum hprpc_message_type type)
{
    unsigned count = 0;

    lock(end);
    for (unsigned i = 0; i < end->record_count; i++)
        count += end->records[i].header.type == type;
    unlock(end);
    return count;
}

unsigned fake_lent(struct fake_end *end)
{
    unsigned lent;

    lock(end);
    lent = end->lent;
    unlock(end);
    return lent;
}

uint64_t fake_waiting(struct fake_end *end)
{
    uint64_t bytes;

    lock(end);
    bytes = end->arrived.bytes;
    unlock(end);
    return bytes;
}

uint64_t fake_looks(struct fake_end *end)
{
    uint64_t looks;

    lock(end);
    looks = end->looks;
    unlock(end);
    return looks;
}

/* ---- Playing an end ---- */

static void leave(uintptr_t thing)
{
    fake_leave((struct fake_end *)thing);
}

static void unlisten(uintptr_t thing)
{
    fake_unlisten((struct hprpc_listener *)thing);
}

static const struct fixture_kind end_kind = { "end of the fake", FIXTURE_END, leave, leave };
static const struct fixture_kind listener_kind = { "listener of the fake", FIXTURE_LISTENER, NULL, unlisten };

static struct fake_end *enter(struct fake_end *end)
{
    fixture_enter(&end_kind, (uintptr_t)end);
    return end;
}

struct fake_end *fake_connect(const char *name)
{
    struct fake_link *link = fake_knock(name);

    return link ? enter(&link->ends[0]) : NULL;
}

struct hprpc_listener *fake_listen(const char *name)
{
    struct hprpc_listener *listener = NULL;
    struct hprpc_uri uri = { .scheme = "fake", .rest = name };

    if (fake_transport.listen(NULL, &uri, NULL, &listener) < 0)
        return NULL;
    fixture_enter(&listener_kind, (uintptr_t)listener);
    return listener;
}

void fake_unlisten(struct hprpc_listener *listener)
{
    fixture_leave(&listener_kind, (uintptr_t)listener);
    listener->ops->free(listener);
}

struct fake_end *fake_accept(struct hprpc_listener *listener)
{
    struct patience patience = patience_begin();
    struct fake_link *link;

    while (!(link = fake_next_knock(listener))) {
        if (!is_patient(&patience))
            return NULL;
    }
    return enter(&link->ends[1]);
}

void fake_send(struct fake_end *end, const struct hprpc_header *header, const void *body, size_t size)
{
    struct fake_parcel *parcel = hprpc_context_allocate(NULL, sizeof(*parcel) + size);

    if (!parcel)
        abort();
    *parcel = (struct fake_parcel){ .header = *header, .size = (uint32_t)size };
    if (size)
        memcpy(parcel->body, body, size);
    lock(end);
    fake_post(end, parcel);
    unlock(end);
}

static bool poll_end(struct fake_end *end, struct fake_message *ret_message, bool *ret_over)
{
    struct fake_parcel *parcel;

    lock(end);
    parcel = fake_take(&end->arrived);
    *ret_over = !parcel && end->code;
    unlock(end);
    if (!parcel)
        return false;
    *ret_message = (struct fake_message){ parcel->header, parcel->size, malloc(parcel->size + 1) };
    if (!ret_message->body)
        abort();
    memcpy(ret_message->body, parcel->body, parcel->size);
    hprpc_context_release(parcel->context, parcel, sizeof(*parcel) + parcel->size);
    return true;
}

bool fake_poll(struct fake_end *end, struct fake_message *ret_message)
{
    bool over;

    return poll_end(end, ret_message, &over);
}

bool fake_receive(struct fake_end *end, struct fake_message *ret_message)
{
    struct patience patience = patience_begin();
    bool over;

    while (!poll_end(end, ret_message, &over)) {
        if (over || !is_patient(&patience))
            return false;
    }
    return true;
}

bool fake_expect(struct fake_end *end, enum hprpc_message_type type, struct fake_message *ret_message)
{
    while (fake_receive(end, ret_message)) {
        if (ret_message->header.type == type)
            return true;
        fake_message_clear(ret_message);
    }
    return false;
}

bool fake_await_end(struct fake_end *end)
{
    struct patience patience = patience_begin();
    struct fake_message message;
    bool over = false;

    while (!over) {
        if (poll_end(end, &message, &over))
            fake_message_clear(&message);
        else if (!over && !is_patient(&patience))
            return false;
    }
    return true;
}

void fake_message_clear(struct fake_message *message)
{
    free(message->body);
    message->body = NULL;
}

void fake_leave(struct fake_end *end)
{
    if (!end)
        return;
    fixture_leave(&end_kind, (uintptr_t)end);
    fake_end_drop(end);
}
