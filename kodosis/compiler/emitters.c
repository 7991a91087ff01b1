/* SPDX-License-Identifier: MIT */
/* The table of output languages. */
#include "kodosis/compiler/emitters.h"

#include <string.h>

#include "kodosis/compiler/c/c.h"

static const struct kodosis_emitter *const emitters[] = {
    &kodosis_c_emitter,
};

const struct kodosis_emitter *kodosis_emitter_find(const char *name)
{
    for (size_t i = 0; i < sizeof(emitters) / sizeof(*emitters); i++)
        if (!strcmp(emitters[i]->name, name))
            return emitters[i];
    return NULL;
}
