/* SPDX-License-Identifier: MIT */
/* Pairs of types. */
#include "kodosis/compiler/breaking/types.h"

#include <inttypes.h>
#include <string.h>

enum {
    WIRE = KODOSIS_BREAK_WIRE,
    SOURCE = KODOSIS_BREAK_SOURCE,
    BEHAVIOUR = KODOSIS_BREAK_BEHAVIOUR,
};

bool kodosis__break_alike(const struct kodosis_type *old, const struct kodosis_type *new)
{
    if (old->kind != new->kind)
        return false;
    switch (old->kind) {
    case KODOSIS_TYPE_ARRAY:
        return old->count == new->count &&kodosis__break_alike(old->element, new->element);
    case KODOSIS_TYPE_LIST:
    case KODOSIS_TYPE_OPTIONAL:
        return kodosis__break_alike(old->element, new->element);
    case KODOSIS_TYPE_MAP:
        return kodosis__break_alike(old->key, new->key) && kodosis__break_alike(old->element, new->element);
    default:
        return true;
    }
}

/* The first foreign pair in two types that are alike, or 0. Adds all pairs, and edges to them. */
static size_t add_pairs(struct kodosis_breaks *breaks, const struct kodosis_type *old, const struct kodosis_type *new)
{
    size_t pair = 0;
    size_t in_key;

    if (old->declaration) {
        pair = kodosis__break_add_types(breaks, old->declaration, new->declaration);
        kodosis__break_add_edge(breaks, pair);
        return breaks->nodes[pair - 1].foreign ? pair : 0;
    }
    in_key = old->key ? add_pairs(breaks, old->key, new->key) : 0;
    pair = old->element ? add_pairs(breaks, old->element, new->element) : 0;
    return in_key ? in_key : pair;
}

void kodosis__break_follow(struct kodosis_breaks *breaks, const struct kodosis_type *old,
                           const struct kodosis_type *new, const char *what, const struct kodosis_position *place,
                           const struct kodosis_position *before)
{
    size_t foreign = add_pairs(breaks, old, new);

    if (foreign)
        kodosis__break_find_if(breaks, foreign, SOURCE, place, before, "'%s' is of type %s now, and was of type %s",
                               what, new->text, old->text);
}

bool kodosis__break_same_value(const struct kodosis_value *old, const struct kodosis_value *new)
{
    if (old->boolean != new->boolean || old->integer != new->integer || old->natural != new->natural ||
        memcmp(&old->real, &new->real, sizeof(old->real)) != 0 || old->text_size != new->text_size ||
        (old->text_size && memcmp(old->text, new->text, old->text_size) != 0) || old->item_count != new->item_count ||
        (old->enumerator == NULL) != (new->enumerator == NULL))
        return false;
    if (old->enumerator && strcmp(old->enumerator->name, new->enumerator->name) != 0)
        return false;
    for (size_t i = 0; i < old->item_count; i++)
        if (!kodosis__break_same_value(&old->items[i], &new->items[i])) /* the parser bounds the nesting */
            return false;
    return true;
}

void kodosis__break_deprecation(struct kodosis_breaks *breaks, const char *what, const char *name,
                                const struct kodosis_position *place, const char *old, const char *new)
{
    if (new && !old)
        kodosis__break_find(breaks, KODOSIS_BREAK_NOTICE, place, NULL, "the %s '%s' is deprecated now: %s", what, name,
                            new);
}

/* ---- Declared types ---- */

static void compare_required(struct kodosis_breaks *breaks, const struct kodosis_declaration *old,
                             const struct kodosis_declaration *new)
{
    if (old->extensible && new->extensible && old->required != new->required)
        kodosis__break_find(breaks, WIRE, &new->position, &old->position,
                            "'%s' has %zu members that every version sends, and had %zu: members on either side of the "
                            "first that may be missing are placed differently",
                            new->name, new->required, old->required);
}

static void compare_records(struct kodosis_breaks *breaks, const struct kodosis_declaration *old,
                            const struct kodosis_declaration *new)
{
    const struct kodosis_break_members members = {
        .what = "member",
        .old = old->members,
        .old_count = old->member_count,
        .new = new->members,
        .new_count = new->member_count,
        .extensible = old->extensible &&new->extensible,
        .place = &new->position,
        .before = &old->position,
    };

    if (new->kind == KODOSIS_STRUCT)
        compare_required(breaks, old, new);
    kodosis__break_members(breaks, &members);
}

static void compare_heads(struct kodosis_breaks *breaks, const struct kodosis_declaration *old,
                          const struct kodosis_declaration *new)
{
    if (old->extensible != new->extensible)
        kodosis__break_find(
            breaks, WIRE, &new->position, &old->position,
            new->extensible ? "'%s' is extensible now, and was not" : "'%s' was extensible, and is no more", new->name);
    if (old->flags != new->flags)
        kodosis__break_find(
            breaks, WIRE | SOURCE, &new->position, &old->position,
            new->flags ? "'%s' is a flags enum now, and was none" : "'%s' was a flags enum, and is no more", new->name);
}

void kodosis__break_types(struct kodosis_breaks *breaks, size_t number)
{
    const struct kodosis_declaration *old = breaks->nodes[number - 1].old_type;
    const struct kodosis_declaration *new = breaks->nodes[number - 1].new_type;

    breaks->nodes[number - 1].compared = true;
    breaks->current = number;
    compare_heads(breaks, old, new);
    if (old->kind == KODOSIS_ENUM)
        kodosis__break_values(breaks, old, new);
    else
        compare_records(breaks, old, new);
    breaks->current = 0;
}
