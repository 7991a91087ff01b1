/* SPDX-License-Identifier: MIT */
/* Writes files, whole or not at all. */
#include "kodosis/compiler/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kodosis/compiler/sources.h"
#include "kodosis/compiler/text/memory.h"

/* Makes the directories that a path needs. Failures are not reported here: opening the file fails then. */
static void make_directories(const char *path)
{
    size_t size = strlen(path) + 1;
    char *copy = kodosis_reallocate(NULL, size, 1);

    memcpy(copy, path, size);
    for (char *slash = strchr(copy + 1, '/'); *path && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(copy, 0777);
        *slash = '/';
    }
    free(copy);
}

static int write_all(int descriptor, const struct kodosis_text *text)
{
    size_t done = 0;

    while (done < text->size) {
        ssize_t written = write(descriptor, text->data + done, text->size - done);

        if (written < 0 && errno != EINTR)
            return errno;
        done += written > 0 ? (size_t)written : 0;
    }
    return 0;
}

/* The mode of an ordinary new file. mkstemp() makes private ones. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
}

int kodosis_write_file(const char *path, const struct kodosis_text *text)
{
    struct kodosis_text temporary = KODOSIS_TEXT_INIT;
    int descriptor;
    int result;

    make_directories(path);
    kodosis_text_add(&temporary, "%s.XXXXXX", path);
    descriptor = mkstemp(temporary.data);
    if (descriptor < 0) {
        result = errno;
        kodosis_text_clear(&temporary);
        return result;
    }
    result = write_all(descriptor, text);
    if (!result && fchmod(descriptor, usual_mode()))
        result = errno;
    if (close(descriptor) && !result)
        result = errno;
    if (!result && rename(temporary.data, path))
        result = errno;
    if (result)
        unlink(temporary.data);
    kodosis_text_clear(&temporary);
    return result;
}

bool kodosis_file_has(const char *path, const struct kodosis_text *text)
{
    bool same;
    char *data;
    size_t size;

    if (kodosis_file_system.read(NULL, path, text->size + 1, &data, &size))
        return false;
    same = size == text->size && (!size || !memcmp(data, text->data, size));
    free(data);
    return same;
}

void kodosis_depfile_add(struct kodosis_text *text, const char *path)
{
    for (; *path; path++) {
        if (*path == ' ' || *path == '#' || *path == '\t')
            kodosis_text_add_bytes(text, "\\", 1);
        if (*path == '$')
            kodosis_text_add_bytes(text, "$", 1);
        kodosis_text_add_bytes(text, path, 1);
    }
}
