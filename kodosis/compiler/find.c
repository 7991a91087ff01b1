/* SPDX-License-Identifier: MIT */
/* Finds interface files. */
#include "kodosis/compiler/find.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kodosis/compiler/text/memory.h"
#include "kodosis/compiler/text/text.h"

enum { FOLDER_DEPTH = 64 };

bool kodosis_is_interface_file(const char *path)
{
    size_t size = strlen(path);

    return size > 4 && !strcmp(path + size - 4, ".kod") && path[size - 5] != '/';
}

static void add_path(struct kodosis_found *found, const char *path)
{
    if (found->count == found->capacity) {
        found->capacity = found->capacity ? 2 * found->capacity : 16;
        found->paths = kodosis_reallocate(found->paths, found->capacity, sizeof(*found->paths));
    }
    found->paths[found->count] = kodosis_reallocate(NULL, strlen(path) + 1, 1);
    memcpy(found->paths[found->count++], path, strlen(path) + 1);
}

static int look_below(const char *folder, unsigned depth, struct kodosis_found *found);

/* Looks at one entry. FOLDER_DEPTH bounds the recursion. */
static int look_at(const char *folder, const char *name, unsigned depth, struct kodosis_found *found)
{
    struct kodosis_text path = KODOSIS_TEXT_INIT;
    struct stat status;
    int error = 0;

    kodosis_text_add(&path, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name);
    if (lstat(path.data, &status))
        error = errno == ENOENT ? 0 : errno;
    else if (S_ISDIR(status.st_mode))
        error = look_below(path.data, depth + 1, found);
    else if (kodosis_is_interface_file(name))
        add_path(found, path.data);
    kodosis_text_clear(&path);
    return error;
}

static int look_below(const char *folder, unsigned depth, struct kodosis_found *found)
{
    struct dirent *entry;
    DIR *opened;
    int error = 0;

    if (depth > FOLDER_DEPTH)
        return ELOOP;
    opened = opendir(folder);
    if (!opened)
        return errno;
    while (!error && (entry = readdir(opened)))
        if (*entry->d_name != '.')
            error = look_at(folder, entry->d_name, depth, found);
    closedir(opened);
    return error;
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

int kodosis_find_files(const char *folder, struct kodosis_found *found)
{
    size_t before = found->count;
    int error = *folder ? look_below(folder, 0, found) : ENOENT;

    if (found->count > before)
        qsort(found->paths + before, found->count - before, sizeof(*found->paths), compare);
    return error;
}

void kodosis_found_clear(struct kodosis_found *found)
{
    for (size_t i = 0; i < found->count; i++)
        free(found->paths[i]);
    free(found->paths);
    *found = (struct kodosis_found){ 0 };
}
