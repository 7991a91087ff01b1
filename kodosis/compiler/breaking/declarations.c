/* SPDX-License-Identifier: MIT */
/* Declarations of two versions, by their names: that is how programs know them. */
#include "kodosis/compiler/breaking/declarations.h"

#include <string.h>

#include "kodosis/compiler/breaking/types.h"
#include "kodosis/compiler/syntax/keyword.h"

enum {
    SOURCE = KODOSIS_BREAK_SOURCE,
    BEHAVIOUR = KODOSIS_BREAK_BEHAVIOUR,
};

static const char *word_of(const struct kodosis_declaration *declaration)
{
    return kodosis_declaration_words[declaration->kind];
}

/* The type that a removed one has become: one with another name at some place of what a procedure sends. */
static const struct kodosis_declaration *heir_of(const struct kodosis_breaks *breaks,
                                                 const struct kodosis_declaration *old)
{
    for (size_t i = 0; i < breaks->node_count; i++)
        if (breaks->nodes[i].old_type == old && !breaks->nodes[i].foreign)
            return breaks->nodes[i].new_type;
    return NULL;
}

static void tell_removed(struct kodosis_breaks *breaks, const struct kodosis_declaration *old)
{
    const struct kodosis_declaration *heir = heir_of(breaks, old);

    if (heir)
        kodosis__break_find(breaks, SOURCE, &heir->position, &old->position, "the %s '%s' is called '%s' now",
                            word_of(old), old->full_name, heir->full_name);
    else
        kodosis__break_find(breaks, SOURCE, &old->position, NULL, "the %s '%s' is not there any more", word_of(old),
                            old->full_name);
}

static void compare_constants(struct kodosis_breaks *breaks, const struct kodosis_declaration *old,
                              const struct kodosis_declaration *new)
{
    if (strcmp(old->type->text, new->type->text) != 0)
        kodosis__break_find(breaks, SOURCE, &new->position, &old->position,
                            "'%s' is of type %s now, and was of type %s", new->name, new->type->text, old->type->text);
    else if (!kodosis__break_same_value(&old->value, &new->value))
        kodosis__break_find(breaks, BEHAVIOUR, &new->position, &old->position,
                            "'%s' has another value now; programs that were built before have the old one", new->name);
}

static void compare_files(struct kodosis_breaks *breaks, const struct kodosis_declaration *old,
                          const struct kodosis_declaration *new)
{
    if (strcmp(old->file->name, new->file->name) != 0)
        kodosis__break_find(breaks, SOURCE, &new->position, &old->position, "'%s' is declared in %s now, and was in %s",
                            new->name, new->file->name, old->file->name);
}

/* Whether each side is one file, so that what they are called means nothing. */
static bool is_one_file(const struct kodosis_model *model)
{
    size_t count = 0;

    for (size_t i = 0; i < model->file_count; i++)
        count += model->files[i]->requested;
    return count == 1;
}

static void add_pair(struct kodosis_breaks *breaks, const struct kodosis_declaration *old,
                     const struct kodosis_declaration *new)
{
    size_t number = kodosis__break_add_types(breaks, old, new);

    breaks->nodes[number - 1].by_name = true;
}

static void compare_declarations(struct kodosis_breaks *breaks, const struct kodosis_declaration *old,
                                 const struct kodosis_declaration *new)
{
    if (!is_one_file(breaks->old) || !is_one_file(breaks->new))
        compare_files(breaks, old, new);
    if (old->kind != new->kind) {
        kodosis__break_find(breaks, SOURCE, &new->position, &old->position, "'%s' is of the kind %s now, and was of %s",
                            new->full_name, word_of(new), word_of(old));
        return;
    }
    kodosis__break_deprecation(breaks, word_of(new), new->name, &new->position, old->deprecated, new->deprecated);
    if (new->kind == KODOSIS_CONST)
        compare_constants(breaks, old, new);
    else if (new->kind == KODOSIS_ALIAS && strcmp(old->type->text, new->type->text) != 0)
        kodosis__break_find(breaks, SOURCE, &new->position, &old->position, "'%s' names %s now, and named %s",
                            new->name, new->type->text, old->type->text);
    else if (new->kind != KODOSIS_ALIAS)
        add_pair(breaks, old, new);
}

void kodosis__break_declarations(struct kodosis_breaks *breaks)
{
    for (size_t i = 0; i < breaks->old->file_count; i++) {
        const struct kodosis_file *file = breaks->old->files[i];

        for (size_t k = 0; file->requested && k < file->declaration_count; k++) {
            const struct kodosis_declaration *old = file->declarations[k];
            const struct kodosis_declaration *new = kodosis_table_find(&breaks->new_names, old->full_name);

            if (old->kind == KODOSIS_SERVICE)
                continue;
            if (new)
                compare_declarations(breaks, old, new);
            else
                tell_removed(breaks, old);
        }
    }
}
