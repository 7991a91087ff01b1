/* SPDX-License-Identifier: MIT */
/* Finds the files of each side: a file, a folder, or either of them in a git revision. */
#include "kodosis/compiler/breaking/sides.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kodosis/compiler/find.h"
#include "kodosis/compiler/text/name.h"

static bool complain(const char *path, const char *reason)
{
    fprintf(stderr, "kodosis: error: cannot read %s: %s\n", path, reason);
    return false;
}

static void append(const char ***list, size_t *count, const char *path)
{
    *list = kodosis_reallocate(*list, *count + 1, sizeof(**list));
    (*list)[(*count)++] = path;
}

void kodosis_side_open(struct kodosis_side *side, const char *const *import_paths, size_t import_path_count,
                       struct kodosis_memory *memory)
{
    *side = (struct kodosis_side){ .memory = memory, .sources = kodosis_file_system };
    for (size_t i = 0; i < import_path_count; i++)
        append(&side->import_paths, &side->import_path_count, import_paths[i]);
}

void kodosis_side_close(struct kodosis_side *side)
{
    if (side->has_git)
        kodosis_git_close(&side->git);
    free(side->paths);
    free(side->import_paths);
    *side = (struct kodosis_side){ 0 };
}

/* ---- The file system ---- */

static const char *copy(struct kodosis_side *side, const char *path)
{
    return kodosis_memory_copy(side->memory, path, strlen(path));
}

bool kodosis_side_add(struct kodosis_side *side, const char *path)
{
    struct kodosis_found found = { 0 };
    struct stat status;
    int error;

    if (stat(path, &status))
        return complain(path, strerror(errno));
    if (!S_ISDIR(status.st_mode)) {
        append(&side->paths, &side->path_count, copy(side, path));
        return true;
    }
    error = kodosis_find_files(path, &found);
    for (size_t i = 0; !error && i < found.count; i++)
        append(&side->paths, &side->path_count, copy(side, found.paths[i]));
    append(&side->import_paths, &side->import_path_count, copy(side, path));
    if (error)
        complain(path, strerror(error));
    else if (!found.count)
        complain(path, "there is no interface file (*.kod) below it");
    error = error || !found.count;
    kodosis_found_clear(&found);
    return !error;
}

/* ---- Revisions ---- */

/* What is in the revision in place of a directory given with -I; the directory itself if it is not below the top. */
static const char *import_path_in(struct kodosis_git *git, const char *directory)
{
    char *real = realpath(directory, NULL);
    size_t size = strlen(git->top);
    const char *below = NULL;

    if (real && size && !strncmp(real, git->top, size) && (real[size] == '/' || !real[size]))
        below = kodosis_git_normalize(git->memory, real + size);
    else if (!real && *directory != '/') /* it may have been there once */
        below = kodosis_git_normalize(git->memory, kodosis_join(git->memory, git->prefix, "", directory));
    free(real);
    return below && kodosis_git_kind(git, below) == 'd' ? kodosis_git_path(git, below) : directory;
}

static bool open_git(struct kodosis_side *side, const char *directory, const char *revision)
{
    if (side->has_git)
        return true;
    side->has_git = true;
    if (!kodosis_git_open(&side->git, directory, revision, side->memory))
        return false;
    side->sources = kodosis_git_sources(&side->git);
    for (size_t i = 0; i < side->import_path_count; i++)
        side->import_paths[i] = import_path_in(&side->git, side->import_paths[i]);
    return true;
}

static bool is_below(const char *file, const char *directory)
{
    size_t size = strlen(directory);

    return !size || (!strncmp(file, directory, size) && file[size] == '/');
}

/* Adds a file of the revision, or all below a directory. Returns how many. */
static size_t add_from_git(struct kodosis_side *side, const char *path)
{
    struct kodosis_git *git = &side->git;
    char kind = kodosis_git_kind(git, path);
    size_t before = side->path_count;

    if (kind == 'f')
        append(&side->paths, &side->path_count, kodosis_git_path(git, path));
    if (kind != 'd')
        return side->path_count - before;
    for (size_t i = 0; i < git->file_count; i++)
        if (is_below(git->files[i], path) && kodosis_is_interface_file(git->files[i]))
            append(&side->paths, &side->path_count, kodosis_git_path(git, git->files[i]));
    append(&side->import_paths, &side->import_path_count, kodosis_git_path(git, path));
    return side->path_count - before;
}

static bool add_revision(struct kodosis_side *side, const char *revision, const char *path)
{
    const char *below;

    if (!open_git(side, ".", revision))
        return false;
    if (!strncmp(path, "./", 2) || !strncmp(path, "../", 3)) /* as git reads them: from here */
        path = kodosis_join(side->memory, side->git.prefix, "", path);
    below = kodosis_git_normalize(side->memory, path);
    if (below && add_from_git(side, below))
        return true;
    if (below && kodosis_git_kind(&side->git, below) == 'd')
        fprintf(stderr, "kodosis: error: there is no interface file (*.kod) below '%s' in revision '%s'\n", path,
                revision);
    else
        fprintf(stderr, "kodosis: error: there is no '%s' in revision '%s'\n", path, revision);
    return false;
}

bool kodosis_side_add_any(struct kodosis_side *side, const char *path)
{
    const char *colon = strchr(path, ':');

    if (!colon || access(path, F_OK) == 0)
        return kodosis_side_add(side, path);
    return add_revision(side, kodosis_memory_copy(side->memory, path, (size_t)(colon - path)), colon + 1);
}

/* The directory that a path is in, or is itself. */
static const char *directory_of(struct kodosis_side *side, const char *path, const char **ret_rest)
{
    const char *slash = strrchr(path, '/');
    struct stat status;

    *ret_rest = "";
    if (!stat(path, &status) && S_ISDIR(status.st_mode))
        return path;
    *ret_rest = slash ? slash + 1 : path;
    if (!slash)
        return ".";
    return slash == path ? "/" : kodosis_memory_copy(side->memory, path, (size_t)(slash - path));
}

bool kodosis_side_add_against(struct kodosis_side *side, const char *revision, const char *path)
{
    struct kodosis_git here;
    const char *rest;
    const char *directory = directory_of(side, path, &rest);
    const char *below;

    if (!open_git(side, directory, revision))
        return false;
    if (!kodosis_git_find_prefix(&here, directory, side->memory))
        return false;
    if (strcmp(here.top, side->git.top) != 0) {
        fprintf(stderr, "kodosis: error: %s is in another repository than the other files\n", path);
        return false;
    }
    below = kodosis_git_normalize(side->memory, kodosis_join(side->memory, here.prefix, "", rest));
    if (below)
        add_from_git(side, below);
    return true;
}
