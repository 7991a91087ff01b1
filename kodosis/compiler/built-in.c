/* SPDX-License-Identifier: MIT */
/* Tells the built-in kodosis.kod from files that are called so, too. */
#include "kodosis/compiler/built-in.h"

#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/text/memory.h"

/* Whether the name is KODOSIS_BUILT_IN, or with `any_folder` ends in it behind a '/'. */
static bool is_called_so(const char *name, bool any_folder)
{
    const char *slash = any_folder ? strrchr(name, '/') : NULL;

    return !strcmp(slash ? slash + 1 : name, KODOSIS_BUILT_IN);
}

bool kodosis_is_built_in(const struct kodosis_sources *sources, const char *name, const char *path)
{
    size_t wanted = strlen(kodosis_built_in_text);
    bool same;
    char *data;
    size_t size;

    if (!is_called_so(name, path != NULL))
        return false;
    if (!path)
        return true;
    if (sources->read(sources->self, path, wanted + 1, &data, &size))
        return false;
    same = size == wanted && !memcmp(data, kodosis_built_in_text, size);
    free(data);
    return same;
}

char *kodosis_built_in_identity(void)
{
    char *identity = kodosis_reallocate(NULL, sizeof(KODOSIS_BUILT_IN_IDENTITY), 1);

    return memcpy(identity, KODOSIS_BUILT_IN_IDENTITY, sizeof(KODOSIS_BUILT_IN_IDENTITY));
}
