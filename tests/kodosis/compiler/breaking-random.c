/* SPDX-License-Identifier: MIT */
/*
 * Random interfaces and random edits of them: what is said to break the wire is what a server tells apart when a caller binds, for
 * each procedure by itself. The hashes and the canonical texts decide.
 */
#include "kodosis/compiler/memory-sources.h"

#include <stdio.h>

#include <kodosis/shape.h>

#include "kodosis/compiler/breaking/breaking.h"
#include "kodosis/compiler/text/text.h"
#include "kodosis/runtime/random.h"

enum { TYPES = 8, MEMBERS = 6, ROOM = 12, PROCEDURES = 3, INTERFACES = 150, VERSIONS = 25 };

enum kind { STRUCT, UNION, ENUM, FLAGS };
enum form { SIMPLE, DIRECT, LIST, MAP, ARRAY, OPTIONAL, FORMS };

struct member {
    enum form form;
    unsigned type; /* which of the simple or declared types */
    unsigned name;
    unsigned initial; /* 0: none */
};

struct list {
    struct member members[ROOM];
    unsigned count;
};

struct declaration {
    enum kind kind;
    bool extensible;
    unsigned name;
    struct list list; /* the numbers of values are their `type` */
};

struct procedure {
    unsigned name;
    struct list parameters;
    struct member result;
    enum { NOTHING, ONEWAY, VALUE, STREAM } returns;
    bool idempotent;
    bool raises[2];
};

struct interface {
    struct declaration types[TYPES];
    struct procedure procedures[PROCEDURES];
    struct list errors[2];
    unsigned names; /* given out */
};

static uint64_t state;

static unsigned below(unsigned limit)
{
    return random_below(&state, limit);
}

/* ---- Writing one: only what its procedures use ---- */

static void use_list(const struct interface *interface, const struct list *list, bool *used);

static void use_member(const struct interface *interface, const struct member *member, bool *used)
{
    if (member->form == SIMPLE || used[member->type])
        return;
    used[member->type] = true;
    if (interface->types[member->type].kind <= UNION)
        use_list(interface, &interface->types[member->type].list, used);
}

static void use_list(const struct interface *interface, const struct list *list, bool *used)
{
    for (unsigned i = 0; i < list->count; i++)
        use_member(interface, &list->members[i], used);
}

static void find_used(const struct interface *interface, bool *used, bool *raised)
{
    for (unsigned i = 0; i < PROCEDURES; i++) {
        const struct procedure *procedure = &interface->procedures[i];

        use_list(interface, &procedure->parameters, used);
        if (procedure->returns >= VALUE)
            use_member(interface, &procedure->result, used);
        for (unsigned k = 0; k < 2; k++)
            if (procedure->raises[k] && procedure->returns != ONEWAY) {
                raised[k] = true;
                use_list(interface, &interface->errors[k], used);
            }
    }
}

static void write_type(struct kodosis_text *text, const struct interface *interface, const struct member *member)
{
    static const char *const simple[] = { "int32", "string", "bytes", "bool", "int32" };
    static const char *const before[FORMS] = { "", "", "list<", "map<int32, ", "", "optional<" };
    static const char *const behind[FORMS] = { "", "", ">", ">", "[2]", ">" };

    if (member->form == SIMPLE)
        kodosis_text_add(text, "%s", simple[member->type % 5]);
    else
        kodosis_text_add(text, "%sT%u%s", before[member->form], interface->types[member->type].name,
                         behind[member->form]);
}

static void write_list(struct kodosis_text *text, const struct interface *interface, const struct list *list,
                       const char *behind)
{
    for (unsigned i = 0; i < list->count; i++) {
        const struct member *member = &list->members[i];

        write_type(text, interface, member);
        kodosis_text_add(text, " n%u", member->name);
        if (member->initial)
            kodosis_text_add(text, " = %u", member->initial);
        kodosis_text_add(text, "%s", i + 1 < list->count || *behind == ';' ? behind : "");
    }
}

static void write_declaration(struct kodosis_text *text, const struct interface *interface, unsigned number)
{
    static const char *const words[] = { "struct", "union", "enum", "flags enum" };
    const struct declaration *declaration = &interface->types[number];
    const struct list *list = &declaration->list;

    kodosis_text_add(text, "%s%s T%u { ", declaration->extensible ? "extensible " : "", words[declaration->kind],
                     declaration->name);
    if (declaration->kind <= UNION)
        write_list(text, interface, list, "; ");
    for (unsigned i = 0; declaration->kind > UNION && i < list->count; i++)
        kodosis_text_add(text, "N%u = %u, ", list->members[i].name,
                         declaration->kind == FLAGS ? 1u << list->members[i].type : list->members[i].type);
    kodosis_text_add(text, "}\n");
}

static void write_procedure(struct kodosis_text *text, const struct interface *interface,
                            const struct procedure *procedure)
{
    kodosis_text_add(text, "    %s", procedure->idempotent ? "idempotent " : "");
    if (procedure->returns < VALUE)
        kodosis_text_add(text, procedure->returns == ONEWAY ? "oneway void" : "void");
    if (procedure->returns == STREAM)
        kodosis_text_add(text, "stream<");
    if (procedure->returns >= VALUE)
        write_type(text, interface, &procedure->result);
    kodosis_text_add(text, "%s P%u(", procedure->returns == STREAM ? ">" : "", procedure->name);
    write_list(text, interface, &procedure->parameters, ", ");
    kodosis_text_add(text, ")");
    if (procedure->returns != ONEWAY && (procedure->raises[0] || procedure->raises[1]))
        kodosis_text_add(text, " raises (%s%s%s)", procedure->raises[0] ? "E0" : "",
                         procedure->raises[0] && procedure->raises[1] ? ", " : "", procedure->raises[1] ? "E1" : "");
    kodosis_text_add(text, ";\n");
}

static void write_interface(struct kodosis_text *text, const struct interface *interface)
{
    bool used[TYPES] = { false };
    bool raised[2] = { false };

    find_used(interface, used, raised);
    kodosis_text_add(text, "namespace demo;\n");
    for (unsigned i = 0; i < TYPES; i++)
        if (used[i])
            write_declaration(text, interface, i);
    for (unsigned i = 0; i < 2; i++)
        if (raised[i]) {
            kodosis_text_add(text, "error E%u { ", i);
            write_list(text, interface, &interface->errors[i], "; ");
            kodosis_text_add(text, "}\n");
        }
    kodosis_text_add(text, "service S {\n");
    for (unsigned i = 0; i < PROCEDURES; i++)
        write_procedure(text, interface, &interface->procedures[i]);
    kodosis_text_add(text, "}\n");
}

/* ---- Making one ---- */

/* A member in the type with this number: by value it only has types with smaller ones, so that values end. */
static struct member make_member(struct interface *interface, unsigned number)
{
    struct member member = { .form = (enum form)below(FORMS), .name = interface->names++ };

    if (below(2))
        member.form = SIMPLE;
    if ((member.form == DIRECT || member.form == ARRAY) && !number)
        member.form = LIST;
    member.type = below(member.form == DIRECT || member.form == ARRAY ? number : TYPES);
    return member;
}

static void make_list(struct interface *interface, struct list *list, unsigned number, unsigned least)
{
    list->count = least + below(MEMBERS - least);
    for (unsigned i = 0; i < list->count; i++)
        list->members[i] = make_member(interface, number);
}

static void make_declaration(struct interface *interface, unsigned number)
{
    struct declaration *declaration = &interface->types[number];

    *declaration = (struct declaration){ (enum kind)(number % 4), below(2), interface->names++, { .count = 0 } };
    make_list(interface, &declaration->list, number, declaration->kind != STRUCT);
    if (declaration->kind == UNION)
        declaration->list.members[0].form = SIMPLE;
    for (unsigned i = 0; declaration->kind > UNION && i < declaration->list.count; i++)
        declaration->list.members[i].type = i;
    for (unsigned i = 0; declaration->kind == STRUCT && declaration->extensible && i < declaration->list.count; i++)
        if (i > 1)
            declaration->list.members[i] = (struct member){ below(2) ? OPTIONAL : SIMPLE, 0, interface->names++, 0 };
    for (unsigned i = 2; declaration->kind == STRUCT && declaration->extensible && i < declaration->list.count; i++)
        declaration->list.members[i].initial = declaration->list.members[i].form == SIMPLE ? 1 + below(3) : 0;
}

static void make_interface(struct interface *interface)
{
    memset(interface, 0, sizeof(*interface));
    for (unsigned i = 0; i < TYPES; i++)
        make_declaration(interface, i);
    for (unsigned i = 0; i < 2; i++)
        make_list(interface, &interface->errors[i], TYPES, 0);
    for (unsigned i = 0; i < PROCEDURES; i++) {
        struct procedure *procedure = &interface->procedures[i];

        procedure->name = i;
        make_list(interface, &procedure->parameters, TYPES, 0);
        procedure->result = make_member(interface, TYPES);
        procedure->returns = below(4);
        procedure->raises[0] = below(2);
        procedure->raises[1] = below(3) == 0;
    }
}

/* ---- Changing one. Some changes make no interface: those are left out. ---- */

static struct list *any_list(struct interface *interface, unsigned *ret_number)
{
    unsigned which = below(TYPES + PROCEDURES + 2);

    *ret_number = which < TYPES ? which : TYPES;
    if (which < TYPES)
        return &interface->types[which].list;
    return which < TYPES + PROCEDURES ? &interface->procedures[which - TYPES].parameters
                                      : &interface->errors[which - TYPES - PROCEDURES];
}

static void insert(struct interface *interface, bool at_end)
{
    unsigned number;
    struct list *list = any_list(interface, &number);
    unsigned at = at_end ? list->count : below(list->count + 1);
    struct member member = make_member(interface, number);

    if (list->count == ROOM)
        return;
    if (number < TYPES && interface->types[number].kind > UNION)
        member.type = below(2) ? list->count : below(20);
    else if (at && (list->members[at - 1].initial || list->members[at - 1].form == OPTIONAL))
        member = (struct member){ SIMPLE, 0, member.name, 1 };
    else if (number < TYPES && interface->types[number].extensible && below(2))
        member = (struct member){ SIMPLE, 0, member.name, 2 };
    memmove(&list->members[at + 1], &list->members[at], (list->count - at) * sizeof(member));
    list->members[at] = member;
    list->count++;
}

static void drop(struct interface *interface, bool at_end)
{
    unsigned number;
    struct list *list = any_list(interface, &number);
    unsigned at;

    if (!list->count)
        return;
    at = at_end ? list->count - 1 : below(list->count);
    list->count--;
    memmove(&list->members[at], &list->members[at + 1], (list->count - at) * sizeof(*list->members));
}

static void change_member(struct interface *interface)
{
    unsigned number;
    struct list *list = any_list(interface, &number);
    struct member *member;
    struct member other;
    unsigned name;

    if (!list->count)
        return;
    member = &list->members[below(list->count)];
    other = list->members[below(list->count)];
    name = member->name;
    switch (below(4)) {
    case 0:
        member->name = interface->names++;
        break;
    case 1: /* its name goes to another one, which gets its own */
        for (unsigned i = 0; i < list->count; i++)
            if (list->members[i].name == other.name)
                list->members[i].name = name;
        member->name = other.name;
        break;
    case 2:
        member->initial += member->initial != 0;
        member->type = number < TYPES && interface->types[number].kind > UNION ? below(20) : member->type;
        break;
    default:
        *member = make_member(interface, number);
        member->name = name;
        break;
    }
}

static void swap(struct interface *interface)
{
    unsigned number;
    struct list *list = any_list(interface, &number);
    struct member *one, *other, kept;

    if (!list->count)
        return;
    one = &list->members[below(list->count)];
    other = &list->members[below(list->count)];
    kept = *one;
    *one = *other;
    *other = kept;
}

static void change_procedure(struct interface *interface)
{
    struct procedure *procedure = &interface->procedures[below(PROCEDURES)];

    switch (below(6)) {
    case 0:
        procedure->name = PROCEDURES + below(1000);
        break;
    case 1:
        procedure->result = make_member(interface, TYPES);
        break;
    case 2:
        procedure->returns = below(4);
        break;
    case 3:
        procedure->raises[below(2)] ^= true;
        break;
    default:
        procedure->idempotent = !procedure->idempotent;
        break;
    }
}

static void edit(struct interface *interface)
{
    struct declaration *declaration = &interface->types[below(TYPES)];

    switch (below(9)) {
    case 0:
        insert(interface, false);
        break;
    case 1:
        insert(interface, true);
        break;
    case 2:
        drop(interface, below(2));
        break;
    case 3:
        swap(interface);
        break;
    case 4:
        change_procedure(interface);
        break;
    case 5:
        declaration->name = interface->names++;
        break;
    case 6:
        declaration->extensible = !declaration->extensible;
        break;
    default:
        change_member(interface);
        break;
    }
}

/* ---- Comparing ---- */

static const struct kodosis_procedure *find(const struct kodosis_model *model, const char *name)
{
    const struct kodosis_declaration *service = declaration_of(model, "S");

    for (size_t i = 0; i < service->procedure_count; i++)
        if (!strcmp(service->procedures[i].name, name))
            return &service->procedures[i];
    return NULL;
}

/* Whether a server grants one to the caller of the other. */
static bool is_granted(const struct kodosis_procedure *old, const struct kodosis_procedure *new)
{
    struct kodosis_arena arena;
    bool match;

    assert_int_equal(old->hash == new->hash, !strcmp(old->shape, new->shape));
    if (old->hash == new->hash)
        return true;
    kodosis_arena_init(&arena, NULL, 1 << 24);
    match = kodosis_shapes_match(old->shape, strlen(old->shape), new->shape, strlen(new->shape), &arena);
    kodosis_arena_clear(&arena);
    return match;
}

/* Whether something that breaks the wire is said on the line of a procedure. */
static bool is_blamed(const struct kodosis_diagnostics *diagnostics, const struct kodosis_position *place)
{
    for (const struct kodosis_diagnostic *each = diagnostics->first; each; each = each->next) {
        assert_non_null(strstr(each->rule, "wire"));
        assert_null(strstr(each->message, "its shape is another one"));
        if (each->position.file == place->file && each->position.line == place->line)
            return true;
        for (const struct kodosis_diagnostic *note = each->notes; note; note = note->next)
            if (note->position.file == place->file && note->position.line == place->line)
                return true;
    }
    return false;
}

struct tally {
    unsigned granted, refused, removed;
};

static void compare(const struct kodosis_model *old, const struct kodosis_model *new, struct tally *tally)
{
    const struct kodosis_declaration *service = declaration_of(old, "S");
    struct kodosis_comparison comparison = { old, new, KODOSIS_BREAK_WIRE };
    struct kodosis_diagnostics diagnostics = { .most = 1000 };
    size_t count = kodosis_breaking(&comparison, &diagnostics);
    bool broken = false;

    for (size_t i = 0; i < service->procedure_count; i++) {
        const struct kodosis_procedure *one = &service->procedures[i];
        const struct kodosis_procedure *other = find(new, one->name);
        bool granted = other && is_granted(one, other);

        broken |= !granted;
        tally->removed += !other;
        tally->granted += granted && one->hash != other->hash;
        tally->refused += other && !granted;
        if (other)
            assert_int_equal(is_blamed(&diagnostics, &other->position), !granted);
        else
            assert_true(is_blamed(&diagnostics, &one->position));
        if (other)
            assert_int_equal(kodosis_procedures_match(one, other), granted);
    }
    assert_int_equal(count > 0, broken);
    kodosis_diagnostics_clear(&diagnostics);
}

/* Compiles it, if it is an interface at all. */
static const struct kodosis_model *compile(const struct interface *interface, struct kodosis_compilation *compilation)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;
    const struct kodosis_model *model;

    write_interface(&text, interface);
    model = compile_text(text.data, text.size, compilation);
    kodosis_text_clear(&text);
    return model;
}

static void wire_breaks_are_what_the_hashes_say(void **unused)
{
    static struct interface before, after;
    struct tally tally = { 0 };

    (void)unused;
    state = 1;
    for (unsigned i = 0; i < INTERFACES; i++) {
        struct kodosis_compilation old_compilation, new_compilation;
        const struct kodosis_model *old, *new;

        make_interface(&before);
        old = compile(&before, &old_compilation);
        for (unsigned k = 0; old && k < VERSIONS; k++) {
            after = before;
            for (unsigned edits = 1 + below(3); edits; edits--)
                edit(&after);
            new = compile(&after, &new_compilation);
            if (new) {
                compare(old, new, &tally);
                compare(new, old, &tally);
            }
            kodosis_compilation_clear(&new_compilation);
        }
        kodosis_compilation_clear(&old_compilation);
    }
    /* all kinds were met, and often */
    assert_in_range(tally.granted, 100, UINT32_MAX);
    assert_in_range(tally.refused, 100, UINT32_MAX);
    assert_in_range(tally.removed, 100, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wire_breaks_are_what_the_hashes_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
