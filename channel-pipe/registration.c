/* SPDX-License-Identifier: MIT */
/*
 * Registrations: lines of one length, written whole (they are far below PIPE_BUF) and read one at a time, so that the others
 * stay in the FIFO and keep it readable. A line also begins with a newline, so bytes that another program wrote before it are
 * harmless.
 */
#include "channel-pipe/pipe.h"
#include "base/system-calls.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define BEFORE "\nhprpc 1 "

enum { BEFORE_SIZE = sizeof(BEFORE) - 1, ATTEMPTS = 64 };

_Static_assert(HPRPC__PIPE_RECORD == BEFORE_SIZE + HPRPC__PIPE_TOKEN + 1, "the record holds its parts");

void hprpc__registration_write(const char *token, char ret_bytes[HPRPC__PIPE_RECORD])
{
    memcpy(ret_bytes, BEFORE, BEFORE_SIZE);
    memcpy(ret_bytes + BEFORE_SIZE, token, HPRPC__PIPE_TOKEN);
    ret_bytes[HPRPC__PIPE_RECORD - 1] = '\n';
}

/* Checks the token, which becomes a part of a path: it has digits only, so it names nothing but FIFOs of the door. */
static bool is_registration(const char *bytes)
{
    if (memcmp(bytes, BEFORE, BEFORE_SIZE) || bytes[HPRPC__PIPE_RECORD - 1] != '\n')
        return false;
    for (size_t i = BEFORE_SIZE; i < HPRPC__PIPE_RECORD - 1; i++)
        if (!memchr("0123456789abcdef", bytes[i], 16))
            return false;
    return true;
}

/* Drops what cannot be the beginning of a registration. */
static void resynchronise(struct hprpc__pipe_reader *reader)
{
    const char *newline = memchr(reader->bytes + 1, '\n', reader->filled - 1);

    reader->filled = newline ? (size_t)(reader->bytes + reader->filled - newline) : 0;
    if (newline)
        memmove(reader->bytes, newline, reader->filled);
}

int hprpc__registration_read(int fd, struct hprpc__pipe_reader *reader, char ret_token[HPRPC__PIPE_TOKEN + 1],
                             bool *ret_dropped)
{
    *ret_dropped = false;
    for (int i = 0; i < ATTEMPTS; i++) {
        ssize_t n;

        if (reader->filled == HPRPC__PIPE_RECORD && is_registration(reader->bytes)) {
            memcpy(ret_token, reader->bytes + BEFORE_SIZE, HPRPC__PIPE_TOKEN);
            ret_token[HPRPC__PIPE_TOKEN] = '\0';
            return 1;
        }
        if (reader->filled == HPRPC__PIPE_RECORD) {
            /* a newline before another one is no dropped text */
            *ret_dropped = *ret_dropped || reader->bytes[1] != '\n';
            resynchronise(reader);
        }
        n = hprpc__read(fd, reader->bytes + reader->filled, HPRPC__PIPE_RECORD - reader->filled);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        reader->filled += (size_t)n;
    }
    return 0; /* the bytes that are left keep the FIFO readable */
}

void hprpc__registration_take(struct hprpc__pipe_reader *reader)
{
    /* its last newline may be the first one of the next registration, if another program wrote this line without an end */
    reader->bytes[0] = '\n';
    reader->filled = 1;
}
