/* SPDX-License-Identifier: MIT */
/* The calls that can fail, and the errors with which they fail. */
#include "faults/faults.h"

#include <execinfo.h>
#include <netdb.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

/* Errors that the man pages name and that a machine can cause, without those that only wrong arguments cause. */
const struct faults_kind faults_calls[CALLS] = {
    [CALL_ACCEPT] = { "accept4", true, { EINTR, EAGAIN, ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPROTO } },
    [CALL_ALLOCATE] = { "allocation", false, { ENOMEM } },
    [CALL_BIND] = { "bind", false, { EADDRINUSE, EACCES, ENOMEM } },
    [CALL_CHMOD] = { "chmod", false, { EPERM, EIO } },
    [CALL_CONNECT] = { "connect", false, { EINTR, ECONNREFUSED, ENETUNREACH, EADDRNOTAVAIL, ENOBUFS, EACCES, EAGAIN } },
    [CALL_DUP] = { "dup3", true, { EINTR, EBUSY } },
    [CALL_EPOLL_CREATE] = { "epoll_create1", false, { EMFILE, ENFILE, ENOMEM } },
    [CALL_EPOLL_CTL] = { "epoll_ctl", false, { ENOMEM, ENOSPC } },
    [CALL_EPOLL_WAIT] = { "epoll_wait", true, { EINTR } },
    [CALL_EVENTFD] = { "eventfd", false, { EMFILE, ENFILE, ENOMEM } },
    [CALL_FALLOCATE] = { "posix_fallocate", false, { ENOSPC, EINTR, EOPNOTSUPP } },
    [CALL_FCHMOD] = { "fchmod", false, { EPERM, EIO } },
    [CALL_FCHOWN] = { "fchown", false, { EPERM, EIO } },
    [CALL_FCNTL] = { "fcntl", false, { EPERM, ENOMEM, EBUSY, EMFILE } },
    [CALL_FLOCK] = { "flock", false, { EINTR, ENOLCK } },
    [CALL_FSTATAT] = { "fstatat", false, { ENOENT, EACCES, ENOMEM } },
    [CALL_FSTATFS] = { "fstatfs", false, { EINTR, EIO, ENOSYS } },
    [CALL_FTRUNCATE] = { "ftruncate", false, { EINTR, ENOSPC, EIO } },
    [CALL_GETADDRINFO] = { "getaddrinfo", false, { EAI_AGAIN, EAI_MEMORY, EAI_SYSTEM } },
    [CALL_GETCWD] = { "getcwd", false, { ENOENT, ERANGE, EACCES } },
    [CALL_GETPEERNAME] = { "getpeername", false, { ENOBUFS, ENOTCONN } },
    [CALL_GETRANDOM] = { "getrandom", false, { EINTR, ENOSYS } },
    [CALL_GETSOCKNAME] = { "getsockname", false, { ENOBUFS } },
    [CALL_GETSOCKOPT] = { "getsockopt", false, { ENOBUFS, ENOPROTOOPT } },
    [CALL_INOTIFY] = { "inotify_init1", false, { EMFILE, ENFILE, ENOMEM } },
    [CALL_INOTIFY_WATCH] = { "inotify_add_watch", false, { ENOSPC, ENOMEM, EACCES, ENOENT } },
    [CALL_IOCTL] = { "ioctl", false, { ENOTTY } },
    [CALL_LISTEN] = { "listen", false, { EADDRINUSE } },
    [CALL_LSTAT] = { "lstat", false, { ENOENT, EACCES, ENOMEM } },
    [CALL_MADVISE] = { "madvise", false, { EAGAIN, EINVAL, ENOMEM } },
    [CALL_MEMFD] = { "memfd_create", false, { EMFILE, ENFILE, ENOMEM, ENOSYS } },
    [CALL_MKDIR] = { "mkdir", false, { ENOSPC, EACCES, EEXIST } },
    [CALL_MKFIFO] = { "mkfifo", false, { ENOSPC, EDQUOT, EACCES, EEXIST } },
    [CALL_MMAP] = { "mmap", false, { ENOMEM, EAGAIN } },
    [CALL_OPEN] = { "open", false, { EINTR, EMFILE, ENFILE, ENOMEM, EACCES, ENOENT, ENXIO } },
    [CALL_OPENDIR] = { "opendir", false, { EMFILE, ENOMEM, EACCES } },
    [CALL_PIPE] = { "pipe2", false, { EMFILE, ENFILE } },
    [CALL_POLL] = { "poll", true, { EINTR } },
    [CALL_PPOLL] = { "ppoll", true, { EINTR } },
    [CALL_READ] = { "read", true, { EINTR } },
    [CALL_READV] = { "readv", true, { EINTR } },
    [CALL_RECV] = { "recv", true, { EINTR, EAGAIN, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENOMEM } },
    [CALL_RECVMSG] = { "recvmsg", true, { EINTR, EAGAIN, ECONNRESET, ENOMEM } },
    [CALL_RING_BUFFERS] = { "io_uring_register_buf_ring", false, { ENOMEM, EINVAL, EPERM } },
    [CALL_RING_ENTER] = { "io_uring_submit_and_wait", true, { EINTR, EAGAIN, EBUSY, ENOMEM } },
    [CALL_RING_OPEN] = { "io_uring_queue_init_params", false, { EPERM, ENOSYS, ENOMEM, EMFILE, ENFILE, EINVAL } },
    [CALL_RING_SUBMIT] = { "io_uring_submit", false, { ENOMEM } },
    [CALL_SEND] = { "send", true, { EINTR, EAGAIN, EPIPE, ECONNRESET, ENOBUFS, ENOMEM } },
    [CALL_SENDMSG] = { "sendmsg", true, { EINTR, EPIPE, ECONNRESET, ENOBUFS, ENOMEM, ETOOMANYREFS } },
    [CALL_SETSOCKOPT] = { "setsockopt", false, { ENOMEM, ENOPROTOOPT } },
    [CALL_SHUTDOWN] = { "shutdown", false, { ENOTCONN, ENOBUFS } },
    [CALL_SIGNALFD] = { "signalfd", false, { EMFILE, ENFILE, ENOMEM } },
    [CALL_SOCKET] = { "socket", false, { EMFILE, ENFILE, ENOBUFS, ENOMEM, EAFNOSUPPORT } },
    [CALL_THREAD] = { "pthread_create", false, { EAGAIN } },
    [CALL_TIMERFD] = { "timerfd_create", false, { EMFILE, ENFILE, ENOMEM } },
    [CALL_UNLINK] = { "unlink", false, { EIO, EACCES, ENOENT } },
    [CALL_UNLINKAT] = { "unlinkat", false, { EIO, EACCES, ENOENT } },
    [CALL_WRITE] = { "write", true, { EINTR, EAGAIN, ENOMEM } },
    [CALL_WRITEV] = { "writev", true, { EINTR, EAGAIN, ENOMEM } },
};

_Thread_local enum faults_side faults_side = SIDE_CLIENT;

enum { PLACES = 12 };

static struct fault fault;
static atomic_bool armed;
static atomic_long counts[2][CALLS], hits, mappings;
static void *places[PLACES];
static int place_count;

void faults_arm(const struct fault *next)
{
    atomic_store(&armed, false);
    if (!next)
        return;
    fault = *next;
    place_count = 0;
    atomic_store(&hits, 0);
    for (int side = 0; side < 2; side++)
        for (int call = 0; call < CALLS; call++)
            atomic_store(&counts[side][call], 0);
    atomic_store(&armed, true);
}

long faults_hits(void)
{
    return atomic_load(&hits);
}

long faults_count(enum faults_call call, enum faults_side side)
{
    return atomic_load(&counts[side][call]);
}

void faults_print_place(void)
{
    backtrace_symbols_fd(places, place_count, 2);
}

long faults_mappings(void)
{
    return atomic_load(&mappings);
}

void faults_map(int pieces)
{
    atomic_fetch_add(&mappings, pieces);
}

bool faults_hit(enum faults_call call)
{
    long nth;

    if (!atomic_load(&armed))
        return false;
    nth = atomic_fetch_add(&counts[faults_side][call], 1) + 1;
    if (call != fault.call || faults_side != fault.side || !fault.nth)
        return false;
    if (fault.for_ever ? nth < fault.nth : nth != fault.nth)
        return false;
    if (atomic_fetch_add(&hits, 1) == 0)
        place_count = backtrace(places, PLACES);
    errno = fault.error;
    return true;
}

bool faults_hit_descriptor(enum faults_call call, int fd)
{
    struct stat status;

    return atomic_load(&armed) && fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) &&
           faults_hit(call);
}
