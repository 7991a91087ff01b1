/* SPDX-License-Identifier: MIT */
/*
 * The receiving side. Shared memory may change while we look at it, so each word is loaded once, into private memory, then
 * checked, then used.
 */
#include "channel-shm/receiver.h"

#include "channel-shm/shm.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>

#include "base/errno-text.h"
#include "base/lock.h"
#include "base/poller.h"
#include "channel-shm/carrying.h"
#include "channel/rights.h"

/* Where a message's body is; the first token. */
enum { IN_SLOT, IN_CHUNK, IN_PRIVATE };

/* Empty looks at the ring between two looks at the lifeline: a wait that spins sees within a millisecond that the peer died. */
enum { IDLE_MAX = 16384 };

/* A chunk as a slot describes it, after all checks. */
struct chunk {
    uint32_t unit, size;
    uint32_t total, offset; /* of pieces */
};

void hprpc__shm_receiver_init(struct shm_receiver *receiver, const struct shm_geometry *geometry,
                              const struct shm_lane *lane, struct shm_bell bell)
{
    memset(receiver, 0, sizeof(*receiver));
    receiver->slots = lane->slots;
    receiver->end = lane->slots + geometry->slots;
    receiver->words = lane->words;
    receiver->slot_count = geometry->slots;
    receiver->publish_at = geometry->slots / 4;
    receiver->next = lane->slots;
    receiver->tag = 1;
    receiver->bell = bell;
    receiver->arena = lane->arena;
    receiver->units = geometry->units;
    receiver->unit_shift = geometry->unit_shift;
    receiver->return_shift = (uint32_t)__builtin_ctz(geometry->units);
    receiver->returns = lane->returns;
    receiver->extension = lane->extension;
    receiver->extension_units = geometry->extension_units;
    receiver->extension_shift = geometry->extension_shift;
    /* on a system that cannot look for memory, the receiver would have to touch it, and take the signal where it is not there */
    if (lane->extension && !hprpc__shm_extension_find(lane->extension, 0))
        atomic_store_explicit(&lane->words->extensible, 1, memory_order_relaxed);
}

/* Tells the sender which slots are free; for several slots at a time, because it costs a cache miss on both sides. Returns 1. */
static __attribute__((noinline)) int publish(struct shm_receiver *receiver, uint64_t position)
{
    receiver->published = position;
    receiver->publish_at = position + receiver->slot_count / 4;
    /* release: pairs with the acquire in look_for_room (sender.c) */
    atomic_store_explicit(&receiver->words->consumed, (uint32_t)position, memory_order_release);
    hprpc__step(HPRPC__STEP_PUBLISHED);
    shm_wake(&receiver->words->starved, receiver->bell);
    return 1;
}

/* Rings after a chunk was given back, unless the doorbell is closed: another descriptor may have its number by now. */
static __attribute__((noinline)) void ring_for_chunk(struct shm_receiver *receiver)
{
    /* sequentially consistent: pairs with hprpc__shm_receiver_let_go; one of the two sees the other */
    atomic_fetch_add(&receiver->ringing, 1);
    if (!atomic_load(&receiver->let_go)) {
        hprpc__step(HPRPC__STEP_RING);
        hprpc__shm_bell_ring(receiver->bell);
    }
    atomic_fetch_sub(&receiver->ringing, 1);
}

void hprpc__shm_receiver_let_go(struct shm_channel *channel)
{
    struct shm_receiver *receiver = &channel->receiver;

    /* sequentially consistent: pairs with ring_for_chunk, which looks at `let_go` after it has counted itself */
    atomic_store(&receiver->let_go, true);
    while (atomic_load(&receiver->ringing))
        sched_yield(); /* not for long: ringing never waits */
}

/* Gives a chunk back to the sender. Any thread. */
static void give_back(struct shm_receiver *receiver, uint32_t unit)
{
    /* relaxed: it only hands out entries; there are as many as units, so the sender has taken an entry before it is used again */
    uint64_t position = atomic_fetch_add_explicit(&receiver->returned, 1, memory_order_relaxed);
    uint32_t lap = (uint32_t)(position >> receiver->return_shift) + 1;

    hprpc__step(HPRPC__STEP_ENTRY);
    /* release: pairs with the acquire in hprpc__shm_arena_collect */
    atomic_store_explicit(&receiver->returns[position & (receiver->units - 1)], lap << 16 | unit, memory_order_release);
    hprpc__step(HPRPC__STEP_RETURNED);
    if (KODOSIS_UNLIKELY(shm_is_wanted(&receiver->words->starved)))
        ring_for_chunk(receiver);
}

static inline uint64_t load_commit(const struct shm_receiver *receiver)
{
    /* acquire: pairs with the release in shm_slot_commit */
    return atomic_load_explicit(&receiver->next->commit, memory_order_acquire);
}

/* Moves on to the next slot. */
static inline void advance(struct shm_receiver *receiver)
{
    hprpc__step(HPRPC__STEP_TAKEN);
    receiver->tail++;
    if (++receiver->next == receiver->end) {
        receiver->next = receiver->slots;
        receiver->tag++;
    }
}

static inline uint64_t load_word(_Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

/* Whether the other side is gone, and whether the doorbell and the lifeline are readable. */
static bool is_hung_up(const struct shm_channel *channel, bool *ret_readable, bool *ret_packets)
{
    /* a half shutdown counts, too: no packet can come through a lifeline that the other side has shut for writing */
    const struct hprpc_watch watches[2] = { { .fd = channel->bell.fd, .events = POLLIN },
                                            { .fd = channel->socket, .events = POLLIN | POLLRDHUP } };
    short events[2];

    hprpc__poll_all_now(watches, 2, events);
    *ret_readable = events[0] & POLLIN;
    *ret_packets = events[1] & POLLIN;
    return events[1] & ~POLLIN;
}

static __attribute__((noinline)) int look_at_lifeline(struct shm_channel *channel)
{
    struct shm_receiver *receiver = &channel->receiver;
    bool readable, packets, gone = is_hung_up(channel, &readable, &packets);
    int result = 0;

    /* an old ring has woken the thread, not a message: its sleep is by level, and needs the doorbell drained */
    if (receiver->woken && readable)
        receiver->unread = receiver->drains = true;
    receiver->woken = false;
    receiver->idle = 0;
    /* where packets ring, `arm` may have found no memory for what they bring */
    if (channel->base.carries_descriptors && (packets || channel->bell.packets))
        result = hprpc__shm_parcels_look(channel);
    if (result || !gone)
        return result;
    receiver->idle = IDLE_MAX; /* look again next time, if this is not yet the end */
    if (hprpc__shm_has_slot(receiver))
        return 0;
    return hprpc__shm_break(channel, HPRPC_EPEERDIED, "the other side (process %lld) is gone", (long long)channel->pid);
}

static __attribute__((noinline)) int break_lap(struct shm_channel *channel, uint32_t tag)
{
    const struct shm_receiver *receiver = &channel->receiver;

    return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "slot %lu of the ring is of lap %lu where %lu was expected",
                            (unsigned long)(receiver->next - receiver->slots), (unsigned long)tag,
                            (unsigned long)receiver->tag);
}

/* Whether the receiver, which has nothing to do now, should say which slots are free. */
static inline bool should_publish(const struct shm_receiver *receiver)
{
    uint64_t taken = receiver->tail - receiver->published;

    /* relaxed: if this load misses the word, the next look or hprpc__shm_arm sees it */
    return taken &&
           (taken >= receiver->slot_count / 8 || atomic_load_explicit(&receiver->words->starved, memory_order_relaxed));
}

static __attribute__((noinline)) int receive_nothing(struct shm_channel *channel, uint32_t tag)
{
    struct shm_receiver *receiver = &channel->receiver;

    receiver->lent = false;
    if (KODOSIS_UNLIKELY(tag != receiver->tag - 1))
        return break_lap(channel, tag);
    if (KODOSIS_UNLIKELY(receiver->woken || receiver->idle++ >= IDLE_MAX))
        return look_at_lifeline(channel);
    /* there is time now */
    return KODOSIS_LIKELY(!should_publish(receiver)) ? 0 : publish(receiver, receiver->tail) - 1;
}

/* Whether a chunk lies in the base, or in the extension if it is mapped. */
static bool is_inside(const struct shm_channel *channel, const struct chunk *chunk)
{
    const struct shm_receiver *receiver = &channel->receiver;
    uint32_t unit = chunk->unit - receiver->units;

    if (chunk->unit < receiver->units)
        return ((uint64_t)chunk->unit << receiver->unit_shift) + chunk->size <= channel->geometry.arena;
    return receiver->extension && unit < receiver->extension_units &&
           ((uint64_t)unit << receiver->extension_shift) + chunk->size <= channel->geometry.extension;
}

static uint8_t *chunk_at(const struct shm_receiver *receiver, uint32_t unit)
{
    if (unit < receiver->units)
        return receiver->arena + ((size_t)unit << receiver->unit_shift);
    return receiver->extension + ((size_t)(unit - receiver->units) << receiver->extension_shift);
}

/*
 * Finds the memory of a chunk in the extension, which the sender must have allocated, up from the extension's beginning. A touch
 * of memory that is not there would allocate it, or raise a signal. 0, HPRPC_ENOMEM or broken.
 */
static __attribute__((noinline)) int find_chunk(struct shm_channel *channel, const struct chunk *chunk)
{
    struct shm_receiver *receiver = &channel->receiver;
    uint32_t shift = receiver->extension_shift;
    uint32_t end = chunk->unit - receiver->units + shm_arena_units(shift, chunk->size);
    int number;

    if (end <= receiver->found)
        return 0;
    number = hprpc__shm_extension_find(receiver->extension + ((size_t)receiver->found << shift),
                                       (size_t)(end - receiver->found) << shift);
    if (number == ENOMEM || number == EAGAIN)
        return HPRPC_ENOMEM;
    if (number)
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "the memory of %lu bytes at unit %lu is not there: %s",
                                (unsigned long)chunk->size, (unsigned long)chunk->unit, hprpc__errno_text(number));
    receiver->found = end;
    return 0;
}

/* Loads a chunk's description, once, and checks it. 0, HPRPC_ENOMEM or broken. */
static int load_chunk(struct shm_channel *channel, struct shm_slot *slot, uint32_t index, enum shm_kind kind,
                      struct chunk *ret_chunk)
{
    uint64_t word = load_word(&slot->rest[index]), piece = kind == SHM_CHUNK ? 0 : load_word(&slot->rest[index + 1]);
    struct chunk chunk = { (uint32_t)word, (uint32_t)(word >> 32), (uint32_t)piece, (uint32_t)(piece >> 32) };

    if (kind == SHM_CHUNK)
        chunk.total = chunk.size;
    if (!chunk.size || !is_inside(channel, &chunk))
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "%lu bytes at unit %lu are not inside the arena",
                                (unsigned long)chunk.size, (unsigned long)chunk.unit);
    if (chunk.offset > chunk.total || chunk.size > chunk.total - chunk.offset)
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "a piece of %lu bytes at %lu is not inside a body of %lu",
                                (unsigned long)chunk.size, (unsigned long)chunk.offset, (unsigned long)chunk.total);
    if (chunk.total > channel->base.receive_limit)
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "a body of %lu bytes came where %lu is the limit",
                                (unsigned long)chunk.total, (unsigned long)channel->base.receive_limit);
    *ret_chunk = chunk;
    return chunk.unit < channel->receiver.units ? 0 : find_chunk(channel, &chunk);
}

static void fill_private(struct hprpc_message *message, const struct hprpc_header *header, const uint8_t *body,
                         uint32_t size)
{
    message->header = *header;
    message->body = body;
    message->size = size;
    message->lendable = true;
    message->token[0] = IN_PRIVATE;
}

/* Receives a piece of a body. 1: the body is complete; 0: more must come; HPRPC_ENOMEM, and nothing has changed; broken. */
static int receive_piece(struct shm_channel *channel, const struct hprpc_header *header, enum shm_kind kind,
                         const struct chunk *chunk, struct hprpc_message *ret_message)
{
    struct shm_receiver *receiver = &channel->receiver;

    if (kind == SHM_FIRST) {
        receiver->whole = hprpc_context_allocate(channel->base.context, chunk->total);
        if (!receiver->whole)
            return HPRPC_ENOMEM;
        receiver->header = *header;
        receiver->whole_size = chunk->total;
        receiver->whole_filled = 0;
    }
    hprpc__assert(receiver->whole); /* receive_large has refused a piece of no body */
    if (chunk->total != receiver->whole_size || chunk->offset != receiver->whole_filled)
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "a piece at %lu of %lu came where %lu of %lu was expected",
                                (unsigned long)chunk->offset, (unsigned long)chunk->total,
                                (unsigned long)receiver->whole_filled, (unsigned long)receiver->whole_size);
    memcpy(receiver->whole + receiver->whole_filled, chunk_at(receiver, chunk->unit), chunk->size);
    receiver->whole_filled += chunk->size;
    advance(receiver);
    give_back(receiver, chunk->unit);
    if (receiver->whole_filled < receiver->whole_size)
        return 0;
    fill_private(ret_message, &receiver->header, receiver->whole, receiver->whole_size);
    ret_message->descriptors = receiver->of_whole;
    receiver->of_whole = NULL;
    receiver->whole = NULL;
    return 1;
}

/* Counts units of a chunk as lent out, or no more; how many of its zone are lent out now. */
static uint32_t hold(struct shm_receiver *receiver, uint32_t unit, uint32_t size, bool more)
{
    bool extension = unit >= receiver->units;
    uint32_t shift = extension ? receiver->extension_shift : receiver->unit_shift;
    uint32_t units = shm_arena_units(shift, size), change = more ? units : -units;

    /* relaxed: a count that is a moment old is good enough for a decision */
    return change + atomic_fetch_add_explicit(&receiver->held[extension], change, memory_order_relaxed);
}

/* Receives a body in one chunk: lent, or copied where the other side is not trusted. 1 or HPRPC_ENOMEM. */
static int receive_chunk(struct shm_channel *channel, const struct hprpc_header *header, const struct chunk *chunk,
                         struct hprpc_message *ret_message)
{
    struct shm_receiver *receiver = &channel->receiver;
    uint8_t *body = chunk_at(receiver, chunk->unit), *copy;
    uint32_t all = chunk->unit < receiver->units ? receiver->units : receiver->found;

    if (channel->options.untrusted) {
        copy = hprpc_context_allocate(channel->base.context, chunk->size);
        if (!copy)
            return HPRPC_ENOMEM;
        memcpy(copy, body, chunk->size);
        give_back(receiver, chunk->unit);
        fill_private(ret_message, header, copy, chunk->size);
    } else {
        ret_message->header = *header;
        ret_message->body = body;
        ret_message->size = chunk->size;
        /* the sender has at least what was found, so half of what it has stays for others */
        ret_message->lendable = hold(receiver, chunk->unit, chunk->size, true) <= all / 2;
        ret_message->token[0] = IN_CHUNK;
        ret_message->token[1] = chunk->unit;
    }
    advance(receiver);
    return 1;
}

/* Receives a body that is not inside its slot. Returns as receive_piece. */
static __attribute__((noinline)) int receive_large(struct shm_channel *channel, struct shm_slot *slot, uint32_t index,
                                                   const struct hprpc_header *header, enum shm_kind kind,
                                                   struct hprpc_message *ret_message)
{
    struct chunk chunk = { 0 };
    int result;

    if (kind == SHM_END) {
        advance(&channel->receiver);
        return hprpc__shm_break(channel, HPRPC_EPEERDIED, "the other side (process %lld) has closed the connection",
                                (long long)channel->pid);
    }
    if (kind > SHM_END)
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "a slot of unknown kind %d", (int)kind);
    if ((kind == SHM_NEXT) != (channel->receiver.whole != NULL))
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "%s",
                                kind == SHM_NEXT ? "a piece of no body" : "a body ends before its last piece");
    result = load_chunk(channel, slot, index, kind, &chunk);
    if (result)
        return result;
    if (kind == SHM_CHUNK)
        return receive_chunk(channel, header, &chunk, ret_message);
    return receive_piece(channel, header, kind, &chunk, ret_message);
}

static int receive_inline(struct shm_channel *channel, uint32_t index, const struct hprpc_header *header, uint32_t size,
                          struct hprpc_message *ret_message)
{
    struct shm_receiver *receiver = &channel->receiver;

    if (size > (index ? SHM_INLINE_MAX_OPTIONS : SHM_INLINE_MAX))
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "%lu bytes are not inside a slot", (unsigned long)size);
    ret_message->header = *header;
    ret_message->body = (const uint8_t *)&receiver->next->rest[index];
    ret_message->size = size;
    ret_message->lendable = false;
    ret_message->holds_nothing = true;
    ret_message->token[0] = IN_SLOT;
    receiver->lent = true;
    advance(receiver);
    return 1;
}

/* Receives a body inside its slot or elsewhere. Returns as receive_piece. */
static int receive_body(struct shm_channel *channel, uint64_t commit, uint32_t index, const struct hprpc_header *header,
                        struct hprpc_message *ret_message)
{
    enum shm_kind kind = (enum shm_kind)(commit >> 48 & 0xff);

    if (kind == SHM_INLINE && !channel->receiver.whole)
        return receive_inline(channel, index, header, (uint32_t)(commit >> 56), ret_message);
    return receive_large(channel, channel->receiver.next, index, header, kind, ret_message);
}

/* Receives a slot whose message has descriptors: they come with its first slot. Returns as receive_piece. */
static __attribute__((noinline)) int receive_carrying(struct shm_channel *channel, uint64_t commit, uint32_t index,
                                                      const struct hprpc_header *header,
                                                      struct hprpc_message *ret_message)
{
    bool further = (enum shm_kind)(commit >> 48 & 0xff) == SHM_NEXT;
    int result = further ? 0 : hprpc__shm_parcel_find(channel);

    if (!result)
        result = receive_body(channel, commit, index, header, ret_message);
    if (result < 0 || further)
        return result;
    if (result) {
        ret_message->descriptors = hprpc__shm_parcel_take(channel);
        ret_message->holds_nothing = false;
    } else {
        channel->receiver.of_whole = hprpc__shm_parcel_take(channel);
    }
    return result;
}

/* Receives any slot, from its first two words, which are loaded already. Returns as receive_piece. */
static __attribute__((noinline)) int receive_slot(struct shm_channel *channel, uint64_t commit, uint64_t numbers,
                                                  struct hprpc_message *ret_message)
{
    struct hprpc_header header = {
        .call = (uint32_t)numbers,
        .service = (uint16_t)(numbers >> 32),
        .procedure = (uint16_t)(numbers >> 48),
        .type = (uint8_t)(commit >> 32),
        .flags = (uint8_t)(commit >> 40),
    };
    uint32_t index = header.flags & (HPRPC_FLAG_TIMEOUT | HPRPC_FLAG_DEPTH) ? 1 : 0;
    uint64_t options = index ? load_word(&channel->receiver.next->rest[0]) : 0;
    bool carries = header.flags & HPRPC_FLAG_DESCRIPTORS;

    header.timeout_ms = (uint32_t)options;
    header.depth = (uint16_t)(options >> 32);
    if (!hprpc_header_valid(&header) || (carries && !channel->base.carries_descriptors))
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "a header of type %d with flags 0x%02x makes no sense",
                                (int)header.type, (unsigned)header.flags);
    if (KODOSIS_UNLIKELY(carries))
        return receive_carrying(channel, commit, index, &header, ret_message);
    return receive_body(channel, commit, index, &header, ret_message);
}

/*
 * Receives the usual slot: a request or an answer with its body inside and without options. Its header is made of the two
 * words. False, and nothing has changed, if it is any other slot.
 */
static inline bool receive_usual(struct shm_receiver *receiver, uint64_t commit, uint64_t numbers,
                                 struct hprpc_message *ret_message)
{
    uint32_t upper = (uint32_t)(commit >> 32), size = upper >> 24;
    uint32_t type = upper & 0x00ffffff; /* with flags and kind, which are 0 */
    uint64_t words[2];

    if (type != HPRPC_MESSAGE_REQUEST && (type != HPRPC_MESSAGE_REPLY || numbers >> 32))
        return false;
    if (size > SHM_INLINE_MAX || receiver->whole)
        return false;
    words[0] = (uint32_t)numbers;
    words[1] = numbers >> 32 | (uint64_t)type << 48;
    memcpy(&ret_message->header, words, sizeof(words));
    ret_message->body = (const uint8_t *)receiver->next->rest;
    ret_message->size = size;
    ret_message->lendable = false;
    ret_message->holds_nothing = true;
    ret_message->token[0] = IN_SLOT;
    receiver->lent = true;
    advance(receiver);
    /* in a batch the next message is there, and its line comes while this one is handled */
    __builtin_prefetch((const void *)receiver->next);
    return true;
}

_Static_assert(sizeof(struct hprpc_header) == 16 && offsetof(struct hprpc_header, service) == 8 &&
                   offsetof(struct hprpc_header, procedure) == 10 && offsetof(struct hprpc_header, type) == 14,
               "receive_usual knows where the parts of a header are");

/* Drives a channel that is opening, and receives from it once it is open. */
static __attribute__((noinline)) int receive_when_open(struct shm_channel *channel, struct hprpc_message *ret_message)
{
    int result;

    /* acquire: as in shm_is_open */
    if (atomic_load_explicit(&channel->state, memory_order_acquire) != SHM_OPENING)
        return hprpc__shm_not_open(channel, 0);
    result = channel->open(channel);
    return result || !shm_is_open(channel) ? result : hprpc__shm_receive(&channel->base, ret_message);
}

/* Receives from a slot that is not usual, whose first words are loaded, and from those behind it while they are pieces. */
static __attribute__((noinline)) int receive_unusual(struct shm_channel *channel, uint64_t commit, uint64_t numbers,
                                                     struct hprpc_message *ret_message)
{
    struct shm_receiver *receiver = &channel->receiver;
    uint32_t pieces;
    int result;

    receiver->lent = false;
    if (receiver->tail >= receiver->publish_at)
        publish(receiver, receiver->tail);
    result = receive_slot(channel, commit, numbers, ret_message);
    /* for one lap at most, so that one long body does not keep other connections waiting */
    for (pieces = 1; !result && pieces < receiver->slot_count; pieces++) {
        commit = load_commit(receiver);
        if ((uint32_t)commit != receiver->tag)
            return receive_nothing(channel, (uint32_t)commit);
        if (receiver->tail >= receiver->publish_at)
            publish(receiver, receiver->tail);
        result = receive_slot(channel, commit, load_word(&receiver->next->call), ret_message);
    }
    return result;
}

int hprpc__shm_receive(struct hprpc_channel *base, struct hprpc_message *ret_message)
{
    struct shm_channel *channel = shm_channel(base);
    struct shm_receiver *receiver = &channel->receiver;
    uint64_t commit, numbers;

    if (KODOSIS_UNLIKELY(!shm_is_open(channel)))
        return receive_when_open(channel, ret_message);
    /* the last message, which lay in its slot, has been released by now */
    commit = load_commit(receiver);
    if ((uint32_t)commit != receiver->tag)
        return receive_nothing(channel, (uint32_t)commit);
    receiver->idle = 0;
    receiver->woken = false;
    numbers = load_word(&receiver->next->call);
    if (KODOSIS_UNLIKELY(!receive_usual(receiver, commit, numbers, ret_message)))
        return receive_unusual(channel, commit, numbers, ret_message);
    /* the slot of this message is not free yet */
    return KODOSIS_LIKELY(receiver->tail <= receiver->publish_at) ? 1 : publish(receiver, receiver->tail - 1);
}

void hprpc__shm_release(struct hprpc_channel *base, struct hprpc_message *message)
{
    struct shm_receiver *receiver = &shm_channel(base)->receiver;

    if (message->token[0] == IN_PRIVATE) {
        hprpc_context_release(base->context, (void *)(uintptr_t)message->body, message->size);
    } else if (message->token[0] == IN_CHUNK) {
        hold(receiver, (uint32_t)message->token[1], message->size, false);
        give_back(receiver, (uint32_t)message->token[1]);
    }
    if (KODOSIS_UNLIKELY(message->header.flags & HPRPC_FLAG_DESCRIPTORS)) {
        hprpc_descriptors_free(base->context, message->descriptors);
        message->descriptors = NULL;
    }
}

/* Whether room that the sending side waited for has come; true once for each wait. */
static bool is_fed(struct shm_channel *channel)
{
    struct shm_sender *sender = &channel->sender;

    /* acquire: pairs with the store in hprpc__shm_waits_for_room, which uses the two words in the opposite order */
    if (!atomic_load_explicit(&sender->hungry, memory_order_acquire) ||
        atomic_load_explicit(&sender->words->starved, memory_order_seq_cst))
        return false;
    atomic_store_explicit(&sender->hungry, false, memory_order_seq_cst);
    return true;
}

static void stop_sleeping(struct shm_receiver *receiver)
{
    receiver->armed = false;
    if (!shm_unpark(&receiver->words->sleeping))
        receiver->unread = receiver->drains;
}

/* Takes the rings, and what came between them. False: the bell stays readable, or something is wrong. */
static bool empty_bell(struct shm_channel *channel)
{
    struct shm_receiver *receiver = &channel->receiver;

    if (channel->bell.packets && channel->base.carries_descriptors)
        return hprpc__shm_parcels_collect(channel) == 0;
    if (channel->bell.packets && !receiver->refuses)
        hprpc__rights_refuse(channel->socket);
    receiver->refuses = true;
    return hprpc__shm_bell_drain(channel->bell);
}

bool hprpc__shm_arm(struct hprpc_channel *base)
{
    struct shm_channel *channel = shm_channel(base);
    struct shm_receiver *receiver = &channel->receiver;
    uint64_t done;

    if (!shm_is_open(channel))
        return atomic_load_explicit(&channel->state, memory_order_relaxed) != SHM_OPENING;
    if (receiver->unread || channel->bell.packets) {
        /* the looks below find what was rung for; packets that stay unread would fill the socket */
        receiver->unread = false;
        if (!empty_bell(channel)) {
            receiver->woken = true; /* the next look goes to the lifeline */
            return true;
        }
    }
    done = receiver->tail - receiver->lent;
    if (done > receiver->published)
        publish(receiver, done);
    receiver->armed = true;
    shm_park(&receiver->words->sleeping);
    hprpc__step(HPRPC__STEP_PARKED);
    if ((uint32_t)load_commit(receiver) == receiver->tag - 1 && shm_is_open(channel) && !is_fed(channel))
        return false;
    stop_sleeping(receiver);
    return true;
}

void hprpc__shm_disarm(struct hprpc_channel *base)
{
    struct shm_receiver *receiver = &shm_channel(base)->receiver;

    if (!receiver->armed)
        return;
    stop_sleeping(receiver);
    hprpc__step(HPRPC__STEP_AWAKE);
    receiver->woken = true;
}
