/* SPDX-License-Identifier: MIT */
/* The server's side of a service: handlers, replies and typed errors. */

#include "kodosis/compiler/c/server.h"

#include <inttypes.h>
#include <string.h>

#include "kodosis/compiler/c/calls.h"
#include "kodosis/compiler/c/elements.h"
#include "kodosis/compiler/c/literals.h"
#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/shapes.h"

/* Names that the functions use themselves. */
static const char *const taken[] = { "self", "request", "handlers", "service", "reader", "at", NULL };

/* ---- Prototypes ---- */

static void declare_handler(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    struct c_arguments arguments = c_arguments(emitter, procedure);
    size_t i;

    c_add_argument(&arguments, "void *self");
    c_add_argument(&arguments, "struct hprpc_request *request");
    for (i = 0; i < kodosis_argument_count(procedure); i++) {
        const struct kodosis_member *parameter = &procedure->parameters[i];

        c_add_argument(&arguments,
                       c_argument(emitter, parameter->type, c_parameter(emitter, procedure, parameter, taken)));
    }
    c_doc(emitter, procedure->doc);
    c_call(emitter, c_format(emitter, "int (*%s)", c_handler(emitter, procedure)), arguments.items, arguments.count,
           ";");
}

static void emit_reply_head(struct c_emitter *emitter, const struct kodosis_procedure *procedure, const char *tail)
{
    const char *items[2] = { "struct hprpc_request *request", NULL };
    const struct kodosis_type *answer = kodosis_answer(procedure);

    if (answer)
        items[1] = c_argument(emitter, answer, "value");
    c_call(emitter, c_format(emitter, "int %s", c_procedure(emitter, procedure, "_reply")), items, answer ? 2 : 1,
           tail);
}

static void emit_offer_head(struct c_emitter *emitter, const struct kodosis_declaration *service, const char *verb,
                            const char *object, const char *tail)
{
    const char *items[3];

    items[0] = c_format(emitter, "struct hprpc_%s *%s", object, object);
    items[1] = c_format(emitter, "const struct %s *service", c_own(emitter, service, "_service"));
    items[2] = "void *self";
    c_call(emitter, c_format(emitter, "int %s", c_own(emitter, service, verb)), items, 3, tail);
}

void c_declare_server(struct c_emitter *emitter, const struct kodosis_declaration *service)
{
    size_t i;

    c_line(emitter, "/* ---- Service %s: offering it ---- */", service->name);
    c_gap(emitter);
    c_line(emitter, "/* The handlers. A procedure whose handler is NULL is not offered. */");
    c_line(emitter, "struct %s {", c_own(emitter, service, "_service"));
    kodosis_text_indent(emitter->text);
    for (i = 0; i < service->procedure_count; i++)
        declare_handler(emitter, &service->procedures[i]);
    if (!service->procedure_count)
        c_line(emitter, "char empty; /* C has no struct without members */");
    kodosis_text_outdent(emitter->text);
    c_line(emitter, "};");
    c_gap(emitter);
    c_line(
        emitter,
        "/* Offers the service on every connection of a server, to the other side of one connection, or to that of a client. */");
    emit_offer_head(emitter, service, "_add", "server", ";");
    emit_offer_head(emitter, service, "_serve", "controller", ";");
    emit_offer_head(emitter, service, "_offer", "client", ";");
    c_gap(emitter);
    for (i = 0; i < service->procedure_count && service->procedures[i].oneway; i++)
        continue;
    if (i == service->procedure_count)
        return;
    c_line(emitter, "/* The answers. Values are encoded before these return. */");
    for (i = 0; i < service->procedure_count; i++)
        if (!service->procedures[i].oneway)
            emit_reply_head(emitter, &service->procedures[i], ";");
    c_gap(emitter);
    c_declare_request_elements(emitter, service);
}

/* ---- Bodies ---- */

/* Declares the variable for a parameter as the handler takes it: a view, a pointer into the arena, or a value. */
static void declare_variable(struct c_emitter *emitter, const struct kodosis_type *type, const char *name)
{
    if (type->kind == KODOSIS_TYPE_ARRAY || c_is_record(type))
        c_line(emitter, "%s;", c_declare_pointer(emitter, type, name, type->blittable));
    else
        c_line(emitter, "%s;", c_declare(emitter, type, name, false));
}

/*
 * The argument for the handler, cast if need be: ISO C does not convert a pointer to an array into one to an array of
 * constants.
 */
static const char *handed(struct c_emitter *emitter, const struct kodosis_type *type, const char *name)
{
    if (type->kind != KODOSIS_TYPE_ARRAY || type->element->kind != KODOSIS_TYPE_ARRAY || type->blittable)
        return name;
    return c_format(emitter, "(%s)%s", c_declare_pointer(emitter, type, "", true), name);
}

static void read_record(struct c_emitter *emitter, const struct kodosis_type *type, const char *name)
{
    const char *record = c_name(emitter, type->declaration);

    if (type->blittable) {
        c_line(emitter, "%s = %s(reader);", name, c_own(emitter, type->declaration, "_view"));
        return;
    }
    c_line(emitter, "%s = (struct %s *)kodosis_read_array(reader, 1, sizeof(*%s));", name, record, name);
    c_line(emitter, "if (%s)", name);
    c_line(emitter, "    %s(reader, %s);", c_own(emitter, type->declaration, "_read"), name);
}

static void read_array(struct c_emitter *emitter, const struct kodosis_type *type, const char *name)
{
    const char *pointer = c_declare_pointer(emitter, type, "", type->blittable);

    if (type->blittable) {
        c_line(emitter, "%s = (%s)kodosis_read_view(reader, %s, %u);", name, pointer, c_size_of(emitter, type),
               type->alignment);
        if (type->checked) {
            c_line(emitter, "if (%s)", name);
            kodosis_text_indent(emitter->text);
            c_check_array(emitter, type, name);
            kodosis_text_outdent(emitter->text);
        }
        return;
    }
    c_line(emitter, "%s = (%s)kodosis_read_array(reader, %llu, sizeof(*%s));", name, pointer,
           (unsigned long long)type->count, name);
    c_line(emitter, "if (%s)", name);
    c_line(emitter, "    %s(reader, %s);", c_helper(emitter, "read", type), name);
}

/* Scalars that follow each other are read together; what needs memory or a view of its own is read alone. */
static void read_parameters(struct c_emitter *emitter, const struct kodosis_procedure *procedure,
                            const struct c_field *fields)
{
    size_t first = 0;
    size_t i;

    for (i = 0; i < kodosis_argument_count(procedure); i++) {
        const struct kodosis_type *type = procedure->parameters[i].type;
        const char *name = c_parameter(emitter, procedure, &procedure->parameters[i], taken);

        if (type->kind != KODOSIS_TYPE_ARRAY && !c_is_record(type))
            continue;
        c_read_fields(emitter, fields + first, i - first, NULL);
        first = i + 1;
        if (c_is_record(type))
            read_record(emitter, type, name);
        else
            read_array(emitter, type, name);
    }
    c_read_fields(emitter, fields + first, i - first, NULL);
}

static bool parameters_have_run(struct c_emitter *emitter, const struct kodosis_procedure *procedure,
                                const struct c_field *fields)
{
    size_t i;

    for (i = 0; i + 1 < kodosis_argument_count(procedure); i++) {
        const struct kodosis_type *type = procedure->parameters[i].type;
        const struct kodosis_type *next = procedure->parameters[i + 1].type;

        if (c_is_record(type) || type->kind == KODOSIS_TYPE_ARRAY || c_is_record(next) ||
            next->kind == KODOSIS_TYPE_ARRAY)
            continue;
        if (c_fields_have_run(emitter, fields + i, 2))
            return true;
    }
    return false;
}

static void emit_invoke(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    struct c_field *fields = c_parameter_fields(emitter, procedure, taken);
    const char *service = c_own(emitter, procedure->service, "_service");
    const char *handler = c_handler(emitter, procedure);
    struct c_arguments arguments = c_arguments(emitter, procedure);
    const char *items[4] = { "const void *handlers", "void *self", "struct hprpc_request *request",
                             "struct kodosis_reader *reader" };
    size_t i;

    c_call(emitter, c_format(emitter, "static int %s", c_procedure_static(emitter, procedure, "_invoke")), items, 4,
           "");
    c_open(emitter);
    c_line(emitter, "const struct %s *service = (const struct %s *)handlers;", service, service);
    c_add_argument(&arguments, "self");
    c_add_argument(&arguments, "request");
    for (i = 0; i < kodosis_argument_count(procedure); i++) {
        const char *name = c_parameter(emitter, procedure, &procedure->parameters[i], taken);

        declare_variable(emitter, procedure->parameters[i].type, name);
        c_add_argument(&arguments, handed(emitter, procedure->parameters[i].type, name));
    }
    if (parameters_have_run(emitter, procedure, fields))
        c_line(emitter, "const uint8_t *at;");
    c_gap(emitter);
    read_parameters(emitter, procedure, fields);
    c_line(emitter, "if (kodosis_reader_finish(reader) != KODOSIS_OK)");
    c_line(emitter, "    return HPRPC_EBODY;");
    c_line(emitter, "if (!service->%s)", handler);
    c_line(emitter, "    return HPRPC_EUNIMPLEMENTED;");
    c_call(emitter, c_format(emitter, "return (service->%s)", handler), arguments.items, arguments.count, ";");
    c_close(emitter);
    c_gap(emitter);
}

static void emit_reply(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    emit_reply_head(emitter, procedure, "");
    c_open(emitter);
    c_emit_send(emitter, kodosis_answer(procedure), "hprpc_request_reply_begin(request", "hprpc_request_reply_send");
    c_close(emitter);
    c_gap(emitter);
}

/* ---- The table of a service ---- */

/* Whether a message of the procedure may carry descriptors. */
static bool carries(const struct kodosis_procedure *procedure)
{
    bool found = procedure->result && procedure->result->carries;
    size_t i;

    for (i = 0; i < procedure->parameter_count; i++)
        found |= procedure->parameters[i].type->carries;
    for (i = 0; i < procedure->raise_count; i++)
        found |= procedure->raises[i]->type->carries;
    return found;
}

static const char *flags_of(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    const struct {
        bool set;
        const char *name;
    } all[] = {
        { procedure->oneway, "ONEWAY" },           { !procedure->oneway && !kodosis_answer(procedure), "VOID" },
        { procedure->idempotent, "IDEMPOTENT" },   { procedure->streams_in, "STREAMS_IN" },
        { procedure->streams_out, "STREAMS_OUT" }, { carries(procedure), "DESCRIPTORS" },
    };
    const char *flags = "";
    size_t i;

    for (i = 0; i < sizeof(all) / sizeof(*all); i++)
        if (all[i].set)
            flags = c_format(emitter, "%s%sHPRPC_PROCEDURE_%s", flags, *flags ? " | " : "", all[i].name);
    return *flags ? flags : "0";
}

/* Emits a procedure's row: on two lines if it has streams or descriptors, whose flags are long. */
static void emit_table_row(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    const char *facts = c_format(emitter, "{ \"%s\", UINT64_C(0x%016" PRIx64 "), %s,", procedure->name, procedure->hash,
                                 flags_of(emitter, procedure));
    const char *invoke = c_procedure_static(emitter, procedure, "_invoke");
    const char *shape = procedure->growing ? c_procedure_static(emitter, procedure, "_shape") : "NULL";

    if (kodosis_is_streamed(procedure) || carries(procedure) || procedure->growing) {
        c_line(emitter, "%s", facts);
        c_line(emitter, "  %s, %s },", invoke, shape);
    } else {
        c_line(emitter, "%s %s, %s },", facts, invoke, shape);
    }
}

enum { PIECE = 100 }; /* bytes of a canonical text on one line */

/* Emits the canonical text of a procedure whose shape holds something extensible. */
static void emit_shape(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    const char *name = c_procedure_static(emitter, procedure, "_shape");
    size_t size = strlen(procedure->shape);
    size_t i;

    if (!procedure->growing)
        return;
    if (size > C_LITERAL_MAX) {
        c_emit_long_text(emitter, name, procedure->shape);
        return;
    }
    c_line(emitter, "static const char %s[] =", name);
    for (i = 0; i < size; i += PIECE)
        c_line(emitter, "    \"%.*s\"%s", PIECE, procedure->shape + i, i + PIECE < size ? "" : ";");
    c_gap(emitter);
}

void c_emit_interface(struct c_emitter *emitter, const struct kodosis_declaration *service)
{
    const char *table = c_static(emitter, c_own(emitter, service, "_procedures"));
    const char *procedures = service->procedure_count ? table : "NULL";
    size_t i;

    for (i = 0; i < service->procedure_count; i++)
        emit_invoke(emitter, &service->procedures[i]);
    for (i = 0; i < service->procedure_count; i++)
        emit_shape(emitter, &service->procedures[i]);
    if (service->procedure_count) {
        c_line(emitter, "static const struct hprpc_procedure %s[] = {", table);
        kodosis_text_indent(emitter->text);
        for (i = 0; i < service->procedure_count; i++)
            emit_table_row(emitter, &service->procedures[i]);
        kodosis_text_outdent(emitter->text);
        c_line(emitter, "};");
        c_gap(emitter);
    }
    c_line(emitter, "static const struct hprpc_interface %s = {", c_interface(emitter, service));
    c_line(emitter, "    \"%s\", %u, %zu, %s,", service->full_name, service->version, service->procedure_count,
           procedures);
    c_line(emitter, "};");
    c_gap(emitter);
}

static void emit_offer(struct c_emitter *emitter, const struct kodosis_declaration *service, const char *verb,
                       const char *object)
{
    emit_offer_head(emitter, service, verb, object, "");
    c_open(emitter);
    c_line(emitter, "return hprpc_%s%s(%s, &%s, service, self);", object, verb, object, c_interface(emitter, service));
    c_close(emitter);
    c_gap(emitter);
}

void c_emit_server(struct c_emitter *emitter, const struct kodosis_declaration *service)
{
    size_t i;

    c_line(emitter, "/* ---- Service %s: offering it ---- */", service->name);
    c_gap(emitter);
    emit_offer(emitter, service, "_add", "server");
    emit_offer(emitter, service, "_serve", "controller");
    emit_offer(emitter, service, "_offer", "client");
    for (i = 0; i < service->procedure_count; i++)
        if (!service->procedures[i].oneway)
            emit_reply(emitter, &service->procedures[i]);
    for (i = 0; i < service->procedure_count; i++)
        c_emit_request_elements(emitter, &service->procedures[i]);
}
