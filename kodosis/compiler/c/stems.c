/* SPDX-License-Identifier: MIT */
/* Words for types, which names are made of. */
#include "kodosis/compiler/c/stems.h"

#include <string.h>

#include "kodosis/compiler/c/scope.h"

const char *c_word(const struct kodosis_type *type)
{
    static const char *const words[] = {
        "bool",   "int8",   "int16",   "int32",   "int64",  "uint8", "uint16",
        "uint32", "uint64", "float32", "float64", "string", "bytes", "fd",
    };

    return words[type->kind == KODOSIS_TYPE_ENUM ? type->element->kind : type->kind];
}

const struct kodosis_declaration *c_namesake(const struct kodosis_type *type)
{
    const struct kodosis_declaration *declaration = type->declaration;

    if (!declaration && type->element)
        declaration = c_namesake(type->element);
    return declaration || !type->key ? declaration : c_namesake(type->key);
}

bool c_has_struct(const struct kodosis_type *type)
{
    if (type->kind == KODOSIS_TYPE_LIST || type->kind == KODOSIS_TYPE_MAP)
        return true;
    if (type->kind != KODOSIS_TYPE_ARRAY)
        return false;
    while (type->kind == KODOSIS_TYPE_ARRAY)
        type = type->element;
    return type->kind == KODOSIS_TYPE_STRUCT || type->kind == KODOSIS_TYPE_UNION;
}

/* ---- Stems: words for any type, "shape_list", "string_int64_map" ---- */

const char *c_stem(struct c_emitter *emitter, const struct kodosis_type *type, const struct kodosis_file *file)
{
    const char *element;

    if (type->declaration) {
        if (file && strcmp(type->declaration->file->namespace_name, file->namespace_name) == 0)
            return type->declaration->snake;
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): each declaration has a file */
        return c_format(emitter, "%s_%s", type->declaration->file->namespace_snake, type->declaration->snake);
    }
    if (!type->element)
        return c_word(type);
    element = c_stem(emitter, type->element, file);
    switch (type->kind) {
    case KODOSIS_TYPE_ARRAY:
        return c_format(emitter, "%s_%llu", element, (unsigned long long)type->count);
    case KODOSIS_TYPE_OPTIONAL:
        return c_format(emitter, "%s_optional", element);
    case KODOSIS_TYPE_MAP:
        return c_format(emitter, "%s_%s_map", c_stem(emitter, type->key, file), element);
    default:
        return c_format(emitter, "%s_list", element);
    }
}

/* ---- Whether a stem could be read as another type ---- */

enum { WORDS_MAX = 96 };

struct reading {
    struct c_emitter *emitter;
    const struct kodosis_type *type;
    const struct kodosis_file *file;
    const char *words[WORDS_MAX + 1]; /* where each word begins; behind the last one: its end plus one */
    size_t count;
    uint8_t *ways; /* of words [from, to), at from * (count + 1) + to: 1 + what ways() returns, or 0 if not known yet */
};

static bool has_leaf(struct c_emitter *emitter, const struct kodosis_type *type, const struct kodosis_file *file,
                     const char *word)
{
    if (type->declaration)
        return strcmp(c_stem(emitter, type, file), word) == 0;
    return (type->element && has_leaf(emitter, type->element, file, word)) ||
           (type->key && has_leaf(emitter, type->key, file, word));
}

static bool is_builtin(const char *word)
{
    static const struct kodosis_type types[] = {
        { .kind = KODOSIS_TYPE_BOOL },    { .kind = KODOSIS_TYPE_INT8 },    { .kind = KODOSIS_TYPE_INT16 },
        { .kind = KODOSIS_TYPE_INT32 },   { .kind = KODOSIS_TYPE_INT64 },   { .kind = KODOSIS_TYPE_UINT8 },
        { .kind = KODOSIS_TYPE_UINT16 },  { .kind = KODOSIS_TYPE_UINT32 },  { .kind = KODOSIS_TYPE_UINT64 },
        { .kind = KODOSIS_TYPE_FLOAT32 }, { .kind = KODOSIS_TYPE_FLOAT64 }, { .kind = KODOSIS_TYPE_STRING },
        { .kind = KODOSIS_TYPE_BYTES },   { .kind = KODOSIS_TYPE_FD },
    };
    size_t i;

    for (i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (strcmp(c_word(&types[i]), word) == 0)
            return true;
    return false;
}

/*
 * As how many types without parts the words can be read, 2 at most: as a builtin, and as a declared type, of the file
 * or inside the type itself.
 */
static unsigned leaves(struct reading *reading, size_t from, size_t to)
{
    size_t size = (size_t)(reading->words[to] - reading->words[from]) - 1;
    const char *word = kodosis_memory_copy(&reading->emitter->memory, reading->words[from], size);
    const struct c_claim *claim = c_owner_of(reading->emitter, c_scoped(reading->emitter, reading->file, word));
    bool declared = claim && claim->written && claim->file == reading->file;

    unsigned count = 0;

    if (is_builtin(word))
        count++;
    if (declared || has_leaf(reading->emitter, reading->type, reading->file, word))
        count++;
    return count;
}

static bool is_number(const struct reading *reading, size_t word)
{
    const char *at;

    for (at = reading->words[word]; at + 1 < reading->words[word + 1]; at++)
        if (*at < '0' || *at > '9')
            return false;
    return true;
}

static bool is_word(const struct reading *reading, size_t word, const char *text)
{
    size_t size = (size_t)(reading->words[word + 1] - reading->words[word]) - 1;

    return strlen(text) == size && memcmp(reading->words[word], text, size) == 0;
}

static unsigned ways(struct reading *reading, size_t from, size_t to);

static unsigned map_ways(struct reading *reading, size_t from, size_t to)
{
    unsigned count = 0;
    size_t split;

    for (split = from + 1; split < to && count < 2; split++) {
        unsigned keys = leaves(reading, from, split);

        if (keys)
            count += keys * ways(reading, split, to);
    }
    return count;
}

/*
 * In how many ways the words from `from` on and before `to` can be read as a type; 2 stands for more. WORDS_MAX bounds
 * the recursion.
 */
static unsigned ways(struct reading *reading, size_t from, size_t to)
{
    uint8_t *known = &reading->ways[from * (reading->count + 1) + to];
    unsigned count;

    if (*known)
        return *known - 1u;
    count = leaves(reading, from, to);
    if (to - from > 1 &&
        (is_word(reading, to - 1, "list") || is_word(reading, to - 1, "optional") || is_number(reading, to - 1)))
        count += ways(reading, from, to - 1);
    if (to - from > 2 && is_word(reading, to - 1, "map"))
        count += map_ways(reading, from, to - 1);
    count = count > 2 ? 2 : count;
    *known = (uint8_t)(count + 1);
    return count;
}

bool c_is_ambiguous(struct c_emitter *emitter, const struct kodosis_type *type, const struct kodosis_file *file,
                    const char *stem)
{
    struct reading reading = { .emitter = emitter, .type = type, .file = file };
    const char *at = stem;

    for (; at && reading.count < WORDS_MAX; at = strchr(at, '_') ? strchr(at, '_') + 1 : NULL)
        reading.words[reading.count++] = at;
    if (at)
        return true;
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): no stem is NULL */
    reading.words[reading.count] = stem + strlen(stem) + 1;
    reading.ways = kodosis_memory_take_array(&emitter->memory, reading.count, reading.count + 1);
    return ways(&reading, 0, reading.count) != 1;
}
