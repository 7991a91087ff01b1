/* SPDX-License-Identifier: MIT */
/* The life of an end, how it breaks and is closed, and how a thread that waits on it has the other side served. */
#include "channel-local/local.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/errno-text.h"
#include "base/seat.h"
#include "base/wake.h"

/* ---- Breaking ---- */

int hprpc__local_code(struct local_end *end)
{
    int state;

    /* acquire: pairs with the release in hprpc__local_fail */
    while ((state = atomic_load_explicit(&end->state, memory_order_acquire)) == LOCAL_BREAKING)
        sched_yield(); /* the thread on the other side of this channel is writing the reason */
    return state == LOCAL_BROKEN ? end->code : 0;
}

int hprpc__local_fail(struct local_end *end, int code, const char *reason)
{
    int open = LOCAL_OPEN;

    /* relaxed: the thread that sets BREAKING writes the reason, and publishes it below */
    if (!atomic_compare_exchange_strong_explicit(&end->state, &open, LOCAL_BREAKING, memory_order_relaxed,
                                                 memory_order_relaxed))
        return hprpc__local_code(end);
    end->code = hprpc_channel_fail(&end->channel, code, "%s", reason);
    /* release: pairs with the acquire in hprpc__local_code */
    atomic_store_explicit(&end->state, LOCAL_BROKEN, memory_order_release);
    return code;
}

/* ---- The bell ---- */

void hprpc__local_ring(struct local_end *end)
{
    if (end->bell < 0)
        return;
    /* relaxed: a receiver that counts a ring too early finds none, and looks again before its next sleep */
    atomic_fetch_add_explicit(&end->rings, 1, memory_order_relaxed);
    hprpc__wake_ring(end->bell);
}

static size_t watch(struct hprpc_channel *base, struct hprpc_watch *ret_watches)
{
    ret_watches[0] = (struct hprpc_watch){ .fd = local_end(base)->bell, .events = POLLIN };
    return local_end(base)->bell >= 0;
}

/* Closes the bell, which the other end may be about to ring; and forgets who serves this end, whom the other end may be about to ask. */
static void let_go(struct local_end *end)
{
    struct local_end *peer;

    hprpc__mutex_lock(&end->registry->lock);
    peer = end->peer;
    if (peer)
        hprpc__mutex_lock(&peer->lock);
    if (end->bell >= 0)
        close(end->bell);
    end->bell = -1;
    hprpc__seat_give(&end->channel, NULL, NULL);
    if (peer)
        hprpc__mutex_unlock(&peer->lock);
    hprpc__mutex_unlock(&end->registry->lock);
}

/* ---- The end of an end ---- */

static void close_end(struct hprpc_channel *base)
{
    struct local_end *end = local_end(base);

    hprpc__mutex_lock(&end->lock);
    if (!atomic_load_explicit(&end->closed, memory_order_relaxed)) {
        hprpc__local_fail(end, HPRPC_ECLOSED, "the connection was closed on this side");
        /* release: pairs with the acquire in hprpc__local_receive, which finds the reason */
        atomic_store_explicit(&end->closed, true, memory_order_release);
        if (end->peer) {
            /* release: pairs with the acquire in hprpc__local_receive, which then sees what was sent before */
            atomic_store_explicit(&end->peer->gone, true, memory_order_release);
            hprpc__local_ring(end->peer);
        }
        hprpc__local_ring(end);
    }
    hprpc__mutex_unlock(&end->lock);
    if (base->over)
        let_go(end);
}

/* Frees what `end` has staged for its peer. Under the lock of `end`. */
static void drop_staged(struct local_end *end)
{
    struct local_block *block;

    hprpc__assert_locked(&end->lock);
    while ((block = local_block(hprpc__list_take(&end->staged)))) {
        if (block->header.flags & HPRPC_FLAG_DESCRIPTORS)
            hprpc_descriptors_free(end->peer->channel.context, block->descriptors);
        hprpc__local_block_give(&end->peer->store, block);
    }
}

/* Makes `end` forget its peer, and gives back what of the peer's it has. */
static void forget_peer(struct local_end *end)
{
    hprpc__mutex_lock(&end->lock);
    drop_staged(end);
    end->peer = NULL;
    hprpc__mutex_unlock(&end->lock);
}

static void part(struct local_end *end)
{
    struct local_end *peer;

    hprpc__mutex_lock(&end->registry->lock);
    peer = end->peer;
    if (peer) {
        forget_peer(peer);
        forget_peer(end);
    }
    hprpc__mutex_unlock(&end->registry->lock);
}

static void destroy(struct local_end *end)
{
    hprpc__local_inbox_clear(end);
    hprpc__local_store_clear(&end->store);
    if (end->bell >= 0)
        close(end->bell);
    hprpc_channel_clear(&end->channel);
    hprpc_context_release(end->channel.context, end, sizeof(*end));
}

static void free_end(struct hprpc_channel *base)
{
    if (!base)
        return;
    close_end(base);
    part(local_end(base));
    destroy(local_end(base));
}

/* ---- Who serves the other side ---- */

/*
 * Finds who serves the other end, and enters there. Under the lock the other end is not freed, nor does it forget; once this thread
 * has entered, they wait for it.
 */
static const struct hprpc__seat *enter_there(struct local_end *end, void **ret_seated)
{
    const struct hprpc__seat *seat = NULL;

    hprpc__mutex_lock(&end->lock);
    if (end->peer) {
        /* acquire: pairs with the release in hprpc__seat_give */
        seat = __atomic_load_n(&end->peer->channel.seat, __ATOMIC_ACQUIRE);
        *ret_seated = __atomic_load_n(&end->peer->channel.seated, __ATOMIC_ACQUIRE);
    }
    if (seat && !seat->enter(seat, *ret_seated))
        seat = NULL;
    /* who enters serves what is there, and sees to the rest: no ring is needed */
    if (seat && end->unrung) {
        end->unrung = false;
        hprpc__local_set_queued(end);
    }
    hprpc__mutex_unlock(&end->lock);
    return seat;
}

static int assist(struct hprpc_channel *base)
{
    void *seated = NULL;
    const struct hprpc__seat *seat = enter_there(local_end(base), &seated);

    return seat ? seat->serve(seat, seated) : HPRPC_EBUSY;
}

/* ---- Making ---- */

static void describe(struct hprpc_channel *base, struct hprpc_peer *ret_peer)
{
    (void)base;
    *ret_peer = (struct hprpc_peer){
        .transport = hprpc_transport_local.scheme, .pid = getpid(), .uid = geteuid(), .gid = getegid()
    };
    snprintf(ret_peer->address, sizeof(ret_peer->address), "this process, pid %lld", (long long)ret_peer->pid);
}

static const struct hprpc_channel_ops ops = {
    .start_call = hprpc__local_start_call,
    .end_call = hprpc__local_end_call,
    .cancel_call = hprpc__local_cancel_call,
    .flush = hprpc__local_flush,
    .receive = hprpc__local_receive,
    .release = hprpc__local_release,
    .watch = watch,
    .arm = hprpc__local_arm,
    .disarm = hprpc__local_disarm,
    .close = close_end,
    .free = free_end,
    .describe = describe,
};

static int new_end(struct local_registry *registry, struct hprpc_context *context, enum hprpc_wait wait,
                   struct hprpc_detail *detail, struct local_end **ret_end)
{
    struct local_end *end = hprpc_context_allocate(context, sizeof(*end));

    if (!end)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for a connection");
    memset(end, 0, offsetof(struct local_end, slots));
    hprpc_channel_init(&end->channel, &ops, context, wait);
    end->channel.no_cancellation_points = true;
    end->channel.carries_descriptors = true;
    end->channel.assist = assist;
    end->registry = registry;
    end->free_until = LOCAL_SLOTS;
    hprpc__mutex_init(&end->lock);
    hprpc__local_store_init(&end->store, context);
    end->bell = hprpc__wake_open();
    if (end->bell < 0) {
        int r = hprpc_detail_set(detail, HPRPC_ESYSTEM, "no descriptor for a connection: %s", hprpc__errno_text(errno));

        destroy(end);
        return r;
    }
    *ret_end = end;
    return 0;
}

int hprpc__local_pair_new(struct local_registry *registry, struct hprpc_context *contexts[2],
                          const enum hprpc_wait waits[2], struct hprpc_detail *detail, struct local_end *ret_ends[2])
{
    int r = new_end(registry, contexts[0], waits[0], detail, &ret_ends[0]);

    if (r < 0)
        return r;
    r = new_end(registry, contexts[1], waits[1], detail, &ret_ends[1]);
    if (r < 0) {
        destroy(ret_ends[0]);
        return r;
    }
    ret_ends[0]->peer = ret_ends[1];
    ret_ends[1]->peer = ret_ends[0];
    return 0;
}
