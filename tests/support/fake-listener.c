/* SPDX-License-Identifier: MIT */
/* The names of the fake transport: the listeners, and the links that wait for them. */
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "support/fake-inside.h"

enum { NAME = 64 };

struct listener {
    struct hprpc_listener base; /* first */
    char name[NAME];
    struct hprpc_uri uri; /* its options are those of every end that is accepted */
    struct fake_link *first, **last;
    int bell;
    struct listener *next;
};

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static struct listener *names;

static struct listener *find(const char *name)
{
    struct listener *listener = names;

    while (listener && strcmp(listener->name, name) != 0)
        listener = listener->next;
    return listener;
}

/* ---- Options ---- */

int fake_configure(struct fake_end *end, const struct hprpc_uri *uri, struct hprpc_detail *detail)
{
    static const char *const known[] = { "capacity", "lend", "doorbell", "wait", NULL };
    const char *lend = hprpc_uri_option(uri, "lend");
    const char *doorbell = hprpc_uri_option(uri, "doorbell");
    uint64_t capacity = 0;
    int r;

    r = hprpc_uri_check_options(uri, known, detail);
    if (r == 0)
        r = hprpc_uri_size(uri, "capacity", 0, UINT32_MAX, 0, detail, &capacity);
    if (r < 0)
        return r;
    end->capacity = (unsigned)capacity;
    end->lendable = !lend || strcmp(lend, "no") != 0;
    end->edge = doorbell && strcmp(doorbell, "edge") == 0;
    end->silent = doorbell && strcmp(doorbell, "none") == 0;
    return 0;
}

/* ---- Knocking and accepting ---- */

static void enqueue(struct listener *listener, struct fake_link *link)
{
    uint64_t one = 1;

    link->next = NULL;
    *listener->last = link;
    listener->last = &link->next;
    if (write(listener->bell, &one, sizeof(one)) < 0)
        abort();
}

struct fake_link *fake_knock(const char *name)
{
    struct fake_link *link = NULL;
    struct listener *listener;

    pthread_mutex_lock(&names_lock);
    listener = find(name);
    if (listener) {
        link = fake_link_new();
        enqueue(listener, link);
    }
    pthread_mutex_unlock(&names_lock);
    return link;
}

static struct fake_link *dequeue(struct listener *listener)
{
    struct fake_link *link;
    uint64_t count;

    pthread_mutex_lock(&names_lock);
    link = listener->first;
    if (link)
        listener->first = link->next;
    if (!listener->first)
        listener->last = &listener->first;
    if (!listener->first && read(listener->bell, &count, sizeof(count)) < 0)
        count = 0;
    pthread_mutex_unlock(&names_lock);
    return link;
}

static void set_opening(struct fake_link *link, enum fake_opening opening)
{
    pthread_mutex_lock(&link->lock);
    link->ends[0].opening = opening;
    fake_ring(&link->ends[0]);
    pthread_mutex_unlock(&link->lock);
}

struct fake_link *fake_next_knock(struct hprpc_listener *base)
{
    struct fake_link *link = dequeue((struct listener *)base);

    if (link)
        set_opening(link, FAKE_OPEN);
    return link;
}

static int accept_next(struct hprpc_listener *base, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct listener *listener = (struct listener *)base;
    struct fake_link *link = dequeue(listener);

    if (!link)
        return 0;
    if (fake_put_under(&link->ends[1], base->context, &listener->uri, detail) < 0) {
        set_opening(link, FAKE_REFUSED);
        fake_end_drop(&link->ends[1]);
        return HPRPC_ESYSTEM;
    }
    set_opening(link, FAKE_OPEN);
    *ret_channel = &link->ends[1].channel;
    return 1;
}

static size_t watch(struct hprpc_listener *base, struct hprpc_watch *ret_watches)
{
    const struct listener *listener = (struct listener *)base;
    const char *doorbell = hprpc_uri_option(&listener->uri, "doorbell");

    if (doorbell && strcmp(doorbell, "none") == 0)
        return 0;
    ret_watches[0] = (struct hprpc_watch){ .fd = listener->bell, .events = POLLIN };
    return 1;
}

static void address(struct hprpc_listener *base, char *ret_uri, size_t capacity)
{
    struct hprpc_detail text;

    hprpc_detail_set(&text, 0, "fake://%s", ((struct listener *)base)->name);
    if (capacity) {
        strncpy(ret_uri, text.text, capacity - 1);
        ret_uri[capacity - 1] = '\0';
    }
}

static void free_listener(struct hprpc_listener *base)
{
    struct listener *listener = (struct listener *)base, **place = &names;
    struct fake_link *link;

    pthread_mutex_lock(&names_lock);
    while (*place != listener)
        place = &(*place)->next;
    *place = listener->next;
    pthread_mutex_unlock(&names_lock);
    while ((link = dequeue(listener))) {
        set_opening(link, FAKE_REFUSED);
        fake_end_drop(&link->ends[1]);
    }
    close(listener->bell);
    hprpc_context_release(base->context, listener, sizeof(*listener));
}

static const struct hprpc_listener_ops listener_ops = {
    .accept = accept_next,
    .watch = watch,
    .address = address,
    .free = free_listener,
};

/* ---- The transport ---- */

static int connect_to(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                      struct hprpc_channel **ret_channel)
{
    struct fake_link *link = fake_knock(uri->rest);
    int r;

    if (!link)
        return hprpc_detail_set(detail, HPRPC_EREFUSED, "nobody listens at fake://%.60s", uri->rest);
    r = fake_put_under(&link->ends[0], context, uri, detail);
    if (r < 0) {
        fake_end_drop(&link->ends[0]);
        return r;
    }
    *ret_channel = &link->ends[0].channel;
    return 0;
}

/* True if an end could be set up with the options of the URI. */
static int check(const struct hprpc_uri *uri, struct hprpc_detail *detail)
{
    struct fake_end end;
    enum hprpc_wait wait;
    int r = hprpc_uri_wait(uri, detail, &wait);

    return r < 0 ? r : fake_configure(&end, uri, detail);
}

static int listen_at(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                     struct hprpc_listener **ret_listener)
{
    struct listener *listener;
    bool taken;
    int r = check(uri, detail);

    if (r < 0)
        return r;
    if (strlen(uri->rest) >= NAME)
        return hprpc_detail_set(detail, HPRPC_EADDRESS, "the name has more than %d bytes", NAME - 1);
    listener = hprpc_context_allocate(context, sizeof(*listener));
    if (!listener)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory to listen");
    memset(listener, 0, sizeof(*listener));
    listener->base.ops = &listener_ops;
    listener->base.context = context;
    memcpy(listener->name, uri->rest, strlen(uri->rest) + 1);
    listener->last = &listener->first;
    listener->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    listener->uri = *uri;
    /* the strings of a URI point into the URI itself */
    for (size_t i = 0; i < uri->option_count; i++) {
        listener->uri.options[i].key = listener->uri.storage + (uri->options[i].key - uri->storage);
        listener->uri.options[i].value = listener->uri.storage + (uri->options[i].value - uri->storage);
    }

    pthread_mutex_lock(&names_lock);
    taken = find(listener->name) != NULL;
    if (!taken) {
        listener->next = names;
        names = listener;
    }
    pthread_mutex_unlock(&names_lock);
    if (!taken) {
        *ret_listener = &listener->base;
        return 0;
    }
    close(listener->bell);
    hprpc_context_release(context, listener, sizeof(*listener));
    return hprpc_detail_set(detail, HPRPC_EINUSE, "somebody listens at fake://%.60s", uri->rest);
}

const struct hprpc_transport fake_transport = {
    .version = HPRPC_CHANNEL_VERSION,
    .scheme = "fake",
    .connect = connect_to,
    .listen = listen_at,
};

const struct hprpc_transport *const fake_transports[] = { &fake_transport, NULL };
