/*
 * The client's way in: two FIFOs of its own, a registration at the door, and then watching whether the server takes it up
 * or dies. Messages may be sent as soon as the registration is written: they wait in the FIFO.
 */
#include "channel-pipe/pipe.h"

#include "base/poller.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/errno-text.h"

struct hprpc__pipe_opening {
    int door;
    atomic_bool registered;
    bool linked; /* the names may still be there */
    char token[HPRPC__PIPE_TOKEN + 1];
    struct hprpc__pipe_names names;
};

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

static void remove_names(struct hprpc__pipe_opening *opening)
{
    if (!opening->linked)
        return;
    unlink(opening->names.up);
    unlink(opening->names.down);
    opening->linked = false;
}

/* ---- The door ---- */

static int open_door(const struct hprpc_uri *uri, const char *place, const struct hprpc__pipe_options *options,
                     struct hprpc_detail *detail, struct hprpc__pipe_owner *ret_owner)
{
    int fd = hprpc__fifo_open(place, O_WRONLY, ret_owner);

    if (fd == -ENOENT || fd == -ENXIO)
        return hprpc_detail_set(detail, HPRPC_EREFUSED, "nobody listens at pipe://%.64s (%s %s)", uri->rest, place,
                                fd == -ENOENT ? "does not exist" : "is stale");
    if (fd == -ELOOP)
        return hprpc_detail_set(detail, HPRPC_EPERMISSION, "%s is a symbolic link", place);
    if (fd == -ENOTSUP || fd == -EISDIR || fd == -ENOTDIR)
        return hprpc_detail_set(detail, HPRPC_EADDRESS, "%s is not a FIFO", place);
    if (fd < 0)
        return hprpc_detail_set(detail, fd == -EACCES ? HPRPC_EPERMISSION : HPRPC_ESYSTEM, "cannot open %s: %s", place,
                                hprpc__errno_text(-fd));
    if (hprpc__pipe_trusts(options, ret_owner))
        return fd;
    close(fd);
    return hprpc_detail_set(detail, HPRPC_EPERMISSION,
                            "%s belongs to user %lu; \"mode=\" would say that other users are welcome", place,
                            (unsigned long)ret_owner->uid);
}

/*
 * Writes to a FIFO whose last reader may just have died. The signal that would come is held back in this thread and
 * taken away, unless one was there before.
 */
static ssize_t write_quietly(int fd, const char *bytes, size_t size)
{
    const struct timespec at_once = { 0, 0 };
    sigset_t pipe_signal, before, pending;
    ssize_t n;

    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    n = write(fd, bytes, size);
    n = n < 0 ? -errno : n;
    if (n == -EPIPE && !sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&pipe_signal, NULL, &at_once) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return n;
}

/* Registers: 1; 0, the door is full; or a negated errno. */
static int register_at(int door, const char *token)
{
    char bytes[HPRPC__PIPE_RECORD];
    ssize_t n;

    hprpc__registration_write(token, bytes);
    do
        n = write_quietly(door, bytes, sizeof(bytes));
    while (n == -EINTR);
    return n == -EAGAIN ? 0 : n < 0 ? (int)n : 1;
}

static int refused(struct hprpc__pipe *pipe)
{
    remove_names(pipe->opening);
    return hprpc_framed_fail(&pipe->stream, HPRPC_EREFUSED, "the listener at %s went away before it answered",
                             pipe->place);
}

int hprpc__pipe_open(struct hprpc_framed *stream)
{
    struct hprpc__pipe *pipe = (struct hprpc__pipe *)stream;
    int r = register_at(pipe->opening->door, pipe->opening->token);

    if (r < 0)
        return refused(pipe);
    if (r) /* release: pairs with the acquire in hprpc__pipe_watch_door */
        atomic_store_explicit(&pipe->opening->registered, true, memory_order_release);
    return r;
}

/* ---- Being accepted ---- */

void hprpc__pipe_accepted(struct hprpc__pipe *pipe)
{
    /* release: pairs with the acquire in is_accepted. The door is closed with the rest, lest somebody watches it now. */
    atomic_store_explicit(&pipe->accepted, true, memory_order_release);
}

void hprpc__pipe_settled(struct hprpc__pipe *pipe)
{
    /*
     * The server removes the names too, unless the directory does not let it. Not before it has said something: it opens
     * the way back twice, and needs the name for the second time.
     */
    remove_names(pipe->opening);
}

static short events(int fd, short wanted)
{
    return hprpc__poll_now(fd, wanted);
}

ssize_t hprpc__pipe_not_accepted(struct hprpc__pipe *pipe, const struct iovec *runs, int count)
{
    ssize_t n;

    if (!(events(pipe->in, POLLIN) & POLLHUP)) {
        if (!(events(pipe->opening->door, 0) & POLLERR))
            return -EAGAIN; /* nobody has opened it yet */
        /* the listener is gone; before it went, it may have taken us in */
        n = hprpc__pipe_read(pipe->in, runs, count);
        if (n) {
            hprpc__pipe_accepted(pipe);
            return n;
        }
        if (!(events(pipe->in, POLLIN) & POLLHUP)) {
            refused(pipe);
            return -ECONNREFUSED;
        }
    }
    /* a writer was there and left, but what it wrote comes first */
    hprpc__pipe_accepted(pipe);
    return hprpc__pipe_read(pipe->in, runs, count);
}

size_t hprpc__pipe_watch_door(struct hprpc__pipe *pipe, struct hprpc_watch *ret_watch)
{
    /* acquire: pairs with the release in hprpc__pipe_open */
    bool registered = atomic_load_explicit(&pipe->opening->registered, memory_order_acquire);

    *ret_watch = (struct hprpc_watch){ .fd = pipe->opening->door, .events = (short)(registered ? 0 : POLLOUT) };
    return 1;
}

void hprpc__pipe_opening_free(struct hprpc__pipe *pipe)
{
    remove_names(pipe->opening);
    close(pipe->opening->door);
    hprpc_context_release(pipe->stream.channel.context, pipe->opening, sizeof(*pipe->opening));
}

/* ---- Connecting ---- */

/* Makes one FIFO and opens it; the descriptor, or a code. */
static int make_end(const char *path, int flags, const struct hprpc__pipe_options *options, struct hprpc_detail *detail)
{
    struct hprpc__pipe_owner owner;
    int fd = hprpc__fifo_make(path, options->mode);

    if (!fd)
        fd = hprpc__fifo_open(path, flags, &owner);
    if (fd < 0)
        return hprpc_detail_set(detail, fd == -EACCES || fd == -EPERM ? HPRPC_EPERMISSION : HPRPC_ESYSTEM,
                                "cannot make the FIFO %s: %s", path, hprpc__errno_text(-fd));
    if (owner.uid == geteuid())
        return fd;
    close(fd);
    return hprpc_detail_set(detail, HPRPC_EPERMISSION, "the FIFO %s was taken by user %lu", path,
                            (unsigned long)owner.uid);
}

/* Makes and opens both FIFOs. On failure nothing is left. */
static int make_ends(struct hprpc__pipe_opening *opening, const struct hprpc__pipe_options *options,
                     struct hprpc_detail *detail, int *ret_in, int *ret_out)
{
    int in, out;

    opening->linked = true;
    in = make_end(opening->names.down, O_RDONLY, options, detail);
    out = in < 0 ? in : make_end(opening->names.up, O_RDWR, options, detail);
    if (out < 0) {
        if (in >= 0)
            close(in);
        remove_names(opening);
        return out;
    }
    hprpc__fifo_enlarge(out, options->capacity);
    *ret_in = in;
    *ret_out = out;
    return 0;
}

/* Everything behind the door: FIFOs, channel, registration. Takes the opening over on success. */
static int enter(struct hprpc_context *context, struct hprpc__pipe_opening *opening, const char *place,
                 const struct hprpc__pipe_owner *owner, const struct hprpc__pipe_options *options,
                 struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct hprpc__pipe *pipe;
    int in, out, r;

    r = make_ends(opening, options, detail, &in, &out);
    if (r)
        return r;
    r = register_at(opening->door, opening->token);
    if (r < 0) {
        r = hprpc_detail_set(detail, HPRPC_EREFUSED, "the listener at %s just went away", place);
        goto close_ends;
    }
    atomic_init(&opening->registered, r == 1);
    r = hprpc__pipe_new(context, in, out, place, owner, options->wait, &pipe);
    if (r)
        goto close_ends;
    pipe->opening = opening;
    atomic_init(&pipe->accepted, false);
    pipe->stream.open = atomic_load(&opening->registered);
    *ret_channel = &pipe->stream.channel;
    return 0;

close_ends:
    close(in);
    close(out);
    remove_names(opening);
    return r;
}

int hprpc__pipe_connect(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                        struct hprpc_channel **ret_channel)
{
    struct hprpc__pipe_options options;
    struct hprpc__pipe_opening *opening;
    struct hprpc__pipe_owner owner;
    char place[HPRPC__PATH_MAX];
    int r, door;

    r = hprpc__pipe_options(uri, detail, &options);
    if (!r)
        r = hprpc__place_find(uri, ".pipe", false, detail, place);
    if (r)
        return r;
    door = open_door(uri, place, &options, detail, &owner);
    if (door < 0)
        return door;
    opening = hprpc_context_allocate(context, sizeof(*opening));
    if (!opening) {
        close(door);
        return HPRPC_ENOMEM;
    }
    opening->door = door;
    r = make_token(opening->token)
            ? hprpc_detail_set(detail, HPRPC_ESYSTEM, "no random numbers: %s", hprpc__errno_text(errno))
            : 0;
    if (!r) {
        hprpc__pipe_names(place, opening->token, &opening->names);
        r = enter(context, opening, place, &owner, &options, detail, ret_channel);
    }
    if (r) {
        close(door);
        hprpc_context_release(context, opening, sizeof(*opening));
    }
    return r;
}
