/* SPDX-License-Identifier: MIT */
/* A channel that is no connection yet: twelve slots that have nothing to do, and an end. */
#include "rpc/resting.h"

#include <poll.h>

struct resting {
    struct hprpc_channel channel;
    struct hprpc__bed *bed;
    const char *scheme;
    hprpc__deadline until;
    bool closed;   /* the lock: by this side */
    bool appeared; /* pump: the name did */
};

static struct resting *resting_of(struct hprpc_channel *channel)
{
    return (struct resting *)channel;
}

static int start_call(struct hprpc_channel *channel, const struct hprpc_header *header, uint32_t size,
                      struct hprpc_reservation *ret_reservation)
{
    (void)header;
    (void)size;
    (void)ret_reservation;
    return resting_of(channel)->closed ? HPRPC_ECLOSED : HPRPC_EAGAIN;
}

/* No reservation is ever made. */
static int end_call(struct hprpc_channel *channel, struct hprpc_reservation *reservation)
{
    (void)channel;
    (void)reservation;
    return HPRPC_ECLOSED;
}

static void cancel_call(struct hprpc_channel *channel, struct hprpc_reservation *reservation)
{
    (void)channel;
    (void)reservation;
}

static int flush(struct hprpc_channel *channel)
{
    return resting_of(channel)->closed ? HPRPC_ECLOSED : 0;
}

/* Whether the rest is over. By the pump's owner. */
static bool is_over(struct resting *resting)
{
    if (hprpc__name_watch_take(&resting->bed->watch))
        resting->appeared = true;
    return resting->appeared || hprpc_context_now(resting->channel.context) >= resting->until;
}

static int receive(struct hprpc_channel *channel, struct hprpc_message *ret_message)
{
    struct resting *resting = resting_of(channel);

    (void)ret_message;
    if (__atomic_load_n(&resting->closed, __ATOMIC_RELAXED))
        return HPRPC_ECLOSED;
    return is_over(resting) ? HPRPC_EREFUSED : 0;
}

/* No message is ever received. */
static void release(struct hprpc_channel *channel, struct hprpc_message *message)
{
    (void)channel;
    (void)message;
}

static size_t watch(struct hprpc_channel *channel, struct hprpc_watch *ret_watches)
{
    const struct hprpc__bed *bed = resting_of(channel)->bed;
    int fd = bed->watch.fd >= 0 ? bed->watch.fd : bed->quiet_fd;

    ret_watches[0] = (struct hprpc_watch){ .fd = fd, .events = POLLIN };
    return fd >= 0;
}

static bool arm(struct hprpc_channel *channel)
{
    struct resting *resting = resting_of(channel);

    return __atomic_load_n(&resting->closed, __ATOMIC_RELAXED) || is_over(resting);
}

static void disarm(struct hprpc_channel *channel)
{
    (void)channel;
}

/* The controller kicks the thread that sleeps, so there is nothing to ring. */
static void close_resting(struct hprpc_channel *channel)
{
    /* relaxed: pairs with the loads in receive and arm; the kick orders them */
    __atomic_store_n(&resting_of(channel)->closed, true, __ATOMIC_RELAXED);
}

static void free_resting(struct hprpc_channel *channel)
{
    hprpc_channel_clear(channel);
    hprpc_context_release(channel->context, channel, sizeof(struct resting));
}

static void describe(struct hprpc_channel *channel, struct hprpc_peer *ret_peer)
{
    *ret_peer = (struct hprpc_peer){
        .address = "(not connected)", .transport = resting_of(channel)->scheme, .pid = -1, .uid = -1, .gid = -1
    };
}

static const struct hprpc_channel_ops resting_ops = {
    .start_call = start_call,
    .end_call = end_call,
    .cancel_call = cancel_call,
    .flush = flush,
    .receive = receive,
    .release = release,
    .watch = watch,
    .arm = arm,
    .disarm = disarm,
    .close = close_resting,
    .free = free_resting,
    .describe = describe,
};

int hprpc__resting_new(struct hprpc_context *context, struct hprpc__bed *bed, const char *scheme,
                       struct hprpc_channel **ret_channel)
{
    struct resting *resting = hprpc_context_allocate(context, sizeof(*resting));

    if (!resting)
        return HPRPC_ENOMEM;
    *resting = (struct resting){ .bed = bed, .scheme = scheme };
    hprpc_channel_init(&resting->channel, &resting_ops, context, HPRPC_WAIT_BLOCK);
    *ret_channel = &resting->channel;
    return 0;
}

void hprpc__resting_begin(struct hprpc_channel *channel, hprpc__deadline until)
{
    struct resting *resting = resting_of(channel);

    resting->until = until;
    resting->closed = false;
    resting->appeared = false;
}

bool hprpc__is_resting(const struct hprpc_channel *channel)
{
    return channel->ops == &resting_ops;
}

bool hprpc__resting_saw_name(const struct hprpc_channel *channel)
{
    return ((const struct resting *)channel)->appeared;
}
