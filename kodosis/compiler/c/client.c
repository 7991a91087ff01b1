/* SPDX-License-Identifier: MIT */
/* The client's side of a service: the proxy and its stubs. */
#include "kodosis/compiler/c/client.h"

#include "kodosis/compiler/c/calls.h"
#include "kodosis/compiler/c/elements.h"
#include "kodosis/compiler/c/literals.h"
#include "kodosis/compiler/c/names.h"
#include "kodosis/compiler/c/outputs.h"
#include "kodosis/compiler/c/shapes.h"

/* Names that the stubs use themselves. */
static const char *const taken[] = { "proxy", "call",      "ret_value", "stub", "writer", "reader",
                                     "reply", "body_size", "at",        "r",    NULL };

/* ---- Prototypes ---- */

static const char *proxy_argument(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    return c_format(emitter, "const struct %s *proxy", c_own(emitter, procedure->service, "_proxy"));
}

static void add_parameters(struct c_emitter *emitter, struct c_arguments *arguments,
                           const struct kodosis_procedure *procedure)
{
    size_t i;

    for (i = 0; i < kodosis_argument_count(procedure); i++) {
        const struct kodosis_member *parameter = &procedure->parameters[i];

        c_add_argument(arguments,
                       c_argument(emitter, parameter->type, c_parameter(emitter, procedure, parameter, taken)));
    }
}

/* The head of `int <procedure><suffix>(...)`, without parameters or result where they are not wanted. */
static void emit_head(struct c_emitter *emitter, const struct kodosis_procedure *procedure, const char *suffix,
                      bool parameters, bool result, const char *tail)
{
    struct c_arguments arguments = c_arguments(emitter, procedure);

    if (parameters)
        c_add_argument(&arguments, proxy_argument(emitter, procedure));
    c_add_argument(&arguments, "struct hprpc_call *call");
    if (parameters)
        add_parameters(emitter, &arguments, procedure);
    if (result && kodosis_answer(procedure))
        c_add_argument(&arguments, c_output(emitter, kodosis_answer(procedure), "ret_value"));
    c_call(emitter, c_format(emitter, "int %s", c_procedure(emitter, procedure, suffix)), arguments.items,
           arguments.count, tail);
}

/* The heads of the three functions that bind. */
static void emit_bind_head(struct c_emitter *emitter, const struct kodosis_declaration *service, const char *tail)
{
    const char *items[] = { "struct hprpc_client *client", "struct hprpc_detail *detail",
                            c_format(emitter, "struct %s *ret_proxy", c_own(emitter, service, "_proxy")) };

    c_call(emitter, c_format(emitter, "int %s", c_own(emitter, service, "_bind")), items, 3, tail);
}

static void emit_bind_start_head(struct c_emitter *emitter, const struct kodosis_declaration *service, const char *tail)
{
    const char *items[] = { "struct hprpc_client *client", "struct hprpc_call *call" };

    c_call(emitter, c_format(emitter, "int %s", c_own(emitter, service, "_bind_start")), items, 2, tail);
}

static void emit_bind_finish_head(struct c_emitter *emitter, const struct kodosis_declaration *service,
                                  const char *tail)
{
    const char *items[] = { "struct hprpc_call *call",
                            c_format(emitter, "struct %s *ret_proxy", c_own(emitter, service, "_proxy")) };

    c_call(emitter, c_format(emitter, "int %s", c_own(emitter, service, "_bind_finish")), items, 2, tail);
}

static bool needs_call(const struct kodosis_procedure *procedure)
{
    return procedure->result && (c_is_returned_as_view(procedure->result) || procedure->result->views);
}

/* Emits that the function which follows is deprecated, if it is. */
static void emit_deprecated(struct c_emitter *emitter, const char *sentence)
{
    if (sentence)
        c_line(emitter, "%s", c_deprecated_behind(emitter, sentence) + 1);
}

static void declare_procedure(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    c_doc(emitter, procedure->doc);
    if (!kodosis_is_streamed(procedure)) {
        emit_deprecated(emitter, procedure->deprecated);
        emit_head(emitter, procedure, "", true, true, ";");
    }
    if (!procedure->oneway) {
        emit_deprecated(emitter, procedure->deprecated);
        emit_head(emitter, procedure, "_start", true, false, ";");
        c_declare_call_elements(emitter, procedure);
        emit_head(emitter, procedure, "_finish", false, true, ";");
    }
    c_gap(emitter);
}

/* The comment in front of the procedures. */
static void explain_procedures(struct c_emitter *emitter, const struct kodosis_declaration *service)
{
    bool streamed = false;
    size_t i;

    for (i = 0; i < service->procedure_count; i++)
        streamed |= kodosis_is_streamed(&service->procedures[i]);
    c_line(emitter, "/*");
    c_line(
        emitter,
        " * The procedures. `call` may be NULL where the result does not point into the reply. _start sends the request,");
    c_line(emitter, " * _finish waits for its reply and takes it out; both need a call.");
    if (streamed) {
        c_line(emitter, " *");
        c_line(
            emitter,
            " * Streams: _start opens one. _send sends an element. _next takes one and returns 1, or 0 at the end; what it gives is");
        c_line(
            emitter,
            " * valid until the next _next. _finish says that no more elements come, drops those that were not taken, and waits for");
        c_line(emitter, " * the reply.");
    }
    c_line(emitter, " */");
    c_gap(emitter);
}

void c_declare_client(struct c_emitter *emitter, const struct kodosis_declaration *service)
{
    size_t count = service->procedure_count;
    size_t i;

    c_line(emitter, "/* ---- Service %s: calling it ---- */", service->name);
    c_gap(emitter);
    c_doc(emitter, service->doc);
    c_line(emitter, "struct %s {", c_own(emitter, service, "_proxy"));
    c_line(emitter, "    struct hprpc_client *client;");
    c_line(emitter, "    struct hprpc_binding *binding;");
    c_line(emitter, "};");
    c_gap(emitter);
    c_line(emitter,
           "/* Looks the service up at the other side. `detail` (or NULL) gets the sentence behind an error. */");
    emit_deprecated(emitter, service->deprecated);
    emit_bind_head(emitter, service, ";");
    c_gap(emitter);
    c_line(emitter,
           "/* The same in two halves. _start never blocks, and may come while the client is still connecting. */");
    emit_deprecated(emitter, service->deprecated);
    emit_bind_start_head(emitter, service, ";");
    emit_bind_finish_head(emitter, service, ";");
    c_gap(emitter);
    explain_procedures(emitter, service);
    for (i = 0; i < count; i++)
        declare_procedure(emitter, &service->procedures[i]);
}

/* ---- Bodies ---- */

static void emit_failure(struct c_emitter *emitter)
{
    c_line(emitter, "if (r < 0)");
    c_line(emitter, "    return r;");
}

static void emit_need_call(struct c_emitter *emitter)
{
    c_line(emitter, "if (!call)");
    c_line(emitter, "    return HPRPC_EINVAL;");
}

/* `r = <procedure>_begin(&stub, proxy, call, arguments...)` */
static void call_begin(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    struct c_arguments arguments = c_arguments(emitter, procedure);
    size_t i;

    c_add_argument(&arguments, "&stub");
    c_add_argument(&arguments, "proxy");
    c_add_argument(&arguments, "call");
    for (i = 0; i < kodosis_argument_count(procedure); i++)
        c_add_argument(&arguments, c_parameter(emitter, procedure, &procedure->parameters[i], taken));
    c_call(emitter, c_format(emitter, "r = %s", c_procedure_static(emitter, procedure, "_begin")), arguments.items,
           arguments.count, ";");
    emit_failure(emitter);
}

/* static: opens the request and writes the arguments */
static void emit_begin(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    struct c_field *fields = c_parameter_fields(emitter, procedure, taken);
    size_t count = kodosis_argument_count(procedure);
    struct c_arguments arguments = c_arguments(emitter, procedure);
    const char *size;
    const char *items[6];

    c_add_argument(&arguments, "struct hprpc_stub *stub");
    c_add_argument(&arguments, proxy_argument(emitter, procedure));
    c_add_argument(&arguments, "struct hprpc_call *call");
    add_parameters(emitter, &arguments, procedure);
    c_call(emitter, c_format(emitter, "static int %s", c_procedure_static(emitter, procedure, "_begin")),
           arguments.items, arguments.count, "");
    c_open(emitter);
    if (count)
        c_line(emitter, "struct kodosis_writer *writer;");
    if (c_has_body_size(fields, count))
        c_line(emitter, "uint64_t body_size;");
    if (c_fields_have_run(emitter, fields, count))
        c_line(emitter, "uint8_t *at;");
    c_line(emitter, "int r;");
    c_gap(emitter);
    size = c_body_size(emitter, fields, count);
    items[0] = "stub";
    items[1] = "proxy->client";
    items[2] = "proxy->binding";
    items[3] = "call";
    items[4] = c_format(emitter, "%u", procedure->index);
    items[5] = size;
    c_call(emitter,
           procedure->oneway                ? "r = hprpc_stub_begin_oneway"
           : kodosis_is_streamed(procedure) ? "r = hprpc_stub_begin_stream"
                                            : "r = hprpc_stub_begin",
           items, 6, ";");
    if (count) {
        emit_failure(emitter);
        c_line(emitter, "writer = stub->writer;");
        c_write_fields(emitter, fields, count);
        c_line(emitter, "return 0;");
    } else {
        c_line(emitter, "return r;");
    }
    c_close(emitter);
    c_gap(emitter);
}

static void emit_oneway(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    emit_head(emitter, procedure, "", true, false, "");
    c_open(emitter);
    c_line(emitter, "struct hprpc_stub stub;");
    c_line(emitter, "int r;");
    c_gap(emitter);
    call_begin(emitter, procedure);
    c_line(emitter, "return hprpc_stub_send(&stub);");
    c_close(emitter);
    c_gap(emitter);
}

/* static: takes the result out of the reply and closes it */
static void emit_end(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    const struct kodosis_type *type = kodosis_answer(procedure);
    const char *items[2] = { "struct hprpc_stub *stub", c_output(emitter, type, "ret_value") };

    c_call(emitter, c_format(emitter, "static int %s", c_procedure_static(emitter, procedure, "_end")), items, 2, "");
    c_open(emitter);
    c_line(emitter, "struct kodosis_reader *reader = &stub->reader;");
    c_declare_output(emitter, type, "reply");
    c_line(emitter, "int r;");
    c_gap(emitter);
    c_read_output(emitter, type, "reply");
    c_line(emitter, "r = hprpc_stub_end(stub);");
    emit_failure(emitter);
    c_hand_out(emitter, type, "reply", "ret_value");
    c_line(emitter, "return 0;");
    c_close(emitter);
    c_gap(emitter);
}

static void emit_return(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    if (kodosis_answer(procedure))
        c_line(emitter, "return %s(&stub, ret_value);", c_procedure_static(emitter, procedure, "_end"));
    else
        c_line(emitter, "return hprpc_stub_end(&stub);");
    c_close(emitter);
    c_gap(emitter);
}

static void emit_variables(struct c_emitter *emitter)
{
    c_line(emitter, "struct hprpc_stub stub;");
    c_line(emitter, "int r;");
    c_gap(emitter);
}

/* The call that waits for its reply. */
static void emit_exchange(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    emit_head(emitter, procedure, "", true, true, "");
    c_open(emitter);
    emit_variables(emitter);
    if (needs_call(procedure))
        emit_need_call(emitter);
    call_begin(emitter, procedure);
    c_line(emitter, "r = hprpc_stub_exchange(&stub);");
    emit_failure(emitter);
    emit_return(emitter, procedure);
}

/* The call in two halves. */
static void emit_halves(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    emit_head(emitter, procedure, "_start", true, false, "");
    c_open(emitter);
    emit_variables(emitter);
    emit_need_call(emitter);
    call_begin(emitter, procedure);
    c_line(emitter, "return hprpc_stub_post(&stub);");
    c_close(emitter);
    c_gap(emitter);
    c_emit_call_elements(emitter, procedure);

    emit_head(emitter, procedure, "_finish", false, true, "");
    c_open(emitter);
    emit_variables(emitter);
    c_line(emitter, "r = hprpc_stub_collect(&stub, call);");
    emit_failure(emitter);
    emit_return(emitter, procedure);
}

static void emit_procedure(struct c_emitter *emitter, const struct kodosis_procedure *procedure)
{
    emit_begin(emitter, procedure);
    if (procedure->oneway) {
        emit_oneway(emitter, procedure);
        return;
    }
    if (kodosis_answer(procedure))
        emit_end(emitter, procedure);
    if (!kodosis_is_streamed(procedure))
        emit_exchange(emitter, procedure);
    emit_halves(emitter, procedure);
}

static void emit_bind_result(struct c_emitter *emitter)
{
    emit_failure(emitter);
    c_line(emitter, "*ret_proxy = proxy;");
    c_line(emitter, "return 0;");
    c_close(emitter);
    c_gap(emitter);
}

static void emit_bind(struct c_emitter *emitter, const struct kodosis_declaration *service)
{
    const char *items[] = { "call", NULL, "&proxy.client", "&proxy.binding" };
    const char *interface = c_interface(emitter, service);

    emit_bind_head(emitter, service, "");
    c_open(emitter);
    c_line(emitter, "struct %s proxy;", c_own(emitter, service, "_proxy"));
    c_line(emitter, "int r;");
    c_gap(emitter);
    c_line(emitter, "memset(&proxy, 0, sizeof(proxy));");
    c_line(emitter, "proxy.client = client;");
    c_line(emitter, "r = hprpc_stub_bind(client, &%s, detail, &proxy.binding);", interface);
    emit_bind_result(emitter);

    emit_bind_start_head(emitter, service, "");
    c_open(emitter);
    c_line(emitter, "return hprpc_stub_bind_post(client, &%s, call);", interface);
    c_close(emitter);
    c_gap(emitter);

    emit_bind_finish_head(emitter, service, "");
    c_open(emitter);
    c_line(emitter, "struct %s proxy;", c_own(emitter, service, "_proxy"));
    c_line(emitter, "int r;");
    c_gap(emitter);
    c_line(emitter, "memset(&proxy, 0, sizeof(proxy));");
    items[1] = c_format(emitter, "&%s", interface);
    c_call(emitter, "r = hprpc_stub_bind_collect", items, 4, ";");
    emit_bind_result(emitter);
}

void c_emit_client(struct c_emitter *emitter, const struct kodosis_declaration *service)
{
    size_t i;

    c_line(emitter, "/* ---- Service %s: calling it ---- */", service->name);
    c_gap(emitter);
    emit_bind(emitter, service);
    for (i = 0; i < service->procedure_count; i++)
        emit_procedure(emitter, &service->procedures[i]);
}
