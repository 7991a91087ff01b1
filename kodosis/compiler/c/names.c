/* SPDX-License-Identifier: MIT */
/* Chooses the names of things in C, and keeps which file owns each. */
#include "kodosis/compiler/c/names.h"

#include <ctype.h>
#include <string.h>

#include "kodosis/compiler/c/words.h"
#include "kodosis/compiler/text/table.h"

/* A name at file scope, and the file that has it. */
struct claim {
    const struct kodosis_file *file;
    const struct kodosis_position *position;
    bool written; /* as a declaration in the interface file, rather than made from one */
};

struct c_names {
    struct kodosis_diagnostics *diagnostics; /* or NULL */
    struct kodosis_table owned;
    struct kodosis_table macros;
    struct kodosis_table statics; /* of the emitter's file */
    const char **schemas;         /* by file index */
    uint64_t *seen;               /* a row of bits for each file: which files it includes, itself among them */
    size_t row;                   /* words of a row */
};

/* ---- Which files see which ---- */

static void see(struct c_names *names, const struct kodosis_file *file)
{
    uint64_t *row = names->seen + file->index * names->row;
    size_t i;
    size_t k;

    row[file->index / 64] |= UINT64_C(1) << file->index % 64;
    for (i = 0; i < file->import_count; i++)
        for (k = 0; k < names->row; k++)
            row[k] |= names->seen[file->imports[i]->index * names->row + k];
}

static bool sees(const struct c_names *names, const struct kodosis_file *file, const struct kodosis_file *other)
{
    return names->seen[file->index * names->row + other->index / 64] >> other->index % 64 & 1;
}

/* ---- Getting out of the way ---- */

static const char *aside(struct c_emitter *emitter, const char *name)
{
    return c_format(emitter, "%s_", name);
}

static bool begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/*
 * Whether generated functions have a parameter or variable of this name. Their other names have no underscore inside,
 * so no name with a namespace in front is equal to one of those.
 */
static bool is_local(const char *name)
{
    return begins(name, "ret_") || strcmp(name, "body_size") == 0;
}

static const char *scoped(struct c_emitter *emitter, const struct kodosis_file *file, const char *name)
{
    name = c_format(emitter, "%s_%s", file->namespace_snake, name);
    return c_is_word(name) || c_is_system_name(name) || is_local(name) ? aside(emitter, name) : name;
}

static const char *upper(struct c_emitter *emitter, const struct kodosis_file *file, const char *name)
{
    char *capitals = (char *)c_format(emitter, "%s_%s", file->namespace_snake, name);
    char *at;

    for (at = capitals; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return c_is_macro(capitals) ? aside(emitter, capitals) : capitals;
}

static const struct claim *owner_of(const struct c_emitter *emitter, const char *name)
{
    return kodosis_table_find(&emitter->names->owned, name);
}

/* Adds underscores to a name that applications do not write until its file owns no other thing of that name. */
static const char *clear_of(struct c_emitter *emitter, const struct kodosis_file *file, const char *name)
{
    const struct claim *claim = owner_of(emitter, name);

    while (claim && claim->file == file) {
        name = aside(emitter, name);
        claim = owner_of(emitter, name);
    }
    return name;
}

/*
 * The name of a thing that is made from a declaration, with an underscore if a declaration of the same file has that
 * name.
 */
static const char *yielding(struct c_emitter *emitter, const struct kodosis_file *file, const char *name)
{
    const struct claim *claim;

    name = scoped(emitter, file, name);
    claim = owner_of(emitter, name);
    return claim && claim->written && claim->file == file ? aside(emitter, name) : name;
}

/* Whether a struct or function of this file cannot have this name inside. */
static bool is_taken(const struct c_emitter *emitter, const struct kodosis_file *file, const char *name)
{
    const struct claim *claim = owner_of(emitter, name);

    return c_is_word(name) || (claim && sees(emitter->names, file, claim->file));
}

static const char *inside(struct c_emitter *emitter, const struct kodosis_file *file, const char *name)
{
    if (begins(name, "kodosis_") || begins(name, "hprpc_"))
        return aside(emitter, name);
    while (is_taken(emitter, file, name))
        name = aside(emitter, name);
    return name;
}

/* ---- File scope ---- */

const char *c_name(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    return scoped(emitter, declaration->file, declaration->snake);
}

const char *c_own(struct c_emitter *emitter, const struct kodosis_declaration *declaration, const char *suffix)
{
    return yielding(emitter, declaration->file, c_format(emitter, "%s%s", declaration->snake, suffix));
}

/*
 * A service's own functions and tables have these words behind its name, so a procedure with such a name gets an
 * underscore.
 */
static const char *const service_words[] = { "add",        "bind",  "bind_finish", "bind_start", "interface",
                                             "procedures", "proxy", "serve",       "service" };

const char *c_procedure(struct c_emitter *emitter, const struct kodosis_procedure *procedure, const char *suffix)
{
    const char *own = c_format(emitter, "%s%s", procedure->snake, suffix);
    const char *tail = "";
    size_t i;

    for (i = 0; i < sizeof(service_words) / sizeof(*service_words); i++)
        if (strcmp(service_words[i], own) == 0)
            tail = "_";
    return yielding(emitter, procedure->service->file,
                    c_format(emitter, "%s_%s%s", procedure->service->snake, own, tail));
}

const char *c_static(struct c_emitter *emitter, const char *name)
{
    while (owner_of(emitter, name) || c_is_word(name))
        name = aside(emitter, name);
    return name;
}

const char *c_procedure_static(struct c_emitter *emitter, const struct kodosis_procedure *procedure, const char *suffix)
{
    const struct kodosis_declaration *service = procedure->service;

    return c_static(emitter, c_format(emitter, "%s_%s_%s%s", service->file->namespace_snake, service->snake,
                                      procedure->snake, suffix));
}

const char *c_base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* A file's base name without ".kod" as part of a name: "connection_tester". */
static const char *file_word(struct c_emitter *emitter, const struct kodosis_file *file)
{
    const char *base = c_base_of(file->name);
    size_t size = strlen(base);
    char *word;
    char *at;

    if (size > 4 && strcmp(base + size - 4, ".kod") == 0)
        size -= 4;
    word = kodosis_memory_copy(&emitter->memory, base, size);
    for (at = word; *at; at++)
        if (!isalnum((unsigned char)*at))
            *at = '_';
    return word;
}

const char *c_schema(struct c_emitter *emitter, const struct kodosis_file *file)
{
    return emitter->names->schemas[file->index];
}

/* ---- Macros and enumerators ---- */

const char *c_constant(struct c_emitter *emitter, const struct kodosis_declaration *constant)
{
    return upper(emitter, constant->file, constant->snake);
}

const char *c_enumerator(struct c_emitter *emitter, const struct kodosis_enumerator *enumerator)
{
    const struct kodosis_declaration *declaration = enumerator->declaration;

    return upper(emitter, declaration->file, c_format(emitter, "%s_%s", declaration->snake, enumerator->snake));
}

const char *c_tag(struct c_emitter *emitter, const struct kodosis_declaration *declaration, size_t index)
{
    return upper(emitter, declaration->file,
                 c_format(emitter, "%s_%s", declaration->snake, declaration->members[index].snake));
}

const char *c_header_guard(struct c_emitter *emitter, const struct kodosis_file *file)
{
    return c_format(emitter, "%s_H_", upper(emitter, file, file_word(emitter, file)));
}

const char *c_guard(struct c_emitter *emitter, const char *name)
{
    char *capitals = (char *)c_format(emitter, "%s_", name);
    char *at;

    for (at = capitals; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return capitals;
}

/* ---- Inside of structs and functions ---- */

const char *c_member(struct c_emitter *emitter, const struct kodosis_declaration *declaration,
                     const struct kodosis_member *member)
{
    return inside(emitter, declaration->file, member->snake);
}

const char *c_handler(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    return inside(emitter, procedure->service->file, procedure->snake);
}

const char *c_parameter(struct c_emitter *emitter, const struct kodosis_procedure *procedure,
                        const struct kodosis_member *parameter, const char *const *taken)
{
    const struct kodosis_file *file = procedure->service->file;
    const char *name = inside(emitter, file, parameter->snake);

    for (; *taken; taken++)
        if (strcmp(*taken, name) == 0)
            name = inside(emitter, file, aside(emitter, name));
    while (kodosis_table_find(&emitter->names->statics, name))
        name = inside(emitter, file, aside(emitter, name));
    return name;
}

/* ---- Words ---- */

const char *c_word(const struct kodosis_type *type)
{
    static const char *const words[] = {
        "bool",   "int8",   "int16",   "int32",   "int64",  "uint8", "uint16",
        "uint32", "uint64", "float32", "float64", "string", "bytes",
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

/* The stem without the namespace of `file`. */
static const char *stem_within(struct c_emitter *emitter, const struct kodosis_type *type,
                               const struct kodosis_file *file)
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
    element = stem_within(emitter, type->element, file);
    switch (type->kind) {
    case KODOSIS_TYPE_ARRAY:
        return c_format(emitter, "%s_%llu", element, (unsigned long long)type->count);
    case KODOSIS_TYPE_OPTIONAL:
        return c_format(emitter, "%s_optional", element);
    case KODOSIS_TYPE_MAP:
        return c_format(emitter, "%s_%s_map", stem_within(emitter, type->key, file), element);
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
        return strcmp(stem_within(emitter, type, file), word) == 0;
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
        { .kind = KODOSIS_TYPE_BYTES },
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
    const struct claim *claim = owner_of(reading->emitter, scoped(reading->emitter, reading->file, word));
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

static bool is_ambiguous(struct c_emitter *emitter, const struct kodosis_type *type, const struct kodosis_file *file,
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

/* ---- Structs of lists and maps, and around arrays ---- */

/*
 * The name of the struct: in the namespace of the file that declares the type's namesake, or in the runtime's. A stem
 * that can be read as another type of that file gets a hash of the type's text behind it, and underscores where the
 * file has another thing of that name.
 */
static const char *composite_name(struct c_emitter *emitter, const struct kodosis_type *type)
{
    const struct kodosis_declaration *namesake = c_namesake(type);
    const struct kodosis_file *file = namesake ? namesake->file : NULL;
    const char *stem = stem_within(emitter, type, file);

    if (!file)
        return c_format(emitter, "kodosis_%s", stem);
    if (is_ambiguous(emitter, type, file, stem))
        stem = c_format(emitter, "%s_%08x", stem, (unsigned)kodosis_hash(type->text, strlen(type->text)));
    return clear_of(emitter, file, scoped(emitter, file, stem));
}

const char *c_list_name(struct c_emitter *emitter, const struct kodosis_type *type)
{
    const char **name = &emitter->composites[type->index];

    if (!*name)
        *name = composite_name(emitter, type);
    return *name;
}

const char *c_entry_name(struct c_emitter *emitter, const struct kodosis_type *map)
{
    const struct kodosis_declaration *namesake = c_namesake(map);
    const char *name = c_format(emitter, "%s_entry", c_list_name(emitter, map));

    return namesake ? clear_of(emitter, namesake->file, name) : name;
}

/* ---- Helpers ---- */

static bool is_free(struct c_emitter *emitter, const char *stem)
{
    static const char *const verbs[] = { "size", "write", "read", "read_new" };
    size_t i;

    for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
        const char *name = c_format(emitter, "%s_%s", verbs[i], stem);

        if (owner_of(emitter, name) || c_is_word(name) || c_is_system_name(name) ||
            kodosis_table_find(&emitter->names->statics, name))
            return false;
    }
    return true;
}

void c_claim_helpers(struct c_emitter *emitter, const struct kodosis_type *type)
{
    static const char *const verbs[] = { "size", "write", "read", "read_new" };
    const struct kodosis_declaration *namesake = c_namesake(type);
    const char *base = stem_within(emitter, type, namesake ? namesake->file : NULL);
    const char *stem;
    unsigned number;
    size_t i;

    if (emitter->stems[type->index])
        return;
    if (namesake)
        base = c_format(emitter, "%s_%s", namesake->file->namespace_snake, base);
    stem = base;
    for (number = 2; !is_free(emitter, stem); number++)
        stem = c_format(emitter, "%s_%u", base, number);
    for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
        kodosis_table_add(&emitter->names->statics, c_format(emitter, "%s_%s", verbs[i], stem), emitter->names);
    emitter->stems[type->index] = stem;
}

const char *c_helper(struct c_emitter *emitter, const char *verb, const struct kodosis_type *type)
{
    return c_format(emitter, "%s_%s", verb, emitter->stems[type->index]);
}

/* ---- Claims ---- */

static void claim(struct c_emitter *emitter, struct kodosis_table *table, const char *name,
                  const struct kodosis_file *file, const struct kodosis_position *position, bool written)
{
    struct kodosis_diagnostics *diagnostics = emitter->names->diagnostics;
    struct claim *mine = kodosis_memory_take(&emitter->memory, sizeof(*mine));
    const struct claim *other;

    *mine = (struct claim){ file, position, written };
    other = kodosis_table_add(table, name, mine);
    if (!other || !diagnostics)
        return;
    kodosis_error(diagnostics, position, "in the generated C, '%s' would be two things", name);
    kodosis_note(diagnostics, other->position, "the other one is here");
}

static void claim_own(struct c_emitter *emitter, const struct kodosis_declaration *declaration, const char *suffix)
{
    claim(emitter, &emitter->names->owned, c_own(emitter, declaration, suffix), declaration->file,
          &declaration->position, false);
}

static void claim_written(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    struct kodosis_table *macros = &emitter->names->macros;
    size_t i;

    if (declaration->kind == KODOSIS_CONST)
        claim(emitter, macros, c_constant(emitter, declaration), declaration->file, &declaration->position, true);
    else if (declaration->kind != KODOSIS_SERVICE)
        claim(emitter, &emitter->names->owned, c_name(emitter, declaration), declaration->file, &declaration->position,
              true);
    for (i = 0; i < declaration->enumerator_count; i++)
        claim(emitter, macros, c_enumerator(emitter, &declaration->enumerators[i]), declaration->file,
              &declaration->enumerators[i].position, true);
    for (i = 0; declaration->kind == KODOSIS_UNION && i < declaration->member_count; i++)
        claim(emitter, macros, c_tag(emitter, declaration, i), declaration->file, &declaration->members[i].position,
              true);
}

static void claim_procedure(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    static const char *const suffixes[] = { "", "_start", "_finish", "_reply" };
    size_t count = procedure->oneway ? 1 : 4;
    size_t i;

    for (i = 0; i < count; i++)
        claim(emitter, &emitter->names->owned, c_procedure(emitter, procedure, suffixes[i]), procedure->service->file,
              &procedure->position, false);
}

static void claim_made(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    static const char *const of_enums[] = { "_name", "_is_valid", "_check", NULL };
    static const char *const of_records[] = { "_size", "_write", "_read", "_equal", "_print", NULL };
    static const char *const of_views[] = { "_view", "_check", NULL };
    static const char *const of_errors[] = { "_raise", "_get", NULL };
    static const char *const of_services[] = { "_bind",  "_bind_start", "_bind_finish", "_add",
                                               "_serve", "_proxy",      "_service",     NULL };
    static const char *const none[] = { NULL };
    const char *const *all = declaration->kind == KODOSIS_CONST     ? none
                             : declaration->kind == KODOSIS_ENUM    ? of_enums
                             : declaration->kind == KODOSIS_SERVICE ? of_services
                                                                    : of_records;
    size_t i;

    for (; *all; all++)
        claim_own(emitter, declaration, *all);
    if (declaration->kind == KODOSIS_ERROR)
        for (all = of_errors; *all; all++)
            claim_own(emitter, declaration, *all);
    if (declaration->type && declaration->type->blittable && declaration->member_count)
        for (all = of_views; *all; all++)
            claim_own(emitter, declaration, *all);
    for (i = 0; i < declaration->procedure_count; i++)
        claim_procedure(emitter, &declaration->procedures[i]);
}

static void claim_schema(struct c_emitter *emitter, const struct kodosis_file *file)
{
    const char *name = scoped(emitter, file, c_format(emitter, "%s_schema", file_word(emitter, file)));

    name = clear_of(emitter, file, name);
    emitter->names->schemas[file->index] = name;
    claim(emitter, &emitter->names->owned, name, file, &file->namespace_position, false);
}

static void claim_file(struct c_emitter *emitter, const struct kodosis_file *file)
{
    size_t i;

    claim(emitter, &emitter->names->macros, c_header_guard(emitter, file), file, &file->namespace_position, false);
    for (i = 0; i < file->declaration_count; i++)
        claim_written(emitter, file->declarations[i]);
    for (i = 0; i < file->declaration_count; i++)
        claim_made(emitter, file->declarations[i]);
    claim_schema(emitter, file);
}

/* ---- What only the source of the emitter's file has ---- */

static void claim_static(struct c_emitter *emitter, const char *name)
{
    kodosis_table_add(&emitter->names->statics, c_static(emitter, name), emitter->names);
}

static void claim_statics(struct c_emitter *emitter, const struct kodosis_declaration *service)
{
    static const char *const suffixes[] = { "_begin", "_end", "_invoke" };
    size_t i;
    size_t k;

    claim_static(emitter, c_own(emitter, service, "_interface"));
    claim_static(emitter, c_own(emitter, service, "_procedures"));
    for (i = 0; i < service->procedure_count; i++)
        for (k = 0; k < sizeof(suffixes) / sizeof(*suffixes); k++)
            claim_static(emitter, c_procedure_static(emitter, &service->procedures[i], suffixes[k]));
}

/* Claims the names that no other name depends on, only to report those that are equal in files that come together. */
static void claim_rest(struct c_emitter *emitter)
{
    const struct kodosis_model *model = emitter->model;
    size_t i;

    for (i = 0; i < model->type_count; i++) {
        const struct kodosis_type *type = model->types[i];
        const struct kodosis_declaration *namesake = c_namesake(type);
        const char *name;

        if (!c_has_struct(type) || !namesake)
            continue;
        name = c_list_name(emitter, type);
        claim(emitter, &emitter->names->owned, name, namesake->file, &namesake->position, false);
        claim(emitter, &emitter->names->macros, c_guard(emitter, name), namesake->file, &namesake->position, false);
        if (type->kind == KODOSIS_TYPE_MAP)
            claim(emitter, &emitter->names->owned, c_entry_name(emitter, type), namesake->file, &namesake->position,
                  false);
    }
}

void c_names_open(struct c_emitter *emitter, struct kodosis_diagnostics *diagnostics)
{
    const struct kodosis_model *model = emitter->model;
    struct c_names *names = kodosis_memory_take(&emitter->memory, sizeof(*names));
    size_t i;

    emitter->names = names;
    names->diagnostics = diagnostics;
    names->row = (model->file_count + 63) / 64;
    names->seen = kodosis_memory_take_array(&emitter->memory, names->row * model->file_count, sizeof(*names->seen));
    names->schemas = kodosis_memory_take_array(&emitter->memory, model->file_count, sizeof(char *));
    emitter->composites = kodosis_memory_take_array(&emitter->memory, model->type_count + 1, sizeof(char *));
    emitter->stems = kodosis_memory_take_array(&emitter->memory, model->type_count + 1, sizeof(char *));
    for (i = 0; i < model->file_count; i++)
        see(names, model->files[i]);
    for (i = 0; i < model->file_count; i++)
        if (!emitter->file || sees(names, emitter->file, model->files[i]))
            claim_file(emitter, model->files[i]);
    for (i = 0; emitter->file && i < emitter->file->declaration_count; i++)
        if (emitter->file->declarations[i]->kind == KODOSIS_SERVICE)
            claim_statics(emitter, emitter->file->declarations[i]);
    if (diagnostics)
        claim_rest(emitter);
}

void c_names_close(struct c_emitter *emitter)
{
    kodosis_table_clear(&emitter->names->owned);
    kodosis_table_clear(&emitter->names->macros);
    kodosis_table_clear(&emitter->names->statics);
}
