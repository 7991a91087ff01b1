/* SPDX-License-Identifier: MIT */
/* What the two sides of a shared-memory channel have in common: its state, its end, and what it sleeps on. */
#include "channel-shm/carrying.h"
#include "channel-shm/shm.h"
#include "channel-shm/staging.h"

#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel/names/place.h"

enum { ALIGNMENT = _Alignof(struct shm_channel) };

int hprpc__shm_channel_new(struct hprpc_context *context, const struct shm_options *options,
                           struct shm_channel **ret_channel)
{
    size_t size = sizeof(struct shm_channel) + ALIGNMENT;
    uint8_t *memory = hprpc_context_allocate(context, size);
    struct shm_channel *channel;

    if (!memory)
        return HPRPC_ENOMEM;
    channel = (struct shm_channel *)(void *)(memory + (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT);
    memset(channel, 0, sizeof(*channel));
    channel->allocation = memory;
    channel->allocated = size;
    channel->socket = channel->bell.fd = channel->peer_bell.fd = -1;
    channel->pid = channel->uid = channel->gid = -1;
    atomic_init(&channel->state, SHM_OPENING);
    channel->options = *options;
    hprpc_channel_init(&channel->base, &hprpc__shm_channel_ops, context, options->wait);
    channel->base.no_cancellation_points = true;
    channel->base.carries_descriptors = true;
    *ret_channel = channel;
    return 0;
}

void hprpc__shm_channel_attach(struct shm_channel *channel, void *memory, size_t mapped)
{
    struct shm_lane out, in;
    int opening = SHM_OPENING;

    channel->memory = memory;
    channel->mapped = mapped;
    hprpc__shm_lane_init(&out, &channel->geometry, memory, mapped, channel->server);
    hprpc__shm_lane_init(&in, &channel->geometry, memory, mapped, !channel->server);
    hprpc__shm_sender_init(&channel->sender, &channel->geometry, &out, channel->peer_bell);
    hprpc__shm_receiver_init(&channel->receiver, &channel->geometry, &in, channel->peer_bell);
    /* release: pairs with the acquire in shm_is_open; it fails where another thread has closed the channel meanwhile */
    atomic_compare_exchange_strong_explicit(&channel->state, &opening, SHM_OPEN, memory_order_release,
                                            memory_order_relaxed);
}

int hprpc__shm_break(struct shm_channel *channel, int code, const char *format, ...)
{
    int state = atomic_load_explicit(&channel->state, memory_order_relaxed);
    struct hprpc_detail reason;
    va_list arguments;

    while (state < SHM_BREAKING) {
        if (!atomic_compare_exchange_weak_explicit(&channel->state, &state, SHM_BREAKING, memory_order_relaxed,
                                                   memory_order_relaxed))
            continue;
        va_start(arguments, format);
        vsnprintf(reason.text, sizeof(reason.text), format, arguments);
        va_end(arguments);
        channel->code = hprpc_channel_fail(&channel->base, code, "%s", reason.text);
        /* release: pairs with the acquires in shm_is_open and hprpc__shm_not_open */
        atomic_store_explicit(&channel->state, SHM_BROKEN, memory_order_release);
        return code;
    }
    return hprpc__shm_not_open(channel, code);
}

int hprpc__shm_not_open(struct shm_channel *channel, int otherwise)
{
    int state;

    /* acquire: pairs with the release in hprpc__shm_break */
    while ((state = atomic_load_explicit(&channel->state, memory_order_acquire)) == SHM_BREAKING)
        sched_yield(); /* the thread on the other side of this channel is writing the reason */
    return state == SHM_BROKEN ? channel->code : otherwise;
}

static size_t watch(struct hprpc_channel *base, struct hprpc_watch *ret_watches)
{
    struct shm_channel *channel = shm_channel(base);

    if (!shm_is_open(channel)) {
        ret_watches[0] = (struct hprpc_watch){ .fd = channel->socket, .events = POLLIN };
        return 1;
    }
    /* by level where the lifeline is also the doorbell: one edge could stand for a packet and for the end after it */
    ret_watches[0] = (struct hprpc_watch){ .fd = channel->bell.fd, .events = POLLIN, .edge = !channel->bell.packets };
    if (channel->bell.packets)
        return 1;
    ret_watches[1] = (struct hprpc_watch){ .fd = channel->socket };
    return 2;
}

static void close_descriptor(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_descriptors(struct shm_channel *channel)
{
    hprpc__shm_receiver_let_go(channel);
    if (!channel->bell.packets)
        close_descriptor(&channel->bell.fd);
    if (!channel->peer_bell.packets)
        close_descriptor(&channel->peer_bell.fd);
    close_descriptor(&channel->socket);
}

static void close_channel(struct hprpc_channel *base)
{
    struct shm_channel *channel = shm_channel(base);

    if (shm_is_open(channel))
        hprpc__shm_send_end(channel);
    hprpc__shm_break(channel, HPRPC_ECLOSED, "the connection was closed on this side");
    /* threads of both sides that sleep on the lifeline see a hang-up */
    if (channel->socket >= 0)
        shutdown(channel->socket, SHUT_RDWR);
    if (base->over) {
        hprpc__shm_parcels_drop(channel);
        close_descriptors(channel);
    }
}

static void free_channel(struct hprpc_channel *base)
{
    struct shm_channel *channel;
    struct shm_staged *staged;

    if (!base)
        return;
    channel = shm_channel(base);
    close_channel(base);
    hprpc__shm_parcels_drop(channel);
    while ((staged = shm_staged_of(hprpc__list_take(&channel->sender.queue))))
        hprpc__shm_staged_free(channel, staged);
    hprpc_context_release(base->context, channel->receiver.whole, channel->receiver.whole_size);
    if (channel->memory && !channel->borrowed)
        munmap(channel->memory, channel->mapped);
    close_descriptors(channel);
    hprpc_channel_clear(base);
    hprpc_context_release(base->context, channel->allocation, channel->allocated);
}

static void describe(struct hprpc_channel *base, struct hprpc_peer *ret_peer)
{
    struct shm_channel *channel = shm_channel(base);

    memset(ret_peer, 0, sizeof(*ret_peer));
    ret_peer->transport = hprpc_transport_shm.scheme;
    ret_peer->pid = channel->pid;
    ret_peer->uid = channel->uid;
    ret_peer->gid = channel->gid;
    snprintf(ret_peer->address, sizeof(ret_peer->address), "pid %lld", (long long)channel->pid);
}

const struct hprpc_channel_ops hprpc__shm_channel_ops = {
    .start_call = hprpc__shm_start_call,
    .end_call = hprpc__shm_end_call,
    .cancel_call = hprpc__shm_cancel_call,
    .flush = hprpc__shm_flush,
    .receive = hprpc__shm_receive,
    .release = hprpc__shm_release,
    .watch = watch,
    .arm = hprpc__shm_arm,
    .disarm = hprpc__shm_disarm,
    .close = close_channel,
    .free = free_channel,
    .describe = describe,
};

static bool name(const struct hprpc_uri *uri, char *ret_path, size_t capacity)
{
    return hprpc__place_name(uri, ".shm", ret_path, capacity);
}

const struct hprpc_transport hprpc_transport_shm = {
    .version = HPRPC_CHANNEL_VERSION,
    .scheme = "shm",
    .connect = hprpc__shm_connect,
    .listen = hprpc__shm_listen,
    .name = name,
};
