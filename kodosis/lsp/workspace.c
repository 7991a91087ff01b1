/* SPDX-License-Identifier: MIT */
/* Finding the interface files of a project. */
#include "kodosis/lsp/workspace.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kodosis/compiler/text/name.h"

static void add(struct lsp_paths *paths, const char *path)
{
    if (paths->count == LSP_FILES_MAX)
        return;
    if (paths->count == paths->capacity) {
        paths->capacity = paths->capacity ? 2 * paths->capacity : 64;
        paths->items = kodosis_reallocate(paths->items, paths->capacity, sizeof(*paths->items));
    }
    paths->items[paths->count++] = path;
}

static bool is_interface(const char *name)
{
    size_t size = strlen(name);

    return size > 4 && !strcmp(name + size - 4, ".kod");
}

static bool is_left_out(const char *name)
{
    return *name == '.' || !strcmp(name, "build") || !strcmp(name, "node_modules");
}

/* LSP_FOLDER_DEPTH bounds the recursion. */
static void collect(struct lsp_paths *paths, const char *folder, struct kodosis_memory *memory, size_t depth)
{
    DIR *directory = depth < LSP_FOLDER_DEPTH ? opendir(folder) : NULL;
    struct dirent *entry;

    if (!directory)
        return;
    while (paths->entries < LSP_ENTRIES_MAX && (entry = readdir(directory))) {
        const char *path;
        struct stat status;

        paths->entries++;
        if (is_left_out(entry->d_name))
            continue;
        path = kodosis_join(memory, folder, "/", entry->d_name);
        if (lstat(path, &status))
            continue;
        if (S_ISDIR(status.st_mode))
            collect(paths, path, memory, depth + 1);
        else if (S_ISREG(status.st_mode) && is_interface(entry->d_name))
            add(paths, path);
    }
    closedir(directory);
}

void lsp_paths_collect(struct lsp_paths *paths, const struct lsp_documents *documents, char *const *folders,
                       size_t folder_count, struct kodosis_memory *memory)
{
    *paths = (struct lsp_paths){ 0 };
    for (const struct lsp_document *each = documents->first; each; each = each->next)
        add(paths, each->path);
    for (size_t i = 0; i < folder_count; i++)
        collect(paths, folders[i], memory, 0);
}

void lsp_paths_clear(struct lsp_paths *paths)
{
    free(paths->items);
    *paths = (struct lsp_paths){ 0 };
}
