/* SPDX-License-Identifier: MIT */
/* Opening: a name that is looked up, and attempts at several addresses, each begun some time after the last. */
#include "channel-tcp/lookup.h"
#include "channel-tcp/opening.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alarm.h"
#include "base/errno-text.h"
#include "base/thread.h"
#include "base/deadline.h"

enum { SAID_MAX = 180 }; /* bytes of a sentence about addresses, which leave room for the URI before it */

enum { WATCHED = HPRPC_WATCH_MAX - 1 }; /* attempts that wake a sleeping thread; the alarm wakes it for the others */

/*
 * An attempt. Its descriptor stays open until the opening is over, also when it failed: a set of descriptors is updated from what
 * is watched, and must never find another socket under the same number.
 */
struct attempt {
    int fd;
    bool flying; /* it has begun, and has neither connected nor failed */
    int error;   /* why it failed */
};

struct hprpc__tcp_opening {
    struct hprpc_context *context;
    struct hprpc__mutex lock;
    bool closed;
    struct hprpc__tcp_options options;
    struct hprpc__tcp_lookup *lookup; /* of the host's name; NULL: the addresses are known */
    /*
     * Rings when the lookup is over, and when the next attempt is due. None where one address was given.
     */
    struct hprpc__alarm alarm;
    uint64_t next_at; /* when the next attempt is due; 0: at once */
    int error;        /* of the attempts so far: a refusal, if there was one, else the last */
    size_t error_at;
    size_t capacity, count, begun; /* of the addresses */
    struct attempt attempts[HPRPC__TCP_ADDRESSES];
    char waits_for[200];
    struct hprpc__tcp_address addresses[];
};

static size_t opening_size(size_t capacity)
{
    return sizeof(struct hprpc__tcp_opening) + capacity * sizeof(struct hprpc__tcp_address);
}

/* ---- Attempts ---- */

/* Whether a socket is connected to itself, which happens if the port is one that the system picks for clients. */
static bool reached_itself(int fd)
{
    struct hprpc__tcp_address here = { .size = sizeof(here.v6) }, there = { .size = sizeof(there.v6) };

    return !getsockname(fd, &here.any, &here.size) && !getpeername(fd, &there.any, &there.size) &&
           here.size == there.size && !memcmp(&here.any, &there.any, here.size);
}

/* Notes that an attempt has failed; it gives way to the next address at once. */
static void note(struct hprpc__tcp_opening *opening, size_t at, int error)
{
    opening->next_at = 0;
    opening->attempts[at].flying = false;
    opening->attempts[at].error = error;
    if (opening->error == ECONNREFUSED)
        return;
    opening->error = error;
    opening->error_at = at;
}

/* The words for an errno of connect(), which is EINVAL where the route is a black hole, or the address lacks its link. */
static const char *reason(int number)
{
    return number == EINVAL ? "the system has no way there" : hprpc__errno_text(number);
}

/* Says behind a text what the attempts came to that have failed, as far as there is room; all but one that was told already. */
static void tell_failures(const struct hprpc__tcp_opening *opening, size_t told, char *text, size_t capacity)
{
    static const char more[] = "; ...";
    size_t length = strlen(text);

    for (size_t i = 0; i < opening->begun; i++) {
        char address[HPRPC__TCP_TEXT_MAX];
        size_t room = capacity - length;
        int written;

        if (i == told || opening->attempts[i].flying)
            continue;
        hprpc__tcp_format(&opening->addresses[i], address, sizeof(address));
        written = snprintf(text + length, room, "; %s: %s", address, reason(opening->attempts[i].error));
        if (written < 0 || (size_t)written + sizeof(more) > room) {
            snprintf(text + length, room, "%s", more);
            return;
        }
        length += (size_t)written;
    }
}

/* Names the addresses that have not answered, and those that have failed, for the reason if the caller's deadline passes. */
static void tell_what_is_waited_for(struct hprpc__tcp_opening *opening)
{
    size_t length = (size_t)snprintf(opening->waits_for, sizeof(opening->waits_for), "no answer from ");
    bool first = true;

    for (size_t i = 0; i < opening->begun; i++) {
        char text[HPRPC__TCP_TEXT_MAX];

        if (!opening->attempts[i].flying)
            continue;
        hprpc__tcp_format(&opening->addresses[i], text, sizeof(text));
        if (length + strlen(text) + 3 > sizeof(opening->waits_for))
            break;
        length += (size_t)snprintf(opening->waits_for + length, sizeof(opening->waits_for) - length, "%s%s",
                                   first ? "" : ", ", text);
        first = false;
    }
    tell_failures(opening, SIZE_MAX, opening->waits_for, sizeof(opening->waits_for));
}

/* Begins an attempt at the next address. 1: it is connected; 0: it is flying; -1: it failed at once. */
static int begin(struct hprpc__tcp_opening *opening)
{
    size_t at = opening->begun++;
    const struct hprpc__tcp_address *address = &opening->addresses[at];
    int fd = hprpc__tcp_socket(address->any.sa_family, &opening->options);

    opening->attempts[at] = (struct attempt){ .fd = fd, .flying = true };
    if (fd < 0) {
        note(opening, at, -fd);
        return -1;
    }
    if (!connect(fd, &address->any, address->size))
        return 1;
    if (errno == EINPROGRESS || errno == EINTR)
        return 0;
    note(opening, at, errno);
    return -1;
}

/* Looks at one attempt. 1: it is connected; 0: it is flying; -1: it failed. */
static int look(struct hprpc__tcp_opening *opening, size_t at)
{
    int fd = opening->attempts[at].fd, error = 0;
    socklen_t size = sizeof(error);

    if (!hprpc__poll_now(fd, POLLOUT))
        return 0;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
        error = errno;
    if (!error && reached_itself(fd))
        error = ECONNREFUSED;
    if (!error)
        return 1;
    note(opening, at, error);
    return -1;
}

/* Looks at all flying attempts. True: one is connected, and `ret_at` says which. */
static bool look_at_all(struct hprpc__tcp_opening *opening, size_t *ret_at, bool *ret_flying)
{
    *ret_flying = false;
    for (size_t i = 0; i < opening->begun; i++) {
        int r = opening->attempts[i].flying ? look(opening, i) : -1;

        *ret_at = i;
        if (r == 1)
            return true;
        *ret_flying = *ret_flying || r == 0;
    }
    return false;
}

static int failure(const struct hprpc__tcp_opening *opening, struct hprpc_detail *detail)
{
    int code = hprpc__tcp_code(opening->error);
    char address[HPRPC__TCP_TEXT_MAX];
    struct hprpc_detail said;

    hprpc__tcp_format(&opening->addresses[opening->error_at], address, sizeof(address));
    hprpc_detail_set(&said, code, "%s %s (%s)",
                     opening->error == ECONNREFUSED ? "nobody listens at"
                     : code == HPRPC_EREFUSED       ? "nobody answers at"
                                                    : "cannot connect to",
                     address, reason(opening->error));
    tell_failures(opening, opening->error_at, said.text, SAID_MAX);
    return hprpc_detail_set(detail, code, "%s", said.text);
}

/* Whether it is time for the next address. */
static bool is_due(const struct hprpc__tcp_opening *opening, uint64_t now)
{
    return opening->begun < opening->count && now >= opening->next_at;
}

static uint64_t stagger(const struct hprpc__tcp_opening *opening)
{
    return opening->options.stagger_ms * HPRPC__MILLISECOND;
}

/* Sets the alarm for the next attempt, and for the next look at attempts that are not watched. */
static void set_alarm(struct hprpc__tcp_opening *opening, uint64_t now)
{
    if (opening->count == 1)
        return;
    if (now >= opening->alarm.due)
        hprpc__alarm_take(&opening->alarm);
    hprpc__alarm_set(&opening->alarm, now, now + stagger(opening));
}

/* Takes the result of the lookup. 1: the addresses are known; 0: not yet; or a code. */
static int look_up(struct hprpc__tcp_opening *opening, struct hprpc_detail *detail)
{
    int r;

    if (!opening->lookup)
        return 1;
    r = hprpc__tcp_lookup_take(opening->lookup, detail, opening->addresses, &opening->count);
    if (r == 0) {
        snprintf(opening->waits_for, sizeof(opening->waits_for), "the host \"%.100s\" is still being looked up",
                 hprpc__tcp_lookup_place(opening->lookup)->host);
        return 0;
    }
    hprpc__alarm_take(&opening->alarm);
    if (r == 1) {
        hprpc__tcp_lookup_drop(opening->lookup);
        opening->lookup = NULL;
    }
    return r;
}

/* Goes on with the opening. 1, and the attempt that won; 0: not yet; or a code. Under the lock. */
static int advance(struct hprpc__tcp_opening *opening, struct hprpc_detail *detail, size_t *ret_at)
{
    uint64_t now = hprpc_context_now(opening->context);
    int found = look_up(opening, detail);
    bool flying;

    if (found != 1)
        return found;
    if (look_at_all(opening, ret_at, &flying))
        return 1;
    while (is_due(opening, now)) {
        int r = begin(opening);

        *ret_at = opening->begun - 1;
        if (r == 0)
            opening->next_at = now + stagger(opening);
        if (r == 1 && !reached_itself(opening->attempts[*ret_at].fd))
            return 1;
        if (r == 1)
            note(opening, *ret_at, ECONNREFUSED);
        flying = flying || r == 0;
    }
    if (!flying)
        return failure(opening, detail);
    set_alarm(opening, now);
    tell_what_is_waited_for(opening);
    return 0;
}

/* Ends the flying attempts, so that no server accepts one that will never speak. The descriptors stay. Under the lock. */
static void end_all(struct hprpc__tcp_opening *opening)
{
    for (size_t i = 0; i < opening->begun; i++)
        if (opening->attempts[i].flying)
            shutdown(opening->attempts[i].fd, SHUT_RDWR);
}

/* ---- The face ---- */

int hprpc__tcp_opening_advance(struct hprpc__tcp_opening *opening, struct hprpc_detail *detail, int *ret_fd,
                               struct hprpc__tcp_address *ret_peer)
{
    size_t at = 0;
    int r;

    hprpc__mutex_lock(&opening->lock);
    r = opening->closed ? HPRPC_ECLOSED : advance(opening, detail, &at);
    if (r == 1) {
        *ret_fd = opening->attempts[at].fd;
        *ret_peer = opening->addresses[at];
        opening->attempts[at] = (struct attempt){ .fd = -1 };
        end_all(opening);
    }
    hprpc__mutex_unlock(&opening->lock);
    return r;
}

const char *hprpc__tcp_opening_waits_for(const struct hprpc__tcp_opening *opening)
{
    return opening->waits_for;
}

size_t hprpc__tcp_opening_watch(struct hprpc__tcp_opening *opening, struct hprpc_watch *ret_watches)
{
    size_t count = 0;

    hprpc__mutex_lock(&opening->lock);
    for (size_t i = opening->begun; i-- && count < WATCHED;)
        if (opening->attempts[i].flying)
            ret_watches[count++] = (struct hprpc_watch){ .fd = opening->attempts[i].fd, .events = POLLOUT };
    if (opening->alarm.fd >= 0)
        ret_watches[count++] = (struct hprpc_watch){ .fd = opening->alarm.fd, .events = POLLIN };
    hprpc__mutex_unlock(&opening->lock);
    return count;
}

void hprpc__tcp_opening_close(struct hprpc__tcp_opening *opening)
{
    hprpc__mutex_lock(&opening->lock);
    opening->closed = true;
    end_all(opening);
    if (opening->lookup)
        hprpc__alarm_ring(opening->alarm.fd);
    hprpc__mutex_unlock(&opening->lock);
}

void hprpc__tcp_opening_describe(struct hprpc__tcp_opening *opening, char *ret_text, size_t capacity)
{
    hprpc__mutex_lock(&opening->lock);
    if (opening->lookup) {
        const struct hprpc__tcp_place *place = hprpc__tcp_lookup_place(opening->lookup);

        snprintf(ret_text, capacity, "%.96s:%u", place->host, place->port);
    } else {
        hprpc__tcp_format(&opening->addresses[opening->begun ? opening->begun - 1 : 0], ret_text, capacity);
    }
    hprpc__mutex_unlock(&opening->lock);
}

/* ---- Life ---- */

/* Makes the alarm where more than one attempt, or a lookup, is to be waited for, and starts the lookup. */
static int prepare(struct hprpc__tcp_opening *opening, const struct hprpc__tcp_place *place,
                   struct hprpc_detail *detail)
{
    if (opening->capacity > 1 && hprpc__alarm_init(&opening->alarm) < 0)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "no descriptor for a connection: %s", hprpc__errno_text(errno));
    return place ? hprpc__tcp_lookup_start(place, opening->alarm.fd, detail, &opening->lookup) : 0;
}

int hprpc__tcp_opening_new(struct hprpc_context *context, const struct hprpc__tcp_options *options,
                           const struct hprpc__tcp_place *place, const struct hprpc__tcp_address *addresses,
                           size_t count, struct hprpc_detail *detail, struct hprpc__tcp_opening **ret_opening)
{
    size_t capacity = place ? HPRPC__TCP_ADDRESSES : count;
    struct hprpc__tcp_opening *opening = hprpc_context_allocate(context, opening_size(capacity));
    int r;

    if (!opening)
        return hprpc_detail_set(detail, HPRPC_ENOMEM, "no memory for a connection");
    memset(opening, 0, opening_size(capacity));
    opening->context = context;
    opening->options = *options;
    opening->capacity = capacity;
    opening->alarm.fd = -1;
    hprpc__mutex_init(&opening->lock);
    if (!place) {
        opening->count = count;
        memcpy(opening->addresses, addresses, count * sizeof(*addresses));
    }
    r = prepare(opening, place, detail);
    if (r < 0) {
        hprpc__tcp_opening_free(opening);
        return r;
    }
    *ret_opening = opening;
    return 0;
}

void hprpc__tcp_opening_free(struct hprpc__tcp_opening *opening)
{
    if (!opening)
        return;
    for (size_t i = 0; i < opening->begun; i++)
        if (opening->attempts[i].fd >= 0)
            close(opening->attempts[i].fd);
    hprpc__tcp_lookup_drop(opening->lookup);
    hprpc__alarm_clear(&opening->alarm);
    hprpc_context_release(opening->context, opening, opening_size(opening->capacity));
}
