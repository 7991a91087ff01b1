/* SPDX-License-Identifier: MIT */
/* `kodosis format`: which files, and what becomes of their text. */
#include "kodosis/compiler/format/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kodosis/compiler/format/diff.h"
#include "kodosis/compiler/format/format.h"
#include "kodosis/compiler/limits.h"
#include "kodosis/compiler/sources.h"
#include "kodosis/compiler/write.h"

static int complain(const char *verb, const char *path, int error)
{
    fprintf(stderr, "kodosis: error: cannot %s %s: %s\n", verb, path, strerror(error));
    return KODOSIS_EXIT_IO;
}

static int print(const char *data, size_t size)
{
    if (size && fwrite(data, 1, size, stdout) != size)
        return complain("write", "the standard output", errno);
    return fflush(stdout) ? complain("write", "the standard output", errno) : KODOSIS_EXIT_OK;
}

static int print_diff(const char *path, const struct kodosis_text *old, const struct kodosis_text *new)
{
    struct kodosis_text diff = KODOSIS_TEXT_INIT;
    int status;

    kodosis_diff(path, old, new, &diff);
    status = print(diff.data, diff.size);
    kodosis_text_clear(&diff);
    return status ? status : KODOSIS_EXIT_ERRORS;
}

static int print_name(const char *path)
{
    return printf("%s\n", path) < 0 || fflush(stdout) ? complain("write", "the standard output", errno)
                                                      : KODOSIS_EXIT_ERRORS;
}

/* Replaces a file, or the one that a symbolic link names. Its permissions stay. */
static int replace(const char *path, const struct kodosis_text *text)
{
    char *real = realpath(path, NULL);
    struct stat status;
    int error;

    if (!real)
        return complain("write", path, errno);
    error = stat(real, &status) ? errno : kodosis_write_file(real, text);
    if (!error && chmod(real, status.st_mode & 07777))
        error = errno;
    free(real);
    return error ? complain("write", path, error) : KODOSIS_EXIT_OK;
}

static int deliver(const struct kodosis_options *options, const char *path, const struct kodosis_text *old,
                   const struct kodosis_text *new)
{
    bool same = old->size == new->size && !memcmp(old->data, new->data, new->size);

    if (options->format == KODOSIS_FORMAT_PRINT)
        return print(new->data, new->size);
    if (same)
        return KODOSIS_EXIT_OK;
    if (options->format == KODOSIS_FORMAT_IN_PLACE)
        return replace(path, new);
    return options->format == KODOSIS_FORMAT_DIFF ? print_diff(path, old, new) : print_name(path);
}

static int format_file(const struct kodosis_options *options, const char *path, struct kodosis_memory *memory,
                       struct kodosis_diagnostics *diagnostics)
{
    struct kodosis_file *file = kodosis_memory_take(memory, sizeof(*file));
    struct kodosis_text old = KODOSIS_TEXT_INIT;
    struct kodosis_text new = KODOSIS_TEXT_INIT;
    int status = KODOSIS_EXIT_ERRORS;
    int error = kodosis_file_system.read(NULL, path, KODOSIS_LIMIT_FILE_SIZE + 1, &old.data, &old.size);

    if (error)
        return complain("read", path, error);
    file->path = path;
    file->name = path;
    file->source = kodosis_memory_copy(memory, old.data, old.size);
    file->source_size = old.size;
    if (kodosis_format(file, memory, diagnostics, &new))
        status = deliver(options, path, &old, &new);
    kodosis_text_clear(&old);
    kodosis_text_clear(&new);
    return status;
}

int kodosis_format_files(const struct kodosis_options *options, struct kodosis_diagnostics *diagnostics)
{
    int status = KODOSIS_EXIT_OK;

    for (size_t i = 0; i < options->file_count; i++) {
        int one = format_file(options, options->files[i], &diagnostics->memory, diagnostics);

        status = one > status ? one : status;
    }
    return status;
}
