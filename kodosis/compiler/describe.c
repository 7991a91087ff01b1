/* SPDX-License-Identifier: MIT */
/* The checked model as JSON. */
#include "kodosis/compiler/describe.h"

#include <inttypes.h>
#include <stdio.h>

#include "kodosis/compiler/text/json.h"

static void describe_position(struct kodosis_json *json, const struct kodosis_position *position)
{
    kodosis_json_unsigned(json, "line", position->line);
    kodosis_json_unsigned(json, "column", position->column);
}

static void describe_value(struct kodosis_json *json, const char *key, const struct kodosis_value *value);

/* The members of a struct, or the elements of an array or list. */
static void describe_items(struct kodosis_json *json, const char *key, const struct kodosis_value *value)
{
    bool is_struct = value->type->kind == KODOSIS_TYPE_STRUCT;

    kodosis_json_open(json, key, is_struct ? '{' : '[');
    for (size_t i = 0; i < value->item_count; i++)
        describe_value(json, is_struct ? value->type->declaration->members[i].name : NULL, &value->items[i]);
    kodosis_json_close(json, is_struct ? '}' : ']');
}

static void describe_value(struct kodosis_json *json, const char *key, const struct kodosis_value *value)
{
    switch (value->type->kind) {
    case KODOSIS_TYPE_STRUCT:
    case KODOSIS_TYPE_ARRAY:
    case KODOSIS_TYPE_LIST:
        describe_items(json, key, value);
        break;
    case KODOSIS_TYPE_BOOL:
        kodosis_json_bool(json, key, value->boolean);
        break;
    case KODOSIS_TYPE_FLOAT32:
    case KODOSIS_TYPE_FLOAT64:
        kodosis_json_real(json, key, value->real);
        break;
    case KODOSIS_TYPE_STRING:
        kodosis_json_string(json, key, value->text, value->text_size);
        break;
    case KODOSIS_TYPE_ENUM:
        kodosis_json_text(json, key, value->enumerator->name);
        break;
    case KODOSIS_TYPE_UINT8:
    case KODOSIS_TYPE_UINT16:
    case KODOSIS_TYPE_UINT32:
    case KODOSIS_TYPE_UINT64:
        kodosis_json_unsigned(json, key, value->natural);
        break;
    default:
        kodosis_json_signed(json, key, value->integer);
        break;
    }
}

/* Adds a type as in an interface file, the type of a stream by its elements. */
static void describe_type(struct kodosis_json *json, const char *key, const struct kodosis_type *type, bool stream)
{
    struct kodosis_text text = KODOSIS_TEXT_INIT;

    kodosis_text_add(&text, stream ? "stream<%s>" : "%s", type->text);
    kodosis_json_text(json, key, text.data);
    kodosis_text_clear(&text);
}

static void describe_parameters(struct kodosis_json *json, const struct kodosis_procedure *procedure)
{
    kodosis_json_open(json, "parameters", '[');
    for (size_t i = 0; i < procedure->parameter_count; i++) {
        const struct kodosis_member *parameter = &procedure->parameters[i];

        kodosis_json_open(json, NULL, '{');
        kodosis_json_text(json, "name", parameter->name);
        describe_type(json, "type", parameter->type, i == kodosis_argument_count(procedure));
        kodosis_json_text(json, "deprecated", parameter->deprecated);
        kodosis_json_text(json, "doc", parameter->doc);
        describe_position(json, &parameter->position);
        kodosis_json_close(json, '}');
    }
    kodosis_json_close(json, ']');
}

static void describe_members(struct kodosis_json *json, const struct kodosis_declaration *holder)
{
    const struct kodosis_member *members = holder->members;

    kodosis_json_open(json, "members", '[');
    for (size_t i = 0; i < holder->member_count; i++) {
        kodosis_json_open(json, NULL, '{');
        kodosis_json_text(json, "name", members[i].name);
        kodosis_json_text(json, "type", members[i].type->text);
        if (holder->kind == KODOSIS_UNION)
            kodosis_json_unsigned(json, "tag", i + 1);
        if (holder->type->blittable)
            kodosis_json_unsigned(json, "offset", members[i].offset);
        if (holder->kind == KODOSIS_STRUCT && holder->extensible)
            kodosis_json_bool(json, "required", i < holder->required);
        if (members[i].initial)
            describe_value(json, "default", members[i].initial);
        kodosis_json_text(json, "deprecated", members[i].deprecated);
        kodosis_json_text(json, "doc", members[i].doc);
        describe_position(json, &members[i].position);
        kodosis_json_close(json, '}');
    }
    kodosis_json_close(json, ']');
}

static void describe_layout(struct kodosis_json *json, const struct kodosis_type *type)
{
    kodosis_json_bool(json, "blittable", type->blittable);
    if (type->blittable) {
        kodosis_json_unsigned(json, "size", type->size);
        kodosis_json_unsigned(json, "alignment", type->alignment);
    }
    kodosis_json_unsigned(json, "smallest", type->smallest);
    kodosis_json_bool(json, "recursive", type->recursive);
}

static void describe_enum(struct kodosis_json *json, const struct kodosis_declaration *declaration)
{
    kodosis_json_text(json, "underlying", declaration->type->element->text);
    kodosis_json_open(json, "values", '[');
    for (size_t i = 0; i < declaration->enumerator_count; i++) {
        const struct kodosis_enumerator *enumerator = &declaration->enumerators[i];

        kodosis_json_open(json, NULL, '{');
        kodosis_json_text(json, "name", enumerator->name);
        if (declaration->type->element->kind == KODOSIS_TYPE_UINT64)
            kodosis_json_unsigned(json, "value", (uint64_t)enumerator->value);
        else
            kodosis_json_signed(json, "value", enumerator->value);
        kodosis_json_text(json, "deprecated", enumerator->deprecated);
        kodosis_json_text(json, "doc", enumerator->doc);
        describe_position(json, &enumerator->position);
        kodosis_json_close(json, '}');
    }
    kodosis_json_close(json, ']');
}

static void describe_procedure(struct kodosis_json *json, const struct kodosis_procedure *procedure)
{
    char hash[24];

    kodosis_json_open(json, NULL, '{');
    kodosis_json_text(json, "name", procedure->name);
    kodosis_json_bool(json, "oneway", procedure->oneway);
    kodosis_json_bool(json, "idempotent", procedure->idempotent);
    describe_parameters(json, procedure);
    if (procedure->result)
        describe_type(json, "result", procedure->result, procedure->streams_out);
    else
        kodosis_json_text(json, "result", "void");
    kodosis_json_open(json, "raises", '[');
    for (size_t i = 0; i < procedure->raise_count; i++)
        kodosis_json_text(json, NULL, procedure->raises[i]->full_name);
    kodosis_json_close(json, ']');
    kodosis_json_text(json, "shape", procedure->shape);
    snprintf(hash, sizeof(hash), "0x%016" PRIx64, procedure->hash); /* a string: JSON numbers may lose bits */
    kodosis_json_text(json, "hash", hash);
    kodosis_json_text(json, "deprecated", procedure->deprecated);
    kodosis_json_text(json, "doc", procedure->doc);
    describe_position(json, &procedure->position);
    kodosis_json_close(json, '}');
}

static void describe_service(struct kodosis_json *json, const struct kodosis_declaration *declaration)
{
    kodosis_json_text(json, "alias", declaration->alias);
    kodosis_json_unsigned(json, "version", declaration->version);
    kodosis_json_open(json, "procedures", '[');
    for (size_t i = 0; i < declaration->procedure_count; i++)
        describe_procedure(json, &declaration->procedures[i]);
    kodosis_json_close(json, ']');
}

static void describe_declaration(struct kodosis_json *json, const struct kodosis_declaration *declaration)
{
    static const char *const kinds[] = { "const", "enum", "struct", "union", "error", "service", "type" };

    kodosis_json_open(json, NULL, '{');
    kodosis_json_text(json, "kind", kinds[declaration->kind]);
    kodosis_json_text(json, "name", declaration->full_name);
    kodosis_json_text(json, "deprecated", declaration->deprecated);
    kodosis_json_text(json, "doc", declaration->doc);
    describe_position(json, &declaration->position);
    if (declaration->kind == KODOSIS_ENUM || declaration->kind == KODOSIS_STRUCT || declaration->kind == KODOSIS_UNION)
        kodosis_json_bool(json, "extensible", declaration->extensible);
    if (declaration->kind == KODOSIS_ENUM)
        kodosis_json_bool(json, "flags", declaration->flags);
    switch (declaration->kind) {
    case KODOSIS_CONST:
        kodosis_json_text(json, "type", declaration->type->text);
        describe_value(json, "value", &declaration->value);
        break;
    case KODOSIS_ENUM:
        describe_enum(json, declaration);
        break;
    case KODOSIS_STRUCT:
    case KODOSIS_UNION:
    case KODOSIS_ERROR:
        describe_members(json, declaration);
        describe_layout(json, declaration->type);
        break;
    case KODOSIS_SERVICE:
        describe_service(json, declaration);
        break;
    case KODOSIS_ALIAS:
        kodosis_json_text(json, "type", declaration->type->text);
        break;
    }
    kodosis_json_close(json, '}');
}

static void describe_file(struct kodosis_json *json, const struct kodosis_file *file)
{
    kodosis_json_open(json, NULL, '{');
    kodosis_json_text(json, "name", file->name);
    kodosis_json_text(json, "namespace", file->namespace_name);
    kodosis_json_text(json, "doc", file->doc);
    kodosis_json_bool(json, "imported", !file->requested);
    kodosis_json_open(json, "imports", '[');
    for (size_t i = 0; i < file->import_count; i++)
        kodosis_json_text(json, NULL, file->imports[i]->name);
    kodosis_json_close(json, ']');
    kodosis_json_open(json, "declarations", '[');
    for (size_t i = 0; i < file->declaration_count; i++)
        describe_declaration(json, file->declarations[i]);
    kodosis_json_close(json, ']');
    kodosis_json_close(json, '}');
}

void kodosis_describe(const struct kodosis_model *model, struct kodosis_text *text)
{
    struct kodosis_json json = { .text = text };

    kodosis_json_open(&json, NULL, '{');
    kodosis_json_open(&json, "files", '[');
    for (size_t i = 0; i < model->file_count; i++)
        describe_file(&json, model->files[i]);
    kodosis_json_close(&json, ']');
    kodosis_json_close(&json, '}');
    kodosis_text_add(text, "\n");
}
