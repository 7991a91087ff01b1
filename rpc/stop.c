/* SPDX-License-Identifier: MIT */
/*
 * How a server ends: it stops listening, refuses new requests, lets kept ones finish and their answers leave, all by a
 * deadline, and closes. hprpc_server_run waits for these steps, hprpc_server_process takes them one by one.
 */
#include <errno.h>
#include <unistd.h>

#include "base/signals.h"
#include "base/deadline.h"
#include "rpc/pump/watcher.h"
#include "rpc/stop.h"

/* the last answer does not ring the loop, so a loop that drains looks again every few milliseconds */
#define DRAIN_LOOK (5 * HPRPC__MILLISECOND)

bool hprpc__server_is_told_to_stop(struct hprpc_server *server)
{
    /* acquire: pairs with the exchange in hprpc_server_stop */
    return atomic_load_explicit(&server->stop, memory_order_acquire);
}

/* The time by which the server must have stopped; the first call fixes it. */
static hprpc__deadline stop_deadline(struct hprpc_server *server)
{
    uint64_t none = 0, deadline = hprpc__deadline_after_ms(hprpc_context_now(server->context), server->stop_ms);

    /* relaxed: this orders nothing else, and all threads see the same number */
    if (atomic_compare_exchange_strong_explicit(&server->stop_deadline, &none, deadline, memory_order_relaxed,
                                                memory_order_relaxed))
        return deadline;
    return none;
}

hprpc__deadline hprpc__server_ends(struct hprpc__host *host)
{
    struct hprpc_server *server = ((struct hprpc__serving_loop *)host)->server;

    return hprpc__server_is_told_to_stop(server) ? stop_deadline(server) : HPRPC__NEVER;
}

/* ---- Waiting for it ---- */

static void begin_to_drain(struct hprpc_server *server)
{
    atomic_store(&server->shared->quota.refusing, true);
    hprpc__acceptor_clear(&server->acceptor);
    for (uint32_t i = 0; i < server->loop_count; i++)
        hprpc__loop_drain(&server->loops[i].loop);
}

int hprpc__server_drain(struct hprpc_server *server)
{
    hprpc__deadline deadline = stop_deadline(server);
    uint64_t now;
    int r = 0;

    begin_to_drain(server);
    while (r == 0 && atomic_load(&server->shared->quota.calls)) {
        now = hprpc_context_now(server->context);
        if (now >= deadline)
            break;
        r = hprpc__server_turn(server, true, hprpc__deadline_earlier(now + DRAIN_LOOK, deadline));
    }
    return r;
}

void hprpc__server_send_rest(struct hprpc_server *server, struct hprpc__loop *loop)
{
    hprpc__deadline deadline = stop_deadline(server);
    uint64_t now;

    while (hprpc__shared_is_ours(server->shared) && hprpc__loop_has_unsent(loop) &&
           (now = hprpc_context_now(loop->context)) < deadline) {
        if (hprpc__loop_turn(loop, true, hprpc__deadline_earlier(now + DRAIN_LOOK, deadline)) < 0)
            break;
    }
}

/* ---- Step by step ---- */

static bool is_drained(struct hprpc_server *server)
{
    return !atomic_load(&server->shared->quota.calls) && !hprpc__loop_has_unsent(&server->loops[0].loop);
}

int hprpc__server_go_on_stopping(struct hprpc_server *server)
{
    if (server->stage == HPRPC__SERVING && hprpc__server_is_told_to_stop(server)) {
        server->stage = HPRPC__DRAINING;
        begin_to_drain(server);
    }
    if (server->stage == HPRPC__DRAINING &&
        (is_drained(server) || hprpc_context_now(server->context) >= stop_deadline(server))) {
        hprpc__server_forget_signals(server);
        hprpc__loop_end_all(&server->loops[0].loop);
        hprpc__loop_fall_silent(&server->loops[0].loop);
        server->stage = HPRPC__STOPPED;
    }
    return server->stage == HPRPC__STOPPED ? HPRPC_ECLOSED : 0;
}

hprpc__deadline hprpc__server_next_look(struct hprpc_server *server, uint64_t now, hprpc__deadline deadline)
{
    return hprpc__deadline_earlier(deadline, hprpc__deadline_earlier(now + DRAIN_LOOK, stop_deadline(server)));
}

/* ---- Asking for it ---- */

void hprpc_server_stop(struct hprpc_server *server)
{
    /*
     * Everything here may be done in a signal handler. Release: pairs with the acquire in hprpc__server_is_told_to_stop. A
     * second stop does not ring: the loops of a server that has stopped stay quiet.
     */
    if (!server || !hprpc__shared_is_ours(server->shared) ||
        atomic_exchange_explicit(&server->stop, true, memory_order_release))
        return;
    for (uint32_t i = 0; i < server->loop_count; i++)
        hprpc__loop_kick(&server->loops[i].loop);
}

/* Makes the descriptor, or changes its set. */
static int watch_signals(struct hprpc_server *server, const sigset_t *set)
{
    int fd = hprpc__signals_open(server->signals.fd, set);

    if (fd < 0)
        return fd;
    if (server->signals.fd < 0 && !hprpc__watcher_add(&server->loops[0].loop.poller, fd, &server->signals)) {
        close(fd);
        return HPRPC_ESYSTEM;
    }
    server->signals.fd = fd;
    server->signals.set = *set;
    return 0;
}

int hprpc_server_stop_on_signal(struct hprpc_server *server, int number)
{
    sigset_t set, one;

    if (!hprpc__shared_is_ours(server->shared))
        return HPRPC_EFORKED;
    if (server->stage == HPRPC__STOPPED)
        return HPRPC_ECLOSED;
    set = server->signals.set;
    if (server->signals.fd < 0)
        sigemptyset(&set);
    sigemptyset(&one);
    /* SIGKILL and SIGSTOP cannot be blocked or taken */
    if (number == SIGKILL || number == SIGSTOP || sigaddset(&set, number) < 0 || sigaddset(&one, number) < 0)
        return HPRPC_EINVAL;
    if (watch_signals(server, &set) < 0)
        return HPRPC_ESYSTEM;
    hprpc__signals_block(&one);
    return 0;
}

void hprpc__server_take_signal(struct hprpc_server *server)
{
    if (hprpc__signals_take(server->signals.fd))
        hprpc_server_stop(server);
}

void hprpc__server_forget_signals(struct hprpc_server *server)
{
    if (server->signals.fd < 0)
        return;
    hprpc__poller_remove(&server->loops[0].loop.poller, server->signals.fd);
    close(server->signals.fd);
    server->signals.fd = -1;
}
