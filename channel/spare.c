/* SPDX-License-Identifier: MIT */
/* Spare descriptors: copies of /dev/null that are closed when a client needs their numbers. */
#include "channel/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void hprpc__spares_init(struct hprpc__spares *spares, size_t wanted)
{
    spares->wanted = wanted;
    spares->count = 0;
    hprpc__spares_refill(spares);
}

void hprpc__spares_clear(struct hprpc__spares *spares)
{
    while (spares->count)
        close(spares->fds[--spares->count]);
}

void hprpc__spares_refill(struct hprpc__spares *spares)
{
    while (spares->count < spares->wanted) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        if (fd < 0)
            return;
        spares->fds[spares->count++] = fd;
    }
}

bool hprpc__spares_let_go(struct hprpc__spares *spares, int number)
{
    if ((number != EMFILE && number != ENFILE) || spares->count < spares->wanted)
        return false;
    hprpc__spares_clear(spares);
    return true;
}
