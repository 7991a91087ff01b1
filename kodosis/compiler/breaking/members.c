/* SPDX-License-Identifier: MIT */
/*
 * Members and parameters of two versions. On the wire they have places and no names: where all places hold what they held, only
 * names have changed, and with them what values mean. Otherwise names tell what was added, removed, moved or retyped.
 */
#include "kodosis/compiler/breaking/types.h"

#include <stdlib.h>
#include <string.h>

enum {
    WIRE = KODOSIS_BREAK_WIRE,
    SOURCE = KODOSIS_BREAK_SOURCE,
    BEHAVIOUR = KODOSIS_BREAK_BEHAVIOUR,
};

/* One comparison, with the members of both sides by their names. */
struct lists {
    struct kodosis_breaks *breaks;
    const struct kodosis_break_members *members;
    struct kodosis_table old_names;
    struct kodosis_table new_names;
    size_t least; /* of the two counts */
};

static void add_names(struct kodosis_table *table, const struct kodosis_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        kodosis_table_add(table, members[i].name, (void *)&members[i]);
}

static const struct kodosis_member *in_old(const struct lists *lists, const char *name)
{
    return kodosis_table_find(&lists->old_names, name);
}

static const struct kodosis_member *in_new(const struct lists *lists, const char *name)
{
    return kodosis_table_find(&lists->new_names, name);
}

static bool is_stream(bool last_is, size_t index, size_t count)
{
    return last_is && index + 1 == count;
}

/* Whether two members are of types that are alike. */
static bool are_alike(const struct kodosis_break_members *members, const struct kodosis_member *old,
                      const struct kodosis_member *new)
{
    return kodosis__break_alike(old->type, new->type) &&
           is_stream(members->old_stream, (size_t)(old - members->old), members->old_count) ==
               is_stream(members->new_stream, (size_t)(new - members->new), members->new_count);
}

static bool are_aligned(const struct lists *lists)
{
    const struct kodosis_break_members *members = lists->members;

    if (!members->extensible && members->old_count != members->new_count)
        return false;
    for (size_t i = 0; i < lists->least; i++)
        if (!are_alike(members, &members->old[i], &members->new[i]))
            return false;
    return true;
}

/* Two members that are the same one, with types that are alike: what is in the types, and what else is said of them. */
static void compare_same(struct lists *lists, const struct kodosis_member *old, const struct kodosis_member *new)
{
    struct kodosis_breaks *breaks = lists->breaks;
    bool had = old->initial != NULL;

    kodosis__break_follow(breaks, old->type, new->type, new->name, &new->position, &old->position);
    kodosis__break_deprecation(breaks, lists->members->what, new->name, &new->position, old->deprecated,
                               new->deprecated);
    if (had != (new->initial != NULL) || (had && !kodosis__break_same_value(old->initial, new->initial)))
        kodosis__break_find(breaks, BEHAVIOUR, &new->position, &old->position,
                            "the default of '%s' is another one now: each reader takes its own", new->name);
}

static void tell_renamed(struct lists *lists, const struct kodosis_member *old, const struct kodosis_member *new)
{
    kodosis__break_find(lists->breaks, SOURCE, &new->position, &old->position, "the %s '%s' is called '%s' now",
                        lists->members->what, old->name, new->name);
}

/* ---- Where the places hold what they held ---- */

static void compare_place(struct lists *lists, const struct kodosis_member *old, const struct kodosis_member *new)
{
    const char *what = lists->members->what;

    compare_same(lists, old, new);
    if (!strcmp(old->name, new->name))
        return;
    if (in_new(lists, old->name) || in_old(lists, new->name))
        kodosis__break_find(
            lists->breaks, SOURCE | BEHAVIOUR, &new->position, &old->position,
            "the %s '%s' stands where '%s' stood, which is of the same type: one side's '%s' is the other "
            "side's '%s'",
            what, new->name, old->name, old->name, new->name);
    else
        tell_renamed(lists, old, new);
}

static void compare_places(struct lists *lists)
{
    const struct kodosis_break_members *members = lists->members;

    for (size_t i = 0; i < lists->least; i++)
        compare_place(lists, &members->old[i], &members->new[i]);
    for (size_t i = lists->least; i < members->old_count; i++)
        kodosis__break_find(
            lists->breaks, SOURCE | BEHAVIOUR, members->place, &members->old[i].position,
            "the last %s '%s' was removed: what the other side sends there is not read, and its place may "
            "be given away again",
            members->what, members->old[i].name);
}

/* ---- Where they do not ---- */

/* Whether the member has another name now: both names are at one place, and on one side only. */
static const struct kodosis_member *renamed_to(const struct lists *lists, const struct kodosis_member *old)
{
    const struct kodosis_break_members *members = lists->members;
    size_t place = (size_t)(old - members->old);
    const struct kodosis_member *new = place < members->new_count ? &members->new[place] : NULL;

    return new && !in_new(lists, old->name) && !in_old(lists, new->name) && are_alike(members, old, new) ? new : NULL;
}

static void compare_old(struct lists *lists, const struct kodosis_member *old)
{
    const struct kodosis_break_members *members = lists->members;
    const struct kodosis_member *new = in_new(lists, old->name);

    if (new &&are_alike(members, old, new)) {
        compare_same(lists, old, new);
    } else if (new) {
        bool was_stream = is_stream(members->old_stream, (size_t)(old - members->old), members->old_count);
        bool is_one = is_stream(members->new_stream, (size_t)(new - members->new), members->new_count);

        kodosis__break_find(lists->breaks, WIRE | SOURCE, &new->position, &old->position,
                            "the %s '%s' is of type %s%s%s now, and was of type %s%s%s", members->what, new->name,
                            is_one ? "stream<" : "", new->type->text, is_one ? ">" : "", was_stream ? "stream<" : "",
                            old->type->text, was_stream ? ">" : "");
    } else if (renamed_to(lists, old)) {
        compare_same(lists, old, renamed_to(lists, old));
        tell_renamed(lists, old, renamed_to(lists, old));
    } else {
        kodosis__break_find(lists->breaks, WIRE | SOURCE, members->place, &old->position, "the %s '%s' was removed",
                            members->what, old->name);
    }
}

static void compare_new(struct lists *lists, const struct kodosis_member *new)
{
    const struct kodosis_break_members *members = lists->members;
    size_t place = (size_t)(new - members->new);
    bool is_parameter = !strcmp(members->what, "parameter");

    if (in_old(lists, new->name) || (members->extensible && place >= members->old_count))
        return;
    if (place < members->old_count && renamed_to(lists, &members->old[place]))
        return;
    kodosis__break_find(lists->breaks, is_parameter ? WIRE | SOURCE : WIRE, &new->position, members->before,
                        members->extensible ? "the %s '%s' was added, but not at the end" : "the %s '%s' was added",
                        members->what, new->name);
}

/* Reports the first of the members that both sides have which is not where it was, seen among these alone. */
static void compare_order(struct lists *lists)
{
    const struct kodosis_break_members *members = lists->members;
    size_t k = 0;

    for (size_t i = 0; i < members->old_count; i++) {
        if (!in_new(lists, members->old[i].name))
            continue;
        while (!in_old(lists, members->new[k].name))
            k++;
        if (strcmp(members->old[i].name, members->new[k].name) != 0) {
            kodosis__break_find(lists->breaks, WIRE, &members->new[k].position, &members->old[i].position,
                                "the %ss have another order: '%s' is where '%s' was", members->what,
                                members->new[k].name, members->old[i].name);
            return;
        }
        k++;
    }
}

static void compare_names(struct lists *lists)
{
    const struct kodosis_break_members *members = lists->members;

    for (size_t i = 0; i < members->old_count; i++)
        compare_old(lists, &members->old[i]);
    for (size_t i = 0; i < members->new_count; i++)
        compare_new(lists, &members->new[i]);
    compare_order(lists);
}

void kodosis__break_members(struct kodosis_breaks *breaks, const struct kodosis_break_members *members)
{
    struct lists lists = {
        .breaks = breaks,
        .members = members,
        .least = members->old_count < members->new_count ? members->old_count : members->new_count,
    };

    add_names(&lists.old_names, members->old, members->old_count);
    add_names(&lists.new_names, members->new, members->new_count);
    if (are_aligned(&lists))
        compare_places(&lists);
    else
        compare_names(&lists);
    kodosis_table_clear(&lists.old_names);
    kodosis_table_clear(&lists.new_names);
}
