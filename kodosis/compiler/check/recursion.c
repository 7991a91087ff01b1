/* SPDX-License-Identifier: MIT */
/*
 * Which structs and unions can contain themselves, which do so by value, and in which order they have to be declared.
 * The walk over types that refer to each other has its own stack, because a chain of them may be as long as a file.
 */
#include "kodosis/compiler/check/recursion.h"

#include <stdlib.h>
#include <string.h>

#include "kodosis/compiler/limits.h"

static struct kodosis_entry *entry_of(struct kodosis_checker *checker, const struct kodosis_type *type)
{
    if (type->kind != KODOSIS_TYPE_STRUCT && type->kind != KODOSIS_TYPE_UNION && type->kind != KODOSIS_TYPE_ERROR)
        return NULL;
    return kodosis_table_find(&checker->names, type->declaration->full_name);
}

struct kodosis_entry *kodosis__innermost(struct kodosis_checker *checker, const struct kodosis_type *type)
{
    while (type->kind != KODOSIS_TYPE_ENUM && type->element)
        type = type->element;
    return entry_of(checker, type);
}

struct kodosis_entry *kodosis__embedded(struct kodosis_checker *checker, const struct kodosis_entry *holder,
                                        const struct kodosis_type *type)
{
    bool by_choice = holder->declaration->kind == KODOSIS_UNION;
    struct kodosis_entry *entry;

    while (type->kind == KODOSIS_TYPE_ARRAY || type->kind == KODOSIS_TYPE_OPTIONAL) {
        by_choice |= type->kind == KODOSIS_TYPE_OPTIONAL;
        type = type->element;
    }
    entry = entry_of(checker, type);
    return entry && by_choice && entry->type->recursive ? NULL : entry;
}

/* ---- Which types can contain themselves: strongly connected components, after Tarjan ---- */

struct frame {
    struct kodosis_entry *entry;
    size_t next; /* member */
};

struct walk {
    struct frame *frames;
    size_t depth;
    struct kodosis_entry **stack;
    size_t stack_size;
    uint32_t marks;
};

static void enter(struct walk *walk, struct kodosis_entry *entry)
{
    entry->mark = entry->low = ++walk->marks;
    entry->on_stack = true;
    walk->stack[walk->stack_size++] = entry;
    walk->frames[walk->depth++] = (struct frame){ entry, 0 };
}

/*
 * Marks the types of a finished component recursive if there are several, since each can reach itself. step() marks a
 * type that names itself.
 */
static void leave(struct walk *walk, struct kodosis_entry *root)
{
    struct kodosis_entry *entry;
    bool several = walk->stack[walk->stack_size - 1] != root;

    do {
        entry = walk->stack[--walk->stack_size];
        entry->on_stack = false;
        entry->type->recursive |= several;
    } while (entry != root);
}

static void step(struct kodosis_checker *checker, struct walk *walk)
{
    struct frame *frame = &walk->frames[walk->depth - 1];
    struct kodosis_entry *entry = frame->entry;
    struct kodosis_entry *target;

    if (frame->next == entry->declaration->member_count) {
        walk->depth--;
        if (walk->depth && walk->frames[walk->depth - 1].entry->low > entry->low)
            walk->frames[walk->depth - 1].entry->low = entry->low;
        if (entry->low == entry->mark)
            leave(walk, entry);
        return;
    }
    target = kodosis__innermost(checker, entry->members[frame->next++].type);
    if (!target)
        return;
    if (target == entry)
        entry->type->recursive = true;
    if (!target->mark)
        enter(walk, target);
    else if (target->on_stack && target->mark < entry->low)
        entry->low = target->mark;
}

static bool is_record(const struct kodosis_entry *entry)
{
    return entry->members;
}

static void find_recursive(struct kodosis_checker *checker)
{
    struct walk walk = { 0 };
    size_t count = 1;

    for (size_t i = 0; i < checker->unit_count; i++)
        count += checker->units[i]->entry_count;
    walk.frames = kodosis_reallocate(NULL, count, sizeof(*walk.frames));
    walk.stack = kodosis_reallocate(NULL, count, sizeof(struct kodosis_entry *));
    for (size_t i = 0; i < checker->unit_count; i++) {
        for (size_t j = 0; j < checker->units[i]->entry_count; j++) {
            struct kodosis_entry *entry = &checker->units[i]->entries[j];

            if (is_record(entry) && !entry->mark)
                enter(&walk, entry);
            while (walk.depth)
                step(checker, &walk);
        }
    }
    free(walk.frames);
    free(walk.stack);
}

/* ---- What holds what by value ---- */

struct path {
    struct kodosis_entry *entries[KODOSIS_LIMIT_EMBEDDING + 1];
    size_t depth;
    bool failed;
    bool cyclic;
};

static void report_cycle(struct kodosis_checker *checker, const struct path *path, const struct kodosis_entry *again,
                         const struct kodosis_member *member)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    size_t i = 0;

    while (path->entries[i] != again)
        i++;
    for (; i < path->depth; i++)
        kodosis_text_add(&text, "%s contains ", path->entries[i]->declaration->name);
    kodosis_error(checker->diagnostics, &member->position,
                  "'%s' would contain itself without end: %s%s; put a list, optional, map or union between",
                  again->declaration->name, text.data, again->declaration->name);
    kodosis_text_clear(&text);
}

/*
 * Appends the entry to its file's order, behind all entries that it holds. KODOSIS_LIMIT_EMBEDDING bounds the
 * recursion.
 */
static void place(struct kodosis_checker *checker, struct path *path, struct kodosis_entry *entry)
{
    struct kodosis_unit *unit = entry->unit;

    entry->state = KODOSIS_BUSY;
    path->entries[path->depth++] = entry;
    for (size_t i = 0; i < entry->declaration->member_count && !path->failed; i++) {
        const struct kodosis_member *member = &entry->members[i];
        struct kodosis_entry *target = kodosis__embedded(checker, entry, member->type);

        if (!target || target->state == KODOSIS_DONE)
            continue;
        if (target->state == KODOSIS_BUSY) {
            path->cyclic = true;
            report_cycle(checker, path, target, member);
        } else if (path->depth == KODOSIS_LIMIT_EMBEDDING) {
            kodosis_error(checker->diagnostics, &member->position, "structs contain each other more than %d deep",
                          KODOSIS_LIMIT_EMBEDDING);
            path->failed = true;
        } else {
            place(checker, path, target);
        }
    }
    path->depth--;
    entry->state = KODOSIS_DONE;
    unit->ordered[unit->ordered_count++] = entry->declaration;
}

/*
 * Sets entry->mark to how deep the entry goes. place() does not find every chain that is too deep: it stops at entries
 * that are placed already. So the depth is measured once more over the finished order, in which the parts of an entry
 * come first.
 */
static void check_depth(struct kodosis_checker *checker, struct kodosis_entry *entry)
{
    entry->mark = 1;
    for (size_t i = 0; i < entry->declaration->member_count; i++) {
        const struct kodosis_entry *target = kodosis__embedded(checker, entry, entry->members[i].type);

        if (!target || target->mark < entry->mark)
            continue;
        entry->mark = target->mark + 1;
        if (entry->mark == KODOSIS_LIMIT_EMBEDDING + 1)
            kodosis_error(checker->diagnostics, &entry->members[i].position,
                          "structs contain each other more than %d deep", KODOSIS_LIMIT_EMBEDDING);
    }
}

static void order_unit(struct kodosis_checker *checker, struct kodosis_unit *unit)
{
    struct path path = { .depth = 0 };

    unit->ordered = kodosis_memory_take_array(checker->memory, unit->entry_count, sizeof(*unit->ordered));
    for (size_t i = 0; i < unit->entry_count && !path.failed; i++) {
        struct kodosis_entry *entry = &unit->entries[i];

        if (entry->declaration->kind == KODOSIS_ENUM)
            unit->ordered[unit->ordered_count++] = entry->declaration;
        else if (is_record(entry) && entry->state == KODOSIS_FRESH)
            place(checker, &path, entry);
    }
    for (size_t i = 0; i < unit->ordered_count && !path.failed && !path.cyclic; i++) {
        struct kodosis_entry *entry = entry_of(checker, unit->ordered[i]->type);

        if (entry)
            check_depth(checker, entry);
    }
    unit->file->ordered = unit->ordered;
    unit->file->ordered_count = unit->ordered_count;
}

void kodosis__check_recursion(struct kodosis_checker *checker)
{
    find_recursive(checker);
    for (size_t i = 0; i < checker->unit_count; i++)
        order_unit(checker, checker->units[i]);
}
