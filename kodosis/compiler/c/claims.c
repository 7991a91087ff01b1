/* SPDX-License-Identifier: MIT */
/* Claims all names of the files that come together in one program of C. */
#include "kodosis/compiler/c/claims.h"

#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/scope.h"
#include "kodosis/compiler/c/stems.h"

static void claim(struct c_emitter *emitter, struct kodosis_table *table, const char *name,
                  const struct kodosis_file *file, const struct kodosis_position *position, bool written)
{
    struct kodosis_diagnostics *diagnostics = emitter->names->diagnostics;
    struct c_claim *mine = kodosis_memory_take(&emitter->memory, sizeof(*mine));
    const struct c_claim *other;

    *mine = (struct c_claim){ file, position, written };
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
    static const char *const of_oneway[] = { "", NULL };
    static const char *const of_calls[] = { "", "_start", "_finish", "_reply", NULL };
    static const char *const of_streams[] = { "_start", "_finish", "_reply", "_send", "_next", NULL };
    static const char *const of_both[] = { "_start", "_finish",       "_reply",        "_send",
                                           "_next",  "_request_send", "_request_next", NULL };
    const char *const *suffix = procedure->oneway                                 ? of_oneway
                                : procedure->streams_in && procedure->streams_out ? of_both
                                : kodosis_is_streamed(procedure)                  ? of_streams
                                                                                  : of_calls;

    for (; *suffix; suffix++)
        claim(emitter, &emitter->names->owned, c_procedure(emitter, procedure, *suffix), procedure->service->file,
              &procedure->position, false);
}

static void claim_made(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    static const char *const of_enums[] = { "_name", "_is_valid", "_check", NULL };
    static const char *const of_records[] = { "_size", "_write", "_read", "_equal", "_print", NULL };
    static const char *const of_views[] = { "_view", "_check", NULL };
    static const char *const of_errors[] = { "_raise", "_get", NULL };
    static const char *const of_services[] = { "_bind",  "_bind_start", "_bind_finish", "_add", "_serve",
                                               "_offer", "_proxy",      "_service",     NULL };
    static const char *const none[] = { NULL };
    const char *const *all = declaration->kind == KODOSIS_CONST     ? none
                             : declaration->kind == KODOSIS_ALIAS   ? none
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
    const char *name = c_scoped(emitter, file, c_format(emitter, "%s_schema", c_file_word(emitter, file)));

    name = c_clear_of(emitter, file, name);
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
    static const char *const suffixes[] = { "_begin", "_end", "_invoke", "_shape" };
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

void c_claims_open(struct c_emitter *emitter, struct kodosis_diagnostics *diagnostics)
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
        c_see(names, model->files[i]);
    for (i = 0; i < model->file_count; i++)
        if (!emitter->file || c_sees(names, emitter->file, model->files[i]))
            claim_file(emitter, model->files[i]);
    for (i = 0; emitter->file && i < emitter->file->declaration_count; i++)
        if (emitter->file->declarations[i]->kind == KODOSIS_SERVICE)
            claim_statics(emitter, emitter->file->declarations[i]);
    if (diagnostics)
        claim_rest(emitter);
}

void c_claims_close(struct c_emitter *emitter)
{
    kodosis_table_clear(&emitter->names->owned);
    kodosis_table_clear(&emitter->names->macros);
    kodosis_table_clear(&emitter->names->statics);
}
