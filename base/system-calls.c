/* SPDX-License-Identifier: MIT */
/* Reading, writing and awaiting descriptors, without cancellation points. */
#include "base/system-calls.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "base/thread.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define WATCHED 1
#endif
#endif

/* Sanitizers need libc's functions; and some machines do not have a number for each of these calls. */
#if defined(WATCHED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(SYS_sendto) || \
    !defined(SYS_recvfrom)

enum { READ, WRITE, READV, WRITEV, RECV, SEND, RECVMSG, SENDMSG, EPOLL_WAIT };

static long call_libc(int what, int fd, void *data, size_t size, int flags)
{
    switch (what) {
    case READ:
        return read(fd, data, size);
    case WRITE:
        return write(fd, data, size);
    case READV:
        return readv(fd, data, (int)size);
    case WRITEV:
        return writev(fd, data, (int)size);
    case RECV:
        return recv(fd, data, size, flags);
    case SEND:
        return send(fd, data, size, flags);
    case RECVMSG:
        return recvmsg(fd, data, flags);
    case SENDMSG:
        return sendmsg(fd, data, flags);
    default:
        return epoll_wait(fd, data, (int)size, flags);
    }
}

static long call(int what, int fd, const void *data, size_t size, int flags)
{
    int cancellation = hprpc__cancellation_disable();
    long done = call_libc(what, fd, (void *)(uintptr_t)data, size, flags);

    hprpc__cancellation_restore(cancellation);
    return done;
}

#else

enum {
    READ = SYS_read,
    WRITE = SYS_write,
    READV = SYS_readv,
    WRITEV = SYS_writev,
    RECV = SYS_recvfrom,
    SEND = SYS_sendto,
    RECVMSG = SYS_recvmsg,
    SENDMSG = SYS_sendmsg,
    EPOLL_WAIT = SYS_epoll_pwait,
};

static inline long call(int what, int fd, const void *data, size_t size, int flags)
{
    /* the flags are the third argument of those that take a message, whose size is none */
    if (what == RECVMSG || what == SENDMSG)
        return syscall(what, fd, data, flags);
    return syscall(what, fd, data, size, flags, NULL, 0);
}

#endif

ssize_t hprpc__read(int fd, void *data, size_t size)
{
    return call(READ, fd, data, size, 0);
}

ssize_t hprpc__write(int fd, const void *data, size_t size)
{
    return call(WRITE, fd, data, size, 0);
}

ssize_t hprpc__readv(int fd, const struct iovec *runs, int count)
{
    return call(READV, fd, runs, (size_t)count, 0);
}

ssize_t hprpc__writev(int fd, const struct iovec *runs, int count)
{
    return call(WRITEV, fd, runs, (size_t)count, 0);
}

ssize_t hprpc__recv(int fd, void *data, size_t size, int flags)
{
    return call(RECV, fd, data, size, flags);
}

ssize_t hprpc__send_bytes(int fd, const void *data, size_t size, int flags)
{
    return call(SEND, fd, data, size, flags);
}

ssize_t hprpc__recvmsg(int fd, struct msghdr *message, int flags)
{
    return call(RECVMSG, fd, message, 0, flags);
}

ssize_t hprpc__sendmsg(int fd, const struct msghdr *message, int flags)
{
    return call(SENDMSG, fd, message, 0, flags);
}

int hprpc__epoll_wait(int fd, struct epoll_event *ret_events, int count, int timeout_ms)
{
    return (int)call(EPOLL_WAIT, fd, ret_events, (size_t)count, timeout_ms);
}
