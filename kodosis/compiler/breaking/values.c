/* SPDX-License-Identifier: MIT */
/* The values of two versions of an enum. */
#include "kodosis/compiler/breaking/types.h"

#include <inttypes.h>
#include <string.h>

enum {
    WIRE = KODOSIS_BREAK_WIRE,
    SOURCE = KODOSIS_BREAK_SOURCE,
    BEHAVIOUR = KODOSIS_BREAK_BEHAVIOUR,
};

/* The values of one enum by their names, and by their numbers. */
struct index {
    struct kodosis_table names;
    struct kodosis_table numbers;
    uint64_t mask; /* of a flags enum: all bits */
};

struct values {
    struct kodosis_breaks *breaks;
    const struct kodosis_declaration *old;
    const struct kodosis_declaration *new;
    struct index before;
    struct index after;
};

static const char *key_of(struct kodosis_breaks *breaks, int64_t value)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    const char *key;

    kodosis_text_add(&text, "%" PRIx64, (uint64_t)value);
    key = kodosis_memory_copy(breaks->memory, text.data, text.size);
    kodosis_text_clear(&text);
    return key;
}

static void add_values(struct kodosis_breaks *breaks, struct index *index,
                       const struct kodosis_declaration *declaration)
{
    for (size_t i = 0; i < declaration->enumerator_count; i++) {
        const struct kodosis_enumerator *each = &declaration->enumerators[i];

        kodosis_table_add(&index->names, each->name, (void *)each);
        kodosis_table_add(&index->numbers, key_of(breaks, each->value), (void *)each);
    }
    index->mask = kodosis_flags_mask(declaration);
}

static const struct kodosis_enumerator *by_number(const struct values *values, const struct index *index, int64_t value)
{
    return kodosis_table_find(&index->numbers, key_of(values->breaks, value));
}

/* Whether a decoder of this index refuses a number: then adding or removing it is a matter of the wire. */
static bool is_refused(const struct values *values, const struct index *index, int64_t value)
{
    if (values->new->extensible)
        return false;
    return values->new->flags ? ((uint64_t)value & ~index->mask) != 0 : !by_number(values, index, value);
}

static void compare_numbers(struct values *values, const struct kodosis_enumerator *old,
                            const struct kodosis_enumerator *new)
{
    bool wire = is_refused(values, &values->after, old->value) || is_refused(values, &values->before, new->value);
    bool is_unsigned = values->new->type->element->kind == KODOSIS_TYPE_UINT64;

    if (old->value == new->value)
        return;
    kodosis__break_find(values->breaks, BEHAVIOUR | (wire ? WIRE : 0), &new->position, &old->position,
                        is_unsigned ? "the value '%s' is %" PRIu64 " now, and was %" PRIu64
                                    : "the value '%s' is %" PRId64 " now, and was %" PRId64,
                        new->name, new->value, old->value);
}

static void tell_removed(struct values *values, const struct kodosis_enumerator *old)
{
    const struct kodosis_enumerator *heir = by_number(values, &values->after, old->value);
    struct kodosis_breaks *breaks = values->breaks;

    if (heir && !kodosis_table_find(&values->before.names, heir->name))
        kodosis__break_find(breaks, SOURCE, &heir->position, &old->position, "the value '%s' is called '%s' now",
                            old->name, heir->name);
    else if (heir)
        kodosis__break_find(breaks, SOURCE | BEHAVIOUR, &heir->position, &old->position,
                            "the value '%s' was removed, and its number is that of '%s' now", old->name, heir->name);
    else if (is_refused(values, &values->after, old->value))
        kodosis__break_find(breaks, WIRE | SOURCE, &values->new->position, &old->position, "the value '%s' was removed",
                            old->name);
    else
        kodosis__break_find(breaks, SOURCE | BEHAVIOUR, &values->new->position, &old->position,
                            "the value '%s' was removed: it may still arrive, and its number may be given away again",
                            old->name);
}

static void compare_all(struct values *values)
{
    const struct kodosis_declaration *old = values->old;
    const struct kodosis_declaration *new = values->new;

    for (size_t i = 0; i < old->enumerator_count; i++) {
        const struct kodosis_enumerator *one = &old->enumerators[i];
        const struct kodosis_enumerator *other = kodosis_table_find(&values->after.names, one->name);

        if (!other) {
            tell_removed(values, one);
            continue;
        }
        compare_numbers(values, one, other);
        kodosis__break_deprecation(values->breaks, "value", other->name, &other->position, one->deprecated,
                                   other->deprecated);
    }
    for (size_t i = 0; i < new->enumerator_count; i++) {
        const struct kodosis_enumerator *one = &new->enumerators[i];

        if (!kodosis_table_find(&values->before.names, one->name) && is_refused(values, &values->before, one->value))
            kodosis__break_find(values->breaks, WIRE, &one->position, &old->position,
                                "the value '%s' was added, which the other side refuses", one->name);
    }
}

void kodosis__break_values(struct kodosis_breaks *breaks, const struct kodosis_declaration *old,
                           const struct kodosis_declaration *new)
{
    struct values values = { .breaks = breaks, .old = old, .new = new };

    if (old->type->element->kind != new->type->element->kind)
        kodosis__break_find(breaks, WIRE | SOURCE, &new->position, &old->position,
                            "the values of '%s' are of type %s now, and were of type %s", new->name,
                            new->type->element->text, old->type->element->text);
    add_values(breaks, &values.before, old);
    add_values(breaks, &values.after, new);
    compare_all(&values);
    kodosis_table_clear(&values.before.names);
    kodosis_table_clear(&values.before.numbers);
    kodosis_table_clear(&values.after.names);
    kodosis_table_clear(&values.after.numbers);
}
