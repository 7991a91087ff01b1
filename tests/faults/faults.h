/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail. wrap-*.c stand between the library and the functions of libc (the linker's --wrap), and between the
 * library and base/system-calls.h. There a function fails when one side, client or server, calls it for the nth time.
 */
#ifndef TESTS_FAULTS_FAULTS_H
#define TESTS_FAULTS_FAULTS_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* What can fail, in the order of `faults_calls`. */
enum faults_call {
    CALL_ACCEPT,
    CALL_ALLOCATE, /* the allocator of the context */
    CALL_BIND,
    CALL_CHMOD,
    CALL_CONNECT,
    CALL_DUP,
    CALL_EPOLL_CREATE,
    CALL_EPOLL_CTL,
    CALL_EPOLL_WAIT,
    CALL_EVENTFD,
    CALL_FALLOCATE,
    CALL_FCHMOD,
    CALL_FCHOWN,
    CALL_FCNTL,
    CALL_FLOCK,
    CALL_FSTATAT,
    CALL_FSTATFS,
    CALL_FTRUNCATE,
    CALL_GETADDRINFO,
    CALL_GETCWD,
    CALL_GETPEERNAME,
    CALL_GETRANDOM,
    CALL_GETSOCKNAME,
    CALL_GETSOCKOPT,
    CALL_INOTIFY,
    CALL_INOTIFY_WATCH,
    CALL_IOCTL,
    CALL_LISTEN,
    CALL_LSTAT,
    CALL_MADVISE,
    CALL_MEMFD,
    CALL_MKDIR,
    CALL_MKFIFO,
    CALL_MMAP,
    CALL_OPEN,
    CALL_OPENDIR,
    CALL_PIPE,
    CALL_POLL,
    CALL_PPOLL,
    CALL_READ,
    CALL_READV,
    CALL_RECV,
    CALL_RECVMSG,
    CALL_RING_BUFFERS, /* of io_uring, as the three below: by functions of liburing, which return a negated errno */
    CALL_RING_ENTER,
    CALL_RING_OPEN,
    CALL_RING_SUBMIT,
    CALL_SEND,
    CALL_SENDMSG,
    CALL_SETSOCKOPT,
    CALL_SHUTDOWN,
    CALL_SIGNALFD,
    CALL_SOCKET,
    CALL_THREAD,
    CALL_TIMERFD,
    CALL_UNLINK,
    CALL_UNLINKAT,
    CALL_WRITE,
    CALL_WRITEV,
    CALLS
};

enum { FAULTS_ERRORS = 8 };

struct faults_kind {
    const char *name;
    bool passes;               /* EINTR, EAGAIN and EBUSY change nothing: the library makes the call again, or waits */
    int errors[FAULTS_ERRORS]; /* the errors it may fail with, up to the first 0 */
};

extern const struct faults_kind faults_calls[CALLS];

enum faults_side { SIDE_CLIENT, SIDE_SERVER };

struct fault {
    enum faults_call call;
    enum faults_side side;
    int error;
    long nth;      /* which of this side's calls fails; 0: none */
    bool for_ever; /* all calls after that one fail too */
};

/* The side of this thread. A thread that the library starts is on the side of the thread that started it. */
extern _Thread_local enum faults_side faults_side;

/* From now on this fault happens, and calls are counted from 1. NULL: no call fails. */
void faults_arm(const struct fault *next);

/* How many calls failed since faults_arm(), and how many calls of a kind a side made. */
long faults_hits(void);
long faults_count(enum faults_call call, enum faults_side side);

/* Prints to stderr where the first call failed. */
void faults_print_place(void);

/* Returns how many mappings the library has made and not removed. */
long faults_mappings(void);

/* Starts a thread of the test program. It never fails, and the thread is on no side until it sets faults_side. */
int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* ---- For the wrappers ---- */

/* Returns true if this call must fail, and sets errno then. */
bool faults_hit(enum faults_call call);

/* As faults_hit, but only for descriptors that other processes write to or read from: an eventfd or a timer does not fail. */
bool faults_hit_descriptor(enum faults_call call, int fd);

void faults_map(int pieces);

#endif
