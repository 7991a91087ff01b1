/* SPDX-License-Identifier: MIT */
/* Copies of descriptors that are sent, and the way of those that came to whom they belong. */
#include "rpc/connection/descriptors.h"

#include <errno.h>
#include <fcntl.h>

#include "rpc/connection/send.h"

int hprpc__descriptors_copy(struct hprpc_context *context, struct hprpc_reservation *reservation)
{
    struct hprpc_descriptors *copies = hprpc_descriptors_new(context);

    if (!copies)
        return HPRPC_ENOMEM;
    while (copies->count < reservation->writer.descriptor_count) {
        int copy = fcntl(reservation->given[copies->count], F_DUPFD_CLOEXEC, 0);

        if (copy < 0) {
            int r = errno == EBADF ? HPRPC_EINVAL : HPRPC_ESYSTEM;

            hprpc_descriptors_free(context, copies);
            return r;
        }
        copies->fds[copies->count++] = copy;
    }
    reservation->carried = copies;
    return 0;
}

int hprpc__body_complete_slowly(struct hprpc_context *context, struct hprpc_reservation *reservation)
{
    if (!hprpc__is_written(reservation))
        return HPRPC_EINVAL;
    return reservation->writer.descriptor_count ? hprpc__descriptors_copy(context, reservation) : 0;
}

void hprpc__descriptors_give(struct hprpc_reservation *reservation, const struct hprpc_descriptors *descriptors)
{
    if (!descriptors)
        return;
    memcpy(reservation->given, descriptors->fds, descriptors->count * sizeof(int));
    reservation->writer.descriptor_count = descriptors->count;
}

void hprpc__descriptors_attach(const struct hprpc__body *body, struct kodosis_reader *reader)
{
    if (body->descriptors)
        kodosis_reader_attach(reader, body->descriptors->fds, body->descriptors->count);
}

bool hprpc__descriptors_are_lost(const struct hprpc__body *body)
{
    return body->place >= HPRPC__BODY_COPIED && body->descriptors && body->descriptors->lost;
}

int hprpc__descriptors_take(struct hprpc__body *body, int fd)
{
    struct hprpc_descriptors *descriptors = body->place >= HPRPC__BODY_COPIED ? body->descriptors : NULL;

    for (uint32_t i = 0; fd >= 0 && descriptors && i < descriptors->count; i++) {
        if (descriptors->fds[i] == fd) {
            descriptors->fds[i] = -1;
            return fd;
        }
    }
    return HPRPC_EINVAL;
}
