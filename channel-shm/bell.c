#include "channel-shm/bell.h"

#include <unistd.h>

void hprpc__shm_bell_ring(int bell)
{
    const uint64_t one = 1;
    ssize_t written = write(bell, &one, sizeof(one));

    /* it fails only where the counter is full, and then the doorbell is readable anyway */
    (void)written;
}

void hprpc__shm_bell_drain(int bell)
{
    uint64_t count;
    ssize_t got = read(bell, &count, sizeof(count));

    /* it fails only where nothing rang */
    (void)got;
}
