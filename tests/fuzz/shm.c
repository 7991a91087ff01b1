/* SPDX-License-Identifier: MIT */
/*
 * A segment of shared memory that the other side writes to as it likes: slots, return rings, words and chunks, at any moment. The end
 * under test receives and sends over it; whatever lies there, it delivers what it has checked, or breaks and says why.
 *
 * The input is a program: an instruction is a byte, and its operands follow.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel-shm/carrying.h"
#include "channel-shm/shm.h"

enum { KEPT = 4, LIMIT = 100000 };

struct script {
    const uint8_t *at, *end;
};

struct table {
    struct shm_channel *end; /* under test: a client without trust */
    struct shm_geometry geometry;
    uint8_t *memory;
    struct hprpc_message kept[KEPT];
    int count;
    int peer; /* the other end of the lifeline */
};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static uint32_t take(struct script *script, size_t size)
{
    uint32_t value = 0;

    for (; size && script->at < script->end; size--)
        value = value << 8 | *script->at++;
    return value;
}

static void release_one(struct table *table)
{
    if (table->count)
        table->end->base.ops->release(&table->end->base, &table->kept[--table->count]);
}

static int receive(struct table *table)
{
    struct hprpc_message message;
    int r = table->end->base.ops->receive(&table->end->base, &message);
    unsigned sum = 0;

    if (r <= 0)
        return r;
    must(message.size <= LIMIT && (uintptr_t)message.body % 8 == 0);
    for (uint32_t i = 0; i < message.size; i++)
        sum += ((const volatile uint8_t *)message.body)[i];
    must(sum <= 255u * LIMIT);
    if (table->count == KEPT)
        release_one(table);
    table->kept[table->count++] = message;
    return 1;
}

static int send_one(struct table *table, uint32_t size, bool borrows)
{
    static const uint8_t lent[40000];
    struct hprpc_channel *channel = &table->end->base;
    struct hprpc_header header = { .type = HPRPC_MESSAGE_REQUEST, .call = 1 };
    struct hprpc_reservation reservation;
    int r = channel->ops->start_call(channel, &header, size, &reservation);

    if (r < 0)
        return r == HPRPC_EAGAIN || r == HPRPC_ENOMEM ? 0 : r;
    if (borrows && size <= sizeof(lent))
        kodosis_write_run(&reservation.writer, lent, size);
    else
        memset(reservation.writer.cursor, 7, size), reservation.writer.cursor += size;
    if (size % 5 == 4) {
        channel->ops->cancel_call(channel, &reservation);
        return 0;
    }
    r = channel->ops->end_call(channel, &reservation);
    return r == HPRPC_EAGAIN ? 0 : r;
}

/* A word of the segment, often one of the first lines of a part of it, where the words that matter are. */
static uint8_t *place_in(struct table *table, uint32_t choice, uint32_t offset)
{
    const struct shm_geometry *geometry = &table->geometry;
    const size_t parts[] = { 0,
                             geometry->words_at[0],
                             geometry->words_at[1],
                             geometry->slots_at[0],
                             geometry->slots_at[1],
                             geometry->returns_at[0],
                             geometry->returns_at[1],
                             geometry->arena_at[0],
                             geometry->arena_at[1],
                             geometry->extension_at[0],
                             geometry->extension_at[1] };
    size_t at = parts[choice % (sizeof(parts) / sizeof(parts[0]))] + offset * 4;

    return table->memory + at % (geometry->size - 8);
}

/* What a sender does: a slot's commit word last. Finds the slot that is received next, so that mischief is looked at. */
static void publish(struct table *table, struct script *script)
{
    struct shm_slot *slot = table->end->receiver.next;
    uint64_t upper = (uint64_t)take(script, 4) << 32;

    for (int i = 0; i < 4; i++)
        atomic_store_explicit(&slot->rest[i], (uint64_t)take(script, 2) << (take(script, 1) % 48),
                              memory_order_relaxed);
    atomic_store_explicit(&slot->call, take(script, 4), memory_order_relaxed);
    atomic_store_explicit(&slot->commit, upper | table->end->receiver.tag, memory_order_release);
}

/* Sends a packet over the lifeline: a parcel for a slot that is near, with a descriptor or without, or anything else. */
static void send_parcel(struct table *table, struct script *script)
{
    struct shm_parcel parcel = { SHM_PARCEL_MAGIC, take(script, 1), table->end->receiver.tail + take(script, 1) };
    struct iovec run = { &parcel, sizeof(parcel) };
    uint32_t what = take(script, 1);
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { .bytes = { 0 } };
    struct msghdr message = { .msg_iov = &run, .msg_iovlen = 1 };

    if (what & 1) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &table->peer, sizeof(int));
    }
    if (what & 2)
        run.iov_len = what >> 2 & 15;
    sendmsg(table->peer, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int step(struct table *table, struct script *script)
{
    uint32_t what = take(script, 1), value;

    switch (what % 8) {
    case 0:
    case 1:
        return receive(table);
    case 2:
        return send_one(table, take(script, 2), what & 8);
    case 3:
        publish(table, script);
        return 0;
    case 4:
        value = take(script, 4);
        memcpy(place_in(table, what >> 3, take(script, 1)), &value, sizeof(value));
        return 0;
    case 5:
        if (what & 8)
            send_parcel(table, script);
        else
            release_one(table);
        return 0;
    case 6:
        value = (uint32_t)table->end->base.ops->flush(&table->end->base);
        return (int)value == HPRPC_EAGAIN ? 0 : (int)value;
    default:
        table->end->base.ops->arm(&table->end->base);
        table->end->base.ops->disarm(&table->end->base);
        return 0;
    }
}

static void set_up(struct table *table, bool untrusted)
{
    struct shm_options options = { .wait = HPRPC_WAIT_SPIN, .untrusted = untrusted };
    int sockets[2];

    must(hprpc__shm_geometry_init(SHM_SLOTS_MIN, SHM_ARENA_MIN, SHM_EXTENSION_MIN, &table->geometry) == 0);
    table->memory = mmap(NULL, table->geometry.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(table->memory != MAP_FAILED);
    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets) == 0);
    must(hprpc__shm_channel_new(NULL, &options, &table->end) == 0);
    table->peer = sockets[1];
    table->end->borrowed = true;
    table->end->geometry = table->geometry;
    table->end->socket = sockets[0];
    table->end->bell = table->end->peer_bell = (struct shm_bell){ sockets[0], true };
    hprpc__shm_channel_attach(table->end, table->memory, table->geometry.size);
    table->end->base.receive_limit = LIMIT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script = { data, data + size };
    struct table table = { .count = 0 };
    int r = 0;

    set_up(&table, take(&script, 1) & 1);
    while (script.at < script.end && r >= 0)
        r = step(&table, &script);
    must(r >= 0 || table.end->base.reason.text);
    while (table.count)
        release_one(&table);
    table.end->base.ops->free(&table.end->base);
    close(table.peer);
    munmap(table.memory, table.geometry.size);
    return 0;
}
