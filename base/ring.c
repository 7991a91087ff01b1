/* SPDX-License-Identifier: MIT */
/* A ring of io_uring, by liburing: tasks, completions, and the buffers that it receives into. */
#include "base/ring.h"

#include <errno.h>
#include <liburing.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/thread.h"

enum {
    ENTRIES = 256,      /* tasks that are prepared before one submission */
    COMPLETIONS = 4096, /* that wait to be taken; the kernel keeps more of them elsewhere */
    BATCH = 16,         /* sends that are prepared before they are handed over, so that none waits for many handlers */
    CHUNK = 32,         /* buffers that are allocated together */
    CHUNKS_MOST = HPRPC__RING_BUFFERS_MOST / CHUNK,
    GROUP = 0, /* the number of the ring's group of buffers */
};

struct chunk {
    uint32_t count;
    struct hprpc__ring_buffer buffers[CHUNK];
    uint8_t data[]; /* HPRPC__RING_BUFFER for each */
};

struct hprpc__ring {
    struct hprpc_context *context;
    struct hprpc__ring_ears ears;
    uintptr_t thread;
    struct io_uring uring;
    unsigned tasks;    /* that are not done */
    unsigned prepared; /* sends that are not handed over */

    struct io_uring_buf_ring *free_buffers;
    void *memory; /* of `free_buffers`, and its size */
    size_t memory_size;
    uint32_t slots;      /* of `free_buffers`: a power of two */
    uint32_t given;      /* buffers that the kernel may fill */
    uint32_t count, max; /* buffers that there are, and may be */
    struct chunk *chunks[CHUNKS_MOST];
};

/* ---- Buffers ---- */

static size_t chunk_size(uint32_t count)
{
    return sizeof(struct chunk) + (size_t)count * HPRPC__RING_BUFFER;
}

static struct hprpc__ring_buffer *buffer_of(const struct hprpc__ring *ring, uint32_t number)
{
    return &ring->chunks[number / CHUNK]->buffers[number % CHUNK];
}

void hprpc__ring_give(struct hprpc__ring *ring, struct hprpc__ring_buffer *buffer)
{
    io_uring_buf_ring_add(ring->free_buffers, buffer->data, HPRPC__RING_BUFFER, (unsigned short)buffer->number,
                          io_uring_buf_ring_mask(ring->slots), 0);
    /* a release, which pairs with the kernel's acquire of the tail: it fills only what was read before */
    io_uring_buf_ring_advance(ring->free_buffers, 1);
    ring->given++;
}

/* Adds buffers, if there may be more. False: there is no memory for them. */
static bool grow(struct hprpc__ring *ring)
{
    uint32_t count = ring->max - ring->count < CHUNK ? ring->max - ring->count : CHUNK;
    struct chunk *chunk;

    if (!count)
        return true;
    chunk = hprpc_context_allocate(ring->context, chunk_size(count));
    if (!chunk)
        return false;
    chunk->count = count;
    ring->chunks[ring->count / CHUNK] = chunk;
    for (uint32_t i = 0; i < count; i++) {
        chunk->buffers[i] = (struct hprpc__ring_buffer){ .data = chunk->data + (size_t)i * HPRPC__RING_BUFFER,
                                                         .number = ring->count + i };
        hprpc__ring_give(ring, &chunk->buffers[i]);
    }
    ring->count += count;
    return true;
}

/*
 * Makes the ring of free buffers, which the kernel reads where it lies, on whole pages. A child of fork gets no copy of them: after
 * a fork the first write would move this side to other pages than the kernel's.
 */
static int register_buffers(struct hprpc__ring *ring)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size;
    struct io_uring_buf_reg registration = { .bgid = GROUP };

    for (ring->slots = 1; ring->slots < ring->max; ring->slots *= 2)
        continue;
    size = (ring->slots * sizeof(struct io_uring_buf) + page - 1) & ~(page - 1);
    ring->memory_size = size + page;
    ring->memory = hprpc_context_allocate(ring->context, ring->memory_size);
    if (!ring->memory)
        return -ENOMEM;
    ring->free_buffers = (struct io_uring_buf_ring *)(((uintptr_t)ring->memory + page - 1) & ~(uintptr_t)(page - 1));
    memset(ring->free_buffers, 0, size);
    madvise(ring->free_buffers, size, MADV_DONTFORK);
    registration.ring_addr = (uintptr_t)ring->free_buffers;
    registration.ring_entries = ring->slots;
    return io_uring_register_buf_ring(&ring->uring, &registration, 0);
}

static void free_buffers(struct hprpc__ring *ring)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    for (uint32_t i = 0; i * CHUNK < ring->count; i++)
        hprpc_context_release(ring->context, ring->chunks[i], chunk_size(ring->chunks[i]->count));
    if (ring->free_buffers)
        madvise(ring->free_buffers, ring->memory_size - page, MADV_DOFORK);
    hprpc_context_release(ring->context, ring->memory, ring->memory_size);
}

/* ---- Tasks ---- */

/* An entry for a task; NULL while the kernel takes none. */
static struct io_uring_sqe *take_entry(struct hprpc__ring *ring)
{
    struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);

    if (entry)
        return entry;
    hprpc__ring_submit(ring);
    return io_uring_get_sqe(&ring->uring);
}

static void mark(struct hprpc__ring *ring, struct io_uring_sqe *entry, const struct hprpc__ring_task *task)
{
    io_uring_sqe_set_data64(entry, (uintptr_t)task);
    ring->tasks++;
}

bool hprpc__ring_await(struct hprpc__ring *ring, struct hprpc__ring_task *task, int fd, short events, bool again)
{
    struct io_uring_sqe *entry = take_entry(ring);

    if (!entry)
        return false;
    if (again)
        io_uring_prep_poll_multishot(entry, fd, (unsigned)events);
    else
        io_uring_prep_poll_add(entry, fd, (unsigned)events);
    mark(ring, entry, task);
    return true;
}

bool hprpc__ring_send(struct hprpc__ring *ring, struct hprpc__ring_task *task, int fd, const void *data, size_t size)
{
    struct io_uring_sqe *entry = take_entry(ring);

    if (!entry)
        return false;
    io_uring_prep_send(entry, fd, data, size < INT32_MAX ? size : INT32_MAX, MSG_NOSIGNAL);
    mark(ring, entry, task);
    if (++ring->prepared >= BATCH)
        hprpc__ring_submit(ring);
    return true;
}

void hprpc__ring_cancel(struct hprpc__ring *ring, struct hprpc__ring_task *task)
{
    struct io_uring_sqe *entry = take_entry(ring);

    if (!entry) /* GCOVR_EXCL_BR_LINE: without an entry the task goes on, and ends with its socket */
        return;
    io_uring_prep_cancel64(entry, (uintptr_t)task, 0);
    io_uring_sqe_set_data64(entry, 0);
}

bool hprpc__ring_receive(struct hprpc__ring *ring, struct hprpc__ring_task *task, int fd)
{
    struct io_uring_sqe *entry = ring->given ? take_entry(ring) : NULL;

    if (!entry)
        return false;
    io_uring_prep_recv_multishot(entry, fd, NULL, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = GROUP;
    mark(ring, entry, task);
    return true;
}

/* ---- Completions ---- */

/* The buffer that a completion brings, as its task gets it; NULL: none. */
static struct hprpc__ring_buffer *take_buffer(struct hprpc__ring *ring, const struct io_uring_cqe *entry)
{
    struct hprpc__ring_buffer *buffer;

    if (!(entry->flags & IORING_CQE_F_BUFFER))
        return NULL;
    buffer = buffer_of(ring, entry->flags >> IORING_CQE_BUFFER_SHIFT);
    ring->given--;
    buffer->next = NULL;
    buffer->start = 0;
    buffer->end = entry->res > 0 ? (uint32_t)entry->res : 0;
    if (buffer->end)
        return buffer;
    hprpc__ring_give(ring, buffer);
    return NULL;
}

static void complete(struct hprpc__ring *ring, const struct io_uring_cqe *entry)
{
    struct hprpc__ring_task *task = (struct hprpc__ring_task *)(uintptr_t)entry->user_data;
    struct hprpc__ring_result result = {
        .code = entry->res,
        .more = entry->flags & IORING_CQE_F_MORE,
        .buffer = take_buffer(ring, entry),
    };

    if (!task)
        return; /* a cancellation */
    if (!result.more)
        ring->tasks--;
    if (result.code == -ENOBUFS && !ring->given)
        grow(ring); /* without memory there are as many as before */
    task->done(task, &result);
}

static void take_completions(struct hprpc__ring *ring)
{
    struct io_uring_cqe *entry;
    unsigned head;

    io_uring_for_each_cqe(&ring->uring, head, entry)
    {
        const struct io_uring_cqe taken = { .user_data = entry->user_data, .res = entry->res, .flags = entry->flags };

        /* a release, which pairs with the kernel's acquire of the head: the place may be used again */
        io_uring_cq_advance(&ring->uring, 1);
        complete(ring, &taken);
    }
}

bool hprpc__ring_peek(const struct hprpc__ring *ring, const struct hprpc__ring_task *task, int32_t *ret_code)
{
    const struct io_uring_cqe *entry;
    unsigned head;

    io_uring_for_each_cqe(&ring->uring, head, entry)
    {
        if (entry->user_data == (uintptr_t)task) {
            *ret_code = entry->res;
            return true;
        }
    }
    return false;
}

/* ---- Turns ---- */

bool hprpc__ring_has_news(const struct hprpc__ring *ring)
{
    unsigned flags = __atomic_load_n(ring->uring.sq.kflags, __ATOMIC_RELAXED);

    return io_uring_cq_ready(&ring->uring) || (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) ||
           io_uring_sq_ready(&ring->uring);
}

void hprpc__ring_submit(struct hprpc__ring *ring)
{
    ring->prepared = 0;
    /* what the kernel does not take now stays prepared */
    if (io_uring_sq_ready(&ring->uring))
        io_uring_submit(&ring->uring);
}

/* Hands over and waits; a negated errno. */
static int wait_for_news(struct hprpc__ring *ring, uint64_t nanoseconds)
{
    struct __kernel_timespec timeout = { .tv_sec = (int64_t)(nanoseconds / HPRPC__SECOND),
                                         .tv_nsec = (int64_t)(nanoseconds % HPRPC__SECOND) };
    struct io_uring_cqe *entry;

    if (nanoseconds == HPRPC__NEVER)
        return io_uring_submit_and_wait(&ring->uring, 1);
    return io_uring_submit_and_wait_timeout(&ring->uring, &entry, 1, &timeout, NULL);
}

/* Whether a turn may come to nothing for this reason. */
static bool passes(int code)
{
    return code >= 0 || code == -EINTR || code == -ETIME || code == -EAGAIN || code == -EBUSY || code == -ENOMEM;
}

int hprpc__ring_turn(struct hprpc__ring *ring, uint64_t nanoseconds)
{
    int r = 0;

    ring->prepared = 0;
    if (nanoseconds)
        r = wait_for_news(ring, nanoseconds);
    else if (hprpc__ring_has_news(ring))
        r = io_uring_submit_and_get_events(&ring->uring);
    take_completions(ring);
    return passes(r) ? 0 : HPRPC_ESYSTEM;
}

int hprpc__ring_descriptor(const struct hprpc__ring *ring)
{
    return ring->uring.ring_fd;
}

bool hprpc__ring_is_mine(const struct hprpc__ring *ring)
{
    return ring->thread == hprpc__thread_self();
}

const struct hprpc__ring_ears *hprpc__ring_ears(const struct hprpc__ring *ring)
{
    return &ring->ears;
}

/* ---- Life ---- */

/* Opens the kernel's part, with everything that this file stands on: Linux 6.1 has it all. */
static int open_uring(struct hprpc__ring *ring)
{
    struct io_uring_params parameters = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
                 IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL,
        .cq_entries = COMPLETIONS,
    };
    int r = io_uring_queue_init_params(ENTRIES, &ring->uring, &parameters);

    if (r < 0)
        return r;
    io_uring_ring_dontfork(&ring->uring);
    io_uring_register_ring_fd(&ring->uring); /* spares a look-up for each system call; works without it */
    r = register_buffers(ring);
    if (r == 0 && !grow(ring))
        r = -ENOMEM;
    if (r == 0)
        r = io_uring_get_events(&ring->uring); /* a policy may forbid this call alone */
    if (r < 0)
        io_uring_queue_exit(&ring->uring);
    return r < 0 ? r : 0;
}

int hprpc__ring_open(struct hprpc_context *context, uint32_t buffers, const struct hprpc__ring_ears *ears,
                     struct hprpc__ring **ret_ring)
{
    struct hprpc__ring *ring = hprpc_context_allocate(context, sizeof(*ring));
    int r;

    if (!ring)
        return -ENOMEM;
    memset(ring, 0, sizeof(*ring));
    ring->context = context;
    ring->ears = *ears;
    ring->thread = hprpc__thread_self();
    ring->max = buffers ? buffers : HPRPC__RING_BUFFERS_MAX;
    r = open_uring(ring);
    if (r < 0) {
        free_buffers(ring);
        hprpc_context_release(context, ring, sizeof(*ring));
        return r;
    }
    *ret_ring = ring;
    return 0;
}

/* Ends what is under way, and waits until the kernel holds no memory of it any more. */
static void end_tasks(struct hprpc__ring *ring)
{
    struct io_uring_sqe *entry = take_entry(ring);

    if (entry) {
        io_uring_prep_cancel64(entry, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
        io_uring_sqe_set_data64(entry, 0);
    }
    while (ring->tasks && hprpc__ring_turn(ring, HPRPC__NEVER) == 0)
        continue;
    hprpc__assert(!ring->tasks);
}

void hprpc__ring_close(struct hprpc__ring *ring)
{
    if (!ring)
        return;
    /* the kernel ends the tasks of a thread that has ended */
    if (hprpc__ring_is_mine(ring))
        end_tasks(ring);
    io_uring_queue_exit(&ring->uring);
    free_buffers(ring);
    hprpc_context_release(ring->context, ring, sizeof(*ring));
}
