/* SPDX-License-Identifier: MIT */
/* Listening, accepting, and turning away. */
#include "rpc/acceptor.h"

#include <errno.h>

#include "base/errno-text.h"
#include "base/deadline.h"
#include "rpc/handed.h"
#include "rpc/transports.h"
#include "rpc/pump/watcher.h"

enum { ACCEPTS = 64 }; /* connections accepted in one turn, so that the loop serves the others meanwhile */

enum { TURNED_AWAY = 64 }; /* connections turned away between two pauses, so that a flood costs next to nothing */

#define PAUSE (100 * HPRPC__MILLISECOND)
#define SILENCE (10 * HPRPC__SECOND) /* between two log lines about connections that are turned away or wait */

/* ---- Listening ---- */

static int watch(struct hprpc__acceptor *acceptor, struct hprpc__listening *listening)
{
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    size_t count = listening->listener->ops->watch(listening->listener, watches);

    for (size_t i = 0; i < count; i++) {
        if (!hprpc__watcher_add(&acceptor->loop->poller, watches[i].fd, listening))
            return HPRPC_ESYSTEM;
    }
    listening->polled = !count;
    acceptor->polls = acceptor->polls || !count;
    return 0;
}

static void unwatch(struct hprpc__acceptor *acceptor, struct hprpc__listening *listening)
{
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    size_t count = listening->listener->ops->watch(listening->listener, watches);

    for (size_t i = 0; i < count; i++)
        hprpc__poller_remove(&acceptor->loop->poller, watches[i].fd);
}

static void log_listener(struct hprpc__acceptor *acceptor, const char *what, struct hprpc__listening *listening)
{
    char address[HPRPC_URI_MAX + 1];

    listening->listener->ops->address(listening->listener, address, sizeof(address));
    hprpc_context_log(acceptor->context, HPRPC_LOG_INFO, "%s %s", what, address);
}

/* Takes a new listener over, and frees it where that fails. */
static int add(struct hprpc__acceptor *acceptor, struct hprpc_listener *listener, struct hprpc_detail *detail)
{
    struct hprpc__listening *listening = hprpc_context_allocate(acceptor->context, sizeof(*listening));
    int r;

    if (!listening) {
        listener->ops->free(listener);
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for a listener");
    }
    listening->listener = listener;
    r = watch(acceptor, listening);
    if (r < 0) {
        hprpc_detail_set(detail, r, "cannot watch the listener: %s", hprpc__errno_text(errno));
        listener->ops->free(listener);
        hprpc_context_release(acceptor->context, listening, sizeof(*listening));
        return r;
    }
    hprpc__list_append(&acceptor->listeners, &listening->link);
    /* release: pairs with the acquire of a transport whose clients are in this process */
    __atomic_store_n(&listener->seat, &acceptor->loop->seat, __ATOMIC_RELEASE);
    log_listener(acceptor, "listening at", listening);
    return 0;
}

int hprpc__acceptor_listen(struct hprpc__acceptor *acceptor, const char *uri, struct hprpc_detail *detail)
{
    const struct hprpc_transport *transport;
    struct hprpc_listener *listener;
    struct hprpc_uri parts;
    int r;

    r = hprpc__transport_find(acceptor->context, uri, detail, &parts, &transport);
    if (r == 0)
        r = hprpc__uri_refuse_reconnect(&parts, "a listener does not connect", detail);
    if (r == 0)
        r = transport->listen(acceptor->context, &parts, detail, &listener);
    if (r == HPRPC_ENOMEM)
        hprpc_detail_set(detail, r, "no memory to listen at %.100s", uri);
    return r == 0 ? add(acceptor, listener, detail) : r;
}

int hprpc__acceptor_listen_fd(struct hprpc__acceptor *acceptor, int fd, const char *query, struct hprpc_detail *detail)
{
    struct hprpc_listener *listener;
    int r = hprpc__handed_listen(acceptor->context, fd, query, detail, &listener);

    if (r == HPRPC_ENOMEM)
        hprpc_detail_set(detail, r, "no memory to listen with it");
    return r == 0 ? add(acceptor, listener, detail) : r;
}

void hprpc__acceptor_clear(struct hprpc__acceptor *acceptor)
{
    struct hprpc__listening *listening;

    acceptor->polls = false;
    while ((listening = hprpc__listening_of(hprpc__list_take(&acceptor->listeners)))) {
        unwatch(acceptor, listening);
        log_listener(acceptor, "no longer listening at", listening);
        listening->listener->ops->free(listening->listener);
        hprpc_context_release(acceptor->context, listening, sizeof(*listening));
    }
}

/* ---- Accepting ---- */

/* Logs why connections are refused or wait: once in a while, however many they are. */
static void complain(struct hprpc__acceptor *acceptor, const char *what, const char *reason)
{
    uint64_t now = hprpc_context_now(acceptor->context);

    acceptor->unsaid++;
    if (now < acceptor->silent_until)
        return;
    hprpc_context_log(acceptor->context, HPRPC_LOG_ERROR, "%s: %s (%u since the last such line)", what, reason,
                      (unsigned)acceptor->unsaid);
    acceptor->silent_until = now + SILENCE;
    acceptor->unsaid = 0;
}

/* Stops watching the listeners for a moment: descriptors or memory are used up, or too many connections come at once. */
static void pause_accepting(struct hprpc__acceptor *acceptor, const char *reason)
{
    complain(acceptor, "accepting pauses", reason);
    for (struct hprpc__link *link = acceptor->listeners.first; link; link = link->next)
        unwatch(acceptor, hprpc__listening_of(link));
    acceptor->paused_until = hprpc_context_now(acceptor->context) + PAUSE;
    acceptor->turned_away = 0;
}

/* Gives a connection to `arrive`, or turns it away; NULL, or why accepting must pause. */
static const char *take(struct hprpc__acceptor *acceptor, struct hprpc_channel *channel, const char *refusal)
{
    if (refusal)
        complain(acceptor, "clients are turned away", refusal);
    if (acceptor->arrive(acceptor->self, channel, refusal) < 0) {
        channel->ops->free(channel);
        return "out of memory";
    }
    return refusal && ++acceptor->turned_away >= TURNED_AWAY ? "too many come to be turned away" : NULL;
}

/* Whether an event of this listener is still there; true for a listener without descriptors. */
static bool somebody_waits(struct hprpc_listener *listener)
{
    struct hprpc_watch watches[HPRPC_WATCH_MAX];
    size_t count = listener->ops->watch(listener, watches);

    for (size_t i = 0; i < count; i++)
        if (hprpc__poll_now(watches[i].fd, watches[i].events))
            return true;
    return !count;
}

/*
 * Whether a full server has looked at all its connections since it first saw that a client waits: one of them may have ended
 * before. A look may come between two connections of a round, so only the round after that one is whole.
 */
static bool has_looked_again(struct hprpc__acceptor *acceptor, struct hprpc_listener *listener)
{
    unsigned turns = atomic_load_explicit(&acceptor->loop->turns, memory_order_relaxed);

    if (acceptor->full && turns - acceptor->full_since >= 2)
        return true;
    if (!acceptor->full) {
        acceptor->full = somebody_waits(listener);
        acceptor->full_since = turns;
    }
    hprpc__loop_kick(acceptor->loop);
    return false;
}

/* Accepts one connection; NULL while that may go on, "" when there is none, or why accepting must pause. */
static const char *accept_one(struct hprpc__acceptor *acceptor, struct hprpc_listener *listener,
                              struct hprpc_detail *detail)
{
    struct hprpc_channel *channel;
    struct hprpc_detail full;
    enum hprpc__vacancy vacancy = acceptor->vacancy(acceptor->self, &full);
    int r;

    if (vacancy == HPRPC__CROWDED)
        return "too many are being turned away";
    if (vacancy == HPRPC__FULL && !has_looked_again(acceptor, listener))
        return "";
    r = listener->ops->accept(listener, detail, &channel);
    if (r < 0)
        return detail->text;
    if (r == 0) {
        acceptor->full = false;
        return "";
    }
    return take(acceptor, channel,
                r == HPRPC_ACCEPTED_TO_REFUSE ? detail->text
                : vacancy == HPRPC__FULL      ? full.text
                                              : NULL);
}

void hprpc__acceptor_event(struct hprpc__acceptor *acceptor, struct hprpc__listening *listening)
{
    struct hprpc_detail detail = { "cannot accept" };
    const char *reason = NULL;

    for (int i = 0; i < ACCEPTS && !reason && !acceptor->paused_until; i++)
        reason = accept_one(acceptor, listening->listener, &detail);
    if (reason && reason[0])
        pause_accepting(acceptor, reason);
}

void hprpc__acceptor_hurry(struct hprpc__acceptor *acceptor)
{
    if (!acceptor->paused_until || acceptor->turned_away >= TURNED_AWAY)
        return;
    acceptor->paused_until = 1;
    hprpc__loop_kick(acceptor->loop);
}

void hprpc__acceptor_poll(struct hprpc__acceptor *acceptor, uint64_t now)
{
    if (now < acceptor->next_poll)
        return;
    acceptor->next_poll = now + HPRPC__NAP_NANOSECONDS;
    for (struct hprpc__link *link = acceptor->listeners.first; link; link = link->next) {
        struct hprpc__listening *listening = hprpc__listening_of(link);

        if (listening->polled)
            hprpc__acceptor_event(acceptor, listening);
    }
}

hprpc__deadline hprpc__acceptor_resume(struct hprpc__acceptor *acceptor, uint64_t now)
{
    if (!acceptor->paused_until)
        return HPRPC__NEVER;
    if (now < acceptor->paused_until)
        return acceptor->paused_until;
    acceptor->paused_until = 0;
    for (struct hprpc__link *link = acceptor->listeners.first; link; link = link->next)
        watch(acceptor, hprpc__listening_of(link));
    return HPRPC__NEVER;
}
