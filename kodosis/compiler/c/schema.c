/* SPDX-License-Identifier: MIT */
/*
 * The description of the file at run time, and what is built on it: comparison and printing. It holds every type that the
 * file's declarations use, also those of imported files, so that it can be read on its own.
 */

#include "kodosis/compiler/c/schema.h"

#include <inttypes.h>
#include <string.h>

#include "kodosis/compiler/c/codec.h"
#include "kodosis/compiler/c/literals.h"
#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/shapes.h"

/* ---- Which types, and under which index ---- */

static void add_type(struct c_emitter *emitter, const struct kodosis_type *type)
{
    if (emitter->schema_index[type->index])
        return;
    emitter->schema_types[emitter->schema_count++] = type;
    emitter->schema_index[type->index] = emitter->schema_count;
}

static void add_parts(struct c_emitter *emitter, const struct kodosis_type *type)
{
    size_t i;

    if (type->element && type->kind != KODOSIS_TYPE_ENUM)
        add_type(emitter, type->element);
    if (type->key)
        add_type(emitter, type->key);
    if (c_is_record(type))
        for (i = 0; i < type->declaration->member_count; i++)
            add_type(emitter, type->declaration->members[i].type);
}

static void add_procedure(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    size_t i;

    for (i = 0; i < procedure->parameter_count; i++)
        add_type(emitter, procedure->parameters[i].type);
    if (procedure->result)
        add_type(emitter, procedure->result);
    for (i = 0; i < procedure->raise_count; i++)
        add_type(emitter, procedure->raises[i]->type);
}

/*
 * Collects the types of the table: declared ones in the order of the file, those of procedures, then the parts of all
 * these.
 */
static void collect(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    size_t count = emitter->model->type_count;
    size_t i;
    size_t k;

    emitter->schema_types = kodosis_memory_take_array(&emitter->memory, count + 1, sizeof(*emitter->schema_types));
    emitter->schema_index = kodosis_memory_take_array(&emitter->memory, count + 1, sizeof(*emitter->schema_index));
    for (i = 0; i < file->declaration_count; i++)
        if (file->declarations[i]->type && file->declarations[i]->type->declaration == file->declarations[i])
            add_type(emitter, file->declarations[i]->type);
    for (i = 0; i < file->declaration_count; i++)
        for (k = 0; k < file->declarations[i]->procedure_count; k++)
            add_procedure(emitter, &file->declarations[i]->procedures[k]);
    for (i = 0; i < emitter->schema_count; i++)
        add_parts(emitter, emitter->schema_types[i]);
}

static uint32_t index_of(struct c_emitter *emitter, const struct kodosis_type *type)
{
    return type ? emitter->schema_index[type->index] - 1 : 0;
}

static const char *schema_name(struct c_emitter *emitter)
{
    return c_schema(emitter, emitter->file);
}

static const char *table_name(struct c_emitter *emitter, const char *table)
{
    return c_static(emitter, c_format(emitter, "%s_%s", schema_name(emitter), table));
}

/* ---- Tables ---- */

/* Emits a text as an array of its bytes, in front of the tables, and returns the array's name. */
static const char *add_long_text(struct c_emitter *emitter, const char *text)
{
    const char *name = table_name(emitter, c_format(emitter, "text_%u", ++emitter->long_texts));
    struct kodosis_text *tables = emitter->text;

    emitter->text = &emitter->texts;
    c_emit_long_text(emitter, name, text);
    emitter->text = tables;
    return name;
}

/* Emits the initialiser of a description's `doc`. */
static void add_doc(struct c_emitter *emitter, const char *doc)
{
    if (!doc)
        kodosis_text_add(emitter->text, "NULL");
    else if (strlen(doc) > C_LITERAL_MAX)
        kodosis_text_add(emitter->text, "%s", add_long_text(emitter, doc));
    else
        kodosis_text_add_quoted(emitter->text, doc, strlen(doc));
}

static void open_table(struct c_emitter *emitter, const char *type, const char *name)
{
    c_line(emitter, "static const %s %s[] = {", type, table_name(emitter, name));
    kodosis_text_indent(emitter->text);
}

static void close_table(struct c_emitter *emitter)
{
    kodosis_text_outdent(emitter->text);
    c_line(emitter, "};");
    c_gap(emitter);
}

/* Emits a member's default as it is in memory, in front of the tables, and returns a pointer to it, or NULL. */
static const char *add_initial(struct c_emitter *emitter, const struct kodosis_member *member)
{
    const struct kodosis_value *initial = member->initial;
    struct kodosis_text *tables = emitter->text;
    const char *name;

    if (!initial)
        return "NULL";
    name = table_name(emitter, c_format(emitter, "initial_%u", ++emitter->initials));
    emitter->text = &emitter->texts;
    if (initial->type->kind == KODOSIS_TYPE_STRING)
        c_line(emitter, "static const struct kodosis_string %s = { %s, %zu };", name, c_literal(emitter, initial),
               initial->text_size);
    else
        c_line(emitter, "static const %s = %s;", c_declare(emitter, member->type, name, false),
               c_literal(emitter, initial));
    c_gap(emitter);
    emitter->text = tables;
    return c_format(emitter, "&%s", name);
}

/* Emits members with their offsets in the struct `record`; members of a union and parameters have none. */
static void emit_members(struct c_emitter *emitter, const struct kodosis_member *members, size_t count,
                         const struct kodosis_declaration *record)
{
    size_t i;

    for (i = 0; i < count; i++) {
        kodosis_text_add(emitter->text, "{ \"%s\", ", members[i].name);
        add_doc(emitter, members[i].doc);
        kodosis_text_add(emitter->text, ", %" PRIu32 ", ", index_of(emitter, members[i].type));
        if (record)
            c_line(emitter, "offsetof(struct %s, %s), %s },", c_name(emitter, record),
                   c_member(emitter, record, &members[i]), add_initial(emitter, &members[i]));
        else
            c_line(emitter, "0, NULL },");
    }
}

static bool has_members(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    size_t i;
    size_t k;

    for (i = 0; i < emitter->schema_count; i++)
        if (c_is_record(emitter->schema_types[i]) && emitter->schema_types[i]->declaration->member_count)
            return true;
    for (i = 0; i < file->declaration_count; i++)
        for (k = 0; k < file->declarations[i]->procedure_count; k++)
            if (file->declarations[i]->procedures[k].parameter_count)
                return true;
    return false;
}

static void emit_member_table(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    size_t i;
    size_t k;

    if (!has_members(emitter))
        return;
    open_table(emitter, "struct kodosis_member_description", "members");
    for (i = 0; i < emitter->schema_count; i++) {
        const struct kodosis_declaration *declaration = emitter->schema_types[i]->declaration;

        if (c_is_record(emitter->schema_types[i]))
            emit_members(emitter, declaration->members, declaration->member_count,
                         declaration->kind == KODOSIS_UNION ? NULL : declaration);
    }
    for (i = 0; i < file->declaration_count; i++)
        for (k = 0; k < file->declarations[i]->procedure_count; k++)
            emit_members(emitter, file->declarations[i]->procedures[k].parameters,
                         file->declarations[i]->procedures[k].parameter_count, NULL);
    close_table(emitter);
}

/* The value as C writes it; INT64_MIN has no literal. */
static const char *bits_of(struct c_emitter *emitter, int64_t value)
{
    return value == INT64_MIN ? "INT64_MIN" : c_format(emitter, "INT64_C(%" PRId64 ")", value);
}

static bool emit_enumerator_table(struct c_emitter *emitter)
{
    bool any = false;
    size_t i;
    size_t k;

    for (i = 0; i < emitter->schema_count; i++) {
        const struct kodosis_declaration *declaration = emitter->schema_types[i]->declaration;

        if (emitter->schema_types[i]->kind != KODOSIS_TYPE_ENUM)
            continue;
        if (!any)
            open_table(emitter, "struct kodosis_enumerator_description", "enumerators");
        any = true;
        for (k = 0; k < declaration->enumerator_count; k++) {
            kodosis_text_add(emitter->text, "{ \"%s\", ", declaration->enumerators[k].name);
            add_doc(emitter, declaration->enumerators[k].doc);
            c_line(emitter, ", %s },", bits_of(emitter, declaration->enumerators[k].value));
        }
    }
    if (any)
        close_table(emitter);
    return any;
}

static const char *flags_of(struct c_emitter *emitter, const struct kodosis_type *type)
{
    const struct kodosis_declaration *declaration = type->declaration;
    const char *flags = "";

    if (type->blittable)
        flags = type->checked ? " | KODOSIS_BLITTABLE | KODOSIS_CHECKED" : " | KODOSIS_BLITTABLE";
    else if (type->recursive && c_is_record(type))
        flags = " | KODOSIS_RECURSIVE";
    if (declaration && declaration->extensible)
        flags = c_format(emitter, "%s | KODOSIS_EXTENSIBLE", flags);
    if (declaration && declaration->flags)
        flags = c_format(emitter, "%s | KODOSIS_FLAGS", flags);
    return *flags ? flags + 3 : "0";
}

static const char *kind_of(const struct kodosis_type *type)
{
    static const char *const kinds[] = {
        "KODOSIS_BOOL",   "KODOSIS_INT8",   "KODOSIS_INT16",    "KODOSIS_INT32",   "KODOSIS_INT64",   "KODOSIS_UINT8",
        "KODOSIS_UINT16", "KODOSIS_UINT32", "KODOSIS_UINT64",   "KODOSIS_FLOAT32", "KODOSIS_FLOAT64", "KODOSIS_STRING",
        "KODOSIS_BYTES",  "KODOSIS_FD",     "KODOSIS_ENUM",     "KODOSIS_STRUCT",  "KODOSIS_UNION",   "KODOSIS_STRUCT",
        "KODOSIS_ARRAY",  "KODOSIS_LIST",   "KODOSIS_OPTIONAL", "KODOSIS_MAP",
    };

    return kinds[type->kind];
}

/* The field `element` of a type: an index, the kind of an enum's integer, how many members of an extensible struct are there. */
static const char *element_of(struct c_emitter *emitter, const struct kodosis_type *type)
{
    if (type->kind == KODOSIS_TYPE_ENUM)
        return kind_of(type->element);
    if (type->kind == KODOSIS_TYPE_STRUCT && type->declaration->extensible)
        return c_format(emitter, "%zu", type->declaration->required);
    return c_format(emitter, "%u", index_of(emitter, type->element));
}

static const char *memory_of(struct c_emitter *emitter, const struct kodosis_type *type)
{
    if (type->kind == KODOSIS_TYPE_MAP)
        return c_format(emitter, "sizeof(struct %s)", c_entry_name(emitter, type));
    if (type->kind == KODOSIS_TYPE_LIST)
        return "sizeof(struct kodosis_any_list)";
    if (type->kind == KODOSIS_TYPE_OPTIONAL)
        return "sizeof(void *)";
    return c_size_of(emitter, type);
}

static const char *value_offset_of(struct c_emitter *emitter, const struct kodosis_type *type)
{
    if (type->kind == KODOSIS_TYPE_MAP)
        return c_format(emitter, "offsetof(struct %s, value)", c_entry_name(emitter, type));
    if (type->kind == KODOSIS_TYPE_UNION)
        return c_format(emitter, "offsetof(struct %s, as)", c_name(emitter, type->declaration));
    if (type->kind == KODOSIS_TYPE_STRUCT && type->declaration->extensible)
        return c_format(emitter, "offsetof(struct %s, %s)", c_name(emitter, type->declaration),
                        c_unknown(emitter, type->declaration));
    return "0";
}

static void emit_type(struct c_emitter *emitter, const struct kodosis_type *type, uint64_t *members,
                      uint64_t *enumerators)
{
    const struct kodosis_declaration *declaration = type->declaration;
    uint64_t count = type->kind == KODOSIS_TYPE_ARRAY ? type->count : 0;
    uint64_t first = 0;

    if (type->kind == KODOSIS_TYPE_ENUM) {
        first = *enumerators;
        count = declaration->enumerator_count;
        *enumerators += count;
    } else if (c_is_record(type)) {
        first = *members;
        count = declaration->member_count;
        *members += count;
    }
    c_line(emitter, "/* %s */", type->text);
    c_line(emitter, "{ %s, %s, %u, %" PRIu64 ", %s, %u, %" PRIu64 ", %" PRIu64 ", %s,", kind_of(type),
           flags_of(emitter, type), type->alignment, type->smallest < UINT32_MAX ? type->smallest : UINT32_MAX,
           element_of(emitter, type), index_of(emitter, type->key), count, first, value_offset_of(emitter, type));
    kodosis_text_add(emitter->text, "  %s, ", memory_of(emitter, type));
    if (declaration)
        kodosis_text_add(emitter->text, "\"%s\", ", declaration->full_name);
    else
        kodosis_text_add(emitter->text, "NULL, ");
    add_doc(emitter, declaration ? declaration->doc : NULL);
    c_line(emitter, " },");
}

static void emit_type_table(struct c_emitter *emitter)
{
    uint64_t members = 0;
    uint64_t enumerators = 0;
    size_t i;

    if (!emitter->schema_count)
        return;
    open_table(emitter, "struct kodosis_type_description", "types");
    for (i = 0; i < emitter->schema_count; i++)
        emit_type(emitter, emitter->schema_types[i], &members, &enumerators);
    close_table(emitter);
}

/* ---- Services ---- */

static bool emit_raise_table(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    bool any = false;
    size_t i;
    size_t k;
    size_t m;

    for (i = 0; i < file->declaration_count; i++)
        for (k = 0; k < file->declarations[i]->procedure_count; k++) {
            const struct kodosis_procedure *procedure = &file->declarations[i]->procedures[k];

            for (m = 0; m < procedure->raise_count; m++) {
                if (!any)
                    open_table(emitter, "uint32_t", "raises");
                any = true;
                c_line(emitter, "%u, /* %s */", index_of(emitter, procedure->raises[m]->type),
                       procedure->raises[m]->full_name);
            }
        }
    if (any)
        close_table(emitter);
    return any;
}

static size_t members_of_types(struct c_emitter *emitter)
{
    size_t count = 0;
    size_t i;

    for (i = 0; i < emitter->schema_count; i++)
        if (c_is_record(emitter->schema_types[i]))
            count += emitter->schema_types[i]->declaration->member_count;
    return count;
}

static int flags_of_procedure(const struct kodosis_procedure *procedure)
{
    return (procedure->oneway ? 1 : 0) | (procedure->idempotent ? 2 : 0) | (procedure->streams_in ? 4 : 0) |
           (procedure->streams_out ? 8 : 0);
}

static bool emit_procedure_table(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    size_t member = members_of_types(emitter);
    size_t raise = 0;
    bool any = false;
    size_t i;
    size_t k;

    for (i = 0; i < file->declaration_count; i++)
        for (k = 0; k < file->declarations[i]->procedure_count; k++) {
            const struct kodosis_procedure *procedure = &file->declarations[i]->procedures[k];

            if (!any)
                open_table(emitter, "struct kodosis_procedure_description", "procedures");
            any = true;
            kodosis_text_add(emitter->text, "{ \"%s\", ", procedure->name);
            add_doc(emitter, procedure->doc);
            kodosis_text_add(emitter->text, ", UINT64_C(0x%016" PRIx64 "), %d, %zu, %zu, ", procedure->hash,
                             flags_of_procedure(procedure), member, procedure->parameter_count);
            if (procedure->result)
                kodosis_text_add(emitter->text, "%u", index_of(emitter, procedure->result));
            else
                kodosis_text_add(emitter->text, "UINT32_MAX");
            c_line(emitter, ", %zu, %zu },", raise, procedure->raise_count);
            member += procedure->parameter_count;
            raise += procedure->raise_count;
        }
    if (any)
        close_table(emitter);
    return any;
}

static size_t emit_service_table(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    size_t procedure = 0;
    size_t count = 0;
    size_t i;

    for (i = 0; i < file->declaration_count; i++) {
        const struct kodosis_declaration *service = file->declarations[i];

        if (service->kind != KODOSIS_SERVICE)
            continue;
        if (!count)
            open_table(emitter, "struct kodosis_service_description", "services");
        count++;
        kodosis_text_add(emitter->text, "{ \"%s\", ", service->full_name);
        add_doc(emitter, service->doc);
        c_line(emitter, ", %u, %zu, %zu },", service->version, procedure, service->procedure_count);
        procedure += service->procedure_count;
    }
    if (count)
        close_table(emitter);
    return count;
}

/* ---- The whole ---- */

static void emit_record_functions(struct c_emitter *emitter, const struct kodosis_declaration *declaration)
{
    const char *name = c_name(emitter, declaration);
    uint32_t index = index_of(emitter, declaration->type);

    c_line(emitter, "bool %s(const struct %s *left, const struct %s *right)", c_own(emitter, declaration, "_equal"),
           name, name);
    c_open(emitter);
    c_line(emitter, "return kodosis_schema_equal(&%s, %u, left, right);", schema_name(emitter), index);
    c_close(emitter);
    c_gap(emitter);
    c_line(emitter, "size_t %s(const struct %s *value, char *ret_text, size_t capacity)",
           c_own(emitter, declaration, "_print"), name);
    c_open(emitter);
    c_line(emitter, "return kodosis_schema_print(&%s, %u, value, ret_text, capacity);", schema_name(emitter), index);
    c_close(emitter);
    c_gap(emitter);
}

static void emit_table_name(struct c_emitter *emitter, bool there, const char *name)
{
    if (there)
        c_line(emitter, "    %s,", table_name(emitter, name));
    else
        c_line(emitter, "    NULL, /* no %s */", name);
}

static void emit_schema(struct c_emitter *emitter)
{
    struct kodosis_text tables = KODOSIS_TEXT_INIT;
    struct kodosis_text *source = emitter->text;
    bool enumerators;
    bool raises;
    bool procedures;
    size_t services;

    emitter->text = &tables;
    emit_type_table(emitter);
    emit_member_table(emitter);
    enumerators = emit_enumerator_table(emitter);
    raises = emit_raise_table(emitter);
    procedures = emit_procedure_table(emitter);
    services = emit_service_table(emitter);
    emitter->text = source;
    kodosis_text_add_bytes(source, emitter->texts.data ? emitter->texts.data : "", emitter->texts.size);
    kodosis_text_add_bytes(source, tables.data ? tables.data : "", tables.size);
    kodosis_text_clear(&emitter->texts);
    kodosis_text_clear(&tables);
    c_line(emitter, "const struct kodosis_schema %s = {", schema_name(emitter));
    c_line(emitter, "    \"%s\",", c_base_of(emitter->file->name));
    emit_table_name(emitter, emitter->schema_count, "types");
    emit_table_name(emitter, has_members(emitter), "members");
    emit_table_name(emitter, enumerators, "enumerators");
    emit_table_name(emitter, services, "services");
    emit_table_name(emitter, procedures, "procedures");
    emit_table_name(emitter, raises, "raises");
    c_line(emitter, "    %u,", emitter->schema_count);
    c_line(emitter, "    %zu,", services);
    c_line(emitter, "};");
    c_gap(emitter);
}

void c_declare_schema(struct c_emitter *emitter)
{
    c_line(emitter, "/* The description of this file, for programs that handle values without knowing them. */");
    c_line(emitter, "extern const struct kodosis_schema %s;", schema_name(emitter));
    c_gap(emitter);
}

void c_emit_schema(struct c_emitter *emitter)
{
    const struct kodosis_file *file = emitter->file;
    size_t i;

    collect(emitter);
    c_line(emitter, "/* ---- The description of the file, and what needs it ---- */");
    c_gap(emitter);
    c_line(emitter, "#ifndef KODOSIS_NO_SCHEMA");
    c_gap(emitter);
    emit_schema(emitter);
    for (i = 0; i < file->ordered_count; i++)
        if (file->ordered[i]->kind != KODOSIS_ENUM)
            emit_record_functions(emitter, file->ordered[i]);
    c_line(emitter, "#endif");
}
