/* SPDX-License-Identifier: MIT */
/* Looking a host's name up on a thread of its own. */
#include "channel-tcp/lookup.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/alarm.h"
#include "base/errno-text.h"
#include "base/references.h"
#include "base/thread.h"

/*
 * Its memory comes from the system, not from the context: the thread may need it when the client and its context are long gone.
 */
struct hprpc__tcp_lookup {
    struct hprpc__references references; /* the opening's and the thread's */
    struct hprpc__tcp_place place;
    struct hprpc__mutex lock; /* of the next two */
    int alarm_fd;             /* -1: the opening has let go */
    bool done;

    /* the thread's until `done`, then the opening's */
    int code;
    struct hprpc_detail detail;
    size_t count;
    struct hprpc__tcp_address addresses[HPRPC__TCP_ADDRESSES];
};

static void drop(struct hprpc__tcp_lookup *lookup)
{
    if (hprpc__references_drop(&lookup->references))
        munmap(lookup, sizeof(*lookup));
}

static void *look_up(void *argument)
{
    struct hprpc__tcp_lookup *lookup = argument;

    lookup->code = hprpc__tcp_resolve(&lookup->place, &lookup->detail, lookup->addresses, &lookup->count);
    hprpc__mutex_lock(&lookup->lock);
    lookup->done = true;
    if (lookup->alarm_fd >= 0)
        hprpc__alarm_ring(lookup->alarm_fd);
    hprpc__mutex_unlock(&lookup->lock);
    drop(lookup);
    return NULL;
}

int hprpc__tcp_lookup_start(const struct hprpc__tcp_place *place, int alarm_fd, struct hprpc_detail *detail,
                            struct hprpc__tcp_lookup **ret_lookup)
{
    struct hprpc__tcp_lookup *lookup =
        mmap(NULL, sizeof(*lookup), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct hprpc__thread thread;

    if (lookup == MAP_FAILED)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory to look the host \"%.100s\" up", place->host);
    hprpc__references_init(&lookup->references);
    hprpc__references_take(&lookup->references);
    hprpc__mutex_init(&lookup->lock);
    lookup->place = *place;
    lookup->alarm_fd = alarm_fd;
    if (hprpc__thread_start(&thread, look_up, lookup)) {
        hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot start a thread that looks the host \"%.100s\" up: %s",
                         place->host, hprpc__errno_text(errno));
        munmap(lookup, sizeof(*lookup));
        return HPRPC_ESYSTEM;
    }
    hprpc__thread_detach(&thread);
    *ret_lookup = lookup;
    return 0;
}

int hprpc__tcp_lookup_take(struct hprpc__tcp_lookup *lookup, struct hprpc_detail *detail,
                           struct hprpc__tcp_address ret_addresses[HPRPC__TCP_ADDRESSES], size_t *ret_count)
{
    bool done;

    hprpc__mutex_lock(&lookup->lock);
    done = lookup->done;
    hprpc__mutex_unlock(&lookup->lock);
    if (!done)
        return 0;
    if (lookup->code < 0)
        return hprpc_detail_set(detail, lookup->code, "%s", lookup->detail.text);
    memcpy(ret_addresses, lookup->addresses, lookup->count * sizeof(lookup->addresses[0]));
    *ret_count = lookup->count;
    return 1;
}

const struct hprpc__tcp_place *hprpc__tcp_lookup_place(const struct hprpc__tcp_lookup *lookup)
{
    return &lookup->place;
}

void hprpc__tcp_lookup_drop(struct hprpc__tcp_lookup *lookup)
{
    if (!lookup)
        return;
    hprpc__mutex_lock(&lookup->lock);
    lookup->alarm_fd = -1;
    hprpc__mutex_unlock(&lookup->lock);
    drop(lookup);
}
