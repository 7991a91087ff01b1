/* SPDX-License-Identifier: MIT */
/* The receiving side: takes messages out of the inbox, gives room back, and sleeps. It takes no lock unless the other end waits for room. */
#include "channel-local/local.h"

#include "base/wake.h"

/* ---- Room for the sender ---- */

static __attribute__((noinline)) void ring_sender(struct local_end *end)
{
    hprpc__mutex_lock(&end->lock);
    if (end->peer)
        hprpc__local_ring(end->peer);
    hprpc__mutex_unlock(&end->lock);
}

/* Tells the sender which slots and bytes are free again, and rings it if it waits for them. */
static void give_room(struct local_end *end)
{
    /* relaxed: the store of `taken` publishes it */
    atomic_store_explicit(&end->taken_bytes, end->at_bytes, memory_order_relaxed);
    local_publish(&end->taken, end->at);
    if (local_lower(&end->starved))
        ring_sender(end);
}

/* Gives room back if nothing more came: as a rule that is once in a turn. */
static inline void give_rest(struct local_end *end)
{
    /* relaxed: this side alone writes it */
    if (atomic_load_explicit(&end->taken, memory_order_relaxed) != end->at)
        give_room(end);
}

/* ---- Receiving ---- */

static inline bool has_more(struct local_end *end)
{
    if (end->seen != end->at)
        return true;
    /* acquire: pairs with the store in publish (sender.c), so the slots are written */
    end->seen = atomic_load_explicit(&end->filled, memory_order_acquire);
    return end->seen != end->at;
}

/* What `receive` returns where the inbox is empty: 1 if a message came just before the other side closed. */
static int why_nothing(struct local_end *end)
{
    int r;

    give_rest(end);
    /* acquire: pairs with the release in close_end (channel.c); what the other side sent before it closed is seen below */
    if (!atomic_load_explicit(&end->gone, memory_order_acquire))
        return local_broken(end);
    r = has_more(end) ? 1 : hprpc__local_fail(end, HPRPC_EPEERDIED, "the other side went away");
    return r;
}

/* The slot of the last message is free again. */
static inline void leave_slot(struct local_end *end)
{
    end->lent = false;
    if (++end->at - atomic_load_explicit(&end->taken, memory_order_relaxed) >= LOCAL_GIVE_EVERY)
        give_room(end);
}

/* The same for a message that had a block. */
static void leave_block(struct local_end *end, uint32_t size)
{
    end->at_bytes += size;
    leave_slot(end);
    if (end->at_bytes - atomic_load_explicit(&end->taken_bytes, memory_order_relaxed) >= LOCAL_GIVE_BYTES)
        give_room(end);
}

/* Gives back what a slot holds that was not handed out. */
static void drop_slot(struct local_end *end, struct local_slot *slot)
{
    if (slot->header.flags & HPRPC_FLAG_DESCRIPTORS)
        hprpc_descriptors_free(end->channel.context, slot->descriptors);
    if (slot->block)
        hprpc__local_block_give(&end->store, slot->block);
}

static __attribute__((noinline)) int refuse_long(struct local_end *end, struct local_slot *slot)
{
    drop_slot(end, slot);
    end->at++;
    end->deaf = true;
    return hprpc__local_fail(end, HPRPC_EPROTOCOL, "a message is longer than this side accepts");
}

/* Hands out a body in a block. The slot is free at once. */
static __attribute__((noinline)) int take_block(struct local_end *end, struct local_slot *slot,
                                                struct hprpc_message *ret_message)
{
    ret_message->header = slot->header;
    ret_message->body = slot->block->body;
    ret_message->size = slot->size;
    ret_message->lendable = true;
    ret_message->holds_nothing = false;
    ret_message->token[0] = (uintptr_t)slot->block;
    ret_message->descriptors = slot->descriptors;
    leave_block(end, slot->size);
    ret_message->followed = end->seen != end->at;
    return 1;
}

/* Hands out a body that lies in its slot, until the next receive. */
static inline int take_slot(struct local_end *end, struct local_slot *slot, struct hprpc_message *ret_message)
{
    ret_message->header = slot->header;
    ret_message->body = slot->body;
    ret_message->size = slot->size;
    ret_message->lendable = false;
    ret_message->holds_nothing = !(slot->header.flags & HPRPC_FLAG_DESCRIPTORS);
    ret_message->descriptors = slot->descriptors;
    ret_message->token[0] = 0;
    ret_message->followed = end->seen != end->at + 1;
    end->lent = true;
    return 1;
}

int hprpc__local_receive(struct hprpc_channel *base, struct hprpc_message *ret_message)
{
    struct local_end *end = local_end(base);
    struct local_slot *slot;
    int r;

    if (end->lent)
        leave_slot(end);
    /* acquire: pairs with the release in close_end (channel.c) */
    if (KODOSIS_UNLIKELY(end->deaf || atomic_load_explicit(&end->closed, memory_order_acquire)))
        return local_broken(end);
    if (!has_more(end)) {
        r = why_nothing(end);
        if (r <= 0)
            return r;
    }
    end->quiet = false;
    slot = local_slot(end, end->at);
    if (KODOSIS_UNLIKELY(slot->size > end->channel.receive_limit))
        return refuse_long(end, slot);
    return KODOSIS_UNLIKELY(slot->block != NULL) ? take_block(end, slot, ret_message)
                                                 : take_slot(end, slot, ret_message);
}

void hprpc__local_release(struct hprpc_channel *base, struct hprpc_message *message)
{
    struct local_block *block = (struct local_block *)message->token[0];

    message->token[0] = 0;
    if (block)
        hprpc__local_block_give(&local_end(base)->store, block);
    if (message->header.flags & HPRPC_FLAG_DESCRIPTORS) {
        hprpc_descriptors_free(base->context, message->descriptors);
        message->descriptors = NULL;
    }
}

void hprpc__local_inbox_clear(struct local_end *end)
{
    if (end->lent)
        end->at++;
    for (end->lent = false; has_more(end); end->at++)
        drop_slot(end, local_slot(end, end->at));
}

/* ---- Sleeping ---- */

/* Takes the rings of the bell, so that it is quiet. A ring that is counted and has not come is looked for again next time. */
static void quieten(struct local_end *end)
{
    /* relaxed: a ring that is counted later makes the bell readable later */
    if (end->rings_taken != atomic_load_explicit(&end->rings, memory_order_relaxed) && end->bell >= 0)
        end->rings_taken += (uint32_t)hprpc__wake_take(end->bell);
}

/* Whether the inbox has a message behind the one that was received last. */
static bool has_next(struct local_end *end)
{
    /* sequentially consistent: pairs with publish (sender.c), see local_publish */
    return atomic_load(&end->filled) != end->at + end->lent;
}

bool hprpc__local_arm(struct hprpc_channel *base)
{
    struct local_end *end = local_end(base);

    if (end->quiet)
        hprpc__local_store_trim(&end->store);
    end->quiet = true;
    quieten(end);
    give_rest(end);
    local_raise(&end->sleeping);
    /* relaxed: the side that closes rings after that; a sender that becomes hungry later has raised `starved`, and is rung */
    return has_next(end) || atomic_load_explicit(&end->state, memory_order_relaxed) != LOCAL_OPEN ||
           atomic_load_explicit(&end->gone, memory_order_relaxed) ||
           (atomic_load_explicit(&end->hungry, memory_order_relaxed) && hprpc__local_has_room_again(end));
}

void hprpc__local_disarm(struct hprpc_channel *base)
{
    /* relaxed: a ring that comes nevertheless is taken before the next sleep */
    atomic_store_explicit(&local_end(base)->sleeping, false, memory_order_relaxed);
}
