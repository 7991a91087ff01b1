/* SPDX-License-Identifier: MIT */
/* The elements of streams: sending and taking them, on both sides. */
#include "kodosis/compiler/c/elements.h"

#include "kodosis/compiler/c/calls.h"
#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/outputs.h"
#include "kodosis/compiler/c/shapes.h"

static const char request[] = "struct hprpc_request *request";
static const char call[] = "struct hprpc_call *call";

/* ---- Prototypes ---- */

/* The head of `int <procedure><suffix>(object, element)`. */
static void emit_head(struct c_emitter *emitter, const struct kodosis_procedure *procedure, const char *suffix,
                      const char *object, const char *element, const char *tail)
{
    const char *items[] = { object, element };

    c_call(emitter, c_format(emitter, "int %s", c_procedure(emitter, procedure, suffix)), items, 2, tail);
}

/* A header declares both sides. Where both send and both take, the names without `_request` are the caller's. */
static const char *request_suffix(struct c_emitter *emitter, const struct kodosis_procedure *procedure,
                                  const char *suffix)
{
    return procedure->streams_in && procedure->streams_out ? c_format(emitter, "_request%s", suffix) : suffix;
}

static void emit_call_send_head(struct c_emitter *emitter, const struct kodosis_procedure *procedure, const char *tail)
{
    emit_head(emitter, procedure, "_send", call, c_argument(emitter, kodosis_elements_in(procedure), "value"), tail);
}

static void emit_call_next_head(struct c_emitter *emitter, const struct kodosis_procedure *procedure, const char *tail)
{
    emit_head(emitter, procedure, "_next", call, c_output(emitter, kodosis_elements_out(procedure), "ret_value"), tail);
}

static void emit_request_send_head(struct c_emitter *emitter, const struct kodosis_procedure *procedure,
                                   const char *tail)
{
    emit_head(emitter, procedure, request_suffix(emitter, procedure, "_send"), request,
              c_argument(emitter, kodosis_elements_out(procedure), "value"), tail);
}

static void emit_request_next_head(struct c_emitter *emitter, const struct kodosis_procedure *procedure,
                                   const char *tail)
{
    emit_head(emitter, procedure, request_suffix(emitter, procedure, "_next"), request,
              c_output(emitter, kodosis_elements_in(procedure), "ret_value"), tail);
}

void c_declare_call_elements(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    if (procedure->streams_in)
        emit_call_send_head(emitter, procedure, ";");
    if (procedure->streams_out)
        emit_call_next_head(emitter, procedure, ";");
}

static void declare_request_elements(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    if (procedure->streams_in)
        emit_request_next_head(emitter, procedure, ";");
    if (procedure->streams_out)
        emit_request_send_head(emitter, procedure, ";");
}

void c_declare_request_elements(struct c_emitter *emitter, const struct kodosis_declaration *service)
{
    bool any = false;
    size_t i;

    for (i = 0; i < service->procedure_count; i++)
        any |= kodosis_is_streamed(&service->procedures[i]);
    if (!any)
        return;
    c_line(emitter, "/*");
    c_line(
        emitter,
        " * The elements of streams. Those that send return when the value is encoded. Those that take return 1, or 0 when the");
    c_line(emitter,
           " * caller has sent its last; what they give is valid until the next, or until the request is answered.");
    c_line(emitter, " */");
    for (i = 0; i < service->procedure_count; i++)
        declare_request_elements(emitter, &service->procedures[i]);
    c_gap(emitter);
}

/* ---- Bodies ---- */

static void emit_failure(struct c_emitter *emitter, const char *condition)
{
    c_line(emitter, "if (r %s 0)", condition);
    c_line(emitter, "    return r;");
}

static void emit_call_send(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    struct c_field field = c_value_field(kodosis_elements_in(procedure), "value", "*value");
    const char *items[] = { "&stub", "call", NULL };

    emit_call_send_head(emitter, procedure, "");
    c_open(emitter);
    c_line(emitter, "struct kodosis_writer *writer;");
    c_line(emitter, "struct hprpc_stub stub;");
    if (c_has_body_size(&field, 1))
        c_line(emitter, "uint64_t body_size;");
    if (c_fields_have_run(emitter, &field, 1))
        c_line(emitter, "uint8_t *at;");
    c_line(emitter, "int r;");
    c_gap(emitter);
    items[2] = c_body_size(emitter, &field, 1);
    c_call(emitter, "r = hprpc_stub_element_begin", items, 3, ";");
    emit_failure(emitter, "<");
    c_line(emitter, "writer = stub.writer;");
    c_write_fields(emitter, &field, 1);
    c_line(emitter, "return hprpc_stub_element_send(&stub);");
    c_close(emitter);
    c_gap(emitter);
}

/* The lines of a function that takes an element: `begin` opens `reader` over one, `end` closes it. */
static void emit_next(struct c_emitter *emitter, const struct kodosis_type *type, const char *begin, const char *end)
{
    c_declare_output(emitter, type, "element");
    c_line(emitter, "int r;");
    c_gap(emitter);
    c_line(emitter, "r = %s;", begin);
    emit_failure(emitter, "<=");
    c_read_output(emitter, type, "element");
    c_line(emitter, "r = %s;", end);
    emit_failure(emitter, "<");
    c_hand_out(emitter, type, "element", "ret_value");
    c_line(emitter, "return 1;");
    c_close(emitter);
    c_gap(emitter);
}

static void emit_call_next(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    emit_call_next_head(emitter, procedure, "");
    c_open(emitter);
    c_line(emitter, "struct hprpc_stub stub;");
    c_line(emitter, "struct kodosis_reader *reader = &stub.reader;");
    emit_next(emitter, kodosis_elements_out(procedure), "hprpc_stub_next(&stub, call)", "hprpc_stub_next_end(&stub)");
}

static void emit_request_next(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    emit_request_next_head(emitter, procedure, "");
    c_open(emitter);
    c_line(emitter, "struct kodosis_reader body;");
    c_line(emitter, "struct kodosis_reader *reader = &body;");
    emit_next(emitter, kodosis_elements_in(procedure), "hprpc_request_next_begin(request, reader)",
              "hprpc_request_next_end(request, reader)");
}

static void emit_request_send(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    emit_request_send_head(emitter, procedure, "");
    c_open(emitter);
    c_emit_send(emitter, kodosis_elements_out(procedure), "hprpc_request_element_begin(request",
                "hprpc_request_element_send");
    c_close(emitter);
    c_gap(emitter);
}

void c_emit_call_elements(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    if (procedure->streams_in)
        emit_call_send(emitter, procedure);
    if (procedure->streams_out)
        emit_call_next(emitter, procedure);
}

void c_emit_request_elements(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    if (procedure->streams_in)
        emit_request_next(emitter, procedure);
    if (procedure->streams_out)
        emit_request_send(emitter, procedure);
}
