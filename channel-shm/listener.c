/* SPDX-License-Identifier: MIT */
/* How a server listens: at a socket on a claimed path, with a segment for each client that says hello. */
#include "channel-shm/handshake.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wake.h"
#include "base/errno-text.h"
#include "channel/names/local.h"
#include "channel/spare.h"
#include <hprpc/channel/uri.h>

/* The most that a client may ask for; the listener's own URI may say more. */
enum { WISH_ARENA_MAX = 16 * 1024 * 1024, WISH_SLOTS_MAX = 4096 };

struct shm_listener {
    struct hprpc_listener base;
    struct shm_options options;
    struct hprpc__claim claim;
    int socket;
    struct hprpc__spares spares;
    char rest[HPRPC__PATH_MAX]; /* of the URI */
};

static struct shm_listener *shm_listener(struct hprpc_listener *listener)
{
    return (struct shm_listener *)(void *)listener;
}

static uint32_t choose(uint32_t ours, uint32_t wish, uint32_t most, uint32_t otherwise)
{
    if (ours || !wish)
        return ours ? ours : otherwise;
    return wish < most ? wish : most;
}

/* Tells the client why it is turned away, and breaks the channel with the same words. */
static int refuse(struct shm_channel *channel, int code, const char *reason)
{
    struct shm_answer answer = { .magic = SHM_MAGIC, .version = SHM_VERSION, .code = code };

    snprintf(answer.reason, sizeof(answer.reason), "%.*s", SHM_REASON_MAX - 1, reason);
    hprpc__shm_packet_send(channel->socket, &answer, sizeof(answer), NULL, 0, NULL);
    return hprpc__shm_break(channel, code, "%s", reason);
}

/* Makes the segment and the doorbells. The segment's descriptor is the caller's. */
static int make_segment(struct shm_channel *channel, bool sealed, struct hprpc_detail *detail, int *ret_fd,
                        void **ret_memory, size_t *ret_mapped)
{
    size_t size = channel->geometry.size, allocated = channel->geometry.allocated;
    int fd, result;

    if (sealed) {
        channel->bell = channel->peer_bell = (struct shm_bell){ channel->socket, true };
    } else {
        channel->bell.fd = hprpc__wake_open();
        channel->peer_bell.fd = hprpc__wake_open();
    }
    if (channel->bell.fd < 0 || channel->peer_bell.fd < 0)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot make a doorbell: %s", hprpc__errno_text(errno));
    result = hprpc__shm_segment_make("/dev/shm", size, allocated, sealed, detail, &fd);
    if (result)
        return result;
    result = hprpc__shm_segment_map(fd, size, allocated, sealed, detail, ret_memory, ret_mapped);
    if (result) {
        close(fd);
        return result;
    }
    *ret_fd = fd;
    return 0;
}

/* Chooses the sizes from both sides' wishes. HPRPC_EINVAL. */
static int choose_geometry(const struct shm_options *options, const struct shm_hello *hello,
                           struct shm_geometry *ret_geometry)
{
    uint32_t slots = choose(options->slots, hello->slots, WISH_SLOTS_MAX, SHM_SLOTS_DEFAULT);
    uint32_t arena = choose(options->arena, hello->arena, WISH_ARENA_MAX, SHM_ARENA_DEFAULT);
    uint32_t extension = choose(options->extension, hello->extension, WISH_ARENA_MAX, SHM_EXTENSION_DEFAULT);
    int result = hprpc__shm_geometry_init(slots, arena, extension == SHM_NO_EXTENSION ? 0 : extension, ret_geometry);

    if (result || hprpc__shm_segment_allowed(ret_geometry->size))
        return result;
    return hprpc__shm_geometry_init(slots, arena, 0, ret_geometry);
}

static int answer_hello(struct shm_channel *channel, const struct shm_hello *hello)
{
    const struct shm_options *options = &channel->options;
    bool sealed = options->untrusted || hello->flags & SHM_SEALED;
    struct hprpc_detail detail;
    struct shm_answer answer;
    void *memory = NULL;
    size_t mapped = 0;
    int fds[SHM_DESCRIPTORS], result, fd = -1;

    if (choose_geometry(options, hello, &channel->geometry))
        return refuse(channel, HPRPC_EPROTOCOL, "the wanted size of the rings is no power of two within the limits");
    result = make_segment(channel, sealed, &detail, &fd, &memory, &mapped);
    if (result)
        return refuse(channel, result, detail.text);

    answer = (struct shm_answer){
        .magic = SHM_MAGIC,
        .version = SHM_VERSION,
        .flags = sealed ? SHM_SEALED : 0,
        .slots = channel->geometry.slots,
        .arena = channel->geometry.arena,
        .extension = channel->geometry.extension,
        .size = channel->geometry.size,
    };
    fds[0] = fd;
    fds[1] = channel->bell.fd;
    fds[2] = channel->peer_bell.fd;
    result =
        hprpc__shm_packet_send(channel->socket, &answer, sizeof(answer), fds, sealed ? 1 : SHM_DESCRIPTORS, &detail);
    close(fd);
    hprpc__shm_channel_attach(channel, memory, mapped);
    return result ? hprpc__shm_break(channel, HPRPC_EPEERDIED, "%s", detail.text) : 0;
}

/* The server's step of opening: answers the hello when it is there. 0 or broken. */
static int open_server(struct shm_channel *channel)
{
    struct hprpc_detail detail;
    struct shm_hello hello;
    char reason[SHM_REASON_MAX];
    int result = hprpc__shm_packet_receive(channel->socket, &hello, sizeof(hello), NULL, 0, &detail);

    if (!result)
        return 0;
    if (result < 0)
        return hprpc__shm_break(channel, result, "%s", detail.text);
    if (hello.magic != SHM_MAGIC)
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "a client that does not speak the shared-memory protocol");
    if (hello.version != SHM_VERSION) {
        snprintf(reason, sizeof(reason), "version %lu of the shared-memory protocol is asked for, %d is spoken",
                 (unsigned long)hello.version, SHM_VERSION);
        return refuse(channel, HPRPC_EVERSION, reason);
    }
    return answer_hello(channel, &hello);
}

/* Makes a channel for an accepted socket, and owns the socket also on failure. */
static int serve(struct shm_listener *listener, int socket, struct shm_channel **ret_channel)
{
    struct shm_channel *channel;
    int result = hprpc__shm_channel_new(listener->base.context, &listener->options, &channel);

    if (result) {
        close(socket);
        return result;
    }
    channel->socket = socket;
    channel->server = true;
    channel->open = open_server;
    if (!hprpc__shm_learn_peer(channel))
        open_server(channel);
    *ret_channel = channel;
    return 0;
}

static int accept_channel(struct hprpc_listener *base, struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct shm_listener *listener = shm_listener(base);
    struct shm_channel *channel;
    int socket, code;

    hprpc__spares_refill(&listener->spares);
    for (;;) {
        socket = accept4(listener->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        /* a client that is accepted now is told that the descriptors of its segment are missing */
        if (socket < 0 && hprpc__spares_let_go(&listener->spares, errno))
            continue;
        if (socket < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return 0;
        if (socket < 0)
            return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot accept a connection at %s: %s", listener->claim.path,
                                    hprpc__errno_text(errno));
        if (serve(listener, socket, &channel))
            return hprpc_detail_set(detail, HPRPC_ESYSTEM, "out of memory for a connection at %s",
                                    listener->claim.path);
        code = hprpc__shm_not_open(channel, 0);
        if (!code) {
            *ret_channel = &channel->base;
            return 1;
        }
        hprpc_context_log(base->context, HPRPC_LOG_ERROR, "%s: a client (process %lld) was turned away: %s",
                          listener->claim.path, (long long)channel->pid, channel->base.reason.text);
        if (code == HPRPC_ESYSTEM)
            hprpc_detail_set(detail, code, "%s", channel->base.reason.text);
        channel->base.ops->free(&channel->base);
        if (code == HPRPC_ESYSTEM)
            return code;
    }
}

static size_t watch(struct hprpc_listener *base, struct hprpc_watch *ret_watches)
{
    ret_watches[0] = (struct hprpc_watch){ .fd = shm_listener(base)->socket, .events = POLLIN };
    return 1;
}

static void address(struct hprpc_listener *base, char *ret_uri, size_t capacity)
{
    hprpc_uri_format("shm", shm_listener(base)->rest, ret_uri, capacity);
}

static void free_listener(struct hprpc_listener *base)
{
    struct shm_listener *listener;

    if (!base)
        return;
    listener = shm_listener(base);
    /* the name first: a client that finds the name must find a listener */
    hprpc__claim_drop(&listener->claim);
    if (listener->socket >= 0)
        close(listener->socket);
    hprpc__spares_clear(&listener->spares);
    hprpc_context_release(base->context, listener, sizeof(*listener));
}

static const struct hprpc_listener_ops listener_ops = {
    .accept = accept_channel,
    .watch = watch,
    .address = address,
    .free = free_listener,
};

int hprpc__shm_listen(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                      struct hprpc_listener **ret_listener)
{
    struct shm_options options = { 0 };
    struct shm_listener *listener;
    int result = hprpc__shm_options(uri, detail, &options);

    if (result)
        return result;
    listener = hprpc_context_allocate(context, sizeof(*listener));
    if (!listener)
        return HPRPC_ENOMEM;
    *listener = (struct shm_listener){ .base = { .ops = &listener_ops, .context = context },
                                       .options = options,
                                       .claim = { .lock_fd = -1 },
                                       .socket = -1 };
    snprintf(listener->rest, sizeof(listener->rest), "%s", uri->rest);
    hprpc__spares_init(&listener->spares, 1);
    result = hprpc__claim_take_uri(&listener->claim, uri, ".shm", S_IFSOCK, detail);
    if (!result)
        result = listener->socket = hprpc__local_listen(SOCK_SEQPACKET, &listener->claim, options.mode, detail);
    if (result < 0) {
        free_listener(&listener->base);
        return result;
    }
    *ret_listener = &listener->base;
    return 0;
}
