/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail. wrap-*.c stand between the library and libc's functions (the linker's --wrap), and between its files and
 * those of base/system-calls.h: a function fails there for the nth time that one side, client or server, comes to it.
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
    CALL_ALLOCATE, /* of the context's allocator */
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
    CALL_GETPEERNAME,
    CALL_GETRANDOM,
    CALL_GETSOCKNAME,
    CALL_GETSOCKOPT,
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
    bool passes;               /* EINTR, EAGAIN and EBUSY change nothing: the call is made again, or the side waits */
    int errors[FAULTS_ERRORS]; /* that it may fail with, up to the first 0 */
};

extern const struct faults_kind faults_calls[CALLS];

enum faults_side { SIDE_CLIENT, SIDE_SERVER };

struct fault {
    enum faults_call call;
    enum faults_side side;
    int error;
    long nth;      /* of this side's calls; 0: none fails */
    bool for_ever; /* and all that follow */
};

/* The side that this thread is on. Threads that the library starts are on that of their maker. */
extern _Thread_local enum faults_side faults_side;

/* From now on it happens, and calls are counted from 1. NULL: none happens. */
void faults_arm(const struct fault *fault);

/* How many calls failed since, and how many of a kind a side made. */
long faults_hits(void);
long faults_count(enum faults_call call, enum faults_side side);

/* Where the first one failed, to stderr. */
void faults_print_place(void);

/* How much memory the library has mapped and not unmapped, in pieces. */
long faults_mappings(void);

/* A thread of the program's own: it does not fail, and is on no side before it says so. */
int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* ---- For the wrappers ---- */

/* Whether this call fails; then errno is set. */
bool faults_hit(enum faults_call call);

/* Only descriptors that other processes write to or read from: an eventfd or a timer does not fail. */
bool faults_hit_descriptor(enum faults_call call, int fd);

void faults_map(int pieces);

#endif
