/* SPDX-License-Identifier: MIT */
/* What a dotted name means where it stands, and suggestions for a name that means nothing. */
#include "kodosis/compiler/check/lookup.h"

#include <string.h>

#include "kodosis/compiler/syntax/keyword.h"
#include "kodosis/compiler/text/guess.h"

enum { GUESSES_MAX = 20 }; /* after this many errors no suggestions are searched for: each search looks at all names */

const char *kodosis__kind_text(enum kodosis_declaration_kind kind)
{
    static const char *const texts[] = { "a constant", "an enum",   "a struct",        "a union",
                                         "an error",   "a service", "a name of a type" };

    return texts[kind];
}

void *kodosis__find_in(const struct kodosis_table *table, const char *scope, const char *name)
{
    struct kodosis_text full = KODOSIS_TEXT_INIT;
    size_t size = strlen(scope);
    void *found = NULL;

    while (!found) {
        full.size = 0;
        kodosis_text_add_bytes(&full, scope, size);
        kodosis_text_add_bytes(&full, ".", size ? 1 : 0);
        kodosis_text_add_bytes(&full, name, strlen(name));
        found = kodosis_table_find(table, full.data);
        if (!size)
            break;
        while (size && scope[size - 1] != '.')
            size--;
        size -= size ? 1 : 0;
    }
    kodosis_text_clear(&full);
    return found;
}

struct kodosis_entry *kodosis__find(struct kodosis_checker *checker, struct kodosis_unit *unit, const char *name)
{
    return kodosis__find_in(&checker->names, unit->file->namespace_name, name);
}

struct kodosis_enumerator *kodosis__find_enumerator(struct kodosis_checker *checker, struct kodosis_unit *unit,
                                                    const char *name)
{
    return kodosis__find_in(&checker->enumerators, unit->file->namespace_name, name);
}

bool kodosis__use(struct kodosis_checker *checker, struct kodosis_unit *unit, const struct kodosis_entry *entry,
                  const struct kodosis_position *position)
{
    (void)unit;
    if (entry->unit->visible == checker->current) {
        entry->unit->used = checker->current;
        return true;
    }
    kodosis_error(checker->diagnostics, position, "'%s' is declared in '%s', which this file does not import",
                  entry->declaration->full_name, entry->unit->file->name);
    return false;
}

static void consider_unit(const struct kodosis_unit *unit, const struct kodosis_unit *from, unsigned kinds,
                          struct kodosis_guess *guess)
{
    bool same = !strcmp(unit->file->namespace_name, from->file->namespace_name);

    for (size_t i = 0; i < unit->entry_count; i++) {
        const struct kodosis_declaration *declaration = unit->entries[i].declaration;

        if (!(kinds & 1u << declaration->kind))
            continue;
        kodosis_guess_consider(guess, same ? declaration->name : declaration->full_name);
        if (!same && !strcmp(declaration->name, guess->wrong)) {
            guess->best = declaration->full_name;
            guess->distance = 0;
        }
    }
}

bool kodosis__may_guess(const struct kodosis_checker *checker)
{
    return checker->diagnostics->error_count < GUESSES_MAX;
}

void kodosis__unknown(struct kodosis_checker *checker, struct kodosis_unit *unit, const struct kodosis_ast_name *name,
                      const char *what, unsigned kinds)
{
    struct kodosis_guess guess = kodosis_guess_begin(name->text, strlen(name->text));

    /* a name may be unknown only because of an earlier error, which is reported already */
    if (unit->incomplete && checker->diagnostics->error_count)
        return;
    for (size_t i = 0; kodosis__may_guess(checker) && i < checker->unit_count; i++)
        if (checker->units[i]->visible == checker->current)
            consider_unit(checker->units[i], unit, kinds, &guess);
    if (kinds & 1u << KODOSIS_STRUCT && guess.distance)
        kodosis_guess_consider_types(&guess);
    if (guess.best)
        kodosis_error(checker->diagnostics, &name->position, "unknown %s '%s'; did you mean '%s'?", what, name->text,
                      guess.best);
    else
        kodosis_error(checker->diagnostics, &name->position, "unknown %s '%s'", what, name->text);
}
