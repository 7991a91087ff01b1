/* SPDX-License-Identifier: MIT */
/* Ringing and draining a bell. */
#include "channel-shm/bell.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/system-calls.h"

enum {
    PACKETS_MAX = 64,  /* taken at once: a peer that sends them without end must not keep this thread here */
    ATTEMPTS_MAX = 64, /* to send one, where the system is short of memory */
};

static bool is_short_of_memory(void)
{
    return errno == EINTR || errno == ENOBUFS || errno == ENOMEM;
}

static void send_packet(int fd)
{
    const uint8_t one = 1;
    int i = 0;

    while (hprpc__send_bytes(fd, &one, sizeof(one), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && is_short_of_memory() &&
           ++i < ATTEMPTS_MAX)
        sched_yield();
}

void hprpc__shm_bell_ring(struct shm_bell bell)
{
    const uint64_t one = 1;
    ssize_t done;

    if (bell.packets) {
        send_packet(bell.fd);
        return;
    }
    done = hprpc__write(bell.fd, &one, sizeof(one));
    /* both fail only where too many rings wait already, or where the other side is gone */
    (void)done;
}

static void drain_counter(int fd)
{
    uint64_t count;
    ssize_t got = hprpc__read(fd, &count, sizeof(count));

    (void)got; /* it fails only where no ring waits */
}

bool hprpc__shm_bell_drain(struct shm_bell bell)
{
    ssize_t got = 1;
    char ring;
    int i;

    if (!bell.packets) {
        drain_counter(bell.fd);
        return true;
    }
    for (i = 0; i < PACKETS_MAX && got > 0; i++)
        got = hprpc__recv(bell.fd, &ring, sizeof(ring), MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}
