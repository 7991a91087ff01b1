/* SPDX-License-Identifier: MIT */
/* The functions of enums: the names of values, and which values are declared. */

#include "kodosis/compiler/c/enums.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/stems.h"

static void emit_enum_name(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    size_t i;

    c_line(emitter, "const char *%s(%s value)", c_own(emitter, declaration, "_name"), name);
    c_open(emitter);
    c_line(emitter, "switch (value) {");
    for (i = 0; i < declaration->enumerator_count; i++) {
        c_line(emitter, "case %s:", c_enumerator(emitter, &declaration->enumerators[i]));
        c_line(emitter, "    return \"%s\";", declaration->enumerators[i].name);
    }
    c_line(emitter, "default:");
    c_line(emitter, "    return NULL;");
    c_line(emitter, "}");
    c_close(emitter);
    c_gap(emitter);
}

struct c_range {
    const struct kodosis_enumerator *low;
    const struct kodosis_enumerator *high;
};

static int compare_signed(const void *left, const void *right)
{
    int64_t a = (*(const struct kodosis_enumerator *const *)left)->value;
    int64_t b = (*(const struct kodosis_enumerator *const *)right)->value;

    return (a > b) - (a < b);
}

/*
 * Whether the value of `next` is one more than that of `last`. Values are sorted as signed ones, so the largest uint64
 * stands just before 0, which is not one more.
 */
static bool follows(const struct kodosis_enumerator *last, const struct kodosis_enumerator *next)
{
    bool wraps = last->declaration->type->element->kind == KODOSIS_TYPE_UINT64 && !next->value;

    return !wraps && last->value != INT64_MAX && next->value == last->value + 1;
}

/* The declared values as runs without a gap, ascending; returns how many. */
static size_t ranges_of(struct c_emitter *emitter, const struct kodosis_declaration *declaration,
                        struct c_range **ret_ranges)
{
    size_t count = declaration->enumerator_count;
    const struct kodosis_enumerator **sorted = kodosis_memory_take_array(&emitter->memory, count, sizeof(*sorted));
    struct c_range *ranges = kodosis_memory_take_array(&emitter->memory, count, sizeof(*ranges));
    size_t used = 0;
    size_t i;

    for (i = 0; i < count; i++)
        sorted[i] = &declaration->enumerators[i];
    qsort(sorted, count, sizeof(*sorted), compare_signed);
    for (i = 0; i < count; i++) {
        if (used && follows(ranges[used - 1].high, sorted[i])) {
            ranges[used - 1].high = sorted[i];
        } else {
            ranges[used].low = sorted[i];
            ranges[used++].high = sorted[i];
        }
    }
    *ret_ranges = ranges;
    return used;
}

/* Whether a value, given as the bits of an int64, is the smallest or the largest one of an integer type. */
static bool is_least(const struct kodosis_type *type, int64_t value)
{
    if (type->kind >= KODOSIS_TYPE_UINT8)
        return value == 0;
    return value == (type->size == 8 ? INT64_MIN : -((int64_t)1 << (8 * type->size - 1)));
}

static bool is_greatest(const struct kodosis_type *type, int64_t value)
{
    if (type->kind == KODOSIS_TYPE_UINT64)
        return value == -1;
    if (type->kind >= KODOSIS_TYPE_UINT8)
        return value == ((int64_t)1 << (8 * type->size)) - 1;
    return value == (type->size == 8 ? INT64_MAX : ((int64_t)1 << (8 * type->size - 1)) - 1);
}

static const char *range_condition(struct c_emitter *emitter, const struct kodosis_type *integer,
                                   const struct c_range *range, bool alone)
{
    const char *low = c_enumerator(emitter, range->low);
    const char *high = c_enumerator(emitter, range->high);
    bool open_low = is_least(integer, range->low->value);
    bool open_high = is_greatest(integer, range->high->value);

    if (range->low == range->high)
        return c_format(emitter, "value == %s", low);
    if (open_low && open_high)
        return "true";
    if (open_low)
        return c_format(emitter, "value <= %s", high);
    if (open_high)
        return c_format(emitter, "value >= %s", low);
    return c_format(emitter, alone ? "value >= %s && value <= %s" : "(value >= %s && value <= %s)", low, high);
}

static void emit_enum_is_valid(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const struct kodosis_type *integer = declaration->type->element;
    const char *name = c_name(emitter, declaration);
    struct c_range *ranges;
    size_t count = ranges_of(emitter, declaration, &ranges);
    size_t i;

    c_line(emitter, "bool %s(%s value)", c_own(emitter, declaration, "_is_valid"), name);
    c_open(emitter);
    if (declaration->flags) {
        c_line(emitter, "return !(value & ~UINT64_C(%" PRIu64 "));", kodosis_flags_mask(declaration));
    } else if (count <= 4) {
        const char *condition = range_condition(emitter, integer, &ranges[0], count == 1);

        for (i = 1; i < count; i++)
            condition =
                c_format(emitter, "%s ||\n       %s", condition, range_condition(emitter, integer, &ranges[i], false));
        if (strcmp(condition, "true") == 0)
            c_line(emitter, "(void)value;");
        c_line(emitter, "return %s;", condition);
    } else {
        c_line(emitter, "return %s(value) != NULL;", c_own(emitter, declaration, "_name"));
    }
    c_close(emitter);
    c_gap(emitter);
}

static void emit_enum_check(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    c_line(emitter, "void %s(struct kodosis_reader *reader, const void *first, size_t count, size_t stride)",
           c_own(emitter, declaration, "_check"));
    c_open(emitter);
    c_line(emitter, "const uint8_t *place = (const uint8_t *)first;");
    c_line(emitter, "bool valid = true;");
    c_line(emitter, "size_t i;");
    c_gap(emitter);
    c_line(emitter, "for (i = 0; i < count; i++)");
    c_line(emitter, "    valid &= %s(kodosis_load_%s(place + i * stride));", c_own(emitter, declaration, "_is_valid"),
           c_word(declaration->type));
    c_line(emitter, "kodosis_check_enum(reader, valid);");
    c_close(emitter);
    c_gap(emitter);
}

void c_emit_enum(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    emit_enum_name(emitter, declaration);
    emit_enum_is_valid(emitter, declaration);
    if (declaration->type->checked)
        emit_enum_check(emitter, declaration);
}
