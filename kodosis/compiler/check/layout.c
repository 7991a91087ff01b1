/* SPDX-License-Identifier: MIT */
/* The checker's layout: sizes, alignments and the other facts that docs/wire-format.md makes of a type. */
#include "kodosis/compiler/check/layout.h"

#include <string.h>

#include "kodosis/compiler/check/recursion.h"
#include "kodosis/compiler/limits.h"

enum { ENDLESS = -1 }; /* as an unsigned size: no value of the type is known to end */

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    return b && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static uint64_t scalar_size(enum kodosis_type_kind kind)
{
    static const uint8_t sizes[] = { 1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8 };

    return sizes[kind];
}

/* ---- The smallest encoding: that of a recursive type depends on itself, so it is found step by step ---- */

static uint64_t smallest_of(const struct kodosis_type *type)
{
    switch (type->kind) {
    case KODOSIS_TYPE_STRING:
        return 2;
    case KODOSIS_TYPE_BYTES:
    case KODOSIS_TYPE_FD:
    case KODOSIS_TYPE_LIST:
    case KODOSIS_TYPE_OPTIONAL:
    case KODOSIS_TYPE_MAP:
        return 1;
    case KODOSIS_TYPE_ENUM:
        return scalar_size(type->element->kind);
    case KODOSIS_TYPE_ARRAY:
        return multiply(type->count, smallest_of(type->element));
    case KODOSIS_TYPE_STRUCT:
    case KODOSIS_TYPE_UNION:
    case KODOSIS_TYPE_ERROR:
        return type->smallest;
    default:
        return scalar_size(type->kind);
    }
}

enum { EXTENT = 4 }; /* the size in front of an extensible struct, or of a member of an extensible union */

static uint64_t smallest_union(const struct kodosis_entry *entry)
{
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < entry->declaration->member_count; i++) {
        uint64_t size = smallest_of(entry->members[i].type);

        least = size < least ? size : least;
    }
    /* a member that is not known may be shorter than all that are */
    if (entry->declaration->extensible && least != UINT64_MAX)
        return 1 + EXTENT;
    return add(least, 1);
}

static uint64_t smallest_record(const struct kodosis_entry *entry)
{
    const struct kodosis_declaration *declaration = entry->declaration;
    size_t count = declaration->extensible ? declaration->required : declaration->member_count;
    uint64_t sum = declaration->extensible ? EXTENT : 0;

    if (declaration->kind == KODOSIS_UNION)
        return smallest_union(entry);
    for (size_t i = 0; i < count; i++)
        sum = add(sum, smallest_of(entry->members[i].type));
    return sum ? sum : 1;
}

/* Computes the smallest encoding of each struct and union once. Returns whether one became smaller. */
static bool shrink(struct kodosis_checker *checker, bool backwards)
{
    bool changed = false;

    for (size_t i = 0; i < checker->unit_count; i++) {
        struct kodosis_unit *unit = checker->units[backwards ? checker->unit_count - 1 - i : i];

        for (size_t j = 0; j < unit->entry_count; j++) {
            struct kodosis_entry *entry = &unit->entries[backwards ? unit->entry_count - 1 - j : j];
            uint64_t smallest;

            if (!entry->members)
                continue;
            smallest = smallest_record(entry);
            if (smallest < entry->type->smallest) {
                entry->type->smallest = smallest;
                changed = true;
            }
        }
    }
    return changed;
}

static void mark_endless(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    (void)checker;
    if (entry->members)
        entry->type->smallest = (uint64_t)ENDLESS;
}

static void refuse_endless(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    if (entry->members && entry->type->smallest == (uint64_t)ENDLESS && entry->type->recursive)
        kodosis_error(checker->diagnostics, &entry->declaration->position,
                      "no value of '%s' ever ends: each one contains another", entry->declaration->name);
}

static void find_smallest(struct kodosis_checker *checker)
{
    bool backwards = true;

    kodosis__for_each_entry(checker, mark_endless);
    while (shrink(checker, backwards))
        backwards = !backwards;
    kodosis__for_each_entry(checker, refuse_endless);
}

/* ---- All other facts of a type, which follow from those of its parts ---- */

static void lay_out_fixed(struct kodosis_type *type, enum kodosis_type_kind kind)
{
    type->blittable = true;
    type->size = type->smallest = scalar_size(kind);
    type->alignment = (uint32_t)type->size;
    type->exact = true; /* a scalar that stands alone is not aligned */
    type->checked =
        type->kind == KODOSIS_TYPE_BOOL || (type->kind == KODOSIS_TYPE_ENUM && !type->declaration->extensible);
}

static void lay_out_variable(struct kodosis_type *type)
{
    type->alignment = 1;
    type->smallest = smallest_of(type);
    type->checked = true;
    type->views = true; /* an optional too: its value lies elsewhere */
    type->recursive = type->element && type->element->recursive;
}

/* The byte that names a descriptor: fixed, but not the C value's bytes. The descriptor belongs to the call, as what a view points to. */
static void lay_out_fd(struct kodosis_type *type)
{
    type->alignment = 1;
    type->smallest = 1;
    type->exact = true;
    type->views = true;
    type->checked = true;
}

static void lay_out_array(struct kodosis_type *type)
{
    const struct kodosis_type *element = type->element;

    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an array has an element */
    type->blittable = element->blittable;
    type->alignment = element->alignment;
    type->size = element->blittable ? multiply(type->count, element->size) : 0;
    type->smallest = smallest_of(type);
    type->exact = element->blittable ? element->alignment == 1 : element->exact;
    type->views = element->views;
    type->checked = element->checked;
    type->recursive = element->recursive;
}

static void lay_out_type(struct kodosis_type *type)
{
    switch (type->kind) {
    case KODOSIS_TYPE_STRING:
    case KODOSIS_TYPE_BYTES:
    case KODOSIS_TYPE_LIST:
    case KODOSIS_TYPE_OPTIONAL:
    case KODOSIS_TYPE_MAP:
        lay_out_variable(type);
        break;
    case KODOSIS_TYPE_FD:
        lay_out_fd(type);
        break;
    case KODOSIS_TYPE_ARRAY:
        lay_out_array(type);
        break;
    case KODOSIS_TYPE_ENUM:
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an enum has the number that it is sent as */
        lay_out_fixed(type, type->element->kind);
        break;
    case KODOSIS_TYPE_STRUCT:
    case KODOSIS_TYPE_UNION:
    case KODOSIS_TYPE_ERROR:
        break; /* kodosis__check_layout lays these out, each after the types that it holds */
    default:
        lay_out_fixed(type, type->kind);
        break;
    }
}

/* Lays out the parts of a composed type, then the type. The parser bounds the nesting within one type. */
static void lay_out_parts(struct kodosis_type *type)
{
    if (type->element)
        lay_out_parts((struct kodosis_type *)type->element);
    if (type->key)
        lay_out_parts((struct kodosis_type *)type->key);
    lay_out_type(type);
}

/* A struct whose members follow each other on their natural alignment, without a gap, also at the end. */
static void lay_out_blittable(struct kodosis_entry *entry)
{
    struct kodosis_type *type = entry->type;
    uint32_t alignment = 1;
    uint64_t offset = 0;

    for (size_t i = 0; i < entry->declaration->member_count; i++) {
        const struct kodosis_type *member = entry->members[i].type;

        if (!member->blittable || offset % member->alignment)
            return;
        offset = add(offset, member->size);
        alignment = member->alignment > alignment ? member->alignment : alignment;
    }
    if (!offset || offset % alignment)
        return;
    type->blittable = true;
    type->size = offset;
    type->alignment = alignment;
    offset = 0;
    for (size_t i = 0; i < entry->declaration->member_count; i++) {
        entry->members[i].offset = offset;
        offset = add(offset, entry->members[i].type->size);
    }
}

static bool is_by_pointer(const struct kodosis_entry *holder, const struct kodosis_type *type)
{
    return holder->declaration->kind == KODOSIS_UNION && type->recursive;
}

static void lay_out_record(struct kodosis_entry *entry)
{
    struct kodosis_type *type = entry->type;
    bool is_union = entry->declaration->kind == KODOSIS_UNION;
    bool extensible = entry->declaration->extensible;

    type->alignment = 1;
    type->exact = !is_union && !extensible;
    type->checked = is_union || extensible || !entry->declaration->member_count;
    type->views = extensible; /* what is not known is kept as bytes in the message */
    for (size_t i = 0; i < entry->declaration->member_count; i++) {
        const struct kodosis_type *member = entry->members[i].type;

        lay_out_parts((struct kodosis_type *)member);
        type->exact &= member->exact;
        type->views |= member->views || is_by_pointer(entry, member);
        type->checked |= member->checked;
    }
    if (!is_union && !extensible)
        lay_out_blittable(entry);
    if (type->blittable)
        type->exact = type->alignment == 1;
}

/* Reports a member that is too large. Returns whether its size is within the limit. */
static bool check_size(struct kodosis_checker *checker, const struct kodosis_member *member)
{
    if (member->type->smallest <= KODOSIS_LIMIT_FIXED_SIZE)
        return true;
    kodosis_error(checker->diagnostics, &member->position, "'%s' takes more than %d bytes at least", member->name,
                  KODOSIS_LIMIT_FIXED_SIZE);
    return false;
}

static void check_sizes(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    struct kodosis_declaration *declaration = entry->declaration;
    bool ok = true;

    for (size_t i = 0; i < declaration->member_count; i++)
        ok &= check_size(checker, &declaration->members[i]);
    for (size_t i = 0; i < declaration->procedure_count; i++)
        for (size_t j = 0; j < declaration->procedures[i].parameter_count; j++)
            check_size(checker, &declaration->procedures[i].parameters[j]);
    if (ok && entry->members && entry->type->smallest > KODOSIS_LIMIT_FIXED_SIZE)
        kodosis_error(checker->diagnostics, &declaration->position, "'%s' takes more than %d bytes at least",
                      declaration->name, KODOSIS_LIMIT_FIXED_SIZE);
}

/* ---- Descriptors ---- */

static bool has_fd(const struct kodosis_type *type)
{
    const struct kodosis_declaration *declaration = type->declaration;
    bool found = type->kind == KODOSIS_TYPE_FD || (type->element && type->element->carries);

    for (size_t i = 0; declaration && i < declaration->member_count && !found; i++)
        found = declaration->members[i].type->carries;
    return found;
}

/* Marks the types that hold an fd, step by step, because types may hold each other. */
static void find_carriers(struct kodosis_checker *checker)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (size_t i = 0; i < checker->type_count; i++) {
            if (!checker->types[i]->carries && has_fd(checker->types[i]))
                changed = checker->types[i]->carries = true;
        }
    }
}

static void refuse_carrier(struct kodosis_checker *checker, const struct kodosis_type *elements,
                           const struct kodosis_ast_type *syntax)
{
    if (elements && elements->carries)
        kodosis_error(checker->diagnostics, &syntax->position,
                      "the elements of a stream carry no descriptors, and %s holds an fd", elements->text);
}

/* Members that a program does not know are kept as bytes, which could not keep their descriptors. */
static void check_growing(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    const struct kodosis_declaration *declaration = entry->declaration;

    for (size_t i = 0; declaration->extensible && i < declaration->member_count; i++) {
        if (declaration->members[i].type->carries)
            kodosis_error(checker->diagnostics, &declaration->members[i].position,
                          "'%s' is extensible and holds no fd: a program that does not know '%s' could not keep it",
                          declaration->name, declaration->members[i].name);
    }
}

/* Elements of streams travel in pieces, between which others pass: a descriptor would have no message to come with. */
static void check_carriers(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    const struct kodosis_ast_procedure *syntax = entry->ast->procedures;

    if (entry->declaration->kind != KODOSIS_SERVICE)
        return;
    for (size_t i = 0; i < entry->declaration->procedure_count; i++, syntax = syntax->next) {
        const struct kodosis_procedure *procedure = &entry->declaration->procedures[i];
        const struct kodosis_ast_member *last = syntax->parameters;

        refuse_carrier(checker, kodosis_elements_out(procedure), syntax->result);
        while (last && last->next)
            last = last->next;
        refuse_carrier(checker, kodosis_elements_in(procedure), last ? last->type : NULL);
    }
}

void kodosis__check_layout(struct kodosis_checker *checker)
{
    size_t errors = checker->diagnostics->error_count;

    find_smallest(checker);
    if (checker->diagnostics->error_count > errors)
        return;
    for (size_t i = 0; i < checker->unit_count; i++) {
        struct kodosis_unit *unit = checker->units[i];

        for (size_t j = 0; j < unit->ordered_count; j++) {
            struct kodosis_entry *entry = kodosis_table_find(&checker->names, unit->ordered[j]->full_name);

            if (entry->members)
                lay_out_record(entry);
        }
    }
    /* again, because lists and pointers may have been laid out before their parts */
    for (size_t i = 0; i < checker->type_count; i++)
        lay_out_parts(checker->types[i]);
    kodosis__for_each_entry(checker, check_sizes);
}

void kodosis__check_descriptors(struct kodosis_checker *checker)
{
    find_carriers(checker);
    kodosis__for_each_entry(checker, check_growing);
    kodosis__for_each_entry(checker, check_carriers);
}
