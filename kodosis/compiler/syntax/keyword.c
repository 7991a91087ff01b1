/* SPDX-License-Identifier: MIT */
/* The words of the language, and guesses for unknown ones. */
#include "kodosis/compiler/syntax/keyword.h"

#include <string.h>

const char *const kodosis_declaration_words[] = { "const", "enum", "struct", "union", "error", "service", "type" };

/* In the order of enum kodosis_type_kind. */
static const char *const builtins[] = {
    "bool",   "int8",   "int16",   "int32",   "int64",  "uint8", "uint16",
    "uint32", "uint64", "float32", "float64", "string", "bytes", "fd",
};

static const char *const constructors[] = { "list", "optional", "map", "stream", "void" };

static const char *const others[] = {
    "true",    "false", "namespace", "import",     "const",  "enum",       "struct", "union",      "error", "service",
    "version", "as",    "oneway",    "idempotent", "raises", "extensible", "flags",  "deprecated", "type",
};

enum {
    BUILTINS = sizeof(builtins) / sizeof(*builtins),
    CONSTRUCTORS = sizeof(constructors) / sizeof(*constructors),
    OTHERS = sizeof(others) / sizeof(*others),
    RESERVED_OTHERS = 2, /* true and false */
};

static bool is_in(const char *const *words, size_t count, const char *name, size_t size, size_t *ret_index)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) == size && !memcmp(words[i], name, size)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

bool kodosis_builtin_find(const char *name, size_t size, enum kodosis_type_kind *ret_kind)
{
    size_t index;

    if (!is_in(builtins, BUILTINS, name, size, &index))
        return false;
    *ret_kind = (enum kodosis_type_kind)index;
    return true;
}

const char *kodosis_builtin_name(enum kodosis_type_kind kind)
{
    return builtins[kind];
}

bool kodosis_is_reserved(const char *name, size_t size)
{
    size_t index;

    /* a member is often called "fd", and what stands before it is its type */
    return is_in(builtins, KODOSIS_TYPE_FD, name, size, &index) ||
           is_in(constructors, CONSTRUCTORS, name, size, &index) || is_in(others, RESERVED_OTHERS, name, size, &index);
}

bool kodosis_is_keyword(const char *name, size_t size)
{
    size_t index;

    return kodosis_is_reserved(name, size) || is_in(builtins, BUILTINS, name, size, &index) ||
           is_in(others, OTHERS, name, size, &index);
}

struct habit {
    const char *foreign;
    const char *ours;
};

static void consider_habits(struct kodosis_guess *guess, const struct habit *habits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(habits[i].foreign) == guess->wrong_size &&
            !memcmp(habits[i].foreign, guess->wrong, guess->wrong_size)) {
            guess->best = habits[i].ours;
            guess->distance = 0;
        }
    }
}

void kodosis_guess_consider_brackets(struct kodosis_guess *guess)
{
    static const struct habit habits[] = {
        { "vector", "list" },       { "array", "list" }, { "repeated", "list" },   { "sequence", "list" },
        { "Vec", "list" },          { "set", "list" },   { "Set", "list" },        { "Array", "list" },
        { "seq", "list" },          { "slice", "list" }, { "Option", "optional" }, { "Maybe", "optional" },
        { "nullable", "optional" }, { "dict", "map" },   { "HashMap", "map" },     { "unordered_map", "map" },
    };

    consider_habits(guess, habits, sizeof(habits) / sizeof(*habits));
}

void kodosis_guess_consider_types(struct kodosis_guess *guess)
{
    static const struct habit habits[] = {
        { "int", "int32" },     { "unsigned", "uint32" }, { "long", "int64" },      { "short", "int16" },
        { "char", "int8" },     { "byte", "uint8" },      { "float", "float32" },   { "double", "float64" },
        { "boolean", "bool" },  { "str", "string" },      { "text", "string" },     { "vector", "list" },
        { "repeated", "list" }, { "array", "list" },      { "blob", "bytes" },      { "dict", "map" },
        { "int8_t", "int8" },   { "int16_t", "int16" },   { "int32_t", "int32" },   { "int64_t", "int64" },
        { "uint8_t", "uint8" }, { "uint16_t", "uint16" }, { "uint32_t", "uint32" }, { "uint64_t", "uint64" },
    };

    consider_habits(guess, habits, sizeof(habits) / sizeof(*habits));
    for (size_t i = 0; i < BUILTINS; i++)
        kodosis_guess_consider(guess, builtins[i]);
    for (size_t i = 0; i < CONSTRUCTORS - 2; i++)
        kodosis_guess_consider(guess, constructors[i]);
}
