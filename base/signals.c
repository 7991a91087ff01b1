/* SPDX-License-Identifier: MIT */
/* Signals on Linux: signalfd, and writes without SIGPIPE. */
#include "base/signals.h"

#include <errno.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <time.h>

#include <hprpc/error.h>

#include "base/system-calls.h"

int hprpc__signals_open(int fd, const sigset_t *set)
{
    fd = signalfd(fd, set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? HPRPC_ESYSTEM : fd;
}

bool hprpc__signals_take(int fd)
{
    struct signalfd_siginfo taken;

    return hprpc__read(fd, &taken, sizeof(taken)) == (ssize_t)sizeof(taken);
}

void hprpc__signals_block(const sigset_t *set)
{
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

ssize_t hprpc__write_without_signal(int fd, const void *data, size_t size)
{
    const struct timespec at_once = { 0, 0 };
    sigset_t pipe_signal, before, pending;
    ssize_t n;
    int number;

    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    n = hprpc__write(fd, data, size);
    number = errno;
    if (n < 0 && number == EPIPE && !sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&pipe_signal, NULL, &at_once) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = number;
    return n;
}
