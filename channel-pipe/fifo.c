/* FIFOs: made, opened and checked; their names and options. */
#include "channel-pipe/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hprpc/channel/uri.h>

enum { CAPACITY = 1024 * 1024, OTHERS = 0066 };

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

int hprpc__fifo_make(const char *path, mode_t mode)
{
    struct hprpc__pipe_owner owner;
    int fd, error;

    if (mkfifo(path, 0600))
        return -errno;
    if (!(mode & 077))
        return 0;
    /* past the umask, and by descriptor: in a directory of others the name may mean something else by now */
    fd = hprpc__fifo_open(path, O_RDWR, &owner);
    error = fd < 0 ? -fd : fchmod(fd, mode) ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (error)
        unlink(path);
    return -error;
}

void hprpc__fifo_enlarge(int fd, int capacity)
{
    fcntl(fd, F_SETPIPE_SZ, capacity);
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
    if (!r && (options.mode & 0600) != 0600)
        r = hprpc_detail_set(detail, HPRPC_EURI,
                             "the option mode=%s keeps its own user out: 0600 must be among the bits",
                             hprpc_uri_option(uri, "mode"));
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
