/* SPDX-License-Identifier: MIT */
/*
 * Random interfaces and random edits of them: whether the two canonical texts match is what the edit promises, and equal hashes
 * are equal texts.
 */
#include "kodosis/compiler/memory-sources.h"

#include <stdio.h>

#include <kodosis/shape.h>

#include "kodosis/compiler/text/text.h"
#include "kodosis/runtime/random.h"

enum { TYPES = 7, MEMBERS = 8, INTERFACES = 60, EDITS = 40 };

enum kind { STRUCT, UNION, ENUM };

struct member {
    char type[48];
    bool missing; /* has a default, or is optional */
    unsigned name;
};

struct declaration {
    enum kind kind;
    bool extensible;
    struct member members[MEMBERS + 2];
    unsigned count;
};

struct interface {
    struct declaration types[TYPES];
    unsigned names; /* given out */
};

static uint64_t state;

static unsigned below(unsigned limit)
{
    return random_below(&state, limit);
}

/* ---- Writing one ---- */

static void write_declaration(struct kodosis_text *text, const struct declaration *declaration, unsigned number)
{
    static const char *const words[] = { "struct", "union", "enum" };

    kodosis_text_add(text, "%s%s T%u {", declaration->extensible ? "extensible " : "", words[declaration->kind],
                     number);
    for (unsigned i = 0; i < declaration->count; i++) {
        const struct member *member = &declaration->members[i];

        if (declaration->kind == ENUM)
            kodosis_text_add(text, " N%u,", member->name);
        else
            kodosis_text_add(text, " %s n%u%s;", member->type, member->name,
                             member->missing && member->type[0] != 'o' ? " = 1" : "");
    }
    kodosis_text_add(text, " }\n");
}

static void write_interface(struct kodosis_text *text, const struct interface *interface)
{
    kodosis_text_add(text, "namespace demo;\n");
    for (unsigned i = 0; i < TYPES; i++)
        write_declaration(text, &interface->types[i], i);
    kodosis_text_add(text, "service S { void P(");
    for (unsigned i = 0; i < TYPES; i++)
        kodosis_text_add(text, "%sT%u p%u", i ? ", " : "", i, i);
    kodosis_text_add(text, "); }\n");
}

/* ---- Making one ---- */

/* A type whose values end: one that was declared before, or one behind a list or an optional. */
static void choose_type(unsigned number, char *ret_type, size_t size)
{
    static const char *const simple[] = { "int32", "string", "bytes", "bool", "float64" };

    switch (below(5)) {
    case 0:
        snprintf(ret_type, size, "list<T%u>", below(TYPES));
        break;
    case 1:
        snprintf(ret_type, size, "map<int32, T%u[2]>", number ? below(number) : TYPES - 1);
        break;
    case 2:
        if (number) {
            snprintf(ret_type, size, "T%u", below(number));
            break;
        }
        /* fallthrough */
    default:
        snprintf(ret_type, size, "%s", simple[below(5)]);
        break;
    }
}

static void choose_missing(struct member *member)
{
    member->missing = true;
    if (below(2))
        snprintf(member->type, sizeof(member->type), "optional<T%u>", below(TYPES));
    else
        snprintf(member->type, sizeof(member->type), "int16");
}

static void make_declaration(struct interface *interface, unsigned number)
{
    struct declaration *declaration = &interface->types[number];

    declaration->kind = number % 3 == 2 ? ENUM : number % 3 == 1 ? UNION : STRUCT;
    declaration->extensible = below(2);
    declaration->count = 1 + below(MEMBERS - 1);
    for (unsigned i = 0; i < declaration->count; i++) {
        struct member *member = &declaration->members[i];

        member->name = interface->names++;
        if (declaration->kind == UNION && !i)
            snprintf(member->type, sizeof(member->type), "int8");
        else
            choose_type(number, member->type, sizeof(member->type));
    }
    if (declaration->kind == STRUCT && declaration->extensible && below(2)) {
        struct member *last = &declaration->members[declaration->count++];

        last->name = interface->names++;
        choose_missing(last);
    }
}

/* ---- Changing one ---- */

/* Appends a member or value. Returns whether older readers understand it. */
static bool append(struct interface *interface, struct declaration *declaration)
{
    bool grown = declaration->count && declaration->members[declaration->count - 1].missing;
    struct member *member = &declaration->members[declaration->count++];

    *member = (struct member){ .name = interface->names++ };
    if (declaration->kind == STRUCT && declaration->extensible && (grown || below(3))) {
        choose_missing(member);
        return true;
    }
    snprintf(member->type, sizeof(member->type), "int64");
    return declaration->extensible && declaration->kind != STRUCT;
}

/* Only the names: the wire does not know them. */
static bool rename_all(struct interface *interface, struct declaration *declaration)
{
    for (unsigned i = 0; i < declaration->count; i++)
        declaration->members[i].name = interface->names++;
    return true;
}

/* Gives a member a type that none has. */
static bool retype(struct interface *interface, struct declaration *declaration)
{
    struct member *member = &declaration->members[below(declaration->count)];

    (void)interface;
    if (declaration->kind == ENUM)
        return true;
    snprintf(member->type, sizeof(member->type), member->missing ? "uint8" : "uint64");
    return false;
}

/* Puts a member in front. */
static bool prepend(struct interface *interface, struct declaration *declaration)
{
    memmove(declaration->members + 1, declaration->members, declaration->count * sizeof(*declaration->members));
    declaration->members[0] = (struct member){ .type = "uint16", .name = interface->names++ };
    declaration->count++;
    return declaration->kind == ENUM && declaration->extensible;
}

static bool toggle(struct interface *interface, struct declaration *declaration)
{
    (void)interface;
    for (unsigned i = 0; i < declaration->count; i++)
        if (declaration->members[i].missing && declaration->members[i].type[0] != 'o')
            return true; /* a plain struct has no defaults: left as it is */
    declaration->extensible = !declaration->extensible;
    return false;
}

typedef bool edit(struct interface *interface, struct declaration *declaration);

static struct kodosis_text text_of(const struct interface *interface)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    write_interface(&text, interface);
    return text;
}

static const struct kodosis_procedure *procedure_of(const struct kodosis_model *model)
{
    return &declaration_of(model, "S")->procedures[0];
}

static void compare(const struct interface *before, const struct interface *after, bool wanted)
{
    struct kodosis_text old_text = text_of(before);
    struct kodosis_text new_text = text_of(after);
    struct kodosis_compilation old_compilation, new_compilation;
    const struct kodosis_procedure *old = procedure_of(compile_good(old_text.data, &old_compilation));
    const struct kodosis_procedure *new = procedure_of(compile_good(new_text.data, &new_compilation));
    struct kodosis_arena arena;
    bool match;

    kodosis_arena_init(&arena, NULL, 1 << 24);
    match = kodosis_shapes_match(old->shape, strlen(old->shape), new->shape, strlen(new->shape), &arena);
    kodosis_arena_reset(&arena);
    assert_int_equal(match,
                     kodosis_shapes_match(new->shape, strlen(new->shape), old->shape, strlen(old->shape), &arena));
    assert_int_equal(old->hash == new->hash, !strcmp(old->shape, new->shape));
    /* only what holds something extensible has a text to compare */
    if (match && old->hash != new->hash)
        assert_true(old->growing && new->growing);
    if (match != wanted)
        fail_msg("%s\nand\n%s\nshould%s match: %s, %s", old_text.data, new_text.data, wanted ? "" : " not", old->shape,
                 new->shape);
    kodosis_arena_clear(&arena);
    kodosis_compilation_clear(&old_compilation);
    kodosis_compilation_clear(&new_compilation);
    kodosis_text_clear(&old_text);
    kodosis_text_clear(&new_text);
}

static void edits_keep_their_promise(void **unused)
{
    static edit *const edits[] = { append, append, rename_all, retype, prepend, toggle };
    static struct interface before, after;

    (void)unused;
    state = 1;
    for (unsigned i = 0; i < INTERFACES; i++) {
        memset(&before, 0, sizeof(before));
        for (unsigned k = 0; k < TYPES; k++)
            make_declaration(&before, k);
        compare(&before, &before, true);
        for (unsigned k = 0; k < EDITS; k++) {
            bool wanted;

            after = before;
            wanted = edits[below(6)](&after, &after.types[below(TYPES)]);
            compare(&before, &after, wanted);
        }
    }
}

/* Many compatible edits one after the other: the first version and the last one still match. */
static void additions_add_up(void **unused)
{
    static struct interface before, after;

    (void)unused;
    state = 2;
    for (unsigned i = 0; i < INTERFACES; i++) {
        memset(&before, 0, sizeof(before));
        for (unsigned k = 0; k < TYPES; k++)
            make_declaration(&before, k);
        after = before;
        for (unsigned k = 0; k < TYPES; k++) {
            struct declaration *declaration = &after.types[k];

            if (!declaration->extensible || declaration->count > MEMBERS)
                continue;
            if (declaration->kind == STRUCT) {
                struct member *member = &declaration->members[declaration->count++];

                member->name = after.names++;
                choose_missing(member);
            } else {
                append(&after, declaration);
            }
        }
        compare(&before, &after, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_keep_their_promise),
        cmocka_unit_test(additions_add_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
