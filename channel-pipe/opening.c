/* SPDX-License-Identifier: MIT */
/*
 * The client's opening: it writes a registration to the door, then watches whether the server opens the FIFOs, may not, or dies.
 * Messages may be sent as soon as the registration is written: they wait in the FIFO.
 */
#include "channel-pipe/pipe.h"
#include "base/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/errno-text.h"
#include "base/deadline.h"

/*
 * A server opens the FIFOs right after it has read the registration. If it has not done so after this long, it cannot, and has no
 * way to say so without the FIFOs.
 */
#define TICK (250 * HPRPC__MILLISECOND)
#define PATIENCE (4 * TICK)

static int make_token(char ret_token[HPRPC__PIPE_TOKEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t random[HPRPC__PIPE_TOKEN / 2];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return HPRPC_ESYSTEM;
    for (size_t i = 0; i < sizeof(random); i++) {
        ret_token[2 * i] = digits[random[i] >> 4];
        ret_token[2 * i + 1] = digits[random[i] & 15];
    }
    ret_token[HPRPC__PIPE_TOKEN] = '\0';
    return 0;
}

int hprpc__pipe_opening_new(struct hprpc_context *context, int door, const char *place, struct hprpc_detail *detail,
                            struct hprpc__pipe_opening **ret_opening)
{
    struct hprpc__pipe_opening *opening = hprpc_context_allocate(context, sizeof(*opening));
    uint64_t now;

    if (!opening)
        return HPRPC_ENOMEM;
    *opening = (struct hprpc__pipe_opening){ .door = door, .alarm = { .fd = -1 } };
    if (make_token(opening->token)) {
        hprpc_detail_set(detail, HPRPC_ESYSTEM, "no random numbers: %s", hprpc__errno_text(errno));
        goto release;
    }
    if (hprpc__alarm_init(&opening->alarm) < 0) {
        hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot make a timer: %s", hprpc__errno_text(errno));
        goto release;
    }
    hprpc__pipe_names(place, opening->token, &opening->names);
    snprintf(opening->waits_for, sizeof(opening->waits_for), "the listener at %s did not take the connection in time",
             place);
    now = hprpc_context_now(context);
    hprpc__alarm_set(&opening->alarm, now, now + TICK);
    *ret_opening = opening;
    return 0;

release:
    hprpc_context_release(context, opening, sizeof(*opening));
    return HPRPC_ESYSTEM;
}

void hprpc__pipe_opening_free(struct hprpc_context *context, struct hprpc__pipe_opening *opening)
{
    hprpc__pipe_remove_names(opening);
    close(opening->door);
    hprpc__alarm_clear(&opening->alarm);
    hprpc_context_release(context, opening, sizeof(*opening));
}

void hprpc__pipe_remove_names(struct hprpc__pipe_opening *opening)
{
    if (!opening->linked)
        return;
    unlink(opening->names.up);
    unlink(opening->names.down);
    opening->linked = false;
}

/* ---- Registering ---- */

int hprpc__pipe_register(struct hprpc__pipe_opening *opening)
{
    char bytes[HPRPC__PIPE_RECORD];
    ssize_t n;

    hprpc__registration_write(opening->token, bytes);
    /* the last reader may just have died */
    do
        n = hprpc__write_without_signal(opening->door, bytes, sizeof(bytes));
    while (n < 0 && errno == EINTR);
    return n >= 0 ? 1 : errno == EAGAIN ? 0 : -errno;
}

static int refused(struct hprpc__pipe *pipe)
{
    hprpc__pipe_remove_names(pipe->opening);
    return hprpc_framed_fail(&pipe->stream, HPRPC_EREFUSED, "the listener at %s went away before it answered",
                             pipe->place);
}

int hprpc__pipe_open(struct hprpc_framed *stream)
{
    struct hprpc__pipe *pipe = (struct hprpc__pipe *)stream;
    int r = hprpc__pipe_register(pipe->opening);

    if (r < 0)
        return refused(pipe);
    if (r) /* release: pairs with the acquire in hprpc__pipe_watch_door */
        atomic_store_explicit(&pipe->opening->registered, true, memory_order_release);
    return r;
}

/* ---- Being accepted ---- */

void hprpc__pipe_accepted(struct hprpc__pipe *pipe)
{
    pipe->stream.channel.waits_for = NULL;
    /* release: pairs with the acquire in is_accepted. The door stays open until the channel is freed: a thread may watch it now. */
    atomic_store_explicit(&pipe->accepted, true, memory_order_release);
}

void hprpc__pipe_settled(struct hprpc__pipe *pipe)
{
    /*
     * The server removes the names too, if the directory lets it. The client does so only after the server has sent something:
     * the server opens the way back twice, and needs the name for the second time.
     */
    hprpc__pipe_remove_names(pipe->opening);
}

/* Whether the server has read the registration, and has not opened the FIFOs for too long. */
static bool is_out_of_patience(struct hprpc__pipe_opening *opening, struct hprpc_context *context)
{
    uint64_t now = hprpc_context_now(context);
    int unread = 1;

    if (now < opening->alarm.due)
        return false;
    hprpc__alarm_take(&opening->alarm);
    hprpc__alarm_set(&opening->alarm, now, now + TICK);
    if (opening->taken)
        return now - opening->taken >= PATIENCE;
    /* an empty door holds no registration, so ours was read; if the door is never empty, the caller's deadline ends the wait */
    if (opening->registered && !ioctl(opening->door, FIONREAD, &unread) && !unread)
        opening->taken = now;
    return false;
}

static ssize_t not_opened(struct hprpc__pipe *pipe)
{
    hprpc__pipe_remove_names(pipe->opening);
    hprpc_framed_fail(&pipe->stream, HPRPC_EPERMISSION,
                      "the listener at %s read the registration, but does not open the FIFOs of user %lu: its user may "
                      "not, unless mode= on this side says so",
                      pipe->place, (unsigned long)geteuid());
    return -EACCES;
}

ssize_t hprpc__pipe_not_accepted(struct hprpc__pipe *pipe, const struct iovec *runs, int count)
{
    ssize_t n;

    if (!(hprpc__poll_now(pipe->in, POLLIN) & POLLHUP)) {
        if (!(hprpc__poll_now(pipe->opening->door, 0) & POLLERR)) /* it is not open yet */
            return is_out_of_patience(pipe->opening, pipe->stream.channel.context) ? not_opened(pipe) : -EAGAIN;
        /* the listener is gone, but may have accepted this client before */
        n = hprpc__pipe_read(pipe->in, runs, count);
        if (n) {
            hprpc__pipe_accepted(pipe);
            return n;
        }
        if (!(hprpc__poll_now(pipe->in, POLLIN) & POLLHUP)) {
            refused(pipe);
            return -ECONNREFUSED;
        }
    }
    /* a writer was there and is gone; what it wrote comes first */
    hprpc__pipe_accepted(pipe);
    return hprpc__pipe_read(pipe->in, runs, count);
}

size_t hprpc__pipe_watch_door(struct hprpc__pipe *pipe, struct hprpc_watch *ret_watches)
{
    /* acquire: pairs with the release in hprpc__pipe_open */
    bool registered = atomic_load_explicit(&pipe->opening->registered, memory_order_acquire);

    ret_watches[0] = (struct hprpc_watch){ .fd = pipe->opening->door, .events = (short)(registered ? 0 : POLLOUT) };
    ret_watches[1] = (struct hprpc_watch){ .fd = pipe->opening->alarm.fd, .events = POLLIN };
    return 2;
}
