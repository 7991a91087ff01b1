/*
 * Whether all names of the generated C are different. The checker of the language has seen to the names that people wrote;
 * these are the names that are made of them: "Say" has a "say_reply", which "SayReply" would be as well.
 */
#include "kodosis/compiler/c/check.h"

#include <string.h>

#include "kodosis/compiler/c/calls.h"
#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/shapes.h"
#include "kodosis/compiler/text/name.h"
#include "kodosis/compiler/text/table.h"

struct c_names {
    struct c_emitter emitter; /* for the names alone: it writes nothing */
    struct kodosis_diagnostics *diagnostics;
    struct kodosis_table plain; /* functions, variables, types, constants */
    struct kodosis_table tags;  /* of structs */
};

static void claim(struct c_names *names, struct kodosis_table *table, const char *name,
                  const struct kodosis_position *position)
{
    const struct kodosis_position *other = kodosis_table_add(table, name, (void *)position);

    if (!other || other == position)
        return;
    kodosis_error(names->diagnostics, position, "in the generated C, '%s' would be two things", name);
    kodosis_note(names->diagnostics, other, "the other one is here");
}

/* `base` with each of the suffixes, which end with NULL. */
static void claim_all(struct c_names *names, const char *base, const char *const *suffixes,
                      const struct kodosis_position *position)
{
    for (; *suffixes; suffixes++)
        claim(names, &names->plain, c_format(&names->emitter, "%s%s", base, *suffixes), position);
}

static void claim_enum(struct c_names *names, const struct kodosis_declaration *declaration)
{
    static const char *const suffixes[] = { "", "_name", "_is_valid", "_check", NULL };
    const char *name = c_name(&names->emitter, declaration);
    size_t i;

    claim_all(names, name, suffixes, &declaration->position);
    claim(names, &names->tags, name, &declaration->position);
    for (i = 0; i < declaration->enumerator_count; i++)
        claim(names, &names->plain, c_enumerator(&names->emitter, &declaration->enumerators[i]),
              &declaration->enumerators[i].position);
}

static void claim_record(struct c_names *names, const struct kodosis_declaration *declaration)
{
    static const char *const suffixes[] = { "_size", "_write", "_read", "_equal", "_print", NULL };
    static const char *const view_suffixes[] = { "_view", "_check", NULL };
    static const char *const error_suffixes[] = { "_raise", "_get", NULL };
    const char *name = c_name(&names->emitter, declaration);
    size_t i;

    claim(names, &names->tags, name, &declaration->position);
    claim_all(names, name, suffixes, &declaration->position);
    if (declaration->type->blittable)
        claim_all(names, name, view_suffixes, &declaration->position);
    if (declaration->kind == KODOSIS_ERROR)
        claim_all(names, name, error_suffixes, &declaration->position);
    if (declaration->kind == KODOSIS_UNION)
        for (i = 0; i < declaration->member_count; i++)
            claim(names, &names->plain, c_tag(&names->emitter, declaration, i), &declaration->members[i].position);
}

static void claim_service(struct c_names *names, const struct kodosis_declaration *declaration)
{
    static const char *const suffixes[] = { "_bind",  "_bind_start", "_bind_finish", "_add",
                                            "_serve", "_interface",  "_procedures",  NULL };
    static const char *const stub_suffixes[] = { "", "_start", "_finish" };
    static const char *const procedure_suffixes[] = { "_reply", "_begin", "_end", "_invoke", NULL };
    const char *name = c_service(&names->emitter, declaration);
    size_t i;
    size_t k;

    claim_all(names, name, suffixes, &declaration->position);
    claim(names, &names->tags, c_format(&names->emitter, "%s_proxy", name), &declaration->position);
    claim(names, &names->tags, c_format(&names->emitter, "%s_service", name), &declaration->position);
    for (i = 0; i < declaration->procedure_count; i++) {
        const struct kodosis_procedure *procedure = &declaration->procedures[i];

        for (k = 0; k < sizeof(stub_suffixes) / sizeof(stub_suffixes[0]); k++)
            claim(names, &names->plain, c_stub(&names->emitter, procedure, stub_suffixes[k]), &procedure->position);
        claim_all(names, c_procedure(&names->emitter, procedure), procedure_suffixes, &procedure->position);
    }
}

static void claim_declaration(struct c_names *names, const struct kodosis_declaration *declaration)
{
    switch (declaration->kind) {
    case KODOSIS_CONST:
        claim(names, &names->plain, c_upper(&names->emitter, c_name(&names->emitter, declaration)),
              &declaration->position);
        break;
    case KODOSIS_ENUM:
        claim_enum(names, declaration);
        break;
    case KODOSIS_SERVICE:
        claim_service(names, declaration);
        break;
    default:
        claim_record(names, declaration);
        break;
    }
}

/* The declared type that a list, map or array is named after. */
static const struct kodosis_declaration *namesake(const struct kodosis_type *type)
{
    const struct kodosis_declaration *declaration = type->declaration;

    if (!declaration && type->element)
        declaration = namesake(type->element);
    return declaration || !type->key ? declaration : namesake(type->key);
}

static bool has_struct(const struct kodosis_type *type)
{
    if (type->kind == KODOSIS_TYPE_LIST || type->kind == KODOSIS_TYPE_MAP)
        return true;
    return c_whole_is_wrapped(type);
}

static void claim_composite(struct c_names *names, const struct kodosis_type *type)
{
    const struct kodosis_declaration *declaration = namesake(type);

    if (!declaration || !has_struct(type))
        return;
    claim(names, &names->tags, c_list_name(&names->emitter, type), &declaration->position);
    if (type->kind == KODOSIS_TYPE_MAP)
        claim(names, &names->tags, c_entry_name(&names->emitter, type), &declaration->position);
}

/* The namespaces of the runtime and the library are theirs. */
static void check_namespace(struct c_names *names, const struct kodosis_file *file)
{
    static const char *const reserved[] = { "kodosis", "hprpc" };
    size_t i;

    for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        size_t size = strlen(reserved[i]);

        if (file->requested && strncmp(file->namespace_snake, reserved[i], size) == 0 &&
            (file->namespace_snake[size] == '\0' || file->namespace_snake[size] == '_'))
            kodosis_error(names->diagnostics, &file->namespace_position,
                          "the names of the generated C would be mistaken for the library's: "
                          "no namespace begins with '%s'",
                          reserved[i]);
    }
}

/* A header that the compiler finds in place of one of C, POSIX or C++ would break programs in ways hard to understand. */
static void check_header(struct c_names *names, const struct kodosis_file *file)
{
    static const char *const standard[] = {
        "assert", "complex", "ctype",  "dirent", "errno",   "fcntl",  "fenv",   "float",   "inttypes", "limits",
        "locale", "math",    "memory", "poll",   "pthread", "sched",  "search", "setjmp",  "signal",   "spawn",
        "stdarg", "stdbool", "stddef", "stdint", "stdio",   "stdlib", "string", "strings", "syslog",   "termios",
        "tgmath", "threads", "time",   "uchar",  "unistd",  "utime",  "wchar",  "wctype",  "err",      "semaphore",
    };
    struct kodosis_text header = KODOSIS_TEXT_INIT;
    size_t i;

    kodosis_add_output_name(&header, file->name, "");
    for (i = 0; i < sizeof(standard) / sizeof(standard[0]); i++)
        if (file->requested && strcmp(header.data, standard[i]) == 0)
            kodosis_error(names->diagnostics, &file->namespace_position,
                          "'%s.h' would hide a header of the system; the file needs another name", standard[i]);
    kodosis_text_clear(&header);
}

void c_check(const struct kodosis_model *model, struct kodosis_diagnostics *diagnostics)
{
    struct c_names names = { .emitter = { .model = model }, .diagnostics = diagnostics };
    size_t i;
    size_t k;

    for (i = 0; i < model->file_count; i++) {
        check_namespace(&names, model->files[i]);
        check_header(&names, model->files[i]);
        for (k = 0; k < model->files[i]->declaration_count; k++)
            claim_declaration(&names, model->files[i]->declarations[k]);
    }
    for (i = 0; i < model->type_count; i++)
        claim_composite(&names, model->types[i]);
    kodosis_table_clear(&names.plain);
    kodosis_table_clear(&names.tags);
    kodosis_memory_clear(&names.emitter.memory);
}
