/* SPDX-License-Identifier: MIT */
/* Parcels: packets with descriptors, on the lifeline. */
#include "channel-shm/carrying.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/errno-text.h"
#include "base/poller.h"
#include "base/system-calls.h"
#include "channel-shm/shm.h"
#include "channel-shm/staging.h"
#include "channel/rights.h"

/* ---- Sending ---- */

/* Whether an error means that the other side is gone: then its end is found behind all that it has sent. */
static bool is_gone(ssize_t number)
{
    return number == -EPIPE || number == -ECONNRESET || number == -ENOTCONN || number == -ESHUTDOWN;
}

/* Sends a parcel without its descriptors. How many bytes went, or a negated errno. */
static ssize_t send_empty(int fd, struct shm_parcel *parcel)
{
    ssize_t n;

    parcel->count = 0;
    do
        n = hprpc__send_bytes(fd, parcel, sizeof(*parcel), MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

int hprpc__shm_parcel_send(struct shm_channel *channel, struct hprpc_descriptors *descriptors)
{
    struct shm_parcel parcel = { SHM_PARCEL_MAGIC, descriptors->count, channel->sender.head };
    const struct iovec run = { &parcel, sizeof(parcel) };
    ssize_t n;

    hprpc__step(HPRPC__STEP_PARCEL);
    n = hprpc__rights_send(channel->socket, &run, 1, descriptors);
    if (n < 0 && n != -EAGAIN && !is_gone(n))
        n = send_empty(channel->socket, &parcel);
    if (n == -EAGAIN)
        return HPRPC_EAGAIN;
    hprpc_descriptors_free(channel->base.context, descriptors);
    hprpc__step(HPRPC__STEP_PARCEL_SENT);
    if (n < 0 && !is_gone(n))
        return hprpc__shm_break(channel, HPRPC_ESYSTEM, "cannot send the descriptors of a message: %s",
                                hprpc__errno_text((int)-n));
    return 0;
}

/* ---- Receiving ---- */

/* Checks a packet that is no ring. NULL, or what is wrong with it. */
static const char *fault_of(const struct shm_channel *channel, const struct shm_parcel *parcel, size_t size,
                            const struct hprpc__rights *rights)
{
    const struct shm_receiver *receiver = &channel->receiver;
    uint64_t least = receiver->last_early ? receiver->last_early->from + 1 : receiver->tail;

    if (size != sizeof(*parcel) || parcel->magic != SHM_PARCEL_MAGIC)
        return "a packet on the lifeline is neither a ring nor brings descriptors";
    if (parcel->count > KODOSIS_DESCRIPTORS_MAX)
        return "more than 16 descriptors came at once";
    if (!rights->lost && parcel->count != rights->count)
        return "other descriptors came than a packet says";
    if (parcel->slot < least || parcel->slot - receiver->tail >= receiver->slot_count)
        return "descriptors came for a slot that cannot ask for them";
    return NULL;
}

/* Puts the parcel that was just read behind those that wait. */
static void append(struct shm_receiver *receiver, const struct shm_parcel *parcel, const struct hprpc__rights *rights)
{
    struct hprpc_descriptors *descriptors = receiver->spare;

    receiver->spare = NULL;
    descriptors->next = NULL;
    descriptors->from = parcel->slot;
    descriptors->lost = rights->lost || !parcel->count;
    descriptors->count = rights->count;
    memcpy(descriptors->fds, rights->fds, rights->count * sizeof(int));
    if (receiver->last_early)
        receiver->last_early->next = descriptors;
    else
        receiver->early = descriptors;
    receiver->last_early = descriptors;
    receiver->early_count++;
}

/* Reads one packet; memory for what it may bring is there before. The bytes of the packet, or a negated errno. */
static ssize_t read_packet(struct shm_channel *channel, struct shm_parcel *ret_parcel, struct hprpc__rights *ret_rights)
{
    struct {
        struct shm_parcel parcel;
        char more; /* a longer packet is none of ours */
    } packet;
    const struct iovec run = { &packet, sizeof(packet.parcel) + 1 };
    ssize_t n = hprpc__rights_receive(channel->socket, &run, 1, ret_rights);

    /* the system tells once that the other side died with packets unread, before what it has sent itself */
    if (n == -ECONNRESET)
        n = hprpc__rights_receive(channel->socket, &run, 1, ret_rights);
    *ret_parcel = packet.parcel;
    return n;
}

/* What receive_packet has taken; an empty packet cannot be told from the end of the lifeline. */
enum { EMPTY, RING, PARCEL };

/* Takes a packet off the lifeline. EMPTY, RING, PARCEL; HPRPC_EAGAIN: none is there; HPRPC_ENOMEM; broken. */
static int receive_packet(struct shm_channel *channel)
{
    struct shm_receiver *receiver = &channel->receiver;
    struct hprpc__rights rights;
    struct shm_parcel parcel;
    const char *fault;
    ssize_t n;

    if (!receiver->spare && !(receiver->spare = hprpc_descriptors_new(channel->base.context)))
        return HPRPC_ENOMEM;
    n = read_packet(channel, &parcel, &rights);
    if (n == -ENOMEM || n == -ENOBUFS)
        return HPRPC_ENOMEM;
    if (n < 0)
        return HPRPC_EAGAIN;
    if (n <= 1 && !rights.count && !rights.lost)
        return n ? RING : EMPTY;
    fault = fault_of(channel, &parcel, (size_t)n, &rights);
    if (fault) {
        hprpc__rights_close(&rights);
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "%s", fault);
    }
    append(receiver, &parcel, &rights);
    return PARCEL;
}

/* A sender may wait for room on the lifeline. */
static void tell_of_room(struct shm_receiver *receiver)
{
    shm_wake(&receiver->words->starved, receiver->bell);
}

/* Breaks a channel whose next message says that descriptors came with it, and none did. On a dead lifeline they cannot come. */
static __attribute__((noinline)) int break_without(struct shm_channel *channel)
{
    if (hprpc__poll_now(channel->socket, POLLRDHUP))
        return hprpc__shm_break(channel, HPRPC_EPEERDIED, "the other side (process %lld) is gone",
                                (long long)channel->pid);
    return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "a message says that descriptors came with it, and none did");
}

int hprpc__shm_parcel_find(struct shm_channel *channel)
{
    struct shm_receiver *receiver = &channel->receiver;
    int r = 0;

    for (int i = 0; i < SHM_PACKETS_MAX && r >= 0 && !receiver->early; i++)
        r = receive_packet(channel);
    if (r == PARCEL)
        tell_of_room(receiver);
    if (r < 0 && r != HPRPC_EAGAIN)
        return r;
    if (!receiver->early)
        return break_without(channel);
    if (receiver->early->from != receiver->tail)
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL,
                                "descriptors of slot %llu came where those of %llu were expected",
                                (unsigned long long)receiver->early->from, (unsigned long long)receiver->tail);
    hprpc__step(HPRPC__STEP_PARCEL_FOUND);
    return 0;
}

struct hprpc_descriptors *hprpc__shm_parcel_take(struct shm_channel *channel)
{
    struct shm_receiver *receiver = &channel->receiver;
    struct hprpc_descriptors *first = receiver->early;

    receiver->early = first->next;
    if (!receiver->early)
        receiver->last_early = NULL;
    receiver->early_count--;
    return first;
}

int hprpc__shm_parcels_collect(struct shm_channel *channel)
{
    struct shm_receiver *receiver = &channel->receiver;
    int taken = 0, r = RING;

    while (r > EMPTY && taken < SHM_PACKETS_MAX && receiver->early_count < SHM_EARLY_MAX) {
        r = receive_packet(channel);
        taken += r > EMPTY;
    }
    if (taken)
        tell_of_room(receiver);
    if (receiver->early && receiver->early->from < receiver->tail)
        return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "descriptors came with no message that asks for them");
    if (r == HPRPC_EAGAIN)
        return 0;
    return r < 0 ? r : HPRPC_EAGAIN;
}

int hprpc__shm_parcels_look(struct shm_channel *channel)
{
    const struct shm_receiver *receiver = &channel->receiver;
    int r = hprpc__shm_parcels_collect(channel);

    if (r < 0 && r != HPRPC_EAGAIN)
        return r;
    /* a parcel goes right before its slot, so only the one of the next slot may be here while that slot is not */
    if (!receiver->early || hprpc__shm_has_slot(receiver) ||
        (receiver->early_count == 1 && receiver->early->from == receiver->tail))
        return 0;
    return hprpc__shm_break(channel, HPRPC_EPROTOCOL, "descriptors came, and not the messages before them");
}

/* ---- Both ---- */

void hprpc__shm_parcels_drop(struct shm_channel *channel)
{
    struct hprpc_context *context = channel->base.context;
    struct shm_receiver *receiver = &channel->receiver;

    for (struct hprpc__link *link = channel->sender.queue.first; link; link = link->next) {
        struct shm_staged *staged = shm_staged_of(link);

        hprpc_descriptors_free(context, staged->descriptors);
        staged->descriptors = NULL;
    }
    while (receiver->early)
        hprpc_descriptors_free(context, hprpc__shm_parcel_take(channel));
    hprpc_descriptors_free(context, receiver->of_whole);
    hprpc_descriptors_free(context, receiver->spare);
    receiver->of_whole = receiver->spare = NULL;
}
