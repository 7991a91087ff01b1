/* SPDX-License-Identifier: MIT */
/* Running programs that belong to this one. */
#include "kodosis/compiler/launch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kodosis/compiler/options.h"
#include "kodosis/compiler/text/text.h"

enum { PATH_SIZE = 4096 };

/* Appends the folder of this program and a '/'; nothing if the system does not tell. */
static void add_own_folder(struct kodosis_text *text)
{
    char path[PATH_SIZE];
    ssize_t size = readlink("/proc/self/exe", path, sizeof(path));

    while (size > 0 && size < PATH_SIZE && path[size - 1] != '/')
        size--;
    if (size > 0 && size < PATH_SIZE)
        kodosis_text_add_bytes(text, path, (size_t)size);
}

int kodosis_launch(const char *name, char **arguments)
{
    struct kodosis_text path = KODOSIS_TEXT_INIT;
    const char *base;
    size_t size;

    add_own_folder(&path);
    size = path.size;
    kodosis_text_add(&path, "kodosis-%s", name);
    base = path.data + size;
    arguments[0] = (char *)base;
    if (size)
        execv(path.data, arguments);
    if (!size || errno == ENOENT)
        execvp(base, arguments);
    fprintf(stderr, "kodosis: cannot run %s, which is a program of its own: %s\n", base, strerror(errno));
    kodosis_text_clear(&path);
    return KODOSIS_EXIT_IO;
}
