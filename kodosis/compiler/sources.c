/* SPDX-License-Identifier: MIT */
/* Reading interface files from the file system. */
#include "kodosis/compiler/sources.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kodosis/compiler/text/text.h"

static int read_all(FILE *file, size_t limit, char **ret_data, size_t *ret_size)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    char piece[16 * 1024];
    size_t size;

    while (text.size < limit && (size = fread(piece, 1, sizeof(piece), file)) > 0)
        kodosis_text_add_bytes(&text, piece, size < limit - text.size ? size : limit - text.size);
    if (ferror(file)) {
        kodosis_text_clear(&text);
        return errno ? errno : EIO;
    }
    kodosis_text_add_bytes(&text, "", 0);
    *ret_data = text.data;
    *ret_size = text.size;
    return 0;
}

static int read_file(void *self, const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
    FILE *file = fopen(path, "rbe");
    int result;

    (void)self;
    if (!file)
        return errno;
    errno = 0;
    result = read_all(file, limit, ret_data, ret_size);
    fclose(file);
    return result;
}

static char *identify_file(void *self, const char *path)
{
    (void)self;
    return realpath(path, NULL);
}

const struct kodosis_sources kodosis_file_system = { NULL, read_file, identify_file };
