/* SPDX-License-Identifier: MIT */
/* Rules about types. */
#include <inttypes.h>

#include "kodosis/compiler/lint/design.h"
#include "kodosis/compiler/lint/lint.h"

enum { LARGE = 64 * 1024 };

typedef void visit_member(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                          const struct kodosis_member *member);

/* Calls `visit` for each member and each parameter of a file. */
static void for_each_member(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file,
                            visit_member *visit)
{
    for (size_t i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *each = file->declarations[i];

        for (size_t k = 0; k < each->member_count; k++)
            visit(lint, rule, &each->members[k]);
        for (size_t k = 0; k < each->procedure_count; k++)
            for (size_t n = 0; n < each->procedures[k].parameter_count; n++)
                visit(lint, rule, &each->procedures[k].parameters[n]);
    }
}

/* ---- Layout ---- */

/* Whether the members of a struct would leave no gap if they stood by falling alignment. */
static bool could_be_blittable(const struct kodosis_declaration *declaration)
{
    uint64_t size = 0;
    uint32_t widest = 1;

    for (size_t i = 0; i < declaration->member_count; i++) {
        const struct kodosis_type *type = declaration->members[i].type;

        if (!type->blittable)
            return false;
        size += type->size;
        widest = type->alignment > widest ? type->alignment : widest;
    }
    return size && size % widest == 0;
}

static void look_at_padding(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *each = file->declarations[i];

        if (each->kind == KODOSIS_STRUCT && !each->extensible && !each->type->blittable && could_be_blittable(each))
            kodosis__lint_report(lint, rule, &each->position,
                                 "'%s' would be blittable with its members in another order, the widest first",
                                 each->name);
    }
}

const struct kodosis_rule kodosis_rule_padded_struct = {
    .name = "padded-struct",
    .on = true,
    .wants = "a struct whose members leave no gap in some order has them in that order",
    .reason = "A struct without gaps is blittable: it travels with one copy, and lists of it are read where they lie. "
              "Later the order cannot be changed without breaking callers.",
    .look = look_at_padding,
};

static void look_at_size(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                         const struct kodosis_member *member)
{
    if (member->type->blittable && member->type->size > LARGE)
        kodosis__lint_report(lint, rule, &member->position, "'%s' is %" PRIu64 " bytes, by value", member->name,
                             member->type->size);
}

static void look_at_sizes(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    for_each_member(lint, rule, file, look_at_size);
}

const struct kodosis_rule kodosis_rule_large_value = {
    .name = "large-value",
    .on = true,
    .wants = "members and parameters are at most 64 KiB by value",
    .reason = "They stand in C structs and on stacks, and always travel whole. A list<T> or bytes is a view into the "
              "message, and as long as it has to be.",
    .look = look_at_sizes,
};

static void look_at_empty(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *each = file->declarations[i];

        if (each->kind == KODOSIS_STRUCT && !each->extensible && !each->member_count)
            kodosis__lint_report(lint, rule, &each->position,
                                 "'%s' has no members, and cannot get any later; make it extensible, or leave it out",
                                 each->name);
    }
}

const struct kodosis_rule kodosis_rule_empty_struct = {
    .name = "empty-struct",
    .on = true,
    .wants = "a struct without members is extensible",
    .reason = "It is mostly there so that something can be added one day, and that breaks all callers of a plain one. "
              "Where nothing will be added, a procedure without parameters or with void says it.",
    .look = look_at_empty,
};

/* ---- Lists ---- */

static bool is_byte(const struct kodosis_type *type)
{
    return type->kind == KODOSIS_TYPE_UINT8 || type->kind == KODOSIS_TYPE_INT8;
}

static void look_at_list(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                         const struct kodosis_member *member)
{
    if (member->type->kind == KODOSIS_TYPE_LIST && is_byte(member->type->element))
        kodosis__lint_report(lint, rule, &member->position, "'%s' is a %s; that is what bytes are for", member->name,
                             member->type->text);
}

static void look_at_lists(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    for_each_member(lint, rule, file, look_at_list);
}

const struct kodosis_rule kodosis_rule_list_of_bytes = {
    .name = "list-of-bytes",
    .on = true,
    .wants = "bytes instead of list<uint8>",
    .reason = "Both cost the same, and `bytes` says that the numbers mean nothing by themselves; languages have a type "
              "of their own for it, and print it as such.",
    .look = look_at_lists,
};

static void look_at_optional(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                             const struct kodosis_member *member)
{
    const struct kodosis_type *element = member->type->element;

    if (member->type->kind == KODOSIS_TYPE_OPTIONAL &&
        (element->kind == KODOSIS_TYPE_LIST || element->kind == KODOSIS_TYPE_MAP))
        kodosis__lint_report(lint, rule, &member->position, "'%s' can be none and it can be empty: do these differ?",
                             member->name);
}

static void look_at_optionals(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                              const struct kodosis_file *file)
{
    for_each_member(lint, rule, file, look_at_optional);
}

const struct kodosis_rule kodosis_rule_optional_list = {
    .name = "optional-list",
    .on = true,
    .wants = "a list or map instead of an optional one",
    .reason =
        "Nothing and an empty list are two values that mostly mean one thing, and each reader has to look for both. "
        "In an extensible struct a list that may be missing has the default `= []`.",
    .look = look_at_optionals,
};

/* ---- Enums ---- */

/* Whether the values are 1, 2, 4 and other powers of two, with 0 or without. */
static bool are_powers(const struct kodosis_declaration *declaration)
{
    uint64_t seen = 0;

    for (size_t i = 0; i < declaration->enumerator_count; i++) {
        uint64_t value = (uint64_t)declaration->enumerators[i].value;

        if (value & (value - 1))
            return false;
        seen |= value;
    }
    return (seen & 7) == 7;
}

static void look_at_flags(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *each = file->declarations[i];

        if (each->kind == KODOSIS_ENUM && !each->flags && are_powers(each))
            kodosis__lint_report(lint, rule, &each->position, "the values of '%s' are bits; is it a flags enum?",
                                 each->name);
    }
}

const struct kodosis_rule kodosis_rule_looks_like_flags = {
    .name = "looks-like-flags",
    .on = true,
    .wants = "an enum of the values 1, 2, 4, ... is a flags enum",
    .reason = "A decoder refuses a value of a plain enum that is not declared, so also every union of two.",
    .look = look_at_flags,
};

static void look_at_zero(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *each = file->declarations[i];
        bool has_zero = each->kind != KODOSIS_ENUM || each->flags || each->extensible;

        for (size_t k = 0; k < each->enumerator_count; k++)
            has_zero = has_zero || !each->enumerators[k].value;
        if (!has_zero)
            kodosis__lint_report(lint, rule, &each->position, "'%s' has no value 0", each->name);
    }
}

const struct kodosis_rule kodosis_rule_enum_without_zero = {
    .name = "enum-without-zero",
    .on = false,
    .wants = "every plain enum has a value 0",
    .reason =
        "A C struct that is set to zero, and a member that was forgotten, is that value; without one the other side "
        "refuses the message. Where that is wanted, because no value is a good default, leave the rule off.",
    .look = look_at_zero,
};
