/* SPDX-License-Identifier: MIT */
/* What comes through the door of a pipe's listener: whatever it is, only tokens of hexadecimal digits come out, and no more than fit. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel-pipe/pipe.h"

enum { FIFO_MAX = 60000 };

static void must(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hprpc__pipe_reader reader = { 0 };
    char token[HPRPC__PIPE_TOKEN + 1];
    size_t count = 0;
    bool dropped;
    int ends[2], r = 1;

    if (size > FIFO_MAX || pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
        return 0;
    must(write(ends[1], data, size) == (ssize_t)size);
    close(ends[1]);
    for (size_t turn = 0; turn <= size && r >= 0; turn++) {
        r = hprpc__registration_read(ends[0], &reader, token, &dropped);
        must(r == 0 || r == 1);
        if (r == 0)
            continue;
        must(strlen(token) == HPRPC__PIPE_TOKEN && strspn(token, "0123456789abcdef") == HPRPC__PIPE_TOKEN);
        hprpc__registration_take(&reader);
        count++;
    }
    must(count <= size / (HPRPC__PIPE_RECORD - 1) + 1);
    close(ends[0]);
    return 0;
}
