/* SPDX-License-Identifier: MIT */
/* Listeners, and connecting to them: both ends are made at once, and the second one waits in the backlog to be accepted. */
#include "channel-local/local.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/errno-text.h"
#include "base/wake.h"

enum { BACKLOG = 4096 }; /* connections that wait to be accepted */

struct local_listener {
    struct hprpc_listener base; /* first */
    struct local_registry *registry;
    enum hprpc_wait wait;
    int bell; /* readable while the backlog is not empty */
    char name[HPRPC_URI_MAX + 1];

    /* under the registry's lock */
    struct local_listener *next;
    struct local_end *first, **last; /* the backlog */
    unsigned waiting;                /* its length */
};

/* ---- Names ---- */

static int no_registry(struct hprpc_detail *detail)
{
    return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for the names of this process");
}

/* Under the registry's lock. */
static struct local_listener *find(struct local_registry *registry, const char *name)
{
    struct local_listener *listener = registry->listeners;

    hprpc__assert_locked(&registry->lock);
    while (listener && strcmp(listener->name, name))
        listener = listener->next;
    return listener;
}

/* Reads what is in a URI of either side. */
static int read_uri(const struct hprpc_uri *uri, struct hprpc_detail *detail, enum hprpc_wait *ret_wait)
{
    static const char *const known[] = { "wait", NULL };
    int r = hprpc_uri_check_options(uri, known, detail);

    return r < 0 ? r : hprpc_uri_wait(uri, detail, ret_wait);
}

/* ---- The backlog, under the registry's lock ---- */

static void put_in_backlog(struct local_listener *listener, struct local_end *end)
{
    hprpc__assert_locked(&listener->registry->lock);
    end->next = NULL;
    *listener->last = end;
    listener->last = &end->next;
    if (!listener->waiting++)
        hprpc__wake_ring(listener->bell);
}

static struct local_end *take_from_backlog(struct local_listener *listener)
{
    struct local_end *end = listener->first;

    hprpc__assert_locked(&listener->registry->lock);
    if (!end)
        return NULL;
    listener->first = end->next;
    if (!listener->first)
        listener->last = &listener->first;
    if (!--listener->waiting)
        hprpc__wake_take(listener->bell);
    return end;
}

static struct local_end *next_end(struct local_listener *listener)
{
    struct local_end *end;

    hprpc__mutex_lock(&listener->registry->lock);
    end = take_from_backlog(listener);
    hprpc__mutex_unlock(&listener->registry->lock);
    return end;
}

/* ---- The slots of a listener ---- */

static int accept_next(struct hprpc_listener *base, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct local_end *end;

    (void)detail;
    while ((end = next_end((struct local_listener *)base))) {
        *ret_channel = &end->channel;
        /* relaxed: a client that goes later is noticed later */
        if (!atomic_load_explicit(&end->gone, memory_order_relaxed))
            return 1;
        end->channel.ops->free(&end->channel);
    }
    return 0;
}

static size_t watch(struct hprpc_listener *base, struct hprpc_watch *ret_watches)
{
    ret_watches[0] = (struct hprpc_watch){ .fd = ((struct local_listener *)base)->bell, .events = POLLIN };
    return 1;
}

static void address(struct hprpc_listener *base, char *ret_uri, size_t capacity)
{
    hprpc_uri_format(hprpc_transport_local.scheme, ((struct local_listener *)base)->name, ret_uri, capacity);
}

static void unlist(struct local_listener *listener)
{
    struct local_listener **place = &listener->registry->listeners;

    hprpc__mutex_lock(&listener->registry->lock);
    while (*place && *place != listener)
        place = &(*place)->next;
    if (*place)
        *place = listener->next;
    hprpc__mutex_unlock(&listener->registry->lock);
}

static void free_listener(struct hprpc_listener *base)
{
    struct local_listener *listener = (struct local_listener *)base;
    struct local_end *end;

    unlist(listener);
    while ((end = next_end(listener)))
        end->channel.ops->free(&end->channel);
    if (listener->bell >= 0)
        close(listener->bell);
    hprpc_context_release(base->context, listener, sizeof(*listener));
}

static const struct hprpc_listener_ops ops = {
    .accept = accept_next,
    .watch = watch,
    .address = address,
    .free = free_listener,
};

/* ---- Listening ---- */

static int new_listener(struct hprpc_context *context, const struct hprpc_uri *uri, enum hprpc_wait wait,
                        struct hprpc_detail *detail, struct local_listener **ret_listener)
{
    struct local_listener *listener = hprpc_context_allocate(context, sizeof(*listener));
    int r;

    if (!listener)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for a listener");
    *listener = (struct local_listener){ .base = { .ops = &ops, .context = context }, .wait = wait };
    listener->last = &listener->first;
    memcpy(listener->name, uri->rest, strlen(uri->rest) + 1);
    listener->registry = hprpc__local_registry();
    listener->bell = hprpc__wake_open();
    if (listener->registry && listener->bell >= 0) {
        *ret_listener = listener;
        return 0;
    }
    r = listener->registry
            ? hprpc_detail_set(detail, HPRPC_ESYSTEM, "no descriptor for a listener: %s", hprpc__errno_text(errno))
            : no_registry(detail);
    if (listener->bell >= 0)
        close(listener->bell);
    hprpc_context_release(context, listener, sizeof(*listener));
    return r;
}

int hprpc__local_open_listener(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                               struct hprpc_listener **ret_listener)
{
    struct local_listener *listener = NULL;
    enum hprpc_wait wait;
    bool taken;
    int r = read_uri(uri, detail, &wait);

    if (r == 0)
        r = new_listener(context, uri, wait, detail, &listener);
    if (!listener)
        return r;
    hprpc__mutex_lock(&listener->registry->lock);
    taken = find(listener->registry, listener->name);
    if (!taken) {
        listener->next = listener->registry->listeners;
        listener->registry->listeners = listener;
    }
    hprpc__mutex_unlock(&listener->registry->lock);
    if (taken) {
        free_listener(&listener->base);
        return hprpc_detail_set(detail, HPRPC_EINUSE, "a listener of this process has the name \"%.100s\" already",
                                uri->rest);
    }
    *ret_listener = &listener->base;
    return 0;
}

/* ---- Connecting ---- */

/* Makes a connection to the listener of this name, if there is one. Under the registry's lock, so the listener stays. */
static int knock(struct local_registry *registry, struct hprpc_context *context, const char *name, enum hprpc_wait wait,
                 struct hprpc_detail *detail, struct local_end **ret_end)
{
    struct local_listener *listener = find(registry, name);
    struct local_end *ends[2];
    int r;

    if (!listener)
        return hprpc_detail_set(detail, HPRPC_EREFUSED, "no listener of this process has the name \"%.100s\"", name);
    if (listener->waiting == BACKLOG)
        return hprpc_detail_set(detail, HPRPC_EREFUSED,
                                "%d connections wait already until the listener \"%.100s\" accepts them", BACKLOG,
                                name);
    r = hprpc__local_pair_new(registry, (struct hprpc_context *[2]){ context, listener->base.context },
                              (enum hprpc_wait[2]){ wait, listener->wait }, detail, ends);
    if (r < 0)
        return r;
    /* the seat that accepts also serves what waits to be accepted */
    ends[1]->channel.seat = __atomic_load_n(&listener->base.seat, __ATOMIC_ACQUIRE);
    put_in_backlog(listener, ends[1]);
    *ret_end = ends[0];
    return 0;
}

int hprpc__local_open_channel(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                              struct hprpc_channel **ret_channel)
{
    struct local_registry *registry = hprpc__local_registry();
    struct local_end *end = NULL;
    enum hprpc_wait wait;
    int r = read_uri(uri, detail, &wait);

    if (r < 0)
        return r;
    if (!registry)
        return no_registry(detail);
    hprpc__mutex_lock(&registry->lock);
    r = knock(registry, context, uri->rest, wait, detail, &end);
    hprpc__mutex_unlock(&registry->lock);
    if (r == 0)
        *ret_channel = &end->channel;
    return r;
}
