/* SPDX-License-Identifier: MIT */
/* How a client connects: two FIFOs of its own beside the door, and the first attempt to register. */
#include "channel-pipe/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errno-text.h"

/* ---- The door ---- */

/* Fails with a sentence that names the door's owner: this user may not open it. */
static int forbidden(const char *place, struct hprpc_detail *detail)
{
    struct stat status;

    if (lstat(place, &status))
        return hprpc_detail_set(detail, HPRPC_EPERMISSION, "cannot open %s: %s", place, hprpc__errno_text(EACCES));
    return hprpc_detail_set(detail, HPRPC_EPERMISSION, "cannot open %s: %s (user %lu, group %lu, mode %04o)", place,
                            hprpc__errno_text(EACCES), (unsigned long)status.st_uid, (unsigned long)status.st_gid,
                            (unsigned)(status.st_mode & 07777));
}

static int open_door(const struct hprpc_uri *uri, const char *place, const struct hprpc__pipe_options *options,
                     struct hprpc_detail *detail, struct hprpc__pipe_owner *ret_owner)
{
    int fd = hprpc__fifo_open(place, O_WRONLY, ret_owner);

    if (fd == -ENOENT || fd == -ENXIO)
        return hprpc_detail_set(detail, HPRPC_EREFUSED, "nobody listens at pipe://%.64s (%s %s)", uri->rest, place,
                                fd == -ENOENT ? "does not exist" : "is stale");
    if (fd == -ELOOP)
        return hprpc_detail_set(detail, HPRPC_EPERMISSION, "%s is a symbolic link", place);
    if (fd == -ENOTSUP || fd == -EISDIR || fd == -ENOTDIR)
        return hprpc_detail_set(detail, HPRPC_EADDRESS, "%s is not a FIFO", place);
    if (fd == -EACCES)
        return forbidden(place, detail);
    if (fd < 0)
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot open %s: %s", place, hprpc__errno_text(-fd));
    if (hprpc__pipe_trusts(options, ret_owner))
        return fd;
    close(fd);
    return hprpc_detail_set(detail, HPRPC_EPERMISSION,
                            "%s belongs to user %lu; \"mode=\" would say that other users are welcome", place,
                            (unsigned long)ret_owner->uid);
}

/* ---- Connecting ---- */

/* Makes one FIFO and opens it; the descriptor, or a code. */
static int make_end(const char *path, int flags, const struct hprpc__pipe_options *options, gid_t group,
                    struct hprpc_detail *detail)
{
    struct hprpc__pipe_owner owner;
    int fd = hprpc__fifo_make(path, options->mode, group);

    if (fd >= 0)
        fd = hprpc__fifo_open(path, flags, &owner);
    if (fd < 0)
        return hprpc_detail_set(detail, fd == -EACCES || fd == -EPERM ? HPRPC_EPERMISSION : HPRPC_ESYSTEM,
                                "cannot make the FIFO %s: %s", path, hprpc__errno_text(-fd));
    if (owner.uid == geteuid())
        return fd;
    close(fd);
    return hprpc_detail_set(detail, HPRPC_EPERMISSION, "the FIFO %s was taken by user %lu", path,
                            (unsigned long)owner.uid);
}

/* Makes and opens both FIFOs. On failure nothing is left. */
static int make_ends(struct hprpc__pipe_opening *opening, const struct hprpc__pipe_options *options, gid_t group,
                     struct hprpc_detail *detail, int *ret_in, int *ret_out)
{
    int in, out;

    opening->linked = true;
    in = make_end(opening->names.down, O_RDONLY, options, group, detail);
    out = in < 0 ? in : make_end(opening->names.up, O_RDWR, options, group, detail);
    if (out < 0) {
        if (in >= 0)
            close(in);
        hprpc__pipe_remove_names(opening);
        return out;
    }
    *ret_in = in;
    *ret_out = out;
    return 0;
}

/* Does what follows once the door is open: FIFOs, channel, registration. Takes the opening over on success. */
static int enter(struct hprpc_context *context, struct hprpc__pipe_opening *opening, const char *place,
                 const struct hprpc__pipe_owner *owner, const struct hprpc__pipe_options *options,
                 struct hprpc_detail *detail, struct hprpc_channel **ret_channel)
{
    struct hprpc__pipe *pipe;
    int in, out, r;

    r = make_ends(opening, options, owner->gid, detail, &in, &out);
    if (r)
        return r;
    r = hprpc__pipe_register(opening);
    if (r < 0) {
        r = hprpc_detail_set(detail, HPRPC_EREFUSED, "the listener at %s just went away", place);
        goto close_ends;
    }
    atomic_init(&opening->registered, r == 1);
    r = hprpc__pipe_new(context, in, out, place, owner, options, &pipe);
    if (r)
        goto close_ends;
    pipe->opening = opening;
    pipe->stream.channel.waits_for = opening->waits_for;
    atomic_init(&pipe->accepted, false);
    pipe->stream.open = atomic_load(&opening->registered);
    *ret_channel = &pipe->stream.channel;
    return 0;

close_ends:
    close(in);
    close(out);
    hprpc__pipe_remove_names(opening);
    return r;
}

int hprpc__pipe_connect(struct hprpc_context *context, const struct hprpc_uri *uri, struct hprpc_detail *detail,
                        struct hprpc_channel **ret_channel)
{
    struct hprpc__pipe_options options;
    struct hprpc__pipe_opening *opening;
    struct hprpc__pipe_owner owner;
    char place[HPRPC__PATH_MAX];
    int r, door;

    r = hprpc__pipe_options(uri, detail, &options);
    if (!r)
        r = hprpc__place_find(uri, ".pipe", false, detail, place);
    if (r)
        return r;
    door = open_door(uri, place, &options, detail, &owner);
    if (door < 0)
        return door;
    r = hprpc__pipe_opening_new(context, door, place, detail, &opening);
    if (r) {
        close(door);
        return r;
    }
    r = enter(context, opening, place, &owner, &options, detail, ret_channel);
    if (r)
        hprpc__pipe_opening_free(context, opening);
    return r;
}
