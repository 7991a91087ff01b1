/* SPDX-License-Identifier: MIT */
/* Waking by eventfd. */
#include "base/wake.h"
#include "base/system-calls.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int hprpc__wake_open(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void hprpc__wake_ring(int fd)
{
    uint64_t one = 1;
    int saved = errno;

    /* a counter that is full is readable, too */
    if (hprpc__write(fd, &one, sizeof(one)) < 0)
        errno = saved;
}

uint64_t hprpc__wake_take(int fd)
{
    uint64_t count;

    return hprpc__read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count) ? count : 0;
}
