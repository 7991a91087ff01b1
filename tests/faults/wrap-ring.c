/* SPDX-License-Identifier: MIT */
/* Between the library and liburing, whose functions return a negated errno. */
#include "faults/faults.h"

#include <liburing.h>

int __real_io_uring_get_events(struct io_uring *);
int __wrap_io_uring_get_events(struct io_uring *);
int __real_io_uring_queue_init_params(unsigned, struct io_uring *, struct io_uring_params *);
int __wrap_io_uring_queue_init_params(unsigned, struct io_uring *, struct io_uring_params *);
int __real_io_uring_register_buf_ring(struct io_uring *, struct io_uring_buf_reg *, unsigned);
int __wrap_io_uring_register_buf_ring(struct io_uring *, struct io_uring_buf_reg *, unsigned);
int __real_io_uring_submit(struct io_uring *);
int __wrap_io_uring_submit(struct io_uring *);
int __real_io_uring_submit_and_get_events(struct io_uring *);
int __wrap_io_uring_submit_and_get_events(struct io_uring *);
int __real_io_uring_submit_and_wait(struct io_uring *, unsigned);
int __wrap_io_uring_submit_and_wait(struct io_uring *, unsigned);
int __real_io_uring_submit_and_wait_timeout(struct io_uring *, struct io_uring_cqe **, unsigned,
                                            struct __kernel_timespec *, sigset_t *);
int __wrap_io_uring_submit_and_wait_timeout(struct io_uring *, struct io_uring_cqe **, unsigned,
                                            struct __kernel_timespec *, sigset_t *);

int __wrap_io_uring_queue_init_params(unsigned entries, struct io_uring *ring, struct io_uring_params *parameters)
{
    return faults_hit(CALL_RING_OPEN) ? -errno : __real_io_uring_queue_init_params(entries, ring, parameters);
}

int __wrap_io_uring_register_buf_ring(struct io_uring *ring, struct io_uring_buf_reg *registration, unsigned flags)
{
    return faults_hit(CALL_RING_BUFFERS) ? -errno : __real_io_uring_register_buf_ring(ring, registration, flags);
}

int __wrap_io_uring_get_events(struct io_uring *ring)
{
    return faults_hit(CALL_RING_ENTER) ? -errno : __real_io_uring_get_events(ring);
}

int __wrap_io_uring_submit(struct io_uring *ring)
{
    return faults_hit(CALL_RING_SUBMIT) ? -errno : __real_io_uring_submit(ring);
}

int __wrap_io_uring_submit_and_get_events(struct io_uring *ring)
{
    return faults_hit(CALL_RING_ENTER) ? -errno : __real_io_uring_submit_and_get_events(ring);
}

int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned count)
{
    return faults_hit(CALL_RING_ENTER) ? -errno : __real_io_uring_submit_and_wait(ring, count);
}

int __wrap_io_uring_submit_and_wait_timeout(struct io_uring *ring, struct io_uring_cqe **ret_entry, unsigned count,
                                            struct __kernel_timespec *timeout, sigset_t *signals)
{
    return faults_hit(CALL_RING_ENTER)
               ? -errno
               : __real_io_uring_submit_and_wait_timeout(ring, ret_entry, count, timeout, signals);
}
