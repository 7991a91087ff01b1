/* SPDX-License-Identifier: MIT */
/* How a client connects: it sends a hello through the socket, and maps the segment that comes back. */
#include "channel-shm/handshake.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel/names/local.h"

static int send_hello(struct shm_channel *channel, struct hprpc_detail *detail)
{
    const struct shm_hello hello = {
        .magic = SHM_MAGIC,
        .version = SHM_VERSION,
        .flags = channel->options.untrusted ? SHM_SEALED : 0,
        .slots = channel->options.slots,
        .arena = channel->options.arena,
        .extension = channel->options.extension,
    };

    int result = hprpc__shm_packet_send(channel->socket, &hello, sizeof(hello), NULL, 0, detail);

    if (result != HPRPC_EPEERDIED)
        return result;
    /* the listener went away between the two steps; it knows nothing of this client */
    return hprpc_detail_set(detail, HPRPC_EREFUSED, "the listener at %s just went away", channel->path);
}

/* Whether `fd` may be a doorbell: open for both ways, and it does not block. */
static bool is_bell(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && flags & O_NONBLOCK && (flags & O_ACCMODE) == O_RDWR;
}

static int check_answer(struct shm_channel *channel, struct shm_answer *answer, const int *fds)
{
    bool sealed = answer->flags & SHM_SEALED;

    answer->reason[SHM_REASON_MAX - 1] = '\0';
    if (answer->magic != SHM_MAGIC)
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "%s does not speak the shared-memory protocol",
                                channel->path);
    if (answer->version != SHM_VERSION)
        return hprpc__shm_break(channel, HPRPC_EVERSION, "%s speaks version %lu of the shared-memory protocol, not %d",
                                channel->path, (unsigned long)answer->version, SHM_VERSION);
    if (answer->code)
        return hprpc__shm_break(channel, HPRPC_EREFUSED, "%s turned the connection away: %s", channel->path,
                                answer->reason);
    if (fds[0] < 0 || (sealed ? fds[1] >= 0 : !is_bell(fds[1]) || !is_bell(fds[2])))
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "%s sent no segment with doorbells", channel->path);
    if (hprpc__shm_geometry_init(answer->slots, answer->arena, answer->extension, &channel->geometry) ||
        answer->size != channel->geometry.size)
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL,
                                "%s sent a segment of %lu slots and %lu + %lu bytes, which is none", channel->path,
                                (unsigned long)answer->slots, (unsigned long)answer->arena,
                                (unsigned long)answer->extension);
    if (channel->options.untrusted && !sealed)
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "%s sent a segment that it could cut short", channel->path);
    return 0;
}

/* The client's step of opening: takes the answer when it is there. 0 or broken. */
static int open_client(struct shm_channel *channel)
{
    int fds[SHM_DESCRIPTORS] = { -1, -1, -1 }, i, result;
    struct hprpc_detail detail;
    struct shm_answer answer;
    size_t mapped;
    void *memory;

    result = hprpc__shm_packet_receive(channel->socket, &answer, sizeof(answer), fds, SHM_DESCRIPTORS, &detail);
    if (!result)
        return 0;
    if (result < 0)
        return hprpc__shm_break(channel, result == HPRPC_EPEERDIED ? HPRPC_EREFUSED : result, "%s: %s", channel->path,
                                detail.text);
    result = check_answer(channel, &answer, fds);
    if (!result) {
        result = hprpc__shm_segment_map(fds[0], channel->geometry.size, channel->geometry.allocated,
                                        answer.flags & SHM_SEALED, &detail, &memory, &mapped);
        if (result)
            result = hprpc__shm_break(channel, result, "%s: %s", channel->path, detail.text);
    }
    if (result) {
        for (i = 0; i < SHM_DESCRIPTORS; i++)
            if (fds[i] >= 0)
                close(fds[i]);
        return result;
    }
    close(fds[0]);
    if (answer.flags & SHM_SEALED) {
        channel->bell = channel->peer_bell = (struct shm_bell){ channel->socket, true };
    } else {
        channel->peer_bell.fd = fds[1];
        channel->bell.fd = fds[2];
    }
    channel->base.waits_for = NULL;
    hprpc__shm_channel_attach(channel, memory, mapped);
    return 0;
}

int hprpc__shm_connect(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                       struct hprpc_channel **ret_channel)
{
    struct shm_options options = { 0 };
    struct shm_channel *channel = NULL;
    char path[HPRPC__PATH_MAX];
    int result = hprpc__shm_options(uri, detail, &options);

    if (!result)
        result = hprpc__place_find(uri, ".shm", false, detail, path);
    if (!result)
        result = hprpc__shm_channel_new(context, &options, &channel);
    if (result)
        return result;
    channel->open = open_client;
    channel->base.waits_for = "the listener did not answer in time";
    memcpy(channel->path, path, sizeof(path));
    channel->socket = hprpc__local_connect(SOCK_SEQPACKET, path, detail);
    result = channel->socket < 0 ? channel->socket : 0;
    if (!result && hprpc__shm_learn_peer(channel))
        result = hprpc_detail_set(detail, channel->code, "%s", channel->base.reason.text);
    if (!result)
        result = send_hello(channel, detail);
    if (result) {
        channel->base.ops->free(&channel->base);
        return result;
    }
    *ret_channel = &channel->base;
    return 0;
}
