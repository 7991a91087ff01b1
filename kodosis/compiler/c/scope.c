/* SPDX-License-Identifier: MIT */
/* Which file owns which name, and how a name gets out of the way of another. */
#include "kodosis/compiler/c/scope.h"

#include <ctype.h>
#include <string.h>

#include "kodosis/compiler/c/words.h"

/* ---- Which files see which ---- */

void c_see(struct c_names *names, const struct kodosis_file *file)
{
    uint64_t *row = names->seen + file->index * names->row;
    size_t i;
    size_t k;

    row[file->index / 64] |= UINT64_C(1) << file->index % 64;
    for (i = 0; i < file->import_count; i++)
        for (k = 0; k < names->row; k++)
            row[k] |= names->seen[file->imports[i]->index * names->row + k];
}

bool c_sees(const struct c_names *names, const struct kodosis_file *file, const struct kodosis_file *other)
{
    return names->seen[file->index * names->row + other->index / 64] >> other->index % 64 & 1;
}

/* ---- Getting out of the way ---- */

const char *c_aside(struct c_emitter *emitter, const char *name)
{
    return c_format(emitter, "%s_", name);
}

static bool begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/*
 * Whether generated functions have a parameter or variable of this name. Their other names have no underscore inside,
 * so no name with a namespace in front is equal to one of those.
 */
static bool is_local(const char *name)
{
    return begins(name, "ret_") || strcmp(name, "body_size") == 0;
}

const char *c_scoped(struct c_emitter *emitter, const struct kodosis_file *file, const char *name)
{
    name = c_format(emitter, "%s_%s", file->namespace_snake, name);
    return c_is_word(name) || c_is_system_name(name) || is_local(name) ? c_aside(emitter, name) : name;
}

const char *c_upper(struct c_emitter *emitter, const struct kodosis_file *file, const char *name)
{
    char *capitals = (char *)c_format(emitter, "%s_%s", file->namespace_snake, name);
    char *at;

    for (at = capitals; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return c_is_macro(capitals) ? c_aside(emitter, capitals) : capitals;
}

const struct c_claim *c_owner_of(const struct c_emitter *emitter, const char *name)
{
    return kodosis_table_find(&emitter->names->owned, name);
}

const char *c_clear_of(struct c_emitter *emitter, const struct kodosis_file *file, const char *name)
{
    const struct c_claim *claim = c_owner_of(emitter, name);

    while (claim && claim->file == file) {
        name = c_aside(emitter, name);
        claim = c_owner_of(emitter, name);
    }
    return name;
}

const char *c_yielding(struct c_emitter *emitter, const struct kodosis_file *file, const char *name)
{
    const struct c_claim *claim;

    name = c_scoped(emitter, file, name);
    claim = c_owner_of(emitter, name);
    return claim && claim->written && claim->file == file ? c_aside(emitter, name) : name;
}

/* Whether a struct or function of this file cannot have this name inside. */
static bool is_taken(const struct c_emitter *emitter, const struct kodosis_file *file, const char *name)
{
    const struct c_claim *claim = c_owner_of(emitter, name);

    return c_is_word(name) || (claim && c_sees(emitter->names, file, claim->file));
}

const char *c_inside(struct c_emitter *emitter, const struct kodosis_file *file, const char *name)
{
    if (begins(name, "kodosis_") || begins(name, "hprpc_"))
        return c_aside(emitter, name);
    while (is_taken(emitter, file, name))
        name = c_aside(emitter, name);
    return name;
}
