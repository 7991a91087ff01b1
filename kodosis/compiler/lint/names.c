/* SPDX-License-Identifier: MIT */
/* Rules about names. One spelling for each kind of name lets a reader see what a name means, in all files. */
#include "kodosis/compiler/lint/names.h"

#include <ctype.h>
#include <string.h>

#include "kodosis/compiler/lint/lint.h"
#include "kodosis/compiler/syntax/keyword.h"

/* ---- Spellings ---- */

/* "OrderBook": begins with a capital, has a small letter if it is longer than an abbreviation, and no underscore. */
static bool is_camel_case(const char *name)
{
    return isupper((unsigned char)*name) && !strchr(name, '_');
}

static bool is_lower_case(const char *name)
{
    for (; *name; name++)
        if (isupper((unsigned char)*name))
            return false;
    return true;
}

static bool is_upper_case(const char *name)
{
    for (; *name; name++)
        if (islower((unsigned char)*name))
            return false;
    return true;
}

/* ---- Declarations ---- */

static void look_at_types(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *each = file->declarations[i];

        if (each->kind != KODOSIS_CONST && !is_camel_case(each->alias ? each->alias : each->name))
            kodosis__lint_report(lint, rule, &each->position, "the %s '%s' is not spelt like OrderBook",
                                 kodosis_declaration_words[each->kind], each->alias ? each->alias : each->name);
    }
}

const struct kodosis_rule kodosis_rule_type_name = {
    .name = "type-name",
    .on = true,
    .wants = "types, errors and services are spelt OrderBook",
    .reason = "Members and parameters begin with a small letter, so a reader tells a type from a name without knowing "
              "either. In C both become snake case: `OrderBook` and `order_book` would meet.",
    .look = look_at_types,
};

static void look_at_constants(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                              const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *each = file->declarations[i];

        if (each->kind == KODOSIS_CONST && !is_upper_case(each->name))
            kodosis__lint_report(lint, rule, &each->position, "the constant '%s' is not spelt like MAX_NAMES",
                                 each->name);
    }
}

const struct kodosis_rule kodosis_rule_constant_name = {
    .name = "constant-name",
    .on = true,
    .wants = "constants are spelt MAX_NAMES",
    .reason =
        "That is what they are called in C, so one search finds all uses. In the size of an array or a default it "
        "tells a constant from a value of an enum.",
    .look = look_at_constants,
};

/* ---- What is in them ---- */

static void look_at_list(struct kodosis_lint *lint, const struct kodosis_rule *rule, const char *what,
                         const struct kodosis_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_lower_case(members[i].name))
            kodosis__lint_report(lint, rule, &members[i].position, "the %s '%s' is not spelt like unit_price", what,
                                 members[i].name);
}

static void look_at_members(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *each = file->declarations[i];

        look_at_list(lint, rule, "member", each->members, each->member_count);
        for (size_t k = 0; k < each->procedure_count; k++)
            look_at_list(lint, rule, "parameter", each->procedures[k].parameters, each->procedures[k].parameter_count);
    }
}

const struct kodosis_rule kodosis_rule_member_name = {
    .name = "member-name",
    .on = true,
    .wants = "members and parameters are spelt unit_price",
    .reason =
        "That is what they are called in C: `unitPrice` becomes `unit_price` there, and a search for the one does "
        "not find the other.",
    .look = look_at_members,
};

static void look_at_values(struct kodosis_lint *lint, const struct kodosis_rule *rule, const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++)
        for (size_t k = 0; k < file->declarations[i]->enumerator_count; k++) {
            const struct kodosis_enumerator *each = &file->declarations[i]->enumerators[k];

            if (!is_camel_case(each->name))
                kodosis__lint_report(lint, rule, &each->position, "the value '%s' is not spelt like DarkRed",
                                     each->name);
        }
}

const struct kodosis_rule kodosis_rule_value_name = {
    .name = "value-name",
    .on = true,
    .wants = "values of enums are spelt DarkRed",
    .reason = "It tells `= DarkRed`, a value of the member's enum, from `= MAX_NAMES`, a constant. In C they are "
              "DARK_RED behind the name of their enum.",
    .look = look_at_values,
};

static void look_at_procedures(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                               const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++)
        for (size_t k = 0; k < file->declarations[i]->procedure_count; k++) {
            const struct kodosis_procedure *each = &file->declarations[i]->procedures[k];

            if (!is_camel_case(each->name))
                kodosis__lint_report(lint, rule, &each->position, "the procedure '%s' is not spelt like PlaceOrder",
                                     each->name);
        }
}

const struct kodosis_rule kodosis_rule_procedure_name = {
    .name = "procedure-name",
    .on = true,
    .wants = "procedures are spelt PlaceOrder",
    .reason =
        "A procedure is found by this name when a client binds, letter by letter: with one spelling everywhere it "
        "need not be looked up.",
    .look = look_at_procedures,
};

/* ---- Files ---- */

static void look_at_namespace(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                              const struct kodosis_file *file)
{
    if (!is_lower_case(file->namespace_name))
        kodosis__lint_report(lint, rule, &file->namespace_position, "the namespace '%s' has capitals",
                             file->namespace_name);
}

const struct kodosis_rule kodosis_rule_namespace_name = {
    .name = "namespace-name",
    .on = true,
    .wants = "namespaces are spelt acme.sensors, without capitals",
    .reason = "It tells the namespace from the type in `acme.sensors.Reading`, also where there are several parts.",
    .look = look_at_namespace,
};

static void look_at_file_name(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                              const struct kodosis_file *file)
{
    const char *slash = strrchr(file->path, '/');
    const char *name = slash ? slash + 1 : file->path;

    for (const char *byte = name; *byte; byte++)
        if (!islower((unsigned char)*byte) && !isdigit((unsigned char)*byte) && !strchr("-_.", *byte)) {
            kodosis__lint_report(lint, rule, &file->namespace_position,
                                 "the name of the file, '%s', has more than small letters, digits, '-' and '_'", name);
            return;
        }
}

const struct kodosis_rule kodosis_rule_file_name = {
    .name = "file-name",
    .on = true,
    .wants = "files are spelt order-book.kod, without capitals or blanks",
    .reason = "Headers are called like their files, and are included by that name: on a file system that does not tell "
              "capitals from small letters it may work, and elsewhere not.",
    .look = look_at_file_name,
};

/* ---- What names say twice ---- */

/* Whether a name begins with another one that a word ends in: "ColorRed" and "Color", but not "Colorful". */
static bool begins_with(const char *name, const char *other)
{
    size_t size = strlen(other);

    return !strncmp(name, other, size) && (name[size] == '_' || isupper((unsigned char)name[size]));
}

static void look_at_repeated(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                             const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *holder = file->declarations[i];

        for (size_t k = 0; k < holder->enumerator_count; k++)
            if (begins_with(holder->enumerators[k].name, holder->name))
                kodosis__lint_report(lint, rule, &holder->enumerators[k].position,
                                     "the value '%s' repeats the name of its enum", holder->enumerators[k].name);
        for (size_t k = 0; k < holder->procedure_count; k++)
            if (begins_with(holder->procedures[k].name, holder->name))
                kodosis__lint_report(lint, rule, &holder->procedures[k].position,
                                     "the procedure '%s' repeats the name of its service", holder->procedures[k].name);
    }
}

const struct kodosis_rule kodosis_rule_repeated_name = {
    .name = "repeated-name",
    .on = true,
    .wants = "values and procedures do not repeat the name of their enum or service",
    .reason = "In C that name is in front already: `enum Color { ColorRed }` would be PAPER_COLOR_COLOR_RED.",
    .look = look_at_repeated,
};

/* Whether a name ends in a version: "PaperV2". */
static bool ends_in_version(const char *name)
{
    size_t size = strlen(name);
    size_t digits = 0;

    while (digits < size && isdigit((unsigned char)name[size - 1 - digits]))
        digits++;
    return digits && digits + 1 < size && name[size - 1 - digits] == 'V';
}

static void look_at_versions(struct kodosis_lint *lint, const struct kodosis_rule *rule,
                             const struct kodosis_file *file)
{
    for (size_t i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *each = file->declarations[i];

        if (each->kind == KODOSIS_SERVICE && ends_in_version(each->name))
            kodosis__lint_report(lint, rule, &each->position,
                                 "the version of the service is in its name '%s'; write 'version' behind it",
                                 each->name);
    }
}

const struct kodosis_rule kodosis_rule_version_in_name = {
    .name = "version-in-name",
    .on = true,
    .wants = "the version of a service stands behind its name: service Paper version 2",
    .reason = "A client that asks for version 2 where there is version 1 learns that; one that asks for PaperV2 learns "
              "that there is no such service. `as` gives two versions of one service two names in C.",
    .look = look_at_versions,
};
