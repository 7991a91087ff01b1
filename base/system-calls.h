/* SPDX-License-Identifier: MIT */
/*
 * Reading, writing and awaiting descriptors: as libc's functions of these names, with errno, but no cancellation points. A thread
 * that is cancelled here would keep a lock, or the pump, for ever. It also saves what libc does around each cancellation point.
 */
#ifndef HPRPC_BASE_SYSTEM_CALLS_H
#define HPRPC_BASE_SYSTEM_CALLS_H

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

ssize_t hprpc__read(int fd, void *data, size_t size);
ssize_t hprpc__write(int fd, const void *data, size_t size);
ssize_t hprpc__readv(int fd, const struct iovec *runs, int count);
ssize_t hprpc__writev(int fd, const struct iovec *runs, int count);
ssize_t hprpc__recv(int fd, void *data, size_t size, int flags);
ssize_t hprpc__send_bytes(int fd, const void *data, size_t size, int flags);
ssize_t hprpc__recvmsg(int fd, struct msghdr *message, int flags);
ssize_t hprpc__sendmsg(int fd, const struct msghdr *message, int flags);
int hprpc__epoll_wait(int fd, struct epoll_event *ret_events, int count, int timeout_ms);

#endif
