/* SPDX-License-Identifier: MIT */
/* Where a bare name lives: private directories and the paths in them. */
#include "channel/names/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errno-text.h"

/* Room for "<path>.lock" and for the suffix that a transport may add. */
enum { DIRECTORY_MAX = 64 };

/* Whether `path` is a directory that private directories may be in; a link does not count. */
static bool is_directory(const char *path)
{
    struct stat status;

    return !lstat(path, &status) && S_ISDIR(status.st_mode);
}

/* Checks that no other user may put, take or see names there. 0, also when it does not exist (ret_exists says which). */
static int check_private(const char *directory, struct hprpc_detail *detail, bool *ret_exists)
{
    struct stat status;

    if (lstat(directory, &status)) {
        if (errno != ENOENT)
            return hprpc_detail_set(detail, HPRPC_EADDRESS, "cannot look at %s: %s", directory,
                                    hprpc__errno_text(errno));
        *ret_exists = false;
        return 0;
    }
    if (!S_ISDIR(status.st_mode))
        return hprpc_detail_set(detail, HPRPC_EPERMISSION, "%s is not a directory", directory);
    if (status.st_uid != geteuid())
        return hprpc_detail_set(detail, HPRPC_EPERMISSION, "%s belongs to user %lu, not to user %lu", directory,
                                (unsigned long)status.st_uid, (unsigned long)geteuid());
    if ((status.st_mode & 07777) != 0700)
        return hprpc_detail_set(detail, HPRPC_EPERMISSION, "%s has mode %04o where only 0700 keeps others out",
                                directory, (unsigned)(status.st_mode & 07777));
    *ret_exists = true;
    return 0;
}

static int make_private(const char *directory, struct hprpc_detail *detail)
{
    bool exists = false;
    int result;

    if (mkdir(directory, 0700) && errno != EEXIST)
        return hprpc_detail_set(detail, errno == EACCES || errno == EPERM ? HPRPC_EPERMISSION : HPRPC_EADDRESS,
                                "cannot make the directory %s: %s", directory, hprpc__errno_text(errno));
    result = check_private(directory, detail, &exists);
    if (result)
        return result;
    return exists ? 0 : hprpc_detail_set(detail, HPRPC_EADDRESS, "%s vanished while it was made", directory);
}

/* A bare name is one visible file name. */
static int check_name(const char *name, struct hprpc_detail *detail)
{
    if (!name[0])
        return hprpc_detail_set(detail, HPRPC_EURI, "the name is empty");
    if (strchr(name, '/'))
        return hprpc_detail_set(detail, HPRPC_EURI,
                                "the name \"%.64s\" contains a slash; a path begins with one, as in scheme:///path",
                                name);
    if (name[0] == '.')
        return hprpc_detail_set(detail, HPRPC_EURI, "the name \"%.64s\" begins with a dot", name);
    return 0;
}

static int absolute_path(const char *rest, struct hprpc_detail *detail, char ret_path[HPRPC__PATH_MAX])
{
    size_t length = strlen(rest);

    if (length >= HPRPC__PATH_MAX)
        return hprpc_detail_set(detail, HPRPC_EURI, "the path has %zu bytes where %d is the limit", length,
                                HPRPC__PATH_MAX - 1);
    if (rest[length - 1] == '/')
        return hprpc_detail_set(detail, HPRPC_EURI, "the path \"%s\" ends with a slash", rest);
    memcpy(ret_path, rest, length + 1);
    return 0;
}

/* One place: the private directory under `parent`, and the name in it. */
static int path_under(const char *parent, const struct hprpc_uri *uri, const char *suffix, bool create,
                      struct hprpc_detail *detail, char ret_path[HPRPC__PATH_MAX])
{
    char directory[DIRECTORY_MAX], path[HPRPC__PATH_MAX];
    bool exists;
    int result, length;

    length = snprintf(directory, sizeof(directory), "%s/hprpc-%lu", parent, (unsigned long)geteuid());
    if (length < 0 || (size_t)length >= sizeof(directory))
        return hprpc_detail_set(detail, HPRPC_EADDRESS, "%s is too long for a directory of names", parent);
    result = create ? make_private(directory, detail) : check_private(directory, detail, &exists);
    if (result)
        return result;
    length = snprintf(path, sizeof(path), "%s/%s%s", directory, uri->rest, suffix);
    if (length < 0 || (size_t)length >= sizeof(path))
        return hprpc_detail_set(detail, HPRPC_EURI,
                                "the name \"%.64s\" is too long: its path has %d bytes where %d is "
                                "the limit",
                                uri->rest, length, HPRPC__PATH_MAX - 1);
    memcpy(ret_path, path, (size_t)length + 1);
    return 0;
}

/* Fails with a sentence that names all places: which of them should exist depends on the system. */
static int no_place(const char *const *directories, const struct hprpc_uri *uri, struct hprpc_detail *detail)
{
    char all[120] = "";
    size_t length = 0;

    for (size_t i = 0; directories[i] && length < sizeof(all); i++)
        length += (size_t)snprintf(all + length, sizeof(all) - length, "%s%s", i ? " nor " : "", directories[i]);
    return hprpc_detail_set(detail, HPRPC_EADDRESS, "there is neither %s for the name \"%.64s\" to live in", all,
                            uri->rest);
}

int hprpc__place_find_in(const char *const *directories, const struct hprpc_uri *uri, const char *suffix, bool create,
                         struct hprpc_detail *detail, char ret_path[HPRPC__PATH_MAX])
{
    char path[HPRPC__PATH_MAX], first[HPRPC__PATH_MAX];
    struct stat status;
    bool found = false, there;
    int result;
    size_t i;

    if (uri->rest[0] == '/')
        return absolute_path(uri->rest, detail, ret_path);
    result = check_name(uri->rest, detail);
    if (result)
        return result;

    for (i = 0; directories[i]; i++) {
        if (!is_directory(directories[i]))
            continue;
        result = path_under(directories[i], uri, suffix, create, detail, path);
        if (result)
            return result;
        there = create || !lstat(path, &status);
        if (there || !found)
            memcpy(first, path, sizeof(first));
        found = true;
        if (there)
            break;
    }
    if (!found)
        return no_place(directories, uri, detail);
    memcpy(ret_path, first, sizeof(first));
    return 0;
}

bool hprpc__place_of(const char *directory, const struct hprpc_uri *uri, const char *suffix,
                     char ret_path[HPRPC__PATH_MAX])
{
    return uri->rest[0] != '/' && is_directory(directory) &&
           path_under(directory, uri, suffix, false, NULL, ret_path) == 0;
}

const char *const *hprpc__places(struct hprpc__places *ret_places)
{
    snprintf(ret_places->runtime, sizeof(ret_places->runtime), "/run/user/%lu", (unsigned long)geteuid());
    ret_places->directories[0] = ret_places->runtime;
    ret_places->directories[1] = "/dev/shm";
    ret_places->directories[2] = NULL;
    return ret_places->directories;
}

int hprpc__place_find(const struct hprpc_uri *uri, const char *suffix, bool create, struct hprpc_detail *detail,
                      char ret_path[HPRPC__PATH_MAX])
{
    struct hprpc__places places;

    return hprpc__place_find_in(hprpc__places(&places), uri, suffix, create, detail, ret_path);
}

bool hprpc__place_name(const struct hprpc_uri *uri, const char *suffix, char *ret_path, size_t capacity)
{
    char path[HPRPC__PATH_MAX];

    if (hprpc__place_find(uri, suffix, false, NULL, path) < 0 || strlen(path) >= capacity)
        return false;
    memcpy(ret_path, path, strlen(path) + 1);
    return true;
}
