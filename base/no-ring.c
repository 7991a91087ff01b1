/* SPDX-License-Identifier: MIT */
/* What stands in for base/ring.c where the library is built without liburing: there never is a ring. */
#include <errno.h>

#include "base/ring.h"

int hprpc__ring_open(struct hprpc_context *context, uint32_t buffers, const struct hprpc__ring_ears *ears,
                     struct hprpc__ring **ret_ring)
{
    (void)context, (void)buffers, (void)ears, (void)ret_ring;
    return -ENOSYS;
}

void hprpc__ring_close(struct hprpc__ring *ring)
{
    (void)ring;
}

int hprpc__ring_descriptor(const struct hprpc__ring *ring)
{
    (void)ring;
    return -1;
}

bool hprpc__ring_is_mine(const struct hprpc__ring *ring)
{
    (void)ring;
    return false;
}

const struct hprpc__ring_ears *hprpc__ring_ears(const struct hprpc__ring *ring)
{
    (void)ring;
    return NULL;
}

bool hprpc__ring_has_news(const struct hprpc__ring *ring)
{
    (void)ring;
    return false;
}

void hprpc__ring_submit(struct hprpc__ring *ring)
{
    (void)ring;
}

int hprpc__ring_turn(struct hprpc__ring *ring, uint64_t nanoseconds)
{
    (void)ring, (void)nanoseconds;
    return 0;
}

bool hprpc__ring_receive(struct hprpc__ring *ring, struct hprpc__ring_task *task, int fd)
{
    (void)ring, (void)task, (void)fd;
    return false;
}

void hprpc__ring_give(struct hprpc__ring *ring, struct hprpc__ring_buffer *buffer)
{
    (void)ring, (void)buffer;
}

bool hprpc__ring_await(struct hprpc__ring *ring, struct hprpc__ring_task *task, int fd, short events, bool again)
{
    (void)ring, (void)task, (void)fd, (void)events, (void)again;
    return false;
}

bool hprpc__ring_send(struct hprpc__ring *ring, struct hprpc__ring_task *task, int fd, const void *data, size_t size)
{
    (void)ring, (void)task, (void)fd, (void)data, (void)size;
    return false;
}

void hprpc__ring_cancel(struct hprpc__ring *ring, struct hprpc__ring_task *task)
{
    (void)ring, (void)task;
}

bool hprpc__ring_peek(const struct hprpc__ring *ring, const struct hprpc__ring_task *task, int32_t *ret_code)
{
    (void)ring, (void)task, (void)ret_code;
    return false;
}
