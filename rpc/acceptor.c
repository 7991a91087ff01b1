#include "rpc/acceptor.h"

#include <errno.h>

#include "base/errno-text.h"
#include "rpc/transports.h"
#include "rpc/pump/watcher.h"

enum { ACCEPTS = 64 }; /* in one turn, so that those who are there are served meanwhile */

#define PAUSE (100ull * 1000 * 1000)

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

static void append(struct hprpc__acceptor *acceptor, struct hprpc__listening *listening)
{
    struct hprpc__listening **link = &acceptor->listeners;

    while (*link)
        link = &(*link)->next;
    *link = listening;
}

int hprpc__acceptor_listen(struct hprpc__acceptor *acceptor, const char *uri, struct hprpc_detail *detail)
{
    const struct hprpc_transport *transport;
    struct hprpc__listening *listening;
    struct hprpc_uri parts;
    int r;

    r = hprpc__transport_find(acceptor->context, uri, detail, &parts, &transport);
    if (r < 0)
        return r;
    listening = hprpc_context_allocate(acceptor->context, sizeof(*listening));
    if (!listening)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory to listen at %.100s", uri);
    listening->next = NULL;
    r = transport->listen(acceptor->context, &parts, detail, &listening->listener);
    if (r < 0)
        goto release_listening;
    r = watch(acceptor, listening);
    if (r < 0) {
        hprpc_detail_set(detail, r, "cannot watch the listener at %.100s: %s", uri, hprpc__errno_text(errno));
        goto free_listener;
    }
    append(acceptor, listening);
    return 0;

free_listener:
    listening->listener->ops->free(listening->listener);
release_listening:
    hprpc_context_release(acceptor->context, listening, sizeof(*listening));
    return r;
}

void hprpc__acceptor_clear(struct hprpc__acceptor *acceptor)
{
    struct hprpc__listening *listening;

    acceptor->polls = false;
    while ((listening = acceptor->listeners)) {
        acceptor->listeners = listening->next;
        unwatch(acceptor, listening);
        listening->listener->ops->free(listening->listener);
        hprpc_context_release(acceptor->context, listening, sizeof(*listening));
    }
}

/* ---- Accepting ---- */

/* Descriptors, memory or the limit on connections are used up: looks away for a moment instead of spinning. */
static void pause_accepting(struct hprpc__acceptor *acceptor, const char *reason)
{
    hprpc_context_log(acceptor->context, HPRPC_LOG_ERROR, "accepting pauses: %s", reason);
    for (struct hprpc__listening *listening = acceptor->listeners; listening; listening = listening->next)
        unwatch(acceptor, listening);
    acceptor->paused_until = hprpc_context_now(acceptor->context) + PAUSE;
}

/* Accepts one; NULL while that may go on, "" when nobody is there, or why accepting must pause. */
static const char *accept_one(struct hprpc__acceptor *acceptor, struct hprpc_listener *listener,
                              struct hprpc_detail *detail)
{
    struct hprpc_channel *channel;
    int r;

    if (!acceptor->has_room(acceptor->self))
        return "the limit on connections is reached";
    r = listener->ops->accept(listener, detail, &channel);
    if (r < 0)
        return detail->text;
    if (r == 0)
        return "";
    if (acceptor->arrive(acceptor->self, channel) == 0)
        return NULL;
    channel->ops->free(channel);
    return "out of memory";
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

void hprpc__acceptor_poll(struct hprpc__acceptor *acceptor)
{
    for (struct hprpc__listening *listening = acceptor->listeners; listening; listening = listening->next) {
        if (listening->polled)
            hprpc__acceptor_event(acceptor, listening);
    }
}

uint64_t hprpc__acceptor_resume(struct hprpc__acceptor *acceptor, uint64_t now)
{
    if (!acceptor->paused_until)
        return HPRPC__NEVER;
    if (now < acceptor->paused_until)
        return acceptor->paused_until;
    acceptor->paused_until = 0;
    for (struct hprpc__listening *listening = acceptor->listeners; listening; listening = listening->next)
        watch(acceptor, listening);
    return HPRPC__NEVER;
}
