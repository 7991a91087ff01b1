/* SPDX-License-Identifier: MIT */
/* FIFOs: made, opened and checked; their names and options. */
#include "channel-pipe/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hprpc/channel/uri.h>

#include "base/thread.h"

enum {
    CAPACITY = 1024 * 1024,
    SMALL = PIPE_BUF, /* the smallest capacity */
    USUAL = 64 * 1024,
    ROOM = 4 * USUAL, /* for other pipes */
    OTHERS = 0066,
};

int hprpc__fifo_open(const char *path, int flags, struct hprpc__pipe_owner *ret_owner)
{
    int fd = open(path, flags | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
    struct stat status;
    int error;

    if (fd < 0)
        return -errno;
    error = fstat(fd, &status) ? errno : S_ISFIFO(status.st_mode) ? 0 : ENOTSUP;
    if (error) {
        close(fd);
        return -error;
    }
    *ret_owner = (struct hprpc__pipe_owner){ status.st_uid, status.st_gid };
    return fd;
}

/* Sets the mode in spite of the umask, by descriptor: in another user's directory the name may be another file by now. */
static int set_mode(int fd, mode_t mode, gid_t group)
{
    struct stat status;

    /* where the system refuses the group, the mode still says whom the FIFO is for, so an error can say why it fails */
    if (mode & 0070 && !fstat(fd, &status) && status.st_gid != group && fchown(fd, (uid_t)-1, group))
        errno = 0;
    return fchmod(fd, mode) ? errno : 0;
}

int hprpc__fifo_make(const char *path, mode_t mode, gid_t group)
{
    struct hprpc__pipe_owner owner;
    int fd, error;

    if (mkfifo(path, 0600))
        return -errno;
    if (!(mode & 077))
        return 0;
    fd = hprpc__fifo_open(path, O_RDWR, &owner);
    error = fd < 0 ? -fd : set_mode(fd, mode, group);
    if (fd >= 0)
        close(fd);
    if (error)
        unlink(path);
    return -error;
}

void hprpc__fifo_shrink(int fd)
{
    /* the system refuses while the FIFO holds more than that; then it shrinks when it idles again */
    fcntl(fd, F_SETPIPE_SZ, SMALL);
}

/* Whether this user may have another pipe of `capacity`. */
static bool leaves_room(int capacity)
{
    int ends[2];
    bool leaves;

    if (pipe2(ends, O_CLOEXEC))
        return false;
    leaves = fcntl(ends[0], F_SETPIPE_SZ, capacity) >= 0;
    close(ends[0]);
    close(ends[1]);
    return leaves;
}

/* Tries the capacity, and then less. */
static void grow(int fd, int capacity)
{
    const int sizes[] = { capacity, capacity < USUAL ? capacity : USUAL };

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        if (fcntl(fd, F_SETPIPE_SZ, sizes[i]) >= 0 && leaves_room(sizes[i] > ROOM ? sizes[i] : ROOM))
            return;
    hprpc__fifo_shrink(fd);
}

void hprpc__fifo_grow(int fd, int capacity)
{
    /* close() is a cancellation point, and an open channel has none */
    int cancellation = hprpc__cancellation_disable();

    grow(fd, capacity);
    hprpc__cancellation_restore(cancellation);
}

int hprpc__pipe_options(const struct hprpc_uri *uri, struct hprpc_detail *detail,
                        struct hprpc__pipe_options *ret_options)
{
    static const char *const known[] = { "wait", "mode", "capacity", NULL };
    struct hprpc__pipe_options options;
    uint64_t capacity;
    int r = hprpc_uri_check_options(uri, known, detail);

    if (!r)
        r = hprpc_uri_wait(uri, detail, &options.wait);
    if (!r)
        r = hprpc_uri_mode(uri, 0600, detail, &options.mode);
    if (!r)
        r = hprpc_uri_size(uri, "capacity", PIPE_BUF, INT_MAX / 2, CAPACITY, detail, &capacity);
    if (r)
        return r;
    options.capacity = (int)capacity;
    *ret_options = options;
    return 0;
}

bool hprpc__pipe_trusts(const struct hprpc__pipe_options *options, const struct hprpc__pipe_owner *owner)
{
    return owner->uid == geteuid() || owner->uid == 0 || (options->mode & OTHERS);
}

void hprpc__pipe_names(const char *place, const char *token, struct hprpc__pipe_names *ret_names)
{
    snprintf(ret_names->up, sizeof(ret_names->up), "%.*s.%.*s.up", HPRPC__PATH_MAX, place, HPRPC__PIPE_TOKEN, token);
    snprintf(ret_names->down, sizeof(ret_names->down), "%.*s.%.*s.down", HPRPC__PATH_MAX, place, HPRPC__PIPE_TOKEN,
             token);
}
