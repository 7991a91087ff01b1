#include "kodosis/compiler/keyword.h"

#include <ctype.h>
#include <string.h>

#include "kodosis/compiler/limits.h"

/* In the order of enum kodosis_type_kind. */
static const char *const builtins[] = {
    "bool",   "int8",   "int16",   "int32",   "int64",  "uint8", "uint16",
    "uint32", "uint64", "float32", "float64", "string", "bytes",
};

static const char *const constructors[] = { "list", "optional", "map", "stream", "void" };

static const char *const others[] = {
    "true",  "false",   "namespace", "import", "const",  "enum",       "struct", "union",
    "error", "service", "version",   "as",     "oneway", "idempotent", "raises",
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

    return is_in(builtins, BUILTINS, name, size, &index) || is_in(constructors, CONSTRUCTORS, name, size, &index) ||
           is_in(others, RESERVED_OTHERS, name, size, &index);
}

bool kodosis_is_keyword(const char *name, size_t size)
{
    size_t index;

    return kodosis_is_reserved(name, size) || is_in(others, OTHERS, name, size, &index);
}

/* ---- Guessing ---- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Damerau-Levenshtein distance (adjacent swaps count one), case ignored. Both words are within the limit for names. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][KODOSIS_LIMIT_NAME + 1];
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];

    for (size_t j = 0; j <= b_size; j++)
        above[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *spare = before;

        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t change = above[j - 1] + !same_letter(a[i - 1], b[j - 1]);

            row[j] = smaller(change, smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]))
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
        before = above;
        above = row;
        row = spare;
    }
    return above[b_size];
}

struct kodosis_guess kodosis_guess_begin(const char *wrong, size_t size)
{
    /* a third of the letters may be wrong, but a word of two or three has no second chance beyond one */
    return (struct kodosis_guess){ .wrong = wrong, .wrong_size = size, .distance = (size + 2) / 3 + 1 };
}

void kodosis_guess_consider(struct kodosis_guess *guess, const char *candidate)
{
    size_t size = strlen(candidate);
    size_t difference = size > guess->wrong_size ? size - guess->wrong_size : guess->wrong_size - size;
    size_t found;

    if (size > KODOSIS_LIMIT_NAME || guess->wrong_size > KODOSIS_LIMIT_NAME || difference >= guess->distance)
        return;
    found = distance(guess->wrong, guess->wrong_size, candidate, size);
    if (found < guess->distance) {
        guess->best = candidate;
        guess->distance = found;
    }
}

void kodosis_guess_consider_types(struct kodosis_guess *guess)
{
    static const struct {
        const char *foreign;
        const char *ours;
    } habits[] = {
        { "int", "int32" },     { "unsigned", "uint32" }, { "long", "int64" },      { "short", "int16" },
        { "char", "int8" },     { "byte", "uint8" },      { "float", "float32" },   { "double", "float64" },
        { "boolean", "bool" },  { "str", "string" },      { "text", "string" },     { "vector", "list" },
        { "repeated", "list" }, { "array", "list" },      { "blob", "bytes" },      { "dict", "map" },
        { "int8_t", "int8" },   { "int16_t", "int16" },   { "int32_t", "int32" },   { "int64_t", "int64" },
        { "uint8_t", "uint8" }, { "uint16_t", "uint16" }, { "uint32_t", "uint32" }, { "uint64_t", "uint64" },
    };

    for (size_t i = 0; i < sizeof(habits) / sizeof(*habits); i++) {
        if (strlen(habits[i].foreign) == guess->wrong_size &&
            !memcmp(habits[i].foreign, guess->wrong, guess->wrong_size)) {
            guess->best = habits[i].ours;
            guess->distance = 0;
        }
    }
    for (size_t i = 0; i < BUILTINS; i++)
        kodosis_guess_consider(guess, builtins[i]);
    for (size_t i = 0; i < CONSTRUCTORS - 2; i++)
        kodosis_guess_consider(guess, constructors[i]);
}
