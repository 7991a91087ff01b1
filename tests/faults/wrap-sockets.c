/* SPDX-License-Identifier: MIT */
/* The functions for sending, receiving and waiting that may fail. */
#include "faults/faults.h"

#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/system-calls.h"

int __real_accept4(int, struct sockaddr *, socklen_t *, int);
int __wrap_accept4(int, struct sockaddr *, socklen_t *, int);
int __real_bind(int, const struct sockaddr *, socklen_t);
int __wrap_bind(int, const struct sockaddr *, socklen_t);
int __real_close(int);
int __wrap_close(int);
int __real_connect(int, const struct sockaddr *, socklen_t);
int __wrap_connect(int, const struct sockaddr *, socklen_t);
int __real_epoll_create1(int);
int __wrap_epoll_create1(int);
int __real_epoll_ctl(int, int, int, struct epoll_event *);
int __wrap_epoll_ctl(int, int, int, struct epoll_event *);
int __real_eventfd(unsigned, int);
int __wrap_eventfd(unsigned, int);
int __real_getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **);
int __wrap_getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **);
int __real_getpeername(int, struct sockaddr *, socklen_t *);
int __wrap_getpeername(int, struct sockaddr *, socklen_t *);
int __real_getsockname(int, struct sockaddr *, socklen_t *);
int __wrap_getsockname(int, struct sockaddr *, socklen_t *);
int __real_getsockopt(int, int, int, void *, socklen_t *);
int __wrap_getsockopt(int, int, int, void *, socklen_t *);
int __real_setsockopt(int, int, int, const void *, socklen_t);
int __wrap_setsockopt(int, int, int, const void *, socklen_t);
int __real_listen(int, int);
int __wrap_listen(int, int);
int __real_poll(struct pollfd *, nfds_t, int);
int __wrap_poll(struct pollfd *, nfds_t, int);
int __real_ppoll(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
int __wrap_ppoll(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
int __real_shutdown(int, int);
int __wrap_shutdown(int, int);
int __real_signalfd(int, const sigset_t *, int);
int __wrap_signalfd(int, const sigset_t *, int);
int __real_socket(int, int, int);
int __wrap_socket(int, int, int);
int __real_timerfd_create(int, int);
int __wrap_timerfd_create(int, int);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
ssize_t __real_hprpc__read(int, void *, size_t);
ssize_t __wrap_hprpc__read(int, void *, size_t);
ssize_t __real_hprpc__write(int, const void *, size_t);
ssize_t __wrap_hprpc__write(int, const void *, size_t);
ssize_t __real_hprpc__readv(int, const struct iovec *, int);
ssize_t __wrap_hprpc__readv(int, const struct iovec *, int);
ssize_t __real_hprpc__writev(int, const struct iovec *, int);
ssize_t __wrap_hprpc__writev(int, const struct iovec *, int);
ssize_t __real_hprpc__recv(int, void *, size_t, int);
ssize_t __wrap_hprpc__recv(int, void *, size_t, int);
ssize_t __real_hprpc__send_bytes(int, const void *, size_t, int);
ssize_t __wrap_hprpc__send_bytes(int, const void *, size_t, int);
ssize_t __real_hprpc__recvmsg(int, struct msghdr *, int);
ssize_t __wrap_hprpc__recvmsg(int, struct msghdr *, int);
ssize_t __real_hprpc__sendmsg(int, const struct msghdr *, int);
ssize_t __wrap_hprpc__sendmsg(int, const struct msghdr *, int);
int __real_hprpc__epoll_wait(int, struct epoll_event *, int, int);
int __wrap_hprpc__epoll_wait(int, struct epoll_event *, int, int);

/* ---- Sockets ---- */

int __wrap_socket(int family, int type, int protocol)
{
    return faults_hit(CALL_SOCKET) ? -1 : __real_socket(family, type, protocol);
}

int __wrap_accept4(int fd, struct sockaddr *ret_address, socklen_t *ret_size, int flags)
{
    return faults_hit(CALL_ACCEPT) ? -1 : __real_accept4(fd, ret_address, ret_size, flags);
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t size)
{
    return faults_hit(CALL_BIND) ? -1 : __real_bind(fd, address, size);
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    return faults_hit(CALL_CONNECT) ? -1 : __real_connect(fd, address, size);
}

int __wrap_listen(int fd, int backlog)
{
    return faults_hit(CALL_LISTEN) ? -1 : __real_listen(fd, backlog);
}

int __wrap_shutdown(int fd, int how)
{
    return faults_hit(CALL_SHUTDOWN) ? -1 : __real_shutdown(fd, how);
}

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **ret_list)
{
    int result = 0;

    if (!faults_hit(CALL_GETADDRINFO))
        return __real_getaddrinfo(host, port, hints, ret_list);
    /* getaddrinfo returns error numbers of its own; faults_hit() has set errno to one of them */
    result = errno;
    errno = ENFILE;
    return result;
}

int __wrap_getpeername(int fd, struct sockaddr *ret_address, socklen_t *ret_size)
{
    return faults_hit(CALL_GETPEERNAME) ? -1 : __real_getpeername(fd, ret_address, ret_size);
}

int __wrap_getsockname(int fd, struct sockaddr *ret_address, socklen_t *ret_size)
{
    return faults_hit(CALL_GETSOCKNAME) ? -1 : __real_getsockname(fd, ret_address, ret_size);
}

int __wrap_getsockopt(int fd, int level, int name, void *ret_value, socklen_t *ret_size)
{
    return faults_hit(CALL_GETSOCKOPT) ? -1 : __real_getsockopt(fd, level, name, ret_value, ret_size);
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    return faults_hit(CALL_SETSOCKOPT) ? -1 : __real_setsockopt(fd, level, name, value, size);
}

/* Fails if a descriptor is closed twice: by then its number may belong to another one. */
int __wrap_close(int fd)
{
    int result = __real_close(fd);

    if (result < 0 && errno == EBADF) {
        fprintf(stderr, "descriptor %d was closed and was not open; a call failed here:\n", fd);
        faults_print_place();
        abort();
    }
    return result;
}

/* ---- Bytes ---- */

/* An error that means the end of the connection also ends it, so that later calls agree with it. */
static bool fails(enum faults_call call, int fd)
{
    int error;

    if (!faults_hit(call))
        return false;
    error = errno;
    if (error != EINTR && error != EAGAIN && error != ENOMEM && error != ENOBUFS && error != ETOOMANYREFS)
        __real_shutdown(fd, SHUT_RDWR);
    errno = error;
    return true;
}

ssize_t __wrap_hprpc__read(int fd, void *data, size_t size)
{
    return faults_hit_descriptor(CALL_READ, fd) ? -1 : __real_hprpc__read(fd, data, size);
}

ssize_t __wrap_hprpc__write(int fd, const void *data, size_t size)
{
    return faults_hit_descriptor(CALL_WRITE, fd) ? -1 : __real_hprpc__write(fd, data, size);
}

ssize_t __wrap_hprpc__readv(int fd, const struct iovec *runs, int count)
{
    return faults_hit(CALL_READV) ? -1 : __real_hprpc__readv(fd, runs, count);
}

ssize_t __wrap_hprpc__writev(int fd, const struct iovec *runs, int count)
{
    return faults_hit(CALL_WRITEV) ? -1 : __real_hprpc__writev(fd, runs, count);
}

ssize_t __wrap_hprpc__recv(int fd, void *data, size_t size, int flags)
{
    return fails(CALL_RECV, fd) ? -1 : __real_hprpc__recv(fd, data, size, flags);
}

ssize_t __wrap_hprpc__send_bytes(int fd, const void *data, size_t size, int flags)
{
    return fails(CALL_SEND, fd) ? -1 : __real_hprpc__send_bytes(fd, data, size, flags);
}

ssize_t __wrap_hprpc__recvmsg(int fd, struct msghdr *message, int flags)
{
    return fails(CALL_RECVMSG, fd) ? -1 : __real_hprpc__recvmsg(fd, message, flags);
}

ssize_t __wrap_hprpc__sendmsg(int fd, const struct msghdr *message, int flags)
{
    return fails(CALL_SENDMSG, fd) ? -1 : __real_hprpc__sendmsg(fd, message, flags);
}

/* ---- Waiting ---- */

int __wrap_epoll_create1(int flags)
{
    return faults_hit(CALL_EPOLL_CREATE) ? -1 : __real_epoll_create1(flags);
}

/* EPOLL_CTL_DEL needs no memory, so it does not fail. */
int __wrap_epoll_ctl(int set, int operation, int fd, struct epoll_event *event)
{
    return operation != EPOLL_CTL_DEL && faults_hit(CALL_EPOLL_CTL) ? -1 : __real_epoll_ctl(set, operation, fd, event);
}

int __wrap_hprpc__epoll_wait(int fd, struct epoll_event *ret_events, int count, int timeout_ms)
{
    return faults_hit(CALL_EPOLL_WAIT) ? -1 : __real_hprpc__epoll_wait(fd, ret_events, count, timeout_ms);
}

int __wrap_eventfd(unsigned value, int flags)
{
    return faults_hit(CALL_EVENTFD) ? -1 : __real_eventfd(value, flags);
}

int __wrap_signalfd(int fd, const sigset_t *set, int flags)
{
    return faults_hit(CALL_SIGNALFD) ? -1 : __real_signalfd(fd, set, flags);
}

int __wrap_timerfd_create(int clock, int flags)
{
    return faults_hit(CALL_TIMERFD) ? -1 : __real_timerfd_create(clock, flags);
}

int __wrap_poll(struct pollfd *polls, nfds_t count, int timeout_ms)
{
    return faults_hit(CALL_POLL) ? -1 : __real_poll(polls, count, timeout_ms);
}

int __wrap_ppoll(struct pollfd *polls, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    return faults_hit(CALL_PPOLL) ? -1 : __real_ppoll(polls, count, timeout, mask);
}

/* ---- Threads ---- */

struct beginning {
    void *(*run)(void *argument);
    void *argument;
    enum faults_side side;
};

static void *begin(void *argument)
{
    struct beginning beginning = *(struct beginning *)argument;

    free(argument);
    faults_side = beginning.side;
    return beginning.run(beginning.argument);
}

int __wrap_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    struct beginning *beginning;
    int result;

    if (faults_hit(CALL_THREAD))
        return errno;
    beginning = malloc(sizeof(*beginning));
    if (!beginning)
        abort();
    *beginning = (struct beginning){ run, argument, faults_side };
    result = __real_pthread_create(ret_thread, attributes, begin, beginning);
    if (result)
        free(beginning);
    return result;
}
