/* SPDX-License-Identifier: MIT */
/* Claims on a path: a lock that dies with its holder, and the sweep of what a dead holder left. */
#include "channel/names/claim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/errno-text.h"

enum { LOCK_ATTEMPTS = 100 };

static void lock_path(const char *path, char ret_lock[HPRPC__PATH_MAX + 8])
{
    snprintf(ret_lock, HPRPC__PATH_MAX + 8, "%s.lock", path);
}

/* A failed system call as one of our codes. */
static int system_code(int number)
{
    return number == EACCES || number == EPERM || number == ELOOP      ? HPRPC_EPERMISSION
           : number == ENOENT || number == ENOTDIR || number == EISDIR ? HPRPC_EADDRESS
                                                                       : HPRPC_ESYSTEM;
}

/* Whether the locked file is still the one at its place: a holder removes the file before it unlocks. */
static bool is_current(int fd, const char *lock)
{
    struct stat held, there;

    return !fstat(fd, &held) && !lstat(lock, &there) && held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

static int check_lock(int fd, const char *lock, struct hprpc_detail *detail)
{
    struct stat status;

    if (fstat(fd, &status))
        return hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot look at %s: %s", lock, hprpc__errno_text(errno));
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid())
        return hprpc_detail_set(detail, HPRPC_EPERMISSION, "%s is not a file of ours", lock);
    return 0;
}

static int take_lock(const char *path, struct hprpc_detail *detail, int *ret_fd)
{
    char lock[HPRPC__PATH_MAX + 8];
    int fd, attempt, result;

    lock_path(path, lock);
    for (attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
        fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0)
            return hprpc_detail_set(detail, system_code(errno), "cannot open %s: %s", lock, hprpc__errno_text(errno));
        result = check_lock(fd, lock, detail);
        if (!result && flock(fd, LOCK_EX | LOCK_NB))
            result =
                errno == EWOULDBLOCK
                    ? hprpc_detail_set(detail, HPRPC_EINUSE, "somebody already listens at %s", path)
                    : hprpc_detail_set(detail, HPRPC_ESYSTEM, "cannot lock %s: %s", lock, hprpc__errno_text(errno));
        if (!result && is_current(fd, lock)) {
            *ret_fd = fd;
            return 0;
        }
        close(fd);
        if (result)
            return result;
    }
    return hprpc_detail_set(detail, HPRPC_EINUSE, "others keep taking %s", path);
}

/* Whether a listener answers at the path, though it holds no lock there: it took none, or its lock file was removed. */
static bool somebody_answers(const char *path, mode_t type)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    bool answered;
    int fd;

    if (type == S_IFIFO) {
        fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
        answered = fd >= 0;
    } else {
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        answered = fd >= 0 && (!connect(fd, (struct sockaddr *)&address, sizeof(address)) || errno != ECONNREFUSED);
    }
    if (fd >= 0)
        close(fd);
    return answered;
}

static int remove_stale(const char *path, mode_t type, struct hprpc_detail *detail)
{
    const char *what = type == S_IFIFO ? "FIFO" : "socket";
    struct stat status;

    if (lstat(path, &status))
        return errno == ENOENT ? 0
                               : hprpc_detail_set(detail, system_code(errno), "cannot look at %s: %s", path,
                                                  hprpc__errno_text(errno));
    if ((status.st_mode & S_IFMT) != type)
        return hprpc_detail_set(detail, HPRPC_EADDRESS, "%s exists and is not a %s", path, what);
    if (status.st_uid != geteuid())
        return hprpc_detail_set(detail, HPRPC_EPERMISSION, "%s is a %s of user %lu", path, what,
                                (unsigned long)status.st_uid);
    if (somebody_answers(path, type))
        return hprpc_detail_set(detail, HPRPC_EINUSE, "somebody already listens at %s", path);
    if (unlink(path) && errno != ENOENT)
        return hprpc_detail_set(detail, system_code(errno), "cannot remove the stale %s: %s", path,
                                hprpc__errno_text(errno));
    return 0;
}

/* Whether `name`, longer than its first `skip` bytes, belongs to a claim on itself or on what it is a part of. */
static bool is_claimed(int directory, const char *name, size_t skip)
{
    char lock[NAME_MAX + 8];
    struct stat status;
    size_t end;

    for (end = skip + 1; name[end - 1]; end++) {
        if (name[end] && name[end] != '.')
            continue;
        snprintf(lock, sizeof(lock), "%.*s.lock", (int)end, name);
        if (!fstatat(directory, lock, &status, AT_SYMLINK_NOFOLLOW))
            return true;
    }
    return false;
}

/*
 * Removes the FIFOs "<path>.*" of our uid. A name that cannot be removed stays, which is harmless. Sockets have no names beside
 * their own, and other programs like to call theirs "<path>.control".
 */
static void sweep(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t length = strlen(base);
    char directory[HPRPC__PATH_MAX];
    struct dirent *entry;
    struct stat status;
    DIR *stream;

    snprintf(directory, sizeof(directory), "%.*s", slash && slash != path ? (int)(slash - path) : 1,
             slash ? path : ".");
    stream = opendir(directory);
    if (!stream)
        return;
    while ((entry = readdir(stream))) {
        if (strncmp(entry->d_name, base, length) || entry->d_name[length] != '.')
            continue;
        if (fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW))
            continue;
        if (!S_ISFIFO(status.st_mode) || status.st_uid != geteuid())
            continue;
        if (!is_claimed(dirfd(stream), entry->d_name, length + 1))
            unlinkat(dirfd(stream), entry->d_name, 0);
    }
    closedir(stream);
}

int hprpc__claim_take(struct hprpc__claim *claim, const char *path, mode_t type, struct hprpc_detail *detail)
{
    char lock[HPRPC__PATH_MAX + 8];
    int fd = -1, result;

    if (strlen(path) >= HPRPC__PATH_MAX)
        return hprpc_detail_set(detail, HPRPC_EURI, "the path \"%.64s\" is too long", path);
    result = take_lock(path, detail, &fd);
    if (result)
        return result;
    result = remove_stale(path, type, detail);
    if (result) {
        lock_path(path, lock);
        unlink(lock);
        close(fd);
        return result;
    }
    if (type == S_IFIFO)
        sweep(path);
    claim->lock_fd = fd;
    claim->made = false;
    snprintf(claim->path, sizeof(claim->path), "%s", path);
    return 0;
}

/* ---- A bare name in all its places ---- */

/* Whether another process holds the lock on `path`, or answers at it. */
static bool is_held(const char *path, mode_t type)
{
    char lock[HPRPC__PATH_MAX + 8];
    struct stat status;
    bool held;
    int fd;

    lock_path(path, lock);
    fd = open(lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    return held || (!lstat(path, &status) && (status.st_mode & S_IFMT) == type && somebody_answers(path, type));
}

int hprpc__claim_take_name(struct hprpc__claim *claim, const char *const *directories, const struct hprpc_uri *uri,
                           const char *suffix, mode_t type, struct hprpc_detail *detail)
{
    char path[HPRPC__PATH_MAX];
    int r = hprpc__place_find_in(directories, uri, suffix, true, detail, path);

    if (r == 0)
        r = hprpc__claim_take(claim, path, type, detail);
    if (r < 0)
        return r;
    /* after the claim: of two servers that start at once in two places, at least one sees the other */
    for (size_t i = 0; directories[i]; i++) {
        if (!hprpc__place_of(directories[i], uri, suffix, path) || !strcmp(path, claim->path) || !is_held(path, type))
            continue;
        hprpc__claim_drop(claim);
        return hprpc_detail_set(detail, HPRPC_EINUSE, "somebody already listens at %s", path);
    }
    return 0;
}

int hprpc__claim_take_uri(struct hprpc__claim *claim, const struct hprpc_uri *uri, const char *suffix, mode_t type,
                          struct hprpc_detail *detail)
{
    struct hprpc__places places;

    return hprpc__claim_take_name(claim, hprpc__places(&places), uri, suffix, type, detail);
}

/* ---- What was made at the path, and its end ---- */

int hprpc__claim_made(struct hprpc__claim *claim)
{
    struct stat status;

    if (lstat(claim->path, &status)) {
        /* no other listener may have made it meanwhile: the claim is still held */
        unlink(claim->path);
        return HPRPC_ESYSTEM;
    }
    claim->device = status.st_dev;
    claim->inode = status.st_ino;
    claim->made = true;
    return 0;
}

/*
 * Removes the path if it is still what this listener made. Other programs may have removed the name (a cleaner of /tmp, or the
 * user's logout), and another listener may have it now. The number of the inode tells them apart: it is not used again while
 * the listener has what it made open.
 */
static void remove_made(const struct hprpc__claim *claim)
{
    struct stat status;

    if (claim->made && !lstat(claim->path, &status) && status.st_dev == claim->device && status.st_ino == claim->inode)
        unlink(claim->path);
}

void hprpc__claim_drop(struct hprpc__claim *claim)
{
    char lock[HPRPC__PATH_MAX + 8];

    if (claim->lock_fd < 0)
        return;
    /* in this order: once the lock file is gone, another listener may claim the path */
    remove_made(claim);
    lock_path(claim->path, lock);
    if (is_current(claim->lock_fd, lock))
        unlink(lock);
    close(claim->lock_fd);
    claim->lock_fd = -1;
}
