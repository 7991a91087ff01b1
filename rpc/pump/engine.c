/* SPDX-License-Identifier: MIT */
/* Which engine a connection gets, and how a loop waits on it. */
#include "rpc/pump/engine.h"

#include <poll.h>

static void set_was_ready(struct hprpc__ring_task *task, const struct hprpc__ring_result *result)
{
    struct hprpc__engine *engine = (struct hprpc__engine *)((char *)task - offsetof(struct hprpc__engine, waiter));

    engine->awaits = false;
    engine->ready = result->code > 0;
}

static void was_kicked(struct hprpc__ring_task *task, const struct hprpc__ring_result *result)
{
    struct hprpc__engine *engine = (struct hprpc__engine *)((char *)task - offsetof(struct hprpc__engine, kick_waiter));

    engine->awaits_kick = false;
    engine->kicked = result->code > 0;
}

void hprpc__engine_init(struct hprpc__engine *engine, struct hprpc_context *context, struct hprpc__poller *poller,
                        const struct hprpc__ring_ears *ears)
{
    *engine = (struct hprpc__engine){ .context = context, .poller = poller, .ears = *ears };
    engine->waiter.done = set_was_ready;
    engine->kick_waiter.done = was_kicked;
}

/* ---- The choice ---- */

/* Whether a channel is to have the ring; if not, and that needs a word, why. */
static bool wants_ring(const struct hprpc__engine *engine, const struct hprpc_channel *channel, const char **ret_reason)
{
    unsigned wanted = channel->wanted == HPRPC_ENGINE_AUTO ? (unsigned)engine->choice : channel->wanted;

    *ret_reason = "epoll";
    if (wanted == HPRPC_ENGINE_AUTO)
        return engine->many && engine->runs;
    if (wanted != HPRPC_ENGINE_URING)
        return false;
    if (!engine->runs)
        *ret_reason = "epoll: io_uring serves only under hprpc_server_run";
    return engine->runs;
}

/* Opens the ring at the first connection that wants it. */
static void open_ring(struct hprpc__engine *engine)
{
    int r = hprpc__ring_open(engine->context, engine->buffers, &engine->ears, &engine->ring);

    if (r < 0) {
        engine->refusal = hprpc__ring_refusal(r);
        hprpc_context_log(engine->context, HPRPC_LOG_INFO, "sockets of this loop are served by %s", engine->refusal);
        return;
    }
    engine->poller->common = hprpc__ring_descriptor(engine->ring);
    hprpc_context_log(engine->context, HPRPC_LOG_INFO, "sockets of this loop are served by io_uring");
}

void hprpc__engine_offer(struct hprpc__engine *engine, struct hprpc_channel *channel, void *owner)
{
    const char *reason;

    if (!channel->completes || channel->owner || channel->carries_descriptors)
        return;
    if (wants_ring(engine, channel, &reason)) {
        if (!engine->ring && !engine->refusal)
            open_ring(engine);
        reason = engine->ring ? "uring" : engine->refusal;
        channel->ring = engine->ring;
        channel->owner = engine->ring ? owner : NULL;
    }
    /* relaxed: the texts are constants */
    __atomic_store_n(&channel->engine, reason, __ATOMIC_RELAXED);
}

/* ---- Waiting ---- */

int hprpc__engine_wait(struct hprpc__engine *engine, int timeout_ms, void **ret_owners)
{
    struct hprpc__ring *ring = engine->ring;

    if (!ring)
        return hprpc__poller_wait(engine->poller, timeout_ms, ret_owners);
    /* a new task for each event, because only that tells of what was ready before: the set is watched by levels */
    if (!engine->awaits && !engine->ready)
        engine->awaits = hprpc__ring_await(ring, &engine->waiter, engine->poller->fd, POLLIN, false);
    if (hprpc__ring_turn(ring, timeout_ms && engine->awaits ? HPRPC__NEVER : 0) < 0)
        return HPRPC_ESYSTEM;
    if (!engine->ready)
        return 0;
    engine->ready = false;
    return hprpc__poller_wait(engine->poller, 0, ret_owners);
}

bool hprpc__engine_sleep(struct hprpc__engine *engine, int wake_fd, uint64_t nanoseconds)
{
    bool kicked;

    if (!engine->awaits_kick && !engine->kicked)
        engine->awaits_kick = hprpc__ring_await(engine->ring, &engine->kick_waiter, wake_fd, POLLIN, false);
    hprpc__ring_turn(engine->ring, engine->awaits_kick ? nanoseconds : 0);
    kicked = engine->kicked;
    engine->kicked = false;
    return kicked;
}

void hprpc__engine_push(struct hprpc__engine *engine)
{
    if (engine->ring)
        hprpc__ring_submit(engine->ring);
}

void hprpc__engine_close(struct hprpc__engine *engine)
{
    hprpc__ring_close(engine->ring);
    engine->ring = NULL;
    engine->awaits = engine->ready = engine->awaits_kick = engine->kicked = engine->runs = false;
    engine->poller->common = -1;
}
